"""One database: its connections, transactions and migrations, and its errors in words a person can act on.

What differs between databases stands here and nowhere else.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from briefings.errors import DatabaseCorrupt, DatabaseTooNew, StorageError
from briefings.storage.migrations import NEWEST, REVISIONS
from briefings.storage.peek import sqlite_path

BUSY_SECONDS = 10
"""How long a writer waits for another process before it gives up."""

_WRITE = "sidelines_write"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Database:
    """Connections to one database. Safe in any number of threads; one of them writes at a time.

    `name` is what messages call it: the file's path.
    """

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. Raises StorageError for an unknown kind of address, or a folder it cannot make."""
        if url.partition(":")[0].partition("+")[0] != "sqlite":
            raise StorageError("The database address must begin with sqlite:/// and name a file; correct DATABASE_URL.")
        path = sqlite_path(url)
        self.name = str(path) if path else "the database in memory"
        self._memory = path is None
        self._writer = threading.RLock()
        self._held = threading.local()
        if path is not None:
            _make_folder(path.parent)
        self.engine = _sqlite_engine(path)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that may write: committed at the end, undone by an exception.

        Within another `writing` of the same thread it is that one, so that several stores can share a transaction.
        Raises StorageError and its kinds.
        """
        held: Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            yield held
            return
        with self._writer, self._transaction(writing=True) as connection:
            self._held.connection = connection
            try:
                yield connection
            finally:
                self._held.connection = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout. Within `writing`, it is the writer's own.

        Raises StorageError and its kinds.
        """
        # SQLite in memory has one connection for all, so that its readers take turns with the writer.
        if self._memory or getattr(self._held, "connection", None) is not None:
            with self.writing() as connection:
                yield connection
        else:
            with self._transaction(writing=False) as connection:
                yield connection

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                connection = connection.execution_options(**{_WRITE: writing})
                with connection.begin():
                    yield connection
        except DBAPIError as error:
            explained = _explain(error, self.name)
            if explained is None:
                raise
            raise explained from error

    def insert(self, table: Table) -> sqlite.Insert:
        """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
        return sqlite.insert(table)

    def revision(self) -> str | None:
        """The revision of the schema, None when the database is empty.

        Raises DatabaseTooNew when this program does not know it, StorageError when the tables are another program's.
        """
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                if inspect(connection).get_table_names():
                    raise StorageError(f"{self.name} belongs to another program; name another file in DATABASE_URL.")
                return None
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if revision is not None and revision not in REVISIONS:
            raise DatabaseTooNew(
                f"{self.name} was written by a newer Sidelines and is left untouched; "
                "upgrade Sidelines, or name another file in DATABASE_URL."
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

        if not self._memory:
            with self._driver() as driver:  # Kept in the file; cannot be set within a transaction.
                driver.execute("PRAGMA journal_mode = WAL")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.writing() as connection:
            if self.revision() != NEWEST:  # Another process may have been quicker.
                config.attributes["connection"] = connection
                command.upgrade(config, NEWEST)
        return True

    def check(self) -> None:
        """Read the whole database for damage: seconds for a large one. Raises DatabaseCorrupt."""
        with self.reading() as connection:
            if connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
                raise DatabaseCorrupt(_CORRUPT.format(name=self.name))

    @contextmanager
    def _driver(self) -> Iterator[Any]:
        """The driver's own connection, outside any transaction."""
        try:
            connection = self.engine.raw_connection()
            try:
                yield connection.driver_connection
            finally:
                connection.close()
        except (sqlite3.Error, DBAPIError) as error:
            explained = _explain(error, self.name)
            if explained is None:
                raise
            raise explained from error


def milliseconds(moment: datetime) -> int:
    """An aware datetime as UTC milliseconds since 1970, the form in which times are stored."""
    return (moment - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """The aware datetime of stored UTC milliseconds."""
    return _EPOCH + milliseconds * _MILLISECOND


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be made ({error.strerror}); "
            "correct its permissions, or name another in SIDELINES_DATA_DIR."
        ) from error


def _sqlite_engine(path: Path | None) -> Engine:
    if path is None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        # A thread holds a connection for one short transaction: never make one wait for another's.
        url = URL.create("sqlite", database=str(path))
        engine = create_engine(url, max_overflow=-1, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(driver: sqlite3.Connection, _record: object) -> None:
        driver.isolation_level = None  # We begin transactions; the driver would leave DDL outside them.
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute("PRAGMA temp_store = MEMORY")
        driver.execute("PRAGMA cache_size = -16000")  # KiB: what a large batch changes, so that it is written once.
        driver.execute("PRAGMA synchronous = FULL")  # A delivery mark lost in a power cut would repeat the message.

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer that began as a reader fails at once instead of waiting, when another wrote in between.
        immediate = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


_CORRUPT = "{name} is damaged and is left untouched; restore it from a backup, or move it away to begin anew."

# By the primary result code (https://www.sqlite.org/rescode.html); what is not here is a fault of the program.
_EXPLANATIONS: dict[int, tuple[type[StorageError], str]] = {
    sqlite3.SQLITE_CORRUPT: (DatabaseCorrupt, _CORRUPT),
    sqlite3.SQLITE_NOTADB: (
        DatabaseCorrupt,
        "{name} is not a database, or a damaged one, and is left untouched; move it away, or restore it from a backup.",
    ),
    sqlite3.SQLITE_FULL: (
        StorageError,
        "The disk is full, and nothing was written to {name}; make room and try again.",
    ),
    sqlite3.SQLITE_IOERR: (
        StorageError,
        "The disk refused to read or write {name}; check the disk and its free space, then try again.",
    ),
    sqlite3.SQLITE_BUSY: (
        StorageError,
        "{name} is being written by another program; try again when it has finished.",
    ),
    sqlite3.SQLITE_LOCKED: (
        StorageError,
        "{name} is being written by another program; try again when it has finished.",
    ),
    sqlite3.SQLITE_READONLY: (
        StorageError,
        "{name} may not be written to; correct the permissions of the file and its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StorageError,
        "{name} cannot be opened; correct its permissions, or name another folder in SIDELINES_DATA_DIR.",
    ),
}
_EXPLANATIONS[sqlite3.SQLITE_PERM] = _EXPLANATIONS[sqlite3.SQLITE_CANTOPEN]


def _explain(error: BaseException, name: str) -> StorageError | None:
    """What a person should read instead of the driver's error; None when it is a fault of the program."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None or (code & 0xFF) not in _EXPLANATIONS:
        return None
    kind, sentence = _EXPLANATIONS[code & 0xFF]
    return kind(sentence.format(name=name))
