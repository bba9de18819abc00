"""What several processes on one database divide: who listens, and what one bot may send in a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.connectors import Connector, Desk
from briefings.errors import StorageError

if TYPE_CHECKING:
    from briefings.storage.leases import Leases

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=12)
"""How long a process listens alone without saying so again: a dead one is replaced within this and a look."""
LOOK_EVERY = 2.0
"""Seconds between two looks at who listens."""
SPARE = 2.0
"""Seconds before the lease ends at which a process that cannot keep it stops listening."""


class Budget:
    """What all processes that use one token may send together, as `bot.connectors.discord.sharing` asks for it."""

    def __init__(self, leases: Leases, name: str, total: int) -> None:
        self._leases = leases
        self._name = name
        self._total = total
        self._holder = uuid4().hex

    async def share(self, wanted: int, using: int, lease: timedelta) -> int:
        """How many of those wanted may be used for a time from now on. Raises StorageError."""
        return await asyncio.to_thread(
            self._leases.share,
            self._name,
            self._holder,
            total=self._total,
            wanted=wanted,
            using=using,
            lease=lease,
        )

    async def give_back(self) -> None:
        """Use none for now. Raises StorageError."""
        await asyncio.to_thread(self._leases.give_back, self._name, self._holder)


class Listener:
    """Listens through a connector while no other process does, and stands by meanwhile."""

    def __init__(
        self,
        leases: Leases,
        connector: Connector,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.listens = False
        self._leases = leases
        self._connector = connector
        self._name = f"listening {connector.name}"
        self._holder = uuid4().hex
        self._monotonic = monotonic
        self._sleep = sleep
        self._until = self._asked = float("-inf")
        self._asking: asyncio.Future[set[str]] | None = None

    async def run(self, desk: Desk) -> None:
        """Until cancelled, or the platform closes for good. Raises what the connector does."""
        about = {"connector": self._connector.name}
        try:
            while True:
                if not await self._take():
                    log.info("another process listens", extra={"action": "stands_by", **about})
                    await self._while_(self._connector.stand_by(), self._taken)
                self.listens = True
                log.info("listens", extra={"action": "listens", **about})
                if await self._while_(self._connector.listen(desk), self._lost):
                    return
                self.listens = False
                log.warning("another process may listen now", extra={"action": "listens_no_more", **about})
        finally:
            self.listens = False
            await self._leave()

    async def _while_(self, work: Awaitable[None], over: Callable[[], Awaitable[None]]) -> bool:
        """Do something until it ends, then true, or until `over` returns. Raises what the work does."""
        doing, waiting = asyncio.ensure_future(work), asyncio.ensure_future(over())
        try:
            await asyncio.wait((doing, waiting), return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
                return True
            waiting.result()
            return False
        finally:
            doing.cancel()
            waiting.cancel()
            await asyncio.gather(doing, waiting, return_exceptions=True)

    async def _taken(self) -> None:
        """Until this process is the one that listens."""
        while not await self._take():
            await self._sleep(LOOK_EVERY)

    async def _lost(self) -> None:
        """Until it cannot be sure any more to be the only one; by a clock that no database and nobody sets."""
        while self._monotonic() < self._until - SPARE:
            await self._sleep(LOOK_EVERY)
            if self._monotonic() < self._until - SPARE and await self._take() is False:
                return

    async def _take(self) -> bool | None:
        """Whether it may listen; None when the database does not tell, which is asked one thing at a time."""
        if self._asking is None:
            self._asked = self._monotonic()
            question = asyncio.to_thread(self._leases.take, [self._name], self._holder, LEASE)
            self._asking = asyncio.ensure_future(question)
        asking = self._asking
        try:
            async with asyncio.timeout(LOOK_EVERY):
                taken = await asyncio.shield(asking)
        except (StorageError, TimeoutError) as error:
            log.warning("who listens is not known: %s", error or "no answer", extra={"action": "lease_unknown"})
            return None
        finally:
            if asking.done():
                self._asking = None
        if taken:
            self._until = self._asked + LEASE.total_seconds()
        return bool(taken)

    async def _leave(self) -> None:
        try:
            await asyncio.to_thread(self._leases.leave, self._holder)
        except StorageError as error:  # Its lease will run out.
            log.info("%s", error, extra={"action": "leave_failed"})
