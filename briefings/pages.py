"""Reading web pages: trafilatura finds the article and its facts, its headings make the sections."""

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from briefings.dates import parse_date
from briefings.furniture import is_furniture
from briefings.sections import Block, Draft

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLOCKS = ("head", "p", "item", "quote")
_LANGUAGE = re.compile(r"[a-z]{2}(?=$|[-_])")


def read_page(html: str) -> Draft:
    """The parts of a page; no blocks when there is no article on it. One parse of the page."""
    import trafilatura

    for name in ("trafilatura", "htmldate"):  # what they warn of, the caller refuses in words of its own
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tree = trafilatura.load_html(html)
    if tree is None:
        return Draft(blocks=())
    language = _LANGUAGE.match(str(tree.get("lang") or tree.get("xml:lang") or "").lower())
    page = trafilatura.bare_extraction(
        tree, fast=True, with_metadata=True, include_comments=False, include_tables=False, deduplicate=False
    )
    if page is None or isinstance(page, dict) or page.body is None:
        return Draft(blocks=())
    title = " ".join((page.title or "").split())
    return Draft(
        blocks=tuple(_blocks(page.body, title)),
        title=title,
        url=page.url,
        source=page.sitename,
        byline=page.author,
        published=parse_date(page.date),
        language=language[0] if language else None,
    )


def _blocks(body: "_Element", title: str) -> Iterator[Block]:
    """Each heading and paragraph; a paragraph inside a list item or quotation belongs to it."""
    for element in body.iter("lb", *_BLOCKS):
        element.tail = f" {element.tail or ''}"  # so that words on both sides of it stay apart
    for element in body.iter(*_BLOCKS):
        if any(above.tag in _BLOCKS for above in element.iterancestors()):
            continue
        text = " ".join("".join(element.itertext()).split())
        heading = element.tag == "head"
        if text and not is_furniture(text) and not (heading and text.casefold() == title.casefold()):
            yield Block(text, heading=heading)
