"""DELIVERY: claim what is in the outbox, pace, send part by part; retry or give up.

Before a part is sent the attempt is stored, and as soon as it is accepted its message id is. A process killed at any
instant therefore leaves a part that was surely not sent, one that surely was, or one in doubt. The platform is asked
about a part in doubt; where it cannot tell, the delivery becomes `unknown` and is never sent again by itself.

A channel where nothing can be posted blocks its subscriptions. Each is tried again at a later slot, which tells nobody
anything while it fails; as soon as something is posted they go on, with the news since they stopped.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4
from weakref import WeakValueDictionary

from bot.connectors import (
    Connector,
    DeliveryError,
    OutcomeUnknown,
    Part,
    PayloadRefused,
    RateLimited,
    TemporaryFailure,
)
from bot.correlation import of_delivery
from bot.delivery.deciding import GiveUp, Pause, Retries, Retry, Unknown, after_failure, in_doubt
from bot.delivery.holding import Hold
from bot.delivery.pacing import Pace
from bot.delivery.rendering import Rendering
from bot.delivery.settling import delivered, settle
from bot.delivery.together import Together
from bot.delivery.traffic import Traffic
from bot.metrics import Meter
from briefings.errors import StorageError
from briefings.types import Delivery, Notice

if TYPE_CHECKING:
    from briefings.storage import Storage
    from briefings.storage.followups import Followed

__all__ = ["Deliverer", "GiveUp", "Pace", "Pause", "Retries", "Retry", "Unknown", "after_failure"]

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Deliveries under way at a time. Most wait for their turn: enough that many channels at one message a second each are
all served, though what is queued first is for a few of them."""
LOOK_AFTER = timedelta(seconds=30)
"""How long after a send that nobody answered the platform is asked about it."""
PLAIN = 1000
"""Piece `j` of a part that went out as plain words is recorded as part number `part + PLAIN * (j + 1)`."""
LEFT_OVER = Notice("This was updated; what stood here is told above.")
"""What an edit leaves of a message that is one too many."""


def key_of(delivery: Delivery, part: int) -> str:
    """What a platform may know a part by: the same at every attempt, in no other database, of 25 characters at most."""
    return f"{int(delivery.created.timestamp() * 1000):x}.{delivery.id:x}.{part}"


class LeaseLost(Exception):
    """Another worker has taken the delivery over."""


