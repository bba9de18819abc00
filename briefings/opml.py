"""OPML 2.0, https://opml.org/spec2.opml: lists of feeds as readers hand them to each other."""

from collections.abc import Iterable
from typing import Any

from lxml import etree
from msgspec import Struct

from briefings.decoding import decode, is_binary
from briefings.documents import LIMIT
from briefings.errors import UnreadableFeed
from briefings.fragments import folded
from briefings.syndication import xml_in


class Outline(Struct, frozen=True, kw_only=True):
    """A feed in a list. `url` is as written; `folder` names those it stands in, outermost first, with "/" between."""

    title: str
    url: str
    site: str | None = None
    folder: str = ""


def read(data: bytes) -> tuple[Outline, ...]:
    """The feeds of a list in its order, each address once. Raises UnreadableFeed for what is no OPML."""
    if len(data) > LIMIT:
        raise UnreadableFeed(f"The list has more than the {LIMIT:,} bytes allowed: give it in parts.")
    text = None if is_binary(data) else decode(data)
    xml = xml_in(text, "opml") if text else None
    if xml is None:
        raise UnreadableFeed("This is no OPML list: export one from your feed reader and give that file.")
    root = etree.fromstring(xml.encode(), etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    feeds: dict[str, Outline] = {}
    folders: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end"), tag="{*}outline"):
        if event == "end":
            folders.pop()
            continue
        said = {name.lower(): folded(value) for name, value in element.attrib.items()}
        title, url = said.get("title") or said.get("text") or "", said.get("xmlurl")
        if url:
            folder = "/".join(filter(None, folders))
            feeds.setdefault(url, Outline(title=title or url, url=url, site=said.get("htmlurl") or None, folder=folder))
        folders.append("" if url else title)
    return tuple(feeds.values())


def write(outlines: Iterable[Outline], title: str) -> bytes:
    """The list as OPML that every reader takes: `type="rss"` and `text` at each feed, a folder's feeds together."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = folded(title)
    body = etree.SubElement(root, "body")
    folders: dict[str, Any] = {}
    for outline in outlines:
        attributes = {"type": "rss", "text": outline.title, "title": outline.title, "xmlUrl": outline.url}
        if outline.site:
            attributes["htmlUrl"] = outline.site
        parent, path = body, ""
        for name in filter(None, map(folded, outline.folder.split("/"))):
            path = f"{path}/{name}"
            if path not in folders:
                folders[path] = etree.SubElement(parent, "outline", {"text": name, "title": name})
            parent = folders[path]
        etree.SubElement(parent, "outline", {name: folded(value) for name, value in attributes.items()})
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))
