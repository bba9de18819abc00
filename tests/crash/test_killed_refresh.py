"""Killed at any instant of an ingest and started again, the program has every article once and whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from briefings.index import Index
from briefings.keywords import Keywords
from briefings.storage import Storage
from briefings.storage.tables import seen
from tests.crash.plans import carry_out
from tests.servers.newsroom import Newsroom, page, report
from tests.servers.web import Reply, WebServer

ARTICLES = "briefings.storage.articles:Articles"
FEEDS = "briefings.storage.feeds:Feeds"
INTAKE = "briefings.refresh.intake:Intake"
FETCHED = "briefings.fetch:Fetcher.fetch"
WORKSPACES = ("v", "w")

POINTS = {
    "claiming": (f"{FEEDS}.claim_due", "before", 1),
    "claimed": (f"{FEEDS}.claim_due", "after", 1),
    "feed fetched": (FETCHED, "after", 1),
    "planned": (f"{INTAKE}.plan", "after", 1),
    "page fetched": (FETCHED, "after", 2),
    "about to store": (f"{INTAKE}.store", "before", 1),
    "feed saved": (f"{FEEDS}.save", "after", 1),
    "first article stored": (f"{ARTICLES}.add", "after", 1),
    "second article begun": (f"{ARTICLES}.add", "before", 2),
    "last article stored": (f"{ARTICLES}.add", "after", 4),
    "first article shared": (f"{ARTICLES}.share", "after", 1),
    "entries remembered": (f"{FEEDS}.remember", "after", 1),
    "sources begun": ("briefings.storage.sources:Sources.begin", "after", 1),
    "stored": (f"{INTAKE}.store", "after", 1),
}

Point = tuple[str, str, int]
State = tuple[object, ...]


class World:
    """A data folder whose two workspaces read the feed of a local site: three whole articles, one with a page."""

    def __init__(self, folder: Path, web: WebServer) -> None:
        self.folder = folder
        folder.mkdir()
        self.web = web
        with self.storage() as storage:
            for workspace in WORKSPACES:
                now = datetime.now(UTC)
                storage.sources.add(workspace=workspace, url=web.url("/feed"), name="Valley Post", now=now)

    def storage(self) -> Storage:
        return Storage.open(f"sqlite:///{self.folder / 'sidelines.db'}")

    def state(self) -> State:
        """What people may see of it: articles, entries, and how the feed is."""
        with self.storage() as storage:
            shown = {each: [_shown(it) for it in storage.articles.all(each)] for each in WORKSPACES}
            feed = storage.feeds.by_url(self.web.url("/feed"))
            assert feed is not None
            entries = sorted(_entries(storage))
            return ({name: sorted(it) for name, it in shown.items()}, entries, feed.health, feed.digest)

    def indexed(self) -> int:
        """How many articles can be found, when the index has caught up."""
        with self.storage() as storage:
            index = Index.open(self.folder / "index", Keywords())
            index.catch_up(storage.articles)
            return index.count

    def make_due(self) -> None:
        with self.storage() as storage:
            feed = storage.feeds.by_url(self.web.url("/feed"))
            assert feed is not None
            storage.feeds.due_now(feed.id, datetime.now(UTC) - timedelta(seconds=1))


def _shown(article: object) -> tuple[str, ...]:
    return tuple(str(getattr(article, name)) for name in ("title", "url", "sections", "backlog"))


def _entries(storage: Storage) -> list[tuple[str, str]]:
    with storage.reading() as connection:
        return [(title, state) for title, state in connection.execute(select(seen.c.title, seen.c.state))]


def run(plan: list[tuple[World, Point | None]]) -> list[int]:
    """One run after another, each killed at its point; gives their signals (negative) and exit statuses."""
    return carry_out("killed_refresh.py", plan)


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with WebServer() as web:
        yield web


def publish(web: WebServer, *numbers: int) -> None:
    """Let the feed list these reports, the last of them as a teaser of its page."""
    room = Newsroom()
    room.web = web
    reports = [report(n) for n in numbers]
    web.serve(f"/report/{numbers[-1]}", Reply(page(reports[-1])))
    reports[-1] = report(numbers[-1], text="<p>It begins like this …</p>")
    web.serve("/feed", Reply(room.rss(reports), type="application/rss+xml"))
    room.storage.close()


def test_killed_at_any_step_of_an_ingest_nothing_is_lost_doubled_or_half_stored(web: WebServer, tmp_path: Path) -> None:
    publish(web, 1, 2, 3, 4)
    calm = World(tmp_path / "calm", web)
    worlds = {name: World(tmp_path / name, web) for name in POINTS}
    assert run([(calm, None)]) == [0]
    expected = calm.state()
    assert run([(world, POINTS[name]) for name, world in worlds.items()]) == [-9] * len(worlds)
    for name, world in worlds.items():
        titles, entries, *_ = world.state()
        done = name == "stored"
        assert (titles, entries) == (expected[:2] if done else ({"v": [], "w": []}, [])), name
    assert run([(world, None) for world in worlds.values()]) == [0] * len(worlds)
    assert {name for name, world in worlds.items() if world.state() != expected} == set()


def test_killed_at_every_step_in_turn_an_update_is_taken_in_the_end(web: WebServer, tmp_path: Path) -> None:
    publish(web, 1, 2, 3, 4)
    world = World(tmp_path / "world", web)
    assert run([(world, None)]) == [0]
    publish(web, 1, 2, 3, 4, 5, 6, 7, 8)
    world.make_due()
    points = [point for name, point in POINTS.items() if name not in ("stored", "sources begun")]
    assert run([(world, point) for point in points]) == [-9] * len(points)
    assert run([(world, None)]) == [0]
    shown, entries, *_ = world.state()
    assert isinstance(shown, dict)
    assert isinstance(entries, list)
    assert [len(articles) for articles in shown.values()] == [8, 8]
    assert len({title for title, *_ in shown["w"]}) == 8
    assert (len(entries), world.indexed()) == (8, 8)
