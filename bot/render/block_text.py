"""Outside text made fit for Slack's blocks: shortened, cut, escaped, its words as they are. Pure."""

import re
import unicodedata

from bot.render.limits import SLACK_URL, units
from bot.render.plain_text import clean

MORE = "…"
"""Where shown text goes on elsewhere."""

ADDRESS = re.compile(r"https?://[\w.-]+(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
UNSAFE = re.compile(r"[\s|<>\"`\\^{}]")
"""Characters that end a link in Slack's syntax, or that no address has."""

MARKUP = re.compile(r"[*_~`|]|:[^\s:]+:|^\s*>", re.MULTILINE)
"""What Slack's mrkdwn gives a meaning: bold, italic, strike, code, the parts of a link, emoji, a quoted line."""

SPACE = re.compile(r"\s")
REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]")
REGIONAL_END = re.compile(r"[\U0001f1e6-\U0001f1ff]+\Z")
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
    what readers take for single characters.
    """
    found: list[str] = []
    left = room if first is None else first
    while units(text) > left:
        end = _end(text, left, room)
        found.append(text[:end])
        text, left = text[end:].lstrip(), room
    return [*found, text]


def _end(text: str, left: int, room: int) -> int:
    """Where to cut a text that is longer than `left`."""
    end = min(left, len(text))
    while (over := units(text[:end]) - left) > 0:
        end -= (over + 1) // 2
    space = max((match.start() for match in SPACE.finditer(text[: end + 1])), default=-1)
    word = text[space + 1 :].split(maxsplit=1)[0] if text[space + 1 :].strip() else ""
    if units(word) <= room and (space >= 0 or left < room):
        return max(space, 0)
    for place in range(end, 0, -1):
        if _parts(text, place):
            return place
    return 0 if left < room else end  # A letter under a tower of marks that no block holds.


def _parts(text: str, place: int) -> bool:
    """Whether a new character begins there, as readers see it: not a mark, the rest of an emoji, flag or syllable.

    The rules of Unicode's Annex 29 that matter for cutting; what is rare is left together rather than cut.
    """
    before, character = text[place - 1], text[place]
    if _extends(character) or before == JOINER:
        return False
    if REGIONAL.match(character):
        flags = REGIONAL_END.search(text, max(0, place - 1000), place)
        return not flags or len(flags[0]) % 2 == 0
    if unicodedata.combining(before) == VIRAMA:
        return unicodedata.category(character) != "Lo"
    if "\u1100" <= character <= "\u115f":
        return not "\u1100" <= before <= "\u115f"
    follows = "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb"
    return not (follows and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7fb"))


def _extends(character: str) -> bool:
    return (
        character == JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or character in "\u200c\u0e33\u0eb3\uff9e\uff9f"
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )
