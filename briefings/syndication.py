"""From the text of a feed to its fields: RSS 0.9x to 2.0, RDF and Atom as XML, well-formed or not, and JSON Feed.

What the fields mean is for `briefings.feeds`. Entities that a feed declares itself are never expanded.
"""

import html
import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from lxml import etree
from msgspec import Struct

Kind = Literal["", "text", "html"]


class Field(Struct, frozen=True):
    """One thing that a feed says of itself or of an entry.

    `name` is its tag in lower case, an extension's with the prefix it usually has: "title", "dc:date". A link is
    absolute, and one that is not the entry's page says so: "link:self". A guid that is no address is an "id".
    `kind` is "" when the feed does not say whether `value` is text or HTML.
    """

    name: str
    value: str
    kind: Kind = ""


class Parts(Struct, frozen=True):
    """What a feed says of itself, and its entries in their order."""

    head: list[Field]
    entries: list[list[Field]]


_ENTRIES = frozenset(("item", "entry"))
_PREFIXES = {
    "purl.org/dc/elements/1.1": "dc:", "purl.org/dc/elements/1.0": "dc:", "purl.org/dc/terms": "dcterms:",
    "purl.org/rss/1.0/modules/content": "content:", "purl.org/rss/1.0/modules/syndication": "sy:",
    "search.yahoo.com/mrss": "media:", "www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "rssnamespace.org/feedburner/ext/1.0": "feedburner:", "www.w3.org/1999/xhtml": "xhtml:",
    "www.w3.org/2005/atom": "", "purl.org/atom/ns": "", "purl.org/rss/1.0": "", "my.netscape.com/rdf/simple/0.9": "",
    "backend.userland.com/rss2": "", "blogs.law.harvard.edu/tech/rss": "",
}  # fmt: skip
_OWN = ("", "atom:", "atom10:", "a10:", "rss:")
_WANTED = frozenset(
    (
        "title", "dc:title", "media:title", "itunes:title", "link", "feedburner:origlink", "guid", "id",
        "content:encoded", "content", "xhtml:body", "fullitem", "body", "description", "summary", "abstract",
        "media:description", "itunes:summary", "author", "dc:creator", "itunes:author", "pubdate", "published",
        "issued", "created", "date", "updated", "modified", "dc:date", "dcterms:issued", "dcterms:created",
        "dcterms:modified",
        "language", "dc:language", "ttl", "sy:updateperiod", "sy:updatefrequency",
    )
)  # fmt: skip
_CONTAINERS = frozenset(("source", "image", "textinput", "media:group"))


def absolute(base: str, link: str) -> str | None:
    """The web address that a link leads to, without credentials in it; None when it is none."""
    link = "".join(link.split())
    try:
        address = urljoin(base, link) if link else ""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
    except ValueError:
        return None
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


# XML --------------------------------------------------------------------------------------------------------

ROOTS = "rss|feed|rdf|channel|entry"
"""The tags that a feed in XML begins with, in any case and with any prefix."""

_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z]\w{1,30};)?")
_NAMESPACE = re.compile(r"\{\s*(?:https?://)?([^}]*?)[/#\s]*\}(.*)", re.DOTALL)


def xml_in(text: str, roots: str) -> str | None:
    """The document in a text that begins with one of these tags, its common faults repaired; None when there is none.

    What stands before it (declarations, warnings of a server) and after it is cut off, unless it is a web page.
    """
    begins = re.compile(
        rf"<!--.*?(?:-->|\Z)|<(?:!doctype\s+)?(?P<page>html)\b|<(?P<root>(?:[\w.-]+:)?(?:{roots}))(?=[\s>/])",
        re.IGNORECASE | re.DOTALL,
    )
    found = next((match for match in begins.finditer(text) if match["page"] or match["root"]), None)
    if found is None or found["page"]:
        return None
    end = text.rfind(f"</{found['root']}")
    return _repaired(text[found.start() : None if end < 0 else text.find(">", end) + 1 or None])


