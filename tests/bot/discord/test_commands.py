"""Slash commands reach the desk once, as they were meant, and are acknowledged before anything else."""

import pytest

from bot.connectors import Draft, Suggestion
from briefings.types import Notice, Reply


def channel(guild, place):
    return f"discord:{guild.id}:#{place.id}"


@pytest.mark.parametrize(
    ("name", "options", "words", "private"),
    [
        ("ask", {"question": "what about Busan?"}, "ask what about Busan?", False),
        ("brief", {}, "brief", True),
        ("brief", {"about": "ups and downs"}, "brief ups and downs", True),
        ("latest", {}, "latest", False),
        ("latest", {"topic": "G7"}, "latest G7", False),
        ("why", {"article": "https://example.org/1"}, "why https://example.org/1", True),
        ("help", {}, "help", True),
        ("help", {"command": "/topic add"}, "help topic", True),
        ("topics", {}, "topics", False),
        ("subscriptions", {}, "subscriptions", False),
        ("unsubscribe", {"subscription": "5"}, "unsubscribe 5", True),
        ("pause", {}, "pause", True),
        ("resume", {"subscription": "what?"}, "resume what", True),
        ("reschedule", {"subscription": "5", "when": "daily at 9"}, "reschedule 5 daily at 9", True),
        ("topic add", {"name": "Ports", "query": 'harbour OR "container port"'},
         'topic add Ports = harbour OR "container port"', True),
        ("topic remove", {"name": "Ports"}, "topic remove Ports", True),
        ("settings", {"zone": "Asia/Seoul"}, "settings zone Asia/Seoul", True),
        ("sources", {}, "sources", True),
        ("source list", {}, "sources", True),
        ("source add", {"address": "harbour.example.org"}, "source add harbour.example.org", True),
        ("source remove", {"source": "3"}, "source remove 3", True),
        ("source pause", {"source": "Harbour Post"}, "source pause Harbour Post", True),
        ("source resume", {"source": "3"}, "source resume 3", True),
        ("source check", {"source": "https://example.org/feed"}, "source check https://example.org/feed", True),
        ("source accept", {"source": "3"}, "source accept 3", True),
        ("source skip", {"source": "3"}, "source skip 3", True),
        ("feeds import", {"address": "https://example.org/a.opml"}, "feeds import https://example.org/a.opml", True),
        ("feeds import", {"address": "https://example.org/a.opml", "dry_run": True},
         "feeds import https://example.org/a.opml dry run", True),
        ("feeds import", {}, "feeds import", True),
        ("feeds export", {}, "feeds export", True),
    ],
)  # fmt: skip
async def test_a_command_is_the_words_that_it_stands_for(
    discord, desk, bot, acme, news, kim, name, options, words, private
):
    done = await discord.command(acme, news, kim, name, options)
    assert (done.deferred, done.ephemeral) == (True, private)
    assert done.shown.startswith("You said: ")
    ((said, asker),) = desk.asked
    assert said == words
    assert (asker.workspace, asker.channel, asker.person) == (f"discord:{acme.id}", channel(acme, news), kim.id)
    assert asker.may_manage


async def test_several_settings_at_once_are_one_reply(discord, desk, bot, acme, news, kim):
    options = {"style": "full", "stories": 3, "channel": news}
    done = await discord.command(acme, news, kim, "settings", options)
    assert desk.words == [f"settings style full in #{news.id}", f"settings stories 3 in #{news.id}"]
    (message,) = done.messages
    assert message.content.count("You said") == 2


async def test_a_person_is_trusted_by_their_id(discord, desk, bot, acme, news, kim, lee):
    await discord.command(acme, news, kim, "settings", {"trust": lee, "distrust": kim})
    assert desk.words == [f"settings managers add @{lee.id}", f"settings managers remove @{kim.id}"]


async def test_who_may_not_manage_is_known_as_such(discord, desk, bot, acme, news, lee):
    await discord.command(acme, news, lee, "pause", {"subscription": "5"}, forge=True)
    ((_, asker),) = desk.asked
    assert not asker.may_manage
    assert asker.managers == "people with the permission Manage Server"


async def test_a_direct_conversation_is_a_workspace_of_its_own(discord, desk, bot, kim):
    done = await discord.command(None, None, kim, "pause", {"subscription": "5"})
    assert not done.ephemeral
    ((_, asker),) = desk.asked
    assert (asker.workspace, asker.may_manage) == (f"discord:@{kim.id}", True)


async def test_a_user_install_reads_and_is_answered_alone(discord, desk, bot):
    ann = discord.person("ann", installed=True)
    elsewhere = discord.add_guild("Elsewhere", present=False)
    elsewhere.member(ann)
    talk = elsewhere.channel("talk")
    done = await discord.command(elsewhere, talk, ann, "ask", {"question": "what about Busan?"})
    assert done.outside
    assert done.ephemeral
    ((_, asker),) = desk.asked
    assert (asker.workspace, asker.may_manage) == (f"discord:@{ann.id}", False)
    with pytest.raises(PermissionError):
        await discord.command(elsewhere, talk, ann, "subscribe", {"topic": "G7"})


async def test_in_a_conversation_of_people_only_the_asker_sees_the_answer(discord, desk, bot):
    ann, bob = discord.person("ann", installed=True), discord.person("bob")
    done = await discord.command(None, discord.private(ann, bob), ann, "ask", {"question": "what about Busan?"})
    assert done.ephemeral
    ((_, asker),) = desk.asked
    assert (asker.workspace, asker.may_manage) == (f"discord:@{ann.id}", False)


