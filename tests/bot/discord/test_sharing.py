"""Several processes with one token: never more in a second than Discord permits, and nearly all of that."""

import asyncio
import heapq
from datetime import timedelta
from itertools import count

import pytest

from bot.connectors.discord.pacing import PERMITTED, Gate
from bot.connectors.discord.sharing import LEASE, VALID, keep_share
from briefings.errors import StorageError
from briefings.storage.leases import fair


class Clock:
    """One time for all; who sleeps is woken in order."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + max(seconds, 1e-6), next(self._numbers), woken))
        await woken.wait()

    async def run(self, until: float) -> None:
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            if not self._sleepers or self._sleepers[0][0] > until:
                return
            self.now, _, woken = heapq.heappop(self._sleepers)
            woken.set()


class Shares:
    """What `Leases.share` does, by this clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: dict[str, tuple[int, int, float]] = {}
        self.away = False

    def of(self, holder: str) -> "Share":
        return Share(self, holder)


class Share:
    def __init__(self, all: Shares, holder: str) -> None:
        self.all, self.holder = all, holder

    async def share(self, wanted: int, using: int, lease: timedelta) -> int:
        if self.all.away:
            raise StorageError("It is away.")
        await self.all.clock.sleep(0.003)
        now, rows = self.all.clock.now, self.all.rows
        self.all.rows = rows = {name: row for name, row in rows.items() if row[2] > now}
        free = PERMITTED - sum(held for name, (_, held, _) in rows.items() if name != self.holder)
        may = min(
            fair({**{name: row[0] for name, row in rows.items()}, self.holder: wanted}, PERMITTED)[self.holder], free
        )
        rows[self.holder] = wanted, min(max(may, using), free), now + lease.total_seconds()
        return may

    async def give_back(self) -> None:
        self.all.rows.pop(self.holder, None)


class Process:
    """A gate with its share, through which requests leave as fast as they may."""

    def __init__(self, shares: Shares, name: str, came: list[float]) -> None:
        self.clock, self.came = shares.clock, came
        self.gate = Gate(self.clock, self.clock.sleep)
        self.tasks = [asyncio.create_task(keep_share(self.gate, shares.of(name), self.clock, self.clock.sleep))]

    def send(self, many: int) -> None:
        self.tasks += [asyncio.create_task(self._send()) for _ in range(many)]

    async def _send(self) -> None:
        passage = await self.gate.turn("/api/v10/channels/1/messages")
        await self.clock.sleep(0.002)
        self.came.append(self.clock.now)
        await self.clock.sleep(0.003)
        assert passage
        self.gate.answered(passage)

    def kill(self) -> None:
        for task in self.tasks:
            task.cancel()


@pytest.fixture
def clock():
    return Clock()


def most(came: list[float]) -> int:
    """The most that came in any second."""
    came = sorted(came)
    return max(sum(at <= other < at + 1 for other in came) for at in came)


async def test_two_share_what_is_permitted_and_use_it(clock):
    shares, came = Shares(clock), []
    one, other = Process(shares, "one", came), Process(shares, "other", came)
    one.send(300)
    await clock.run(1002)
    other.send(300)
    await clock.run(1020)
    assert len(came) == 600
    assert most(came) <= PERMITTED
    assert 599 / (max(came) - min(came)) > 0.96 * 48.5
    one.kill()
    other.kill()


async def test_the_share_of_a_dead_one_goes_to_the_other(clock):
    shares, came = Shares(clock), []
    one, other = Process(shares, "one", came), Process(shares, "other", came)
    one.send(1000)
    other.send(1000)
    await clock.run(1003)
    one.kill()
    await clock.run(1004 + LEASE.total_seconds())
    before = len(came)
    await clock.run(1006 + LEASE.total_seconds())
    assert len(came) - before >= 90
    assert most(came) <= PERMITTED
    other.kill()


async def test_without_the_database_nothing_leaves_for_longer_than_the_share_is_valid(clock):
    shares, came = Shares(clock), []
    one = Process(shares, "one", came)
    one.send(1000)
    await clock.run(1003)
    shares.away = True
    await clock.run(1010)
    assert max(came) < 1003 + VALID + 0.1
    shares.away = False
    await clock.run(1012)
    assert max(came) > 1011
    one.kill()


async def test_who_uses_nothing_holds_nothing(clock):
    shares, came = Shares(clock), []
    one = Process(shares, "one", came)
    one.send(3)
    await clock.run(1001)
    assert shares.rows
    await clock.run(1005)
    assert len(came) == 3
    assert not shares.rows
    one.kill()
