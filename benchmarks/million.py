"""How long the program takes to start on a million subscriptions: the real one, on the tests' own Discord.

One subscription is due, a million others are not; a third of these are as it happens. From the start of the process it
is measured until it says at `/readyz` that it is ready, and until the briefing that is due is posted, in turn with the
same where that one subscription is all there is, so that a busy machine slows both alike.

    python -m benchmarks.million [--count 1000000] [--rounds 3] [--database sqlite | postgresql]

Prints medians of seconds, and of CPU seconds of the process: what it takes on a machine with nothing else to do. With
all of them it is to be ready within 2 seconds of it.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlalchemy import delete, func, select, text, update

from benchmarks.burst import prepare, program
from benchmarks.processes import cpu_seconds
from briefings.storage import Storage
from briefings.storage.tables import channel_stories, deliveries, delivery_parts, subscriptions
from tests.servers import postgresql
from tests.servers.discord import DiscordServer
from tests.servers.ports import free_port

TOPIC = "harbour"
DAY = 86_400_000
PATIENCE = 120.0
"""Seconds until it is given up."""


def fill(url: str, count: int) -> None:
    """Beside what is there, `count` subscriptions in a channel each that are not due, a third of them as it happens."""
    now = datetime.now(UTC)
    at, next = int(now.timestamp() * 1000), now + timedelta(days=7)
    common = dict.fromkeys(subscriptions.c.keys())
    common |= {"workspace": "discord:1", "state": "active", "since": at, "created": at, "zone": "UTC"}
    common |= {"topic": TOPIC, "query": TOPIC}
    weekly = {"words": "weekly", "cron": f"0 {next.hour} * * {next.isoweekday() % 7}"}
    weekly |= {"next_slot": f"{next:%Y-%m-%dT%H}:00", "first_slot": f"{next:%Y-%m-%dT%H}:00"}
    happening = {"words": "as it happens", "cron": ""}

    def rows(first: int) -> Iterator[tuple[object, ...]]:
        for number in range(first, first + count):
            own = {"id": number, "channel": f"discord:1:#{number}"}
            due = {"next_due": int(next.timestamp() * 1000) + number % 60_000}
            yield tuple((common | own | (happening if number % 3 == 0 else weekly | due)).values())

    with Storage.open(url) as storage, storage.writing() as connection:
        last = connection.execute(select(func.max(subscriptions.c.id))).scalar_one()
        storage.database.load(subscriptions, list(rows(last + 1)))
        storage.subscriptions.wake_as_it_happens(now)  # There was no news since a process ran here last.
        connection.execute(update(subscriptions).where(subscriptions.c.cron == "").values(next_due=None))
        connection.execute(text("ANALYZE subscriptions"))


def due_again(url: str) -> None:
    """The one that is due at the beginning of each round."""
    now = datetime.now(UTC)
    first = select(func.min(subscriptions.c.id)).scalar_subquery()
    at = int(now.timestamp() * 1000)
    with Storage.open(url) as storage, storage.writing() as connection:
        for table in (channel_stories, delivery_parts, deliveries):  # The last round was killed, at whatever it did.
            connection.execute(delete(table))
        again = update(subscriptions).where(subscriptions.c.id == first)
        values = {"next_due": at, "next_slot": f"{now:%Y-%m-%dT%H:%M:%S}", "since": at - DAY, "state": "active"}
        connection.execute(again.values(values))


async def start(folder: Path, database: str) -> tuple[float, float, float]:
    """Seconds until it is ready, its CPU seconds by then, and seconds until what was due is posted."""
    async with DiscordServer() as discord:
        channel = discord.add_guild("Million").channel("here")
        place = f"discord:{channel.guild}:#{channel.id}"
        with Storage.open(database) as storage, storage.writing() as connection:
            first = select(func.min(subscriptions.c.id)).scalar_subquery()
            moved = update(subscriptions).where(subscriptions.c.id == first)
            connection.execute(moved.values(workspace=f"discord:{channel.guild}", channel=place))
        port = free_port()
        settings = {
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_TOKEN": discord.token,
            "DATABASE_URL": database,
            "SIDELINES_WEB_HOST": "127.0.0.1",
            "SIDELINES_WEB_PORT": str(port),
        }
        due_again(database)
        began = time.perf_counter()
        async with program(folder, settings) as process, aiohttp.ClientSession() as web:
            await _ready(web, f"http://127.0.0.1:{port}/readyz")
            ready = time.perf_counter() - began
            spent = cpu_seconds(process.pid)
            await discord.wait_for(lambda: bool(discord.posts(channel)), timeout=PATIENCE)
            return ready, spent, time.perf_counter() - began


async def _ready(web: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with web.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.02)


def main() -> int:
    """Measure in turn, and print the medians; 1 when all of them cost more than they are to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    names = {"one subscription": 0, f"{options.count:,} more": options.count}
    found: defaultdict[str, list[tuple[float, float, float]]] = defaultdict(list)
    with ExitStack() as stack:
        server = stack.enter_context(postgresql.running()) if options.database == "postgresql" else None
        places: dict[str, tuple[Path, str]] = {}
        for name, count in names.items():
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(server.database()) if server else f"sqlite:///{folder / 'sidelines.db'}"
            prepare(folder, [TOPIC], ["discord:1:#1"], "55", url)
            if count:
                fill(url, count)
            places[name] = folder, url
        for _ in range(options.rounds + 1):  # The first is not counted: it reads the file, and makes the index.
            for name, (folder, url) in places.items():
                found[name].append(asyncio.run(start(folder, url)))
    figures = {}
    for name, rounds in found.items():
        ready, spent, posted = (statistics.median(each) for each in zip(*rounds[1:], strict=True))
        figures[name] = spent
        print(f"{name:18} ready after {ready:6.2f} s, {spent:5.2f} s of CPU; what was due posted after {posted:6.2f} s")
    alone, spent = figures.values()
    print(f"ratio of CPU {spent / alone:.2f}")
    return 0 if spent <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
