"""What is said of a content in a few words, the same on every platform that shows it with links and buttons. Pure."""

from bot.render.block_text import shorten
from bot.render.limits import SOURCE, TITLE
from bot.render.plain_text import date_words
from briefings.types import Answer, Briefing, Content, Head, Listing, Notice

GLANCE = 150
"""How much of a quote a summary shows."""

LATE = "late: it could not be sent on time"


def titled(head: Head) -> str:
    """The headline, or what stands for one."""
    return shorten(head.title, TITLE) or "Untitled"


def origin(head: Head) -> list[str]:
    """Source and date of an article, as far as they are known."""
    parts = [shorten(head.source or "", SOURCE), date_words(head.published) if head.published else ""]
    return [part for part in parts if part]


def due_words(briefing: Briefing) -> str:
    """When a briefing was due, in its own zone; empty when it was asked for."""
    due = briefing.due
    return f"due {due:%a} {due.day} {due:%b %H:%M %Z}".rstrip() if due else ""


def more_words(briefing: Briefing) -> str:
    """How many stories were left out; empty when none was."""
    more = len(briefing.more)
    return f"{more} more {'story' if more == 1 else 'stories'}." if more else ""


def nothing_words(answer: Answer) -> str:
    """That the archive has nothing, with the words that were looked for."""
    if not answer.looked_for:
        return "I have nothing on that: there is no word in it to look for."
    return f"I have nothing on that. I looked for: {', '.join(shorten(word, SOURCE) for word in answer.looked_for)}."


def ordinal(number: int) -> str:
    """A place in a row, from 1: "1st", "2nd", "11th"."""
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def summary(content: Content) -> str:
    """One sentence that stands for all of it."""
    match content:
        case Briefing(stories=stories):
            topic = shorten(content.topic or "", TITLE) or "Briefing"
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
