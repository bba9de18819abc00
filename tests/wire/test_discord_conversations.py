"""Rows of the table of what people type, in a server, over the wire; `test_discord_sources` has those of sources."""

import pytest

from tests.wire.guild_office import GuildOffice, labels, text_of

QUESTION = "what about the G7 sidelines talks?"
SUMMIT = "Two neighbours use the G7 sidelines to mend a quarrel"
SAWMILLS = "Sawmills hire again as the G7 bridge deal nears"
FERRY = "Night ferry to Elm Island keeps its captain"


# ask


async def test_a_question_is_answered_for_all_with_its_source(guilds: GuildOffice):
    done = await guilds.slash(guilds.lee, "ask", question=QUESTION)
    assert done.deferred
    assert not done.ephemeral
    for words in (
        SUMMIT,
        "A slow beginning",
        "Harbour Post",
        "21 Nov 2026",
        "https://harbour.example.org/g7-sidelines",
    ):
        assert words in done.shown
    assert {"brief me", "wrong?"} <= set(labels(done.messages))


async def test_a_mention_and_a_reply_that_notifies_are_questions(guilds: GuildOffice):
    discord = guilds.discord
    (answer,) = await guilds.mention(guilds.lee, QUESTION)
    assert SUMMIT in answer.shown
    asked = next(each for each in discord.messages(guilds.world) if each.author is guilds.lee.user)
    assert discord.replies(asked) == [answer]
    followed = discord.message(guilds.acme, guilds.world, guilds.lee, "who lost jobs at sawmills?", reply_to=answer)
    (second,) = await guilds.said(guilds.world, followed)
    assert "4,000 jobs" in second.shown
    await discord.message(guilds.acme, guilds.world, guilds.lee, "And captain Brandt?", reply_to=answer, ping=False)
    await discord.message(guilds.acme, guilds.world, guilds.lee, "what does captain Brandt say?")
    await guilds.slash(guilds.kim, "help")
    assert len(discord.posts(guilds.world)) == 2


async def test_a_mention_in_a_thread_is_answered_there(guilds: GuildOffice):
    thread = guilds.discord.new_thread(guilds.world, "On the ferry", guilds.lee)
    (answer,) = await guilds.mention(guilds.lee, "what does captain Brandt say?", thread)
    assert "every rock" in answer.shown


async def test_there_is_nothing_and_it_says_so(guilds: GuildOffice):
    done = await guilds.slash(guilds.lee, "ask", question="who won the chess cup?")
    assert "I have nothing on that" in done.shown
    assert "chess" in done.shown


async def test_more_brief_me_and_wrong(guilds: GuildOffice):
    answer = await guilds.slash(guilds.lee, "ask", question="what about timber?")
    assert {"more", "brief me"} <= set(labels(answer.messages))
    for button in ("more", "brief me"):
        done = await guilds.press(guilds.lee, answer, button)
        assert done.ephemeral
        assert SUMMIT in done.shown or SAWMILLS in done.shown
    wrong = next(label for label in labels(answer.messages) if "wrong?" in label)
    assert "Thank you" in (await guilds.press(guilds.lee, answer, wrong)).shown
    (told,) = guilds.discord.posts(guilds.discord.conversation(guilds.acme.owner))
    assert "A reader says that something is wrong" in told.shown


# brief, latest


async def test_a_briefing_is_private_and_a_manager_posts_it(guilds: GuildOffice):
    done = await guilds.slash(guilds.lee, "brief", about="G7")
    assert done.ephemeral
    assert SUMMIT in done.shown
    assert SAWMILLS in done.shown
    assert "post here" not in labels(done.messages)
    done = await guilds.slash(guilds.kim, "brief", about="ferry")
    assert "post here" in labels(done.messages)
    posted = await guilds.said(guilds.world, guilds.press(guilds.kim, done, "post here"))
    assert FERRY in text_of(posted)


@pytest.mark.parametrize("section", ["ups and downs", "Ups and Downs"])
async def test_a_section_alone(guilds: GuildOffice, section: str):
    done = await guilds.slash(guilds.lee, "brief", about=section)
    assert "18 percent" in done.shown
    assert "How long will it hold?" not in done.shown


async def test_a_headline_and_nothing(guilds: GuildOffice):
    assert "until he is seventy" in (await guilds.slash(guilds.lee, "brief", about="Night ferry to Elm Island")).shown
    nothing = await guilds.slash(guilds.lee, "brief", about="chess")
    assert nothing.ephemeral
    assert "I have nothing on that" in nothing.shown


