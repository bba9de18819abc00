"""Even pacing: rates are reached and kept; a workspace that asks to slow down gets what it can take, and all of it."""

import asyncio
import heapq
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors import Limits, RateLimited
from bot.delivery import Pace, Retries
from bot.delivery.pacing import LEAST, REGROWN
from bot.delivery.traffic import Traffic
from briefings.types import Delivery, Notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

# One pace ----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.sampled_from([1.0, 5.0, 48.0]))
def test_a_pace_keeps_its_rate_and_never_catches_up(gaps, rate):
    pace, now, booked = Pace(rate), 0.0, []
    for gap in gaps:
        now += gap
        booked.append(pace.book(now))
        assert booked[-1] >= now
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in pairwise(booked))


def rate_of(pace: Pace, now: float) -> float:
    first = pace.book(now)
    return 1 / (pace.book(now) - first)


def test_being_told_to_slow_down_halves_the_rate_once_for_all_that_was_under_way():
    pace = Pace(10)
    for _ in range(20):
        pace.slow_down(0, wait=5)
    assert rate_of(pace, 5) == pytest.approx(5)


def test_the_rate_grows_back_while_nobody_complains_and_no_further():
    pace = Pace(10)
    pace.slow_down(0, wait=5)
    assert rate_of(pace, 5 + REGROWN / 4) == pytest.approx(7.5)
    assert rate_of(pace, 5 + REGROWN) == pytest.approx(10)
    assert rate_of(pace, 5 + 9 * REGROWN) == pytest.approx(10)


def test_however_often_it_is_told_something_is_still_sent():
    pace, now = Pace(32), 0.0
    for _ in range(100):
        pace.slow_down(now, wait=1)
        now += 1.5
    assert 32 * LEAST <= rate_of(pace, now) <= 2


def test_a_pace_is_forgotten_only_when_a_new_one_would_do_the_same():
    pace = Pace(2)
    assert pace.idle(0)
    pace.book(0)
    assert not pace.idle(0.4)
    assert pace.idle(0.5)
    pace.slow_down(1, wait=1)
    assert not pace.idle(10)
    assert pace.idle(2 + REGROWN)


def test_where_nothing_is_limited_nothing_waits():
    pace = Pace(math.inf)
    pace.slow_down(0, wait=1)
    assert [pace.book(1), pace.book(1)] == [1, 1]


# Many channels of one workspace ------------------------------------------------------------------------------


