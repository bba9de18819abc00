"""Cards, lines and buttons -> Discord's embeds, content and components. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from bot.render.block_parts import Button, Run
from bot.render.block_text import MORE
from bot.render.embed_text import EMOJI, escape, first, fit, link
from bot.render.limits import (
    DISCORD_DESCRIPTION,
    DISCORD_ELEMENTS,
    DISCORD_LEAD,
    DISCORD_ROW_BUTTONS,
    DISCORD_TITLE,
    units,
)

Embed = dict[str, Any]

LINE = 4_000
"""Room for one line, which leaves some of a description for what marks it."""

PREFIX = "sidelines:"
"""How the identifiers of our buttons begin: then a number, a colon and the command."""

SUPPRESS_EMBEDS = 1 << 2
"""The flag by which a message shows no previews, nor any embeds of its own."""

BEFORE = {"line": "", "bullet": "- ", "under": "  ", "quote": "> ", "code": ""}
"""What stands before each form of line: `under` goes on with the bullet above."""


class Card(Struct, frozen=True):
    """Opens an embed. `lead`: it stays short, as what leads a story. Without a title it shows only with a line."""

    title: str = ""
    url: str | None = None
    footer: str = ""
    author: str = ""
    lead: bool = False


class Line(Struct, frozen=True):
    """One paragraph. `apart`: with space above it; `close`: in one embed with the line above, if one holds both."""

    runs: tuple[Run, ...]
    form: Literal["line", "bullet", "under", "quote", "code"] = "line"
    apart: bool = False
    close: bool = False


class Row(Struct, frozen=True):
    """Up to five buttons that stand side by side."""

    buttons: tuple[Button, ...]


Piece = Card | Line | Row


class _Draft(Struct):
    card: Card
    lines: list[Line]


def inline(runs: Sequence[Run]) -> str:
    """The runs as Markdown; only what they say of themselves has an effect."""
    text = ""
    for style, group in groupby(runs, lambda run: tuple(name for name in run.style if name != "code")):
        words = ""
        for run in group:
            shown = _markup(run, within=bool(text or words))
            words += escape(run.text, within=True) if shown[0] == "`" and words.endswith("`") else shown
        mark = {"bold": "**", "italic": "*"}.get("".join(style), "")
        text += f"{mark}{words}{mark}"
    return text


def length(line: Line) -> int:
    """How long a line is as Markdown."""
    return units(_shown([line]))


def cut(line: Line, room: int = LINE) -> list[Line]:
    """The line, or as many as it takes for each to fit, "…" in italics outside its words where it was cut.

    Links, channels and code stay whole where they fit. A line without words is none.
    """
    line = replace(line, runs=tuple(run for run in line.runs if run.text))
    if length(line) <= room:
        return [line] if line.runs else []
    before, after = (Run(MORE, style=("italic",)), Run(" ")), (Run(" "), Run(MORE, style=("italic",)))
    room -= units(BEFORE[line.form]) + 2 * units(inline(before))
    found: list[list[Run]] = [[]]
    left = room
    for run in line.runs:
        if run.whole and (size := units(_markup(run))) <= room:
            if size > left and found[-1]:
                found.append([])
                left = room
            found[-1].append(run)
            left -= size
            continue
        rest = run.text
        while rest:
            part = first(rest, left, room)
            found[-1] += [Run(part, style=_unquoted(run))] if part else []
            rest = rest[len(part) :].lstrip()
            left -= units(escape(part))
            if rest:
                found.append([])
                left = room
    parts = [part for part in found if part]
    form = "line" if line.form == "code" else line.form
    return [
        Line(
            (*(before if number else ()), *part, *(after if number < len(parts) - 1 else ())),
            form,
            apart=line.apart and not number,
            close=line.close and not number,
        )
        for number, part in enumerate(parts)
    ]


def rows(buttons: Sequence[Button]) -> list[Row]:
    """The buttons in rows that Discord takes."""
    return [
        Row(tuple(buttons[start : start + DISCORD_ROW_BUTTONS]))
        for start in range(0, len(buttons), DISCORD_ROW_BUTTONS)
    ]


def words(piece: Piece) -> str:
    """A piece in plain words, addresses included; buttons have none."""
    match piece:
        case Line(runs=runs):
            return "".join(f"{run.text} ({run.url})" if run.url not in (None, run.text) else run.text for run in runs)
        case Card():
            title = f"{piece.title} ({piece.url})" if piece.url else piece.title
            return "\n".join(filter(None, (piece.author, title, piece.footer)))
        case Row():
            return ""


def to_payload(pieces: Sequence[Piece], *, above: Sequence[Line], plain: bool, lead: bool) -> dict[str, Any]:
    """The pieces as one message, whole, so that it may also take the place of another: nothing of that one is left.

    `plain`: all lines as content, without embeds. `above`: lines over the embeds. `lead`: its first embed is short.
    """
    lines = [piece for piece in pieces if isinstance(piece, Line)]
    return {
        "content": _shown([*above, *lines] if plain else above) or None,
        "embeds": [] if plain else _embeds(pieces, lead=lead),
        "components": _components(piece for piece in pieces if isinstance(piece, Row)),
        "flags": SUPPRESS_EMBEDS if plain else 0,
        "allowed_mentions": {"parse": []},
    }


def embed_size(embed: Embed) -> int:
    """What Discord counts of an embed."""
    named = embed.get("footer", {}).get("text", ""), embed.get("author", {}).get("name", "")
    return sum(map(units, (embed.get("title", ""), embed.get("description", ""), *named)))


def _embeds(pieces: Iterable[Piece], *, lead: bool) -> list[Embed]:
    drafts: list[_Draft] = []
    urls: set[str] = set()
    for piece in pieces:
        if isinstance(piece, Card):
            drafts.append(_Draft(piece, []))
            if piece.url and piece.url in urls:
                # Discord would show the two embeds as one.
                drafts[-1] = _Draft(replace(piece, url=None), [Line((Run("link", piece.url),))])
            urls |= {piece.url} if piece.url else set()
        elif isinstance(piece, Line):
            if not drafts or not _takes(drafts[-1], piece, lead=lead and len(drafts) == 1):
                moved = _taken_along(drafts[-1]) if drafts and piece.close else []
                drafts.append(_Draft(Card(), moved))
                if not _takes(drafts[-1], piece, lead=False):
                    drafts.append(_Draft(Card(), []))
            drafts[-1].lines.append(piece)
    return [_embed(draft) for draft in drafts if draft.card.title or draft.lines]


def _taken_along(draft: _Draft) -> list[Line]:
    """The lines at an embed's end that the next should stand with, taken out of it; none when they are all it has."""
    start = len(draft.lines) - 1
    while start > 0 and draft.lines[start].close:
        start -= 1
    moved = draft.lines[start:] if start > 0 or draft.card.title else []
    del draft.lines[len(draft.lines) - len(moved) :]
    return moved


