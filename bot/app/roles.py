"""What one process does of all there is to do: listen to one platform or another, or work."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec import Struct

from bot.app.platforms import configured
from briefings.errors import SidelinesError
from briefings.storage.peek import sqlite_path

if TYPE_CHECKING:
    from config.settings import Settings

WORKER = "worker"
ROLES = ("slack", "discord", WORKER)
"""What `sidelines run --only` takes."""


class Roles(Struct, frozen=True):
    """`listens`: the platforms whose people it answers. `connects`: those it can send to. `works`: publishes, delivers
    and reads feeds."""

    listens: tuple[str, ...]
    connects: tuple[str, ...]
    works: bool


def roles(settings: Settings, only: Collection[str]) -> Roles:
    """The roles of a process that is to do `only` some things; all there are when that is empty.

    Raises SidelinesError, with what to set, when it could not do them.
    """
    platforms = configured(settings)
    if not only:
        return Roles(platforms, platforms, works=True)
    if sqlite_path(settings.data.database_url.reveal()):
        raise SidelinesError(
            "With SQLite one process does everything; leave --only out, or name a PostgreSQL database in DATABASE_URL."
        )
    for name in only:
        if name != WORKER and name not in platforms:
            raise SidelinesError(f"--only {name} needs the tokens of {name.capitalize()}; set them, or leave it out.")
    if not platforms:
        raise SidelinesError("--only worker needs a platform to deliver to; set the tokens of Slack or Discord.")
    listens = tuple(name for name in platforms if name in only)
    return Roles(listens, platforms if WORKER in only else listens, works=WORKER in only)
