"""The form of a source adds once, shows at its field what is wrong, and tells afterwards what took too long."""

import asyncio

import pytest

from bot.connectors.slack import adding
from briefings.types import Action, Notice, Reply
from tests.bot.slack.conftest import CHANNEL, KIM, LEE, TEAM

ADDRESS = "https://news.example.org/feed"
ADDED = Reply((Notice("Source 1 is added, as @U0LEE00001 asked."),), private=True)
REFUSED = Reply((Notice("No feed was found there.", "refused"),), private=True, found=False)


@pytest.fixture(autouse=True)
def managing(desk):
    desk.managing.add("source add")


async def opened(slack, person=KIM):
    done = await slack.command(TEAM, CHANNEL, person, "/briefing", "source add")
    assert done.acknowledged
    return await slack.wait_for(slack.view), done


async def whispered(slack, done, count=1):
    """What came to the response_url of a command."""
    await slack.wait_for(lambda: len(slack.responses(done.payload["response_url"])) >= count)
    return [told["text"] for told in slack.responses(done.payload["response_url"])]


async def test_what_is_typed_is_added_once_however_often_it_comes(slack, desk, bot):
    desk.replies[f"source add {ADDRESS}"] = ADDED
    view, done = await opened(slack)
    first = await slack.submit(view, {"address": f" {ADDRESS} "})
    repeats = await asyncio.gather(*(first.again(number) for number in (1, 2, 3)))
    assert all(delivery.acknowledged for delivery in [first, *repeats])
    assert not view.open
    assert await whispered(slack, done) == ["Source 1 is added, as lee asked."]
    ((words, asker),) = desk.asked
    assert words == f"source add {ADDRESS}"
    assert (asker.person, asker.may_manage, asker.channel) == (KIM, True, f"slack:{TEAM}:#{CHANNEL}")


async def test_what_is_wrong_stands_at_the_field_until_it_is_put_right(slack, desk, bot):
    desk.replies[f"source add {ADDRESS}"] = REFUSED
    view, done = await opened(slack)
    for _ in range(2):
        refused = await slack.submit(view, {"address": ADDRESS})
        assert refused.body["errors"] == {"address": "No feed was found there."}
    desk.replies[f"source add {ADDRESS}"] = ADDED
    await slack.submit(view, {"address": ADDRESS})
    assert await whispered(slack, done) == ["Source 1 is added, as lee asked."]


@pytest.mark.parametrize("reply", [ADDED, REFUSED])
async def test_what_takes_too_long_is_told_where_it_was_asked_for(slack, desk, bot, monkeypatch, reply):
    monkeypatch.setattr(adding, "IN_TIME", 0.02)
    found = asyncio.Event()

    async def answer(text, asker):
        await found.wait()
        return reply

    desk.answer = answer
    view, done = await opened(slack)
    assert (await slack.submit(view, {"address": ADDRESS})).acknowledged
    assert not view.open
    assert "I am looking" in (await whispered(slack, done))[0]
    found.set()
    told = (await whispered(slack, done, 2))[1]
    assert told.startswith(("Source 1 is added", "No feed was found there."))


async def test_nothing_is_done_for_somebody_whom_slack_does_not_name(slack, desk, bot):
    slack.fail_always("users.info", error="access_denied")
    view, _ = await opened(slack)
    done = await slack.submit(view, {"address": ADDRESS})
    assert "nothing was done" in done.body["errors"]["address"]
    assert desk.asked == []


async def test_who_may_not_manage_is_told_so_and_sees_no_form(slack, desk, bot):
    desk.replies["source add"] = Reply((Notice("Ask an admin.", "refused"),), private=True, found=False)
    done = await slack.command(TEAM, CHANNEL, LEE, "/briefing", "source add")
    assert await whispered(slack, done) == ["Ask an admin."]
    assert slack.called("views.open") == []


async def test_a_form_that_cannot_open_in_time_is_offered_again(slack, desk, bot):
    slack.fail_next("views.open", error="expired_trigger_id")
    done = await slack.command(TEAM, CHANNEL, KIM, "/briefing", "source add")
    assert "could not open the form in time" in (await whispered(slack, done))[0]
    (told,) = slack.ephemerals(CHANNEL, KIM)
    await slack.press(TEAM, KIM, told, "add a source")
    assert (await slack.wait_for(slack.view)).title == "Add a source"


async def test_a_button_in_a_modal_turns_it_into_the_form(slack, desk, bot):
    desk.replies["sources"] = Reply((Notice("Nothing yet.", actions=(Action("add", "source add"),)),), found=False)

    async def home(asker):
        return (Notice("The dashboard.", actions=(Action("sources", "sources"),)),)

    desk.home = home
    await slack.home_opened(TEAM, KIM)
    await slack.press(TEAM, KIM, await slack.wait_for(lambda: slack.home(TEAM, KIM)), "sources")
    view = await slack.wait_for(slack.view)
    await slack.press(TEAM, KIM, view, "add")
    await slack.wait_for(lambda: view.title == "Add a source")
