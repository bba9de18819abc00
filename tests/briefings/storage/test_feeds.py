from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from msgspec.structs import replace

from briefings.sources import Entry, Feed, Seen, SeenState
from briefings.storage import Storage
from briefings.types import EVERYONE

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HARBOUR, ORCHARD = "https://harbour.example/feed", "https://orchard.example/feed"


def add(storage: Storage, url: str = HARBOUR, workspace: str = "w", now: datetime = NOW) -> Feed:
    return storage.sources.add(workspace=workspace, url=url, name=url, now=now).feed


def claim(storage: Storage, now: datetime = NOW, holder: str = "me", limit: int = 10) -> list[Feed]:
    return storage.feeds.claim_due(now, holder=holder, lease=MINUTE, limit=limit)


def put_off(storage: Storage, feed: Feed, until: datetime) -> None:
    """As after fetching it."""
    claim(storage, feed.next_fetch or NOW)
    assert storage.feeds.save(replace(feed, next_fetch=until), "me")
    storage.feeds.release()


def entry(
    feed: Feed, number: int = 1, *, state: SeenState = "stored", at: datetime = NOW, next_try: datetime | None = None
) -> Seen:
    return Seen(
        id=0,
        feed=feed.id,
        title=f"Entry {number}",
        guid=f"guid {number}",
        url=f"https://harbour.example/{number}",
        digest=f"digest {number}",
        first_seen=at,
        last_seen=at,
        state=state,
        next_try=next_try,
    )


def marks(guid: str | None = None, url: str | None = None, digest: str = "") -> Seen:
    return replace(entry(Feed(id=0, url="")), guid=guid, url=url, digest=digest)


# Whose turn it is --------------------------------------------------------------------------------------------


def test_a_feed_is_due_when_its_time_has_come_longest_waiting_first(storage: Storage) -> None:
    harbour = add(storage)
    orchard = add(storage, ORCHARD, now=NOW - MINUTE)
    assert [feed.id for feed in claim(storage, limit=1)] == [orchard.id]
    assert [feed.id for feed in claim(storage)] == [harbour.id]
    storage.feeds.release()
    put_off(storage, harbour, NOW + timedelta(hours=1))
    assert [feed.id for feed in claim(storage, NOW + timedelta(minutes=59))] == [orchard.id]
    storage.feeds.release()
    assert [feed.id for feed in claim(storage, NOW + timedelta(hours=1))] == [orchard.id, harbour.id]


def test_a_claimed_feed_is_nobody_elses_until_the_lease_runs_out(storage: Storage) -> None:
    feed = add(storage)
    (mine,) = claim(storage)
    assert claim(storage, NOW + MINUTE - timedelta(milliseconds=1), "you") == []
    assert storage.feeds.earliest_due() == NOW + MINUTE
    assert claim(storage, NOW + MINUTE, "you") == [feed]
    assert not storage.feeds.save(replace(mine, title="too late"), "me")
    assert storage.feeds.save(replace(mine, title="in time"), "you")
    assert not storage.feeds.save(replace(mine, title="twice"), "you")
    assert storage.feeds.get(feed.id) == replace(feed, title="in time")


def test_two_processes_never_get_the_same_feed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sidelines.db'}"
    with Storage.open(url) as one, Storage.open(url) as other:
        feeds = {add(one, f"https://{number}.example/feed").id for number in range(40)}
        start = Barrier(2)

        def work(storage: Storage, holder: str) -> list[int]:
            got: list[int] = []
            start.wait()
            while claimed := claim(storage, holder=holder, limit=3):
                got += [feed.id for feed in claimed]
            return got

        with ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.submit(work, one, "one"), pool.submit(work, other, "other")
            got = ours.result() + theirs.result()
    assert len(got) == len(feeds)
    assert set(got) == feeds


def test_a_killed_process_lets_go_at_the_next_start(storage: Storage) -> None:
    feed = add(storage)
    claim(storage)
    storage.feeds.release()
    assert claim(storage, holder="you") == [feed]


def test_a_feed_is_due_once_for_all_who_read_it_and_not_when_nobody_does(storage: Storage) -> None:
    ours = storage.sources.add(workspace="ours", url=HARBOUR, name="H", now=NOW)
    theirs = storage.sources.add(workspace="theirs", url=HARBOUR, name="H", now=NOW)
    assert ours.feed.id == theirs.feed.id
    storage.sources.pause(ours.id, "ours")
    assert len(claim(storage)) == 1
    storage.feeds.release()
    storage.sources.remove(theirs.id, "theirs")
    assert claim(storage) == []
    assert storage.feeds.earliest_due() is None
    storage.sources.resume(ours.id, "ours", NOW + MINUTE)
    assert storage.feeds.earliest_due() == NOW + MINUTE


