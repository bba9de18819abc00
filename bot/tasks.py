"""What a connector works on after it has acknowledged an event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from bot.connectors import DeliveryError
from bot.correlation import of_message

log = logging.getLogger(__name__)


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
