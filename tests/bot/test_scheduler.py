import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

import bot.scheduler
from bot.scheduler import Chore, Scheduler, Work

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2100, 1, 1, tzinfo=UTC)


class Dates:
    """A work whose dates are written by the test, as another process would write them to the database."""

    def __init__(self, due: datetime | None = None, name: str = "publish") -> None:
        self.due = due
        self.name = name
        self.looks = 0
        self.runs = 0
        self.changed = asyncio.Condition()
        self.errors: list[Exception] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.at_once = self.most_at_once = 0

    async def next_due(self) -> datetime | None:
        self.looks += 1
        await self._tell()
        return self.due

    async def run(self) -> None:
        self.runs += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self._tell()
        await self.go_on.wait()
        self.at_once -= 1
        if self.errors:
            raise self.errors.pop()
        self.due = None

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, met) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(met)

    @property
    def work(self) -> Work:
        return Work(self.name, self.next_due, self.run)


@pytest.fixture(autouse=True)
def _look_often(monkeypatch):
    monkeypatch.setattr(bot.scheduler, "LOOK_EVERY", 0.01)


@pytest.fixture
def wall(monkeypatch):
    """The clock on the wall, as APScheduler sees it, and how far it was set."""

    class Wall(datetime):
        set_by = timedelta()

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.set_by

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Wall)
    return Wall


@asynccontextmanager
async def running(*works: Dates, chores: tuple[Chore, ...] = ()):
    scheduler = Scheduler(tuple(each.work for each in works), chores)
    task = asyncio.create_task(scheduler.run())
    try:
        yield scheduler
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_overdue_runs_at_once_and_once():
    dates = Dates(LONG_AGO)
    async with running(dates):
        await dates.until(lambda: dates.runs == 1)
        looks = dates.looks
        await dates.until(lambda: dates.looks > looks + 3)
    assert dates.runs == 1


async def test_what_falls_due_while_a_work_rests_waits_until_it_has_rested():
    dates = Dates(LONG_AGO)

    async def run() -> None:
        await dates.run()
        dates.due = LONG_AGO

    scheduler = Scheduler((Work("publish", dates.next_due, run, rest=timedelta(hours=1)),))
    task = asyncio.create_task(scheduler.run())
    await dates.until(lambda: dates.runs == 1)
    looks = dates.looks
    await dates.until(lambda: dates.looks > looks + 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert dates.runs == 1


async def test_what_is_not_due_does_not_run():
    dates = Dates(FAR_OFF)
    async with running(dates):
        await dates.until(lambda: dates.looks > 5)
    assert dates.runs == 0


async def test_an_earlier_date_written_by_somebody_else_is_seen():
    dates = Dates(FAR_OFF)
    async with running(dates):
        await dates.until(lambda: dates.looks > 1)
        dates.due = LONG_AGO
        await dates.until(lambda: dates.runs == 1)


async def test_a_date_that_is_taken_back_does_not_run(wall):
    dates = Dates(datetime.now(UTC) + timedelta(hours=1))
    async with running(dates):
        await dates.until(lambda: dates.looks > 2)
        dates.due = None
        looks = dates.looks
        await dates.until(lambda: dates.looks > looks + 1)
        wall.set_by = timedelta(hours=2)
        looks = dates.looks
        await dates.until(lambda: dates.looks > looks + 3)
    assert dates.runs == 0


async def test_waking_looks_at_once(monkeypatch):
    monkeypatch.setattr(bot.scheduler, "LOOK_EVERY", 3600)
    dates = Dates(FAR_OFF)
    async with running(dates) as scheduler:
        await dates.until(lambda: dates.looks == 1)
        dates.due = LONG_AGO
        scheduler.wake()
        await dates.until(lambda: dates.runs == 1)


async def test_the_end_of_one_work_looks_for_what_it_made_due(monkeypatch):
    monkeypatch.setattr(bot.scheduler, "LOOK_EVERY", 3600)
    publish, deliver = Dates(LONG_AGO), Dates(None, "deliver")
    publish_run = publish.run

    async def run() -> None:
        await publish_run()
        deliver.due = LONG_AGO

    publish.run = run
    async with running(publish, deliver):
        await deliver.until(lambda: deliver.runs == 1)


async def test_a_work_never_runs_twice_at_a_time():
    dates = Dates(LONG_AGO)
    dates.go_on.clear()
    async with running(dates) as scheduler:
        await dates.until(lambda: dates.runs == 1)
        for _ in range(20):
            scheduler.wake()
            looks = dates.looks
            await dates.until(lambda looks=looks: dates.looks > looks)
        dates.go_on.set()
        await dates.until(lambda: dates.due is None)
    assert (dates.runs, dates.most_at_once) == (1, 1)


async def test_a_work_that_fails_is_logged_and_comes_again(caplog):
    dates = Dates(LONG_AGO)
    dates.errors = [ZeroDivisionError("no"), ZeroDivisionError("no")]
    async with running(dates):
        await dates.until(lambda: dates.runs == 3 and dates.due is None)
    assert [record.action for record in caplog.records if hasattr(record, "action")] == ["publish_failed"] * 2


async def test_a_date_that_cannot_be_read_holds_up_nothing_else(caplog):
    class Broken(Dates):
        async def next_due(self):
            raise OSError("no database")

    dates = Dates(LONG_AGO)
    async with running(Broken(name="deliver"), dates):
        await dates.until(lambda: dates.runs == 1)
    assert "deliver_look_failed" in [getattr(record, "action", "") for record in caplog.records]


async def test_a_clock_set_forward_wakes_what_became_due(wall):
    dates = Dates(datetime.now(UTC) + timedelta(hours=1))
    async with running(dates):
        await dates.until(lambda: dates.looks > 2)
        assert dates.runs == 0
        wall.set_by = timedelta(hours=2)
        await dates.until(lambda: dates.runs == 1)


async def test_a_clock_set_back_stalls_nothing(wall):
    wall.set_by = timedelta(hours=5)
    dates = Dates(FAR_OFF)
    async with running(dates):
        await dates.until(lambda: dates.looks > 2)
        wall.set_by = timedelta(hours=-5)
        looks = dates.looks
        await dates.until(lambda: dates.looks > looks + 2)
        dates.due = datetime.now(UTC) - timedelta(hours=6)
        await dates.until(lambda: dates.runs == 1)


async def test_a_chore_is_done_at_the_start():
    done = asyncio.Event()

    async def tidy() -> None:
        done.set()

    async with running(chores=(Chore("tidy", timedelta(days=1), tidy),)), asyncio.timeout(10):
        await done.wait()


async def test_work_cut_off_by_the_end_of_the_program_is_no_failure(caplog):
    publish = Dates(LONG_AGO)
    publish.go_on.clear()
    async with running(publish):
        await publish.until(lambda: publish.runs)
    await asyncio.sleep(0)
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == []
