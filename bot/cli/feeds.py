"""`sidelines feeds ...`: what is read for every workspace, and moving feeds in and out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.common import (
    HERE,
    json_option,
    now,
    opened_commands,
    opened_storage,
    print_json,
    print_reply,
    progress_bar,
)
from bot.connectors import Asker
from briefings.types import EVERYONE, Listing

if TYPE_CHECKING:
    from briefings.sources import Source

LARGEST = 20_000_000
"""Bytes of an OPML file that are read: some hundred thousand feeds."""


@click.group(invoke_without_command=True, short_help="List and change the feeds that are read.")
@click.option("--for", "workspace", default=EVERYONE, metavar="WORKSPACE", help="One workspace alone; all without it.")
@json_option
@click.pass_context
def feeds(context: click.Context, workspace: str, as_json: bool) -> int:
    """The feeds that are read for every workspace: without a command, how each one goes.

    A workspace's own sources are changed in its chat; --for names a workspace, such as terminal or slack:T01.
    """
    context.obj = Asker(workspace=workspace, channel=HERE, person="", may_manage=True)
    return 0 if context.invoked_subcommand else _listed(context.obj, as_json=as_json)


@feeds.command(name="list")
@json_option
@click.pass_obj
def show(asker: Asker, as_json: bool) -> int:
    """List the feeds, and how each one goes."""
    return _listed(asker, as_json=as_json)


@feeds.command()
@click.argument("address")
@click.pass_obj
def add(asker: Asker, address: str) -> int:
    """Read the feed at ADDRESS from now on, or the one that the site there names."""
    return _typed(asker, "source", f"add {address}")


def _on_one(verb: str, says: str) -> None:
    """A command on one feed by its number or address."""

    @feeds.command(name=verb, help=says)
    @click.argument("which", metavar="NUMBER or ADDRESS")
    @click.pass_obj
    def act(asker: Asker, which: str) -> int:
        return _typed(asker, "source", f"{verb} {which}")


for _verb, _says in {
    "remove": "Read a feed no more; the articles that it brought stay.",
    "pause": "Leave a feed alone until it is resumed.",
    "resume": "Read a paused feed again.",
    "check": "Fetch a feed now and say what is wrong with it, if anything.",
    "accept": "Let in what was held back because too much of the feed was suddenly new.",
    "skip": "Leave out what was held back.",
}.items():
    _on_one(_verb, _says)


@feeds.command(name="import")
@click.argument("file", metavar="FILE or -")
@click.option("--dry-run", is_flag=True, help="Say what would be added, and add nothing.")
@json_option
@click.pass_obj
def take_in(asker: Asker, file: str, dry_run: bool, as_json: bool) -> int:
    """Add the feeds that an OPML file lists, with a line for what came of each."""
    from bot.commands.sources import take_in as taken
    from briefings.opml import read

    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as stream:
        outlines = read(stream.read(LARGEST))
    with opened_commands() as commands:
        reply = commands.guarded(lambda context: taken(context, outlines, dry=dry_run), asker, now())
    if not as_json:
        return print_reply(reply)
    items = [item for content in reply.contents if isinstance(content, Listing) for item in content.items]
    print_json([{"feed": item.label, "outcome": item.detail} for item in items])
    return 0 if reply.found else 1


@feeds.command()
@click.argument("file", required=False, metavar="[FILE]")
@click.pass_obj
def export(asker: Asker, file: str | None) -> int:
    """Write the feeds as OPML, which other readers take in: to FILE, or to standard output."""
    from bot.commands.sources import export as exported

    with opened_storage() as (_, storage):
        data = exported(storage.sources.list(asker.workspace))
    if file:
        Path(file).write_bytes(data)
    else:
        sys.stdout.write(data.decode())
    return 0


@feeds.command()
def refresh() -> int:
    """Read now every feed that is due, as `sidelines run` does by itself."""
    import asyncio

    from bot.app.refreshing import refresh_once

    with opened_storage() as (settings, storage), progress_bar("Reading") as progress:
        done = asyncio.run(refresh_once(settings, storage, progress))
    click.echo(f"{done} {'feed was' if done == 1 else 'feeds were'} read.")
    return 0


def _listed(asker: Asker, *, as_json: bool) -> int:
    if not as_json:
        return _typed(asker, "sources")
    with opened_storage() as (_, storage):
        print_json([_shape(each) for each in storage.sources.list(asker.workspace)])
    return 0


def _typed(asker: Asker, command: str, argument: str = "") -> int:
    with opened_commands(fetching=True) as commands:
        return print_reply(commands.run(command, argument, asker, now()))


def _shape(it: Source) -> dict[str, Any]:
    feed = it.feed
    return {
        "id": it.id,
        "name": it.name,
        "url": feed.url,
        "site": feed.site,
        "state": "paused by a person" if it.paused else feed.health,
        "reason": feed.reason,
        "since": feed.changed,
        "last_good": feed.last_good,
        "next": None if it.paused else feed.next_fetch,
        "held": it.held,
    }
