"""What feeds and their servers do wrong: each a recorded reason, told once, with no harm to other feeds."""

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from briefings.polling import FAILING_AFTER, PAUSED_AFTER, PROBE
from briefings.refresh.gathering import ENTRIES, TRIES
from tests.servers.newsroom import HOUR, LIMIT, NOON, Newsroom, report
from tests.servers.web import Reply, redirect

REPORTS = [report(n) for n in range(12)]
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
FEED_TYPE = "application/rss+xml"


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Newsroom]:
    async with Newsroom(database_url) as opened:
        yield opened


def feed(items: str, head: str = '<?xml version="1.0"?>') -> Reply:
    body = f"{head}<rss version='2.0'><channel><title>Valley Post</title>{items}</channel></rss>"
    return Reply(body.encode(errors="surrogatepass"), type=FEED_TYPE)


FAILURES = {
    "a page": Reply(b"<!doctype html><html><body><p>Welcome to our site.</p></body></html>"),
    "empty": Reply(b"", type=FEED_TYPE),
    "huge": Reply(b"<rss>" + b"x" * (LIMIT + 1), type=FEED_TYPE),
    "gzip bomb": Reply(bomb=50_000_000, type=FEED_TYPE),
    "endless": Reply(endless=True, type=FEED_TYPE),
    "cut off": Reply(gzip.compress(b"<rss>" * 999), stop_after=20, packed=True, type=FEED_TYPE),
    "in a circle": redirect("/bad", 301),
    "304 unasked": Reply(status=304),
    "401": Reply(status=401),
    "403": Reply(status=403),
    "404": Reply(status=404),
    "429": Reply(status=429),
    "500": Reply(status=500),
    "503": Reply(status=503),
    "a picture": Reply(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), type="image/png"),
    "other text": Reply(b"Nothing to see here.", type="text/plain"),
    "to a private network": redirect("http://10.0.0.1/feed"),
    "with a password": redirect("http://me:secret@127.0.0.1/feed"),
    "to nowhere": redirect("ftp://127.0.0.1/feed"),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_is_recorded_with_its_reason_and_others_go_on(room: Newsroom, failure: str) -> None:
    room.source("/bad")
    room.source("/good")
    room.web.serve("/bad", FAILURES[failure])
    room.publish(*REPORTS, path="/good")
    await room.look()
    bad = room.feed("/bad")
    assert (bad.failures, bad.last_good, bad.health) == (1, None, "healthy")
    assert bad.reason is not None
    assert bad.reason.endswith(".")
    assert "secret" not in bad.reason
    assert bad.next_fetch is not None
    assert bad.next_fetch > room.now
    assert len(room.titles()) == len(REPORTS)
    assert room.feed("/good").health == "healthy"


@pytest.mark.parametrize("failure", FAILURES)
async def test_it_recovers_by_itself_and_says_each_change_once(room: Newsroom, failure: str) -> None:
    room.source()
    room.web.serve("/feed", FAILURES[failure])
    room.web.serve("/bad", FAILURES[failure])
    for _ in range(FAILING_AFTER + 2):
        await room.look(7 * HOUR)
    assert room.feed().health == "failing"
    [notice] = room.notices()
    assert str(room.feed().reason) in notice.text
    room.publish(*REPORTS)
    await room.look(7 * HOUR)
    assert (room.feed().health, room.feed().reason, len(room.titles())) == ("healthy", None, len(REPORTS))
    assert [each.level for each in room.notices()] == ["problem", "info"]


# What is odd, but a feed

