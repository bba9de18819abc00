"""The assistant pane: greeted once, prompts that are of use, a status while an answer is made, one title."""

import asyncio

import pytest

from bot.connectors import Suggestion
from briefings.types import Action, Item, Listing, Notice, Reply
from tests.bot.slack.conftest import CHANNEL, LEE, TEAM


@pytest.fixture
def direct(slack):
    return slack.workspaces[TEAM].direct(LEE).id


def done(slack, direct, thread, what):
    """All that was set of a thread, in order."""
    return [value for key, value in slack.pane(direct, thread).get("all", []) if key == what]


async def test_the_pane_greets_once_however_often_it_is_told(slack, desk, bot, direct):
    started, thread = await slack.assistant(TEAM, LEE, CHANNEL)
    repeats = await asyncio.gather(*(started.again(number) for number in (1, 2, 3)))
    assert all(delivery.acknowledged for delivery in [started, *repeats])
    await slack.wait_for(lambda: done(slack, direct, thread, "prompts"))
    (greeting,) = slack.replies(direct, thread)
    assert "word for word" in greeting.shown


async def test_prompts_are_the_newest_headline_topics_and_what_always_works(slack, desk, bot, direct):
    items = (Item("Ferry returns", "", None, (Action("brief me", "brief 7"),)), Item("Old", "", None, ()))
    desk.replies["latest"] = Reply((Listing("Latest headlines", items),))

    async def suggest(about, typed, asker, limit):
        return [Suggestion("x" * 400, "x" * 400), Suggestion("G7", "G7"), Suggestion("harbour", "harbour")][:limit]

    desk.suggest = suggest
    _, thread = await slack.assistant(TEAM, LEE)
    (prompts,) = await slack.wait_for(lambda: done(slack, direct, thread, "prompts"))
    assert [(prompt["title"], prompt["message"]) for prompt in prompts] == [
        ("Ferry returns", "brief 7"),
        ("What is new on G7?", "latest G7"),
        ("What is new on harbour?", "latest harbour"),
        ("What can you do?", "help"),
    ]


async def test_with_nothing_stored_there_are_still_prompts(slack, desk, bot, direct):
    desk.replies["latest"] = Reply((Notice("Nothing is stored."),), found=False)
    _, thread = await slack.assistant(TEAM, LEE)
    (prompts,) = await slack.wait_for(lambda: done(slack, direct, thread, "prompts"))
    assert [prompt["message"] for prompt in prompts] == ["help", "latest"]


async def test_an_answer_comes_once_with_a_status_and_a_title_of_the_first_question(slack, desk, bot, direct):
    _, thread = await slack.assistant(TEAM, LEE)
    await slack.wait_for(lambda: done(slack, direct, thread, "prompts"))
    asked = await slack.direct(TEAM, LEE, "who pays for the ferry?", thread)
    await asyncio.gather(*(asked.again(number) for number in (1, 2, 3)))
    await slack.wait_for(lambda: len(done(slack, direct, thread, "status")) == 2)
    assert done(slack, direct, thread, "title") == ["who pays for the ferry?"]
    await slack.direct(TEAM, LEE, "and who sails it?", thread)
    await slack.wait_for(lambda: len(done(slack, direct, thread, "status")) == 4)
    assert [post.shown for post in slack.replies(direct, thread)][1:] == [
        "You said: who pays for the ferry?",
        "You said: and who sails it?",
    ]
    assert done(slack, direct, thread, "title") == ["who pays for the ferry?"]
    working, ended = done(slack, direct, thread, "status")[:2]
    assert (bool(working), ended) == (True, "")


async def test_a_long_question_is_a_short_title(slack, desk, bot, direct):
    _, thread = await slack.assistant(TEAM, LEE)
    await slack.direct(TEAM, LEE, "what about the talks on " + "ferries and " * 40, thread)
    (title,) = await slack.wait_for(lambda: done(slack, direct, thread, "title"))
    assert len(title) <= 80
    assert title.endswith("…")


async def test_a_conversation_that_began_long_ago_keeps_its_title(slack, desk, bot, direct):
    thread = "1700000000.000001"
    slack.world.panes[direct, thread] = {}
    await slack.direct(TEAM, LEE, "and now?", thread)
    await slack.wait_for(lambda: len(done(slack, direct, thread, "status")) == 2)
    assert done(slack, direct, thread, "title") == []


async def test_a_pane_that_takes_nothing_is_answered_all_the_same(slack, desk, bot, direct):
    for what in ("Status", "Title", "SuggestedPrompts"):
        slack.fail_always(f"assistant.threads.set{what}", error="missing_scope")
    _, thread = await slack.assistant(TEAM, LEE)
    await slack.direct(TEAM, LEE, "hello", thread)
    await slack.wait_for(lambda: [post for post in slack.replies(direct, thread) if post.shown == "You said: hello"])


async def test_a_direct_message_outside_the_pane_sets_nothing(slack, desk, bot, direct):
    await slack.direct(TEAM, LEE, "hello")
    await slack.wait_for(lambda: slack.posts(direct))
    assert not [call for call in slack.calls if call.method.startswith("assistant.")]


async def test_looking_elsewhere_is_acknowledged_and_no_more(slack, desk, bot):
    moved = {"type": "assistant_thread_context_changed", "assistant_thread": {"user_id": LEE}}
    assert (await slack.event(TEAM, moved)).acknowledged
    assert desk.words == []
