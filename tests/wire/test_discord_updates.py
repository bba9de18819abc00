"""An article that changes after it was posted in Discord: the post is edited, or a thread below it goes on."""

import asyncio
from datetime import timedelta

import pytest

from tests.servers.discord import Message
from tests.wire.guild_office import GuildOffice
from tests.wire.whole import corrected, revise, rewritten


@pytest.fixture
async def office(hasty: None, guilds: GuildOffice) -> GuildOffice:
    return guilds


@pytest.fixture
async def post(office: GuildOffice) -> Message:
    """A briefing with the article on the summit."""
    office.subscribe("G7 sidelines", due=timedelta())
    (lead,) = await office.discord.wait_for(lambda: office.discord.posts(office.world))
    await office.quiet()
    assert "forty minutes" in lead.shown
    return lead


async def change(office: GuildOffice, text: str) -> None:
    await asyncio.to_thread(revise, office.storage, "summit.md", text)
    await office.quiet()


async def test_corrected_five_times_the_one_post_is_edited(office: GuildOffice, post: Message):
    for number in range(51, 56):
        await change(office, corrected(number))
        assert office.discord.posts(office.world) == [post]
        assert f"{number} minutes" in post.shown
        assert "updated" in post.shown
    assert not office.discord.replies(post)


async def test_rewritten_five_times_the_thread_of_the_one_post_goes_on(office: GuildOffice, post: Message):
    before = post.shown
    for number in range(5):
        await change(office, rewritten(number))
        assert office.discord.posts(office.world) == [post]
        replies = office.discord.replies(post)
        assert len(replies) == number + 1
        assert "Updated " in replies[-1].shown
        assert ("Captain Odo Brandt", "Sawmills")[number % 2] in replies[-1].shown
    assert post.shown == before


async def test_a_correction_after_a_rewriting_edits_the_reply_even_in_a_thread_that_was_put_away(
    office: GuildOffice, post: Message
):
    await change(office, rewritten(0))
    thread = office.discord.thread(post)
    assert thread
    thread.archived = True
    await change(office, rewritten(0).replace("Odo Brandt", "Ida Brandt"))
    (reply,) = office.discord.replies(post)
    assert "Captain Ida Brandt" in reply.shown
    assert "forty minutes" in post.shown


async def test_when_somebody_deleted_the_post_nothing_more_is_posted(office: GuildOffice, post: Message):
    office.discord.delete_message(post)
    await change(office, corrected(51))
    await change(office, rewritten(1))
    assert office.discord.messages(office.world) == []
    assert office.storage.outbox.counts() == {"delivered": 1}


async def test_edits_that_were_lost_or_too_fast_are_made_again(office: GuildOffice, post: Message):
    for number, how in ((51, {"lost": True}), (52, {"drop": True}), (53, {"status": 429, "retry_after": 0.01})):
        office.discord.fail_next("edit_message", **how)
        await change(office, corrected(number))
        assert office.discord.posts(office.world) == [post]
        assert f"{number} minutes" in post.shown


async def test_a_restart_between_changes_repeats_nothing(office: GuildOffice, post: Message):
    await change(office, corrected(51))
    await office.restart()
    await change(office, rewritten(1))
    await change(office, corrected(52))
    assert office.discord.posts(office.world) == [post]
    assert len(office.discord.replies(post)) == 2


async def test_in_a_forum_the_post_itself_is_edited_and_goes_on(office: GuildOffice):
    discord = office.discord
    forum = await office.heard("guild_channel_create", lambda: discord.new_channel(office.acme, "posts", kind=15))
    office.subscribe("G7 sidelines", forum, due=timedelta())
    (opened,) = await discord.wait_for(lambda: discord.threads(forum))
    await office.quiet()
    await change(office, corrected(51))
    (post,) = discord.posts(opened)
    assert "51 minutes" in post.shown
    await change(office, rewritten(0))
    assert discord.threads(forum) == [opened]
    assert discord.posts(opened)[0] is post
    assert "Captain Odo Brandt" in discord.posts(opened)[1].shown


async def test_in_direct_messages_the_post_is_edited_and_what_is_new_follows(office: GuildOffice):
    discord, lee = office.discord, office.lee
    own = f"discord:@{lee.id}"
    office.subscribed(own, f"{own}:#@{lee.id}", "G7 sidelines", due=timedelta(), when="daily at 9", by=lee.id)
    (post,) = await discord.wait_for(lambda: discord.posts(discord.conversation(lee)))
    await office.quiet()
    await change(office, corrected(51))
    assert discord.posts(discord.conversation(lee)) == [post]
    assert "51 minutes" in post.shown
    await change(office, rewritten(0))
    _, told = discord.posts(discord.conversation(lee))
    assert "Updated " in told.shown
