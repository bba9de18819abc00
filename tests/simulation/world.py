"""A world for a year: a site whose feeds change, a platform that sometimes fails, and processes that are killed.

The processes are the product's own parts on a database that they share. Time passes only where the world says so, for
the database too. A process that is killed goes no further at that statement, commit or call; what it held stays held,
and the next one opens the database anew.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import BigInteger, event, literal_column

from bot.connectors import ChannelGone, Limits, OutcomeUnknown, Part, RateLimited, TemporaryFailure
from bot.delivery import LOOK_AFTER, Deliverer, Retries
from briefings.fetch import Fetched
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.refresh import Options, Refresher
from briefings.storage import Storage
from briefings.storage.engine import milliseconds
from briefings.types import Briefing, Content, Notice, Preferences
from briefings.updates import queue
from tests.servers.newsroom import Report, report, rss
from tests.simulation.expected import DAY, HOUR, Span

TOPICS = ("volcano", "parliament", "vaccine", "chess", "glacier", "opera")
"""None is a word of the reports of `tests.servers.newsroom`."""
LISTED = 12
"""Entries of a feed; older ones are listed no more."""
DEFAULTS = Preferences()
RETRIES = Retries(attempts=25, first=timedelta(seconds=2), longest=timedelta(minutes=15))
LEASE = timedelta(seconds=60)
EVERY = HOUR


class Killed(BaseException):
    """The process is no more."""


class Clock:
    """What everything goes by."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Nobody waits while time stands: what is left of a pause that a platform asked for is left to the outbox."""
        raise RateLimited("The workspace asked for a pause.", timedelta(seconds=seconds))


class Site:
    """Feeds, one for each topic. Entries come at random, so many `daily`, and some change: a little, or altogether."""

    def __init__(self, clock: Clock, chance: Random, start: datetime, end: datetime, daily: float) -> None:
        self._clock = clock
        self.published: dict[str, datetime] = {}
        self._entries: dict[str, list[tuple[datetime, Report]]] = {topic: [] for topic in TOPICS}
        self._changes: list[tuple[datetime, str, Report]] = []
        numbers = iter(range(1_000_000))
        for topic in TOPICS:
            at = start - DAY
            while at < end:
                entry = _entry(topic, next(numbers), at)
                self._entries[topic].append((at, entry))
                self.published[entry.title] = at
                for share, change in ((0.2, _corrected), (0.1, _rewritten)):
                    if chance.random() < share and at > start:  # What was there before is news once it is rewritten.
                        self._changes.append((at + chance.random() * 2 * DAY, topic, change(entry)))
                at += max(HOUR, chance.expovariate(daily) * DAY)
        self._changes.sort(key=lambda each: each[0])

    async def fetch(self, url: str, *, etag: str | None = None, **_how: Any) -> Fetched:
        """As `briefings.fetch.Fetcher` does."""
        now, topic = self._clock.now, url.rpartition("/")[2]
        listed = {entry.guid: entry for at, entry in self._entries[topic] if at <= now}
        shown = dict(list(listed.items())[-LISTED:])
        for at, its, entry in self._changes:
            if at <= now and its == topic and entry.guid in shown:
                shown[entry.guid] = entry
        tag = str(hash(tuple(shown.values())))
        if tag == etag:
            return Fetched(url=url, not_modified=True, etag=etag)
        body = rss(list(reversed(shown.values())), "http://site.example")
        return Fetched(url=url, body=body, content_type="application/rss+xml", etag=tag, digest=tag)


def _entry(topic: str, number: int, at: datetime) -> Report:
    """A story of its own: no two are alike enough to be one."""
    text = report(number).text.replace("The ", f"The {topic} ", 1)
    return report(number, title=f"{topic.title()} story number {number}", text=text, page=f"/{number}", date=at)


def _corrected(entry: Report) -> Report:
    return _with_text(entry, entry.text.replace("wardens said", "wardens say", 1))


def _rewritten(entry: Report) -> Report:
    topic = entry.title.split()[0].lower()
    return _with_text(entry, _entry(topic, 10_000_000 + int(entry.title.split()[-1]), entry.date).text)


def _with_text(entry: Report, text: str) -> Report:
    return Report(title=entry.title, text=text, page=entry.page, guid=entry.guid, date=entry.date)


class Platform:
    """What was posted, for good. Sends fail at times as platforms fail; what became of one can be asked afterwards."""

    name = "scripted"
    listens_alone = True
    limits = Limits(
        messages_per_second=float("inf"), messages_per_second_per_channel=float("inf"), message_characters=100_000
    )

    def __init__(self, clock: Clock, chance: Random) -> None:
        self._clock, self._chance = clock, chance
        self.failing = 0.02
        self.gone: dict[str, Sequence[Span]] = {}
        self.keys: dict[str, str] = {}
        self.doubled: list[str] = []
        self.briefings: dict[str, list[list[str]]] = {}
        self.notices: list[tuple[str, str]] = []
        self.replies = self.edits = self.failed = 0

    def render(self, content: Content) -> Sequence[Part]:
        if isinstance(content, Notice):
            return [Part(content, content.text)]
        assert isinstance(content, Briefing)
        heads = sorted([*(story.article.title for story in content.stories), *(head.title for head in content.more)])
        parts = [Part(heads, "the briefing")]
        return [*parts, Part(None, "the rest")] if len(heads) > 2 else parts

    async def clear(self) -> None:
        pass

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        self._fail(channel)
        lost = self._chance.random() < self.failing / 2
        if lost and self._chance.random() < 0.5:
            raise OutcomeUnknown("The line broke.", LOOK_AFTER)
        if key in self.keys:
            self.doubled.append(key)
        self.keys[key] = f"m{len(self.keys)}"
        if isinstance(part.payload, Notice):
            self.notices.append((channel, part.text))
        elif thread is not None:
            self.replies += 1
        else:
            self.briefings.setdefault(channel, []).append(part.payload)
        if lost:
            raise OutcomeUnknown("The line broke.", LOOK_AFTER)
        return self.keys[key]

    async def edit(self, channel: str, message: str, part: Part, *, thread: str | None) -> None:
        self._fail(channel)
        self.edits += 1

    async def find(
        self, channel: str, *, key: str, thread: str | None, begun: datetime | None = None, told: Collection[str] = ()
    ) -> str | None:
        return self.keys.get(key)

    def managers(self, workspace: str, person: str | None) -> str:
        return f"{workspace}:@{person or 'owner'}"

    def _fail(self, channel: str) -> None:
        if any(begin <= self._clock.now < end for begin, end in self.gone.get(channel, ())):
            raise ChannelGone("Invite me.")
        if self._chance.random() < self.failing:
            self.failed += 1
            raise self._chance.choice((TemporaryFailure("Busy."), RateLimited("Slow down.", timedelta(seconds=40))))


