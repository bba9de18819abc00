"""A glance at a SQLite database through the standard library alone: 2 ms, where SQLAlchemy takes 200 to import."""

import sqlite3
from contextlib import closing
from pathlib import Path

from briefings.storage.migrations import NEWEST


def sqlite_path(url: str) -> Path | None:
    """The file that a `sqlite:///` address names; None for SQLite in memory and for other databases."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme.partition("+")[0] == "sqlite" and path not in ("", ":memory:") else None


def last_change(url: str) -> int | None:
    """The number of the last change to an article, as `Articles.last_change` tells it.

    None when it cannot tell, because the database is no file, is missing, damaged, busy or of another version:
    then open the storage, which says what is wrong.
    """
    path = sqlite_path(url)
    if path is None:
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchone() != (NEWEST,):
                return None
            row = connection.execute("SELECT value FROM counters WHERE name = 'change'").fetchone()
            return int(row[0]) if row else None
    except sqlite3.Error:
        return None
