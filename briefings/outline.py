"""The headings of a web page: which of its h1-h6 and bold lines head the article's text, and which something else.

What finds the main text loses headings, and keeps titles of cards. The page itself tells them apart: a lost heading is
put back where the text that follows it on the page was kept, and a card's title is a link to elsewhere.
The numbers were tuned on two sets together: news pages of many publishers, and pages of many kinds.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from typing import Any

from msgspec import Struct

from briefings.furniture import is_furniture
from briefings.sections import Block, width

BEGINNING = 24
"""Letters and digits by which a paragraph is known again by its beginning."""

MOST = 3_000
"""Headings and bold places of a page that are looked at."""

FAR = 500
"""Places in the page after a heading at which text is looked for; on a page of nothing but headings there is none."""

SHORTEST_TITLE = 8
"""Letters and digits of the shortest title that is looked for in a heading above the text."""

LONGEST_BOLD = 90
"""Characters of the longest bold line that may be a heading."""

STANDFIRST = 60
"""Characters from which a heading above all text is a standfirst: the page's first sentence, set large."""

LOWEST = 9
"""A level below all levels, of what is no heading with a level."""

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# What the text after a heading is not looked for in: it is no text, or stands beside it.
_BESIDE = frozenset(
    (
        *("script", "style", "noscript", "template", "svg", "figure", "figcaption", "picture", "video", "audio"),
        *("iframe", "button", "form", "select", "nav", "aside", "footer", *_HEADINGS),
    )
)
_BOLD_WITHIN = ("p", "b", "strong", "span", "em", "i", "u")
_UNSEEN = re.compile(r"visually-?hidden|sr-only|screen-?reader|a11y", re.IGNORECASE)
_STOPPED = re.compile(r"[.,;:…。]$")
_NEITHER = re.compile(r"[\W_]+")


def key(text: str) -> str:
    """The letters and digits alone, by which the same text is known again under other spaces and marks."""
    return _NEITHER.sub("", text).casefold()


class Heading(Struct, frozen=True):
    """A heading as the page has it; `after` begins the text that follows it, as a key."""

    text: str
    key: str
    level: str
    after: str
    linked: bool
    unseen: bool


class Outline(Struct, frozen=True):
    """What a page's own marks say: its headings in order, and the texts of its links to elsewhere."""

    headings: tuple[Heading, ...]
    links: frozenset[str]


def outline_of(tree: Any) -> Outline:
    """The outline of an lxml tree of a whole page, which it leaves as it is."""
    body = tree.find("body")
    body = tree if body is None else body
    marked = islice(body.iter(*_HEADINGS, "b", "strong"), MOST)
    return Outline(
        tuple(heading for element in marked if (heading := _heading(element))),
        frozenset(" ".join("".join(anchor.itertext()).split()) for anchor in body.iter("a") if _leads_away(anchor)),
    )


def _heading(element: Any) -> Heading | None:
    if element.tag not in _HEADINGS:
        element = _paragraph_of(element)
        if element is None:
            return None
    text = read_text(element)
    name = key(text)
    if not name or is_furniture(text):
        return None
    if element.tag not in _HEADINGS and (len(text) > LONGEST_BOLD or _STOPPED.search(text)):
        return None
    anchors = "".join(key("".join(anchor.itertext())) for anchor in element.iter("a") if _leads_away(anchor))
    return Heading(
        text=text,
        key=name,
        level=element.tag,
        after=_after(element),
        linked=len(anchors) > 0.8 * len(name) or any(_leads_away(each) for each in element.iterancestors("a")),
        unseen=_UNSEEN.search(element.get("class") or "") is not None,
    )


def _paragraph_of(bold: Any) -> Any:
    """The paragraph of which a bold element is all, None where there is none."""
    element = bold
    while element.tag != "p":
        parent = element.getparent()
        if parent is None or parent.tag not in _BOLD_WITHIN:
            return None
        if element.getprevious() is not None or element.getnext() is not None:
            return None
        if (parent.text or "").strip() or (element.tail or "").strip():
            return None
        element = parent
    return element


def _leads_away(anchor: Any) -> bool:
    target = anchor.get("href") or ""
    return bool(target) and not target.startswith(("#", "javascript:"))


def _after(element: Any) -> str:
    after = ""
    for text in islice(_following(element), FAR):
        after += key(text)
        if len(after) >= BEGINNING:
            break
    return after[:BEGINNING]


