"""Read the feeds of a data folder, again and again, each time killed with signal 9 at a given call.

    python killed_refresh.py < PLAN

The plan is that of killed.py. Every run is a process of its own, which looks once at all that is due.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime

from killed import strike

from briefings import bodies
from briefings.fetch import Asking, Fetcher
from briefings.refresh import Options, Refresher
from briefings.sources import Entry
from briefings.storage import Storage
from tests.servers.newsroom import HOUR, LIMIT, page, report


async def refresh(storage: Storage) -> None:
    asking = Asking(limit=LIMIT, allow_hosts=frozenset({"127.0.0.1"}), gap=0)
    async with Fetcher(asking) as fetcher:
        options = Options(every=HOUR, limit=LIMIT)
        refresher = Refresher(storage, fetcher, asyncio.to_thread, options, place=lambda it: (it.workspace, "managers"))
        await refresher.refresh()
        await refresher.idle()


def run(folder: str, point: list | None) -> int:
    child = os.fork()
    if not child:
        status = 70
        try:
            if point:
                strike(*point)
            with Storage.open(f"sqlite:///{folder}/sidelines.db") as storage:
                storage.feeds.release()
                asyncio.run(refresh(storage))
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def warm_up() -> None:
    """Load what reading loads when it is first needed, so that not every run does."""
    with Storage.open("sqlite://") as storage:
        storage.feeds, storage.sources, storage.articles  # noqa: B018
    warm = Entry(title="Warm")
    bodies.of_page(page(report(1)), "https://valley.example/", "text/html", LIMIT, warm, None, datetime.now(UTC))


if __name__ == "__main__":
    warm_up()
    print(json.dumps([run(folder, point) for folder, point in json.load(sys.stdin)]))
