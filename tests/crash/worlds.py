"""A world for one program that is killed: a data folder and a database, a site with a feed, and a chat platform.

Two channels are in it. One gets all that the feed tells as it happens, the other a briefing whose slot has come. When
that is posted, the feed lists one more report and corrects another. What the platform's server has recorded in the end
is compared with that of a world in which nothing was killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from briefings.slots import parse_when
from briefings.storage import Storage
from briefings.storage.tables import leases, shares
from briefings.types import Document, Key, Schedule, Section, Slot
from tests.servers.discord import DiscordServer
from tests.servers.newsroom import page, report, rss
from tests.servers.slack import SlackServer
from tests.servers.web import Asked, Reply, WebServer

ROOT = Path(__file__).parents[2]
ENOUGH = 90.0
"""Seconds after which a world that has not ended has lost something."""
NOW = datetime.now(UTC)
TEASER, *WHOLE = (report(n, date=NOW - timedelta(minutes=n + 1)) for n in (4, 0, 1, 2))
FIRST = (*WHOLE, replace(TEASER, text=""))
EDITED = replace(FIRST[0], text=FIRST[0].text.replace("fair number 0", "fair number 70"))
SECOND = (report(9, date=NOW), EDITED, *FIRST[1:])
SLOW = "Glaciers"


class Kill(Struct, frozen=True):
    """Where a process is killed. At a statement or commit: see `launcher`. At a request: `site` is its name, and `when`
    is "before" the server does anything, when it is "done" but not answered, or "after" the answer. At an instant:
    `nth` milliseconds after the start."""

    what: str
    site: str = ""
    when: str = "before"
    nth: int = 1


class Post(Struct, frozen=True):
    """What the platform shows: its channel, the key by which the program knows it, and its words."""

    channel: str
    key: str
    words: str


class Side(Protocol):
    """A chat platform: its server, and what the program is told of it."""

    server: Any
    workspace: str
    channels: tuple[str, str]
    environ: dict[str, str]

    def posts(self) -> list[Post]: ...


class SlackSide:
    """A Slack with one workspace."""

    def __init__(self) -> None:
        self.server = SlackServer(strict=False)
        self.server.pace.per_channel = None
        team = self.server.add_workspace("T0CRASH001", "Crash")
        team.user("U0CRASH001", "kim", admin=True)
        for id, name in (("C0CRASH001", "valley"), ("C0CRASH002", "glaciers")):
            team.channel(id, name)
        self.server.socket()
        self.workspace = "slack:T0CRASH001"
        self.channels = ("C0CRASH001", "C0CRASH002")

    @property
    def environ(self) -> dict[str, str]:
        return {
            "SLACK_API_URL": self.server.api_url,
            "SLACK_BOT_TOKEN": "xoxb-T0CRASH001",
            "SLACK_APP_TOKEN": self.server.app_token,
        }

    def posts(self) -> list[Post]:
        return [
            Post(channel, json.dumps(message.metadata), message.shown)
            for channel in self.channels
            for message in self.server.posts(channel)
        ]


class DiscordSide:
    """A Discord with one server."""

    def __init__(self) -> None:
        self.server = DiscordServer(strict=False)
        self.server.pace.buckets.clear()
        guild = self.server.add_guild("Crash")
        self._guild = guild
        self.channels = (guild.channel("valley").id, guild.channel("glaciers").id)
        self.workspace = f"discord:{guild.id}"

    @property
    def environ(self) -> dict[str, str]:
        return {"DISCORD_API_URL": self.server.api_url, "DISCORD_TOKEN": self.server.token}

    def posts(self) -> list[Post]:
        parents = {id: place.parent for id, place in self._guild.channels.items() if place.parent}
        return [
            Post(parents.get(message.channel, message.channel) or "", str(message.nonce), message.shown)
            for message in self.server.world.messages.values()
            if message.author is self.server.bot and message.via == "api"
        ]


SIDES: dict[str, type[SlackSide | DiscordSide]] = {"slack": SlackSide, "discord": DiscordSide}


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


class Launcher:
    """The process that starts programs; see `launcher`."""

    async def __aenter__(self) -> Launcher:
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._begun: dict[int, asyncio.Future[int]] = {}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.launcher",
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def start(
        self,
        environ: dict[str, str],
        kill: Kill | None = None,
        *,
        profile: Path | None = None,
        only: Sequence[str] = (),
        lease: int | None = None,
    ) -> tuple[int, asyncio.Future[int]]:
        """Start a program; gives its process number, and what will tell its status. `lease`: see `launcher`."""
        id, loop = len(self._ended), asyncio.get_running_loop()
        self._begun[id], self._ended[id] = loop.create_future(), loop.create_future()
        point = None
        if kill and kill.what in {"statement", "commit"}:
            point = {"what": kill.what, "site": kill.site, "when": kill.when, "nth": kill.nth}
        order = {"id": id, "environ": environ, "point": point, "only": only, "lease": lease}
        order["profile"] = str(profile) if profile else None
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self._begun[id], self._ended[id]

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            told = json.loads(line)
            if "pid" in told:
                self._begun[told["id"]].set_result(told["pid"])
            else:
                self._ended[told["id"]].set_result(told["status"])


class World:
    """See the module. `killed` are the kills that really came; `requests` counts those of the first process."""

    def __init__(self, folder: Path, platform: str, url: str) -> None:
        self.folder, self.url = folder, url
        self.side: Side = SIDES[platform]()
        self.site = Site(self._asked)
        self.requests: Counter[str] = Counter()
        self.killed: list[Kill] = []
        self._over = False
        self._kill: Kill | None = None
        self._pid = 0

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
            self._pid, ended = await launcher.start(environ, kill, profile=profile)
            if self._over:
                self._strike()
            timer = None
            if kill and kill.what == "instant":
                timer = asyncio.get_running_loop().call_later(kill.nth / 1000, self._strike)
            status = await ended
            self._pid = 0
            if timer:
                timer.cancel()
            if self._over:
                return
            if status != -signal.SIGKILL or kill is None:
                raise RuntimeError(f"It ended with {status}.")
            self.killed.append(kill)
            await asyncio.to_thread(let_go, storage)

    def _strike(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)

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
        end = time.monotonic() + ENOUGH
        while not await asyncio.to_thread(done):
            await asyncio.wait({running}, timeout=0.2)
            if running.done():
                running.result()
            if time.monotonic() > end:
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
