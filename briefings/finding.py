"""FIND: an address that a person gives -> the feed there, the article there, or a list of feeds.

What is fetched passes the same guard as everything else, and is read where heavy work may be done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urljoin

from msgspec import Struct
from msgspec.structs import replace

from briefings import feeds, opml
from briefings.bodies import Work
from briefings.decoding import charset_of
from briefings.documents import read
from briefings.errors import FetchError, UnreadableFeed
from briefings.fetch import Fetched, Fetcher
from briefings.sources import Listed
from briefings.types import Document

START = 4096
"""Bytes in which a page shows that it is one."""

_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)

TRIED = 3
"""Feeds named by a page that are looked at before it is given up; sites name the main one first."""


class Found(Struct, frozen=True):
    """A feed, where it is fetched, and the addresses of others that the same page names."""

    url: str
    listed: Listed
    others: tuple[str, ...] = ()


class Finder:
    """Looks at addresses for people, one fetch after the other. `limit` is in bytes."""

    def __init__(self, fetcher: Fetcher, work: Work, *, limit: int) -> None:
        self._fetcher = fetcher
        self._work = work
        self._limit = limit

    async def feed(self, url: str) -> Found:
        """The feed at an address, or the one that the page there names. Raises FetchError, UnreadableFeed."""
        fetched = await self._fetcher.fetch(url, accept="feed", limit=self._limit)
        try:
            return Found(fetched.moved_to or url, await self._listed(fetched))
        except UnreadableFeed:
            if not _PAGE.search(fetched.body[:START]):
                raise
        offers = [offer.url for offer in await self._work(feeds.discover, fetched.body, fetched.url)]
        named = await self._first(offers[:TRIED], others=offers)
        found = named or await self._first([urljoin(fetched.url, guess) for guess in feeds.GUESSES])
        if found is None:
            raise UnreadableFeed(
                "No feed was found there; give the feed's own address, which a site often shows as RSS or Atom."
            )
        return found

    async def article(self, url: str) -> Document:
        """The article at an address, under that address when it names none. Raises FetchError, UnreadableDocument."""
        fetched = await self._fetcher.fetch(url, limit=self._limit)
        document: Document = await self._work(
            read, fetched.body, name=fetched.url, limit=self._limit, charset=charset_of(fetched.content_type)
        )
        return document if document.url else replace(document, url=fetched.url)

    async def outlines(self, url: str) -> Sequence[opml.Outline]:
        """The feeds that an OPML file at an address lists. Raises FetchError, UnreadableFeed."""
        fetched = await self._fetcher.fetch(url, accept="feed", limit=self._limit)
        outlines: Sequence[opml.Outline] = await self._work(opml.read, fetched.body)
        return outlines

    async def _listed(self, fetched: Fetched) -> Listed:
        listed: Listed = await self._work(
            feeds.read_feed, fetched.body, url=fetched.url, content_type=fetched.content_type
        )
        return listed

    async def _first(self, urls: Sequence[str], others: Sequence[str] = ()) -> Found | None:
        """The first of these addresses that is a feed."""
        for url in dict.fromkeys(urls):
            try:
                fetched = await self._fetcher.fetch(url, accept="feed", limit=self._limit)
                listed = await self._listed(fetched)
            except (FetchError, UnreadableFeed):
                continue
            return Found(fetched.moved_to or url, listed, tuple(other for other in others if other != url))
        return None
