"""A bot on the unmodified discord.py, for the tests of the local Discord itself, and how it is run against one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.servers.discord import DiscordServer


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Bot(discord.AutoShardedClient):
    """A client of discord.py as it comes, but for the five seconds that it waits between two IDENTIFYs."""

    def __init__(self, server: DiscordServer, **how: Any) -> None:
        how = {"intents": discord.Intents.default(), "guild_ready_timeout": 0.1, **how}
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **how)
        self.server = server
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, Any]] = []

    async def setup_hook(self) -> None:
        if self.tree.get_commands() or self.tree.get_commands(type=discord.AppCommandType.message):
            await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        pass

    def dispatch(self, event: str, /, *args: Any, **more: Any) -> None:
        super().dispatch(event, *args, **more)
        self.heard.append((event, args[0] if args else None))
        self.server.world.changed()

    def told(self, name: str) -> list[Any]:
        """The first argument of each event of this name that discord.py told of."""
        return [argument for event, argument in self.heard if event == name]

    async def hear(self, name: str, count: int = 1) -> Any:
        """Wait until an event of this name came so often; its first argument."""
        await self.server.wait_for(lambda: len(self.told(name)) >= count)
        return self.told(name)[count - 1]


@asynccontextmanager
async def running(
    server: DiscordServer, bot: Bot, patch: pytest.MonkeyPatch, shards: int = 1, token: str | None = None
) -> AsyncIterator[Bot]:
    """The bot, connected. What ends it is raised here."""
    patch.setattr(discord.http.Route, "BASE", server.api_url)
    async with aiohttp.ClientSession() as session, session.get(f"{server.api_url}/gateway") as answer:
        gateway = yarl.URL((await answer.json())["url"])
    patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    task = asyncio.create_task(bot.start(token or server.token))
    waiting = asyncio.create_task(server.connected(shards))
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        await waiting
        yield bot
    finally:
        waiting.cancel()
        await bot.close()
        await asyncio.gather(task, waiting, return_exceptions=True)


async def api(
    server: DiscordServer, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """One request as discord.py sends it, without its patience: status, answer and headers."""
    own = {"Authorization": f"Bot {server.token}", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, server.api_url + path, json=body, headers=own) as answer,
    ):
        page = await answer.read()
        data = await answer.json() if page and answer.headers["Content-Type"] == "application/json" else page.decode()
        return answer.status, data, dict(answer.headers)
