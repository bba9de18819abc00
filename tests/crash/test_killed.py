"""Killed at any instant and started again, the program loses no briefing and repeats none."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefings.storage import Storage
from briefings.types import Document, Key, Notice, Schedule, Section, Slot
from tests.crash.plans import carry_out

OUTBOX = "briefings.storage.outbox:Outbox"
TERMINAL = "bot.connectors.terminal:Terminal"
RUNNING = "bot.app.running:publish_due"

Point = tuple[str, str, int]
"""A method, "before" or "after", and the number of the call: where a run is killed, see killed.py."""

KNOWN: dict[str, Point] = {
    "while publishing": ("briefings.storage.turns:Turns.take", "after", 1),
    "published": (RUNNING, "after", 1),
    "claimed": (f"{OUTBOX}.claim", "after", 1),
    "about to send": (f"{OUTBOX}.begin_part", "before", 1),
    "sending": (f"{OUTBOX}.begin_part", "after", 1),
    "given to the platform": (f"{TERMINAL}.send", "before", 1),
    "sent": (f"{TERMINAL}.send", "after", 1),
    "about to record": (f"{OUTBOX}.record_part", "before", 1),
    "recorded": (f"{OUTBOX}.record_part", "after", 1),
    "about to finish": (f"{OUTBOX}.all_delivered", "before", 1),
    "finished": (f"{OUTBOX}.all_delivered", "after", 1),
}
"""Instants after which the next start can know what became of the briefing."""

SHOWN = (f"{TERMINAL}.show", "after", 1)
NOT_SHOWN = (f"{TERMINAL}.show", "before", 1)
"""The two instants after which it cannot: the session had noted that it is about to show it, not yet that it did."""

SEED = 20261123
"""What chance draws with; another one tries other instants."""


def run(plan: list[tuple[World, Point | None]]) -> list[int]:
    """One run after another, each killed at its point; gives their signals (negative) and exit statuses."""
    return carry_out("killed.py", plan)


class World:
    """A data folder with one story and channels whose subscriptions are due, and everything the program printed."""

    def __init__(self, folder: Path, channels: int = 1) -> None:
        self.folder = folder
        self.printed = folder / "printed"
        now = datetime.now(UTC)
        yesterday = now - timedelta(days=1)
        slot = Slot(yesterday.strftime("%Y-%m-%dT%H:%M"), yesterday)
        # A day from now at the earliest, so that the test sees one slot however long it takes.
        schedule = Schedule("daily", (f"{now.minute} {now.hour} * * *",), "UTC")
        document = Document(title="Ferries", sections=(Section(None, (("The ferries sail again.",),)),))
        with Storage.open(f"sqlite:///{self.folder / 'sidelines.db'}") as storage:
            storage.first_time("sample")
            storage.articles.add(document, keys=[Key("guid", "1")], workspace="terminal", now=now)
            for number in range(channels):
                storage.subscriptions.create(
                    workspace="terminal",
                    channel=f"terminal:#c{number}",
                    topic="ferries",
                    query="ferries",
                    schedule=schedule,
                    since=yesterday,
                    next_slot=slot,
                    now=yesterday,
                )

    def posts(self) -> list[str]:
        """The channels of all briefings that were shown, in order."""
        lines = self.printed.read_text().splitlines()
        return [line.split()[1] for line in lines if line.startswith("── #")]

    def states(self) -> dict[str, str]:
        with Storage.open(f"sqlite:///{self.folder / 'sidelines.db'}") as storage:
            history = storage.outbox.history("terminal", limit=1000)
            return {each.channel.removeprefix("terminal:"): each.state for each in history if each.subscription}

    def offered_again(self) -> list[str]:
        with Storage.open(f"sqlite:///{self.folder / 'sidelines.db'}") as storage:
            notices = [each.content for each in storage.outbox.history("terminal", limit=1000) if not each.subscription]
        return [action.command for each in notices if isinstance(each, Notice) for action in each.actions]


def test_left_alone_it_posts_once(tmp_path):
    world = World(tmp_path)
    assert run([(world, None), (world, None)]) == [0, 0]
    assert world.posts() == ["#c0"]


def test_killed_at_an_instant_that_can_be_known_it_posts_exactly_once(tmp_path):
    worlds = {name: World(tmp_path / name) for name in KNOWN}
    plan = [(worlds[name], point) for name, kill in KNOWN.items() for point in (kill, None)]
    assert run(plan) == [-9, 0] * len(KNOWN)
    for name, world in worlds.items():
        assert world.posts() == ["#c0"], name
        assert world.states() == {"#c0": "delivered"}, name
        assert world.offered_again() == [], name


@pytest.mark.parametrize(("point", "posts"), [(SHOWN, ["#c0"]), (NOT_SHOWN, [])])
def test_killed_where_nobody_can_know_it_does_not_repeat_but_tells_and_offers(tmp_path, point, posts):
    world = World(tmp_path)
    assert run([(world, point), (world, None), (world, None)]) == [-9, 0, 0]
    assert world.posts() == posts
    assert world.states() == {"#c0": "unknown"}
    assert len(world.offered_again()) == 1
    assert world.offered_again()[0].startswith("post again ")
    assert " ".join(world.printed.read_text().split()).count("may or may not have been posted in #c0") == 1


def test_killed_at_random_instants_it_loses_and_repeats_nothing(tmp_path):
    chance = random.Random(SEED)
    worlds = [World(tmp_path / str(number), channels=8) for number in range(10)]
    points = [*KNOWN.values(), SHOWN, NOT_SHOWN]
    plan: list[tuple[World, Point | None]] = []
    for world in worlds:
        first, second = chance.choices(points, k=2)
        plan += [(world, first), (world, (*second[:2], chance.randint(1, 4))), (world, None), (world, None)]
    statuses = run(plan)
    assert statuses[0::4] == [-9] * 10, plan
    assert statuses[2::4] == statuses[3::4] == [0] * 10, plan
    for number, world in enumerate(worlds):
        posts, states = world.posts(), world.states()
        drawn = SEED, number, [point for _, point in plan[4 * number : 4 * number + 2]]
        assert len(states) == 8, drawn
        assert len(posts) == len(set(posts)), drawn
        assert {channel for channel, state in states.items() if state == "delivered"} <= set(posts), drawn
        assert set(states.values()) <= {"delivered", "unknown"}, drawn
        assert len(world.offered_again()) == list(states.values()).count("unknown"), drawn
