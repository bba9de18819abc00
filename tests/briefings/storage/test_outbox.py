from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from briefings.errors import NotFound
from briefings.storage import Storage
from briefings.storage.lanes import Lanes
from briefings.types import Delivery, Document, Fate, Key, Notice, Schedule, Section, Slot

NOW = datetime(2026, 3, 2, 9, 30, 0, 125_000, tzinfo=UTC)
LEASE = timedelta(minutes=2)
MINUTE = timedelta(minutes=1)
SLOT = Slot("2026-03-02T09:00", datetime(2026, 3, 2, 9, tzinfo=UTC))
NEXT = Slot("2026-03-03T09:00", datetime(2026, 3, 3, 9, tzinfo=UTC))
NEWS = Notice("News.")


def subscribe(storage: Storage) -> int:
    created = storage.subscriptions.create(
        workspace="ours",
        channel="ours/news",
        topic="Harbours",
        query="harbour",
        schedule=Schedule("daily at 9", ("0 9 * * *",), "UTC"),
        since=NOW,
        next_slot=SLOT,
        now=NOW,
    )
    return created.id


def post(storage: Storage, text: str = "Hello.", *, workspace: str = "ours", now: datetime = NOW) -> int:
    return storage.outbox.add_notice(workspace, f"{workspace}/news", Notice(text), now)


def claim(storage: Storage, holder: str, now: datetime = NOW, limit: int = 9) -> list[int]:
    return [delivery.id for delivery in storage.outbox.claim(holder, now, LEASE, limit)]


def stored(storage: Storage, id: int) -> Delivery:
    return storage.outbox.get(id, "ours")


# What comes in -----------------------------------------------------------------------------------------------


def test_a_notice_comes_back_as_it_was_queued(storage: Storage) -> None:
    id = post(storage)
    assert stored(storage, id) == Delivery(
        id=id,
        workspace="ours",
        channel="ours/news",
        subscription=None,
        slot=None,
        due=None,
        late=False,
        content=Notice("Hello."),
        state="pending",
        attempts=0,
        sent={},
        created=NOW,
    )


def test_a_slot_of_a_subscription_is_queued_once(storage: Storage) -> None:
    id = subscribe(storage)
    fate = Fate(next=NEXT, slot=SLOT, content=NEWS, late=True)
    assert storage.turns.take([fate], {id: 0}, NOW) == 1
    assert storage.turns.take([fate], {id: 0}, NOW) == 0
    (delivery,) = storage.outbox.history("ours", subscription=id)
    assert (delivery.slot, delivery.due, delivery.late, delivery.content) == (SLOT.key, SLOT.at, True, NEWS)
    assert storage.subscriptions.get(id, "ours").next_due == NEXT.at


def test_a_delivery_is_of_one_workspace(storage: Storage) -> None:
    id = post(storage)
    other = post(storage, workspace="theirs")
    with pytest.raises(NotFound):
        storage.outbox.get(id, "theirs")
    with pytest.raises(NotFound):
        storage.outbox.post_again(id, "theirs", NOW)
    assert [delivery.id for delivery in storage.outbox.history("theirs")] == [other]


# Claiming ----------------------------------------------------------------------------------------------------


def test_what_is_claimed_is_nobody_elses_until_the_lease_runs_out(storage: Storage) -> None:
    first, second = post(storage), post(storage, now=NOW + MINUTE)
    assert claim(storage, "a", NOW - MINUTE) == []
    assert claim(storage, "a", NOW + MINUTE, limit=1) == [first]
    assert claim(storage, "b", NOW + MINUTE) == [second]
    assert claim(storage, "c", NOW + MINUTE + LEASE - MINUTE) == []
    assert storage.outbox.next_attempt() == NOW + MINUTE + LEASE
    assert claim(storage, "c", NOW + MINUTE + LEASE) == [first, second]
    assert stored(storage, first).attempts == 2


