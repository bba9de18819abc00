"""`sidelines status`, `backup`: how things are, and a copy of everything, while it runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from bot.cli.common import json_option, load_settings, now, opened_as_it_is, print_json
from briefings.errors import SidelinesError

if TYPE_CHECKING:
    from briefings.audit import Audit
    from briefings.storage import Storage
    from briefings.storage.figures import Briefed, Doubtful, Failing, State
    from briefings.storage.processes import Process

NAMED = 20
"""Failing feeds and deliveries in doubt that are named; the rest are counted."""


class Status(Struct, frozen=True, kw_only=True):
    """How things are: processes that were heard of lately and those that fell silent, and what waits or went wrong."""

    running: list[Process]
    silent: list[Process]
    last_briefing: Briefed | None
    state: State
    failing: list[Failing]
    unknown: int
    in_doubt: list[Doubtful]
    audit: Audit | None


@click.command(short_help="Show what runs, what waits and what went wrong.")
@json_option
def status(as_json: bool) -> int:
    """Show what runs on this database, what waits and what went wrong, with what can be done about it."""
    with opened_as_it_is(load_settings()) as storage:
        if storage is None:
            print_json(None) if as_json else click.echo("Nothing is stored yet; `sidelines run` or `add` begins.")
            return 0
        found = read(storage, now())
    if as_json:
        print_json(found)
    else:
        for line in told(found):
            click.echo(line)
    return 0


def read(storage: Storage, at: datetime) -> Status:
    """How things are, as the database knows it."""
    from briefings import audit
    from briefings.storage.processes import SILENT

    with storage.reading():
        processes = storage.processes.list()
        unknown, in_doubt = storage.figures.unknown(NAMED)
        return Status(
            running=[each for each in processes if at - each.seen <= SILENT],
            silent=[each for each in processes if at - each.seen > SILENT],
            last_briefing=storage.figures.last_briefing(),
            state=storage.figures.state(at - timedelta(minutes=10)),
            failing=storage.figures.failing(NAMED),
            unknown=unknown,
            in_doubt=in_doubt,
            audit=audit.last(storage),
        )


def told(found: Status) -> Iterator[str]:
    """The same for people, line by line."""
    from bot.render.plain_text import clean

    state = found.state
    yield from _line("Running", [f"{_serving(each)} since {_when(each.started)}" for each in found.running])
    if not found.running:
        yield "    Start `sidelines run`."
    if found.silent:
        yield from _line("Silent", [f"{_serving(each)}, last heard of {_when(each.seen)}" for each in found.silent])
    last = found.last_briefing
    yield from _line("Last briefing", [f"{_when(last.at)}, in {clean(last.channel)}"] if last else [])
    yield from _line("Queue", [_since(state.pending, "delivery", "deliveries", state.pending_since)])
    yield from _line("Overdue", [_since(state.overdue, "subscription", "subscriptions", state.overdue_since)])
    yield from _line("Feeds", [f"{count:,} {health}" for health, count in sorted(state.feeds.items())])
    for feed in found.failing:
        since = f" since {_when(feed.since)}" if feed.since else ""
        yield f"    {feed.source}, {clean(feed.name)}{since}: {clean(feed.reason or 'it cannot be read.')}"
    yield from _line("In doubt", [_since(found.unknown, "delivery", "deliveries", None)])
    for one in found.in_doubt:
        yield f"    {one.delivery} in {clean(one.channel)}, {_when(one.created)}: {clean(one.reason or '')}"
    yield from _audited(found.audit)


def _audited(audit: Audit | None) -> Iterator[str]:
    if audit is None:
        yield from _line("Last audit", [])
        return
    from briefings.audit import OUTCOMES

    counts = [f"{count:,} {name}" for name in OUTCOMES if (count := getattr(audit.balance, name))]
    yield from _line("Last audit", [f"{_when(audit.at)}, of {audit.balance.due:,} slots", *counts])
    for lost in audit.lost[:NAMED]:
        yield f"    lost: number {lost.subscription} in {lost.channel} at {lost.slot}"


def _line(name: str, words: list[str]) -> Iterator[str]:
    yield f"{name}: {', '.join(words) or 'none'}."


def _since(count: int, one: str, many: str, since: datetime | None) -> str:
    if not count:
        return "none"
    return f"{count:,} {one if count == 1 else many}" + (f", the oldest since {_when(since)}" if since else "")


def _serving(process: Process) -> str:
    return " + ".join(process.serves) or "nothing"


def _when(at: datetime) -> str:
    return f"{at:%d %b %H:%M} UTC"


@click.command(short_help="Copy the database into a file, also while it runs.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> int:
    """Copy the SQLite database into FILE, which must not exist yet; Sidelines may go on running meanwhile.

    To restore it, stop Sidelines and put FILE in the place of the database; README.md says what happens then.
    """
    from briefings.storage.backup import backup as copy
    from briefings.storage.peek import sqlite_path

    path = sqlite_path(load_settings().data.database_url.reveal())
    if path is None:
        raise SidelinesError("this database is no SQLite file; make a backup of PostgreSQL with `pg_dump`.")
    size = copy(path, file)
    click.echo(f"{file} holds all of {path}, {size / 1_000_000:,.1f} MB.")
    return 0