class Process:
    """One life of a process: the parts of the product, until `fuse` more steps are done."""

    def __init__(self, url: str, clock: Clock, site: Site, platform: Platform) -> None:
        self.fuse: int | None = None
        self.dead = False
        self.commits = 0
        """Since it last began to publish."""
        self._clock = clock
        self.storage = open_storage(url, clock)
        self._watch()
        self._keywords = Keywords()
        self.deliverer = Deliverer(
            self.storage,
            {platform.name: _Line(self, platform)},
            retries=RETRIES,
            lease=LEASE,
            shared=self.storage.database.shared,
            now=lambda: clock.now,
            monotonic=clock.monotonic,
            sleep=clock.sleep,
            jitter=lambda: 0.5,
        )
        self.refresher = Refresher(
            self.storage,
            site,  # type: ignore[arg-type]
            _work,
            Options(every=EVERY, limit=1_000_000),
            place=lambda source: ("scripted:W0", "scripted:W0:@owner"),
            follow=partial(queue, self.storage, self._keywords, DEFAULTS),
            now=lambda: clock.now,
            jitter=lambda: 0.0,
        )
        if not self.storage.database.shared:  # As bot.app.running does.
            self.storage.outbox.release(clock.now)
            self.storage.feeds.release()

    def step(self) -> None:
        """It does one thing more, or is killed."""
        if self.fuse is not None and not self.dead:
            self.fuse -= 1
            self.dead = self.fuse < 0
        if self.dead:
            raise Killed

    async def refresh(self) -> None:
        if (at := await self.refresher.next_due()) and at <= self._clock.now:
            await self.refresher.refresh()
            await self.refresher.idle()
            self.step()

    async def publish(self) -> None:
        if (at := self.storage.subscriptions.earliest_due()) and at <= self._clock.now:
            self.commits = 0
            publish_due(self.storage, self._keywords, DEFAULTS, self._clock.now)

    async def deliver(self) -> None:
        while (at := await self.deliverer.next_attempt()) and at <= self._clock.now:
            await self.deliverer.deliver()
            await self.deliverer.idle()
            self.step()
        await self.deliverer.keep()

    async def bury(self) -> None:
        """Let all that was under way find that the process is no more, and close what it had open."""
        self.dead = True
        await self.deliverer.idle()
        with suppress(Killed):
            await self.refresher.idle()
        self.storage.close()

    def _watch(self) -> None:
        """Make a step of every statement and every commit, before and after it."""
        dialect: Any = self.storage.database.engine.dialect
        execute, commit = dialect.do_execute, dialect.do_commit

        def do_execute(*how: Any) -> None:
            self.step()
            execute(*how)

        def do_commit(connection: Any) -> None:
            self.step()
            commit(connection)
            self.commits += 1
            self.step()

        dialect.do_execute, dialect.do_commit = do_execute, do_commit


class _Line:
    """The platform as a process that may be killed sees it."""

    def __init__(self, process: Process, platform: Platform) -> None:
        self._process, self._platform = process, platform

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    async def send(self, *what: Any, **how: Any) -> str:
        return await self._between(self._platform.send, *what, **how)

    async def edit(self, *what: Any, **how: Any) -> None:
        return await self._between(self._platform.edit, *what, **how)

    async def find(self, *what: Any, **how: Any) -> str | None:
        return await self._between(self._platform.find, *what, **how)

    async def _between(self, call: Callable[..., Awaitable[Any]], *what: Any, **how: Any) -> Any:
        self._process.step()
        answer = await call(*what, **how)
        self._process.step()
        return answer


async def _work(function: Callable[..., Any], *values: Any) -> Any:
    return function(*values)


def open_storage(url: str, clock: Clock) -> Storage:
    """The database, whose own clock is the world's too; a SQLite file is not made to wait for the disk."""
    storage = Storage.open(url)
    storage.database.clock = literal_column("(the_worlds_clock)", BigInteger())

    @event.listens_for(storage.database.engine, "before_cursor_execute", retval=True)
    def tell(_connection: Any, _cursor: Any, statement: str, values: Any, *_others: Any) -> tuple[str, Any]:
        return statement.replace("(the_worlds_clock)", str(milliseconds(clock.now))), values

    if not storage.database.shared:
        event.listen(storage.database.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF"))
        storage.database.engine.dispose()
    return storage
