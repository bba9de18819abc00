"""A year in minutes: the program's own refreshing, publishing and delivery, driven through 2026 by a simulated clock.

Subscriptions in every IANA zone and with all kinds of schedules; feeds whose entries come and change; quiet hours,
pauses, channels that are gone for days; sends that fail; processes killed at random statements, commits and calls, and
days on which nothing runs. What each channel was posted is compared with what zoneinfo and the rules alone say
(`tests.simulation.expected`): as many briefings as there are matching local dates, less those without news.

    python -m tests.simulation.year [--database sqlite:///FILE | postgresql://...] [--days 365] [--zones 597] [--seed 1]
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time as real
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select

from briefings import audit
from briefings.publish import resumption
from briefings.schedules import parse_when
from briefings.slots import next_due
from briefings.storage.tables import articles
from briefings.storage.upkeep import tidy
from briefings.types import EVERYONE, Quiet
from tests.simulation.expected import AS_IT_HAPPENS, DAY, HOUR, INSTANT, Count, Lot, Span, briefings, zone_of
from tests.simulation.plan import Subscribed, planned
from tests.simulation.world import (
    DEFAULTS,
    TOPICS,
    Clock,
    Killed,
    Platform,
    Process,
    Site,
    open_storage,
)

START = datetime(2026, 1, 1, tzinfo=UTC) - DAY / 2  # Before it is 2026 in any zone.
ZONES = sorted(available_timezones() - {"localtime", "Factory"})


class Year:
    """See the module. `processes` run at a time; `kills` is the chance of each to be killed in a deed, `news` how many
    stories a day there are on a topic. Every day `daily` is called."""

    def __init__(
        self,
        url: str,
        start: datetime,
        end: datetime,
        zones: list[str],
        *,
        seed: int = 1,
        processes: int = 1,
        kills: float = 0.01,
        news: float = 0.3,
        daily: Callable[[datetime], object] = lambda _now: None,
    ) -> None:
        self.daily = daily
        self.url, self.start, self.end, self.kills = url, start, end, kills
        self.chance = Random(seed)
        self.clock = Clock(start)
        self.site = Site(self.clock, self.chance, start, end, news)
        self.platform = Platform(self.clock, self.chance)
        self.eye = open_storage(url, self.clock)
        """What the judge sees the database with; it is never killed."""
        self.subscribed = planned(zones, self.chance, start, end)
        self._subscribe()
        self.deeds = sorted(
            (moment, place, number)
            for number, it in enumerate(self.subscribed)
            for span in it.pauses
            for place, moment in enumerate(span)
        )
        self.slots: list[datetime | None] = [start] * processes
        """When each process that does not run is started again."""
        self.alive: list[Process | None] = [None] * processes
        self.stopped: list[Span] = []
        self.long_stops = [
            (start + share * (end - start), length)
            for share, length in ((0.3, 9 * HOUR), (0.7, 2 * DAY))
            if end - start > 30 * DAY
        ]
        self.arrived: dict[str, datetime] = {}
        self.followed = self.seen = 0
        self.tally: Counter[str] = Counter()
        self.count = Count()

    # The world ----------------------------------------------------------------------------------------------

    def _subscribe(self) -> None:
        """Store the sources and subscriptions that everything begins with."""
        for topic in TOPICS:
            url = f"http://site.example/{topic}"
            self.eye.sources.add(workspace=EVERYONE, url=url, name=topic, now=self.start - HOUR)
        for it in self.subscribed:
            schedule = parse_when(it.rule.words, it.zone)
            if it.quiet:
                quiet = Quiet(*(at.hour * 60 + at.minute for at in it.quiet))
                self.eye.preferences.set(it.workspace, "quiet", quiet, channel=it.channel)
                self.eye.preferences.set(it.workspace, "zone", it.zone, channel=it.channel)
            preferences = self.eye.preferences.merged(it.workspace, it.channel, DEFAULTS)
            it.id = self.eye.subscriptions.create(
                workspace=it.workspace,
                channel=it.channel,
                topic=it.topic,
                query=it.topic,
                schedule=schedule,
                since=self.start,
                next_slot=next_due(schedule, self.start, preferences),
                now=self.start,
            ).id
            if it.gone:
                self.platform.gone[it.channel] = it.gone

    # Living -------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Through the whole of it, and on until all that was published by its end is delivered."""
        while self.clock.now < self.end:
            await self._step()
            self.clock.now = min(self.end, self._next())
        self.slots = [self.end] * len(self.slots)
        self.kills = self.platform.failing = 0.0
        await self._step()
        while at := self.eye.outbox.next_attempt():
            self.clock.now = max(at, self.clock.now + timedelta(seconds=5))
            self._start()
            for process in self.running:
                await process.deliver()
        self._audit()
        for process in self.running:
            await process.bury()

    @property
    def running(self) -> list[Process]:
        return [process for process in self.alive if process]

    def _next(self) -> datetime:
        """When something is to be done next."""
        now = self.clock.now
        starts = [at for at, process in zip(self.slots, self.alive, strict=True) if at and not process]
        if not self.running:
            return min(starts)
        soon = [
            self.eye.feeds.earliest_due(),
            self.eye.subscriptions.earliest_due(),
            self.eye.outbox.next_attempt(),
            *(moment for moment, *_ in self.deeds[:1]),
            *(moment for moment, _ in self.long_stops[:1]),
            *starts,
        ]
        return max(min(at for at in soon if at), now + timedelta(seconds=5))

    async def _step(self) -> None:
        now = self.clock.now
        if self.long_stops and self.long_stops[0][0] <= now:
            _, length = self.long_stops.pop(0)
            for process in self.running:
                await process.bury()
            self.alive = [None] * len(self.alive)
            self.slots = [now + length] * len(self.slots)
            self.stopped.append((now, now + length))
            self.tally["long stops"] += 1
            return
        self._start()
        self._do()
        await self._all("refresh")
        self._look()
        self._wake()
        published = await self._all("publish")
        await self._all("deliver")
        if not self.running:
            self.stopped.append((now + INSTANT if published else now, min(at for at in self.slots if at)))
        if self.running and (self.tally["audits"] == 0 or now - self.audited >= DAY):
            self._audit()
            self.daily(now)
            tidy(self.eye, now, followed=self.followed)

    async def _all(self, deed: str) -> bool:
        """Let every process do its part, and perhaps be killed in it; whether any came past its first commit."""
        done = False
        for process in self.running:
            process.commits = 1
            if self.chance.random() < self.kills:
                process.fuse = self.chance.randrange(self.chance.choice((8, 40)))
            await self._one(process, deed)
            process.fuse = None
            done = done or process.commits > 0
        return done

    async def _one(self, process: Process, deed: str) -> None:
        """One thing that a process does, and perhaps its last."""
        try:
            await getattr(process, deed)()
        except Killed:
            assert process.dead
            place = self.alive.index(process)
            await process.bury()
            self.alive[place] = None
            seconds = self.chance.choice((1, 10, 90, 2400)) * self.chance.random()
            self.slots[place] = self.clock.now + timedelta(seconds=1 + seconds)
            self.tally[f"killed in {deed}"] += 1

    def _start(self) -> None:
        for place, at in enumerate(self.slots):
            if self.alive[place] is None and at and at <= self.clock.now:
                self.alive[place] = Process(self.url, self.clock, self.site, self.platform)
                self.tally["starts"] += 1

    def _do(self) -> None:
        """Pause and resume as people do."""
        while self.running and self.deeds and self.deeds[0][0] <= self.clock.now:
            _, ends, number = self.deeds.pop(0)
            it, now = self.subscribed[number], self.clock.now
            if ends:
                schedule = parse_when(it.rule.words, it.zone)
                self.eye.subscriptions.resume(it.id, it.workspace, resumption(schedule, DEFAULTS, now))
                it.paused[-1] = it.paused[-1][0], now
            else:
                self.eye.subscriptions.pause(it.id, it.workspace)
                it.paused.append((now, self.end + DAY))

    def _look(self) -> None:
        """Note which stories came now. What each feed listed at the very first look is no news."""
        with self.eye.reading() as connection:
            query = select(articles.c.id, articles.c.title).where(articles.c.id > self.seen).order_by(articles.c.id)
            for id, title in connection.execute(query):
                assert title not in self.arrived, f"{title} was stored twice"
                self.arrived[title] = self.clock.now
                self.seen = id

    def _wake(self) -> None:
        """As the index does when it follows: whoever gets stories as they happen is due."""
        if self.running and self.eye.articles.last_change() != self.followed:
            self.followed = self.eye.articles.last_change()
            self.eye.subscriptions.wake_as_it_happens(self.clock.now)

    def _audit(self) -> None:
        self.audited = self.clock.now
        found = audit.daily(self.eye, self.clock.now, lambda: ("scripted:W0", "scripted:W0:@owner"))
        self.tally["audits"] += found is not None
        self.tally["slots lost by the audit"] += found.balance.lost if found else 0

    # Judging ------------------------------------------------------------------------------------------------

    def differences(self) -> Iterator[str]:
        """What is not as it should be."""
        late = 3 * DAY  # The longest stop, and the time between two looks.
        for title, at in self.site.published.items():
            if (
                at < self.end - late
                and not at - INSTANT <= self.arrived.get(title, at - DAY) <= max(at, self.start) + late
            ):
                yield f"{title}, published {at}, was stored {self.arrived.get(title)}"
        by_channel: dict[str, list[Subscribed]] = {}
        for it in self.subscribed:
            by_channel.setdefault(it.channel, []).append(it)
        for channel, its in by_channel.items():
            news = sorted(
                (at, title)
                for title, at in self.arrived.items()
                if title.startswith(its[0].topic.title()) and self.site.published[title] > self.start
            )
            due = briefings([self._lot(it, news) for it in its], news, self.stopped, self.end, self.count)
            got = self.platform.briefings.get(channel, [])
            if got != due:
                at = next((n for n, (a, b) in enumerate(zip(got, due, strict=False)) if a != b), len(due))
                what = f"{channel} ({its[0].rule.words}) got {len(got)} of {len(due)}"
                yield f"{what}; number {at} on: {got[at : at + 2]} for {due[at : at + 2]}"
        if self.platform.doubled:
            yield f"posted twice: {self.platform.doubled}"
        unfinished = {state: n for state, n in self.eye.outbox.counts().items() if state not in ("delivered", "failed")}
        if unfinished:
            yield f"deliveries that ended otherwise: {unfinished}"
        if self.tally["slots lost by the audit"]:
            yield "the audit raised an alarm"
        if not self.count.whole:
            yield "the judge counted wrong"

    def _lot(self, it: Subscribed, news: list[tuple[datetime, str]]) -> Lot:
        zone = zone_of(it.zone, self.start, self.end)
        if it.rule is AS_IT_HAPPENS:
            slots = sorted({at for at, _ in news})
        else:
            slots = zone.slots(it.rule, self.start, self.end)
        quiet = zone.nights(*it.quiet) if it.quiet else ()
        return Lot(it.id, slots, quiet, it.paused, it.gone)


