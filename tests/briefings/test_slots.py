"""When a subscription is due: the words of a WHEN, and the instants its wall-clock times fall on, in every zone."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from briefings.errors import ScheduleError
from briefings.schedules import check_zone, parse_when, split_topic_and_when
from briefings.slots import after_quiet, last_slot, next_due, next_runs, next_slot
from briefings.types import Preferences, Quiet, Schedule, Slot

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
DAY, SECOND, INSTANT = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)
SHARDS = 8


def wall_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants from 2020 to 2029 at which the clocks of a zone change."""
    early = START
    while early < END:
        late = early + 5 * DAY
        if early.astimezone(zone).utcoffset() != late.astimezone(zone).utcoffset():
            low, high = early, late
            while high - low > SECOND:
                middle = (low + (high - low) / 2).replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            yield high
        early = late


def awkward_times(change: datetime, zone: ZoneInfo) -> tuple[time, ...]:
    """Times of day at, inside and next to the hour that a change skips or repeats, and midnight."""
    low, high = sorted((wall_clock(change - SECOND, zone) + SECOND, wall_clock(change, zone)))
    minute = timedelta(minutes=1)
    walls = (low, low + (high - low) / 2, high, high - minute, low - minute)
    return *(wall.time().replace(second=0) for wall in walls), time(0)


def slots_between(schedule: Schedule, start: datetime, end: datetime) -> list[Slot]:
    slots = []
    slot = next_slot(schedule, start)
    while slot and slot.at < end:
        slots.append(slot)
        slot = next_slot(schedule, slot.at)
    return slots


def assert_one_slot_a_day(zone: str, at: time, start: datetime, end: datetime, *, backwards: bool = True) -> None:
    """Every local date within `start` and `end` has its one slot, at the right instant."""
    tz = ZoneInfo(zone)
    schedule = parse_when(f"daily at {at:%H:%M}", zone)
    hours = range((end - start) // timedelta(hours=1) + 1)
    dates = sorted({(start + timedelta(hours=n)).astimezone(tz).date() for n in hours})[1:-1]
    slots = slots_between(schedule, start - DAY, end + DAY)
    inside = [slot.key for slot in slots if dates[0] <= date.fromisoformat(slot.key[:10]) <= dates[-1]]
    assert inside == [f"{day}T{at:%H:%M}" for day in dates], zone
    for before, slot in pairwise(slots):
        assert before.at < slot.at, zone
        due, there = datetime.fromisoformat(slot.key), slot.at.astimezone(tz)
        assert there.fold == 0, f"{zone}: {slot} is the second occurrence"
        if wall_clock(slot.at, tz) != due:
            assert wall_clock(slot.at - SECOND, tz) < due < wall_clock(slot.at, tz), f"{zone}: {slot}"
        if backwards:
            assert last_slot(schedule, slot.at) == slot, zone
            assert last_slot(schedule, slot.at - INSTANT) == before, zone


# Every zone, ten years ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_change_of_every_zone_leaves_one_slot_a_day(shard: int) -> None:
    seen = 0
    for number, zone in enumerate(ZONES[shard::SHARDS]):
        tz = ZoneInfo(zone)
        for turn, change in enumerate(changes(tz)):
            times = awkward_times(change, tz)
            assert_one_slot_a_day(zone, times[(number + turn) % len(times)], change - 2 * DAY, change + 2 * DAY)
            seen += 1
    assert seen > 100


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Europe/Helsinki", time(3, 30)),
        ("America/New_York", time(0)),
        ("Africa/Cairo", time(0)),
        ("Africa/Casablanca", time(2, 30)),
        ("Australia/Lord_Howe", time(2, 15)),
        ("America/Santiago", time(0)),
        ("Asia/Kathmandu", time(23, 59)),
    ],
)
def test_ten_years_have_a_slot_for_each_date(zone: str, at: time) -> None:
    assert_one_slot_a_day(zone, at, START, END, backwards=False)


