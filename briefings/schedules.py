"""The words of a WHEN -> a schedule: `weekdays at 09:00`, `every 2 hours from 8 to 20`, a cron line, each with a zone.

    WHEN     = RULE [ZONE]
    RULE     = "as it happens" | CRON | [DAYS] INTERVAL | DAYS ["at"] TIMES
    INTERVAL = ("hourly" | "every" [N] ("minutes" | "hours")) ["from" TIME "to" TIME]
    DAYS     = "daily" | "every day" | "weekdays" | "weekends" | DAY ("and" DAY)* | DAY "to" DAY
             | ORDINAL ("and" ORDINAL)* DAY ["of the month"]
    TIMES    = TIME ("and" TIME)*

Whatever does not read so is refused by its first word that was not understood; nothing is guessed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import NoReturn, TypeVar
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

from briefings.errors import ScheduleError
from briefings.types import Schedule
from briefings.words import shortened

T = TypeVar("T")

LONGEST_ECHO = 80
"""Characters of what was typed that a refusal repeats: more than any WHEN that reads as one is likely to have."""

EXAMPLES = ("daily at 9", "weekdays at 09:00 Asia/Seoul", "every 2 hours from 8 to 20")

DAY = 24 * 60
DAYS = {
    name: number
    for number, names in enumerate(
        (
            "sunday sun",
            "monday mon",
            "tuesday tue tues",
            "wednesday wed",
            "thursday thu thur thurs",
            "friday fri",
            "saturday sat",
        )
    )
    for name in names.split()
}
ORDINALS = {"first": "#1", "second": "#2", "third": "#3", "fourth": "#4", "fifth": "#5", "last": "L"}
UNITS = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60}
TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?(am|pm)?")
SPOKEN_TIME = re.compile(
    "midnight|dawn|sunrise|breakfast|noon|midday|lunch(time)?|teatime|dinner(time)?|supper|dusk|sunset|bedtime|night|"
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
)
"""What people say for a time of day; at the end of a topic, after "at", they most likely meant one."""
CRON_FIELD = re.compile(r"[\d*][\d*/,\-#lw]*|(?:[a-z]{3}|lw?)(?:[/,\-#][\da-z/,\-#]*)?")
CRON_FIELDS = {"minute": 0, "hour": 1, "day-of-month": 2, "month": 3, "day-of-week": 4}


def parse_when(text: str, zone: str) -> Schedule:
    """The schedule that `text` describes, in `zone` unless the text ends in a zone of its own.

    Raises `ScheduleError` naming the first word not understood, or what is missing or impossible.
    """
    words = _words(text)
    try:
        return _Rule(words).schedule(zone)
    except _Unread as unread:
        raise _refusal(words, unread) from None


def split_topic_and_when(text: str, zone: str) -> tuple[str, Schedule | None]:
    """A topic and the WHEN that follows it without any sign between them: the longest ending that reads as one.

    No schedule when no ending even begins like a WHEN. Words in quotes belong to the topic.
    Raises `ScheduleError` when an ending begins like a WHEN and does not read as one.
    """
    refused: tuple[list[str], _Unread] | None = None
    least = len(text)
    for start in _outside_quotes(text):
        words = _words(text[start:])
        try:
            return text[:start].strip(), _Rule(words).schedule(zone)
        except _Unread as unread:
            left = len(words) - unread.place
            if _begins_like_when(words) and left < least:  # the ending that was understood furthest explains best
                refused, least = (words, unread), left
    if refused is None:
        return text.strip(), None
    raise _refusal(*refused, ", and put words that belong to the topic in quotes")


def check_zone(name: str) -> str:
    """The IANA zone of that name, as IANA spells it. Raises `ScheduleError`, with the nearest name there is."""
    zone = _zones().get(name.casefold())
    if zone is None:
        problem = _unknown_zone(name)
        raise ScheduleError(f"{problem[0].upper()}{problem[1:]}.".replace("?.", "?"), name, EXAMPLES)
    return zone


class _Unread(Exception):
    """Reading stopped at the word at `place`."""

    def __init__(self, place: int, reason: str) -> None:
        super().__init__(reason)
        self.place = place


class _Rule:
    """Reads the words of one WHEN from the left."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.place = 0

    def schedule(self, zone: str) -> Schedule:
        cron = self.rule()
        said = " ".join(self.words[: self.place])
        if self.place < len(self.words):
            zone = self.zone()
        else:
            zone = check_zone(zone)
        for line in cron:
            if next(CronSim(line, datetime(2000, 1, 1)), None) is None:  # noqa: DTZ001 - wall-clock time
                self.fail("such a day never comes", place=0)
        return Schedule(words=said, cron=cron, zone=zone)

    def rule(self) -> tuple[str, ...]:
        if self.take("as"):
            return () if self.take("it") and self.take("happens") else self.fail()
        if not self.at_end and self.word[0] in "0123456789*" and CRON_FIELD.fullmatch(self.word):
            return (self.cron_line(),)
        if self.word == "hourly" or (self.word == "every" and (self.peek in UNITS or self.peek.isdecimal())):
            return self.interval("*")
        days = self.days()
        if self.word in ("hourly", "every"):
            return self.interval(days)
        self.take("at")
        times = [self.time()]
        while self.take("and"):
            times.append(self.time())
        return _cron_lines(times, days)

    def cron_line(self) -> str:
        fields = [word for word in self.words[self.place : self.place + 5] if CRON_FIELD.fullmatch(word)]
        if len(fields) < 5:
            self.place += len(fields)
            self.fail("a cron line has five fields: minute, hour, day, month, weekday")
        line = " ".join(fields)
        try:
            CronSim(line, datetime(2000, 1, 1))  # noqa: DTZ001 - wall-clock time
        except CronSimError as error:
            name = str(error).removeprefix("Bad ")
            self.place += CRON_FIELDS.get(name, 0)
            self.fail(f"it is no {name} of a cron line, or such a day never comes")
        self.place += 5
        return line

    def interval(self, days: str) -> tuple[str, ...]:
        start, begin, end, every = self.place, 0, DAY - 1, 60
        if not self.take("hourly"):
            self.take("every")
            count = 1
            if self.word.isdecimal():
                count = int(self.word[:5])
                self.place += 1
            if self.word not in UNITS:
                self.fail("say minutes or hours")
            every = count * UNITS[self.word]
            self.place += 1
            if not 1 <= every <= DAY:
                self.fail("an interval is between a minute and a day", place=start + 1)
        if self.take("from"):
            begin = self.time()
            if not self.take("to", "until"):
                self.fail('"from" wants a "to"')
            end = self.time()
            if end < begin:
                end += DAY
        elif DAY % every:
            self.fail("that does not divide a day evenly, so say from when to when", place=start + 1)
        return _cron_lines((time % DAY for time in range(begin, end + 1, every)), days)

    def days(self) -> str:
        self.take("on")
        every = self.take("every")
        if self.take("day") if every else self.take("daily", "everyday"):
            return "*"
        if self.take("weekdays", "weekday"):
            return "1-5"
        if self.take("weekends", "weekend"):
            return "0,6"
        self.take("the")
        ordinals = self.listed(ORDINALS)
        days = self.listed(DAYS)
        if not days:
            self.fail("say first on which days" if self.word == "at" else "")
        if ordinals:
            self.rest_of("of", "the", "month")
            return ",".join(f"{day}{ordinal}" for day in days for ordinal in ordinals)
        if len(days) == 1 and self.take("to"):
            last = self.listed(DAYS)
            if len(last) != 1:
                self.fail()
            days = [(days[0] + n) % 7 for n in range((last[0] - days[0]) % 7 + 1)]
        return _field(sorted(set(days)), 7)

    def listed(self, names: Mapping[str, T]) -> list[T]:
        """What the words joined by "and" stand for, as long as they are `names`; a plural is the same."""
        found: list[T] = []
        while (name := _singular(self.word, names)) in names:
            found.append(names[name])
            self.place += 1
            if _singular(self.peek, names) not in names or not self.take("and"):
                break
        return found

    def time(self) -> int:
        """Minutes since midnight of the time of day that comes next."""
        if self.take("midnight"):
            return 0
        if self.take("noon"):
            return DAY // 2
        match = TIME.fullmatch(self.word)
        if not match:
            self.fail("a time such as 9, 18:30 or 9:30pm is missing" if self.at_end else "")
        hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
        place = self.place
        self.place += 1
        if half is None and self.word in ("am", "pm"):
            half = self.word
            self.place += 1
        if minute > 59 or (not 1 <= hour <= 12 if half else hour > 23):
            self.fail("there is no such time of day", place=place)
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        return hour * 60 + minute

    def zone(self) -> str:
        """The zone that the one remaining word names."""
        zone = _zones().get(self.word)
        if zone is None:
            self.fail("" if self.peek else _unknown_zone(self.word))
        self.place += 1
        if not self.at_end:
            self.fail()
        return zone

    @property
    def word(self) -> str:
        """The word that comes next, empty at the end."""
        return "" if self.at_end else self.words[self.place]

    @property
    def peek(self) -> str:
        """The word after the next."""
        return self.words[self.place + 1] if self.place + 1 < len(self.words) else ""

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.words)

    def take(self, *words: str) -> bool:
        """Pass the next word if it is one of `words`."""
        found = self.word in words
        self.place += found
        return found

    def rest_of(self, first: str, *others: str) -> None:
        """Pass a set phrase if its `first` word comes next; then the `others` must follow."""
        if self.take(first):
            for word in others:
                if not self.take(word):
                    self.fail()

    def fail(self, reason: str = "", *, place: int | None = None) -> NoReturn:
        raise _Unread(self.place if place is None else place, reason)


