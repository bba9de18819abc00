"""What people write and press reaches the desk once, and is answered where they are."""

import asyncio
import re

import pytest

from bot.connectors import Draft
from bot.connectors.discord.incoming import words
from briefings.types import Action, Briefing, Head, Item, Listing, Notice, Reply, Story
from tests.bot.discord.conftest import heard
from tests.servers.discord_payloads import message_sent

US = 100000000000000002
BRIEFING = Briefing(
    topic=None,
    stories=(Story(Head(id=7, title="Heron count"), ()),),
    actions=(Action("post here", "post story 7"),),
)


async def test_a_mention_is_answered_below_it_once(discord, desk, bot, acme, news, lee):
    said = await discord.mention(acme, news, lee, "what about Busan?")
    (answer,) = await discord.wait_for(lambda: discord.replies(said))
    assert answer.shown == "You said: what about Busan?"
    assert answer.reference == said.id
    assert desk.words == ["what about Busan?"]


async def test_the_same_message_twice_is_answered_once(discord, desk, start, bot, acme, news, lee):
    said = await discord.mention(acme, news, lee, "first")
    await discord.wait_for(lambda: discord.replies(said))
    discord.gateway.dispatch("MESSAGE_CREATE", message_sent(discord.world, said, event=True), acme)
    await discord.mention(acme, news, lee, "second")
    await desk.until(lambda: "second" in desk.words)
    assert desk.words == ["first", "second"]


async def test_a_direct_message_needs_no_mention(discord, desk, bot, kim):
    said = await discord.direct(kim, "what about Busan?")
    await discord.wait_for(lambda: discord.replies(said))
    ((text, asker),) = desk.asked
    assert (text, asker.workspace, asker.may_manage) == ("what about Busan?", f"discord:@{kim.id}", True)


async def test_a_reply_that_notifies_is_meant_for_us_and_other_talk_is_not(discord, desk, bot, acme, news, kim, lee):
    said = await discord.mention(acme, news, lee, "first")
    (answer,) = await discord.wait_for(lambda: discord.replies(said))
    await discord.message(acme, news, lee, "no ping", reply_to=answer, ping=False)
    await discord.message(acme, news, lee, "lunch?")
    await discord.message(acme, news, lee, f"<@{kim.id}> did you see that?", reply_to=answer)
    await discord.message(acme, news, lee, "second", reply_to=answer)
    await desk.until(lambda: "second" in desk.words)
    assert desk.words == ["first", "second"]


async def test_no_words_ask_for_help(discord, desk, bot, acme, news, lee):
    await discord.mention(acme, news, lee, "")
    await desk.until(lambda: desk.words == ["help"])


async def test_who_may_manage_is_known_from_their_roles(discord, desk, bot, acme, news, kim, lee):
    await discord.mention(acme, news, kim, "one")
    await discord.mention(acme, news, lee, "two")
    await discord.mention(acme, news, acme.member(acme.owner), "three")
    await desk.until(lambda: len(desk.asked) == 3)
    assert {text: asker.may_manage for text, asker in desk.asked} == {"one": True, "two": False, "three": True}


def test_words_are_as_people_see_them():
    text = f"<@{US}> topic add <#123> = <@!55> <@&66> <:heron:77> <https://example.org/a> a<b"
    assert words(text, US) == "topic add #123 = @55 @66 :heron: https://example.org/a a<b"


async def test_what_is_for_one_person_comes_by_direct_message(discord, desk, bot, acme, news, kim):
    desk.replies["brief 7"] = Reply((BRIEFING,), private=True)
    said = await discord.mention(acme, news, kim, "brief 7")
    (told,) = await discord.wait_for(lambda: discord.replies(said))
    assert told.shown == "I have sent you that in a direct message."
    (message,) = discord.posts(discord.world.direct(discord.bot, kim.user))
    assert "Heron count" in message.shown
    assert message.buttons[-1]["custom_id"].endswith(f"@{acme.id}/{news.id}:post story 7")

    pressed = await discord.press(kim, message, "post here")
    text, asker = desk.asked[-1]
    assert pressed.shown == "You said: post story 7"
    assert (text, asker.channel, asker.may_manage) == ("post story 7", f"discord:{acme.id}:#{news.id}", True)


