"""What comes more than once, or while the gateway breaks or the bot is started anew: one answer, one post."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.servers.discord import Guild, Message
from tests.wire.guild_office import GuildOffice, labels, text_of
from tests.wire.test_discord_conversations import FERRY, QUESTION, SUMMIT


@pytest.fixture
def fourfold(guilds: GuildOffice, monkeypatch: pytest.MonkeyPatch) -> GuildOffice:
    """An office where the gateway tells every event four times."""
    once: Callable[..., int] = guilds.discord.gateway.dispatch

    def dispatch(event: str, data: dict[str, Any], guild: Guild | None = None) -> int:
        return sum(once(event, data, guild) for _ in range(4))

    monkeypatch.setattr(guilds.discord.gateway, "dispatch", dispatch)
    monkeypatch.setattr(guilds.discord.world, "dispatch", dispatch)
    return guilds


async def test_messages_that_come_four_times_are_answered_once(fourfold: GuildOffice):
    discord = fourfold.discord
    await fourfold.mention(fourfold.lee, QUESTION)
    await fourfold.direct(fourfold.lee, QUESTION)
    await fourfold.mention(fourfold.kim, "subscribe ferry daily at 9")
    await fourfold.slash(fourfold.kim, "help")
    assert len(discord.posts(fourfold.world)) == 2
    assert len(discord.posts(discord.conversation(fourfold.lee))) == 1
    assert [it.topic for it in fourfold.subscriptions()] == ["ferry"]


async def test_commands_and_buttons_that_come_four_times_are_done_once(fourfold: GuildOffice):
    discord, kim = fourfold.discord, fourfold.kim
    told = await fourfold.slash(kim, "subscribe", topic="ferry", when="daily at 9", channel=fourfold.news)
    assert len(told.messages) == 2
    posted = await fourfold.said(fourfold.news, fourfold.press(kim, told, "post it"))
    assert len(posted) == 1
    form = await fourfold.press(kim, told, "change")
    changed = await fourfold.settled(discord.submit(kim, form, {"when": "hourly"}))
    assert len(changed.messages) == 1
    done = await fourfold.slash(kim, "topic add", name="Wood", query="timber")
    assert len(done.messages) == 1
    assert len(fourfold.subscriptions()) == 1


async def test_comings_that_come_four_times_greet_once(fourfold: GuildOffice):
    discord = fourfold.discord
    third = discord.add_guild("Third", present=False)
    hall = third.channel("hall")
    discord.join(third)
    await discord.wait_for(lambda: discord.posts(hall))
    await fourfold.slash(fourfold.kim, "help")
    assert len(discord.posts(hall)) == 1


# The gateway breaks


async def test_what_happens_while_the_gateway_is_down_is_answered_once_it_is_back(guilds: GuildOffice):
    discord = guilds.discord
    for resumable in (True, False):
        discord.drop(forget=not resumable)
        if resumable:
            assert SUMMIT in text_of(await guilds.mention(guilds.lee, QUESTION))
        await discord.connected()
        assert SUMMIT in (await guilds.slash(guilds.lee, "ask", question=QUESTION)).shown
    assert len(discord.posts(guilds.world)) == 1


@pytest.mark.parametrize("trouble", ["reconnect", "invalidate", "close"])
async def test_it_comes_back_from_whatever_the_gateway_says(guilds: GuildOffice, trouble: str):
    gateway = guilds.discord.gateway
    before = gateway.connections
    await getattr(gateway, trouble)()
    await guilds.discord.wait_for(lambda: gateway.connections > before)
    await guilds.discord.connected()
    assert SUMMIT in (await guilds.slash(guilds.lee, "ask", question=QUESTION)).shown


async def test_dropped_fifty_times_during_a_slot_nothing_is_lost_or_doubled(guilds: GuildOffice):
    discord = guilds.discord
    places = [discord.new_channel(guilds.acme, f"slot-{number}") for number in range(50)]
    for place in places:
        guilds.subscribe("ferry", place, due=timedelta())
    await guilds.slash(guilds.kim, "help")  # wakes the scheduler
    for _ in range(50):
        discord.drop()
        await discord.connected()
    await discord.wait_for(lambda: all(discord.posts(place) for place in places))
    await guilds.quiet()
    assert discord.gateway.drops == 50
    assert [len(discord.posts(place)) for place in places] == [1] * 50
    assert all(FERRY in post.shown for place in places for post in discord.posts(place))


# Answers that are lost


async def test_a_post_whose_answer_was_lost_is_not_doubled(guilds: GuildOffice):
    guilds.discord.fail_next("create_message", lost=True)
    guilds.subscribe("ferry", due=timedelta())
    await guilds.slash(guilds.kim, "help")
    await guilds.discord.wait_for(lambda: guilds.discord.posts(guilds.world))
    await guilds.quiet(30)
    assert len(guilds.discord.posts(guilds.world)) == 1


async def test_an_answer_to_a_mention_whose_answer_was_lost_is_not_doubled(guilds: GuildOffice):
    guilds.discord.fail_next("create_message", lost=True)
    await guilds.mention(guilds.lee, QUESTION)
    assert len(guilds.discord.posts(guilds.world)) == 1


# Started anew


async def test_buttons_of_what_was_posted_before_a_restart_work(guilds: GuildOffice):
    guilds.subscribe("G7", due=timedelta())
    await guilds.slash(guilds.kim, "settings", style="headlines")
    (post,) = await guilds.discord.wait_for(lambda: guilds.discord.posts(guilds.world))
    answer = await guilds.slash(guilds.lee, "ask", question="what about timber?")
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="daily at 9", channel=guilds.news)
    (direct,) = await guilds.direct(guilds.lee, "what about timber?")
    await guilds.restart()
    for label in labels([post]):
        assert (await guilds.press(guilds.lee, post, label)).messages, label
    assert "Brandt" not in (await guilds.press(guilds.lee, answer, "brief me")).shown
    assert (await guilds.press(guilds.lee, answer, "more")).ephemeral
    assert (await guilds.press(guilds.lee, direct, "more")).messages
    posted: list[Message] = await guilds.said(guilds.news, guilds.press(guilds.kim, told, "post it"))
    assert FERRY in text_of(posted)
    form = await guilds.press(guilds.kim, told, "change")
    assert "hourly" in (await guilds.settled(guilds.discord.submit(guilds.kim, form, {"when": "hourly"}))).shown
    assert "is gone" in (await guilds.press(guilds.kim, told, "cancel")).shown


async def test_commands_are_told_once_and_again_only_when_they_change(guilds: GuildOffice):
    assert guilds.discord.syncs == 1
    await guilds.restart()
    await guilds.slash(guilds.kim, "help")
    assert guilds.discord.syncs == 1
    guilds.discord.world.commands[None][0]["description"] = "as in an older version"
    await guilds.restart()
    await guilds.discord.wait_for(lambda: guilds.discord.syncs == 2)


async def test_a_slot_that_passed_while_it_was_stopped_comes_once_and_late(guilds: GuildOffice):
    await guilds.stop()
    guilds.open()
    passed = datetime.now(UTC) - timedelta(hours=2)
    guilds.subscribe("ferry", due=timedelta(hours=2), when=f"daily at {passed:%H:%M}")
    guilds.close()
    await guilds.start()
    await guilds.discord.wait_for(lambda: guilds.discord.posts(guilds.world))
    await guilds.quiet()
    (post,) = guilds.discord.posts(guilds.world)
    assert FERRY in post.shown
    assert "late" in post.shown


async def test_it_says_goodbye_when_it_is_stopped(guilds: GuildOffice):
    await guilds.stop()
    await guilds.discord.wait_for(lambda: not guilds.discord.gateway.sessions)
    assert guilds.discord.gateway.closings
    await asyncio.sleep(0)
    await guilds.start()
