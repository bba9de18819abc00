"""One process serves Slack, Discord and the terminal at once, from one database."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from briefings.types import Briefing
from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer
from tests.wire.guild_office import GuildOffice
from tests.wire.office import TEAM, WORLD, Office, furnish
from tests.wire.whole import SAMPLES, stock


async def test_one_topic_subscribed_on_each_gives_three_briefings_of_the_same_sentences(
    tmp_path: Path, slack: SlackServer, discord: DiscordServer
) -> None:
    furnish(slack, installed=True)
    office, guilds = Office("socket", tmp_path, slack, []), GuildOffice(tmp_path, discord, [], [])
    reached = office.reached()
    office.open()
    stock(office.storage, *SAMPLES)
    places = {
        f"slack:{TEAM}": f"slack:{TEAM}:#{WORLD}",
        f"discord:{guilds.acme.id}": f"discord:{guilds.acme.id}:#{guilds.world.id}",
        "terminal": "terminal:#world",
    }
    for workspace, channel in places.items():
        office.subscribed(workspace, channel, "G7", due=timedelta(0), when="hourly", by=None)

    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run", "--session"),
        env={**os.environ, **office.environ, **guilds.environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        await reached
        await slack.wait_for(lambda: slack.posts(WORLD), timeout=30)
        await discord.wait_for(lambda: discord.posts(guilds.world), timeout=30)
        program.stdin.write(b"latest\n")
        program.stdin.close()  # The end of the session is not the end of the program.
        printed = await _until(program.stdout, "Latest headlines")
        asked = await slack.mention(TEAM, WORLD, "U0LEE00001", "what about the G7?")
        await slack.wait_for(lambda: slack.replies(WORLD, asked.ts))
        await office.quiet()
    finally:
        program.terminate()
        rest, _ = await program.communicate()
    assert program.returncode == 0
    printed += rest.decode()

    deliveries = [office.storage.outbox.history(workspace, channel=channel) for workspace, channel in places.items()]
    contents = [delivery.content for (delivery,) in deliveries]
    assert all(isinstance(content, Briefing) for content in contents)
    told = {
        telling.text
        for content in contents
        if isinstance(content, Briefing)
        for story in content.stories
        for section in story.sections
        for telling in section.sentences
    }
    assert len(told) > 3
    shown = [
        "\n".join(message.shown for message in slack.posts(WORLD)),
        "\n".join(message.shown for message in discord.posts(guilds.world)),
        printed,
    ]
    for text in shown:
        words = "".join(text.split())
        assert [sentence for sentence in told if "".join(sentence.split()) not in words] == []
    office.close()


async def _until(stream: asyncio.StreamReader, words: str) -> str:
    read = ""
    async with asyncio.timeout(30):
        while words not in read:
            line = await stream.readline()
            assert line, read
            read += line.decode()
    return read