def test_all_that_is_known_of_a_feed_is_kept(storage: Storage) -> None:
    feed = Feed(
        id=add(storage).id,
        url=HARBOUR,
        title="Harbour news",
        site="https://harbour.example/",
        health="failing",
        reason="The server answered 503.",
        failures=3,
        changed=NOW,
        last_fetch=NOW + MINUTE,
        last_good=NOW - MINUTE,
        last_news=NOW - 2 * MINUTE,
        next_fetch=NOW + 3 * MINUTE,
        every=timedelta(hours=2),
        etag='"a"',
        last_modified="Mon, 23 Nov 2026 09:00:00 GMT",
        digest="d",
    )
    claim(storage)
    assert storage.feeds.save(feed, "me")
    assert storage.feeds.get(feed.id) == storage.feeds.by_url(HARBOUR) == feed
    assert storage.feeds.by_url(ORCHARD) is storage.feeds.get(99) is None
    storage.feeds.due_now(feed.id, NOW)
    assert storage.feeds.earliest_due() == NOW


def test_looks_that_brought_nothing_are_stored_together(storage: Storage) -> None:
    for place in (HARBOUR, ORCHARD):
        add(storage, place)
    looks = [
        (feed, replace(feed, reason="It is silent.", failures=1, last_fetch=NOW, next_fetch=NOW + MINUTE))
        for feed in claim(storage)
    ]
    storage.feeds.save_all(looks, "me")
    assert [storage.feeds.get(feed.id) for feed, _ in looks] == [after for _, after in looks]
    assert claim(storage) == []
    assert claim(storage, NOW + MINUTE, "you") == [after for _, after in looks]


def test_a_feed_that_was_made_due_during_a_look_stays_due(storage: Storage) -> None:
    add(storage)
    (feed,) = claim(storage)
    storage.feeds.due_now(feed.id, NOW + MINUTE)
    storage.feeds.save_all([(feed, replace(feed, next_fetch=NOW + 60 * MINUTE, etag="1"))], "me")
    assert [(feed.etag, feed.next_fetch) for feed in claim(storage, NOW + MINUTE)] == [(None, NOW + MINUTE)]
    found = storage.feeds.get(feed.id)
    assert found is not None
    assert found.etag == "1"


def test_a_look_at_a_feed_that_somebody_else_holds_is_not_stored(storage: Storage) -> None:
    add(storage)
    (feed,) = claim(storage)
    assert len(claim(storage, NOW + MINUTE, "you")) == 1
    storage.feeds.save_all([(feed, replace(feed, failures=1))], "me")
    assert storage.feeds.get(feed.id) == feed
    assert storage.feeds.save(feed, "you")


def test_a_feed_is_asked_for_all_it_lists_while_a_source_has_not_had_it(storage: Storage) -> None:
    source = storage.sources.add(workspace="ours", url=HARBOUR, name="H", now=NOW)
    claim(storage)
    read = replace(source.feed, etag='"a"', last_modified="Monday", digest="d")
    assert storage.feeds.save(read, "me")
    assert claim(storage) == [source.feed]
    storage.feeds.release()
    storage.sources.begin([source.id], NOW)
    assert claim(storage) == [read]
    storage.feeds.release()
    late = storage.sources.add(workspace="theirs", url=HARBOUR, name="H", now=NOW)
    assert claim(storage) == [source.feed]
    storage.feeds.release()
    storage.sources.pause(late.id, "theirs")
    assert claim(storage) == [read]


# Moving ------------------------------------------------------------------------------------------------------


def test_a_feed_that_moved_is_the_same_feed(storage: Storage) -> None:
    feed = add(storage)
    storage.feeds.remember([entry(feed)])
    assert storage.feeds.moved(feed.id, ORCHARD, NOW + MINUTE) == replace(feed, url=ORCHARD)
    assert storage.feeds.moved(feed.id, ORCHARD, NOW + MINUTE) == replace(feed, url=ORCHARD)
    assert storage.feeds.by_url(HARBOUR) is None
    assert [source.feed.url for source in storage.sources.list("w")] == [ORCHARD]
    assert len(storage.feeds.seen(feed.id, [entry(feed)])) == 1


