"""A world for one program that is killed: a data folder and a database, a site with a feed, and a chat platform.

Two channels are in it. One gets all that the feed tells as it happens, the other a briefing whose slot has come. When
that is posted, the feed lists one more report and corrects another. What the platform's server has recorded in the end
is compared with that of a world in which nothing was killed.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.storage.tables import leases, shares
from briefings.types import Document, Key, Schedule, Section, Slot
from tests.crash.programs import Kill, Launcher, Program
from tests.crash.sides import SIDES, Post, Side
from tests.servers.newsroom import page, report, rss
from tests.servers.web import Asked, Reply, WebServer

ENOUGH = 240.0
"""Seconds since the last kill after which a world that has not ended has lost something. Left alone on an idle machine
it takes four; so many more, because ten such worlds and whatever else may be running share the machine."""
NOW = datetime.now(UTC)
TEASER, *WHOLE = (report(n, date=NOW - timedelta(minutes=n + 1)) for n in (4, 0, 1, 2))
FIRST = (*WHOLE, replace(TEASER, text=""))
EDITED = replace(FIRST[0], text=FIRST[0].text.replace("fair number 0", "fair number 70"))
SECOND = (report(9, date=NOW), EDITED, *FIRST[1:])
SLOW = "Glaciers"


class Site(WebServer):
    """The feed's web server, which tells what it is asked before and after it answers."""

    def __init__(self, told: Any) -> None:
        super().__init__()
        self._told = told

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        kill = self._told(f"GET {asked.path}")
        if kill == "before":
            self._told(None)
            return False
        done = await super()._answer(asked, writer)
        if kill:
            self._told(None)
        return done

    def tell(self, reports: Sequence[Any]) -> None:
        body = rss(reports, self.url("", "localhost"))  # Another host than the feed's, which would have to rest.
        self.serve("/feed", Reply(body, type="application/rss+xml", etag=f'"{len(reports)}"'))


