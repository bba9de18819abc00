"""Reading web pages: trafilatura finds the article and its facts, its headings make the sections."""

import logging
import re
from collections.abc import Iterator
from typing import Any

from briefings.dates import parse_date
from briefings.furniture import is_furniture
from briefings.sections import Block, Draft

_BLOCKS = ("head", "p", "item", "quote")
_LEFT_OUT = ("code", "graphic", "table")
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


def _blocks(body: Any, title: str) -> Iterator[Block]:
    """The headings and paragraphs of an lxml tree, without furniture and without the title above them."""
    for element in body.iter("lb", *_BLOCKS):
        element.tail = f" {element.tail or ''}"  # so that words on both sides of it stay apart
    begun = False
    for text, heading in _texts(body):
        text = " ".join(text.split())
        repeats_title = heading and not begun and text.casefold() == title.casefold()
        if text and not repeats_title and not is_furniture(text):
            begun = True
            yield Block(text, heading=heading)


def _texts(parent: Any) -> Iterator[tuple[str, bool]]:
    """Each block's text and whether it is a heading; what stands bare between blocks is a paragraph too."""
    yield parent.text or "", False
    for element in parent:
        if element.tag in _BLOCKS:
            yield "".join(element.itertext()), element.tag == "head"
        elif element.tag not in _LEFT_OUT:
            yield from _texts(element)
        yield element.tail or "", False