@settings(max_examples=60, deadline=None)
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_daily_rule_at_any_time_has_one_slot_a_day(zones: list[str], at: time, start: datetime) -> None:
    for zone in zones:
        assert_one_slot_a_day(zone, at, start, start + 12 * DAY)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    words=st.sampled_from(["hourly", "every 4 hours", "every 90 minutes", "weekdays at 2:30", "0 0 * * *"]),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_slots_follow_one_another_without_a_gap_or_a_repetition(zone: str, words: str, after: datetime) -> None:
    schedule = parse_when(words, zone)
    slots = next_runs(schedule, after, Preferences(), 12)
    assert len({slot.key for slot in slots}) == 12
    for before, slot in pairwise(slots):
        assert before.at < slot.at
        assert last_slot(schedule, slot.at) == slot
        assert last_slot(schedule, slot.at - INSTANT) == before
    assert slots[0].at > after


# Days that went wrong elsewhere ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "zone", "day", "falls"),
    [
        ("03:30", "Europe/Helsinki", "2026-10-25", "2026-10-25T03:30+03:00"),
        ("01:30", "America/New_York", "2026-11-01", "2026-11-01T01:30-04:00"),
        ("03:30", "Europe/Helsinki", "2026-03-29", "2026-03-29T04:00+03:00"),
        ("02:30", "America/New_York", "2026-03-08", "2026-03-08T03:00-04:00"),
        ("00:00", "Africa/Cairo", "2026-04-24", "2026-04-24T01:00+03:00"),
        ("00:00", "America/New_York", "2026-03-09", "2026-03-09T00:00-04:00"),
        ("08:00", "America/New_York", "2026-03-08", "2026-03-08T08:00-04:00"),
        ("08:00", "America/New_York", "2026-11-01", "2026-11-01T08:00-05:00"),
        ("02:15", "Australia/Lord_Howe", "2026-10-04", "2026-10-04T02:30+11:00"),
        ("01:45", "Australia/Lord_Howe", "2026-04-05", "2026-04-05T01:45+11:00"),
    ],
)
def test_a_skipped_time_moves_to_the_first_valid_one_and_a_repeated_one_runs_once(
    at: str, zone: str, day: str, falls: str
) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")
    slots = slots_between(parse_when(f"daily at {at}", zone), noon - 2 * DAY, noon + 2 * DAY)
    there = [slot for slot in slots if slot.key.startswith(day)]
    assert [slot.at for slot in there] == [datetime.fromisoformat(falls)]


def test_an_interval_keeps_its_wall_clock_times_over_a_change() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    schedule = parse_when("every 4 hours", zone.key)
    slots = slots_between(schedule, datetime(2026, 10, 3, tzinfo=zone) - INSTANT, datetime(2026, 10, 6, tzinfo=zone))
    assert [wall_clock(slot.at, zone).hour for slot in slots] == [0, 4, 8, 12, 16, 20] * 3


def test_in_the_second_run_of_a_repeated_hour_its_slots_have_fallen() -> None:
    schedule = parse_when("daily at 3:45", "Europe/Helsinki")
    slot = last_slot(schedule, datetime.fromisoformat("2026-10-25T03:15+02:00"))
    assert slot == Slot(key="2026-10-25T03:45", at=datetime.fromisoformat("2026-10-25T03:45+03:00"))


def test_a_date_that_a_zone_skipped_has_no_slot() -> None:
    after = datetime(2011, 12, 28, 12, tzinfo=ZoneInfo("Pacific/Apia"))
    keys = [slot.key for slot in next_runs(parse_when("daily at 9", "Pacific/Apia"), after, Preferences())]
    assert keys == ["2011-12-29T09:00", "2011-12-31T09:00", "2012-01-01T09:00"]


def test_two_times_on_one_instant_are_one_slot_under_the_earlier_key() -> None:
    after = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Helsinki"))
    slots = next_runs(parse_when("daily at 3:15, 3:45 and 4:00", "Europe/Helsinki"), after, Preferences(), 2)
    assert [slot.key for slot in slots] == ["2026-03-29T03:15", "2026-03-30T03:15"]


def test_as_it_happens_has_no_slots() -> None:
    schedule = parse_when("as it happens", "Asia/Seoul")
    assert next_slot(schedule, START) is None
    assert last_slot(schedule, START) is None
    assert next_runs(schedule, START, Preferences()) == ()


# Quiet hours -------------------------------------------------------------------------------------------------

SEOUL = ZoneInfo("Asia/Seoul")
NIGHT = Preferences(zone="Asia/Seoul", quiet=Quiet(start=22 * 60, end=7 * 60))


