"""Channels and threads by their ids or names: of which server they are, and what the bot is not permitted there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from weakref import WeakValueDictionary

import discord
from msgspec import Struct

from bot.connectors import Asker, ChannelGone, DeliveryError
from bot.connectors.discord.api import Api, Payload, Remembered
from bot.connectors.discord.parts import guild_of
from bot.connectors.discord.rights import NAMES, missing, missing_in_threads, takes_posts

FORUMS = {15, 16}
"""Kinds of forums, of texts and of media (same page)."""
LAYOUT_KEPT = 600.0
"""Seconds for which a server's channels are believed to be as they were told."""
THREADS = {10, 11, 12}
"""Kinds of threads: https://docs.discord.com/developers/resources/channel#channel-object-channel-types."""
PLACED = re.compile(r"(?P<command>subscribe|subscriptions|settings)\b(?P<words>.*)#(?P<name>\S+)", re.I | re.DOTALL)
"""Commands that end with the channel they are about."""
NEEDS_TAG = 1 << 4
"""The flag of a forum whose posts must have a tag (same page)."""
ID = re.compile(r"\d{17,20}")

OWN = "In a direct message you subscribe for yourself alone. Leave the channel out, or say it in the server itself."


class Unknown(DeliveryError):
    """Somebody named a channel that is not there; the text says so."""


class Forum(Struct, frozen=True):
    """A forum: its tags that anybody may use, name and id, and whether a post must have one."""

    id: int
    guild: int
    tags: tuple[tuple[str, int], ...]
    needs_tag: bool

    @staticmethod
    def of(known: discord.ForumChannel) -> Forum:
        """As the client remembers it."""
        tags = tuple((tag.name, tag.id) for tag in known.available_tags if not tag.moderated)
        return Forum(known.id, known.guild.id, tags, known.flags.require_tag)

    @staticmethod
    def told(guild: int, channel: Payload) -> Forum:
        """As Discord tells: https://docs.discord.com/developers/resources/channel#channel-object."""
        tags = tuple((tag["name"], int(tag["id"])) for tag in channel.get("available_tags", ()) if not tag["moderated"])
        return Forum(int(channel["id"]), guild, tags, bool(channel.get("flags", 0) & NEEDS_TAG))


class Atlas:
    """What a process must ask for that is not at the gateway: which channels a server has, and who owns it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._layouts: Remembered[tuple[float, Mapping[str, Payload]]] = Remembered()
        self._asking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def channel(self, guild: int, id: str) -> Payload | None:
        """A channel of a server; None when it is none, or a thread. Raises a DeliveryError."""
        asking = self._asking.setdefault(guild, asyncio.Lock())
        async with asking:  # A hundred posts into one server ask once.
            asked, layout = self._layouts.get(str(guild), (float("-inf"), {}))
            if self._api.monotonic() - asked > LAYOUT_KEPT:
                channels = await self._api.request("GET", "/guilds/{guild_id}/channels", guild_id=guild)
                layout = {str(each["id"]): each for each in channels}
                self._layouts.note(str(guild), (self._api.monotonic(), layout))
        return layout.get(id)

    async def owner(self, guild: int) -> str:
        """The id of who owns a server. Raises a DeliveryError."""
        return str((await self._api.request("GET", "/guilds/{guild_id}", guild_id=guild))["owner_id"])


class Whereabouts(Struct, frozen=True):
    """The server that a channel is in, none for a direct conversation; and the channel that a thread belongs to."""

    guild: int | None = None
    parent: int | None = None


async def look_up(api: Api, id: str) -> Whereabouts:
    """Where a channel or thread is, as the client remembers it, else as Discord says. Raises a DeliveryError."""
    known = api.channel(id)
    if known is not None:
        guild = getattr(known, "guild", None)
        return Whereabouts(guild.id if guild else None, getattr(known, "parent_id", None))
    answer = await api.request("GET", "/channels/{channel_id}", channel_id=id)
    guild, parent = answer.get("guild_id"), answer.get("parent_id") if answer["type"] in THREADS else None
    return Whereabouts(int(guild) if guild else None, int(parent) if parent else None)


async def lacking(api: Api, guild: discord.Guild, id: str) -> tuple[str, ...]:
    """What the bot is not permitted in a channel or thread of a server, which may be put away; none if unknown."""
    known = guild.get_channel_or_thread(int(id))
    if known is not None:
        return missing(known)
    try:
        where = await look_up(api, id)
    except ChannelGone:
        return (NAMES["view_channel"],)
    except DeliveryError:
        return ()
    parent = guild.get_channel(where.parent) if where.parent else None
    return missing_in_threads(parent) if parent else ()


async def placed(api: Api, text: str, asker: Asker) -> str:
    """The words of a command with the id of the channel it names, which must be one of the asker's server.

    Raises Unknown, with a sentence for the asker, when it is none, or several have that name.
    """
    match = PLACED.fullmatch(text)
    guild = guild_of(asker.workspace)
    if match is None:
        return text
    if guild is None:
        raise Unknown(OWN)
    known = api.client.get_guild(guild) if api.client else None
    name = match["name"]
    if known is None:
        return text
    if ID.fullmatch(name):
        await _must_be_in(api, guild, name)
        return text
    found = [each for each in (*known.channels, *known.threads) if each.name.casefold() == name.casefold()]
    found = [each for each in found if isinstance(each, discord.Thread) or takes_posts(each)]
    if len(found) != 1:
        raise Unknown(_unknown(name))
    return f"{match['command']}{match['words']}#{found[0].id}"


async def _must_be_in(api: Api, guild: int, id: str) -> None:
    try:
        where = await look_up(api, id)
    except ChannelGone:  # A private thread, or one that is gone: what is missing there is told when it is subscribed.
        return
    if where.guild != guild:
        raise Unknown("That channel is not one of this server; choose it from the list that comes up after typing #.")


def _unknown(name: str) -> str:
    return f"I know no channel #{name} here; choose it from the list that comes up after typing #."
