"""What a log line belongs to: one incoming message, or one delivery, through every task and thread that works on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_current: ContextVar[str] = ContextVar("correlation", default="")


def correlation() -> str:
    """What is being worked on, such as "message-5f0c9d2e81b7" or "delivery-42"; empty for the program's own work."""
    return _current.get()


@contextmanager
def of_message() -> Iterator[None]:
    """What is done within is about one incoming message; within another's it stays that one's."""
    with _bound(_current.get() or f"message-{uuid4().hex[:12]}"):
        yield


@contextmanager
def of_delivery(id: int) -> Iterator[None]:
    """What is done within is about one delivery: the same at every attempt, in every process."""
    with _bound(f"delivery-{id}"):
        yield


@contextmanager
def _bound(name: str) -> Iterator[None]:
    token = _current.set(name)
    try:
        yield
    finally:
        _current.reset(token)
