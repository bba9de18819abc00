"""Reading the dates that articles write about themselves."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? +)?"
_TIME = (
    r"(?:,?\s*(?:at|T|-|–|—)?\s*(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?(?:\s*\(?[A-Z]{2,4}\)?)?)?"
)
_WRITTEN = tuple(
    re.compile(
        rf"(?:(?:first )?published(?: on)?:?\s+|posted(?: on)?:?\s+|date:?\s+)?{_WEEKDAY}{order}{_TIME}", re.IGNORECASE
    )
    for order in (
        rf"{_MONTH} {_DAY},? {_YEAR}",
        rf"{_DAY}\.? {_MONTH},? {_YEAR}",
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<year>\d{4})\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]",
    )
)
# As in mails and RSS, https://www.rfc-editor.org/rfc/rfc822#section-5, which names zones that the above do not know.
_MAILED = re.compile(r"(?:[a-z]{3,9},? *)?\d{1,2}[ -][a-z]{3}[a-z]*[ -](?:\d{2}|\d{4}) \d{1,2}:\d{2}.*", re.IGNORECASE)
LONGEST = 80
"""Characters of the longest date line."""


def parse_date(written: object) -> datetime | None:
    """The instant of a written date, in UTC; None when it is no date on its own.

    Takes what YAML gives (text, a date or a datetime) and text in ISO, English, German, Chinese, Japanese or Korean
    order, a leading "Published" allowed. Without a time it is midnight, without a zone UTC. Day and month in numbers
    with strokes (05/06/2023) are ambiguous and give None.
    """
    if isinstance(written, datetime):
        return _in_utc(written)
    if isinstance(written, date):
        return datetime(written.year, written.month, written.day, tzinfo=UTC)
    if not isinstance(written, str) or len(written) > LONGEST:
        return None
    text = " ".join(written.split())
    if _MAILED.fullmatch(text):
        try:
            return _in_utc(parsedate_to_datetime(text))
        except (ValueError, OverflowError):
            pass
    for pattern in _WRITTEN:
        if match := pattern.fullmatch(text):
            return _from_parts(match)
    return None


def _from_parts(match: re.Match[str]) -> datetime | None:
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS[month[:3].lower()]
    hour, minute = int(match["hour"] or 0), int(match["minute"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    try:
        return _in_utc(
            datetime(int(match["year"]), number, int(match["day"]), hour, minute, tzinfo=_zone(match["zone"]))
        )
    except ValueError:
        return None


def _zone(written: str | None) -> timezone:
    if not written or written[0] not in "+-":
        return UTC
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None
