"""Less memory for a program with many threads."""

from __future__ import annotations

import ctypes
from contextlib import suppress

ARENAS = 2
"""Measured with 6,000 feeds by `benchmarks/polling.py`: 130 MB instead of 176, and no more time."""

_M_ARENA_MAX = -8


def share_arenas() -> None:
    """Let threads share arenas. glibc gives most of them one each, which keeps what was used once: see mallopt(3)."""
    with suppress(AttributeError, OSError, TypeError):  # Another C library, as on macOS.
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
