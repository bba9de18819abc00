"""The shortcuts: a question from anywhere, answered by direct message; the link of a message, briefed privately."""

import asyncio

import pytest

from bot.connectors.slack.shortcuts import first_link
from briefings.types import Notice, Reply
from tests.bot.slack.conftest import CHANNEL, LEE, TEAM

LINK = {"type": "link", "url": "https://example.org/a?x=1&y=2"}


@pytest.mark.parametrize(
    ("message", "link"),
    [
        ({"text": "See <https://example.org/a?x=1&amp;y=2|this one> and <https://example.org/b>"}, LINK["url"]),
        ({"text": "<@U0LEE00001> <#C0WORLD001|world> <mailto:a@example.org|a> <!here> no"}, None),
        ({"text": "plain (https://example.org/a), they say"}, "https://example.org/a"),
        (
            {
                "text": "words",
                "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [LINK]}]}],
            },
            LINK["url"],
        ),
        (
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*<https://example.org|x>*"}}]},
            "https://example.org",
        ),
        ({"blocks": [{"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a ferry"}]}, None),
        ({"text": "", "attachments": [{"title": "A", "title_link": "https://example.org/t"}]}, "https://example.org/t"),
        (
            {"attachments": [{"from_url": "https://example.org/f", "thumb_url": "https://e.org/p"}]},
            "https://example.org/f",
        ),
        ({"text": None, "blocks": None, "attachments": [None]}, None),
        ({}, None),
    ],
)
def test_the_first_link_of_a_message(message, link):
    assert first_link(message) == link


async def test_a_question_from_anywhere_is_answered_by_direct_message_once(slack, desk, bot):
    assert (await slack.shortcut(TEAM, LEE, "sidelines:ask")).acknowledged
    view = await slack.wait_for(slack.view)
    assert "as a direct message" in view.shown
    first = await slack.submit(view, {"question": " who pays? "})
    await asyncio.gather(*(first.again(number) for number in (1, 2, 3)))
    direct = slack.workspaces[TEAM].direct(LEE).id
    (answer,) = await slack.wait_for(lambda: slack.posts(direct))
    assert answer.shown == "You said: ask who pays?"
    assert desk.words == ["ask who pays?"]
    assert not view.open


async def test_an_empty_question_is_asked_for_again(slack, desk, bot):
    await slack.shortcut(TEAM, LEE, "sidelines:ask")
    view = await slack.wait_for(slack.view)
    done = await slack.submit(view, {"question": "   "})
    assert done.body["errors"] == {"question": "Type what you want to know."}
    assert view.open


async def test_a_question_that_cannot_be_asked_in_time_is_logged(slack, desk, bot, caplog):
    slack.fail_next("views.open", error="expired_trigger_id")
    assert (await slack.shortcut(TEAM, LEE, "sidelines:ask")).acknowledged
    await slack.wait_for(lambda: slack.called("views.open"))
    await slack.shortcut(TEAM, LEE, "sidelines:ask")
    await slack.wait_for(slack.view)
    assert "a modal did not open" in caplog.text


async def chosen(slack, text, thread=None):
    """A person writes, and another chooses the shortcut in the menu of that message."""
    post = await slack.message(TEAM, CHANNEL, LEE, text, thread)
    message = next(one for one in slack.messages(CHANNEL) if one.ts == post.ts)
    return await slack.message_shortcut(TEAM, LEE, message, "sidelines:brief_link")


async def test_the_link_of_a_message_is_briefed_for_who_asked_alone_and_once(slack, desk, bot):
    done = await chosen(slack, "Seen https://example.org/a?x=1&y=2 ?")
    await asyncio.gather(*(done.again(number) for number in (1, 2, 3)))
    (told,) = await slack.wait_for(lambda: slack.responses(done.payload["response_url"]))
    assert told["response_type"] == "ephemeral"
    assert desk.words == ["brief https://example.org/a?x=1&y=2"]
    assert slack.posts(CHANNEL) == []


async def test_in_a_thread_it_is_shown_in_the_thread(slack, desk, bot):
    parent = await slack.message(TEAM, CHANNEL, LEE, "first")
    await chosen(slack, "https://example.org/a", parent.ts)
    (told,) = await slack.wait_for(lambda: slack.ephemerals(CHANNEL, LEE))
    assert told.thread_ts == parent.ts


async def test_a_message_without_a_link_gets_a_sentence(slack, desk, bot):
    done = await chosen(slack, "no link in here")
    (told,) = await slack.wait_for(lambda: slack.responses(done.payload["response_url"]))
    assert told["text"] == "That message has no link, so there is nothing to brief."
    assert desk.words == []


async def test_it_works_while_slack_does_not_tell_who_asks(slack, desk, bot):
    slack.fail_always("users.info", error="access_denied")
    desk.managing = {"brief https://example.org/a"}
    desk.replies["brief https://example.org/a"] = Reply((Notice("The ferry returns."),))
    done = await chosen(slack, "https://example.org/a")
    (told,) = await slack.wait_for(lambda: slack.responses(done.payload["response_url"]))
    assert told["text"] == "The ferry returns."
    assert not desk.asked[0][1].may_manage
