"""How alike two documents are, and marks by which those that are nearly the same find each other."""

import re
from collections import Counter
from itertools import pairwise
from zlib import crc32

from briefings.types import Document

_WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\\W_]+")

_BUCKETS = 8
_BAND = 2


def likeness(one: Document, other: Document) -> float:
    """How much text two documents share, from 0 to 1: the Dice coefficient of their pairs of neighbouring words."""
    pairs, others = _pairs(one), _pairs(other)
    together = pairs.total() + others.total()
    return 2 * (pairs & others).total() / together if together else 1.0


def marks(document: Document) -> tuple[str, ...]:
    """Up to four short texts; documents that share 85 % of their text have one in common in 96 % of cases.

    Sharing 60 %, it is 56 %; unrelated ones, less than 1 in 500. (MinHash in one permutation: A. Broder 1997; P. Li, A.
    Owen, C.-H. Zhang 2012.) They are stored, so what this gives for a document must not change.
    """
    least: list[int | None] = [None] * _BUCKETS
    for pair in _pairs(document):
        value = crc32("\0".join(pair).encode())
        bucket, value = value % _BUCKETS, value // _BUCKETS
        known = least[bucket]
        least[bucket] = value if known is None else min(known, value)
    bands = [least[start : start + _BAND] for start in range(0, _BUCKETS, _BAND)]
    return tuple(
        f"{n}:{'-'.join(f'{v:x}' for v in band if v is not None)}" for n, band in enumerate(bands) if None not in band
    )


def text(document: Document) -> str:
    """The title and the sentences, one a line."""
    return "\n".join([document.title, *(sentence for section in document.sections for sentence in section.sentences)])


def _pairs(document: Document) -> Counter[tuple[str, str]]:
    return Counter(pairwise(["", *_WORD.findall(text(document).casefold())]))
