"""Feeds read once, for a command line: all that are due, and then it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.app import open_fetcher, open_keywords
from bot.app.workshop import Workshop
from briefings.refresh import Options, Refresher
from briefings.updates import queue

if TYPE_CHECKING:
    from bot.app import Progress
    from briefings.bodies import Work
    from briefings.fetch import Fetcher
    from briefings.refresh.intake import Place
    from briefings.storage import Storage
    from config.settings import Settings


def open_refresher(settings: Settings, storage: Storage, fetcher: Fetcher, work: Work, place: Place) -> Refresher:
    """What keeps feeds read, as the settings say; `place` is where notices about a source go."""
    options = Options(every=timedelta(seconds=settings.sources.every), limit=settings.reading.limit)
    follow = partial(queue, storage, open_keywords(), settings.preferences)
    return Refresher(storage, fetcher, work, options, place=place, follow=follow)


async def refresh_once(settings: Settings, storage: Storage, progress: Progress) -> int:
    """Read every feed that is due now, and give how many that were; one that another process reads is left to it."""
    begun = _now()
    due = {it.feed.id for it in storage.sources.list_all() if _is_due(it.feed.next_fetch, begun) and not it.paused}
    workshop = Workshop()
    try:
        async with open_fetcher(settings) as fetcher:
            refresher = open_refresher(settings, storage, fetcher, workshop.work, lambda _: None)
            while (at := await refresher.next_due()) and at <= begun:
                await refresher.refresh()
                await refresher.idle()
                progress(len(due) - len(_left(storage, due, begun)), len(due))
    finally:
        await workshop.close()
    return len(due) - len(_left(storage, due, begun))


def _left(storage: Storage, due: set[int], begun: datetime) -> set[int]:
    return {it.feed.id for it in storage.sources.list_all() if it.feed.id in due and _is_due(it.feed.next_fetch, begun)}


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _now() -> datetime:
    return datetime.now(UTC)
