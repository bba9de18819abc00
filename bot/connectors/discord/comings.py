"""Coming and going: servers that invite or remove the bot, channels that are deleted, and rights that change."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.connectors.discord.parts import channel_name, workspace_name
from bot.connectors.discord.rights import Place, may_speak, missing, takes_posts, wanting

if TYPE_CHECKING:
    from bot.connectors.discord.client import Line
    from bot.connectors.discord.parts import Parts

RECENT = timedelta(days=1)
"""How long after the bot came into a server it still greets there, once."""

log = logging.getLogger(__name__)

DELETED = "That channel is deleted; choose another channel."
THREAD_DELETED = "That thread is deleted; choose another channel."
LOCKED = "That thread is locked; ask a moderator to unlock it, or choose another channel."


def register(line: Line) -> None:
    """Listen to what happens to servers, their channels, and what the bot may do in them.

    An outage of a server at Discord is none of these, and changes nothing.
    """
    watch = Watch(line.parts)

    @line.event
    async def on_guild_join(guild: discord.Guild) -> None:
        await watch.joined(guild)

    @line.event
    async def on_guild_remove(guild: discord.Guild) -> None:
        watch.forget(guild)
        await line.parts.desk.left(workspace_name(guild.id))

    @line.event
    async def on_ready() -> None:
        for guild in line.guilds:
            if not guild.unavailable:
                line.parts.tasks.start(watch.back(guild))

    @line.event
    async def on_guild_available(guild: discord.Guild) -> None:
        await watch.back(guild)

    @line.event
    async def on_guild_channel_delete(channel: discord.abc.GuildChannel) -> None:
        if takes_posts(channel):
            workspace = workspace_name(channel.guild.id)
            await line.parts.desk.lost(workspace, channel_name(workspace, channel.id), DELETED)

    @line.event
    async def on_raw_thread_delete(payload: discord.RawThreadDeleteEvent) -> None:
        workspace = workspace_name(payload.guild_id)
        await line.parts.desk.lost(workspace, channel_name(workspace, payload.thread_id), THREAD_DELETED)

    @line.event
    async def on_thread_update(before: discord.Thread, after: discord.Thread) -> None:
        if after.locked and not before.locked and not after.permissions_for(after.guild.me).manage_threads:
            workspace = workspace_name(after.guild.id)
            await line.parts.desk.lost(workspace, channel_name(workspace, after.id), LOCKED)
        elif before.locked and not after.locked:
            await on_thread_join(after)

    @line.event
    async def on_thread_join(thread: discord.Thread) -> None:  # What was put away is back, or let the bot in.
        if not thread.locked:
            workspace = workspace_name(thread.guild.id)
            await line.parts.desk.regained(workspace, channel_name(workspace, thread.id))

    @line.event
    async def on_guild_channel_update(_before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        await watch.changed(after.guild)

    @line.event
    async def on_guild_role_update(_before: discord.Role, after: discord.Role) -> None:
        await watch.changed(after.guild)

    @line.event
    async def on_guild_role_delete(role: discord.Role) -> None:
        await watch.changed(role.guild)

    @line.event
    async def on_member_update(_before: discord.Member, after: discord.Member) -> None:
        if line.user and after.id == line.user.id:
            await watch.changed(after.guild)


class Watch:
    """Knows in which channels of each server the bot may not speak, and so what a change of rights closes or opens."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._closed: dict[int, frozenset[int]] = {}

    async def joined(self, guild: discord.Guild) -> None:
        """Greet once, where the bot may speak; where it may nowhere, wait for that."""
        self._closed[guild.id] = closed(guild)
        workspace = workspace_name(guild.id)
        place = greeting_place(guild)
        if place is None:
            log.info("no channel to greet in", extra={"action": "no_greeting", "guild": guild.id})
            await self._parts.desk.regained(workspace)
        else:
            await self._parts.desk.joined(workspace, channel_name(workspace, place.id), None)

    async def back(self, guild: discord.Guild) -> None:
        """A server is served from now on, or again."""
        if guild.id in self._closed:  # Told at the same start already.
            await self.changed(guild)
            return
        joined = guild.me.joined_at
        if joined and discord.utils.utcnow() - joined < RECENT:  # Perhaps while nobody was listening.
            await self.joined(guild)
            return
        self._closed[guild.id] = closed(guild)
        await self._parts.desk.regained(workspace_name(guild.id))

    async def changed(self, guild: discord.Guild) -> None:
        """Rights may have changed: tell of the channels that this closed or opened."""
        if guild.unavailable:
            return
        before, after = self._closed.get(guild.id, frozenset()), closed(guild)
        self._closed[guild.id] = after
        workspace = workspace_name(guild.id)
        for place in _places(guild):
            channel = channel_name(workspace, place.id)
            if place.id in after - before:
                await self._parts.desk.lost(workspace, channel, wanting(missing(place), "that channel"))
            elif place.id in before - after:
                await self._parts.desk.regained(workspace, channel)

    def forget(self, guild: discord.Guild) -> None:
        """The bot is not in that server any more."""
        self._closed.pop(guild.id, None)


def closed(guild: discord.Guild) -> frozenset[int]:
    """The channels and threads of a server that take posts, but none of the bot's."""
    return frozenset(place.id for place in _places(guild) if not may_speak(place))


def greeting_place(guild: discord.Guild) -> discord.TextChannel | None:
    """Where to say hello: the channel for the server's own news, else the first text channel where it may."""
    places = [*([guild.system_channel] if guild.system_channel else []), *guild.text_channels]
    return next((place for place in places if may_speak(place)), None)


def _places(guild: discord.Guild) -> list[Place]:
    return [*(channel for channel in guild.channels if takes_posts(channel)), *guild.threads]
