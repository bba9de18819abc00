"""Lines, bullets, quotes and buttons -> Slack's blocks. Pure, and no text in them can have an effect.

Outside text stands in rich text wherever possible: a rich text element says what it is, so that its text is literal,
whatever is in it, and links and styles are separate things. mrkdwn would need escapes that it does not have
(`*`, `_` and `:smile:` can only be broken by adding characters, so that quoted words would not be the article's own).
Rich text cannot stand beside a button or in the small type of a context block: there mrkdwn is used, but only for text
in which no character has a meaning (`mrkdwn`), else rich text again. Slack takes rich text in messages, ephemeral ones
and those of a response_url included (https://github.com/slackapi/bolt-js/issues/2867), in modals and in the Home tab
(https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bot.render.block_text import MORE, escape, mrkdwn, pieces
from bot.render.limits import SLACK_BLOCK_TEXT, SLACK_BUTTONS, units

Block = dict[str, Any]

BREAK = {"type": "text", "text": "\n"}
ELEMENT = 40
"""About what a rich text element is as JSON without its text."""

ROW_SIZE = 6_000
"""Text, values and addresses of the buttons of one row: half a message."""


class Run(Struct, frozen=True):
    """Some words in one style; with `url` a link, with `channel` that channel's name."""

    text: str
    url: str | None = None
    channel: str | None = None
    style: tuple[Literal["bold", "italic", "code"], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it must not be cut."""
        return bool(self.url or self.channel or "code" in self.style)

    @property
    def size(self) -> int:
        """Its length, with all that a link or other element carries."""
        return units(self.text) + (units(self.url or "") + ELEMENT if self.whole else 0)


def spaced(runs: Sequence[Run], between: str) -> tuple[Run, ...]:
    """The runs with some words between them."""
    return tuple(part for run in runs for part in (Run(between), run))[1:]


class Line(Struct, frozen=True):
    """One paragraph. `apart`: it begins a block of its own, so that there is space above it."""

    runs: tuple[Run, ...]
    form: Literal["line", "bullet", "quote", "code", "context"] = "line"
    apart: bool = False


class Button(Struct, frozen=True):
    """A button: `value` is the command that it stands for, or `url` where it leads."""

    label: str
    value: str | None = None
    url: str | None = None


class Row(Struct, frozen=True):
    """Buttons side by side."""

    buttons: tuple[Button, ...]


class Entry(Struct, frozen=True):
    """A paragraph with a button at its right."""

    line: Line
    button: Button


class Rule(Struct, frozen=True):
    """A line across; none at the top of a message."""


Piece = Line | Row | Entry | Rule


def cut(line: Line, room: int = SLACK_BLOCK_TEXT) -> list[Line]:
    """The line, or as many lines as it takes to fit a block each, "…" in italics outside its words where it was cut.

    Links, channels and code stay whole where they fit a block. A line without words is none.
    """
    runs = tuple(run for run in line.runs if run.text)
    if sum(run.size for run in runs) <= room:
        return [replace(line, runs=runs)] if runs else []
    room -= 2 * units(f"{MORE} ")
    found: list[list[Run]] = [[]]
    left = room
    for run in runs:
        if run.whole and units(run.text) <= room:
            if run.size > left and found[-1]:
                found.append([])
                left = room
            found[-1].append(run)
            left -= run.size
            continue
        first, *rest = pieces(run.text, room, max(left, 0))
        others = [piece for piece in rest if piece]
        found[-1] += [replace(run, text=first)] if first else []
        found += [[replace(run, text=piece)] for piece in others]
        left = (room if others else left) - units(others[-1] if others else first)
    before, after = Run(f"{MORE} ", style=("italic",)), Run(f" {MORE}", style=("italic",))
    return [
        replace(
            line,
            runs=(*([before] if number else []), *part, *([after] if number < len(found) - 1 else [])),
            apart=line.apart and not number,
        )
        for number, part in enumerate(found)
        if part
    ]


def rows(buttons: Sequence[Button]) -> list[Row]:
    """The buttons in rows that Slack takes."""
    found: list[list[Button]] = []
    size = 0
    for button in buttons:
        weight = sum(units(text) for text in (button.label, button.value or "", button.url or ""))
        if not found or len(found[-1]) == SLACK_BUTTONS or size + weight > ROW_SIZE:
            found.append([])
            size = 0
        found[-1].append(button)
        size += weight
    return [Row(tuple(row)) for row in found]


def words(piece: Piece) -> str:
    """A piece in plain words, addresses included; buttons have none."""
    match piece:
        case Line(runs=runs):
            return "".join(f"{run.text} ({run.url})" if run.url not in (None, run.text) else run.text for run in runs)
        case Entry(line=line):
            return words(line)
        case _:
            return ""


def to_blocks(parts: Sequence[Piece]) -> list[Block]:
    """The pieces as blocks in order, neighbouring lines in one; buttons are numbered through."""
    numbers = count(1)
    blocks: list[Block] = []
    room = 0  # left in the last block, when it is rich text
    for part in parts:
        if isinstance(part, Line) and part.form != "context":
            size = sum(units(run.text) for run in part.runs) + 1
            if part.apart or size > room:
                blocks.append({"type": "rich_text", "elements": []})
                room = SLACK_BLOCK_TEXT + 1
            _add(blocks[-1]["elements"], part)
            room -= size
        elif not isinstance(part, Rule) or blocks:
            blocks += _single(part, numbers)
            room = 0
    return blocks


def text_size(part: Any) -> int:
    """The length of all texts in blocks."""
    if isinstance(part, list):
        return sum(map(text_size, part))
    if isinstance(part, dict):
        text = part.get("text")
        own = units(text) if isinstance(text, str) else 0
        return own + sum(text_size(value) for value in part.values() if isinstance(value, dict | list))
    return 0


def _single(part: Piece, numbers: Iterator[int]) -> Iterator[Block]:
    """What is never merged with its neighbours."""
    match part:
        case Row(buttons=buttons):
            yield {"type": "actions", "elements": [_button(button, next(numbers)) for button in buttons]}
        case Entry(line=line, button=button):
            text = _markup(line.runs, SLACK_BLOCK_TEXT - units(button.label))
            if text is None:
                yield from to_blocks([line])
                yield {"type": "actions", "elements": [_button(button, next(numbers))]}
            else:
                yield {"type": "section", "text": text, "accessory": _button(button, next(numbers))}
        case Line(runs=runs):
            text = _markup(runs, SLACK_BLOCK_TEXT)
            yield from [{"type": "context", "elements": [text]}] if text else to_blocks([replace(part, form="line")])
        case Rule():
            yield {"type": "divider"}


def _add(elements: list[Block], line: Line) -> None:
    """The line at the end of rich text, in the list, section or code that stands there when it is of the same kind."""
    last: Block = elements[-1] if elements else {"type": ""}
    inline = _inline(line.runs)
    match line.form:
        case "bullet":
            row = {"type": "rich_text_section", "elements": inline}
            if last["type"] == "rich_text_list":
                last["elements"].append(row)
            else:
                elements.append({"type": "rich_text_list", "style": "bullet", "elements": [row]})
        case "quote":
            elements.append({"type": "rich_text_quote", "elements": inline})
        case "line" | "code" | "context":
            kind = "rich_text_preformatted" if line.form == "code" else "rich_text_section"
            if last["type"] == kind:
                last["elements"] += [dict(BREAK), *inline]
            else:
                elements.append({"type": kind, "elements": inline})


def _inline(runs: Sequence[Run]) -> list[Block]:
    """The runs as rich text elements, neighbouring words of one style in one."""
    elements: list[Block] = []
    for run in runs:
        element: Block = {"type": "link", "url": run.url} if run.url else {"type": "text"}
        if run.style:
            element["style"] = dict.fromkeys(run.style, True)
        if run.channel:
            elements.append({"type": "channel", "channel_id": run.channel})
        elif elements and not run.url and {**elements[-1], "text": ""} == {**element, "text": ""}:
            elements[-1]["text"] += run.text
        else:
            elements.append({**element, "text": run.text})
    return elements


def _markup(runs: Sequence[Run], room: int) -> Block | None:
    """The words as a mrkdwn text object; None when one of them would have an effect in it, or they are too long."""
    parts: list[str] = []
    for run in runs:
        text = mrkdwn(run.text)
        if text is None:
            return None
        if run.channel:
            text = f"<#{run.channel}>"
        elif run.url:
            text = f"<{escape(run.url)}|{text}>"
        elif "code" in run.style:
            text = f"`{text}`"
        parts.append(text)
    joined = "".join(parts)
    if not joined.strip() or units(joined) > room:
        return None
    return {"type": "mrkdwn", "text": joined, "verbatim": True}


def _button(button: Button, number: int) -> Block:
    shown: Block = {
        "type": "button",
        "action_id": f"sidelines:{number}",
        "text": {"type": "plain_text", "text": button.label, "emoji": False},
    }
    if button.url:
        shown["url"] = button.url
    if button.value:
        shown["value"] = button.value
    return shown
