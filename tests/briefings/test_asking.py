from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.asking import TimeNotUnderstood, read_asked, read_time

NOW = datetime(2026, 11, 25, 13, 30, tzinfo=UTC)
"""A Wednesday."""
ZONE = "Asia/Seoul"


def local(day: str, zone: str = ZONE) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("since Monday", "2026-11-23", None),
        ("since wednesday", "2026-11-25", None),
        ("since last Wednesday", "2026-11-18", None),
        ("since yesterday", "2026-11-24", None),
        ("since May", "2026-05-01", None),
        ("since December", "2025-12-01", None),
        ("since Feb. 2025", "2025-02-01", None),
        ("since 14 May", "2026-05-14", None),
        ("since the 14th of May", "2026-05-14", None),
        ("since Sept. 3", "2026-09-03", None),
        ("since 26 November", "2025-11-26", None),
        ("since 29 February", "2024-02-29", None),
        ("since May 14, 2025", "2025-05-14", None),
        ("since 2026-05-14", "2026-05-14", None),
        ("since last week", "2026-11-16", None),
        ("before 14.5.2026", None, "2026-05-14"),
        ("today", "2026-11-25", "2026-11-26"),
        ("Yesterday", "2026-11-24", "2026-11-25"),
        ("this week", "2026-11-23", "2026-11-30"),
        ("last week", "2026-11-16", "2026-11-23"),
        ("this month", "2026-11-01", "2026-12-01"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("on Sunday", "2026-11-22", "2026-11-23"),
        ("in May 2026", "2026-05-01", "2026-06-01"),
        ("in December", "2025-12-01", "2026-01-01"),
    ],
)
def test_times(said: str, since: str | None, until: str | None) -> None:
    time = read_time(said, NOW, ZONE)
    assert time is not None
    assert (time.since, time.until) == (since and local(since), until and local(until))
    assert time.said == said


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("in the last 3 hours", timedelta(hours=3)),
        ("the past two weeks", timedelta(weeks=2)),
        ("over the past week", timedelta(weeks=1)),
        ("in the last 10 days", timedelta(days=10)),
        ("in the last nine days", timedelta(days=9)),
    ],
)
def test_times_that_count_back_from_now(said: str, back: timedelta) -> None:
    time = read_time(said, NOW, ZONE)
    assert time is not None
    assert (time.since, time.until) == (NOW - back, None)


def test_days_begin_at_midnight_of_the_asker() -> None:
    late = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # Monday already in Seoul
    assert read_asked("who won today?", late, "Asia/Seoul").since == local("2026-11-23")
    assert read_asked("who won today?", late, "America/Lima").since == local("2026-11-22", "America/Lima")
    skipped = read_asked("who won on 30 December 2011?", NOW, "Pacific/Apia")  # a date that Samoa left out
    assert skipped.since == skipped.until == local("2011-12-31", "Pacific/Apia")


@pytest.mark.parametrize(
    ("text", "words", "place", "said"),
    [
        ("what about tariffs since Monday?", "what about tariffs?", None, "since Monday"),
        ("tariffs, yesterday", "tariffs", None, "yesterday"),
        ("in Ferry strike: who refused?", "who refused?", "Ferry strike", ""),
        ("In “Exclusive: the ferry”: who refused this week", "who refused", "Exclusive: the ferry", "this week"),
        ("in 12/3: what does it cost", "what does it cost", "12/3", ""),
        ("what has she said since the merger?", "what has she said since the merger?", None, ""),
        ("how many died since 2019?", "how many died since 2019?", None, ""),
        ("what was agreed before the vote on Monday?", "what was agreed before the vote?", None, "on Monday"),
        ("the day before yesterday's vote", "the day before yesterday's vote", None, ""),
        ("will it open in two weeks?", "will it open in two weeks?", None, ""),
        ("who sings on the last album?", "who sings on the last album?", None, ""),
        ("what happened in Paris?", "what happened in Paris?", None, ""),
        ("yesterday?", "", None, "yesterday"),
        ("ratio 3:2", "ratio 3:2", None, ""),
        ("in brief: ", "", "brief", ""),
    ],
)
def test_what_belongs_to_the_question_and_what_does_not(text: str, words: str, place: str | None, said: str) -> None:
    asked = read_asked(text, NOW, ZONE)
    assert (asked.words, asked.place, asked.said) == (words, place, said)


def test_a_time_that_may_belong_to_what_is_asked_is_loose() -> None:
    assert read_asked("who was elected in May?", NOW, ZONE).loose
    assert read_asked("who was elected in may?", NOW, ZONE).said == "in May"
    assert read_asked("who was elected on Sunday?", NOW, ZONE).loose
    assert not read_asked("who was elected since Sunday?", NOW, ZONE).loose
    assert not read_asked("who was elected yesterday?", NOW, ZONE).loose


@pytest.mark.parametrize(
    "said",
    [
        "since Mondey",
        "since 31 February",
        "since 2026-13-01",
        "since 9:30",
        "since the early days of May",
        "before Wendesday",
        "in the last few days",
        "on 31 June 2026",
    ],
)
def test_what_is_put_like_a_time_and_is_none_is_told(said: str) -> None:
    with pytest.raises(TimeNotUnderstood, match=r"is no time that I know.*since Monday") as told:
        read_asked(f"what about tariffs {said}?", NOW, ZONE)
    assert f"“{said}”" in str(told.value)


TIMELY = ["in", "on", "since", "before", "last", "past", "this", "the", "day", "weeks", "Monday", "May", "yesterday"]
OTHERS = ["31", "February", "2026", "2026-05-14", "9999", "0", "１２", "٣", ":", "“", "”", "?", ",", ".", "tariffs"]
PIECES = st.sampled_from([*TIMELY, *OTHERS])
INSTANTS = st.integers(0, 7 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(
    st.lists(PIECES | st.text(max_size=6), max_size=9).map(" ".join),
    st.sampled_from([ZONE, "UTC", "Pacific/Apia", "America/New_York"]),
    INSTANTS,
)
def test_any_text_is_read_or_refused(text: str, zone: str, now: datetime) -> None:
    try:
        asked = read_asked(text, now, zone)
    except TimeNotUnderstood:
        return
    assert asked.words.rstrip("?!. ") in text
    assert asked.place is None or asked.place in text
    assert asked.said in text
    assert asked.since is None or asked.until is None or asked.since <= asked.until
