"""Any content as Discord messages: a lead that stands in the channel, the rest for its thread. Pure.

Briefings, answers and lists are embeds, not Components V2: a message takes 6,000 characters of embeds with 2,000 of
content beside them, but 4,000 of V2 text in all; footers are literal, headlines are links whatever signs they hold
(`embed_text`), sections are cards that the eye can leave out, and the content, which V2 forbids, is what notifications
show. What is one short text is content alone: notices, and that there is nothing. It is read as speech, and also by
those who have switched embeds off.

No link preview appears: no outside text forms an address, our own addresses stand in angle brackets or are masked, and
content alone carries SUPPRESS_EMBEDS, a flag that would hide our own embeds too and is therefore 0 with them. Nobody is
mentioned: no outside text forms a mention, and every payload says `allowed_mentions: {"parse": []}`, with the one role
added that a channel chose to have called.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from bot.render.block_parts import Button, Run, spaced
from bot.render.block_text import pieces, shorten
from bot.render.embed_parts import LINE, PREFIX, Card, Line, Piece, Row, cut, length, rows, words
from bot.render.embed_plan import Group, Layout, plan
from bot.render.embed_text import web
from bot.render.limits import DISCORD_BUTTON_URL, DISCORD_CUSTOM_ID, DISCORD_LABEL, TITLE, units
from bot.render.phrases import (
    actions_for,
    doubts,
    more_words,
    nothing_words,
    notice_lines,
    ordinal,
    origin,
    summary,
    titled,
)
from bot.render.plain_text import LATE, clean, due_words, updated_words
from briefings.types import Action, Answer, Briefing, Content, Item, Listing, Notice, Quote, Story

__all__ = ["PREFIX", "Message", "messages"]

OWN = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|#(?P<channel>\d{17,20})\b"
    r"|(?P<url>https?://[^\s`“”<>]*[^\s`“”<>.,;:!?)\]’'])"
)
"""What has a meaning in our own sentences: code to type, channels by their ids, addresses."""

ROLE = re.compile(r"@(?P<id>[0-9]{15,20})")
"""A role, as preferences name it."""

NUMBERED = re.compile(r"(\d+)\. ")

CONTENT = 1_900
"""Room for one line of content."""

CITED = 5_600
"""A quote with its citation, so that one message holds both."""

COMMAND = DISCORD_CUSTOM_ID - len(f"{PREFIX}25:")
"""What a button's identifier holds of its command."""


class Message(Struct, frozen=True):
    """One message: `payload` as Discord's REST takes it to create or to edit one; `text` in plain words."""

    payload: dict[str, Any]
    text: str


def messages(content: Content) -> tuple[Message, ...]:
    """The content as messages: the lead, whose first embed is short, then what follows in its thread."""
    layout = _layout(content)
    said = summary(content)
    found = [
        Message(payload, "\n".join(filter(None, map(words, [*(() if number else layout.above), *page]))) or said)
        for number, (page, payload) in enumerate(plan(layout, Line((Run(said),))))
    ]
    if isinstance(content, Briefing) and (role := ROLE.fullmatch(content.ping)):
        _call(found[0].payload, role["id"])
    return tuple(found)


def _call(payload: dict[str, Any], role: str) -> None:
    """Let a message call a role: that one and nobody else, whatever the rest of the message says."""
    payload["content"] = f"<@&{role}> {payload['content']}".rstrip()
    payload["allowed_mentions"] = {"parse": [], "roles": [role]}


def _layout(content: Content) -> Layout:
    match content:
        case Briefing():
            return _briefing(content)
        case Answer(quotes=()):
            return Layout(groups=list(_nothing(content)), foot=rows(_buttons(content.actions)), plain=True)
        case Answer():
            foot = rows(_buttons([*content.actions, *doubts(content)]))
            return Layout(groups=list(_quotes(content)), foot=foot)
        case Listing():
            plain = not content.items
            return Layout(groups=list(_listing(content)), foot=rows(_buttons(content.actions)), plain=plain)
        case Notice():
            return Layout(groups=list(_notice(content)), foot=rows(_buttons(content.actions)), plain=True)


def _briefing(briefing: Briefing) -> Layout:
    topic, due, more = shorten(briefing.topic or "", TITLE), due_words(briefing), more_words(briefing)
    about = [Run(topic, style=("bold",))] if topic else []
    about += [Run(due)] if due else []
    about += [Run(LATE, style=("italic",))] if briefing.late else []
    about += [Run(updated, style=("bold",))] if (updated := updated_words(briefing)) else []
    above = [Line(spaced(about, " · "))] if about else []
    foot: list[Piece] = [Card(), Line((Run(more),))] if more else []
    foot += rows(_buttons(actions_for(briefing)))
    if briefing.stories:
        groups = [group for place in range(len(briefing.stories)) for group in _story(briefing.stories, place)]
        return Layout(groups=groups, foot=foot, above=above)
    groups = [Group((line,)) for line in (*above, Line((Run("No new stories."),)))]
    return Layout(groups=groups, foot=foot, plain=True)


