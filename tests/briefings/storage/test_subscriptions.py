from datetime import UTC, datetime, timedelta

import pytest

from briefings.errors import AlreadyThere, NotFound
from briefings.storage import Storage
from briefings.types import EVERYONE, Document, Fate, Key, Notice, Schedule, Section, Slot, Subscription

NOW = datetime(2026, 3, 2, 9, 30, 0, 125_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = Schedule("daily at 9", ("0 9 * * *",), "Asia/Seoul")
TWICE = Schedule("daily at 9 and 18:30", ("0 9 * * *", "30 18 * * *"), "UTC")
AS_IT_HAPPENS = Schedule("as it happens", (), "UTC")
SLOT = Slot("2026-03-03T09:00", datetime(2026, 3, 3, tzinfo=UTC))
LATER = Slot("2026-03-04T09:00", datetime(2026, 3, 4, tzinfo=UTC))


def create(
    storage: Storage,
    *,
    workspace: str = "ours",
    channel: str = "ours/news",
    query: str = "harbour",
    schedule: Schedule = DAILY,
    slot: Slot | None = SLOT,
) -> Subscription:
    return storage.subscriptions.create(
        workspace=workspace,
        channel=channel,
        topic="Harbours",
        query=query,
        schedule=schedule,
        since=NOW - HOUR,
        next_slot=slot,
        now=NOW,
        created_by="ann",
    )


def test_a_subscription_comes_back_as_it_was_created(storage: Storage) -> None:
    created = create(storage, schedule=TWICE)
    assert created == Subscription(
        id=created.id,
        workspace="ours",
        channel="ours/news",
        topic="Harbours",
        query="harbour",
        schedule=TWICE,
        state="active",
        reason=None,
        since=NOW - HOUR,
        created=NOW,
        created_by="ann",
        next_slot=SLOT.key,
        next_due=SLOT.at,
    )
    assert storage.subscriptions.get(created.id, "ours") == created


def test_a_channel_has_a_query_on_a_schedule_once(storage: Storage) -> None:
    first = create(storage)
    with pytest.raises(AlreadyThere, match=f"number {first.id}"):
        create(storage)
    others = [
        create(storage, channel="ours/other"),
        create(storage, query="ships"),
        create(storage, schedule=TWICE),
        create(storage, workspace="theirs"),
    ]
    assert [s.id for s in storage.subscriptions.list_all()] == [first.id, *(s.id for s in others)]


def test_lists_are_of_one_workspace_and_oldest_first(storage: Storage) -> None:
    first, second = create(storage, slot=LATER), create(storage, channel="ours/other", slot=SLOT)
    theirs, never = create(storage, workspace="theirs", slot=LATER), create(storage, query="ships", slot=None)
    assert storage.subscriptions.list("ours") == [first, second, never]
    assert storage.subscriptions.list("ours", "ours/other") == [second]
    assert storage.subscriptions.list("nobody") == []
    assert storage.subscriptions.list_all() == [second, first, theirs, never]


def test_another_workspace_can_neither_see_nor_change_a_subscription(storage: Storage) -> None:
    ours = create(storage)
    store = storage.subscriptions
    for attempt in (
        lambda: store.get(ours.id, "theirs"),
        lambda: store.pause(ours.id, "theirs"),
        lambda: store.block(ours.id, "theirs", "no"),
        lambda: store.resume(ours.id, "theirs", LATER),
        lambda: store.reschedule(ours.id, "theirs", TWICE, LATER),
        lambda: store.remove(ours.id, "theirs"),
    ):
        with pytest.raises(NotFound, match=f"no subscription {ours.id} here"):
            attempt()
    assert store.list_all() == [ours]


def test_a_stopped_subscription_is_never_due_until_it_is_resumed(storage: Storage) -> None:
    store, id = storage.subscriptions, create(storage).id
    paused = store.pause(id, "ours")
    assert (paused.state, paused.next_slot, paused.next_due) == ("paused", None, None)
    assert store.earliest_due() is None
    blocked = store.block(id, "ours", "The channel is gone.")
    assert (blocked.state, blocked.reason, blocked.next_due) == ("blocked", "The channel is gone.", None)
    assert storage.turns.due(LATER.at, 9) == []
    resumed = store.resume(id, "ours", LATER)
    assert (resumed.state, resumed.reason, resumed.next_slot, resumed.next_due) == ("active", None, LATER.key, LATER.at)
    assert resumed.since == NOW - HOUR
    assert [row[0] for row in storage.turns.due(LATER.at, 9)] == [id]


def test_a_blocked_subscription_is_due_at_its_trial(storage: Storage) -> None:
    store, id = storage.subscriptions, create(storage).id
    blocked = store.block(id, "ours", "The channel is gone.", LATER)
    assert (blocked.state, blocked.next_slot, blocked.next_due) == ("blocked", LATER.key, LATER.at)
    assert store.earliest_due() == LATER.at
    assert [row[0] for row in storage.turns.due(LATER.at, 9)] == [id]
    moved = store.reschedule(id, "ours", TWICE, SLOT)
    assert (moved.state, moved.next_due) == ("blocked", SLOT.at)
    moved = store.reschedule(id, "ours", AS_IT_HAPPENS, None)
    assert (moved.state, moved.next_due) == ("blocked", SLOT.at)


def test_a_blocked_subscription_without_clock_is_tried_again_when_its_fate_says(storage: Storage) -> None:
    active = create(storage, schedule=AS_IT_HAPPENS, query="ships", slot=SLOT)
    blocked = create(storage, schedule=AS_IT_HAPPENS, slot=SLOT)
    storage.subscriptions.block(blocked.id, "ours", "The channel is gone.", SLOT)
    storage.turns.take([Fate(next=None, trial=LATER.at)], {active.id: 0, blocked.id: 0}, SLOT.at)
    assert storage.subscriptions.get(active.id, "ours").next_due is None
    assert storage.subscriptions.get(blocked.id, "ours").next_due == LATER.at


def test_all_of_a_channel_or_a_workspace_are_blocked_and_found_again(storage: Storage) -> None:
    store = storage.subscriptions
    here, there = create(storage), create(storage, channel="ours/other")
    happens = create(storage, schedule=AS_IT_HAPPENS, slot=None)
    paused = store.pause(create(storage, query="ships").id, "ours")
    theirs = create(storage, workspace="theirs")
    trial = SLOT.at + HOUR

    blocked = store.block_all("ours", "ours/news", "The channel is gone.", trial)
    assert [(s.id, s.state, s.reason) for s in blocked] == [
        (here.id, "blocked", "The channel is gone."),
        (happens.id, "blocked", "The channel is gone."),
    ]
    assert [s.next_due for s in blocked] == [trial, trial]
    assert store.block_all("ours", "ours/news", "The channel is gone.", trial) == []

    (other,) = store.block_all("ours", None, "Sidelines was removed.")
    assert (other.id, other.state, other.next_due) == (there.id, "blocked", None)
    assert [s.id for s in store.regain("ours", None)] == [here.id, there.id, happens.id]
    assert [s.id for s in store.regain("ours", "ours/other")] == [there.id]
    assert store.get(paused.id, "ours") == paused
    assert store.list("theirs") == [theirs]


def test_a_trial_of_many_is_not_before_the_next_slot(storage: Storage) -> None:
    id = create(storage, slot=LATER).id
    (blocked,) = storage.subscriptions.block_all("ours", None, "The channel is gone.", SLOT.at)
    assert (blocked.id, blocked.next_slot, blocked.next_due) == (id, LATER.key, LATER.at)


def test_a_channel_recovers_what_waits_for_a_trial_there(storage: Storage) -> None:
    store = storage.subscriptions
    waiting, refused = create(storage), create(storage, query="ships")
    elsewhere, paused = create(storage, channel="ours/other"), create(storage, query="cranes")
    for each in (waiting, elsewhere):
        store.block(each.id, "ours", "The channel is gone.", SLOT)
    store.block(refused.id, "ours", "The topic cannot be read.")
    store.pause(paused.id, "ours")
    assert [(s.id, s.state, s.reason, s.next_due) for s in store.recover("ours", "ours/news")] == [
        (waiting.id, "active", None, SLOT.at)
    ]
    assert store.recover("ours", "ours/news") == store.recover("theirs", "ours/other") == []
    assert [s.state for s in store.list("ours")] == ["active", "blocked", "blocked", "paused"]


def test_rescheduling_keeps_a_stopped_subscription_stopped(storage: Storage) -> None:
    store, id = storage.subscriptions, create(storage).id
    moved = store.reschedule(id, "ours", TWICE, LATER)
    assert (moved.schedule, moved.next_due) == (TWICE, LATER.at)
    store.pause(id, "ours")
    stopped = store.reschedule(id, "ours", DAILY, SLOT)
    assert (stopped.schedule, stopped.state, stopped.next_slot, stopped.next_due) == (DAILY, "paused", None, None)


def test_those_due_come_longest_waiting_first(storage: Storage) -> None:
    late, early = create(storage, slot=LATER), create(storage, query="ships", slot=SLOT)
    assert storage.subscriptions.earliest_due() == SLOT.at
    assert storage.turns.due(SLOT.at - timedelta(milliseconds=1), 9) == []
    assert [row[0] for row in storage.turns.due(SLOT.at, 9)] == [early.id]
    assert [row[0] for row in storage.turns.due(LATER.at, 9)] == [early.id, late.id]
    assert [row[0] for row in storage.turns.due(LATER.at, 1)] == [early.id]


def test_only_active_as_it_happens_subscriptions_wake(storage: Storage) -> None:
    waiting = create(storage, schedule=AS_IT_HAPPENS, slot=None)
    paused = create(storage, schedule=AS_IT_HAPPENS, query="ships", slot=None)
    storage.subscriptions.pause(paused.id, "ours")
    create(storage, query="cranes")
    assert storage.subscriptions.wake_as_it_happens(NOW) == 1
    assert storage.subscriptions.wake_as_it_happens(NOW + HOUR) == 0
    assert [row[0] for row in storage.turns.due(NOW, 9)] == [waiting.id]


def test_as_it_happens_subscriptions_are_woken_once_for_a_change(storage: Storage) -> None:
    storage.subscriptions.wake_as_it_happens(NOW)  # What was there before.
    waiting = create(storage, schedule=AS_IT_HAPPENS, slot=None)
    assert storage.subscriptions.wake_as_it_happens(NOW) == 0
    document = Document(title="A crane fell", sections=(Section(None, (("A crane fell.",),)),))
    storage.articles.add(document, keys=[Key("guid", "1")], workspace=EVERYONE, now=NOW)
    assert storage.subscriptions.wake_as_it_happens(NOW) == 1
    storage.turns.take([Fate(next=None)], {waiting.id: 0}, NOW)
    assert storage.subscriptions.wake_as_it_happens(NOW + HOUR) == 0
    assert storage.turns.due(NOW + HOUR, 9) == []


def test_removing_withdraws_what_nobody_has_begun_to_send(storage: Storage) -> None:
    begun, waiting = create(storage), create(storage, query="ships")
    fate = Fate(next=LATER, slot=SLOT, content=Notice("News."))
    for subscription in (begun, waiting):
        storage.turns.take([fate], {subscription.id: 0}, SLOT.at)
    (claimed,) = storage.outbox.claim("worker", SLOT.at, HOUR, 1)
    assert claimed.subscription == begun.id
    assert storage.subscriptions.remove(begun.id, "ours").query == "harbour"
    storage.subscriptions.remove(waiting.id, "ours")
    assert storage.subscriptions.list("ours") == []
    withdrawn, sending = storage.outbox.history("ours")
    assert (withdrawn.state, withdrawn.error) == ("failed", "unsubscribed")
    assert (sending.id, sending.state) == (claimed.id, "pending")
    assert storage.outbox.delivered(claimed.id, "worker", SLOT.at)


def test_a_number_is_never_given_twice(storage: Storage) -> None:
    first = create(storage)
    storage.subscriptions.remove(first.id, "ours")
    assert create(storage).id > first.id
