"""How things stand, in figures that cost little to read however much is stored."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, exists, func, select

from briefings.storage.engine import Database, milliseconds, moment, optional_moment
from briefings.storage.tables import deliveries, feeds, sources, subscriptions


class State(Struct, frozen=True, kw_only=True):
    """Numbers of subscriptions by state, of feeds that are read by health, and what waits, with since when.

    `overdue` are subscriptions that should have been served, `pending` are deliveries that are not finished.
    """

    subscriptions: Mapping[str, int]
    overdue: int
    overdue_since: datetime | None
    pending: int
    pending_since: datetime | None
    feeds: Mapping[str, int]


class Failing(Struct, frozen=True, kw_only=True):
    """A feed that cannot be read: the number and name of a source that reads it, since when, and why."""

    source: int
    name: str
    since: datetime | None
    reason: str | None


class Doubtful(Struct, frozen=True, kw_only=True):
    """A delivery that may or may not have been posted."""

    delivery: int
    channel: str
    created: datetime
    reason: str | None


class Briefed(Struct, frozen=True):
    """The channel that got the last briefing of all, and when."""

    channel: str
    at: datetime


class Figures:
    """The figures of all workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self, overdue: datetime) -> State:
        """How things stand; what was due at `overdue` or before counts as overdue. Raises StorageError."""
        c, d = subscriptions.c, deliveries.c
        states = select(c.state, func.count()).group_by(c.state)
        late = select(func.count(), func.min(c.next_due)).where(c.next_due <= milliseconds(overdue))
        waiting = select(func.count(), func.min(d.created)).where(d.next_attempt.is_not(None))
        read = exists().where(sources.c.feed == feeds.c.id, sources.c.paused.is_(False))
        healths = select(feeds.c.health, func.count()).where(read).group_by(feeds.c.health)
        with self._database.reading() as connection:
            subscribed: dict[str, int] = dict(connection.execute(states).all())
            missed, missed_since = connection.execute(late).one()
            pending, pending_since = connection.execute(waiting).one()
            health: dict[str, int] = dict(connection.execute(healths).all())
        return State(
            subscriptions=subscribed,
            overdue=missed,
            overdue_since=optional_moment(missed_since),
            pending=pending,
            pending_since=optional_moment(pending_since),
            feeds=health,
        )

    def last_briefing(self) -> Briefed | None:
        """What was delivered last to a subscription; None before the first."""
        c = subscriptions.c
        query = select(c.channel, c.last_delivered).where(c.last_delivered.is_not(None))
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(c.last_delivered.desc()).limit(1)).one_or_none()
        return None if row is None else Briefed(row.channel, moment(row.last_delivered))

    def failing(self, limit: int) -> list[Failing]:
        """Up to `limit` feeds that are read and fail, longest first."""
        number = func.min(sources.c.id)
        read = sources.c.feed == feeds.c.id, sources.c.paused.is_(False), feeds.c.health == "failing"
        of_feed = select(number.label("source"), feeds.c.changed, feeds.c.reason).where(*read)
        of_feed = of_feed.group_by(feeds.c.id, feeds.c.changed, feeds.c.reason)
        each = of_feed.order_by(feeds.c.changed, feeds.c.id).limit(limit).subquery()
        query = select(each, sources.c.name).join(sources, sources.c.id == each.c.source)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(each.c.changed, each.c.source)).all()
        return [
            Failing(
                source=row.source,
                name=row.name,
                since=optional_moment(row.changed),
                reason=row.reason,
            )
            for row in rows
        ]

    def unknown(self, limit: int) -> tuple[int, list[Doubtful]]:
        """How many deliveries may or may not have been posted, and up to `limit` of them, newest first."""
        c = deliveries.c
        doubtful = and_(c.state == "unknown", c.follows.is_(None))
        query = select(c.id, c.channel, c.created, c.error).where(doubtful).order_by(c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            count = connection.execute(select(func.count()).where(doubtful)).scalar_one()
            rows = connection.execute(query).all() if count else ()
        return count, [
            Doubtful(delivery=row.id, channel=row.channel, created=moment(row.created), reason=row.error)
            for row in rows
        ]