async def test_a_long_answer_outside_stays_within_what_discord_takes(discord, desk, bot):
    ann = discord.person("ann", installed=True)
    elsewhere = discord.add_guild("Elsewhere", present=False)
    elsewhere.member(ann)
    desk.replies["ask everything"] = Reply(tuple(Notice(f"Number {number}.") for number in range(9)))
    done = await discord.command(elsewhere, elsewhere.channel("talk"), ann, "ask", {"question": "everything"})
    assert await discord.wait_for(lambda: len(done.messages) == 6)


async def test_subscribe_with_a_topic_fills_the_draft_in(discord, desk, bot, acme, news, kim):
    other = acme.channel("other")
    discord.change_channel(other)
    desk.forms["subscribe"] = Draft(when="weekdays at 09:00", zone="UTC", channel=channel(acme, news))
    desk.filled = []
    submit = desk.submit

    async def noted(draft, asker):
        desk.filled.append(draft)
        return await submit(draft, asker)

    desk.submit = noted
    options = {"topic": "G7", "channel": other, "style": "full"}
    done = await discord.command(acme, news, kim, "subscribe", options)
    assert done.ephemeral
    assert "Done." in done.shown
    assert desk.filled == [
        Draft(topic="G7", when="weekdays at 09:00", zone="UTC", channel=channel(acme, other), style="full")
    ]


async def test_subscribe_names_each_permission_that_is_missing(discord, desk, bot, acme, news, kim):
    other = acme.channel("other")
    other.deny("send_messages", "create_public_threads")
    discord.gateway.dispatch("CHANNEL_CREATE", other.as_sent(), acme)
    desk.forms["subscribe"] = Draft(when="weekdays at 09:00", zone="UTC", channel=channel(acme, news))
    done = await discord.command(acme, news, kim, "subscribe", {"topic": "G7", "channel": other})
    told = f"Sidelines lacks Send Messages and Create Public Threads in <#{other.id}>; grant them to Sidelines"
    assert await discord.wait_for(lambda: told in done.shown)


async def test_subscribe_without_leave_says_why(discord, desk, bot, acme, news, lee):
    desk.forms["subscribe"] = Draft(channel=channel(acme, news))
    desk.replies["subscribe"] = Reply((Notice("Only they may.", "refused"),), private=True, found=False)
    done = await discord.command(acme, news, lee, "subscribe", {"topic": "G7"}, forge=True)
    assert done.ephemeral
    assert done.shown == "Only they may."


async def test_an_interaction_that_comes_twice_is_answered_once(discord, desk, bot, acme, news, kim):
    done = await discord.command(acme, news, kim, "ask", {"question": "once"})
    discord.gateway.dispatch("INTERACTION_CREATE", done.payload, acme)
    await discord.command(acme, news, kim, "ask", {"question": "twice"})
    assert desk.words == ["ask once", "ask twice"]


async def test_a_slow_desk_is_no_reason_to_be_late(discord, desk, bot, acme, news, kim):
    done = await discord.command(acme, news, kim, "ask", {"question": "x"})
    assert done.acknowledged
    assert done.seconds < 3


async def test_brief_this_link_takes_the_first_link_of_a_message(discord, desk, bot, acme, news, kim, lee):
    said = await discord.message(acme, news, lee, "look: <https://example.org/a>, and https://example.org/b")
    done = await discord.menu(kim, said, "Brief this link")
    assert done.ephemeral
    assert desk.words == ["brief https://example.org/a"]
    none = await discord.menu(kim, await discord.message(acme, news, lee, "nothing here"), "Brief this link")
    assert "There is no link in that message." in none.shown


async def test_a_topic_name_with_an_equals_sign_is_refused(discord, desk, bot, acme, news, kim):
    done = await discord.command(acme, news, kim, "topic add", {"name": "a=b", "query": "c"})
    assert "cannot have" in done.shown
    assert desk.words == []


async def test_what_is_offered_fits_and_names_channels(discord, desk, bot, acme, news, kim):
    async def suggest(about, typed, asker, limit):
        rows = [Suggestion(f"5. G7 in #{news.id}", "5"), Suggestion("x" * 300, "6"), Suggestion("y", "z" * 101)]
        return [*rows, *(Suggestion(f"{about} {typed} {n}", str(n)) for n in range(40))][:limit]

    desk.suggest = suggest
    typed = await discord.autocomplete(acme, news, kim, "pause", "subscription", "kor")
    assert typed.choices[0] == {"name": "5. G7 in #news", "value": "5"}
    assert typed.choices[1]["name"] == "x" * 99 + "…"
    assert typed.choices[2]["name"] == "subscription kor 0"
    assert len(typed.choices) <= 25


async def test_offering_nothing_is_no_error(discord, desk, bot, acme, news, kim):
    async def broken(about, typed, asker, limit):
        raise TimeoutError

    desk.suggest = broken
    assert (await discord.autocomplete(acme, news, kim, "subscribe", "when", "x" * 6000)).choices == []


async def test_commands_are_told_only_when_they_changed(discord, desk, start, acme, news, kim):
    await start()
    assert discord.syncs == 1
    await start.stop()
    await start()
    await discord.wait_for(lambda: len(discord.called("get_commands")) == 2)
    await discord.command(acme, news, kim, "ask", {"question": "x"})
    assert discord.syncs == 1


async def test_a_command_of_an_older_version_is_told_so(discord, desk, bot, acme, news, kim):
    old = {**discord.commands()["ask"], "name": "news", "options": []}
    discord.world.commands[None].append(old)
    done = await discord.command(acme, news, kim, "news")
    assert "That command has changed." in done.shown