async def test_a_button_in_a_direct_message_is_no_way_into_a_server_that_one_left(discord, desk, bot, acme, news, kim):
    desk.replies["brief 7"] = Reply((BRIEFING,), private=True)
    await discord.mention(acme, news, kim, "brief 7")
    direct = discord.world.direct(discord.bot, kim.user)
    (message,) = await discord.wait_for(lambda: discord.posts(direct))
    discord.leave(acme, kim)
    pressed = await discord.press(kim, message, "post here")
    assert pressed.shown == "You are not in that server any more."
    assert desk.words == ["brief 7"]


async def test_a_button_of_a_server_that_removed_the_bot_says_so(discord, desk, bot, acme, news, kim):
    discord.add_guild("Other").member(kim.user)
    desk.replies["brief 7"] = Reply((BRIEFING,), private=True)
    await discord.mention(acme, news, kim, "brief 7")
    direct = discord.world.direct(discord.bot, kim.user)
    (message,) = await discord.wait_for(lambda: discord.posts(direct))
    await heard(bot, "guild_remove", discord.kick, acme)
    pressed = await discord.press(kim, message, "post here")
    assert pressed.shown == "Sidelines is not in that server any more."


async def test_a_button_is_answered_although_discord_does_not_tell_who_pressed(
    discord, desk, bot, acme, news, kim, monkeypatch
):
    monkeypatch.setattr("bot.tasks.ATTEMPTS", 1)
    desk.replies["brief 7"] = Reply((BRIEFING,), private=True)
    await discord.mention(acme, news, kim, "brief 7")
    direct = discord.world.direct(discord.bot, kim.user)
    (message,) = await discord.wait_for(lambda: discord.posts(direct))
    discord.fail_next("get_member", status=503)
    pressed = await discord.press(kim, message, "post here")
    assert "did not answer" in pressed.shown
    assert desk.words == ["brief 7"]


async def test_with_closed_direct_messages_the_answer_says_how(discord, desk, bot, acme, news, kim):
    kim.user.closed = True
    desk.replies["brief 7"] = Reply((BRIEFING,), private=True)
    said = await discord.mention(acme, news, kim, "brief 7")
    (told,) = await discord.wait_for(lambda: discord.replies(said))
    assert "you take no direct messages" in told.shown


async def test_a_refusal_is_said_where_it_was_asked(discord, desk, bot, acme, news, lee):
    desk.replies["pause 5"] = Reply((Notice("Only they may.", "refused"),), private=True, found=False)
    said = await discord.mention(acme, news, lee, "pause 5")
    (told,) = await discord.wait_for(lambda: discord.replies(said))
    assert told.shown == "Only they may."


async def test_where_the_bot_may_not_write_it_answers_by_direct_message(discord, desk, bot, acme, news, lee):
    news.deny("send_messages")
    await discord.mention(acme, news, lee, "hello")
    (message,) = await discord.wait_for(lambda: discord.posts(discord.world.direct(discord.bot, lee.user)))
    assert message.shown == "You said: hello"


async def test_without_the_history_it_answers_without_a_reference(discord, desk, bot, acme, news, lee):
    news.deny("read_message_history")
    await discord.mention(acme, news, lee, "hello")
    (message,) = await discord.wait_for(lambda: discord.posts(news))
    assert (message.shown, message.reference) == ("You said: hello", None)


async def test_people_are_named_and_not_mentioned(discord, desk, bot, acme, news, kim, lee):
    ann = acme.member("ann", nick="Ann`@everyone#")
    desk.replies["who"] = Reply((Notice(f"Ask @{lee.id} or @{ann.id}."), Listing("People", (Item(f"@{lee.id}"),))))
    await discord.mention(acme, news, kim, "who")
    found = await discord.wait_for(lambda: len(discord.posts(news)) == 2 and discord.posts(news))
    assert found[0].shown == "Ask Lee or Anneveryone."
    assert "Lee" in found[1].shown


