"""`sidelines subscribe`, `subscriptions`, `unsubscribe` and `due`: who gets what when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from bot.cli.common import (
    ASKER,
    WORKSPACE,
    json_option,
    now,
    opened_commands,
    opened_storage,
    print_json,
    print_reply,
)

if TYPE_CHECKING:
    from briefings.storage import Storage
    from briefings.types import Preferences, Subscription
    from config.settings import Settings


@click.command(short_help="Subscribe a channel of the terminal to a topic.")
@click.argument("topic")
@click.argument("when", nargs=-1)
@click.option("--in", "channel", metavar="CHANNEL", help="The channel, such as world; #general without it.")
@json_option
def subscribe(topic: str, when: tuple[str, ...], channel: str | None, as_json: bool) -> int:
    """Subscribe a channel to TOPIC: a topic's name, or words that its articles carry. WHEN is a schedule.

    For example: sidelines subscribe G7 weekdays at 9 --in world
    """
    words = " ".join((topic, *when))
    if words.endswith(" in") and channel is None:
        raise click.UsageError("The shell took #CHANNEL for a comment; write --in world, or quote it: '#world'.")
    name = f"#{channel.removeprefix('#')}" if channel else None
    with opened_commands() as commands:
        if len(when) == 1 and " " in when[0] and "#" not in when[0]:  # Quoted apart: topic and schedule are known.
            reply = commands.subscribe(topic, when[0], f"{WORKSPACE}:{name}" if name else None, ASKER, now())
        else:
            reply = commands.run("subscribe", f"{words} in {name}" if name else words, ASKER, now())
    if not as_json or not reply.found:
        return print_reply(reply)
    with opened_storage() as (settings, storage):
        made = storage.subscriptions.list(WORKSPACE)[-1]
        print_json(_shape(made, settings, storage, now()))
    return 0


@click.command(short_help="List subscriptions with their next runs.")
@json_option
def subscriptions(as_json: bool) -> int:
    """List the subscriptions of the terminal's channels: next run, last delivery, state."""
    if as_json:
        with opened_storage() as (settings, storage):
            found = storage.subscriptions.list(WORKSPACE)
            print_json([_shape(each, settings, storage, now()) for each in found])
        return 0
    with opened_commands() as commands:
        return print_reply(commands.run("subscriptions", "", ASKER, now()))


@click.command(short_help="End a subscription by number or topic.")
@click.argument("which", nargs=-1, required=True, metavar="NUMBER or TOPIC")
def unsubscribe(which: tuple[str, ...]) -> int:
    """End a subscription; `sidelines subscriptions` lists their numbers."""
    with opened_commands() as commands:
        return print_reply(commands.run("unsubscribe", " ".join(which), ASKER, now()))


@click.command(short_help="Show what is due when, and what is on its way.")
@json_option
def due(as_json: bool) -> int:
    """Show all subscriptions by their next due time with their next three runs, and deliveries not finished.

    Something overdue means that no `sidelines run` is at work, or that it is behind; the exit status is then 1.
    """
    moment = now()
    with opened_storage() as (settings, storage):
        shown = [_shape(each, settings, storage, moment) for each in storage.subscriptions.list_all()]
        counts = storage.outbox.counts()
    overdue = [each for each in shown if each["overdue"]]
    outbox = {state: counts.get(state, 0) for state in ("pending", "unknown", "failed")}
    if as_json:
        print_json({"subscriptions": shown, "outbox": outbox})
    else:
        _tell_due(shown, outbox)
    return 1 if overdue else 0


LATE = timedelta(minutes=10)
"""What is due for longer than this has been overlooked; a running program needs seconds."""


def _shape(it: Subscription, settings: Settings, storage: Storage, moment: datetime) -> dict[str, Any]:
    from briefings.slots import next_runs

    preferences: Preferences = storage.preferences.merged(it.workspace, it.channel, settings.preferences)
    runs = next_runs(it.schedule, moment, preferences) if it.state == "active" else ()
    return {
        "id": it.id,
        "workspace": it.workspace,
        "channel": it.channel,
        "topic": it.topic,
        "query": it.query,
        "when": it.schedule.words,
        "zone": it.schedule.zone,
        "state": it.state,
        "reason": it.reason,
        "next_due": it.next_due,
        "overdue": it.next_due is not None and moment - it.next_due > LATE,
        "next_runs": [run.at for run in runs],
        "last_delivered": it.last_delivered,
    }


def _tell_due(shown: list[dict[str, Any]], outbox: dict[str, int]) -> None:
    from bot.render.plain_text import clean

    for each in shown:
        zone = ZoneInfo(each["zone"])
        runs = ", ".join(f"{at.astimezone(zone):%a %d %b %H:%M %Z}" for at in each["next_runs"])
        state = each["state"] if each["state"] != "active" else runs or "as it happens"
        click.echo(f"{each['id']:>5}  {clean(each['topic'])} in {clean(each['channel'])}, {each['when']}")
        click.echo(f"       {'OVERDUE; next: ' if each['overdue'] else ''}{state}")
    if not shown:
        click.echo("Nothing is subscribed; `sidelines subscribe TOPIC WHEN --in CHANNEL` begins.")
    if any(each["overdue"] for each in shown):
        click.echo("What is overdue goes out once `sidelines run` is at work.")
    click.echo(f"Outbox: {', '.join(f'{count} {state}' for state, count in outbox.items())}.")
