"""Addresses that people give, fetched while their command waits: bounded for each person and for all together."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Sequence
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, TypeVar

from bot.app import open_fetcher
from bot.commands.context import LookupRefused
from briefings.finding import Finder

if TYPE_CHECKING:
    from bot.connectors import Asker
    from briefings.finding import Found
    from briefings.opml import Outline
    from briefings.types import Document
    from config.settings import Settings

Given = TypeVar("Given")
Job = Callable[[Finder], Coroutine[Any, Any, Given]]
Run = Callable[[Job[Any]], Any]

AT_ONCE = 8
"""Commands that may wait for an address at a time: they hold a thread each, and others need threads too."""
EACH = 20
PERIOD = 600.0
"""A person gets so many look-ups in so many seconds, so that nobody sends the bot round the web."""
BRIEF_GAP = 0.2
"""Seconds between two requests to a host while a person waits at a command line for a handful of them."""
REMEMBERED = 1000
"""People whose look-ups are counted."""


class Lookups:
    """See `bot.commands.context.Lookup`. `run` does what it is given with a Finder, and blocks until that is done."""

    def __init__(
        self,
        run: Run,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._monotonic = monotonic
        self._room = BoundedSemaphore(AT_ONCE)
        self._recent: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = Lock()

    def feed(self, url: str, asker: Asker) -> Found:
        """The feed at an address, or the one that the page there names. Raises FetchError, UnreadableFeed."""
        return self._told(asker, lambda finder: finder.feed(url))

    def article(self, url: str, asker: Asker) -> Document:
        """The article at an address. Raises FetchError, UnreadableDocument."""
        return self._told(asker, lambda finder: finder.article(url))

    def outlines(self, url: str, asker: Asker) -> Sequence[Outline]:
        """The feeds that an OPML file at an address lists. Raises FetchError, UnreadableFeed."""
        return self._told(asker, lambda finder: finder.outlines(url))

    def _told(self, asker: Asker, job: Job[Given]) -> Given:
        self._count(asker)
        if not self._room.acquire(blocking=False):
            raise LookupRefused("Many addresses are being fetched right now; try again in a minute.")
        try:
            given: Given = self._run(job)
            return given
        finally:
            self._room.release()

    def _count(self, asker: Asker) -> None:
        now = self._monotonic()
        with self._lock:
            recent = self._recent.setdefault((asker.workspace, asker.person), deque())
            self._recent.move_to_end((asker.workspace, asker.person))
            while recent and recent[0] < now - PERIOD:
                recent.popleft()
            if len(recent) >= EACH:
                raise LookupRefused(f"You had {EACH} addresses fetched in {PERIOD / 60:.0f} minutes; try again later.")
            recent.append(now)
            while len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)


def on_loop(finder: Finder, loop: asyncio.AbstractEventLoop) -> Run:
    """Run look-ups on the loop of the running program, for commands in its threads."""
    return lambda job: asyncio.run_coroutine_threadsafe(job(finder), loop).result()


def by_itself(settings: Settings) -> Run:
    """Run each look-up on a loop of its own, for a command line."""

    async def alone(job: Job[Any]) -> Any:
        async with open_fetcher(settings, gap=BRIEF_GAP) as fetcher:
            return await job(Finder(fetcher, asyncio.to_thread, limit=settings.reading.limit))

    return lambda job: asyncio.run(alone(job))