async def test_a_reply_whose_answer_was_lost_is_shown_once(discord, desk, bot, acme, news, lee, monkeypatch):
    monkeypatch.setattr("bot.tasks.FIRST_WAIT", 0.0)
    discord.fail_next("create_message", lost=True)
    said = await discord.mention(acme, news, lee, "hello")
    await discord.wait_for(lambda: len(discord.called("create_message")) == 2)
    assert len(discord.replies(said)) == 1


async def test_a_refused_layout_is_told_in_plain_words(discord, desk, bot, acme, news, lee):
    desk.replies["brief 7"] = Reply((BRIEFING,))
    discord.fail_next("create_message", code=50035)
    said = await discord.mention(acme, news, lee, "brief 7")
    (told,) = await discord.wait_for(lambda: discord.replies(said))
    assert "Heron count" in told.content


# Buttons ------------------------------------------------------------------------------------------------------


async def _posted(discord, desk, acme, news, kim):
    """A message with a button, shown to all."""
    desk.replies["latest"] = Reply(
        (Notice("News.", actions=(Action("more", "more 7 8"), Action("form", "subscribe"))),)
    )
    await discord.command(acme, news, kim, "latest")
    return next(m for m in discord.messages(news) if m.buttons)


async def test_a_button_works_after_a_restart(discord, desk, start, bot, acme, news, kim, lee):
    message = await _posted(discord, desk, acme, news, kim)
    await start.stop()
    await start()
    pressed = await discord.press(lee, message, "more")
    assert (pressed.deferred, pressed.ephemeral) == (True, True)
    assert pressed.shown == "You said: more 7 8"


async def test_a_button_of_an_older_version_says_so(discord, desk, bot, acme, news, kim):
    message = await _posted(discord, desk, acme, news, kim)
    pressed = await discord.press(kim, message, {**message.buttons[0], "custom_id": "old:1"}, forge=True)
    assert "older version" in pressed.shown


async def test_a_press_that_comes_twice_counts_once(discord, desk, bot, acme, news, kim):
    message = await _posted(discord, desk, acme, news, kim)
    pressed = await discord.press(kim, message, "more")
    discord.gateway.dispatch("INTERACTION_CREATE", pressed.payload, acme)
    await discord.press(kim, message, "more")
    assert desk.words == ["latest", "more 7 8", "more 7 8"]


# Forms --------------------------------------------------------------------------------------------------------


def draft(acme, news, subscription=None):
    return Draft(
        subscription=subscription, topic="G7" if subscription else "", when="weekdays at 09:00", zone="UTC",
        channel=f"discord:{acme.id}:#{news.id}",
    )  # fmt: skip


async def noted(desk):
    filled = []
    submit = desk.submit

    async def note(draft, asker):
        filled.append((draft, asker))
        return await submit(draft, asker)

    desk.submit = note
    return filled


async def test_subscribe_without_a_topic_opens_a_form(discord, desk, bot, acme, news, kim):
    other = await heard(bot, "guild_channel_create", discord.new_channel, acme, "other")
    filled = await noted(desk)
    desk.forms["subscribe"] = draft(acme, news)
    shown = await discord.command(acme, news, kim, "subscribe", {"when": "hourly"})
    assert shown.form["title"] == "Set up a subscription"
    sent = await discord.submit(kim, shown, {"Topic": "heron", "Channel": [other], "Style": ["full"]})
    assert sent.ephemeral
    assert sent.shown == "Done."
    ((found, asker),) = filled
    assert (found.topic, found.when, found.zone, found.style) == ("heron", "hourly", "UTC", "full")
    assert (found.channel, asker.may_manage) == (f"discord:{acme.id}:#{other.id}", True)


