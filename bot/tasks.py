"""What a connector works on after it has acknowledged an event, and how long it tries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.connectors import DeliveryError, RateLimited, TemporaryFailure
from bot.correlation import of_message

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 180.0
"""Seconds that replies wait for a platform in all: a minute of refusals, and its queue after that."""
FIRST_WAIT, ATTEMPTS = 1.0, 8


class Tasks:
    """Work that goes on after its acknowledgement; kept so that it is not lost, and can be waited for."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin the work, unless it is closed; a failure is logged."""
        if self._closed:
            work.close()
            return
        with of_message():
            task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def close(self) -> None:
        """Begin nothing more, where events go on to come while the last replies are sent."""
        self._closed = True

    async def finish(self, within: float) -> None:
        """Wait for all of it, `within` seconds at most, then end the rest."""
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=within)
            for task in late:
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, DeliveryError):
            log.warning("an event was not worked on: %s", error, extra={"action": "event_failed"})
        else:
            log.error("work on an event failed", exc_info=error, extra={"action": "event_failed"})


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    pause: Callable[[float | None, float], float],
    monotonic: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    """Repeat an attempt while nothing was done. `pause` makes one of the seconds that the platform asks for, None when
    it asks for none, and of those that double with every attempt.

    Raises what the last attempt did, after three minutes or eight attempts; OutcomeUnknown at once.
    """
    until, wait = monotonic() + PATIENCE, FIRST_WAIT
    for number in range(1, ATTEMPTS + 1):
        try:
            return await attempt()
        except (RateLimited, TemporaryFailure) as error:
            seconds = pause(error.retry_after.total_seconds() if isinstance(error, RateLimited) else None, wait)
            if number == ATTEMPTS or monotonic() + seconds > until:
                raise
            await sleep(seconds)
            wait *= 2
    raise AssertionError("the last attempt returns or raises")
