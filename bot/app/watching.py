"""The running program as whoever operates it sees it: health, readiness, figures, and the chores that look after it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from bot.app.comings import managers_of
from bot.app.health import OTHER_VERSION, OVERDUE, UNREACHABLE, Line, process, readiness
from bot.connectors import Connector, terminal
from bot.metrics import Gauge, Meter, Prometheus, seconds_since
from briefings import audit
from briefings.errors import DatabaseTooNew, StorageError
from briefings.storage.migrations import NEWEST

if TYPE_CHECKING:
    from briefings.audit import Audit
    from briefings.storage import Storage
    from briefings.storage.figures import State

log = logging.getLogger(__name__)

BEAT_EVERY = timedelta(seconds=30)
AUDIT_EVERY = timedelta(hours=1)
"""How often it is asked whether an audit is due; one is made a day, by whichever process comes first."""
PATIENCE = 5.0
"""Seconds that the database gets to answer whoever asks how things are."""

Given = TypeVar("Given")


class Watch:
    """Tells how this process is doing. `lines` tells how each platform stands that it is to listen to."""

    def __init__(
        self,
        storage: Storage,
        connectors: Mapping[str, Connector],
        lines: Callable[[], Mapping[str, Line]],
        serves: Callable[[], Sequence[str]],
        *,
        counting: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`serves` tells what this process does; `counting`: somebody may ask for figures."""
        self._storage = storage
        self._connectors = connectors
        self._lines = lines
        self._serves = serves
        self._now = now
        self._prometheus = Prometheus() if counting else None
        self.meter: Meter = self._prometheus or Meter()
        self.looked: Callable[[], float | None] = lambda: None
        """When the scheduler last looked at the database, by `time.monotonic`; None before it began."""
        self._id = uuid4().hex
        self._started = now()
        self._asking: dict[str, asyncio.Task[Any]] = {}
        self._reasons: object = []

    # For those who ask ----------------------------------------------------------------------------------------

    async def health(self) -> Mapping[str, object]:
        """Whether this process is at work, whatever becomes of the database and the platforms."""
        looked = self.looked()
        return process(None if looked is None else timedelta(seconds=time.monotonic() - looked))

    async def ready(self) -> Mapping[str, object]:
        """Whether it can serve: the database answers and is of this version, and each platform is listened to.

        Or is by another process, and this one stands by.
        """
        told = readiness(await self._fault(), self._lines())
        if told["reasons"] != self._reasons:
            self._reasons = told["reasons"]
            log.warning("%s", "ready" if told["ok"] else self._reasons, extra={"action": "readiness"})
        return told

    async def figures(self) -> tuple[str, bytes]:
        """What was counted and how things stand, in the text that Prometheus reads, after its content type."""
        if self._prometheus is None:
            raise RuntimeError("Nothing was counted.")
        now = self._now()
        try:
            state, last = await self._asked("figures", self._read)
        except (StorageError, TimeoutError) as error:
            log.warning("%s", error, extra={"action": "figures_failed"})
            state, last = None, None
        return self._prometheus.text(lambda: self._gauges(state, last, now))

    async def _fault(self) -> str | None:
        try:
            revision = await self._asked("revision", self._storage.database.revision)
        except DatabaseTooNew:
            return OTHER_VERSION
        except (StorageError, TimeoutError) as error:
            log.debug("%s", error, extra={"action": "database_failed"})
            return UNREACHABLE
        return None if revision == NEWEST else OTHER_VERSION

    async def _asked(self, what: str, question: Callable[[], Given]) -> Given:
        """Ask in a thread, one at a time: those who ask a database that is away must not use up all threads."""
        task = self._asking.get(what)
        if task is None or task.done():
            task = self._asking[what] = asyncio.create_task(asyncio.to_thread(question))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # Perhaps nobody waits any more.
        async with asyncio.timeout(PATIENCE):
            answer: Given = await asyncio.shield(task)
            return answer

    def _read(self) -> tuple[State, Audit | None]:
        return self._storage.figures.state(self._now() - OVERDUE), audit.last(self._storage)

    def _gauges(self, state: State | None, last: Audit | None, now: datetime) -> Iterator[Gauge]:
        yield Gauge("database_up", "Whether the database answers.", {"": float(state is not None)})
        listening = {name: float(line == "listening") for name, line in self._lines().items()}
        yield Gauge(
            "listening", "Whether this process listens to a platform; 0 for one that stands by.", listening, "platform"
        )
        if state is not None:
            yield Gauge(
                "subscriptions", "Subscriptions.", _all(("active", "paused", "blocked"), state.subscriptions), "state"
            )
            yield Gauge("slots_overdue", "Subscriptions overdue by ten minutes or more.", {"": state.overdue})
            overdue = seconds_since(state.overdue_since, now)
            yield Gauge("slots_overdue_seconds", "For how long the oldest of them is due.", {"": overdue})
            yield Gauge("outbox_deliveries", "Deliveries that are not finished.", {"": state.pending})
            age = seconds_since(state.pending_since, now)
            yield Gauge("outbox_age_seconds", "Since when the oldest of them is queued.", {"": age})
            yield Gauge("feeds", "Feeds that are read.", _all(("healthy", "failing", "paused"), state.feeds), "health")
        if last is not None:
            counts = {name: getattr(last.balance, name) for name in audit.OUTCOMES}
            yield Gauge("audit_slots", "Slots of two days by what the last audit found of them.", counts, "outcome")
            yield Gauge("audit_age_seconds", "Since when the last audit is made.", {"": seconds_since(last.at, now)})

    # By the clock ---------------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Say that this process runs."""
        serves, now = self._serves(), self._now()
        await asyncio.to_thread(self._storage.processes.seen, self._id, serves, self._started, now)

    async def leave(self) -> None:
        """Say that it stops."""
        try:
            await asyncio.to_thread(self._storage.processes.ended, self._id)
        except StorageError as error:  # It will be found silent.
            log.warning("%s", error, extra={"action": "leave_failed"})

    async def audit(self) -> None:
        """Make the audit of the day, unless that is done."""
        await asyncio.to_thread(audit.daily, self._storage, self._now(), self._operator)

    def _operator(self) -> tuple[str, str] | None:
        """Where the operator is told things: in the session, if there is one."""
        channel = managers_of(self._connectors, terminal.WORKSPACE, None)
        return (terminal.WORKSPACE, channel) if channel else None


def _all(names: Collection[str], counts: Mapping[str, int]) -> dict[str, float]:
    """`counts` with 0 for the names it lacks, and without others."""
    return {name: counts.get(name, 0) for name in names}
