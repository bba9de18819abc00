"""Outside text made fit for Slack's blocks: shortened, cut, escaped, its words as they are. Pure."""

import re
import unicodedata
from collections.abc import Iterator

from bot.render.limits import SLACK_URL, units
from bot.render.plain_text import clean

MORE = "…"
"""Where shown text goes on elsewhere."""

ADDRESS = re.compile(r"https?://[\w.-]+(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
UNSAFE = re.compile(r"[\s|<>\"`\\^{}]")
"""Characters that end a link in Slack's syntax, or that no address has."""

MARKUP = re.compile(r"[*_~`|]|:[^\s:]+:|^\s*>", re.MULTILINE)
"""What Slack's mrkdwn gives a meaning: bold, italic, strike, code, the parts of a link, emoji, a quoted line."""

JOINER = "\u200d"
VIRAMA = 9
"""The combining class of signs that join two letters."""


def escape(text: str) -> str:
    """`&`, `<` and `>` as Slack wants them in mrkdwn and `text`, so that nothing forms a mention, link or date."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mrkdwn(text: str) -> str | None:
    """The text as mrkdwn that shows exactly these words, None when its characters would have an effect there."""
    return None if MARKUP.search(text) else escape(text)


def address(url: str | None) -> str | None:
    """The address of a link; None unless it is http or https, with a host, and short enough for a button."""
    if not url:
        return None
    safe = UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), clean(url))
    if not ADDRESS.fullmatch(safe) or units(safe) > SLACK_URL:
        return None
    scheme, _, rest = safe.partition(":")
    return f"{scheme.lower()}:{rest}"


def shorten(text: str, room: int) -> str:
    """The text on one line, cut with "…" when it is longer than `room`: at a word, else between graphemes."""
    text = clean(text)
    return text if units(text) <= room else f"{pieces(text, room - 1)[0]}{MORE}"


def pieces(text: str, room: int, first: int | None = None) -> list[str]:
    """The text in pieces of at most `room`, the first of at most `first` (and empty when nothing fits there).

    It is cut between words, where the space is left out; a longer word, as in scripts without spaces, is cut between
    graphemes.
    """
    found, left = [""], room if first is None else first
    for word in re.findall(r"\s*\S+|\s+", text):
        if units(word.lstrip()) > room:
            parts = _within(word, room)
        elif units(word) > left:
            found.append("")
            left, parts = room, iter([word.lstrip()])
        else:
            parts = iter([word])
        for part in parts:
            if units(part) > left:
                found.append("")
                left = room
            found[-1] += part
            left -= units(part)
    return found


def graphemes(text: str) -> list[str]:
    """What readers take for single characters: letters with their marks, emoji with all that is joined to them.

    The rules of Unicode's Annex 29 that matter for cutting, with what is rare left together rather than cut.
    """
    found: list[str] = []
    flags = 0
    for character in text:
        before = found[-1][-1] if found else ""
        regional = "\U0001f1e6" <= character <= "\U0001f1ff"
        paired = regional and flags % 2 == 1
        if before and (_extends(character) or paired or _joins(before, character)):
            found[-1] += character
        else:
            found.append(character)
        flags = flags + 1 if regional else 0
    return found


def _extends(character: str) -> bool:
    return (
        character == JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or character in "\u200c\u0e33\u0eb3\uff9e\uff9f"
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )


def _joins(before: str, character: str) -> bool:
    """Whether emoji, letters of an Indian conjunct or parts of a Korean syllable meet."""
    if before == JOINER or (unicodedata.combining(before) == VIRAMA and unicodedata.category(character) == "Lo"):
        return True
    if "\u1100" <= character <= "\u115f":
        return "\u1100" <= before <= "\u115f"
    follows = "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb"
    return follows and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7fb")


def _within(word: str, room: int) -> Iterator[str]:
    """The word's graphemes; one that is itself too long, a letter under a tower of marks, comes in parts."""
    for grapheme in graphemes(word):
        if units(grapheme) <= room:
            yield grapheme
        else:
            yield from grapheme
