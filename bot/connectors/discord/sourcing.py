"""Slash commands about sources: what is read, each feed of it, and lists of feeds from and for other readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.connectors.discord.commands import managing, reading, run
from bot.connectors.discord.options import ADDRESS, SOURCE, Interaction, suggesting

if TYPE_CHECKING:
    from bot.connectors.discord.client import Line
    from bot.connectors.discord.parts import Parts

ON_ONE = {
    "remove": "Reads it no more; the articles that it brought stay",
    "pause": "Reads it no more until you resume it",
    "resume": "Reads it again",
    "check": "Fetches it now, and says what is wrong",
    "accept": "Lets in what was held back because too much was suddenly new",
    "skip": "Leaves out what was held back",
}
"""What can be done with a source, and what that does."""


def register(line: Line) -> None:
    """Add these commands to the tree."""
    parts = line.parts

    @line.tree.command(name="sources", description="The feeds that are read, and how that goes")
    @reading
    async def sources(interaction: Interaction) -> None:
        _answer(parts, interaction, "sources")

    line.tree.add_command(managing(_one(parts)))
    line.tree.add_command(managing(_lists(parts)))


def _one(parts: Parts) -> app_commands.Group:
    """`/source`."""
    group = app_commands.Group(name="source", description="Feeds, and sites that have one")

    @group.command(name="add", description="Reads a feed from now on")
    @app_commands.describe(address="Of a feed (RSS, Atom, JSON Feed), or of a site that names one")
    async def add(interaction: Interaction, address: ADDRESS) -> None:
        _answer(parts, interaction, f"source add {address}")

    @group.command(name="list", description="The feeds that are read, and how that goes")
    async def listed(interaction: Interaction) -> None:
        _answer(parts, interaction, "sources")

    for verb, description in ON_ONE.items():
        _on_one(group, parts, verb, description)
    return group


def _on_one(group: app_commands.Group, parts: Parts, verb: str, description: str) -> None:
    @group.command(name=verb, description=description)
    @app_commands.describe(source="Its number, name or address")
    @app_commands.autocomplete(source=suggesting(parts, "source"))
    async def command(interaction: Interaction, source: SOURCE) -> None:
        _answer(parts, interaction, f"source {verb} {source}")


def _lists(parts: Parts) -> app_commands.Group:
    """`/feeds`."""
    group = app_commands.Group(name="feeds", description="Lists of feeds as OPML, which feed readers share")

    @group.command(name="import", description="Adds all feeds of a list")
    @app_commands.describe(
        file="An OPML file of yours",
        address="Or where such a file is in the web",
        dry_run="Only say line by line what would be added; adds nothing",
    )
    async def taken(
        interaction: Interaction,
        file: discord.Attachment | None = None,
        address: ADDRESS | None = None,
        dry_run: bool = False,
    ) -> None:
        words = ("feeds import", file.url if file else address, "dry run" if dry_run else "")
        _answer(parts, interaction, " ".join(filter(None, words)))

    @group.command(name="export", description="All feeds that are read, as a list to be copied")
    async def given(interaction: Interaction) -> None:
        _answer(parts, interaction, "feeds export")

    return group


def _answer(parts: Parts, interaction: Interaction, text: str) -> None:
    """Answer the words to who asked alone: they have buttons, or addresses that may hold a reader's own key."""
    parts.tasks.start(run(parts, interaction, lambda asker: parts.desk.answer(text, asker), private=True))