async def test_the_menu_of_a_message_briefs_its_link(guilds: GuildOffice):
    discord = guilds.discord
    linked = await discord.message(
        guilds.acme, guilds.world, guilds.lee, "read https://harbour.example.org/night-ferry."
    )
    done = await guilds.settled(discord.menu(guilds.lee, linked, "Brief this link"))
    assert done.ephemeral
    assert "Captain Odo Brandt" in done.shown
    bare = await discord.message(guilds.acme, guilds.world, guilds.lee, "I read it in the paper.")
    assert "no link" in (await guilds.settled(discord.menu(guilds.lee, bare, "Brief this link"))).shown


async def test_latest_lists_headlines_with_buttons(guilds: GuildOffice):
    listed = await guilds.slash(guilds.lee, "latest")
    assert not listed.ephemeral
    for words in (SUMMIT, SAWMILLS, FERRY, "21 Nov 2026", "https://elm.example.org/sawmills"):
        assert words in listed.shown
    of_topic = await guilds.slash(guilds.lee, "latest", topic="ferry")
    assert FERRY in of_topic.shown
    assert SUMMIT not in of_topic.shown
    briefed = await guilds.press(guilds.lee, of_topic, "brief me")
    assert briefed.ephemeral
    assert "Captain Odo Brandt" in briefed.shown


# subscribe and managing


async def test_subscribing_shows_a_preview_and_its_buttons_work(guilds: GuildOffice):
    discord = guilds.discord
    told = await guilds.slash(
        guilds.kim, "subscribe", topic="G7", when="weekdays at 9", channel=guilds.news, zone="Asia/Seoul"
    )
    assert told.ephemeral
    assert "weekdays at 9 (Asia" in told.shown
    assert told.shown.count("KST") == 3
    assert f"<#{guilds.news.id}>" in told.shown
    assert SUMMIT in told.shown
    assert discord.posts(guilds.news) == []
    assert SUMMIT in text_of(await guilds.said(guilds.news, guilds.press(guilds.kim, told, "post it")))
    form = await guilds.press(guilds.kim, told, "change")
    assert form.form is not None
    assert form.form["title"] == "Change subscription 1"
    changed = await guilds.settled(discord.submit(guilds.kim, form, {"when": "fridays at 16:00"}))
    assert "fridays at 16:00" in changed.shown
    assert "number 1 is gone" in (await guilds.press(guilds.kim, told, "cancel")).shown
    assert guilds.subscriptions() == []


async def test_a_form_sets_up_a_subscription(guilds: GuildOffice):
    discord = guilds.discord
    form = await guilds.slash(guilds.kim, "subscribe")
    wrong = await guilds.settled(discord.submit(guilds.kim, form, {"topic": "ferry", "when": "every blue moon"}))
    assert "blue" in wrong.shown
    assert guilds.subscriptions() == []
    again = await guilds.press(guilds.kim, wrong, "try again")
    filled = {"topic": "ferry", "when": "hourly", "zone": "Europe/Berlin", "channel": [guilds.news]}
    told = await guilds.settled(discord.submit(guilds.kim, again, filled))
    assert "number 1" in told.shown
    (made,) = guilds.subscriptions()
    assert (made.topic, made.channel) == ("ferry", f"discord:{guilds.acme.id}:#{guilds.news.id}")


async def test_subscribing_names_each_missing_permission(guilds: GuildOffice):
    place = guilds.discord.new_channel(guilds.acme, "fresh")
    place.deny("send_messages", "embed_links", "create_public_threads")
    guilds.discord.change_channel(place)
    told = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="daily at 9", channel=place)
    assert "number 1" in told.shown
    for permission in ("Send Messages", "Embed Links", "Create Public Threads"):
        assert permission in told.shown
    assert "View Channel" not in told.shown


async def test_a_life_of_a_subscription(guilds: GuildOffice):
    kim = guilds.kim
    assert "Nothing is subscribed" in (await guilds.slash(kim, "subscriptions")).shown
    await guilds.slash(kim, "subscribe", topic="ferry", when="daily at 9", zone="Europe/Berlin")
    listed = await guilds.slash(guilds.lee, "subscriptions", channel=guilds.world)
    for words in ("daily at 9", "Berlin", "none delivered yet", "next "):
        assert words in listed.shown
    assert "is paused" in (await guilds.slash(kim, "pause", subscription="1")).shown
    assert "paused" in (await guilds.slash(guilds.lee, "subscriptions")).shown
    assert "goes on" in (await guilds.slash(kim, "resume", subscription="ferry")).shown
    when = "mondays and thursdays at 18:30"
    assert when in (await guilds.slash(kim, "reschedule", subscription="1", when=when)).shown
    assert "number 1 is gone" in (await guilds.slash(kim, "unsubscribe", subscription="1")).shown


