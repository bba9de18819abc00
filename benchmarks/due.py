"""What a due subscription costs: 10^5 due at once, each given a stored delivery, on SQLite and on PostgreSQL.

Sidelines: one story for each topic, hundreds of pairs of cron line and zone. Beside it, in the same rounds:

- APScheduler 3.11 at its best: a job each in a MemoryJobStore, shared triggers, an executor that does nothing, so that
  its figure is scheduling alone.
- The floor: three statements for all of them together, which store the same rows in the same tables, but decide
  nothing: everybody gets what is known beforehand, and is next due at one moment.

    python -m benchmarks.due [--count 100000] [--rounds 3] [--database sqlite | postgresql]

Prints CPU time for each subscription, of a server the server's added, the least of the rounds; and the ratios. Asked
for are at most 0.1 of APScheduler and 5 of the floor; PostgreSQL's floor alone is above the former.
"""

import argparse
import copy
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.base import STATE_RUNNING, BaseScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.util import datetime_to_utc_timestamp
from sqlalchemy import insert, text

from benchmarks.server import cpu_seconds
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage
from briefings.storage.tables import contents, subscriptions
from briefings.types import EVERYONE, Document, Key, Preferences, Section
from tests.servers import postgresql

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DUE = int(NOW.timestamp() * 1000)
DAY = 86_400_000
TOPICS = ("harbour", "elections", "railways", "fisheries", "vaccines")
ZONES = ["UTC", "Europe/London", "Europe/Helsinki", "America/New_York", "America/Los_Angeles", "Asia/Seoul"]
HOURS = ["*", "*/2", "9-17", "*/3"]
DAYS = ["*", "1-5", "0-6", "1,2,3,4,5,6"]
RULES = [
    (f"{minute} {hours} * * {days}", zone) for minute, hours, days, zone in product((0, 10, 20, 30), HOURS, DAYS, ZONES)
]

# Databases --------------------------------------------------------------------------------------------------

Cpu = Callable[[], float]
"""CPU seconds so far, of this process and of the database's server."""
Opened = Callable[[], Any]
"""A context manager: a storage of its own, and what CPU time it takes."""


@contextmanager
def on_sqlite() -> Iterator[tuple[Storage, Cpu]]:
    """In a file."""
    with tempfile.TemporaryDirectory() as folder, Storage.open(f"sqlite:///{Path(folder) / 'bench.db'}") as storage:
        yield storage, time.process_time


@contextmanager
def on_postgresql(server: postgresql.Postgresql) -> Iterator[tuple[Storage, Cpu]]:
    """On a server of this machine."""
    with server.database() as url, Storage.open(url) as storage:
        yield storage, lambda: time.process_time() + cpu_seconds(server)


def store_subscriptions(storage: Storage, count: int) -> None:
    """A story for each topic, and `count` subscriptions in a channel each, all due."""
    for topic in TOPICS:
        words = f"The {topic} committee met on Monday and agreed on a plan for the year."
        document = Document(title=f"Plan for {topic} agreed", sections=(Section(None, ((words,),)),), source="Sample")
        keys = [Key("fingerprint", topic)]
        storage.articles.add(document, keys=keys, workspace=EVERYONE, now=NOW - timedelta(hours=1))
    row = dict.fromkeys(subscriptions.c.keys())
    row |= {"workspace": "bench", "state": "active", "since": DUE - DAY, "created": DUE - DAY}
    row |= {"next_slot": "2026-11-23T09:00", "next_due": DUE}

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(count):
            topic, (cron, zone) = TOPICS[number % len(TOPICS)], RULES[number % len(RULES)]
            own = {"id": number + 1, "channel": f"bench:#{number}", "topic": topic, "query": topic}
            yield tuple((row | own | {"words": cron, "cron": cron, "zone": zone}).values())

    with storage.writing() as connection:
        storage.database.load(subscriptions, list(rows()))
        connection.execute(text("ANALYZE subscriptions"))


# What is measured, in CPU seconds ---------------------------------------------------------------------------


def measure_sidelines(opened: Opened, count: int) -> float:
    """To turn `count` due subscriptions into stored deliveries."""
    with opened() as (storage, cpu):
        store_subscriptions(storage, count)
        began = cpu()
        published = publish_due(storage, Keywords(), Preferences(), NOW)
        spent: float = cpu() - began
        assert published.deliveries == storage.outbox.counts()["pending"] == count
    return spent