class Clock:
    """Time that goes on to the next sleeper when nobody has anything else to do."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = count()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken.wait()

    async def run(self, *work) -> None:
        """Until all is done."""
        tasks = [asyncio.ensure_future(each) for each in work]
        while not all(task.done() for task in tasks):
            for _ in range(10):
                await asyncio.sleep(0)
            if self._sleepers:
                self.now, _, woken = heapq.heappop(self._sleepers)
                woken.set()
        for task in tasks:
            task.result()


class Platform:
    """Takes `rate` messages a second from a workspace, and with them a burst of one second, else asks to wait one."""

    name = "p"

    def __init__(self, clock: Clock, rate: float, limits: Limits) -> None:
        self.clock, self.rate, self.limits = clock, rate, limits
        self.room, self.at = rate, 0.0
        self.refused = 0
        self.taken: list[float] = []
        self.by_channel: dict[str, list[float]] = defaultdict(list)

    def post(self, channel: str) -> None:
        now = self.clock.now
        self.room, self.at = min(self.rate, self.room + (now - self.at) * self.rate), now
        if self.room < 1:
            self.refused += 1
            raise RateLimited("Slow down.", timedelta(seconds=1))
        self.room -= 1
        self.taken.append(now)
        self.by_channel[channel].append(now)


def delivery(channel: str, workspace: str = "p:T1") -> Delivery:
    return Delivery(
        id=1,
        workspace=workspace,
        channel=f"{workspace}:{channel}",
        subscription=None,
        slot=None,
        due=None,
        late=False,
        content=Notice("x"),
        state="pending",
        attempts=1,
        sent={},
        created=NOW,
    )


async def send_all(platform: Platform, traffic: Traffic, channels: int, each: int) -> None:
    async def one_channel(channel: str) -> None:
        for _ in range(each):
            while True:
                await traffic.wait(platform, delivery(channel))
                try:
                    platform.post(channel)
                    break
                except RateLimited as error:
                    traffic.hold(platform, delivery(channel), error.retry_after)

    await platform.clock.run(*(one_channel(f"#{number}") for number in range(channels)))


def limits(channel: float, workspace: float) -> Limits:
    return Limits(
        messages_per_second=math.inf,
        messages_per_second_per_channel=channel,
        messages_per_second_per_workspace=workspace,
        message_characters=1000,
    )


async def test_a_burst_goes_out_at_the_rate_of_its_channels_and_workspace_and_is_never_refused():
    clock = Clock()
    platform = Platform(clock, 10, limits(1, 10))
    await send_all(platform, Traffic(clock.monotonic, clock.sleep, patience=30), channels=10, each=8)
    assert (len(platform.taken), platform.refused) == (80, 0)
    assert len(platform.taken) / clock.now >= 0.9 * 10
    for times in platform.by_channel.values():
        assert min(later - earlier for earlier, later in pairwise(times)) >= 1 - 1e-9


async def test_a_platform_that_takes_less_than_it_says_gets_what_it_takes():
    clock = Clock()
    platform = Platform(clock, 4, limits(1, 12))
    await send_all(platform, Traffic(clock.monotonic, clock.sleep, patience=30), channels=20, each=20)
    assert len(platform.taken) == 400
    assert len(platform.taken) / clock.now >= 0.6 * 4
    assert platform.refused <= 0.1 * 400
    for times in platform.by_channel.values():
        assert min(later - earlier for earlier, later in pairwise(times)) >= 1 - 1e-9


async def test_one_workspace_that_is_slow_holds_nobody_else_up():
    clock = Clock()
    platform = Platform(clock, 10, limits(1, 10))
    traffic = Traffic(clock.monotonic, clock.sleep, patience=30)
    traffic.hold(platform, delivery("#1"), timedelta(seconds=20))
    other = delivery("#1", workspace="p:T2")
    await clock.run(traffic.wait(platform, other))
    assert clock.now == 0
    await clock.run(traffic.wait(platform, delivery("#1")))
    assert clock.now == 20


async def test_a_long_pause_is_not_waited_out_in_place():
    clock = Clock()
    platform = Platform(clock, 10, limits(1, 10))
    traffic = Traffic(clock.monotonic, clock.sleep, patience=30)
    traffic.hold(platform, delivery("#1"), timedelta(seconds=31))
    with pytest.raises(RateLimited) as error:
        await clock.run(traffic.wait(platform, delivery("#1")))
    assert error.value.retry_after == timedelta(seconds=31)


# All of it ---------------------------------------------------------------------------------------------------


async def test_too_fast_for_a_minute_on_everything_loses_and_repeats_nothing(storage, scripted, time):
    scripted.limits = limits(1, 10)
    retries = Retries(attempts=1, first=timedelta(seconds=2), longest=timedelta(minutes=5))
    deliverer = scripted.deliverer(storage, retries=retries)
    send, refused = scripted.send, []

    async def busy(channel, part, *, key, thread):
        if time.seconds < 60:
            refused.append(key)
            raise RateLimited("Slow down.", timedelta(seconds=3))
        return await send(channel, part, key=key, thread=thread)

    scripted.send = busy
    texts = [f"text {number}" for number in range(40)]
    for number, text in enumerate(texts):
        storage.outbox.add_post("scripted", f"scripted:#{number % 8}", Notice(text), NOW, ())
    while (at := await deliverer.next_attempt()) is not None:
        time.seconds = max(time.seconds, (at - time.now()).total_seconds() + time.seconds)
        await deliverer.deliver()
        await deliverer.idle()
    assert len(refused) > 10
    assert sorted(scripted.texts) == sorted(texts)
    assert storage.outbox.counts() == {"delivered": 40}
