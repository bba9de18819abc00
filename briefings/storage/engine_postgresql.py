"""PostgreSQL, through psycopg: any number of processes write at once, each transaction sees what others committed.

What two transactions must not do at once waits for a row, or for one of PostgreSQL's advisory locks, which end with the
transaction and so with a killed process: https://www.postgresql.org/docs/current/explicit-locking.html.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from psycopg import ProgrammingError, sql
from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    literal_column,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ArgumentError, DBAPIError, TimeoutError

from briefings.errors import DatabaseCorrupt, StorageBusy, StorageError
from briefings.storage.listening import CHANNEL, listening

CONNECTIONS = 10
"""Connections of one process at most; a server takes 100 in all unless it is set up for more."""

PATIENCE = 10
"""Seconds to wait for a connection, the server's or of our own, before giving up."""

LOCK_SECONDS = 30
"""How long a statement waits for another process's transaction before it gives up."""

IDLE_SECONDS = 60
"""After how long the server ends a transaction whose process does nothing any more, so that others can go on."""

_CONNECTING = {
    "connect_timeout": PATIENCE,
    "application_name": "sidelines",
    # Notice within a minute that the server's machine is gone: nothing else ends the wait for an answer.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

_SHARING = {"pool_mode": "transaction"}
"""In an address: a pool such as PgBouncer gives each transaction whichever connection is free. So nothing can be left
in one: no prepared statement, and no wish to be told. https://www.pgbouncer.org/features.html"""


class Postgresql:
    """See `engine.Kind`."""

    one_writer = False
    one_connection = False
    reads: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writes: Mapping[str, Any] = {}
    clock: ColumnElement[int] = literal_column(
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", BigInteger()
    )

    def __init__(self, url: str) -> None:
        address = _address(url)
        host = address.host or address.normalized_query.get("host", ("localhost",))[0]
        self.name = f"{host}{f':{address.port}' if address.port else ''}/{address.database}"
        self.engine = _engine(address)
        self._shares = _shares(address)

    def insert(self, table: Table) -> postgresql.Insert:
        """An INSERT that knows of conflicts."""
        return postgresql.insert(table)

    def load(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of plain values at once."""
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(copy) as copying:
            for row in rows:
                copying.write_row(row)

    def analyse(self, connection: Connection, table: Table) -> None:
        """Count the rows and the values."""
        connection.execute(text(f"ANALYZE {table.name}"))

    def hold(self, connection: Connection, what: str, *, shared: bool) -> None:
        """Take an advisory lock for this transaction."""
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        connection.execute(select(lock(func.hashtextextended(f"sidelines {what}", 0))))

    def tell(self, connection: Connection) -> None:
        """Notify all that listen, once for the transaction."""
        connection.execute(select(func.pg_notify(CHANNEL, "")))

    def hearing(self, told: Callable[[], object]) -> AbstractContextManager[None]:
        """Listen on a connection of its own, where it can have one."""
        return nullcontext() if self._shares else listening(self.engine, told)

    def last_numbers(self, connection: Connection) -> dict[str, int]:
        """Of each sequence."""
        return {
            table: number
            for table, sequence in _sequences(connection).items()
            if (number := connection.execute(text(f"SELECT last_value FROM {sequence} WHERE is_called")).scalar())  # noqa: S608
        }

    def go_on_after(self, connection: Connection, last: Mapping[str, int]) -> None:
        """Set each sequence."""
        for table, sequence in _sequences(connection).items():
            highest = connection.execute(text(f"SELECT max(id) FROM {table}")).scalar()  # noqa: S608
            if number := max(highest or 0, last.get(table, 0)):
                connection.execute(select(func.setval(sequence, number)))

    def prepare(self) -> None:
        """Nothing."""

    def await_turn(self, connection: Connection) -> None:
        """Wait, however long another process migrates."""
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # However long the other one takes.
        self.hold(connection, "migration", shared=False)
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))

    def check(self, connection: Connection) -> str:
        """Say that it is in order, or raise."""
        if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            raise StorageError(_COPY.format(name=self.name))
        version = connection.execute(text("SHOW server_version")).scalar_one()
        return f"is PostgreSQL {str(version).split()[0]}"

    def explain(self, error: Exception) -> StorageError | None:
        """The driver's error in a sentence."""
        if isinstance(error, TimeoutError):
            return StorageError(_BUSY.format(name=self.name))
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None)
        if state is not None:
            found = _EXPLANATIONS.get(state) or _EXPLANATIONS.get(state[:2])
        elif isinstance(error, DBAPIError) and error.connection_invalidated:
            found = StorageError, _LOST
        elif isinstance(error, DBAPIError) and error.statement is not None:
            found = None
        else:
            found = _unreachable(cause)
        return found and found[0](found[1].format(name=self.name))


def _sequences(connection: Connection) -> dict[str, str]:
    """The sequence that numbers the rows of each table, by the table's name."""
    words = """
        SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), 'id') AS sequence
        FROM information_schema.columns
        WHERE table_schema = current_schema() AND column_name = 'id' AND column_default LIKE 'nextval%'
    """
    return {row.table_name: row.sequence for row in connection.execute(text(words))}


def _address(url: str) -> URL:
    try:
        address = make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):  # Either may quote the password.
        address = None
    if address is None or not address.database or "@" in (address.host or ""):
        raise StorageError(
            "The database address must be like postgresql://user:password@host/database, with %40 for an @ in the "
            "password; correct DATABASE_URL."
        ) from None
    return address


