"""The local Discord against the unmodified discord.py: gateway, interactions, messages, limits, trouble and pace."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.servers.discord import DiscordServer, Guild, Member
from tests.servers.discord_values import Channel


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Bot(discord.AutoShardedClient):
    """A client of discord.py as it comes, but for the seconds that it waits between two shards."""

    def __init__(self, server: DiscordServer, **how: Any) -> None:
        intents = how.pop("intents", discord.Intents.default())
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), **how)
        self.server = server
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, Any]] = []

    async def setup_hook(self) -> None:
        if self.tree.get_commands():
            await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        pass

    def dispatch(self, event: str, /, *args: Any, **more: Any) -> None:
        super().dispatch(event, *args, **more)
        self.heard.append((event, args))
        self.server.world.changed()

    def events(self, name: str) -> list[Any]:
        return [args for event, args in self.heard if event == name]


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as local:
        yield local


@asynccontextmanager
async def running(
    server: DiscordServer, bot: Bot, monkeypatch: pytest.MonkeyPatch, shards: int = 1
) -> AsyncIterator[Bot]:
    """The bot connected, the way the connector connects it."""
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_url)
    async with aiohttp.ClientSession() as session, session.get(f"{server.api_url}/gateway") as answer:
        gateway = yarl.URL((await answer.json())["url"])
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    task = asyncio.create_task(bot.start(server.token))
    waiting = asyncio.create_task(server.connected(shards))
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            waiting.cancel()
            await task
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


async def test_slash(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = server.add_guild("Acme")
    news, kim = acme.channel("news"), acme.member("kim", "manage_guild")
    bot = Bot(server)

    @bot.tree.command(description="Ask")
    async def ask(interaction: discord.Interaction, question: str) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(f"You asked {question}")

    async with running(server, bot, monkeypatch):
        done = await server.command(acme, news, kim, "ask", {"question": "what?"})
    assert done.deferred
    assert done.ephemeral
    assert done.shown == "You asked what?"
    assert server.syncs == 1
