"""The whole bot beside a local Discord, in one event loop: what people do there, and what they are shown."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from briefings.types import Subscription
from tests.servers.discord import Channel, DiscordServer, Guild, Interaction, Member, Message, User
from tests.wire.whole import Whole

Who = Member | User


ALREADY = 40060
"""The code with which Discord refuses a second acknowledgement."""


def acknowledged(done: Interaction) -> Interaction:
    """The same, having been acknowledged in time; what was told several times, by one of them."""
    assert done.acknowledged, (done.seconds, done.refused)
    assert set(done.refused) <= {ALREADY}, done.refused
    return done


def labels(messages: Iterable[Message]) -> list[str]:
    """The labels of all buttons."""
    return [part["label"] for message in messages for part in message.buttons if part["type"] == 2]


def text_of(messages: Iterable[Message]) -> str:
    return "\n".join(message.shown for message in messages)


class GuildOffice(Whole):
    """One bot in two servers, and a third one where only a person has it installed.

    In `acme`: kim may manage the server, lee may not. In `bolt`: max owns it. `ann` has the bot for herself, in
    `elsewhere`, where it is not. `happened` names what discord.py told the bot of.
    """

    def __init__(
        self, folder: Path, discord: DiscordServer, work: list[asyncio.Task[None]], happened: list[str]
    ) -> None:
        super().__init__(folder, work)
        self.discord, self.happened = discord, happened
        self.acme = discord.add_guild("Acme")
        self.world, self.news = self.acme.channel("world"), self.acme.channel("news")
        self.kim, self.lee = self.acme.member("kim", "manage_guild"), self.acme.member("lee")
        self.bolt = discord.add_guild("Bolt", owner="max")
        self.max = self.bolt.members[self.bolt.owner.id]
        self.bolt_world = self.bolt.channel("world")
        self.elsewhere = discord.add_guild("Elsewhere", present=False)
        self.ann = self.elsewhere.member(discord.person("ann", installed=True))
        self.lobby = self.elsewhere.channel("lobby")

    @property
    def environ(self) -> dict[str, str]:
        """The documented settings."""
        return {"DISCORD_TOKEN": self.discord.token, "DISCORD_API_URL": self.discord.api_url, **super().environ}

    def reached(self) -> Awaitable[None]:
        """Until the bot knows its servers, and Discord its commands."""
        return self._reached(self.happened.count("ready"))

    async def _reached(self, ready: int) -> None:
        await self.discord.wait_for(lambda: self.happened.count("ready") > ready and self.discord.commands())
        await self.quiet()

    # What people do, and are shown -----------------------------------------------------------------------------

    async def slash(
        self,
        who: Who,
        name: str,
        channel: Channel | None = None,
        /,
        *,
        forge: bool = False,
        **options: Any,
    ) -> Interaction:
        """A slash command, in `world` unless a channel is named; all that is shown for it is there at the end."""
        place = channel or self.world
        where = self.discord.guilds.get(place.guild or "")
        return await self.settled(self.discord.command(where, place, who, name, options, forge=forge))

    async def managers_only(self, name: str, /, **options: Any) -> None:
        """A command is not offered to Lee; forged, it is refused, to Lee alone."""
        with pytest.raises(PermissionError, match="manage_guild"):
            await self.slash(self.lee, name, **options)
        refused = await self.slash(self.lee, name, forge=True, **options)
        assert "Manage Server" in refused.shown, name
        assert refused.ephemeral

    async def press(
        self, who: Who, message: Message | Interaction, button: str | dict[str, Any], *, forge: bool = False
    ) -> Interaction:
        """Press a button, of the message of an answer that has it."""
        if isinstance(message, Interaction):
            message = next(each for each in message.messages if button in labels([each]))
        return await self.settled(self.discord.press(who, message, button, forge=forge))

    async def settled(self, deed: Awaitable[Interaction]) -> Interaction:
        """An interaction with all that is shown for it."""
        done = acknowledged(await deed)
        await self.quiet()
        return done

    async def mention(self, who: Who, text: str, channel: Channel | None = None, **how: Any) -> list[Message]:
        """Write to the bot in a channel of a server; what it says there for it, and something."""
        place = channel or self.world
        guild = self.discord.guilds[place.guild or ""]
        return await self.said(place, self.discord.mention(guild, place, who, text, **how))

    async def direct(self, who: Who, text: str) -> list[Message]:
        """Write to the bot directly; what it says for it, and something."""
        return await self.said(self.discord.conversation(who), self.discord.direct(who, text))

    async def said(self, channel: Channel, deed: Awaitable[Any]) -> list[Message]:
        """What the bot posts in a channel for a deed: all of it, and something."""
        seen = len(self.discord.posts(channel))
        await deed
        await self.discord.wait_for(lambda: len(self.discord.posts(channel)) > seen)
        await self.quiet()
        return self.discord.posts(channel)[seen:]

    async def heard(self, event: str, deed: Callable[[], Any]) -> Any:
        """What a deed gives, once discord.py has told the bot of the event, and the bot has worked on it."""
        seen = self.happened.count(event)
        given = deed()
        await self.discord.wait_for(lambda: self.happened.count(event) > seen)
        working = {task for task in asyncio.all_tasks() if task.get_name() == f"discord.py: on_{event}"}
        if working:
            await asyncio.wait(working)
        await self.quiet()
        return given

    # What the clock does ---------------------------------------------------------------------------------------

    def subscribe(
        self,
        topic: str,
        channel: Channel | None = None,
        *,
        due: timedelta | None = None,
        when: str = "daily at 9",
        by: Who | None = None,
    ) -> int:
        """Subscribe a channel behind the bot's back; `due` is how long ago its slot was. Gives the number."""
        place = channel or self.world
        workspace, creator = f"discord:{place.guild}", (by or self.kim).id
        return self.subscribed(workspace, f"{workspace}:#{place.id}", topic, due=due, when=when, by=creator)

    def subscriptions(self, guild: Guild | None = None) -> list[Subscription]:
        return self.storage.subscriptions.list(f"discord:{(guild or self.acme).id}")

    def try_again(self, id: int) -> None:
        """Let the trial of a blocked subscription be due now."""
        self.retry(f"discord:{self.acme.id}", id, datetime.now(UTC))
