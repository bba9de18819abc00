"""What the pieces of the Slack connector share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from bot.connectors import Desk
    from bot.connectors.slack.api import Api
    from bot.connectors.slack.people import People
    from bot.connectors.slack.replying import Replies
    from bot.tasks import Tasks


class Parts(Struct, frozen=True):
    """Each module of ways in is `register(app, parts)` and finds here what it works with."""

    desk: Desk
    api: Api
    people: People
    replies: Replies
    tasks: Tasks


def workspace_name(team: str) -> str:
    """A workspace as the rest of the program knows it: "slack:T0123"."""
    return f"slack:{team}"


def channel_name(team: str, channel: str, person: str = "") -> str:
    """A channel as the rest of the program knows it: "slack:T0123:#C0456".

    A direct conversation has two ids, its own and that of its `person`: it is known by the person's, which is at hand
    wherever something is done.
    """
    return f"slack:{team}:#{person if person and channel.startswith('D') else channel}"


def team_of(name: str) -> str:
    """The team's id within the name of a workspace or channel."""
    return name.split(":")[1]


def channel_of(name: str) -> str:
    """The channel's, conversation's or person's id within the name of a channel."""
    return name.split(":")[2].removeprefix("#")
