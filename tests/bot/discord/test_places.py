"""A channel that is named is one of the server it is named in, and nothing is posted anywhere else."""

import pytest

from bot.connectors import ChannelGone
from bot.connectors.discord.parts import at_home, place_in
from bot.connectors.discord.people import asker
from bot.connectors.discord.places import OWN, Unknown, lacking, placed
from briefings.types import Notice
from tests.bot.discord.conftest import heard

KEY = "0123456789abcdef00000001"


def here(guild, place, person=55):
    return asker(f"discord:{guild.id}", place.id, person, may_manage=True)


async def test_a_channel_is_known_by_its_name(discord, bot, acme, news):
    asked = here(acme, news)
    for words in (f"subscribe ferry daily at 9 in #{news.id}", "subscribe ferry daily at 9", "what about #metoo"):
        assert await placed(bot._api, words, asked) == words
    typed = await placed(bot._api, "subscribe ferry\ndaily at 9 in #News", asked)
    assert typed == f"subscribe ferry\ndaily at 9 in #{news.id}"
    for words in ("subscribe ferry in #nowhere", "settings style full in #nowhere"):
        with pytest.raises(Unknown, match=r"no channel #nowhere here; choose"):
            await placed(bot._api, words, asked)


async def test_a_channel_of_another_server_is_none(discord, bot, acme, news, kim):
    other = discord.add_guild("Other", present=False)
    place = other.channel("elsewhere")
    await heard(bot, "guild_join", discord.join, other)
    away = await heard(bot, "thread_create", discord.new_thread, place, "away", other.members[other.owner.id])
    await heard(bot, "thread_update", discord.archive, away)
    direct = discord.conversation(kim)
    for id in (place.id, away.id, direct.id):
        with pytest.raises(Unknown, match="not one of this server"):
            await placed(bot._api, f"subscribe ferry in #{id}", here(acme, news))
        (part,) = bot.render(Notice("A word."))
        with pytest.raises(ChannelGone, match="not one of this server"):
            await bot.send(f"discord:{acme.id}:#{id}", part, key=KEY, thread=None)
        assert discord.posts(id) == []


async def test_what_is_a_persons_own_is_posted_to_them_alone(discord, bot, acme, news, kim):
    with pytest.raises(Unknown, match="for yourself"):
        await placed(bot._api, f"subscribe ferry in #{news.id}", asker(f"discord:@{kim.id}", 1, 55, may_manage=True))
    assert OWN.endswith(".")
    (part,) = bot.render(Notice(f"#{news.id} is subscribed to ferry."))
    await bot.send(f"discord:@{kim.id}:#{news.id}", part, key=KEY, thread=None)
    assert discord.posts(news) == []
    assert [post.shown for post in discord.posts(discord.conversation(kim))] == [
        "This conversation is subscribed to ferry."
    ]


async def test_what_is_missing_in_a_thread_that_was_put_away(discord, bot, acme, news, lee):
    guild = bot._api.client.get_guild(int(acme.id))
    away = await heard(bot, "thread_create", discord.new_thread, news, "put away", lee)
    await heard(bot, "thread_update", discord.archive, away)
    assert guild.get_channel_or_thread(int(away.id)) is None
    assert await lacking(bot._api, guild, away.id) == ()
    news.deny("send_messages_in_threads")
    await heard(bot, "guild_channel_update", discord.change_channel, news)
    assert await lacking(bot._api, guild, away.id) == ("Send Messages in Threads",)
    assert await lacking(bot._api, guild, "1000000000000000001") == ("View Channel",)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("discord:7:#8", "8"),
        ("discord:7:#@55", "@55"),
        ("discord:@55:#8", "@55"),
        ("discord:@55:#@55", "@55"),
        ("discord:7:#", ""),
    ],
)
def test_where_something_for_a_channel_is_posted(name, place):
    assert place_in(name) == place


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("#1574442901063073794 has had it.", "This conversation has had it."),
        ("1. G7 in #1574442901063073794, hourly", "1. G7 in this conversation, hourly"),
        (
            "<#1574442901063073794> has had it.\n<#1574442901063073794>",
            "This conversation has had it.\nThis conversation",
        ),
        (r"a topic \<#1574442901063073794\>", r"a topic \<#1574442901063073794\>"),
        ("#7 and https://a.example/#1574442901063073794x", "#7 and https://a.example/#1574442901063073794x"),
    ],
)
def test_the_one_channel_of_a_person_has_a_name(text, shown):
    assert at_home(text, "this conversation") == shown
