"""Any content as plain lines: for the terminal, for logs, and where a platform's own layout is refused.

Pure. No character from outside text can steer a terminal: control characters and direction overrides are taken out.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from briefings.types import Action, Answer, Briefing, Content, Head, Item, Listing, Notice, Quote, Story

STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029]|(?P<unseen>[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff])"
)
"""Characters that steer a terminal or hide text: C0 and C1 controls, line separators (both become a space);
direction marks and overrides, invisible operators, byte order marks, lone surrogates (removed)."""

WIDE = ("W", "F")

LATE = "late: it could not be sent on time"

LONGEST_WORD = 100
"""Characters of a word that was looked for which are told; what is longer is no word."""


def clean(text: str) -> str:
    """Outside text made safe to print, on one line, with white space folded."""
    return " ".join(_harmless(text).split())


def content_text(content: Content, *, width: int = 80) -> str:
    """A content as one string of lines."""
    return "\n".join(content_lines(content, width=width))


def content_lines(content: Content, *, width: int = 80) -> list[str]:
    """A content as lines of at most `width` cells; only a link and what is to be copied may be longer."""
    match content:
        case Briefing():
            lines = _briefing(content, width)
        case Answer():
            lines = _answer(content, width)
        case Listing():
            lines = _listing(content, width)
        case Notice(code=True):
            lines = [_harmless(line) for line in content.text.split("\n")]
        case Notice():
            lines = [line for text in content.text.split("\n") for line in wrap(_harmless(text), width)]
    return lines + _hints(content.actions, width)


def date_words(moment: datetime) -> str:
    """A date as people write it: "19 May 2023"."""
    return f"{moment.day} {moment:%b %Y}"


def due_words(briefing: Briefing) -> str:
    """When a briefing was due, in its own zone; empty when it was asked for."""
    due = briefing.due
    return f"due {due:%a} {due.day} {due:%b %H:%M %Z}".rstrip() if due else ""


def updated_words(briefing: Briefing) -> str:
    """When stories in it were told anew, on the channel's clock; empty when none was. The day if it is another one."""
    updated, due = briefing.updated, briefing.due
    if not updated:
        return ""
    day = f"{updated:%a} " if due and due.date() != updated.date() else ""
    return f"{'updated' if briefing.topic or due else 'Updated'} {day}{updated:%H:%M}"


def cells(text: str) -> int:
    """How many terminal cells the text takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in WIDE else 1
        for character in text
    )


def wrap(text: str, width: int, indent: str = "", first: str | None = None) -> list[str]:
    """The text in lines of at most `width` cells, `indent` before each, `first` before the first.

    Lines that fit are left as they are. Words longer than a line are cut, links never.
    """
    first = indent if first is None else first
    if cells(first) + cells(text) <= width:
        return [f"{first}{text}".rstrip()]
    room = max(width - max(cells(indent), cells(first)), 8)
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, room):
        longer = f"{line} {piece}" if line else piece
        if line and cells(longer) > room:
            lines.append(line)
            line = piece
        else:
            line = longer
    lines.append(line)
    return [f"{indent if number else first}{line}".rstrip() for number, line in enumerate(lines)]


def _harmless(text: str) -> str:
    return STEERING.sub(lambda match: "" if match["unseen"] else " ", text)


def _pieces(text: str, room: int) -> Iterable[str]:
    """Words that fit into a line; a longer one, as in scripts without spaces, is cut at the line's end."""
    for word in text.split():
        if "://" in word:
            yield word
            continue
        piece, size = "", 0
        for character in word:
            more = cells(character)
            if size + more > room:
                yield piece
                piece, size = "", 0
            piece, size = piece + character, size + more
        yield piece


def _briefing(briefing: Briefing, width: int) -> list[str]:
    lines: list[str] = []
    head = _briefing_head(briefing)
    if head:
        lines += [*wrap(head, width), ""]
    if not briefing.stories:
        lines += ["No new stories."]
    for number, story in enumerate(briefing.stories):
        lines += [""] * bool(number) + _story(story, width)
    if briefing.more:
        lines += ["", f"{len(briefing.more)} more:"]
        for other in briefing.more:
            lines += _row(_titled(other), width)
    return lines


