"""Even pacing: a platform's permitted rate is reached and kept, whatever has piled up. Pure: `now` is in seconds."""

REGROWN = 120.0
"""Seconds in which a rate grows back from nothing to what is permitted."""
LEAST = 1 / 32
"""Of the permitted rate: what remains however often the platform asks to slow down."""


class Pace:
    """Spreads messages evenly: one every `1 / rate` seconds and, unlike a bucket, no burst after a rest (GCRA).

    Whoever is told to slow down sends half as fast, and then a little faster all the time until told again: additive
    increase and multiplicative decrease, as in https://www.rfc-editor.org/rfc/rfc5681.
    """

    def __init__(self, rate: float) -> None:
        self._permitted = self._rate = rate
        self._next = self._grown = self._slowed_until = float("-inf")

    def book(self, now: float) -> float:
        """The time of the next message, which is taken by this call; `now` and the answer in seconds."""
        self._grow(now)
        at = max(now, self._next)
        self._next = at + 1 / self._rate
        return at

    def sent(self, now: float) -> None:
        """A message that was booked goes out only now: the next follows this one at the same distance."""
        self._next = max(self._next, now + 1 / self._rate)

    def slow_down(self, now: float, wait: float) -> None:
        """The platform asks to wait for `wait` seconds; asked again meanwhile, it means the same messages."""
        if now < self._slowed_until:
            return
        self._grow(now)
        self._rate = max(self._rate / 2, self._permitted * LEAST)
        self._slowed_until = self._grown = now + max(wait, 1 / self._rate)

    def idle(self, now: float) -> bool:
        """Whether it would let a message pass at once, at the permitted rate, as a new one would."""
        self._grow(now)
        return self._next <= now and self._rate == self._permitted

    def _grow(self, now: float) -> None:
        if self._rate < self._permitted and now > self._grown:
            self._rate = min(self._permitted, self._rate + self._permitted * (now - self._grown) / REGROWN)
            self._grown = now
