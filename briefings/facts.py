"""What a web page says of its article beside the text: title, byline, date, language, source, address, access.

JSON-LD comes first where it describes an article (https://schema.org/Article), then meta tags, then the page's marks.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from briefings.dates import parse_date
from briefings.sections import count_words

EARLIEST = 1990
"""Year before which a date that a page states of itself is a mistake of its template."""

SHORTEST_TITLE = 15
"""Characters from which a title that begins another one is that title without what the site puts behind it."""

LONGEST_BYLINE = 120
"""Characters of the longest byline that is believed."""

WHOLE = 120
"""Words from which the text of a page that is not free is taken for the whole article, unless more are promised."""

PROMISED = 0.5
"""Share of the words promised by a page that is not free, below which its text is only the beginning."""

_ARTICLE = re.compile(r"(?:Article|Posting|Report|Review)$")
_LANGUAGE = re.compile(r"[a-z]{2}(?=$|[-_])")
_TITLES = ("og:title", "twitter:title", "dc.title", "headline")
_BYLINES = ("author", "article:author", "parsely-author", "byl", "dc.creator", "sailthru.author", "citation_author")
_DATES = (
    "article:published_time", "og:published_time", "datepublished", "date", "pubdate", "publish-date", "publish_date",
    "parsely-pub-date", "dc.date", "dc.date.issued", "dcterms.created", "sailthru.date", "citation_publication_date",
)  # fmt: skip
_SOURCES = ("og:site_name", "dc.publisher")
_DESCRIPTIONS = ("og:description", "description", "twitter:description")
_NAME_FOLLOWS = re.compile(r"\s*[|–—•·»:/ㅣ-]")
_SEPARATOR = re.compile(r"\s+[|–—•·»:-]+\s+|\s*[|»]\s*")
_BY = re.compile(
    r"^(?:(?:written |reported |posted )?by|von|par|por|door|av|af|di|author|autor|autore|auteur)(?:\s*:\s*|\s+)",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"https?:|www\.|@|^\W*$|\d{4}|^(?:admin|editor|editorial staff|staff|redaktion|newsroom|by|null|none)$",
    re.IGNORECASE,
)
_APART = re.compile(r"\s*[;|]\s*")
_BYLINE_PLACES = (
    './/*[@itemprop="author"]//*[@itemprop="name"]',
    './/*[@itemprop="author" or @rel="author"]',
    './/*[contains(@class, "author-name") or contains(@class, "author__name") or contains(@class, "authorName")]',
    './/*[contains(@class, "byline") or @class="author"]',
)


class Facts(Struct, frozen=True, kw_only=True):
    """What a page says of its article; None and "" are unknown.

    `descriptions` are what it says of the article in a sentence or two, each perhaps cut off. `free` is false where it
    says that reading it takes an account; `promised` counts the words of the whole.
    """

    title: str
    url: str | None
    source: str | None
    byline: str | None
    published: datetime | None
    language: str | None
    descriptions: tuple[str, ...]
    indexed: bool
    free: bool
    promised: int

    def withholds(self, text: str) -> bool:
        """Whether this text is only the article's beginning, or the page asks not to be indexed."""
        return not self.indexed or (not self.free and count_words(text) < max(WHOLE, PROMISED * self.promised))


def facts_of(tree: Any, url: str) -> Facts:
    """The facts of an lxml tree of a whole page that was fetched from `url` (empty if not known)."""
    meta = _meta(tree)
    article = _article(tree)
    address = _address(tree, meta, article, url)
    source = _one(article.get("publisher")) or _first(meta, _SOURCES)
    language = _LANGUAGE.match((tree.get("lang") or tree.get("xml:lang") or _text(article.get("inLanguage"))).lower())
    robots = f"{meta.get('robots', '')},{meta.get('googlebot', '')}".lower()
    count = str(article.get("wordCount"))
    return Facts(
        title=_title(tree, meta, article, source, address),
        url=address,
        source=source or None,
        byline=_byline(tree, meta, article, source),
        published=_published(tree, meta, article, address),
        language=language[0] if language else None,
        descriptions=(*(meta.get(name, "") for name in _DESCRIPTIONS), _text(article.get("description"))),
        indexed="noindex" not in robots and "none" not in re.split(r"[,\s]+", robots),
        free=str(article.get("isAccessibleForFree", "true")).lower() not in ("false", "no", "0"),
        promised=max(
            int(count) if count.isdecimal() and len(count) < 8 else 0, count_words(_text(article.get("articleBody")))
        ),
    )