ODD = {
    "twice the same guid": feed(
        "<item><title>One</title><guid>a</guid><link>/1</link></item>"
        "<item><title>Two</title><guid>a</guid><link>/2</link></item>"
    ),
    "no link": feed("<item><title>One</title><description>A short text of its own.</description></item>"),
    "no title": feed("<item><link>/1</link><description>A short text of its own.</description></item>"),
    "future and 1970": feed(
        "<item><title>One</title><link>/1</link><pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate></item>"
        "<item><title>Two</title><link>/2</link><pubDate>Thu, 01 Jan 2099 00:00:00 GMT</pubDate></item>"
    ),
    "laughs": feed("<item><title>&l9;</title><link>/1</link></item>", f"<!DOCTYPE rss [<!ENTITY l0 'ha'>{LAUGHS}]>"),
    "control characters": feed("<item><title>One\x01\x0b\x1f two</title><link>/1</link></item>"),
    "long title": feed(f"<item><title>{'word ' * 2000}</title><link>/1</link></item>"),
    "script": feed("<item><title>&lt;script&gt;alert(1)&lt;/script&gt; @everyone</title><link>/1</link></item>"),
    "odd hosts": feed(
        "<item><title>One</title><link>http://bücher.example/1</link></item>"
        "<item><title>Two</title><link>http://[::1/2</link></item>"
        "<item><title>Three</title><link>http://me:secret@valley.example/3</link></item>"
    ),
    "wrong type": Reply(feed("<item><title>One</title><link>/1</link></item>").body, type="text/html"),
    "no entries": feed(""),
}


@pytest.mark.parametrize("oddity", ODD)
async def test_what_is_odd_goes_through_once(room: Newsroom, oddity: str) -> None:
    room.source()
    room.web.serve("/feed", ODD[oddity])
    for path in ("/1", "/2"):
        room.web.serve(path, Reply(status=404))
    for _ in range(TRIES):
        await room.look(3 * HOUR)
    assert (room.feed().health, room.feed().reason) == ("healthy", None)
    titles = room.titles()
    assert bool(titles) == (oddity != "no entries")
    assert all(article.published is None for article in room.articles())
    room.web.serve("/feed", Reply(ODD[oddity].body + b"\n", type=FEED_TYPE))
    await room.look()
    assert room.titles() == titles


async def test_a_feed_of_thousands_of_entries_is_stored_little_by_little(room: Newsroom) -> None:
    room.source()
    texts = [f"Sentence {n} of a long list stands here." for n in range(ENTRIES * 5)]
    items = (f"<item><guid>{n}</guid><description>{text}</description></item>" for n, text in enumerate(texts))
    room.web.serve("/feed", feed("".join(items)))
    for looks in range(1, 6):
        await room.look()
        assert len(room.titles()) == ENTRIES * looks
    assert room.notices() == []
    assert {article.backlog for article in room.articles()} == {True}


# Health


async def test_a_single_failure_is_told_nobody(room: Newsroom) -> None:
    room.source()
    room.publish(*REPORTS)
    await room.look()
    room.web.serve("/feed", Reply(status=500))
    await room.look()
    room.publish(*REPORTS)
    await room.look()
    assert room.notices() == []
    assert room.feed().failures == 0


async def test_our_own_line_being_down_is_told_of_no_feed(room: Newsroom) -> None:
    for name in "abcde":
        room.storage.sources.add(workspace="w", url=f"http://{name}.example/feed", name=name, now=room.now)
    for _ in range(10):
        await room.look(2 * HOUR)
    assert room.notices() == []
    assert all(source.feed.reason for source in room.storage.sources.list("w"))
    room.source()
    room.publish(*REPORTS)
    while room.now < NOON + timedelta(days=5):
        await room.look(HOUR / 4)
    assert len(room.notices()) == len("abcde")


async def test_silence_of_more_than_a_day_is_told_whosever_fault_it_is(room: Newsroom) -> None:
    for name in "abcde":
        room.storage.sources.add(workspace="w", url=f"http://{name}.example/feed", name=name, now=room.now)
    while room.now < NOON + timedelta(days=3):
        await room.look(2 * HOUR)
    assert len(room.notices()) == len("abcde")


async def test_what_is_gone_pauses_is_probed_daily_and_comes_back(room: Newsroom) -> None:
    room.source()
    room.source(workspace="v")
    room.publish(*REPORTS)
    await room.look()
    room.web.serve("/feed", Reply(status=410))
    await room.look()
    assert room.feed().health == "paused"
    asked = len(room.web.asked)
    for _ in range(47):
        await room.look()
    assert len(room.web.asked) == asked + 1
    room.publish(report(50), *REPORTS)
    await room.look(PROBE)
    assert room.feed().health == "healthy"
    assert report(50).title in room.titles()
    for workspace in "wv":
        assert [notice.level for notice in room.notices(workspace)] == ["problem", "info"]