def _refusal(words: Sequence[str], unread: _Unread, advice: str = "") -> ScheduleError:
    word = words[unread.place] if unread.place < len(words) else ""
    said, shown = shortened(" ".join(words), LONGEST_ECHO), shortened(word, LONGEST_ECHO)
    if not words:
        problem = "No time was given"
    elif not word:
        problem = f'Something is missing after "{said}"'
    else:
        problem = f'I do not understand "{shown}" in "{said}"'
    reason = f" ({unread})" if str(unread) else ""
    examples = f'"{EXAMPLES[0]}", "{EXAMPLES[1]}" or "{EXAMPLES[2]}"'
    return ScheduleError(f"{problem}{reason}; try {examples}{advice}.", word, EXAMPLES)


def _begins_like_when(words: Sequence[str]) -> bool:
    """Whether a person who typed these words most likely meant a WHEN, rather than words of a topic."""
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in ("daily", "everyday", "hourly", "weekdays", "weekends", "every"):
        return True
    if first == "as":
        return second == "it"
    if first == "at":
        return bool(TIME.fullmatch(second)) or (len(words) == 2 and bool(SPOKEN_TIME.fullmatch(second)))
    if first in ORDINALS:
        return second in DAYS
    if first in DAYS:
        return second in ("at", "and", "to")
    if first.removesuffix("s") in DAYS:
        return first.endswith("days")
    fields = [word for word in words[:5] if CRON_FIELD.fullmatch(word)]
    return len(fields) == 5 and first[:1] in "0123456789*" and any(field.startswith("*") for field in fields)


