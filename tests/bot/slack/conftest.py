"""A local Slack with two workspaces, a desk that does as it is told, and the connector between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from bot.connectors import slack as connector
from bot.connectors.slack.api import Api, SingleTeam
from bot.web import Web
from tests.bot.scripted_desk import ScriptedDesk
from tests.bot.watched import Watched
from tests.servers.slack import SlackServer, live_mentions

TEAM, CHANNEL, OTHER = "T0TEAM001", "C0WORLD001", "C0OTHER001"
KIM, LEE = "U0KIM00001", "U0LEE00001"
"""An admin in Seoul, and a member who made the channel OTHER."""


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    """Whatever is sent to it is judged at the end, and mentions nobody."""
    async with SlackServer() as server:
        team = server.add_workspace(TEAM, "Acme")
        team.user(KIM, "kim", admin=True, tz="Asia/Seoul")
        team.user(LEE, "lee", tz=None)
        team.channel(CHANNEL, "world", creator=KIM)
        team.channel(OTHER, "other", creator=LEE)
        yield server
        assert [found for call in server.calls if (found := live_mentions(call.arguments))] == []


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(slack: SlackServer, clock: Clock) -> AsyncIterator[Api]:
    """The API with a token, knowing whose it is."""
    slack.pace.per_channel = None
    made = Api(slack.api_url, SingleTeam(f"xoxb-{TEAM}"), monotonic=clock.monotonic, sleep=clock.sleep)
    await made.tokens.connect(made)
    yield made
    await made.close()


Start = Callable[..., Awaitable[connector.Slack]]


@pytest.fixture
async def start(slack: SlackServer, desk: ScriptedDesk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Start the connector in a mode, as `await start("http")`, until Slack reaches it. It is stopped at the end."""
    monkeypatch.setattr("bot.connectors.slack.api.SPACING", 0.0)
    slack.pace.per_channel = None
    running: list[tuple[asyncio.Task[None], Web | None]] = []

    async def begin(mode: str = "socket", **settings: Any) -> connector.Slack:
        common = {"bot_token": f"xoxb-{TEAM}", "api_url": slack.api_url, **settings}
        web = Web("127.0.0.1", 0, Watched()) if mode == "http" else None
        if mode == "http":
            made = connector.create(connector.Settings(signing_secret=slack.signing_secret, **common), web=web)
            await web.start()
            slack.http(f"{web.address}/slack/events")
            running.append((asyncio.create_task(made.listen(desk)), web))
            await asyncio.sleep(0)
        else:
            made = connector.create(connector.Settings(app_token=slack.app_token, **common))
            running.append((asyncio.create_task(made.listen(desk)), None))
            await slack.socket().connected()
        return made

    yield begin
    for task, web in running:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if web:
            await web.stop()


@pytest.fixture(params=["socket", "http"])
async def bot(request: pytest.FixtureRequest, start: Start) -> connector.Slack:
    """The connector, running in each mode."""
    return await start(request.param)
