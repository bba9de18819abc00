"""One database: its connections and transactions, its migrations, and its errors in words a person can act on.

Statements are the same for all kinds. What differs stands in `engine_sqlite` and `engine_postgresql`, nowhere else.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar, TypeVarTuple

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, TimeoutError

from briefings.errors import DatabaseTooNew, StorageBusy, StorageError
from briefings.storage.migrations import NEWEST, REVISIONS
from briefings.storage.precedence import WriteLock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Insert = sqlite.Insert | postgresql.Insert
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Kind(Protocol):
    """What one kind of database does its own way."""

    name: str
    """What messages call it: the file's path, or where the server is and which of its databases."""
    engine: Engine
    one_writer: bool
    """Whether only one transaction writes at a time: whatever `writing` does then, it does alone."""
    one_connection: bool
    """Whether readers take turns with the writer, on its connection."""
    clock: ColumnElement[int]
    """The present by the database's clock, in UTC milliseconds."""
    reads: Mapping[str, Any]
    writes: Mapping[str, Any]
    """Options of a connection whose transaction only reads, or may write."""

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""

    def load(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of plain values at the driver's own speed."""

    def analyse(self, connection: Connection, table: Table) -> None:
        """See `Database.analyse`."""

    def hold(self, connection: Connection, what: str, *, shared: bool) -> None:
        """See `Database.hold`."""

    def tell(self, connection: Connection) -> None:
        """See `Database.tell`."""

    def hearing(self, told: Callable[[], object]) -> AbstractContextManager[None]:
        """See `Database.hearing`."""

    def last_numbers(self, connection: Connection) -> dict[str, int]:
        """See `Database.last_numbers`."""

    def go_on_after(self, connection: Connection, last: Mapping[str, int]) -> None:
        """See `Database.go_on_after`."""

    def prepare(self) -> None:
        """Do what a migration needs done outside its transaction."""

    def await_turn(self, connection: Connection) -> None:
        """Within a migration's transaction: wait until no other process migrates."""

    def check(self, connection: Connection) -> str:
        """See `Database.check`."""

    def explain(self, error: Exception) -> StorageError | None:
        """What a person should read instead of the driver's error; None when it is a fault of the program."""


class Database:
    """Connections to one database, safe in any number of threads. `name` is what messages call it.

    `shared`: whether several processes may run on it. `clock` is the present by its own clock, in UTC milliseconds.
    """

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. Raises StorageError for an unknown kind of address, or a folder it cannot make."""
        self._kind = _kind(url)
        self.name = self._kind.name
        self.engine = self._kind.engine
        self.clock = self._kind.clock
        self.shared = not self._kind.one_writer
        self._writer = WriteLock() if self._kind.one_writer else nullcontext()
        self._held = threading.local()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that may write: committed at the end, undone by an exception.

        Within another `writing` of the same thread it is that one, so that several stores can share a transaction. On
        SQLite it is the only one there is, and what is done `for_a_person` goes first. On PostgreSQL others write at
        the same time, and what they committed is seen by the next statement: what must not change between two
        statements is locked, or held with `hold`.
        Raises StorageError and its kinds.
        """
        held: Connection | None = getattr(self._held, "writer", None)
        if held is not None:
            yield held
            return
        with self._writer, self._transaction(self._kind.writes) as connection:
            self._held.writer, self._held.tells = connection, False
            try:
                yield connection
                if self._held.tells:
                    self._kind.tell(connection)
            finally:
                self._held.writer = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout. Within `writing`, it is the writer's own.

        Within another `reading` of the same thread it is that one. Raises StorageError and its kinds.
        """
        if self._kind.one_connection or getattr(self._held, "writer", None) is not None:
            with self.writing() as connection:
                yield connection
            return
        held: Connection | None = getattr(self._held, "reader", None)
        if held is not None:
            yield held
            return
        with self._transaction(self._kind.reads) as connection:
            self._held.reader = connection
            try:
                yield connection
            finally:
                self._held.reader = None

    def repeated(self, work: Callable[[], T]) -> T:
        """What `work` gives, done once more when a transaction of its own had to give way to another one (StorageBusy).

        For what somebody waits for. What the clock sets going comes again by itself.
        """
        try:
            return work()
        except StorageBusy:
            if getattr(self._held, "writer", None) is not None:  # It was not its own.
                raise
            return work()

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Iterator[Connection]:
        with self._explaining(), self.engine.connect() as connection:
            connection = connection.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, TimeoutError) as error:
            explained = self._kind.explain(error)
            if explained is None:
                raise
            raise explained from error

    def hold(self, what: str, *, shared: bool = False) -> None:
        """Within `writing`: wait until nobody else holds `what`, and hold it until the transaction ends.

        For what must be done by one at a time and is no row that could be locked. Call it before anything is read that
        is decided on. Those who hold it `shared` only wait for those who do not. Nothing to do where one writes at a
        time. To keep clear of deadlocks, hold in this order: "articles", "publishing", "subscriptions", "contents".
        """
        with self.writing() as connection:
            self._kind.hold(connection, what, shared=shared)

    def tell(self) -> None:
        """Within `writing`: something may be due at once; when it is committed, let all processes look.

        They look every second in any case. Nothing to do where there is but one process.
        """
        with self.writing():
            self._held.tells = True

    def hearing(self, told: Callable[[], object]) -> AbstractContextManager[None]:
        """While entered, `told` is called in a thread of its own whenever some process says `tell`."""
        return self._kind.hearing(told)

    def locked(self, query: Select[*Ts], *of: Table) -> Select[*Ts]:
        """Within `writing`, a query for rows (only those `of` some tables) that nobody else changes until the end."""
        if getattr(self._held, "writer", None) is None:
            return query
        return query.with_for_update(of=of or None)

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
        return self._kind.insert(table)

    def load(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of plain values, one for each column in order, at the driver's own speed.

        SQLAlchemy's handling of each costs more than the row.
        """
        if rows:
            with self.writing() as connection:
                self._kind.load(connection, table, rows)

    def analyse(self, table: Table) -> None:
        """Let the database look at a temporary table: by itself it never does, and takes it for a long one."""
        with self.writing() as connection:
            self._kind.analyse(connection, table)

    def last_numbers(self) -> dict[str, int]:
        """The last number that each table gave to a row, by the table's name, though it be deleted since."""
        with self.reading() as connection:
            return self._kind.last_numbers(connection)

    def go_on_after(self, last: Mapping[str, int]) -> None:
        """Let tables give higher numbers to new rows than those of their rows, and than these."""
        with self.writing() as connection:
            self._kind.go_on_after(connection, last)

    def revision(self) -> str | None:
        """The revision of the schema, None when the database is empty.

        Raises DatabaseTooNew when this program does not know it, StorageError when the tables are another program's.
        """
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                if inspect(connection).get_table_names():
                    raise StorageError(
                        f"{self.name} belongs to another program; name another database in DATABASE_URL."
                    )
                return None
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if revision is not None and revision not in REVISIONS:
            raise DatabaseTooNew(
                f"{self.name} was written by a newer Sidelines and is left untouched; "
                "upgrade Sidelines, or name another database in DATABASE_URL."
            )
        return None if revision is None else str(revision)

    def migrate(self) -> bool:
        """Bring the schema to the newest revision, in one transaction. Answers whether there was anything to do.

        Raises what `revision` raises, before anything is written.
        """
        if self.revision() == NEWEST:
            return False
        from alembic import command
        from alembic.config import Config

        with self._explaining():
            self._kind.prepare()
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.writing() as connection:
            self._kind.await_turn(connection)
            if self.revision() != NEWEST:  # Another process may have been quicker.
                config.attributes["connection"] = connection
                command.upgrade(config, NEWEST)
        return True

    def check(self) -> str:
        """Look for damage, of a file in all of it: seconds for a large one. Gives what was found, as "is whole".

        Raises DatabaseCorrupt, and StorageError when it cannot be written to.
        """
        with self.reading() as connection:
            return self._kind.check(connection)


def milliseconds(moment: datetime) -> int:
    """An aware datetime as UTC milliseconds since 1970, the form in which times are stored."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """The aware datetime of stored UTC milliseconds."""
    return _EPOCH + milliseconds * _MILLISECOND


def optional_milliseconds(at: datetime | None) -> int | None:
    """`milliseconds`, of a time that there need not be."""
    return None if at is None else milliseconds(at)


def optional_moment(stored: int | None) -> datetime | None:
    """`moment`, of a time that there need not be."""
    return None if stored is None else moment(stored)


def _kind(url: str) -> Kind:
    """The kind of database that an address names. What the others need is not loaded."""
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        from briefings.storage.engine_sqlite import Sqlite

        return Sqlite(url)
    if scheme in {"postgresql", "postgres"}:
        from briefings.storage.engine_postgresql import Postgresql

        return Postgresql(url)
    raise StorageError(
        "The database address must begin with sqlite:/// and name a file, or be like "
        "postgresql://user:password@host/database; correct DATABASE_URL."
    )
