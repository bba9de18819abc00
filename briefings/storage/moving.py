"""Everything in one database, copied into another: from SQLite to PostgreSQL, or back.

Both must be of this version, and nothing may run on either. All is written in one transaction, so that the other
database has all of it or nothing; rows keep their numbers, and new ones go on after them. NUL characters, which SQLite
keeps in text and PostgreSQL refuses, are left out: nobody could see them.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, DateTime, Table, delete, func, insert, select

from briefings.errors import StorageError
from briefings.storage import Storage
from briefings.storage.engine import Database
from briefings.storage.migrations import NEWEST
from briefings.storage.peek import sqlite_path
from briefings.storage.tables import counters, metadata

BATCH = 5_000
"""Rows read and written at a time."""
PASSING = {"leases", "shares", "processes"}
"""Tables that say what processes do at the moment; they are left out."""

Progress = Callable[[int, int], None]
"""Told how many rows of how many were copied."""


def move(source: str, target: str, progress: Progress) -> dict[str, int]:
    """Copy all from one address to the other; gives how many rows each table has. Safe to repeat.

    Raises StorageError when the source is of another version, or the target has other data; then nothing is changed.
    """
    if source == target:
        raise StorageError("Both addresses are the same; name another database to move to.")
    path = sqlite_path(source)
    if path and not path.exists():
        raise StorageError(f"There is no database {path}; correct --from.")
    database = Database(source)
    try:
        if database.revision() != NEWEST:
            raise StorageError(f"{database.name} is not of this version; run `sidelines migrate` on it first.")
        with Storage.open(target) as opened:
            return _copy(database, opened.database, progress)
    finally:
        database.close()


def _copy(source: Database, target: Database, progress: Progress) -> dict[str, int]:
    with source.reading() as reading, target.writing() as writing:
        counts = {table: _count(reading, table) for table in _tables()}
        if not _is_fresh(writing):
            if _equal(reading, writing):
                return {table.name: count for table, count in counts.items()}
            raise StorageError(f"{target.name} has other data; name an empty database.")
        writing.execute(delete(counters))
        done, total = 0, sum(counts.values())
        for table in _tables():
            for rows in _batches(reading, table):
                _write(target, writing, table, rows)
                done += len(rows)
                progress(done, total)
        target.go_on_after(source.last_numbers())
        if (found := {table: _count(writing, table) for table in _tables()}) != counts:
            wrong = next(table.name for table in found if found[table] != counts[table])
            raise StorageError(f"{target.name} did not take all of {wrong}, and is left as it was; try again.")
    return {table.name: count for table, count in counts.items()}


def _tables() -> list[Table]:
    """All that are copied, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table.name not in PASSING]


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _batches(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of their keys, some at a time, without NUL characters."""
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=BATCH)
    for rows in connection.execute(query).partitions():
        yield [tuple(value.replace("\0", "") if isinstance(value, str) else value for value in row) for row in rows]


def _write(database: Database, connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    if any(isinstance(column.type, DateTime) for column in table.columns):  # Not so plain a value on SQLite.
        names = [column.name for column in table.columns]
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
    else:
        database.load(table, rows)


def _is_fresh(connection: Connection) -> bool:
    """Whether nothing was stored since the database was made; the number it begins to count with does not matter."""
    return not any(_count(connection, table) for table in _tables() if table is not counters)


def _equal(one: Connection, other: Connection) -> bool:
    """Whether two databases have the same rows."""
    return all(
        _count(one, table) == _count(other, table)
        and all(ours == theirs for ours, theirs in zip(_batches(one, table), _batches(other, table), strict=True))
        for table in _tables()
    )
