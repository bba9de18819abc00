"""One bot's requests from several processes: each has a share of what Discord permits, as large as it has use for.

A share is a number of requests that may count at a time. Since no process uses more than its own, and all of them
together are no more than the permitted number, no second sees more, whichever process they come from.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from bot.connectors.discord.pacing import UNANSWERED, Gate
from briefings.errors import StorageError

log = logging.getLogger(__name__)

EVERY = 0.1
"""Seconds between two looks at what it has use for."""
VALID = 2.0
"""Seconds for which a share may be used when nothing more is heard of the budget."""
MORE = 4
"""Requests beyond those there are, so that a few more need not wait for the next look."""
LEASE = timedelta(seconds=VALID + UNANSWERED + 1)
"""After which what a dead process had is others': what it sent last does not count any more by then."""


class Budget(Protocol):
    """What all processes together may send."""

    async def share(self, wanted: int, using: int, lease: timedelta) -> int:
        """How many of those wanted may be used for a time from now on; those in use stay kept. See `Leases.share`.

        Raises StorageError.
        """

    async def give_back(self) -> None:
        """Use none for now. Raises StorageError."""


async def keep_share(
    gate: Gate, budget: Budget, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Let a gate have its share of the budget, until cancelled."""
    gate.allow(0, monotonic())
    told = True
    while True:
        began = monotonic()
        using = max(gate.allowed, gate.counting)  # It may use its old share while it asks for another.
        wanted = gate.counting + gate.waiting
        try:
            if wanted:
                gate.allow(await budget.share(wanted + MORE, using, LEASE), began + VALID)
            else:
                gate.wanted.clear()
                gate.allow(0, began)
                await budget.give_back()
            told = True
        except StorageError as error:
            if told:
                log.warning("no share of what Discord permits: %s", error, extra={"action": "share_unknown"})
            told = False
            await sleep(EVERY)
        else:
            await (sleep(EVERY) if wanted else gate.wanted.wait())
