"""Commands on subscriptions: subscribe, list, pause, resume, reschedule, unsubscribe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from bot.commands.context import Context, refused, told
from bot.commands.posting import nothing_now, preview
from bot.commands.words import number
from briefings.errors import NotFound, SidelinesError
from briefings.publish import FIRST_NEWS, resumption
from briefings.slots import next_due, next_runs, parse_when, split_topic_and_when
from briefings.topics import parse
from briefings.types import Action, Item, Listing, Notice, Reply, Schedule, Subscription

RUNS = 3
"""How many next runs a person is shown: enough to see a weekday rule skip a weekend."""

LONGEST_TOPIC = 500
"""Characters of a topic that is typed in full."""


def subscribe(context: Context, argument: str) -> Reply:
    """Subscribe a channel to a topic; shows at once what it would have posted and when it runs next.

    Raises ScheduleError, QueryError, AlreadyThere.
    """
    words, channel = context.take_channel(argument)
    context.must_manage(channel)
    return subscribe_to(context, *split_topic_and_when(words, context.zone(channel)), channel)


def subscribe_to(context: Context, topic: str, schedule: Schedule | None, channel: str) -> Reply:
    """The same with its parts told apart; no schedule means the usual one. Raises NotAllowed as well."""
    context.must_manage(channel)
    schedule = schedule or parse_when(context.when, context.zone(channel))
    return confirmed(context, create(context, named(context, topic), schedule, channel))


class TopicError(SidelinesError):
    """A topic that cannot be subscribed to."""


def named(context: Context, topic: str) -> tuple[str, str]:
    """A topic's name and query: the one of that name, or the words themselves. Raises TopicError, QueryError."""
    if not topic:
        raise TopicError(
            "Say which topic: a topic's name, or words that its articles carry, "
            "such as `subscribe G7 weekdays at 9 in #world`."
        )
    if len(topic) > LONGEST_TOPIC:
        raise TopicError(f"A topic may have {LONGEST_TOPIC} characters; this one has {len(topic)}. Use fewer words.")
    found = context.storage.topics.get(context.workspace, topic)
    name, query = (found.name, found.query) if found else (topic, topic)
    parse(query, context.keywords)
    return name, query


def create(context: Context, topic: tuple[str, str], schedule: Schedule, channel: str) -> Subscription:
    """Store a new subscription of the asker's, `topic` being its name and query. Raises AlreadyThere."""
    name, query = topic
    return context.storage.subscriptions.create(
        workspace=context.workspace,
        channel=channel,
        topic=name,
        query=query,
        schedule=schedule,
        since=context.now - FIRST_NEWS,
        next_slot=next_due(schedule, context.now, context.preferences(channel)),
        now=context.now,
        created_by=context.asker.person,
    )


def confirmed(context: Context, it: Subscription) -> Reply:
    """What is said of a new subscription: its next runs, and what it would post now."""
    briefing = preview(context, it)
    lines = [
        f"{context.shown(it.channel)} is subscribed to {it.topic}: {spoken(it.schedule)}. This is number {it.id}.",
        runs_line(context, it),
        "This is what it would post now:" if briefing else nothing_now(context, it),
    ]
    change, cancel = Action("change", f"reschedule {it.id}"), Action("cancel", f"unsubscribe {it.id}")
    if briefing is None:
        return Reply((Notice("\n".join(lines), actions=(change, cancel)),), private=True)
    shown = replace(briefing, actions=(Action("post it", f"post {it.id}"), change, cancel))
    return Reply((Notice("\n".join(lines)), shown), private=True)


def subscriptions(context: Context, argument: str) -> Reply:
    """What is subscribed in the workspace or one channel: next run, last delivery, state."""
    channel = context.take_channel(argument)[1] if argument else None
    found = context.storage.subscriptions.list(context.workspace, channel)
    where = context.shown(channel) if channel else context.asker.whole
    empty = f"Nothing is subscribed in {where}. `subscribe TOPIC WHEN in #channel` begins."
    return Reply((Listing(f"Subscriptions in {where}", tuple(row(context, each) for each in found), empty),))


def unsubscribe(context: Context, argument: str) -> Reply:
    """End a subscription, by its number or topic."""
    return _on_one(context, argument, "unsubscribe", _unsubscribe)


def pause(context: Context, argument: str) -> Reply:
    """Stop a subscription for a while."""
    return _on_one(context, argument, "pause", _pause)


def resume(context: Context, argument: str) -> Reply:
    """Let a paused subscription go on."""
    return _on_one(context, argument, "resume", _resume)


