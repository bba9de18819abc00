"""Feeds: what one lists, which entries tell only the beginning of their article, and where a site has its feeds."""

import re
from datetime import datetime, timedelta
from html import escape, unescape
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from msgspec import Struct

from briefings.dates import parse_date
from briefings.decoding import charset_of, decode, is_binary
from briefings.documents import LIMIT
from briefings.documents import LONGEST_TITLE as LONGEST_MADE_TITLE
from briefings.errors import UnreadableFeed
from briefings.fragments import folded, one_line, read_fragment
from briefings.sections import width
from briefings.sentences import split
from briefings.sources import Entry, Listed
from briefings.syndication import Field, Parts, absolute, read_json, read_xml
from briefings.words import shortened

MOST = 5_000
"""Entries read of one feed; the longest archives that blogs put in one have some thousand."""

GUESSES = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default")
"""Paths at which sites have their feed without telling."""

LONGEST_TITLE = 500
"""Characters of the longest title; a longer one is a text put in the wrong place, and is cut."""

OLDEST = 1990
"""Year before which no feed gives a date on purpose: clocks that were never set say 1904, 1970 or 1980."""

LONGEST_WAIT = timedelta(days=1)
"""How long a feed may ask to be left alone; some say a year and have news every day."""

Said = dict[str, list[Field]]
"""What a feed says of itself or of an entry, by the names of the fields."""

_TITLES = ("title", "dc:title", "media:title", "itunes:title")
_LINKS = ("feedburner:origlink", "link")
_GUIDS = ("guid", "id")
_CONTENTS = ("content:encoded", "content", "xhtml:body", "fullitem", "body")
_SUMMARIES = ("description", "summary", "abstract", "media:description", "itunes:summary")
_AUTHORS = ("author", "dc:creator", "itunes:author")
_PUBLISHED = ("pubdate", "published", "issued", "dcterms:issued", "dc:date", "date", "created", "dcterms:created")
_UPDATED = ("updated", "modified", "dcterms:modified")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}

_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+)?html\b", re.IGNORECASE | re.DOTALL)
_CLOSED = re.compile(r"</[A-Za-z]|<(?:br|img|hr)\b", re.IGNORECASE)
_MAILBOX = re.compile(r"<?\S+@\S+>?\s*(?:\((.*)\))?")
_CODE = re.compile(r"[a-z]{2,3}(?=$|[-_])")


def read_feed(
    data: bytes,
    *,
    url: str,
    content_type: str = "",
    most: int = MOST,
    limit: int = LIMIT,
    now: datetime | None = None,
) -> Listed:
    """What the feed in these bytes lists, each entry once: RSS 0.9x to 2.0, RDF, Atom or JSON Feed, broken or not.

    Of a longer feed the first `most` entries, which are the newest. Dates before 1990 and, where `now` is given, those
    more than a day ahead of it are left out: they are no dates of news. Raises UnreadableFeed with what it is instead.
    """
    return _listed(read_parts(data, url=url, content_type=content_type, most=most, limit=limit), now)


def read_parts(data: bytes, *, url: str, content_type: str = "", most: int = MOST, limit: int = LIMIT) -> Parts:
    """What the feed in these bytes says, before it is known what that means; raises UnreadableFeed."""
    if len(data) > limit:
        raise UnreadableFeed(f"The feed has more than the {limit:,} bytes allowed: ask its site for a shorter one.")
    if not data.strip():
        raise UnreadableFeed("The answer is empty where a feed should be: try again later, or look for a new address.")
    text = None if is_binary(data) else decode(data, charset_of(content_type))
    if text is None:
        raise UnreadableFeed("This is no text, so it is no feed: give the address of an RSS, Atom or JSON feed.")
    parts = read_json(text, url, most) if text.lstrip()[:1] in "{[" else read_xml(text, url, most)
    if parts is None:
        raise UnreadableFeed(
            "This is a web page, not a feed: give the address of its RSS, Atom or JSON feed."
            if _PAGE.match(text)
            else "This is no feed: give the address of an RSS, Atom or JSON feed."
        )
    return parts


