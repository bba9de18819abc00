"""What people type and press reaches the desk once, as they meant it, and is acknowledged before anything else."""

import asyncio

import pytest

from bot.connectors import Draft
from briefings.types import Action, Notice, Reply
from tests.bot.slack.conftest import CHANNEL, KIM, LEE, OTHER, TEAM

BOT = "U0TEAM001BOT"


async def test_a_mention_is_answered_once_in_its_thread(slack, desk, bot):
    asked = await slack.mention(TEAM, CHANNEL, LEE, "what about Busan?")
    assert asked.acknowledged
    assert asked.also[0].acknowledged
    (answer,) = await slack.wait_for(lambda: slack.replies(CHANNEL, asked.ts))
    assert answer.shown == "You said: what about Busan?"
    await asyncio.gather(*(asked.again(number) for number in (1, 2, 3)), asked.also[0].again())
    assert desk.words == ["what about Busan?"]


async def test_four_deliveries_at_once_are_one_answer(slack, desk, bot):
    message = {"type": "message", "channel": "D0LEE00001", "channel_type": "im", "user": LEE, "text": "hi", "ts": "1.1"}
    slack.world.workspaces[TEAM].direct(LEE)
    deliveries = await asyncio.gather(*(slack.event(TEAM, message, event_id="Ev1", retry=n) for n in (None, 1, 2, 3)))
    assert all(delivery.acknowledged for delivery in deliveries)
    await slack.wait_for(lambda: slack.called("chat.postMessage"))
    assert desk.words == ["hi"]


async def test_the_only_delivery_bears_a_retry_mark_and_is_answered(slack, desk, bot):
    assert (await slack.direct(TEAM, LEE, "first", retry=2)).acknowledged
    await desk.until(lambda: desk.words == ["first"])


async def test_what_was_settled_before_a_restart_is_not_answered_again(slack, desk, start):
    await start()
    asked = await slack.direct(TEAM, LEE, "hello")
    await slack.wait_for(lambda: slack.called("chat.postMessage"))
    await start("http")
    assert (await asked.again()).acknowledged
    assert desk.words == ["hello"]


async def test_a_follow_up_in_our_thread_needs_no_mention(slack, desk, bot):
    asked = await slack.mention(TEAM, CHANNEL, LEE, "first")
    await desk.until(lambda: desk.claims.get(f"slack:{TEAM}:{CHANNEL}:thread:{asked.ts}"))
    await slack.message(TEAM, CHANNEL, LEE, "second", asked.ts)
    await slack.wait_for(lambda: len(slack.replies(CHANNEL, asked.ts)) == 2)
    assert desk.words == ["first", "second"]


async def test_a_follow_up_below_our_own_message_needs_no_mention_either(slack, desk, bot):
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "first")
    (ours,) = await slack.wait_for(lambda: slack.posts(CHANNEL))
    await slack.message(TEAM, CHANNEL, LEE, "second", ours.ts)
    await slack.wait_for(lambda: slack.replies(CHANNEL, ours.ts))
    assert desk.words == ["first", "second"]


async def test_talk_among_people_is_left_alone(slack, desk, bot):
    asked = await slack.mention(TEAM, CHANNEL, LEE, "first")
    await desk.until(lambda: desk.claims.get(f"slack:{TEAM}:{CHANNEL}:thread:{asked.ts}"))
    talk = await slack.message(TEAM, CHANNEL, LEE, "lunch?")
    await slack.message(TEAM, CHANNEL, KIM, "yes", talk.ts)
    await slack.message(TEAM, CHANNEL, LEE, f"<@{KIM}> did you see that?", asked.ts, raw=True)
    await slack.direct(TEAM, LEE, "last")
    await desk.until(lambda: "last" in desk.words)
    assert desk.words == ["first", "last"]


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B0OTHER001"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"edited": {"user": LEE, "ts": "1.0"}},
        {"user": "USLACKBOT"},
        {"user": BOT},
        {"user": None},
    ],
)
async def test_bots_edits_and_notes_of_slack_are_ignored(slack, desk, start, more):
    await start()
    message = {"type": "message", "channel": "D0KIM00001", "channel_type": "im", "user": LEE, "text": "hi", "ts": "1.1"}
    assert (await slack.event(TEAM, {**message, **more})).acknowledged
    assert (await slack.event(TEAM, {**message, "ts": "1.2", "text": "last"})).acknowledged
    await desk.until(lambda: desk.words)
    assert desk.words == ["last"]


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share"])
async def test_people_who_broadcast_or_share_a_file_are_heard(slack, desk, start, subtype):
    await start()
    message = {"type": "message", "channel": "D0KIM00001", "channel_type": "im", "user": LEE, "text": "hi", "ts": "1.1"}
    await slack.event(TEAM, {**message, "subtype": subtype})
    await desk.until(lambda: desk.words == ["hi"])


