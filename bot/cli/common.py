"""What several commands share: the parts they open, how they print, and where their progress goes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from bot.connectors import Asker
from briefings.types import Action, Content, Listing, Notice, Reply

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from bot.commands import Commands
    from briefings.storage import Storage
    from config.settings import Settings

WORKSPACE = "terminal"
HERE = f"{WORKSPACE}:#general"
ASKER = Asker(workspace=WORKSPACE, channel=HERE, person="operator", may_manage=True)
"""Whoever may type here owns the data folder, and so manages everything in it."""

Progress = Callable[[int, int], None]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def load_settings() -> Settings:
    """The settings. Raises SettingsError naming every fault."""
    import os

    from config.settings import Settings

    return Settings.load(os.environ)


def now() -> datetime:
    """The present, for whoever needs it passed in."""
    return datetime.now(UTC)


@contextmanager
def opened_storage() -> Iterator[tuple[Settings, Storage]]:
    """The settings and the database they name. Raises StorageError."""
    from bot.app import open_storage

    settings = load_settings()
    with open_storage(settings) as storage:
        yield settings, storage


@contextmanager
def opened_as_it_is(settings: Settings) -> Iterator[Storage | None]:
    """The database as it is, None when it is not there yet. Raises StorageError."""
    from briefings.storage import Storage
    from briefings.storage.engine import Database
    from briefings.storage.peek import sqlite_path

    url = settings.data.database_url.reveal()
    path = sqlite_path(url)
    if path is not None and not path.exists():
        yield None
        return
    database = Database(url)
    try:
        empty = database.revision() is None
    finally:
        database.close()
    if empty:
        yield None
    else:
        with Storage.open(url, migrate=False) as storage:
            yield storage


@contextmanager
def opened_commands(*, fetching: bool = False) -> Iterator[Commands]:
    """Everything that answers typed words, with `fetching` also what has to be fetched first.

    Raises StorageError, IndexUnavailable.
    """
    from bot.app import build_commands, open_index, open_keywords

    with opened_storage() as (settings, storage), progress_bar("Indexing") as progress:
        keywords = open_keywords()
        index = open_index(settings, keywords, storage=storage, progress=progress)
        lookup = None
        if fetching:
            from bot.app.lookups import Lookups, by_itself

            lookup = Lookups(by_itself(settings))
        yield build_commands(settings, storage, index, keywords, lookup=lookup)


FEW = 50
"""Fewer articles than this are done before a bar could be read."""


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A function to call with (done, of how many): a bar on standard error, when a person watches and it takes long."""
    bar: ProgressBar[int] | None = None

    def progress(done: int, of: int) -> None:
        nonlocal bar
        if bar is None and FEW <= of > done and sys.stderr.isatty():
            bar = click.progressbar(length=of, label=label, file=sys.stderr)
            bar.render_progress()
        if bar is not None:
            bar.update(done - bar.pos)
            if done >= of:
                bar.render_finish()
                bar = None

    try:
        yield progress
    finally:
        if bar is not None:
            bar.render_finish()


def print_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def print_reply(reply: Reply) -> int:
    """Print a reply for people and give the exit status; refusals and problems go to standard error."""
    from bot.cli.group import refuse
    from bot.render.plain_text import content_text

    width = min(shutil.get_terminal_size().columns, 100)
    first = True
    for content in reply.contents:
        shown = for_shell(content)
        if isinstance(shown, Notice) and shown.level != "info":
            refuse(content_text(shown, width=width))
            continue
        click.echo(("" if first else "\n") + content_text(shown, width=width))
        first = False
    return 0 if reply.found else 1


def print_listing_or(reply: Reply, as_json: bool) -> int:
    """Print a reply; as JSON, the items of its listing, or none with the refusal on standard error."""
    from bot.cli.group import refuse

    if not as_json:
        return print_reply(reply)
    listing = next((content for content in reply.contents if isinstance(content, Listing)), None)
    items = listing.items if listing else ()
    print_json([{"label": item.label, "detail": item.detail, "url": item.url} for item in items])
    for content in reply.contents:
        if isinstance(content, Notice):
            refuse(content.text)
    return 0 if reply.found else 1


def for_shell(content: Content) -> Content:
    """The content with its actions as shell commands; those that only a chat has are left out."""
    from bot.cli.group import COMMANDS

    def shell(actions: tuple[Action, ...]) -> tuple[Action, ...]:
        return tuple(
            Action(action.label, f"sidelines {action.command}")
            for action in actions
            if action.command.partition(" ")[0] in COMMANDS
        )

    changed = msgspec.structs.replace(content, actions=shell(content.actions))
    if isinstance(changed, Listing):
        items = tuple(msgspec.structs.replace(item, actions=shell(item.actions)) for item in changed.items)
        changed = msgspec.structs.replace(changed, items=items)
    return changed
