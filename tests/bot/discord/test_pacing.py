"""The pace of requests as they leave, and as they arrive."""

import asyncio
import heapq
import math
import random
from collections.abc import Callable, Sequence
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors.discord.pacing import CATCH_UP, PER_SECOND, TURNING_BACK, UNANSWERED, Crowded, Gate

MESSAGES = "/api/v10/channels/1/messages"
THERE, BACK = 0.002, 0.003
"""Seconds that the way to Discord and back takes when nothing is slow."""


class Clock:
    """Time that passes by sleeping, up to `late` seconds more than was asked for; what is due meanwhile happens."""

    def __init__(self, late: float = 0.0, now: float = 1000.0) -> None:
        self.now, self.late = now, late
        self._random = random.Random(late)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds + self._random.uniform(0, self.late)
        while self._due and self._due[0][0] <= until:
            self.now, _, happens = heapq.heappop(self._due)
            happens()
        self.now = until

    def at(self, time: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time, next(self._numbers), happens))


async def burst(
    clock: Clock, many: int, there: Callable[[float], float] = lambda _: THERE, back: float = BACK
) -> tuple[list[float], list[float]]:
    """When requests left and arrived that were all there at once; `there` tells the way's seconds at a time."""
    gate, left, arrived = Gate(clock, clock.sleep), [], []

    async def leave() -> None:
        passage = await gate.turn(MESSAGES)
        now = clock()
        left.append(now)
        arrived.append(now + there(now))
        clock.at(arrived[-1] + back, lambda: gate.answered(passage))

    await asyncio.gather(*(leave() for _ in range(many)))
    return left, sorted(arrived)


def standing(stalls: Sequence[tuple[float, float]]) -> Callable[[float], float]:
    """A way on which nothing moves from some times of the clock on, for some seconds."""

    def there(now: float) -> float:
        arrives = now
        for start, length in sorted(stalls):
            if start <= arrives < start + length:
                arrives = start + length
        return arrives - now + THERE

    return there


def shortest(times: list[float]) -> float:
    """The seconds in which 51 came, at the least."""
    return min((last - first for first, last in zip(times, times[50:], strict=False)), default=float("inf"))


def share(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0]) / 50


async def test_what_has_piled_up_leaves_evenly_and_nearly_as_fast_as_permitted():
    for late in (0.0, 0.003, 0.01):
        for way in (THERE, 0.2):
            left, arrived = await burst(Clock(late), 500, lambda _, way=way: way)
            assert min(last - first for first, last in pairwise(left)) >= 1 / PER_SECOND - CATCH_UP - 1e-6
            assert shortest(arrived) > 1.0
            assert share(left) >= 0.95


async def test_first_requests_that_come_late_together_make_no_second_too_full():
    for late in (0.02, 0.05, 0.5):
        for after in (0.005, 0.015):  # Since the first left.
            _, arrived = await burst(Clock(0.002), 200, standing([(1000 + after, late)]))
            assert shortest(arrived) > 1.0


async def test_ways_that_vary_cost_little():
    chance = random.Random(1)
    left, arrived = await burst(Clock(), 500, lambda _: 0.03 + chance.expovariate(50))
    assert shortest(arrived) > 1.0
    assert share(left) >= 0.95


stalls = st.lists(st.tuples(st.floats(1000.001, 1003), st.sampled_from((0.02, 0.04, 0.1, 1.0))), max_size=6)


@given(stalls, st.sampled_from((0.0, 0.003, 0.03)))
async def test_however_the_way_stands_still_no_more_than_permitted_arrive_in_a_second(stalls, late):
    _, arrived = await burst(Clock(late), 100, standing(stalls))
    assert shortest(arrived) > 1.0


@given(st.integers(1, 200), st.floats(0.05, 2.0), stalls)
async def test_a_killed_program_and_its_successor_keep_to_it_together(killed, pause, stalls):
    _, before = await burst(Clock(), killed)
    began = before[-1] + pause
    moved = [(start - 1000 + began, length) for start, length in stalls]
    _, after = await burst(Clock(now=began), 100, standing(moved))
    assert shortest(before + after) > 1.0


async def test_without_answers_it_goes_on_slowly():
    clock = Clock()
    gate, left = Gate(clock, clock.sleep), []
    for _ in range(101):
        await gate.turn(MESSAGES)
        left.append(clock() - 1000)
    assert left[49] < 1.1
    assert UNANSWERED <= left[50] < UNANSWERED + 0.1
    assert 2 * UNANSWERED <= left[100] < 2 * UNANSWERED + 0.1


async def test_after_a_long_delay_no_more_is_caught_up():
    clock = Clock()
    gate = Gate(clock, clock.sleep)
    await gate.turn(MESSAGES)
    clock.now += 60
    times = []
    for _ in range(100):
        gate.answered(await gate.turn(MESSAGES))
        times.append(clock())
    assert shortest(times) > 1.018


async def test_interactions_are_not_held_up():
    clock = Clock()
    gate = Gate(clock, clock.sleep)
    for path in ("/api/v10/interactions/1/token/callback", "/api/v10/webhooks/1/token/messages/@original"):
        for _ in range(200):
            assert await gate.turn(path) is None
    assert clock() == 1000


async def test_who_waits_too_long_turns_back_and_surely_has_not_left():
    clock = Clock()
    gate = Gate(clock, clock.sleep)
    gate.allow(0, math.inf)
    with pytest.raises(Crowded):
        await gate.turn("/channels/1/messages", TURNING_BACK)
    assert (gate.counting, gate.waiting) == (0, 0)
    gate.allow(1, math.inf)
    assert await gate.turn("/channels/1/messages", TURNING_BACK)
