"""What several processes may do to one database at once: each thing is done by one of them, and nothing is lost."""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from briefings.errors import AlreadyThere
from briefings.ingest import Incoming, add
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage
from briefings.types import EVERYONE, Briefing, Document, Key, Notice, Preferences, Schedule, Section, Slot

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LEASE = timedelta(minutes=1)
THREADS = 8
T = TypeVar("T")
DAILY = Schedule("daily at 9", ("0 9 * * *",), "UTC")


@pytest.fixture
def stores(database_url: str) -> Iterator[list[Storage]]:
    """Two storages of one database, as two processes have them."""
    with Storage.open(database_url) as one, Storage.open(database_url) as other:
        yield [one, other]


def at_once(stores: list[Storage], work: Callable[[Storage, str], T]) -> list[T]:
    """What each of eight threads gets that begin to do the same at the same time, each under a name of its own."""
    begin = threading.Barrier(THREADS)

    def begun(number: int) -> T:
        begin.wait()
        return work(stores[number % len(stores)], f"holder {number}")

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(begun, range(THREADS)))


def subscribe(storage: Storage, number: int, channel: str = "", *, as_it_happens: bool = False) -> int:
    return storage.subscriptions.create(
        workspace="w",
        channel=channel or f"w:#{number}",
        topic="harbour",
        query="harbour",
        schedule=Schedule("as it happens", (), "UTC") if as_it_happens else DAILY,
        since=NOW - timedelta(days=1),
        next_slot=Slot("2026-11-23T09:00", NOW),
        now=NOW - timedelta(days=1),
    ).id


def article(title: str, workspace: str = EVERYONE) -> Incoming:
    text = f"The {title} of the harbour was found to be of {len(title)} parts, said the council of the port."
    return Incoming(Document(title=title, sections=(Section(None, ((text,),)),), url=f"https://a.example/{title}"))


# Taken once


def test_a_delivery_is_claimed_once(stores: list[Storage]) -> None:
    with stores[0].writing():
        ids = [stores[0].outbox.add_notice("w", "w:#1", Notice(str(n)), NOW) for n in range(100)]

    def work(storage: Storage, holder: str) -> list[int]:
        mine: list[int] = []
        while claimed := storage.outbox.claim(holder, NOW, LEASE, 3):
            assert len(claimed) <= 3
            mine += [each.id for each in claimed]
        return mine

    assert Counter(id for mine in at_once(stores, work) for id in mine) == Counter(ids)


def test_processes_claim_each_delivery_once(database_url: str) -> None:
    with Storage.open(database_url) as storage, storage.writing():
        ids = [storage.outbox.add_notice("w", "w:#1", Notice(str(n)), NOW) for n in range(200)]
    program = f"""if True:
        import json, sys
        from datetime import datetime, timedelta
        from briefings.storage import Storage
        mine = []
        now = datetime.fromisoformat({NOW.isoformat()!r})
        with Storage.open({database_url!r}) as storage:
            print("ready", flush=True)
            sys.stdin.readline()
            while claimed := storage.outbox.claim(sys.argv[1], now, timedelta(minutes=1), 5):
                mine += [each.id for each in claimed]
        print(json.dumps(mine))
    """
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, name], **pipes) for name in ("one", "other")]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    claimed = [json.loads(process.communicate()[0]) for process in processes]
    assert Counter(claimed[0] + claimed[1]) == Counter(ids)


def test_a_feed_is_claimed_once(stores: list[Storage]) -> None:
    for number in range(40):
        stores[0].sources.add(workspace="w", url=f"https://{number}.example/feed", name="A", now=NOW)

    def work(storage: Storage, holder: str) -> list[int]:
        mine: list[int] = []
        while claimed := storage.feeds.claim_due(NOW, holder=holder, lease=LEASE, limit=3):
            assert len(claimed) <= 3
            mine += [each.id for each in claimed]
        return mine

    claimed = Counter(id for mine in at_once(stores, work) for id in mine)
    assert len(claimed) == 40
    assert set(claimed.values()) == {1}