def report(year: Year, found: list[str], seconds: float) -> str:
    """The table."""
    count, platform = year.count, year.platform
    rows = {
        "zones, channels, subscriptions": f"{len({it.zone for it in year.subscribed})}, "
        f"{len({it.channel for it in year.subscribed})}, {len(year.subscribed):,}",
        "stories, with changes told": f"{len(year.arrived):,}, {platform.replies + platform.edits:,}",
        "matching local dates and times": f"{count.slots:,}",
        "  with no news": f"{count.empty:,}",
        "  served with a later one (stopped, quiet)": f"{count.together:,}",
        "  paused by a person": f"{count.paused:,}",
        "  still held at the end": f"{count.held:,}",
        "  while the channel was gone": f"{count.withheld:,}",
        "  so briefings to be posted": f"{count.told:,}",
        "briefings posted": f"{sum(map(len, platform.briefings.values())):,}",
        "posted twice": len(platform.doubled),
        "differences": len(found),
        "kills": ", ".join(f"{name.removeprefix('killed ')} {n}" for name, n in year.tally.items() if "kill" in name),
        "sends that failed": f"{platform.failed:,}",
        "audits, slots they missed": f"{year.tally['audits']}, {year.tally['slots lost by the audit']}",
        "took": f"{seconds:.0f} s for {(year.end - year.start) / DAY:.0f} days",
    }
    return "\n".join([*(f"{name:42} {value}" for name, value in rows.items()), *found[:20]])


