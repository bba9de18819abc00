"""DELIVERY: claim what is in the outbox, pace, send part by part; retry or give up.

Before a part is sent the attempt is stored, and as soon as it is accepted its message id is. A process killed at any
instant therefore leaves a part that was surely not sent, one that surely was, or one in doubt. The platform is asked
about a part in doubt; where it cannot tell, the delivery becomes `unknown` and is never sent again by itself.
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
from zoneinfo import ZoneInfo

import msgspec

from bot.connectors import Connector, DeliveryError, OutcomeUnknown, Part, PayloadRefused, RateLimited
from bot.delivery.deciding import Decision, GiveUp, Pause, Retries, Retry, Unknown, after_failure, notice_of
from bot.delivery.pacing import Pace
from briefings.errors import NotFound, StorageError
from briefings.types import Briefing, Delivery, Notice, Subscription

if TYPE_CHECKING:
    from briefings.storage import Storage

__all__ = ["Deliverer", "GiveUp", "Pace", "Pause", "Retries", "Retry", "Unknown", "after_failure"]

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Deliveries under way at a time: enough to keep 50 messages a second going at a second's answering time."""
PLAIN = 1000
"""Piece `j` of a part that went out as plain words is recorded as part number `part + PLAIN * (j + 1)`."""


def key_of(delivery: Delivery, part: int) -> str:
    """What a platform may know a part by: the same at every attempt, in no other database, of 25 characters at most."""
    return f"{int(delivery.created.timestamp() * 1000):x}.{delivery.id:x}.{part}"


class LeaseLost(Exception):
    """Another worker has taken the delivery over."""