@pytest.mark.parametrize(
    ("hour", "served"), [(21, (1, 21)), (22, (2, 7)), (0, (1, 7)), (6, (1, 7)), (7, (1, 7)), (8, (1, 8))]
)
def test_quiet_hours_over_midnight_wait_for_their_end(hour: int, served: tuple[int, int]) -> None:
    assert after_quiet(datetime(2026, 6, 1, hour, tzinfo=SEOUL), NIGHT) == datetime(2026, 6, *served, tzinfo=SEOUL)


def test_slots_in_the_same_quiet_hours_are_served_as_one() -> None:
    schedule = parse_when("every 4 hours", "Asia/Seoul")
    evening = datetime(2026, 6, 1, 19, tzinfo=SEOUL)
    assert [run.at.astimezone(SEOUL).hour for run in next_runs(schedule, evening, NIGHT)] == [20, 7, 8]
    assert next_due(schedule, datetime(2026, 6, 2, 0, 30, tzinfo=SEOUL), NIGHT) == Slot(
        key="2026-06-02T04:00", at=datetime(2026, 6, 2, 7, tzinfo=SEOUL)
    )


# The words of a WHEN -----------------------------------------------------------------------------------------

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
"""A Monday, the first of its month, at midnight."""


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("hourly", "01T01:00 01T02:00 01T03:00"),
        ("every minute", "01T00:01 01T00:02 01T00:03"),
        ("every 15 minutes", "01T00:15 01T00:30 01T00:45"),
        ("daily at 9", "01T09:00 02T09:00 03T09:00"),
        ("every day at noon", "01T12:00 02T12:00 03T12:00"),
        ("Daily at 9:30pm", "01T21:30 02T21:30 03T21:30"),
        ("daily at 12 am and 12 pm", "01T12:00 02T00:00 02T12:00"),
        ("weekdays at 09:00", "01T09:00 02T09:00 03T09:00"),
        ("weekends at 10", "06T10:00 07T10:00 13T10:00"),
        ("mondays and thursdays at 18:30", "01T18:30 04T18:30 08T18:30"),
        ("tue, thu and sat at 8", "02T08:00 04T08:00 06T08:00"),
        ("friday to sunday at 8", "05T08:00 06T08:00 07T08:00"),
        ("every 2 hours from 8 to 20", "01T08:00 01T10:00 01T12:00"),
        ("every 2 hours from 22 to 2", "01T02:00 01T22:00 02T00:00"),
        ("weekends every 6 hours", "06T00:00 06T06:00 06T12:00"),
        ("first monday at 9", "01T09:00"),
        ("last friday of the month at 17:00", "26T17:00"),
        ("first and third tuesday at 9", "02T09:00 16T09:00"),
        ("30 7 * * 1-5", "01T07:30 02T07:30 03T07:30"),
        ("0 9 15 * *", "15T09:00"),
    ],
)
def test_the_words_of_a_when(words: str, first: str) -> None:
    slots = next_runs(parse_when(words, "UTC"), MONDAY, Preferences())
    in_june = [slot.key.removeprefix("2026-06-") for slot in slots if slot.key.startswith("2026-06")]
    assert in_june == first.split()


@pytest.mark.parametrize("words", ["daily at 9", "as it happens", "0 9 * * *", "every 2 hours from 8 to 20", "hourly"])
def test_any_when_may_name_its_zone(words: str) -> None:
    assert parse_when(words, "Europe/Helsinki").zone == "Europe/Helsinki"
    named = parse_when(f"{words} asia/seoul", "Europe/Helsinki")
    assert (named.words, named.zone) == (words, "Asia/Seoul")


