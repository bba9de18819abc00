"""The same table in a direct message, typed and by commands, and where only a person has the bot: a user install."""

import pytest

from tests.servers.discord import Channel
from tests.wire.guild_office import GuildOffice, labels, text_of
from tests.wire.test_discord_conversations import FERRY, MANAGING, QUESTION, SAWMILLS, SUMMIT
from tests.wire.whole import stock

LINK = "https://harbour.example.org/night-ferry"
READING = [
    ("ask", {"question": QUESTION}, (SUMMIT, "A slow beginning", "21 Nov 2026")),
    ("ask", {"question": "who won the chess cup?"}, ("I have nothing on that", "chess")),
    ("brief", {"about": "G7"}, (SUMMIT, SAWMILLS)),
    ("brief", {"about": "ups and downs"}, ("18 percent",)),
    ("latest", {}, (SUMMIT, SAWMILLS, FERRY)),
    ("latest", {"topic": "ferry"}, (FERRY,)),
    ("topics", {}, ("There are none yet",)),
    ("sources", {}, ("Nothing is read by itself yet",)),
    ("subscriptions", {}, ("Nothing is subscribed",)),
    ("why", {"article": LINK}, ("Stored: yes",)),
    ("help", {}, ("What you can type", "unsubscribe")),
    ("help", {"command": "subscribe"}, ("first monday at 9",)),
]


# In a direct message


async def test_what_is_read_by_typing(guilds: GuildOffice):
    for name, options, expected in READING:
        for words in (f"{name} {' '.join(options.values())}".strip(), *(options.values() if name == "ask" else ())):
            shown = text_of(await guilds.direct(guilds.lee, words))
            for each in expected:
                assert each in shown, words


async def test_what_is_read_by_commands(guilds: GuildOffice):
    place = guilds.discord.conversation(guilds.lee)
    for name, options, expected in READING:
        done = await guilds.slash(guilds.lee, name, place, **options)
        assert done.deferred
        for each in expected:
            assert each in done.shown, name


async def test_answers_have_buttons_that_work_there(guilds: GuildOffice):
    (answer,) = await guilds.direct(guilds.lee, "what about timber?")
    assert {"more", "brief me"} <= set(labels([answer]))
    for button in ("more", "brief me"):
        shown = (await guilds.press(guilds.lee, answer, button)).shown
        assert SUMMIT in shown or SAWMILLS in shown
    (followed,) = await guilds.direct(guilds.lee, "and captain Brandt?")
    assert "Brandt" in followed.shown


async def test_a_person_manages_their_own_by_typing(guilds: GuildOffice):
    lee = guilds.lee
    place = guilds.discord.conversation(lee)
    told = await guilds.direct(lee, "subscribe ferry weekdays at 9 Asia/Seoul")
    assert text_of(told).count("KST") == 3
    assert FERRY in text_of(told)
    preview = next(each for each in told if "post it" in labels([each]))
    assert FERRY in text_of(await guilds.said(place, guilds.press(lee, preview, "post it")))
    for words, expected in (
        ("subscriptions", "weekdays at 9"),
        ("pause 1", "is paused"),
        ("resume ferry", "goes on"),
        ("reschedule 1 fridays at 16:00", "fridays at 16:00"),
        ("subscribe ferry every blue moon", "blue"),
        ("unsubscribe 1", "number 1 is gone"),
        ("topics", "There are none yet"),
        ("topic add Wood = timber", "timber"),
        ("brief wood", SAWMILLS),
        ("topic remove Wood", "is removed"),
        ("settings style headlines", "style is now headlines"),
        ("settings", "style: headlines"),
    ):
        assert expected in text_of(await guilds.direct(lee, words)), words


