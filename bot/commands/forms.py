"""A subscription filled in as a form: what it shows first, what is wrong with it, what it would post, what it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from msgspec.structs import replace

from bot.commands.context import Context, NotAllowed, refused
from bot.commands.posting import nothing_now
from bot.commands.posting import preview as briefing_now
from bot.commands.subscribing import TopicError, confirmed, create, named, runs_line, spoken
from bot.commands.words import MOST_DIGITS, number, parse, storable
from bot.connectors import Draft
from briefings.errors import NotFound, QueryError, ScheduleError
from briefings.publish import FIRST_NEWS
from briefings.slots import check_zone, next_due, parse_when
from briefings.types import Notice, Preferences, Reply, Schedule, Style, Subscription

LONGEST_WHEN = 200
"""Characters of a schedule in words."""


def draft(context: Context, text: str) -> Draft | None:
    """What a form shows first for `subscribe` or `reschedule 5` and no more; None for anything else.

    None as well when the asker may not manage, and for a number that is not there.
    """
    typed = parse(storable(text))
    if typed.command == "subscribe" and not typed.argument and context.may_manage():
        preferences = context.preferences()
        return Draft(when=context.when, zone=preferences.zone, channel=context.asker.channel, style=preferences.style)
    id = number(typed.argument)
    if typed.command != "reschedule" or id is None:
        return None
    try:
        it = context.storage.subscriptions.get(id, context.workspace)
    except NotFound:
        return None
    if not context.may_manage(it.channel):
        return None
    return Draft(
        subscription=id,
        topic=it.topic,
        when=it.schedule.words,
        zone=it.schedule.zone,
        channel=it.channel,
        style=context.preferences(it.channel).style,
    )


def adds(context: Context, text: str) -> bool:
    """Whether the words are `source add` and no more, from somebody who may add a source."""
    typed = parse(storable(text))
    return typed.command == "source" and typed.argument.casefold() == "add" and context.may_manage("")


def check(context: Context, filled: Draft) -> Mapping[str, str]:
    """What is wrong with a form, a sentence for each field; empty when nothing is."""
    return _Form(context, filled).faults


def preview(context: Context, filled: Draft) -> Reply:
    """What the form would post now, and its next runs. Stores nothing."""
    form = _Form(context, filled)
    if form.faults:
        return form.refusal()
    it = form.subscription()
    briefing = briefing_now(context, it, form.preferences)
    lines = [
        f"{it.topic} in {context.shown(it.channel)}: {spoken(it.schedule)}.",
        runs_line(context, it),
        "This is what it would post now:" if briefing else nothing_now(context, it),
    ]
    notice = Notice("\n".join(lines))
    return Reply((notice, briefing) if briefing else (notice,), private=True)


def submit(context: Context, filled: Draft) -> Reply:
    """Subscribe as the form says, or change the subscription that it is about. Raises AlreadyThere, NotFound.

    With another topic or channel that is a new subscription in place of the old one.
    """
    with context.storage.writing():
        form = _Form(context, filled)
        if form.faults:
            return form.refusal()
        if form.preferences.style != context.preferences(form.channel).style:
            context.storage.preferences.set(context.workspace, "style", form.preferences.style, channel=form.channel)
        old, subscriptions = form.old, context.storage.subscriptions
        next_slot = next_due(form.schedule, context.now, form.preferences)
        if old and form.keeps_its_number:
            it = subscriptions.reschedule(old.id, context.workspace, form.schedule, next_slot)
        else:
            if old:
                subscriptions.remove(old.id, context.workspace)
            it = create(context, (form.topic, form.query), form.schedule, form.channel)
            if old and old.state == "paused":
                it = subscriptions.pause(it.id, context.workspace)
    return confirmed(context, it)


class _Form:
    """A form as it was filled in, read as far as it can be; `faults` says for each field what cannot."""

    def __init__(self, context: Context, filled: Draft) -> None:
        self.context = context
        self.faults: dict[str, str] = {}
        self.old = self._old(filled.subscription)
        self.channel = self._channel(_clean(filled.channel))
        self.preferences = self._preferences(filled.style)
        self.topic, self.query = self._topic(_clean(filled.topic))
        self.schedule = self._schedule(_clean(filled.when), _clean(filled.zone))
        if self.topic and not self.faults:
            self._same_as_another()

    @property
    def keeps_its_number(self) -> bool:
        """Whether topic and channel of the old subscription stay."""
        return self.old is not None and (self.topic, self.query, self.channel) == (
            self.old.topic,
            self.old.query,
            self.old.channel,
        )

    def refusal(self) -> Reply:
        """All faults in one reply."""
        return refused("\n".join(dict.fromkeys(self.faults.values())))

    def subscription(self) -> Subscription:
        """What would be stored."""
        context, kept = self.context, self.old if self.keeps_its_number else None
        next_slot = next_due(self.schedule, context.now, self.preferences)
        return Subscription(
            id=0,
            workspace=context.workspace,
            channel=self.channel,
            topic=self.topic,
            query=self.query,
            schedule=self.schedule,
            state="active",
            reason=None,
            since=kept.since if kept else context.now - FIRST_NEWS,
            created=context.now,
            created_by=context.asker.person,
            next_slot=next_slot.key if next_slot else None,
            next_due=next_slot.at if next_slot else None,
        )

    def _old(self, id: int | None) -> Subscription | None:
        if id is None:
            return None
        try:
            if not 0 < id < 10**MOST_DIGITS:
                raise NotFound(f"There is no subscription {id} here; `subscriptions` lists those there are.")
            old = self.context.storage.subscriptions.get(id, self.context.workspace)
            self.context.must_manage(old.channel)
        except (NotFound, NotAllowed) as error:
            self.faults["topic"] = str(error)
            return None
        return old

    def _channel(self, channel: str) -> str:
        """The channel meant, which must be of the asker's own workspace."""
        if not channel:
            channel = self.context.asker.channel
        elif channel.startswith("#"):
            channel = self.context.channel(channel)
        if not re.fullmatch(re.escape(self.context.workspace) + r":#\S+", channel):
            self.faults["channel"] = f"Choose a channel of {self.context.asker.whole}."
            return self.context.asker.channel
        try:
            self.context.must_manage(channel)
        except NotAllowed as error:
            self.faults["channel"] = str(error)
        return channel

    def _preferences(self, style: str) -> Preferences:
        preferences = self.context.preferences(self.channel)
        for known in get_args(Style):
            if style == known:
                return replace(preferences, style=known)
        self.faults["style"] = f"The style may be {', '.join(get_args(Style))}."
        return preferences

    def _topic(self, topic: str) -> tuple[str, str]:
        """Its name and query; those of the subscription itself as long as nothing else is typed."""
        if self.old and topic == self.old.topic:
            return self.old.topic, self.old.query
        try:
            return named(self.context, topic)
        except (TopicError, QueryError) as error:
            self.faults.setdefault("topic", str(error))
            return "", ""

    def _schedule(self, when: str, zone: str) -> Schedule:
        usual = self.context.zone(self.channel)
        try:
            zone = check_zone(zone) if zone else usual
        except ScheduleError as error:
            self.faults["zone"] = str(error)
            zone = usual
        if len(when) > LONGEST_WHEN:
            self.faults["when"] = f"A schedule may have {LONGEST_WHEN} characters; this one has {len(when)}."
            when = ""
        try:
            return parse_when(when or self.context.when, zone)
        except ScheduleError as error:
            self.faults["when"] = str(error)
            return parse_when(self.context.when, zone)

    def _same_as_another(self) -> None:
        for other in self.context.storage.subscriptions.list(self.context.workspace, self.channel):
            if (other.query, other.schedule.cron, other.schedule.zone) == (
                self.query,
                self.schedule.cron,
                self.schedule.zone,
            ) and (self.old is None or other.id != self.old.id):
                self.faults["when"] = f"This channel has that subscription already; it is number {other.id}."


def _clean(text: str) -> str:
    return storable(text).strip()