def test_what_is_in_doubt_is_claimed_before_what_has_waited_longer(storage: Storage) -> None:
    first, *others = [post(storage) for _ in range(4)]
    assert claim(storage, "killed", limit=1) == [first]
    assert storage.outbox.begin_part(first, "killed", NOW, 0, LEASE)
    assert claim(storage, "b", NOW + MINUTE, limit=1) == others[:1]
    assert claim(storage, "b", NOW + LEASE, limit=1) == [first]
    assert claim(storage, "b", NOW + LEASE, limit=1) == others[1:2]


def test_a_platform_claims_its_own_workspaces(storage: Storage) -> None:
    slack, other = post(storage, workspace="slack:T1"), post(storage, workspace="slackish:T1", now=NOW - MINUTE)
    assert storage.outbox.next_attempt(["slack"]) == NOW
    assert [d.id for d in storage.outbox.claim("a", NOW, LEASE, 9, ["slack"])] == [slack]
    assert [d.id for d in storage.outbox.claim("a", NOW, LEASE, 9, ["discord", "slackish"])] == [other]


def test_whoever_lost_the_lease_learns_so_from_every_mark(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "slow")
    later = NOW + LEASE
    assert claim(storage, "quick", later) == [id]
    before = stored(storage, id)
    assert not box.renew(id, "slow", later, LEASE)
    assert not box.begin_part(id, "slow", later, 0, LEASE)
    assert not box.retry(id, "slow", later, later, "busy")
    assert not box.delivered(id, "slow", later)
    assert not box.failed(id, "slow", later, "gone")
    assert not box.unknown(id, "slow", later, "cut off")
    assert not box.withdraw(id, "slow", later, "gone")
    assert stored(storage, id) == before
    assert box.delivered(id, "quick", later)
    assert stored(storage, id).state == "delivered"


def test_of_those_that_end_together_only_ones_own_are_marked(storage: Storage) -> None:
    ids = [post(storage) for _ in range(3)]
    assert claim(storage, "slow") == ids
    later = NOW + LEASE
    assert storage.outbox.delivered(ids[1], "slow", NOW)
    assert claim(storage, "quick", later) == [ids[0], ids[2]]
    storage.outbox.failed(ids[2], "quick", later, "gone")
    assert claim(storage, "slow", later) == []
    assert storage.outbox.all_delivered(ids, "slow", later) == set()
    assert storage.outbox.all_delivered(ids, "quick", later) == {ids[0]}
    assert [stored(storage, id).state for id in ids] == ["delivered", "delivered", "failed"]


def test_renewing_holds_a_delivery_for_longer(storage: Storage) -> None:
    id = post(storage)
    claim(storage, "a")
    assert storage.outbox.renew(id, "a", NOW + MINUTE, LEASE)
    assert claim(storage, "b", NOW + LEASE) == []
    assert claim(storage, "b", NOW + MINUTE + LEASE) == [id]


def test_a_program_that_runs_alone_lets_go_of_what_a_killed_one_held(storage: Storage) -> None:
    held, done = post(storage), post(storage)
    claim(storage, "killed")
    storage.outbox.delivered(done, "killed", NOW)
    storage.outbox.release(NOW)
    assert claim(storage, "new") == [held]


# Parts -------------------------------------------------------------------------------------------------------


def test_parts_are_in_doubt_until_their_message_is_known(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "a")
    assert box.begin_part(id, "a", NOW, 0, LEASE)
    assert stored(storage, id).sent == {0: ""}
    assert box.record_part(id, "a", NOW, 0, "m-1")
    assert box.begin_part(id, "a", NOW, 1, LEASE)
    assert stored(storage, id).sent == {0: "m-1", 1: ""}
    assert box.begin_part(id, "a", NOW + LEASE, 1, LEASE)
    assert stored(storage, id).begun == {1: NOW}  # When it may have been posted first.


def test_a_message_posted_after_the_lease_was_lost_is_still_recorded(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "slow")
    box.begin_part(id, "slow", NOW, 0, LEASE)
    claim(storage, "quick", NOW + LEASE)
    assert not box.record_part(id, "slow", NOW + LEASE, 0, "m-1")
    assert stored(storage, id).sent == {0: "m-1"}


def test_beginning_a_part_again_keeps_its_message(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "a")
    box.record_part(id, "a", NOW, 0, "m-1")
    assert box.begin_part(id, "a", NOW, 0, LEASE)
    assert stored(storage, id).sent == {0: "m-1"}