async def test_a_schedule_that_is_not_understood_is_told_with_three_examples(guilds: GuildOffice):
    refused = await guilds.slash(guilds.kim, "subscribe", topic="ferry", when="every blue moon")
    assert refused.ephemeral
    assert "blue" in refused.shown
    assert refused.shown.count('"') >= 2 * 3 + 2
    assert guilds.subscriptions() == []


async def test_topics(guilds: GuildOffice):
    kim, query = guilds.kim, 'timber OR "oldest mill" -ferry'
    assert "There are none yet" in (await guilds.slash(kim, "topics")).shown
    assert "timber OR" in (await guilds.slash(kim, "topic add", name="Wood", query=query)).shown
    assert "Wood" in (await guilds.slash(guilds.lee, "topics")).shown
    assert SAWMILLS in (await guilds.slash(guilds.lee, "brief", about="wood")).shown
    assert "is removed" in (await guilds.slash(kim, "topic remove", name="Wood")).shown
    assert "^" in (await guilds.slash(kim, "topic add", name="Bad", query='"no end')).shown


async def test_settings(guilds: GuildOffice):
    shown = await guilds.slash(guilds.kim, "settings")
    assert shown.ephemeral
    for name in ("zone", "style", "stories", "quiet", "empty", "managers"):
        assert f"{name}: " in shown.shown
    done = await guilds.slash(guilds.kim, "settings", style="headlines", stories=3, channel=guilds.news)
    assert "style is now headlines" in done.shown
    assert "stories is now 3" in done.shown
    assert "style: headlines" in (await guilds.slash(guilds.kim, "settings", channel=guilds.news)).shown
    assert "style: brief" in (await guilds.slash(guilds.kim, "settings")).shown


async def test_why(guilds: GuildOffice):
    guilds.subscribe("ferry")
    done = await guilds.slash(guilds.lee, "why", article="https://harbour.example.org/night-ferry?utm_source=mail")
    assert done.ephemeral
    assert "Stored: yes" in done.shown
    assert "has not been posted yet" in done.shown
    nothing = await guilds.slash(guilds.lee, "why", article="https://harbour.example.org/nothing")
    assert "Listed: no" in nothing.shown
    assert "Stored: no" in nothing.shown


async def test_help(guilds: GuildOffice):
    done = await guilds.slash(guilds.lee, "help")
    assert done.ephemeral
    assert "What you can type" in done.shown
    assert "unsubscribe" in done.shown
    assert "first monday at 9" in (await guilds.slash(guilds.lee, "help", command="subscribe")).shown
    assert "in a direct message" in text_of(await guilds.mention(guilds.lee, ""))
    (sent,) = guilds.discord.posts(guilds.discord.conversation(guilds.lee))
    assert "What you can type" in sent.shown


# who may manage


MANAGING = [
    ("subscribe", {"topic": "ferry", "when": "daily at 9"}),
    ("pause", {"subscription": "1"}),
    ("resume", {"subscription": "1"}),
    ("unsubscribe", {"subscription": "1"}),
    ("reschedule", {"subscription": "1", "when": "hourly"}),
    ("topic add", {"name": "Wood", "query": "timber"}),
    ("topic remove", {"name": "Wood"}),
    ("settings", {"style": "full"}),
]


async def test_managing_is_not_offered_to_others_and_refused_where_the_server_offers_it(guilds: GuildOffice):
    number = guilds.subscribe("ferry")
    before = guilds.subscriptions()
    for name, options in MANAGING:
        await guilds.managers_only(name, **options)
    assert "Manage Server" in text_of(await guilds.mention(guilds.lee, f"pause {number}"))
    assert guilds.subscriptions() == before


async def test_managing_is_opened_to_all_and_to_one(guilds: GuildOffice):
    kim, lee = guilds.kim, guilds.lee
    assert "may manage" in text_of(await guilds.mention(kim, f"settings managers add {lee.mention}"))
    told = await guilds.slash(lee, "subscribe", forge=True, topic="ferry", when="daily at 9")
    assert "number 1" in told.shown
    assert "no longer" in text_of(await guilds.mention(kim, f"settings managers remove {lee.mention}"))
    assert "Only" in (await guilds.slash(lee, "pause", forge=True, subscription="1")).shown
    assert "everyone" in (await guilds.slash(kim, "settings", managers="everyone")).shown
    assert "is paused" in (await guilds.slash(lee, "pause", forge=True, subscription="1")).shown
