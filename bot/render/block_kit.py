"""Any content as Slack messages: a lead that stands in the channel, the rest for its thread. Pure.

Every limit holds for any content (`limits`), no sentence is parted that fits a block, and no quote is without its
citation in the same message. `block_parts` says why outside text is rich text; `block_plan` fills the messages.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from bot.render.block_parts import (
    Block,
    Button,
    Entry,
    Line,
    Piece,
    Row,
    Rule,
    Run,
    cut,
    rows,
    spaced,
    to_blocks,
    words,
)
from bot.render.block_plan import Group, plan
from bot.render.block_text import address, escape, pieces, shorten
from bot.render.limits import SLACK_LABEL, SLACK_VALUE, TITLE, units
from bot.render.phrases import (
    actions_for,
    doubts,
    more_words,
    nothing_words,
    notice_lines,
    origin,
    summary,
    titled,
)
from bot.render.plain_text import LATE, clean, due_words, updated_words
from briefings.types import Action, Answer, Briefing, Content, Head, Item, Listing, Notice, Quote, Story

__all__ = ["Message", "blocks", "escape", "messages"]

OWN = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|#(?P<channel>[CG](?=[A-Z0-9]*\d)[A-Z0-9]{8,10})\b"
    r"|(?P<here>#[DU](?=[A-Z0-9]*\d)[A-Z0-9]{8,10})\b"
    r"|(?P<url>https?://[^\s`“”]*[^\s`“”.,;:!?)\]’'])"
)
"""What has a meaning in our own sentences: code to type, channels and conversations by their ids, addresses."""

DOUBTS = 3
"""How many of the sections quoted have a button to say that they are wrong. Our own: a row reads at a glance."""


class Message(Struct, frozen=True):
    """One message: `payload` as Slack's posting methods take it, without channel and thread; `text` in plain words."""

    payload: dict[str, Any]
    text: str


def messages(content: Content) -> tuple[Message, ...]:
    """The content as messages: the lead, under 3,000 characters, then what follows in its thread."""
    groups, foot = _layout(content)
    said = summary(content)
    pages = plan(groups, foot, Line((Run(said),)))
    return tuple(
        Message(
            {
                "blocks": to_blocks(page),
                "text": _notified(content, f"{said} ({number} of {len(pages)})" if number > 1 else said),
                "unfurl_links": False,
                "unfurl_media": False,
            },
            "\n".join(filter(None, map(words, page))) or said,
        )
        for number, page in enumerate(pages, 1)
    )


def blocks(*contents: Content) -> list[Block]:
    """The contents' blocks one after the other, for views: each within Slack's limits, as many as it takes."""
    found: list[Piece] = []
    for content in contents:
        groups, foot = _layout(content)
        found += [Rule(), *(piece for group in groups for piece in group.pieces), *foot]
    return to_blocks(found)


def _layout(content: Content) -> tuple[list[Group], list[Piece]]:
    """What is told, and what stands at the end of the first message."""
    match content:
        case Briefing():
            return list(_briefing(content)), _briefing_foot(content)
        case Answer():
            return list(_answer(content)), [*rows(_buttons([*content.actions, *doubts(content, DOUBTS)]))]
        case Listing():
            return list(_listing(content)), [*rows(_buttons(content.actions))]
        case Notice():
            return list(_notice(content)), [*rows(_buttons(content.actions))]


def _briefing(briefing: Briefing) -> Iterator[Group]:
    about = [Run(shorten(briefing.topic, TITLE), style=("bold",))] if briefing.topic and clean(briefing.topic) else []
    if due := due_words(briefing):
        about.append(Run(due))
    if briefing.late:
        about.append(Run(LATE, style=("italic",)))
    if updated := updated_words(briefing):
        about.append(Run(updated, style=("bold",)))
    if about:
        yield Group((Line(spaced(about, " · ")),))
    if not briefing.stories:
        yield Group((Line((Run("No new stories."),)),))
    for story in briefing.stories:
        yield from _story(story)


def _briefing_foot(briefing: Briefing) -> list[Piece]:
    """How many more there are, with a button for them, and the other buttons."""
    more = more_words(briefing)
    line = [Line((Run(more),), "context")] if more else []
    return [*line, *rows(_buttons(actions_for(briefing)))]


