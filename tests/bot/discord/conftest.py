"""A local Discord with a server, a desk that does as it is told, and the connector between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.connectors import discord as connector
from tests.bot.scripted_desk import ScriptedDesk
from tests.servers.discord import Channel, DiscordServer, Guild, Member

Start = Callable[..., Awaitable[connector.Discord]]


async def heard(bot: connector.Discord, event: str, deed: Callable[..., Any], *arguments: Any) -> Any:
    """Do something to a server, and wait until the client has taken note of it by an event of discord.py's."""
    client = bot._api.client
    assert client
    waiting = asyncio.create_task(client.wait_for(event, timeout=10))
    await asyncio.sleep(0)
    result = deed(*arguments)
    await waiting
    return result


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    """Whatever is sent to it is judged at the end, and mentions nobody."""
    async with DiscordServer() as server:
        server.pace.buckets.clear()
        yield server
        assert server.pings == []


@pytest.fixture
def acme(discord: DiscordServer) -> Guild:
    return discord.add_guild("Acme")


@pytest.fixture
def news(acme: Guild) -> Channel:
    return acme.channel("news")


@pytest.fixture
def kim(acme: Guild) -> Member:
    """Somebody who may manage the server."""
    return acme.member("kim", "manage_guild")


@pytest.fixture
def lee(acme: Guild) -> Member:
    """A member like any other."""
    return acme.member("lee")


@pytest.fixture
async def start(discord: DiscordServer, desk: ScriptedDesk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Start the connector, as `await start()`, until Discord knows its commands. It is stopped at the end."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    monkeypatch.setattr("bot.connectors.discord.client.TOLD", 0.1)
    running: list[asyncio.Task[None]] = []

    async def begin(**settings: Any) -> connector.Discord:
        given = {"token": discord.token, "api_url": discord.api_url, **settings}
        made = connector.create(connector.Settings(**given))
        running.append(asyncio.create_task(made.listen(desk)))
        await discord.connected()
        await discord.wait_for(lambda: discord.syncs)
        client = made._api.client
        assert client
        await client.wait_until_ready()
        return made

    async def stop() -> None:
        while running:
            task = running.pop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    begin.stop = stop  # type: ignore[attr-defined]
    yield begin
    await stop()


@pytest.fixture
async def mute(discord: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[connector.Discord]:
    """The connector of a process that sends, while another is at the gateway."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    made = connector.create(connector.Settings(token=discord.token, api_url=discord.api_url))
    standing = asyncio.create_task(made.stand_by())
    yield made
    standing.cancel()
    with suppress(asyncio.CancelledError):
        await standing
    assert discord.gateway.identifies == 0


@pytest.fixture
async def bot(start: Start, acme: Guild, news: Channel, kim: Member, lee: Member) -> connector.Discord:
    """The connector, running."""
    return await start()
