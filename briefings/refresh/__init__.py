"""REFRESH: feeds that are due are fetched and read, and what is new goes to all who have them as sources.

A feed is claimed for a lease; nothing of a look at it is stored until all is read, and then all of it in one
transaction. A process killed on the way leaves nothing, and another looks again when the lease has run out.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from briefings import bodies
from briefings.errors import FetchError, SidelinesError, StorageError
from briefings.polling import after_failure, after_success
from briefings.refresh.gathering import Gatherer, Rests, host_of
from briefings.refresh.intake import Follow, Intake, Looked, Place

if TYPE_CHECKING:
    from briefings.fetch import Fetcher
    from briefings.sources import Feed
    from briefings.storage import Storage

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Feeds under way at a time. Most wait for the turn of their host, so more than the hosts that are asked at a time."""

LEASE = timedelta(minutes=15)
"""How long a feed is held by the process that reads it."""

OFFLINE_AT_MOST = timedelta(days=1)
"""How long silence is not counted against feeds: what is dead for longer is told, be it their hosts or our line."""

OFFLINE = 3
"""Silent hosts, and none that answered since twice the time between two looks, that mean that our own line is down.

So nothing is failing because of it: that takes three failures, and the third comes later than that.
"""

FAULT = "Reading it failed by a fault of Sidelines; the log has the details."


class Options(Struct, frozen=True, kw_only=True):
    """How feeds are read: `every` is the least time between two looks, `limit` the most bytes of a feed or a page."""

    every: timedelta
    limit: int


class Refresher:
    """Keeps all feeds read, many hosts at a time; one that fails keeps no other from its turn."""

    def __init__(
        self,
        storage: Storage,
        fetcher: Fetcher,
        work: bodies.Work,
        options: Options,
        *,
        place: Place,
        follow: Follow = lambda _outcomes, _now: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._storage = storage
        self._fetcher = fetcher
        self._work = work
        self._options = options
        self._now = now
        self._jitter = jitter
        self._holder = uuid4().hex
        self._rests = Rests()
        self._intake = Intake(storage, self._holder, place, follow)
        self._gatherer = Gatherer(fetcher, work, self._rests, every=options.every, limit=options.limit, now=now)
        self._silent: set[str] = set()
        self._heard = now()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._settled: list[tuple[Feed, Feed]] = []

    async def next_due(self) -> datetime | None:
        """When there is something to do; None when no feed is ever due, or as many as can be are under way."""
        if self._settled:
            return self._now()
        if len(self._under_way) >= AT_ONCE:
            return None
        return await asyncio.to_thread(self._storage.feeds.earliest_due)

    async def refresh(self) -> None:
        """Store what came of feeds without news, and begin to read those that are due."""
        settled, self._settled = self._settled, []
        for feed, waits in await asyncio.to_thread(self._turn, settled, AT_ONCE - len(self._under_way)):
            if feed.id not in self._under_way:  # Else its lease ran out here, and is renewed by this.
                task = self._under_way[feed.id] = asyncio.create_task(self._refresh(feed, waits=waits))
                task.add_done_callback(partial(self._ended, feed.id))

    def _turn(self, settled: Sequence[tuple[Feed, Feed]], room: int) -> list[tuple[Feed, bool]]:
        """Let go of feeds and claim others, each with whether entries of it wait: for all of them one transaction."""
        now = self._now()
        with self._storage.writing():
            self._storage.feeds.save_all(settled, self._holder)
            claimed = self._storage.feeds.claim_due(now, holder=self._holder, lease=LEASE, limit=room)
            waiting = self._storage.feeds.with_waiting([feed.id for feed in claimed], now)
        return [(feed, feed.id in waiting) for feed in claimed]

    async def idle(self) -> None:
        """Wait until nothing is under way, and all of it is stored."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())
        settled, self._settled = self._settled, []
        await asyncio.to_thread(self._storage.feeds.save_all, settled, self._holder)

    async def finish(self) -> None:
        """Break off what is under way: nothing of it is stored, and it is found due again."""
        late = list(self._under_way.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _ended(self, id: int, task: asyncio.Task[None]) -> None:
        del self._under_way[id]
        if not task.cancelled() and (error := task.exception()):
            log.error("refresh broke off", exc_info=error, extra={"action": "refresh_broke_off", "feed": id})

    async def _refresh(self, feed: Feed, *, waits: bool) -> None:
        """One look at a feed."""
        try:
            if until := self._rests.until(feed.url, self._now()):
                self._settled.append((feed, replace(feed, next_fetch=until)))
                return
            try:
                await self._take(feed, await self._look(feed), waits=waits)
            except StorageError:
                raise
            except Exception:  # What nobody thought of must not make a feed come again and again, with nobody told.
                log.exception("feed not read", extra={"action": "feed_not_read", "feed": feed.id})
                await self._take(feed, Looked(error=SidelinesError(FAULT)), waits=False)
        except StorageError as error:  # Nothing can be stored now; the lease will run out.
            log.error(str(error), extra={"action": "refresh_not_stored", "feed": feed.id})

    async def _take(self, feed: Feed, looked: Looked, *, waits: bool) -> None:
        """Make articles of what is new in a feed and of what waits; store all of it."""
        after = None
        if looked.listed is None:
            after = self._after(feed, looked, news=False)
            if not waits and after.health == feed.health and not looked.moves(feed):
                self._settled.append((feed, after))
                return
        planned = await asyncio.to_thread(self._intake.plan, feed, looked, self._now())
        gathered = await self._gatherer.gather(feed, looked.listed, planned.jobs if waits or looked.listed else ())
        after = after or self._after(feed, looked, news=bool(planned.entries.new))
        await asyncio.to_thread(self._intake.store, feed, after, looked, planned, gathered, self._now())

    async def _look(self, feed: Feed) -> Looked:
        """Fetch a feed, and read it when it changed."""
        limit = self._options.limit
        try:
            fetched = await self._fetcher.fetch(
                feed.url, accept="feed", etag=feed.etag, last_modified=feed.last_modified, limit=limit
            )
            self._hear(feed)
            if fetched.not_modified or fetched.digest == feed.digest:
                return Looked(fetched=replace(fetched, body=b""))
            listed, items = await self._work(
                bodies.of_feed, fetched.body, fetched.url, fetched.content_type, limit, self._now()
            )
        except SidelinesError as error:
            self._rests.heed(feed.url, error, self._now())
            self._hear(feed, error)
            return Looked(error=error)
        return Looked(fetched=replace(fetched, body=b""), listed=listed, items=items)

    def _after(self, feed: Feed, looked: Looked, *, news: bool) -> Feed:
        """How the feed is after this."""
        now, every, jitter = self._now(), self._options.every, self._jitter()
        if looked.fetched is None:
            error = looked.error or SidelinesError(FAULT)
            log.info("feed failed: %s", error, extra={"action": "feed_failed", "feed": feed.id})
            offline = _is_silence(error) and self._is_offline(now)
            return after_failure(feed, error, now, every=every, jitter=jitter, offline=offline)
        return after_success(feed, looked.fetched, now, every=every, jitter=jitter, listed=looked.listed, news=news)

    def _hear(self, feed: Feed, error: SidelinesError | None = None) -> None:
        """Remember whether the host of a feed answered."""
        if error is not None and _is_silence(error):
            self._silent.add(host_of(feed.url))
        else:
            self._silent.clear()
            self._heard = self._now()

    def _is_offline(self, now: datetime) -> bool:
        """Whether it is rather our own line than all these hosts; after a day of it somebody has to be told."""
        return len(self._silent) >= OFFLINE and 2 * self._options.every < now - self._heard <= OFFLINE_AT_MOST


def _is_silence(error: SidelinesError) -> bool:
    """Whether no answer came."""
    return isinstance(error, FetchError) and error.status is None
