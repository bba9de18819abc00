"""What runs on this database: each process says so again and again, and one that ends well takes its word back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import delete, select

from briefings.storage.engine import Database, milliseconds, moment
from briefings.storage.tables import processes

SILENT = timedelta(minutes=2)
"""A process that has not been heard of for so long does not run any more, or cannot reach the database."""
FORGOTTEN = timedelta(days=1)


class Process(Struct, frozen=True, kw_only=True):
    """A process, what it serves: connectors, work, and when it last said that it runs."""

    id: str
    serves: tuple[str, ...]
    started: datetime
    seen: datetime


class Processes:
    """Those that run, and those killed within the day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(self, id: str, serves: Sequence[str], started: datetime, now: datetime) -> None:
        """The process of that name runs."""
        values = {"serves": ",".join(serves), "started": milliseconds(started), "seen": milliseconds(now)}
        statement = self._database.insert(processes).values(id=id, **values)
        with self._database.writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=[processes.c.id], set_=values))
            connection.execute(delete(processes).where(processes.c.seen < milliseconds(now - FORGOTTEN)))

    def ended(self, id: str) -> None:
        """It stops."""
        with self._database.writing() as connection:
            connection.execute(delete(processes).where(processes.c.id == id))

    def release(self) -> None:
        """Forget all of them: for a program that starts and knows that it runs alone."""
        with self._database.writing() as connection:
            connection.execute(delete(processes))

    def list(self) -> list[Process]:
        """All that did not say that they stopped, oldest first; see `SILENT`."""
        query = select(processes).order_by(processes.c.started, processes.c.id)
        with self._database.reading() as connection:
            return [
                Process(
                    id=row.id,
                    serves=tuple(row.serves.split(",")) if row.serves else (),
                    started=moment(row.started),
                    seen=moment(row.seen),
                )
                for row in connection.execute(query)
            ]