def _story(story: Story) -> Iterator[Group]:
    """The headline with its source, then section by section; a message that goes on with it names it again."""
    headline = Line((_titled(story.article, "bold"),), apart=True)
    again = Line((Run("Continued: ", style=("italic",)), _titled(story.article, "italic")))
    opening: tuple[Piece, ...] = (Rule(), headline)
    if known := origin(story.article):
        opening += (Line(spaced([Run(part) for part in known], " · "), "context"),)
    told_again: tuple[Piece, ...] = ()
    for section in story.sections:
        above: tuple[Piece, ...] = (again,)
        if heading := shorten(section.heading or "", TITLE):
            opening += (Line((Run(heading, style=("bold",)),), apart=True),)
            above = (again, Line((Run(heading, style=("bold", "italic")),)))
        for telling in section.sentences:
            for line in cut(Line((Run(clean(telling.text)),), "bullet")):
                yield Group((*opening, line), told_again if opening else above)
                opening, told_again = (), (again,)
        if opening:
            yield Group(opening, told_again)
            opening, told_again = (), (again,)
    if opening:
        yield Group(opening)
    if story.also_in:
        others = spaced([_titled(head) for head in story.also_in], ", ")
        yield from (Group((line,), (again,)) for line in cut(Line((Run("Also in: "), *others), "context")))
    if story.sections:
        url = address(story.article.url)
        source = [Button("source", url=url)] if url else []
        doubt = [Button("wrong?", f"wrong {story.article.id}")] if story.article.id else []
        if buttons := (*source, *doubt):
            yield Group((Row(buttons),), (again,))


def _answer(answer: Answer) -> Iterator[Group]:
    for quote in answer.quotes:
        cited = cut(_citation(quote))
        quoted = cut(Line((Run(clean(quote.text)),), "quote", apart=True))
        yield from (Group((line, *cited)) for line in quoted)
        if not quoted:
            yield Group((*cited,))
    if answer.quotes:
        return
    yield from (Group((line,)) for line in cut(Line((Run(nothing_words(answer)),))))
    if answer.looked_for and answer.nearest:
        nearest = (Run("The nearest headline is “"), _titled(answer.nearest), Run("”."))
        yield from (Group((line,)) for line in cut(Line(nearest)))


def _citation(quote: Quote) -> Line:
    """Article, section, source and date, the article linked."""
    parts = [_titled(quote.article)]
    if heading := shorten(quote.heading or "", TITLE):
        parts.append(Run(heading))
    if known := origin(quote.article):
        parts.append(Run(", ".join(known)))
    return Line((Run("— "), *spaced(parts, " — ")))


def _listing(listing: Listing) -> Iterator[Group]:
    yield from (Group((line,)) for line in cut(Line(_own(clean(listing.title), "bold"))))
    if not listing.items and listing.empty:
        yield from (Group((line,)) for line in cut(Line(_own(clean(listing.empty)))))
    for item in listing.items:
        yield from _item(item)


def _item(item: Item) -> Iterator[Group]:
    """A bullet, or with buttons a paragraph with one at its right or several below."""
    url = address(item.url)
    runs = (Run(shorten(item.label or item.url, TITLE) or "Untitled", url),) if item.url else _own(clean(item.label))
    for detail in item.detail.split("\n"):
        if detail := clean(detail):
            runs += (Run("\n"), *_own(detail)) if runs else _own(detail)
    buttons = _buttons(item.actions)
    lines = cut(Line(runs, "line" if buttons else "bullet", apart=bool(buttons)))
    if len(buttons) == 1 and len(lines) == 1:
        yield Group((Entry(lines[0], buttons[0]),))
        return
    yield from (Group((line,)) for line in lines)
    yield from (Group((row,)) for row in rows(buttons))


def _notice(notice: Notice) -> Iterator[Group]:
    for line in notice_lines(notice):
        shown = Line((Run(line.text),), "code", line.apart) if line.code else Line(_own(line.text), apart=line.apart)
        yield from (Group((part,)) for part in cut(shown))


def _own(text: str, *style: Any) -> tuple[Run, ...]:
    """Our own sentence as runs: code to type, links, channels by name."""
    runs: list[Run] = []
    end = 0
    for match in OWN.finditer(text):
        runs.append(Run(text[end : match.start()], style=style))
        end = match.end()
        if match["code"]:
            runs.append(Run(match["code"], style=(*style, "code")))
        elif match["channel"]:
            runs.append(Run(match[0], channel=match["channel"]))
        elif match["here"]:
            runs.append(Run("this conversation", style=style))
        else:
            url = address(match["url"])
            runs.append(Run(shorten(match[0], TITLE) if url else match[0], url, style=style))
    runs.append(Run(text[end:], style=style))
    return tuple(run for run in runs if run.text)


def _titled(head: Head, *style: Any) -> Run:
    return Run(titled(head), address(head.url), style=style)


def _buttons(actions: Sequence[Action]) -> list[Button]:
    """A button for each action that can be named and typed; ids that find no room in a command are left out."""
    found = []
    for action in actions:
        label, command = shorten(action.label, SLACK_LABEL), clean(action.command)
        if units(command) > SLACK_VALUE:
            command = pieces(command, SLACK_VALUE)[0].rpartition(" ")[0]
        if label and command:
            found.append(Button(label, command))
    return found


def _notified(content: Content, sentence: str) -> str:
    """The sentence as Slack's `text`: nothing in it is live but channels that our own sentences name."""
    if isinstance(content, Notice | Listing):
        return "".join(f"<#{run.channel}>" if run.channel else escape(run.text) for run in _own(sentence))
    return escape(sentence)