def _listed(parts: Parts, now: datetime | None) -> Listed:
    head = _by_name(parts.head)
    language = _language(head)
    byline = _byline(head)
    entries: dict[tuple[str | None, ...], Entry] = {}
    for fields in parts.entries:
        entry = entry_of(fields, byline=byline, language=language, now=now)
        if entry.title:
            text = (entry.title, entry.html) if entry.url is None else ()
            entries.setdefault((entry.guid, entry.url, *text), entry)
    return Listed(
        title=_title(head) or "",
        site=_first(head, ("link",)),
        language=language,
        every=_every(head),
        entries=tuple(entries.values()),
    )


def entry_of(
    fields: list[Field], *, byline: str | None = None, language: str | None = None, now: datetime | None = None
) -> Entry:
    """The entry that says this, with the feed's byline and language where it gives none.

    For a title it may have the first words of its text or its address; it has none when there is nothing in it.
    """
    said = _by_name(fields)
    guid = _first(said, _GUIDS)
    url = _first(said, _LINKS) or absolute("", guid or "")
    contents, summaries = (
        [_html(field) for name in names for field in said.get(name, ())] for names in (_CONTENTS, _SUMMARIES)
    )
    html = max((*contents, *summaries), key=len, default="")
    title = _title(said) or _beginning(html) or url or guid or ""
    published = _date(said, _PUBLISHED, now) or _date(said, _UPDATED, now)
    return Entry(
        title=shortened(title, LONGEST_TITLE),
        url=url,
        guid=guid,
        html=html,
        excerpt=html not in contents,
        byline=_byline(said) or byline,
        published=published,
        language=_language(said) or language,
    )


# What fields mean -------------------------------------------------------------------------------------------


def _by_name(fields: list[Field]) -> Said:
    named: Said = {}
    for field in fields:
        named.setdefault(field.name, []).append(field)
    return named


def _first(said: Said, names: tuple[str, ...]) -> str | None:
    """The first value of the first of these names that has one, in one line."""
    return next((value for name in names for field in said.get(name, ()) if (value := folded(field.value))), None)


def _line(field: Field) -> str:
    """A field as plain text: as it stands, or as HTML. Where the feed does not say, tags are HTML if one is closed."""
    if field.kind == "text":
        return folded(field.value)
    if field.kind == "" and not _CLOSED.search(field.value):
        return folded(unescape(field.value))
    return one_line(field.value)


def _title(said: Said) -> str | None:
    return next((line for name in _TITLES for field in said.get(name, ()) if (line := _line(field))), None)


def _html(field: Field) -> str:
    html = escape(field.value, quote=False) if field.kind == "text" else field.value
    return html.encode(errors="replace").decode().strip()


def _beginning(html: str) -> str:
    """The first sentence of a text, for a title."""
    first = next((block.text for block in read_fragment(html[:50_000])), "")
    return shortened(next(iter(split(first)), first), LONGEST_MADE_TITLE)


def _byline(said: Said) -> str | None:
    for name in _AUTHORS:
        people = dict.fromkeys(_person(_line(field)) for field in said.get(name, ()))
        if byline := ", ".join(filter(None, people)):
            return shortened(byline, LONGEST_TITLE)
    return None


def _person(line: str) -> str:
    """A name without the mailbox that RSS puts before it: "desk@example.org (Mara Lind)"."""
    mailbox = _MAILBOX.fullmatch(line)
    return (mailbox[1] or "").strip() if mailbox else line


def _language(said: Said) -> str | None:
    code = _CODE.match((_first(said, ("language", "dc:language")) or "").lower())
    return code[0] if code else None


def _date(said: Said, names: tuple[str, ...], now: datetime | None) -> datetime | None:
    for name in names:
        for field in said.get(name, ()):
            moment = parse_date(field.value.strip())
            if moment and moment.year >= OLDEST and not (now and moment > now + timedelta(days=1)):
                return moment
    return None


def _every(said: Said) -> timedelta | None:
    """How long the feed asks to be left alone, at most a day."""
    ttl = _first(said, ("ttl",)) or ""
    minutes = int(ttl) if ttl.isascii() and ttl.isdigit() and len(ttl) < 9 else 0
    period = _PERIODS.get((_first(said, ("sy:updateperiod",)) or "").lower(), 0)
    times = _first(said, ("sy:updatefrequency",)) or ""
    often = max(1, int(times)) if times.isascii() and times.isdigit() and len(times) < 9 else 1
    asked = max(timedelta(minutes=minutes), timedelta(hours=period) / often)
    return min(asked, LONGEST_WAIT) or None


