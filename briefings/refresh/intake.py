"""INTAKE: what a look at a feed means for what is stored, and storing it: articles, what was seen, and how the feed is.

All of it changes in one transaction, for every workspace that has the feed as a source, with the notices about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from briefings import ingest
from briefings.errors import SidelinesError
from briefings.polling import Item, Plan, decide, flooded, transition
from briefings.refresh.gathering import ENTRIES, Gathered, Job, held
from briefings.sources import Entry, Feed, Listed, Seen, Source
from briefings.types import Key, Notice, Outcome

if TYPE_CHECKING:
    from briefings.fetch import Fetched
    from briefings.storage import Storage

log = logging.getLogger(__name__)

HISTORY = timedelta(days=30)
"""Over how long it is counted what a feed usually brings."""

TOUCH_AFTER = timedelta(days=1)
"""How old the time may be at which an entry was last listed, before it is written anew."""

HELD = "Most of the feed was suddenly new, so it waits for somebody to accept or skip it."

Place = Callable[[Source], tuple[str, str] | None]
"""The workspace and channel for notices about a source; None when nobody can be told."""

Follow = Callable[[Sequence[Outcome], datetime], object]
"""Told, in the transaction that stores them, what became of documents: what was posted of them may be out of date."""


class Looked(Struct, frozen=True, kw_only=True):
    """What a look at a feed gave: an error, or an answer, with `listed` and `items` unless it is the last one again."""

    error: SidelinesError | None = None
    fetched: Fetched | None = None
    listed: Listed | None = None
    items: tuple[Item, ...] = ()

    def moves(self, feed: Feed) -> str | None:
        """Where the feed is to be fetched from now on, if that is elsewhere."""
        to = self.fetched.moved_to if self.fetched else None
        return to if to != feed.url else None


class Planned(Struct, frozen=True, kw_only=True):
    """Which entries are what, the jobs to do, the most urgent first, and the sources for which that is."""

    entries: Plan
    jobs: tuple[Job, ...]
    sources: tuple[Source, ...]


class Intake:
    """Plans and stores for the feeds that `holder` has claimed. Synchronous; raises StorageError."""

    def __init__(self, storage: Storage, holder: str, place: Place, follow: Follow) -> None:
        self._storage = storage
        self._holder = holder
        self._place = place
        self._follow = follow

    # Planning -----------------------------------------------------------------------------------------------

    def plan(self, feed: Feed, looked: Looked, now: datetime) -> Planned:
        """What to do with what a feed lists now, and with its entries that wait."""
        with self._storage.reading():
            sources = self._storage.sources.of_feed(feed.id)
            seen = self._storage.feeds.seen(feed.id, looked.items) if looked.items else []
            waiting = self._storage.feeds.waiting(feed.id, now, ENTRIES)
            plan = decide(feed, looked.items, seen, now)
            if plan.flood:
                stored = self._stored(plan.new, sources)
                plan = decide(feed, looked.items, seen, now, stored=stored, usual=self._usual(feed, sources, now))
        jobs = [] if plan.flood else [Job(item=item) for item in plan.new]
        jobs += [Job(item=item, edit=True) for item in plan.changed]
        listed = {item.seen.id: item for item in plan.unchanged if item.seen}
        jobs += [Job(item=listed.get(row.id) or _item(row), edit=True) for row in waiting]
        if any(source.first_read is None for source in sources):
            stored_before = (item for item in plan.unchanged if item.seen and item.seen.state == "stored")
            jobs += [Job(item=item, again=True) for item in stored_before]
        return Planned(entries=plan, jobs=tuple(jobs), sources=tuple(sources))

    def _stored(self, items: Sequence[Item], sources: Sequence[Source]) -> set[str]:
        """Canonical addresses of the entries that are articles in every workspace that reads the feed."""
        keys = [Key("url", item.url) for item in items if item.url]
        known = {key.value for key in keys}
        for source in sources:
            known &= {match.key.value for match in self._storage.articles.matching(keys, source.workspace)}
        return known

    def _usual(self, feed: Feed, sources: Sequence[Source], now: datetime) -> float:
        """How many entries a day the feed brought lately, the first ones apart; 0 when it was hardly read yet."""
        first = min((source.first_read for source in sources if source.first_read), default=None)
        if first is None or feed.last_good is None:
            return 0.0
        since = max(first + timedelta(milliseconds=1), now - HISTORY)
        days = max((feed.last_good - since) / timedelta(days=1), 1 / 24)
        return self._storage.feeds.count_new(feed.id, since) / days

    # Storing ------------------------------------------------------------------------------------------------

    def store(
        self, before: Feed, after: Feed, looked: Looked, planned: Planned, gathered: Sequence[Gathered], now: datetime
    ) -> None:
        """Store all of a look at a feed, or nothing when somebody else holds the feed by now."""
        feeds, plan = self._storage.feeds, planned.entries
        with self._storage.writing():
            sources = self._storage.sources.of_feed(before.id)
            answered = looked.listed is not None or looked.error is not None
            planned_for = {source.id for source in planned.sources if answered or source.first_read}
            if not all(source.id in planned_for for source in sources if source.first_read is None):
                after = replace(after, next_fetch=now)  # Somebody began to read it meanwhile, and needs all it lists.
            if not feeds.save(after, self._holder):
                log.warning("lease lost", extra={"action": "lease_lost", "feed": before.id})
                return
            already_told = bool(plan.flood and feeds.held(before.id))
            news = self._ingest(before.id, sources, gathered, now)
            feeds.remember([each.row for each in gathered])
            if plan.flood:
                feeds.remember([held(before, item, now, HELD) for item in plan.new])
            worked_on = {each.row.id for each in gathered}
            self._touch([item for item in plan.unchanged if item.seen and item.seen.id not in worked_on], now)
            if looked.listed is not None:
                self._storage.sources.begin(planned_for, now)
            for source in sources:
                source = replace(source, feed=after)
                self._tell(source, transition(before, source, now), now)
                if plan.flood and not already_told:
                    self._tell(source, flooded(source, len(plan.new)), now)
            if to := looked.moves(before):
                feeds.moved(before.id, to, now)
        if news or plan.flood:
            counts = {"stored": news, "held": len(plan.new) if plan.flood else 0}
            log.info("feed read", extra={"action": "feed_read", "feed": before.id, **counts})

    def _ingest(self, feed: int, sources: Sequence[Source], gathered: Sequence[Gathered], now: datetime) -> int:
        """Store the documents for every source's workspace, the last listed first; gives how many are new."""
        found = [
            (each, ingest.from_feed(document, feed, row.guid or row.url, edit=each.edit, own_url=each.own_url))
            for each in reversed(gathered)
            if (row := each.row) and (document := each.document)
        ]
        together = frozenset(source.workspace for source in sources)
        outcomes: list[Outcome] = []
        for source in sources:
            wanted = [pair for pair in found if source.first_read is None or not pair[0].again]
            for backlog in (source.added, None):
                part = [it for each, it in wanted if _is_old(each, source) == bool(backlog)]
                outcomes += ingest.add(
                    self._storage, part, workspace=source.workspace, now=now, backlog=backlog, together=together
                )
        self._follow(outcomes, now)
        return sum(outcome.kind == "new" for outcome in outcomes)

    def _touch(self, items: Iterable[Item], now: datetime) -> None:
        """Remember that these entries are still listed, and under which address now."""
        moved, old = [], []
        for item in items:
            if (row := item.seen) is None:
                continue
            if item.url and item.url != row.url:
                moved.append(replace(row, url=item.url, last_seen=now))
            elif now - row.last_seen >= TOUCH_AFTER:
                old.append(row.id)
        self._storage.feeds.remember(moved)
        self._storage.feeds.touch(old, now)

    def _tell(self, source: Source, notice: Notice | None, now: datetime) -> None:
        if notice is None:
            return
        log.log(
            logging.WARNING if notice.level == "problem" else logging.INFO,
            notice.text,
            extra={"action": "source_notice", "source": source.id, "feed": source.feed.id},
        )
        if place := self._place(source):
            workspace, channel = place
            self._storage.outbox.add_notice(workspace, channel, notice, now)


def _is_old(gathered: Gathered, source: Source) -> bool:
    """Whether a document that is stored anew is no news of the source all the same."""
    return gathered.known or source.first_read is None or gathered.row.first_seen <= source.first_read


def _item(row: Seen) -> Item:
    """A remembered entry as if it were listed now."""
    entry = row.entry or Entry(title=row.title, url=row.url, guid=row.guid)
    return Item(entry=entry, guid=row.guid, url=row.url, digest=row.digest, seen=row)
