"""Coming and going reaches the desk as it should: greetings, removals, deleted channels, rights, outages."""

import asyncio
import time

import pytest

from tests.bot.discord.conftest import heard


def told(desk, kind):
    return [event[1:] for event in desk.told if event[0] == kind]


def name(guild, place):
    return f"discord:{guild.id}:#{place.id}"


async def test_the_servers_there_are_are_told_at_the_start(desk, bot, acme):
    await desk.until(lambda: told(desk, "regained") == [(f"discord:{acme.id}", None)])


async def test_a_new_server_is_greeted_where_the_bot_may_speak(discord, desk, bot):
    other = discord.add_guild("Other", present=False)
    mute, open_ = other.channel("mute"), other.channel("open")
    discord.seat(other)
    mute.deny("send_messages")
    discord.join(other)
    await desk.until(lambda: told(desk, "joined") == [(f"discord:{other.id}", name(other, open_), None)])


async def test_a_server_that_came_while_nobody_listened_is_greeted_too(discord, desk, start, acme, news):
    acme.members[discord.bot.id].joined = time.time() - 3600
    await start()
    await desk.until(lambda: told(desk, "joined") == [(f"discord:{acme.id}", name(acme, news), None)])


async def test_a_server_that_comes_while_the_line_is_opening_is_greeted_too(discord, desk, start, acme, monkeypatch):
    monkeypatch.setattr("bot.connectors.discord.client.TOLD", 60.0)
    other = discord.add_guild("Other", present=False)
    place = other.channel("open")
    starting = asyncio.create_task(start())
    await discord.connected()
    discord.join(other)
    await desk.until(lambda: told(desk, "joined") == [(f"discord:{other.id}", name(other, place), None)])
    starting.cancel()


async def test_the_channel_for_the_servers_own_news_comes_first(discord, desk, bot):
    other = discord.add_guild("Other", present=False)
    other.channel("first")
    second = other.channel("second")
    other.system_channel = second.id
    discord.join(other)
    await desk.until(lambda: told(desk, "joined") == [(f"discord:{other.id}", name(other, second), None)])


async def test_a_server_without_a_channel_to_speak_in_is_served_all_the_same(discord, desk, bot):
    other = discord.add_guild("Other", present=False)
    discord.join(other)
    await desk.until(lambda: (f"discord:{other.id}", None) in told(desk, "regained"))
    assert told(desk, "joined") == []


async def test_a_removal_is_told_and_an_outage_is_not(discord, desk, bot, acme):
    await heard(bot, "guild_unavailable", discord.outage, acme)
    await heard(bot, "guild_available", discord.restore, acme)
    assert told(desk, "left") == []
    discord.kick(acme)
    await desk.until(lambda: told(desk, "left") == [(f"discord:{acme.id}",)])
    assert told(desk, "lost") == []


async def test_a_deleted_channel_is_lost(discord, desk, bot, acme, news):
    discord.delete_channel(news)
    await desk.until(lambda: told(desk, "lost"))
    assert told(desk, "lost") == [
        (f"discord:{acme.id}", name(acme, news), "That channel is deleted; choose another channel.")
    ]


async def test_a_deleted_thread_is_lost(discord, desk, bot, acme, news, kim):
    thread = await heard(bot, "thread_create", discord.new_thread, news, "talk", kim)
    discord.delete_channel(thread)
    await desk.until(lambda: [event[1] for event in told(desk, "lost")] == [name(acme, thread)])


async def test_a_locked_thread_is_lost_until_it_is_unlocked(discord, desk, bot, acme, news, kim):
    thread = await heard(bot, "thread_create", discord.new_thread, news, "talk", kim)
    discord.archive(thread, locked=True)
    await desk.until(lambda: [event[1] for event in told(desk, "lost")] == [name(acme, thread)])
    discord.archive(thread, back=True)
    await desk.until(lambda: (f"discord:{acme.id}", name(acme, thread)) in told(desk, "regained"))


async def test_a_thread_that_is_only_put_away_is_not_lost(discord, desk, bot, acme, news, kim):
    thread = await heard(bot, "thread_create", discord.new_thread, news, "talk", kim)
    await heard(bot, "thread_update", discord.archive, thread)
    assert told(desk, "lost") == []


@pytest.mark.parametrize("permission", ["view_channel", "send_messages"])
async def test_rights_in_a_channel_that_are_taken_and_given_back(discord, desk, bot, acme, news, permission):
    news.deny(permission)
    discord.change_channel(news)
    await desk.until(lambda: told(desk, "lost"))
    ((workspace, channel, reason),) = told(desk, "lost")
    assert (workspace, channel) == (f"discord:{acme.id}", name(acme, news))
    assert {"view_channel": "View Channel", "send_messages": "Send Messages"}[permission] in reason
    news.allow(permission)
    discord.change_channel(news)
    await desk.until(lambda: (f"discord:{acme.id}", name(acme, news)) in told(desk, "regained"))


async def test_the_role_of_the_bot_counts_too(discord, desk, bot, acme, news):
    discord.change_role(acme, acme.bot_role, permissions={"embed_links"})
    acme.everyone.permissions.discard("send_messages")
    discord.change_role(acme, acme.everyone)
    await desk.until(lambda: [event[1] for event in told(desk, "lost")] == [name(acme, news)])
    discord.change_role(acme, acme.bot_role, permissions={"view_channel", "send_messages"})
    await desk.until(lambda: (f"discord:{acme.id}", name(acme, news)) in told(desk, "regained"))


async def test_a_small_right_that_is_taken_closes_nothing(discord, desk, bot, acme, news):
    news.deny("create_public_threads", "embed_links")
    await heard(bot, "guild_channel_update", discord.change_channel, news)
    assert told(desk, "lost") == []
