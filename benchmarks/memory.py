"""Whether a program that runs for long needs more memory: a million deliveries through the program's own code.

5,000 channels on a platform in this process, which takes every message at once, each get a briefing every six hours
of a simulated clock, as Discord's embeds, and there is a tidying every day; the database is a file and keeps what it
always keeps.

    python -m benchmarks.memory [--deliveries 1000000]

Prints how many were delivered, how much memory the process has after each 100,000 and how large the file is then, and
fails when it has over a twentieth more at the end than after the first 100,000.
"""

import argparse
import asyncio
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from benchmarks.processes import resident
from bot.app.memory import share_arenas
from bot.app.threads import Threads
from bot.connectors import Connector, Limits, Part
from bot.delivery import Deliverer, Retries
from bot.render import embeds
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage
from briefings.storage.upkeep import tidy
from briefings.types import EVERYONE, Content, Document, Key, Preferences, Schedule, Section, Slot

CHANNELS = 5_000
EVERY = timedelta(hours=6)
BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
TOPICS = ("harbour", "elections", "railways", "fisheries", "vaccines")
STEP = 100_000
KEEP = timedelta(days=365)
"""Articles are kept for so long, as the program does unless told otherwise."""
GROWTH = 1.05
"""What the last figure may be of the first."""


class Taking:
    """A platform that takes every message at once, and counts: what of a connector a delivery that goes well needs."""

    name = "taking"
    limits = Limits(messages_per_second=math.inf, messages_per_second_per_channel=math.inf, message_characters=2000)

    def __init__(self) -> None:
        self.taken = 0

    def render(self, content: Content) -> Sequence[Part]:
        return tuple(Part(message.payload, message.text) for message in embeds.messages(content))

    async def clear(self) -> None: ...

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:  # noqa: ARG002
        self.taken += 1
        return str(self.taken)


def subscribe(storage: Storage) -> None:
    """Every channel to one topic."""
    schedule = Schedule(words="every 6 hours", cron=("0 */6 * * *",), zone="UTC")
    first = BEGIN + EVERY
    with storage.writing():
        for number in range(CHANNELS):
            topic = TOPICS[number % len(TOPICS)]
            storage.subscriptions.create(
                workspace="taking:W1",
                channel=f"taking:W1:#{number}",
                topic=topic,
                query=topic,
                schedule=schedule,
                since=BEGIN,
                next_slot=Slot(f"{first:%Y-%m-%dT%H:%M}", first),
                now=BEGIN,
            )


def report(storage: Storage, now: datetime) -> None:
    """A story on each topic."""
    for topic in TOPICS:
        text = f"The {topic} committee met on {now:%d %B at %H:%M} and agreed on a plan for the year."
        document = Document(
            title=f"Plan for {topic} agreed on {now:%d %B, %H:%M}", sections=(Section(None, ((text,),)),)
        )
        storage.articles.add(document, keys=[Key("guid", f"{topic} {now}")], workspace=EVERYONE, now=now)


async def measure(storage: Storage, size: Callable[[], float], deliveries: int) -> list[int]:
    """The memory after each 100,000, in bytes. `size` is the file's, in MiB."""
    asyncio.get_running_loop().set_default_executor(Threads())
    platform = Taking()
    now = BEGIN
    retries = Retries(attempts=25, first=timedelta(seconds=2), longest=timedelta(minutes=10))
    deliverer = Deliverer(
        storage,
        {platform.name: cast(Connector, platform)},
        retries=retries,
        lease=timedelta(seconds=60),
        now=lambda: now,
    )
    keywords, preferences = Keywords(), Preferences()
    found: list[int] = []
    began = time.monotonic()
    while platform.taken < deliveries:
        await asyncio.to_thread(report, storage, now + EVERY / 2)
        now += EVERY
        await asyncio.to_thread(publish_due, storage, keywords, preferences, now)
        await deliverer.deliver()
        await deliverer.idle()
        if now.hour == 0:
            await asyncio.to_thread(tidy, storage, now, keep=KEEP, followed=storage.articles.last_change())
        if platform.taken >= STEP * (len(found) + 1):
            found.append(resident(os.getpid()))
            rate = platform.taken / (time.monotonic() - began)
            print(
                f"{platform.taken:>9,} delivered  {found[-1] / 2**20:6.1f} MiB  file {size():5.0f} MiB  {rate:5.0f}/s",
                flush=True,
            )
    assert storage.outbox.counts() == {"delivered": platform.taken}
    return found


def main() -> int:
    """Deliver them all; 1 when the memory has grown more than it is to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    arguments = parser.parse_args()
    share_arenas()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        with Storage.open(f"sqlite:///{path}") as storage:
            subscribe(storage)
            found = asyncio.run(measure(storage, lambda: path.stat().st_size / 2**20, arguments.deliveries))
    share = found[-1] / found[0]
    print(f"memory at the end {share:.3f} of that after the first {STEP:,} (to be at most {GROWTH})")
    return 0 if share <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
