"""The pace of requests as they leave."""

import asyncio
import random

from bot.connectors.discord.pacing import CATCH_UP, Gate


class Clock:
    """Time that passes by sleeping, and a little more than was asked for."""

    def __init__(self, late: float = 0.0) -> None:
        self.now, self.late = 1000.0, random.Random(late)
        self.most = late

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late.uniform(0, self.most)


async def leaving(clock: Clock, count: int, path: str = "/api/v10/channels/1/messages") -> list[float]:
    gate, times = Gate(clock, clock.sleep), []

    async def leave() -> None:
        await gate.turn(path)
        times.append(clock())

    await asyncio.gather(*(leave() for _ in range(count)))
    return times


async def test_what_has_piled_up_leaves_evenly_and_nearly_as_fast_as_permitted():
    for late in (0.0, 0.003, 0.01):
        times = await leaving(Clock(late), 500)
        assert times == sorted(times)
        assert min(last - first for first, last in zip(times, times[50:], strict=False)) >= 1.0309 - CATCH_UP
        assert 499 / (times[-1] - times[0]) >= 0.95 * 50


async def test_after_a_long_delay_no_more_is_caught_up():
    clock = Clock()
    gate = Gate(clock, clock.sleep)
    await gate.turn("/api/v10/gateway")
    clock.now += 60
    times = []
    for _ in range(100):
        await gate.turn("/api/v10/channels/1/messages")
        times.append(clock())
    assert min(last - first for first, last in zip(times, times[50:], strict=False)) > 1.018


async def test_interactions_are_not_held_up():
    for path in ("/api/v10/interactions/1/token/callback", "/api/v10/webhooks/1/token/messages/@original"):
        assert len(set(await leaving(Clock(), 200, path))) == 1
