"""Who somebody is in a server: name, and whether they may manage. Discord tells no time zones."""

from __future__ import annotations

import re
from typing import Any

import discord

from bot.connectors import Asker, ChannelGone, DeliveryError
from bot.connectors.discord.api import Api, Remembered
from bot.connectors.discord.parts import (
    ELSEWHERE,
    HOME,
    Origin,
    channel_name,
    guild_of,
    ids,
    own_workspace,
    workspace_name,
)

MANAGERS = "people with the permission Manage Server"
LATELY = 60.0
"""Seconds for which somebody's roles are believed where a form is only shown: sending it asks anew."""
NOT_IN_NAMES = re.compile(r"[`#@/<>]")
"""Signs that would have a meaning in our own sentences."""


class People:
    """Names, each asked of Discord once, and who may manage what."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._names: Remembered[str] = Remembered()
        self._roles: Remembered[tuple[float, tuple[int, ...]]] = Remembered()

    async def names(self, guild: int | None, text: str) -> str:
        """The text with each `@55…` replaced by the plain name of the person or role, where Discord tells it."""
        client = self._api.client
        known = client.get_guild(guild) if client and guild else None
        for person in ids(text, "@"):
            if known and (role := known.get_role(person)):
                text = re.sub(rf"@{person}\b", f"@{NOT_IN_NAMES.sub('', role.name)}".replace("\\", r"\\"), text)
                continue
            try:
                name = await self._name(guild, person)
            except DeliveryError:  # No such person any more, or Discord does not tell: the id stays.
                continue
            text = re.sub(rf"@{person}\b", name.replace("\\", r"\\"), text)
        return text

    async def at(self, origin: Origin, here: Asker, *, lately: bool = False) -> Asker:
        """Who asks, at the server that a direct message of theirs is about. Raises a DeliveryError.

        ChannelGone is raised when they, or the bot, are not in it any more. With `lately` it may be as Discord said
        within the last minute.
        """
        if origin.guild is None:
            return here
        client = self._api.client
        guild = client.get_guild(origin.guild) if client else None
        if guild is None:
            raise ChannelGone("Sidelines is not in that server any more.")
        person = int(here.person)
        known = f"{guild.id}:{person}"
        until, held = self._roles.get(known, (0.0, ()))
        if not lately or self._api.monotonic() > until:
            try:
                held = tuple(map(int, (await self._member(guild.id, person))["roles"]))
            except ChannelGone as error:
                self._roles.pop(known, None)
                raise ChannelGone("You are not in that server any more.") from error
            self._roles.note(known, (self._api.monotonic() + LATELY, held))
        roles = [guild.default_role, *filter(None, map(guild.get_role, held))]
        may = guild.owner_id == person or any(
            role.permissions.manage_guild or role.permissions.administrator for role in roles
        )
        return asker(workspace_name(guild.id), origin.channel or f"@{person}", person, may_manage=may)

    async def _name(self, guild: int | None, person: int) -> str:
        known = f"{guild}:{person}"
        if known not in self._names:
            answer = await self._member(guild, person) if guild else await self._user(person)
            user = answer.get("user") or answer
            name = answer.get("nick") or user.get("global_name") or user["username"]
            self._names.note(known, NOT_IN_NAMES.sub("", name).strip() or str(person))
        return self._names[known]

    async def _member(self, guild: int, person: int) -> dict[str, Any]:
        path = "/guilds/{guild_id}/members/{member_id}"
        found: dict[str, Any] = await self._api.patiently(
            lambda: self._api.request("GET", path, guild_id=guild, member_id=person)
        )
        return found

    async def _user(self, person: int) -> dict[str, Any]:
        found: dict[str, Any] = await self._api.patiently(
            lambda: self._api.request("GET", "/users/{user_id}", user_id=person)
        )
        return found


def asker(workspace: str, channel: int | str, person: int, *, may_manage: bool, at_home: bool = True) -> Asker:
    """Who asks, in a channel of a workspace; if that is their own, perhaps not `at_home` in their direct messages."""
    own = HOME if at_home else ELSEWHERE
    return Asker(
        workspace=workspace,
        channel=channel_name(workspace, channel),
        person=str(person),
        may_manage=may_manage,
        managers=MANAGERS,
        whole="this server" if guild_of(workspace) else own,
    )


def of_interaction(interaction: discord.Interaction[Any]) -> Asker:
    """Who used a command or pressed a button. Where the bot is not installed they are on their own, and only read."""
    person, channel = interaction.user.id, interaction.channel_id or 0
    if interaction.guild_id is None:
        direct = is_direct(interaction)
        return asker(own_workspace(person), channel, person, may_manage=direct, at_home=direct)
    if not interaction.is_guild_integration():
        return asker(own_workspace(person), channel, person, may_manage=False, at_home=False)
    may = interaction.permissions
    return asker(
        workspace_name(interaction.guild_id), channel, person, may_manage=may.manage_guild or may.administrator
    )


def of_message(message: discord.Message) -> Asker:
    """Who wrote a message in a server or a direct conversation."""
    person, channel = message.author.id, message.channel.id
    if message.guild is None:
        return asker(own_workspace(person), channel, person, may_manage=True)
    may = message.author.guild_permissions if isinstance(message.author, discord.Member) else discord.Permissions()
    return asker(workspace_name(message.guild.id), channel, person, may_manage=may.manage_guild or may.administrator)


def is_direct(interaction: discord.Interaction[Any]) -> bool:
    """Whether it is the direct conversation of a person and the bot, and not one that others are in."""
    return interaction.guild_id is None and not interaction.context.private_channel
