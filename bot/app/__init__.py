"""The one place where parts are built and joined, for the command line and for `run`.

Building is lazy: a stored answer needs the keywords and the index alone, and must not pay for importing a database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import config
from briefings.errors import ModelUnavailable
from briefings.index import Index
from briefings.keywords import Keywords, load_aliases
from briefings.storage import Storage
from briefings.storage.peek import last_change

if TYPE_CHECKING:
    from bot.commands import Commands
    from bot.commands.context import Lookup, Managers
    from briefings.entries import Embedding
    from briefings.fetch import Fetcher
    from config.settings import Settings

CONFIG = Path(config.__path__[0])
INDEX = "index"
"""The folder of the search index within the data folder."""

Progress = Callable[[int, int], None]
"""Told how many of how many articles the index has taken in."""


def open_keywords() -> Keywords:
    """The one normalisation of words, with the aliases that come with the program."""
    return Keywords(load_aliases(CONFIG / "aliases.toml"))


def open_storage(settings: Settings) -> Storage:
    """The database, made or migrated when needed. Raises StorageError."""
    settings.data_folder()
    return Storage.open(settings.data.database_url.reveal())


def open_embedding(settings: Settings) -> Embedding | None:
    """The model of meaning that the operator brought, None for none. Raises ModelUnavailable."""
    if not settings.semantic.model:
        return None
    try:
        from briefings.semantic import Embedding
    except ImportError as error:
        message = f"The model in [semantic] needs {error.name}: install sidelines[semantic], or leave the option empty."
        raise ModelUnavailable(message) from error
    return Embedding(Path(settings.semantic.model).expanduser())


def index_as_it_is(settings: Settings, keywords: Keywords) -> Index:
    """The search index as it is. Raises IndexUnavailable or ModelUnavailable."""
    return Index.open(settings.data_folder() / INDEX, keywords, open_embedding(settings))


def open_index(
    settings: Settings, keywords: Keywords, *, storage: Storage | None = None, progress: Progress | None = None
) -> Index:
    """The search index, caught up with the database, which is opened here only when the index is behind.

    `progress` is called on long work. Raises StorageError, IndexUnavailable or ModelUnavailable.
    """
    index = index_as_it_is(settings, keywords)
    if storage is not None:
        index.catch_up(storage.articles, progress)
    elif last_change(settings.data.database_url.reveal()) != index.last_change:
        with open_storage(settings) as opened:
            index.catch_up(opened.articles, progress)
    return index


def open_fetcher(settings: Settings, *, gap: float = 1.0, limited: Callable[[], object] = lambda: None) -> Fetcher:
    """What fetches web addresses, to be closed after use; `gap` is in seconds, between two requests to a host.

    `limited` is called whenever a host refuses a request as too fast.
    """
    from briefings.fetch import Asking, Fetcher

    return Fetcher(
        Asking(
            limit=settings.reading.limit,
            allow_hosts=frozenset(settings.reading.allow_hosts),
            contact=settings.sources.contact,
            at_once=settings.sources.at_once,
            gap=gap,
        ),
        limited=limited,
    )


def build_commands(
    settings: Settings,
    storage: Storage,
    index: Index,
    keywords: Keywords,
    managers: Managers | None = None,
    lookup: Lookup | None = None,
) -> Commands:
    """What answers typed words, over these parts.

    `managers` gives the channel of notices to those who manage; `lookup` fetches addresses that people give.
    """
    from bot.commands import Commands
    from bot.commands.context import nobody

    return Commands(storage, index, keywords, settings.preferences, settings.briefing.when, managers or nobody, lookup)


def run(
    settings: Settings,
    indexing: AbstractContextManager[Progress | None] | None = None,
    *,
    session: bool = False,
    only: Collection[str] = (),
) -> int:
    """Start everything that is configured, serve until told to stop, stop cleanly; gives the exit status.

    With `session` there is one in this terminal too, beside the chat platforms; with `only`, the parts named in
    `bot.app.roles.ROLES` are started, and other processes do the rest. `indexing` is entered while the index
    catches up, and gives what is told about it. Raises SidelinesError, above all when another process runs on the same
    data.
    """
    from bot.app.running import run

    return run(settings, indexing or nullcontext(), session=session, only=only)
