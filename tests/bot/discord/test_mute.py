"""A process that sends while another is at the gateway: what it is not told, it asks for."""

import asyncio
from contextlib import suppress

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

import bot.connectors.discord as connector
from bot.connectors import ChannelGone
from bot.connectors.discord.sharing import MORE
from tests.bot.discord.test_posting import key, name, part


async def test_a_lead_and_what_follows_are_posted(discord, mute, acme):
    news = acme.channel("news")
    lead = await mute.send(name(acme, news), part(), key=key(), thread=None)
    await mute.send(name(acme, news), part("Part 1"), key=key(1), thread=lead)
    await mute.edit(name(acme, news), lead, part("Anew"), thread=None)
    (post,) = discord.posts(news)
    assert post.content == "Anew"
    assert [each.content for each in discord.posts(discord.thread(post))] == ["Part 1"]


async def test_many_posts_in_a_server_ask_for_its_channels_once(discord, mute, acme):
    channels = [acme.channel(f"news-{number}") for number in range(5)]
    for number, channel in enumerate(channels):
        await mute.send(name(acme, channel), part(), key=key(number), thread=None)
    assert len(discord.called("guild_channels")) == 1
    assert discord.called("get_channel") == []


async def test_a_forum_gets_a_post_with_the_tags_that_it_names(discord, mute, acme):
    forum, strict = acme.forum("posts", "heron", "bank", "lake"), acme.forum("strict", "bank", require_tag=True)
    lead = await mute.send(name(acme, forum), part(), key=key(), thread=None)
    await mute.send(name(acme, forum), part("Part 1"), key=key(1), thread=lead)
    await mute.send(name(acme, strict), part(), key=key(2), thread=None)
    (post,) = discord.threads(forum)
    assert [forum.tags[tag] for tag in post.applied] == ["heron", "lake"]
    assert [each.content for each in discord.posts(post)] == ["Heron count at the lake", "Part 1"]
    (other,) = discord.threads(strict)
    assert [strict.tags[tag] for tag in other.applied] == ["bank"]


async def test_a_thread_is_of_its_server_too(discord, mute, acme):
    talk = discord.new_thread(acme.channel("news"), "talk", acme.member("kim"))
    await mute.send(name(acme, talk), part(), key=key(), thread=None)
    assert [each.content for each in discord.posts(talk)] == ["Heron count at the lake"]


async def test_a_channel_of_another_server_is_refused(discord, mute, acme):
    theirs = discord.add_guild("Theirs").channel("news")
    with pytest.raises(ChannelGone, match="not one of this server"):
        await mute.send(name(acme, theirs), part(), key=key(), thread=None)
    assert discord.posts(theirs) == []


async def test_notices_for_whoever_runs_the_server_reach_its_owner(discord, mute, acme):
    channel = mute.managers(f"discord:{acme.id}", None)
    await mute.send(channel, part(), key=key(), thread=None)
    (asked,) = discord.called("open_direct")
    assert asked.body["recipient_id"] == str(acme.owner.id)


async def test_nothing_leaves_before_there_is_a_share_for_it(discord, monkeypatch):
    class Slow:
        def __init__(self) -> None:
            self.asked = asyncio.get_running_loop().create_future()

        async def share(self, wanted, using, lease):
            self.asked.set_result((wanted, using))
            await asyncio.Event().wait()

        async def give_back(self): ...

    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    budget = Slow()
    made = connector.create(connector.Settings(token=discord.token, api_url=discord.api_url), budget)
    standing = asyncio.create_task(made.stand_by())
    assert await asyncio.wait_for(budget.asked, 5) == (1 + MORE, 0)
    standing.cancel()
    with suppress(asyncio.CancelledError):
        await standing
