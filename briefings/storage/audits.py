"""What the audit reads of subscriptions and their slots, and the reports it leaves."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, and_, delete, exists, func, literal, null, or_, select, tuple_

from briefings.storage.engine import Database, milliseconds, optional_moment
from briefings.storage.tables import audits, deliveries, delivery_parts, empty_slots, subscriptions
from briefings.types import Schedule

KEPT = timedelta(days=30)
LOOKED_AT = timedelta(days=3)
"""How long empty slots are kept: an audit reaches back for two days."""
LOT = 5_000
"""Empty slots deleted at a time, so that others can write in between."""


class Served(Struct, frozen=True):
    """What became of the slots from `first` to `slot`: "empty", or the state of the delivery.

    `sound`: what the state says is borne out, by a message that was recorded or by an attempt that is to come.
    """

    slot: str
    first: str
    state: str
    sound: bool = True


class Account(Struct, frozen=True, kw_only=True):
    """An active subscription with slots, and what is stored of them; slots before `first_slot` do not count."""

    subscription: int
    workspace: str
    channel: str
    schedule: Schedule
    first_slot: str
    next_slot: str | None
    next_due: datetime | None
    served: tuple[Served, ...]


class Audits:
    """The stored reports, and accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts(self, after: int, limit: int, oldest: str) -> list[Account]:
        """Up to `limit` accounts of subscriptions with numbers over `after`, with what served slots since `oldest`."""
        c = subscriptions.c
        counts = and_(c.state == "active", c.cron != "", c.first_slot.is_not(None))
        query = select(subscriptions).where(counts, c.id > after).order_by(c.id).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            served: dict[int, list[Served]] = {row.id: [] for row in rows}
            if rows:
                these = and_(counts, c.id > after, c.id <= rows[-1].id)
                for given in (_empty(oldest).where(these), _queued(oldest).where(these)):
                    _read(connection, given, served)
        return [
            Account(
                subscription=row.id,
                workspace=row.workspace,
                channel=row.channel,
                schedule=Schedule(words=row.words, cron=tuple(row.cron.splitlines()), zone=row.zone),
                first_slot=row.first_slot,
                next_slot=row.next_slot,
                next_due=optional_moment(row.next_due),
                served=tuple(served[row.id]),
            )
            for row in rows
        ]

    def latest(self) -> str | None:
        """The report made last."""
        with self._database.reading() as connection:
            return connection.execute(select(audits.c.report).order_by(audits.c.at.desc()).limit(1)).scalar()

    def made_after(self, moment: datetime) -> bool:
        """Whether a report was made later than then."""
        with self._database.reading() as connection:
            last = connection.execute(select(func.max(audits.c.at))).scalar()
        return last is not None and last > milliseconds(moment)

    def store(self, report: str, now: datetime) -> bool:
        """Keep the report of a day. False when another process was quicker: it has told of it."""
        row = {"day": now.date().isoformat(), "at": milliseconds(now), "report": report}
        with self._database.writing() as connection:
            new = self._database.insert(audits).values(row).on_conflict_do_nothing()
            return connection.execute(new).rowcount == 1

    def forget(self, now: datetime) -> bool:
        """Delete old reports, and some of the empty slots that no audit looks at; whether there may be more of them."""
        c = empty_slots.c
        old = select(c.subscription, c.slot).where(c.passed < milliseconds(now - LOOKED_AT)).limit(LOT)
        with self._database.writing() as connection:
            connection.execute(delete(audits).where(audits.c.at < milliseconds(now - KEPT)))
            return (
                connection.execute(delete(empty_slots).where(tuple_(c.subscription, c.slot).in_(old))).rowcount == LOT
            )


def _empty(oldest: str) -> Select[Any]:
    c = empty_slots.c
    first = func.coalesce(c.first_slot, c.slot)
    its = and_(c.subscription == subscriptions.c.id, c.slot >= oldest)
    return select(subscriptions.c.id, c.slot, first, literal("empty"), literal(True)).join_from(
        subscriptions, empty_slots, its
    )


def _queued(oldest: str) -> Select[Any]:
    c = deliveries.c
    recorded = exists().where(delivery_parts.c.delivery == c.id, delivery_parts.c.message != "")
    sound = or_(
        and_(c.state == "delivered", recorded),
        and_(c.state == "pending", c.next_attempt.is_not(null())),
        c.state.in_(("failed", "unknown")),
    )
    first = func.coalesce(func.nullif(c.first_slot, ""), c.slot)
    its = and_(c.subscription == subscriptions.c.id, c.slot >= oldest, c.slot.not_like("change %"))
    return select(subscriptions.c.id, c.slot, first, c.state, sound).join_from(subscriptions, deliveries, its)


def _read(connection: Connection, query: Select[Any], served: dict[int, list[Served]]) -> None:
    for id, slot, first, state, sound in connection.execute(query):
        served[id].append(Served(slot, first, state, bool(sound)))