def reschedule(context: Context, argument: str) -> Reply:
    """Give a subscription other times. Raises ScheduleError, NotFound."""
    first, _, when = argument.strip().partition(" ")
    id = number(first)
    before = context.storage.subscriptions.get(id, context.workspace) if id is not None else None
    context.must_manage(before.channel if before else None)
    if id is None or before is None or not when.strip():
        whose = id if id is not None else "NUMBER"
        return refused(
            f"Write `reschedule {whose} WHEN`, such as `reschedule {whose} weekdays at 09:00`, "
            f"`reschedule {whose} every 2 hours from 8 to 20` or `reschedule {whose} as it happens`."
        )
    schedule = parse_when(when, before.schedule.zone)
    next_slot = next_due(schedule, context.now, context.preferences(before.channel))
    after = context.storage.subscriptions.reschedule(id, context.workspace, schedule, next_slot)
    text = f"Number {id}, {after.topic} in {context.shown(after.channel)}, now runs {spoken(schedule)}."
    return told(f"{text}\n{runs_line(context, after)}")


def spoken(schedule: Schedule) -> str:
    """A schedule as people say it, with its zone."""
    return schedule.words if schedule.as_it_happens else f"{schedule.words} ({schedule.zone})"


def runs(context: Context, it: Subscription) -> tuple[datetime, ...]:
    """The next instants at which it is served, quiet hours counted in."""
    return tuple(slot.at for slot in next_runs(it.schedule, context.now, context.preferences(it.channel), RUNS))


def find(context: Context, argument: str) -> list[Subscription]:
    """Subscriptions by number or by topic. Raises NotFound."""
    id = number(argument)
    if id is not None:
        return [context.storage.subscriptions.get(id, context.workspace)]
    wanted, channel = context.take_channel(argument)
    named = [
        each
        for each in context.storage.subscriptions.list(context.workspace)
        if each.topic.casefold() == wanted.casefold() and ("#" not in argument or each.channel == channel)
    ]
    here = [each for each in named if each.channel == context.asker.channel]
    if not named:
        raise NotFound(f"There is no subscription “{argument}” here; `subscriptions` lists those there are.")
    return here or named


def _on_one(context: Context, argument: str, verb: str, act: Callable[[Context, Subscription], str]) -> Reply:
    if not argument:
        context.must_manage()
        mine = context.storage.subscriptions.list(context.workspace, context.asker.channel)
        if len(mine) != 1:
            return refused(f"Say which: `{verb} NUMBER`. `subscriptions` lists their numbers.")
        return told(act(context, mine[0]))
    found = find(context, argument)
    for each in found:
        context.must_manage(each.channel)
    if len(found) > 1:
        numbers = ", ".join(f"`{verb} {each.id}` ({context.shown(each.channel)})" for each in found)
        return refused(f"There are {len(found)} subscriptions to that topic. Say which: {numbers}.")
    return told(act(context, found[0]))


def _unsubscribe(context: Context, it: Subscription) -> str:
    context.storage.subscriptions.remove(it.id, context.workspace)
    return f"{context.shown(it.channel)} gets no more briefings on {it.topic}; number {it.id} is gone."


def _pause(context: Context, it: Subscription) -> str:
    if it.state == "paused":
        return f"Number {it.id} is paused already; `resume {it.id}` lets it go on."
    context.storage.subscriptions.pause(it.id, context.workspace)
    return f"Number {it.id}, {it.topic} in {context.shown(it.channel)}, is paused; `resume {it.id}` lets it go on."


def _resume(context: Context, it: Subscription) -> str:
    if it.state == "active":
        return f"Number {it.id} is not paused.\n{runs_line(context, it)}"
    next_slot = resumption(it.schedule, context.preferences(it.channel), context.now)
    it = context.storage.subscriptions.resume(it.id, context.workspace, next_slot)
    text = f"Number {it.id}, {it.topic} in {context.shown(it.channel)}, goes on with the news since it stopped."
    return f"{text}\n{runs_line(context, it)}"


def runs_line(context: Context, it: Subscription) -> str:
    """When it runs next, in a sentence."""
    if it.state != "active":
        return f"It is {it.state}; `resume {it.id}` lets it go on."
    if it.schedule.as_it_happens:
        return "It runs whenever a matching story arrives."
    times = [context.local(at, it.schedule.zone) for at in runs(context, it)]
    return f"Next runs: {', '.join(times)}." if times else "It never runs again."


def row(context: Context, it: Subscription) -> Item:
    """A subscription in a list: next run or state, and its last delivery."""
    state = {"active": "", "paused": "paused", "blocked": f"stopped: {(it.reason or '').rstrip('.')}"}[it.state]
    if not state:
        due = None if it.schedule.as_it_happens else it.next_due
        state = f"next {context.local(due, it.schedule.zone)}" if due else "when a story arrives"
    last = (
        f"last delivered {context.local(it.last_delivered, it.schedule.zone)}"
        if it.last_delivered
        else "none delivered yet"
    )
    return Item(f"{it.id}. {it.topic} in {context.shown(it.channel)}, {spoken(it.schedule)}", f"{state}; {last}")
