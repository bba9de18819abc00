"""Sources on Discord, over the wire, with feeds of a local site: in a server, in direct messages, as a user install."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from briefings import opml
from briefings.sources import Entry, Seen, Source
from tests.servers.discord import Channel, Message
from tests.servers.newsroom import page, report
from tests.servers.web import Reply
from tests.wire.guild_office import GuildOffice, Who, labels, text_of
from tests.wire.newsstand import TITLE, Newsstand

HOSTILE = "@everyone <@&1> it`s ``` *Sale* ||now|| [bank](https://evil.example.org) <script> #general :tada:"
PRIVATE = "http://intranet.example.org/payroll"


@pytest.fixture
async def stand(guilds: GuildOffice) -> AsyncIterator[Newsstand]:
    """A site with four reports."""
    async with Newsstand() as stand:
        stand.publish(*map(report, range(4)))
        yield stand


def read_by(guilds: GuildOffice, who: Who | None = None) -> list[Source]:
    """The sources of `acme`, or of a person."""
    return guilds.storage.sources.list(f"discord:@{who.id}" if who else f"discord:{guilds.acme.id}")


def copied(messages: list[Message]) -> bytes:
    """What people copy: a file, or the words of a block of code."""
    (message,) = messages
    for file in message.payload.get("attachments", ()):
        assert file["filename"] == "feeds.opml"
        return bytes(file["content"])
    return message.content.removeprefix("```").removesuffix("```").strip().encode()


def add(guilds: GuildOffice, url: str, name: str = TITLE) -> Source:
    """A source behind the bot's back."""
    workspace = f"discord:{guilds.acme.id}"
    return guilds.storage.sources.add(workspace=workspace, url=url, name=name, now=datetime.now(UTC))


def hold(guilds: GuildOffice, source: Source, count: int) -> None:
    """Let a feed have entries that are held back."""
    now = datetime.now(UTC)
    entries = [Entry(title=f"Flood {number}", guid=f"flood {number}") for number in range(count)]
    guilds.storage.feeds.remember(
        Seen(
            id=0,
            feed=source.feed.id,
            title=entry.title,
            guid=entry.guid,
            url=None,
            digest=entry.title,
            first_seen=now,
            last_seen=now,
            state="held",
            entry=entry,
        )
        for entry in entries
    )


# In a server


async def test_a_life_of_a_source(guilds: GuildOffice, stand: Newsstand):
    kim = guilds.kim
    told = await guilds.slash(kim, "source add", address=stand.url("/"))
    assert told.deferred
    assert told.ephemeral
    assert f"Source 1 is added: {TITLE}, 4 entries" in told.shown
    assert [report(number).title in told.shown for number in range(4)] == [True, True, True, False]
    assert labels(told.messages) == ["subscribe", "remove"]
    assert read_by(guilds)[0].feed.url == stand.url("/feed")
    assert "is a source here already" in (await guilds.slash(kim, "source add", address=stand.url("/feed"))).shown
    listed = await guilds.slash(kim, "source list")
    assert listed.ephemeral
    assert labels(listed.messages) == ["check", "pause", "remove", "export"]
    assert "can be read: 4 entries" in (await guilds.press(kim, listed, "check")).shown
    assert "is paused" in (await guilds.slash(kim, "source pause", source="1")).shown
    assert "resume" in labels((await guilds.slash(kim, "sources")).messages)
    assert "is read again" in (await guilds.slash(kim, "source resume", source=TITLE)).shown
    stand.serve("/feed", Reply(status=410))
    checked = await guilds.slash(kim, "source check", source=stand.url("/feed"))
    assert "cannot be read now" in checked.shown
    assert "410" in checked.shown
    assert "is read no more here" in (await guilds.press(kim, checked, "remove")).shown
    assert read_by(guilds) == []


