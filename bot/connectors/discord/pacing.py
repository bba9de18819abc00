"""The pace of requests as they leave: evenly, whatever has piled up before them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PER_SECOND = 48.5
"""Requests a second, of 50: https://docs.discord.com/developers/topics/rate-limits#global-rate-limit.

Deliveries come at 48 a second and so catch up after a delay. Between the first and the 51st request lie 1.031 s.
"""
CATCH_UP = 0.012
"""Seconds by which a request that is late may be nearer to the next; the rest of those 31 ms are for the way."""
UNCOUNTED = ("/interactions/", "/webhooks/")
"""Interactions are not bound to the limit of the bot (same page)."""


class Gate:
    """Lets requests through one by one, in their order."""

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._order = asyncio.Lock()
        self._next = float("-inf")

    async def turn(self, path: str) -> None:
        """Wait until a request may leave."""
        if any(each in path for each in UNCOUNTED):
            return
        async with self._order:
            if (wait := self._next - self._monotonic()) > 0:
                await self._sleep(wait)
            self._next = max(self._next, self._monotonic() - CATCH_UP) + 1 / PER_SECOND
