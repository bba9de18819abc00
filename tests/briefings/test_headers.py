"""What headers ask for, by the rules of RFC 9110 and 9111, and nothing from those that follow none."""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.headers import DAY, fresh_for, retry_after, validator

NOW = "Tue, 03 Nov 2026 09:00:00 GMT"
IN_AN_HOUR = "Tue, 03 Nov 2026 10:00:00 GMT"
NEVER = "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize(
    ("control", "expires", "seconds"),
    [
        ("max-age=600", None, 600), ("public, max-age=600, must-revalidate", None, 600), ('Max-Age = "600"', None, 600),
        ("max-age=600", IN_AN_HOUR, 600), ("max-age=0", IN_AN_HOUR, None), ("no-cache", IN_AN_HOUR, None),
        ("no-store, max-age=600", IN_AN_HOUR, None), ("private, no-cache=set-cookie", IN_AN_HOUR, None),
        ("public", IN_AN_HOUR, 3600), (None, IN_AN_HOUR, 3600), (None, NOW, None), (None, NEVER, None),
        (None, "0", None), (None, "-1", None), (None, "soon", None), ("max-age=-5", None, None),
        ("max-age=soon", None, None), ("max-age=31536000", None, 86400),
        ("max-age=" + "9" * 5000, None, 86400), ("s-maxage=600", None, None),
        (None, "Fri, 31 Dec 9999 23:59:59 GMT", 86400), (None, "Tuesday, 03-Nov-26 10:00:00 GMT", 3600),
        (None, "Tue, 03 Nov 2026 10:00:00 -0000", 3600), (None, "Tue, 03 Nov 2026 12:00:00 +0200", 3600),
        (None, None, None),
    ],
)  # fmt: skip
def test_how_long_an_answer_stays_good(control: str | None, expires: str | None, seconds: int | None) -> None:
    given = {"cache-control": control, "expires": expires, "date": NOW}
    headers = {name: value for name, value in given.items() if value is not None}
    assert fresh_for(headers) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), (" 120 ", 120), (IN_AN_HOUR, 3600), (NEVER, None), ("0", None), ("-5", None), ("1e3", None),
     ("soon", None), ("", None), ("99999999999", 86400), ("Thu, 05 Nov 2026 09:00:00 GMT", 86400), ("٣", None)],
)  # fmt: skip
def test_how_long_a_server_asks_to_be_left_alone(value: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after({"retry-after": value, "date": NOW}) == expected


def test_a_server_without_a_clock_is_taken_by_ours() -> None:
    assert retry_after({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}) == DAY
    assert retry_after({"retry-after": NEVER, "date": "no date"}) is None


@given(st.datetimes(), st.timedeltas(timedelta(seconds=1), timedelta(days=3)))
def test_a_date_means_what_it_says_by_the_servers_clock(now: Any, span: timedelta) -> None:
    try:
        later = now + timedelta(seconds=int(span.total_seconds()))
    except OverflowError:
        return
    headers = {"retry-after": format_datetime(later), "date": format_datetime(now)}
    assert retry_after(headers) == min(timedelta(seconds=int(span.total_seconds())), DAY)


@given(st.text(), st.text(), st.text())
def test_whatever_is_sent_gives_a_span_within_a_day_or_none(control: str, date: str, age: str) -> None:
    for headers in ({"cache-control": control, "expires": date, "date": age}, {"cache-control": f"max-age={age}"}):
        found = fresh_for(headers)
        assert found is None or timedelta() < found <= DAY
    found = retry_after({"retry-after": date, "date": age})
    assert found is None or timedelta() < found <= DAY


@pytest.mark.parametrize(
    ("sent", "kept"),
    [('"7"', '"7"'), ('x' * 1000, 'x' * 1000), ("x" * 1001, None),
     ('W/"a b"', 'W/"a b"'), ("", None), ('"é"', None), ('"a\tb"', None), ('"a\r\nX: y"', None)],
)  # fmt: skip
def test_only_a_mark_that_can_be_sent_back_is_kept(sent: str, kept: str | None) -> None:
    assert validator({"etag": sent}, "etag") == kept
    assert validator({}, "etag") is None
