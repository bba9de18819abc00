"""A process of its own for work on other people's bytes, which may take too long, too much, or break what does it."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from briefings.errors import SidelinesError, UnreadableDocument

log = logging.getLogger(__name__)

MOST_MEMORY = 2 << 30
"""Bytes of address space that the process may take; the largest page known takes a tenth."""

TASKS = 1_000
"""Tasks after which the process is replaced: what its libraries lost along the way goes with it."""


class Workshop:
    """Runs functions with their arguments, all of them values, in a process that is started when first needed."""

    def __init__(self, *, timeout: float = 60.0) -> None:
        self._timeout = timeout
        self._pool: ProcessPool | None = None
        self._under_way: set[Future[Any]] = set()
        self._closed = False

    async def work(self, function: Callable[..., Any], *values: Any, **named: Any) -> Any:
        """What the function gives. Raises its SidelinesError, and UnreadableDocument for whatever else goes wrong."""
        try:
            try:
                return await self._done(function, values, named)
            except BrokenProcessPool:
                if self._closed:
                    raise
                # The process was killed before it began with this, so this is not to blame.
                return await self._done(function, values, named)
        except SidelinesError:
            raise
        except TimeoutError:
            reason = "Reading it took too long; if it is worth it, save it as text and add that."
        except (ProcessExpired, MemoryError):
            reason = "Reading it took too much memory; if it is worth it, save it as text and add that."
        except Exception:  # A parser met what its makers did not think of.
            log.exception("work failed", extra={"action": "work_failed", "work": function.__name__})
            reason = "It could not be read, by a fault of Sidelines; the log has the details."
        raise UnreadableDocument(reason)

    async def close(self) -> None:
        """End the process, with whatever it is at."""
        self._closed = True
        await self._end()

    async def _end(self) -> None:
        pool, self._pool = self._pool, None
        left, self._under_way = self._under_way, set()
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(pool.join)
        for future in tuple(left):
            if not future.done():  # It was handed to a process that never began with it, which the pool forgets.
                future.set_exception(BrokenProcessPool("The process has ended."))

    async def _done(self, function: Callable[..., Any], values: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if self._pool is not None and not self._pool.active:
            await self._end()
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # A fork would inherit locks that threads hold.
            self._pool = ProcessPool(max_workers=1, max_tasks=TASKS, initializer=_bound, context=context)
        future = self._pool.schedule(function, args=values, kwargs=named, timeout=self._timeout)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return await asyncio.wrap_future(future)


def _bound() -> None:
    """Let the process fail alone before the machine runs out of memory."""
    try:
        import resource
    except ImportError:  # Windows.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
