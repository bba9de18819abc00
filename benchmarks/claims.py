"""How fast processes take work from one PostgreSQL and mark it done: our outbox against procrastinate's queue.

Both on the same server in the same run, by 1, 4 and 16 processes, and nothing is sent, so that only the bookkeeping is
measured. The server writes every commit to the disk. Sidelines: deliveries of a channel each, claimed as the program
claims them, up to 256 at a time with their channels' lanes, and marked as delivered as the program does, those that end
together in one transaction; here all of a claim do. Procrastinate: jobs of a task that does nothing, by its own worker,
which fetches one job in a transaction and marks it as done in another one.

    python -m benchmarks.claims [--jobs 20000] [--workers 1 4 16]

Needs procrastinate, from the group `benchmarks` of pyproject.toml. Prints how many were claimed and done in a second,
and CPU time for each, the workers' and the server's. With 4 workers the rate is to be at least ten times
procrastinate's, which gets a tenth as many.
"""

import argparse
import asyncio
import logging
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from uuid import uuid4

import procrastinate

from benchmarks.server import cpu_seconds
from bot.delivery import AT_ONCE
from bot.delivery.holding import LEASE
from briefings.storage import Storage, contents
from briefings.storage.lanes import Lanes
from briefings.storage.tables import deliveries
from briefings.types import Notice
from tests.servers import postgresql

LESS = 10
"""How many times as many jobs we get: or theirs would take minutes."""
CONCURRENCY = 10
"""Jobs that one of procrastinate's workers has at a time; with more or fewer it is no faster."""

# Sidelines --------------------------------------------------------------------------------------------------


def queue_deliveries(url: str, count: int) -> None:
    """Deliveries of a channel each."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    row = dict.fromkeys(deliveries.c.keys())
    row |= {"workspace": "bench", "state": "pending", "late": False, "edits": False, "attempts": 0}
    row |= {"next_attempt": now, "created": now}

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(1, count + 1):
            yield tuple((row | {"id": number, "channel": f"bench:#{number}"}).values())

    with Storage.open(url) as storage, storage.writing() as connection:
        row["content"] = contents.store(storage.database, connection, [Notice("News.")])[0]
        storage.database.load(deliveries, list(rows()))


def deliver(url: str, begin: Barrier) -> tuple[int, float]:
    """Claim and mark as delivered until nothing is left. Gives how many and the CPU seconds of this process."""
    holder, lanes, lease = uuid4().hex, Lanes((), LEASE), timedelta(seconds=60)
    with Storage.open(url) as storage:
        begin.wait()
        done, spent = 0, time.process_time()
        while claimed := storage.outbox.claim(holder, datetime.now(UTC), lease, AT_ONCE, ("bench",), lanes):
            ids = [delivery.id for delivery in claimed]
            done += len(storage.outbox.all_delivered(ids, holder, datetime.now(UTC)))
        return done, time.process_time() - spent


def delivered(url: str) -> int:
    with Storage.open(url) as storage:
        return storage.outbox.counts().get("delivered", 0)


# Procrastinate ----------------------------------------------------------------------------------------------


logging.getLogger("procrastinate").setLevel(logging.ERROR)  # It warns that its App is not in a module of its own.


def _app(url: str) -> procrastinate.App:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    async def nothing() -> None: ...

    app.task(name="nothing")(nothing)
    return app


def queue_jobs(url: str, count: int) -> None:
    """Jobs that do nothing."""

    async def defer() -> None:
        app = _app(url)
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await app.tasks["nothing"].batch_defer_async(*({} for _ in range(count)))

    asyncio.run(defer())


def work(url: str, begin: Barrier) -> tuple[int, float]:
    """Work until nothing is left. Gives the CPU seconds of this process; it does not count its jobs."""

    async def run() -> float:
        app = _app(url)
        async with app.open_async():
            await asyncio.to_thread(begin.wait)
            spent = time.process_time()
            await app.run_worker_async(
                concurrency=CONCURRENCY, wait=False, listen_notify=False, install_signal_handlers=False
            )
            return time.process_time() - spent

    return 0, asyncio.run(run())


def succeeded(url: str) -> int:
    async def count() -> int:
        app = _app(url)
        async with app.open_async():
            return len(list(await app.job_manager.list_jobs_async(status="succeeded")))

    return asyncio.run(count())


# Measuring --------------------------------------------------------------------------------------------------


def measure(
    server: postgresql.Postgresql,
    url: str,
    workers: int,
    count: int,
    queue: Callable[[str, int], None],
    run: Callable[[str, Barrier], tuple[int, float]],
    counted: Callable[[str], int],
) -> tuple[float, float, float]:
    """Jobs in a second, and CPU microseconds for each, of the workers and of the server."""
    queue(url, count)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(workers) as pool:
        begin = manager.Barrier(workers + 1)
        running = [pool.apply_async(run, (url, begin)) for _ in range(workers)]
        before = cpu_seconds(server)
        begin.wait()
        began = time.perf_counter()
        spent = sum(each.get()[1] for each in running)
        took = time.perf_counter() - began
        after = cpu_seconds(server)
    assert counted(url) == count
    return count / took, spent / count * 1e6, (after - before) / count * 1e6


def main() -> int:
    """Measure both in turn, and print their figures; 1 when ours at four workers are less than they are to be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 4, 16))
    options = parser.parse_args()
    good = True
    with ExitStack() as stack:
        server = stack.enter_context(postgresql.running(fsync="on", full_page_writes="on"))
        for workers in options.workers:
            with server.database() as ours, server.empty_database() as theirs:
                sidelines = measure(server, ours, workers, options.jobs, queue_deliveries, deliver, delivered)
                other = measure(server, theirs, workers, options.jobs // LESS, queue_jobs, work, succeeded)
            for name, (rate, own, servers) in (("Sidelines", sidelines), ("procrastinate", other)):
                cpu = f"CPU {own:5.0f} us each, and the server's {servers:5.0f} us"
                print(f"{workers:2} workers  {name:13} {rate:7.0f}/s  {cpu}", flush=True)
            ratio = sidelines[0] / other[0]
            print(f"{workers:2} workers  ratio {ratio:.1f}{' (to be at least 10)' if workers == 4 else ''}")
            good = good and (workers != 4 or ratio >= 10)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
