"""Since when the gateway tells nothing: what comes over REST may go on meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable


class Hearing:
    """Which shards are connected, whichever client they are of. Before the first one is, nobody ever heard anything."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._line: float | None = -math.inf
        self._shards: dict[int, float] = {}

    def deaf(self) -> float:
        """Seconds for which some shard, or all, told nothing; 0 while all do."""
        since = [*self._shards.values(), *([] if self._line is None else [self._line])]
        return self._monotonic() - min(since) if since else 0.0

    def heard(self, shard: int) -> None:
        """A shard has a session, a new one or its old one."""
        self._line = None
        self._shards.pop(shard, None)

    def lost(self, shard: int) -> None:
        """A shard's connection broke."""
        self._shards.setdefault(shard, self._monotonic())

    def closed(self) -> None:
        """The whole line ended; the next one may have other shards."""
        since = [*self._shards.values(), self._monotonic() if self._line is None else self._line]
        self._line, self._shards = min(since), {}
