"""An article that changes after it was posted in Slack: the post is edited, or its thread goes on."""

import asyncio
from datetime import timedelta

import pytest

from tests.servers.slack import Message, SlackServer
from tests.wire.conftest import Opener
from tests.wire.office import WORLD, Office
from tests.wire.whole import corrected, revise, rewritten


@pytest.fixture
async def office(slack: SlackServer, opened: Opener, unpaced: None, hasty: None) -> Office:
    slack.pace.per_channel = None
    return await opened("socket")


@pytest.fixture
async def post(office: Office) -> Message:
    """A briefing with the article on the summit."""
    office.subscribe("G7 sidelines", due=timedelta())
    (lead,) = await office.slack.wait_for(lambda: office.slack.posts(WORLD))
    await office.quiet()
    assert "forty minutes" in lead.shown
    return lead


async def change(office: Office, text: str) -> None:
    await asyncio.to_thread(revise, office.storage, "summit.md", text)
    await office.quiet()


async def test_corrected_five_times_the_one_post_is_edited(office: Office, post: Message):
    for number in range(51, 56):
        await change(office, corrected(number))
        (shown,) = office.slack.posts(WORLD)
        assert shown.ts == post.ts
        assert f"{number} minutes" in shown.shown
        assert "updated" in shown.shown
    assert len(office.slack.called("chat.update")) == 5


async def test_rewritten_five_times_the_thread_of_the_one_post_goes_on(office: Office, post: Message):
    before = post.shown
    for number in range(5):
        await change(office, rewritten(number))
        lead, *replies = office.slack.posts(WORLD)
        assert (lead.ts, lead.shown) == (post.ts, before)
        assert [reply.thread_ts for reply in replies] == [post.ts] * (number + 1)
        assert replies[-1].shown.startswith("Updated ")
        assert ("Captain Odo Brandt", "Sawmills")[number % 2] in replies[-1].shown


async def test_a_correction_after_a_rewriting_edits_the_reply(office: Office, post: Message):
    await change(office, rewritten(0))
    await change(office, rewritten(0).replace("Odo Brandt", "Ida Brandt"))
    lead, reply = office.slack.posts(WORLD)
    assert "forty minutes" in lead.shown
    assert "Captain Ida Brandt" in reply.shown


async def test_when_somebody_deleted_the_post_nothing_more_is_posted(office: Office, post: Message):
    office.slack.world.messages.remove(post)
    await change(office, corrected(51))
    await change(office, rewritten(1))
    assert office.slack.posts(WORLD) == []
    assert len(office.slack.messages(WORLD)) == 0


async def test_edits_that_were_lost_or_too_fast_are_made_again(office: Office, post: Message):
    for number, how in ((51, {"lost": True}), (52, {"drop": True}), (53, {"status": 429, "retry_after": 0})):
        office.slack.fail_next("chat.update", **how)
        await change(office, corrected(number))
        (shown,) = office.slack.posts(WORLD)
        assert f"{number} minutes" in shown.shown


async def test_a_restart_between_changes_repeats_nothing(office: Office, post: Message):
    await change(office, corrected(51))
    await office.restart()
    await change(office, rewritten(1))
    await change(office, corrected(52))
    leads = [each for each in office.slack.posts(WORLD) if not each.thread_ts]
    assert [each.ts for each in leads] == [post.ts]