async def test_typed_text_arrives_as_typed(slack, desk, bot):
    text = 'topic add kr = "Q&A" <b> #other &amp; @kim'
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", text)
    await desk.until(lambda: desk.words)
    assert desk.words == [f'topic add kr = "Q&A" <b> #{OTHER} &amp; @{KIM}']


async def test_a_command_may_speak_of_payloads(slack, desk, bot):
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "ask what is a payload?")
    await desk.until(lambda: desk.words == ["ask what is a payload?"])


@pytest.mark.parametrize("deed", ["mention", "command"])
async def test_no_words_ask_for_help(slack, desk, bot, deed):
    done = (
        slack.mention(TEAM, CHANNEL, LEE, "") if deed == "mention" else slack.command(TEAM, CHANNEL, LEE, "/briefing")
    )
    assert (await done).acknowledged
    await desk.until(lambda: desk.words == ["help"])


async def test_a_button_types_its_command_below_its_message(slack, desk, bot):
    desk.replies["first"] = Reply((Notice("One.", actions=(Action("more", "more 7"),)),))
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "first")
    (message,) = await slack.wait_for(lambda: slack.posts(CHANNEL))
    pressed = await slack.press(TEAM, LEE, message, "more")
    assert pressed.acknowledged
    await asyncio.gather(*(pressed.again() for _ in range(3)))
    (answer,) = await slack.wait_for(lambda: slack.replies(CHANNEL, message.ts))
    assert answer.shown == "You said: more 7"
    assert desk.words == ["first", "more 7"]


async def test_a_button_in_a_private_message_is_answered_privately(slack, desk, bot):
    desk.replies["first"] = Reply((Notice("One.", actions=(Action("more", "more 7"),)),), private=True)
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "first")
    (message,) = await slack.wait_for(lambda: slack.ephemerals(CHANNEL, LEE))
    await slack.press(TEAM, LEE, message, "more")
    await slack.wait_for(lambda: len(slack.ephemerals(CHANNEL, LEE)) == 2)
    assert slack.posts(CHANNEL) == []


async def test_a_button_of_an_older_version_gets_a_private_sentence(slack, desk, bot):
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "first")
    (message,) = await slack.wait_for(lambda: slack.posts(CHANNEL))
    old = {"type": "button", "action_id": "brief_me_v0", "block_id": "b", "value": "9"}
    assert (await slack.press(TEAM, LEE, message, old)).acknowledged
    (told,) = await slack.wait_for(lambda: slack.ephemerals(CHANNEL, LEE))
    assert "older version" in told.shown
    assert desk.words == ["first"]


async def test_a_button_with_a_link_is_acknowledged_and_no_more(slack, desk, bot):
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "first")
    (message,) = await slack.wait_for(lambda: slack.posts(CHANNEL))
    link = {"type": "button", "action_id": "sidelines:1", "block_id": "b", "url": "https://news.example/1"}
    assert (await slack.press(TEAM, LEE, message, link)).acknowledged
    assert desk.words == ["first"]


async def test_only_what_managers_may_do_asks_slack_who_somebody_is(slack, desk, bot):
    desk.managing.add("pause 5")
    await slack.command(TEAM, OTHER, LEE, "/briefing", "latest")
    await desk.until(lambda: desk.words == ["latest"])
    assert slack.called("users.info") == []
    await slack.command(TEAM, OTHER, LEE, "/briefing", "pause 5")
    await desk.until(lambda: desk.words == ["latest", "pause 5"])
    asker = desk.asked[-1][1]
    assert (asker.may_manage, asker.only_here, asker.zone) == (True, True, None)
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "pause 5")
    await desk.until(lambda: len(desk.words) == 3)
    asker = desk.asked[-1][1]
    assert not asker.may_manage
    assert "kim" in asker.managers


async def test_nothing_is_done_when_slack_does_not_tell_who_may(slack, desk, bot):
    desk.managing.add("pause 5")
    slack.fail_always("users.info", error="missing_scope")
    await slack.command(TEAM, CHANNEL, LEE, "/briefing", "pause 5")
    (told,) = await slack.wait_for(lambda: slack.ephemerals(CHANNEL, LEE))
    assert "nothing was done" in told.shown
    assert desk.words == []


