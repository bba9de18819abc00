"""What `run` joins: platforms by their settings, health over HTTP, and a start that loads nothing it does not need."""

import json
import math
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest

from bot.app import open_storage
from bot.app.health import GRACE, STALLED, UNREACHABLE, heard, process, readiness
from bot.app.platforms import configured, connect
from bot.connectors import Connector
from config.settings import Settings
from tests.servers.ports import free_port

ROOT = Path(__file__).parents[2]
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-2-abc", "SLACK_APP_TOKEN": "xapp-1-A-2-abc"}
DISCORD = {"DISCORD_TOKEN": "a1.b2.c3-d4", "DISCORD_PROXY": "http://me:s3cret@proxy.lan:3128"}


def load(**environ: str) -> Settings:
    return Settings.load({**os.environ, **environ})


# Health


@pytest.mark.parametrize(("silence", "well"), [(None, True), (STALLED, True), (STALLED + timedelta(seconds=1), False)])
def test_health_is_that_the_scheduler_goes_on(silence, well):
    assert process(silence)["ok"] is well


def test_readiness_names_every_reason_against_it():
    told = readiness(UNREACHABLE, {"slack": "silent", "terminal": "listening", "discord": "silent"})
    assert told["ok"] is False
    assert told["reasons"] == [
        UNREACHABLE,
        "discord is not listened to; the log says why.",
        "slack is not listened to; the log says why.",
    ]


@pytest.mark.parametrize(
    ("deaf", "line"), [(0, "listening"), (GRACE, "listening"), (GRACE + 1, "silent"), (math.inf, "silent")]
)
def test_a_line_that_stays_broken_is_not_ready(deaf, line):
    assert heard(deaf) == line
    assert readiness(None, {"discord": heard(deaf)})["ok"] is (line == "listening")


def test_a_running_session_says_that_it_is_well():
    port = free_port()
    environ = {**os.environ, "SIDELINES_WEB_HOST": "127.0.0.1", "SIDELINES_WEB_PORT": str(port)}
    run = [sys.executable, "-m", "bot", "run"]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ) as bot:
        bot.stdin.write("topics\n")
        bot.stdin.flush()
        assert any(line.startswith("Topics of this workspace") for line in bot.stdout)
        shown = {}
        for path in ("healthz", "readyz", "metrics"):
            with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
                shown[path] = response.read().decode()
        assert json.loads(shown["healthz"]) == {"ok": True, "scheduler": "running"}
        assert json.loads(shown["readyz"]) == {"ok": True, "reasons": [], "platforms": {"terminal": "listening"}}
        assert 'sidelines_answer_seconds_count{kind="other"} 1.0' in shown["metrics"]
        assert 'sidelines_listening{platform="terminal"} 1.0' in shown["metrics"]
        bot.stdin.close()
        bot.stdout.read()
    assert bot.returncode == 0


def test_a_port_that_is_taken_is_told_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        environ = {**os.environ, "SIDELINES_WEB_HOST": "127.0.0.1", "SIDELINES_WEB_PORT": port}
        run = [sys.executable, "-m", "bot", "run"]
        done = subprocess.run(run, input="", capture_output=True, text=True, cwd=ROOT, env=environ, timeout=60)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert "Traceback" not in done.stderr


# Platforms


def test_without_tokens_no_platform_is_connected_nor_loaded():
    assert configured(load()) == ()
    code = (
        "import sys, bot.app.running\n"
        "print([name for name in sys.modules if name.startswith(('slack', 'discord', 'aiohttp'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_with_its_tokens_slack_is_connected():
    settings = load(**SLACK)
    assert configured(settings) == ("slack",)
    with open_storage(settings) as storage:
        connectors = connect(settings, storage, None)
    assert list(connectors) == ["slack"]
    connector: Connector = connectors["slack"]
    assert connector.name == "slack"
    assert connector.limits.messages_per_second_per_workspace == settings.slack.messages_per_second
    assert "xoxb" not in repr(connector)


def test_with_its_token_discord_is_connected_beside_slack():
    settings = load(**SLACK, **DISCORD)
    assert configured(settings) == ("slack", "discord")
    with open_storage(settings) as storage:
        connectors = connect(settings, storage, None)
    assert list(connectors) == ["slack", "discord"]
    connector: Connector = connectors["discord"]
    assert connector.name == "discord"
    assert connector.limits.messages_per_second == settings.discord.messages_per_second
    assert "s3cret" not in repr(connector)
