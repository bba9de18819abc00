"""`sidelines move`, as it is typed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import cli
from bot.app.single import only_one
from briefings.storage import Storage
from briefings.types import Notice


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'sidelines.db'}"
    with Storage.open(url) as storage:
        storage.outbox.add_notice("terminal", "terminal:#here", Notice("Hello."), datetime.now(UTC))
    return url


def moved(source: str, target: str) -> int:
    return cli.main(["move", "--from", source, "--to", target])


def test_what_was_copied_is_told_table_by_table(sqlite, postgresql_url, capsys):
    assert moved(sqlite, postgresql_url) == 0
    told = capsys.readouterr().out
    assert "        1  deliveries\n" in told
    assert "3 rows are in both." in told  # Also what it says, and the number that changes are counted from.
    with Storage.open(postgresql_url) as storage:
        assert storage.outbox.counts() == {"pending": 1}


def test_a_program_that_runs_on_sqlite_is_to_be_stopped_first(sqlite, postgresql_url, capsys):
    with only_one(sqlite):
        assert moved(sqlite, postgresql_url) == 1
    assert "already running" in capsys.readouterr().err


def test_processes_that_run_on_postgresql_are_to_be_stopped_first(sqlite, postgresql_url, capsys):
    with Storage.open(postgresql_url) as storage:
        storage.processes.seen("one", ("slack",), datetime.now(UTC), datetime.now(UTC))
        assert moved(sqlite, postgresql_url) == 1
        assert "stop it first" in capsys.readouterr().err
        storage.processes.ended("one")
    assert moved(sqlite, postgresql_url) == 0
