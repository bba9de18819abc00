"""Refusals as too fast (429), whatever was asked for: replies and deliveries come all the same, and each is counted."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx

from tests.servers.ports import free_port
from tests.servers.slack import SlackServer
from tests.servers.web import Reply, WebServer
from tests.wire.conftest import Opener
from tests.wire.guild_office import GuildOffice
from tests.wire.office import KIM, LEE, TEAM, WORLD, Office


async def counted(port: int) -> dict[str, float]:
    """What the bot tells of refusals, by its labels as they are written."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    name = "sidelines_rate_limited_total"
    lines = [line.removeprefix(name).rsplit(" ", 1) for line in text.splitlines() if line.startswith(name)]
    return {labels: float(number) for labels, number in lines}


async def test_slack_refuses_a_reply_and_a_delivery(opened: Opener, slack: SlackServer, unpaced: None, hasty: None):
    slack.pace.per_channel = None
    office = await opened("http")
    slack.fail_next("chat.postMessage", status=429, retry_after=0)
    assert await office.said(WORLD, slack.mention(TEAM, WORLD, LEE, "what about the G7?"))
    seen = len(slack.posts(WORLD))
    slack.fail_next("chat.postMessage", status=429, retry_after=0)
    office.subscribe("ferry", WORLD, due=timedelta())
    await office.type(KIM, "help")
    await slack.wait_for(lambda: len(slack.posts(WORLD)) > seen)
    assert await counted(office.port) == {'{by="slack",kind="message"}': 1, '{by="slack",kind="delivery"}': 1}


async def test_discord_refuses_a_reply_and_its_client_repeats_it(guilds: GuildOffice):
    port = free_port()
    guilds.settings |= {"SIDELINES_WEB_PORT": str(port), "SIDELINES_WEB_HOST": "127.0.0.1"}
    await guilds.restart()
    guilds.discord.fail_next("create_message", retry_after=0.01)
    assert await guilds.mention(guilds.lee, "what about the G7?")
    assert await counted(port) == {'{by="discord",kind="message"}': 1}


async def test_a_host_refuses_a_feed(opened: Opener, unpaced: None):
    office: Office = await opened("http")
    async with WebServer() as web:
        web.serve("/feed", Reply(status=429))
        now = datetime.now(UTC)
        office.storage.sources.add(workspace=f"slack:{TEAM}", url=web.url("/feed"), name="Harbour", now=now)
        await office.type(KIM, "help")
        async with asyncio.timeout(10):
            while not (told := await counted(office.port)):  # noqa: ASYNC110 - a host tells nobody
                await asyncio.sleep(0.02)
    assert told == {'{by="web",kind="other"}': 1}
