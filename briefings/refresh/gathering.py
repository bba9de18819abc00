"""GATHERING: entries become documents, from their feed's own words or from their pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from briefings import bodies
from briefings.errors import FetchError, SidelinesError
from briefings.polling import Item, host_rests_until
from briefings.sources import Entry, Feed, Listed, Seen, SeenState
from briefings.types import Document

if TYPE_CHECKING:
    from briefings.fetch import Fetcher

log = logging.getLogger(__name__)

ENTRIES = 200
"""Entries of a feed that are stored at a time; the rest waits for the next look, so that the database is soon free."""

PAGES = 20
"""Pages that are read for a feed at a time."""

PAGES_WITHIN = timedelta(minutes=5)
"""How long reading pages for a feed may go on: well within the lease on it."""

TRIES = 4
"""How often a page is asked for until the feed's own words must do."""

_MAY_PASS = {408, 425, 429}
_NOTHING = "It has neither a link nor a text."


class Job(Struct, frozen=True, kw_only=True):
    """An entry to make an article of. `edit`: the feed itself changed what it said of it, so that may be changed.

    `again`: it was stored before, and is wanted by those alone for whom the feed is read for the first time.
    """

    item: Item
    edit: bool = False
    again: bool = False


class Gathered(Struct, frozen=True, kw_only=True):
    """What became of a job: what is remembered of the entry, and its document unless it waits or is left out.

    `own_url`: the document's address leads to it and not only to what it is about. `known`: it was stored before, so
    that it is no news should it be stored no longer. `again` as in the job.
    """

    row: Seen
    document: Document | None = None
    edit: bool = False
    own_url: bool = True
    known: bool = False
    again: bool = False


class Rests:
    """Hosts that asked to be left alone for a while."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def heed(self, url: str, error: SidelinesError, now: datetime) -> None:
        """Remember what the host of `url` asked for when it refused, if anything."""
        if until := host_rests_until(error, now):
            self._until[host_of(url)] = until

    def until(self, url: str, now: datetime) -> datetime | None:
        """Until when the host of `url` is left alone; None when it may be asked."""
        for host in [host for host, until in self._until.items() if until <= now]:
            del self._until[host]
        return self._until.get(host_of(url))


class Gatherer:
    """Makes documents of entries, as many as may be at a time."""

    def __init__(
        self,
        fetcher: Fetcher,
        work: bodies.Work,
        rests: Rests,
        *,
        every: timedelta,
        limit: int,
        now: Callable[[], datetime],
    ) -> None:
        self._fetcher = fetcher
        self._work = work
        self._rests = rests
        self._every = every
        self._limit = limit
        self._now = now

    async def gather(self, feed: Feed, listed: Listed | None, jobs: Sequence[Job]) -> list[Gathered]:
        """Work on the first jobs; the others wait for the next look."""
        now = self._now()
        source = (listed.title if listed else "") or feed.title or None
        gathered = [_waits(feed, job.item, now) for job in jobs[ENTRIES:]]
        jobs = jobs[:ENTRIES]
        pages = 0
        for job, document in zip(jobs, await self._of_entries([job.item.entry for job in jobs], source), strict=True):
            url = job.item.entry.url
            if document is not None or url is None:
                own_url = url is not None and _is_of_its_site(url, feed, listed)
                gathered.append(_made(feed, job, document, now, own_url=own_url))
            elif pages == PAGES or self._now() >= now + PAGES_WITHIN or self._rests.until(url, self._now()):
                gathered.append(_waits(feed, job.item, now))
            else:
                pages += 1
                gathered.append(await self._page(feed, job, url, source))
        return gathered

    async def _of_entries(
        self, entries: Sequence[Entry], source: str | None, *, teasers: bool = False
    ) -> Sequence[Document | None]:
        """What the feed gives of each entry; only the headline of one that breaks its reader."""
        if not entries:
            return ()
        try:
            found: Sequence[Document | None] = await self._work(bodies.of_entries, entries, source, teasers)
        except SidelinesError as error:
            if len(entries) > 1:  # One of them spoils it for the others.
                return [(await self._of_entries([entry], source, teasers=teasers))[0] for entry in entries]
            log.warning("entry not read: %s", error, extra={"action": "entry_not_read"})
            return [Document(title=entries[0].title, sections=(), url=entries[0].url, source=source)]
        return found

    async def _page(self, feed: Feed, job: Job, url: str, source: str | None) -> Gathered:
        """The article that an entry leads to; the feed's own words of it when that cannot be had."""
        item, now = job.item, self._now()
        try:
            page = await self._fetcher.fetch(url, limit=self._limit)
            document = await self._work(
                bodies.of_page, page.body, page.url, page.content_type, self._limit, item.entry, source, now
            )
        except SidelinesError as error:
            self._rests.heed(url, error, now)
            tries = (item.seen.tries if item.seen else 0) + 1
            if tries < TRIES and _may_pass(error):
                row = _row(feed, item, now, "waiting", str(error))
                return Gathered(row=replace(row, tries=tries, next_try=now + self._every * 2 ** (tries - 1)))
            [document] = await self._of_entries([item.entry], source, teasers=True)
            return _made(feed, replace(job, edit=False), document, now, reason=str(error))
        return _made(feed, job, document, now)


def _made(
    feed: Feed, job: Job, document: Document | None, now: datetime, *, own_url: bool = True, reason: str | None = None
) -> Gathered:
    if document is None or not (document.url or document.sections):
        return Gathered(row=_row(feed, job.item, now, "skipped", _NOTHING))
    item, before = job.item, job.item.seen
    return Gathered(
        row=_row(feed, item, now, "stored", reason),
        document=document,
        edit=job.edit,
        own_url=own_url and item.url is not None,
        known=before is not None and before.state == "stored" and before.url == item.url,
        again=job.again,
    )


def _waits(feed: Feed, item: Item, now: datetime) -> Gathered:
    return Gathered(row=_row(feed, item, now, "waiting"))


def held(feed: Feed, item: Item, now: datetime, reason: str) -> Seen:
    """What is remembered of an entry on which somebody has to decide."""
    return _row(feed, item, now, "held", reason)


def _row(feed: Feed, item: Item, now: datetime, state: SeenState, reason: str | None = None) -> Seen:
    """What is remembered of an entry. It keeps its first guid, under which its article is known."""
    before = item.seen or Seen(
        id=0,
        feed=feed.id,
        title="",
        guid=None,
        url=None,
        digest="",
        first_seen=now,
        last_seen=now,
        state=state,
    )
    return replace(
        before,
        title=item.entry.title,
        guid=before.guid or item.guid,
        url=item.url or before.url,
        digest=item.digest,
        last_seen=now,
        state=state,
        reason=reason,
        tries=before.tries if state == "waiting" else 0,
        next_try=now if state == "waiting" else None,
        entry=item.entry if state in ("waiting", "held") else None,
    )


def _may_pass(error: SidelinesError) -> bool:
    """Whether asking for a page again may help: not when it was refused, or read and found to be no article."""
    if not isinstance(error, FetchError):
        return False
    return error.status is None or error.status >= 500 or error.status in _MAY_PASS


def _is_of_its_site(url: str, feed: Feed, listed: Listed | None) -> bool:
    """Whether an address is of the site of its feed; else what the feed says there may be about another's article."""
    site = listed.site if listed else feed.site
    return any(_domain(host_of(url)) == _domain(host_of(place)) for place in (feed.url, site) if place)


def _domain(host: str) -> str:
    """The last two names of a host: near enough to the site that it belongs to."""
    return host if host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])


def host_of(url: str) -> str:
    """The host that an address names, "" when it is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