def read_xml(text: str, url: str, most: int) -> Parts | None:
    """The fields of an XML feed and of its first `most` entries; None when the text is none.

    Well-formed XML is parsed as such; in anything else the tags are looked for one by one, as they stand.
    """
    xml = xml_in(text, ROOTS)
    if xml is None:
        return None
    try:
        root = etree.fromstring(xml.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return _from_soup(xml, url, most)
    return _from_tree(root, url, most, based="xml:base" in xml)


def _repaired(text: str) -> str:
    """The text without characters that XML forbids, its entities replaced outside CDATA, which is ended."""
    first, *rest = text.replace("\x0b", " ").replace("\x0c", " ").split("<![CDATA[")
    parts = [_ENTITY.sub(_character, first)]
    for piece in rest:
        inside, _, outside = piece.partition("]]>")
        parts += ("<![CDATA[", inside, "]]>", _ENTITY.sub(_character, outside))
    return "".join(parts)


def _character(match: re.Match[str]) -> str:
    """What an entity of HTML stands for, or a bare "&", as XML."""
    if match[0] == "&":
        return "&amp;"
    character = html.unescape(match[0])
    return html.escape(character, quote=False) if character.isprintable() or character.isspace() else ""


def _from_tree(root: Any, url: str, most: int, *, based: bool) -> Parts:
    names: dict[str, str] = {}
    own = etree.QName(root).namespace

    def name_of(tag: str) -> str:
        """The tag as fields name it, "?" before those of unknown extensions."""
        if tag not in names:
            match = _NAMESPACE.match(tag)
            space, local = (match[1].lower(), match[2].lower()) if match else ("", tag.lower())
            known = not space or tag.startswith(f"{{{own}}}")
            names[tag] = ("" if known else _PREFIXES.get(space, "?")) + local
        return names[tag]

    def fields(parent: Any) -> Iterator[Field]:
        for child in parent.iterchildren(tag=etree.Element):
            name = name_of(child.tag)
            if name == "media:group":
                yield from fields(child)
            elif name in _WANTED:
                base = _base(child, url) if based else url
                yield from _field(name, dict(child.attrib), *_inner(child, name_of), base)

    entries: list[list[Field]] = []
    head = list(_language(root))
    for name, element in [(name_of(element.tag), element) for element in root.iter(etree.Element)]:
        if name in _ENTRIES:
            if len(entries) < most:
                entries.append([*_language(element), *fields(element)])
        elif name in ("channel", "feed"):
            head.extend(fields(element))
    return Parts(head, entries)


def _inner(element: Any, name_of: Any) -> tuple[str, bool]:
    """What stands in an element, and whether that is markup: then as HTML."""
    if not len(element):
        return element.text or "", False
    if name_of(element.tag) == "author":
        people = (child for child in element.iterchildren(tag=etree.Element) if name_of(child.tag) == "name")
        person = next(people, None)
        return "" if person is None else person.text or "", False
    for child in element.iter(etree.Element):
        child.tag = etree.QName(child).localname
    parts = [html.escape(element.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return "".join(parts), True


def _base(element: Any, url: str) -> str:
    """The address that links within the element are relative to."""
    bases = [element.get("{http://www.w3.org/XML/1998/namespace}base")]
    bases += [each.get("{http://www.w3.org/XML/1998/namespace}base") for each in element.iterancestors()]
    for base in reversed([base for base in bases if base]):
        url = absolute(url, base) or url
    return url


def _language(element: Any) -> Iterator[Field]:
    if language := element.get("{http://www.w3.org/XML/1998/namespace}lang"):
        yield Field("language", language)


def _field(name: str, attributes: Mapping[str, str], value: str, markup: bool, base: str) -> Iterator[Field]:
    """The field that an element is, unless it is empty or holds neither text nor markup."""
    kind = attributes.get("type", "").lower()
    if name in ("link", "feedburner:origlink"):
        relation = attributes.get("rel", "alternate").lower()
        if address := absolute(base, (attributes.get("href") or value).replace("&amp;", "&")):
            yield Field(name if relation == "alternate" else f"link:{relation}", address)
    elif not value.strip() or attributes.get("mode") == "base64":
        return
    elif name == "guid":
        permanent = attributes.get("isPermaLink", attributes.get("ispermalink", "true")).strip().lower()
        yield Field("id" if permanent == "false" else "guid", value.strip())
    elif markup or "html" in kind:
        yield Field(name, value, "html")
    elif not kind or kind.startswith("text"):
        yield Field(name, value, "text" if kind else "")


# Broken XML -------------------------------------------------------------------------------------------------

_LITERAL = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(?P<closing>/?)(?P<name>[A-Za-z][\w.-]*(?::[\w.-]+)?)(?P<rest>(?:\s[^<>]*)?)>")
_ATTRIBUTE = re.compile(r"([\w.:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_TELLING = _WANTED | _CONTAINERS | _ENTRIES
MOST_TAGS = 200_000
"""Tags looked at in a broken feed; real ones have some ten thousand, and each is held in memory."""

_PERSON = re.compile(r"<name>([^<]*)", re.IGNORECASE)


def _from_soup(text: str, url: str, most: int) -> Parts:
    """The fields of a feed whose tags do not match: each from its opening tag to the closing tag of its name."""
    text = _LITERAL.sub(lambda match: html.escape(match[1] or "", quote=False), text)
    opening = _TAG.search(text)
    if opening is None:
        return Parts([], [])
    root = opening["name"].lower()
    own = {*_OWN, root[: root.rfind(":") + 1]}
    named = ((_soup_name(match["name"], own), match) for match in _TAG.finditer(text))
    tags = list(islice((tag for tag in named if tag[0] in _TELLING), MOST_TAGS))
    starts = [place for place, (name, match) in enumerate(tags) if name in _ENTRIES and not match["closing"]]
    base = _soup_base(opening, url)
    head = [*_soup_language(opening), *_soup_fields(text, tags[: starts[0] if starts else None], base)]
    parts = Parts(head, [])
    for start, after in zip(starts[:most], [*starts[1:], len(tags)], strict=False):
        closed = next((at for at in range(start + 1, after) if tags[at][0] in _ENTRIES), after)
        begins = tags[start][1]
        fields = _soup_fields(text, tags[start + 1 : closed], _soup_base(begins, base))
        parts.entries.append([*_soup_language(begins), *fields])
    return parts


def _attributes(tag: re.Match[str]) -> dict[str, str]:
    return {name: html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(tag["rest"])}


def _soup_base(tag: re.Match[str], url: str) -> str:
    return absolute(url, _attributes(tag).get("xml:base", "")) or url


def _soup_language(tag: re.Match[str]) -> Iterator[Field]:
    if language := _attributes(tag).get("xml:lang"):
        yield Field("language", language)


def _soup_name(tag: str, own: Iterable[str]) -> str:
    prefix, separator, local = tag.lower().rpartition(":")
    return local if f"{prefix}{separator}" in own else tag.lower()


def _soup_fields(text: str, tags: list[tuple[str, re.Match[str]]], url: str) -> Iterator[Field]:
    places: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, (name, match) in enumerate(tags):
        places[name, bool(match["closing"])].append(place)

    def following(name: str, place: int, *, closing: bool) -> int:
        found = places[name, closing]
        at = bisect_left(found, place + 1)
        return found[at] if at < len(found) else len(tags)

    done = -1
    for place, (name, match) in enumerate(tags):
        if place <= done or match["closing"] or name in _ENTRIES:
            continue
        inner = ""
        if not match["rest"].endswith("/"):
            done = following(name, place, closing=True)
            if done == len(tags) or done > following(name, place, closing=False):
                done = place
            end = tags[done][1].start() if done > place else text.find("<", match.end())
            if end < 0:
                continue  # what the end of a text cuts off would be told as if it were whole
            inner = text[match.end() : end]
        if name in _WANTED:
            person = _PERSON.search(inner) if name == "author" else None
            markup = "<" in inner and person is None
            value = inner if markup else html.unescape(person[1] if person else inner)
            yield from _field(name, _attributes(match), value, markup, url)


# JSON -------------------------------------------------------------------------------------------------------


def read_json(text: str, url: str, most: int) -> Parts | None:
    """The fields of a JSON Feed, https://www.jsonfeed.org/version/1.1/; None when the text is none."""
    try:
        feed = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        return None
    if "jsonfeed.org" not in str(feed.get("version")):
        return None
    items = [item for item in feed["items"] if isinstance(item, dict)]
    return Parts(list(_json_fields(feed, url)), [list(_json_fields(item, url)) for item in items[:most]])


_JSON: dict[str, tuple[str, Kind]] = {
    "id": ("id", "text"), "title": ("title", "text"), "content_html": ("content", "html"),
    "content_text": ("content", "text"), "summary": ("summary", "text"), "date_published": ("published", "text"),
    "date_modified": ("updated", "text"), "language": ("language", "text"),
}  # fmt: skip


def _json_fields(item: dict[str, Any], url: str) -> Iterator[Field]:
    for key in ("url", "external_url", "home_page_url"):
        if isinstance(item.get(key), str) and (address := absolute(url, item[key])):
            yield Field("link", address)
    for key, (name, kind) in _JSON.items():
        value = item.get(key)
        if isinstance(value, str | int | float) and str(value).strip():
            yield Field(name, str(value), kind)
    people = item.get("authors") or item.get("author")
    for person in people if isinstance(people, list) else [people]:
        if isinstance(person, dict) and isinstance(person.get("name"), str):
            yield Field("author", person["name"], "text")
