"""What the pieces of the Discord connector share."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from bot.connectors import Desk
    from bot.connectors.discord.api import Api
    from bot.connectors.discord.overrides import Overrides
    from bot.connectors.discord.people import People
    from bot.connectors.discord.replying import Place, Replies
    from bot.tasks import Tasks
    from briefings.types import Reply

BUTTON = re.compile(r"sidelines:(?P<number>\d+)(?:@(?P<guild>\d+)(?:/(?P<channel>\d+))?)?:(?P<command>.+)", re.DOTALL)
"""The `custom_id` of a button: its place in the message, where it belongs if that is not where it is shown, and what
pressing it types."""
LONGEST_ID = 100
"""Characters of a `custom_id`: https://docs.discord.com/developers/components/reference#anatomy-of-a-component."""


class Parts(Struct, frozen=True):
    """Each module of ways in is `register(client, parts)` and finds here what it works with."""

    desk: Desk
    api: Api
    people: People
    replies: Replies
    tasks: Tasks
    overrides: Overrides


def workspace_name(guild: int) -> str:
    """A server as the rest of the program knows it: "discord:123456"."""
    return f"discord:{guild}"


def own_workspace(person: int) -> str:
    """What a person uses for themselves, in direct messages and where they brought the bot along: "discord:@55"."""
    return f"discord:@{person}"


def channel_name(workspace: str, channel: int | str) -> str:
    """A channel as the rest of the program knows it: "discord:123456:#789"; a person's own messages "...:#@55"."""
    return f"{workspace}:#{channel}"


def guild_of(name: str) -> int | None:
    """The server's id within the name of a workspace or channel; None when it is a person's own."""
    inner = name.split(":")[1]
    return None if inner.startswith("@") else int(inner)


def channel_of(name: str) -> str:
    """The id of the channel within its name, or "@" and that of the person."""
    return name.split(":")[2].removeprefix("#")


def place_in(name: str) -> str:
    """Where something for a channel is posted: what is a person's own, in their direct messages and nowhere else."""
    inner = name.split(":")[1]
    return inner if inner.startswith("@") else channel_of(name)


HOME, ELSEWHERE = "this conversation", "your direct messages"
"""What a person's own channel is called: there, and where else they ask."""


def at_home(text: str, name: str) -> str:
    """The bot's own words to a person about what is their own, with a name for the one channel they have.

    The text may be as commands write it, `#789…`, or as Discord takes it, `<#789…>`.
    """

    def called(match: re.Match[str]) -> str:
        return f"{match['start']}{name[0].upper()}{name[1:]}" if match["start"] is not None else name

    return re.sub(r"(?:(?P<start>\A|(?<=\n))|(?<![\w\\<]))(?:<#\d{17,20}>|#\d{17,20}\b)", called, text)


class Origin(Struct, frozen=True):
    """The server and channel that something in a direct message belongs to; none for all else."""

    guild: int | None = None
    channel: int | None = None

    @staticmethod
    def of(match: re.Match[str]) -> Origin:
        """What a button or form says of itself."""
        guild, channel = match["guild"], match["channel"]
        return Origin(int(guild) if guild else None, int(channel) if channel else None)

    def __str__(self) -> str:
        if self.guild is None:
            return ""
        return f"@{self.guild}/{self.channel}" if self.channel else f"@{self.guild}"


HERE = Origin()
"""Nowhere but where it is shown."""


async def once(parts: Parts, event: str, reply: Callable[[], Awaitable[Reply]], place: Place) -> None:
    """Reply to an event that may come several times, and be worked on by several processes, once."""
    if await parts.desk.claim(event):
        answer = await reply()
        await parts.desk.settle(event)
        await parts.replies.send(answer, place)


def anchored(payload: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """The payload for a direct message, its buttons still those of a server: they say of which, and which channel."""

    def moved(component: dict[str, Any]) -> dict[str, Any]:
        new = dict(component)
        if "components" in new:
            new["components"] = [moved(each) for each in new["components"]]
        match = BUTTON.fullmatch(str(new.get("custom_id", "")))
        if match and not match["guild"]:
            longer = f"sidelines:{match['number']}{origin}:{match['command']}"
            new["custom_id"] = longer if len(longer) <= LONGEST_ID else new["custom_id"]
        return new

    return {name: [moved(each) for each in value] if name == "components" else value for name, value in payload.items()}


def ids(text: str, mark: str) -> Iterator[int]:
    """The ids that stand after a mark in the bot's own words: `#789…` or `@55…`."""
    return (int(match) for match in dict.fromkeys(re.findall(rf"{mark}(\d{{17,20}})\b", text)))
