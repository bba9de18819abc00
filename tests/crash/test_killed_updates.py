"""Killed while it tells what has changed, and started again, the program posts no second lead and tells all of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from briefings.ingest import Incoming, add
from briefings.keywords import Keywords
from briefings.storage import Storage
from briefings.types import Document, Preferences, Section
from briefings.updates import queue
from tests.crash.test_killed import OUTBOX, TERMINAL, Point, World, run

FOLLOWUPS = "briefings.storage.followups:Followups"

EDITING: dict[str, tuple[Point, int]] = {
    "claimed": ((f"{OUTBOX}.claim", "after", 1), 1),
    "about to edit": ((f"{TERMINAL}.edit", "before", 1), 1),
    "edited": ((f"{TERMINAL}.edit", "after", 1), 2),
    "about to mark": ((f"{FOLLOWUPS}.finish", "before", 1), 2),
    "marked": (("bot.delivery:delivered", "after", 1), 1),
}
"""Where a run is killed, and how often the edit is made in the end: to make it again changes nothing."""

REPLYING: dict[str, Point] = {
    "about to send": (f"{OUTBOX}.begin_part", "before", 1),
    "sending": (f"{OUTBOX}.begin_part", "after", 1),
    "sent": (f"{TERMINAL}.send", "after", 1),
    "about to record": (f"{OUTBOX}.record_part", "before", 1),
    "recorded": (f"{OUTBOX}.record_part", "after", 1),
    "about to mark": (f"{FOLLOWUPS}.finish", "before", 1),
}


def revise(world: World, title: str, text: str) -> None:
    """Store what became of the story that was posted."""
    now = datetime.now(UTC)
    with Storage.open(f"sqlite:///{world.folder / 'sidelines.db'}") as storage, storage.writing():
        document = Document(title=title, sections=(Section(None, ((text,),)),))
        outcomes = add(storage, [Incoming(document, "1")], workspace="terminal", now=now)
        assert queue(storage, Keywords(), Preferences(), outcomes, now) == 1


def states(world: World) -> dict[str, int]:
    with Storage.open(f"sqlite:///{world.folder / 'sidelines.db'}") as storage:
        return dict(storage.outbox.counts())


@pytest.fixture
def posted(tmp_path: Path) -> list[World]:
    """Worlds, one for each instant, whose story was posted."""
    worlds = [World(tmp_path / str(number)) for number in range(max(len(EDITING), len(REPLYING)))]
    assert run([(world, None) for world in worlds]) == [0] * len(worlds)
    return worlds


def test_killed_while_it_edits_it_edits_again(posted):
    for world in posted:
        revise(world, "Ferries!", "The ferries sail again.")
    killed = dict(zip(EDITING, posted, strict=False))
    plan = [(world, point) for name, world in killed.items() for point in (EDITING[name][0], None)]
    assert run(plan) == [-9, 0] * len(killed)
    for name, world in killed.items():
        shown = world.printed.read_text().count("updated ")
        assert (name, shown, states(world)) == (name, EDITING[name][1], {"delivered": 2})


def test_killed_while_it_replies_it_replies_once(posted):
    for world in posted:
        revise(world, "Storm sinks seven boats", "No ship leaves before the weekend.")
    killed = dict(zip(REPLYING, posted, strict=False))
    plan = [(world, point) for name, world in killed.items() for point in (REPLYING[name], None)]
    assert run(plan) == [-9, 0] * len(killed)
    for name, world in killed.items():
        shown = world.printed.read_text().count("Updated ")
        assert (name, shown, states(world)) == (name, 1, {"delivered": 2})
