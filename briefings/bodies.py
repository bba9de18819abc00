"""What was fetched, read: the work on other people's bytes, which takes long or breaks, and so is done apart.

Everything here is given and gives plain values, so that a process that may be killed can do it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from briefings.decoding import charset_of
from briefings.documents import of_entry, read
from briefings.feeds import is_teaser, read_feed
from briefings.polling import Item, items
from briefings.sources import Entry, Listed
from briefings.types import Document

Work = Callable[..., Awaitable[Any]]
"""Runs a function with its arguments where it may take long and break."""


def of_feed(body: bytes, url: str, content_type: str, limit: int, now: datetime) -> tuple[Listed, tuple[Item, ...]]:
    """What a feed lists, and its entries with their marks. Raises UnreadableFeed."""
    listed = read_feed(body, url=url, content_type=content_type, limit=limit, now=now)
    return listed, items(listed, url)


def of_entries(entries: Sequence[Entry], source: str | None, teasers: bool) -> list[Document | None]:
    """What the feed itself gives of each entry; None for one that only begins there, unless `teasers` are wanted."""
    return [
        None if entry.url and not teasers and is_teaser(entry) else of_entry(entry, source=source) for entry in entries
    ]


def of_page(
    body: bytes, url: str, content_type: str, limit: int, entry: Entry, source: str | None, now: datetime
) -> Document:
    """The article that an entry leads to; the entry says what the page does not. Raises UnreadableDocument.

    It has no sections where the page shows too little of it, or asks not to be used.

    A page may say that it belongs at another address, but only of the same host: no site speaks for another.
    """
    page = read(body, name=url, charset=charset_of(content_type), limit=limit, stub_ok=True, now=now)
    said = page.url if page.url and urlsplit(page.url).hostname == urlsplit(url).hostname else None
    return replace(
        page,
        url=said or url,
        source=page.source or source,
        byline=page.byline or entry.byline,
        published=page.published or entry.published,
        language=page.language or entry.language,
    )
