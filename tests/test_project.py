"""What the documents, the image and the project file say is what is there."""

import ast
import os
import re
import socket
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from bot.cli import VERSION
from bot.cli.group import COMMANDS
from config.settings import VARIABLES, Settings, own_file

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
USED_BY_OTHERS = {"tzdata", "sniffio"}
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "DECISIONS.md"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_in(name: str) -> str:
    """Everything that a document shows as code, in blocks and within lines."""
    return "\n".join(re.findall(r"```.*?```|`[^`]+`", text_of(name), re.DOTALL))


def project_files() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name == ".ci" or (name[0] != "." and name not in {"__pycache__", "dist"})
        ]
        yield from (Path(folder, name) for name in files)


def test_versions_agree() -> None:
    version = PROJECT["project"]["version"]
    assert version == VERSION
    assert f"\n## {version}\n" in text_of("CHANGELOG.md")


def test_licence_is_the_one_named() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert text_of("LICENSE").startswith("MIT License")


def test_readme_shows_every_command_and_no_other() -> None:
    shown = set(re.findall(r"(?:^|`|/)sidelines ([a-z]+)", code_in("README.md"), re.MULTILINE))
    assert shown == set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_tells_to_make_can_be_made(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", code_in(document))) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_a_document_names_exist(document: str) -> None:
    named = re.findall(r"`((?:bot|briefings|config|tests|benchmarks|\.ci)/[\w./-]*)`", text_of(document))
    named += re.findall(r"\b(benchmarks/\w+\.py)", text_of(document))
    named += re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text_of(document))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_variables_that_a_document_names_are_read(document: str) -> None:
    named = set(re.findall(r"\bSIDELINES_[A-Z_]+[A-Z]\b", text_of(document)))
    assert named <= {*VARIABLES, "SIDELINES_CONFIG"}


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text(encoding="utf-8")
    assert "make test" in code_in("README.md")


def test_every_dependency_is_used() -> None:
    imported: set[str] = set()
    for package in ("bot", "briefings", "config"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    imported.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    imported.add(node.module.split(".")[0])
    modules = packages_distributions()
    used = {normal(distribution) for name in imported for distribution in modules.get(name, ())}
    declared = {normal(re.split(r"[<>=\[;~! ]", line)[0]) for line in PROJECT["project"]["dependencies"]}
    assert declared - used - USED_BY_OTHERS == set()


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_image_is_built_in_two_stages_and_runs_as_an_ordinary_user() -> None:
    lines = text_of("Dockerfile").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    stages = [number for number, line in enumerate(words) if line[0] == "FROM"]
    assert len(stages) == 2
    last = words[stages[1] :]
    users = [line[1] for line in last if line[0] == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    assert any(line[0] == "HEALTHCHECK" for line in last)
    assert "--compile-bytecode" in text_of("Dockerfile")
    started = " ".join(re.findall(r'"([\w-]+)"', "".join(re.findall(r"(?:ENTRYPOINT|CMD) (\[.*\])", "\n".join(lines)))))
    known = {"sidelines", "--json", "--offline", *COMMANDS}
    assert [word for word in started.split() if word not in known] == []


def test_image_gets_all_that_it_copies() -> None:
    let_in = {line[1:] for line in text_of(".dockerignore").splitlines() if line.startswith("!")}
    copied: set[str] = set()
    for line in text_of("Dockerfile").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            copied.update(line.split()[1:-1])
    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_one_version_of_uv() -> None:
    pinned = re.findall(r"uv=+(\d[\d.]+)", text_of("Dockerfile") + text_of(".ci/setup"))
    assert len(pinned) == 2
    assert len(set(pinned)) == 1


def test_nothing_names_the_machine_it_was_written_on() -> None:
    places = re.compile("|".join(("/ro" + "ot/", "/wo" + "rk/", "/Us" + "ers/")).encode())
    assert [str(path) for path in project_files() if places.search(path.read_bytes())] == []


@pytest.mark.parametrize(
    "reach", [lambda: socket.create_connection(("192.0.2.1", 80)), lambda: socket.getaddrinfo("example.org", 80)]
)
def test_a_test_that_reaches_for_the_network_fails(reach: Callable[[], object]) -> None:
    with pytest.raises(BaseException, match=r"a test (connected to|looked up)"):
        reach()


def test_a_test_never_sees_the_data_or_settings_of_whoever_runs_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings.load(os.environ)
    ours = tmp_path_factory.getbasetemp()
    assert Path(settings.data.dir).is_relative_to(ours)
    assert own_file(os.environ).is_relative_to(ours)
