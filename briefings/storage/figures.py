"""How things stand, in figures that cost little to read however much is stored."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import exists, func, select

from briefings.storage.engine import Database, milliseconds, moment
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
            subscribed: dict[str, int] = dict(connection.execute(states).tuples().all())
            missed, missed_since = connection.execute(late).one()
            pending, pending_since = connection.execute(waiting).one()
            health: dict[str, int] = dict(connection.execute(healths).tuples().all())
        return State(
            subscriptions=subscribed,
            overdue=missed,
            overdue_since=None if missed_since is None else moment(missed_since),
            pending=pending,
            pending_since=None if pending_since is None else moment(pending_since),
            feeds=health,
        )
