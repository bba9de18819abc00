"""`sidelines doctor`: is everything there that a working Sidelines needs, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta

import click

from bot.cli.common import json_option, load_settings, now, opened_as_it_is, print_json
from bot.findings import Finding
from briefings.errors import SidelinesError
from config.settings import Settings, own_file

ROOM = 200_000_000
"""Bytes that should be free on the disk: a few months of a busy archive."""


@click.command(short_help="Check the installation, the data and the settings.")
@click.option("--offline", is_flag=True, help="Ask no chat platform, as for a health check that runs every minute.")
@json_option
def doctor(offline: bool, as_json: bool) -> int:
    """Check everything that Sidelines needs; each fault comes with its next step. Changes nothing stored."""
    checks = [_python(), *_settings(offline)]
    if as_json:
        print_json({"ok": all(check.ok for check in checks), "checks": checks})
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.seen}")
            if not check.ok and check.next:
                click.echo(f"     {check.next}")
    return 0 if all(check.ok for check in checks) else 1


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "Install Python 3.11 or later.")


def _settings(offline: bool) -> list[Finding]:
    try:
        settings = load_settings()
    except SidelinesError as error:
        return [Finding("settings", False, str(error), f"Your own settings are in {own_file(os.environ)}.")]
    file = own_file(os.environ)
    seen = f"read from {file}" if file.exists() else f"the defaults; your own would be in {file}"
    return [
        Finding("settings", True, seen),
        *(_tried(name, check, settings) for name, check in CHECKS.items()),
        *(_slack(settings) if settings.slack.in_use and not offline else ()),
        *(_discord(settings) if settings.discord.in_use and not offline else ()),
    ]


def _tried(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    """A check passes with what it saw, or fails with the sentence of its error, which names the next step."""
    try:
        return Finding(name, True, check(settings))
    except SidelinesError as error:
        return Finding(name, False, str(error))
    except OSError as error:
        return Finding(name, False, f"the system refused: {(error.strerror or str(error)).lower()}")


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
    with opened_as_it_is(settings) as storage:
        if storage is None:
            return "not there yet; the first article or `sidelines run` makes it"
        return f"{storage.database.name} {storage.database.check()} and of this version"


def _index(settings: Settings) -> str:
    from bot.app import INDEX, index_as_it_is, open_keywords
    from briefings.storage.peek import last_change

    if not (settings.data_folder() / INDEX).exists():
        return "not there yet; it is built when it is needed"
    index = index_as_it_is(settings, open_keywords())
    behind = last_change(settings.data.database_url.reveal()) not in (None, index.last_change)
    return f"{index.count:,} sections" + (", behind the database; it follows when it is next needed" if behind else "")


def _zones(settings: Settings) -> str:
    from zoneinfo import available_timezones

    from briefings.slots import check_zone

    zone = check_zone(settings.briefing.zone)
    return f"{len(available_timezones())} zones; schedules that name none are in {zone}"


def _deliveries(settings: Settings) -> str:
    with opened_as_it_is(settings) as storage:
        earliest = storage.subscriptions.earliest_due() if storage else None
    if earliest and now() - earliest > timedelta(minutes=10):
        raise SidelinesError(f"a briefing is due since {earliest:%d %b %H:%M} UTC; start `sidelines run`.")
    return "nothing is overdue"


def _slack(settings: Settings) -> Iterator[Finding]:
    """Whether Slack takes our tokens, and its events can come in."""
    from bot.connectors.slack.checks import Setup, examine

    slack, web = settings.slack, settings.web
    tokens = {"": slack.bot_token.reveal()}
    if slack.client_id:
        try:
            tokens = _installed(settings)
        except SidelinesError as error:
            yield Finding("slack installations", False, str(error))
            tokens = {}
        else:
            where = f"in {len(tokens)} workspace{'' if len(tokens) == 1 else 's'}"
            yield Finding("slack installations", True, f"{where}; install at {web.public_url}/slack/install")
    host = "127.0.0.1" if web.host in {"0.0.0.0", "::", ""} else web.host  # noqa: S104 - compared only
    setup = Setup(
        api_url=slack.api_url,
        tokens=tokens,
        app_token=slack.app_token.reveal(),
        signing_secret=slack.signing_secret.reveal(),
        own_url=web.public_url or f"http://{host}:{web.port}",
    )
    yield from examine(setup, now)
    if slack.app_token:
        yield _tried("slack events", _events, settings)


def _installed(settings: Settings) -> dict[str, str]:
    """The stored tokens of each workspace that installed the app."""
    from bot.connectors.slack.checks import stored_tokens

    with opened_as_it_is(settings) as storage:
        if storage is None:
            return {}
        return stored_tokens(storage.database.engine, settings.slack.client_id, settings.slack.encryption_keys)


def _events(settings: Settings) -> str:
    """When something last came in through Socket Mode: what an app listens to, Slack does not tell it."""
    with opened_as_it_is(settings) as storage:
        last = storage.claims.latest("slack:") if storage else None
    if last:
        return f"the last one came at {last:%d %b %H:%M} UTC"
    return (
        "none came in the last day; if mentions stay unanswered while `sidelines run` is up, put "
        "config/slack-manifest.yaml under App Manifest in the app's settings"
    )


def _discord(settings: Settings) -> Iterator[Finding]:
    """Whether Discord takes our token, and what the bot may do there."""
    from bot.connectors.discord.checks import Setup, examine

    given = settings.discord
    yield from examine(Setup(token=given.token.reveal(), api_url=given.api_url, proxy=given.proxy.reveal()), now)


CHECKS: dict[str, Callable[[Settings], str]] = {
    "data folder": _folder,
    "disk": _disk,
    "database": _database,
    "search index": _index,
    "time zones": _zones,
    "schedules": _deliveries,
}
