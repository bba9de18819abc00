"""Both local platforms as one program, to try the bot by hand where nobody has an account.

    python -m tests.servers.town [--app http://127.0.0.1:8080] town.env

Writes the settings with which the bot reaches them into a file for the shell; Slack reaches the bot over HTTP at `app`.
Then each line typed is what Kim, who manages everything, says in the channel #world of a platform:

    slack subscribe G7 every minute           # as `/briefing subscribe G7 every minute`
    discord subscribe G7 every minute         # as a mention of the bot

Prints whatever the bot posts, with the time, and "(to kim)" for what Kim alone sees. Ends with the input, by Ctrl-D; it
fails when anything was sent that the platform would have refused.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer

TEAM, KIM, WORLD = "T0TOWN0001", "U0KIM00001", "C0WORLD001"


class Town:
    """A workspace and a Discord server, each with Kim and the channel #world."""

    def __init__(self, slack: SlackServer, discord: DiscordServer, app: str) -> None:
        self.slack, self.discord = slack, discord
        team = slack.add_workspace(TEAM, "Town")
        team.user(KIM, "kim", admin=True)
        team.channel(WORLD, "world")
        slack.http(f"{app}/slack/events")
        self.guild = discord.add_guild("Town")
        self.world = self.guild.channel("world")
        self.kim = self.guild.member("kim", "manage_guild")
        self._seen = dict.fromkeys(self.places(), 0)
        self._names = {f"#{WORLD}": "#world", self.world.mention: "#world"}

    def tell(self, file: Path) -> None:
        """Write down what the bot has to be given."""
        settings = {
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_BOT_TOKEN": f"xoxb-{TEAM}",
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_TOKEN": self.discord.token,
        }
        file.write_text("".join(f"export {name}={value}\n" for name, value in settings.items()))

    async def say(self, line: str) -> None:
        """Do what was typed."""
        platform, _, words = line.strip().partition(" ")
        if platform == "slack":
            done: Any = await self.slack.command(TEAM, WORLD, KIM, "/briefing", words)
            if not done.acknowledged:
                print(f"slack: the bot did not answer ({done.status})", flush=True)
        elif platform == "discord":
            await self.discord.mention(self.guild, self.world, self.kim, words)
        elif platform:
            print("Begin the line with `slack` or `discord`.", flush=True)

    def places(self) -> dict[str, Sequence[Any]]:
        """All that was posted so far, by where."""
        return {
            "slack #world": self.slack.posts(WORLD),
            "slack (to kim)": self.slack.ephemerals(WORLD, KIM),
            "discord #world": self.discord.posts(self.world),
            "discord (to kim)": self.discord.posts(self.discord.conversation(self.kim)),
        }

    def news(self) -> list[str]:
        """What was posted since this was asked last."""
        told = []
        for place, messages in self.places().items():
            told += [f"{place}: {self._named(message.shown)}" for message in messages[self._seen[place] :]]
            self._seen[place] = len(messages)
        return told

    def _named(self, text: str) -> str:
        """The text with the channel's name for its ids, as readers see it."""
        for mark, name in self._names.items():
            text = text.replace(mark, name)
        return text


async def run(app: str, settings: Path) -> None:
    """Serve until the input ends."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with SlackServer() as slack, DiscordServer() as discord:
        town = Town(slack, discord, app)
        town.tell(settings)
        print(f"The settings are in {settings}.", flush=True)
        printing = asyncio.create_task(_print(town))
        while line := await lines.readline():
            await town.say(line.decode())
        printing.cancel()


async def _print(town: Town) -> None:
    while True:
        for told in town.news():
            print(f"{datetime.now(UTC):%H:%M:%S} {told}", flush=True)
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.servers.town")
    parser.add_argument("--app", default="http://127.0.0.1:8080", help="where the bot serves Slack's requests")
    parser.add_argument("settings", type=Path, help="the file to write the settings into")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.app, arguments.settings))
