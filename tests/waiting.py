"""Waiting for what tells nobody that it has happened: a line in a log, a row in a database, a thread's end."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T], within: float = 10.0) -> T:
    """What the condition gives as soon as that is true. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not (found := condition()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    return found
