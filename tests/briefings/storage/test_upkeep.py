from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore

from briefings.errors import NotFound
from briefings.sources import Seen
from briefings.storage.articles import PAGE
from briefings.storage.upkeep import KEPT, UNLISTED, tidy
from briefings.types import Document, Key, Notice, Schedule, Section, Slot

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + KEPT + timedelta(seconds=1)


def posted(storage, text, stories=(), *, finish="delivered"):
    id = storage.outbox.add_post("w", "w:#x", Notice(text), NOW, stories)
    storage.outbox.claim("me", NOW, timedelta(minutes=1), 10)
    if finish == "delivered":
        assert storage.outbox.delivered(id, "me", NOW)
    if finish == "failed":
        assert storage.outbox.failed(id, "me", NOW, "no")
    return id


def test_old_deliveries_that_told_no_story_go(storage):
    old = posted(storage, "old")
    assert tidy(storage, LATER) == 1
    with pytest.raises(NotFound):
        storage.outbox.get(old, "w")


def test_all_else_stays(storage):
    told = posted(storage, "a story", [1])
    failed = posted(storage, "failed", finish="failed")
    waiting = posted(storage, "waiting", finish="")
    assert tidy(storage, LATER) == 0
    for id, text in ((told, "a story"), (failed, "failed"), (waiting, "waiting")):
        assert storage.outbox.get(id, "w").content == Notice(text)


def test_installations_that_nobody_finished_go(storage):
    states = SQLAlchemyOAuthStateStore(600, storage.database.engine)
    begun, left = states.issue(), states.issue()
    now = datetime.now(UTC)
    tidy(storage, now + timedelta(seconds=500))
    assert states.consume(begun)
    tidy(storage, now + timedelta(seconds=700))
    assert not states.consume(left)


def test_nothing_goes_before_its_time(storage):
    posted(storage, "young")
    assert tidy(storage, NOW + KEPT) == 0


def test_a_content_still_needed_by_another_delivery_stays(storage):
    posted(storage, "the same")
    kept = storage.outbox.add_post("w", "w:#y", Notice("the same"), LATER, ())
    assert tidy(storage, LATER) == 1
    assert storage.outbox.get(kept, "w").content == Notice("the same")


# Articles ----------------------------------------------------------------------------------------------------

YEAR = timedelta(days=365)
DAY = timedelta(days=1)


def store(storage, title="Cranes", arrived=NOW, workspace="w", story=None):
    document = Document(title=title, sections=(Section(None, (("They stand.",),)),))
    return storage.articles.add(document, keys=[Key("guid", title)], workspace=workspace, now=arrived, story=story)


def subscribe(storage, since, when=("0 9 * * *",)):
    return storage.subscriptions.create(
        workspace="other",
        channel=f"other:#{since}",
        topic="cranes",
        query="cranes",
        schedule=Schedule("", when, "UTC"),
        since=since,
        next_slot=Slot("next", NOW + YEAR) if when else None,
        now=since,
    ).id


def kept(storage, now, keep=YEAR, **options):
    tidy(storage, now, keep=keep, **options)
    return {article.title for article in storage.articles.all("w")}


def test_an_article_goes_when_it_has_been_kept_long_enough(storage):
    old = store(storage, "old")
    store(storage, "young", NOW + DAY)
    storage.articles.share(old, workspace="v")
    assert kept(storage, NOW + YEAR) == {"old", "young"}
    before = storage.articles.last_change()
    assert kept(storage, NOW + YEAR + timedelta(milliseconds=1)) == {"young"}
    assert storage.articles.get(old, "v") is None
    assert [(change.id, change.article) for change in storage.articles.changes(before)] == [(old, None)]
    assert storage.articles.matching([Key("guid", "old")], "w") == []


def test_articles_are_kept_for_ever_when_nothing_else_is_set(storage):
    store(storage)
    assert kept(storage, NOW + 100 * YEAR, keep=None) == {"Cranes"}


def test_of_very_many_old_articles_all_go(storage):
    with storage.writing():
        for number in range(PAGE + 2):
            store(storage, f"old {number}")
    store(storage, "young", NOW + YEAR)
    assert kept(storage, NOW + 2 * YEAR) == {"young"}
    numbers = [change.number for change in storage.articles.changes(0, limit=2 * PAGE)]
    assert len(set(numbers)) == PAGE + 3
    assert max(numbers) == storage.articles.last_change()


@pytest.mark.parametrize(("finish", "left"), [("", True), ("failed", True), ("delivered", False)])
def test_what_a_channel_did_not_get_yet_is_kept_with_its_story(storage, finish, left):
    first = store(storage, "first")
    store(storage, "also in", story=first)
    store(storage, "of another story")
    posted(storage, "Cranes stand.", [first], finish=finish)
    assert kept(storage, NOW + 2 * YEAR) == ({"first", "also in"} if left else set())


