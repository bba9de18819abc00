"""What people type about sources, and what comes of it: real fetching from a server on this machine."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.app import open_keywords
from bot.app.lookups import EACH, Lookups
from bot.commands import Commands
from bot.connectors import Asker
from briefings import opml
from briefings.fetch import Asking, Fetcher
from briefings.finding import Finder
from briefings.index import Index
from briefings.storage import Storage
from briefings.types import EVERYONE, Briefing, Listing, Notice, Preferences, Reply
from tests.servers.web import Reply as Answer
from tests.servers.web import WebServer

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ADA = Asker(workspace="terminal", channel="terminal:#general", person="ada", may_manage=True)
READER = replace(ADA, person="rob", may_manage=False)
STRANGER = Asker(workspace="elsewhere", channel="elsewhere:#general", person="eve", may_manage=True)
OPERATOR = replace(ADA, workspace=EVERYONE, person="")


def feed(*titles: str, name: str = "Harbour News") -> bytes:
    items = "".join(
        f"<item><title>{title}</title><link>https://harbour.example.org/{place}</link><guid>{place}</guid>"
        f"<pubDate>Mon, 23 Nov 2026 0{place}:00:00 GMT</pubDate><description>{title} again.</description></item>"
        for place, title in enumerate(titles)
    )
    return (
        f'<rss version="2.0"><channel><title>{name}</title><link>https://harbour.example.org/</link>{items}'
        "</channel></rss>"
    ).encode()


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        server.serve("/news.xml", Answer(feed("Crane falls", "Ferry sails", "Quay floods", "Gulls return")))
        yield server


async def as_written(host: str, _port: int) -> list[str]:
    """No look-ups in tests: only addresses are asked for."""
    return [host]


def run(job: Callable[[Finder], Any]) -> Any:
    async def alone() -> Any:
        asking = Asking(limit=1_000_000, allow_hosts=frozenset({"127.0.0.1"}), gap=0)
        async with Fetcher(asking, resolve=as_written) as fetcher:
            return await job(Finder(fetcher, asyncio.to_thread, limit=1_000_000))

    return asyncio.run(alone())


@pytest.fixture
def commands(storage: Storage, tmp_path: Path) -> Commands:
    keywords = open_keywords()
    index = Index.open(tmp_path / "index", keywords)
    return Commands(storage, index, keywords, Preferences(), lookup=Lookups(run))


def shown(reply: Reply) -> str:
    parts = []
    for content in reply.contents:
        if isinstance(content, Notice):
            parts.append(content.text)
        elif isinstance(content, Listing):
            parts += [content.title, *(f"{item.label} | {item.detail}" for item in content.items), content.empty]
    return "\n".join(parts)


def test_a_feed_is_added_with_what_was_found_and_its_three_newest_headlines(
    commands: Commands, storage: Storage, web: WebServer
) -> None:
    reply = commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    (listing,) = reply.contents
    assert isinstance(listing, Listing)
    assert reply.private
    assert listing.title == "Source 1 is added: Harbour News, 4 entries at 127.0.0.1"
    assert [item.label for item in listing.items] == ["Gulls return", "Quay floods", "Ferry sails"]
    assert listing.items[0].detail == "Mon 23 Nov 03:00 UTC"
    assert [action.command for action in listing.actions] == ["subscribe", "source remove 1"]
    (source,) = storage.sources.list("terminal")
    assert (source.feed.url, source.added_by, source.channel) == (web.url("/news.xml"), "ada", ADA.channel)
    again = commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    assert not again.found
    assert "number 1, Harbour News" in shown(again)


def test_what_claims_to_come_from_the_future_is_not_the_newest(commands: Commands, web: WebServer) -> None:
    web.serve("/news.xml", Answer(feed("Today", "Later").replace(b"23 Nov 2026 01", b"23 Nov 2049 01")))
    said = shown(commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW))
    assert said.endswith(
        "Today | Mon 23 Nov 00:00 UTC\nLater | no date\nIt lists nothing yet; what comes will be read."
    )
    assert "2049" not in shown(commands.handle("source check 1", ADA, NOW))


def test_a_site_finds_its_feed_and_names_the_others(commands: Commands, storage: Storage, web: WebServer) -> None:
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" title="{path}" href="{path}">'
        for path in ("/gone.xml", "/news.xml", "/sport.xml")
    )
    web.serve("/", Answer(f"<html><head><title>Harbour</title>{links}</head><body>Hello.</body></html>".encode()))
    reply = commands.handle(f"source add {web.url('/')}", ADA, NOW)
    assert storage.sources.list("terminal")[0].feed.url == web.url("/news.xml")
    assert "The site names other feeds too" in shown(reply)
    assert web.url("/sport.xml") in shown(reply)


def test_a_site_that_names_no_feed_is_tried_where_feeds_usually_are(
    commands: Commands, storage: Storage, web: WebServer
) -> None:
    web.serve("/", Answer(b"<html><body><p>Nothing but a greeting stands here.</p></body></html>"))
    web.serve("/feed", Answer(feed("Crane falls")))
    assert commands.handle(f"source add {web.url('/')}", ADA, NOW).found
    assert storage.sources.list("terminal")[0].feed.url == web.url("/feed")


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/page", Answer(b"<html><body><p>Only words.</p></body></html>"), "No feed was found there"),
        ("/missing", Answer(status=404), "404"),
        ("/closed", Answer(status=403), "403"),
        ("/empty", Answer(b""), "empty"),
        ("/picture", Answer(b"\x89PNG\r\n\x1a\n" + b"\0" * 100, type="image/png"), ""),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason_and_nothing_is_stored(
    path: str, answer: Answer, words: str, commands: Commands, storage: Storage, web: WebServer
) -> None:
    web.serve(path, answer)
    reply = commands.handle(f"source add {web.url(path)}", ADA, NOW)
    assert not reply.found
    assert words in shown(reply)
    assert "\n" not in shown(reply)
    assert not storage.sources.list("terminal")


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://10.0.0.1/"])
def test_a_private_address_is_refused(address: str, commands: Commands, storage: Storage) -> None:
    reply = commands.handle(f"source add {address}", ADA, NOW)
    assert "private" in shown(reply)
    assert "private" in shown(commands.handle(f"brief {address}", ADA, NOW))
    assert "private" in shown(commands.handle(f"feeds import {address}", ADA, NOW))


def test_only_managers_change_sources_and_everybody_may_look(commands: Commands, web: WebServer) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    asked = len(web.asked)
    for words in (
        f"source add {web.url('/other.xml')}",
        "source remove 1",
        "source pause 1",
        "source resume 1",
        "source check 1",
        "source accept 1",
        "source skip 1",
        "feeds export",
        f"feeds import {web.url('/list.opml')}",
    ):
        reply = commands.handle(words, READER, NOW)
        assert not reply.found, words
        assert "Only" in shown(reply), words
    assert len(web.asked) == asked
    reply = commands.handle("sources", READER, NOW)
    assert "1. Harbour News" in shown(reply)
    assert not any(item.actions for content in reply.contents for item in content.items)


def test_of_many_sources_those_that_need_somebody_come_first_and_have_buttons(
    commands: Commands, storage: Storage
) -> None:
    for number in range(1, 101):
        url = f"https://paper{number}.example.org/feed"
        storage.sources.add(workspace="terminal", url=url, name=f"Paper {number}", now=NOW)
    (feed,) = (it.feed for it in storage.sources.list("terminal") if it.id == 99)
    storage.feeds.claim_due(NOW, holder="test", lease=timedelta(minutes=1), limit=100)
    failing = replace(feed, health="failing", reason="It answers 500.", failures=3, changed=NOW)
    assert storage.feeds.save(failing, "test")
    (listing,) = commands.handle("sources", ADA, NOW).contents
    assert isinstance(listing, Listing)
    assert len(listing.items) == 100
    assert [item.label for item in listing.items[:3]] == ["99. Paper 99", "1. Paper 1", "2. Paper 2"]
    assert "failing since Mon 23 Nov 09:00 UTC: It answers 500" in listing.items[0].detail
    assert [bool(item.actions) for item in listing.items] == [True] * 20 + [False] * 80


def test_a_source_is_paused_resumed_and_removed(commands: Commands, storage: Storage, web: WebServer) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    assert "paused" in shown(commands.handle("source pause harbour news", ADA, NOW))
    assert storage.feeds.earliest_due() is None
    assert "paused; `source resume 1` lets it go on" in shown(commands.handle("sources", ADA, NOW))
    commands.handle("source resume 1", ADA, NOW)
    assert storage.feeds.earliest_due() == NOW
    assert "the articles that it brought stay" in shown(
        commands.handle(f"source remove {web.url('/news.xml')}", ADA, NOW)
    )
    assert not storage.sources.list("terminal")
    assert "There is no source “1” here" in shown(commands.handle("source remove 1", ADA, NOW))


def test_check_says_what_is_wrong_in_plain_words_or_that_all_is_well(
    commands: Commands, storage: Storage, web: WebServer
) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    web.serve("/news.xml", Answer(status=503), Answer(feed("Crane falls")))
    reply = commands.handle("source check 1", ADA, NOW)
    assert not reply.found
    assert shown(reply).startswith("Harbour News cannot be read now: 127.0.0.1 has trouble of its own (status 503)")
    (notice,) = reply.contents
    assert [action.command for action in notice.actions] == ["source check 1", "source remove 1"]
    later = NOW + timedelta(minutes=5)
    assert "Harbour News can be read: 1 entry at" in shown(commands.handle("source check 1", ADA, later))


def test_the_operators_sources_are_seen_everywhere_and_changed_nowhere_else(
    commands: Commands, storage: Storage, web: WebServer
) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", OPERATOR, NOW)
    assert "from the operator, for everybody" in shown(commands.handle("sources", STRANGER, NOW))
    for verb in ("remove", "pause", "resume", "accept", "skip"):
        assert "`sidelines feeds`" in shown(commands.handle(f"source {verb} 1", STRANGER, NOW))
    assert not commands.handle(f"source add {web.url('/news.xml')}", STRANGER, NOW).found
    assert commands.handle("source remove 1", OPERATOR, NOW).found


def test_no_workspace_sees_the_sources_of_another(commands: Commands, web: WebServer) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    assert "Harbour" not in shown(commands.handle("sources", STRANGER, NOW))
    for verb in ("remove", "pause", "resume", "check", "accept", "skip"):
        assert "There is no source “1” here" in shown(commands.handle(f"source {verb} 1", STRANGER, NOW))
    assert "Source" not in shown(commands.handle(f"why {web.url('/news.xml')}", STRANGER, NOW))
    assert commands.handle(f"source add {web.url('/news.xml')}", STRANGER, NOW).found


def test_feeds_go_out_and_come_in_again(commands: Commands, storage: Storage, web: WebServer) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    web.serve("/two.xml", Answer(feed("Fog", name='Fog & "Rain"')))
    commands.handle(f"source add {web.url('/two.xml')}", ADA, NOW)
    (notice,) = commands.handle("feeds export", ADA, NOW).contents
    assert isinstance(notice, Notice)
    web.serve("/list.opml", Answer(notice.text.encode(), type="text/x-opml"))
    assert [each.title for each in opml.read(notice.text.encode())] == ["Harbour News", 'Fog & "Rain"']
    dry = commands.handle(f"feeds import {web.url('/list.opml')} dry run", STRANGER, NOW)
    assert shown(dry).startswith("2 feeds would be added, 0 not\nHarbour News | would be added")
    assert not storage.sources.list("elsewhere")
    done = commands.handle(f"feeds import {web.url('/list.opml')}", STRANGER, NOW)
    assert "Harbour News | added as number 3" in shown(done)
    assert [each.name for each in storage.sources.list("elsewhere")] == ["Harbour News", 'Fog & "Rain"']
    again = commands.handle(f"feeds import {web.url('/list.opml')}", STRANGER, NOW)
    assert shown(again).startswith("0 feeds added, 2 not\nHarbour News | not added: it is read already")


def test_a_link_that_is_not_stored_is_read_for_that_answer_alone(
    commands: Commands, storage: Storage, web: WebServer
) -> None:
    prose = "The ferry to the islands sailed again on Monday after nine days in the dock. " * 8
    article = f"<article><h1>Ferry sails</h1><p>{prose}</p></article>"
    page = f"<html><head><title>Ferry sails</title></head><body>{article}</body></html>"
    web.serve("/ferry", Answer(page.encode()))
    reply = commands.handle(f"brief {web.url('/ferry')}", READER, NOW)
    (briefing,) = reply.contents
    assert isinstance(briefing, Briefing)
    assert reply.private
    assert briefing.stories[0].article.url == web.url("/ferry")
    assert briefing.stories[0].sections
    assert not briefing.actions
    assert not list(storage.articles.all("terminal"))


def test_nobody_can_send_the_bot_round_the_web(commands: Commands, web: WebServer) -> None:
    web.serve("/none", Answer(status=404))
    for _ in range(EACH):
        assert "404" in shown(commands.handle(f"brief {web.url('/none')}", READER, NOW))
    assert "try again later" in shown(commands.handle(f"brief {web.url('/none')}", READER, NOW))
    assert "404" in shown(commands.handle(f"brief {web.url('/none')}", ADA, NOW))
    assert len(web.asked_for("/none")) == EACH + 1


def test_a_list_of_sources_has_two_names(commands: Commands, web: WebServer) -> None:
    commands.handle(f"source add {web.url('/news.xml')}", ADA, NOW)
    for asker in (ADA, READER):
        assert "1. Harbour News" in shown(commands.handle("source list", asker, NOW))
        assert commands.handle("source list", asker, NOW) == commands.handle("sources", asker, NOW)


@pytest.mark.parametrize("words", ["Sources of the leak?", "feeds on krill", "source of the Nile", "feeds"])
def test_ordinary_words_are_questions(words: str, commands: Commands) -> None:
    reply = commands.handle(words, ADA, NOW)
    assert reply.contents
    assert (words == "feeds") == isinstance(reply.contents[0], Listing)
