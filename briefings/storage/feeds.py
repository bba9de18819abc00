"""Feeds, fetched by one process at a time, and the entries that each has listed.

A process claims feeds for a lease; whoever does not hold one any more learns so from `save`, which it calls first in
the transaction that stores what it read. A feed that no workspace reads, or only those that paused it, is never due.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Row, and_, bindparam, case, delete, exists, func, insert, or_, select, update

from briefings.sources import Entry, Feed, Seen
from briefings.storage.contents import PARAMETERS
from briefings.storage.engine import Database, milliseconds, moment, optional_milliseconds, optional_moment
from briefings.storage.tables import feeds, seen, sources

_MILLISECOND = timedelta(milliseconds=1)


class Marks(Protocol):
    """What an entry is recognised by within its feed: any of these."""

    @property
    def guid(self) -> str | None:
        """As the feed writes it."""

    @property
    def url(self) -> str | None:
        """Canonical."""

    @property
    def digest(self) -> str:
        """Of title and text."""


class Feeds:
    """The stored feeds and the entries they listed. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Whose turn it is ---------------------------------------------------------------------------------------

    def claim_due(self, now: datetime, *, holder: str, lease: timedelta, limit: int) -> list[Feed]:
        """Take up to `limit` feeds that are to be fetched now, longest waiting first, for the time of `lease`.

        One that somebody began to read since it was last fetched comes without `etag`, `last_modified` and `digest`:
        all that it lists is needed, even if it did not change.
        """
        at = milliseconds(now)
        free = or_(feeds.c.lease.is_(None), feeds.c.lease <= at)
        turn = select(feeds.c.id).where(feeds.c.next_fetch <= at, free, exists().where(_reader()))
        turn = turn.order_by(feeds.c.next_fetch, feeds.c.id).limit(limit)
        taken = turn.with_for_update(skip_locked=True).cte()  # As IN (SELECT ...) PostgreSQL might run it repeatedly.
        take = (
            update(feeds)
            .where(feeds.c.id.in_(select(taken.c.id)))
            .values(holder=holder, lease=milliseconds(now + lease))
            .returning(feeds.c.id)
        )
        anew = exists().where(_reader(), sources.c.first_read.is_(None)).label("anew")
        with self._database.writing() as connection:
            ids = connection.execute(take).scalars().all()
            query = select(feeds, anew).where(feeds.c.id.in_(ids)).order_by(feeds.c.next_fetch, feeds.c.id)
            rows = connection.execute(query).all()
        return [replace(feed(row), **_UNREAD) if row.anew else feed(row) for row in rows]

    def earliest_due(self) -> datetime | None:
        """When the next feed may be claimed; None when none is ever due."""
        at = case((feeds.c.lease > feeds.c.next_fetch, feeds.c.lease), else_=feeds.c.next_fetch)
        with self._database.reading() as connection:
            earliest = connection.execute(select(func.min(at)).where(exists().where(_reader()))).scalar()
        return optional_moment(earliest)

    def release(self) -> None:
        """Let go of what a killed process held: for a program that starts and knows that it runs alone."""
        with self._database.writing() as connection:
            connection.execute(update(feeds).where(feeds.c.holder.is_not(None)).values(holder=None, lease=None))

    def due_now(self, id: int, now: datetime) -> None:
        """Let a feed be fetched at once."""
        with self._database.writing() as connection:
            connection.execute(update(feeds).where(feeds.c.id == id).values(next_fetch=milliseconds(now)))

    def save(self, feed: Feed, holder: str) -> bool:
        """Store how fetching it went, all but its address, and let go of it.

        False when somebody else holds it by now, or it is gone: nothing is stored, and nothing else of it should be.
        """
        held = and_(feeds.c.id == feed.id, feeds.c.holder == holder)
        values = _columns(feed) | {"holder": None, "lease": None}
        with self._database.writing() as connection:
            return connection.execute(update(feeds).where(held).values(values)).rowcount == 1

    def save_all(self, looks: Sequence[tuple[Feed, Feed]], holder: str) -> None:
        """Store how looks went that brought nothing: each feed as it was claimed, and as it is now; let go of them.

        One that was made due meanwhile stays so, and one that somebody else holds by now is left alone.
        """
        if looks:
            with self._database.writing() as connection:
                connection.execute(
                    _SAVE,
                    [
                        {f"new_{name}": value for name, value in _columns(after).items()}
                        | {
                            "number": after.id,
                            "its_holder": holder,
                            "was_next": optional_milliseconds(before.next_fetch),
                        }
                        for before, after in looks
                    ],
                )

    # Which there are ----------------------------------------------------------------------------------------

    def get(self, id: int) -> Feed | None:
        """The feed of that number, if there is one."""
        return self._one(feeds.c.id == id)

    def by_url(self, url: str) -> Feed | None:
        """The feed that is fetched from that address, if there is one."""
        return self._one(feeds.c.url == url)

    def moved(self, id: int, url: str, now: datetime) -> Feed:
        """Let a feed be fetched from `url` from now on; gives the feed that is there.

        If that is another one, all who read this one read that one from now on; it is due at once, and this one gone.
        """
        with self._database.writing() as connection:
            self._database.hold(f"feed at {url}")
            there = self.by_url(url)
            if there is None or there.id == id:
                change = update(feeds).where(feeds.c.id == id).values(url=url)
            else:
                its = sources.c.feed == id
                reading = select(sources.c.workspace).where(its, sources.c.paused.is_(False))
                goes_on = sources.c.feed == there.id, sources.c.workspace.in_(reading)
                connection.execute(update(sources).where(*goes_on).values(paused=False))
                have_both = select(sources.c.workspace).where(sources.c.feed == there.id)
                connection.execute(delete(sources).where(its, sources.c.workspace.in_(have_both)))
                connection.execute(update(sources).where(its).values(feed=there.id, first_read=None))
                connection.execute(delete(feeds).where(feeds.c.id == id))
                change = update(feeds).where(feeds.c.id == there.id).values(next_fetch=milliseconds(now))
            return feed(connection.execute(change.returning(feeds)).one())

    def drop(self, *conditions: ColumnElement[bool]) -> None:
        """Delete feeds that fit and that no workspace reads, with what they listed."""
        unread = feeds.c.id.not_in(select(sources.c.feed))
        with self._database.writing() as connection:
            # Nobody can begin to read what is locked; who did so before it was locked is seen by the second statement.
            found = select(feeds.c.id).where(unread, *conditions).order_by(feeds.c.id).with_for_update(skip_locked=True)
            ids = connection.execute(found).scalars().all()
            for start in range(0, len(ids), PARAMETERS):
                connection.execute(delete(feeds).where(feeds.c.id.in_(ids[start : start + PARAMETERS]), unread))

    def _one(self, condition: ColumnElement[bool]) -> Feed | None:
        with self._database.reading() as connection:
            row = connection.execute(self._database.locked(select(feeds).where(condition))).one_or_none()
        return None if row is None else feed(row)

    # What they listed ---------------------------------------------------------------------------------------

    def seen(self, feed: int, entries: Sequence[Marks]) -> list[Seen]:
        """Every remembered entry of a feed that has a mark in common with any of `entries`, in the order they came."""
        found: dict[int, Seen] = {}
        each = PARAMETERS // 3
        with self._database.reading() as connection:
            for start in range(0, len(entries), each):
                part = entries[start : start + each]
                its = seen.c.feed == feed  # Said with each mark, or SQLite uses the index of none.
                alike = or_(
                    and_(its, seen.c.guid.in_([one.guid for one in part if one.guid is not None])),
                    and_(its, seen.c.url.in_([one.url for one in part if one.url is not None])),
                    and_(its, seen.c.digest.in_([one.digest for one in part])),
                )
                rows = connection.execute(select(seen).where(alike))
                found.update((row.id, entry(row)) for row in rows)
        return [found[id] for id in sorted(found)]

    def remember(self, entries: Iterable[Seen]) -> None:
        """Store entries as they are now: those with the number 0 are new."""
        new: list[dict[str, Any]] = []
        known: list[dict[str, Any]] = []
        for one in entries:
            if one.id:
                known.append({"number": one.id, **_seen_columns(one)})
            else:
                new.append(_seen_columns(one))
        with self._database.writing() as connection:
            if new:
                connection.execute(insert(seen), new)
            if known:
                connection.execute(update(seen).where(seen.c.id == bindparam("number")), known)

    def touch(self, ids: Sequence[int], now: datetime) -> None:
        """These entries are listed now, and did not change."""
        with self._database.writing() as connection:
            for start in range(0, len(ids), PARAMETERS):
                these = seen.c.id.in_(ids[start : start + PARAMETERS])
                connection.execute(update(seen).where(these).values(last_seen=milliseconds(now)))

    def count_new(self, feed: int, since: datetime) -> int:
        """How many entries of a feed were first listed at `since` or later."""
        new = select(func.count()).where(seen.c.feed == feed, seen.c.first_seen >= milliseconds(since))
        with self._database.reading() as connection:
            return connection.execute(new).scalar_one()

    def waiting(self, feed: int, now: datetime, limit: int) -> list[Seen]:
        """Up to `limit` entries of a feed whose pages are to be read now, longest waiting first."""
        return self._entries(
            seen.c.feed == feed, seen.c.state == "waiting", seen.c.next_try <= milliseconds(now), limit=limit
        )

    def with_waiting(self, ids: Sequence[int], now: datetime) -> set[int]:
        """Which of these feeds have entries whose pages are to be read now."""
        waiting = select(seen.c.feed).where(seen.c.feed.in_(ids), seen.c.state == "waiting")
        with self._database.reading() as connection:
            return set(connection.execute(waiting.where(seen.c.next_try <= milliseconds(now)).distinct()).scalars())

    def held(self, feed: int) -> list[Seen]:
        """The entries of a feed that an operator is to decide on, as it listed them."""
        return self._entries(seen.c.feed == feed, seen.c.state == "held")

    def accept_held(self, feed: int, now: datetime) -> int:
        """Let held entries in: they wait to be read, and the feed is due at once. Gives their number."""
        with self._database.writing() as connection:
            accept = update(seen).where(seen.c.feed == feed, seen.c.state == "held")
            accepted = connection.execute(
                accept.values(state="waiting", reason=None, tries=0, next_try=milliseconds(now))
            ).rowcount
            self.due_now(feed, now)
            return accepted

    def skip_held(self, feed: int, reason: str) -> int:
        """Leave held entries out for good. Gives their number."""
        skip = update(seen).where(seen.c.feed == feed, seen.c.state == "held")
        with self._database.writing() as connection:
            return connection.execute(skip.values(state="skipped", reason=reason, entry=None)).rowcount

    def _entries(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Seen]:
        query = select(seen).where(*conditions).order_by(seen.c.next_try, seen.c.id).limit(limit)
        with self._database.reading() as connection:
            return [entry(row) for row in connection.execute(query)]