async def test_a_person_manages_their_own_by_commands_and_forms(guilds: GuildOffice):
    lee, discord = guilds.lee, guilds.discord
    place = discord.conversation(lee)
    told = await guilds.slash(lee, "subscribe", place, topic="ferry", when="daily at 9")
    assert "number 1" in told.shown
    form = await guilds.press(lee, told, "change")
    assert "fridays at 16:00" in (await guilds.settled(discord.submit(lee, form, {"when": "fridays at 16:00"}))).shown
    for name, options in MANAGING:
        assert "Only" not in (await guilds.slash(lee, name, place, **options)).shown, name
    for words, when in (("subscribe", "hourly"), ("reschedule 2", "daily at 8")):
        (offer,) = await guilds.direct(lee, words)
        form = await guilds.press(lee, offer, labels([offer])[0])
        done = await guilds.settled(discord.submit(lee, form, {"topic": "timber", "when": when}))
        assert when in done.shown, words
    made = guilds.storage.subscriptions.list(f"discord:@{lee.id}")
    assert [it.channel for it in made] == [f"discord:@{lee.id}:#{place.id}"] * 2


async def test_what_is_theirs_is_nobody_elses(guilds: GuildOffice):
    await guilds.direct(guilds.lee, "topic add Wood = timber")
    await guilds.direct(guilds.lee, "subscribe ferry daily at 9")
    for shown in (
        text_of(await guilds.direct(guilds.kim, "topics")),
        text_of(await guilds.direct(guilds.kim, "unsubscribe 1")),
        (await guilds.slash(guilds.kim, "topics")).shown,
        (await guilds.slash(guilds.kim, "subscriptions")).shown,
        (await guilds.slash(guilds.kim, "unsubscribe", subscription="1")).shown,
    ):
        assert "Wood" not in shown
        assert "is gone" not in shown
    assert len(guilds.storage.subscriptions.list(f"discord:@{guilds.lee.id}")) == 1


# As a user install


def outside(guilds: GuildOffice) -> list[Channel]:
    """In a server without the bot, with a friend, and in the direct conversation with the bot."""
    discord = guilds.discord
    return [guilds.lobby, discord.private(guilds.ann.user, discord.person("bob")), discord.conversation(guilds.ann)]


@pytest.mark.parametrize("where", [0, 1, 2])
async def test_what_a_user_install_reads(guilds: GuildOffice, where: int):
    place = outside(guilds)[where]
    for name, options, expected in READING:
        done = await guilds.slash(guilds.ann, name, place, **options)
        assert done.outside
        assert done.ephemeral or place is not guilds.lobby
        for each in expected:
            assert each in done.shown, name


async def test_a_user_install_manages_nothing_where_the_bot_is_not(guilds: GuildOffice):
    for name, options in MANAGING:
        with pytest.raises(PermissionError, match="has it installed"):
            await guilds.slash(guilds.ann, name, guilds.lobby, **options)
        refused = await guilds.slash(guilds.ann, name, guilds.lobby, forge=True, **options)
        assert refused.ephemeral
        assert "Only" in refused.shown, name
    assert guilds.subscriptions(guilds.elsewhere) == []
    assert guilds.storage.subscriptions.list(f"discord:@{guilds.ann.id}") == []
    assert guilds.storage.topics.list(f"discord:@{guilds.ann.id}") == []


async def test_buttons_and_menus_of_a_user_install(guilds: GuildOffice):
    discord = guilds.discord
    answer = await guilds.slash(guilds.ann, "ask", guilds.lobby, question="what about timber?")
    for button in ("more", "brief me"):
        shown = await guilds.press(guilds.ann, answer, button)
        assert shown.ephemeral
        assert SUMMIT in shown.shown or SAWMILLS in shown.shown
    linked = await discord.message(guilds.elsewhere, guilds.lobby, guilds.ann, f"look: {LINK}")
    assert "Odo Brandt" in (await guilds.settled(discord.menu(guilds.ann, linked, "Brief this link"))).shown
    assert discord.posts(guilds.lobby) == []


async def test_a_user_install_sees_nothing_of_a_server_that_has_the_bot(guilds: GuildOffice):
    stock(guilds.storage, "crane.md", workspace=f"discord:{guilds.acme.id}")
    guilds.acme.member(guilds.ann.user)
    for name, options in (("latest", {}), ("ask", {"question": "does the old crane turn?"}), ("brief", {})):
        assert "Old crane" not in (await guilds.slash(guilds.ann, name, guilds.lobby, **options)).shown
    assert "Old crane" in (await guilds.slash(guilds.lee, "latest")).shown
