"""The chat platforms beside which programs are killed: a server of each, and what it has recorded."""

from __future__ import annotations

import json
from typing import Any, Protocol

from msgspec import Struct

from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer


class Post(Struct, frozen=True):
    """What the platform shows: its channel, the key by which the program knows it, and its words."""

    channel: str
    key: str
    words: str


class Side(Protocol):
    """A chat platform: its server, and what the program is told of it."""

    server: Any
    workspace: str
    channels: tuple[str, str]
    environ: dict[str, str]

    def posts(self) -> list[Post]: ...


class SlackSide:
    """A Slack with one workspace."""

    def __init__(self) -> None:
        self.server = SlackServer(strict=False)
        self.server.pace.per_channel = None
        team = self.server.add_workspace("T0CRASH001", "Crash")
        team.user("U0CRASH001", "kim", admin=True)
        for id, name in (("C0CRASH001", "valley"), ("C0CRASH002", "glaciers")):
            team.channel(id, name)
        self.server.socket()
        self.workspace = "slack:T0CRASH001"
        self.channels = ("C0CRASH001", "C0CRASH002")

    @property
    def environ(self) -> dict[str, str]:
        return {
            "SLACK_API_URL": self.server.api_url,
            "SLACK_BOT_TOKEN": "xoxb-T0CRASH001",
            "SLACK_APP_TOKEN": self.server.app_token,
        }

    def posts(self) -> list[Post]:
        return [
            Post(channel, json.dumps(message.metadata), message.shown)
            for channel in self.channels
            for message in self.server.posts(channel)
        ]


class DiscordSide:
    """A Discord with one server."""

    def __init__(self) -> None:
        self.server = DiscordServer(strict=False)
        self.server.pace.buckets.clear()
        guild = self.server.add_guild("Crash")
        self._guild = guild
        self.channels = (guild.channel("valley").id, guild.channel("glaciers").id)
        self.workspace = f"discord:{guild.id}"

    @property
    def environ(self) -> dict[str, str]:
        return {"DISCORD_API_URL": self.server.api_url, "DISCORD_TOKEN": self.server.token}

    def posts(self) -> list[Post]:
        parents = {id: place.parent for id, place in self._guild.channels.items() if place.parent}
        return [
            Post(parents.get(message.channel, message.channel) or "", str(message.nonce), message.shown)
            for message in self.server.world.messages.values()
            if message.author is self.server.bot and message.via == "api"
        ]


SIDES: dict[str, type[SlackSide | DiscordSide]] = {"slack": SlackSide, "discord": DiscordSide}
