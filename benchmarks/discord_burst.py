"""How fast briefings go out on Discord when many are due at once: the real program against the tests' own Discord.

500 channels in five servers are due together, a post each. The local Discord holds the bot to the documented 50
requests a second, both in every whole second of the clock and in any second that passes, and answers faster ones with
429 (https://docs.discord.com/developers/topics/rate-limits#global-rate-limit).

    python -m benchmarks.discord_burst [--kill] [--drop]

Prints posts, lost ones, doubled ones, refusals, and the rate reached as a share of the permitted one, which is to be at
least 95 %. With `--drop` the gateway's connection is broken fifty times on the way. With `--kill` the program is killed
with signal 9 three times on the way and started again; then the rate is no measure.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.types import EVERYONE, Document, Key, Section, Slot
from tests.servers.discord import Channel, DiscordServer

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

    @property
    def share(self) -> float:
        """Of the permitted rate of 50 requests a second: all posts but the first take a fiftieth of a second each."""
        return (self.channels - 1) / PERMITTED / self.seconds


def prepare(folder: Path, channels: Sequence[Channel]) -> None:
    """A story, and every channel subscribed to it, due now."""
    now = datetime.now(UTC)
    schedule = parse_when("daily at 9", "UTC")
    slot = Slot(f"{now:%Y-%m-%dT%H:%M}", now)
    with Storage.open(f"sqlite:///{folder / 'sidelines.db'}") as storage, storage.writing():
        text = "The committee on the harbour met on Monday and agreed on a plan for the year."
        document = Document(title="Plan for the harbour agreed", sections=(Section(None, ((text,),)),))
        storage.articles.add(document, keys=[Key("guid", TOPIC)], workspace=EVERYONE, now=now)
        for channel in channels:
            workspace = f"discord:{channel.guild}"
            storage.subscriptions.create(
                workspace=workspace,
                channel=f"{workspace}:#{channel.id}",
                topic=TOPIC,
                query=TOPIC,
                schedule=schedule,
                since=now - timedelta(days=1),
                next_slot=slot,
                now=now,
                created_by="55",
            )


@asynccontextmanager
async def program(folder: Path, discord: DiscordServer) -> AsyncIterator[asyncio.subprocess.Process]:
    """`sidelines run` with a token, killed at the end."""
    own = {"DISCORD_API_URL": discord.api_url, "DISCORD_TOKEN": discord.token}
    environ = {**os.environ, "SIDELINES_DATA_DIR": str(folder), **own}
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def burst(folder: Path, count: int = CHANNELS, *, kills: Sequence[float] = (), drops: int = 0) -> Figures:
    """Let `count` be due at once and wait until all is posted; killed and started again after these shares of them.

    `drops`: how often the gateway's connection is broken meanwhile.
    """
    async with DiscordServer() as discord:
        guilds = [discord.add_guild(f"Burst {number}") for number in range(GUILDS)]
        channels = [guilds[number % GUILDS].channel(f"burst-{number}") for number in range(count)]
        prepare(folder, channels)

        def posts() -> int:
            return sum(call.status == 200 for call in discord.called("create_message"))

        async def breaking() -> None:
            for number in range(drops):
                await discord.wait_for(lambda number=number: posts() > number * count / drops, timeout=120)
                await discord.connected(timeout=30)
                discord.drop()

        for share in kills:
            async with program(folder, discord):
                await discord.wait_for(lambda share=share: posts() >= share * count, timeout=120)
        async with program(folder, discord):
            breaks = asyncio.create_task(breaking())
            await discord.wait_for(lambda: posts() >= count, timeout=120)
            await breaks
            state = await _settled(folder)
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
        )


async def _settled(folder: Path) -> int:
    """How many deliveries the program itself counts as delivered, once none is pending."""
    with Storage.open(f"sqlite:///{folder / 'sidelines.db'}") as storage:
        for _ in range(600):
            counts = await asyncio.to_thread(storage.outbox.counts)
            if not counts.get("pending"):
                break
            await asyncio.sleep(0.05)
    return counts.get("delivered", 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kill", action="store_true", help="kill the program with signal 9 on the way")
    parser.add_argument("--drop", action="store_true", help="break the gateway's connection fifty times on the way")
    arguments = parser.parse_args()
    kills, drops = KILLS if arguments.kill else (), DROPS if arguments.drop else 0
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(burst(Path(folder), kills=kills, drops=drops))
    print(f"{figures.posts} posts to {CHANNELS} channels in {figures.seconds:.1f} s")
    print(
        f"lost {figures.lost}, doubled {figures.doubled}, refused with 429 {figures.refused}, dropped {figures.drops}"
    )
    good = not (figures.lost or figures.doubled or figures.refused or figures.breaches)
    if not kills:
        print(f"{figures.share:.0%} of the permitted rate (to be at least 95 %)")
        good = good and figures.share >= 0.95
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
