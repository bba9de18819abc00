"""PUBLISH: subscriptions that are due -> briefings, queued for delivery in the transaction that moves them on.

However many subscriptions are due, those that get the same briefing are found first, and it is composed once. News is
read before the transaction, and only what changed since then within it: on SQLite everybody else waits for its end.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from briefings.compose import Found, by_story, compose, match, prepare
from briefings.keywords import Keywords
from briefings.news import Matches, News
from briefings.slots import after_quiet, last_slot, next_due
from briefings.types import (
    Briefing,
    Due,
    Fate,
    Notice,
    Preferences,
    Schedule,
    Slot,
)

if TYPE_CHECKING:
    from briefings.storage import Storage

LATE = timedelta(minutes=10)
"""A briefing queued longer than this after it was due is marked late."""

OVERLAP = timedelta(days=1)
"""How far behind a subscription's last slot its next search for news begins. What a channel has had is known story by
story; this only bounds the search, and leaves room for articles whose arrival was stored late."""

FIRST_NEWS = timedelta(days=7)
"""How old the oldest story of a new subscription's first briefing may be."""

TRIAL = timedelta(hours=1)
"""How long a channel where nothing can be posted is left alone, at least."""

BATCH = 20_000
"""Subscriptions in one transaction: with more, others would wait to write for over half a second."""

DECIDING = 0.2
"""Seconds after which a transaction takes what is decided on, and the rest is left for the next one: where many get
briefings of their own, to match and to compose them takes far longer than to store them."""

_NOTHING: frozenset[int] = frozenset()


class Published(Struct, frozen=True):
    """What was done: subscriptions moved on, deliveries queued, and when the next is due."""

    subscriptions: int
    deliveries: int
    next_due: datetime | None


# Publishing -------------------------------------------------------------------------------------------------


def publish_due(
    storage: Storage,
    keywords: Keywords,
    defaults: Preferences,
    now: datetime,
    limit: int = BATCH,
    monotonic: Callable[[], float] = time.monotonic,
) -> Published:
    """Queue a briefing for every subscription that is due, and move each on to its next slot.

    Works in transactions of up to `limit` subscriptions: killed at any instant, what is stored is whole. After downtime
    a subscription gets one briefing, for the latest of the slots it missed. `monotonic` tells seconds.
    """
    publishing = _Publishing(storage, keywords, defaults, now, monotonic)
    publishing.read(storage.turns.workspaces(now))
    subscriptions = deliveries = 0
    room = limit
    while True:
        publishing.follow()  # So that little is left to do while others wait.
        with storage.writing():
            due = storage.turns.due(now, room)
            publishing.follow()
            fates, subjects = publishing.decide(due)
            queued = storage.turns.take(fates, subjects, now)
            if queued:
                storage.database.tell()
        deliveries += queued
        subscriptions += len(subjects)
        if len(subjects) == len(due) < room:
            return Published(subscriptions, deliveries, storage.subscriptions.earliest_due())
        room = min(limit, 2 * len(subjects))  # The others would be read in vain.


class Turn(Struct, frozen=True, kw_only=True):
    """What the clock says of a due subscription: the slot to serve, None in quiet hours, and when it is due next.

    A blocked one that is never due by the clock is tried again at `trial`.
    """

    slot: Slot | None
    next: Slot | None
    late: bool = False
    as_it_happens: bool = False
    trial: datetime | None = None


def turn(schedule: Schedule, preferences: Preferences, now: datetime) -> Turn:
    """The turn of a subscription that is due: the latest slot serves all that were missed."""
    slot = last_slot(schedule, now)
    quiet_until = after_quiet(now, preferences)
    if quiet_until > now:
        return Turn(slot=None, next=Slot(key="", at=quiet_until))  # What is held keeps the name of its first slot.
    if schedule.as_it_happens:
        return Turn(slot=Slot(key="", at=now), next=None, as_it_happens=True, trial=now + TRIAL)
    next = next_due(schedule, now, preferences)
    if slot is None:
        return Turn(slot=None, next=next)
    due = Slot(key=slot.key, at=after_quiet(slot.at, preferences))
    return Turn(slot=due, next=next, late=now - due.at > LATE)