async def test_every_acknowledgement_is_there_at_once_however_slow_slack_is(slack, desk, bot):
    slack.delay = 1.5
    deeds = (
        slack.mention(TEAM, CHANNEL, LEE, "one"),
        slack.direct(TEAM, LEE, "two"),
        slack.command(TEAM, CHANNEL, LEE, "/briefing", "three"),
        slack.home_opened(TEAM, LEE),
        slack.shortcut(TEAM, LEE, "sidelines:ask"),
    )
    for done in await asyncio.gather(*deeds):
        assert done.acknowledged
        assert done.seconds < 1
    await desk.until(lambda: len(desk.words) == 3)


async def test_comings_and_goings_are_told_once(slack, desk, bot):
    workspace, channel = f"slack:{TEAM}", f"slack:{TEAM}:#{CHANNEL}"
    await desk.until(lambda: desk.told)
    desk.told.clear()
    for deed in (
        slack.remove(TEAM, CHANNEL),
        slack.invite(TEAM, CHANNEL, KIM),
        slack.archive(TEAM, CHANNEL, KIM),
        slack.archive(TEAM, CHANNEL, KIM, back=True),
        slack.delete_channel(TEAM, CHANNEL, KIM),
    ):
        done = await deed
        assert done.acknowledged
        await done.again()
        await desk.until(lambda: desk.claims and all(desk.claims.values()))
    assert [told[:3] for told in desk.told] == [
        ("lost", workspace, channel),
        ("joined", workspace, channel),
        ("lost", workspace, channel),
        ("regained", workspace, channel),
        ("lost", workspace, channel),
    ]
    assert desk.told[1][3] == KIM
    assert "/invite" in desk.told[0][3]


async def test_others_who_join_and_leave_are_nothing_to_us(slack, desk, start):
    await start()
    await desk.until(lambda: desk.told)
    desk.told.clear()
    joined = {"type": "member_joined_channel", "user": LEE, "channel": CHANNEL, "channel_type": "C", "team": TEAM}
    await slack.event(TEAM, joined)
    await slack.event(TEAM, {"type": "tokens_revoked", "tokens": {"oauth": [LEE], "bot": []}})
    await slack.uninstall(TEAM)
    await desk.until(lambda: len(desk.told) == 2)
    assert {told[0] for told in desk.told} == {"left", "lost"}


async def test_events_without_a_listener_are_acknowledged(slack, bot):
    assert (await slack.event(TEAM, {"type": "emoji_changed", "subtype": "add", "name": "news"})).acknowledged
    assert (await slack.shortcut(TEAM, LEE, "no_such_shortcut")).acknowledged


async def test_another_command_gets_a_private_sentence(slack, desk, bot):
    assert (await slack.command(TEAM, CHANNEL, LEE, "/news", "latest")).acknowledged
    (told,) = await slack.wait_for(lambda: slack.ephemerals(CHANNEL, LEE))
    assert "/briefing help" in told.shown
    assert desk.words == []


async def test_a_command_that_asks_for_a_form_opens_it_however_slow_slack_is_to_say_who_asks(slack, desk, bot):
    desk.forms["subscribe"] = Draft(topic="korea", channel=f"slack:{TEAM}:#{CHANNEL}")
    slack.delays["users.info"] = 2
    await slack.command(TEAM, CHANNEL, KIM, "/briefing", "subscribe")
    assert await slack.wait_for(slack.view)
    assert desk.words == []


async def test_a_mention_that_asks_for_a_form_gets_a_button_that_opens_it(slack, desk, bot):
    desk.forms["subscribe"] = Draft(topic="korea", channel=f"slack:{TEAM}:#{CHANNEL}")
    await slack.mention(TEAM, CHANNEL, KIM, "subscribe")
    (offer,) = await slack.wait_for(lambda: slack.ephemerals(CHANNEL, KIM))
    assert slack.view() is None
    await slack.press(TEAM, KIM, offer, "set up a subscription")
    assert await slack.wait_for(slack.view)


async def test_a_workspace_that_is_not_ours_is_acknowledged_and_left_alone(slack, desk, bot):
    await desk.until(lambda: desk.told)
    slack.add_workspace("T0ELSE0001", installed=False).user("U0MAX00001", "max")
    assert (await slack.direct("T0ELSE0001", "U0MAX00001", "hello")).acknowledged
    assert (await slack.direct(TEAM, LEE, "last")).acknowledged
    await desk.until(lambda: desk.words)
    assert desk.words == ["last"]
    assert slack.posts("D0MAX00001") == []