_ENTRY = msgspec.json.Decoder(Entry)

_UNREAD: dict[str, None] = {"etag": None, "last_modified": None, "digest": None}
"""As if a feed had never been read: what it lists is looked at even if it did not change."""


def _reader() -> ColumnElement[bool]:
    """That a source is one of the feed's, and not paused."""
    return and_(sources.c.feed == feeds.c.id, sources.c.paused.is_(False))


def _columns(feed: Feed) -> dict[str, Any]:
    return {
        "title": feed.title,
        "site": feed.site,
        "health": feed.health,
        "reason": feed.reason,
        "failures": feed.failures,
        "changed": optional_milliseconds(feed.changed),
        "last_fetch": optional_milliseconds(feed.last_fetch),
        "last_good": optional_milliseconds(feed.last_good),
        "last_news": optional_milliseconds(feed.last_news),
        "next_fetch": optional_milliseconds(feed.next_fetch),
        "every": None if feed.every is None else feed.every // _MILLISECOND,
        "etag": feed.etag,
        "last_modified": feed.last_modified,
        "digest": feed.digest,
    }


_AS_IT_IS: dict[str, ColumnElement[Any]] = {
    column.name: bindparam(f"new_{column.name}")
    for column in feeds.c
    if column.name not in {"id", "url", "next_fetch", "holder", "lease"}
}
_STILL = feeds.c.next_fetch == bindparam("was_next")
_SAVE = (
    update(feeds)
    .where(feeds.c.id == bindparam("number"), feeds.c.holder == bindparam("its_holder"))
    .values(_AS_IT_IS)
    .values(next_fetch=case((_STILL, bindparam("new_next_fetch")), else_=feeds.c.next_fetch), holder=None, lease=None)
)


