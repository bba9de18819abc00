"""Even pacing: a platform's permitted rate is reached and kept, whatever has piled up."""


class Pace:
    """Spreads messages evenly: one every `1 / rate` seconds and, unlike a bucket, no burst after a rest (GCRA)."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next = float("-inf")

    def book(self, now: float) -> float:
        """The time of the next message, which is taken by this call; `now` and the answer in seconds."""
        at = max(now, self._next)
        self._next = at + self._interval
        return at

    def idle(self, now: float) -> bool:
        """Whether it would let a message pass at once, as a new one would."""
        return self._next <= now
