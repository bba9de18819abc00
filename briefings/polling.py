"""POLLING: what a look at a feed means, as values: when to look again, how it fares, which of its entries are new.

An entry is one that was seen before when its address, its text or its guid says so, in this order; dates never decide.
A feed of which suddenly most is new has more probably been rebuilt than become busy: that is held for a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from html import unescape
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from briefings.documents import canonical_url
from briefings.errors import FetchError, SidelinesError
from briefings.sources import Entry, Feed, Health, Listed, Seen, Source
from briefings.types import Action, Notice

if TYPE_CHECKING:
    from briefings.fetch import Fetched

FAILING_AFTER = 3
"""Failures in a row that make a feed failing: one or two are a server that restarts."""

PAUSED_AFTER = timedelta(days=7)
"""How long a feed may be failing until it is only probed."""

PROBE = timedelta(days=1)
"""Between two looks at a paused feed."""

LONGEST_WAIT = timedelta(hours=6)
"""Between two looks at a failing feed."""

MOST_OBEYED = timedelta(days=1)
"""The longest that a server or a feed can ask to be left alone."""

SPREAD = 0.1
"""By how much of itself a wait may grow by chance, so that feeds do not fall due together."""

FEW = 5
"""New entries that are never a flood, however short the feed is."""

BUSY = 2
"""How many times what a feed usually brings is still nothing strange."""

TELLING = 25
"""Words from which on a text is known again by itself: shorter ones, "The weather today", come every day anew."""


# How a feed fares -------------------------------------------------------------------------------------------


def after_success(
    feed: Feed,
    fetched: Fetched,
    now: datetime,
    *,
    every: timedelta,
    jitter: float,
    listed: Listed | None = None,
    news: bool = False,
) -> Feed:
    """The feed after it answered. `listed` is what it lists, None when nothing changed; `news`: it has new entries.

    `every` is the operator's wish, `jitter` a number from 0 to 1.
    """
    asked = feed.every
    if listed is not None:
        asked = listed.every
        feed = replace(feed, title=listed.title or feed.title, site=listed.site or feed.site, every=asked)
    if not fetched.not_modified:
        feed = replace(feed, etag=fetched.etag, last_modified=fetched.last_modified, digest=fetched.digest)
    return replace(
        _become(feed, "healthy", now),
        reason=None,
        failures=0,
        last_fetch=now,
        last_good=now,
        last_news=now if news else feed.last_news,
        next_fetch=now + _spread(max(every, _obeyed(asked), _obeyed(fetched.fresh_for)), jitter),
    )


def after_failure(
    feed: Feed, error: SidelinesError, now: datetime, *, every: timedelta, jitter: float, offline: bool = False
) -> Feed:
    """The feed after it could not be fetched or read. When we are `offline`, that says nothing about it."""
    if offline:
        return replace(feed, reason=str(error), last_fetch=now, next_fetch=now + _spread(every, jitter))
    failures = feed.failures + 1
    health: Health = feed.health
    if _gone(error) or (health == "failing" and feed.changed and now - feed.changed >= PAUSED_AFTER):
        health = "paused"
    elif health == "healthy" and failures >= FAILING_AFTER:
        health = "failing"
    if health == "paused":
        wait = PROBE
    else:
        # The power is bounded because a timedelta is.
        wait = max(every, min(every * 2 ** min(failures - 1, 20), LONGEST_WAIT))
    retry_after = error.retry_after if isinstance(error, FetchError) else None
    return replace(
        _become(feed, health, now),
        reason=str(error),
        failures=failures,
        last_fetch=now,
        next_fetch=now + _spread(max(wait, _obeyed(feed.every), _obeyed(retry_after)), jitter),
    )


def host_rests_until(error: SidelinesError, now: datetime) -> datetime | None:
    """Until when nothing of the same host is to be asked: what its server wishes that has too much to do."""
    if isinstance(error, FetchError) and error.status in (429, 503) and error.retry_after:
        return now + _obeyed(error.retry_after)
    return None


def transition(before: Feed, source: Source, now: datetime) -> Notice | None:
    """What to tell about a source whose feed was like `before`: nothing unless its health is another now."""
    feed, name = source.feed, source.name
    if feed.health == before.health:
        return None
    last = f"It was last read {_ago(now - feed.last_good)} ago." if feed.last_good else "It was never read yet."
    again = (Action("Try again", f"source check {source.id}"),)
    if feed.health == "failing":
        text = f"{name} cannot be read. {feed.reason} {last} It is tried again by itself."
        return Notice(text, "problem", again)
    if feed.health == "paused":
        text = (
            f"{name} is looked at only once a day now. {feed.reason} {last} It goes on by itself once it can be read."
        )
        return Notice(text, "problem", again)
    return Notice(f"{name} can be read again. What it listed meanwhile comes with the next briefings.")


def flooded(source: Source, entries: int) -> Notice:
    """What to tell when so many entries were suddenly new that they are held back."""
    text = (
        f"{source.name} suddenly lists {entries} entries as new, more than half of it: perhaps it was rebuilt. "
        "They are held back until somebody accepts or skips them; what comes after them is not."
    )
    accept, skip = Action("Accept", f"source accept {source.id}"), Action("Skip", f"source skip {source.id}")
    return Notice(text, "problem", (accept, skip))


def _become(feed: Feed, health: Health, now: datetime) -> Feed:
    return feed if health == feed.health and feed.changed else replace(feed, health=health, changed=now)


def _gone(error: SidelinesError) -> bool:
    return isinstance(error, FetchError) and error.status == 410


def _obeyed(asked: timedelta | None) -> timedelta:
    return min(max(asked or timedelta(), timedelta()), MOST_OBEYED)


def _spread(wait: timedelta, jitter: float) -> timedelta:
    return wait * (1 + SPREAD * jitter)


def _ago(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            count = round(minutes / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("a minute is at least one minute")


# Which entries are new --------------------------------------------------------------------------------------


class Item(Struct, frozen=True, kw_only=True):
    """An entry with the marks by which it is known again, each None where it has none that is its own.

    `url` is canonical. `digest` is of title and text, and changes when they do; `telling`: it also identifies.
    """

    entry: Entry
    guid: str | None
    url: str | None
    digest: str
    telling: bool = False
    seen: Seen | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What to do with the entries of a feed. With `flood`, those in `new` are to be held."""

    new: tuple[Item, ...]
    changed: tuple[Item, ...]
    unchanged: tuple[Item, ...]
    flood: bool


