"""Who listens of several processes: one at a time, which knows in time that it may not be the one any more."""

import asyncio

import pytest

from bot.app.dividing import LEASE, Listener
from briefings.errors import StorageError
from briefings.storage import Storage
from tests.bot.conftest import Scripted, Time
from tests.waiting import until


class Line(Scripted):
    """A connector that tells what it does, and listens until it is told to close."""

    def __init__(self, time: Time) -> None:
        super().__init__(time)
        self.does = "nothing"
        self.closed = asyncio.Event()

    async def listen(self, desk) -> None:
        self.does = "listens"
        try:
            await self.closed.wait()
        finally:
            self.does = "nothing"

    async def stand_by(self) -> None:
        self.does = "stands by"
        try:
            await asyncio.Event().wait()
        finally:
            self.does = "nothing"


class Process:
    """A listener with its own clock, which stands still until the test lets it go on."""

    def __init__(self, storage: Storage) -> None:
        self.time = Time()
        self.line = Line(self.time)
        self._looks = asyncio.Semaphore(0)
        listener = Listener(storage.leases, self.line, monotonic=self.time.monotonic, sleep=self._sleep)
        self.task = asyncio.create_task(listener.run(None))

    async def _sleep(self, seconds: float) -> None:
        await self._looks.acquire()
        self.time.seconds += seconds

    def look(self) -> None:
        """Let it look once more."""
        self._looks.release()

    async def until(self, does: str) -> None:
        await until(lambda: self.line.does == does)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def processes(storage):
    """Two on one database, the first of which listens."""
    first = Process(storage)
    await first.until("listens")
    second = Process(storage)
    await second.until("stands by")
    yield first, second
    await first.stop()
    await second.stop()


async def test_when_the_one_that_listens_ends_another_takes_its_place(processes):
    first, second = processes
    await first.stop()
    assert first.line.does == "nothing"
    second.look()
    await second.until("listens")


async def test_a_dead_one_is_replaced_when_its_lease_is_over(processes, storage):
    _, second = processes
    storage.leases.leave(next(iter(storage.leases.holders().values())))  # As its time passes.
    second.look()
    await second.until("listens")


async def test_a_stalled_one_closes_before_it_asks_anybody(processes, storage):
    first, second = processes
    storage.leases.leave(next(iter(storage.leases.holders().values())))
    second.look()
    await second.until("listens")
    first.time.seconds += LEASE.total_seconds()
    first.look()
    await first.until("stands by")
    assert second.line.does == "listens"


async def test_one_that_lost_its_lease_closes(processes, storage):
    first, second = processes
    storage.leases.leave(next(iter(storage.leases.holders().values())))
    second.look()
    await second.until("listens")
    first.look()
    await first.until("stands by")


async def test_while_the_database_is_away_it_listens_until_its_lease_may_be_over(processes, storage, monkeypatch):
    first, second = processes

    def away(*_):
        raise StorageError("It is away.")

    monkeypatch.setattr(storage.leases, "take", away)
    for _ in range(3):
        first.look()
    await until(lambda: first.time.seconds == 6)
    assert first.line.does == "listens"
    for _ in range(3):
        first.look()
    await first.until("stands by")
    assert second.line.does == "stands by"


async def test_what_closes_for_good_ends(processes):
    first, _ = processes
    first.line.closed.set()
    await first.task