def _cron_lines(times: Iterable[int], days: str) -> tuple[str, ...]:
    """Cron lines for minutes of the day: as few as hours that share their minutes allow, earliest first."""
    minutes: dict[int, set[int]] = {}
    for time in times:
        minutes.setdefault(time // 60, set()).add(time % 60)
    hours: dict[tuple[int, ...], list[int]] = {}
    for hour in sorted(minutes):
        hours.setdefault(tuple(sorted(minutes[hour])), []).append(hour)
    return tuple(f"{_field(minute, 60)} {_field(hour, 24)} * * {days}" for minute, hour in hours.items())


def _field(values: Sequence[int], size: int) -> str:
    if len(values) == size:
        return "*"
    if len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]}-{values[-1]}"
    return ",".join(map(str, values))


def _words(text: str) -> list[str]:
    """The words of a WHEN in small letters; a comma before a space is an "and"."""
    return re.sub(r",\s+(?:and\s+)?", " and ", text.casefold()).split()


def _singular(word: str, names: Mapping[str, object]) -> str:
    return word if word in names else word.removesuffix("s")


def _outside_quotes(text: str) -> list[int]:
    """Where the words begin that stand outside double quotes."""
    return [word.start() for word in re.finditer(r"\S+", text) if text.count('"', 0, word.start()) % 2 == 0]


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Names of zones by their case-folded form; "localtime" and "Factory" are artefacts of the time zone database."""
    return {name.casefold(): name for name in available_timezones() - {"localtime", "Factory"}}


def _unknown_zone(name: str) -> str:
    """Says that the zone does not exist, and which may have been meant: "seul" and "asia/seul" find Asia/Seoul."""
    zones = _zones()
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(zones)}
    close = get_close_matches(name.casefold(), [*zones, *cities], n=1, cutoff=0.7)
    advice = f"did you mean {zones[cities.get(close[0], close[0])]}?" if close else "zones are named like Asia/Seoul"
    return f'there is no time zone "{shortened(name, LONGEST_ECHO)}", {advice}'