def test_an_event_is_worked_on_once(stores: list[Storage]) -> None:
    events = [f"e{number}" for number in range(20)]

    def work(storage: Storage, holder: str) -> list[str]:
        return [event for event in events if storage.claims.claim(event, holder, NOW)]

    assert Counter(event for mine in at_once(stores, work) for event in mine) == Counter(events)


def test_what_is_done_once_in_a_database_is_done_once(stores: list[Storage]) -> None:
    assert at_once(stores, lambda storage, _: storage.first_time("greeting")).count(True) == 1


# Published once


def test_each_subscription_is_published_once_and_no_channel_is_told_a_story_twice(stores: list[Storage]) -> None:
    add(stores[0], [article("gate"), article("quay")], workspace=EVERYONE, now=NOW - timedelta(hours=1))
    for number in range(30):
        subscribe(stores[0], number)
    twice = [
        stores[0].subscriptions.create(
            workspace="w",
            channel=f"w:#{number}",
            topic="council",
            query="council",
            schedule=DAILY,
            since=NOW - timedelta(days=1),
            next_slot=Slot("2026-11-23T09:00", NOW),
            now=NOW,
        )
        for number in range(0, 30, 3)
    ]

    def work(storage: Storage, _: str) -> int:
        return publish_due(storage, Keywords(), Preferences(), NOW, limit=7).deliveries

    assert sum(at_once(stores, work)) == 30
    told = stores[0].outbox.history("w", limit=99)
    assert Counter(each.channel for each in told) == Counter(f"w:#{number}" for number in range(30))
    assert all(isinstance(each.content, Briefing) and len(each.content.stories) == 2 for each in told)
    assert stores[0].subscriptions.earliest_due() == NOW + timedelta(days=1)
    assert all(stores[0].subscriptions.get(each.id, "w").next_due == NOW + timedelta(days=1) for each in twice)


def test_a_channel_subscribes_once(stores: list[Storage]) -> None:
    def work(storage: Storage, _: str) -> bool:
        try:
            return bool(subscribe(storage, 1))
        except AlreadyThere:
            return False

    assert at_once(stores, work).count(True) == 1
    assert len(stores[0].subscriptions.list("w")) == 1


def test_a_workspace_takes_a_source_once(stores: list[Storage]) -> None:
    def work(storage: Storage, holder: str) -> bool:
        try:
            workspace = EVERYONE if holder == "holder 1" else "w"
            return bool(storage.sources.add(workspace=workspace, url="https://a.example/", name="A", now=NOW))
        except AlreadyThere:
            return False

    added = at_once(stores, work)
    assert added.count(True) == len(stores[0].sources.list("w"))
    assert len({source.feed.id for source in stores[0].sources.list("w")}) == 1


# Stored once


def test_an_article_that_all_hand_in_at_once_is_stored_once(stores: list[Storage]) -> None:
    names = [f"part{number}" for number in range(6)]

    def work(storage: Storage, holder: str) -> list[str]:
        order = names if holder < "holder 4" else names[::-1]
        return [add(storage, [article(name)], workspace=EVERYONE, now=NOW)[0].kind for name in order]

    kinds = Counter(kind for done in at_once(stores, work) for kind in done)
    assert kinds == {"new": len(names), "unchanged": len(names) * (THREADS - 1)}
    assert stores[0].articles.count("w") == len(names)


def test_who_follows_the_changes_meanwhile_misses_none(stores: list[Storage]) -> None:
    start = stores[0].articles.last_change()

    def work(storage: Storage, holder: str) -> list[int]:
        if holder != "holder 0":
            return [
                storage.articles.add(
                    article(f"{holder} {n}").document, keys=[Key("guid", f"{holder} {n}")], workspace="w", now=NOW
                )
                for n in range(10)
            ]
        followed, after = [], start
        while len(followed) < 10 * (THREADS - 1):
            changes = storage.articles.changes(after, limit=3)
            followed += [change.id for change in changes]
            after = changes[-1].number if changes else after
        return followed

    followed, *written = at_once(stores, work)
    assert Counter(followed) == Counter(id for ids in written for id in ids)