def _following(element: Any) -> Iterator[str]:
    """The texts of the page after an element, in order."""
    while element is not None:
        yield element.tail or ""
        sibling = element.getnext()
        if sibling is None:
            element = element.getparent()
        else:
            element = sibling
            if element.tag not in _BESIDE:
                yield from _read(element)


def read_text(element: Any) -> str:
    """What an element has to read, in one line."""
    return " ".join(" ".join(_read(element)).split())


def _read(element: Any) -> Iterator[str]:
    """The texts of an element that are meant to be read."""
    if not isinstance(element.tag, str):
        return
    yield element.text or ""
    for child in element:
        if child.tag not in _BESIDE:
            yield from _read(child)
        yield child.tail or ""


# Headings and kept text together ----------------------------------------------------------------------------


def arrange(kept: Iterable[Block], outline: Outline, title: str) -> tuple[Block, ...]:
    """What was kept of a page, with the headings that the page itself shows to be its own.

    Left out are the title above the text, headings that nobody sees, and titles of cards: headings that are links,
    where most are not. A standfirst becomes a paragraph. Headings that were lost or kept as paragraphs are put back.
    """
    blocks = list(kept)
    keys = [key(block.text) for block in blocks]
    lost = _lost(blocks, keys, outline.headings)
    first = _first(blocks)
    marked = {heading.key for heading in outline.headings}
    tops = {heading.key for heading in outline.headings if heading.level == "h1"}
    unseen = marked - {heading.key for heading in outline.headings if not heading.unseen}
    cards = marked - {heading.key for heading in outline.headings if not heading.linked}
    if 2 * sum(name in cards for name, block in zip(keys, blocks, strict=True) if block.heading) >= sum(
        block.heading for block in blocks
    ):
        cards = set()
    arranged = []
    for at, (name, block) in enumerate(zip(keys, blocks, strict=True)):
        if at in lost:
            arranged.append(Block(lost[at].text, heading=True))
        if not block.heading:
            if at not in lost or lost[at].key != name:
                arranged.append(block)
        elif at < first and (_same(name, key(title)) or (name in tops and _alike(block.text, title))):
            pass
        elif at < first and width(block.text) > STANDFIRST and name not in tops:
            arranged.append(Block(block.text))
        elif name not in cards and name not in unseen:
            arranged.append(block)
    return tuple(_two_levels(arranged, outline.headings))


def _two_levels(blocks: list[Block], headings: Iterable[Heading]) -> Iterator[Block]:
    """The blocks, headings of deeper levels than the two uppermost as paragraphs: what they head is no section."""
    levels: dict[str, int] = {}
    for heading in headings:
        if heading.level in _HEADINGS[1:]:
            levels.setdefault(heading.key, int(heading.level[1]))
    used = [levels.get(key(block.text), LOWEST) if block.heading else LOWEST for block in blocks]
    deepest = min(used, default=LOWEST) + 1
    for block, level in zip(blocks, used, strict=True):
        yield Block(block.text) if block.heading and deepest < level < LOWEST else block


def _lost(blocks: list[Block], keys: list[str], headings: Iterable[Heading]) -> dict[int, Heading]:
    """The headings that were not kept as such, by the place of the block that they stand before, or that they are.

    Bold lines are headings only on a page of which no other headings were kept, and below its first paragraph.
    """
    whole = "".join(keys)
    starts: dict[str, int] = {}
    for place, start in enumerate(accumulate((len(name) for name in keys[:-1]), initial=0)):
        starts.setdefault(whole[start : start + BEGINNING], place)
    taken = {name for name, block in zip(keys, blocks, strict=True) if block.heading}
    bold = taken.isdisjoint(heading.key for heading in headings if heading.level in _HEADINGS[1:])
    first = _first(blocks)
    lost: dict[int, Heading] = {}
    for heading in headings:
        at = starts.get(heading.after)
        if at is None or heading.key in taken or heading.unseen or heading.linked or heading.level == "h1":
            continue
        if at and keys[at - 1] == heading.key:
            if heading.level in _HEADINGS or (bold and at - 1 > first):
                lost[at - 1] = heading
        elif heading.level in _HEADINGS and not (at and blocks[at - 1].heading):
            lost[at] = heading
    return lost


def _first(blocks: list[Block]) -> int:
    """The place of the first paragraph."""
    return next((at for at, block in enumerate(blocks) if not block.heading), len(blocks))


def _alike(one: str, other: str) -> bool:
    """Whether two headlines are one in other words: half of their words are the same."""
    words, others = (set(text.casefold().split()) for text in (one, other))
    return 4 * len(words & others) >= len(words) + len(others) > 0


def _same(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= SHORTEST_TITLE and (one in other or other in one)