def live(url: str, start: datetime, end: datetime, zones: list[str], **how: Any) -> tuple[Year, list[str], str]:
    """A year, or another time; gives it, what was not as it should be, and the table."""
    begin = real.monotonic()
    year = Year(url, start, end, zones, **how)
    logging.disable(logging.CRITICAL)
    threads, asyncio.to_thread = asyncio.to_thread, _at_once
    try:
        asyncio.run(year.live())
    finally:
        asyncio.to_thread = threads
        logging.disable(logging.NOTSET)
    found = list(year.differences())
    year.eye.close()
    return year, found, report(year, found, real.monotonic() - begin)


def _tell(now: datetime) -> None:
    print(f"\r{now:%d %B}  ", end="", file=sys.stderr, flush=True)


async def _at_once(function: Any, /, *values: Any, **named: Any) -> Any:
    """In place of a thread: so that one seed is one year, and less is waited."""
    return function(*values, **named)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database")
    parser.add_argument("--days", type=int, default=366)
    parser.add_argument("--zones", type=int, default=len(ZONES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=float, default=0.01)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{Path(folder) / 'year.db'}"
        processes = 1 if url.startswith("sqlite") else 2
        zones = Random(options.seed).sample(ZONES, options.zones)
        end = START + options.days * DAY
        _, found, table = live(
            url, START, end, zones, seed=options.seed, processes=processes, kills=options.kills, daily=_tell
        )
    print(f"\n{table}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
