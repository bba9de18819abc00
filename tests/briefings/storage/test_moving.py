"""Everything goes from SQLite to PostgreSQL and back, and stays what it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, DateTime, Integer, Numeric, delete, insert, select

from briefings.errors import StorageError
from briefings.storage import Storage
from briefings.storage.moving import PASSING, move
from briefings.storage.tables import deliveries, metadata
from briefings.types import Notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ROWS = 7


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'sidelines.db'}"


def fill(url: str, rows: int = ROWS) -> None:
    """Some rows in every table, of every kind of value and none."""
    with Storage.open(url) as storage, storage.writing() as connection:
        for table in metadata.sorted_tables:
            if table.name != "counters":
                connection.execute(insert(table), [_row(table, number) for number in range(1, rows + 1)])


def _row(table: Any, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.nullable and number % 2:
            values[column.name] = None
        elif isinstance(column.type, Boolean):
            values[column.name] = number % 3 == 0
        elif isinstance(column.type, Integer | Numeric):
            values[column.name] = (
                number
                if column.primary_key or column.foreign_keys
                else number << 33 * (column.type.__class__.__name__ == "BigInteger")
            )
        elif isinstance(column.type, DateTime):
            values[column.name] = datetime(2026, 11, number, 9, 0, 0, number)  # noqa: DTZ001 - as slack_sdk's are
        else:
            values[column.name] = f"{column.name} {number}: é 漢字 🦭 \\N \t\n\"'"[: column.type.length or 99]
    return values


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with Storage.open(url) as storage, storage.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table.name not in PASSING
        }


def silent(_done: int, _of: int) -> None:
    pass


def test_there_and_back_the_content_is_equal(sqlite: str, postgresql_url: str, tmp_path: Path) -> None:
    fill(sqlite)
    told: list[tuple[int, int]] = []
    counts = move(sqlite, postgresql_url, lambda done, of: told.append((done, of)))
    assert counts["articles"] == counts["deliveries"] == ROWS
    assert told[-1] == (sum(counts.values()), sum(counts.values()))
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert move(postgresql_url, back, silent) == counts
    assert content(sqlite) == content(postgresql_url) == content(back)


def test_nul_characters_are_left_out_and_moving_is_still_safe_to_repeat(sqlite: str, postgresql_url: str) -> None:
    with Storage.open(sqlite) as storage:
        storage.topics.add("w\0", "Har\0bour", "harbour OR \0quay")
    counts = move(sqlite, postgresql_url, silent)
    assert move(sqlite, postgresql_url, silent) == counts
    with Storage.open(postgresql_url) as storage:
        assert [(it.name, it.query) for it in storage.topics.list("w")] == [("Harbour", "harbour OR quay")]


@pytest.mark.parametrize("way", ["there", "back"])
def test_new_rows_go_on_after_the_last_number_ever_given(way: str, sqlite: str, postgresql_url: str) -> None:
    source, target = (sqlite, postgresql_url) if way == "there" else (postgresql_url, sqlite)
    with Storage.open(source) as storage:
        ids = [storage.outbox.add_notice("slack:T1", "slack:T1:#C1", Notice("Hello."), NOW) for _ in range(3)]
        with storage.writing() as connection:
            connection.execute(delete(deliveries).where(deliveries.c.id == ids[-1]))
    move(source, target, silent)
    with Storage.open(target) as storage:
        assert storage.outbox.add_notice("slack:T1", "slack:T1:#C1", Notice("Hello."), NOW) == ids[-1] + 1


def test_to_repeat_it_changes_nothing(sqlite: str, postgresql_url: str) -> None:
    fill(sqlite)
    before = move(sqlite, postgresql_url, silent)
    assert move(sqlite, postgresql_url, silent) == before
    assert content(sqlite) == content(postgresql_url)


def test_what_was_cut_short_left_nothing_behind(sqlite: str, postgresql_url: str) -> None:
    fill(sqlite)

    def breaks(done: int, of: int) -> None:
        if done > of / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(sqlite, postgresql_url, breaks)
    assert not any(rows for name, rows in content(postgresql_url).items() if name != "counters")
    move(sqlite, postgresql_url, silent)
    assert content(sqlite) == content(postgresql_url)


def test_a_database_with_other_data_is_left_alone(sqlite: str, postgresql_url: str) -> None:
    fill(sqlite)
    with Storage.open(postgresql_url) as storage:
        storage.workspaces.joined("slack:T1", NOW - timedelta(days=1))
    before = content(postgresql_url)
    with pytest.raises(StorageError, match="has other data"):
        move(sqlite, postgresql_url, silent)
    assert content(postgresql_url) == before


def test_a_source_of_another_version_is_left_alone(sqlite: str, postgresql_url: str) -> None:
    fill(sqlite)
    with Storage.open(sqlite) as storage, storage.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    with pytest.raises(StorageError, match="sidelines migrate"):
        move(sqlite, postgresql_url, silent)


@pytest.mark.parametrize("given", ["missing", "same"])
def test_addresses_that_cannot_be_meant_are_refused(given: str, sqlite: str, tmp_path: Path) -> None:
    source = sqlite if given == "same" else f"sqlite:///{tmp_path / 'missing.db'}"
    with pytest.raises(StorageError):
        move(source, sqlite, silent)
    assert not (tmp_path / "missing.db").exists()
