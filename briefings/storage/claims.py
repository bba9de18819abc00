"""Events that platforms deliver more than once, each worked on once: by id, whichever process comes first."""

from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, select, update

from briefings.storage.engine import Database, milliseconds, optional_moment
from briefings.storage.tables import events

LEASE = timedelta(seconds=60)
"""How long a claim that is not settled holds against other processes: then whoever made it counts as killed."""

KEPT = timedelta(days=1)
"""How long an event is remembered. Slack delivers one again within an hour:
https://docs.slack.dev/apis/events-api/#retries."""


class Claims:
    """The stored claims: ids of events, and nothing of what was said in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, event: str, holder: str, now: datetime) -> bool:
        """Whether `holder` is to work on the event: nobody has settled it, or has held it in the last minute.

        A holder never gets an event that it holds a second time.
        """
        at = milliseconds(now)
        statement = self._database.insert(events).values(event=event, holder=holder, claimed=at)
        left = and_(
            events.c.settled.is_(None),
            events.c.holder != holder,
            events.c.claimed <= milliseconds(now - LEASE),
        )
        statement = statement.on_conflict_do_update(
            index_elements=[events.c.event], set_={"holder": holder, "claimed": at}, where=left
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def settle(self, event: str, now: datetime) -> None:
        """It is answered, or about to be: nobody works on it again."""
        with self._database.writing() as connection:
            connection.execute(update(events).where(events.c.event == event).values(settled=milliseconds(now)))

    def settled(self, event: str) -> bool:
        """Whether it was settled, and not forgotten since."""
        with self._database.reading() as connection:
            found = connection.execute(select(events.c.settled).where(events.c.event == event)).scalar()
            return found is not None

    def latest(self, prefix: str) -> datetime | None:
        """When the newest event came whose id begins with `prefix`, of those that are remembered."""
        with self._database.reading() as connection:
            begun = events.c.event.startswith(prefix, autoescape=True)
            claimed = connection.execute(select(func.max(events.c.claimed)).where(begun)).scalar()
            return optional_moment(claimed)

    def release(self) -> None:
        """Let go of what a killed process held: for a program that starts and knows that it runs alone."""
        with self._database.writing() as connection:
            connection.execute(delete(events).where(events.c.settled.is_(None)))

    def forget(self, now: datetime) -> None:
        """Forget events that no platform will deliver again."""
        last = func.coalesce(events.c.settled, events.c.claimed)
        with self._database.writing() as connection:
            connection.execute(delete(events).where(last < milliseconds(now - KEPT)))
