"""SQLite: one file, one writer at a time, readers that never wait."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    insert,
    literal_column,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from briefings.errors import DatabaseCorrupt, StorageError
from briefings.storage.peek import sqlite_path

BUSY_SECONDS = 10
"""How long a writer waits for another process before it gives up."""

_WRITE = "sidelines_write"


class Sqlite:
    """See `engine.Kind`."""

    one_writer = True
    reads: Mapping[str, Any] = {_WRITE: False}
    writes: Mapping[str, Any] = {_WRITE: True}
    clock: ColumnElement[int] = literal_column(
        "CAST((julianday('now') - 2440587.5) * 86400000 AS BIGINT)", BigInteger()
    )

    def __init__(self, url: str) -> None:
        path = sqlite_path(url)
        self.name = str(path) if path else "the database in memory"
        self.one_connection = path is None
        if path is not None:
            _make_folder(path.parent)
        self.engine = _engine(path)

    def insert(self, table: Table) -> sqlite.Insert:
        """An INSERT that knows of conflicts."""
        return sqlite.insert(table)

    def load(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of plain values at once."""
        names = [column.name for column in table.columns]
        statement = str(insert(table).compile(dialect=connection.dialect, column_keys=names))
        connection.exec_driver_sql(statement, list(rows))

    def analyse(self, connection: Connection, table: Table) -> None:
        """Nothing: it plans without counting."""

    def hold(self, connection: Connection, what: str, *, shared: bool) -> None:
        """Nothing: the writer is alone."""

    def tell(self, connection: Connection) -> None:
        """Nothing: there is one process."""

    def hearing(self, told: Callable[[], object]) -> AbstractContextManager[None]:  # noqa: ARG002 - see Kind
        """Nothing: there is one process."""
        return nullcontext()

    def last_numbers(self, connection: Connection) -> dict[str, int]:
        """As SQLite keeps them, for the tables that never give a number again."""
        return {row.name: row.seq for row in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}

    def go_on_after(self, connection: Connection, last: Mapping[str, int]) -> None:
        """Raise what SQLite keeps."""
        for name, number in last.items():
            values = {"name": name, "number": number}
            changed = text("UPDATE sqlite_sequence SET seq = max(seq, :number) WHERE name = :name")
            if not connection.execute(changed, values).rowcount and name in _keeping(connection):
                connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), values)

    def prepare(self) -> None:
        """Let readers go on while another writes: kept in the file, and cannot be set within a transaction."""
        if not self.one_connection:
            connection = self.engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()

    def await_turn(self, connection: Connection) -> None:
        """Nothing: the writer is alone."""

    def check(self, connection: Connection) -> str:
        """Say that it is in order, or raise."""
        if connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
            raise DatabaseCorrupt(_CORRUPT.format(name=self.name))
        return "is whole"

    def explain(self, error: Exception) -> StorageError | None:
        """The driver's error in a sentence."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", None)
        if code is None or (code & 0xFF) not in _EXPLANATIONS:
            return None
        kind, sentence = _EXPLANATIONS[code & 0xFF]
        return kind(sentence.format(name=self.name))


def _keeping(connection: Connection) -> set[str]:
    """The tables that never give a number again."""
    words = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
    return set(connection.execute(text(words)).scalars())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The data folder {folder} cannot be made ({error.strerror}); "
            "correct its permissions, or name another in SIDELINES_DATA_DIR."
        ) from error


def _engine(path: Path | None) -> Engine:
    if path is None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        # A thread holds a connection for one short transaction: never make one wait for another's.
        url = URL.create("sqlite", database=str(path))
        # The latest used is used again: each that is used fills a cache of its own.
        engine = create_engine(url, max_overflow=-1, pool_use_lifo=True, connect_args={"timeout": BUSY_SECONDS})

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
