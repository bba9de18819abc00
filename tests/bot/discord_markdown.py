"""Discord's Markdown as its clients read it, strictly: whatever outside text must not have is found as `live`.

Signs that would need an escape count as live even where a client would let them pass. Sources: the regular expressions
of Khan's simple-markdown, on which Discord's parser is built, and https://docs.discord.com/developers/reference
("Message Formatting").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["text", "code", "link", "channel", "live"]

INLINE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("escape", re.compile(r"\\(?P<text>[^0-9A-Za-z\s])")),
    ("code", re.compile(r"(?P<tick>`+)(?P<text>[^\n]*?[^`\n])(?P=tick)(?!`)")),
    ("masked", re.compile(r"\[(?P<text>(?:\[[^\]]*\]|[^\[\]])*)\]\((?P<url>[^\s<>()]*)\)")),
    ("channel", re.compile(r"<(?P<text>#\d{17,20})>")),
    ("link", re.compile(r"<(?P<text>https?://[^\s<>]+)>")),
    ("bold", re.compile(r"\*\*(?P<text>(?:\\.|`[^`]*`|[^\\])+?)\*\*(?!\*)", re.DOTALL)),
    ("italic", re.compile(r"\*(?=\S)(?P<text>(?:\\.|[^*\\])+?)\*(?!\*)", re.DOTALL)),
    ("live", re.compile(r"@(?:everyone|here)|<[@#/:at][^\s>]*>|:[^\s:\\]+:|\w+://\S|discord(?:\.gg|(?:app)?\.com)/\S")),
    ("live", re.compile(r"[*_~|`<>\[\]]")),
)
PLAIN = re.compile(r"[^0-9A-Za-z\\`\[\]<>*@:_~|]+")
WORD = re.compile(r"[0-9A-Za-z]+|.", re.DOTALL)
BLOCK = re.compile(r"\s*(?:#{1,3}|-#|[-*+]|\d+\.|>{1,3})(?:\s|$)")
NO_LABEL = re.compile(r"[\\*_~|`<>\[\]@]|:\S*:|//|[\u2600-\u27bf\ufe0f\u20e3\U0001f000-\U0001faff]")
FENCED = re.compile(r"```\n(?P<text>[^\n](?:(?!```).)*?)\n```(?:\n|$)", re.DOTALL)
MARKS = {"> ": "quote", "- ": "bullet", "  ": "under"}


@dataclass(frozen=True)
class Token:
    """Some words as a reader sees them."""

    kind: Kind
    text: str
    url: str | None = None
    italic: bool = False


@dataclass(frozen=True)
class Shown:
    """A line with what it is: quote, bullet, under a bullet, code or line."""

    form: str
    tokens: tuple[Token, ...]

    @property
    def text(self) -> str:
        """Its words, the marks that we add in italics aside."""
        return "".join(token.text for token in self.tokens if not token.italic)


def lines(text: str) -> Iterator[Shown]:
    """What a description or content shows, line by line."""
    while text:
        if fenced := FENCED.match(text):
            for line in fenced["text"].split("\n"):
                yield Shown("code", (Token("code", line),))
            text = text[fenced.end() :]
            continue
        line, _, text = text.partition("\n")
        form = MARKS.get(line[:2], "line")
        rest = line if form == "line" else line[2:]
        if rest.strip():
            opening = (Token("live", rest[:9]),) if BLOCK.match(rest) else ()
            yield Shown(form, (*opening, *inline(rest)))


def inline(text: str) -> Iterator[Token]:
    """The words of a line or title, with what has an effect."""
    place = 0
    while place < len(text):
        found = PLAIN.match(text, place)
        if found:
            yield Token("text", found[0])
            place = found.end()
            continue
        for name, pattern in INLINE:
            if found := pattern.match(text, place):
                yield from _tokens(name, found)
                place = found.end()
                break
        else:
            word = WORD.match(text, place)
            assert word
            yield Token("text", word[0])
            place = word.end()


def _tokens(name: str, found: re.Match[str]) -> Iterator[Token]:
    match name:
        case "escape":
            yield Token("text", found["text"])
        case "code" | "channel":
            yield Token("code" if name == "code" else "channel", found["text"])
        case "link":
            yield Token("link", found["text"], found["text"])
        case "masked":
            good = re.fullmatch(r"https?://[\x21-\x7e]+", found["url"]) and not NO_LABEL.search(found["text"])
            yield Token("link" if good else "live", found["text"], found["url"])
        case "bold" | "italic":
            for token in inline(found["text"]):
                yield replace(token, italic=token.italic or name == "italic")
        case _:
            yield Token("live", found[0])
