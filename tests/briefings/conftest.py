from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.briefings.indexed import Archive


@pytest.fixture
def archive() -> Iterator[Archive]:
    made = Archive()
    yield made
    made.storage.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"
