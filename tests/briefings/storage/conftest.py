"""The stores keep one contract on every database: the tests that take `storage` run on each, in memory too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from briefings.storage import Storage


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    match request.param:
        case "sqlite":
            url = f"sqlite:///{tmp_path / 'sidelines.db'}"
        case "memory":
            url = "sqlite://"
        case _:
            url = request.getfixturevalue("postgresql_url")
    with Storage.open(url) as opened:
        yield opened
