"""The pace of requests as they leave: evenly, and never more in a second than Discord permits, wherever they wait."""

from __future__ import annotations

import asyncio
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
REMEMBERED = 100
"""Answers of which the fastest tells how long the way takes when nothing is slow."""
UNCOUNTED = ("/interactions/", "/webhooks/")
"""Interactions are not bound to the limit of the bot (same page)."""


@dataclass
class Passage:
    """A request that has left: when, and until when it counts."""

    left: float
    until: float


class Gate:
    """Lets requests through one by one, in their order.

    Discord counts a request as it arrives: the first of a burst may come late, while lines are opened, and the last in
    no time. So a request counts for a second from its answer on, less the time of the fastest way there and back.
    """

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._order = asyncio.Lock()
        self._next = float("-inf")
        self._counting: list[Passage] = []
        self._took: deque[float] = deque(maxlen=REMEMBERED)

    async def turn(self, path: str) -> Passage | None:
        """Wait until a request may leave; gives what `answered` is to be told of, if it counts."""
        if any(each in path for each in UNCOUNTED):
            return None
        async with self._order:
            while (wait := self._opens() - self._monotonic()) > 0:
                await self._sleep(min(wait, 1 / PER_SECOND))  # An answer may come meanwhile.
            now = self._monotonic()
            self._next = max(self._next, now - CATCH_UP) + 1 / PER_SECOND
            passage = Passage(now, now + UNANSWERED)
            self._counting = [each for each in self._counting if each.until > now] + [passage]
            return passage

    def answered(self, passage: Passage) -> None:
        """A request has its answer, or failed."""
        now = self._monotonic()
        self._took.append(now - passage.left)
        passage.until = now - min(self._took) + SECOND

    def _opens(self) -> float:
        """When the next may leave, as far as is known."""
        if len(self._counting) < PERMITTED:
            return self._next
        return max(self._next, min(each.until for each in self._counting))