async def test_what_a_source_brings_is_posted(guilds: GuildOffice, stand: Newsstand):
    kim = guilds.kim
    told = await guilds.slash(kim, "source add", address=stand.url("/feed"))
    form = await guilds.press(kim, told, "subscribe")
    await guilds.settled(guilds.discord.submit(kim, form, {"topic": "valley", "when": "as it happens"}))
    async with asyncio.timeout(10):
        while not read_by(guilds)[0].first_read:  # What it lists until then is no news.
            await asyncio.to_thread(lambda: None)
    stand.publish(*map(report, range(5)))
    await guilds.slash(kim, "source check", source="1")
    await guilds.discord.wait_for(lambda: report(4).title in text_of(guilds.discord.posts(guilds.world)))
    await guilds.quiet()
    why = await guilds.slash(guilds.lee, "why", article=stand.url("/report/4"))
    assert f"Listed by source 1, {TITLE}: yes" in why.shown
    assert "has had it: posted" in why.shown


async def test_that_a_source_ended_is_told_to_who_added_it(guilds: GuildOffice, stand: Newsstand):
    await guilds.slash(guilds.kim, "source add", address=stand.url("/feed"))
    stand.serve("/feed", Reply(status=410))
    await guilds.slash(guilds.kim, "source check", source="1")
    place = guilds.discord.conversation(guilds.kim)
    await guilds.discord.wait_for(lambda: guilds.discord.posts(place))
    (told,) = guilds.discord.posts(place)
    assert TITLE in told.shown
    assert "410" in told.shown
    assert "stopped since" in (await guilds.slash(guilds.lee, "sources")).shown


async def test_what_was_held_back_is_let_in_or_left_out(guilds: GuildOffice, stand: Newsstand):
    for number, (verb, outcome) in enumerate((("accept", "are let in"), ("skip", "are left out")), 1):
        hold(guilds, add(guilds, stand.url(f"/{verb}")), 7)
        listed = await guilds.slash(guilds.kim, "source list")
        assert "7 entries held back" in listed.shown
        assert any(label.startswith(verb) for label in labels(listed.messages))
        done = await guilds.slash(guilds.kim, f"source {verb}", source=str(number))
        assert f"7 entries of {TITLE} {outcome}" in done.shown
        assert "held back" not in (await guilds.slash(guilds.kim, "source list")).shown


MANAGING = [
    ("source add", {"address": "https://harbour.example.org/feed"}),
    ("source remove", {"source": "1"}),
    ("source pause", {"source": "1"}),
    ("source resume", {"source": "1"}),
    ("source check", {"source": "1"}),
    ("source accept", {"source": "1"}),
    ("source skip", {"source": "1"}),
    ("feeds import", {"address": "https://harbour.example.org/list"}),
    ("feeds export", {}),
]


async def test_others_see_what_is_read_and_change_nothing(guilds: GuildOffice, stand: Newsstand):
    add(guilds, stand.url("/feed"))
    before = read_by(guilds)
    for name, options in MANAGING:
        await guilds.managers_only(name, **options)
    assert "Manage Server" in text_of(await guilds.mention(guilds.lee, "source remove 1"))
    listed = await guilds.slash(guilds.lee, "sources")
    assert TITLE in listed.shown
    assert labels(listed.messages) == []
    assert [(it.id, it.paused) for it in read_by(guilds)] == [(it.id, it.paused) for it in before]


async def test_a_source_is_chosen_while_typing(guilds: GuildOffice, stand: Newsstand):
    add(guilds, stand.url("/feed"))
    add(guilds, "https://elm.example.org/feed", HOSTILE * 3)
    for typed, expected in (("", ["1", "2"]), ("valley", ["1"]), ("2", ["2"]), ("nowhere", [])):
        asked = guilds.discord.autocomplete(guilds.acme, guilds.world, guilds.kim, "source pause", "source", typed)
        choices = (await asked).choices or []
        assert [each["value"] for each in choices] == expected
    guilds.storage.sources.add(workspace="discord:1", url=stand.url("/b"), name="Other", now=datetime.now(UTC))
    theirs = await guilds.discord.autocomplete(guilds.bolt, guilds.bolt_world, guilds.max, "source check", "source")
    assert theirs.choices == []
    for verb in ("check", "pause", "remove"):
        refused = await guilds.slash(guilds.max, f"source {verb}", guilds.bolt_world, source="1")
        assert "There is no source “1” here" in refused.shown