FLOOR = (
    """
    INSERT INTO deliveries (workspace, channel, subscription, first_slot, slot, due, late, content, state, attempts,
                            next_attempt, created)
    SELECT s.workspace, s.channel, s.id, s.next_slot, :slot, :now, :no, c.id, 'pending', 0, :now, :now
    FROM subscriptions AS s JOIN contents AS c ON c.digest = s.query WHERE s.next_due <= :now
    """,
    """
    INSERT INTO channel_stories (channel, story, delivery)
    SELECT d.channel, a.story, d.id FROM deliveries AS d
    JOIN contents AS c ON c.id = d.content JOIN article_keys AS k ON k.value = c.digest
    JOIN articles AS a ON a.id = k.article
    """,
    "UPDATE subscriptions SET next_slot = :next, next_due = :at, since = :since WHERE next_due <= :now",
)


def measure_floor(opened: Opened, count: int) -> float:
    """To store the same rows by three statements."""
    with opened() as (storage, cpu):
        store_subscriptions(storage, count)
        with storage.writing() as connection:
            connection.execute(insert(contents), [{"digest": topic, "body": "{}"} for topic in TOPICS])
        values = {"now": DUE, "slot": "2026-11-23T09:00", "no": False, "next": "2026-11-24T09:00"}
        values |= {"at": DUE + DAY, "since": DUE - DAY}
        began = cpu()
        with storage.writing() as connection:
            for statement in FLOOR:
                done = connection.execute(text(statement), values)
                assert done.rowcount == count
        spent: float = cpu() - began
    return spent


class Nothing(BaseExecutor):  # type: ignore[misc]
    """Runs no job."""

    def _do_submit_job(self, job: Any, _run_times: list[datetime]) -> None:
        self._run_job_success(job.id, [])


class Ticking(BaseScheduler):  # type: ignore[misc]
    """A scheduler that processes its due jobs when told to, without a thread of its own."""

    def wakeup(self) -> None: ...

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)


def measure_apscheduler(count: int) -> float:
    """For APScheduler to find `count` due jobs, hand them on and store when they are next due."""
    scheduler = Ticking(timezone=UTC)
    scheduler.add_executor(Nothing(), "default")
    scheduler.start(paused=True)
    triggers = [CronTrigger.from_crontab(cron, zone) for cron, zone in RULES]
    now = datetime.now(UTC)
    model = scheduler.add_job(print, triggers[0], next_run_time=now, misfire_grace_time=None, coalesce=True)
    model.remove()
    jobs = []
    for number in range(count):  # As `add_job` leaves them: it takes half a minute for so many.
        job = copy.copy(model)
        job._scheduler, job._jobstore_alias = scheduler, "default"  # Which a copy is without.
        job.id, job.trigger = f"{number:06}", triggers[number % len(triggers)]
        jobs.append((job, datetime_to_utc_timestamp(now)))
    store = scheduler._lookup_jobstore("default")
    store._jobs, store._jobs_index = jobs, {job.id: (job, at) for job, at in jobs}
    scheduler.state = STATE_RUNNING
    began = time.process_time()
    scheduler._process_jobs()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only this one")
    options = parser.parse_args()
    count = options.count
    with ExitStack() as stack:
        databases: dict[str, Opened] = {}
        if options.database != "postgresql":
            databases["SQLite"] = on_sqlite
        if options.database != "sqlite":
            server = stack.enter_context(postgresql.running(shared_buffers="128MB"))  # As it is by default.
            databases["PostgreSQL"] = partial(on_postgresql, server)
        found: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(options.rounds):
            found["APScheduler"].append(measure_apscheduler(count))
            for name, opened in databases.items():
                found[f"Sidelines, {name}"].append(measure_sidelines(opened, count))
                found[f"floor, {name}"].append(measure_floor(opened, count))
    least = {name: min(seconds) / count * 1e6 for name, seconds in found.items()}
    for name, each in least.items():
        print(f"{name:22} {each:7.1f} us CPU for each of {count:,}")
    for name in databases:
        ours = least[f"Sidelines, {name}"]
        to_apscheduler, to_floor = ours / least["APScheduler"], ours / least[f"floor, {name}"]
        print(f"{name:12} {to_apscheduler:.3f} of APScheduler (asked: 0.1), {to_floor:.1f} of the floor (asked: 5)")


if __name__ == "__main__":
    main()
