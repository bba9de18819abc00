"""The local Discord's gateway against the unmodified discord.py: sessions, shards, drops, tokens and intents."""

import asyncio
import logging
from collections.abc import AsyncIterator

import discord
import pytest

from tests.servers.discord import Channel, DiscordServer, Guild, Member
from tests.servers.discord_client import Bot, running


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as local:
        yield local


@pytest.fixture
def acme(server: DiscordServer) -> Guild:
    guild = server.add_guild("Acme")
    guild.channel("news")
    guild.member("kim")
    return guild


def asking_bot(server: DiscordServer) -> Bot:
    bot = Bot(server)

    @bot.tree.command(description="Ask")
    async def ask(interaction: discord.Interaction, question: str) -> None:
        await interaction.response.send_message(f"You asked {question}")

    return bot


def kim(guild: Guild) -> Member:
    return next(member for member in guild.members.values() if member.user.name == "kim")


def news(guild: Guild) -> Channel:
    return next(iter(guild.channels.values()))


@pytest.mark.parametrize("trouble", ["drop", "reconnect", "resumable", "4000", "4009", "1001"])
async def test_a_session_is_resumed_with_what_happened_meanwhile(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("guild_available")
        before = server.gateway.connections
        if trouble == "drop":
            server.drop()
        elif trouble == "reconnect":
            await server.gateway.reconnect()
        elif trouble == "resumable":
            await server.gateway.invalidate(resumable=True)
        else:
            await server.gateway.close(int(trouble))
        for number in range(3):
            await server.direct(kim(acme), f"meanwhile {number}")
        await bot.hear("resumed")
        await bot.hear("message", 3)
        assert [message.content for message in bot.told("message")] == [f"meanwhile {n}" for n in range(3)]
        assert server.gateway.connections == before + 1
    assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


async def test_fifty_drops_lose_and_double_nothing(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(server, Bot(server), monkeypatch) as bot:
        for number in range(50):
            resumes = server.gateway.resumes
            server.drop()
            await server.direct(kim(acme), str(number))
            await server.wait_for(lambda before=resumes: server.gateway.resumes > before)
        await bot.hear("message", 50)
        assert [message.content for message in bot.told("message")] == [str(number) for number in range(50)]
    assert server.gateway.drops == 50
    assert server.gateway.identifies == 1


@pytest.mark.parametrize("forget", [True, False])
async def test_a_lost_session_begins_anew(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch, forget: bool
) -> None:
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("guild_available")
        if forget:
            server.drop(forget=True)
        else:
            await server.gateway.invalidate()
        await bot.hear("connect", 2)
        await server.connected()
        server.gateway.refusing = None
        await server.direct(kim(acme), "still there?")
        await bot.hear("message")
    assert server.gateway.identifies == 2


async def test_missed_heartbeats_end_a_connection(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "discord")
    server.gateway.heartbeat = 0.05
    async with running(server, Bot(server, heartbeat_timeout=0.3), monkeypatch) as bot:
        await server.wait_for(lambda: server.gateway.lines[0].heartbeats > 2)
        server.gateway.silence()
        await bot.hear("resumed")
        server.gateway.answers = False
        await bot.hear("resumed", 2)
        server.gateway.answers = True
        await server.gateway.ask_heartbeat()
    assert server.gateway.identifies == 1


async def test_each_shard_has_its_own_guilds_and_its_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordServer(shards=3) as server:
        guilds = [server.add_guild(f"Guild {number}") for number in range(6)]
        person = guilds[0].member("kim")
        channels = [guild.channel("news") for guild in guilds]
        for guild in guilds[1:]:
            guild.member(person.user)
        async with running(server, asking_bot(server), monkeypatch, shards=3) as bot:
            await bot.hear("shard_connect", 3)
            await server.wait_for(lambda: len(bot.guilds) == 6)
            assert {guild.shard_id for guild in bot.guilds} == {0, 1, 2}
            server.drop(shard=1)
            assert await bot.hear("shard_resumed") == 1
            asked = [
                await server.command(guild, channel, person, "ask", {"question": guild.name})
                for guild, channel in zip(guilds, channels, strict=True)
            ]
        assert [done.shown for done in asked] == [f"You asked Guild {number}" for number in range(6)]
        assert (server.gateway.identifies, server.gateway.resumes) == (3, 1)


async def test_a_wrong_token_and_intents_that_are_not_allowed_end_it(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(discord.LoginFailure):
        async with running(server, Bot(server), monkeypatch, token="wrong"):  # noqa: S106
            pass
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(server, Bot(server, intents=discord.Intents.all()), monkeypatch):
            await asyncio.Event().wait()
    assert server.gateway.closings == [4014]
    unknown = discord.Intents.default()
    unknown.value |= 1 << 30
    with pytest.raises(discord.ConnectionClosed, match="4013"):
        async with running(server, Bot(server, intents=unknown), monkeypatch):
            await asyncio.Event().wait()
    server.gateway.refusing = 4004
    with pytest.raises(discord.ConnectionClosed, match="4004"):
        async with running(server, Bot(server), monkeypatch):
            await asyncio.Event().wait()
    server.gateway.refusing = None
    server.privileged.update({"message_content", "members", "presences"})
    async with running(server, Bot(server, intents=discord.Intents.all()), monkeypatch) as bot:
        await server.message(acme, news(acme), kim(acme), "among people")
        assert (await bot.hear("message")).content == "among people"


async def test_through_a_proxy(server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(server, Bot(server, proxy=server.proxy_url), monkeypatch):
        pass
    assert all(call.proxied for call in server.called("me"))
    assert not any(call.proxied for call in server.called("gateway"))


async def test_identifies_too_close_to_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordServer(shards=2) as server:
        server.gateway.identify_every = 0.1
        async with running(server, Bot(server), monkeypatch, shards=2):
            assert server.gateway.identifies > 2
            assert len(server.gateway.sessions) == 2


async def test_members_are_fetched_over_the_gateway(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("ready")
        guild = bot.guilds[0]
        found = await guild.query_members(user_ids=[int(kim(acme).id)])
        begun = await guild.query_members("ki")
        fetched = await guild.fetch_member(int(kim(acme).id))
    assert [member.name for member in (*found, *begun, fetched)] == ["kim"] * 3


async def test_a_guild_that_is_away_at_the_start_comes_back(
    server: DiscordServer, acme: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.outage(acme)
    async with running(server, Bot(server), monkeypatch) as bot:
        await bot.hear("ready")
        assert bot.guilds[0].unavailable
        server.restore(acme)
        await bot.hear("guild_available")
        assert [channel.name for channel in bot.guilds[0].text_channels] == ["news"]
