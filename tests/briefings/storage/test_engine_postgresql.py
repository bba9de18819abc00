"""What PostgreSQL refuses, in one sentence with the next step; and connections that are lost."""

import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from briefings.errors import DatabaseCorrupt, DatabaseTooNew, StorageError
from briefings.storage import Storage, engine_postgresql
from briefings.storage.migrations import NEWEST
from briefings.storage.peek import last_change
from briefings.types import Document
from tests.servers.ports import free_port
from tests.servers.postgresql import PASSWORD, Postgresql, over_tcp, started

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DOCUMENT = Document(title="T", sections=())


@pytest.fixture
def url(postgresql_server: Postgresql, postgresql_url: str) -> str:
    """The way in that asks for a password, where we started the server; else whatever way was given."""
    port = make_url(postgresql_url).query.get("port")
    return over_tcp(postgresql_url, int(str(port))) if port else postgresql_url


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    with Storage.open(url) as opened:
        yield opened


def refused(url: str) -> str:
    """The sentence with which an address is refused. No password is in it."""
    with pytest.raises(StorageError) as error:
        Storage.open(url)
    said = str(error.value)
    assert said.endswith(".")
    assert "\n" not in said
    password = make_url(url).password
    assert not password or password not in said
    return said


def place(url: str) -> str:
    address = make_url(url)
    return f"{address.host}:{address.port}/{address.database}"


# Getting in


def test_its_place_is_its_name_and_no_password(storage: Storage, url: str) -> None:
    assert storage.database.name == place(url)
    assert storage.database.check().startswith("is PostgreSQL ")
    assert PASSWORD not in repr(storage.database.engine)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg"])
def test_other_spellings_of_the_address(url: str, scheme: str) -> None:
    with Storage.open(url.replace("postgresql", scheme, 1)) as storage:
        assert storage.articles.count("w") == 0


def test_a_wrong_password(url: str) -> None:
    wrong = make_url(url).set(password="hunter2").render_as_string(hide_password=False)  # noqa: S106
    assert refused(wrong) == f"{place(url)} lets nobody in by that name and password; correct DATABASE_URL."
    stranger = make_url(url).set(username="nobody_here").render_as_string(hide_password=False)
    assert "name and password" in refused(stranger)


def test_a_database_that_is_not_there(url: str) -> None:
    other = make_url(url).set(database="not_here").render_as_string(hide_password=False)
    assert refused(other).startswith(f"There is no database {place(other)}; make it with createdb")


def test_a_server_that_is_not_there(url: str) -> None:
    other = make_url(url).set(port=free_port()).render_as_string(hide_password=False)
    assert refused(other).startswith(f"{place(other)} cannot be reached (Connection refused")
    assert last_change(other) is None


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ana:hunter2@127.0.0.1",
        "postgresql://ana:hunter2@127.0.0.1/",
        "postgresql://ana:hunt@er2@127.0.0.1/news",
        "postgresql://ana:hunter2@127.0.0.1:high/news",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(address: str) -> None:
    with pytest.raises(StorageError, match="%40 for an @ in the password; correct DATABASE_URL") as error:
        Storage.open(address)
    assert "er2" not in str(error.value)


def test_an_option_that_is_not_known(url: str) -> None:
    assert "DATABASE_URL has something in it" in refused(f"{url}?colour=blue")


def test_a_pool_that_shares_connections_is_left_nothing_in_one(url: str) -> None:
    def left(address: str) -> tuple[int, int]:
        """How many statements are prepared in a connection after some use, and how many threads hear from one."""
        with Storage.open(address) as storage, storage.reading() as connection:
            for _ in range(20):
                storage.articles.last_change()
            prepared = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
            threads = set(threading.enumerate())
            with storage.database.hearing(lambda: None):
                return prepared, len(set(threading.enumerate()) - threads)

    assert left(url) == (1, 1)
    assert left(f"{url}?pool_mode=transaction") == (0, 0)
    assert "DATABASE_URL has something in it" in refused(f"{url}?pool_mode=always")


def test_a_stranger_to_the_server(postgresql_server: Postgresql, url: str) -> None:
    name = f"crowd_{secrets.token_hex(4)}"
    other = make_url(url).set(username=name).render_as_string(hide_password=False)
    postgresql_server.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{make_url(url).password}' CONNECTION LIMIT 0")
    try:
        assert "takes no more connections" in refused(other)
        postgresql_server.execute(f"ALTER ROLE {name} CONNECTION LIMIT 9")
        assert f"The user of DATABASE_URL may not do that in {place(other)}" in refused(other)
    finally:
        postgresql_server.execute(f"DROP ROLE {name}")