def resumption(schedule: Schedule, preferences: Preferences, now: datetime) -> Slot | None:
    """When a stopped subscription that goes on is served first: at its next slot, as it happens at once.

    It then gets what it missed. None for a rule that never falls again.
    """
    return Slot(key="", at=now) if schedule.as_it_happens else next_due(schedule, now, preferences)


def next_trial(schedule: Schedule, preferences: Preferences, now: datetime) -> Slot | None:
    """When a subscription that could not be delivered is tried again: at its first slot an hour from now or later.

    As it happens it is an hour from now. None for a rule that never falls again.
    """
    if schedule.as_it_happens:
        return Slot(key="", at=now + TRIAL)
    return next_due(schedule, now + TRIAL, preferences)


class _Publishing:
    """One run of `publish_due`: what was read and composed for one batch serves the next."""

    def __init__(
        self,
        storage: Storage,
        keywords: Keywords,
        defaults: Preferences,
        now: datetime,
        monotonic: Callable[[], float],
    ) -> None:
        self.storage, self.keywords, self.defaults, self.now = storage, keywords, defaults, now
        self.monotonic = monotonic
        self.followed = storage.articles.last_change()
        self.news: dict[str, News] = {}
        self.turns: dict[tuple[object, ...], Turn] = {}
        self.composed: dict[tuple[object, ...], Briefing] = {}
        self.fates: dict[tuple[object, ...], Fate] = {}

    def read(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Have the news of workspaces, each since a time in UTC milliseconds or earlier."""
        for workspace, since in wanted:
            if workspace not in self.news or since < self.news[workspace].since:
                articles = self.storage.articles.arrived_since(workspace, _moment(since))
                self.news[workspace] = News(workspace, since, articles, self.keywords)
                prepare(articles, self.keywords)

    def follow(self) -> None:
        """Take in what changed since the news was read."""
        while changes := self.storage.articles.changes(self.followed):
            prepare((change.article for change in changes if change.article), self.keywords)
            self.news = {workspace: news.after(changes) for workspace, news in self.news.items()}
            self.followed = changes[-1].number

    def decide(self, due: Sequence[Due]) -> tuple[list[Fate], dict[int, int]]:
        """What becomes of due subscriptions: fates, and the place there of each one's, by its id.

        Of the first of them only, when that takes longer than `DECIDING`.
        """
        until = self.monotonic() + DECIDING
        oldest: dict[str, int] = {}
        for row in due:
            if row[7] < oldest.get(row[1], row[7] + 1):
                oldest[row[1]] = row[7]
        self.read(oldest.items())
        workspaces = oldest.keys()
        settled = self.storage.preferences.of_workspaces(workspaces)
        first = min((story for workspace in workspaces for story in self.news[workspace].stories), default=None)
        had: dict[str, set[int]] = {}
        if first is not None:
            for channel, story in self.storage.turns.had(due[-1][0], first):
                had.setdefault(channel, set()).add(story)
        twice: set[str] = set()
        if len({row[2] for row in due}) < len(due):
            twice = {channel for channel, count in Counter(row[2] for row in due).items() if count > 1}
        special = settled.channels | had.keys() | twice
        matching: dict[tuple[str, str], Matches] = {}
        places: dict[tuple[object, ...], int] = {}
        fates: list[Fate] = []
        subjects: dict[int, int] = {}
        slow = False
        for id, workspace, channel, topic, query, cron, zone, since, created in due:
            matches = matching.get((workspace, query))
            if matches is None:
                matches = matching[workspace, query] = self.news[workspace].on(query)
            old = bisect_left(matches.arrivals, since)  # so many of them arrived before
            own, seen = "", None
            if channel in special:
                own = channel if channel in settled.channels else ""
                seen = frozenset(had.get(channel, ())) & matches.stories
            stale = matches.stale(since, created) if matches.backlog else _NOTHING
            key = (matches, topic, cron, zone, old, stale, own, seen)
            place = places.get(key)
            if place is None:
                place = places[key] = len(fates)
                preferences = settled.merged(workspace, own, self.defaults)
                general = (preferences, *key)
                fate = self.fates.get(general)
                if fate is None:
                    schedule = Schedule(words="", cron=tuple(cron.splitlines()), zone=zone)
                    found = tuple(one for one in matches.found(old, stale) if not seen or one.story not in seen)
                    fate = self._fate(topic, schedule, preferences, found, matches.refusal)
                    if seen is None:  # Of those that had some of it there may be as many as channels.
                        self.fates[general] = fate
                fates.append(fate)
                slow = self.monotonic() > until
            subjects[id] = place
            if channel in twice:
                had.setdefault(channel, set()).update(fates[place].stories)
            if slow:
                break
        return fates, subjects

    def _fate(
        self,
        topic: str,
        schedule: Schedule,
        preferences: Preferences,
        found: tuple[Found, ...],
        refusal: str | None,
    ) -> Fate:
        """What becomes of subscriptions to `topic` that are due, `found` being their news."""
        turn = self._turn(schedule, preferences)
        if refusal or turn.slot is None:
            return Fate(next=turn.next, trial=turn.trial, refusal=refusal)
        slot = turn.slot
        content: Briefing | Notice | None = None
        if found:
            content = self._briefing(topic, turn, preferences, found)
            if turn.as_it_happens:
                slot = Slot(key=f"change {max(one.article.change for one in found)}", at=slot.at)
        elif preferences.say_when_empty and not turn.as_it_happens:
            content = nothing_new(topic, schedule, slot)
        return Fate(
            next=turn.next,
            trial=turn.trial,
            slot=slot,
            late=turn.late,
            content=content,
            stories=frozenset(one.story for one in found),
            since=slot.at - OVERLAP,
        )

    def _turn(self, schedule: Schedule, preferences: Preferences) -> Turn:
        """`turn`, once for equal schedules and quiet hours."""
        key = (schedule.cron, schedule.zone, preferences.quiet, preferences.zone)
        if key not in self.turns:
            self.turns[key] = turn(schedule, preferences, self.now)
        return self.turns[key]

    def _briefing(self, topic: str, turn: Turn, preferences: Preferences, found: tuple[Found, ...]) -> Briefing:
        """`compose`, once for equal briefings."""
        due = None if turn.as_it_happens or turn.slot is None else turn.slot.at
        key = (
            topic,
            preferences,
            due,
            turn.late,
            *((one.article.change, *(other.change for other in one.others)) for one in found),
        )
        if key not in self.composed:
            self.composed[key] = compose(topic, found, preferences, self.keywords, due=due, late=turn.late)
        return self.composed[key]


def nothing_new(topic: str, schedule: Schedule, slot: Slot) -> Notice:
    """What a channel that asked for it is told when a slot is empty: since when there is no news."""
    before = last_slot(schedule, slot.at - timedelta(microseconds=1))
    since = f" since {before.key.replace('T', ' ')}" if before and before.key != slot.key else ""
    return Notice(f"No new stories on {topic}{since}.")


# On asking --------------------------------------------------------------------------------------------------


def preview(
    storage: Storage,
    keywords: Keywords,
    preferences: Preferences,
    *,
    workspace: str,
    channel: str,
    topic: str,
    query: str,
    since: datetime,
) -> Briefing | None:
    """What a subscription would post now: news since `since` that the channel has not had. None when there is none.

    A person asks, so that the backlog of sources counts as well. Raises `QueryError`.
    """
    found = by_story(match(storage.articles.arrived_since(workspace, since), query, keywords))
    had = storage.outbox.had(channel)
    new = [one for one in found if one.story not in had]
    return compose(topic, new, preferences, keywords) if new else None


def post(
    storage: Storage, briefing: Briefing, workspace: str, channel: str, now: datetime, asked_by: str | None = None
) -> int:
    """Queue a briefing that a person asked to post; the channel will not get its stories again. Gives the delivery."""
    heads = (*(story.article for story in briefing.stories), *briefing.more)
    with storage.writing():
        articles = storage.articles.get_many([head.id for head in heads], workspace)
        stories = {article.story for article in articles}
        return storage.outbox.add_post(workspace, channel, briefing, now, stories, asked_by)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
