"""Faults of the world, met by the program's own parts: nothing is lost, nothing doubled, and it goes on without help.

What a process killed by signal 9 leaves behind is in `tests/crash`, lost connections in `tests/briefings/storage`.
"""

import asyncio
import random
import re
import resource
import sqlite3
from collections import Counter
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, bindparam

from bot.connectors import OutcomeUnknown, RateLimited, TemporaryFailure
from bot.delivery import LOOK_AFTER, Deliverer, Retries
from briefings import audit
from briefings.errors import StorageError
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.slots import next_due, parse_when
from briefings.storage import Storage, engine_sqlite
from briefings.storage.engine import milliseconds
from briefings.types import Document, Key, Notice, Preferences, Section
from config.settings import Settings
from tests.bot.conftest import BEGIN, Scripted, Time
from tests.servers.postgresql import Interrupted

HOUR = timedelta(hours=1)
STORY = re.compile(r"^\W*(Harbour \d+)", re.MULTILINE)
LEASE = timedelta(seconds=60)
KEYWORDS, PREFERENCES = Keywords(), Preferences(style="headlines", stories=50)
SHIPPED = Settings.load({"SIDELINES_DATA_DIR": "."}).delivery
RETRIES = Retries(
    attempts=SHIPPED.attempts,
    first=timedelta(seconds=SHIPPED.first_wait),
    longest=timedelta(seconds=SHIPPED.longest_wait),
)


def make(storage: Storage, connector: Scripted, time: Time, *, shared: bool = False, seed: int = 1) -> Deliverer:
    return connector.deliverer(storage, retries=RETRIES, shared=shared, jitter=random.Random(seed).random)


def subscribe(storage: Storage, number: int, when: str = "hourly") -> None:
    schedule = parse_when(when, "UTC")
    storage.subscriptions.create(
        workspace="scripted",
        channel=f"scripted:#{number}",
        topic="harbour",
        query="harbour",
        schedule=schedule,
        since=BEGIN,
        next_slot=next_due(schedule, BEGIN, PREFERENCES),
        now=BEGIN,
    )


def add(storage: Storage, number: int, time: Time) -> None:
    document = Document(title=f"Harbour {number}.", sections=(Section(None, ((f"Ferry {number} left at dawn.",),)),))
    storage.articles.add(document, keys=[Key("guid", str(number))], workspace="scripted", now=time.now())


def publish(storage: Storage, time: Time) -> None:
    publish_due(storage, KEYWORDS, PREFERENCES, time.now())


async def deliver(deliverer: Deliverer) -> None:
    await deliverer.deliver()
    await deliverer.idle()


async def deliver_all(deliverer: Deliverer, time: Time) -> None:
    """Whenever there is something to attempt, until there is nothing any more."""
    while at := await deliverer.next_attempt():
        time.seconds = max(time.seconds, (at - BEGIN).total_seconds())
        await deliver(deliverer)


def told(scripted: Scripted) -> Counter[tuple[str, str]]:
    """How often each channel was told each story."""
    return Counter((channel, story) for channel, text, _ in scripted.messages for story in STORY.findall(text))


class Platform(Scripted):
    """It knows what became of a message when it is asked; `meanwhile` happens when one has just been posted."""

    def __init__(self, time: Time) -> None:
        super().__init__(time)
        self.meanwhile = list[object]()
        self.chance = random.Random(1)
        self.failing = 0.0

    async def send(self, channel, part, *, key, thread):
        if self.failing and self.chance.random() < self.failing:
            which = self.chance.randrange(4)
            if which < 2:
                raise (TemporaryFailure("Busy."), RateLimited("Slow down.", timedelta(seconds=40)))[which]
            if which == 3:
                self.found[key] = await super().send(channel, part, key=key, thread=thread)
            raise OutcomeUnknown("The line broke.", LOOK_AFTER)
        self.found[key] = await super().send(channel, part, key=key, thread=thread)
        while self.meanwhile:
            self.meanwhile.pop()()
        return self.found[key]

    async def find(self, channel, *, key, thread, begun=None, told=()):
        if self.failing and self.chance.random() < self.failing:
            raise TemporaryFailure("Busy.")
        return self.found.get(key)


@pytest.fixture
def platform(time) -> Platform:
    return Platform(time)


# The database -----------------------------------------------------------------------------------------------


