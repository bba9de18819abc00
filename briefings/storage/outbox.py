"""The outbox: deliveries on their way to channels, how far each came, and what each channel has had.

A worker claims deliveries for a lease; whoever does not hold one any more learns so from every mark it makes. What was
posted is recorded even then: it is a fact that the next holder needs.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from briefings.errors import NotFound
from briefings.storage import contents, tables
from briefings.storage.engine import Database, milliseconds, moment, optional_moment
from briefings.storage.lanes import Lanes, on
from briefings.storage.tables import articles, channel_stories, deliveries, delivery_parts, subscriptions
from briefings.storage.taking import doubtful, take
from briefings.types import Content, Delivery, DeliveryState


class Outbox:
    """The stored deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # What comes in ------------------------------------------------------------------------------------------

    def add_notice(self, workspace: str, channel: str, content: Content, now: datetime) -> int:
        """Queue the bot's own words for a channel. Gives the delivery's id."""
        return self.add_post(workspace, channel, content, now, ())

    def add_post(
        self,
        workspace: str,
        channel: str,
        content: Content,
        now: datetime,
        stories: Iterable[int],
        asked_by: str | None = None,
    ) -> int:
        """Queue what a person asked to post; the channel counts as having had its `stories`. Gives its id."""
        with self._database.writing() as connection:
            row = {
                "workspace": workspace,
                "channel": channel,
                "late": False,
                "content": contents.store(self._database, connection, [content])[0],
                "state": "pending",
                "attempts": 0,
                "next_attempt": milliseconds(now),
                "created": milliseconds(now),
                "asked_by": asked_by,
            }
            key = connection.execute(insert(deliveries).values(row)).inserted_primary_key
            delivery = int(key[0]) if key else 0
            had = [{"channel": channel, "story": story, "delivery": delivery} for story in stories]
            if had:
                connection.execute(self._database.insert(channel_stories).on_conflict_do_nothing(), had)
            self._database.tell()
            return delivery

    def had(self, channel: str) -> set[int]:
        """The stories that a channel has had, or is about to get."""
        query = select(channel_stories.c.story).where(channel_stories.c.channel == channel)
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    # On the way ---------------------------------------------------------------------------------------------

    def claim(
        self,
        holder: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        platforms: Sequence[str] = (),
        lanes: Lanes | None = None,
    ) -> list[Delivery]:
        """Take up to `limit` deliveries that may be attempted now, longest waiting first, for the time of `lease`.

        Before all others come those with a part in doubt: a platform remembers only for minutes what was sent to it.
        `platforms` are the beginnings of workspaces, up to the first ":", that count; all of them when there are none.
        A delivery whose holder let its lease run out may be taken by anybody; by the same holder it is no new attempt.
        With `lanes` their lanes are taken with them, and what is in those of other processes is left to these.
        """
        due = and_(deliveries.c.next_attempt <= milliseconds(now), _on(platforms))
        until = milliseconds(now + lease)
        with self._database.reading() as connection:
            query = select(deliveries.c.id).where(due, deliveries.c.id.in_(doubtful))
            in_doubt = connection.execute(query).scalars().all()
        ids: list[int] = []
        for wanted in (
            (and_(due, deliveries.c.id.in_(in_doubt)), due) if in_doubt else (due,)
        ):  # Each by itself: lanes are taken in the order of their names.
            with self._database.writing() as connection:
                ids += take(self._database, connection, wanted, holder, until, limit - len(ids), lanes)
        with self._database.reading() as connection:
            return _read(connection, _stored.where(deliveries.c.id.in_(ids)).order_by(deliveries.c.id))

    def next_attempt(
        self, platforms: Sequence[str] = (), holder: str = "", lanes: Lanes | None = None
    ) -> datetime | None:
        """When `holder` may next claim a delivery on these platforms; None when all are finished.

        With `lanes`, of those in the lanes of other processes it is not said.
        """
        at = deliveries.c.next_attempt
        query = select(at).where(at.is_not(None), _on(platforms)).order_by(at).limit(1)
        if lanes:
            query = query.where(lanes.open(holder, self._database))
        with self._database.reading() as connection:
            found = connection.execute(query).scalar()
        return optional_moment(found)

    def release(self, now: datetime) -> None:
        """Let go of what a killed process held: for a program that starts and knows that it runs alone."""
        held = deliveries.c.holder.is_not(None) & deliveries.c.next_attempt.is_not(None)
        with self._database.writing() as connection:
            connection.execute(
                update(deliveries).where(held).values(holder=None, lease=None, next_attempt=milliseconds(now))
            )

    def renew(self, id: int, holder: str, now: datetime, lease: timedelta) -> bool:
        """Hold a delivery for longer. False when somebody else holds it by now, as for every mark below."""
        until = milliseconds(now + lease)
        return self._mark(id, holder, lease=until, next_attempt=until)

    def begin_part(self, id: int, holder: str, now: datetime, part: int, lease: timedelta) -> bool:
        """Store that a part is about to be sent, and renew the lease. False: do not send.

        Until `record_part` its message id is "": whether it was posted is not known.
        """
        with self._database.writing() as connection:
            if not self.renew(id, holder, now, lease):
                return False
            row = {"delivery": id, "part": part, "message": "", "sent": milliseconds(now)}
            connection.execute(self._database.insert(delivery_parts).values(row).on_conflict_do_nothing())
            return True

    def record_part(self, id: int, holder: str, now: datetime, part: int, message: str) -> bool:
        """Store the message id of a part that was posted, whoever holds the delivery. False: send nothing more."""
        values = {"message": message, "sent": milliseconds(now)}
        statement = self._database.insert(delivery_parts).values(delivery=id, part=part, **values)
        with self._database.writing() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[delivery_parts.c.delivery, delivery_parts.c.part], set_=values
                )
            )
            return connection.execute(select(deliveries.c.id).where(_held(id, holder))).scalar() is not None

    def told_in(self, channel: str) -> set[str]:
        """The ids of the messages on record that told a channel its stories, or more of them."""
        its = select(channel_stories.c.delivery).where(channel_stories.c.channel == channel)
        more = select(deliveries.c.id).where(deliveries.c.follows.in_(its))
        messages = select(delivery_parts.c.message).where(delivery_parts.c.delivery.in_(its.union(more)))
        with self._database.reading() as connection:
            return set(connection.execute(messages).scalars()) - {""}

    def retry(
        self,
        id: int,
        holder: str,
        now: datetime,
        at: datetime,
        error: str,
        *,
        in_doubt: bool = False,
        counted: bool = True,
    ) -> bool:
        """Leave the rest of a delivery for another attempt, at `at`; one that is not `counted` is as if never made.

        The part begun last was surely not posted, unless it is `in_doubt`: the next attempt finds it so.
        """
        values: dict[str, Any] = {
            "next_attempt": milliseconds(max(at, now)),
            "lease": None,
            "holder": None,
            "error": error,
        }
        if not counted:
            values["attempts"] = deliveries.c.attempts - 1
        with self._database.writing() as connection:
            if not connection.execute(update(deliveries).where(_held(id, holder)).values(values)).rowcount:
                return False
            if not in_doubt:
                connection.execute(delete(delivery_parts).where(_in_doubt(id)))
            return True

    def delivered(self, id: int, holder: str, now: datetime) -> bool:
        """All parts were posted."""
        return id in self.all_delivered([id], holder, now)

    def all_delivered(self, ids: Collection[int], holder: str, now: datetime) -> set[int]:
        """Of each, all parts were posted. Gives those that nobody else has by now; of the others nothing is stored."""
        held = deliveries.c.id.in_(ids), deliveries.c.holder == holder, deliveries.c.state == "pending"
        theirs = select(deliveries.c.subscription).where(*held)
        with self._database.writing() as connection:  # The subscriptions first, as who publishes does, in their order.
            its = select(subscriptions.c.id).where(subscriptions.c.id.in_(theirs)).order_by(subscriptions.c.id)
            served = connection.execute(self._database.locked(its)).scalars().all()
            connection.execute(
                update(subscriptions).where(subscriptions.c.id.in_(served)).values(last_delivered=milliseconds(now))
            )
            # In the order in which follow-ups are told anew, else the two may wait for each other.
            mine = self._database.locked(select(deliveries.c.id).where(*held).order_by(deliveries.c.id))
            done = update(deliveries).where(deliveries.c.id.in_(mine)).values(_finished("delivered", None, now))
            return set(connection.execute(done.returning(deliveries.c.id)).scalars())

    def failed(self, id: int, holder: str, now: datetime, error: str) -> bool:
        """It will not be posted, now or later; its content is kept."""
        return self._finish(id, holder, now, "failed", error)

    def unknown(self, id: int, holder: str, now: datetime, error: str) -> bool:
        """It may or may not have been posted; see `post_again`."""
        return self._finish(id, holder, now, "unknown", error)

    def withdraw(self, id: int, holder: str, now: datetime, error: str) -> bool:
        """It failed before anything was posted: its stories are news to the channel again, and its slot is free."""
        its = select(deliveries.c.subscription).where(deliveries.c.id == id).scalar_subquery()
        subscription = select(subscriptions.c.id).where(subscriptions.c.id == its)
        with self._database.writing() as connection:  # The subscription first, as who publishes does.
            connection.execute(self._database.locked(subscription))
            if not self._finish(id, holder, now, "failed", error):
                return False
            connection.execute(update(deliveries).where(deliveries.c.id == id).values(slot=None))
            stories = select(channel_stories.c.story).where(channel_stories.c.delivery == id)
            arrived = connection.execute(
                select(func.min(articles.c.arrived)).where(articles.c.story.in_(stories))
            ).scalar()
            if arrived is not None:
                connection.execute(
                    update(subscriptions)
                    .where(subscriptions.c.id == its, subscriptions.c.since > arrived)
                    .values(since=arrived)
                )
            connection.execute(delete(channel_stories).where(channel_stories.c.delivery == id))
            return True

    def post_again(self, id: int, workspace: str, now: datetime) -> Delivery:
        """Queue a delivery again that ended in doubt, or failed and was not withdrawn, on a person's word.

        Parts in doubt count as not posted. Raises NotFound when the workspace has no such delivery.
        """
        kept = or_(deliveries.c.subscription.is_(None), deliveries.c.slot.is_not(None))
        with self._database.writing() as connection:
            again = (
                update(deliveries)
                .where(
                    deliveries.c.id == id,
                    deliveries.c.workspace == workspace,
                    or_(deliveries.c.state == "unknown", and_(deliveries.c.state == "failed", kept)),
                )
                .values(state="pending", next_attempt=milliseconds(now), attempts=0, finished=None, error=None)
            )
            if not connection.execute(again).rowcount:
                raise NotFound(f"There is no delivery {id} here that could be posted again.")
            connection.execute(delete(delivery_parts).where(_in_doubt(id)))
            return self.get(id, workspace)

    # Looking back -------------------------------------------------------------------------------------------

    def get(self, id: int, workspace: str) -> Delivery:
        """One delivery. Raises NotFound when the workspace has none of that number."""
        query = _stored.where(deliveries.c.id == id, deliveries.c.workspace == workspace)
        with self._database.reading() as connection:
            found = _read(connection, query)
        if not found:
            raise NotFound(f"There is no delivery {id} here.")
        return found[0]

    def history(
        self,
        workspace: str,
        *,
        channel: str | None = None,
        subscription: int | None = None,
        states: Sequence[DeliveryState] = (),
        limit: int = 20,
    ) -> list[Delivery]:
        """The newest deliveries of a workspace, or of one channel, subscription or some states, newest first.

        Without follow-ups: nobody waits for them.
        """
        query = _stored.where(deliveries.c.workspace == workspace, deliveries.c.follows.is_(None))
        query = query.order_by(deliveries.c.id.desc()).limit(limit)
        if channel is not None:
            query = query.where(deliveries.c.channel == channel)
        if subscription is not None:
            query = query.where(deliveries.c.subscription == subscription)
        if states:
            query = query.where(deliveries.c.state.in_(states))
        with self._database.reading() as connection:
            return _read(connection, query)

    def with_story(self, channel: str, story: int, workspace: str) -> Delivery | None:
        """The delivery that told or named a story to a channel; None when it has not had it."""
        its = select(channel_stories.c.delivery).where(
            channel_stories.c.channel == channel, channel_stories.c.story == story
        )
        query = _stored.where(deliveries.c.id == its.scalar_subquery(), deliveries.c.workspace == workspace)
        with self._database.reading() as connection:
            return next(iter(_read(connection, query)), None)

    def counts(self, workspace: str | None = None, since: datetime | None = None) -> dict[DeliveryState, int]:
        """How many deliveries there are in each state: of all workspaces or one, of all time or `since` then.

        A follow-up that came to nothing does not count.
        """
        told = or_(deliveries.c.follows.is_(None), deliveries.c.state.in_(("pending", "delivered")))
        query = select(deliveries.c.state, func.count()).where(told).group_by(deliveries.c.state)
        if workspace is not None:
            query = query.where(deliveries.c.workspace == workspace)
        if since is not None:
            query = query.where(deliveries.c.created >= milliseconds(since))
        with self._database.reading() as connection:
            return dict(connection.execute(query).all())

    def _mark(self, id: int, owner: str, **values: object) -> bool:
        with self._database.writing() as connection:
            return connection.execute(update(deliveries).where(_held(id, owner)).values(values)).rowcount == 1

    def _finish(self, id: int, owner: str, now: datetime, state: DeliveryState, error: str | None) -> bool:
        return self._mark(id, owner, **_finished(state, error, now))


