"""A copy of a SQLite database while others read and write it, by SQLite's own means."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from briefings.errors import StorageError


def backup(database: Path, file: Path) -> int:
    """Copy `database` into the new `file`, whole and as of one moment; gives its size in bytes. Nobody waits for it.

    It is written beside it and renamed, so that under that name there is never half a copy. Raises StorageError.
    """
    if not database.exists():
        raise StorageError(f"There is no database at {database} yet, so there is nothing to copy.")
    if file.exists():
        raise StorageError(f"{file} exists already and is left as it is; name another file.")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        _new(part)
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            source.backup(copy)  # In one step: in lots it would begin anew at every write in between.
            if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise StorageError(f"{database} is damaged, so that a copy would be too; restore an older backup.")
        _flush(part)
        part.rename(file)
        _flush(file.absolute().parent)
        return file.stat().st_size
    except (sqlite3.Error, OSError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise StorageError(
            f"{database} could not be copied to {file} ({reason}); correct that and try again."
        ) from error
    finally:
        for left in (part, Path(f"{part}-journal"), Path(f"{part}-wal"), Path(f"{part}-shm")):
            left.unlink(missing_ok=True)


def _new(part: Path) -> None:
    """Make it for its owner alone: it will hold tokens, if encrypted ones, and what channels read."""
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