@pytest.mark.parametrize(
    ("words", "word", "says"),
    [
        ("sometimes", "sometimes", "do not understand"),
        ("daily at nine", "nine", "do not understand"),
        ("every fortnight at 9", "fortnight", "do not understand"),
        ("weekdays at 25:00", "25:00", "no such time of day"),
        ("daily at 13pm", "13pm", "no such time of day"),
        ("daily", "", "missing after"),
        ("mondays at 9 and", "", "missing after"),
        ("every 2 hours from 8", "", "missing after"),
        ("", "", "No time was given"),
        ("every 7 hours", "7", "from when to when"),
        ("every 0 minutes", "0", "between a minute and a day"),
        ("every 25 hours", "25", "between a minute and a day"),
        ("every 2 days", "days", "minutes or hours"),
        ("daily at 9 sharp", "sharp", "no time zone"),
        ("daily at 9 Asia/Seul", "asia/seul", "did you mean Asia/Seoul?"),
        ("daily at 9 seul", "seul", "did you mean Asia/Seoul?"),
        ("daily at 9 Asia/Seoul please", "please", "do not understand"),
        ("0 0 30 2 *", "30", "never comes"),
        ("0 0 31 2,4 *", "31", "never comes"),
        ("99 9 * * *", "99", "minute"),
        ("0 9 * *", "", "five fields"),
    ],
)
def test_a_refusal_names_the_word_and_gives_three_examples(words: str, word: str, says: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_when(words, "UTC")
    assert refused.value.word == word
    assert says in str(refused.value)
    assert len(refused.value.examples) == 3
    for example in refused.value.examples:
        assert example in str(refused.value)
        assert parse_when(example, "UTC").cron


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("every " + "9" * 5_000 + " minutes", 'in "every…"'),
        ("daily at 9 " + "x" * 5_000, 'in "daily at 9…" (there is no time zone "xxx'),
        ("daily at 9" + " and 10" * 2_000 + " and", 'missing after "daily at 9 and 10 and 10'),
    ],
    ids=["number", "zone", "many words"],
)
def test_a_refusal_repeats_only_the_beginning_of_what_is_long(words: str, says: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_when(words, "UTC")
    assert says in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_zone_is_known_in_any_case_and_an_unknown_one_gets_a_suggestion() -> None:
    assert check_zone("asia/SEOUL") == "Asia/Seoul"
    with pytest.raises(ScheduleError, match=r"did you mean Europe/Helsinki\?$"):
        check_zone("Europe/Helsinky")
    with pytest.raises(ScheduleError, match="zones are named like"):
        check_zone("")


@pytest.mark.parametrize(
    ("text", "topic", "words"),
    [
        ("G7 every minute", "G7", "every minute"),
        ("central banks weekdays at 09:00 Asia/Seoul", "central banks", "weekdays at 09:00"),
        ("G7 as it happens", "G7", "as it happens"),
        ("rates 0 9 * * 1-5", "rates", "0 9 * * 1-5"),
        ('"daily at 9" radio daily at 10', '"daily at 9" radio', "daily at 10"),
        ('"weekdays at 9"', '"weekdays at 9"', None),
        ("black monday", "black monday", None),
        ("talks at Evian", "talks at Evian", None),
        ("life at sea", "life at sea", None),
        ("crimes at night in Oslo", "crimes at night in Oslo", None),
        ('"crimes at night"', '"crimes at night"', None),
        ("", "", None),
    ],
)
def test_a_topic_and_its_when_are_told_apart(text: str, topic: str, words: str | None) -> None:
    found, schedule = split_topic_and_when(text, "UTC")
    assert (found, schedule and schedule.words) == (topic, words)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("climate weekdays at nine", "nine"),
        ("climate at teatime", "at"),
        ("climate at noon", "at"),
        ("climate at 9", "at"),
        ("climate every fortnight", "fortnight"),
    ],
)
def test_an_ending_that_begins_like_a_when_is_refused_rather_than_taken_for_a_topic(text: str, word: str) -> None:
    with pytest.raises(ScheduleError, match="in quotes") as refused:
        split_topic_and_when(text, "UTC")
    assert refused.value.word == word


VOCABULARY = """
    as it happens hourly daily every weekdays mondays and thursday to first last of the month at from until
    minutes hours 2 9 18:30 9pm noon 0 * */5 1-5 L 5#3 jan Asia/Seoul utc , " 99999999999 ²
"""


@given(st.text() | st.lists(st.sampled_from(VOCABULARY.split()), max_size=9).map(" ".join))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    with suppress(ScheduleError):
        schedule = parse_when(text, "UTC")
        assert next_runs(schedule, START, Preferences(), 1) or not schedule.cron
    with suppress(ScheduleError):
        topic, found = split_topic_and_when(text, "UTC")
        assert text.strip().startswith(topic)
        assert found or topic == text.strip()
