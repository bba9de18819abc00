"""Which pieces go into which message, so that each keeps Slack's limits and nothing is parted that belongs together."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from bot.render.block_parts import Line, Piece, Run, text_size, to_blocks
from bot.render.limits import SLACK_BLOCKS, SLACK_LEAD_TEXT, SLACK_MESSAGE, units

REST = Line((Run("The rest follows in the replies.", style=("italic",)),), "context")
FOOT_TEXT, FOOT_SIZE = 1_000, 4_000
"""What the end of a lead may take of it: a third."""


class Group(Struct, frozen=True):
    """Pieces that stay in one message. `again` opens a new message that begins with them: what they belong to."""

    pieces: tuple[Piece, ...]
    again: tuple[Piece, ...] = ()


def plan(groups: Sequence[Group], foot: Sequence[Piece], instead: Line) -> list[list[Piece]]:
    """The pieces of each message, the lead first and `foot` at its end; `instead` leads when no group fits a lead.

    Every group must fit a message that is no lead.
    """
    whole = [*_flat(groups), *foot]
    if not whole:
        return [[instead]]
    if fits(whole, lead=True):
        return [whole]
    end: list[Piece] = [REST]
    if fits(list(foot), lead=True) and text_size(to_blocks(foot)) <= FOOT_TEXT and _size(foot) <= FOOT_SIZE:
        end += foot
    else:
        groups = [*groups, *(Group((piece,)) for piece in foot)]
    pages: list[list[Piece]] = [[]]
    for group in groups:
        lead = len(pages) == 1
        if not fits([*pages[-1], *group.pieces, *(end if lead else ())], lead=lead):
            pages.append(list(group.again))
        pages[-1] += group.pieces
    pages[0] = [*(pages[0] or [instead]), *end]
    return pages


def fits(pieces: Sequence[Piece], *, lead: bool) -> bool:
    """Whether one message takes the pieces."""
    blocks = to_blocks(pieces)
    if len(blocks) > SLACK_BLOCKS or (lead and text_size(blocks) > SLACK_LEAD_TEXT):
        return False
    return units(msgspec.json.encode(blocks).decode()) <= SLACK_MESSAGE


def _size(pieces: Sequence[Piece]) -> int:
    return units(msgspec.json.encode(to_blocks(pieces)).decode())


def _flat(groups: Iterable[Group]) -> list[Piece]:
    return [piece for group in groups for piece in group.pieces]