class World:
    """See the module. `killed` are the kills that really came; `requests` counts those of the first process."""

    def __init__(self, folder: Path, platform: str, url: str) -> None:
        self.folder, self.url = folder, url
        self.side: Side = SIDES[platform]()
        self.site = Site(self._asked)
        self.requests: Counter[str] = Counter()
        self.killed: list[Kill] = []
        self._over = False
        self._since = time.monotonic()
        self._kill: Kill | None = None
        self._program: Program | None = None

    async def live(self, launcher: Launcher, kills: Iterable[Kill] = (), *, profile: Path | None = None) -> Record:
        """Let all happen: each process is killed at the next of `kills`, and another one started until all is done.

        Raises TimeoutError when it never is.
        """
        (self.folder / "sidelines.toml").write_text(_SETTINGS)
        async with AsyncExitStack() as stack:
            self.side.server.middlewares.append(self._middleware())
            await stack.enter_async_context(self.side.server)
            await stack.enter_async_context(self.site)
            self.site.serve(TEASER.page or "", Reply(page(TEASER)))
            self.site.tell(FIRST)
            storage = stack.enter_context(await asyncio.to_thread(Storage.open, self.url))
            await asyncio.to_thread(self._furnish, storage)
            running = asyncio.create_task(self._run(launcher, iter(kills), storage, profile))
            try:
                await self._until(running, lambda: self._has_all(storage, FIRST))
                self.site.tell(SECOND)
                await asyncio.to_thread(self._look_again, storage)
                await self._until(running, lambda: self._has_all(storage, SECOND))
            finally:
                self._over = True
                self._strike()
                await asyncio.wait({running})
            running.result()
            return await asyncio.to_thread(self._record, storage)

    # What happens to the program ---------------------------------------------------------------------------------

    async def _run(self, launcher: Launcher, kills: Iterator[Kill], storage: Storage, profile: Path | None) -> None:
        """Processes one after another, until it is over."""
        environ = {
            "SIDELINES_DATA_DIR": str(self.folder),
            "SIDELINES_CONFIG": str(self.folder / "sidelines.toml"),
            "DATABASE_URL": self.url,
            **self.side.environ,
        }
        while not self._over:
            self._kill = kill = next(kills, None)
            self.requests.clear()
            self._program = await launcher.start(environ, kill, profile=profile)
            self._since = time.monotonic()
            if self._over:
                self._strike()
            timer = None
            if kill and kill.what == "instant":
                timer = asyncio.get_running_loop().call_later(kill.nth / 1000, self._strike)
            status = await self._program.ended
            if timer:
                timer.cancel()
            if self._over:
                return
            if status != -signal.SIGKILL or kill is None:
                raise RuntimeError(f"It ended with {status}.")
            self.killed.append(kill)
            await asyncio.to_thread(let_go, storage)

    def _strike(self) -> None:
        if self._program:
            self._program.kill()

    def _asked(self, name: str | None) -> str | None:
        """A request has come; answers when the program is to be killed at it. None: it is that time."""
        if name is None:
            self._strike()
            return None
        self.requests[name] += 1
        kill = self._kill
        if kill and (kill.what, kill.site, kill.nth) == ("request", name, self.requests[name]):
            return kill.when
        return None

    def _middleware(self) -> Any:
        @web.middleware
        async def watch(request: web.Request, handler: Any) -> web.StreamResponse:
            when = self._asked(_named(request))
            if when == "before":
                self._strike()
                if request.transport:
                    request.transport.abort()
                return web.Response(status=500)
            try:
                response: web.StreamResponse = await handler(request)
            except ConnectionResetError:  # It was killed meanwhile.
                return web.Response(status=500)
            if when == "after" and not response.prepared:
                await response.prepare(request)
                await response.write_eof()
            if when:
                self._strike()
            return response

        return watch

    async def _until(self, running: asyncio.Task[None], done: Any) -> None:
        self._since = time.monotonic()
        while not await asyncio.to_thread(done):
            await asyncio.wait({running}, timeout=0.2)
            if running.done():
                running.result()
            if time.monotonic() > self._since + ENOUGH:
                raise TimeoutError

    # What it is about ----------------------------------------------------------------------------------------------

    def _furnish(self, storage: Storage) -> None:
        now = datetime.now(UTC)
        workspace = self.side.workspace
        slow = Schedule("daily", (f"{now.minute} {now.hour} * * *",), "UTC")  # A day from now at the earliest.
        with storage.writing():
            storage.first_time("sample")
            storage.sources.add(workspace=workspace, url=self.site.url("/feed"), name="Valley Post", now=now)
            for number in range(3):
                words = "In the year {} glacier {} moved by {} metres, " + "which was more than it had ever been, " * 9
                told = tuple((f"{words.format(year, number, year - 1900)}they said.",) for year in range(1990, 1998))
                document = Document(title=f"{SLOW} move, {number}", sections=(Section(None, told),))
                storage.articles.add(document, keys=[Key("guid", str(number))], workspace=workspace, now=now)
            yesterday = now - timedelta(days=1)
            for channel, topic, schedule in (
                (self.side.channels[0], "valley", parse_when("as it happens", "UTC")),
                (self.side.channels[1], "glaciers", slow),
            ):
                storage.subscriptions.create(
                    workspace=workspace,
                    channel=f"{workspace}:#{channel}",
                    topic=topic,
                    query=topic,
                    schedule=schedule,
                    since=yesterday,
                    next_slot=Slot(yesterday.strftime("%Y-%m-%dT%H:%M"), yesterday) if topic == "glaciers" else None,
                    now=yesterday,
                )

    def _look_again(self, storage: Storage) -> None:
        for source in storage.sources.list(self.side.workspace):
            storage.feeds.due_now(source.feed.id, datetime.now(UTC))

    def _has_all(self, storage: Storage, reports: Sequence[Any]) -> bool:
        """Whether the program itself says that all was taken in, posted and told."""
        words = "\n".join(post.words for post in self.side.posts())
        told = all(it.title in words for it in reports) and ("fair number 70" in words or reports is FIRST)
        waited = storage.outbox.counts()
        if waited.get("pending") or not (told or waited.get("unknown")):
            return False
        articles = list(storage.articles.all(self.side.workspace))
        changed = any("fair number 70" in str(it.sections) for it in articles)
        due = storage.subscriptions.earliest_due()
        return (
            len(articles) >= len(reports) + 3
            and (changed or reports is FIRST)
            and (due is None or due > datetime.now(UTC))
        )

    def _record(self, storage: Storage) -> Record:
        posts = self.side.posts()
        titles = [it.title for it in SECOND] + [f"{SLOW} move, {number}" for number in range(3)]
        found = {
            (number, title): sum(title in post.words for post in posts if post.channel == channel)
            for number, channel in enumerate(self.side.channels)
            for title in (*titles, "fair number 70")
        }
        articles = sorted((it.title, str(it.sections)) for it in storage.articles.all(self.side.workspace))
        keys = Counter(post.key for post in posts)
        return Record(
            shown={key: count for key, count in found.items() if count},
            doubled=sum(count - 1 for count in keys.values()),
            articles=articles,
            unknown=storage.outbox.counts().get("unknown", 0),
            posts=tuple(posts),
            refused=tuple(self.side.server.breaches),
        )


class Record(Struct, frozen=True):
    """What came of a world: how many posts show each headline in each channel, how often a part was posted again, what
    is stored, and how many deliveries the program itself says it does not know of."""

    shown: dict[tuple[int, str], int]
    doubled: int
    articles: list[tuple[str, str]]
    unknown: int
    posts: tuple[Post, ...]
    refused: tuple[str, ...]

    def against(self, calm: Record) -> tuple[int, int]:
        """How much was lost and how much doubled, compared with a world in which nothing was killed."""
        lost = sum(max(0, count - self.shown.get(key, 0)) for key, count in calm.shown.items())
        doubled = sum(max(0, count - calm.shown.get(key, 0)) for key, count in self.shown.items())
        stored = Counter(self.articles)
        stored.subtract(Counter(calm.articles))
        lost += -sum(count for count in stored.values() if count < 0)
        doubled += sum(count for count in stored.values() if count > 0)
        return lost, max(doubled, self.doubled)


def let_go(storage: Storage) -> None:
    """Let the time pass in which a dead process's leases run out, as a start on SQLite does by itself."""
    storage.outbox.release(datetime.now(UTC))
    storage.claims.release()
    storage.feeds.release()
    with storage.writing() as connection:
        connection.execute(leases.delete())
        connection.execute(shares.delete())


def _named(request: web.Request) -> str:
    """A request's name: its path without the numbers in it."""
    path = "/".join("#" if part.isdigit() else part for part in request.path.split("/"))
    return f"{request.method} {path}"


_SETTINGS = """
[reading]
allow_hosts = ["127.0.0.1", "localhost"]
[delivery]
first_wait = 0.1
[briefing]
style = "full"
sentences = 8
"""
