"""Whether the running program is well, and whether it can serve, as values for whoever watches it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

Line = Literal["listening", "standing by", "silent"]
"""How a process and a platform stand; one that stands by listens as soon as no other process does."""

OVERDUE = timedelta(minutes=10)
"""How long after its time a slot that was not served counts as overdue."""
STALLED = timedelta(minutes=5)
"""How long the scheduler may take between two looks at the database: longer than a database that is away makes it."""

GRACE = 30.0
"""Seconds for which a platform may be out of hearing: lines break and are open again a moment later."""

UNREACHABLE = "The database cannot be reached; the log has the details."
OTHER_VERSION = "The database is of another version; run `sidelines migrate`, or upgrade Sidelines."


def heard(deaf: float) -> Line:
    """How a platform stands that this process listens to, and that has been out of hearing for so many seconds."""
    return "listening" if deaf <= GRACE else "silent"


def process(silence: timedelta | None) -> dict[str, object]:
    """What `/healthz` says of the process alone: `silence` is how long the scheduler has not looked, None at first."""
    ok = silence is None or silence <= STALLED
    return {"ok": ok, "scheduler": "running" if ok else "stalled"}


def readiness(fault: str | None, lines: Mapping[str, Line]) -> dict[str, object]:
    """What `/readyz` says: `fault` is what is wrong with the database, `lines` is how each platform stands.

    Whoever stands by is ready: it waits for nothing but its turn, and to start it anew would change nothing.
    """
    reasons = [fault] if fault else []
    reasons += [f"{name} is not listened to; the log says why." for name in sorted(lines) if lines[name] == "silent"]
    return {"ok": not reasons, "reasons": reasons, "platforms": dict(lines)}
