"""Bad and odd things that come in from Discord, over the wire: each is answered or ignored as it should be."""

from datetime import timedelta

import pytest

from briefings.types import Section
from tests.servers.discord import Message
from tests.wire.guild_office import GuildOffice, labels, text_of
from tests.wire.test_discord_conversations import FERRY, MANAGING
from tests.wire.whole import store

HOSTILE = [
    "@everyone @here <@&1216348160004194304> <@100000000000000001>",
    "**bold** __under__ ~~gone~~ ||hidden|| `code` ```block```",
    "[click](https://evil.example.org) <https://evil.example.org>",
    "> quote\n# heading\n- list",
    "\u202egnirts desrever\u202c \u0000\u200b\ufeff",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 60,
    "');DROP TABLE subscriptions;--",
    "a" * 500,
    '"' * 100,
    "((((" * 100,
    "-" * 100,
    "title: source: OR OR -",
]
OLD = {"type": 2, "style": 2, "label": "x", "custom_id": "digest:open:42"}


def with_button(message: Message, custom_id: str) -> Message:
    """The message as if it had been posted with this button."""
    message.components = [{"type": 1, "components": [{**OLD, "custom_id": custom_id}]}]
    return message


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_are_answered_and_harm_nothing(guilds: GuildOffice, text: str):
    for name, options in (("ask", {"question": text}), ("brief", {"about": text[:300]}), ("latest", {"topic": text})):
        done = await guilds.slash(guilds.lee, name, **options)
        assert "fault in Sidelines" not in done.shown, name
    told = await guilds.slash(guilds.kim, "subscribe", topic=text, when="hourly")
    assert "fault in Sidelines" not in told.shown
    assert "fault in Sidelines" not in (await guilds.slash(guilds.kim, "topic add", name=text[:60], query=text)).shown
    for each in (await guilds.slash(guilds.kim, "topics")), (await guilds.slash(guilds.kim, "subscriptions")):
        assert "fault in Sidelines" not in each.shown
    assert text_of(await guilds.direct(guilds.lee, text))
    assert guilds.discord.pings == []


async def test_an_option_of_6000_characters(guilds: GuildOffice):
    for name, option, who in (
        ("ask", "question", guilds.lee),
        ("brief", "about", guilds.lee),
        ("why", "article", guilds.lee),
        ("subscribe", "topic", guilds.kim),
        ("pause", "subscription", guilds.kim),
        ("source add", "address", guilds.kim),
        ("source pause", "source", guilds.kim),
        ("feeds import", "address", guilds.kim),
    ):
        done = await guilds.slash(who, name, forge=True, **{option: "word " * 1200})
        assert done.messages or done.form, name
        assert "fault in Sidelines" not in done.shown, name
    assert guilds.subscriptions() == []


async def test_values_that_were_not_offered(guilds: GuildOffice):
    for name, options in (
        ("pause", {"subscription": "999"}),
        ("unsubscribe", {"subscription": "no such thing"}),
        ("source pause", {"source": "no such thing"}),
        ("source skip", {"source": "9" * 40}),
        ("subscribe", {"topic": "ferry", "when": "hourly", "zone": "Mars/Olympus"}),
        ("settings", {"zone": "Mars/Olympus"}),
        ("settings", {"style": "poem"}),
        ("settings", {"stories": 9999}),
        ("brief", {"about": "no such topic"}),
    ):
        done = await guilds.slash(guilds.kim, name, forge=True, **options)
        assert done.ephemeral, name
        assert done.shown, name
        assert "fault in Sidelines" not in done.shown, name
    assert guilds.subscriptions() == []


async def test_suggestions_never_fail(guilds: GuildOffice):
    discord = guilds.discord
    for text in HOSTILE:
        for name, option in (
            ("brief", "about"),
            ("subscribe", "when"),
            ("subscribe", "zone"),
            ("pause", "subscription"),
            ("source pause", "source"),
        ):
            asked = await discord.autocomplete(guilds.acme, guilds.world, guilds.kim, name, option, text)
            assert asked.choices is not None, (name, text)
            assert len(asked.choices) <= 25


async def test_a_button_of_what_is_gone(guilds: GuildOffice):
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="daily at 9", channel=guilds.news)
    await guilds.slash(guilds.kim, "unsubscribe", subscription="1")
    for button in ("post it", "change", "cancel"):
        done = await guilds.press(guilds.kim, told, button)
        assert done.form is None
        assert done.ephemeral
        assert "fault" not in done.shown
    assert guilds.discord.posts(guilds.news) == []


async def test_a_button_is_pressed_by_somebody_who_may_not(guilds: GuildOffice):
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="daily at 9", channel=guilds.news)
    before = guilds.subscriptions()
    shown = next(each for each in told.messages if "cancel" in labels([each]))
    for button in ("post it", "change", "cancel"):
        done = await guilds.press(guilds.lee, shown, button, forge=True)
        assert done.form is None
        assert "Manage Server" in done.shown, button
    assert guilds.subscriptions() == before
    assert guilds.discord.posts(guilds.news) == []


async def test_buttons_that_nobody_knows(guilds: GuildOffice):
    (message,) = await guilds.mention(guilds.lee, "topics")
    for custom_id in ("digest:open:42", "sidelines:", "sidelines:1:", "sidelines:x:help", "sidelines:1:" + "?" * 88):
        done = await guilds.press(guilds.lee, with_button(message, custom_id), "x")
        assert done.ephemeral, custom_id
        assert done.shown, custom_id
        assert "fault in Sidelines" not in done.shown


async def test_own_messages_those_of_bots_and_edits_are_ignored(guilds: GuildOffice):
    discord = guilds.discord
    robot = guilds.acme.member("robot")
    robot.user.bot = True
    await discord.mention(guilds.acme, guilds.world, robot, "who counts the lorries?")
    await discord.message(guilds.acme, guilds.world, guilds.lee, "who counts the lorries?")
    await guilds.mention(guilds.lee, "who counts the lorries?")
    assert len(discord.posts(guilds.world)) == 1


@pytest.mark.parametrize("title", HOSTILE[:6])
async def test_a_hostile_article_is_shown_as_it_is_and_mentions_nobody(guilds: GuildOffice, title: str):
    store(guilds.storage, f"Zebra {title}", Section(f"Why {title}", ((f"The zebra said {title} all day long.",),)))
    guilds.subscribe("zebra", due=timedelta())
    done = await guilds.slash(guilds.kim, "ask", question="what said the zebra?")
    assert "ebra" in done.shown
    await guilds.discord.wait_for(lambda: guilds.discord.posts(guilds.world))
    await guilds.quiet()
    assert "Zebra" in text_of(guilds.discord.posts(guilds.world))
    assert FERRY not in text_of(guilds.discord.posts(guilds.world))
    assert guilds.discord.pings == []


async def test_who_manages_no_longer_does_not_manage(guilds: GuildOffice):
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="daily at 9", channel=guilds.news)
    guilds.kim.roles.clear()
    shown = next(each for each in told.messages if "cancel" in labels([each]))
    assert "Manage Server" in (await guilds.press(guilds.kim, shown, "cancel")).shown
    for name, options in MANAGING:
        assert "Manage Server" in (await guilds.slash(guilds.kim, name, forge=True, **options)).shown, name
    assert len(guilds.subscriptions()) == 1