async def test_titles_of_feeds_are_shown_as_they_are(guilds: GuildOffice, stand: Newsstand):
    stand.publish(report(1, title=HOSTILE), report(2, title="Fog " * 2500), title=HOSTILE)
    told = await guilds.slash(guilds.kim, "source add", address=stand.url("/feed"))
    listed = await guilds.slash(guilds.kim, "source list")
    checked = await guilds.slash(guilds.kim, "source check", source="1")
    paused = await guilds.slash(guilds.kim, "source pause", source="1")
    for shown in (told.shown, listed.shown, checked.shown, paused.shown):
        for literal in (r"\@everyone", r"\*Sale\*", r"\|\|now\|\|", r"\[bank\]", r"\<script\>"):
            assert literal in shown
    assert "`source resume 1`" in paused.shown


async def test_many_sources_are_listed_in_few_messages(guilds: GuildOffice):
    for number in range(100):
        add(guilds, f"https://paper{number}.example.org/feed", f"Paper {number}")
    listed = await guilds.slash(guilds.kim, "source list")
    assert all(f"Paper {number}" in listed.shown for number in range(100))
    assert len(listed.messages) <= 5


# Lists of feeds


async def test_a_list_of_feeds_comes_in_and_goes_out(guilds: GuildOffice, stand: Newsstand):
    kim = guilds.kim
    feeds = [("Valley", stand.url("/feed")), ("Again", stand.url("/feed")), ("Odd", "file:///etc/passwd")]
    feeds += [(f"Paper {number} &amp; Sons", f"https://paper{number}.example.org/feed") for number in range(60)]
    address = stand.list_feeds("/list.opml", feeds)
    dry = await guilds.slash(kim, "feeds import", file=guilds.discord.world.file(address), dry_run=True)
    assert "61 feeds would be added, 1 not" in dry.shown
    assert read_by(guilds) == []
    assert "61 feeds added, 1 not" in (await guilds.slash(kim, "feeds import", address=address)).shown
    assert "0 feeds added, 62 not" in (await guilds.slash(kim, "feeds import", address=address)).shown
    for length in (61, 3):
        for it in read_by(guilds)[length:]:
            guilds.storage.sources.remove(it.id, it.workspace)
        given = await guilds.slash(kim, "feeds export")
        assert given.ephemeral
        sent = await guilds.mention(kim, "feeds export")
        assert "in a direct message" in text_of(sent)
        for messages in (given.messages, guilds.discord.posts(guilds.discord.conversation(kim))[-1:]):
            outlines = opml.read(copied(messages))
            assert [(it.title, it.url) for it in outlines] == [(it.name, it.feed.url) for it in read_by(guilds)]
            assert len(outlines) == length


async def test_where_no_file_may_be_sent_the_list_is_shown(guilds: GuildOffice):
    for number in range(61):
        add(guilds, f"https://paper{number}.example.org/feed", f"Paper {number}")
    guilds.discord.fail_next("edit_original", code=50013)
    given = await guilds.slash(guilds.kim, "feeds export")
    blocks = [each.content.removeprefix("```").removesuffix("```").strip("\n") for each in given.messages]
    assert len(opml.read("\n".join(blocks).encode())) == 61


# In direct messages


