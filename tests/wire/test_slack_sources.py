"""What people do about sources on Slack: every row of `source ...` and `feeds ...`, the Home tab, links to brief."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest

from bot.app.lookups import AT_ONCE
from briefings import opml
from briefings.sources import Entry, Seen, Source
from tests.servers.slack import Message, SlackServer
from tests.servers.web import Reply, WebServer
from tests.waiting import until
from tests.wire.conftest import Opener
from tests.wire.office import ANN, KIM, LEE, NEWS, TEAM, WORLD, Office, acknowledged, labels, text_of

WORKSPACE = f"slack:{TEAM}"
HOSTILE = "<!channel> <@U0KIM00001> *Sale* _now_ `rm` :tada: & <https://evil.example.org|your bank>"
NEWEST = ("Crane falls", "Ferry sails", "Quay floods", "Gulls return")
PROSE = "The pilot boat of Elm Island was sold to a school on Monday after nine years in the dock. " * 8


class Reading(Office):
    """An office with what it reads."""

    def sources(self) -> list[Source]:
        return self.storage.sources.list(WORKSPACE)

    def add(self, name: str, url: str) -> Source:
        """A source behind the bot's back."""
        return self.storage.sources.add(workspace=WORKSPACE, url=url, name=name, now=datetime.now(UTC))


def feed(*titles: str, name: str = "Harbour News", links: str = "https://harbour.example.org/") -> Reply:
    items = "".join(
        f"<item><title>{escape(title)}</title><link>{links}{place}</link><guid>{place}</guid>"
        f"<pubDate>Mon, 23 Nov 2026 0{place}:00:00 GMT</pubDate><description>{escape(title)}.</description></item>"
        for place, title in enumerate(titles)
    )
    return Reply(f'<rss version="2.0"><channel><title>{escape(name)}</title>{items}</channel></rss>'.encode())


def page(title: str) -> Reply:
    article = f"<article><h1>{title}</h1><p>{PROSE}</p></article>"
    return Reply(f"<html><head><title>{title}</title></head><body>{article}</body></html>".encode())


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.serve("/news.xml", feed(*NEWEST))
        yield server


@pytest.fixture(params=["socket", "http"])
async def office(request: pytest.FixtureRequest, slack: SlackServer, opened: Opener, unpaced: None) -> Office:
    """The office in both modes."""
    slack.pace.per_channel = None
    return await opened(request.param, Reading)


def code_of(messages: list[Message]) -> str:
    """What people copy: the words of all blocks of code."""
    return "\n".join(
        "".join(piece.get("text", "") for piece in element["elements"])
        for message in messages
        for block in message.blocks
        for element in block.get("elements", [])
        if element["type"] == "rich_text_preformatted"
    )


# By words


async def test_a_life_of_a_source_by_words_and_buttons(office: Reading, web: WebServer):
    slack = office.slack
    told = await office.whispers(WORLD, KIM, office.command(KIM, f"source add {web.url('/news.xml')}"))
    for words in ("Source 1 is added: Harbour News, 4 entries", "Gulls return", "Quay floods", "Ferry sails"):
        assert words in text_of(told)
    assert "Crane falls" not in text_of(told)
    listed = await office.whispers(WORLD, KIM, office.command(KIM, "sources"))
    assert {"check", "pause", "remove"} <= set(labels(listed))
    assert "can be read" in text_of(await office.whispers(WORLD, KIM, slack.press(TEAM, KIM, listed[0], "check")))
    assert "is paused" in text_of(await office.whispers(WORLD, KIM, slack.press(TEAM, KIM, listed[0], "pause")))
    assert office.sources()[0].paused
    assert "resume" in labels(await office.whispers(WORLD, KIM, office.command(KIM, "sources")))
    assert "is read again" in await office.type(KIM, "source resume 1")
    web.serve("/news.xml", Reply(status=410))
    checked = await office.type(KIM, "source check Harbour News")
    assert "cannot be read now" in checked
    assert "410" in checked
    assert "is read no more here" in await office.type(KIM, "source remove 1")
    assert office.sources() == []


async def test_by_mention_and_by_direct_message(office: Reading, web: WebServer):
    slack, direct = office.slack, office.slack.workspaces[TEAM].direct(KIM).id
    told = await office.whispers(WORLD, KIM, slack.mention(TEAM, WORLD, KIM, f"source add {web.url('/news.xml')}"))
    assert "Source 1 is added" in text_of(told)
    assert slack.posts(WORLD) == []
    said = await office.said(direct, slack.direct(TEAM, KIM, f"source add {web.url('/news.xml')}"))
    assert "number 1, Harbour News" in text_of(said)
    assert "Harbour News" in text_of(await office.said(direct, slack.direct(TEAM, KIM, "sources")))


async def test_who_may_not_manage_sees_what_is_read_and_changes_nothing(office: Reading, web: WebServer):
    office.add("Harbour News", web.url("/news.xml"))
    for words in (f"source add {web.url('/more.xml')}", "source add", "source remove 1", "feeds export"):
        assert "workspace admins and owners" in await office.type(LEE, words)
    assert office.slack.view() is None
    assert web.asked_for("/more.xml") == []
    (listed,) = await office.said(WORLD, office.command(LEE, "sources"))
    assert "Harbour News" in listed.shown
    assert labels([listed]) == []


