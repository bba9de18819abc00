"""How deliveries are taken from the outbox."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, case, literal_column, select, update

from briefings.storage.engine import Database
from briefings.storage.lanes import Lanes
from briefings.storage.leases import Leases
from briefings.storage.tables import deliveries, delivery_parts

doubtful = select(delivery_parts.c.delivery).where(delivery_parts.c.message == literal_column("''"))
"""Deliveries with a part in doubt, in the words of their index."""


def take(
    database: Database,
    connection: Connection,
    due: ColumnElement[bool],
    holder: str,
    until: int,
    limit: int,
    lanes: Lanes | None,
) -> Sequence[int]:
    """Hold up to `limit` of the deliveries that are `due`, the longest waiting, and with `lanes` these too."""
    first = deliveries.c.next_attempt, deliveries.c.id
    if lanes:
        # Of those that nobody else is just taking: all would wait for the leases of the same lanes, and get none.
        ahead = select(lanes.name).where(due, lanes.open(holder, database)).order_by(*first).limit(limit)
        names = set(connection.execute(ahead.with_for_update(of=deliveries, skip_locked=True)).scalars())
        due = and_(due, lanes.name.in_(Leases(database).take(names, holder, lanes.lease)))
    free = select(deliveries.c.id).where(due).order_by(*first).limit(limit)
    taken = free.with_for_update(skip_locked=True).cte()  # As IN (SELECT ...) it might be run repeatedly.
    again = deliveries.c.holder.is_not_distinct_from(holder)
    attempts = case((again, deliveries.c.attempts), else_=deliveries.c.attempts + 1)
    statement = (
        update(deliveries)
        .where(deliveries.c.id.in_(select(taken.c.id)))
        .values(holder=holder, lease=until, next_attempt=until, attempts=attempts)
        .returning(deliveries.c.id)
    )
    return connection.execute(statement).scalars().all()
