"""Who may import whom: the picture in CONTRIBUTING.md, held to by walking every import, lazy ones too."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def drawn_levels() -> dict[str, int]:
    """Each part of the program with its level, as CONTRIBUTING.md draws them.

    A part is a module, or a package with all that is in it.
    """
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = text.split("## Who may import whom")[1].split("```")[1].strip().replace("\n   .", " .")
    levels = {"briefings": 0, "bot": 0}
    for row in picture.splitlines():
        level, _, names = row.partition("  ")
        for name in re.findall(r"[\w.]*\.[\w<>.]+", names):
            levels[f"briefings{name}" if name[0] == "." else name.replace("<x>", "*")] = int(level)
    return levels


LEVELS = drawn_levels()
MAY_READ_SETTINGS = {"bot.app", "bot.cli"}
SETTINGS_MAY_USE = {"briefings.errors", "briefings.types", "briefings.slots"}

KEPT_TO = {
    "sqlalchemy": "briefings.storage",
    "alembic": "briefings.storage",
    "tantivy": "briefings.index briefings.entries",
    "onnxruntime": "briefings.semantic",
    "apscheduler": "bot.scheduler",
    "cronsim": "briefings.schedules briefings.slots",
    "trafilatura": "briefings.pages",
    "click": "bot.cli",
    "pebble": "bot.app.workshop",
    "prometheus_client": "bot.metrics",
    "prompt_toolkit": "bot.connectors.terminal",
    "aiohttp": "bot.web bot.connectors.slack bot.connectors.discord",
    "cryptography": "bot.connectors.slack",
    "slack_bolt": "bot.connectors.slack",
    "slack_sdk": "bot.connectors.slack",
    "discord": "bot.connectors.discord",
}
"""Libraries that appear in one part only."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {
    module_name(path): path for package in ("bot", "briefings", "config") for path in (ROOT / package).rglob("*.py")
}


def part_of(module: str) -> str:
    """The part a module belongs to. A module of no known part is itself, and has no level."""
    if module.startswith("bot.connectors."):
        return "bot.connectors.*"
    package, _, rest = module.partition(".")
    inner = f"{package}.{rest.partition('.')[0]}" if rest else package
    return inner if inner in LEVELS else module


def imports(module: str) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    path = FILES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            names = {f"{base}.{alias.name}" for alias in node.names}
            found.update(name if name in FILES else base for name in names)
    return found


def test_every_module_has_a_level() -> None:
    assert [module for module in FILES if not module.startswith("config") and part_of(module) not in LEVELS] == []


@pytest.mark.parametrize("module", sorted(name for name in FILES if not name.startswith("config")))
def test_imports_go_down_only(module: str) -> None:
    part = part_of(module)
    for imported in sorted(imports(module)):
        if imported.split(".")[0] == "config":
            assert part in MAY_READ_SETTINGS, f"{module} reads settings"
        elif imported.split(".")[0] in {"bot", "briefings"}:
            assert may_import(module, imported), f"{module} imports {imported}, which is not below it"


def may_import(module: str, imported: str) -> bool:
    part, other = part_of(module), part_of(imported)
    if part == other:
        # A connector knows no other connector.
        return part != "bot.connectors.*" or imported.split(".")[2] == module.split(".")[2]
    reading = LEVELS[part] == LEVELS[other] == 1 and "briefings.storage" not in {part, other}
    return reading or LEVELS[other] < LEVELS[part]


def test_settings_use_no_more_than_the_words_they_check_with() -> None:
    used = {name for module in FILES if module.startswith("config") for name in imports(module)}
    assert {name for name in used if name.split(".")[0] in {"bot", "briefings"}} <= SETTINGS_MAY_USE


def test_the_core_knows_neither_the_bot_nor_the_settings() -> None:
    core = {name for module in FILES if module.startswith("briefings") for name in imports(module)}
    assert {name for name in core if name.split(".")[0] in {"bot", "config"}} == set()


@pytest.mark.parametrize("module", sorted(FILES))
def test_a_library_stays_in_its_part(module: str) -> None:
    for imported in imports(module):
        homes = KEPT_TO.get(imported.split(".")[0], module)
        assert any(f"{module}.".startswith(f"{home}.") for home in homes.split()), f"{module} imports {imported}"


@pytest.mark.parametrize("path", sorted(FILES.values()), ids=str)
def test_a_file_reads_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_answering_loads_nothing_heavy() -> None:
    heavy = "sqlalchemy asyncio httpx alembic trafilatura rich prompt_toolkit py3langid apscheduler numpy"
    code = (
        "import sys, briefings.answer, briefings.index, briefings.keywords, config.settings\n"
        f"print(*sorted(set({heavy.split()!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_picture_shows_nothing_that_is_not_there() -> None:
    assert {part for part in LEVELS if part not in FILES} == {"bot.connectors.*"}
