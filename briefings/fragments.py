"""Reading the HTML that feeds carry: a piece of a page without the page around it, so that nothing of it is guessed."""

import html
import re
from collections.abc import Iterator
from typing import Any

from briefings.decoding import visible
from briefings.furniture import is_furniture
from briefings.sections import Block, is_prose

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(
    (
        *_HEADINGS, "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
        "figure", "footer", "header", "hr", "li", "main", "ol", "p", "section", "summary", "table", "td", "th", "tr",
        "ul",
    )
)  # fmt: skip
_LEFT_OUT = frozenset(
    (
        "audio", "button", "canvas", "embed", "figcaption", "form", "head", "iframe", "math", "nav", "noscript",
        "object", "pre", "script", "select", "style", "svg", "template", "textarea", "title", "video",
    )
)  # fmt: skip
_STRONG = ("b", "strong")
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_GAP = re.compile(r"\n[ \t]*\n\s*")
_FOOTER = re.compile(r"the post .{1,300} (?:appeared first on|first appeared on) ", re.IGNORECASE)


def one_line(markup: str, limit: int = 2_000) -> str:
    """The text of a short piece of HTML in one line; no more of it is looked at than `limit` characters."""
    return folded(html.unescape(_MARKUP.sub(" ", _HIDDEN.sub(" ", markup[:limit]))))


def folded(text: str) -> str:
    """Text in one line, without what cannot be seen or stored."""
    return " ".join(visible(text.encode(errors="replace").decode()).split())


def read_fragment(markup: str) -> tuple[Block, ...]:
    """The headings and paragraphs of a piece of HTML, or of plain text with empty lines between its paragraphs.

    Scripts, pictures' captions, code, forms and furniture are left out, of tables all but prose. A paragraph that is
    bold as a whole and no sentence is a heading.
    """
    if not _MARKUP.search(markup):
        return tuple(_kept((html.unescape(part), False, False) for part in _GAP.split(markup)))
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = etree.fromstring(markup.encode(errors="replace"), parser)
    except etree.XMLSyntaxError:
        tree = None
    return () if tree is None else tuple(_kept(_pieces(tree)))


def _kept(pieces: Iterator[tuple[str, bool, bool]] | Any) -> Iterator[Block]:
    for piece, heading, tabular in pieces:
        text = folded(piece)
        if not text or is_furniture(text) or _FOOTER.match(text) or (tabular and not is_prose(text)):
            continue
        yield Block(text, heading=heading)


def _pieces(tree: Any) -> Iterator[tuple[str, bool, bool]]:
    """Each block's text, whether it is a heading, and whether it stands in a table."""
    from lxml import etree

    texts: list[tuple[str, bool]] = []  # each text of the block, and whether it is bold
    open_tags: list[str] = []

    def piece() -> Iterator[tuple[str, bool, bool]]:
        said = [bold for text, bold in texts if text.strip()]
        whole = "".join(text for text, _ in texts)
        texts.clear()
        heading = any(tag in _HEADINGS for tag in open_tags)
        heading = heading or (bool(said) and all(said) and not is_prose(whole) and len(whole) <= 120)
        for part in _GAP.split(whole):
            yield part, heading, "table" in open_tags

    def take(text: str | None) -> None:
        if text:
            texts.append((" ".join(text.split("\n")), any(tag in _STRONG for tag in open_tags)))

    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in _LEFT_OUT:
                walk.skip_subtree()
                continue
            if tag in _BLOCKS:
                yield from piece()
            if tag == "br":
                texts.append(("\n", False))
            open_tags.append(tag)
            take(element.text)
        else:
            if tag not in _LEFT_OUT:
                if tag in _BLOCKS:
                    yield from piece()
                open_tags.pop()
            take(element.tail)
    yield from piece()
