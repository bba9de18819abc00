"""What one process does in the middle of another's transaction: PostgreSQL lets both go on, and locks must decide."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import delete, select, text, update

from briefings import ingest, updates
from briefings.errors import StorageBusy, StorageError
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage, contents, tables
from briefings.storage.upkeep import KEPT, tidy
from briefings.types import EVERYONE, Document, Notice, Preferences, Schedule, Section, Slot
from tests.servers.postgresql import Postgresql

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE = NOW + KEPT + HOUR
KEYWORDS = Keywords()
FEED = "https://a.example/feed"


@pytest.fixture
def one(postgresql_url: str) -> Iterator[Storage]:
    with Storage.open(postgresql_url) as opened:
        yield opened


@pytest.fixture
def other(postgresql_url: str) -> Iterator[Storage]:
    with Storage.open(postgresql_url) as opened:
        yield opened


_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def begin(storage: Storage, work: Callable[[], T]) -> Callable[[], T]:
    """Have something done in another thread; returns when it is done or waits for a lock. Gives what waits for its end.

    `storage` is one that does not do it.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            done.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        with storage.database.engine.connect() as connection:
            if connection.execute(_WAITING).scalar_one():
                break
        thread.join(0.01)
    return lambda: done.result(20)


def article(words: str) -> ingest.Incoming:
    text = (("The council of the port had asked for that.", "It cost nine million."),)
    document = Document(title=f"The harbour {words}", url="https://a.example/1", sections=(Section(None, text),))
    return ingest.Incoming(document)


def store(storage: Storage, words: str, now: datetime = NOW) -> list[int]:
    """Store an article, and queue what comes of it if it was there."""
    with storage.writing():
        outcomes = ingest.add(storage, [article(words)], workspace=EVERYONE, now=now)
        updates.queue(storage, KEYWORDS, Preferences(), outcomes, now)
    return [outcome.article for outcome in outcomes]


def subscribe(storage: Storage, *cron: str) -> int:
    return storage.subscriptions.create(
        workspace="w",
        channel="w:#1",
        topic="harbour",
        query="harbour",
        schedule=Schedule("", cron, "UTC"),
        since=NOW - 9 * HOUR,
        next_slot=Slot("now", NOW),
        now=NOW - 9 * HOUR,
    ).id


def publish(storage: Storage, now: datetime = NOW) -> int:
    return publish_due(storage, KEYWORDS, Preferences(), now).deliveries


# While one publishes


def test_what_arrives_meanwhile_reaches_who_gets_it_as_it_happens(one: Storage, other: Storage) -> None:
    subscribe(one)

    def arrive() -> None:
        store(other, "opened on Monday")
        other.subscriptions.wake_as_it_happens(NOW)

    with one.writing():
        assert publish(one) == 0
        ended = begin(one, arrive)
    ended()
    assert publish(one) == 1


def test_who_pauses_meanwhile_stays_paused(one: Storage, other: Storage) -> None:
    id = subscribe(one, "0 9 * * *")
    with one.writing():
        publish(one)
        ended = begin(one, lambda: other.subscriptions.pause(id, "w"))
    ended()
    paused = one.subscriptions.get(id, "w")
    assert (paused.state, paused.next_due) == ("paused", None)


def test_who_is_just_being_changed_is_left_for_the_next_time(one: Storage, other: Storage) -> None:
    id = subscribe(one, "0 9 * * *")
    store(one, "opened on Monday")
    with one.writing():
        one.subscriptions.pause(id, "w")
        assert publish(other) == 0
    assert publish(other) == 0
    assert one.subscriptions.get(id, "w").next_due is None


def test_a_change_that_comes_meanwhile_is_told_to_the_channel(one: Storage, other: Storage) -> None:
    subscribe(one, "0 9 * * *")
    store(one, "opened on Monday", NOW - HOUR)
    with one.writing():
        assert publish(one) == 1
        ended = begin(one, lambda: store(other, "is shut, with a ship aground", NOW))
    ended()
    [delivery] = one.outbox.claim("worker", NOW + HOUR, HOUR, 9)
    assert "aground" in str(delivery.content)


def test_who_posts_meanwhile_sees_what_the_channel_has_had(one: Storage, other: Storage) -> None:
    subscribe(one, "0 9 * * *")
    [story] = store(one, "opened on Monday")

    def had() -> set[int]:
        with other.writing():
            other.hold("publishing")
            return other.outbox.had("w:#1")

    with one.writing():
        publish(one)
        ended = begin(one, had)
    assert ended() == {story}


# While one stores


def test_two_that_store_the_same_at_once_store_one_article(one: Storage, other: Storage) -> None:
    with one.writing():
        first = store(one, "opened on Monday")
        ended = begin(one, lambda: store(other, "opened on Monday"))
    assert ended() == first


