"""The line to Discord is kept, opened anew after whatever breaks it, and closed in order."""

import asyncio
import math

import pytest
from discord import VoiceClient
from discord.gateway import DiscordWebSocket

from bot.connectors import discord as connector
from bot.connectors.discord import client as lines
from bot.connectors.discord.client import _same
from bot.connectors.discord.hearing import Hearing
from briefings.errors import SidelinesError
from tests.bot.conftest import Time
from tests.bot.discord.conftest import heard


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(lines, "FIRST_WAIT", 0.01)


async def test_a_wrong_token_is_one_sentence_and_no_loop(discord, desk, start):
    made = connector.create(connector.Settings(token="no token", api_url=discord.api_url))  # noqa: S106
    with pytest.raises(SidelinesError, match=r"^Discord does not accept DISCORD_TOKEN; "):
        await made.listen(desk)
    assert len(discord.called("me")) == 1


@pytest.mark.parametrize(("code", "told"), [(4004, "DISCORD_TOKEN"), (4013, "4013"), (4014, "4014")])
async def test_what_the_gateway_refuses_for_good_ends_it(discord, desk, start, code, told):
    discord.gateway.refusing = code
    made = connector.create(connector.Settings(token=discord.token, api_url=discord.api_url))
    with pytest.raises(SidelinesError, match=told):
        await made.listen(desk)


async def test_libraries_for_voice_are_not_missed(discord, desk, start, monkeypatch, caplog):
    monkeypatch.setattr(VoiceClient, "warn_nacl", True)
    monkeypatch.setattr(VoiceClient, "warn_dave", True)
    await start()
    assert [each.message for each in caplog.records if "voice" in each.message] == []


async def test_discord_out_of_reach_is_waited_for(discord, desk, start, acme, news, lee):
    discord.fail_next("gateway", 2, status=503)
    discord.fail_next("me", 2, status=503)
    await start()
    await discord.mention(acme, news, lee, "hello")
    await desk.until(lambda: desk.words == ["hello"])


async def test_an_event_that_cannot_be_parsed_costs_no_more_than_a_new_line(discord, desk, bot, acme, news, lee):
    first = bot._api.client
    discord.gateway.dispatch("CHANNEL_DELETE", {"guild_id": acme.id}, acme)
    await discord.wait_for(lambda: discord.gateway.identifies == 2)
    await discord.connected()
    await discord.mention(acme, news, lee, "hello")
    await desk.until(lambda: desk.words == ["hello"])
    assert bot._api.client is not first


async def test_dropped_lines_are_taken_up_again(discord, desk, bot, acme, news, lee):
    for number in range(3):
        discord.drop()
        await discord.mention(acme, news, lee, f"hello {number}")
        await discord.connected()
    await desk.until(lambda: len(desk.words) == 3)
    assert desk.words == ["hello 0", "hello 1", "hello 2"]
    assert discord.gateway.identifies == 1


async def test_it_counts_the_seconds_that_the_gateway_is_silent(discord, bot, monkeypatch):
    made = connector.create(connector.Settings(token=discord.token, api_url=discord.api_url))
    assert made.deaf() == math.inf  # It was never there.
    assert bot.deaf() == 0
    clock = Time()
    monkeypatch.setattr(bot._api.hearing, "_monotonic", clock.monotonic)
    await heard(bot, "shard_disconnect", discord.drop)
    clock.seconds += 31
    assert bot.deaf() == 31
    await bot._api.client.wait_for("shard_resumed", timeout=10)
    assert bot.deaf() == 0


def test_the_next_line_goes_on_counting_where_the_last_one_broke():
    clock = Time()
    hearing = Hearing(clock.monotonic)
    for shard in (0, 1):
        hearing.heard(shard)
    clock.seconds = 10
    hearing.lost(1)
    clock.seconds = 15
    hearing.lost(0)
    clock.seconds = 20
    assert hearing.deaf() == 10
    hearing.heard(1)
    assert hearing.deaf() == 5
    hearing.closed()
    clock.seconds = 25
    assert hearing.deaf() == 10
    hearing.heard(0)
    assert hearing.deaf() == 0
    hearing.closed()
    clock.seconds = 26
    assert hearing.deaf() == 1


async def test_a_session_that_is_lost_would_be_begun_anew_at_the_same_gateway(discord, bot):
    assert DiscordWebSocket.DEFAULT_GATEWAY.port == int(discord.api_url.split(":")[2].split("/")[0])


async def test_stopping_closes_the_line_after_the_replies_under_way(discord, desk, start, bot, acme, news, lee):
    answer = desk.answer
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(text, asker):
        asked.set()
        await go_on.wait()
        return await answer(text, asker)

    desk.answer = slowly
    said = await discord.mention(acme, news, lee, "hello")
    await asked.wait()
    stopping = asyncio.create_task(start.stop())
    await asyncio.sleep(0)
    go_on.set()
    await stopping
    assert len(discord.replies(said)) == 1
    assert discord.gateway.sessions == {}  # Closed by the app for good, so that nobody sees it online any more.
    assert bot._api.client is None


async def test_everything_can_go_through_a_proxy(discord, desk, start, acme, news, lee):
    await start(proxy=discord.proxy_url)
    assert all(call.proxied for call in discord.calls)


async def test_two_shards_are_one_bot(discord, desk, start, acme, news, lee):
    discord.world.shards = 2
    await start()
    await discord.connected(shards=2)
    await discord.mention(acme, news, lee, "hello")
    await desk.until(lambda: desk.words == ["hello"])


async def test_no_privileged_intent_is_asked_for(discord, bot):
    asked = bot._api.client.intents
    assert [asked.message_content, asked.members, asked.presences] == [False, False, False]
    assert bot._api.client.allowed_mentions.to_dict() == {"parse": []}


def test_definitions_are_compared_by_what_they_mean():
    ours = {"name": "ask", "contexts": [0, 1], "options": [{"name": "question", "required": True}], "nsfw": False}
    theirs = {**ours, "id": "5", "contexts": [1, 0], "default_member_permissions": None}
    del theirs["nsfw"]
    assert _same(ours, theirs)
    assert not _same(ours, {**theirs, "options": [{"name": "question", "required": True, "max_length": 5}]})
    assert not _same(ours, {**theirs, "options": []})
    assert _same({"default_member_permissions": 32}, {"default_member_permissions": "32"})


async def test_commands_are_told_anew_when_discord_has_others(discord, desk, start, acme):
    await start()
    discord.world.commands[None][0]["description"] = "something else"
    await start.stop()
    await start()
    await discord.wait_for(lambda: discord.syncs == 2)


def test_settings_show_no_token():
    assert "secret" not in repr(connector.Settings(token="secret", proxy="http://secret@x"))  # noqa: S106
