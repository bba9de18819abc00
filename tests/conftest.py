"""What holds for every test: no network but loopback, no real data folder, the same examples each time."""

import ipaddress
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from briefings.storage import Storage
from tests.servers import postgresql as servers

settings.register_profile(
    "sidelines", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("sidelines")


class NetworkRefused(BaseException):
    """A test reached for the network. Not an Exception, so that no error handling can swallow it."""


def _stays_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple) and not _stays_here(args[1][0]):
        raise NetworkRefused(f"a test connected to {args[1]!r}")
    if event == "socket.getaddrinfo" and not _stays_here(args[0]):
        raise NetworkRefused(f"a test looked up {args[0]!r}")


sys.addaudithook(_refuse_network)


@pytest.fixture(autouse=True)
def _own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a data folder of its own and none of the settings of whoever runs it."""
    for variable in os.environ:
        if variable.startswith(("SIDELINES_", "SLACK_", "DISCORD_", "XDG_")) or variable == "DATABASE_URL":
            monkeypatch.delenv(variable)
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SIDELINES_DATA_DIR", str(home / "data"))


# Databases: whatever takes `storage` or `database_url` runs on each kind ----------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[servers.Postgresql]:
    """One server for all tests of this process. One that cannot be had fails them: no database is skipped."""
    with servers.running() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: servers.Postgresql) -> Iterator[str]:
    """The address of a PostgreSQL database that is up to date and holds nothing."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Gives the addresses of databases of each kind in which no program has been yet."""
    numbers = itertools.count()
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
        else:
            server = request.getfixturevalue("postgresql_server")
            yield lambda: stack.enter_context(server.empty_database())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of each kind that processes can share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sidelines.db'}"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    """An open storage that holds nothing, on each kind of database; on SQLite it is in memory."""
    url = "sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    with Storage.open(url) as opened:
        yield opened
