"""What the headers of an answer ask for: when to come again, and what to bring along.

Dates are compared with the server's own clock where it tells it, because that may be wrong by more than the span.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DAY = timedelta(days=1)
"""The longest that a server's wish to be left alone is heard."""


def fresh_for(headers: Mapping[str, str]) -> timedelta | None:
    """How long the answer stays good: by Cache-Control (RFC 9111, section 5.2), which goes before Expires."""
    given = [part.partition("=") for part in headers.get("cache-control", "").lower().split(",")]
    directives = {name.strip(): value.strip(' "') for name, _, value in given}
    if directives.keys() & {"no-cache", "no-store"}:
        return None
    if "max-age" in directives:
        return _span(headers, directives["max-age"])
    return _span(headers, headers.get("expires", ""))


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long the server asks to be left alone."""
    return _span(headers, headers.get("retry-after", ""))


def validator(headers: Mapping[str, str], name: str) -> str | None:
    """A header by which the same answer is known later, unless it could not be sent back."""
    value = headers.get(name, "")
    return value if value.isascii() and value.isprintable() and 0 < len(value) <= 1000 else None


def _span(headers: Mapping[str, str], value: str) -> timedelta | None:
    """A span from now on, at most a day, given as seconds or as a date; None when it is neither, or over."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), DAY.total_seconds())) or None
    until = _date(value)
    if until is None:
        return None
    span = until - (_date(headers.get("date", "")) or datetime.now(UTC))
    return min(span, DAY) if span > timedelta() else None


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