async def test_a_week_of_failing_pauses(room: Newsroom) -> None:
    room.source()
    room.web.serve("/feed", Reply(status=500))
    while room.now < NOON + PAUSED_AFTER + timedelta(days=1):
        await room.look(6 * HOUR)
    assert room.feed().health == "paused"
    assert len(room.notices()) == 2


async def test_a_source_that_a_person_paused_is_neither_read_nor_told_of(room: Newsroom) -> None:
    source = room.source()
    room.source(workspace="v")
    room.storage.sources.pause(source.id, "w")
    room.web.serve("/feed", Reply(status=410))
    await room.look()
    assert (room.notices("w"), len(room.notices("v"))) == ([], 1)


async def test_a_busy_host_is_left_alone_with_all_its_feeds(room: Newsroom) -> None:
    room.source("/busy")
    room.web.serve("/busy", Reply(status=429, headers={"Retry-After": "7200"}))
    await room.look()
    room.source("/other")
    room.publish(*REPORTS, path="/other")
    await room.look()
    assert room.web.asked_for("/other") == []
    assert (room.feed("/other").failures, room.feed("/other").health) == (0, "healthy")
    await room.look(HOUR)
    assert (len(room.web.asked_for("/other")), len(room.web.asked_for("/busy"))) == (1, 2)


async def test_a_fault_of_ours_is_a_failure_of_that_feed_alone(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    room.source()
    room.publish(*REPORTS)
    work = room.refresher._work

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    room.refresher._work = broken
    await room.look()
    assert "fault of Sidelines" in (room.feed().reason or "")
    assert "ZeroDivisionError" in caplog.text
    room.refresher._work = work
    await room.look()
    assert len(room.titles()) == len(REPORTS)


# Floods

OTHERS = [report(n) for n in range(100, 112)]


async def test_a_flood_is_held_once_told_once_and_let_in_when_accepted(room: Newsroom) -> None:
    source = room.source()
    room.publish(*REPORTS)
    await room.look()
    room.subscribe()
    room.publish(*OTHERS)
    await room.look()
    room.publish(report(200), *OTHERS)
    await room.look()
    assert room.posted() == [report(200).title]
    [notice] = room.notices()
    assert "12 entries" in notice.text
    assert room.storage.sources.get(source.id, "w").held == 12
    assert room.storage.feeds.accept_held(source.feed.id, room.now) == 12
    room.publish(report(200))
    await room.look()
    assert sorted(room.posted()) == sorted(each.title for each in [report(200), *OTHERS])
    assert len(room.notices()) == 1


async def test_a_flood_that_is_skipped_stays_out(room: Newsroom) -> None:
    source = room.source()
    room.publish(*REPORTS)
    await room.look()
    room.publish(*OTHERS)
    await room.look()
    assert room.storage.feeds.skip_held(source.feed.id, "Skipped by kim.") == 12
    room.publish(*OTHERS, report(200))
    await room.look()
    assert room.titles() == sorted(each.title for each in [*REPORTS, report(200)])


async def test_a_feed_rebuilt_from_stored_articles_is_no_flood(room: Newsroom) -> None:
    room.source("/one")
    room.publish(*REPORTS, *OTHERS, path="/one")
    await room.look()
    room.source("/two")
    room.publish(*REPORTS[:7], path="/two")
    await room.look()
    room.publish(*OTHERS, path="/two")
    await room.look()
    assert room.notices() == []


async def test_after_a_week_off_what_a_feed_usually_brings_is_no_flood(room: Newsroom) -> None:
    room.source()
    for day in range(6):
        room.publish(*[report(n) for n in range(day * 2, day * 2 + 8)])
        await room.look(timedelta(days=1))
    room.publish(*[report(n) for n in range(40, 48)])
    await room.look(timedelta(days=7))
    assert room.notices() == []
    assert report(47).title in room.titles()