def _takes(draft: _Draft, line: Line, *, lead: bool) -> bool:
    """Whether an embed has room for one more line; an empty one has."""
    if not draft.lines and not draft.card.title:
        return True
    longer = _embed(_Draft(draft.card, [*draft.lines, line]))
    return (
        units(longer["description"]) <= DISCORD_DESCRIPTION
        and (embed_size(longer) <= DISCORD_LEAD or not (lead or draft.card.lead))
        and sum(map(_elements, [*draft.lines, line])) <= DISCORD_ELEMENTS
    )


def _embed(draft: _Draft) -> Embed:
    card = draft.card
    description = _shown(draft.lines)
    return {
        **({"author": {"name": card.author}} if card.author else {}),
        **({"title": fit(card.title, DISCORD_TITLE)} if card.title else {}),
        **({"url": card.url} if card.url else {}),
        **({"description": description} if description else {}),
        **({"footer": {"text": card.footer}} if card.footer else {}),
    }


def _shown(lines: Sequence[Line]) -> str:
    """Lines as Markdown; code in one block, in which nothing has an effect but its own end."""
    shown = ""
    for number, line in enumerate(lines):
        last = lines[number - 1] if number else None
        text = BEFORE[line.form] + inline(line.runs)
        if _is_code(line):
            text = f"```\n{''.join(run.text for run in line.runs)}\n```"
            if last and _is_code(last) and not line.apart:
                shown, text = shown.removesuffix("\n```"), text.removeprefix("```\n")
        apart = line.apart or (last and last.form in ("bullet", "under") and line.form not in ("bullet", "under"))
        shown += ("\n\n" if apart else "\n") * bool(number) + text
    return shown


def _is_code(line: Line) -> bool:
    return line.form == "code" and not any("`" in run.text for run in line.runs)


def _elements(line: Line) -> int:
    """About how many elements Discord makes of a line that are no plain text."""
    return 1 + sum(
        len(run.style) + bool(run.url or run.channel) + (0 if run.text.isascii() else len(EMOJI.findall(run.text)))
        for run in line.runs
    )


def _markup(run: Run, *, within: bool = False) -> str:
    """A run as Markdown, bold and italics aside."""
    if run.channel:
        return f"<#{run.channel}>"
    if run.url:
        return f"<{run.url}>" if run.text == run.url else link(run.text, run.url, within=within)
    return f"`{run.text}`" if "code" in run.style else escape(run.text, within=within)


def _unquoted(run: Run) -> tuple[Literal["bold", "italic", "code"], ...]:
    return tuple(name for name in run.style if name != "code")


def _components(found: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of buttons, short ones side by side, their identifiers numbered through."""
    merged: list[list[Button]] = []
    for row in found:
        if merged and len(merged[-1]) + len(row.buttons) <= DISCORD_ROW_BUTTONS:
            merged[-1] += row.buttons
        else:
            merged.append(list(row.buttons))
    number = 0
    shown = []
    for buttons in merged:
        components = []
        for button in buttons:
            number += 1
            components.append(_button(button, number))
        shown.append({"type": 1, "components": components})
    return shown


def _button(button: Button, number: int) -> dict[str, Any]:
    """A link, or a grey button."""
    if button.url:
        return {"type": 2, "style": 5, "label": button.label, "url": button.url}
    return {"type": 2, "style": 2, "label": button.label, "custom_id": f"{PREFIX}{number}:{button.value}"}
