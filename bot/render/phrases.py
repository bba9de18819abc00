"""What is said of a content in a few words, the same on every platform that shows it with links and buttons. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from bot.render.block_text import shorten
from bot.render.limits import SOURCE, TITLE
from bot.render.plain_text import STEERING, date_words, nothing_on
from briefings.types import Action, Answer, Briefing, Content, Head, Listing, Notice

GLANCE = 150
"""How much of a quote a summary shows."""


def titled(head: Head) -> str:
    """The headline, or what stands for one."""
    return shorten(head.title, TITLE) or "Untitled"


def origin(head: Head) -> list[str]:
    """Source and date of an article, as far as they are known."""
    parts = [shorten(head.source or "", SOURCE), date_words(head.published) if head.published else ""]
    return [part for part in parts if part]


def more_words(briefing: Briefing) -> str:
    """How many stories were left out; empty when none was."""
    more = len(briefing.more)
    return f"{more} more {'story' if more == 1 else 'stories'}." if more else ""


def actions_for(briefing: Briefing) -> tuple[Action, ...]:
    """A briefing's actions; first one for the stories that were left out, if there are any and none is for them yet."""
    if not briefing.more or any(action.command.startswith("more ") for action in briefing.actions):
        return briefing.actions
    return Action("more", f"more {' '.join(str(head.id) for head in briefing.more)}"), *briefing.actions


def doubts(answer: Answer, most: int | None = None) -> list[Action]:
    """A way to say that a quote is wrong, for each section quoted or the first `most` of them."""
    places = list(dict.fromkeys(f"{quote.article.id}/{quote.section}" for quote in answer.quotes))[:most]
    if len(places) == 1:
        return [Action("wrong?", f"wrong {places[0]}")]
    return [Action(f"{ordinal(number)} wrong?", f"wrong {place}") for number, place in enumerate(places, 1)]


def nothing_words(answer: Answer) -> str:
    """That the archive has nothing, with the words that were looked for."""
    return nothing_on([shorten(word, SOURCE) for word in answer.looked_for], shorten(answer.where, TITLE))


class NoticeLine(Struct, frozen=True):
    """A line of a notice: `code` when it is to be copied, or a caret below marks a place in it.

    `apart` when an empty line is above it.
    """

    text: str
    code: bool
    apart: bool


def notice_lines(notice: Notice) -> Iterator[NoticeLine]:
    """Its lines that are not empty; what is code keeps its spaces, so that a caret stands where it should."""
    lines = [STEERING.sub(lambda match: "" if match["unseen"] else " ", line) for line in notice.text.split("\n")]
    apart = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not line.strip():
            apart = True
            continue
        code = notice.code or "^" in (line.strip(), following.strip())
        yield NoticeLine(line if code else line.strip(), code, apart)
        apart = False


def ordinal(number: int) -> str:
    """A place in a row, from 1: "1st", "2nd", "11th"."""
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def summary(content: Content) -> str:
    """One sentence that stands for all of it."""
    match content:
        case Briefing(stories=stories):
            topic = shorten(content.topic or "", TITLE) or ("Updated" if content.updated else "Briefing")
            if not stories:
                return f"{topic}: no new stories."
            first = f"“{titled(stories[0].article)}”"
            return f"{topic}: {first}." if len(stories) == 1 else f"{topic}: {len(stories)} stories, first {first}."
        case Answer(quotes=(first_quote, *_)):
            return f"“{shorten(first_quote.text, GLANCE)}” — {titled(first_quote.article)}"
        case Answer():
            return "I have nothing on that."
        case Listing(items=items):
            title = shorten(content.title, TITLE) or "A list"
            said = shorten(content.empty, TITLE) if content.empty and not items else f"{len(items)} entries."
            return f"{title}: {'1 entry.' if len(items) == 1 else said}"
        case Notice():
            return shorten(content.text, TITLE) or "Nothing to say."