def _briefing_head(briefing: Briefing) -> str:
    parts = [clean(briefing.topic)] if briefing.topic else []
    if briefing.due:
        parts.append(due_words(briefing))
    if briefing.late:
        parts.append(LATE)
    if briefing.updated:
        parts.append(updated_words(briefing))
    return " · ".join(parts)


def _story(story: Story, width: int) -> list[str]:
    lines = wrap(clean(story.article.title), width)
    origin = _origin(story.article)
    if origin:
        lines += wrap(origin, width)
    if story.article.url:
        lines.append(clean(story.article.url))
    for section in story.sections:
        lines.append("")
        if section.heading:
            lines += wrap(clean(section.heading), width, "  ")
        for sentence in section.sentences:
            lines += wrap(clean(sentence.text), width, "    ", "  - ")
    if story.also_in:
        lines += ["", "  Also in:"]
        for other in story.also_in:
            lines += _row(_titled(other), width, "  ")
    return lines


def _answer(answer: Answer, width: int) -> list[str]:
    if not answer.quotes:
        return _nothing(answer, width)
    lines: list[str] = []
    for number, quote in enumerate(answer.quotes):
        lines += [""] * bool(number) + _quote(quote, width)
    return lines


def _quote(quote: Quote, width: int) -> list[str]:
    citation = [clean(quote.article.title)]
    if quote.heading:
        citation.append(clean(quote.heading))
    origin = _origin(quote.article)
    if origin:
        citation.append(origin)
    lines = wrap(f"“{clean(quote.text)}”", width)
    lines += wrap(" — ".join(citation), width, "    ", "  — ")
    if quote.article.url:
        lines.append(f"    {clean(quote.article.url)}")
    return lines


def nothing_on(looked_for: Sequence[str], where: str) -> str:
    """That the archive has nothing, with the words that were looked for, and the part of it if it was only one."""
    if not looked_for:
        return "I have nothing on that: there is no word in it to look for."
    return f"I have nothing on that{' ' if where else ''}{where}. I looked for: {', '.join(looked_for)}."


def _nothing(answer: Answer, width: int) -> list[str]:
    looked_for = [clean(word) for word in answer.looked_for]
    told = [word if len(word) <= LONGEST_WORD else word[: LONGEST_WORD - 1] + "…" for word in looked_for]
    lines = wrap(nothing_on(told, clean(answer.where)), width)
    if answer.nearest:
        lines += wrap(f"The nearest headline is “{clean(answer.nearest.title)}”.", width)
    return lines


def _listing(listing: Listing, width: int) -> list[str]:
    lines = wrap(clean(listing.title), width)
    if not listing.items:
        return lines + wrap(clean(listing.empty), width) if listing.empty else lines
    for item in listing.items:
        lines += _item(item, width)
    return lines


def _item(item: Item, width: int) -> list[str]:
    lines = _row(clean(item.label), width)
    for detail in item.detail.split("\n") if item.detail else ():
        lines += wrap(_harmless(detail).strip(), width, "    ")
    if item.url:
        lines.append(f"    {clean(item.url)}")
    return lines + [f"    {line}" for line in _hints(item.actions, width - 4)[1:]]


def _row(text: str, width: int, indent: str = "") -> list[str]:
    return wrap(text, width, indent + "    ", indent + "  - ")


def _titled(head: Head) -> str:
    origin = _origin(head)
    return f"{clean(head.title)} ({origin})" if origin else clean(head.title)


def _origin(head: Head) -> str:
    """Source and date of an article, as far as they are known."""
    parts = [clean(head.source)] if head.source else []
    if head.published:
        parts.append(date_words(head.published))
    return ", ".join(parts)


def _hints(actions: Sequence[Action], width: int) -> list[str]:
    """What a button is on other platforms: the words to type; a blank line first."""
    if not actions:
        return []
    hints = ", ".join(f"`{clean(action.command)}` ({clean(action.label)})" for action in actions)
    return ["", *wrap(f"Type {hints}.", width)]
