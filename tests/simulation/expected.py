"""What a year should bring, from zoneinfo and the rules alone: nothing here knows the product or reads its database.

A rule is a set of local dates and times of day. A local time falls on the first instant at which the clock of its zone
shows it or has passed it, so that one skipped in spring comes right after the gap, and one repeated in autumn comes
once. Times that fall on one instant are one slot.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY, HOUR, STEP, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15), timedelta(microseconds=1)
Span = tuple[datetime, datetime]


class Rule(NamedTuple):
    """`words` as a person types them, and what they mean; no times: as it happens."""

    words: str
    on: Callable[[date], bool]
    times: tuple[time, ...]


def every_day(_day: date) -> bool:
    return True


def hours(*which: int, minute: int = 0) -> tuple[time, ...]:
    return tuple(time(hour, minute) for hour in which)


def daily(hour: int, minute: int = 0) -> Rule:
    return Rule(f"daily at {hour:02}:{minute:02}", every_day, (time(hour, minute),))


AS_IT_HAPPENS = Rule("as it happens", every_day, ())
RARE = (
    Rule("weekdays at 08:30", lambda day: day.weekday() < 5, (time(8, 30),)),
    Rule("mondays at 02:30", lambda day: day.weekday() == 0, (time(2, 30),)),
    Rule("0 6 31 * *", lambda day: day.day == 31, (time(6),)),
    Rule("weekends at 00:30", lambda day: day.weekday() >= 5, (time(0, 30),)),
    Rule(
        "last friday at 17:30", lambda day: day.weekday() == 4 and (day + 7 * DAY).month != day.month, (time(17, 30),)
    ),
    Rule("first and third tuesday at 9", lambda day: day.weekday() == 1 and (day.day - 1) // 7 in (0, 2), (time(9),)),
)
OFTEN = (
    Rule("daily at 7 and 19", every_day, hours(7, 19)),
    Rule("hourly", every_day, hours(*range(24))),
    Rule("every 2 hours from 8 to 20", every_day, hours(*range(8, 21, 2))),
    Rule("every 4 hours from 22 to 6", every_day, hours(22, 2, 6)),
    AS_IT_HAPPENS,
)


class Zone:
    """The clock of one zone from `start` to `end`: when it stood how far from UTC."""

    def __init__(self, name: str, start: datetime, end: datetime) -> None:
        self.name, self.start, self.end = name, start, end
        zone = ZoneInfo(name)

        def offset(at: datetime) -> timedelta:
            return at.astimezone(zone).utcoffset() or timedelta()

        self.spans: list[tuple[datetime, datetime, timedelta]] = []
        began, day = start, start
        while day < end:
            if offset(day) != offset(day + DAY):
                at = next(day + n * STEP for n in range(1, 97) if offset(day + n * STEP) != offset(day))
                self.spans.append((began, at, offset(day)))
                began = at
            day += DAY
        self.spans.append((began, day + 30 * DAY, offset(day)))

    def instant(self, day: date, at: time) -> datetime:
        """When the clock shows a time of a day for the first time, or first shows a later one."""
        wall = datetime.combine(day, at, UTC)
        return next(max(begin, wall - offset) for begin, end, offset in self.spans if wall < end + offset)

    def dates(self) -> Iterator[date]:
        """All local dates, and one more at each end."""
        day = self.start.date() - DAY
        while day <= self.end.date() + DAY:
            yield day
            day += DAY

    def slots(self, rule: Rule, after: datetime, until: datetime) -> list[datetime]:
        """The instants of a rule later than `after`, up to `until`."""
        inside = (day for day in self.dates() if after.date() - DAY <= day <= until.date() + DAY)
        found = {self.instant(day, at) for day in inside if rule.on(day) for at in rule.times}
        return sorted(at for at in found if after < at <= until)

    def nights(self, begin: time, end: time) -> list[Span]:
        """The quiet hours of each date, which may be over midnight."""
        over = DAY if end < begin else timedelta()
        return [(self.instant(day, begin), self.instant(day + over, end)) for day in list(self.dates())[1:-2]]


@cache
def zone_of(name: str, start: datetime, end: datetime) -> Zone:
    return Zone(name, start - 3 * DAY, end + 3 * DAY)


def leave(at: datetime, spans: Sequence[Span]) -> datetime:
    """`at`, or the end of the span that it is in. `spans` are in order and apart."""
    place = bisect_right(spans, (at, datetime.max.replace(tzinfo=UTC))) - 1
    return spans[place][1] if place >= 0 and spans[place][0] <= at < spans[place][1] else at


class Lot(NamedTuple):
    """What a subscription lives through: `slots`, or arrivals as it happens; quiet hours; while it is `paused` none of
    its slots count; while its channel is `gone` nothing can be posted."""

    number: int
    slots: Sequence[datetime]
    quiet: Sequence[Span] = ()
    paused: Sequence[Span] = ()
    gone: Sequence[Span] = ()


class Count:
    """Slots, each counted once by what became of it."""

    def __init__(self) -> None:
        self.slots = self.told = self.empty = self.together = self.paused = self.withheld = self.held = 0

    @property
    def whole(self) -> bool:
        return self.slots == self.told + self.empty + self.together + self.paused + self.withheld + self.held


def briefings(
    lots: Sequence[Lot], news: Sequence[tuple[datetime, str]], stopped: Sequence[Span], until: datetime, count: Count
) -> list[list[str]]:
    """What a channel with these subscriptions to one topic should get, in order, each with its stories.

    `news` are the stories in order, with when they were stored; `stopped` is when no process
    ran; `until` is when the time ends.
    """
    turns: list[tuple[datetime, int, Lot]] = []
    for lot in lots:
        served: set[datetime] = set()
        for slot in lot.slots:
            count.slots += 1
            at = slot
            while (free := leave(leave(at, lot.quiet), stopped)) != at:
                at = free
            if any(begin <= at and slot <= end for begin, end in lot.paused):
                count.paused += 1
            elif at > until:
                count.held += 1
            elif at in served:
                count.together += 1
            else:
                served.add(at)
                turns.append((at, lot.number, lot))
    told: list[list[str]] = []
    had = 0  # so many of the news
    tried: dict[int, datetime] = {}
    for at, number, lot in sorted(turns, key=lambda turn: turn[:2]):
        new = [title for _, title in news[had : bisect_right(news, at, key=itemgetter(0))]]
        if number in tried and at <= tried[number] + HOUR:
            count.withheld += 1
        elif not new:
            count.empty += 1
        elif leave(at, lot.gone) != at:
            count.withheld += 1
            tried[number] = at
        else:
            count.told += 1
            told.append(sorted(new))
            had += len(new)
    return told