def test_a_feed_that_moved_to_another_becomes_that_one_for_all_who_read_it(storage: Storage) -> None:
    old, new = add(storage, HARBOUR, "ours"), add(storage, ORCHARD, "theirs")
    for url in (HARBOUR, ORCHARD):
        add(storage, url, "both")
    storage.sources.begin([source.id for source in storage.sources.list_all()], NOW)
    put_off(storage, new, NOW + timedelta(days=1))
    storage.feeds.remember([entry(old)])

    there = storage.feeds.moved(old.id, ORCHARD, NOW + MINUTE)
    assert there == replace(new, next_fetch=NOW + MINUTE)
    assert storage.feeds.get(old.id) is None
    assert not storage.feeds.save(old, "me")
    read = {workspace: storage.sources.list(workspace) for workspace in ("ours", "theirs", "both")}
    assert {workspace: [s.feed.id for s in its] for workspace, its in read.items()} == {
        workspace: [new.id] for workspace in read
    }
    assert [s.first_read for its in read.values() for s in its] == [None, NOW, NOW]
    assert storage.feeds.seen(old.id, [entry(old)]) == []


@pytest.mark.parametrize(("old", "new"), [(True, False), (False, True), (True, True), (False, False)])
def test_who_read_either_of_two_feeds_reads_what_became_of_them(storage: Storage, old: bool, new: bool) -> None:
    both = [storage.sources.add(workspace="w", url=url, name="N", now=NOW) for url in (HARBOUR, ORCHARD)]
    for source, paused in zip(both, (old, new), strict=True):
        if paused:
            storage.sources.pause(source.id, "w")
    storage.feeds.moved(both[0].feed.id, ORCHARD, NOW)
    (left,) = storage.sources.list("w")
    assert (left.id, left.paused) == (both[1].id, old and new)


# What was listed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark", [marks(guid="guid 1"), marks(url="https://harbour.example/1"), marks(digest="digest 1")]
)
def test_an_entry_is_known_by_any_mark_within_its_feed(storage: Storage, mark: Seen) -> None:
    feed, other = add(storage), add(storage, ORCHARD)
    storage.feeds.remember([entry(feed, 1), entry(feed, 2), entry(other, 1)])
    (found,) = storage.feeds.seen(feed.id, [mark])
    assert replace(found, id=0) == entry(feed, 1)


def test_what_was_never_listed_is_not_known(storage: Storage) -> None:
    feed = add(storage)
    storage.feeds.remember([replace(entry(feed), guid=None, url=None)])
    assert storage.feeds.seen(feed.id, [marks(guid="guid 2", url="https://harbour.example/2", digest="digest 2")]) == []
    assert storage.feeds.seen(feed.id, [marks()]) == storage.feeds.seen(feed.id, []) == []


def test_a_feed_of_thousands_is_recognised_whole(storage: Storage) -> None:
    feed = add(storage)
    listed = [entry(feed, number) for number in range(5_000)]
    storage.feeds.remember(listed)
    found = storage.feeds.seen(feed.id, [replace(one, digest="edited") for one in listed])
    assert sorted(one.title for one in found) == sorted(one.title for one in listed)
    storage.feeds.touch([one.id for one in found[1:]], NOW + MINUTE)
    later = storage.feeds.seen(feed.id, listed)
    assert [one.id for one in later if one.last_seen == NOW] == [found[0].id]


def test_an_entry_that_changed_is_remembered_as_it_is_now(storage: Storage) -> None:
    feed = add(storage)
    said = Entry(title="Entry 1", html="<p>Cranes</p>", guid="guid 1", published=NOW)
    storage.feeds.remember([replace(entry(feed, state="waiting"), entry=said), entry(feed, 2)])
    (before,) = storage.feeds.seen(feed.id, [marks(guid="guid 1")])
    assert before.entry == said
    now = replace(
        before,
        title="Entry 1, corrected",
        guid="guid 3",
        url=None,
        digest="digest 3",
        last_seen=NOW + MINUTE,
        state="skipped",
        reason="Its page was not found.",
        tries=3,
        next_try=NOW,
        entry=None,
    )
    storage.feeds.remember([now, entry(feed, 4)])
    assert storage.feeds.seen(feed.id, [marks(guid="guid 1")]) == []
    assert storage.feeds.seen(feed.id, [marks(guid="guid 3")]) == [now]
    assert [one.title for one in storage.feeds.seen(feed.id, [entry(feed, 2)])] == ["Entry 2"]


