"""How fast an app may ask: https://docs.discord.com/developers/topics/rate-limits.

Discord names 50 requests a second for a bot in all, and 10,000 invalid ones in ten minutes for an address; the limits
of buckets are told in headers only and change, so those here are but plausible ones.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

UNCOUNTED = {"callback", "followup", "edit_original", "get_original", "delete_original", "gateway"}
"""Endpoints of interactions are not bound to the bot's global limit (same page)."""


@dataclass
class Slowed:
    """A request that came too fast: the answer's scope and the seconds to wait."""

    scope: str
    retry_after: float
    headers: dict[str, str] = field(default_factory=dict)


class Pace:
    """Counts requests. `buckets`: for an endpoint how many in how many seconds per channel, None for no limit.

    `per_second` holds both for whole seconds of the clock and for any second that passes; None for no limit.
    """

    def __init__(self) -> None:
        self.buckets: dict[str, tuple[int, float]] = {"create_message": (5, 5.0), "edit_message": (5, 5.0)}
        self.per_second: int | None = 50
        self.invalid_limit = 10_000
        self.invalid: deque[float] = deque()
        self.most_in_a_second = 0
        self._recent: deque[float] = deque()
        self._second: tuple[int, int] = (0, 0)
        self._buckets: dict[tuple[str, str], tuple[float, int]] = {}

    def banned(self, now: float) -> bool:
        """Whether too many invalid requests came in the past ten minutes."""
        while self.invalid and now - self.invalid[0] >= 600:
            self.invalid.popleft()
        return len(self.invalid) >= self.invalid_limit

    def take(self, name: str, channel: str | None, now: float) -> Slowed | dict[str, str]:
        """Count a request: the bucket's headers, or why it came too fast."""
        if self.per_second and name not in UNCOUNTED:
            while self._recent and now - self._recent[0] >= 1.0:
                self._recent.popleft()
            second, count = self._second
            if second != int(now):
                second, count = int(now), 0
            fixed = second + 1 - now if count >= self.per_second else 0.0
            sliding = self._recent[0] + 1.0 - now if len(self._recent) >= self.per_second else 0.0
            if wait := max(fixed, sliding):
                return Slowed("global", _up(wait), {"X-RateLimit-Global": "true"})
        headers: dict[str, str] = {}
        if name in self.buckets:
            limit, seconds = self.buckets[name]
            reset, used = self._buckets.get((name, channel or ""), (0.0, 0))
            if now >= reset:
                reset, used = now + seconds, 0
            if used >= limit:
                return Slowed("user", _up(reset - now), _headers(name, limit, 0, reset, now))
            self._buckets[name, channel or ""] = reset, used + 1
            headers = _headers(name, limit, limit - used - 1, reset, now)
        if self.per_second and name not in UNCOUNTED:
            self._recent.append(now)
            self._second = second, count + 1
            self.most_in_a_second = max(self.most_in_a_second, len(self._recent))
        return headers


def too_fast(slowed: Slowed) -> tuple[dict[str, Any], dict[str, str]]:
    """The body and headers of a 429."""
    body = {"message": "You are being rate limited.", "retry_after": slowed.retry_after}
    headers = {"Retry-After": str(math.ceil(slowed.retry_after)), "X-RateLimit-Scope": slowed.scope}
    return {**body, "global": slowed.scope == "global"}, {**headers, **slowed.headers}


def _headers(name: str, limit: int, left: int, reset: float, now: float) -> dict[str, str]:
    after = {"X-RateLimit-Reset": f"{reset:.3f}", "X-RateLimit-Reset-After": f"{_up(reset - now):.3f}"}
    counts = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left)}
    return {**counts, **after, "X-RateLimit-Bucket": f"local-{name}"}


def _up(seconds: float) -> float:
    """Milliseconds, rounded up: who waits as long as told is never too early."""
    return math.ceil(seconds * 1000) / 1000
