"""What the bursts on chat platforms share: briefings that are due at once, the program as it runs, and what it counts.

Used by `slack_burst` and `discord_burst`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.types import EVERYONE, Document, Key, Section, Slot


def prepare(folder: Path, topics: Iterable[str], channels: Iterable[str], person: str, database: str = "") -> None:
    """A story for each topic, and every channel, named as in "slack:T1:#C1", subscribed to all of them, due now.

    In a database of the folder's own, unless another one is named.
    """
    now = datetime.now(UTC)
    schedule = parse_when("daily at 9", "UTC")
    slot = Slot(f"{now:%Y-%m-%dT%H:%M}", now)
    topics = tuple(topics)
    with _opened(folder, database) as storage, storage.writing():
        for topic in topics:
            text = f"The committee on {topic} met on Monday and agreed on a plan for the year."
            document = Document(title=f"Plan for {topic} agreed", sections=(Section(None, ((text,),)),))
            storage.articles.add(document, keys=[Key("guid", topic)], workspace=EVERYONE, now=now)
        for channel in channels:
            for topic in topics:
                storage.subscriptions.create(
                    workspace=channel.rpartition(":")[0],
                    channel=channel,
                    topic=topic,
                    query=topic,
                    schedule=schedule,
                    since=now - timedelta(days=1),
                    next_slot=slot,
                    now=now,
                    created_by=person,
                )


@asynccontextmanager
async def program(
    folder: Path, settings: Mapping[str, str], *arguments: str, log: str = "log"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`sidelines run` with a platform's settings in its environment, killed at the end."""
    environ = {**os.environ, "SIDELINES_DATA_DIR": str(folder), **settings}
    with (folder / log).open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "run",
            *arguments,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def settled(folder: Path, database: str = "") -> int:
    """How many deliveries the program itself counts as delivered, once none is pending, or after half a minute."""
    with _opened(folder, database) as storage:
        for _ in range(600):
            counts = await asyncio.to_thread(storage.outbox.counts)
            if not counts.get("pending"):
                break
            await asyncio.sleep(0.05)
    return counts.get("delivered", 0)


def _opened(folder: Path, database: str) -> Storage:
    return Storage.open(database or f"sqlite:///{folder / 'sidelines.db'}")
