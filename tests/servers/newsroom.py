"""A site with a feed on a local web server, and a refresher that reads it by a clock which the test sets.

async with Newsroom() as room:
    source = room.source()                 # of workspace "w", at /feed
    room.publish(report(1), report(2))     # what the feed lists from now on
    await room.look()                      # one look at all that is due, an hour after the one before
    room.titles(), room.outcomes, room.notices(), room.posted()
"""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from random import Random
from typing import Any, Self
from xml.sax.saxutils import escape

from msgspec import Struct

from briefings.fetch import Asking, Fetcher
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.refresh import Options, Refresher
from briefings.slots import next_due, parse_when
from briefings.sources import Feed, Source
from briefings.storage import Storage
from briefings.types import Article, Briefing, Notice, Preferences
from briefings.updates import queue
from tests.servers.web import Reply, WebServer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT = 200_000

PLACES = ("mill", "quarry", "harbour", "orchard", "station", "abbey", "tannery", "market", "school", "brewery")
WORDS = """
about after again along before behind below bell bread bridge bring broken candle carry chain cheese clerk cloud coal
corner cold copper cow crew damp deep ditch door drum dry early eleven empty engine evening far farmer fence field
fire flag flour forest forty found frost gate gave glass goat gold grain grass gravel green guard hammer hay hill hold
honey horse house hungry ice iron joined jug keep kept key ladder lamp lane large last late left lime little loud low
made many maple meadow mend milk miner mirror morning mud nail narrow near never night nine north oats old open orange
over paid paper pear pine plank plough pond post quiet rail rain reed river road roof rope round rust saddle salt sand
saw seed seven shed shelf ship silver sixty slate slow small smoke snow soft song south spade steep stone storm straw
summer swam table tall thin third thirty timber tin toll tower track twelve twice under until upper wagon wall warm
water weir west wheel white wide wind winter wood wool yard yellow young
""".split()  # noqa: SIM905 - readable
DEEDS = ("burned down", "was sold", "opened late", "was flooded", "won a prize", "lost its roof", "changed hands")


class Report(Struct, frozen=True, kw_only=True):
    """An entry of the feed; `page` is its path on the server, or an address elsewhere, None for none."""

    title: str
    text: str
    page: str | None
    guid: str | None
    date: datetime | None


def report(n: int, **changes: Any) -> Report:
    """The n-th report, with a text of its own that is long enough to need no page."""
    place, deed = PLACES[n % len(PLACES)], DEEDS[n % len(DEEDS)]
    chance = Random(n)
    told = [
        f"The {place} at kilometre {n} of the valley {deed} on the night of fair number {n}, its wardens said.",
        *(" ".join(["The", *chance.sample(WORDS, 16), chance.choice(PLACES)]) + "." for _ in range(24)),
    ]
    text = "".join(f"<p>{' '.join(told[at : at + 5])}</p>" for at in range(0, 25, 5))
    fields: dict[str, Any] = {
        "title": f"The {place} {deed}, report {n}",
        "text": text,
        "page": f"/report/{n}",
        "guid": f"report-{n}",
        "date": NOON - timedelta(hours=n + 1),
    }
    return Report(**(fields | changes))


def page(it: Report) -> bytes:
    """The page of a report."""
    head = f"<head><title>{it.title}</title></head>"
    return f"<html>{head}<body><article><h1>{it.title}</h1>{it.text}</article></body></html>".encode()


def rss(reports: Sequence[Report], place: str) -> bytes:
    """A feed that lists these, whose pages are at `place`."""
    items = []
    for each in reports:
        fields = {
            "title": each.title,
            "link": address(each, place),
            "guid": each.guid,
            "pubDate": each.date and format_datetime(each.date),
            "content:encoded": each.text,
        }
        tags = (f"<{name}>{escape(value)}</{name}>" for name, value in fields.items() if value)
        items.append(f"<item>{''.join(tags)}</item>")
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Valley Post</title><link>{place}/</link>{''.join(items)}</channel></rss>"
    ).encode()


def address(it: Report, place: str) -> str | None:
    """Where the page of a report is."""
    return f"{place}{it.page}" if it.page and it.page.startswith("/") else it.page


