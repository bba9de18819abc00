"""The audit: silent in ordinary life, however it goes; told once of a row that was lost."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from briefings import audit
from briefings.errors import AlreadyThere
from briefings.keywords import Keywords
from briefings.publish import next_trial, publish_due, resumption
from briefings.slots import next_due, parse_when
from briefings.storage import Storage
from briefings.storage.tables import deliveries, delivery_parts, empty_slots, subscriptions
from briefings.storage.upkeep import tidy
from briefings.types import EVERYONE, Document, Key, Notice, Preferences, Quiet, Section

KEYWORDS = Keywords()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, LEASE = timedelta(hours=1), timedelta(minutes=1)
TERMINAL = ("terminal", "terminal:#general")
PLAIN = Preferences()


def add(storage: Storage, now: datetime) -> None:
    """A story for everybody, none like another."""
    key = Key("guid", str(storage.articles.last_change()))
    document = Document(title="Harbour", sections=(Section(None, (("Ferries left at dawn.",),)),))
    storage.articles.add(document, keys=[key], workspace=EVERYONE, now=now)


def subscribe(storage: Storage, now: datetime, when: str = "hourly", zone: str = "UTC", number: int = 0) -> int:
    schedule = parse_when(when, zone)
    return storage.subscriptions.create(
        workspace="t",
        channel=f"t:#{number}",
        topic="harbour",
        query="harbour",
        schedule=schedule,
        since=now,
        next_slot=next_due(schedule, now, PLAIN),
        now=now,
    ).id


def publish(storage: Storage, now: datetime, preferences: Preferences = PLAIN) -> None:
    publish_due(storage, KEYWORDS, preferences, now)


def deliver(storage: Storage, now: datetime) -> None:
    for delivery in storage.outbox.claim("me", now, LEASE, 1000):
        storage.outbox.begin_part(delivery.id, "me", now, 0, LEASE)
        storage.outbox.record_part(delivery.id, "me", now, 0, f"m{delivery.id}")
        storage.outbox.delivered(delivery.id, "me", now)


def a_day(storage: Storage, start: datetime = MONDAY, hours: int = 24) -> datetime:
    """An hourly subscription served for a day, with a story every other hour; gives the end of the day."""
    subscribe(storage, start)
    for hour in range(1, hours + 1):
        now = start + hour * HOUR
        if hour % 2:
            add(storage, now - timedelta(minutes=20))
        publish(storage, now)
        deliver(storage, now)
    return start + hours * HOUR


def balance(storage: Storage, now: datetime) -> dict[str, int]:
    found = audit.audit(storage, now).balance
    return {name: count for name in found.__struct_fields__ if (count := getattr(found, name))}


# What is counted


def test_every_slot_of_a_day_is_counted_once(storage):
    end = a_day(storage)
    assert balance(storage, end) == {"due": 24, "delivered": 12, "empty": 12}


def test_slots_end_as_their_deliveries_do(storage):
    end = a_day(storage, hours=4)
    for state, hour in (("failed", 5), ("unknown", 6), ("pending", 7)):
        now = MONDAY + hour * HOUR
        add(storage, now - timedelta(minutes=20))
        publish(storage, now)
        if state != "pending":
            (delivery,) = storage.outbox.claim("me", now, LEASE, 1)
            getattr(storage.outbox, state)(delivery.id, "me", now, "It was refused.")
    expected = {"due": 7, "delivered": 2, "empty": 2, "failed": 1, "unknown": 1, "pending": 1}
    assert balance(storage, end + 3 * HOUR) == expected


def test_what_is_not_published_yet_is_pending(storage):
    end = a_day(storage, hours=2)
    assert balance(storage, end + 3 * HOUR) == {"due": 5, "delivered": 1, "empty": 1, "pending": 3}


def test_after_downtime_the_slots_that_were_missed_are_served_by_one(storage):
    end = a_day(storage, hours=2) + 9 * HOUR
    add(storage, end - HOUR)
    publish(storage, end)
    deliver(storage, end)
    assert balance(storage, end) == {"due": 11, "delivered": 2, "empty": 1, "missed": 8}


def test_quiet_hours_hold_slots_and_one_briefing_serves_them(storage):
    preferences = Preferences(quiet=Quiet(3 * 60, 6 * 60))
    end = a_day(storage, hours=2)
    for hour in (3, 4, 5):
        publish(storage, MONDAY + hour * HOUR, preferences)
    assert balance(storage, end + 3 * HOUR) == {"due": 5, "delivered": 1, "empty": 1, "held": 3}
    publish(storage, MONDAY + 6 * HOUR, preferences)
    assert balance(storage, end + 4 * HOUR) == {"due": 6, "delivered": 1, "empty": 2, "missed": 3}


def test_nothing_is_due_while_a_subscription_is_stopped(storage):
    end = a_day(storage, hours=2)
    id = storage.subscriptions.list("t")[0].id
    storage.subscriptions.pause(id, "t")
    assert balance(storage, end + 5 * HOUR) == {}
    hourly = parse_when("hourly", "UTC")
    storage.subscriptions.resume(id, "t", resumption(hourly, PLAIN, end + 5 * HOUR))
    publish(storage, end + 6 * HOUR)
    assert balance(storage, end + 6 * HOUR) == {"due": 1, "empty": 1}


# What is lost


def lose(storage: Storage, what: str) -> None:
    some = storage.outbox.history("t", limit=2)[1].id
    with storage.writing() as connection:
        match what:
            case "delivery":
                connection.execute(delete(deliveries).where(deliveries.c.id == some))
            case "message":
                connection.execute(delete(delivery_parts).where(delivery_parts.c.delivery == some))
            case "attempt":
                values = {"state": "pending", "next_attempt": None}
                connection.execute(update(deliveries).where(deliveries.c.id == some).values(values))
            case "empty slot":
                connection.execute(delete(empty_slots).where(empty_slots.c.slot == "2026-03-02T04:00"))


@pytest.mark.parametrize("what", ["delivery", "message", "attempt", "empty slot"])
def test_a_lost_row_is_told_once(storage, caplog, what):
    end = a_day(storage)
    lose(storage, what)
    found = audit.daily(storage, end, lambda: TERMINAL)
    assert (found.balance.lost, found.fresh, len(found.lost)) == (1, 1, 1)
    assert found.lost[0].channel == "t:#0"
    assert found.lost[0].slot == ("2026-03-02T04:00" if what == "empty slot" else "2026-03-02T21:00")
    (told,) = storage.outbox.history("terminal")
    assert isinstance(told.content, Notice)
    assert "1 of 24 slots" in told.content.text
    assert found.lost[0].slot in told.content.text
    assert [record.action for record in caplog.records if record.levelname == "ERROR"] == ["audit_failed"]
    assert audit.last(storage) == found
    assert audit.daily(storage, end + HOUR, lambda: TERMINAL) is None
    publish(storage, end + 24 * HOUR)
    again = audit.daily(storage, end + 24 * HOUR, lambda: TERMINAL)
    assert (again.balance.lost, again.fresh) == (1, 0)
    assert len(storage.outbox.history("terminal")) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"next_slot": None, "next_due": None},
        {"next_due": None},
        {"next_due": round((MONDAY + timedelta(days=9)).timestamp() * 1000)},
        {"next_slot": "2026-03-05T00:00", "next_due": round((MONDAY + timedelta(days=3)).timestamp() * 1000)},
    ],
)
def test_a_subscription_that_is_never_served_again_is_noticed(storage, values):
    end = a_day(storage, hours=4)
    with storage.writing() as connection:
        connection.execute(update(subscriptions).values(values))
    publish(storage, end + 2 * HOUR)
    assert balance(storage, end + 2 * HOUR) == {"due": 6, "delivered": 2, "empty": 2, "lost": 2}


def test_without_a_place_for_notices_the_log_tells(storage, caplog):
    end = a_day(storage)
    lose(storage, "delivery")
    assert audit.daily(storage, end, lambda: None).fresh == 1
    assert [record.action for record in caplog.records if record.levelname == "ERROR"] == ["audit_failed"]


def test_of_two_processes_one_tells(storage, monkeypatch):
    end = a_day(storage)
    lose(storage, "delivery")
    monkeypatch.setattr(type(storage.audits), "made_after", lambda *_: False)  # Both looked at the same time.
    told = [audit.daily(storage, end, lambda: TERMINAL) for _ in range(2)]
    assert [found is not None for found in told] == [True, False]
    assert len(storage.outbox.history("terminal")) == 1


def test_what_no_audit_looks_at_is_forgotten_and_nothing_else(storage, monkeypatch):
    monkeypatch.setattr("briefings.storage.audits.LOT", 5)
    end = a_day(storage)
    audit.daily(storage, end, lambda: None)
    tidy(storage, end + timedelta(days=2))
    assert balance(storage, end) == {"due": 24, "delivered": 12, "empty": 12}
    tidy(storage, end + timedelta(days=3, hours=-12))
    assert balance(storage, end)["empty"] == 7
    tidy(storage, end + timedelta(days=4))
    assert "empty" not in balance(storage, end)
    assert audit.last(storage) is not None
    tidy(storage, end + timedelta(days=31))
    assert audit.last(storage) is None


# Ordinary life

WHENS = ("hourly", "every 2 hours from 8 to 20", "daily at 9", "mondays at 02:30", "as it happens", "every 30 minutes")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe")


class Life:
    """Subscriptions in a world where anything that is allowed may happen, half an hour at a time."""

    def __init__(self, storage: Storage, start: datetime) -> None:
        self.storage, self.now, self.preferences = storage, start, PLAIN

    def one(self, deed: str, number: int) -> None:
        self.now += timedelta(minutes=[0, 7, 30, 30, 60, 600][number])
        getattr(self, deed)(number)

    def schedule(self, number: int) -> Any:
        return parse_when(WHENS[number], ZONES[number % len(ZONES)])

    def its(self, number: int) -> Any:
        there = self.storage.subscriptions.list_all()
        return there[number % len(there)] if there else None

    def jump(self, number: int) -> None:
        """Somebody sets the clock."""
        self.now += (number - 3) * 4 * HOUR

    def publish(self, _number: int) -> None:
        publish(self.storage, self.now, self.preferences)

    def deliver(self, _number: int) -> None:
        deliver(self.storage, self.now)
        for channel in {each.channel for each in self.storage.subscriptions.list("t")}:
            self.storage.subscriptions.recover("t", channel)

    def arrive(self, _number: int) -> None:
        add(self.storage, self.now)
        self.storage.subscriptions.wake_as_it_happens(self.now)

    def subscribe(self, number: int) -> None:
        with suppress(AlreadyThere):
            subscribe(self.storage, self.now, WHENS[number], ZONES[number % len(ZONES)], number)

    def _claimed(self) -> Any:
        return next(iter(self.storage.outbox.claim("me", self.now, LEASE, 1)), None)

    def fail(self, _number: int) -> None:
        if it := self._claimed():
            self.storage.outbox.failed(it.id, "me", self.now, "It was refused.")

    def doubt(self, _number: int) -> None:
        if it := self._claimed():
            self.storage.outbox.unknown(it.id, "me", self.now, "Nobody can tell.")

    def retry(self, number: int) -> None:
        if it := self._claimed():
            self.storage.outbox.retry(it.id, "me", self.now, self.now + number * HOUR, "Too busy.")

    def crash(self, _number: int) -> None:
        if it := self._claimed():
            self.storage.outbox.begin_part(it.id, "me", self.now, 0, LEASE)
            self.storage.outbox.release(self.now)

    def withdraw(self, _number: int) -> None:
        it = self._claimed()
        mine = it and [each for each in self.storage.subscriptions.list("t") if each.id == it.subscription]
        if mine and mine[0].state != "paused":
            self.storage.outbox.withdraw(it.id, "me", self.now, "It is gone.")
            trial = next_trial(mine[0].schedule, self.preferences, self.now)
            self.storage.subscriptions.block(mine[0].id, "t", "It is gone.", trial)

    def block(self, number: int) -> None:
        if it := self.its(number):
            self.storage.subscriptions.block_all("t", it.channel, "It is gone.", self.now + HOUR)

    def pause(self, number: int) -> None:
        if it := self.its(number):
            self.storage.subscriptions.pause(it.id, "t")

    def resume(self, number: int) -> None:
        if (it := self.its(number)) and it.state != "active":
            self.storage.subscriptions.resume(it.id, "t", resumption(it.schedule, self.preferences, self.now))

    def reschedule(self, number: int) -> None:
        if it := self.its(number):
            schedule = self.schedule(number)
            self.storage.subscriptions.reschedule(it.id, "t", schedule, next_due(schedule, self.now, self.preferences))

    def unsubscribe(self, number: int) -> None:
        if it := self.its(number):
            self.storage.subscriptions.remove(it.id, "t")

    def quiet(self, number: int) -> None:
        self.preferences = Preferences(quiet=Quiet(22 * 60, number * 60 + 30), zone=ZONES[number % len(ZONES)])

    def loud(self, _number: int) -> None:
        self.preferences = Preferences(say_when_empty=True)


DEEDS = [name for name in vars(Life) if not name.startswith("_") and name not in ("one", "schedule", "its")]
OFTEN = ["publish", "deliver", "arrive"]
KINDS = ("delivered", "empty", "held", "failed", "unknown", "pending", "missed")
deeds = st.lists(st.tuples(st.sampled_from(DEEDS + 3 * OFTEN), st.integers(0, 5)), max_size=120)


@settings(max_examples=60)
@given(deeds, st.sampled_from([MONDAY, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)]))
def test_no_slot_is_lost_in_ordinary_life(done, start):
    with Storage.open("sqlite://") as storage:
        life = Life(storage, start)
        for number in range(3):
            subscribe(storage, start, WHENS[number], ZONES[number], number)
        for count, (deed, number) in enumerate([*done, ("publish", 0)]):
            life.one(deed, number)
            if count % 8 == 0 or count == len(done):
                found = audit.audit(storage, life.now)
                assert found.lost == ()
                assert found.balance.due == sum(getattr(found.balance, kind) for kind in KINDS)
