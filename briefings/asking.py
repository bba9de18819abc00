"""What a person asks -> its words, the place to look in and the time: `in HEADLINE: QUESTION since Monday`.

    ASKED = ["in" PLACE ":"] QUESTION [TIME]
    TIME  = ("since" | "before") DAY | "today" | "yesterday" | ("this" | "last") UNIT
          | ["in" | "over"] "the" ("last" | "past") [N] UNIT | "on" DAY | "in" MONTH [YEAR]
    DAY   = "today" | "yesterday" | ["last"] WEEKDAY | DATE | MONTH [YEAR] | ("this" | "last") UNIT

DATE is `2026-05-14`, `14 May`, `May 14, 2026` or the like; UNIT is a day, week, month or year, or hours after a number.
Days begin at midnight in the asker's zone, weeks on Monday. A day without a year is the latest such day. Only a time at
the very end is one; what is put like a time and is none is refused in a sentence. Everything else belongs to the
question, a year too: "how many died since 2019?" asks of events, not of articles. A headline with a colon is put in
quotation marks.
"""

import re
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo

from briefings.dates import parse_date
from briefings.errors import SidelinesError
from briefings.slots import to_instant
from briefings.words import with_month

LONGEST_TIME = 60
"""Characters of the longest time at the end of a question."""
LONGEST_PLACE = 300
"""Characters of the longest headline that is looked for before a question."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
"""Of each unit, where it is counted back from now."""
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_WEEKDAY = "|".join(WEEKDAYS)
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" if month[3:] else month for month in (*MONTHS, "sept"))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DAY_OF_MONTH = re.compile(rf"{_DAY}(?: of)? (?P<month>{_MONTH})\.?")
_MONTH_AND_DAY = re.compile(rf"(?P<month>{_MONTH})\.? (?:the )?{_DAY}")
_UNIT = r"(?:day|week|month|year)"
_ENDINGS = (
    re.compile(r"(?P<how>since|before)\s+(?P<day>\S.*)", re.IGNORECASE),
    re.compile(r"(?P<how>on)\s+(?P<day>\S.*)", re.IGNORECASE),
    re.compile(rf"(?P<how>in)\s+(?P<day>(?:{_MONTH})\.?(?:,?\s+\d{{4}})?)", re.IGNORECASE),
    re.compile(rf"(?P<how>)(?P<day>today|yesterday|(?:this|last)\s+{_UNIT})", re.IGNORECASE),
    re.compile(
        rf"(?:(?:in|over|during|within)\s+)?(?:the\s+)?(?:last|past)\s+"
        rf"(?:(?P<n>\d{{1,3}}|[a-z]+)\s+)?(?P<unit>hour|{_UNIT})s?",
        re.IGNORECASE,
    ),
)
_PLACE = re.compile(
    r"in\s+(?:[\"“„«](?P<quoted>[^\"”“»]+)[\"”“»]|(?P<plain>\S[^\n]*?))\s*[:：](?!\S)\s*", re.IGNORECASE
)
_BEGINNINGS = re.compile(
    r"(?<!\S)(?:since|before|on|in|over|during|within|the|last|past|this|today|yesterday)\b", re.IGNORECASE
)
_TIMELY = re.compile(
    rf"\d[\d.:/-]*(?:st|nd|rd|th|am|pm)?|{_WEEKDAY}|{_MONTH}|hours?|{_UNIT}s?|today|yesterday|ago|noon", re.I
)
_YEAR = re.compile(r"\d{4}")
_NAMES = (*WEEKDAYS, *MONTHS, "yesterday")
_BESIDE = frozenset(
    ("the", "a", "of", "at", "last", "past", "this", "next", "few", "couple", "recent", "early", "late", "mid", "end")
)


class TimeNotUnderstood(SidelinesError):
    """A question ends in what is put like a time, and is none."""


class Asked(NamedTuple):
    """What was asked: `words` without place and time, `whole` without place; `said` is the time as typed, but "in May".

    The time is from `since` on and before `until`. It is `loose` when it may as well belong to what is asked ("elected
    in May"), and then the words are to be looked for everywhere if there is nothing of that time.
    """

    words: str
    place: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    said: str = ""
    loose: bool = False
    whole: str = ""


def read_asked(text: str, now: datetime, zone: str) -> Asked:
    """What `text` asks, on the clock of `zone`. Raises TimeNotUnderstood."""
    place = None
    opening = _PLACE.match(text)
    if opening and opening.end() - opening.start() <= LONGEST_PLACE:
        place = (opening["quoted"] or opening["plain"]).strip()
        text = text[opening.end() :]
    words = text.strip()
    bare = words.rstrip("?!. ")
    begin = max(0, len(bare) - LONGEST_TIME)
    for found in _BEGINNINGS.finditer(bare, begin):
        time = read_time(bare[found.start() :], now, zone)
        if time is not None:
            left = bare[: found.start()].rstrip(" ,")
            return time._replace(words=left + words[len(bare) :] if left else "", place=place, whole=words)
    return Asked(words, place, whole=words)


def names_time(text: str) -> bool:
    """Whether it depends on the asker's clock what `text` asks."""
    try:
        return bool(read_asked(text, datetime(2000, 1, 1, tzinfo=UTC), "UTC").said)
    except TimeNotUnderstood:
        return False


def read_since(said: str, now: datetime, zone: str) -> Asked:
    """The time that begins with a day, such as "Monday". Raises TimeNotUnderstood."""
    time = read_time(f"since {said}", now, zone)
    if time is None:
        raise _unread(said)
    return time


def read_time(said: str, now: datetime, zone: str) -> Asked | None:
    """A time alone, such as "since Monday"; None when it is not put like one. Raises TimeNotUnderstood."""
    clock = _Clock(now, zone)
    said = with_month(said.strip())
    for pattern in _ENDINGS:
        match = pattern.fullmatch(said)
        if match is None:
            continue
        if "unit" in match.groupdict():
            count = _count(match["n"] or "one")
            if not count:
                raise _unread(said)
            return Asked("", since=now - timedelta(days=count * DAYS[match["unit"].lower()]), said=said)
        how = match["how"].lower()
        days = clock.days(match["day"])
        if days is None:
            if _timely(match["day"]) and not _YEAR.fullmatch(match["day"]):
                raise _unread(said)
            continue
        first, after = map(clock.midnight, days)
        if how == "since":
            return Asked("", since=first, said=said)
        if how == "before":
            return Asked("", until=first, said=said)
        return Asked("", since=first, until=after, said=said, loose=how in ("on", "in"))
    return None


def _count(number: str) -> int:
    """What a number in digits or in words is; 0 for any other word."""
    if number.isdigit():
        return int(number)
    return NUMBERS.index(number.lower()) + 1 if number.lower() in NUMBERS else 0


def _timely(said: str) -> bool:
    """Whether words are put like a time: made of what times are made of, or of nearly that."""
    words = said.lower().replace(",", " ").split()
    timely = [
        bool(_TIMELY.fullmatch(word.rstrip("."))) or bool(get_close_matches(word, _NAMES, 1, 0.8)) for word in words
    ]
    return any(timely) and all(one or word in _BESIDE for one, word in zip(timely, words, strict=True))


def _unread(said: str) -> TimeNotUnderstood:
    return TimeNotUnderstood(
        f"“{said}” is no time that I know; end a question with `since Monday`, `since 14 May`, `yesterday`, "
        "`this week`, `in the last 3 days` or `in May 2026`."
    )


class _Clock:
    """Days as a person in a zone counts them."""

    def __init__(self, now: datetime, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._today = now.astimezone(self._zone).date()

    def midnight(self, day: date) -> datetime:
        """The instant at which a day begins; where a zone skipped that date, the next one does."""
        instant = to_instant(datetime(day.year, day.month, day.day), self._zone)  # noqa: DTZ001 - wall-clock time
        return instant or self.midnight(day + timedelta(days=1))

    def days(self, said: str) -> tuple[date, date] | None:
        """The first of some days, and the day after the last; None when they are not understood."""
        said = " ".join(said.lower().replace(",", " ").split()).removeprefix("the ")
        if said == "today":
            return self._span(self._today, 1)
        if said == "yesterday":
            return self._span(self._today - timedelta(days=1), 1)
        weekday = re.fullmatch(rf"(last\s)?({_WEEKDAY})", said)
        if weekday:
            back = (self._today.weekday() - WEEKDAYS.index(weekday[2])) % 7
            return self._span(self._today - timedelta(days=back or (7 if weekday[1] else 0)), 1)
        span = re.fullmatch(r"(this|last) (day|week|month|year)", said)
        if span:
            return self._unit(span[2], back=span[1] == "last")
        month = re.fullmatch(rf"({_MONTH})\.?(?: (\d{{4}}))?", said)
        if month:
            return self._month(_number(month[1]), int(month[2]) if month[2] else None)
        return self._date(said)

    def _date(self, said: str) -> tuple[date, date] | None:
        part = _DAY_OF_MONTH.fullmatch(said) or _MONTH_AND_DAY.fullmatch(said)
        if part:
            for year in range(self._today.year, self._today.year - 5, -1):  # Back to the latest 29 February.
                found = parse_date(f"{year}-{_number(part['month'])}-{part['day']}")
                if found and found.date() <= self._today:
                    return self._span(found.date(), 1)
            return None
        whole = parse_date(said)
        return self._span(whole.date(), 1) if whole and whole.year > 1 and whole.year < date.max.year else None

    def _unit(self, unit: str, *, back: bool) -> tuple[date, date] | None:
        today = self._today
        if unit == "day":
            return self._span(today - timedelta(days=int(back)), 1)
        if unit == "week":
            return self._span(today - timedelta(days=today.weekday() + 7 * back), 7)
        if unit == "year":
            return date(today.year - back, 1, 1), date(today.year - back + 1, 1, 1)
        within = today.replace(day=1) - timedelta(days=1) if back else today
        return self._month(within.month, within.year)

    def _month(self, month: int, year: int | None) -> tuple[date, date] | None:
        if year is None:
            year = self._today.year - (month > self._today.month)
        if not date.min.year < year < date.max.year:
            return None
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)

    @staticmethod
    def _span(first: date, days: int) -> tuple[date, date]:
        return first, first + timedelta(days=days)


def _number(month: str) -> int:
    return next(number for number, name in enumerate(MONTHS, 1) if name.startswith(month[:3]))