async def test_a_button_opens_the_form_after_a_restart_too(discord, desk, start, bot, acme, news, kim):
    desk.forms["subscribe"] = draft(acme, news)
    message = await _posted(discord, desk, acme, news, kim)
    shown = await discord.press(kim, message, "form")
    filled = await noted(desk)
    await start.stop()
    await start()
    sent = await discord.submit(kim, shown, {"Topic": "heron"})
    assert sent.shown == "Done."
    assert filled[0][0].channel == f"discord:{acme.id}:#{news.id}"


@pytest.mark.parametrize("pressed", [True, False])
async def test_a_form_that_is_known_too_late_is_offered(discord, desk, bot, acme, news, kim, monkeypatch, pressed):
    monkeypatch.setattr("bot.connectors.discord.forms.IN_TIME", 0.0)
    desk.forms["subscribe"] = draft(acme, news)
    get = desk.draft

    async def slowly(text, asker):
        await asyncio.sleep(0)
        return await get(text, asker)

    desk.draft = slowly
    message = await _posted(discord, desk, acme, news, kim)
    if pressed:
        done = await discord.press(kim, message, "form")
    else:
        done = await discord.command(acme, news, kim, "subscribe")
    assert "A form asks for the topic and the times." in done.shown
    monkeypatch.setattr("bot.connectors.discord.forms.IN_TIME", 1.5)
    again = await discord.press(kim, done.response, "set up a subscription")
    assert again.form


async def test_a_form_that_is_refused_can_be_tried_again(discord, desk, bot, acme, news, kim):
    desk.forms["subscribe"] = draft(acme, news)

    async def refuse(draft, asker):
        return Reply((Notice("No such time.", "refused"),), private=True, found=False)

    desk.submit = refuse
    shown = await discord.command(acme, news, kim, "subscribe")
    sent = await discord.submit(kim, shown, {"Topic": "heron"})
    assert sent.response.content == "No such time."
    again = await discord.press(kim, sent.response, "try again")
    assert again.form


async def test_who_may_not_manage_gets_no_form(discord, desk, bot, acme, news, kim, lee):
    desk.forms["subscribe"] = draft(acme, news)
    message = await _posted(discord, desk, acme, news, kim)
    desk.replies["subscribe"] = Reply((Notice("Only they may.", "refused"),), private=True, found=False)
    pressed = await discord.press(lee, message, "form")
    assert pressed.form is None
    assert pressed.shown == "Only they may."


async def test_a_form_of_a_server_opens_in_a_direct_message_and_keeps_its_channel(discord, desk, bot, acme, news, kim):
    desk.forms["reschedule 5"] = draft(acme, news, 5)
    notice = Notice("Paused.", "problem", (Action("change", "reschedule 5"),))
    place = bot.managers(f"discord:{acme.id}", kim.id)
    (part,) = bot.render(notice)
    await bot.send(place, part, key="1.1.0", thread=None)
    (message,) = discord.posts(discord.world.direct(discord.bot, kim.user))
    filled = await noted(desk)
    shown = await discord.press(kim, message, "change")
    assert re.fullmatch(rf"sidelines:form:5@{acme.id}", shown.form["custom_id"])
    sent = await discord.submit(kim, shown, {"When": "hourly"})
    assert sent.shown == "Done."
    ((found, asker),) = filled
    assert (found.subscription, found.topic, found.when) == (5, "G7", "hourly")
    assert (found.channel, asker.workspace) == (f"discord:{acme.id}:#{news.id}", f"discord:{acme.id}")


async def test_a_mention_that_asks_for_a_form_gets_a_button(discord, desk, bot, acme, news, kim):
    desk.forms["subscribe"] = draft(acme, news)
    said = await discord.mention(acme, news, kim, "subscribe")
    (offer,) = await discord.wait_for(lambda: discord.replies(said))
    shown = await discord.press(kim, offer, "set up a subscription")
    assert shown.form


async def test_a_form_of_an_older_version_says_so(discord, desk, bot, acme, news, kim):
    desk.forms["subscribe"] = draft(acme, news)
    shown = await discord.command(acme, news, kim, "subscribe")
    shown.form["custom_id"] = "other:form"
    sent = await discord.submit(kim, shown, {"Topic": "x"})
    assert "older version" in sent.shown
