"""Who goes first where one transaction writes at a time: what a person waits for, then what the clock set going."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType

_waited_for: ContextVar[bool] = ContextVar("waited for", default=False)


def waited_for() -> bool:
    """Whether a person waits for what is being done."""
    return _waited_for.get()


@contextmanager
def for_a_person() -> Iterator[None]:
    """What is done within, in threads that it begins as well, is what a person waits for."""
    token = _waited_for.set(True)
    try:
        yield
    finally:
        _waited_for.reset(token)


class WriteLock:
    """Held by one thread at a time; those that work for a person get it before all others that wait.

    What people cause writes little, so that the others are hardly held up by it. A thread may not take it twice.
    `waiting` is how many people wait for it.
    """

    def __init__(self) -> None:
        guard = threading.Lock()
        self._people, self._others = threading.Condition(guard), threading.Condition(guard)
        self.waiting = 0
        self._held = False

    def __enter__(self) -> None:
        if waited_for():
            with self._people:
                self.waiting += 1
                try:
                    self._people.wait_for(lambda: not self._held)
                finally:
                    self.waiting -= 1
                self._held = True
        else:
            with self._others:
                self._others.wait_for(lambda: not self._held and not self.waiting)
                self._held = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._people:  # Both have one guard.
            self._held = False
            (self._people if self.waiting else self._others).notify()
