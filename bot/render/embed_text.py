r"""Outside text made fit for Discord's Markdown: escaped, linked, cut, its words as they are. Pure.

A backslash before a sign makes it literal everywhere but in two places, where backslashes are shown: in code, and in
the label of a masked link ("Escaping is disabled in masked links for security reasons",
https://github.com/discord/discord-api-docs/issues/6185). A label must not hold an address or emoji either, or no link
is made (https://github.com/discord/discord-api-docs/issues/7721, https://github.com/mattcone/markdown-guide/issues/178).
So words are a link themselves only when nothing in them has a meaning; others have "(link)" after them.
"""

import re
from urllib.parse import quote

from bot.render.block_text import MORE, address, pieces
from bot.render.limits import DISCORD_URL, units
from bot.render.plain_text import clean

MEANING = re.compile(r"[\\*_~|`<>\[\]@/]|:(?=[^\s:]+:)")
r"""Signs of styles, code, spoilers, mentions, emoji, dates, commands, quotes and links, wherever they stand.

Without its `/` no address or invitation is found: `http:\/\/e.org`, `discord.gg\/x`.
"""

OPENING = re.compile(r"\A(\s*\d*)([-+#.])")
"""What makes a list, heading or small print at the beginning of a line."""

EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff]"
)
"""What Discord may draw as a picture; rather too much than too little."""

NO_LABEL = re.compile(rf"[\\*_~|`<>\[\]@]|:\S*:|//|{EMOJI.pattern}")

ADDRESS = re.compile(r"(https?://)([^/?#:]+)((?::\d{1,5})?)(.*)", re.DOTALL)
HOST = re.compile(
    r"(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+(?:[a-z]{2,63}|xn--[a-z\d-]{2,59})|\d{1,3}(?:\.\d{1,3}){3}",
    re.IGNORECASE,
)
"""Hosts without a dot are refused with all of the message: https://github.com/bugsink/bugsink/issues/280."""

IN_PATHS = "%/?#:@!$&+,;=~-._"
"""Signs that stay in an address; brackets would end a masked link, stars the bold type around it."""


def escape(text: str, *, within: bool = False) -> str:
    """The words so that Discord shows them as they are, at the beginning of a line or, shorter, `within` one."""
    escaped = MEANING.sub(r"\\\g<0>", text)
    return escaped if within else OPENING.sub(r"\1\\\2", escaped)


def web(url: str | None, room: int = DISCORD_URL) -> str | None:
    """The address of a link in plain ASCII; None unless it is http or https, with a full host, and short enough."""
    found = ADDRESS.fullmatch(address(url) or "")
    if not found:
        return None
    scheme, name, port, path = found.groups()
    try:
        host = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return None
    safe = f"{scheme}{host}{port}{quote(path, safe=IN_PATHS)}"
    return safe if HOST.fullmatch(host) and int(port[1:] or 1) < 65_536 and units(safe) <= room else None


def link(label: str, url: str, *, within: bool = False) -> str:
    """A masked link whose label shows exactly these words, the address being one that `web` gave."""
    return f"{escape(label, within=within)} ([link]({url}))" if NO_LABEL.search(label) else f"[{label}]({url})"


def fit(text: str, room: int) -> str:
    """The words on one line, escaped, cut with "…" where they would be longer than `room`."""
    text = clean(text)
    escaped = escape(text)
    return escaped if units(escaped) <= room else f"{escape(first(text, room - 1, room - 1))}{MORE}"


def first(text: str, left: int, room: int) -> str:
    """The longest beginning that takes at most `left` when escaped, cut as `pieces` does; empty when none fits there.

    Where `left` is all of the `room` that there is, it is never empty.
    """
    if units(escape(text)) <= left:
        return text
    near, size = text[: 2 * room + 2], left
    while size > 0:
        found = pieces(near, size if left >= room else room, size)[0]
        over = units(escape(found)) - left
        if over <= 0:
            return found or (text[:1] if left >= room else "")
        size -= (over + 1) // 2
    return text[:1] if left >= room else ""
