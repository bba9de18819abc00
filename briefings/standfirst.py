"""The standfirst of a web page: the paragraph under the headline, which what finds the main text often loses.

It stands apart from the article's other paragraphs, but the page repeats it, or its beginning, as its description. On
300 pages of news one in ten gets its first paragraph back in this way.
"""

import re
from collections.abc import Iterable
from typing import Any

from briefings.furniture import is_furniture
from briefings.outline import BEGINNING, key, read_text

SHORTEST, LONGEST = 60, 600
"""Characters of a standfirst; a longer text that begins like the description is a box around the whole article."""

FIRST = 4
"""Letters and digits in which texts are compared before all of their beginning is looked at."""

_TAGS = ("p", "h2", "h3", "h4", "h5", "h6", "div", "span", "strong", "b", "em", "i")
_ELSEWHERE = frozenset(("figure", "figcaption", "nav", "aside", "footer", "form", "button", "a", "li"))
_BESIDE_PICTURES = re.compile("caption|byline|credit|footer|comment", re.IGNORECASE)


def standfirst_of(tree: Any, descriptions: Iterable[str], kept: list[str]) -> str:
    """The standfirst in an lxml tree of a whole page; "" when there is none, or it is in the `kept` paragraphs.

    It stands above the first of the kept paragraphs and begins as one of the descriptions does.
    """
    known = {name for text in descriptions if len(name := key(text)[:BEGINNING]) == BEGINNING}
    below = key(kept[0])[:BEGINNING] if kept else ""
    body = tree.find("body")
    if not known or not below or body is None:
        return ""
    whole = key(" ".join(kept))
    firsts = {name[:FIRST] for name in (*known, below)}
    for element in body.iter(*_TAGS):
        if not element.text or key(element.text[:BEGINNING])[:FIRST] not in firsts:
            continue
        text = read_text(element)
        name = key(text)
        if name.startswith(below):
            break
        if (
            name[:BEGINNING] in known
            and SHORTEST <= len(text) <= LONGEST
            and name[: 2 * BEGINNING] not in whole
            and not is_furniture(text)
            and not _is_elsewhere(element)
        ):
            return text
    return ""


def _is_elsewhere(element: Any) -> bool:
    around = [element, *element.iterancestors()]
    return any(each.tag in _ELSEWHERE for each in around) or any(
        _BESIDE_PICTURES.search(each.get("class") or "") for each in around[:3]
    )