async def test_a_person_has_sources_of_their_own(guilds: GuildOffice, stand: Newsstand):
    lee = guilds.lee
    for words, expected in (
        ("sources", "Nothing is read by itself yet"),
        (f"source add {stand.url('/')}", f"Source 1 is added: {TITLE}"),
        ("sources", "Sources of this conversation"),
        ("source check 1", "can be read"),
        ("source pause 1", "is paused"),
        ("source resume 1", "is read again"),
        ("source accept 1", "0 entries"),
        ("feeds export", "/feed"),
        ("source remove 1", "is read no more here"),
        (f"feeds import {stand.list_feeds('/list', [('Valley', stand.url('/feed'))])}", "1 feed added, 0 not"),
    ):
        shown = text_of(await guilds.direct(lee, words))
        assert expected in shown, words
        assert "workspace" not in shown, words
    place = guilds.discord.conversation(lee)
    for name, options in (("source pause", {"source": "2"}), ("source remove", {"source": "Valley"})):
        assert "Valley" in (await guilds.slash(lee, name, place, **options)).shown
    assert read_by(guilds, lee) == read_by(guilds) == []


# Links that nothing is stored of


async def briefed(guilds: GuildOffice, who: Who, place: Channel, link: str) -> list[Any]:
    """The same link by `/brief` and by the menu of a message."""
    server = guilds.discord.guilds.get(place.guild or "")
    linked = await guilds.discord.message(server, place, who, f"look: {link}")
    by_menu = await guilds.settled(guilds.discord.menu(who, linked, "Brief this link"))
    return [by_menu, await guilds.slash(who, "brief", place, about=link)]


@pytest.mark.parametrize("where", ["server", "direct", "outside"])
async def test_a_link_that_nothing_is_stored_of_is_briefed(guilds: GuildOffice, stand: Newsstand, where: str):
    who, place = {
        "server": (guilds.lee, guilds.world),
        "direct": (guilds.lee, guilds.discord.conversation(guilds.lee)),
        "outside": (guilds.ann, guilds.lobby),
    }[where]
    before = guilds.storage.articles.last_change()
    for done in await briefed(guilds, who, place, stand.url("/report/1")):
        assert done.deferred
        assert done.ephemeral or where == "direct"
        assert report(1).title in done.shown
        assert "kilometre 1" in done.shown
    for done in await briefed(guilds, who, place, PRIVATE):
        assert "private" in done.shown
        assert done.shown.count(". ") == 0
        assert "\n" not in done.shown
    assert guilds.discord.posts(guilds.world) == guilds.discord.posts(guilds.lobby) == []
    assert guilds.storage.articles.last_change() >= before


async def test_an_address_that_answers_late_keeps_nobody_waiting(guilds: GuildOffice, stand: Newsstand):
    discord, answers = guilds.discord, asyncio.Event()
    stand.serve("/late", Reply(page(report(1)), until=answers))
    stand.serve("/late.json", Reply(status=404, until=answers))
    brief = await discord.command(
        guilds.acme, guilds.world, guilds.lee, "brief", {"about": stand.url("/late")}, settle=False
    )
    added = await discord.command(
        guilds.acme, guilds.world, guilds.kim, "source add", {"address": stand.url("/late.json")}, settle=False
    )
    assert brief.deferred
    assert added.deferred
    assert (
        "What you can type" in (await discord.command(guilds.acme, guilds.world, guilds.lee, "help")).shown
    )  # While both wait.
    assert not brief.answered
    assert not added.answered
    answers.set()
    await guilds.quiet()
    assert report(1).title in brief.shown
    assert "404" in added.shown


async def test_a_user_install_reads_and_changes_nothing(guilds: GuildOffice, stand: Newsstand):
    listed = await guilds.slash(guilds.ann, "sources", guilds.lobby)
    assert listed.ephemeral
    assert "Nothing is read by itself yet" in listed.shown
    for name, options in MANAGING:
        with pytest.raises(PermissionError, match="has it installed"):
            await guilds.slash(guilds.ann, name, guilds.lobby, **options)
        assert "Only" in (await guilds.slash(guilds.ann, name, guilds.lobby, forge=True, **options)).shown, name
    assert read_by(guilds, guilds.ann) == []
    assert stand.asked == []
