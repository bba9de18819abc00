"""What compose.yaml starts is what the program takes: its commands, its settings, the paths of its health."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.group import sidelines
from config.settings import VARIABLES, Settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "sidelines"}
GIVEN = {
    "POSTGRES_PASSWORD": "harbour",
    "SLACK_BOT_TOKEN": "xoxb-1-2-abc",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "DISCORD_TOKEN": "a1.b2.c3-d4",
}


def test_one_step_migrates_and_the_others_wait_for_it() -> None:
    assert set(OURS) == {"migrate", "web", "discord", "worker"}
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in OURS.keys() - {"migrate"}:
        assert OURS[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_that_there_is(name: str) -> None:
    command, *arguments = OURS[name]["command"]
    found = sidelines.get_command(None, command)  # type: ignore[arg-type]
    assert found is not None
    assert found.make_context(command, list(arguments)).params.get("only", ()) == tuple(arguments[1:])


@pytest.mark.parametrize("name", OURS)
def test_each_setting_is_one_that_there_is_and_all_are_complete(name: str) -> None:
    environment = {key: _filled(value) for key, value in OURS[name]["environment"].items()}
    assert set(environment) <= set(VARIABLES)
    settings = Settings.load(environment)
    assert settings.data.database_url.reveal() == "postgresql://sidelines:harbour@database/sidelines"
    assert (settings.slack.in_use, settings.discord.in_use, settings.web.port) == (True, True, 8080)


def test_only_slack_is_reached_from_outside_and_each_one_tells_its_health() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    for name in ("web", "discord", "worker"):
        assert "http://127.0.0.1:8080/healthz" in OURS[name]["healthcheck"]["test"][-1]


def test_the_readme_starts_the_same_processes_by_hand_with_all_that_they_need() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(text for text in readme.split("```") if "createdb" in text)
    started = re.findall(r"^(?:SIDELINES_WEB_PORT=(\d+) )?sidelines (.+?)(?: &)?$", block, re.MULTILINE)
    services = [service for service in OURS.values() for _ in range(service.get("deploy", {}).get("replicas", 1))]
    assert [words.split() for _, words in started] == [service["command"] for service in services]
    assert len({port for port, _ in started[1:]}) == len(started) - 1
    exported = dict(re.findall(r"([A-Z_]+)=(\S+)", "".join(re.findall(r"^export (?!PATH).*$", block, re.MULTILINE))))
    settings = Settings.load({name: GIVEN.get(name, value) for name, value in exported.items()})
    assert (settings.slack.in_use, settings.discord.in_use, settings.web.port) == (True, True, 8080)
    assert settings.data.database_url.reveal().startswith("postgresql://sidelines:")


def _filled(value: str) -> str:
    """What compose makes of a value: variables filled in, or their default."""
    return re.sub(r"\$\{(\w+):[-?][^}]*\}", lambda match: GIVEN.get(match[1], ""), value)
