import hashlib
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from briefings.errors import DatabaseCorrupt, DatabaseTooNew, StorageError
from briefings.storage import Storage, engine, engine_sqlite
from briefings.storage.peek import last_change
from briefings.types import Document, Section

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DOCUMENT = Document(title="T", sections=(Section(None, (("A sentence.",),)),))


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def made(folder: Path) -> Path:
    path = folder / "sidelines.db"
    with Storage.open(url(path)) as storage:
        storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_one_sentence(error: pytest.ExceptionInfo[BaseException], *naming: str) -> None:
    said = str(error.value)
    assert "\n" not in said
    assert said.endswith(".")
    for each in naming:
        assert each in said


# What is refused, and left as it is


def test_a_file_that_is_no_database_is_named_and_left(tmp_path: Path) -> None:
    path = tmp_path / "sidelines.db"
    path.write_bytes(b"These are my notes, and no database at all. " * 100)
    before = digest(path)
    with pytest.raises(DatabaseCorrupt) as error:
        Storage.open(url(path))
    assert_one_sentence(error, str(path), "untouched")
    assert digest(path) == before
    assert last_change(url(path)) is None


def test_a_damaged_page_is_named_when_it_is_met_and_the_file_is_left(tmp_path: Path) -> None:
    path = made(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    path.write_bytes(bytes(damaged))
    before = digest(path)
    with pytest.raises(DatabaseCorrupt) as error, Storage.open(url(path)) as storage:
        storage.articles.count("w")
    assert_one_sentence(error, str(path), "untouched")
    assert digest(path) == before


def test_check_finds_damage_that_nothing_has_met_yet(tmp_path: Path) -> None:
    path = made(tmp_path)
    with Storage.open(url(path)) as storage:
        storage.database.check()
        with storage.reading() as connection:
            page = connection.execute(text("SELECT rootpage FROM sqlite_master WHERE name = 'topics'")).scalar_one()
    damaged = bytearray(path.read_bytes())
    damaged[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(bytes(damaged))
    with Storage.open(url(path)) as storage, pytest.raises(DatabaseCorrupt) as error:
        storage.database.check()
    assert_one_sentence(error, str(path))


def test_a_newer_database_is_left_untouched(tmp_path: Path) -> None:
    path = made(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = digest(path)
    with pytest.raises(DatabaseTooNew) as error:
        Storage.open(url(path))
    assert_one_sentence(error, str(path), "newer", "untouched")
    assert digest(path) == before
    assert last_change(url(path)) is None


def test_another_programs_database_is_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = digest(path)
    with pytest.raises(StorageError) as error:
        Storage.open(url(path))
    assert_one_sentence(error, str(path), "another program")
    assert digest(path) == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError) as error:
        Storage.open(url(tmp_path / "file" / "data" / "sidelines.db"))
    assert_one_sentence(error, str(tmp_path / "file" / "data"), "SIDELINES_DATA_DIR")


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        Storage.open(url(tmp_path))
    assert_one_sentence(error, str(tmp_path), "cannot be opened")


@pytest.mark.parametrize("address", ["mysql://host/db", "sidelines.db", "", "postgresql://host"])
def test_an_unknown_kind_of_database_is_refused(address: str) -> None:
    with pytest.raises(StorageError) as error:
        Storage.open(address)
    assert_one_sentence(error, "DATABASE_URL")


def test_a_full_disk_is_told_and_the_write_undone(tmp_path: Path) -> None:
    path = made(tmp_path)
    with Storage.open(url(path)) as storage:
        with storage.reading() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        large = Document(title="x" * 50_000, sections=())
        with pytest.raises(StorageError) as error:
            storage.articles.add(large, keys=[], workspace="w", now=NOW)
        assert_one_sentence(error, str(path), "full")
        assert storage.articles.count("w") == 1


def test_a_read_only_database_is_read_but_not_written(tmp_path: Path) -> None:
    path = made(tmp_path)
    with Storage.open(url(path)) as storage:
        with storage.reading() as connection:
            connection.execute(text("PRAGMA query_only = ON"))
        assert storage.articles.count("w") == 1
        with pytest.raises(StorageError) as error:
            storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)
        assert_one_sentence(error, str(path), "may not be written")


def test_a_database_that_another_process_keeps_writing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_sqlite, "BUSY_SECONDS", 0.01)
    path = made(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Storage.open(url(path)) as storage:
        other.execute("BEGIN IMMEDIATE")
        assert storage.articles.count("w") == 1
        with pytest.raises(StorageError) as error:
            storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)
        assert_one_sentence(error, str(path), "another program")
        other.execute("ROLLBACK")
        storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)


# Transactions


def test_a_commit_survives_power_cuts_and_readers_do_not_wait(tmp_path: Path) -> None:
    with Storage.open(url(tmp_path / "a.db")) as storage, storage.writing() as connection:
        asked = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_writer_within_a_writer_shares_its_transaction(storage: Storage) -> None:
    def write_and_fail() -> None:
        with storage.writing() as outer:
            with storage.writing() as inner:
                storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)
            assert inner is outer
            with storage.reading():
                assert storage.articles.count("w") == 1
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert storage.articles.count("w") == 0


def test_a_reader_sees_one_state_while_another_thread_writes(tmp_path: Path) -> None:
    with Storage.open(url(made(tmp_path))) as storage:
        with storage.reading() as connection:
            count = text("SELECT count(*) FROM articles")
            assert connection.execute(count).scalar() == 1
            writer = threading.Thread(
                target=lambda: storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW), daemon=True
            )
            writer.start()
            writer.join()
            assert connection.execute(count).scalar() == 1
            assert storage.articles.count("w") == 1
        assert storage.articles.count("w") == 2


def test_threads_take_turns(storage: Storage) -> None:
    def work() -> None:
        for _ in range(10):
            storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)
            storage.articles.heads("w", limit=3)

    start = storage.articles.last_change()
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.articles.count("w") == 40
    assert [c.number - start for c in storage.articles.changes(start)] == list(range(1, 41))


def test_two_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    program = f"""if True:
        from datetime import UTC, datetime
        from briefings.storage import Storage
        from briefings.types import Document
        with Storage.open({url(path)!r}) as storage:
            for n in range(50):
                storage.articles.add(Document(title=str(n), sections=()), keys=[], workspace="w", now=datetime.now(UTC))
    """
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    with Storage.open(url(path)) as storage:
        assert storage.articles.count("w") == 100


# A glance without opening


def test_a_glance_tells_the_last_change(tmp_path: Path) -> None:
    path = made(tmp_path)
    with Storage.open(url(path)) as storage:
        assert last_change(url(path)) == storage.articles.last_change()
        storage.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)
        assert last_change(url(path)) == storage.articles.last_change()


def test_a_glance_makes_no_file_and_tells_nothing_of_what_it_cannot_see(tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    assert [last_change(each) for each in (url(missing), "sqlite://", "postgresql://host/db")] == [None] * 3
    assert not missing.exists()


def test_a_glance_finds_a_file_with_odd_letters(tmp_path: Path) -> None:
    folder = tmp_path / "a b%20#é?"
    assert last_change(url(made(folder))) is not None


def test_a_glance_loads_no_sqlalchemy() -> None:
    program = "import sys, briefings.storage.peek; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# Times


@given(st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000)), st.integers(-23, 23))
def test_times_keep_their_instant_to_the_millisecond(since: timedelta, hours: int) -> None:
    aware = (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(timezone(timedelta(hours=hours)))
    back = engine.moment(engine.milliseconds(aware))
    assert timedelta(0) <= aware - back < timedelta(milliseconds=1)
    assert back.tzinfo is UTC