def _shares(address: URL) -> bool:
    return _SHARING.items() <= address.query.items()


def _engine(address: URL) -> Engine:
    options: dict[str, Any] = {name: value for name, value in _CONNECTING.items() if name not in address.query}
    if _shares(address):
        options["prepare_threshold"] = None
        address = address.difference_update_query(_SHARING)
    engine = create_engine(
        address,
        isolation_level="READ COMMITTED",
        pool_size=CONNECTIONS // 2,
        max_overflow=CONNECTIONS - CONNECTIONS // 2,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,  # A server that was started anew is not noticed otherwise until something fails.
        connect_args=options,
        execution_options={"preserve_rowcount": True},  # Of an INSERT too: whether there was a conflict.
    )

    @event.listens_for(engine, "connect")
    def prepare(driver: Any, _record: object) -> None:
        driver.execute(
            f"SET lock_timeout = '{LOCK_SECONDS}s'; SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; "
            "SET TIME ZONE 'UTC'"  # Times of slack_sdk's stores bear no zone.
        )
        driver.commit()

    return engine


_BUSY = "{name} is busy with the work of other processes; try again in a moment."
_LOST = "The connection to {name} was lost, and what was under way is undone; see that its server runs, and try again."
_COPY = "{name} may only be read, as a copy of another; name the one that is written to in DATABASE_URL."
_ACCESS = "{name} lets nobody in by that name and password; correct DATABASE_URL."

# By code, or by its first two letters: https://www.postgresql.org/docs/current/errcodes-appendix.html. What is not here
# is a fault of the program.
_EXPLANATIONS: dict[str, tuple[type[StorageError], str]] = {
    "08": (StorageError, _LOST),
    "25006": (StorageError, _COPY),
    "0A000": (StorageError, _COPY),  # The server's words for it when a transaction asks to write.
    "25P03": (StorageError, _LOST),
    "28": (StorageError, _ACCESS),
    "3D000": (StorageError, "There is no database {name}; make it with createdb, or correct DATABASE_URL."),
    "40001": (StorageBusy, _BUSY),
    "40P01": (StorageBusy, _BUSY),
    "42501": (
        StorageError,
        "The user of DATABASE_URL may not do that in {name}; make it the owner of the database, or GRANT it more.",
    ),
    "53100": (StorageError, "The disk of {name} is full, and nothing was written; make room and try again."),
    "53300": (
        StorageError,
        "{name} takes no more connections; stop what else uses it, or let it take more (max_connections).",
    ),
    "53": (StorageError, "{name} has no room or memory left; make some and try again."),
    "55P03": (StorageError, _BUSY),
    "57P03": (StorageError, "{name} is only starting or stopping; try again in a moment."),
    "57P01": (StorageError, _LOST),
    "57P02": (StorageError, _LOST),
    "57014": (StorageError, "{name} took too long and gave up; try again, or raise its statement_timeout."),
    "58030": (StorageError, "The disk of {name} refused to read or write; check that disk, then try again."),
    "XX001": (DatabaseCorrupt, "{name} is damaged and is left untouched; restore it from a backup."),
    "XX002": (DatabaseCorrupt, "{name} has a damaged index; run reindexdb on it, or restore it from a backup."),
}

# Of an attempt to connect there is no code, only the server's or libpq's words.
_WORDS = {
    "password authentication failed|no password supplied|no pg_hba.conf entry|role .* does not exist": "28",
    "database .* does not exist": "3D000",
    "too many clients|too many connections|connection slots are reserved": "53300",
    "is (starting up|shutting down|not (yet )?accepting connections)": "57P03",
}


def _unreachable(cause: BaseException | None) -> tuple[type[StorageError], str] | None:
    """Why a connection could not be made."""
    said = str(cause)
    if isinstance(cause, ProgrammingError):
        return StorageError, "DATABASE_URL has something in it that PostgreSQL's library does not know; correct it."
    for words, code in _WORDS.items():
        if re.search(words, said):
            return _EXPLANATIONS[code]
    reason = said.partition("\n")[0].rpartition("failed: ")[2].translate({ord("{"): "{{", ord("}"): "}}"})
    return StorageError, f"{{name}} cannot be reached ({reason}); see that its server runs, or correct DATABASE_URL."
