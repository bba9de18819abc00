"""The vocabulary of sources: what a workspace reads, how fetching it goes, and what a feed lists.

A feed is fetched once, however many workspaces have it as a source, and tells none of them about another.
"""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

Health = Literal["healthy", "failing", "paused"]


class Entry(Struct, frozen=True, kw_only=True):
    """What a feed lists. `html` is the longest text that the feed gives of it, empty when it gives none; an `excerpt`
    stands where feeds put a summary, although some put the whole text there.

    `guid` is as the feed writes it, None when it gives none; `url` is absolute; `title` is plain text.
    """

    title: str
    url: str | None = None
    guid: str | None = None
    html: str = ""
    excerpt: bool = False
    byline: str | None = None
    published: datetime | None = None
    language: str | None = None


class Listed(Struct, frozen=True, kw_only=True):
    """A feed as read: its own title, the site it belongs to, how long it asks to be left alone, and its entries."""

    title: str
    entries: tuple[Entry, ...]
    site: str | None = None
    language: str | None = None
    every: timedelta | None = None


class Feed(Struct, frozen=True, kw_only=True):
    """A feed that some workspace reads, and how fetching it goes.

    `url` is where it is fetched, after lasting redirects. `etag`, `last_modified` and `digest` are of the last body.
    `failures` counts those in a row; `reason` is a sentence about the last; `changed` is since when its health is so.
    `every` is how long its server or the feed itself asks to be left alone between two fetches.
    """

    id: int
    url: str
    title: str = ""
    site: str | None = None
    health: Health = "healthy"
    reason: str | None = None
    failures: int = 0
    changed: datetime | None = None
    last_fetch: datetime | None = None
    last_good: datetime | None = None
    last_news: datetime | None = None
    next_fetch: datetime | None = None
    every: timedelta | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None


class Source(Struct, frozen=True, kw_only=True):
    """A feed that one workspace reads, or every workspace when an operator put it in for all.

    `name` is what people call it. `paused` was asked for by a person. Notices go to whoever added it: `added_by`, and
    `channel` is where that was.
    """

    id: int
    workspace: str
    feed: Feed
    name: str
    paused: bool
    added: datetime
    added_by: str | None = None
    channel: str | None = None
    first_read: datetime | None = None
    """When its feed was first read for it; None until then. Entries seen by then are its backlog."""
    held: int = 0
    """Entries held back, because too many of the feed were suddenly new."""


SeenState = Literal["waiting", "stored", "held", "skipped"]


class Seen(Struct, frozen=True, kw_only=True):
    """An entry that a feed listed, as remembered. `url` is canonical; `digest` is of title and text.

    `waiting`: its page is still to be read, at `next_try` after `tries` failures, the last for `reason`.
    `stored`: it is an article now. `held`: a manager decides. `skipped`: it was left out for `reason`.
    `entry` is all that the feed said of it, kept while it is waiting or held: the feed may have dropped it by then.
    """

    id: int
    feed: int
    title: str
    guid: str | None
    url: str | None
    digest: str
    first_seen: datetime
    last_seen: datetime
    state: SeenState
    reason: str | None = None
    tries: int = 0
    next_try: datetime | None = None
    entry: Entry | None = None
