"""Reading web pages: trafilatura finds the article, the page's own marks its headings and facts, in one parse."""

import logging
from collections.abc import Iterator
from typing import Any

from briefings.boxes import LONG, drop_boxes, join_parts
from briefings.facts import facts_of
from briefings.furniture import is_furniture
from briefings.outline import arrange, outline_of
from briefings.sections import Block, Draft
from briefings.standfirst import standfirst_of

ENOUGH, TOO_MUCH = 0.6, 5.0
"""What the quick way keeps, as a share of the page's long paragraphs, for it to be believed. Outside of this, on one
page in six, the thorough way is taken, which compares two more methods: agreement is that of always taking it."""

_BLOCKS = ("head", "p", "item", "quote", "code", "row")
# What makes a block one that only holds others. Cells of a table that is not a page's layout hold paragraphs at most.
_HOLDS = {"item": ("head", "p", "item", "row"), "quote": ("head", "p", "item"), "row": ("head", "item")}


def read_page(html: str, *, url: str = "") -> Draft:
    """The parts of a page, without blocks when it has no article. `url` is where it was fetched from, if known."""
    import trafilatura

    for name in ("trafilatura", "htmldate"):  # what they warn of, the caller refuses in words of its own
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tree = trafilatura.load_html(html)
    if tree is None:
        return Draft(blocks=())
    facts = facts_of(tree, url)
    drop_boxes(tree)
    outline = outline_of(tree)
    kept = tuple(_blocks(_main_text(tree), outline.links))
    blocks = arrange(kept, outline, facts.title)
    if standfirst := standfirst_of(tree, facts.descriptions, [block.text for block in blocks]):
        blocks = (Block(standfirst), *blocks)
    return Draft(
        blocks=blocks,
        title=facts.title,
        url=facts.url,
        source=facts.source,
        byline=facts.byline,
        published=facts.published,
        language=facts.language,
        stub=facts.withholds(" ".join(block.text for block in blocks)),
    )


def _main_text(tree: Any) -> Any:
    """The article as trafilatura's tree, None when it finds none."""
    paragraphs = (len(" ".join("".join(element.itertext()).split())) for element in tree.iter("p"))
    expected = sum(length for length in paragraphs if length >= LONG)
    body = _extracted(tree, fast=True)
    if not ENOUGH * expected <= _length(body) <= TOO_MUCH * expected and join_parts(tree):
        body = _extracted(tree, fast=True)
    return body if ENOUGH * expected <= _length(body) <= TOO_MUCH * expected else _extracted(tree, fast=False)


def _length(body: Any) -> int:
    return 0 if body is None else len(" ".join("".join(body.itertext()).split()))


def _extracted(tree: Any, *, fast: bool) -> Any:
    import trafilatura

    page = trafilatura.bare_extraction(tree, fast=fast, include_comments=False)
    return None if page is None or isinstance(page, dict) else page.body


def _blocks(body: Any, links: frozenset[str]) -> Iterator[Block]:
    """The headings and paragraphs of trafilatura's tree, without furniture and paragraphs that are only a link."""
    if body is None:
        return
    for element in body.iter("lb", *_BLOCKS):
        element.tail = f" {element.tail or ''}"  # so that words on both sides of it stay apart
    for text, tag in _texts(body):
        text = " ".join(text.split())
        if text and not is_furniture(text) and not (tag in ("", "p") and text in links):
            yield Block(text, heading=tag == "head")


def _texts(parent: Any) -> Iterator[tuple[str, str]]:
    """Each block's text and tag, what stands bare between blocks with the tag "".

    A row of a table is one block, unless it is a page's layout; an item of a list is one, unless it holds others.
    """
    bare = [parent.text or ""]
    for element in parent:
        inner = _BLOCKS if element.tag not in _BLOCKS else _HOLDS.get(element.tag, ())
        holds = bool(inner) and next(element.iterdescendants(*inner), None) is not None
        if element.tag in _BLOCKS or holds:
            yield "".join(bare), ""
            bare = []
        if holds:
            yield from _texts(element)
        elif element.tag in _BLOCKS:
            yield (" " if element.tag == "row" else "").join(element.itertext()), element.tag
        elif element.tag != "graphic":
            bare += element.itertext()
        bare.append(element.tail or "")
    yield "".join(bare), ""