# Teasers ----------------------------------------------------------------------------------------------------

WHOLE_EXCERPT = 150
"""Words from which a text is taken to be whole although it stands where feeds put a summary."""

WHOLE = 20
"""Words from which a text is taken to be whole that stands where feeds put the whole text."""

_WORD = re.compile(r"[^\W\d_]+")
_GOES_ON = re.compile(
    r"(?:…|\.\.\.|\[\s*(?:…|\.\.\.|\+\d* ?\w*)\s*\]"
    r"|\b(?:continue reading|keep reading|read (?:more|on|the (?:rest|full|whole)\b.{0,60})|full (?:story|article)"
    r"|weiterlesen|mehr lesen|lire la suite|leer más|seguir leyendo|leggi tutto|continua a leggere|ler mais"
    r"|lees (?:meer|verder)|läs mer|читать (?:далее|дальше|полностью)|続きを読む|阅读全文))[\s\])»›→>.:]*$",
    re.IGNORECASE,
)


def is_teaser(entry: Entry) -> bool:
    """Whether the feed gives only the beginning of an entry's article, so that its page should be read."""
    blocks = read_fragment(entry.html)
    text = " ".join(block.text for block in blocks if block.text.casefold() != entry.title.casefold())
    words = len(_WORD.findall(text)) + (width(text) - len(text)) // 2
    if words < (WHOLE_EXCERPT if entry.excerpt else WHOLE):
        return True
    return _GOES_ON.search(text[-200:]) is not None or _GOES_ON.search(one_line(entry.html[-400:])) is not None


# Where a site has its feeds ---------------------------------------------------------------------------------

_OFFERED = frozenset(
    (
        "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
        "application/xml", "text/xml",
    )
)  # fmt: skip
_FEED_PATH = re.compile(r"(?:^|[/._-])(?:feeds?|rss2?|atom|rdf)(?:[/._-](?:xml|php|rss|atom|json))?/?$", re.IGNORECASE)
_FEED_NAME = re.compile(r"(?:rss|atom|json)(?: ?feed)?|(?:web|news|xml)? ?feeds?|subscribe by rss", re.IGNORECASE)
_OF_COMMENTS = re.compile(r"comment|kommentar|commentaire", re.IGNORECASE)


class Offer(Struct, frozen=True):
    """A feed that a page names: its address, and what the page calls it, which may be nothing."""

    url: str
    title: str


def discover(html: bytes, url: str) -> tuple[Offer, ...]:
    """The feeds that the page at `url` names: those it declares, then those it links to, feeds of comments last."""
    text = None if is_binary(html) else decode(html)
    tree = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8", no_network=True)) if text else None
    if tree is None:
        return ()
    base = next((absolute(url, each.get("href")) for each in tree.iter("base") if each.get("href")), None) or url
    declared, linked = [], []
    for element in tree.iter("link", "a"):
        address = absolute(base, element.get("href") or "")
        if address is None:
            continue
        if element.tag == "a":
            name = folded("".join(element.itertext()))
            if _FEED_PATH.search(urlsplit(address).path) or _FEED_NAME.fullmatch(name):
                linked.append(Offer(address, name))
        elif _declares(element, address):
            declared.append(Offer(address, folded(element.get("title") or "")))
    offers: dict[str, Offer] = {}
    for offer in (*declared, *linked):
        offers.setdefault(offer.url, offer)
    return tuple(sorted(offers.values(), key=lambda each: bool(_OF_COMMENTS.search(f"{each.url} {each.title}"))))


def _declares(link: Any, address: str) -> bool:
    """Whether a link element is about a feed; pages also offer themselves as JSON of other kinds."""
    relations = (link.get("rel") or "").lower().split()
    kind = (link.get("type") or "").partition(";")[0].strip().lower()
    return "feed" in relations or (
        "alternate" in relations and (kind in _OFFERED or (kind == "application/json" and "feed" in address.lower()))
    )
