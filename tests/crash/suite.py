"""Kill the real program with signal 9 before and after all it does, and at random instants: is all posted, and once?

    python -m tests.crash.suite [--database sqlite|postgresql] [--platform slack|discord]
                                [--points 100] [--random 100] [--seed 1]

First a program is left alone, and each statement, commit and request on its way from its start to the last post is
written down. Then programs are killed: before and after each statement and commit, and before, within and after each
request to the platform and to the site of a feed; and `--random` times at an instant drawn by chance. Each is started
again until all is posted. What the local Slack or Discord recorded tells what was lost or doubled. Without
`--database` or `--platform`, both. Some minutes for each; PostgreSQL comes as a package, or from TEST_DATABASE_URL.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from msgspec import Struct

from briefings.storage import Storage
from tests.crash.programs import Kill, Launcher
from tests.crash.worlds import Record, World
from tests.servers.postgresql import Postgresql, running

AT_ONCE = 10
"""Worlds that live at a time: most of a life is waiting for a turn in a channel."""
KILLS = 5
"""Kills in one world: their points are far apart on the way to the end, so that one does not keep from another."""

LONGEST = 5000
"""Milliseconds after its start before which a program is killed at random; left alone it needs about four seconds."""


class Tally(Struct):
    """What came of many worlds. `missed` are points that no process came by; `faults` tell of losses and doublings."""

    points: int = 0
    random: int = 0
    missed: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    seconds: float = 0.0
    faults: list[str] = []


class Range:
    """Where worlds of one platform on one kind of database live, and what comes of them."""

    def __init__(self, folder: Path, platform: str, server: Postgresql | None, launcher: Launcher) -> None:
        self.tally = Tally()
        self._folder, self._platform, self._server, self._launcher = folder, platform, server, launcher
        self._numbers = itertools.count()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._calm: Record | None = None
        self.points: list[Kill] = []
        self.requests: list[Kill] = []

    async def leave_alone(self) -> None:
        """Learn what a program comes by that is left alone, and what it posts."""
        profile = self._folder / "profile"
        with self._world() as world:
            self._calm = await world.live(self._launcher, profile=profile)
            self.points = list(_points(profile.read_text().splitlines()))
            self.requests = [
                Kill("request", name, when, nth + 1)
                for name, count in world.requests.items()
                for nth in range(count)
                for when in (("before",) if "link" in name or "gateway" in name else ("before", "done", "after"))
            ]

    async def kill_at(self, points: Sequence[Kill], each: int = KILLS) -> None:
        """Kill programs at these points, `each` in one world; those that are not reached there, in others."""
        stripes = max(1, -(-len(points) // each))
        await asyncio.gather(*(self._kill_in_turn(points[at::stripes]) for at in range(stripes)))

    async def _kill_in_turn(self, points: Sequence[Kill]) -> None:
        while points:
            reached = await self._live(points)
            self.tally.points += reached
            if not reached:  # From the start on, no program came by the first.
                self.tally.missed += 1
            points = points[reached or 1 :]

    async def kill_at_random(self, count: int, chance: random.Random) -> None:
        """Kill programs so often, each at an instant between its start and when it would be done."""
        while self.tally.random < count:
            left = count - self.tally.random
            drawn = [
                [Kill("instant", nth=chance.randrange(50, LONGEST)) for _ in range(min(left, KILLS))]
                for _ in range(-(-left // KILLS))
            ]
            self.tally.random += sum(await asyncio.gather(*(self._live(kills) for kills in drawn)))

    async def _live(self, kills: Sequence[Kill]) -> int:
        """One life; gives how many of the kills came."""
        assert self._calm
        async with self._room:
            with self._world() as world:
                try:
                    record = await world.live(self._launcher, kills)
                except (TimeoutError, RuntimeError) as error:
                    self.tally.lost += 1
                    said = (world.folder / "log").read_text()[-2000:]
                    self.tally.faults.append(f"{error!r} after {world.killed} of {kills}\n{said}")
                    return len(world.killed)
        lost, doubled = record.against(self._calm)
        self.tally.unknown += record.unknown
        self.tally.lost += 0 if record.unknown else lost  # What it says it does not know of is not lost.
        self.tally.doubled += doubled
        if lost or doubled or record.unknown or record.refused:
            words = [(post.channel, post.key, post.words[:60]) for post in record.posts]
            self.tally.faults.append(
                f"{lost} {doubled} {record.unknown} after {world.killed}: {words} {record.refused}"
            )
        return len(world.killed)

    @contextmanager
    def _world(self) -> Iterator[World]:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        database: AbstractContextManager[str] = self._server.database() if self._server else self._file(folder)
        try:
            with database as url:
                yield World(folder, self._platform, url)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _file(self, folder: Path) -> Iterator[str]:
        """A SQLite database that is up to date: a copy, since one process cannot migrate two at a time."""
        empty = self._folder / "empty.db"
        if not empty.exists():
            Storage.open(f"sqlite:///{empty}").close()
        shutil.copy(empty, folder / "sidelines.db")
        yield f"sqlite:///{folder}/sidelines.db"


def _points(lines: Iterable[str]) -> Iterator[Kill]:
    """Before and after each site the first time, in the order in which they came; each commit the second time too."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
    for line, count in counts.items():
        what, site = json.loads(line)
        for nth in (1, 2) if what == "commit" and count > 1 else (1,):
            for when in ("before", "after"):
                yield Kill(what, site, when, nth)


async def run(
    folder: Path, platform: str, server: Postgresql | None, *, points: int | None, count: int, seed: int
) -> Tally:
    """All of it on one platform and one kind of database, or so many of the `points`, and `count` random kills."""
    began, chance = time.monotonic(), random.Random(seed)
    async with Launcher() as launcher:
        worlds = Range(folder, platform, server, launcher)
        await worlds.leave_alone()
        found = [*worlds.points, *worlds.requests]
        drawn = sorted(chance.sample(range(len(found)), min(points or len(found), len(found))))
        await worlds.kill_at([found[at] for at in drawn])
        await worlds.kill_at_random(count, chance)
    worlds.tally.seconds = time.monotonic() - began
    return worlds.tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--platform", choices=("slack", "discord"))
    parser.add_argument("--points", type=int, help="so many of the points, drawn by chance; all of them without it")
    parser.add_argument("--random", type=int, default=100, help="kills at random instants")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| database   | platform | kill points | random kills | lost | doubled | unknown | seconds |")
    print("| ---------- | -------- | ----------- | ------------ | ---- | ------- | ------- | ------- |", flush=True)
    good = True
    for database in [arguments.database] if arguments.database else ["sqlite", "postgresql"]:
        with running() if database == "postgresql" else nullcontext(None) as server:
            for platform in [arguments.platform] if arguments.platform else ["slack", "discord"]:
                with tempfile.TemporaryDirectory() as folder:
                    given = {"points": arguments.points, "count": arguments.random, "seed": arguments.seed}
                    it = asyncio.run(run(Path(folder), platform, server, **given))
                print(
                    f"| {database:10} | {platform:8} | {it.points:11} | {it.random:12} | {it.lost:4} | {it.doubled:7} "
                    f"| {it.unknown:7} | {it.seconds:7.0f} |",
                    flush=True,
                )
                for fault in (*it.faults, *([f"{it.missed} points not reached"] if it.missed else [])):
                    print(fault, file=sys.stderr)
                good = good and not (it.lost or it.doubled)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
