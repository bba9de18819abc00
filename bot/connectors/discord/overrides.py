"""Who else may use managing commands: servers can say so in their settings, under Integrations.

Discord holds commands to that; buttons and forms are held to it here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import discord
from msgspec.structs import replace

from bot.connectors import Asker, DeliveryError
from bot.connectors.discord.api import Api, Remembered
from bot.connectors.discord.parts import guild_of

log = logging.getLogger(__name__)

KEPT = 60.0
"""Seconds that a server's settings are believed."""
IN_TIME, PATIENCE = 0.25, 10.0
"""Seconds that looking them up may take before an interaction is acknowledged, which has to be within three and may
take most of them; and after that."""
ROLE, USER = 1, 2
"""Kinds of what commands are permitted to:
https://docs.discord.com/developers/interactions/application-commands#application-command-permissions-object."""
COMMANDS = {"subscribe", "unsubscribe", "pause", "resume", "reschedule", "topic", "source", "feeds", "settings"}
"""Managing commands. What else is pressed to manage goes by `/subscribe`."""
PRESSED = {"post": "subscribe"}


class Overrides:
    """What servers say of each command, asked of Discord once in a while."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._names: Mapping[str, str] = {}
        self._known: Remembered[tuple[float, Mapping[str, Sequence[Any]]]] = Remembered()

    def learn(self, commands: Iterable[Mapping[str, Any]]) -> None:
        """Take the ids of the commands from their definitions as Discord has them."""
        self._names = {str(each["id"]): str(each["name"]) for each in commands if "id" in each}

    async def applied(self, interaction: discord.Interaction[Any], asker: Asker, text: str) -> Asker:
        """The asker, as one who may manage if the server lets them use the command that the words begin with."""
        word = text.partition(" ")[0]
        command, guild = PRESSED.get(word, word), guild_of(asker.workspace)
        person = interaction.user
        if asker.may_manage or guild is None or command not in COMMANDS or not isinstance(person, discord.Member):
            return asker
        acknowledged = interaction.response.is_done()
        try:
            async with asyncio.timeout(PATIENCE if acknowledged else IN_TIME):
                said = await self._of(guild, interaction.application_id)
        except (TimeoutError, DeliveryError) as error:
            log.info("a server's settings are unknown: %s", error, extra={"action": "overrides_unknown"})
            if acknowledged:
                self._known.note(str(guild), (self._api.monotonic() + KEPT, {}))
            return asker
        rules = said.get(command, said.get("", ()))
        return replace(asker, may_manage=permits(rules, guild, person.id, {role.id for role in person.roles}))

    async def _of(self, guild: int, application: int) -> Mapping[str, Sequence[Any]]:
        """The rules of each command by its name, and under "" those for all that have none of their own."""
        until, known = self._known.get(str(guild), (0.0, {}))
        if self._api.monotonic() < until:
            return known
        path = "/applications/{application_id}/guilds/{guild_id}/commands/permissions"
        answer = await self._api.request("GET", path, application_id=application, guild_id=guild)
        names = {**self._names, str(application): ""}
        said = {names[str(each["id"])]: each["permissions"] for each in answer if str(each["id"]) in names}
        self._known.note(str(guild), (self._api.monotonic() + KEPT, said))
        return said


def permits(rules: Sequence[Mapping[str, Any]], guild: int, person: int, roles: set[int]) -> bool:
    """Whether rules name a person, or one of their roles, as permitted; what is said of a person counts most."""
    theirs = {int(each["id"]): bool(each["permission"]) for each in rules if each["type"] == USER}
    if person in theirs:
        return theirs[person]
    of_roles = {int(each["id"]): bool(each["permission"]) for each in rules if each["type"] == ROLE}
    own = [of_roles[role] for role in roles - {guild} if role in of_roles]
    return any(own) if own else of_roles.get(guild, False)
