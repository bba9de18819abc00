"""The turns of subscriptions: who is due, and, in one transaction, what they get and when they are due next.

However many are due, each table is written by one statement. What becomes of whom is put into temporary tables first,
since a statement for each subscription, or even for each of their hundreds of fates, costs several times as much.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.dml import Insert

from briefings.storage import contents
from briefings.storage.engine import Database, milliseconds
from briefings.storage.tables import channel_stories, deliveries, empty_slots, subscriptions
from briefings.types import Due, Fate


class Turns:
    """Subscriptions that are due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Up to `limit` subscriptions of any workspace that are due, longest waiting first.

        Until the transaction ends nobody else publishes: what one channel has had is decided by one at a time. Nor does
        anybody change these; one that somebody is just changing is left for the next time.
        """
        query = select(*_AS_READ).where(_c.next_due <= milliseconds(now)).order_by(_c.next_due, _c.id).limit(limit)
        with self._database.writing() as connection:
            self._database.hold("publishing")
            cursor = connection.execute(query.with_for_update(skip_locked=True)).cursor
            return cursor.fetchall() if cursor else ()  # SQLAlchemy's own kind of rows would cost as much again.

    def workspaces(self, now: datetime) -> Sequence[tuple[str, int]]:
        """The workspaces of those that are due, and since when their news is, in UTC milliseconds. Locks nothing."""
        query = select(_c.workspace, func.min(_c.since)).where(_c.next_due <= milliseconds(now)).group_by(_c.workspace)
        with self._database.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def had(self, last: int, oldest: int) -> Sequence[tuple[str, int]]:
        """What the channels of subscriptions have had that are due no later than number `last`, and perhaps of more.

        Channel and story, from story number `oldest` on.
        """
        with self._database.reading() as connection:
            due = connection.execute(select(_c.next_due).where(_c.id == last)).scalar()
            longer = _c.next_due <= due, or_(_c.next_due < due, _c.id <= last)
            query = (
                select(channel_stories.c.channel, channel_stories.c.story)
                .join_from(subscriptions, channel_stories, channel_stories.c.channel == _c.channel)
                .where(*longer, channel_stories.c.story >= oldest)
            )
            return connection.execute(query).all()

    def take(self, fates: Sequence[Fate], subjects: Mapping[int, int], now: datetime) -> int:
        """Let each subscription of `subjects`, by its id, meet the one of `fates` at the place given.

        A slot for which something was queued before gets nothing more. Where a subscription's news begins only ever
        moves forward. Gives the number of new deliveries.
        """
        with self._database.writing() as connection:
            self._prepare(connection, fates, subjects)
            before = connection.execute(select(func.coalesce(func.max(deliveries.c.id), 0))).scalar_one()
            queued = connection.execute(self._queue(), {"now": milliseconds(now)}).rowcount
            if queued:
                connection.execute(self._mark_had(), {"before": before})
            if queued < sum(fates[place].content is not None for place in subjects.values()) or _any_empty(fates):
                connection.execute(self._pass_by(), {"before": before, "now": milliseconds(now)})
            connection.execute(_move_on)
            refusals = {place: fate.refusal for place, fate in enumerate(fates) if fate.refusal}
            if refusals:
                refused = [{"subject": id, "why": refusals[it]} for id, it in subjects.items() if it in refusals]
                connection.execute(_block, refused)
            return queued

    def _prepare(self, connection: Connection, fates: Sequence[Fate], subjects: Mapping[int, int]) -> None:
        for table in _temporary.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            connection.execute(delete(table))
        telling = [place for place, fate in enumerate(fates) if fate.content is not None and fate.slot]
        bodies = [content for place in telling if (content := fates[place].content) is not None]
        ids = dict(zip(telling, contents.store(self._database, connection, bodies), strict=True))
        self._database.load(_fates, [_row(place, fate, ids.get(place)) for place, fate in enumerate(fates)])
        self._database.load(_subjects, list(subjects.items()))
        self._database.analyse(_subjects)  # Else all subscriptions are read to find one.
        self._database.load(_told, [(place, story) for place in telling for story in fates[place].stories])

    def _queue(self) -> Insert:
        """The statement that queues what subscriptions get."""
        c, got = subscriptions.c, _fates.c
        rows = (
            select(
                *(c.workspace, c.channel, c.id, c.next_slot, got.slot, got.due, got.late, got.content),
                *(
                    literal("pending"),
                    literal(0),
                    bindparam("now", type_=BigInteger),
                    bindparam("now", type_=BigInteger),
                ),
            )
            .join_from(_subjects, subscriptions, c.id == _subjects.c.id)
            .join(_fates, got.id == _subjects.c.fate)
            .where(got.content.is_not(None))
            .order_by(_subjects.c.id)
        )
        into = ("workspace", "channel", "subscription", "first_slot", "slot", "due", "late", "content")
        return (
            self._database.insert(deliveries)
            .from_select((*into, "state", "attempts", "next_attempt", "created"), rows)
            .on_conflict_do_nothing(index_elements=[deliveries.c.subscription, deliveries.c.slot])
        )

    def _mark_had(self) -> Insert:
        """The statement that the channels of the deliveries after number `before` have had what these tell."""
        rows = (
            select(deliveries.c.channel, _told.c.story, deliveries.c.id)
            .join_from(deliveries, _subjects, _subjects.c.id == deliveries.c.subscription)
            .join(_told, _told.c.fate == _subjects.c.fate)
            .where(deliveries.c.id > bindparam("before"), deliveries.c.slot.is_not(None))  # Else it follows another.
        )
        return (
            self._database.insert(channel_stories)
            .from_select(("channel", "story", "delivery"), rows)
            .on_conflict_do_nothing()
        )

    def _pass_by(self) -> Insert:
        """The statement that keeps the slots for which nothing was queued after delivery number `before`."""
        c, got = subscriptions.c, _fates.c
        its = deliveries.c.subscription == c.id, deliveries.c.slot == got.slot
        rows = (
            select(c.id, c.next_slot, got.slot, bindparam("now", type_=BigInteger))
            .join_from(_subjects, subscriptions, c.id == _subjects.c.id)
            .join(_fates, got.id == _subjects.c.fate)
            .where(got.slot.is_not(None), c.cron != "")
            .where(~exists().where(*its, deliveries.c.id > bindparam("before")))
        )
        return (
            self._database.insert(empty_slots)
            .from_select(("subscription", "first_slot", "slot", "passed"), rows)
            .on_conflict_do_nothing()
        )


_c = subscriptions.c
_AS_READ = (_c.id, _c.workspace, _c.channel, _c.topic, _c.query, _c.cron, _c.zone, _c.since, _c.created)


def _any_empty(fates: Sequence[Fate]) -> bool:
    return any(fate.content is None and fate.slot is not None for fate in fates)


def _row(place: int, fate: Fate, content: int | None) -> tuple[Any, ...]:
    slot, next = fate.slot, fate.next
    return (
        place,
        *((slot.key, milliseconds(slot.at)) if slot else (None, None)),
        fate.late,
        content,
        *((next.key, milliseconds(next.at)) if next else (None, None)),
        milliseconds(fate.trial) if fate.trial else None,
        milliseconds(fate.since) if fate.since else 0,
    )


_temporary = MetaData()

_fates = Table(
    "due_fates",
    _temporary,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("slot", String),
    Column("due", BigInteger),
    Column("late", Boolean, nullable=False),
    Column("content", Integer),
    Column("next_slot", String),
    Column("next_due", BigInteger),
    Column("trial", BigInteger),
    Column("since", BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)

_subjects = Table(
    "due_subjects",
    _temporary,
    Column("id", Integer, primary_key=True, autoincrement=False, comment="of a subscription"),
    Column("fate", Integer, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)

_told = Table(
    "due_told",
    _temporary,
    Column("fate", Integer, primary_key=True, autoincrement=False),
    Column("story", Integer, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DELETE ROWS",
)

# A join with the temporary tables; by its last line SQLite begins with these, not with all subscriptions.
_move_on = text(
    """
    UPDATE subscriptions SET
        next_slot = CASE WHEN f.next_slot = '' THEN subscriptions.next_slot ELSE f.next_slot END,
        next_due = COALESCE(f.next_due, CASE WHEN subscriptions.state = 'blocked' THEN f.trial END),
        since = CASE WHEN subscriptions.since < f.since THEN f.since ELSE subscriptions.since END
    FROM due_subjects AS s JOIN due_fates AS f ON f.id = s.fate WHERE s.id = subscriptions.id
    AND subscriptions.id IN (SELECT id FROM due_subjects)
    """
)

_block = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("subject"))
    .values(state="blocked", reason=bindparam("why"), next_slot=None, next_due=None)
)