def items(listed: Listed, url: str) -> tuple[Item, ...]:
    """What the feed at `url` lists, with its marks; a guid or an address that several entries have marks none."""
    nowhere = {canonical_url(place) for place in (url, listed.site) if place}
    places = [canonical_url(entry.url) if entry.url else None for entry in listed.entries]
    guids = Counter(entry.guid for entry in listed.entries)
    urls = Counter(places)
    found = []
    for entry, place in zip(listed.entries, places, strict=True):
        words = _words(entry)
        own_guid = entry.guid if entry.guid and guids[entry.guid] == 1 else None
        own_url = place if place and urls[place] == 1 and place not in nowhere else None
        found.append(
            Item(
                entry=entry,
                guid=own_guid,
                url=own_url,
                digest=blake2b(" ".join(words).encode(), digest_size=16).hexdigest(),
                telling=len(words) >= TELLING or not (own_guid or own_url),
            )
        )
    return tuple(found)


def decide(
    feed: Feed,
    listed: Sequence[Item],
    seen: Iterable[Seen],
    now: datetime,
    *,
    stored: Collection[str] = (),
    usual: float = 0.0,
) -> Plan:
    """What to do with what a feed lists, when `seen` is what is remembered of entries that carry one of its marks.

    `stored` are canonical addresses of stored articles; `usual` is how many new entries a day the feed brings. What was
    seen, but is still waiting or held, counts as unchanged and comes with what the feed says of it now.
    """
    known = _recognised(listed, list(seen))
    new: list[Item] = []
    changed: list[Item] = []
    unchanged: list[Item] = []
    for place, item in enumerate(listed):
        before = known.get(place)
        if before is None:
            new.append(item)
        elif before.state == "stored" and before.digest != item.digest:
            changed.append(replace(item, seen=before))
        else:
            unchanged.append(replace(item, seen=before))
    unknown = sum(item.url not in stored for item in new)
    return Plan(
        new=tuple(new),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
        flood=_is_flood(feed, unknown, len(listed), usual, now),
    )


def _is_flood(feed: Feed, unknown: int, listed: int, usual: float, now: datetime) -> bool:
    if feed.last_good is None:
        return False
    expected = BUSY * usual * ((now - feed.last_good) / timedelta(days=1))
    return unknown > max(FEW, listed / 2, expected)


def _recognised(listed: Sequence[Item], seen: list[Seen]) -> dict[int, Seen]:
    """Which entry, by its place, is which of those seen before; each of these is at most one.

    A guid alone comes last: some feeds number their places, so that it goes from one entry to the next.
    """
    kinds: tuple[tuple[Callable[[Item], object], Callable[[Seen], object]], ...] = (
        (lambda item: item.url, lambda row: row.url),
        (lambda item: item.guid and (item.guid, item.digest), lambda row: row.guid and (row.guid, row.digest)),
        (lambda item: item.digest if item.telling else None, lambda row: row.digest),
        (lambda item: item.guid, lambda row: row.guid),
    )
    found: dict[int, Seen] = {}
    used: set[int] = set()
    for mark_of, mark_seen in kinds:
        rows: dict[object, list[Seen]] = {}
        for row in seen:
            if row.id not in used and (mark := mark_seen(row)):
                rows.setdefault(mark, []).append(row)
        for place, item in enumerate(listed):
            if place not in found and (alike := rows.get(mark_of(item))):
                found[place] = alike.pop(0)
                used.add(found[place].id)
    return found


_TAG = re.compile(r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1\s*>|$)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(r"\w+")


def _words(entry: Entry) -> list[str]:
    text = f"{entry.title}\n{unescape(_TAG.sub(' ', entry.html))}"
    return _WORD.findall(text.casefold())
