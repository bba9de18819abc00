"""The clock wakes, the database decides: a handful of APScheduler jobs, none per subscription.

Publishing and delivering are date jobs, always set to the moment at which the database next has something due.
Because other processes write there too, and because the wall clock may be set, that moment is looked up again every
second. Nothing is skipped after a sleep or a long run: what is overdue runs at once, and once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_SUBMITTED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from msgspec import Struct

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between looks at the database; a work that failed is left alone for as long at most."""


class Work(Struct, frozen=True):
    """A job whose dates stand in the database: `next_due` tells the earliest, `run` does all that is due.

    From one beginning to the next it rests for `rest`: what falls due meanwhile is done together.
    """

    name: str
    next_due: Callable[[], Awaitable[datetime | None]]
    run: Callable[[], Awaitable[None]]
    rest: timedelta = timedelta()


class Chore(Struct, frozen=True):
    """A job done at the start and then once in `every`."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]


class Scheduler:
    """Runs each work when it is due, never twice at a time."""

    def __init__(self, works: tuple[Work, ...], chores: tuple[Chore, ...] = ()) -> None:
        self._works = works
        self._chores = chores
        self.looked: float | None = None
        """When it last looked at the database for what is due, by `time.monotonic`; None before it began."""
        self._running: set[str] = set()
        self._begun: dict[str, float] = {}
        self._woken = asyncio.Event()
        self._jobs = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._jobs.add_listener(self._submitted, EVENT_JOB_SUBMITTED)
        self._jobs.add_listener(self._ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def wake(self) -> None:
        """Look at the database now: something may have become due."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._jobs.start()
        try:
            for chore in self._chores:
                trigger = IntervalTrigger(seconds=int(chore.every.total_seconds()), timezone=UTC)
                first = datetime.now(UTC)
                self._jobs.add_job(_logged, trigger, (chore,), id=chore.name, next_run_time=first)
            while True:
                self._woken.clear()
                self.looked = time.monotonic()
                for work in self._works:
                    await self._arm(work)
                self._jobs.wakeup()  # It sleeps by a clock that does not see the wall clock being set.
                await self._pause()
        finally:
            self._jobs.shutdown()

    async def _arm(self, work: Work) -> None:
        """Set the job of a work to its next date."""
        try:
            due = await work.next_due()
        except Exception:  # One work whose date cannot be read now must not stop the others; the next look asks again.
            log.exception("next date unknown", extra={"action": f"{work.name}_look_failed"})
            return
        if work.name in self._running:
            return  # Its end wakes us, and by then the date may be another.
        job = self._jobs.get_job(work.name)
        if due is not None and work.name in self._begun:
            rested = timedelta(seconds=asyncio.get_running_loop().time() - self._begun[work.name])
            due = max(due, datetime.now(UTC) + work.rest - rested) if rested < work.rest else due
        if due is None:
            if job:
                job.remove()
        elif job is None or job.next_run_time != due:
            self._jobs.add_job(_logged, DateTrigger(due), (work,), id=work.name, replace_existing=True)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY):
                await self._woken.wait()
        except TimeoutError:
            return

    def _submitted(self, event: JobEvent) -> None:
        self._running.add(event.job_id)
        self._begun[event.job_id] = asyncio.get_running_loop().time()  # No clock that may be set.

    def _ended(self, event: JobEvent) -> None:
        self._running.discard(event.job_id)
        if getattr(event, "retval", False):
            self.wake()


async def _logged(job: Work | Chore) -> bool:
    """Run a job and tell whether it ended well; a failure is logged, and the job comes again."""
    try:
        await job.run()
    except asyncio.CancelledError:  # The program stops; APScheduler would log that as a failure.
        return False
    except Exception:  # A bot that runs for months outlives a failed job.
        log.exception("failed", extra={"action": f"{job.name}_failed"})
        return False
    return True
