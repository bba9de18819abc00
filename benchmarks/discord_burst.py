"""How fast briefings go out on Discord when many are due at once: the real program against the tests' own Discord.

500 channels in five servers are due together, a post each. The local Discord holds the bot to the documented 50
requests a second, both in every whole second of the clock and in any second that passes, and answers faster ones with
429 (https://docs.discord.com/developers/topics/rate-limits#global-rate-limit).

    python -m benchmarks.discord_burst [--kill] [--drop] [--processes 2]

Prints posts, lost ones, doubled ones, refusals, and the rate reached as a share of the permitted one, which is to be at
least 95 %. With `--drop` the gateway's connection is broken fifty times on the way. With `--kill` the program is killed
with signal 9 three times on the way and started again; then the rate is no measure. With `--processes` so many workers
on one PostgreSQL deliver to three times as many channels, beside a process that listens, and how much each delivered is
printed too.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.burst import prepare, program, settled
from tests.servers import postgresql
from tests.servers.discord import DiscordServer

TOPIC = "harbour"
GUILDS, CHANNELS = 5, 500
KILLS = (0.1, 0.5, 0.9)
"""After which share of the posts the program is killed."""
DROPS = 50
"""How often the gateway's connection is broken."""
PERMITTED = 50.0
"""Requests a second."""


@dataclass(frozen=True)
class Figures:
    """What came of the burst."""

    channels: int
    posts: int
    lost: int
    doubled: int
    refused: int
    seconds: float
    drops: int
    breaches: int
    delivered: Sequence[int] = ()
    """By each worker."""

    @property
    def share(self) -> float:
        """Of the permitted rate of 50 requests a second: all posts but the first take a fiftieth of a second each."""
        return (self.channels - 1) / PERMITTED / self.seconds


async def burst(
    folder: Path,
    count: int = CHANNELS,
    *,
    kills: Sequence[float] = (),
    drops: int = 0,
    workers: int = 0,
    database: str = "",
) -> Figures:
    """Let `count` be due at once and wait until all is posted; killed and started again after these shares of them.

    `drops`: how often the gateway's connection is broken meanwhile. `workers`: how many processes deliver from a
    `database`, beside one that listens; 0 for one that does both.
    """
    async with DiscordServer() as discord:
        guilds = [discord.add_guild(f"Burst {number}") for number in range(GUILDS)]
        channels = [guilds[number % GUILDS].channel(f"burst-{number}") for number in range(count)]
        prepare(folder, [TOPIC], [f"discord:{channel.guild}:#{channel.id}" for channel in channels], "55", database)
        settings = {"DISCORD_API_URL": discord.api_url, "DISCORD_TOKEN": discord.token, "DATABASE_URL": database}
        if workers and kills:
            settings["SIDELINES_DELIVERY_LEASE"] = "20"  # What a killed one held is looked for soon.

        def posts() -> int:
            return sum(call.status == 200 for call in discord.called("create_message"))

        def posted(least: float) -> bool:
            return posts() >= least

        async def breaking() -> None:
            for number in range(drops):
                await discord.wait_for(partial(posted, number * count // drops + 1), timeout=120)
                await discord.connected(timeout=30)
                discord.drop()

        @asynccontextmanager
        async def programs() -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                if not workers:
                    await stack.enter_async_context(program(folder, settings))
                else:
                    await stack.enter_async_context(program(folder, settings, "--only", "discord"))
                for number in range(workers):
                    worker = program(folder, settings, "--only", "worker", log=f"worker {number + 1}")
                    await stack.enter_async_context(worker)
                yield

        for share in kills:
            async with programs():
                await discord.wait_for(partial(posted, share * count), timeout=120)
        async with programs():
            breaks = asyncio.create_task(breaking())
            await discord.wait_for(partial(posted, count), timeout=120)
            await breaks
            state = await settled(folder, database)
        shown = Counter(message.channel for channel in channels for message in discord.posts(channel))
        came = [call.came for call in discord.called("create_message") if call.status == 200]
        return Figures(
            channels=count,
            posts=sum(shown.values()),
            lost=count - len(shown) + (count - state),
            doubled=sum(times - 1 for times in shown.values()),
            refused=sum(call.status == 429 for call in discord.calls),
            seconds=max(came) - min(came),
            drops=discord.gateway.drops,
            breaches=len(discord.breaches),
            delivered=[_delivered(folder / f"worker {number + 1}") for number in range(workers)],
        )


def _delivered(log: Path) -> int:
    return log.read_text().count(" delivered")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kill", action="store_true", help="kill the program with signal 9 on the way")
    parser.add_argument("--drop", action="store_true", help="break the gateway's connection fifty times on the way")
    parser.add_argument("--processes", type=int, default=0, help="let so many workers on one PostgreSQL deliver")
    arguments = parser.parse_args()
    kills, drops = KILLS if arguments.kill else (), DROPS if arguments.drop else 0
    workers = arguments.processes
    count = CHANNELS * (3 if workers else 1)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        database = ""
        if workers:
            database = stack.enter_context(stack.enter_context(postgresql.running()).database())
        figures = asyncio.run(burst(Path(folder), count, kills=kills, drops=drops, workers=workers, database=database))
    print(f"{figures.posts} posts to {figures.channels} channels in {figures.seconds:.1f} s")
    print(
        f"lost {figures.lost}, doubled {figures.doubled}, refused with 429 {figures.refused}, dropped {figures.drops}"
    )
    for number, delivered in enumerate(figures.delivered, 1):
        print(f"worker {number} delivered {delivered}")
    good = not (figures.lost or figures.doubled or figures.refused or figures.breaches)
    if not kills:
        print(f"{figures.share:.0%} of the permitted rate (to be at least 95 %)")
        good = good and figures.share >= 0.95
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
