"""The one place where parts are built and joined, for the command line and for `run`.

Building is lazy: a stored answer needs the keywords and the index alone, and must not pay for importing a database.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.commands import Commands
    from briefings.index import Index
    from briefings.keywords import Keywords
    from briefings.storage import Storage
    from config.settings import Settings

Progress = Callable[[int, int], None]
"""Told how many of how many articles the index has taken in."""


def open_keywords(settings: Settings) -> Keywords:
    """The one normalisation of words, with the aliases of the settings."""
    from briefings.keywords import Keywords, load_aliases

    return Keywords(load_aliases(settings.aliases))


def open_storage(settings: Settings) -> Storage:
    """The database, migrated to this version. Raises StorageError in one sentence."""
    from briefings.storage import Storage

    return Storage.open(settings.database_url)


def open_index(
    settings: Settings, keywords: Keywords, *, storage: Storage | None = None, progress: Progress | None = None
) -> Index:
    """The search index, caught up with the database; the database is opened only when there is something to catch up."""
    from briefings.index import Index
    from briefings.storage.peek import last_change

    index = Index.open(Path(settings.data_dir) / "index", keywords)
    if storage is not None:
        index.catch_up(storage.articles, progress)
    elif last_change(settings.database_url) != index.last_change:
        with open_storage(settings) as opened:
            index.catch_up(opened.articles, progress)
    return index


def build_commands(settings: Settings, storage: Storage, index: Index, keywords: Keywords) -> Commands:
    """What answers typed words, over these parts."""
    from bot.commands import Commands

    return Commands(storage, index, keywords, settings.defaults)


def run(settings: Settings) -> int:
    """Start everything that is configured and serve until told to stop; gives the exit status."""
    raise SystemExit(f"{settings.data_dir}: nothing to start yet.")
