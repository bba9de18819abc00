"""Reading feeds from a local site: what is new is found once, and nothing is told twice."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from briefings.refresh import LEASE
from briefings.refresh.gathering import PAGES, TRIES
from briefings.types import EVERYONE
from tests.servers.newsroom import HOUR, Newsroom, Report, page, report
from tests.servers.web import Reply, redirect

REPORTS = [report(n) for n in range(12)]
TITLES = sorted(each.title for each in REPORTS)


@pytest.fixture
async def room(database_url: str) -> AsyncIterator[Newsroom]:
    async with Newsroom(database_url) as opened:
        yield opened


async def test_what_a_feed_lists_is_stored_with_its_facts(room: Newsroom) -> None:
    room.source()
    room.publish(*REPORTS)
    await room.look()
    assert room.titles() == TITLES
    article = next(each for each in room.articles() if each.title == REPORTS[3].title)
    assert (article.url, article.source) == (room.address(REPORTS[3]), "Valley Post")
    assert article.published == REPORTS[3].date
    assert article.sections[0].sentences[0].startswith("The orchard at kilometre 3 ")
    assert "of_page" not in room.worked
    feed = room.feed()
    assert (feed.title, feed.health, feed.last_good, feed.last_news) == ("Valley Post", "healthy", room.now, room.now)


# No repeats

REWRITES = {
    "guids": lambda it, round: replace(it, guid=f"{round}-{it.guid}"),
    "dates": lambda it, round: replace(it, date=it.date + timedelta(days=round)),
    "both": lambda it, round: replace(it, guid=f"{round}-{it.guid}", date=it.date + timedelta(days=round)),
    "neither": lambda it, round: it,
}


@pytest.mark.parametrize("rewrite", REWRITES)
@pytest.mark.parametrize("order", ["as it was", "turned"])
async def test_a_feed_that_is_rewritten_repeats_nothing_and_hides_nothing(
    room: Newsroom, rewrite: str, order: str
) -> None:
    room.source()
    room.publish(*REPORTS)
    room.subscribe()
    await room.look()
    assert room.posted() == []
    listed, expected = list(REPORTS), []
    for round in range(1, 6):
        edited = listed[5].text.replace("<p>", f"<p>Corrected for the {round}th time. ", 1)
        listed = [*listed[:5], replace(listed[5], text=edited), *listed[6:], report(100 + round)]
        expected.append(listed[-1].title)
        again = [REWRITES[rewrite](it, round) for it in listed]
        room.publish(*(again[::-1] if order == "turned" else again))
        await room.look()
        assert room.posted() == expected
        stored = next(each for each in room.articles() if each.title == REPORTS[5].title)
        assert stored.sections[0].sentences[0] == f"Corrected for the {round}th time."
    assert room.titles() == sorted([*TITLES, *expected])


async def test_an_article_in_two_feeds_is_stored_and_posted_once(room: Newsroom) -> None:
    room.source("/one")
    room.source("/two")
    room.publish(report(1), path="/one")
    room.publish(report(1, guid="other", text="<p>Only a few words.</p>"), path="/two")
    await room.look()
    room.publish(report(1), report(2), path="/one")
    room.publish(report(1, guid="other"), report(2, guid="another"), path="/two")
    room.subscribe()
    await room.look()
    assert room.titles() == sorted([report(1).title, report(2).title])
    assert room.posted() == [report(2).title]


async def test_another_article_under_a_used_guid_is_an_article_of_its_own(room: Newsroom) -> None:
    room.source()
    room.publish(report(1, guid="1"))
    await room.look()
    room.publish(report(2, guid="1"))
    await room.look()
    assert room.titles() == sorted([report(1).title, report(2).title])


async def test_headlines_that_come_again_with_another_link_are_news_each_time(room: Newsroom) -> None:
    room.source()
    room.web.serve("/report/1", Reply(status=403))
    weather = report(1, title="The weather in the valley", text="")
    for n in range(3):
        link = f"/weather/{n}"
        room.publish(replace(weather, guid=f"day {n}", page=link))
        room.web.serve(link, Reply(status=403))
        await room.look()
    assert [each.url for each in room.articles()] == [room.web.url(f"/weather/{n}") for n in range(3)]


# The first look


async def test_the_first_look_is_no_news_and_the_second_is(room: Newsroom) -> None:
    room.source()
    room.subscribe()
    room.publish(*[replace(it, date=None) for it in REPORTS])
    await room.look()
    assert {article.backlog for article in room.articles()} == {True}
    room.publish(report(50, date=None), *[replace(it, date=None) for it in REPORTS])
    await room.look()
    assert [article.title for article in room.articles() if not article.backlog] == [report(50).title]
    assert room.posted() == [report(50).title]


async def test_a_second_workspace_gets_what_is_listed_as_its_own_first_look(room: Newsroom) -> None:
    room.source()
    room.publish(*REPORTS, etag='"1"')
    await room.look()
    room.source(workspace="v")
    room.subscribe(workspace="v")
    await room.look()
    assert (room.titles("v"), room.posted("v")) == (TITLES, [])
    assert room.titles() == TITLES
    room.publish(report(50), *REPORTS, etag='"2"')
    await room.look()
    assert room.posted("v") == [report(50).title]


async def test_an_edit_of_an_article_that_is_kept_no_longer_is_no_news(room: Newsroom) -> None:
    room.source()
    room.publish(report(1))
    await room.look()
    room.publish(report(1), report(2))
    await room.look()
    room.subscribe()
    article = next(each for each in room.articles() if each.title == report(2).title)
    room.storage.articles.remove(article.id, workspace="w")
    room.publish(report(1), report(2, text=report(2).text.replace("wardens", "rangers")))
    await room.look()
    assert (room.posted(), report(2).title in room.titles()) == ([], True)


# Several workspaces


async def test_one_feed_of_two_workspaces_is_fetched_once_and_stored_apart(room: Newsroom) -> None:
    room.source()
    room.source(workspace="v")
    room.publish(*REPORTS)
    await room.look()
    assert len(room.web.asked_for("/feed")) == 1
    assert room.titles("w") == room.titles("v") == TITLES
    assert {each.id for each in room.articles("w")} == {each.id for each in room.articles("v")}
    changed = replace(REPORTS[0], text=REPORTS[0].text.replace("wardens", "rangers"))
    room.publish(changed, *REPORTS[1:])
    await room.look()
    for workspace in "wv":
        texts = [str(each.sections) for each in room.articles(workspace)]
        assert (len(texts), sum("rangers" in text for text in texts)) == (12, 1)
    room.storage.sources.remove(room.storage.sources.list("v")[0].id, "v")
    room.publish(report(60), *REPORTS[1:])
    await room.look()
    assert (len(room.titles("w")), len(room.titles("v"))) == (13, 12)
    assert room.titles("u") == []


async def test_a_source_of_everyone_is_read_for_all(room: Newsroom) -> None:
    room.source(workspace=EVERYONE)
    room.publish(report(1))
    await room.look()
    assert room.titles("w") == room.titles("v") == [report(1).title]


# Politeness


@pytest.mark.parametrize("validators", [{"etag": '"1"'}, {"last_modified": "Mon, 02 Mar 2026 09:00:00 GMT"}, {}])
async def test_an_unchanged_feed_is_not_read_again(room: Newsroom, validators: dict[str, str]) -> None:
    room.source()
    room.publish(*REPORTS, **validators)
    await room.look()
    worked = len(room.worked)
    for _ in range(3):
        await room.look()
    assert len(room.worked) == worked
    assert len(room.web.asked_for("/feed")) == 4
    for asked in room.web.asked_for("/feed")[1:]:
        assert bool({"if-none-match", "if-modified-since"} & set(asked.headers)) == bool(validators)
    assert room.feed().last_good == room.now


async def test_a_feed_is_asked_no_sooner_than_it_or_its_server_wishes(room: Newsroom) -> None:
    room.source()
    room.publish(*REPORTS, headers={"Cache-Control": "max-age=7200"})
    await room.look()
    await room.look(HOUR)
    assert len(room.web.asked_for("/feed")) == 1
    await room.look(HOUR)
    assert len(room.web.asked_for("/feed")) == 2


async def test_a_feed_that_moved_for_good_is_asked_at_its_new_address(room: Newsroom) -> None:
    source = room.source("/old")
    room.publish(*REPORTS, path="/new")
    room.web.serve("/old", redirect("/new", 301))
    await room.look()
    room.publish(report(50), *REPORTS, path="/new")
    await room.look()
    assert len(room.web.asked_for("/old")) == 1
    assert room.feed("/new").id == source.feed.id
    assert room.titles() == sorted([*TITLES, report(50).title])


async def test_a_feed_that_moved_for_now_is_asked_where_it_was(room: Newsroom) -> None:
    room.source("/old")
    room.publish(*REPORTS, path="/new")
    room.web.serve("/old", redirect("/new", 302))
    await room.look()
    await room.look()
    assert len(room.web.asked_for("/old")) == 2


# Pages


def teaser(n: int) -> Report:
    return report(n, text=f"<p>The {n}th report begins like this …</p>")


async def test_only_of_teasers_the_page_is_read(room: Newsroom) -> None:
    room.source()
    room.publish(report(1), teaser(2))
    room.web.serve("/report/2", Reply(page(report(2))))
    await room.look()
    assert [len(room.web.asked_for(f"/report/{n}")) for n in (1, 2)] == [0, 1]
    assert "kilometre 2" in str(room.articles()[0].sections)
    assert room.articles()[0].published == report(2).date


async def test_no_more_pages_are_read_at_a_time_than_is_polite(room: Newsroom) -> None:
    room.source()
    many = [teaser(n) for n in range(PAGES + 3)]
    room.publish(*many)
    for n in range(PAGES + 3):
        room.web.serve(f"/report/{n}", Reply(page(report(n))))
    await room.look()
    assert len(room.titles()) == PAGES
    await room.look()
    assert room.titles() == sorted(each.title for each in many)
    assert {article.backlog for article in room.articles()} == {True}


async def test_a_page_that_cannot_be_had_leaves_headline_link_and_the_feeds_own_words(room: Newsroom) -> None:
    room.source()
    room.publish(teaser(2))
    room.web.serve("/report/2", Reply(status=500))
    for _ in range(TRIES - 1):
        await room.look(timedelta(hours=3))
        assert room.titles() == []
    await room.look(timedelta(hours=3))
    [article] = room.articles()
    assert (article.title, article.url) == (report(2).title, room.web.url("/report/2"))
    assert "begins like this" in str(article.sections)
    assert len(room.web.asked_for("/report/2")) == TRIES
    await room.look(timedelta(hours=3))
    assert len(room.web.asked_for("/report/2")) == TRIES


@pytest.mark.parametrize("reply", [Reply(status=403), Reply(status=404), Reply(b"<html><body>Log in.</body></html>")])
async def test_a_page_that_is_refused_or_no_article_is_not_asked_for_again(room: Newsroom, reply: Reply) -> None:
    room.source()
    room.publish(teaser(2))
    room.web.serve("/report/2", reply)
    await room.look()
    assert room.titles() == [report(2).title]
    [seen] = room.storage.feeds.seen(room.feed().id, [_Marks("report-2")])
    assert (seen.state, bool(seen.reason)) == ("stored", True)


async def test_a_teaser_does_not_take_the_place_of_the_whole_text(room: Newsroom) -> None:
    room.source()
    room.publish(teaser(2))
    room.web.serve("/report/2", Reply(page(report(2))))
    await room.look()
    room.publish(replace(teaser(2), text="<p>Another beginning of it …</p>"))
    room.web.serve("/report/2", Reply(status=404))
    await room.look()
    assert "kilometre 2" in str(room.articles()[0].sections)


async def test_no_feed_changes_what_is_said_at_anothers_address(room: Newsroom) -> None:
    room.source("/one")
    room.publish(report(1), path="/one")
    await room.look()
    room.source("/two")
    comment = report(2, title="What others write", page=room.web.url("/report/1", "localhost"))
    room.publish(replace(comment, page="https://valley.example/report/1"), path="/two")
    room.publish(report(1), path="/one")
    await room.look()
    assert room.titles() == sorted([report(1).title, "What others write"])


# Crashes and other processes


async def test_what_a_killed_process_held_is_taken_over_when_its_lease_ran_out(room: Newsroom) -> None:
    room.source()
    room.publish(*REPORTS)
    [held] = room.storage.feeds.claim_due(room.now, holder="killed", lease=LEASE, limit=9)
    await room.look(LEASE / 2)
    assert room.titles() == []
    await room.look(LEASE / 2)
    assert room.titles() == TITLES
    assert not room.storage.feeds.save(held, "killed")


async def test_one_that_lost_its_lease_stores_nothing(room: Newsroom) -> None:
    room.source()
    room.publish(*REPORTS)
    other = room.another()
    work = room.refresher._gatherer._work

    async def slow(*values: object) -> object:
        room.now += LEASE
        await room.look(timedelta(), other)
        return await work(*values)

    room.refresher._gatherer._work = slow
    await room.look()
    assert room.titles() == TITLES
    assert len(room.web.asked_for("/feed")) == 2


class _Marks:
    url = None
    digest = ""

    def __init__(self, guid: str) -> None:
        self.guid = guid