async def test_feeds_go_out_to_be_copied_and_come_in(office: Reading, web: WebServer):
    office.add("Fog & “Rain” *daily*", web.url("/two.xml"))
    for number in range(120):
        office.add(f"Paper {number}", f"https://paper{number}.example.org/feed?a=1&b=<2>")
    copied = code_of(await office.whispers(WORLD, KIM, office.command(KIM, "feeds export")))
    outlines = opml.read(copied.encode())
    assert [(each.title, each.url) for each in outlines] == [(each.name, each.feed.url) for each in office.sources()]
    web.serve(
        "/list.opml",
        Reply(opml.write([*outlines[:1], opml.Outline(title="Harbour", url=web.url("/news.xml"))], "Mine")),
    )
    assert "1 feed would be added, 1 not" in await office.type(KIM, f"feeds import {web.url('/list.opml')} dry run")
    taken = await office.type(KIM, f"feeds import {web.url('/list.opml')}")
    assert "added as number 122" in taken
    assert "it is read already" in taken


async def test_titles_of_feeds_are_shown_as_they_are_and_mention_nobody(office: Reading, web: WebServer):
    web.serve("/bad.xml", feed(HOSTILE, "Fog " * 2500, "A <script>alert(1)</script> title", name=HOSTILE))
    told = await office.whispers(WORLD, KIM, office.command(KIM, f"source add {web.url('/bad.xml')}"))
    assert HOSTILE in text_of(told)
    assert '"evil.example.org"' not in str([message.blocks for message in told])
    listed = await office.whispers(WORLD, KIM, office.command(KIM, "sources"))
    assert "<!channel>" in text_of(listed)
    home = await office.home(KIM, "*Sale*", office.slack.home_opened(TEAM, KIM))
    assert "<!channel>" in home.shown


# Links to brief


async def test_a_link_that_is_not_stored_is_briefed_for_who_asked_alone(office: Reading, web: WebServer):
    slack = office.slack
    web.serve("/boat", page("Pilot boat sold"))
    assert "sold to a school" in await office.type(LEE, f"brief {web.url('/boat')}")
    post = acknowledged(await slack.message(TEAM, WORLD, KIM, f"Seen this? {web.url('/boat')}?utm_source=chat"))
    web.serve("/boat?utm_source=chat", page("Pilot boat sold"))
    message = next(one for one in slack.messages(WORLD) if one.ts == post.ts)
    shown = await office.whispers(WORLD, LEE, slack.message_shortcut(TEAM, LEE, message, "sidelines:brief_link"))
    assert "sold to a school" in text_of(shown)
    assert slack.posts(WORLD) == []


async def test_nothing_is_fetched_from_a_private_network(office: Reading):
    for address in ("http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://localhost/"):
        for words in (f"brief {address}", f"source add {address}", f"feeds import {address}"):
            (refused,) = await office.whispers(WORLD, KIM, office.command(KIM, words))
            assert "private network" in refused.shown


async def test_addresses_that_answer_late_hold_up_nobody(office: Reading, web: WebServer):
    slack, answers = office.slack, asyncio.Event()
    web.serve("/late", Reply(page("Pilot boat sold").body, until=answers))
    for _ in range(AT_ONCE):
        acknowledged(await office.command(LEE, f"brief {web.url('/late')}"))
    acknowledged(await office.command(KIM, f"source add {web.url('/news.xml')}"))
    await slack.wait_for(lambda: "try again in a minute" in text_of(slack.ephemerals(WORLD, KIM)))
    seen = len(slack.posts(WORLD))
    acknowledged(await office.command(ANN, "latest ferry"))
    await slack.wait_for(lambda: "Night ferry" in text_of(slack.posts(WORLD)[seen:]))
    assert slack.ephemerals(WORLD, LEE) == []
    answers.set()
    await office.quiet()
    assert len(slack.ephemerals(WORLD, LEE)) == AT_ONCE
    assert "sold to a school" in slack.ephemerals(WORLD, LEE)[-1].shown


# The form


async def test_a_source_is_added_by_the_form_which_says_at_its_field_what_is_wrong(office: Reading, web: WebServer):
    slack = office.slack
    form = await office.viewed(office.command(KIM, "source add"))
    assert form.title == "Add a source"
    for typed, told in (
        ("   ", "Type the address"),
        ("no address", "no web address"),
        (web.url("/none.xml"), "404"),
        ("http://10.0.0.1/", "private"),
    ):
        done = acknowledged(await slack.submit(form, {"address": typed}))
        assert told in done.body["errors"]["address"]
        assert form.open
    told = await office.whispers(WORLD, KIM, slack.submit(form, {"address": web.url("/news.xml")}))
    assert "Source 1 is added: Harbour News" in text_of(told)
    assert not form.open