def test_a_copy_that_is_only_read() -> None:
    with tempfile.TemporaryDirectory(prefix="sidelines-pg-") as folder:
        with started(Path(folder)) as port:
            server = Postgresql.at(Path(folder), port)
            stack = ExitStack()
            name = make_url(stack.enter_context(server.database())).database
        (Path(folder) / "data" / "standby.signal").touch()
        with started(Path(folder)) as port, Storage.open(Postgresql.at(Path(folder), port).address(name)) as storage:
            assert storage.articles.count("w") == 0
            for work in (lambda: storage.first_time("x"), storage.database.check):
                with pytest.raises(StorageError, match="may only be read, as a copy of another"):
                    work()


# What is in it


def test_a_newer_database_is_left_untouched(storage: Storage, url: str) -> None:
    with storage.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(DatabaseTooNew, match="newer Sidelines and is left untouched"):
            Storage.open(url)
    finally:
        with storage.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :old"), {"old": NEWEST})


def test_another_programs_database_is_left_untouched(postgresql_server: Postgresql) -> None:
    with postgresql_server.empty_database() as url:
        name = make_url(url).database
        postgresql_server.execute("CREATE TABLE theirs (x int)", name)
        with pytest.raises(StorageError, match="belongs to another program"):
            Storage.open(url)
        [row] = postgresql_server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name)
        assert row == (1,)


REFUSALS = {
    "53100": "is full, and nothing was written; make room",
    "53200": "has no room or memory left",
    "40001": "busy with the work of other processes",
    "40P01": "busy with the work of other processes",
    "25006": "may only be read",
    "57014": "took too long",
    "58030": "refused to read or write",
    "57P03": "only starting or stopping",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_the_server_refuses_is_told_and_the_write_undone(storage: Storage, code: str) -> None:
    def write() -> None:
        with storage.writing() as connection:
            storage.first_time("x")
            connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{code}'; END $$"))

    with pytest.raises(StorageError) as error:
        write()
    assert REFUSALS[code] in str(error.value)
    assert storage.database.name in str(error.value)
    assert storage.first_time("x")


@pytest.mark.parametrize("code", ["XX001", "XX002"])
def test_damage_is_told(storage: Storage, code: str) -> None:
    with pytest.raises(DatabaseCorrupt, match="restore it from a backup"), storage.reading() as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{code}'; END $$"))


def test_reading_writes_nothing(storage: Storage) -> None:
    with pytest.raises(StorageError, match="may only be read"), storage.reading() as connection:
        connection.execute(text("DELETE FROM counters"))


# Waiting


def test_who_waits_too_long_for_another_is_told_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_postgresql, "LOCK_SECONDS", 0.05)
    with Storage.open(url) as one, Storage.open(url) as other, one.writing():
        one.hold("articles")
        with pytest.raises(StorageError, match="busy with the work of other processes"):
            other.articles.add(DOCUMENT, keys=[], workspace="w", now=NOW)


def test_who_finds_no_connection_free_is_told_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_postgresql, "CONNECTIONS", 2)
    monkeypatch.setattr(engine_postgresql, "PATIENCE", 0.05)
    with Storage.open(url) as storage, storage.database.engine.connect(), storage.database.engine.connect():
        with pytest.raises(StorageError, match="busy with the work of other processes"):
            storage.articles.count("w")
        with pytest.raises(StorageError, match="busy with the work of other processes"):
            storage.first_time("x")


def test_a_process_that_stops_in_a_transaction_does_not_keep_others_waiting(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_postgresql, "IDLE_SECONDS", 0.05)

    def stop_in_the_middle(storage: Storage) -> None:
        with storage.writing():
            storage.first_time("x")
            with Storage.open(url) as other:
                assert other.first_time("x")  # Waits until the server has ended the other's transaction.
            storage.first_time("y")

    with Storage.open(url) as stopped:
        with pytest.raises(StorageError, match=r"connection .* was lost, and what was under way is undone"):
            stop_in_the_middle(stopped)
        assert stopped.first_time("y")


# Lost connections


def test_a_connection_lost_in_the_middle_undoes_and_the_next_one_works(storage: Storage) -> None:
    def write() -> None:
        with storage.writing() as connection:
            storage.first_time("x")
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StorageError, match=r"connection .* was lost, and what was under way is undone"):
        write()
    assert storage.first_time("x")


def test_a_connection_that_is_cut_is_told_and_the_next_one_works(storage: Storage) -> None:
    def write() -> None:
        with storage.writing() as connection:
            storage.first_time("x")
            with closing(socket.socket(fileno=os.dup(connection.connection.driver_connection.fileno()))) as line:
                line.shutdown(socket.SHUT_RDWR)
            storage.first_time("y")

    with pytest.raises(StorageError, match=r"connection .* was lost"):
        write()
    assert storage.first_time("x")


def test_connections_lost_between_are_not_noticed(postgresql_server: Postgresql, storage: Storage, url: str) -> None:
    assert storage.first_time("x")
    mine = sql.SQL("SELECT pg_terminate_backend(pid, 9000) FROM pg_stat_activity WHERE datname = {}")
    assert postgresql_server.execute(mine.format(make_url(url).database))
    assert not storage.first_time("x")
