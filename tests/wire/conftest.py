"""The whole bot over the wire, in each of its modes; whatever it sends is judged, and nothing may be found wrong."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from discord import AutoShardedClient
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.connectors.discord.client import Line
from bot.correlation import of_message
from bot.delivery import Retries
from bot.tasks import Tasks
from briefings.fetch import Asking, Fetcher
from config.settings import Settings
from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer, live_mentions
from tests.wire.guild_office import GuildOffice
from tests.wire.office import KIM, MAX, OTHER, SAMPLES, TEAM, Office, furnish


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Task[None]]:
    """Every piece of work that follows an acknowledgement, so that its end can be waited for."""
    begun: list[asyncio.Task[None]] = []

    def start(tasks: Tasks, work: Coroutine[Any, Any, None]) -> None:
        with of_message():
            task = asyncio.create_task(work)
        begun.append(task)
        tasks._running.add(task)
        task.add_done_callback(tasks._ended)

    monkeypatch.setattr(Tasks, "start", start)
    return begun


@pytest.fixture(autouse=True)
def nearby(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot may fetch from this machine, with no pause between two requests; all names lead to a private network."""

    async def resolve(host: str, _port: int) -> list[str]:
        return [host if host.startswith("127.") else "10.0.0.1"]

    def fetcher(settings: Settings, limited: Callable[[], object]) -> Fetcher:
        asking = Asking(limit=settings.reading.limit, allow_hosts=frozenset({"127.0.0.1"}), gap=0)
        return Fetcher(asking, resolve=resolve, limited=limited)

    monkeypatch.setattr("bot.app.running.open_fetcher", fetcher)


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversations wait for no second between posts; `test_slack_burst` and `test_slack_slow` keep the real pace."""
    monkeypatch.setattr("bot.connectors.slack.api.SPACING", 0.0)
    monkeypatch.setattr("bot.connectors.slack.PER_CHANNEL", math.inf)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed for the moment is tried again at once."""

    def retries(**how: Any) -> Retries:
        return Retries(**{**how, "first": timedelta(milliseconds=50)})

    monkeypatch.setattr("bot.app.running.Retries", retries)


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    """A local Slack; at the end nothing that was sent to it may break a rule or mention anybody."""
    async with SlackServer() as server:
        server.pace.tiers = True
        yield server
        assert server.breaches == []
        assert [found for call in server.calls if (found := live_mentions(call.arguments))] == []


Opener = Callable[..., Awaitable[Office]]


@pytest.fixture
async def opened(tmp_path: Path, slack: SlackServer, work: list[asyncio.Task[None]]) -> AsyncIterator[Opener]:
    """Opens the office in a mode, with sample articles, installed in both workspaces where that is by OAuth."""
    office: Office | None = None

    async def open(mode: str, kind: type[Office] = Office) -> Office:
        nonlocal office
        furnish(slack, installed=mode != "oauth")
        office = kind(mode, tmp_path, slack, work)
        await office.start(*SAMPLES)
        if mode == "oauth":
            for team, person in ((TEAM, KIM), (OTHER, MAX)):
                status, page = await office.install(team, person)
                assert status == 200, page
        return office

    yield open
    if office:
        await office.stop()


@pytest.fixture(params=["socket", "http"])
async def office(request: pytest.FixtureRequest, slack: SlackServer, opened: Opener, unpaced: None) -> Office:
    """The office in both modes."""
    slack.pace.per_channel = None
    return await opened(request.param)


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    """A local Discord; at the end nothing that was sent to it may break a rule or notify anybody."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with DiscordServer() as server:
        yield server
        assert server.breaches == []
        assert server.pings == []


@pytest.fixture
async def guilds(
    tmp_path: Path, discord: DiscordServer, work: list[asyncio.Task[None]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[GuildOffice]:
    """The bot in two servers and with one person; it waits for no second between posts, nor five to identify anew."""

    async def at_once(_line: Line, _shard: int | None, *, initial: bool = False) -> None:
        pass

    happened: list[str] = []

    def dispatch(line: Line, event: str, /, *arguments: Any, **more: Any) -> None:
        AutoShardedClient.dispatch(line, event, *arguments, **more)
        happened.append(event)
        discord.world.changed()

    monkeypatch.setattr("bot.connectors.discord.PER_CHANNEL", math.inf)
    monkeypatch.setattr("bot.connectors.discord.client.TOLD", 0.05)
    monkeypatch.setattr(Line, "before_identify_hook", at_once)
    monkeypatch.setattr(Line, "dispatch", dispatch)
    discord.pace.buckets.clear()
    office = GuildOffice(tmp_path, discord, work, happened)
    await office.start(*SAMPLES)
    yield office
    await office.stop()
