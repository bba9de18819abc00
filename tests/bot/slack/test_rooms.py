"""What is subscribed is a channel that is there: looked at when it is asked for, by command as by form."""

import pytest

from bot.connectors.slack.rooms import subscribed_channel
from briefings.types import Notice, Reply
from tests.bot.slack.conftest import CHANNEL, KIM, TEAM


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("subscribe G7", "C0HERE"),
        ("Subscribe G7 daily at 9 in #C0THERE", "C0THERE"),
        ("subscribe harbour #news ", "news"),
        ("subscribe C# and #hashtags daily at 9", "C0HERE"),
        ("subscriptions #C0THERE", None),
        ("subscribe", None),
        ("what to subscribe to?", None),
    ],
)
def test_the_channel_that_words_subscribe(text: str, channel: str | None) -> None:
    assert subscribed_channel(text, "C0HERE") == channel


async def answered(slack, words: str, number: int = 1) -> list[str]:
    """What the person alone is told of a command."""
    done = await slack.command(TEAM, CHANNEL, KIM, "/briefing", words)
    url = done.payload["response_url"]
    await slack.wait_for(lambda: len(slack.responses(url)) == number)
    return [each["text"] for each in slack.responses(url)]


@pytest.mark.parametrize("name", ["C0NOWHERE1", "no-such-name"])
async def test_a_channel_that_is_not_there_is_not_subscribed(slack, desk, bot, name):
    told = await answered(slack, f"subscribe G7 in #{name}")
    assert told[0].startswith("That was not saved. Slack shows Sidelines no such channel")
    assert desk.words == []


async def test_an_archived_channel_is_not_subscribed(slack, desk, bot):
    await slack.archive(TEAM, CHANNEL, KIM)
    told = await answered(slack, "subscribe G7")
    assert told[0].startswith("That was not saved. That channel is archived")
    assert desk.words == []


async def test_a_channel_without_the_bot_is_subscribed_with_a_word_on_inviting_it(slack, desk, bot):
    slack.workspaces[TEAM].channel("C0FAR00001", "far", bot=False)
    desk.replies["subscribe G7 in #C0FAR00001"] = Reply((Notice("Subscribed."),), private=True)
    assert await answered(slack, "subscribe G7 in #C0FAR00001", 2) == [
        "Subscribed.",
        "Sidelines is not in <#C0FAR00001> yet: type /invite @Sidelines there, so that it can post.",
    ]


async def test_where_the_bot_is_there_is_no_such_word(slack, desk, bot):
    desk.replies["subscribe G7"] = Reply((Notice("Subscribed."),), private=True)
    assert await answered(slack, "subscribe G7") == ["Subscribed."]
