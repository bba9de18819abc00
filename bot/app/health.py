"""Whether the running program is well, as values for whoever watches it."""

from collections.abc import Collection
from datetime import datetime, timedelta

OVERDUE = timedelta(minutes=10)
"""How long after its time a slot counts as missed, and the program as unwell."""


def told(due: datetime | None, now: datetime, silent: Collection[str]) -> dict[str, object]:
    """What `/healthz` says: `due` is when the next subscription is, `silent` are connectors that do not listen.

    That the database could be read is known from `due` being known.
    """
    overdue = max(timedelta(), now - due) if due else timedelta()
    return {
        "ok": overdue <= OVERDUE and not silent,
        "database": "readable",
        "overdue_seconds": round(overdue.total_seconds()),
        "not_listening": sorted(silent),
    }
