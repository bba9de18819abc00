"""Deliveries: one attempt each, every refusal one of the contract's errors, and nothing posted twice."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from discord.http import Route

from bot.connectors import ChannelGone, OutcomeUnknown, Part, PayloadRefused, RateLimited, TemporaryFailure
from bot.connectors.discord.posting import made_at, shortened
from bot.connectors.discord.refusals import MOST_INVALID, WINDOW, Refusals, refusal
from tests.bot.discord.conftest import heard

NO_PING = {"allowed_mentions": {"parse": []}}


def part(text="Heron count at the lake", **more):
    return Part({"content": text, **NO_PING, **more}, text)


def key(number=0, ago=timedelta()):
    return f"{int((datetime.now(UTC) - ago).timestamp() * 1000):x}.1.{number}"


def name(guild, place):
    return f"discord:{guild.id}:#{place.id}"


async def test_a_part_is_posted_once_however_often_it_is_sent(discord, bot, acme, news):
    again = key()
    first = await bot.send(name(acme, news), part(), key=again, thread=None)
    assert await bot.send(name(acme, news), part(), key=again, thread=None) == first
    (post,) = discord.posts(news)
    assert (post.id, post.content) == (first, "Heron count at the lake")


async def test_a_name_that_is_not_found_has_posted_nothing(discord, bot, acme, news, monkeypatch):
    def unknown(*_where, **_how):
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    with monkeypatch.context() as patched:
        patched.setattr(Route, "BASE", Route.BASE.replace("127.0.0.1", "localhost"))
        patched.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(TemporaryFailure, match="cannot be reached"):
            await bot.send(name(acme, news), part(), key=key(), thread=None)
    await bot.send(name(acme, news), part(), key=key(), thread=None)
    assert len(discord.posts(news)) == 1


async def test_what_follows_goes_into_a_thread_named_after_the_lead(discord, bot, acme, news):
    lead = await bot.send(name(acme, news), part(), key=key(), thread=None)
    for number in (1, 2):
        await bot.send(name(acme, news), part(f"Part {number}"), key=key(number), thread=lead)
    (post,) = discord.posts(news)
    thread = discord.thread(post)
    assert thread.name == "Heron count at the lake"
    assert [each.content for each in discord.posts(thread)] == ["Part 1", "Part 2"]
    assert len(discord.called("create_thread")) == 1


async def test_a_thread_begun_before_a_restart_goes_on(discord, start, bot, acme, news):
    lead = await bot.send(name(acme, news), part(), key=key(), thread=None)
    await bot.send(name(acme, news), part("Part 1"), key=key(1), thread=lead)
    await start.stop()
    again = await start()
    await again.send(name(acme, news), part("Part 2"), key=key(2), thread=lead)
    thread = discord.thread(discord.posts(news)[0])
    assert [each.content for each in discord.posts(thread)] == ["Part 1", "Part 2"]


@pytest.mark.parametrize("permission", ["create_public_threads", "send_messages_in_threads"])
async def test_where_no_thread_can_be_begun_the_rest_stands_beside_the_lead(discord, bot, acme, news, permission):
    news.deny(permission)
    await heard(bot, "guild_channel_update", discord.change_channel, news)
    lead = await bot.send(name(acme, news), part(), key=key(), thread=None)
    await bot.send(name(acme, news), part("Part 1"), key=key(1), thread=lead)
    assert [each.content for each in discord.posts(news)] == ["Heron count at the lake", "Part 1"]
    assert discord.called("create_thread") == []


async def test_that_no_thread_can_be_begun_may_be_news(discord, bot, acme, news):
    news.deny("create_public_threads")
    lead = await bot.send(name(acme, news), part(), key=key(), thread=None)
    await bot.send(name(acme, news), part("Part 1"), key=key(1), thread=lead)
    assert [each.content for each in discord.posts(news)] == ["Heron count at the lake", "Part 1"]


async def test_in_a_thread_all_parts_stand_there(discord, bot, acme, news, kim):
    talk = await heard(bot, "thread_create", discord.new_thread, news, "talk", kim)
    lead = await bot.send(name(acme, talk), part(), key=key(), thread=None)
    await bot.send(name(acme, talk), part("Part 1"), key=key(1), thread=lead)
    assert [each.content for each in discord.posts(talk)] == ["Heron count at the lake", "Part 1"]


async def test_a_forum_gets_a_post_with_the_tags_that_it_names(discord, start, acme):
    forum = acme.forum("posts", "heron", "bank", "lake")
    bot = await start()
    lead = await bot.send(name(acme, forum), part(), key=key(), thread=None)
    await bot.send(name(acme, forum), part("Part 1"), key=key(1), thread=lead)
    (post,) = discord.threads(forum)
    assert post.name == "Heron count at the lake"
    assert [forum.tags[tag] for tag in post.applied] == ["heron", "lake"]
    assert [each.content for each in discord.posts(post)] == ["Heron count at the lake", "Part 1"]


async def test_a_forum_that_wants_a_tag_gets_one(discord, start, acme):
    forum, bare = acme.forum("posts", "bank", require_tag=True), acme.forum("bare", require_tag=True)
    bot = await start()
    await bot.send(name(acme, forum), part(), key=key(), thread=None)
    (post,) = discord.threads(forum)
    assert [forum.tags[tag] for tag in post.applied] == ["bank"]
    with pytest.raises(ChannelGone, match="wants a tag"):
        await bot.send(name(acme, bare), part(), key=key(1), thread=None)


async def test_a_post_in_a_forum_is_not_repeated_unless_it_was_refused(discord, start, acme):
    forum = acme.forum("posts")
    bot = await start()
    discord.fail_next("create_thread", retry_after=0.01)
    await bot.send(name(acme, forum), part(), key=key(), thread=None)
    discord.fail_next("create_thread", status=502)
    with pytest.raises(OutcomeUnknown):
        await bot.send(name(acme, forum), part("Second"), key=key(1), thread=None)
    assert len(discord.called("create_thread")) == 3


async def test_a_person_is_written_to_with_buttons_that_belong_to_the_server(discord, bot, acme, kim):
    button = {"type": 2, "style": 2, "label": "resume", "custom_id": "sidelines:0:resume 5"}
    noted = part("Paused.", components=[{"type": 1, "components": [button]}])
    place = bot.managers(f"discord:{acme.id}", kim.id)
    await bot.send(place, noted, key=key(), thread=None)
    (message,) = discord.posts(discord.world.direct(discord.bot, kim.user))
    assert message.buttons[0]["custom_id"] == f"sidelines:0@{acme.id}:resume 5"


async def test_notices_go_to_who_set_it_up_else_to_the_owner_else_to_the_person_themselves(bot, acme, kim):
    assert bot.managers(f"discord:{acme.id}", kim.id) == f"discord:{acme.id}:#@{kim.id}"
    assert bot.managers(f"discord:{acme.id}", None) == f"discord:{acme.id}:#@{acme.owner.id}"
    assert bot.managers(f"discord:@{kim.id}", None) == f"discord:@{kim.id}:#@{kim.id}"
    with pytest.raises(ChannelGone):
        await bot.send(bot.managers("discord:1", None), part(), key=key(), thread=None)


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        ({"code": 10003}, ChannelGone, "deleted"),
        ({"code": 50001}, ChannelGone, "View Channel"),
        ({"code": 50013}, ChannelGone, "Send Messages"),
        ({"code": 50083}, ChannelGone, "locked"),
        ({"code": 160005}, ChannelGone, "locked"),
        ({"code": 50035}, PayloadRefused, "layout"),
        ({"code": 240000}, PayloadRefused, "harmful"),
        ({"code": 77777}, ChannelGone, "77777"),
        ({"status": 503}, OutcomeUnknown, "lost"),
        ({"lost": True}, OutcomeUnknown, "lost"),
        ({"drop": True}, OutcomeUnknown, "lost"),
        ({"retry_after": 60}, RateLimited, "pause"),
        ({"retry_after": 2, "via": False}, RateLimited, "pause"),
    ],
)
async def test_what_discord_answers_is_one_of_the_contracts_errors(discord, bot, acme, news, how, error, told):
    discord.fail_next("create_message", **how)
    with pytest.raises(error, match=told) as raised:
        await bot.send(name(acme, news), part(), key=key(), thread=None)
    if how.get("retry_after") == 60:
        assert raised.value.retry_after == timedelta(seconds=60)


async def test_an_answer_that_is_lost_is_no_second_post(discord, bot, acme, news):
    once = key()
    discord.fail_next("create_message", lost=True)
    with pytest.raises(OutcomeUnknown) as raised:
        await bot.send(name(acme, news), part(), key=once, thread=None)
    assert raised.value.look_after < timedelta(minutes=1)
    assert await bot.find(name(acme, news), key=once, thread=None) is None
    await bot.send(name(acme, news), part(), key=once, thread=None)
    assert len(discord.posts(news)) == 1


async def test_what_is_missing_is_named(discord, bot, acme, news):
    news.deny("send_messages", "embed_links")
    await heard(bot, "guild_channel_update", discord.change_channel, news)
    with pytest.raises(ChannelGone, match="lacks Send Messages and Embed Links in that channel"):
        await bot.send(name(acme, news), part(), key=key(), thread=None)


async def test_a_server_that_is_away_is_waited_for(discord, bot, acme, news):
    await heard(bot, "guild_unavailable", discord.outage, acme)
    with pytest.raises(RateLimited):
        await bot.send(name(acme, news), part(), key=key(), thread=None)
    await heard(bot, "guild_available", discord.restore, acme)
    await bot.send(name(acme, news), part(), key=key(), thread=None)


async def test_a_person_who_takes_no_direct_messages(discord, bot, acme, kim):
    kim.user.closed = True
    with pytest.raises(ChannelGone, match="no direct messages"):
        await bot.send(f"discord:{acme.id}:#@{kim.id}", part(), key=key(), thread=None)


# In doubt -----------------------------------------------------------------------------------------------------


async def test_long_ago_the_history_tells_that_nothing_was_posted(discord, bot, acme, news, kim):
    await discord.message(acme, news, kim, "hello")
    assert await bot.find(name(acme, news), key=key(ago=timedelta(hours=1)), thread=None) is None


async def test_what_waited_long_before_it_was_begun_is_safe_to_send_again_by_another_process(
    discord, start, bot, acme, news
):
    once, begun = key(ago=timedelta(hours=1)), datetime.now(UTC)
    sent = await bot.send(name(acme, news), part(), key=once, thread=None)
    await start.stop()
    again = await start()
    assert await again.find(name(acme, news), key=once, thread=None, begun=begun) is None
    assert await again.send(name(acme, news), part(), key=once, thread=None) == sent
    assert len(discord.posts(news)) == 1


async def test_long_ago_a_post_of_ours_leaves_it_in_doubt(discord, start, bot, acme, news):
    await bot.send(name(acme, news), part(), key=key(), thread=None)
    await start.stop()
    again = await start()
    for message in discord.posts(news):
        message.nonce = None
    with pytest.raises(OutcomeUnknown, match="does not tell"):
        await again.find(name(acme, news), key=key(7, ago=timedelta(hours=1)), thread=None)


async def test_long_ago_posts_that_are_known_to_be_others_leave_no_doubt(discord, start, bot, acme, news):
    other = await bot.send(name(acme, news), part(), key=key(), thread=None)
    await start.stop()
    again = await start()
    long_ago = key(7, ago=timedelta(hours=1))
    assert await again.find(name(acme, news), key=long_ago, thread=None, told={other}) is None


async def test_long_ago_other_posts_of_this_process_leave_no_doubt(discord, bot, acme, news):
    await bot.send(name(acme, news), part(), key=key(), thread=None)
    assert await bot.find(name(acme, news), key=key(7, ago=timedelta(hours=1)), thread=None) is None


async def test_without_the_history_it_cannot_be_told(discord, bot, acme, news):
    news.deny("read_message_history")
    await heard(bot, "guild_channel_update", discord.change_channel, news)
    with pytest.raises(OutcomeUnknown, match="may not read"):
        await bot.find(name(acme, news), key=key(ago=timedelta(hours=1)), thread=None)


async def test_a_forum_is_looked_through_for_the_post(discord, start, acme):
    forum = acme.forum("posts")
    bot = await start()
    once = key(ago=timedelta(minutes=1))
    discord.fail_next("create_thread", lost=True)
    with pytest.raises(OutcomeUnknown):
        await bot.send(name(acme, forum), part(), key=once, thread=None)
    with pytest.raises(OutcomeUnknown, match="does not tell"):
        await bot.find(name(acme, forum), key=once, thread=None)
    other = await heard(bot, "guild_channel_create", lambda: discord.new_channel(acme, "empty", kind=15))
    assert await bot.find(name(acme, other), key=once, thread=None) is None


# Pure ---------------------------------------------------------------------------------------------------------


def test_refused_requests_stop_all_before_discord_does():
    refusals = Refusals()
    for second in range(MOST_INVALID - 1):
        refusals.note(403, None, float(second) / 10)
    refusals.note(429, "shared", 99.0)
    refusals.note(200, None, 99.0)
    refusals.check(100.0)
    refusals.note(401, None, 100.0)
    with pytest.raises(RateLimited) as raised:
        refusals.check(100.0)
    assert raised.value.retry_after == timedelta(seconds=WINDOW - 100)
    refusals.check(WINDOW)


def test_refusals_without_a_code_go_by_their_status():
    assert isinstance(refusal(401, 0, posting=True), ChannelGone)
    assert isinstance(refusal(500, 0, posting=True), OutcomeUnknown)
    assert isinstance(refusal(500, 0, posting=False), TemporaryFailure)
    assert refusal(429, 0, posting=True, pause=1e9).retry_after == timedelta(hours=1)
    assert refusal(429, 0, posting=True, pause=-1).retry_after == timedelta(seconds=30)


@pytest.mark.parametrize("text", ["x" * 300, "word " * 60, "🐦" * 80, "\n\nfirst\nsecond", "", "é" * 101])
def test_names_of_threads_fit(text):
    found = shortened(text)
    assert 1 <= len(found.encode("utf-16-le")) // 2 <= 100


def test_a_key_tells_when_its_delivery_was_made():
    made = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert made_at(f"{int(made.timestamp() * 1000):x}.1f.2") == made