def test_entries_are_counted_by_when_they_were_new(storage: Storage) -> None:
    feed, other = add(storage), add(storage, ORCHARD)
    storage.feeds.remember([entry(feed, number, at=NOW + number * MINUTE) for number in range(4)])
    storage.feeds.remember([entry(other, 9, at=NOW + 9 * MINUTE)])
    assert storage.feeds.count_new(feed.id, NOW + 2 * MINUTE) == 2


def test_pages_are_read_when_they_may_be_tried_longest_waiting_first(storage: Storage) -> None:
    feed, other = add(storage), add(storage, ORCHARD)
    storage.feeds.remember(
        [
            entry(feed, 1, state="waiting", next_try=NOW),
            entry(feed, 2, state="waiting", next_try=NOW + MINUTE),
            entry(feed, 3, state="waiting", next_try=NOW - MINUTE),
            entry(feed, 4, next_try=NOW),
            entry(other, 5, state="waiting", next_try=NOW),
        ]
    )
    assert [one.title for one in storage.feeds.waiting(feed.id, NOW, 9)] == ["Entry 3", "Entry 1"]
    assert [one.title for one in storage.feeds.waiting(feed.id, NOW, 1)] == ["Entry 3"]


def test_it_is_known_which_feeds_have_pages_to_be_read(storage: Storage) -> None:
    harbour, orchard = add(storage), add(storage, ORCHARD)
    storage.feeds.remember([entry(harbour, state="waiting", next_try=NOW), entry(orchard)])
    storage.feeds.remember([entry(orchard, 2, state="waiting", next_try=NOW + MINUTE)])
    both = [harbour.id, orchard.id]
    assert storage.feeds.with_waiting(both, NOW) == {harbour.id}
    assert storage.feeds.with_waiting(both, NOW + MINUTE) == set(both)
    assert storage.feeds.with_waiting([orchard.id], NOW) == set()


def hold(storage: Storage) -> tuple[Feed, Feed]:
    """Two feeds with two entries held and one stored each; neither is due."""
    both = add(storage), add(storage, ORCHARD)
    for feed in both:
        put_off(storage, feed, NOW + timedelta(hours=1))
        storage.feeds.remember([replace(entry(feed, n, state="held"), reason="flood") for n in (1, 2)])
        storage.feeds.remember([entry(feed, 3)])
    return both


def test_held_entries_that_are_let_in_wait_to_be_read(storage: Storage) -> None:
    feed, other = hold(storage)
    assert [source.held for source in storage.sources.list("w")] == [2, 2]
    assert storage.feeds.accept_held(feed.id, NOW) == 2
    assert storage.feeds.held(feed.id) == []
    waiting = storage.feeds.waiting(feed.id, NOW, 9)
    assert [(one.title, one.reason) for one in waiting] == [("Entry 1", None), ("Entry 2", None)]
    assert storage.feeds.earliest_due() == NOW
    assert len(storage.feeds.held(other.id)) == 2
    assert [source.held for source in storage.sources.list("w")] == [0, 2]


def test_held_entries_that_are_left_out_stay_known(storage: Storage) -> None:
    feed, other = hold(storage)
    assert storage.feeds.skip_held(feed.id, "An operator left it out.") == 2
    assert storage.feeds.waiting(feed.id, NOW, 9) == storage.feeds.held(feed.id) == []
    (left, *_) = storage.feeds.seen(feed.id, [marks(guid="guid 1")])
    assert (left.state, left.reason, left.entry) == ("skipped", "An operator left it out.", None)
    assert len(storage.feeds.held(other.id)) == 2


@pytest.mark.parametrize(
    "decide", [lambda feeds, feed: feeds.accept_held(feed, NOW), lambda feeds, feed: feeds.skip_held(feed, "no")]
)
def test_there_is_nothing_to_decide_twice(storage: Storage, decide: Callable[..., int]) -> None:
    feed, _ = hold(storage)
    assert [decide(storage.feeds, feed.id) for _ in range(2)] == [2, 0]


def test_what_was_stored_with_a_feed_that_somebody_else_holds_is_undone(storage: Storage) -> None:
    feed = add(storage, workspace=EVERYONE)
    claim(storage)

    class TakenOver(Exception):
        pass

    def store() -> None:
        with storage.writing():
            storage.feeds.remember([entry(feed)])
            if not storage.feeds.save(feed, "you"):
                raise TakenOver

    with pytest.raises(TakenOver):
        store()
    assert storage.feeds.seen(feed.id, [entry(feed)]) == []
