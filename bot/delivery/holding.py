"""The lanes that this process delivers in while others deliver too; see `briefings.storage.lanes`."""

import asyncio
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from bot.connectors import Connector
from briefings.storage.lanes import Lanes
from briefings.storage.leases import Leases
from briefings.types import Delivery

LEASE = timedelta(seconds=15)
"""After which a dead process's lanes are others'; to be kept three times as often."""
LEAVING = timedelta(seconds=2)
"""After the last post of a process that ends: longer than from one message in a channel to the next."""


class Hold:
    """Which lanes are ours and until when, by a clock that nobody sets and from before they were asked for."""

    def __init__(
        self, leases: Leases, connectors: Mapping[str, Connector], holder: str, monotonic: Callable[[], float]
    ) -> None:
        bounded = (each for each in connectors.values() if each.limits.messages_per_second_per_workspace < math.inf)
        self.lanes = Lanes(tuple(each.name for each in bounded), LEASE)
        self.now = monotonic
        self._leases = leases
        self._holder = holder
        self._until: dict[str, float] = {}
        self._under_way: dict[int, str] = {}

    def taken(self, deliveries: Sequence[Delivery], began: float) -> None:
        """Deliveries were claimed, with their lanes, by a question asked at `began`."""
        for delivery in deliveries:
            lane = self._under_way[delivery.id] = self.lanes.of(delivery.workspace, delivery.channel)
            self._until[lane] = began + LEASE.total_seconds()

    def ours(self, delivery: Delivery) -> bool:
        """Whether nobody else can be sending there now."""
        return self.now() < self._until.get(self.lanes.of(delivery.workspace, delivery.channel), 0.0)

    async def keep(self, busy: Collection[str], under_way: Collection[int]) -> None:
        """Hold on to the lanes of deliveries under way and of busy channels and workspaces; forget the others."""
        self._under_way = {id: lane for id, lane in self._under_way.items() if id in under_way}
        needed = {self.lanes.named(name) for name in busy} | set(self._under_way.values())
        wanted, began = self._until.keys() & needed, self.now()
        kept = await asyncio.to_thread(self._leases.take, wanted, self._holder, LEASE)
        for lane in wanted:
            self._until[lane] = began + LEASE.total_seconds() if lane in kept else 0.0
        self._until = {lane: until for lane, until in self._until.items() if until > self.now()}

    async def leave(self) -> None:
        """Nothing is sent any more."""
        await asyncio.to_thread(self._leases.leave, self._holder, LEAVING)
