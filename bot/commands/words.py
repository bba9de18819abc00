"""Typed words -> which command with which argument. Pure; whatever is no command is a question."""

import re
from difflib import get_close_matches

from msgspec import Struct

IDS = r"\d+(?:/\d+)?(?:\s+\d+(?:/\d+)?)*"
CHANNEL = r"(?:in\s+)?#\S+"

ON_SOURCES = "add|remove|pause|resume|check|accept|skip"

SHAPES = {
    "ask": r".*",
    "brief": r".*",
    "latest": r".*",
    "subscribe": r".*",
    "subscriptions": rf"(?:{CHANNEL})?",
    "preview": r"(?:#?\d+)?",
    "unsubscribe": r"[^?]*",
    "pause": r"[^?]*",
    "resume": r"[^?]*",
    "reschedule": r"[^?]*",
    "topics": r"",
    "topic": r"(?:add|remove)?|(?:add|remove)\s.*",
    "sources": r"",
    "source": rf"(?:list|{ON_SOURCES})?|(?:{ON_SOURCES})\s.*",
    "feeds": r"(?:import|export)?|import\s.*",
    "settings": r".*",
    "why": r".+",
    "more": rf"(?:{IDS})?",
    "post": rf"(?:(?:story|again)\s+)?(?:{IDS})?",
    "help": r"\S*",
}
"""Each command and the shape of its argument. With another argument it is a question: "Sources of the leak?"."""

BUTTONS = {"wrong": r"\d+(?:/\d+)?"}
"""Commands that buttons have, and nobody types."""

OTHER_NAMES = {"briefing": "brief", "headlines": "latest", "list": "subscriptions", "setting": "settings", "?": "help"}

_COMMANDS = {name: re.compile(shape, re.DOTALL | re.IGNORECASE) for name, shape in {**SHAPES, **BUTTONS}.items()}


class Typed(Struct, frozen=True):
    """A command and what was typed after it."""

    command: str
    argument: str = ""


def parse(text: str) -> Typed:
    """What was typed, as a command; a text that begins with no command word, or does not fit it, is a question."""
    text = text.strip()
    first, _, rest = text.partition(" ") if " " in text else text.partition("\n")
    name = first.casefold().rstrip(":")
    name = OTHER_NAMES.get(name, name)
    argument = rest.strip()
    if name in _COMMANDS and _COMMANDS[name].fullmatch(argument):
        return Typed(name, argument)
    return Typed("ask", text) if text else Typed("help")


def storable(text: str) -> str:
    """The text without what no database can hold: NUL, and halves of characters as broken input has them.

    And without the sign that marks code in our own sentences: of outside text it would mark what it should not.
    """
    return text.replace("\0", "").replace("`", "").encode("utf-8", "replace").decode()


def meant(text: str) -> str | None:
    """The typed words with the first mended, when that is nearly but not quite a command word; else None."""
    first, _, rest = text.strip().partition(" ")
    close = get_close_matches(first.casefold(), SHAPES, n=1, cutoff=0.8)
    if not close or first.casefold() in SHAPES or text.rstrip().endswith("?"):
        return None
    return f"{close[0]} {rest.strip()}".strip()


def split_channel(argument: str) -> tuple[str, str | None]:
    """The argument without a closing `in #channel`, and the channel as typed, if any."""
    match = re.fullmatch(r"(?P<rest>.*?)\s*(?:\bin\s+)?(?P<channel>#\S+)", argument, re.DOTALL | re.IGNORECASE)
    if match is None:
        return argument, None
    return match["rest"].strip(), match["channel"]


def article_places(argument: str) -> list[tuple[int, int | None]]:
    """ "12 7/2" -> [(12, None), (7, 2)]: articles and sections by their numbers. Empty when it is anything else."""
    if not re.fullmatch(IDS, argument.strip()):
        return []
    places = []
    for word in argument.split():
        article, _, section = word.partition("/")
        if max(len(article), len(section)) > MOST_DIGITS:
            return []
        places.append((int(article), int(section) if section else None))
    return places


MOST_DIGITS = 9
"""A longer number is no id: PostgreSQL counts them to 2,147,483,647."""


def number(argument: str) -> int | None:
    """ "12" or "#12" -> 12; None for anything else."""
    word = argument.strip().removeprefix("#")
    return int(word) if word.isascii() and word.isdigit() and len(word) <= MOST_DIGITS else None


def is_link(argument: str) -> bool:
    """Whether it is one web address."""
    return re.fullmatch(r"https?://\S+", argument.strip(), re.IGNORECASE) is not None
