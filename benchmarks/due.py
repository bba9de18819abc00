"""What a due subscription costs: 10^5 due at once, each given a stored delivery, against APScheduler's best case.

Sidelines: a SQLite file, one story for each topic, hundreds of pairs of cron line and zone. APScheduler 3.11: one job
each in a MemoryJobStore, shared triggers, an executor that does nothing, so that its figure is scheduling alone.

    python -m benchmarks.due [--count 100000] [--rounds 3]

Prints CPU time for each subscription, the least of the rounds for both, and the ratio, which is to be at most 0.1.
"""

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.base import STATE_RUNNING, BaseScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import insert

from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage
from briefings.storage.tables import subscriptions
from briefings.types import EVERYONE, Document, Key, Preferences, Section

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOPICS = ("harbour", "elections", "railways", "fisheries", "vaccines")
ZONES = ["UTC", "Europe/London", "Europe/Helsinki", "America/New_York", "America/Los_Angeles", "Asia/Seoul"]
HOURS = ["*", "*/2", "9-17", "*/3"]
DAYS = ["*", "1-5", "0-6", "1,2,3,4,5,6"]
RULES = [
    (f"{minute} {hours} * * {days}", zone) for minute, hours, days, zone in product((0, 10, 20, 30), HOURS, DAYS, ZONES)
]


def store_subscriptions(storage: Storage, count: int) -> None:
    """A story for each topic, and `count` subscriptions in a channel each, all due."""
    for topic in TOPICS:
        text = f"The {topic} committee met on Monday and agreed on a plan for the year."
        document = Document(title=f"Plan for {topic} agreed", sections=(Section(None, ((text,),)),), source="Sample")
        keys = [Key("fingerprint", topic)]
        storage.articles.add(document, keys=keys, workspace=EVERYONE, now=NOW - timedelta(hours=1))
    due = int(NOW.timestamp() * 1000)
    rows = [
        {
            "workspace": "bench",
            "channel": f"bench:#{number}",
            "topic": TOPICS[number % len(TOPICS)],
            "query": TOPICS[number % len(TOPICS)],
            "words": RULES[number % len(RULES)][0],
            "cron": RULES[number % len(RULES)][0],
            "zone": RULES[number % len(RULES)][1],
            "state": "active",
            "since": due - 86_400_000,
            "created": due - 86_400_000,
            "next_slot": "2026-11-23T09:00",
            "next_due": due,
        }
        for number in range(count)
    ]
    with storage.writing() as connection:
        connection.execute(insert(subscriptions), rows)


def measure_sidelines(count: int) -> float:
    """CPU seconds to turn `count` due subscriptions into stored deliveries."""
    with tempfile.TemporaryDirectory() as folder, Storage.open(f"sqlite:///{Path(folder) / 'bench.db'}") as storage:
        store_subscriptions(storage, count)
        begin = time.process_time()
        published = publish_due(storage, Keywords(), Preferences(), NOW)
        spent = time.process_time() - begin
        assert published.deliveries == storage.outbox.counts()["pending"] == count
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
    """CPU seconds for APScheduler to find `count` due jobs, hand them on and store when they are next due."""
    scheduler = Ticking(timezone=UTC)
    scheduler.add_executor(Nothing(), "default")
    scheduler.start(paused=True)
    triggers = [CronTrigger.from_crontab(cron, zone) for cron, zone in RULES]
    now = datetime.now(UTC)
    for number in range(count):
        trigger = triggers[number % len(triggers)]
        scheduler.add_job(print, trigger, id=str(number), next_run_time=now, misfire_grace_time=None, coalesce=True)
    scheduler.state = STATE_RUNNING
    begin = time.process_time()
    scheduler._process_jobs()
    return time.process_time() - begin


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    count = options.count
    rounds = [(measure_sidelines(count), measure_apscheduler(count)) for _ in range(options.rounds)]
    ours, theirs = map(min, zip(*rounds, strict=True))
    print(f"Sidelines    {ours / count * 1e6:7.1f} us CPU for each of {count:,} due subscriptions, delivery stored")
    print(f"APScheduler  {theirs / count * 1e6:7.1f} us CPU for each, job handed to an executor that does nothing")
    print(f"ratio        {ours / theirs:9.3f}")
