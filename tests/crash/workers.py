"""Worker processes that share one PostgreSQL, killed with signal 9 and replaced at random: is each thing posted once?

    python -m tests.crash.workers [--workers 8] [--deliveries 10000] [--kills 40] [--seed 1]

Every channel of a local Discord, which permits 50 requests a second as the real one does, is due to get twenty
briefings at once. Prints what its server recorded: posts, lost ones, doubled ones, and requests that it refused as too
fast. A dead process's deliveries, channels and share of the permitted requests go to the others when its leases end.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec import Struct

from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.types import Document, Key, Section, Slot
from tests.crash.programs import Launcher, Program
from tests.servers.discord import Channel, DiscordServer
from tests.servers.postgresql import running

TOPICS = 20
"""Briefings for each channel."""


class Outcome(Struct, frozen=True):
    """What the server recorded, and how many deliveries the database holds in each state."""

    posts: int
    lost: int
    doubled: int
    refused: int
    kills: int
    seconds: float
    states: dict[str, int]
    breaches: tuple[str, ...]


class Crew:
    """So many workers: whichever dies is replaced."""

    def __init__(self, launcher: Launcher, environ: dict[str, str], lease: int | None) -> None:
        self.kills = 0
        self._launcher, self._environ, self._lease = launcher, environ, lease
        self._programs: list[Program] = []
        self._watches: set[asyncio.Task[None]] = set()
        self._over = False

    async def hire(self) -> None:
        """One more."""
        program = await self._launcher.start(self._environ, only=("worker",), lease=self._lease)
        self._programs.append(program)
        watch = asyncio.create_task(self._replace(program))
        self._watches.add(watch)

    def kill(self, chance: random.Random) -> None:
        """One of them, whichever."""
        self.kills += 1
        chance.choice(self._programs).kill()

    async def dismiss(self) -> None:
        """All of them, at once."""
        self._over = True
        for program in self._programs:
            program.kill()
        await asyncio.gather(*self._watches)

    async def _replace(self, program: Program) -> None:
        status = await program.ended
        self._programs.remove(program)
        if not self._over:
            assert status == -signal.SIGKILL, status
            await self.hire()


async def run(
    folder: Path, url: str, *, workers: int, deliveries: int, kills: int, seed: int, lease: int | None = None
) -> Outcome:
    """Let all be due at once, and wait until all is posted. `lease`: see `launcher`."""
    chance = random.Random(seed)
    async with DiscordServer(strict=False) as discord, Launcher() as launcher:
        guild = discord.add_guild("Crew")
        discord.pace.buckets.clear()
        channels = [guild.channel(f"crew-{number}") for number in range(deliveries // TOPICS)]
        await asyncio.to_thread(_prepare, url, channels)
        environ = {
            "SIDELINES_DATA_DIR": str(folder),
            "DATABASE_URL": url,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_TOKEN": discord.token,
            **({"SIDELINES_DELIVERY_LEASE": str(lease)} if lease else {}),
        }
        crew, began = Crew(launcher, environ, lease), time.monotonic()
        for _ in range(workers):
            await crew.hire()

        def posts() -> int:
            return sum(message.via == "api" and bool(message.guild) for message in discord.world.messages.values())

        def posted(least: int) -> bool:
            return posts() >= least

        try:
            for threshold in sorted(chance.sample(range(1, deliveries), kills)):
                await discord.wait_for(partial(posted, threshold), timeout=600)
                crew.kill(chance)
            states = await asyncio.to_thread(_settled, url)
            seconds = time.monotonic() - began
        finally:
            await crew.dismiss()
        shown = Counter(
            (channel.id, message.shown.partition("\n")[0].split(" ")[0])
            for channel in channels
            for message in discord.posts(channel)
        )
        return Outcome(
            posts=sum(shown.values()),
            lost=deliveries - len(shown),
            doubled=sum(count - 1 for count in shown.values()),
            refused=sum(call.status == 429 for call in discord.calls),
            kills=crew.kills,
            seconds=seconds,
            states=states,
            breaches=tuple(discord.breaches),
        )


def _prepare(url: str, channels: list[Channel]) -> None:
    now = datetime.now(UTC)
    since, slot = now - timedelta(days=1), Slot(f"{now:%Y-%m-%dT%H:%M}", now)
    schedule = parse_when("daily at 9", "UTC")
    with Storage.open(url) as storage, storage.writing():
        for number in range(TOPICS):
            words = f"The committee on subject{number} met on Monday and agreed on a plan for the year."
            document = Document(title=f"Plan for subject{number}", sections=(Section(None, ((words,),)),))
            workspace = f"discord:{channels[0].guild}"
            storage.articles.add(document, keys=[Key("guid", str(number))], workspace=workspace, now=now)
            for channel in channels:
                storage.subscriptions.create(
                    workspace=workspace,
                    channel=f"{workspace}:#{channel.id}",
                    topic=f"subject{number}",
                    query=f"subject{number}",
                    schedule=schedule,
                    since=since,
                    next_slot=slot,
                    now=now,
                )


def _settled(url: str) -> dict[str, int]:
    """The states of all deliveries, notices too, once none is pending, or after ten minutes."""
    with Storage.open(url) as storage:
        for _ in range(600):
            counts = storage.outbox.counts()
            if not counts.get("pending"):
                break
            time.sleep(1)
        return {str(state): count for state, count in counts.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running() as server, server.database() as url:
        it = asyncio.run(
            run(
                Path(folder),
                url,
                workers=given.workers,
                deliveries=given.deliveries,
                kills=given.kills,
                seed=given.seed,
            )
        )
    print(f"{it.posts} posts by {given.workers} workers, {it.kills} of them killed and replaced, in {it.seconds:.0f} s")
    print(f"lost {it.lost}, doubled {it.doubled}, refused with 429 {it.refused}; in the database: {it.states}")
    return 1 if it.lost or it.doubled or it.refused or it.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