def test_a_number_of_a_change_is_seen_only_when_all_before_are(one: Storage, other: Storage) -> None:
    before = one.articles.last_change()
    with one.writing():
        [first] = store(one, "opened on Monday")
        ended = begin(one, lambda: other.articles.add(article("shut").document, keys=[], workspace="w", now=NOW))
        assert other.articles.last_change() == before
    second = ended()
    assert [change.id for change in one.articles.changes(before)] == [first, second]


# While one lets go


def test_a_content_that_is_about_to_be_used_again_stays(one: Storage, other: Storage) -> None:
    old = one.outbox.add_notice("w", "w:#1", Notice("The same."), NOW)
    one.outbox.claim("me", NOW, HOUR, 1)
    one.outbox.delivered(old, "me", NOW)
    with one.writing():
        new = one.outbox.add_notice("w", "w:#1", Notice("The same."), LATE)
        ended = begin(one, lambda: tidy(other, LATE))
    assert ended() == 1
    assert one.outbox.get(new, "w").content == Notice("The same.")


def test_a_content_that_just_goes_is_stored_anew(one: Storage, other: Storage) -> None:
    old = one.outbox.add_notice("w", "w:#1", Notice("The same."), NOW)
    one.outbox.claim("me", NOW, HOUR, 1)
    one.outbox.delivered(old, "me", NOW)
    with one.writing():
        tidy(one, LATE)
        ended = begin(one, lambda: other.outbox.add_notice("w", "w:#1", Notice("The same."), LATE))
    assert one.outbox.get(ended(), "w").content == Notice("The same.")


def test_a_content_that_is_just_published_again_stays(one: Storage, other: Storage) -> None:
    subscribe(one, "0 9 * * *")
    store(one, "opened on Monday")
    assert publish(one) == 1
    with one.writing() as connection:  # As if it had not been: nobody has the content any more.
        connection.execute(delete(tables.channel_stories))
        connection.execute(delete(tables.deliveries))
        connection.execute(update(tables.subscriptions).values(next_due=0))
    with one.writing():
        assert publish(one) == 1
        ended = begin(one, lambda: contents.sweep(other.database))
    ended()
    [delivery] = one.outbox.claim("me", NOW, HOUR, 1)
    assert "opened on Monday" in str(delivery.content)


def test_a_feed_that_is_about_to_be_read_again_stays(one: Storage, other: Storage) -> None:
    source = one.sources.add(workspace="w", url=FEED, name="A", now=NOW)
    one.sources.remove(source.id, "w")
    with one.writing():
        again = one.sources.add(workspace="w", url=FEED, name="A", now=LATE)
        ended = begin(one, lambda: tidy(other, LATE))
    ended()
    assert again.feed.id == source.feed.id
    assert one.feeds.get(source.feed.id) is not None


def test_a_feed_that_just_goes_is_stored_anew(one: Storage, other: Storage) -> None:
    source = one.sources.add(workspace="w", url=FEED, name="A", now=NOW)
    one.sources.remove(source.id, "w")
    with one.writing():
        tidy(one, LATE)
        ended = begin(one, lambda: other.sources.add(workspace="w", url=FEED, name="A", now=LATE))
    assert one.sources.get(ended().id, "w").feed.id > source.feed.id


def test_two_feeds_that_move_to_one_address_become_one(one: Storage, other: Storage) -> None:
    first, second = (one.sources.add(workspace=w, url=f"https://{w}.example/", name="A", now=NOW).feed for w in "ab")
    with one.writing():
        moved = one.feeds.moved(first.id, FEED, NOW)
        ended = begin(one, lambda: other.feeds.moved(second.id, FEED, NOW))
    assert ended().id == moved.id
    assert [source.feed.id for source in one.sources.list_all()] == [moved.id, moved.id]


def test_a_source_is_resumed_while_its_feed_is_stored(one: Storage, other: Storage) -> None:
    source = one.sources.add(workspace="w", url=FEED, name="A", now=NOW)
    one.sources.pause(source.id, "w")
    one.sources.add(workspace="v", url=FEED, name="A", now=NOW)
    [feed] = one.feeds.claim_due(NOW, holder="me", lease=HOUR, limit=1)
    with one.writing():
        assert one.feeds.save(feed, "me")
        ended = begin(one, lambda: other.sources.resume(source.id, "w", NOW + HOUR))
        one.sources.begin([source.id], NOW)
    resumed = ended()
    assert (resumed.paused, resumed.first_read, resumed.feed.next_fetch) == (False, None, NOW + HOUR)


# Deliveries