def test_messages_that_told_a_channel_something_are_on_record(storage: Storage) -> None:
    first, second, elsewhere = (
        storage.outbox.add_post("ours", channel, NEWS, NOW, [story])
        for channel, story in (("ours/news", 1), ("ours/news", 2), ("ours/world", 1))
    )
    assert claim(storage, "one") == [first, second, elsewhere]
    for id, message in ((first, "m1"), (elsewhere, "m3")):
        assert storage.outbox.record_part(id, "one", NOW, 0, message)
    assert storage.outbox.begin_part(second, "one", NOW, 0, LEASE)
    assert storage.outbox.told_in("ours/news") == {"m1"}


def test_a_retry_waits_and_keeps_the_parts_that_were_posted(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "a")
    box.record_part(id, "a", NOW, 0, "m-1")
    box.begin_part(id, "a", NOW, 1, LEASE)
    assert box.retry(id, "a", NOW, NOW + MINUTE, "busy")
    waiting = stored(storage, id)
    assert (waiting.state, waiting.sent, waiting.error) == ("pending", {0: "m-1"}, "busy")
    assert not box.renew(id, "a", NOW, LEASE)
    assert claim(storage, "b", NOW) == []
    assert claim(storage, "b", NOW + MINUTE) == [id]


def test_a_retry_in_doubt_keeps_the_doubt(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "a")
    box.begin_part(id, "a", NOW, 0, LEASE)
    assert box.retry(id, "a", NOW, NOW + MINUTE, "cut off", in_doubt=True)
    assert stored(storage, id).sent == {0: ""}


def test_only_attempts_that_count_are_counted(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "a")
    box.retry(id, "a", NOW, NOW, "too fast", counted=False)
    assert stored(storage, id).attempts == 0
    claim(storage, "a")
    assert claim(storage, "a", NOW + LEASE) == [id]  # It waited for longer than its lease.
    assert stored(storage, id).attempts == 1
    assert claim(storage, "b", NOW + 2 * LEASE) == [id]
    assert stored(storage, id).attempts == 2


# Ends --------------------------------------------------------------------------------------------------------


def test_delivering_is_remembered_by_the_subscription(storage: Storage) -> None:
    subscription = subscribe(storage)
    storage.turns.take([Fate(next=NEXT, slot=SLOT, content=NEWS)], {subscription: 0}, NOW)
    (id,) = claim(storage, "a")
    assert storage.outbox.delivered(id, "a", NOW + MINUTE)
    assert storage.subscriptions.get(subscription, "ours").last_delivered == NOW + MINUTE
    assert storage.outbox.next_attempt() is None
    assert storage.outbox.counts() == {"delivered": 1}


def test_what_ended_in_doubt_is_posted_again_only_on_a_persons_word(storage: Storage) -> None:
    id, box = post(storage), storage.outbox
    claim(storage, "a")
    box.record_part(id, "a", NOW, 0, "m-1")
    box.begin_part(id, "a", NOW, 1, LEASE)
    assert box.unknown(id, "a", NOW, "cut off")
    assert claim(storage, "b", NOW + LEASE) == []
    again = box.post_again(id, "ours", NOW + LEASE)
    assert (again.state, again.sent, again.error, again.attempts) == ("pending", {0: "m-1"}, None, 0)
    assert claim(storage, "b", NOW + LEASE) == [id]
    with pytest.raises(NotFound, match="posted again"):
        box.post_again(id, "ours", NOW + LEASE)


def test_what_was_withdrawn_is_news_to_the_channel_again(storage: Storage) -> None:
    document = Document(title="Harbour opens", sections=(Section(None, (("Ships came.",),)),))
    story = storage.articles.add(document, keys=[Key("guid", "1")], workspace="ours", now=NOW - MINUTE)
    subscription, box = subscribe(storage), storage.outbox
    fate = Fate(next=NEXT, slot=SLOT, content=NEWS, stories=frozenset({story}), since=NOW + MINUTE)
    storage.turns.take([fate], {subscription: 0}, NOW)
    assert box.had("ours/news") == {story}
    (id,) = claim(storage, "a")
    told = box.with_story("ours/news", story, "ours")
    assert told is not None
    assert told.id == id
    assert box.with_story("ours/news", story, "theirs") is None
    assert box.withdraw(id, "a", NOW, "The channel is gone.")
    assert box.had("ours/news") == set()
    assert storage.subscriptions.get(subscription, "ours").since == NOW - MINUTE
    with pytest.raises(NotFound):
        box.post_again(id, "ours", NOW)
    assert storage.turns.take([fate], {subscription: 0}, NOW) == 1  # Its slot is free again.


