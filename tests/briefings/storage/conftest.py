"""The stores keep one contract on every database: the tests that take `storage` run on each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from briefings.storage import Storage

DATABASES: dict[str, Callable[[Path], str]] = {
    "sqlite-file": lambda folder: f"sqlite:///{folder / 'sidelines.db'}",
    "sqlite-memory": lambda _: "sqlite://",
}
"""Name -> address of an empty database; another kind of database is one more entry."""


@pytest.fixture(params=DATABASES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with Storage.open(DATABASES[request.param](tmp_path)) as opened:
        yield opened
