"""The program as a process of its own, started by the documented settings alone, in each mode."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.app import open_storage
from config.settings import Settings
from tests.servers.slack import SlackServer
from tests.wire.office import BOLT, KIM, LEE, MAX, OTHER, SAMPLES, TEAM, WORLD, Office, acknowledged, furnish, stock


@asynccontextmanager
async def started(office: Office) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, reached by Slack; unless killed it ends well when told to, and writes no token anywhere."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "SIDELINES_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        env={**environ, **office.environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        before = office.slack.lines.connections
        if office.mode == "socket":
            await office.slack.socket().connected(beyond=before)
        else:
            office.slack.http(f"{office.url}/slack/events")
            await office.reachable()
        yield process
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        printed, _ = await process.communicate()
        assert process.returncode in {0, -signal.SIGKILL}, printed.decode()
        for secret in (*office.slack.tokens, office.slack.app_token, office.slack.signing_secret):
            assert secret.encode() not in printed
        assert b"Traceback" not in printed, printed.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def furnished(mode: str, folder: Path, slack: SlackServer) -> Office:
    """An office with the sample articles, its bot not started."""
    furnish(slack, installed=mode != "oauth")
    office = Office(mode, folder, slack, [])
    with open_storage(Settings.load(office.environ)) as storage:
        stock(storage, *SAMPLES)
    return office


async def asks(office: Office, team: str, channel: str, person: str) -> None:
    seen = len(office.slack.posts(channel))
    acknowledged(await office.slack.command(team, channel, person, "/briefing", "ask who counts the lorries?"))
    await office.slack.wait_for(lambda: office.slack.posts(channel)[seen:])
    assert "count the lorries" in office.slack.posts(channel)[-1].shown


@pytest.mark.parametrize("mode", ["socket", "http", "oauth"])
async def test_it_answers_stops_and_answers_again(mode: str, tmp_path: Path, slack: SlackServer):
    office = furnished(mode, tmp_path, slack)
    async with started(office):
        if mode == "oauth":
            for team, person in ((TEAM, KIM), (OTHER, MAX)):
                assert (await office.install(team, person))[0] == 200
        await asks(office, TEAM, WORLD, LEE)
        if mode != "socket":
            async with aiohttp.ClientSession() as browser, browser.get(f"{office.url}/healthz") as page:
                assert page.status == 200
                assert json.loads(await page.text())["ok"] is True
    async with started(office):
        await asks(office, TEAM, WORLD, LEE)
        if mode == "oauth":
            await asks(office, OTHER, BOLT, MAX)


async def test_killed_while_it_works_on_a_command_it_answers_the_repeat(tmp_path: Path, slack: SlackServer):
    """The first delivery was acknowledged and lost; the repeat is the only chance, and one answer comes of it."""
    office = furnished("socket", tmp_path, slack)
    async with started(office) as process:
        slack.fail_always("users.info", hang=True)
        done = acknowledged(await slack.command(TEAM, WORLD, KIM, "/briefing", "settings"))
        await slack.wait_for(lambda: slack.called("users.info"))
        process.kill()
        await process.wait()
    slack.heal()
    async with started(office):
        acknowledged(await done.again())
        await slack.wait_for(lambda: slack.ephemerals(WORLD, KIM))
        for _ in range(3):
            acknowledged(await done.again())
        await asks(office, TEAM, WORLD, LEE)
    (shown,) = slack.ephemerals(WORLD, KIM)
    assert "Settings in" in shown.shown