class Locked:
    """A SQLite file that another program writes to and does not let go of."""

    def __init__(self, folder: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine_sqlite, "BUSY_SECONDS", 0.01)
        self.url = f"sqlite:///{folder / 'sidelines.db'}"
        Storage.open(self.url).close()
        self._other = stack.enter_context(closing(sqlite3.connect(folder / "sidelines.db", isolation_level=None)))

    def begin(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self._other.execute("ROLLBACK")


class Full:
    """A SQLite file on a disk on which no file can grow any more."""

    def __init__(self, folder: Path, stack: ExitStack, _monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = f"sqlite:///{folder / 'sidelines.db'}"
        self._allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
        stack.callback(self.end)

    def begin(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, self._allowed[1]))

    def end(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._allowed)


class Stopped(Interrupted):
    """A PostgreSQL that is stopped, and started again."""

    def __init__(self, _folder: Path, stack: ExitStack, _monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(stack)
        self.begin, self.end = self.stop, self.start


@pytest.mark.parametrize("kind", [Locked, Full, Stopped])
async def test_a_database_that_is_gone_for_a_minute(kind, tmp_path, monkeypatch, platform, time):
    """While it publishes, before it sends, and when the first message was just posted."""
    with ExitStack() as stack:
        trouble = kind(tmp_path, stack, monkeypatch)
        storage = stack.enter_context(Storage.open(trouble.url))
        for number in range(3):
            subscribe(storage, number)
        add(storage, 1, time)
        time.seconds = 3600
        trouble.begin()
        with pytest.raises(StorageError):
            publish(storage, time)
        trouble.end()
        publish(storage, time)
        deliverer = make(storage, platform, time)
        trouble.begin()
        with pytest.raises(StorageError):
            await deliver(deliverer)
        assert platform.messages == []
        trouble.end()
        platform.meanwhile.append(trouble.begin)
        await deliver(deliverer)
        assert 1 <= len(platform.messages) <= 3
        trouble.end()
        time.seconds += 61
        await deliver_all(deliverer, time)
        assert told(platform) == {(f"scripted:#{number}", "Harbour 1"): 1 for number in range(3)}
        assert len(platform.messages) == 6  # A head line and the stories, of each once.
        assert storage.outbox.counts() == {"delivered": 3}
        assert audit.audit(storage, time.now()).balance.lost == 0


# The platform -----------------------------------------------------------------------------------------------


async def test_a_platform_that_is_down_for_an_hour(storage, platform, time):
    for number in range(10):
        storage.outbox.add_post("scripted", f"scripted:#{number}", Notice(f"Text {number}"), BEGIN, ())
    deliverer = make(storage, platform, time)
    platform.script = [TemporaryFailure("It answers 503.")] * 10_000
    while (at := await deliverer.next_attempt()) and at < BEGIN + HOUR:
        time.seconds = (at - BEGIN).total_seconds()
        await deliver(deliverer)
    assert platform.messages == []
    platform.script = []
    await deliver_all(deliverer, time)
    assert sorted(platform.texts) == sorted(f"Text {number}" for number in range(10))
    assert storage.outbox.counts() == {"delivered": 10}
    assert time.now() - BEGIN < 1.3 * HOUR


async def test_half_of_all_calls_fail(storage, platform, time):
    platform.failing = 0.5
    for number in range(20):
        storage.outbox.add_post("scripted", f"scripted:#{number}", Notice(f"Text {number}"), BEGIN, ())
    await deliver_all(make(storage, platform, time), time)
    assert sorted(platform.texts) == sorted(f"Text {number}" for number in range(20))
    assert storage.outbox.counts() == {"delivered": 20}


# Clocks -----------------------------------------------------------------------------------------------------


async def test_a_clock_that_jumps_by_hours(storage, platform, time):
    chance = random.Random(20261123)
    for number in range(4):
        subscribe(storage, number, ("hourly", "every 15 minutes", "daily at 12", "as it happens")[number])
    deliverer = make(storage, platform, time)
    stories = 0
    for step in range(70):
        time.seconds += 900 + (chance.uniform(-6, 6) * 3600 if chance.random() < 0.2 else 0)
        if chance.random() < 0.4 and step < 60:
            stories += 1
            add(storage, stories, time)
            storage.subscriptions.wake_as_it_happens(time.now())
        publish(storage, time)
        await deliver(deliverer)
    time.seconds += 48 * 3600
    publish(storage, time)
    await deliver_all(deliverer, time)
    expected = {(f"scripted:#{number}", f"Harbour {story}") for number in range(4) for story in range(1, stories + 1)}
    assert told(platform) == dict.fromkeys(expected, 1)
    assert audit.audit(storage, time.now()).balance.lost == 0


async def test_a_machine_whose_clock_is_ahead_takes_nothing_from_one_that_is_sending(postgresql_url, platform, time):
    ahead = Time()
    ahead.seconds = 3 * 3600
    with Storage.open(postgresql_url) as storage, Storage.open(postgresql_url) as theirs:
        here, there = make(storage, platform, time, shared=True), make(theirs, platform, ahead, shared=True)
        storage.outbox.add_post("scripted", "scripted:#1", Notice("one\n\ntwo"), BEGIN, ())
        send = platform.send

        async def meanwhile(*what, **how):
            await deliver(there)
            return await send(*what, **how)

        platform.send = meanwhile
        await deliver(here)
        assert platform.texts == ["one", "two"]
        assert storage.outbox.counts() == {"delivered": 1}


# A stalled worker -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["begin_part", "record_part", "delivered"])
async def test_a_worker_that_stalls_until_its_lease_has_run_out(
    postgresql_url, platform, time, monkeypatch, caplog, stage
):
    """It stands still right after a step was stored; another one takes over, and it notices."""
    clock = bindparam(None, callable_=lambda: milliseconds(time.now()), type_=BigInteger, unique=True)
    with Storage.open(postgresql_url) as storage, Storage.open(postgresql_url) as theirs:
        storage.database.clock = theirs.database.clock = clock
        stalled, other = make(storage, platform, time, shared=True), make(theirs, platform, time, shared=True)
        storage.outbox.add_post("scripted", "scripted:#1", Notice("one\n\ntwo"), BEGIN, ())
        step = getattr(storage.outbox, stage)
        gone = []

        def stall(*how, **named):
            done = step(*how, **named)
            if not gone:
                gone.append(True)
                time.seconds += LEASE.total_seconds() + 1
                asyncio.run(deliver(other))
            return done

        monkeypatch.setattr(storage.outbox, stage, stall)
        await deliver(stalled)
        await deliver_all(other, time)
        assert platform.texts == ["one", "two"]
        assert storage.outbox.counts() == {"delivered": 1}
        assert ("lease lost" in caplog.text) == (stage != "delivered")
