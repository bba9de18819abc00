"""Subscriptions: a channel, a topic, a schedule, and when it is next due. Every read and change is of one workspace.

When a subscription is next due is computed by the caller (`briefings.slots.next_due`): this only keeps it.
"""

import builtins
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, insert, literal, select, true, update

from briefings.errors import AlreadyThere, NotFound
from briefings.storage.engine import Database, milliseconds, moment, optional_moment
from briefings.storage.tables import counters, deliveries, subscriptions
from briefings.types import Schedule, Slot, Subscription


class Subscriptions:
    """The stored subscriptions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        workspace: str,
        channel: str,
        topic: str,
        query: str,
        schedule: Schedule,
        since: datetime,
        next_slot: Slot | None,
        now: datetime,
        created_by: str | None = None,
    ) -> Subscription:
        """Store a new subscription, first due at `next_slot`; None as it happens.

        Raises AlreadyThere when the channel has the same query on the same schedule.
        """
        with self._database.writing() as connection:
            self._database.hold(f"subscriptions of {channel}")
            same = select(subscriptions.c.id).where(
                subscriptions.c.workspace == workspace,
                subscriptions.c.channel == channel,
                subscriptions.c.query == query,
                subscriptions.c.cron == _cron(schedule),
                subscriptions.c.zone == schedule.zone,
            )
            if (there := connection.execute(same).scalar()) is not None:
                raise AlreadyThere(f"This channel has that subscription already; it is number {there}.")
            values = {
                "workspace": workspace,
                "channel": channel,
                "topic": topic,
                "query": query,
                "state": "active",
                "since": milliseconds(since),
                "created": milliseconds(now),
                "created_by": created_by,
                **_timing(schedule),
                **_next(next_slot),
            }
            key = connection.execute(insert(subscriptions).values(values)).inserted_primary_key
            return self.get(key[0] if key else 0, workspace)

    def get(self, id: int, workspace: str) -> Subscription:
        """One subscription; within `writing` nobody else changes it until the end.

        Raises NotFound when the workspace has none of that number.
        """
        query = select(subscriptions).where(_of(id, workspace))
        with self._database.reading() as connection:
            row = connection.execute(self._database.locked(query)).one_or_none()
        if row is None:
            raise _not_found(id)
        return _subscription(row)

    def list_all(self) -> list[Subscription]:
        """The subscriptions of all workspaces, for the operator: first due first, those never due last."""
        never = subscriptions.c.next_due.is_(None)
        query = select(subscriptions).order_by(never, subscriptions.c.next_due, subscriptions.c.id)
        with self._database.reading() as connection:
            return [_subscription(row) for row in connection.execute(query)]

    def list(self, workspace: str, channel: str | None = None) -> list[Subscription]:
        """The subscriptions of a workspace, or of one of its channels, oldest first."""
        query = select(subscriptions).where(subscriptions.c.workspace == workspace).order_by(subscriptions.c.id)
        if channel is not None:
            query = query.where(subscriptions.c.channel == channel)
        with self._database.reading() as connection:
            return [_subscription(row) for row in connection.execute(query)]

    def pause(self, id: int, workspace: str) -> Subscription:
        """Stop it until somebody resumes it."""
        return self._change(id, workspace, state="paused", reason=None, **_next(None))

    def block(self, id: int, workspace: str, reason: str, trial: Slot | None = None) -> Subscription:
        """Stop it because it cannot be served; `reason` says why and what to do.

        It is served once more at `trial`, which tells whether it can be by then; None leaves that to a person.
        """
        return self._change(id, workspace, state="blocked", reason=reason, **_next(trial))

    def block_all(
        self, workspace: str, channel: str | None, reason: str, trial: datetime | None = None
    ) -> builtins.list[Subscription]:
        """Stop the active subscriptions of a channel, or with None of the whole workspace; gives them as they are now.

        Each is tried at its next slot, `trial` at the earliest; None leaves that to a person.
        """
        c = subscriptions.c
        values: dict[str, Any] = {"state": "blocked", "reason": reason, **_next(None)}
        if trial is not None:
            at = milliseconds(trial)
            values |= {"next_slot": c.next_slot, "next_due": case((c.next_due > at, c.next_due), else_=at)}
        return self._change_all(workspace, channel, c.state == "active", values)

    def regain(self, workspace: str, channel: str | None) -> builtins.list[Subscription]:
        """The blocked subscriptions of a channel, or with None of the whole workspace: `resume` lets each go on.

        Within `writing` nobody else lets them go on meanwhile.
        """
        c = subscriptions.c
        query = select(subscriptions).where(c.workspace == workspace, c.state == "blocked").order_by(c.id)
        if channel is not None:
            query = query.where(c.channel == channel)
        with self._database.reading() as connection:
            return [_subscription(row) for row in connection.execute(self._database.locked(query))]

    def recover(self, workspace: str, channel: str) -> builtins.list[Subscription]:
        """Something was posted in a channel: its blocked subscriptions that wait for a trial go on; gives them."""
        waiting = and_(subscriptions.c.state == "blocked", subscriptions.c.next_due.is_not(None))
        goes_on = {"state": "active", "reason": None, "first_slot": subscriptions.c.next_slot}
        return self._change_all(workspace, channel, waiting, goes_on)

    def closed(self, posted: Collection[int]) -> builtins.list[tuple[str, str]]:
        """Workspaces and channels of some deliveries where blocked subscriptions wait for a trial; see `recover`."""
        c = subscriptions.c
        there = and_(c.workspace == deliveries.c.workspace, c.channel == deliveries.c.channel)
        waiting = c.state == "blocked", c.next_due.is_not(None)
        query = select(c.workspace, c.channel).join_from(deliveries, subscriptions, there)
        query = query.where(deliveries.c.id.in_(posted), *waiting).distinct().order_by(c.workspace, c.channel)
        with self._database.reading() as connection:
            return [(row.workspace, row.channel) for row in connection.execute(query)]

    def resume(self, id: int, workspace: str, next_slot: Slot | None) -> Subscription:
        """Let a paused or blocked subscription go on at `next_slot`, with the news since it stopped."""
        return self._change(id, workspace, state="active", reason=None, **_next(next_slot))

    def reschedule(self, id: int, workspace: str, schedule: Schedule, next_slot: Slot | None) -> Subscription:
        """Give it another schedule; a stopped one stays stopped. A blocked one that waits for a trial has it then."""
        with self._database.writing():
            before = self.get(id, workspace)
            next = _next(next_slot)
            if before.state != "active" and before.next_due is None:
                next = _next(None)
            elif before.state == "blocked" and next_slot is None:
                next = {}
            return self._change(id, workspace, **_timing(schedule), **next)

    def remove(self, id: int, workspace: str) -> Subscription:
        """Delete it, and what it still has to send and nobody has begun to. Gives back what it was."""
        with self._database.writing() as connection:
            removed = self.get(id, workspace)
            connection.execute(delete(subscriptions).where(subscriptions.c.id == id))
            connection.execute(
                update(deliveries)
                .where(deliveries.c.subscription == id, deliveries.c.state == "pending", deliveries.c.holder.is_(None))
                .values(state="failed", next_attempt=None, error="unsubscribed")
            )
            return removed

    def earliest_due(self) -> datetime | None:
        """When the next subscription of any workspace is due; None when none ever is."""
        with self._database.reading() as connection:
            earliest = connection.execute(
                select(func.min(subscriptions.c.next_due)).where(subscriptions.c.next_due.is_not(None))
            ).scalar()
        return optional_moment(earliest)

    def wake_as_it_happens(self, now: datetime) -> int:
        """Make every active "as it happens" subscription due, if articles changed since this was last done.

        Whichever process did so: at a start, or told by several, the many that wait are left alone. Gives their number.
        """
        change = select(literal("told"), counters.c.value).where(counters.c.name == "change")
        told = self._database.insert(counters).from_select(["name", "value"], change)
        told = told.on_conflict_do_update(
            index_elements=[counters.c.name],
            set_={"value": told.excluded.value},
            where=counters.c.value != told.excluded.value,
        )
        with self._database.writing() as connection:
            self._database.hold("publishing")  # Who publishes may not see the articles, and moves them on all the same.
            if not connection.execute(told).rowcount:
                return 0
            woken = connection.execute(
                update(subscriptions)
                .where(
                    subscriptions.c.cron == "", subscriptions.c.state == "active", subscriptions.c.next_due.is_(None)
                )
                .values(next_due=milliseconds(now))
            ).rowcount
            if woken:
                self._database.tell()
            return woken

    def _change(self, id: int, workspace: str, **values: object) -> Subscription:
        with self._database.writing() as connection:
            if not connection.execute(update(subscriptions).where(_of(id, workspace)).values(values)).rowcount:
                raise _not_found(id)
            return self.get(id, workspace)

    def _change_all(
        self, workspace: str, channel: str | None, condition: ColumnElement[bool], values: Mapping[str, object]
    ) -> builtins.list[Subscription]:
        """Change the subscriptions of a channel, or with None of the whole workspace, that fit; gives those."""
        c = subscriptions.c
        chosen = and_(c.workspace == workspace, true() if channel is None else c.channel == channel, condition)
        with self._database.writing() as connection:
            changed = connection.execute(update(subscriptions).where(chosen).values(values).returning(c.id))
            ids = set(changed.scalars())
            return [each for each in self.list(workspace, channel) if each.id in ids] if ids else []


def _of(id: int, workspace: str) -> ColumnElement[bool]:
    return and_(subscriptions.c.id == id, subscriptions.c.workspace == workspace)


def _not_found(id: int) -> NotFound:
    return NotFound(f"There is no subscription {id} here; `subscriptions` lists those there are.")


def _cron(schedule: Schedule) -> str:
    return "\n".join(schedule.cron)


def _timing(schedule: Schedule) -> dict[str, object]:
    return {"words": schedule.words, "cron": _cron(schedule), "zone": schedule.zone}


def _next(slot: Slot | None) -> dict[str, object]:
    if slot is None:
        return {"next_slot": None, "next_due": None, "first_slot": None}
    return {"next_slot": slot.key, "next_due": milliseconds(slot.at), "first_slot": slot.key}


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        workspace=row.workspace,
        channel=row.channel,
        topic=row.topic,
        query=row.query,
        schedule=Schedule(words=row.words, cron=tuple(row.cron.splitlines()), zone=row.zone),
        state=row.state,
        reason=row.reason,
        since=moment(row.since),
        created=moment(row.created),
        created_by=row.created_by,
        next_slot=row.next_slot,
        next_due=optional_moment(row.next_due),
        last_delivered=optional_moment(row.last_delivered),
    )
