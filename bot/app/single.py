"""At most one running process per SQLite file; PostgreSQL is made to be shared and needs no such thing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from briefings.errors import SidelinesError
from briefings.storage.peek import sqlite_path


@contextmanager
def only_one(database_url: str) -> Iterator[None]:
    """Hold the database for this process. Raises SidelinesError, naming the process that holds it already.

    The lock goes with its process, so a killed one leaves none behind; the file with the process number stays.
    """
    database = sqlite_path(database_url)
    if database is None:
        yield
        return
    with _opened(Path(f"{database}.lock")) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
            raise SidelinesError(
                f"Sidelines is already running on {database} (process {holder or 'unknown'}); stop that one first, "
                "or give this one a folder of its own in SIDELINES_DATA_DIR."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)
