"""Which pieces go into which message: each keeps Discord's limits, and nothing is parted that belongs together."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from bot.render.block_parts import Run
from bot.render.embed_parts import Card, Line, Piece, Row, embed_size, to_payload
from bot.render.limits import (
    DISCORD_CONTENT,
    DISCORD_DESCRIPTION,
    DISCORD_EMBEDS,
    DISCORD_EMBEDS_TEXT,
    DISCORD_LEAD,
    DISCORD_ROWS,
    units,
)

REST = Line((Run("The rest follows.", style=("italic",)),))
FOOT_ROWS = 2
"""Rows of buttons that the end of a lead may take of it."""


class Group(Struct, frozen=True):
    """Pieces that stay in one message. `again` opens a new message that begins with them: what they belong to."""

    pieces: tuple[Piece, ...]
    again: tuple[Piece, ...] = ()


class Layout(Struct, frozen=True, kw_only=True):
    """A content as groups. `foot` ends the first message, `above` stands over its embeds; `plain`: there are none."""

    groups: Sequence[Group]
    foot: Sequence[Piece] = ()
    above: Sequence[Line] = ()
    plain: bool = False


def plan(layout: Layout, instead: Line) -> list[tuple[list[Piece], dict[str, Any]]]:
    """The pieces of each message with its payload, the lead first.

    `instead` leads when nothing else is short enough, and stands above buttons that would be alone. Every group must
    fit a message that is no lead.
    """
    groups, foot = layout.groups, list(layout.foot)
    leading = [*(groups[0].pieces if groups else foot)]
    start: list[Piece] = [] if leading and _payload(layout, leading, lead=True) else [instead]
    whole = [*start, *(piece for group in groups for piece in group.pieces), *foot]
    if payload := _payload(layout, whole, lead=True):
        return [(whole, payload)]
    if sum(isinstance(piece, Row) for piece in foot) <= FOOT_ROWS:
        end = [*([] if any(isinstance(piece, Line) for piece in foot) else [Card()]), *foot, REST]
    else:
        groups, end = [*groups, *(Group((piece,)) for piece in foot)], [Card(), REST]
    pages: list[list[Piece]] = [start]
    for group in groups:
        lead = len(pages) == 1
        if not _payload(layout, [*pages[-1], *group.pieces, *(end if lead else ())], lead=lead):
            alone = all(isinstance(piece, Row) for piece in (*group.again, *group.pieces))
            pages.append([instead] if alone else list(group.again))
        pages[-1] += group.pieces
    pages[0] = [*(pages[0] or [instead]), *end]
    return [(page, _made(layout, page, lead=not number)) for number, page in enumerate(pages)]


def _payload(layout: Layout, pieces: Sequence[Piece], *, lead: bool) -> dict[str, Any] | None:
    """The pieces as a message, None when that would break a limit."""
    payload = _made(layout, pieces, lead=lead)
    embeds = payload["embeds"]
    fits = (
        len(embeds) <= DISCORD_EMBEDS
        and sum(map(embed_size, embeds)) <= DISCORD_EMBEDS_TEXT
        and all(units(embed.get("description", "")) <= DISCORD_DESCRIPTION for embed in embeds)
        and not (lead and embeds and embed_size(embeds[0]) > DISCORD_LEAD)
        and units(payload["content"] or "") <= DISCORD_CONTENT
        and len(payload["components"]) <= DISCORD_ROWS
        and (embeds or payload["content"])
    )
    return payload if fits else None


def _made(layout: Layout, pieces: Sequence[Piece], *, lead: bool) -> dict[str, Any]:
    return to_payload(pieces, above=layout.above if lead else (), plain=layout.plain, lead=lead)
