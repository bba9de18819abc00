"""A reply is shown where it was asked for, to whom it is for, by whichever way is open, and once."""

import pytest

from bot.connectors.slack.people import People
from bot.connectors.slack.replying import Place, Replies
from briefings.types import Item, Listing, Notice, Reply
from tests.bot.slack.conftest import CHANNEL, KIM, LEE, TEAM

PRIVATE, PUBLIC = True, False
LONG = Notice("\n".join(f"Line {number} of many that are told. " + "Words and more. " * 40 for number in range(12)))


@pytest.fixture
def replies(api) -> Replies:
    return Replies(api, People(api))


def reply(*contents, private: bool = PUBLIC) -> Reply:
    return Reply(contents or (Notice("Done."),), private=private)


@pytest.fixture
def asked(slack) -> str:
    """A message of a person's in the channel; gives its id."""
    message = slack.world.messages
    from tests.servers.slack import Message

    slack.world.write(Message(TEAM, CHANNEL, slack.world.ts(), LEE, "What?", [], via="person"))
    return message[-1].ts


def place(slack, **more) -> Place:
    return Place(**{"team": TEAM, "channel": CHANNEL, "person": LEE, **more})


def url(slack) -> str:
    return slack.world.response_url(TEAM, CHANNEL, LEE)


async def test_a_public_reply_goes_into_the_thread(slack, replies, asked):
    await replies.send(reply(), place(slack, thread=asked))
    assert [message.shown for message in slack.replies(CHANNEL, asked)] == ["Done."]


async def test_what_follows_the_first_message_goes_into_its_thread(slack, replies):
    await replies.send(reply(LONG, Notice("Done.")), place(slack))
    lead, *rest, last = slack.posts(CHANNEL)
    assert rest
    assert {message.thread_ts for message in rest} == {lead.ts}
    assert (lead.thread_ts, last.thread_ts) == (None, None)


async def test_a_private_reply_is_shown_to_one_person(slack, replies, asked):
    await replies.send(reply(private=PRIVATE), place(slack, thread=asked))
    (shown,) = slack.ephemerals(CHANNEL, LEE)
    assert (shown.shown, shown.thread_ts, shown.via) == ("Done.", None, "api")
    assert slack.posts(CHANNEL) == []


async def test_a_private_reply_stands_in_a_thread_that_has_begun(slack, replies, asked):
    await replies.send(reply(private=PRIVATE), place(slack, thread=asked, begun=True, response_url=url(slack)))
    (shown,) = slack.ephemerals(CHANNEL, LEE)
    assert (shown.thread_ts, shown.via) == (asked, "api")


async def test_a_command_is_answered_privately_where_the_bot_is_no_member(slack, replies):
    slack.workspaces[TEAM].channels[CHANNEL].members.discard("U0TEAM001BOT")
    for private in (PRIVATE, PUBLIC):
        await replies.send(reply(private=private), place(slack, response_url=url(slack)))
    assert [message.via for message in slack.ephemerals(CHANNEL, LEE)] == ["response_url", "response_url"]
    assert slack.posts(CHANNEL) == []


async def test_after_five_uses_of_a_response_url_the_rest_comes_another_way(slack, replies):
    address = url(slack)
    for number in range(7):
        await replies.send(reply(Notice(f"Number {number}."), private=PRIVATE), place(slack, response_url=address))
    shown = slack.ephemerals(CHANNEL, LEE)
    assert [message.shown for message in shown] == [f"Number {number}." for number in range(7)]
    assert [message.via for message in shown] == ["response_url"] * 5 + ["api"] * 2
    assert len(slack.called("response_url")) == 5


async def test_where_no_way_is_open_the_person_is_written_to(slack, replies):
    slack.workspaces[TEAM].channels[CHANNEL].members.discard("U0TEAM001BOT")
    await replies.send(reply(private=PRIVATE), place(slack))
    await replies.send(reply(Notice("To all.")), place(slack))
    assert [message.shown for message in slack.posts(f"D{LEE[1:]}")] == ["Done.", "To all."]


async def test_in_a_direct_conversation_private_replies_are_ordinary_messages(slack, replies):
    direct = slack.workspaces[TEAM].direct(LEE).id
    await replies.send(reply(private=PRIVATE), place(slack, channel=direct, direct=True))
    assert [message.shown for message in slack.posts(direct)] == ["Done."]
    assert slack.ephemerals(direct, LEE) == []


async def test_what_came_of_a_private_message_is_private(slack, replies):
    await replies.send(reply(), place(slack, response_url=url(slack), ephemeral_source=True))
    assert len(slack.ephemerals(CHANNEL, LEE)) == 1
    assert slack.posts(CHANNEL) == []


async def test_a_minute_of_refusals_loses_and_doubles_nothing(slack, replies, clock):
    begin = clock.now
    slack.fail_always("*", status=429, retry_after=20, when=lambda _: clock.now < begin + 60)
    await replies.send(reply(), place(slack))
    assert [message.shown for message in slack.posts(CHANNEL)] == ["Done."]
    assert len(slack.called("chat.postMessage")) == 4


@pytest.mark.parametrize("private", [PRIVATE, PUBLIC])
async def test_what_may_be_shown_is_not_repeated(slack, replies, private):
    for method in ("chat.postMessage", "chat.postEphemeral", "response_url"):
        slack.fail_next(method, lost=True)
    await replies.send(reply(private=private), place(slack, response_url=url(slack)))
    assert len(slack.posts(CHANNEL)) + len(slack.ephemerals(CHANNEL, LEE)) == 1


async def test_a_refused_layout_is_shown_as_plain_words(slack, replies):
    slack.fail_next("chat.postMessage", error="invalid_blocks")
    await replies.send(reply(Listing("Topics", (Item("korea"),))), place(slack))
    (shown,) = slack.posts(CHANNEL)
    assert "korea" in shown.shown


async def test_people_are_named_in_our_own_words(slack, replies):
    listing = Listing(f"By @{KIM}", (Item(f"@{KIM}", f"for @{LEE}"),))
    await replies.send(reply(Notice(f"Thanks, @{LEE}."), listing), place(slack))
    first, second = slack.posts(CHANNEL)
    assert first.shown == "Thanks, lee."
    assert "By kim" in second.shown
    assert "for lee" in second.shown
