"""What holds for every test: no network but loopback, no real data folder, the same examples each time."""

import ipaddress
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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