def feed(row: Row[Any]) -> Feed:
    """The feed of a row that has its columns."""
    return Feed(
        id=row.id,
        url=row.url,
        title=row.title,
        site=row.site,
        health=row.health,
        reason=row.reason,
        failures=row.failures,
        changed=optional_moment(row.changed),
        last_fetch=optional_moment(row.last_fetch),
        last_good=optional_moment(row.last_good),
        last_news=optional_moment(row.last_news),
        next_fetch=optional_moment(row.next_fetch),
        every=None if row.every is None else row.every * _MILLISECOND,
        etag=row.etag,
        last_modified=row.last_modified,
        digest=row.digest,
    )


def _seen_columns(entry: Seen) -> dict[str, Any]:
    return {
        "feed": entry.feed,
        "title": entry.title,
        "guid": entry.guid,
        "url": entry.url,
        "digest": entry.digest,
        "first_seen": milliseconds(entry.first_seen),
        "last_seen": milliseconds(entry.last_seen),
        "state": entry.state,
        "reason": entry.reason,
        "tries": entry.tries,
        "next_try": optional_milliseconds(entry.next_try),
        "entry": None if entry.entry is None else msgspec.json.encode(entry.entry).decode(),
    }


def entry(row: Row[Any]) -> Seen:
    """The entry of a row that has its columns."""
    return Seen(
        id=row.id,
        feed=row.feed,
        title=row.title,
        guid=row.guid,
        url=row.url,
        digest=row.digest,
        first_seen=moment(row.first_seen),
        last_seen=moment(row.last_seen),
        state=row.state,
        reason=row.reason,
        tries=row.tries,
        next_try=optional_moment(row.next_try),
        entry=None if row.entry is None else _ENTRY.decode(row.entry),
    )
