"""Slots: schedule, zone and wall clock -> the instants at which a subscription is due.

A rule speaks of wall-clock times. Each maps to one instant: a time skipped in spring to the first valid instant
after the gap, a time repeated in autumn to its first occurrence. A local date that a zone skipped altogether has no
slot, and two wall-clock times on one instant are one slot, under the earlier key.

cronsim walks the wall-clock times, without a zone; APScheduler's and cronsim's own handling of daylight saving lose
or double slots. The words of a WHEN are read in `briefings.schedules`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim

from briefings.schedules import check_zone, parse_when, split_topic_and_when
from briefings.types import Preferences, Schedule, Slot

__all__ = [
    "after_quiet",
    "check_zone",
    "last_slot",
    "next_due",
    "next_runs",
    "next_slot",
    "parse_when",
    "split_topic_and_when",
    "to_instant",
]

INSTANT = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


def next_slot(schedule: Schedule, after: datetime) -> Slot | None:
    """The first slot later than `after`; None for "as it happens", and for a rule that never falls again."""
    return _next(schedule.cron, schedule.zone, after)


def last_slot(schedule: Schedule, at: datetime) -> Slot | None:
    """The latest slot not later than `at`; None for "as it happens", and for a rule that has not fallen yet."""
    return _last(schedule.cron, schedule.zone, at)


def next_due(schedule: Schedule, after: datetime, preferences: Preferences) -> Slot | None:
    """The next slot later than `after`, at the instant it is served: slots in quiet hours wait for their end.

    None for "as it happens", and for a rule that never falls again.
    """
    slot = next_slot(schedule, after)
    return Slot(key=slot.key, at=after_quiet(slot.at, preferences)) if slot else None


def next_runs(schedule: Schedule, after: datetime, preferences: Preferences, n: int = 3) -> tuple[Slot, ...]:
    """The next `n` times that it is served, later than `after`; slots within the same quiet hours are served as one."""
    runs: list[Slot] = []
    while len(runs) < n and (run := next_due(schedule, runs[-1].at if runs else after, preferences)):
        runs.append(run)
    return tuple(runs)


def after_quiet(at: datetime, preferences: Preferences) -> datetime:
    """`at`, or the end of the quiet hours that it falls into."""
    quiet, zone = preferences.quiet, ZoneInfo(preferences.zone)
    if quiet is None or quiet.start == quiet.end:
        return at
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    over_midnight = quiet.start > quiet.end
    if over_midnight and minute >= quiet.start:
        date = local.date() + timedelta(days=1)
    elif minute < quiet.end and (over_midnight or minute >= quiet.start):
        date = local.date()
    else:
        return at
    end = to_instant(datetime(date.year, date.month, date.day) + timedelta(minutes=quiet.end), zone)  # noqa: DTZ001
    return end if end and end > at else at  # In the repeated hour of autumn they have ended already.


@lru_cache(maxsize=4096)
def _next(cron: tuple[str, ...], zone: str, after: datetime) -> Slot | None:
    tz = ZoneInfo(zone)
    wall = after.astimezone(tz).replace(tzinfo=None, fold=0)
    found = (next(_falling(line, wall, tz, after), None) for line in cron)
    return min((slot for slot in found if slot), key=_order, default=None)


@lru_cache(maxsize=4096)
def _last(cron: tuple[str, ...], zone: str, at: datetime) -> Slot | None:
    tz = ZoneInfo(zone)
    local = at.astimezone(tz)
    # In the repeated hour, wall-clock times later than the present one have already fallen, in its first run.
    ahead = (local.replace(fold=0).utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
    wall = local.replace(tzinfo=None, fold=0) + ahead + MINUTE
    fallen = [next(_fallen(line, wall, tz, at), None) for line in cron]
    latest = max((instant for instant in fallen if instant), default=None)
    return None if latest is None else _next(cron, zone, latest - INSTANT)


def _falling(line: str, wall: datetime, tz: ZoneInfo, after: datetime) -> Iterator[Slot]:
    """The slots of one cron line later than the instant `after`, whose wall-clock time is `wall`."""
    for time in CronSim(line, wall):
        instant = to_instant(time, tz)
        if instant and instant > after:
            yield Slot(key=time.isoformat(timespec="minutes"), at=instant)


def _fallen(line: str, wall: datetime, tz: ZoneInfo, at: datetime) -> Iterator[datetime]:
    """The instants of one cron line not later than `at`, latest first, looking back from the time `wall`."""
    for time in CronSim(line, wall, reverse=True):
        instant = to_instant(time, tz)
        if instant and instant <= at:
            yield instant


def _order(slot: Slot) -> tuple[datetime, str]:
    return slot.at, slot.key


@lru_cache(maxsize=4096)
def to_instant(wall: datetime, tz: ZoneInfo) -> datetime | None:
    """The instant in UTC at which a naive wall-clock time falls; None when its whole date was skipped.

    A time in a gap falls on the first valid instant after it, a repeated time on its first occurrence.
    """
    instant = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == wall:
        return instant
    # In a gap the two readings lie on either side of the change (PEP 495): close in on it.
    before, after = wall.replace(tzinfo=tz, fold=1).astimezone(UTC), instant
    offset = before.astimezone(tz).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == offset:
            before = middle
        else:
            after = middle
    last, first = before.astimezone(tz).date(), after.astimezone(tz).date()
    return after if wall.date() in (last, first) else None