def test_what_arrived_for_a_subscription_that_is_served_is_kept(storage):
    store(storage, "before", NOW)
    store(storage, "since", NOW + DAY)
    yearly = subscribe(storage, NOW + DAY)
    subscribe(storage, NOW + 9 * DAY)
    assert kept(storage, NOW + 2 * YEAR) == {"since"}
    storage.subscriptions.block(yearly, "other", "no channel", Slot("trial", NOW + 2 * YEAR))
    assert kept(storage, NOW + 2 * YEAR) == {"since"}
    storage.subscriptions.pause(yearly, "other")
    assert kept(storage, NOW + 2 * YEAR) == set()


def test_what_arrived_for_a_subscription_as_it_happens_is_kept(storage):
    store(storage)
    subscribe(storage, NOW, ())
    assert kept(storage, NOW + 2 * YEAR) == {"Cranes"}


def test_a_subscription_keeps_nothing_from_going_that_is_not_old(storage):
    store(storage)
    subscribe(storage, NOW + 9 * DAY)
    assert kept(storage, NOW + YEAR) == {"Cranes"}


def test_the_mark_of_a_removed_article_goes_once_the_index_followed(storage):
    old = store(storage, "old")
    store(storage, "young", NOW + YEAR)
    kept(storage, NOW + 2 * YEAR, followed=storage.articles.last_change())
    assert old in {change.id for change in storage.articles.changes(0)}
    assert storage.articles.purged() == 0
    removed = storage.articles.last_change()
    kept(storage, NOW + 2 * YEAR, followed=removed - 1)
    assert storage.articles.purged() == 0
    kept(storage, NOW + 2 * YEAR, followed=removed)
    assert [change.article.title for change in storage.articles.changes(0)] == ["young"]
    assert storage.articles.purged() == removed
    assert storage.articles.last_change() == removed


# Feeds -------------------------------------------------------------------------------------------------------


def listed(feed, number, at, state="stored"):
    return Seen(
        id=0,
        feed=feed,
        title=str(number),
        guid=str(number),
        url=None,
        digest=str(number),
        first_seen=NOW,
        last_seen=at,
        state=state,
    )


def test_a_feed_that_nobody_reads_goes_with_what_it_listed(storage):
    source = storage.sources.add(workspace="w", url="https://a.example/feed", name="A", now=NOW)
    read = storage.sources.add(workspace="w", url="https://b.example/feed", name="B", now=NOW).feed
    for feed in storage.feeds.claim_due(NOW, holder="me", lease=timedelta(minutes=1), limit=9):
        storage.feeds.save(msgspec.structs.replace(feed, last_fetch=NOW), "me")
    storage.feeds.remember([listed(source.feed.id, 1, NOW)])
    tidy(storage, LATER)
    storage.sources.remove(source.id, "w")
    tidy(storage, NOW + KEPT)
    assert storage.feeds.get(source.feed.id) is not None
    tidy(storage, LATER)
    assert storage.feeds.get(source.feed.id) is None
    assert storage.feeds.seen(source.feed.id, [listed(source.feed.id, 1, NOW)]) == []
    assert storage.feeds.get(read.id) is not None


def test_feeds_that_a_wrong_clock_put_off_are_due_and_others_wait(storage):
    add = {"workspace": "w", "now": NOW}
    off, fine = (storage.sources.add(url=f"https://{name}.example/", name=name, **add).feed for name in ("off", "fine"))
    storage.feeds.claim_due(NOW, holder="me", lease=timedelta(minutes=15), limit=2)
    storage.feeds.save(replace(off, next_fetch=NOW + timedelta(days=365)), "me")
    storage.feeds.save(replace(fine, next_fetch=NOW + timedelta(days=1)), "me")
    tidy(storage, NOW)
    assert storage.feeds.get(off.id).next_fetch == NOW
    assert storage.feeds.get(fine.id).next_fetch == NOW + timedelta(days=1)


def test_entries_are_forgotten_that_their_feed_does_not_list_any_more(storage):
    feed = storage.sources.add(workspace="w", url="https://a.example/feed", name="A", now=NOW).feed.id
    unchanged = storage.sources.add(workspace="w", url="https://b.example/feed", name="B", now=NOW).feed.id
    read = NOW + UNLISTED + timedelta(milliseconds=1)
    entries = [
        listed(feed, 1, NOW),
        listed(feed, 2, NOW, "skipped"),
        listed(feed, 3, NOW, "held"),
        listed(feed, 4, NOW, "waiting"),
        listed(feed, 5, NOW + timedelta(milliseconds=1)),
        listed(feed, 6, read),
        listed(unchanged, 1, NOW),
    ]
    storage.feeds.remember(entries)
    tidy(storage, NOW + 9 * YEAR)
    assert [entry.title for entry in storage.feeds.seen(feed, entries)] == ["3", "4", "5", "6"]
    assert [entry.title for entry in storage.feeds.seen(unchanged, entries)] == ["1"]


def test_so_they_are_of_several_feeds_at_once(storage):
    feeds = [storage.sources.add(workspace="w", url=f"https://{n}.example/", name=n, now=NOW).feed.id for n in "ab"]
    entries = [listed(feed, number, NOW + number * UNLISTED) for feed in feeds for number in (0, 2)]
    storage.feeds.remember(entries)
    tidy(storage, NOW)
    assert [[entry.title for entry in storage.feeds.seen(feed, entries)] for feed in feeds] == [["2"], ["2"]]
