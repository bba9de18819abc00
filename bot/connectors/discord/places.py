"""Channels and threads by their ids or names: of which server they are, and what the bot is not permitted there."""

from __future__ import annotations

import re

import discord
from msgspec import Struct

from bot.connectors import Asker, ChannelGone, DeliveryError
from bot.connectors.discord.api import Api
from bot.connectors.discord.parts import guild_of
from bot.connectors.discord.rights import NAMES, missing, missing_in_threads, takes_posts

THREADS = {10, 11, 12}
"""Kinds of threads: https://docs.discord.com/developers/resources/channel#channel-object-channel-types."""
PLACED = re.compile(r"(?P<command>subscribe|subscriptions|settings)\b(?P<words>.*)#(?P<name>\S+)", re.I | re.DOTALL)
"""Commands that end with the channel they are about."""
ID = re.compile(r"\d{17,20}")

OWN = "In a direct message you subscribe for yourself alone. Leave the channel out, or say it in the server itself."


class Unknown(DeliveryError):
    """Somebody named a channel that is not there; the text says so."""


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
