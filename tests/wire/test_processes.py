"""Many processes on one PostgreSQL, each started as documented: they divide the work, and one takes another's place."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from benchmarks.burst import prepare, program, settled
from briefings.storage import Storage
from tests.servers.discord import DiscordServer
from tests.servers.ports import free_port
from tests.servers.slack import SlackServer
from tests.waiting import until

TEAM, KIM = "T0MANY0001", "U0MANY0001"
TOPIC = "harbour"
CHANNELS = 12


class Set:
    """The local platforms with a database, and the processes that serve them."""

    def __init__(self, folder: Path, slack: SlackServer, discord: DiscordServer, database: str) -> None:
        self.folder, self.slack, self.discord, self.database = folder, slack, discord, database
        team = slack.add_workspace(TEAM, "Many")
        team.user(KIM, "kim", admin=True)
        self.on_slack = [f"C0MANY{number:04}" for number in range(CHANNELS)]
        for number, channel in enumerate(self.on_slack):
            team.channel(channel, f"many-{number}")
        slack.socket()
        guilds = [discord.add_guild(f"Many {number}") for number in range(3)]
        self.on_discord = [guilds[number % 3].channel(f"many-{number}") for number in range(CHANNELS)]
        self._stack = AsyncExitStack()

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "DATABASE_URL": self.database,
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_BOT_TOKEN": f"xoxb-{TEAM}",
            "SLACK_APP_TOKEN": self.slack.app_token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_TOKEN": self.discord.token,
        }

    def subscribed(self) -> None:
        """Every channel is due now."""
        channels = [f"slack:{TEAM}:#{channel}" for channel in self.on_slack]
        channels += [f"discord:{channel.guild}:#{channel.id}" for channel in self.on_discord]
        prepare(self.folder, [TOPIC], channels, KIM, self.database)

    async def start(self, *arguments: str, **settings: str) -> asyncio.subprocess.Process:
        """One more process."""
        environ = {**self.settings, **settings}
        return await self._stack.enter_async_context(program(self.folder, environ, *arguments))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that no one server brings about."""
        await until(condition, within=60)

    async def stop(self) -> None:
        await self._stack.aclose()

    @property
    def posts(self) -> list[int]:
        """How many there are in each channel."""
        counts = [len(self.slack.posts(channel)) for channel in self.on_slack]
        return counts + [len(self.discord.posts(channel)) for channel in self.on_discord]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
async def many(tmp_path: Path, slack: SlackServer, discord: DiscordServer, postgresql_url: str) -> AsyncIterator[Set]:
    """The platforms, and a database that nothing runs on yet."""
    its = Set(tmp_path, slack, discord, postgresql_url)
    yield its
    await its.stop()
    assert [call for call in (*slack.calls, *discord.calls) if call.status == 429] == []
    assert "Traceback" not in its.log, its.log


async def ready(port: int) -> object:
    """How the platforms of a process stand as soon as it is ready, which it is not before it hears them."""
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while (answer := await client.get(f"http://127.0.0.1:{port}/readyz")).status_code != 200:
            assert answer.json()["reasons"]
    return answer.json()["platforms"]


async def test_two_workers_beside_those_that_listen_deliver_each_briefing_once(many: Set) -> None:
    many.subscribed()
    for role in ("slack", "discord", "worker", "worker"):
        await many.start("--only", role)
    await many.until(lambda: all(many.posts))
    assert await settled(many.folder, many.database) == 2 * CHANNELS
    assert many.posts == [1] * 2 * CHANNELS
    await many.slack.lines.connected()
    asked = await many.slack.mention(TEAM, many.on_slack[0], KIM, f"what about the {TOPIC} committee?")
    await many.until(lambda: many.slack.replies(many.on_slack[0], asked.ts))
    with Storage.open(many.database) as storage:
        assert {"listening slack", "listening discord"} < set(storage.leases.holders())


async def test_a_killed_owner_of_the_lines_is_replaced(many: Set) -> None:
    first = await many.start()
    await asyncio.gather(many.slack.lines.connected(30), many.discord.connected(timeout=30))
    port = free_port()
    await many.start(SIDELINES_WEB_PORT=str(port))
    await many.until(lambda: many.log.count("another process listens") == 2)
    assert await ready(port) == {"slack": "standing by", "discord": "standing by"}
    lines = many.slack.lines.connections
    first.kill()
    await first.wait()
    await many.until(lambda: many.log.count(" listens action=listens") == 4)
    assert await ready(port) == {"slack": "listening", "discord": "listening"}
    await many.slack.lines.connected(30, beyond=lines)
    many.subscribed()
    await many.until(lambda: all(many.posts))
    assert await settled(many.folder, many.database) == 2 * CHANNELS
    assert many.posts == [1] * 2 * CHANNELS


async def test_a_stalled_owner_finds_that_it_was_replaced_and_stands_by(many: Set) -> None:
    first = await many.start("--only", "discord")
    await many.discord.connected(timeout=30)
    await many.start("--only", "discord")
    await many.until(lambda: many.log.count("another process listens") == 1)
    first.send_signal(signal.SIGSTOP)
    await many.until(lambda: many.log.count(" listens action=listens") == 2)
    first.send_signal(signal.SIGCONT)
    await many.until(lambda: many.log.count("another process listens") == 2)
    assert "another process may listen now" in many.log


async def test_with_sqlite_there_is_one_process(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run", "--only", "worker"),
        env={**os.environ, "SIDELINES_DATA_DIR": str(tmp_path)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode() == (
        "sidelines: With SQLite one process does everything; leave --only out, or name a PostgreSQL database in "
        "DATABASE_URL.\n"
    )
