"""The pace of requests as they leave: evenly, and never more in a second than Discord permits, wherever they wait."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

PERMITTED = 50
"""Requests in a second: https://docs.discord.com/developers/topics/rate-limits#global-rate-limit."""
PER_SECOND = 48.5
"""At which they leave. Deliveries come at 48 a second and so catch up after a delay."""
CATCH_UP = 0.012
"""Seconds by which a request that is late may be nearer to the next."""
SECOND = 1.01
"""Seconds for which a request counts; a hundredth is to spare."""
UNANSWERED = 5.0
"""Seconds for which a request counts that has no answer."""
TURNING_BACK = 5.0
"""Seconds at the gate after which a request turns back, so that nobody takes one that never left for one in doubt."""
QUEUE = 8
"""Requests that wait at the gate, at which nothing more is begun."""
REMEMBERED = 100
"""Answers of which the fastest tells how long the way takes when nothing is slow."""
UNCOUNTED = ("/interactions/", "/webhooks/")
"""Interactions are not bound to the limit of the bot (same page)."""


class Crowded(Exception):
    """A request has waited too long at the gate. It has not left."""


@dataclass
class Passage:
    """A request that has left: when, and until when it counts."""

    left: float
    until: float


class Gate:
    """Lets requests through one by one, in their order.

    Discord counts a request as it arrives: the first of a burst may come late, while lines are opened, and the last in
    no time. So a request counts for a second from its answer on, less the time of the fastest way there and back.

    Of the permitted number all may leave here, or those that `allow` says. The pace is the same then: at a slower one a
    share would stay unused while it grows, and who has the others leaves as much room in time as they take.
    """

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self.wanted = asyncio.Event()
        """Set as soon as a request wants to leave."""
        self._monotonic = monotonic
        self._sleep = sleep
        self._order = asyncio.Lock()
        self._allowed, self._allowed_until = PERMITTED, float("inf")
        self._waiting = self._ahead = 0
        self._door = asyncio.Lock()
        self._last = float("-inf")
        self._counting: list[Passage] = []
        self._took: deque[float] = deque(maxlen=REMEMBERED)

    async def room(self) -> None:
        """Wait until few requests want to leave, so that one more will soon: who waits here has begun nothing yet."""
        self._ahead += 1
        self.wanted.set()
        try:
            async with self._door:
                while self._waiting >= QUEUE:
                    await self._sleep(1 / PER_SECOND)
        finally:
            self._ahead -= 1

    async def turn(self, path: str, patience: float = math.inf) -> Passage | None:
        """Wait until a request may leave; gives what `answered` is to be told of, if it counts.

        Raises Crowded after so many seconds of `patience`.
        """
        if any(each in path for each in UNCOUNTED):
            return None
        self._waiting += 1
        self.wanted.set()
        latest = self._monotonic() + patience
        try:
            async with self._order:
                while (wait := self._opens() - self._monotonic()) > 0 and self._monotonic() <= latest:
                    await self._sleep(min(wait, 1 / PER_SECOND))  # An answer may come meanwhile, or a larger share.
                now = self._monotonic()
                if now > latest:
                    raise Crowded
                self._last = max(self._last + 1 / PER_SECOND, now - CATCH_UP)
                passage = Passage(now, now + UNANSWERED)
                self._counting = [each for each in self._counting if each.until > now] + [passage]
                return passage
        finally:
            self._waiting -= 1

    def answered(self, passage: Passage) -> None:
        """A request has its answer, or failed."""
        now = self._monotonic()
        self._took.append(now - passage.left)
        passage.until = now - min(self._took) + SECOND

    def allow(self, number: int, until: float) -> None:
        """So many may leave in a second from now on, and none any more after a time of the clock."""
        self._allowed, self._allowed_until = number, until

    @property
    def counting(self) -> int:
        """How many have left that still count."""
        now = self._monotonic()
        return sum(each.until > now for each in self._counting)

    @property
    def waiting(self) -> int:
        """How many want to leave."""
        return self._waiting + self._ahead

    @property
    def allowed(self) -> int:
        """How many may leave in a second."""
        return self._allowed if self._monotonic() < self._allowed_until else 0

    def _opens(self) -> float:
        """When the next may leave, as far as is known."""
        allowed = self.allowed
        if not allowed:
            return float("inf")
        next = self._last + 1 / PER_SECOND
        if len(self._counting) < allowed:
            return next
        return max(next, sorted(each.until for each in self._counting)[len(self._counting) - allowed])