_stored = select(deliveries, tables.contents.c.body).join(tables.contents, tables.contents.c.id == deliveries.c.content)


def _on(platforms: Sequence[str]) -> ColumnElement[bool]:
    return on(platforms) if platforms else true()


def _in_doubt(id: int) -> ColumnElement[bool]:
    return and_(delivery_parts.c.delivery == id, delivery_parts.c.message == "")


def _held(id: int, holder: str) -> ColumnElement[bool]:
    return and_(deliveries.c.id == id, deliveries.c.holder == holder, deliveries.c.state == "pending")


def _finished(state: DeliveryState, error: str | None, now: datetime) -> dict[str, Any]:
    """What becomes of a delivery that nothing more is tried with."""
    ended = {"state": state, "error": error, "finished": milliseconds(now)}
    return {**ended, "next_attempt": None, "lease": None, "holder": None}


def _read(connection: Connection, query: Select[Any]) -> list[Delivery]:
    rows = connection.execute(query).all()
    parts: dict[int, list[Row[Any]]] = {row.id: [] for row in rows}
    for part in connection.execute(delivery_parts.select().where(delivery_parts.c.delivery.in_(parts))):
        parts[part.delivery].append(part)
    return [_delivery(row, parts[row.id]) for row in rows]


def _delivery(row: Row[Any], parts: list[Row[Any]]) -> Delivery:
    return Delivery(
        id=row.id,
        workspace=row.workspace,
        channel=row.channel,
        subscription=row.subscription,
        slot=row.slot,
        due=optional_moment(row.due),
        late=row.late,
        content=contents.read(row.body),
        state=row.state,
        attempts=row.attempts,
        sent={it.part: it.message for it in parts},
        begun={it.part: moment(it.sent) for it in parts if not it.message},
        created=moment(row.created),
        error=row.error,
        follows=row.follows,
        edits=row.edits,
        asked_by=row.asked_by,
    )