def test_a_post_that_failed_keeps_its_stories_and_may_be_posted_again(storage: Storage) -> None:
    document = Document(title="Harbour opens", sections=(Section(None, (("Ships came.",),)),))
    story = storage.articles.add(document, keys=[Key("guid", "1")], workspace="ours", now=NOW)
    id = storage.outbox.add_post("ours", "ours/news", NEWS, NOW, [story])
    claim(storage, "a")
    assert storage.outbox.failed(id, "a", NOW, "refused")
    assert storage.outbox.had("ours/news") == {story}
    assert storage.outbox.post_again(id, "ours", NOW).state == "pending"


def test_history_is_newest_first_and_of_one_channel_when_asked(storage: Storage) -> None:
    ids = [post(storage, text) for text in ("One.", "Two.", "Three.")]
    elsewhere = storage.outbox.add_notice("ours", "ours/other", Notice("Four."), NOW)
    history = storage.outbox.history
    assert [delivery.id for delivery in history("ours", limit=2)] == [elsewhere, ids[2]]
    assert [delivery.id for delivery in history("ours", channel="ours/news")] == ids[::-1]


# Lanes: several processes ---------------------------------------------------------------------------------------

LANES = Lanes(("whole",), timedelta(minutes=5))


def divided(storage: Storage, holder: str, limit: int = 9, lanes: Lanes = LANES) -> list[int]:
    return [delivery.id for delivery in storage.outbox.claim(holder, NOW, LEASE, limit, (), lanes)]


def test_a_channel_is_left_to_the_process_that_delivers_there(storage: Storage) -> None:
    one, two, three = post(storage), post(storage), post(storage, workspace="theirs")
    assert divided(storage, "a", 1) == [one]
    assert storage.outbox.next_attempt((), "a", LANES) == storage.outbox.next_attempt((), "b", LANES) == NOW
    assert divided(storage, "b") == [three]
    assert storage.outbox.next_attempt((), "b", LANES) == NOW + LEASE
    assert divided(storage, "a") == [two]


def test_where_a_whole_workspace_is_one_lane_its_channels_are_left_to_one_process(storage: Storage) -> None:
    one = storage.outbox.add_notice("whole:T1", "whole:T1:#C1", NEWS, NOW)
    two = storage.outbox.add_notice("whole:T1", "whole:T1:#C2", NEWS, NOW)
    three = storage.outbox.add_notice("parts:T1", "parts:T1:#C1", NEWS, NOW)
    four = storage.outbox.add_notice("parts:T1", "parts:T1:#C2", NEWS, NOW)
    assert divided(storage, "a", 1) == [one]
    assert divided(storage, "b", 1) == [three]
    assert divided(storage, "c") == [four]
    assert divided(storage, "a") == [two]


def test_a_lane_that_its_holder_left_is_anybodys(storage: Storage) -> None:
    one, two = post(storage), post(storage)
    assert divided(storage, "dead", 1, Lanes((), timedelta(0))) == [one]
    assert divided(storage, "b") == [two]


def test_processes_that_claim_at_once_never_meet_in_a_lane(postgresql_url: str) -> None:
    with Storage.open(postgresql_url) as storage, ThreadPoolExecutor(4) as threads:
        names = {post(storage, workspace=f"w{number % 10}"): f"w{number % 10}" for number in range(60)}
        asked = [threads.submit(divided, storage, f"{number}", 20) for number in range(4)]
        claimed = [{names[id] for id in each.result()} for each in asked]
        assert sum(map(len, claimed)) == len(set().union(*claimed)) == 10
