"""Killed at any instant of reading a feed and started again, the program has every article once, whole and posted once.

The long form, with kills at points drawn by chance: `python -m tests.crash.test_killed_reading 200 [SEED]`.
"""

import random
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bot.app import open_keywords
from briefings.answer import answer
from briefings.index import Index
from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.storage.tables import seen
from briefings.types import Briefing
from tests.crash.plans import carry_out
from tests.servers.newsroom import page, report, rss
from tests.servers.web import Reply, WebServer

DRIVER = "sqlalchemy.engine.default:DefaultDialect"
COMMIT, STATEMENT = f"{DRIVER}.do_commit", f"{DRIVER}.do_execute"
FETCH = "briefings.fetch:Fetcher.fetch"
FOLLOW = "briefings.index:Index.catch_up"

Point = tuple[str, str, int]
"""A method, "before" or "after", and the number of the call: where a run is killed, see killed.py."""

NOW = datetime.now(UTC)
*TOLD_AT_LENGTH, TEASER = (report(n, date=NOW - timedelta(minutes=n + 1)) for n in range(5))
FIRST = [*TOLD_AT_LENGTH, replace(TEASER, text="")]
EDITED = replace(FIRST[0], text=FIRST[0].text + "<p>A correction was added at the end of this report.</p>")
SECOND = [report(9, date=NOW), EDITED, *FIRST[1:]]


class Site:
    """A feed of four reports told at length and one whose page has to be read; later with a fifth, and one edited."""

    def __init__(self, web: WebServer) -> None:
        self._web = web
        self.feed = web.url("/feed")
        web.serve(TEASER.page, Reply(page(TEASER)))

    def list(self, reports) -> None:
        body = rss(reports, self._web.url("", "localhost"))  # Another host than the feed's, which would have to rest.
        self._web.serve("/feed", Reply(body, type="application/rss+xml", etag=f'"{len(reports)}"'))


class World:
    """A data folder with that feed as a source, and a channel that gets all of it as it happens."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder = folder
        self.killed: list[Point] = []
        yesterday = NOW - timedelta(days=1)
        with self.storage() as storage:
            storage.first_time("sample")
            storage.sources.add(workspace="terminal", url=site.feed, name="Valley Post", now=datetime.now(UTC))
            storage.subscriptions.create(
                workspace="terminal",
                channel="terminal:#valley",
                topic="valley",
                query="valley",
                schedule=parse_when("as it happens", "UTC"),
                since=yesterday,
                next_slot=None,
                now=yesterday,
            )

    def storage(self) -> Storage:
        return Storage.open(f"sqlite:///{self.folder / 'sidelines.db'}")

    def look_again(self) -> None:
        with self.storage() as storage:
            for source in storage.sources.list("terminal"):
                storage.feeds.due_now(source.feed.id, datetime.now(UTC))

    def stored(self) -> object:
        """Every article in full, what is remembered of the feed's entries, and which headlines were posted."""
        with self.storage() as storage:
            articles = sorted((it.title, it.url, it.sections, it.backlog) for it in storage.articles.all("terminal"))
            with storage.reading() as connection:
                rows = connection.execute(seen.select()).all()
            entries = sorted((row.title, row.guid, row.url, row.digest, row.state, row.tries) for row in rows)
            told = [it.content for it in storage.outbox.history("terminal", limit=1000)]
        briefings = [it for it in told if isinstance(it, Briefing) and it.updated is None]
        return articles, entries, sorted(story.article.title for it in briefings for story in it.stories)

    def printed(self) -> list[str]:
        """The headlines that were shown, in order."""
        text = (self.folder / "printed").read_text()
        titles = {it.title for it in SECOND}
        return [line.strip() for line in text.splitlines() if line.strip() in titles]

    def unfound(self) -> list[str]:
        """Headlines of stored articles about which a question is not answered with them."""
        keywords, now = open_keywords(), datetime.now(UTC)
        index = Index.open(self.folder / "index", keywords)
        with self.storage() as storage:
            assert index.last_change == storage.articles.last_change()
            titles = [it.title for it in storage.articles.all("terminal")]
        return [
            title
            for title in titles
            if title
            not in {it.article.title for it in answer(title, index, keywords, workspace="terminal", now=now).quotes}
        ]


def run(settings: Path, plan: Iterable[tuple[World, Point | None]]) -> list[int]:
    """One run after another, each killed at its point; gives their signals (negative) and exit statuses."""
    return carry_out("killed_reading.py", plan, {"SIDELINES_CONFIG": str(settings)})


def live(folder: Path, points: list[Point]) -> int:
    """Let a world live through both states of the feed for each point, killed there in each; gives how many were."""
    settings = folder / "sidelines.toml"
    settings.write_text('[reading]\nallow_hosts = ["127.0.0.1", "localhost"]\n')
    with WebServer() as web:
        site = Site(web)
        site.list(FIRST)
        left_alone = World(folder / "left alone", site)
        worlds = {point: World(folder / f"{number}", site) for number, point in enumerate(points)}
        plan = [(left_alone, None), *((world, at) for point, world in worlds.items() for at in (point, None))]
        statuses = run(settings, plan)
        site.list(SECOND)
        for world in (left_alone, *worlds.values()):
            world.look_again()
        statuses += run(settings, plan)
    assert set(statuses) <= {0, -9}
    expected = left_alone.stored()
    assert sorted(left_alone.printed()) == sorted(it.title for it in SECOND) == expected[2]
    for point, world in worlds.items():
        assert world.stored() == expected, point
        assert world.unfound() == [], point
        assert len(world.printed()) == len(set(world.printed())), point
    return statuses.count(-9)


def test_killed_at_an_instant_of_reading_it_loses_doubles_and_repeats_nothing(tmp_path):
    chance = random.Random(20261123)
    points = [
        (FETCH, "after", 1),
        (FETCH, "after", 2),
        (FOLLOW, "after", 2),
        *((COMMIT, chance.choice(("before", "after")), nth) for nth in (3, 4, 5, 6)),
        *((STATEMENT, "after", chance.randrange(20, 150)) for _ in range(4)),
    ]
    assert live(tmp_path, points) >= len(points)


if __name__ == "__main__":
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1_000_000)
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    drawn = [
        (chance.choice((COMMIT, FETCH)), chance.choice(("before", "after")), chance.randrange(1, 25))
        if chance.random() < 0.4
        else (STATEMENT, chance.choice(("before", "after")), chance.randrange(1, 300))
        for _ in range(int(sys.argv[1]))
    ]
    with tempfile.TemporaryDirectory() as folder:
        print(f"killed {live(Path(folder), drawn)} times, nothing lost, doubled or repeated")