class Deliverer:
    """Sends what the outbox holds, many channels at a time, one delivery at a time in each."""

    def __init__(
        self,
        storage: Storage,
        connectors: Mapping[str, Connector],
        *,
        retries: Retries,
        lease: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._storage = storage
        self._outbox = storage.outbox
        self._connectors = connectors
        self._retries = retries
        self._lease = lease
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._holder = uuid4().hex
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._paces: dict[str, Pace] = {}
        self._held: dict[str, float] = {}
        self._claiming = asyncio.Lock()
        self._stopping = False

    async def next_attempt(self) -> datetime | None:
        """When the outbox next has something to claim; None when everything is finished."""
        return await asyncio.to_thread(self._outbox.next_attempt, tuple(self._connectors))

    async def deliver(self) -> None:
        """Claim what may be sent now and begin to send it; returns when nothing is left to claim."""
        async with self._claiming:
            self._paces = {name: pace for name, pace in self._paces.items() if not pace.idle(self._monotonic())}
            while not self._stopping:
                while len(self._under_way) >= AT_ONCE:
                    await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)
                room = AT_ONCE - len(self._under_way)
                claimed = await asyncio.to_thread(
                    self._outbox.claim, self._holder, self._now(), self._lease, room, tuple(self._connectors)
                )
                for delivery in claimed:
                    if delivery.id not in self._under_way:  # Else its lease ran out here, and is renewed by this.
                        task = self._under_way[delivery.id] = asyncio.create_task(self._deliver(delivery))
                        task.add_done_callback(partial(self._ended, delivery.id))
                if len(claimed) < room:
                    return

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
            await self._send_parts(connector, delivery)
        except (LeaseLost, StorageError):
            raise
        except Exception as error:  # noqa: BLE001 - every failure is logged and settled there
            await self._failed(connector, delivery, error)
        else:
            await self._mark(self._outbox.delivered, delivery)
            log.info("delivered", extra={"action": "delivered", "delivery": delivery.id})

    async def _send_parts(self, connector: Connector, delivery: Delivery) -> None:
        """Send every part that is not yet recorded, those after the first into the thread of the first."""
        parts = await asyncio.to_thread(self._rendered, connector, delivery)
        thread: str | None = None
        for number, part in enumerate(parts):
            try:
                message = await self._send(connector, delivery, number, part, thread)
            except PayloadRefused as refused:
                message = await self._send_plain(connector, delivery, number, part, thread, refused)
            thread = thread or message

    def _rendered(self, connector: Connector, delivery: Delivery) -> Sequence[Part]:
        """The delivery's parts; a briefing says when it was due, on the clock of its subscription."""
        content = delivery.content
        if isinstance(content, Briefing) and delivery.due:
            subscription = self._subscription(delivery)
            zone = ZoneInfo(subscription.schedule.zone) if subscription else UTC
            content = msgspec.structs.replace(content, due=delivery.due.astimezone(zone), late=delivery.late)
        try:
            return connector.render(content)
        except Exception as error:
            log.exception("not laid out", extra={"action": "render_failed", "delivery": delivery.id})
            raise PayloadRefused("It could not be laid out; the log has the details.") from error

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
        message = delivery.sent.get(number)
        if message == "":  # An earlier attempt ended between sending and recording.
            message = await connector.find(delivery.channel, key=key, thread=thread)
            if message:
                await self._mark(self._outbox.record_part, delivery, number, message)
        if message:
            return message
        await self._pace(connector, delivery)
        await self._mark(self._outbox.begin_part, delivery, number, self._lease)
        try:
            async with asyncio.timeout(self._lease.total_seconds() / 2):
                message = await connector.send(delivery.channel, part, key=key, thread=thread)
        except TimeoutError as error:
            raise OutcomeUnknown("The platform did not answer in time.") from error
        delivery.sent[number] = message
        await self._mark(self._outbox.record_part, delivery, number, message)
        return message

    async def _mark(self, mark: Callable[..., bool], delivery: Delivery, *values: object) -> None:
        """Store a step of the delivery. Raises LeaseLost when another worker holds it by now."""
        if not await asyncio.to_thread(mark, delivery.id, self._holder, self._now(), *values):
            raise LeaseLost

    async def _pace(self, connector: Connector, delivery: Delivery) -> None:
        """Wait while the workspace asked for a pause, for the turn of the channel, then for that of the platform."""
        await self._sleep_until(self._held.get(delivery.workspace, 0.0))
        limits = connector.limits
        for name, rate in (
            (delivery.channel, limits.messages_per_second_per_channel),
            (connector.name, limits.messages_per_second),
        ):
            pace = self._paces.setdefault(name, Pace(rate))
            await self._sleep_until(pace.book(self._monotonic()))

    async def _sleep_until(self, time: float) -> None:
        if (wait := time - self._monotonic()) > 0:
            await self._sleep(wait)

    async def _failed(self, connector: Connector, delivery: Delivery, error: Exception) -> None:
        """Store what `after_failure` decides, and tell whoever can act."""
        now = self._now()
        decision = after_failure(error, delivery.attempts, now, self._retries, self._jitter())
        log.log(
            logging.INFO if isinstance(decision, Retry) else logging.WARNING,
            str(error),
            extra={"action": type(decision).__name__.lower(), "delivery": delivery.id, "attempts": delivery.attempts},
            exc_info=None if isinstance(error, DeliveryError) else error,
        )
        if isinstance(error, RateLimited):
            self._hold(delivery.workspace, error.retry_after)
        if not await asyncio.to_thread(self._settle, connector, delivery, decision, now):
            raise LeaseLost

    def _settle(self, connector: Connector, delivery: Delivery, decision: Decision, now: datetime) -> bool:
        """Store a decision with its notice in one transaction. False when another worker holds the delivery by now."""
        mark = (delivery.id, self._holder, now)
        with self._storage.writing():
            subscription = self._subscription(delivery)
            match decision:
                case Retry(at):
                    return self._outbox.retry(*mark, at, "")
                case Pause(reason) if not any(delivery.sent.values()):
                    held = self._outbox.withdraw(*mark, reason)
                case Pause(reason) | GiveUp(reason):
                    held = self._outbox.failed(*mark, reason)
                case Unknown(reason):
                    held = self._outbox.unknown(*mark, reason)
            about_itself = subscription is None and isinstance(delivery.content, Notice)
            notice = None if about_itself else notice_of(delivery, decision, subscription)
            if held and isinstance(decision, Pause) and subscription:
                if subscription.state == "blocked":
                    notice = None  # Told when that began.
                else:
                    self._storage.subscriptions.block(subscription.id, subscription.workspace, decision.reason)
            if held and notice:
                person = subscription.created_by if subscription else None
                channel = connector.managers(delivery.workspace, person)
                self._outbox.add_notice(delivery.workspace, channel, notice, now)
            return held

    def _subscription(self, delivery: Delivery) -> Subscription | None:
        if delivery.subscription is None:
            return None
        try:
            return self._storage.subscriptions.get(delivery.subscription, delivery.workspace)
        except NotFound:  # Unsubscribed while this was on its way.
            return None

    def _hold(self, workspace: str, wait: timedelta) -> None:
        """Send nothing to a workspace that asked for a pause."""
        self._held[workspace] = max(self._held.get(workspace, 0.0), self._monotonic() + wait.total_seconds())
