"""Threads for all work off the event loop: some of them only for what a person waits for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from bot.app.lookups import AT_ONCE
from briefings.storage.precedence import waited_for

Given = TypeVar("Given")

WORK = 16
"""Threads for what the clock sets going; asyncio's own pool has six on two cores:
https://docs.python.org/3/library/concurrent.futures.html."""
PEOPLE = AT_ONCE + 8
"""Threads for people: commands that wait for an address hold up to `AT_ONCE` of them, and others go on."""


class Threads(ThreadPoolExecutor):
    """An event loop's default executor: what is done `for_a_person` has threads of its own.

    In a storm all others wait for their turn to write, and behind them a queue of half a second and more.
    """

    def __init__(self) -> None:
        super().__init__(WORK, "work")
        self._people = ThreadPoolExecutor(PEOPLE, "people")

    def submit(self, fn: Callable[..., Given], /, *args: Any, **kwargs: Any) -> Future[Given]:
        """Do it in a thread, as `ThreadPoolExecutor` does."""
        return self._people.submit(fn, *args, **kwargs) if waited_for() else super().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing more, and wait for what is being done, if told so."""
        self._people.shutdown(wait, cancel_futures=cancel_futures)
        super().shutdown(wait, cancel_futures=cancel_futures)