def _meta(tree: Any) -> dict[str, str]:
    """The first content of each meta tag, by name or property."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        if content := _text(element.get("content")):
            found.setdefault(name.lower(), content)
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if name in meta), "")


# JSON-LD ----------------------------------------------------------------------------------------------------


def _article(tree: Any) -> dict[str, Any]:
    """The first article that the page's JSON-LD describes; empty when it describes none."""
    for element in tree.iter("script"):
        if "ld+json" in (element.get("type") or ""):
            try:
                found = json.loads(element.text or "", strict=False)
            except (ValueError, RecursionError):
                continue
            for node in _nodes(found):
                if any(_ARTICLE.search(str(kind)) for kind in _listed(node.get("@type"))):
                    return node
    return {}


def _nodes(found: Any) -> Iterator[dict[str, Any]]:
    """What stands at the top of JSON-LD: one thing, a list, a graph, or what the page is about."""
    for node in _listed(found):
        if isinstance(node, dict):
            yield node
            for inner in ("@graph", "mainEntity"):
                yield from (each for each in _listed(node.get(inner)) if isinstance(each, dict))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """One line of a value that should be text; entities, which many pages leave in, are read."""
    return " ".join(unescape(value).split()) if isinstance(value, str) else ""


def _one(value: Any) -> str:
    """The name in what JSON-LD gives for a person or organisation: a text, an object, or a list of them."""
    for each in _listed(value):
        if name := _text(each.get("name") if isinstance(each, dict) else each):
            return name
    return ""


# Each fact --------------------------------------------------------------------------------------------------


def _address(tree: Any, meta: dict[str, str], article: dict[str, Any], url: str) -> str | None:
    """The canonical address. One that leads to the front page is a mistake of the page's template and not believed."""
    links = [element.get("href") for element in tree.iter("link") if (element.get("rel") or "").lower() == "canonical"]
    for found in (*links, meta.get("og:url"), article.get("url")):
        try:
            address = urljoin(url, _text(found))
            parts = urlsplit(address)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.hostname and (parts.path.strip("/") or parts.query):
            return address
    return url or None


def _host(address: str | None) -> str:
    try:
        return urlsplit(address or "").hostname or ""
    except ValueError:
        return ""


def _title(tree: Any, meta: dict[str, str], article: dict[str, Any], source: str, address: str | None) -> str:
    """The headline, without the name of the site that many pages put behind it."""
    heads = [" ".join("".join(element.itertext()).split()) for element in tree.iter("h1")]
    titles = [_first(meta, _TITLES), _text(article.get("headline")), _text(tree.findtext(".//title")), *heads]
    title = next(filter(None, titles), "")
    for shorter in sorted(filter(None, titles), key=len):
        if len(shorter) >= SHORTEST_TITLE and title.startswith(shorter) and _NAME_FOLLOWS.match(title, len(shorter)):
            return shorter
    for cut in list(_SEPARATOR.finditer(title))[-1:]:
        name = _letters(title[cut.end() :])
        if len(name) >= 3 and (name == _letters(source) or name in _letters(_host(address))):
            return title[: cut.start()]
    return title


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _byline(tree: Any, meta: dict[str, str], article: dict[str, Any], source: str) -> str | None:
    """The people who wrote it, with commas between; never the site itself, an address or an account's name."""
    for written in _written_by(tree, meta, article):
        people = (_BY.sub("", part.strip(" ,"), count=1) for each in written for part in _APART.split(each))
        names = (name for name in people if not _NO_NAME.search(name) and name.casefold() != source.casefold())
        byline = ", ".join(dict.fromkeys(names))
        if byline and len(byline) <= LONGEST_BYLINE:
            return byline
    return None


def _written_by(tree: Any, meta: dict[str, str], article: dict[str, Any]) -> Iterator[list[str]]:
    """Where the writers may be named, the surest place first."""
    yield [_one(each) for each in _listed(article.get("author"))]
    yield [_first(meta, _BYLINES)]
    for place in _BYLINE_PLACES:
        yield [" ".join("".join(element.itertext()).split()) for element in tree.xpath(place)[:1]]


def _published(tree: Any, meta: dict[str, str], article: dict[str, Any], address: str | None) -> datetime | None:
    """When it was first published: as the page states it, else as htmldate finds it in address and text."""
    stated = [article.get("datePublished"), *(meta.get(name) for name in _DATES)]
    stated += [element.get("datetime") for element in tree.iter("time")][:1]
    for written in stated:
        if (found := parse_date(_text(written))) and found.year >= EARLIEST:
            return found
    from htmldate import find_date

    return parse_date(find_date(tree, url=address, original_date=True, extensive_search=False))
