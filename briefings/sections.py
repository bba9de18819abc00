"""From blocks to sections: what every reader hands over, and how it is put together. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from briefings.sentences import split
from briefings.types import Section

_WORD = re.compile(r"[^\W\d_]+")
_STOPPED = re.compile(r"[.!?…。！？؟۔।॥።။][\"'”’»)\]」』）]*(?:\s|$)")
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class Block(Struct, frozen=True):
    """A paragraph or a heading of a text, in its order."""

    text: str
    heading: bool = False


class Draft(Struct, frozen=True, kw_only=True):
    """What a reader found in a text or page, before it is put together and checked; None and "" are unknown.

    A stub is a page that holds its article back, or asks that nothing but its headline be used.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    url: str | None = None
    source: str | None = None
    byline: str | None = None
    published: datetime | None = None
    language: str | None = None
    stub: bool = False


def assemble(blocks: Iterable[Block]) -> tuple[Section, ...]:
    """The lead (what stands before the first heading) and the headed sections, each paragraph cut into sentences.

    A heading with nothing below it is no section; blocks without letters, digits or other text leave no paragraph.
    """
    sections: list[Section] = []
    heading: str | None = None
    paragraphs: list[tuple[str, ...]] = []
    for block in blocks:
        if not block.heading:
            if sentences := split(block.text):
                paragraphs.append(sentences)
            continue
        if paragraphs:
            sections.append(Section(heading, tuple(paragraphs)))
            paragraphs = []
        heading = " ".join(block.text.split()) or None
    if paragraphs:
        sections.append(Section(heading, tuple(paragraphs)))
    return tuple(sections)


def width(text: str) -> int:
    """How long a text looks: characters, those of scripts without spaces counted twice."""
    return len(text) if text.isascii() else len(text) + len(_DENSE.findall(text))


def count_words(text: str) -> int:
    """How many words a text has; in scripts without spaces two characters count as one."""
    return len(_WORD.findall(text)) + len(_DENSE.findall(text)) // 2


def is_prose(text: str) -> bool:
    """Whether a paragraph says something: a stopped sentence of three words, or a long run of words without a stop."""
    words = count_words(text)
    return words >= 3 and (_STOPPED.search(text) is not None or (width(text) > 140 and words >= 15))