def test_what_was_just_claimed_is_not_withdrawn(one: Storage, other: Storage) -> None:
    id = subscribe(one, "0 9 * * *")
    store(one, "opened on Monday")
    publish(one)
    with one.writing():
        [claimed] = one.outbox.claim("me", NOW, HOUR, 1)
        ended = begin(one, lambda: other.subscriptions.remove(id, "w"))
    ended()
    assert one.outbox.get(claimed.id, "w").state == "pending"
    assert one.outbox.delivered(claimed.id, "me", NOW)


def test_a_delivery_is_finished_while_its_subscription_is_published_again(one: Storage, other: Storage) -> None:
    id = subscribe(one, "0 9 * * *")
    store(one, "opened on Monday")
    publish(one)
    [claimed] = one.outbox.claim("me", NOW, HOUR, 1)
    with one.writing() as connection:  # As after somebody gave it another schedule.
        connection.execute(update(tables.subscriptions).values(next_due=0))
    with one.writing():
        one.turns.due(NOW, 9)
        ended = begin(one, lambda: other.outbox.delivered(claimed.id, "me", NOW))
        publish(one)
    assert ended()
    assert one.subscriptions.get(id, "w").last_delivered == NOW


def test_one_of_two_that_go_on_tells_so(one: Storage, other: Storage) -> None:
    id = subscribe(one, "0 9 * * *")
    one.subscriptions.block(id, "w", "gone", Slot("trial", NOW))
    with one.writing():
        assert [each.id for each in one.subscriptions.recover("w", "w:#1")] == [id]
        ended = begin(one, lambda: other.subscriptions.recover("w", "w:#1"))
    assert ended() == []


# Leases


def test_leases_are_let_go_of_in_the_order_of_taking_however_it_sorts(postgresql_server: Postgresql) -> None:
    names = ["lane Zoo", "lane abc"]
    with postgresql_server.empty_database() as url, Storage.open(url) as one, Storage.open(url) as other:
        with one.writing() as connection:
            connection.execute(_AS_LANGUAGES_SORT)
            assert one.leases.take(names, "me", HOUR) == set(names)
            in_order = connection.execute(select(tables.leases.c.name).order_by(tables.leases.c.name))
            assert in_order.scalars().all() == names[::-1]
        with one.writing():
            one.leases.take(names[:1], "me", HOUR)
            ended = begin(one, lambda: other.leases.leave("me"))
            one.leases.take(names[1:], "me", HOUR)
        ended()
        assert one.leases.holders() == {}


# A server for tests may know no language, but an order like theirs can be had otherwise.
_AS_LANGUAGES_SORT = text(r"""CREATE TYPE word AS ENUM ('lane abc', 'lane Zoo');
    CREATE CAST (varchar AS word) WITH INOUT AS ASSIGNMENT;
    CREATE FUNCTION same(word, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1\:\:text = $2';
    CREATE OPERATOR = (LEFTARG = word, RIGHTARG = text, FUNCTION = same);
    ALTER TABLE leases ALTER name TYPE word USING name\:\:word""")


# What cannot be had


def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(one: Storage, other: Storage) -> None:
    ids = [one.sources.add(workspace="w", url=f"{FEED}/{n}", name="A", now=NOW).feed.id for n in range(2)]

    def lock(storage: Storage, id: int) -> None:
        storage.feeds.due_now(id, NOW)

    def crosswise() -> None:
        with other.writing():
            lock(other, ids[1])
            crossed.set()
            lock(other, ids[0])

    crossed = threading.Event()
    errors = []
    try:
        with one.writing():
            lock(one, ids[0])
            ended = begin(one, crosswise)
            crossed.wait(20)
            lock(one, ids[1])
    except StorageError as error:
        errors.append(error)
    try:
        ended()
    except StorageError as error:
        errors.append(error)
    assert [str(error).partition(" ")[2] for error in errors] == [
        "is busy with the work of other processes; try again in a moment."
    ]
    with one.reading() as connection:
        assert connection.execute(select(tables.feeds.c.id)).scalars().all() == ids


# Each waiting for the other


def test_of_two_that_wait_for_each_other_one_gives_way_and_is_done_again(one: Storage, other: Storage) -> None:
    tries: list[str] = []

    def crossing(storage: Storage, first: str, second: str, met: threading.Barrier) -> None:
        def work() -> None:
            tries.append(first)
            with storage.writing():
                storage.hold(first)
                if len(tries) <= 2:
                    met.wait(10)
                storage.hold(second)

        storage.database.repeated(work)

    met = threading.Barrier(2)
    with ThreadPoolExecutor() as threads:
        done = [threads.submit(crossing, one, "a", "b", met), threads.submit(crossing, other, "b", "a", met)]
        for each in done:
            each.result(20)
    assert len(tries) == 3


def test_who_gives_way_within_a_transaction_of_another_leaves_it_to_that_one(one: Storage) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise StorageBusy("It is busy.")

    with pytest.raises(StorageBusy), one.writing():
        one.repeated(work)
    assert tries == [1]
