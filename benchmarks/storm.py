"""How soon questions are answered while news comes in and briefings go out: the real program, over the wire.

An archive of 2,000 articles, `sidelines run`, the tests' own Discord in this process, and feeds on a local site in
another one. A person asks 100 questions with `/ask` while nothing else happens. Then 1,500 channels are due at once,
which keeps the program sending at the permitted rate for half a minute, and meanwhile four feeds a second have a new
full-text article each, which is read, stored and indexed; the same person goes on asking, a question right after the
answer to the one before.

    python -m benchmarks.storm [--questions 100] [--channels 1500]

Prints the median and the 99th percentile of the time from the interaction to the answer, in peace and in the storm, and
what was posted and read meanwhile. No question may stay without an answer, and in the storm 99 of 100 are to be
answered within the three seconds in which Discord wants to hear of one at all.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from benchmarks import site
from benchmarks.burst import prepare
from benchmarks.questions import Archive
from briefings.storage import Storage
from briefings.storage.engine import milliseconds
from briefings.storage.tables import articles, feeds, subscriptions
from briefings.types import EVERYONE, Document, Key
from tests.servers.discord import Channel, DiscordServer, Guild, Member

ARTICLES, FEEDS, GUILDS = 2_000, 200, 5
TOPIC = "harbour"
A_SECOND = 4
"""Feeds that fall due in the storm."""
WITHIN = 3.0
"""Seconds: https://docs.discord.com/developers/interactions/receiving-and-responding."""


class Room:
    """A person who asks, and how long answers took."""

    def __init__(
        self, discord: DiscordServer, guild: Guild, channel: Channel, person: Member, archive: Archive
    ) -> None:
        self._discord, self._place = discord, (guild, channel, person)
        self._needles: Iterator[str] = (each.question for each in archive.needles(100_000))

    async def ask(self) -> float:
        """Seconds until the answer to one more question."""
        options = {"question": next(self._needles)}
        done = await self._discord.command(*self._place, "ask", options, patience=30)
        assert done.answered, done.refused
        assert done.answered_after is not None
        return done.answered_after


def store(storage: Storage, archive: Archive, port: int) -> None:
    """The archive, and sources none of which is due before tomorrow."""
    now = datetime.now(UTC)
    with storage.writing() as connection:
        for number in range(1, ARTICLES + 1):
            article = archive.article(number)
            document = Document(title=article.title, sections=article.sections)
            storage.articles.add(document, keys=[Key("guid", str(number))], workspace=EVERYONE, now=now)
        for number in range(FEEDS):
            url = f"http://feed-{number}.example:{port}/3/busy"
            storage.sources.add(workspace=EVERYONE, url=url, name=f"feed {number}", now=now)
        connection.execute(update(feeds).values(next_fetch=milliseconds(now + timedelta(days=1))))
        connection.execute(update(subscriptions).values(next_due=milliseconds(now + timedelta(days=1))))


def begin(storage: Storage) -> None:
    """All subscriptions are due, and the feeds one after the other."""
    now = milliseconds(datetime.now(UTC))
    with storage.writing() as connection:
        connection.execute(update(feeds).values(next_fetch=now + feeds.c.id * (1000 // A_SECOND)))
        connection.execute(update(subscriptions).values(next_due=now))


def counted(storage: Storage) -> int:
    with storage.reading() as connection:
        return connection.execute(select(func.count()).select_from(articles)).scalar_one()


@asynccontextmanager
async def program(folder: Path, settings: dict[str, str]) -> AsyncIterator[None]:
    """`sidelines run`, to which all hosts of the site are here; killed at the end."""
    hosts = ", ".join(f'"feed-{number}.example"' for number in range(FEEDS))
    config = folder / "sidelines.toml"
    config.write_text(f"[reading]\nallow_hosts = [{hosts}]\n")
    environ = os.environ | settings | {"SIDELINES_DATA_DIR": str(folder), "SIDELINES_CONFIG": str(config)}
    command = [sys.executable, "-c", "from benchmarks.site import run; run()"]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            await process.wait()


async def measure(folder: Path, questions: int, channels: int) -> bool:
    """Print the figures; whether they are as they are to be."""
    archive = Archive(ARTICLES * 4)
    async with DiscordServer() as discord:
        guilds = [discord.add_guild(f"Storm {number}") for number in range(GUILDS)]
        places = [guilds[number % GUILDS].channel(f"storm-{number}") for number in range(channels)]
        here, kim = guilds[0].channel("here"), guilds[0].member("kim")
        prepare(folder, [TOPIC], [f"discord:{place.guild}:#{place.id}" for place in places], "55")
        room = Room(discord, guilds[0], here, kim, archive)

        def posts() -> int:
            return sum(call.status == 200 for call in discord.called("create_message"))

        with Storage.open(f"sqlite:///{folder / 'sidelines.db'}") as storage, site.serving() as port:
            store(storage, archive, port)
            async with program(folder, {"DISCORD_API_URL": discord.api_url, "DISCORD_TOKEN": discord.token}):
                await discord.wait_for(discord.commands, timeout=120)
                await discord.connected(timeout=120)
                for _ in range(10):  # Not counted.
                    await room.ask()
                peace = [await room.ask() for _ in range(questions)]
                stored = counted(storage)
                begin(storage)
                await discord.wait_for(lambda: posts() > 0, timeout=60)
                began, sent = time.perf_counter(), posts()
                storm = []
                while posts() < channels:
                    storm.append(await room.ask())
                took, sent, read = time.perf_counter() - began, posts() - sent, counted(storage) - stored
    slowest = []
    for name, times in (("in peace", peace), ("in the storm", storm)):
        slowest.append(statistics.quantiles(times, n=100)[98])
        median = statistics.median(times)
        print(f"{name:13} {len(times):5} questions: median {median * 1e3:6.1f} ms, p99 {slowest[-1] * 1e3:7.1f} ms")
    print(f"ratio of p99 {slowest[1] / slowest[0]:.1f}")
    print(f"meanwhile, in {took:.1f} s: {sent} posts, {read} articles read, stored and indexed")
    return slowest[1] <= WITHIN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=100, help="how many in peace")
    parser.add_argument("--channels", type=int, default=1500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(measure(Path(folder), arguments.questions, arguments.channels)) else 1


if __name__ == "__main__":
    sys.exit(main())
