"""`sidelines doctor`: is everything there that a working Sidelines needs, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta

import click
from msgspec import Struct

from bot.cli.common import json_option, load_settings, now, print_json
from briefings.errors import SidelinesError
from config.settings import Settings, own_file

ROOM = 200_000_000
"""Bytes that should be free on the disk: a few months of a busy archive."""


class Check(Struct, frozen=True):
    """What was looked at, whether it is well, and what was seen; `next` is what to do when it is not."""

    name: str
    ok: bool
    seen: str
    next: str = ""


@click.command(short_help="Check the installation, the data and the settings.")
@json_option
def doctor(as_json: bool) -> int:
    """Check everything that Sidelines needs; each fault comes with its next step. Changes nothing stored."""
    checks = [_python(), *_settings()]
    if as_json:
        print_json({"ok": all(check.ok for check in checks), "checks": checks})
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.seen}")
            if not check.ok and check.next:
                click.echo(f"     {check.next}")
    return 0 if all(check.ok for check in checks) else 1


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 11), version, "Install Python 3.11 or later.")


def _settings() -> list[Check]:
    try:
        settings = load_settings()
    except SidelinesError as error:
        return [Check("settings", False, str(error), f"Your own settings are in {own_file(os.environ)}.")]
    file = own_file(os.environ)
    seen = f"read from {file}" if file.exists() else f"the defaults; your own would be in {file}"
    return [
        Check("settings", True, seen),
        *(_tried(name, check, settings) for name, check in CHECKS.items()),
    ]


def _tried(name: str, check: Callable[[Settings], str], settings: Settings) -> Check:
    """A check passes with what it saw, or fails with the sentence of its error, which names the next step."""
    try:
        return Check(name, True, check(settings))
    except SidelinesError as error:
        return Check(name, False, str(error))
    except OSError as error:
        return Check(name, False, f"the system refused: {(error.strerror or str(error)).lower()}")


def _folder(settings: Settings) -> str:
    folder = settings.data_folder()
    with tempfile.NamedTemporaryFile(dir=folder):
        return f"{folder} can be written"


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data_folder()).free
    if free < ROOM:
        raise SidelinesError(f"only {free // 1_000_000} MB are free; make room, {ROOM // 1_000_000} MB at least.")
    return f"{free // 1_000_000:,} MB are free"


def _database(settings: Settings) -> str:
    from briefings.storage import Storage
    from briefings.storage.peek import sqlite_path

    path = sqlite_path(settings.data.database_url.reveal())
    if path is not None and not path.exists():
        return f"{path} is not there yet; the first article or `sidelines run` makes it"
    with Storage.open(settings.data.database_url.reveal(), migrate=False) as storage:
        storage.database.check()
        return f"{storage.database.name} is whole and of this version"


def _index(settings: Settings) -> str:
    from bot.app import INDEX, open_keywords
    from briefings.index import Index
    from briefings.storage.peek import last_change

    folder = settings.data_folder() / INDEX
    if not folder.exists():
        return "not there yet; it is built when it is needed"
    index = Index.open(folder, open_keywords())
    behind = last_change(settings.data.database_url.reveal()) not in (None, index.last_change)
    return f"{index.count:,} sections" + (", behind the database; it follows when it is next needed" if behind else "")


def _zones(settings: Settings) -> str:
    from zoneinfo import available_timezones

    from briefings.slots import check_zone

    zone = check_zone(settings.briefing.zone)
    return f"{len(available_timezones())} zones; schedules that name none are in {zone}"


def _deliveries(settings: Settings) -> str:
    from briefings.storage import Storage
    from briefings.storage.peek import sqlite_path

    path = sqlite_path(settings.data.database_url.reveal())
    if path is not None and not path.exists():
        return "nothing is subscribed"
    with Storage.open(settings.data.database_url.reveal(), migrate=False) as storage:
        earliest = storage.subscriptions.earliest_due()
    if earliest and now() - earliest > timedelta(minutes=10):
        raise SidelinesError(f"a briefing is due since {earliest:%d %b %H:%M} UTC; start `sidelines run`.")
    return "nothing is overdue"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "data folder": _folder,
    "disk": _disk,
    "database": _database,
    "search index": _index,
    "time zones": _zones,
    "schedules": _deliveries,
}
