"""How soon Discord's autocomplete has its choices, in a server with 10,000 topics and 500 sources: over the wire.

    python -m benchmarks.autocomplete

People type 500 beginnings of their names, hostile words among them, into `/brief`, `/subscribe` and `/source`; the
local Discord of the tests takes the time from the interaction to its choices. Beside it, in the same run: one look at
all topics in the database, which is what answering from memory saves. At most 25 choices and no error may come, the
slowest in under 100 ms; Discord waits for 3 s
(https://docs.discord.com/developers/interactions/receiving-and-responding).
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from briefings.storage.tables import topics
from tests.servers.discord import DiscordServer
from tests.wire.guild_office import GuildOffice

TOPICS, SOURCES, TYPED = 10_000, 500, 500
SYLLABLES = ("ba", "ko", "li", "mer", "sun", "tra", "vel", "ix", "do", "pan", "港", "삼", "é")
HOSTILE = ("@everyone", "<@1>", "`", "*" * 6000, "\0", "😀" * 50, "' OR 1=1 --", "%", "")
OPTIONS = (("brief", "about"), ("subscribe", "topic"), ("source pause", "source"))
MOST = 25


class Office(GuildOffice):
    """The bot in a server; it has been reached when it is connected and its commands are known."""

    async def reached(self) -> None:
        await self.discord.connected()
        await self.discord.wait_for(self.discord.commands)


def name(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=4)).capitalize()


async def measure(folder: Path) -> tuple[list[float], list[float], int]:
    """Seconds until each answer, seconds of each look at the database, and the most choices that came."""
    chance = random.Random(1)
    async with DiscordServer() as discord:
        office = Office(folder, discord, [], [])
        office.open()
        workspace = f"discord:{office.acme.id}"
        names = [f"{name(chance)} {number}" for number in range(TOPICS)]
        rows = [{"workspace": workspace, "key": each.casefold(), "name": each, "query": each} for each in names]
        with office.storage.writing() as connection:
            connection.execute(topics.insert(), rows)
            for each in names[:SOURCES]:
                url = f"http://127.0.0.1/{each}"
                it = office.storage.sources.add(workspace=workspace, url=url, name=each, now=datetime.now(UTC))
                office.storage.sources.pause(it.id, workspace)  # So that none is fetched meanwhile.
        office.close()
        await office.start()
        taken, looks, most = [], [], 0
        for number in range(TYPED):
            typed = chance.choice(HOSTILE) if number % 10 == 9 else chance.choice(names)[: chance.randrange(7)]
            command, option = chance.choice(OPTIONS)
            done = await discord.autocomplete(office.acme, office.world, office.kim, command, option, typed)
            assert done.acknowledged, (typed, done.refused)
            assert not done.refused, (typed, done.refused)
            assert done.seconds is not None
            taken.append(done.seconds)
            most = max(most, len(done.choices or ()))
            if number % 25 == 0:
                began = time.perf_counter()
                assert len(await asyncio.to_thread(office.storage.topics.list, workspace)) == TOPICS
                looks.append(time.perf_counter() - began)
        await office.stop()
        assert discord.breaches == []
    return taken, looks, most


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        taken, looks, most = asyncio.run(measure(Path(folder)))
    middle, look = statistics.median(taken), statistics.median(looks)
    print(f"{len(taken)} answers, at most {most} choices, no error")
    print(f"median {middle * 1000:.1f} ms, slowest {max(taken) * 1000:.1f} ms (to be under 100 ms)")
    print(f"one look at the database {look * 1000:.1f} ms: ratio {middle / look:.2f}")
    return 0 if max(taken) < 0.1 and most <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
