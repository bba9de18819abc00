"""A short form of the crash suite, and of workers that share one database. The long forms: `suite` and `workers`."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.crash.programs import Kill, Launcher
from tests.crash.suite import Range
from tests.crash.workers import run
from tests.servers.postgresql import Postgresql

SEED = 0
"""What chance draws with on the first of the four; another one tries other points and instants."""


def test_killed_at_points_and_instants_drawn_by_chance_it_loses_and_doubles_nothing(
    tmp_path: Path, postgresql_server: Postgresql
) -> None:
    async def live(worlds: Range, chance: random.Random) -> None:
        await worlds.leave_alone()
        posting = [each for each in worlds.requests if each.site.endswith(("/chat.postMessage", "/messages"))]
        drawn = sorted(chance.sample(range(len(worlds.points)), 3))
        stored = next(each for each in worlds.points if _stores(each))
        kills: list[Kill] = [stored, *(worlds.points[at] for at in drawn), chance.choice(posting)]
        await asyncio.gather(worlds.kill_at(kills, each=len(kills)), worlds.kill_at_random(1, chance))

    async def all_of_them() -> list[Range]:
        async with Launcher() as launcher:
            ranges = []
            for platform in ("slack", "discord"):
                for server in (None, postgresql_server):
                    folder = tmp_path / f"{platform}{server is None}"
                    folder.mkdir()
                    ranges.append(Range(folder, platform, server, launcher))
            await asyncio.gather(*(live(each, random.Random(SEED + at)) for at, each in enumerate(ranges)))
            return ranges

    tallies = [each.tally for each in asyncio.run(all_of_them())]
    for at, it in enumerate(tallies):
        assert not it.faults, f"seed {SEED + at}: " + "\n".join(it.faults)
        assert (it.lost, it.doubled, it.unknown) == (0, 0, 0), f"seed {SEED + at}"
    assert sum(it.points for it in tallies) >= 12  # Of some the program need not come by.
    assert sum(it.random for it in tallies) == 4


def test_workers_that_are_killed_and_replaced_post_each_thing_once(tmp_path: Path, postgresql_url: str) -> None:
    it = asyncio.run(run(tmp_path, postgresql_url, workers=3, deliveries=300, kills=3, seed=1, lease=4))
    assert (it.posts, it.lost, it.doubled, it.refused, it.breaches) == (300, 0, 0, 0, ())
    assert it.states == {"delivered": 300}
    assert it.kills == 3


async def test_a_launcher_that_is_no_more_is_not_waited_for(tmp_path: Path) -> None:
    async with Launcher() as launcher:
        running = await launcher.start({"SIDELINES_DATA_DIR": str(tmp_path)})
        launcher._process.kill()
        assert await running.ended != 0
        with pytest.raises(RuntimeError, match="launcher"):
            await launcher.start({"SIDELINES_DATA_DIR": str(tmp_path)})


def _stores(point: Kill) -> bool:
    """Whether articles are stored there that nobody was told of."""
    return point.what == "commit" and point.site.startswith("Intake.store:") and point.when == "after"
