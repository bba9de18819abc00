"""Discord: one bot in any number of servers, through the gateway; and with people who use it for themselves.

`client` keeps the line, `api` calls Discord, `posting` posts deliveries, `people` knows who somebody is, `places` of
which server a channel is, `overrides` and `rights` what people and the bot may do, `replying` shows replies. Each
module of ways in (`incoming`, `commands` and `sourcing` with their `options`, `comings`) is a `register(line)`;
`forms` and `panel` are what can be filled in.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import discord
from msgspec import Struct

from bot.connectors import ChannelGone, Desk, Limits, Part
from bot.connectors.discord import comings, commands, incoming, sourcing
from bot.connectors.discord.api import Api, Payload
from bot.connectors.discord.client import Keeper, Line, Mute, look_up_gateway
from bot.connectors.discord.overrides import Overrides
from bot.connectors.discord.pacing import PERMITTED
from bot.connectors.discord.parts import (
    HOME,
    Origin,
    Parts,
    anchored,
    at_home,
    channel_name,
    guild_of,
    place_in,
)
from bot.connectors.discord.people import People
from bot.connectors.discord.posting import Posts
from bot.connectors.discord.replying import Replies
from bot.connectors.discord.sharing import Budget, keep_share
from bot.render import embeds
from bot.render.limits import DISCORD_EMBEDS_TEXT
from bot.tasks import Tasks
from briefings.types import Content

PER_SECOND = 48.0
"""Requests a second; Discord permits 50 to a bot: https://docs.discord.com/developers/topics/rate-limits#global-rate-limit.
"""
PER_CHANNEL = 0.98
"""Messages a second. Discord asks not to build on the numbers of its buckets, but those of channels were always five in
five seconds; what its answers say is kept to in any case."""
FINISHING = 5.0
"""Seconds that replies under way get when the program stops."""


class Settings(Struct, frozen=True, kw_only=True):
    """What Discord is reached with. `api_url` is the whole base, with its version, where that is not Discord's own."""

    token: str
    api_url: str = ""
    proxy: str = ""
    messages_per_second: float = PER_SECOND

    def __repr__(self) -> str:
        return f"Settings(api_url={self.api_url!r}, ...)"


def requests_for(messages_per_second: float) -> int:
    """How many requests all processes of a token may have counting at a time, to post so much together."""
    return max(1, min(PERMITTED, math.ceil(messages_per_second / PER_SECOND * PERMITTED)))


def create(settings: Settings, budget: Budget | None = None, limited: Callable[[], object] = lambda: None) -> Discord:
    """The connector. Does no I/O. `budget` is what several processes with this token may send together.

    `limited` is called whenever Discord refuses something as too fast.
    """
    return Discord(settings, budget, limited)


class Discord:
    """See `bot.connectors.Connector`."""

    name = "discord"

    def __init__(self, settings: Settings, budget: Budget | None, limited: Callable[[], object]) -> None:
        self.listens_alone = True
        self.limits = Limits(
            messages_per_second=settings.messages_per_second,
            messages_per_second_per_channel=PER_CHANNEL,
            messages_per_second_per_workspace=math.inf,
            message_characters=DISCORD_EMBEDS_TEXT,
        )
        self._settings = settings
        self._budget = budget
        self._api = Api(limited=limited)
        self._posts = Posts(self._api)
        self._people = People(self._api)

    async def listen(self, desk: Desk) -> None:
        """Take what people do until cancelled. Raises SidelinesError when Discord does not accept the token."""
        # What it logs at finer levels is what people write.
        logging.getLogger("discord").setLevel(logging.INFO)
        tasks = Tasks()
        parts = Parts(desk, self._api, self._people, Replies(self._api, self._people), tasks, Overrides(self._api))
        await self._keep(lambda: Line(parts, REGISTERS, proxy=self._settings.proxy or None), tasks)

    async def stand_by(self) -> None:
        """Be able to send, until cancelled, while another process listens. Raises as `listen` does."""
        logging.getLogger("discord").setLevel(logging.INFO)
        await self._keep(lambda: Mute(self._api, proxy=self._settings.proxy or None), Tasks())

    def deaf(self) -> float:
        """Seconds for which the gateway has been silent, through whichever client."""
        return self._api.hearing.deaf()

    async def _keep(self, make: Callable[[], discord.Client], tasks: Tasks) -> None:
        """Keep a client, with this process's share of what may be sent."""
        if self._settings.api_url:
            await look_up_gateway(self._api, self._settings.api_url, self._settings.proxy or None)
        kept: set[asyncio.Task[None]] = set()
        if self._budget:  # It begins first, and shuts the gate: logging in takes of the share too.
            share = keep_share(self._api.gate, self._budget, self._api.monotonic, self._api.sleep)
            kept.add(asyncio.create_task(share))
        kept.add(asyncio.create_task(Keeper(self._api, self._settings.token, make).run()))
        try:
            ended, _ = await asyncio.wait(kept, return_when=asyncio.FIRST_COMPLETED)
            for each in ended:
                each.result()
        finally:
            tasks.close()
            await tasks.finish(FINISHING)  # Replies under way need the line.
            for each in kept:
                each.cancel()
            await asyncio.gather(*kept, return_exceptions=True)

    def render(self, content: Content) -> Sequence[Part]:
        """A lead and what follows in its thread, each within Discord's limits."""
        return tuple(Part(message.payload, message.text) for message in embeds.messages(content))

    async def clear(self) -> None:
        """Wait while this process's share of what Discord permits is used up."""
        await self._api.gate.room()

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        """Post one part. See `bot.connectors.Connector.send`."""
        guild, place = guild_of(channel), place_in(channel)
        if not place:
            if guild is None:
                raise ChannelGone("Nobody is known who runs the server.")
            place = await self._posts.owner(guild)
        return await self._posts.post(guild, place, _payload(channel, part), part.text, key=key, thread=thread)

    async def edit(self, channel: str, message: str, part: Part, *, thread: str | None) -> None:
        """Put a part in the place of a message."""
        await self._posts.edit(guild_of(channel), place_in(channel), message, _payload(channel, part), thread=thread)

    async def find(
        self, channel: str, *, key: str, thread: str | None, begun: datetime | None = None, told: Collection[str] = ()
    ) -> str | None:
        """Whether a part was posted; sending it again is safe as long as Discord knows its nonce."""
        return await self._posts.find(
            guild_of(channel), place_in(channel), key=key, thread=thread, begun=begun, told=told
        )

    def managers(self, workspace: str, person: str | None) -> str:
        """A direct message to the person, else to the owner of the server."""
        guild = guild_of(workspace)
        if guild is None:
            return channel_name(workspace, workspace.partition(":")[2])
        known = self._api.client.get_guild(guild) if self._api.client else None
        chosen = person or (known.owner_id if known else None)
        return channel_name(workspace, f"@{chosen}" if chosen else "")

    async def upkeep(self) -> None:
        """Nothing: the token does not expire."""


def _payload(channel: str, part: Part) -> Payload:
    """The part's payload as it is sent to a channel: in direct messages its words and buttons say what they are of."""
    guild = guild_of(channel)
    if guild is None:
        content = part.payload.get("content")
        return {**part.payload, "content": at_home(content, HOME)} if content else part.payload
    return anchored(part.payload, Origin(guild)) if place_in(channel).startswith("@") else part.payload


REGISTERS: tuple[Callable[[Line], None], ...] = (
    commands.register,
    sourcing.register,
    incoming.register,
    comings.register,
)
