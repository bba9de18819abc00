"""A slow or failing Discord, and a slow archive: every interaction is acknowledged in time, and nothing is lost."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from bot.commands import Commands
from briefings.errors import SidelinesError
from tests.wire.guild_office import GuildOffice, acknowledged, labels, text_of
from tests.wire.test_discord_conversations import FERRY, QUESTION, SUMMIT


async def due(guilds: GuildOffice) -> None:
    """Let a briefing be due, and the scheduler know."""
    guilds.subscribe("ferry", due=timedelta())
    await guilds.slash(guilds.kim, "help")


async def test_it_is_thinking_at_once_however_slow_the_archive_is(guilds: GuildOffice, monkeypatch: pytest.MonkeyPatch):
    handle = Commands.handle

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.4)
        return handle(*arguments)

    monkeypatch.setattr(Commands, "handle", slowly)
    for name, options in (("ask", {"question": QUESTION}), ("brief", {"about": "G7"}), ("latest", {})):
        done = await guilds.slash(guilds.lee, name, **options)
        assert done.deferred, name
        assert done.seconds is not None
        assert done.seconds < 0.35, name
        assert SUMMIT in done.shown


async def test_it_is_thinking_in_time_while_all_calls_of_discord_are_slow(guilds: GuildOffice):
    guilds.discord.delay = 0.45
    done = await guilds.slash(guilds.lee, "ask", question=QUESTION)
    assert done.deferred
    assert SUMMIT in done.shown
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="hourly")
    assert told.deferred
    assert (await guilds.press(guilds.kim, told, "change")).form
    assert (await guilds.press(guilds.lee, done, "brief me")).ephemeral


async def test_it_answers_in_time_while_calls_take_most_of_it(guilds: GuildOffice):
    """Each call takes 2.5 of the three seconds: what else is asked of Discord first gets what is left of them."""
    discord, kim, lee = guilds.discord, guilds.kim, guilds.lee
    told = await guilds.slash(kim, "subscribe", topic="ferry", when="hourly")
    shown = next(each for each in told.messages if "change" in labels([each]))
    await guilds.mention(kim, "subscribe timber hourly")
    directs = discord.posts(discord.conversation(kim))
    direct = next(each for each in directs if "change" in labels([each]))
    discord.delay = 2.5
    done = await asyncio.gather(
        discord.command(guilds.acme, guilds.world, lee, "ask", {"question": QUESTION}, settle=False),
        discord.command(guilds.acme, guilds.world, kim, "subscribe", settle=False),
        discord.press(kim, shown, "change", settle=False),
        discord.press(lee, shown, "change", forge=True, settle=False),
        discord.press(kim, direct, "change", settle=False),
    )
    assert [acknowledged(each).form is not None for each in done] == [False, True, True, False, False]
    discord.delay = 0.0
    await guilds.quiet()
    assert SUMMIT in done[0].shown
    assert "Manage Server" in done[3].shown
    offer = next(each for each in done[4].messages if "change it" in labels([each]))
    discord.delays["get_member"] = 2.5
    form = acknowledged(await discord.press(kim, offer, "change it")).form
    assert form is not None
    assert form["title"] == "Change subscription 2"


async def test_what_was_never_acknowledged_is_not_done(guilds: GuildOffice):
    guilds.discord.fail_next("callback", code=10062)
    done = await guilds.discord.command(guilds.acme, guilds.world, guilds.kim, "pause", {}, settle=False, patience=0.4)
    await guilds.quiet()
    assert not done.acknowledged
    assert "What you can type" in (await guilds.slash(guilds.kim, "help")).shown


@pytest.mark.parametrize("how", [{"status": 502}, {"status": 503}, {"retry_after": 0.2}, {"drop": True}])
async def test_a_failing_discord_is_tried_again(guilds: GuildOffice, how: dict[str, Any]):
    for name in ("edit_original", "create_message"):
        guilds.discord.fail_next(name, 1, **how)
    assert SUMMIT in (await guilds.slash(guilds.lee, "ask", question=QUESTION)).shown
    assert SUMMIT in text_of(await guilds.mention(guilds.lee, QUESTION))
    await guilds.quiet()
    assert len(guilds.discord.posts(guilds.world)) == 1


async def test_a_channel_that_is_deleted_between_preview_and_post(guilds: GuildOffice):
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="hourly", channel=guilds.news)
    await guilds.heard("guild_channel_delete", lambda: guilds.discord.delete_channel(guilds.news))
    done = await guilds.press(guilds.kim, told, "post it")
    assert "Number 1 is stopped: That channel is deleted" in done.shown
    (it,) = guilds.subscriptions()
    assert it.state == "blocked"
    form = await guilds.press(guilds.kim, done, "change")
    changed = await guilds.settled(guilds.discord.submit(guilds.kim, form, {"Channel": [guilds.world]}))
    assert f"<#{guilds.world.id}>" in changed.shown
    (it,) = guilds.subscriptions()
    assert (it.state, it.channel) == ("active", f"discord:{guilds.acme.id}:#{guilds.world.id}")


@pytest.mark.parametrize("code", [50001, 50013, 10003])
async def test_a_refusal_pauses_and_tells_who_subscribed_once(guilds: GuildOffice, code: int):
    guilds.discord.fail_next("create_message", code=code, when=lambda call: call.channel == guilds.world.id)
    await due(guilds)
    place = guilds.discord.conversation(guilds.kim)
    await guilds.discord.wait_for(lambda: guilds.discord.posts(place))
    await guilds.quiet()
    (told,) = guilds.discord.posts(place)
    assert f"<#{guilds.world.id}>" in told.shown
    (it,) = guilds.subscriptions()
    assert it.state == "blocked"
    assert guilds.discord.posts(guilds.world) == []


async def test_what_keeps_a_post_out_is_told_to_who_asked_for_it(guilds: GuildOffice):
    guilds.discord.fail_next("create_message", code=50013, when=lambda call: call.channel == guilds.world.id)
    briefed = await guilds.slash(guilds.kim, "brief", about="ferry")
    place = guilds.discord.conversation(guilds.kim)
    (told,) = await guilds.said(place, guilds.press(guilds.kim, briefed, "post here"))
    assert "could not be posted" in told.shown
    assert guilds.discord.posts(guilds.discord.conversation(guilds.acme.owner)) == []


async def test_a_refused_layout_is_posted_in_plain_words(guilds: GuildOffice):
    guilds.discord.fail_next("create_message", code=50035)
    await due(guilds)
    await guilds.discord.wait_for(lambda: guilds.discord.posts(guilds.world))
    await guilds.quiet()
    assert FERRY in text_of(guilds.discord.posts(guilds.world))


async def test_locked_and_archived_threads(guilds: GuildOffice):
    discord = guilds.discord
    thread = discord.new_thread(guilds.world, "On the ferry", guilds.lee)
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="hourly", channel=thread)
    await guilds.heard("thread_update", lambda: discord.archive(thread))
    assert FERRY in text_of(await guilds.said(thread, guilds.press(guilds.kim, told, "post it")))
    await guilds.heard("thread_update", lambda: discord.archive(thread, locked=True))
    (it,) = guilds.subscriptions()
    assert it.state == "blocked"
    assert "locked" in (it.reason or "")
    await guilds.heard("thread_join", lambda: discord.archive(thread, back=True))
    assert guilds.subscriptions()[0].state == "active"


async def test_a_forum_that_requires_tags(guilds: GuildOffice):
    forum = guilds.discord.new_channel(guilds.acme, "posts", kind=15)
    forum.require_tag, forum.tags = True, {guilds.discord.world.id(): "weather", guilds.discord.world.id(): "ferry"}
    await guilds.heard("guild_channel_update", lambda: guilds.discord.change_channel(forum))
    guilds.subscribe("ferry", forum, due=timedelta())
    await guilds.slash(guilds.kim, "help")
    await guilds.discord.wait_for(lambda: guilds.discord.threads(forum))
    await guilds.quiet()
    (post,) = guilds.discord.threads(forum)
    assert [forum.tags[id] for id in post.applied] == ["ferry"]
    assert FERRY in text_of(guilds.discord.messages(post))


async def test_an_outage_of_a_server_changes_nothing(guilds: GuildOffice):
    number = guilds.subscribe("ferry")
    await guilds.heard("guild_unavailable", lambda: guilds.discord.outage(guilds.acme))
    assert [it.state for it in guilds.subscriptions()] == ["active"]
    await guilds.heard("guild_available", lambda: guilds.discord.restore(guilds.acme))
    assert [(it.id, it.state) for it in guilds.subscriptions()] == [(number, "active")]
    assert SUMMIT in (await guilds.slash(guilds.lee, "ask", question=QUESTION)).shown


async def test_a_pause_of_a_minute_is_kept_to_and_holds_up_no_command(guilds: GuildOffice):
    guilds.discord.fail_next("create_message", retry_after=60.0, scope="shared")
    await due(guilds)
    await guilds.discord.wait_for(lambda: guilds.discord.called("create_message"))
    assert (
        SUMMIT
        in (await guilds.discord.command(guilds.acme, guilds.world, guilds.lee, "ask", {"question": QUESTION})).shown
    )
    assert len(guilds.discord.called("create_message")) == 1


async def test_a_token_that_is_not_accepted_ends_it_with_a_sentence(guilds: GuildOffice):
    await guilds.stop()
    guilds.settings["DISCORD_TOKEN"] = "x".join(guilds.discord.token.rsplit(guilds.discord.token[-1], 1))
    calls = len(guilds.discord.called("me"))
    with pytest.raises(SidelinesError, match="DISCORD_TOKEN"):
        await guilds.start()
    assert len(guilds.discord.called("me")) == calls + 1
