"""Whose turn it is: the paces of channels, workspaces and platforms, and the pauses that workspaces ask for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from weakref import WeakValueDictionary

from bot.connectors import Connector, RateLimited
from bot.delivery.pacing import Pace
from briefings.types import Delivery


class Traffic:
    """Lets each message wait for its turn. Pauses longer than `patience` seconds are not waited out here."""

    def __init__(
        self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]], *, patience: float
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._patience = patience
        self._gates: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._paces: dict[tuple[str, str], Pace] = {}
        self._held: dict[str, float] = {}

    async def wait(self, connector: Connector, delivery: Delivery) -> None:
        """Wait for the turn of the channel, of the workspace, which may have asked for a pause, and of the platform.

        Raises RateLimited when that pause is long: the outbox is the place to wait, where it keeps nobody from theirs.
        """
        limits, workspace = connector.limits, delivery.workspace
        await self._turn("channel", delivery.channel, limits.messages_per_second_per_channel)
        # One at a time: what is booked ahead would be sent at a pace that has become too fast meanwhile.
        gate = self._gates.setdefault(workspace, asyncio.Lock())
        async with gate:
            while True:
                await self._wait_out(workspace)
                await self._turn("workspace", workspace, limits.messages_per_second_per_workspace)
                if self._held.get(workspace, 0.0) <= self._monotonic():
                    break
        await self._turn("platform", connector.name, limits.messages_per_second)
        self.leaves(connector, delivery)

    def leaves(self, connector: Connector, delivery: Delivery) -> None:
        """A message goes out now, whenever its turn was: the next into its channel keeps its distance to this one."""
        rate = connector.limits.messages_per_second_per_channel
        self._pace("channel", delivery.channel, rate).sent(self._monotonic())

    def hold(self, connector: Connector, delivery: Delivery, wait: timedelta) -> None:
        """A workspace asks for a pause: it gets nothing meanwhile, and then less at a time."""
        now, workspace = self._monotonic(), delivery.workspace
        pace = self._pace("workspace", workspace, connector.limits.messages_per_second_per_workspace)
        pace.slow_down(now, wait.total_seconds())
        self._held[workspace] = max(self._held.get(workspace, 0.0), now + wait.total_seconds())

    @property
    def names(self) -> set[str]:
        """The channels and workspaces of which something is remembered."""
        return {name for _, name in self._paces} | self._held.keys()

    def tidy(self) -> None:
        """Forget what makes no difference any more."""
        now = self._monotonic()
        self._paces = {name: pace for name, pace in self._paces.items() if not pace.idle(now)}
        self._held = {workspace: until for workspace, until in self._held.items() if until > now}

    async def _turn(self, kind: str, name: str, rate: float) -> None:
        wait = self._pace(kind, name, rate).book(self._monotonic()) - self._monotonic()
        if wait > 0:
            await self._sleep(wait)

    def _pace(self, kind: str, name: str, rate: float) -> Pace:
        return self._paces.setdefault((kind, name), Pace(rate))

    async def _wait_out(self, workspace: str) -> None:
        wait = self._held.get(workspace, 0.0) - self._monotonic()
        if wait > self._patience:
            raise RateLimited("The workspace asked for a pause.", timedelta(seconds=wait))
        if wait > 0:
            await self._sleep(wait)