def _story(stories: Sequence[Story], place: int) -> Iterator[Group]:
    """The headline with its source, then a card for each section; a message that goes on with it names it again."""
    story = stories[place]
    head = story.article
    title, url = titled(head), web(head.url)
    again = Card(title, url, author="Continued", lead=True)
    opening: tuple[Piece, ...] = (Card(title, url, footer=" · ".join(origin(head)), lead=True),)
    told_again: tuple[Piece, ...] = ()
    for number, section in enumerate(story.sections):
        above: tuple[Piece, ...] = (again,)
        heading = shorten(section.heading or "", TITLE)
        if number or heading:
            opening += (Card(heading),)
            above += (Card(heading),)
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
        others = spaced([Run(titled(other), web(other.url)) for other in story.also_in], ", ")
        also = cut(Line((Run("Also in: "), *others), apart=True))
        yield from (Group((line,), (again, Card())) for line in also)
    if story.sections:
        nth = f"{ordinal(place + 1)} " if len(stories) > 1 else ""
        address = web(head.url, DISCORD_BUTTON_URL)
        source = [Button("source", url=address)] if address and not nth else []
        doubt = [Button(f"{nth}wrong?", f"wrong {head.id}")] if head.id else []
        if buttons := (*source, *doubt):
            yield Group((Row(buttons),), (again,))


def _quotes(answer: Answer) -> Iterator[Group]:
    for number, quote in enumerate(answer.quotes):
        cited = _citation(quote)
        room = min(LINE, CITED - length(cited))
        quoted = cut(Line((Run(clean(quote.text)),), "quote", apart=bool(number)), room)
        yield from (Group((line, cited)) for line in quoted)
        if not quoted:
            yield Group((cited,))


def _citation(quote: Quote) -> Line:
    """Article, section, source and date, the article linked."""
    parts = [Run(titled(quote.article), web(quote.article.url))]
    if heading := shorten(quote.heading or "", TITLE):
        parts.append(Run(heading))
    if known := origin(quote.article):
        parts.append(Run(", ".join(known)))
    return Line((Run("— "), *spaced(parts, " — ")), close=True)


def _nothing(answer: Answer) -> Iterator[Group]:
    yield from (Group((line,)) for line in cut(Line((Run(nothing_words(answer)),)), CONTENT))
    if answer.looked_for and (nearest := answer.nearest):
        runs = (Run("The nearest headline is “"), Run(titled(nearest), web(nearest.url)), Run("”."))
        yield from (Group((line,)) for line in cut(Line(runs), CONTENT))


def _listing(listing: Listing) -> Iterator[Group]:
    room = LINE if listing.items else CONTENT
    yield from (Group((line,)) for line in cut(Line(_own(clean(listing.title), "bold")), room))
    if not listing.items and listing.empty:
        yield from (Group((line,)) for line in cut(Line(_own(clean(listing.empty))), room))
    with_buttons = [item for item in listing.items if item.actions]
    own = [match[1] for item in with_buttons if (match := NUMBERED.match(item.label))]
    theirs = len(set(own)) == len(with_buttons)
    for number, item in enumerate(listing.items, 1):
        yield from _item(item, str(number), known=theirs, alone=len(with_buttons) == 1)


def _item(item: Item, number: str, *, known: bool, alone: bool) -> Iterator[Group]:
    """A bullet; with buttons a paragraph that has a number, which its buttons in their rows below name too.

    `known`: the label begins with a number of its own. `alone`: no other has buttons, so that none needs a number.
    """
    url = web(item.url)
    runs = (Run(shorten(item.label or item.url, TITLE) or "Untitled", url),) if item.url else _own(clean(item.label))
    if item.actions and known and (match := NUMBERED.match(item.label)):
        number = match[1]
    elif item.actions and not alone:
        runs = (Run(f"{number}. "), *runs)
    details = [_own(detail) for part in item.detail.split("\n") if (detail := clean(part))]
    if not runs and details:
        runs, *details = details
    lines = cut(Line(runs, "line" if item.actions else "bullet", apart=bool(item.actions)))
    for shown in details:
        lines += cut(Line(shown, "line" if item.actions else "under", close=True))
    buttons = rows(_buttons(item.actions, "" if alone else f" {number}"))
    found: tuple[Piece, ...] = (*lines, *buttons)
    if len(buttons) <= 1 and sum(map(length, lines)) <= LINE:
        yield Group(found)
    else:
        yield from (Group((piece,)) for piece in found)


def _notice(notice: Notice) -> Iterator[Group]:
    for line in notice_lines(notice):
        shown = Line((Run(line.text),), "code", line.apart) if line.code else Line(_own(line.text), apart=line.apart)
        yield from (Group((part,)) for part in cut(shown, CONTENT))


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
            runs.append(Run(match[0], channel=match["channel"], style=style))
        else:
            url = web(match["url"])
            runs.append(Run(match[0], url if url == match[0] else None, style=style))
    runs.append(Run(text[end:], style=style))
    return tuple(run for run in runs if run.text)


def _buttons(actions: Sequence[Action], number: str = "") -> list[Button]:
    """A button for each action that can be named and typed; ids that find no room in a command are left out."""
    found = []
    for action in actions:
        label, command = shorten(action.label, DISCORD_LABEL - len(number)), clean(action.command)
        if units(command) > COMMAND:
            kept = pieces(command, COMMAND)[0]
            command = kept if command[len(kept)] == " " else kept.rpartition(" ")[0]
        if label and command:
            found.append(Button(f"{label}{number}", command))
    return found
