"""Replies to people: where they asked, to them alone or to all.

A reply is tried again while Discord surely did not take it, and where a repeat cannot show it twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import discord
from msgspec import Struct
from msgspec.structs import replace

from bot.connectors import ChannelGone, DeliveryError, PayloadRefused
from bot.connectors.discord.api import EPHEMERAL, Api
from bot.connectors.discord.parts import ELSEWHERE, HERE, HOME, Origin, anchored, at_home
from bot.connectors.discord.people import People, is_direct
from bot.render import embeds
from briefings.types import Content, Listing, Notice, Reply

log = logging.getLogger(__name__)

OUTSIDE = 6
"""Messages that one command may be answered with where the bot is not installed: the first, and five that follow it.
https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages"""

FILE = "feeds.opml"
"""The name of what is to be copied: lists of feeds are all that is."""

TO_YOU = Notice("I have sent you that in a direct message.")
CLOSED = Notice(
    "That is for you alone, and you take no direct messages from this server. Commands such as `/brief` answer so that "
    "only you see it.",
    "refused",
)


class Place(Struct, frozen=True, kw_only=True):
    """Where somebody did something, and so where the reply goes.

    By an interaction: its `token`, and whether the answer was announced as one for them alone. By a message: its id.
    `guild` is the server that it is about, also in a direct conversation; there `origin` is the channel it is about.
    """

    channel: int
    person: int
    guild: int | None = None
    origin: int | None = None
    direct: bool = False
    application: int = 0
    token: str = ""
    ephemeral: bool = False
    outside: bool = False
    message: int = 0


class Replies:
    """Sends what the desk replied."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people

    async def send(self, reply: Reply, place: Place) -> None:
        """Show every content of a reply; what could not be shown is logged, and nothing is raised."""
        try:
            contents = [await self.named(content, place) for content in reply.contents]
            messages = [message for content in contents for message in laid_out(content)]
            if place.token:
                await self._by_interaction(messages, place)
            elif reply.private and not place.direct and not _is_short(reply):
                await self._privately(messages, place)
            else:
                await self._openly(messages, place)
        except DeliveryError as error:
            log.warning(
                "a reply was not shown: %s",
                error,
                extra={"action": "reply_failed", "guild": place.guild, "channel": place.channel},
            )

    async def named(self, content: Content, place: Place) -> Content:
        """The bot's own words with people's names in place of their ids; words of articles stay as they are."""

        async def names(text: str) -> str:
            if place.guild is None:
                text = at_home(text, HOME if place.direct else ELSEWHERE)
            return await self._people.names(place.guild, text)

        match content:
            case Notice():
                return replace(content, text=await names(content.text))
            case Listing():
                items = [
                    item  # What is linked is a headline.
                    if item.url
                    else replace(item, label=await names(item.label), detail=await names(item.detail))
                    for item in content.items
                ]
                return replace(content, title=await names(content.title), items=tuple(items))
        return content

    async def _by_interaction(self, messages: list[embeds.Message], place: Place) -> None:
        """The first in place of "is thinking", the rest after it."""
        if place.outside:
            messages = messages[:OUTSIDE]
        flag = EPHEMERAL if place.ephemeral else 0
        for number, message in enumerate(messages):
            payload = dict(message.payload)
            if place.direct and place.guild:
                payload = anchored(payload, Origin(place.guild, place.origin))
            payload["flags"] = payload.get("flags", 0) | flag
            await self._try(payload, message.text, place, first=not number)

    async def _try(self, payload: dict[str, Any], text: str, place: Place, *, first: bool) -> None:
        """Answer by the interaction; in plain words if the layout is refused, or a file where none may be sent."""

        async def attempt() -> None:
            await self._api.respond(place.application, place.token, payload, first=first)

        try:
            await self._api.patiently(attempt)
        except (PayloadRefused, ChannelGone) as refused:
            file = "attachments" in payload
            if isinstance(refused, ChannelGone) and not file:
                raise
            log.warning(str(refused), extra={"action": "plain_reply", "guild": place.guild})
            for plain in embeds.messages(Notice(text, code=file)):
                payload = plain.payload | {"flags": plain.payload.get("flags", 0) | payload["flags"] & EPHEMERAL}
                await self._api.respond(place.application, place.token, payload, first=first)
                first = False

    async def _openly(self, messages: list[embeds.Message], place: Place) -> None:
        """Below what they wrote, for all who are there; when that is closed to the bot, to them alone."""
        try:
            await self._below(messages, place)
        except ChannelGone:
            if place.direct:
                raise
            await self._direct(messages, place)

    async def _privately(self, messages: list[embeds.Message], place: Place) -> None:
        """In their direct conversation with the bot, with a word where they asked."""
        told = TO_YOU
        try:
            await self._direct(messages, place)
        except ChannelGone:
            told = CLOSED
        await self._below(list(embeds.messages(told)), place, after=len(messages))

    async def _below(self, messages: list[embeds.Message], place: Place, after: int = 0) -> None:
        for number, message in enumerate(messages):
            key, to = f"{place.message}.{after + number}", None if number else place.message
            await self._post(str(place.channel), message.payload, message.text, place, key, to)

    async def _direct(self, messages: list[embeds.Message], place: Place) -> None:
        """To the person, with buttons that still belong to where they asked."""
        channel = await self._api.place(f"@{place.person}")
        for number, message in enumerate(messages):
            payload = anchored(message.payload, Origin(place.guild, place.channel)) if place.guild else message.payload
            await self._post(channel, payload, message.text, place, f"{place.message}.{number}", None)

    async def _post(
        self, channel: str, payload: dict[str, Any], text: str, place: Place, key: str, to: int | None
    ) -> None:
        """Post one message; in plain words if its layout is refused."""
        try:
            await self._api.patiently(lambda: self._api.reply(channel, payload, key=key, to=to))
        except PayloadRefused as refused:
            log.warning(str(refused), extra={"action": "plain_reply", "guild": place.guild})
            for number, plain in enumerate(embeds.messages(Notice(text))):
                await self._api.reply(channel, plain.payload, key=f"{key}p{number}", to=to)


def place_of(interaction: discord.Interaction[Any], *, ephemeral: bool, origin: Origin = HERE) -> Place:
    """Where a command was used or a button pressed, which in a direct message may be of a server."""
    direct = is_direct(interaction)
    return Place(
        channel=interaction.channel_id or 0,
        person=interaction.user.id,
        guild=origin.guild or (interaction.guild_id if interaction.is_guild_integration() else None),
        origin=origin.channel,
        direct=direct,
        application=interaction.application_id,
        token=interaction.token,
        ephemeral=ephemeral,
        outside=not direct and not interaction.is_guild_integration(),
    )


def laid_out(content: Content) -> Sequence[embeds.Message]:
    """A content as messages; what is to be copied as a file, where it would be torn apart. Pure."""
    found = embeds.messages(content)
    if isinstance(content, Notice) and content.code and len(found) > 1:
        file = {"filename": FILE, "text": content.text}
        return (embeds.Message({**found[0].payload, "content": "", "attachments": [file]}, content.text),)
    return found


def _is_short(reply: Reply) -> bool:
    """Whether it is no more than a sentence of ours: a refusal, which says nothing that others may not read."""
    return not reply.found and all(isinstance(content, Notice) for content in reply.contents)