class Deliverer:
    """Sends what the outbox holds, many channels at a time, one delivery at a time in each.

    `shared`: other processes deliver what is in the same outbox; then `keep` is to be called every few seconds.
    """

    def __init__(
        self,
        storage: Storage,
        connectors: Mapping[str, Connector],
        *,
        retries: Retries,
        lease: timedelta,
        shared: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        meter: Meter | None = None,
    ) -> None:
        self._storage = storage
        self._outbox = storage.outbox
        self._connectors = connectors
        self._retries = retries
        self._lease = lease
        self._patience = lease.total_seconds() / 2
        self._now = now
        self._jitter = jitter
        self._meter = meter or Meter()
        self._holder = uuid4().hex
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._traffic = Traffic(monotonic, sleep, patience=self._patience)
        self._hold = Hold(storage.leases, connectors, self._holder, monotonic) if shared else None
        self._lanes = self._hold.lanes if self._hold else None
        self._claiming = asyncio.Lock()
        self._ends = Together(self._all_delivered)
        self._rendering = Rendering(storage)
        self._stopping = False

    async def next_attempt(self) -> datetime | None:
        """When the outbox next has something to claim; None when everything is finished."""
        return await asyncio.to_thread(self._outbox.next_attempt, tuple(self._connectors), self._holder, self._lanes)

    async def keep(self) -> None:
        """Keep the lanes where something is under way, or was so lately that the next must wait."""
        if self._hold:
            self._traffic.tidy()
            await self._hold.keep(self._traffic.names, self._under_way)

    async def deliver(self) -> None:
        """Claim what may be sent now and begin to send it; returns when nothing is left to claim."""
        async with self._claiming:
            self._traffic.tidy()
            while not self._stopping:
                while len(self._under_way) >= AT_ONCE:
                    await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)
                room = AT_ONCE - len(self._under_way)
                claimed = await self._claim(room)
                for delivery in claimed:
                    if delivery.id not in self._under_way:  # Else its lease ran out here, and is renewed by this.
                        with of_delivery(delivery.id):
                            task = self._under_way[delivery.id] = asyncio.create_task(self._deliver(delivery))
                        task.add_done_callback(partial(self._ended, delivery.id))
                if len(claimed) < room:
                    return

    async def _claim(self, room: int) -> Sequence[Delivery]:
        began = self._hold.now() if self._hold else 0.0
        claimed = await asyncio.to_thread(
            self._outbox.claim,
            self._holder,
            self._now(),
            self._lease,
            room,
            tuple(self._connectors),
            self._lanes,
        )
        if self._hold:
            self._hold.taken(claimed, began)
        return claimed

    async def finish(self, within: float) -> None:
        """Claim nothing more and let what is under way end, for `within` seconds at most.

        What is cut off then is found again in the outbox by the next start.
        """
        self._stopping = True
        try:
            async with asyncio.timeout(within):
                async with self._claiming:
                    pass
                await self.idle()
        except TimeoutError:
            late = list(self._under_way.values())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._hold:
            await self._hold.leave()

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    def _ended(self, id: int, task: asyncio.Task[None]) -> None:
        del self._under_way[id]
        if not task.cancelled() and (error := task.exception()):
            log.error("delivery broke off", exc_info=error, extra={"action": "delivery_broke_off", "delivery": id})

    async def _deliver(self, delivery: Delivery) -> None:
        """One attempt at a delivery, when it is its turn in its channel."""
        turn = self._turns.setdefault(delivery.channel, asyncio.Lock())
        async with turn:
            try:
                await self._attempt(self._connectors[delivery.workspace.partition(":")[0]], delivery)
            except LeaseLost:
                log.warning("lease lost", extra={"action": "lease_lost", "delivery": delivery.id})
            except StorageError as error:
                # Nothing can be marked now. The lease will run out, and the marks made tell how far this came.
                log.error(str(error), extra={"action": "mark_failed", "delivery": delivery.id})

    async def _attempt(self, connector: Connector, delivery: Delivery) -> None:
        try:
            if delivery.follows is None:
                await self._send_parts(connector, delivery, None)
            else:
                await self._follow(connector, delivery)
        except (LeaseLost, StorageError):
            raise
        except Exception as error:  # noqa: BLE001 - every failure is logged and settled there
            await self._failed(connector, delivery, error)
        else:
            if not await self._ends.add((connector, delivery)):
                raise LeaseLost
            log.info("delivered", extra={"action": "delivered", "delivery": delivery.id})
            first = delivery.follows is None  # An edit shows when its post was due, and is itself due at no time.
            delay = self._now() - delivery.due if first and delivery.due else None
            self._meter.delivered(late=first and delivery.late, delay=delay)

    def _all_delivered(self, ended: Sequence[tuple[Connector, Delivery]]) -> list[bool]:
        return self._storage.repeated(partial(delivered, self._storage, ended, self._holder, self._now()))

    async def _send_parts(self, connector: Connector, delivery: Delivery, thread: str | None) -> None:
        """Send every part that is not yet recorded, into a thread; without one, into that of the first."""
        parts = await self._rendering.parts(connector, delivery)
        for number, part in enumerate(parts):
            try:
                message = await self._send(connector, delivery, number, part, thread)
            except PayloadRefused as refused:
                message = await self._send_plain(connector, delivery, number, part, thread, refused)
            thread = thread or message

    # Follow-ups ---------------------------------------------------------------------------------------------

    async def _follow(self, connector: Connector, delivery: Delivery) -> None:
        """Tell more of what was posted, in its thread or in its place. Refused when that is gone, or not wanted."""
        followed = await asyncio.to_thread(self._storage.followups.followed, delivery)
        if followed is None:
            raise PayloadRefused("What it follows was not posted, or nobody is to hear more of it.")
        if followed.underway:
            raise TemporaryFailure("What it follows is still on its way.")
        if delivery.edits:
            await self._edit_parts(connector, delivery, followed)
        else:
            await self._send_parts(connector, delivery, followed.lead)

    async def _edit_parts(self, connector: Connector, delivery: Delivery, followed: Followed) -> None:
        """Put every part in the place of the one that was posted; if there was none, it goes into the thread.

        Killed on the way, it begins anew: to put a part in its place again changes nothing.
        """
        parts = await self._rendering.parts(connector, delivery)
        there, lead = followed.messages, followed.lead
        for number, part in enumerate(parts):
            message = there.get(number) or await self._send(connector, delivery, number, part, lead)
            if number in there:
                await self._edit(connector, delivery, message, part, lead)
        kept = {there.get(number) for number in range(len(parts))}
        (left,) = connector.render(LEFT_OVER)
        for message in dict.fromkeys(there.values()):
            if message and message not in kept:
                await self._edit(connector, delivery, message, left, lead)

    async def _edit(self, connector: Connector, delivery: Delivery, message: str, part: Part, lead: str) -> None:
        """Put a part in the place of a message; one that people deleted from the thread stays away."""
        await self._await_turn(connector, delivery)
        await self._mark(self._outbox.renew, delivery, self._lease)
        thread = None if message == lead else lead
        try:
            async with asyncio.timeout(self._patience):
                await connector.edit(delivery.channel, message, part, thread=thread)
        except TimeoutError as error:
            raise TemporaryFailure("The platform did not answer in time.") from error
        except PayloadRefused as refused:
            if thread is None:
                raise
            log.info(str(refused), extra={"action": "not_edited", "delivery": delivery.id})

    # Parts --------------------------------------------------------------------------------------------------

    async def _send_plain(
        self,
        connector: Connector,
        delivery: Delivery,
        number: int,
        part: Part,
        thread: str | None,
        refused: PayloadRefused,
    ) -> str:
        """Send a refused part once more as plain words. Gives the first message id; raises when that is refused too."""
        log.warning(str(refused), extra={"action": "plain_fallback", "delivery": delivery.id, "part": number})
        pieces = await asyncio.to_thread(connector.render, Notice(part.text))
        messages = [
            await self._send(connector, delivery, number + PLAIN * (place + 1), piece, thread)
            for place, piece in enumerate(pieces)
        ]
        await self._mark(self._outbox.record_part, delivery, number, messages[0])
        return messages[0]

    async def _send(self, connector: Connector, delivery: Delivery, number: int, part: Part, thread: str | None) -> str:
        """Send one part unless that was done before, and record it; gives its message id."""
        key = key_of(delivery, number)
        doubt = delivery.sent.get(number) == ""  # An earlier attempt ended between sending and recording.
        if doubt:
            await self._look_up(connector, delivery, number, key, thread)
        if message := delivery.sent.get(number):
            return message
        await self._await_turn(connector, delivery, doubt=doubt)
        await self._mark(self._outbox.begin_part, delivery, number, self._lease)
        if self._hold and not self._hold.ours(delivery):  # Storing it took too long. It was surely not posted.
            raise TemporaryFailure("Another process may be sending there by now.")
        delivery.sent[number] = ""
        self._traffic.leaves(connector, delivery)
        try:
            async with asyncio.timeout(self._patience):
                message = await connector.send(delivery.channel, part, key=key, thread=thread)
        except TimeoutError as error:
            raise OutcomeUnknown("The platform did not answer in time.", LOOK_AFTER) from error
        except DeliveryError as error:
            if not (isinstance(error, OutcomeUnknown) or (doubt and isinstance(error, RateLimited | TemporaryFailure))):
                del delivery.sent[number]  # It was surely not posted, now or earlier.
            raise
        await self._record(delivery, number, message)
        return message

    async def _await_turn(self, connector: Connector, delivery: Delivery, *, doubt: bool = False) -> None:
        """Wait until something may be sent there. Raises LeaseLost when another process may be sending by then.

        What is in `doubt` can be sent again for a short time only, and lets nobody go first.
        """
        await self._traffic.wait(connector, delivery)
        if not doubt:
            await connector.clear()
        if self._hold and not self._hold.ours(delivery):
            raise LeaseLost

    async def _look_up(
        self, connector: Connector, delivery: Delivery, number: int, key: str, thread: str | None
    ) -> None:
        """Ask the platform what became of a part in doubt; it stays in doubt until it was found or sent again."""
        try:
            async with asyncio.timeout(self._patience):
                begun = delivery.begun.get(number)
                told = await asyncio.to_thread(self._outbox.told_in, delivery.channel)
                message = await connector.find(delivery.channel, key=key, thread=thread, begun=begun, told=told)
        except TimeoutError as error:
            raise TemporaryFailure("The platform did not answer in time.") from error
        except PayloadRefused as error:
            raise OutcomeUnknown(str(error)) from error
        if message:
            await self._record(delivery, number, message)

    async def _record(self, delivery: Delivery, number: int, message: str) -> None:
        delivery.sent[number] = message
        await self._mark(self._outbox.record_part, delivery, number, message)

    async def _mark(self, mark: Callable[..., bool], delivery: Delivery, *values: object) -> None:
        """Store a step of the delivery. Raises LeaseLost when another worker holds it by now."""
        marking = partial(mark, delivery.id, self._holder, self._now(), *values)
        if not await asyncio.to_thread(self._storage.repeated, marking):
            raise LeaseLost

    async def _failed(self, connector: Connector, delivery: Delivery, error: Exception) -> None:
        """Store what `after_failure` decides, and tell whoever can act."""
        now = self._now()
        decision = after_failure(
            error,
            delivery.attempts,
            now,
            self._retries,
            self._jitter(),
            waited=now - delivery.created,
            in_doubt=in_doubt(delivery),
        )
        log.log(
            logging.INFO if isinstance(decision, Retry) else logging.WARNING,
            str(error) if isinstance(error, DeliveryError) else type(error).__name__,  # Others may quote people.
            extra={"action": type(decision).__name__.lower(), "delivery": delivery.id, "attempts": delivery.attempts},
            exc_info=None if isinstance(error, DeliveryError) else error,
        )
        if isinstance(error, RateLimited):
            self._traffic.hold(connector, delivery, error.retry_after)
        if not await asyncio.to_thread(settle, self._storage, connector, delivery, decision, self._holder, now):
            raise LeaseLost
        if isinstance(decision, Retry):
            self._meter.retried()
        else:
            self._meter.ended("unknown" if isinstance(decision, Unknown) or in_doubt(delivery) else "failed")
