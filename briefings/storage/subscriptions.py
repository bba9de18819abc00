"""Subscriptions: a channel, a topic, a schedule, and when it is next due. Every read and change is of one workspace.

When a subscription is next due is computed by the caller (`briefings.slots.next_due`): this only keeps it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select, update

from briefings.errors import AlreadyThere, NotFound
from briefings.storage.engine import Database, milliseconds, moment
from briefings.storage.tables import deliveries, subscriptions
from briefings.types import Schedule, Slot, Subscription, SubscriptionState


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
        """One subscription. Raises NotFound when the workspace has none of that number."""
        with self._database.reading() as connection:
            row = connection.execute(select(subscriptions).where(_of(id, workspace))).one_or_none()
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
        return self._stop(id, workspace, "paused", None)

    def block(self, id: int, workspace: str, reason: str) -> Subscription:
        """Stop it because it cannot be served; `reason` says why and what to do."""
        return self._stop(id, workspace, "blocked", reason)

    def resume(self, id: int, workspace: str, next_slot: Slot | None) -> Subscription:
        """Let a paused or blocked subscription go on at `next_slot`, with the news since it stopped."""
        return self._change(id, workspace, state="active", reason=None, **_next(next_slot))

    def reschedule(self, id: int, workspace: str, schedule: Schedule, next_slot: Slot | None) -> Subscription:
        """Give it another schedule; a stopped one stays stopped, whatever `next_slot` says."""
        with self._database.writing():
            if self.get(id, workspace).state != "active":
                next_slot = None
            return self._change(id, workspace, **_timing(schedule), **_next(next_slot))

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
        return None if earliest is None else moment(earliest)

    def wake_as_it_happens(self, now: datetime) -> int:
        """Make every active "as it happens" subscription due, after articles arrived. Gives their number."""
        with self._database.writing() as connection:
            return connection.execute(
                update(subscriptions)
                .where(
                    subscriptions.c.cron == "", subscriptions.c.state == "active", subscriptions.c.next_due.is_(None)
                )
                .values(next_due=milliseconds(now))
            ).rowcount

    def _stop(self, id: int, workspace: str, state: SubscriptionState, reason: str | None) -> Subscription:
        return self._change(id, workspace, state=state, reason=reason, next_slot=None, next_due=None)

    def _change(self, id: int, workspace: str, **values: object) -> Subscription:
        with self._database.writing() as connection:
            if not connection.execute(update(subscriptions).where(_of(id, workspace)).values(values)).rowcount:
                raise _not_found(id)
            return self.get(id, workspace)


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
        return {"next_slot": None, "next_due": None}
    return {"next_slot": slot.key, "next_due": milliseconds(slot.at)}


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
        next_due=None if row.next_due is None else moment(row.next_due),
        last_delivered=None if row.last_delivered is None else moment(row.last_delivered),
    )