async def test_a_mention_offers_a_button_that_opens_the_form(office: Reading, web: WebServer):
    slack = office.slack
    (told,) = await office.whispers(WORLD, KIM, slack.mention(TEAM, WORLD, KIM, "source add"))
    form = await office.viewed(slack.press(TEAM, KIM, told, "add a source"))
    added = await office.whispers(WORLD, KIM, slack.submit(form, {"address": web.url("/news.xml")}))
    assert "Source 1 is added" in text_of(added)


# The Home tab


async def test_the_home_tab_adds_sources_and_its_buttons_work(office: Reading, web: WebServer):
    slack = office.slack
    home = await office.home(KIM, "Nothing is read by itself yet", slack.home_opened(TEAM, KIM))
    form = await office.viewed(slack.press(TEAM, KIM, home, "add a source"))
    await office.home(KIM, "Source 1 is added", slack.submit(form, {"address": web.url("/news.xml")}))
    await office.quiet()
    home = await office.home(KIM, "1. Harbour News", slack.home_opened(TEAM, KIM))
    assert "can be read" in (await office.viewed(slack.press(TEAM, KIM, home, "source check 1"))).shown
    await office.quiet()
    await office.home(KIM, "is paused", slack.press(TEAM, KIM, home, "source pause 1"))
    await office.quiet()
    await office.home(KIM, "is read again", slack.press(TEAM, KIM, home, "source resume 1"))
    await office.quiet()
    hold(office, office.sources()[0], 7)
    home = await office.home(KIM, "7 entries held back", slack.home_opened(TEAM, KIM))
    await office.home(KIM, "7 entries of Harbour News are left out", slack.press(TEAM, KIM, home, "source skip 1"))
    await office.quiet()
    hold(office, office.sources()[0], 1)
    home = await office.home(KIM, "1 entry held back", slack.home_opened(TEAM, KIM))
    await office.home(KIM, "1 entry of Harbour News is let in", slack.press(TEAM, KIM, home, "source accept 1"))
    await office.quiet()
    await office.home(KIM, "is read no more here", slack.press(TEAM, KIM, home, "source remove 1"))
    assert office.sources() == []
    others = await office.home(LEE, "Subscriptions", slack.home_opened(TEAM, LEE))
    assert "Sources" not in others.shown


async def test_a_source_that_answers_late_is_told_on_the_home_tab_when_it_comes(office: Reading, web: WebServer):
    slack, answers = office.slack, asyncio.Event()
    web.serve("/late.xml", Reply(feed("Crane falls").body, until=answers))
    home = await office.home(KIM, "Sources", slack.home_opened(TEAM, KIM))
    form = await office.viewed(slack.press(TEAM, KIM, home, "add a source"))
    await office.home(KIM, "looking at that address", slack.submit(form, {"address": web.url("/late.xml")}))
    assert not form.open
    answers.set()
    await slack.wait_for(lambda: "Source 1 is added" in slack.home(TEAM, KIM).shown)


async def test_the_home_tab_holds_five_hundred_sources(office: Reading):
    for number in range(500):
        office.add(f"Paper {number}", f"https://paper{number}.example.org/feed")
    hold(office, office.sources()[-1], 3)
    home = await office.home(KIM, "/briefing sources", office.slack.home_opened(TEAM, KIM))
    assert len(home.blocks) <= 100
    assert "3 entries held back" in home.shown
    assert re.search(r"\d{3} more: type", home.shown)
    assert "articles are stored" in home.shown


def hold(office: Reading, source: Source, count: int) -> None:
    """Let a feed have entries that are held back."""
    now = datetime.now(UTC)
    office.storage.feeds.remember(
        Seen(
            id=0,
            feed=source.feed.id,
            title=f"Flood {number}",
            guid=f"flood {number}",
            url=None,
            digest=f"{number}",
            first_seen=now,
            last_seen=now,
            state="held",
            entry=Entry(title=f"Flood {number}"),
        )
        for number in range(count)
    )


# What comes of sources


async def test_what_a_source_brings_is_posted_and_its_end_is_told_to_who_added_it(office: Reading, web: WebServer):
    slack = office.slack
    direct = slack.workspaces[TEAM].direct(KIM).id
    assert "Source 1 is added" in await office.type(KIM, f"source add {web.url('/news.xml')}")
    await office.type(KIM, "subscribe pilot boat as it happens in #news")
    await until_read(office)
    assert slack.posts(NEWS) == []
    web.serve("/boat4", page("Pilot boat sold"))
    web.serve("/news.xml", feed(*NEWEST, "Pilot boat sold", links=web.url("/boat")))
    assert "can be read" in await office.type(KIM, "source check 1")
    (lead,) = await slack.wait_for(lambda: slack.posts(NEWS))
    assert "Pilot boat sold" in lead.shown
    assert "sold to a school" in lead.shown
    web.serve("/news.xml", Reply(status=410))
    office.storage.feeds.due_now(1, datetime.now(UTC))
    await office.type(LEE, "help")
    (told,) = await slack.wait_for(lambda: slack.posts(direct))
    assert "Harbour News" in told.shown
    assert "410" in told.shown
    assert "stopped since" in await office.type(KIM, "sources")


async def until_read(office: Reading) -> None:
    """Until the bot has read its first source for the first time."""
    await until(lambda: office.sources()[0].first_read)