async def _resolve(host: str, _port: int) -> list[str]:
    """Addresses are what they say; of names only this machine's is known."""
    if host == "localhost":
        return ["127.0.0.1"]
    try:
        return [str(ip_address(host))]
    except ValueError:
        raise OSError(f"no host {host}") from None


class Newsroom:
    """See the module."""

    def __init__(self, database_url: str = "sqlite://") -> None:
        self.now = NOON
        self.storage = Storage.open(database_url)
        self.web = WebServer()
        self.worked: list[str] = []
        """Names of the functions that were run apart."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self.storage)
        await self._stack.enter_async_context(self.web)
        asking = Asking(limit=LIMIT, allow_hosts=frozenset({"127.0.0.1", "localhost"}), gap=0, timeout=5)
        self.fetcher = await self._stack.enter_async_context(Fetcher(asking, resolve=_resolve))
        self.refresher = self.another()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refresher.finish()
        await self._stack.aclose()

    def another(self) -> Refresher:
        """Another process that reads the same sources."""
        return Refresher(
            self.storage,
            self.fetcher,
            self._work,
            Options(every=HOUR / 4, limit=LIMIT),
            place=lambda source: (source.workspace, f"{source.workspace}:managers"),
            follow=partial(queue, self.storage, Keywords(), Preferences(stories=25)),
            now=lambda: self.now,
            jitter=lambda: 0.0,
        )

    async def _work(self, function: Callable[..., Any], *values: Any) -> Any:
        self.worked.append(function.__name__)
        return function(*values)

    # The site

    def publish(self, *reports: Report, path: str = "/feed", **reply: Any) -> None:
        """Let the feed list these, and serve their pages."""
        self.web.serve(path, Reply(self.rss(reports), type="application/rss+xml", **reply))
        for each in reports:
            if each.page and each.page.startswith("/"):
                self.web.serve(each.page, Reply(page(each)))

    def rss(self, reports: Sequence[Report]) -> bytes:
        return rss(reports, self.web.url(""))

    def address(self, it: Report) -> str | None:
        return address(it, self.web.url(""))

    # Reading it

    def source(self, path: str = "/feed", workspace: str = "w", **more: Any) -> Source:
        url = self.web.url(path)
        return self.storage.sources.add(workspace=workspace, url=url, name=f"{workspace} {path}", now=self.now, **more)

    async def look(self, after: timedelta = HOUR, refresher: Refresher | None = None) -> None:
        """Look at what is due so much later."""
        self.now += after
        refresher = refresher or self.refresher
        await refresher.refresh()
        await refresher.idle()

    def feed(self, path: str = "/feed") -> Feed:
        found = self.storage.feeds.by_url(self.web.url(path))
        assert found is not None
        return found

    # What came of it

    def articles(self, workspace: str = "w") -> list[Article]:
        """What is stored, oldest first."""
        return sorted(self.storage.articles.all(workspace), key=lambda article: article.id)

    def titles(self, workspace: str = "w") -> list[str]:
        return sorted(article.title for article in self.articles(workspace))

    def notices(self, workspace: str = "w") -> list[Notice]:
        """What the managers of a workspace were told, oldest first."""
        history = self.storage.outbox.history(workspace, limit=1000)[::-1]
        return [delivery.content for delivery in history if isinstance(delivery.content, Notice)]

    def subscribe(self, query: str = "valley", workspace: str = "w") -> None:
        self.now += timedelta(minutes=1)
        schedule = parse_when("every minute", "UTC")
        self.storage.subscriptions.create(
            workspace=workspace,
            channel=f"{workspace}:#news",
            topic=query,
            query=query,
            schedule=schedule,
            since=self.now,
            next_slot=next_due(schedule, self.now, Preferences()),
            now=self.now,
        )

    def posted(self, workspace: str = "w") -> list[str]:
        """Every headline that was posted, after what is due now is."""
        publish_due(self.storage, Keywords(), Preferences(stories=25), self.now, 100)
        history = self.storage.outbox.history(workspace, limit=1000)[::-1]
        briefings = [delivery.content for delivery in history if isinstance(delivery.content, Briefing)]
        return [
            head.title
            for briefing in briefings
            for head in (*(story.article for story in briefing.stories), *briefing.more)
        ]
