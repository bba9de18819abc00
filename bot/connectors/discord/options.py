"""Options of slash commands: their kinds and sizes, and what is offered while people type in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.connectors import Suggesting
from bot.connectors.discord import forms
from bot.connectors.discord.parts import guild_of, ids, own_workspace
from bot.connectors.discord.people import asker, of_interaction
from bot.connectors.discord.posting import shortened
from bot.render.limits import units

if TYPE_CHECKING:
    from bot.connectors.discord.parts import Parts

Interaction = discord.Interaction[Any]

CHOICES, CHOICE = 25, 100
"""Choices that are offered at once, and characters of one:
https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-choice-structure."""
IN_TIME = 0.25
"""Seconds that choices may take; a person types on meanwhile."""
QUESTION = app_commands.Range[str, 1, 500]
WORDS = app_commands.Range[str, 1, 300]
TOPIC = app_commands.Range[str, 1, 500]
WHEN = app_commands.Range[str, 1, 200]
NAME = app_commands.Range[str, 1, 60]
QUERY = app_commands.Range[str, 1, 500]
ZONE = app_commands.Range[str, 1, 60]
ADDRESS = app_commands.Range[str, 1, 2000]
SOURCE = app_commands.Range[str, 1, 2000]
HOURS = app_commands.Range[str, 1, 20]
STORIES = app_commands.Range[int, 1, 25]
SENTENCES = app_commands.Range[int, 1, 10]


def choices(*values: str) -> list[app_commands.Choice[str]]:
    """An option's only values."""
    return [app_commands.Choice(name=value, value=value) for value in values]


class AnyChannel(app_commands.Transformer):
    """A channel that briefings can be posted in, also one that the bot does not see yet."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """A channel."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Those that take texts."""
        return [discord.ChannelType(kind) for kind in forms.CHANNEL_TYPES]

    async def transform(self, _interaction: Interaction, value: Any, /) -> int:
        """Its id."""
        return int(value.id)


CHANNEL = app_commands.Transform[int, AnyChannel]
"""An option for a channel."""


def suggesting(
    parts: Parts, about: Suggesting
) -> Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]:
    """What is offered for an option while it is typed: from memory, and never an error."""

    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        here = of_interaction(interaction)
        if guild_of(here.channel) is None:
            here = asker(own_workspace(interaction.user.id), 0, interaction.user.id, may_manage=False)
        try:
            async with asyncio.timeout(IN_TIME):
                found = await parts.desk.suggest(about, typed, here, CHOICES)
        except TimeoutError:
            return []
        return [
            app_commands.Choice(name=_label(parts, each.label), value=each.value)
            for each in found
            if each.label and 0 < units(each.value) <= CHOICE
        ][:CHOICES]

    return suggest


def _label(parts: Parts, label: str) -> str:
    """A choice as it is shown: channels by their names, and not too long."""
    for id in ids(label, "#"):
        if place := parts.api.channel(str(id)):
            label = label.replace(f"#{id}", f"#{getattr(place, 'name', id)}")
    return shortened(label)
