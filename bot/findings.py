"""What an examination by `sidelines doctor` finds, and what every platform is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

APART = timedelta(seconds=60)
"""Most that the clocks may differ. Slack's requests count as forged when their time is five minutes off."""


class Finding(Struct, frozen=True):
    """What was looked at, whether it is well, what was seen, and what to do when it is not."""

    name: str
    ok: bool
    seen: str
    next: str = ""


def clock(platform: str, headers: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """Whether this machine's clock agrees with that of a platform, by an answer's `Date`; nothing without one."""
    from email.utils import parsedate_to_datetime  # takes long to import, and is not always needed

    name, whose = f"{platform} clock", f"{platform.capitalize()}'s"
    try:
        apart = now - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):  # no time, or one without a zone
        return
    seconds = abs(apart.total_seconds())
    if seconds > APART.total_seconds():
        side = "ahead of" if apart > timedelta() else "behind"
        seen = f"this machine's clock is {seconds:.0f} s {side} {whose}"
        yield Finding(name, False, seen, "Set the clock, for example with `timedatectl set-ntp true`.")
    else:
        yield Finding(name, True, f"agrees with {whose}")
