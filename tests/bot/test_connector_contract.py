"""What every connector keeps to; a new platform is one more entry in CONNECTORS."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors import Connector, PayloadRefused, discord, slack, terminal
from bot.connectors.discord import Discord
from bot.connectors.slack import Slack
from bot.connectors.terminal import Terminal
from briefings.types import (
    Action,
    Answer,
    Briefing,
    CondensedSection,
    Content,
    Head,
    Item,
    Listing,
    Notice,
    Quote,
    Story,
    Telling,
)
from tests.bot.scripted_desk import ScriptedDesk
from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer


def make_terminal(folder: Path, scripted) -> Terminal:
    return terminal.create(terminal.Settings(io.StringIO(), io.StringIO(), folder))


def make_slack(folder: Path, scripted, api_url: str = "http://127.0.0.1:9/api/") -> Slack:
    settings = {"bot_token": "xoxb-T0TEAM001", "app_token": "xapp-1", "api_url": api_url}
    return slack.create(slack.Settings(**settings))


def make_discord(folder: Path, scripted, token: str = "a1.b2.c3", api_url: str = "") -> Discord:  # noqa: S107
    return discord.create(discord.Settings(token=token, api_url=api_url))


CONNECTORS: dict[str, Callable[..., Connector]] = {
    "terminal": make_terminal,
    "scripted": lambda folder, scripted: scripted,
    "slack": make_slack,
    "discord": make_discord,
}
CHANNELS = {"slack": "slack:T0TEAM001:#C0WORLD001", "discord": "discord:100000000000000007:#100000000000000008"}
"""A channel of each platform; where there is none, any name will do."""

HEAD = Head(
    id=1, title="Headline", url="https://example.org/1", source="Paper", published=datetime(2026, 1, 2, tzinfo=UTC)
)
CONTENTS: tuple[Content, ...] = (
    Briefing(
        topic="G7", stories=(Story(HEAD, (CondensedSection("Ups", 1, (Telling("It rose.", 0, 0),)),)),), more=(HEAD,)
    ),
    Briefing(topic=None, stories=(), due=datetime(2026, 1, 2, tzinfo=UTC), late=True),
    Briefing(
        topic=None,
        stories=(Story(HEAD, (CondensedSection(None, 0, (Telling("It fell.", 0, 0),)),)),),
        updated=datetime(2026, 1, 2, 14, 5, tzinfo=UTC),
    ),
    Answer(
        question="what",
        looked_for=("what",),
        quotes=(Quote(text="It rose.", article=HEAD, heading="Ups", section=1, paragraph=0, sentence=0, score=1.0),),
    ),
    Answer(question="what", looked_for=("what",), quotes=(), nearest=HEAD),
    Listing("Latest", (Item("Headline", "today", HEAD.url, (Action("brief", "brief 1"),)),)),
    Listing("Latest", (), "Nothing yet."),
    Notice("Done.", actions=(Action("undo", "undo 1"),)),
)


@pytest.fixture(params=CONNECTORS)
def connector(request, tmp_path, scripted) -> Connector:
    return CONNECTORS[request.param](tmp_path, scripted)


@asynccontextmanager
async def connected_slack(folder: Path, scripted, patch: pytest.MonkeyPatch) -> AsyncIterator[Connector]:
    patch.setattr("bot.connectors.slack.api.SPACING", 0.0)
    async with SlackServer() as server:
        server.add_workspace("T0TEAM001").channel("C0WORLD001", "world")
        made = make_slack(folder, scripted, server.api_url)
        yield made
        await made._api.close()


@asynccontextmanager
async def connected_discord(folder: Path, scripted, patch: pytest.MonkeyPatch) -> AsyncIterator[Connector]:
    for kind, name in ((Route, "BASE"), (DiscordWebSocket, "DEFAULT_GATEWAY")):
        patch.setattr(kind, name, getattr(kind, name))
    async with DiscordServer() as server:
        server.pace.buckets.clear()
        guild = server.add_guild(id=CHANNELS["discord"].split(":")[1])
        channel = guild.channel("world")
        patch.setitem(CHANNELS, "discord", f"discord:{guild.id}:#{channel.id}")
        made = make_discord(folder, scripted, server.token, server.api_url)
        listening = asyncio.create_task(made.listen(ScriptedDesk()))
        await server.connected()
        yield made
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


SERVERS: dict[str, Callable[..., AbstractAsyncContextManager[Connector]]] = {
    "slack": connected_slack,
    "discord": connected_discord,
}


@pytest.fixture(params=CONNECTORS)
async def connected(request, tmp_path, scripted, monkeypatch) -> AsyncIterator[Connector]:
    """Each connector where it can send: a platform's with a local one."""
    if request.param not in SERVERS:
        yield CONNECTORS[request.param](tmp_path, scripted)
        return
    async with SERVERS[request.param](tmp_path, scripted, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
async def test_every_content_is_laid_out_as_messages_that_can_be_sent(connected, content):
    parts = connected.render(content)
    assert parts
    channel = CHANNELS.get(connected.name, f"{connected.name}:#x")
    ids = [await connected.send(channel, part, key=f"1.{n}", thread=None) for n, part in enumerate(parts)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
async def test_any_content_can_take_the_place_of_a_message_again_and_again(connected, content):
    channel = CHANNELS.get(connected.name, f"{connected.name}:#x")
    lead, follower = (connected.render(Notice(words))[0] for words in ("Soon.", "Later."))
    message = await connected.send(channel, lead, key="1.0", thread=None)
    below = await connected.send(channel, follower, key="1.1", thread=message)
    for part in (*connected.render(content), lead, lead):
        await connected.edit(channel, message, part, thread=None)
        await connected.edit(channel, below, part, thread=message)


@pytest.mark.parametrize("connected", SERVERS, indirect=True)
async def test_a_message_that_was_deleted_is_not_edited(connected):
    channel, (part,) = CHANNELS[connected.name], connected.render(Notice("Soon."))
    message = await connected.send(channel, part, key="1.0", thread=None)
    gone = message[:-1] + str((int(message[-1]) + 1) % 10)
    with pytest.raises(PayloadRefused, match="deleted"):
        await connected.edit(channel, gone, part, thread=None)


@pytest.mark.parametrize("connected", SERVERS, indirect=True)
async def test_nothing_goes_into_the_thread_of_a_message_that_was_deleted(connected):
    channel, (part,) = CHANNELS[connected.name], connected.render(Notice("Soon."))
    message = await connected.send(channel, part, key="1.0", thread=None)
    gone = message[:-1] + str((int(message[-1]) + 1) % 10)
    with pytest.raises(PayloadRefused, match="deleted"):
        await connected.send(channel, part, key="1.1", thread=gone)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_layout_is_the_same_each_time(connector, content):
    assert connector.render(content) == connector.render(content)


@given(text=st.text(max_size=300))
@pytest.mark.parametrize("name", CONNECTORS)
def test_plain_words_of_a_part_can_be_laid_out_again_within_the_limits(name, text, tmp_path_factory):
    from tests.bot.conftest import Scripted, Time

    connector = CONNECTORS[name](tmp_path_factory.getbasetemp(), Scripted(Time()))
    for part in connector.render(Notice(text)):
        assert len(part.text) <= connector.limits.message_characters
        assert connector.render(Notice(part.text))


def test_limits_are_stated(connector):
    assert connector.limits.messages_per_second > 0
    assert connector.limits.messages_per_second_per_channel > 0


def test_managers_are_reached_on_the_same_platform(connector):
    workspace, _, _ = CHANNELS.get(connector.name, connector.name).partition(":#")
    assert connector.managers(workspace, "kim").startswith(f"{connector.name}:")
