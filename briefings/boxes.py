"""Where the article stands on a web page, in how many parts, and the boxes between its paragraphs: newsletter sign-ups,
"read also" cards, authors, appeals to subscribe.

They are told by how the page is built, in any language: most of the article's paragraphs stand side by side in one
element, and what stands between them in an element of its own, with a heading of its own or a form, is no section of
the article: the headings of its sections stand between the paragraphs. Of 120 such boxes on 300 pages of news and
other kinds, three held text of the article, two of these its table of contents.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

LONG = 80
"""Characters of a long paragraph: those tell where the article stands."""

DOMINANT = 0.5
"""Share of the text of all long paragraphs from which an element is the one that the article stands in."""

ENOUGH = 800
"""Characters of long paragraphs that the element must hold: with fewer it is a list of cards, or a recipe."""

LONGEST = 600
"""Characters outside links of the longest box; longer ones are parts of the article that are set apart."""

PART = 3
"""Long paragraphs that the parts of an article hold on the average; comments and cards are shorter."""

WHOLE = 0.8
"""Share of the text of all long paragraphs that the parts of an article hold together."""

ALL_LINKS = 0.8
"""Share of a list's text that is links, from which it is one of other articles."""

_LISTS = ("ul", "ol")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MAY_BE_BOXES = ("div", "section", "aside", "article", "details", "center", "form")
_FORMS = ("form", "input")
_UNREAD = frozenset(("script", "style", "noscript", "template", "svg", "iframe"))


def drop_boxes(tree: Any) -> None:
    """Takes the boxes out of an lxml tree of a whole page, where it shows in which element the article stands."""
    article = _article_of(tree)
    if article is None:
        return
    for element in list(article):
        if _is_box(element):
            tail = element.tail
            previous = element.getprevious()
            if tail and previous is not None:
                previous.tail = (previous.tail or "") + tail
            elif tail:
                article.text = (article.text or "") + tail
            article.remove(element)


def join_parts(tree: Any) -> bool:
    """Marks the element that holds all parts of an article that advertisements cut into elements of one class.

    Answers whether there is one. Without the mark the first part is taken for the whole.
    """
    parts: dict[tuple[str, str], list[tuple[Any, int]]] = {}
    total = 0
    for paragraph in tree.iter("p"):
        length = len(_text(paragraph))
        if length >= LONG:
            total += length
            if (parent := paragraph.getparent()) is not None:
                parts.setdefault((parent.tag, parent.get("class") or ""), []).append((parent, length))
    name = max(parts, key=lambda each: sum(length for _, length in parts[each]), default=("", ""))
    if not name[1] or "comment" in name[1].lower():
        return False
    elements = list(dict.fromkeys(element for element, _ in parts[name]))
    length = sum(length for _, length in parts[name])
    if len(elements) < 2 or len(parts[name]) < PART * len(elements) or length < WHOLE * total:
        return False
    around = set.intersection(*(set(element.iterancestors()) for element in elements))
    whole = next(element for element in elements[0].iterancestors() if element in around)
    if next(whole.iterdescendants("article"), None) is not None:
        return False
    whole.set("itemprop", "articleBody")
    return True


def _article_of(tree: Any) -> Any:
    """The element in which most of the long paragraphs stand side by side, each perhaps wrapped; None without one."""
    lengths: Counter[Any] = Counter()
    for paragraph in tree.iter("p"):
        length = len(_text(paragraph))
        if length >= LONG:
            parent = paragraph.getparent()
            while parent is not None and len(parent) == 1 and not (parent.text or "").strip():
                parent = parent.getparent()
            lengths[parent] += length
    lengths.pop(None, None)
    if not lengths:
        return None
    article, length = lengths.most_common(1)[0]
    return article if length >= max(ENOUGH, DOMINANT * lengths.total()) else None


def _is_box(element: Any) -> bool:
    if element.tag not in _LISTS and element.tag not in _MAY_BE_BOXES:
        return False
    length = len(_text(element))
    linked = sum(len(_text(anchor)) for anchor in element.iter("a"))
    if element.tag in _LISTS:
        return linked >= ALL_LINKS * length > 0
    if length - linked > LONGEST or next(element.iter("h1"), None) is not None:
        return False
    headings = sum(len(_text(heading)) for heading in element.iter(*_HEADINGS))
    return 0 < headings < length if headings else next(element.iter(*_FORMS), None) is not None


def _text(element: Any) -> str:
    return " ".join(" ".join(_texts(element)).split())


def _texts(element: Any) -> Iterator[str]:
    """The texts of an element without scripts."""
    if isinstance(element.tag, str) and element.tag not in _UNREAD:
        yield element.text or ""
        for child in element:
            yield from _texts(child)
            yield child.tail or ""
