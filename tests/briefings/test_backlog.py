"""What a source listed when it was first read: to whom it is news."""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from briefings.ingest import Incoming, Outcome
from briefings.ingest import add as ingest
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.slots import next_due, parse_when
from briefings.storage import Storage
from briefings.types import EVERYONE, Briefing, Document, Key, Preferences, Section

KEYWORDS = Keywords()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
numbers = count(1)


def at(hour: float, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def add(
    storage: Storage, title: str, arrived: datetime, published: datetime | None = None, *, backlog: bool = True
) -> None:
    document = Document(title=f"Harbour: {title}", sections=(), published=published)
    keys = [Key("guid", str(next(numbers)))]
    storage.articles.add(document, keys=keys, workspace=EVERYONE, now=arrived, backlog=backlog)


def subscribe(
    storage: Storage, created: datetime, when: str = "daily at 9", channel: str = "t:#port", since: timedelta = WEEK
) -> None:
    schedule = parse_when(when, "UTC")
    storage.subscriptions.create(
        workspace="t",
        channel=channel,
        topic="harbour",
        query="harbour",
        schedule=schedule,
        since=created - since,
        next_slot=next_due(schedule, created, Preferences()),
        now=created,
    )


def told(storage: Storage, now: datetime) -> dict[str, set[str]]:
    """What each channel gets at `now`."""
    before = len(storage.outbox.history("t", limit=1000))
    publish_due(storage, KEYWORDS, Preferences(), now)
    deliveries = storage.outbox.history("t", limit=1000)
    got: dict[str, set[str]] = {}
    for delivery in deliveries[: len(deliveries) - before]:
        assert isinstance(delivery.content, Briefing)
        heads = *(story.article for story in delivery.content.stories), *delivery.content.more
        got[delivery.channel] = {head.title.removeprefix("Harbour: ") for head in heads}
    return got


def test_who_subscribed_before_gets_only_what_is_dated_since(storage: Storage) -> None:
    subscribe(storage, at(6))
    add(storage, "undated", at(7))
    add(storage, "of last year", at(7), at(7, -365))
    add(storage, "of an hour before", at(7), at(5))
    add(storage, "of today", at(7), at(6.5))
    add(storage, "new", at(8), backlog=False)
    assert told(storage, at(9)) == {"t:#port": {"of today", "new"}}
    assert told(storage, at(9, 1)) == {}


def test_who_subscribed_afterwards_gets_all_that_came_in_the_week_before(storage: Storage) -> None:
    add(storage, "of last month", at(7, -9), at(7, -9))
    add(storage, "undated", at(7))
    add(storage, "of last year", at(7), at(7, -365))
    subscribe(storage, at(8))
    assert told(storage, at(9)) == {"t:#port": {"undated", "of last year"}}


def test_a_weekly_briefing_has_what_is_dated_in_its_week(storage: Storage) -> None:
    subscribe(storage, at(6), "mondays at 9")
    assert told(storage, at(9)) == {}
    add(storage, "of Tuesday", at(12, 2), at(12, 1))
    add(storage, "of last Tuesday", at(12, 2), at(12, -6))
    add(storage, "undated", at(12, 2))
    assert told(storage, at(9, 7)) == {"t:#port": {"of Tuesday"}}
    add(storage, "of Thursday", at(12, 9), at(12, 8))
    add(storage, "of the Thursday before", at(12, 9), at(12, 3))
    assert told(storage, at(9, 14)) == {"t:#port": {"of Thursday"}}
    assert told(storage, at(9, 21)) == {}


def test_as_it_happens_a_new_source_is_silent_until_it_has_news(storage: Storage) -> None:
    subscribe(storage, at(6), "as it happens")
    add(storage, "undated", at(7))
    add(storage, "of yesterday", at(7), at(7, -1))
    storage.subscriptions.wake_as_it_happens(at(7))
    assert told(storage, at(7)) == {}
    add(storage, "new", at(8), backlog=False)
    storage.subscriptions.wake_as_it_happens(at(8))
    assert told(storage, at(8)) == {"t:#port": {"new"}}


def harbour(words: str) -> Document:
    return Document(title="Harbour", url="https://port.example/1", sections=(Section(None, ((words,),)),))


def take_in(storage: Storage, words: str, now: datetime, *, backlog: bool) -> Outcome:
    (outcome,) = ingest(storage, [Incoming(harbour(words))], workspace="t", now=now, backlog=now if backlog else None)
    return outcome


def test_a_backlog_article_is_news_once_it_is_rewritten(storage: Storage) -> None:
    subscribe(storage, at(6))
    first = take_in(storage, "Ferries left at dawn for Oslo.", at(7), backlog=True)
    stored = storage.articles.get(first.article, "t")
    assert stored is not None
    assert stored.backlog
    assert told(storage, at(9)) == {}
    again = take_in(storage, "Nobody expected nine cranes to be sold in Kiel.", at(10), backlog=False)
    assert (again.kind, again.article) == ("large update", first.article)
    assert told(storage, at(9, 1)) == {"t:#port": {"Harbour"}}


def test_who_subscribes_before_a_source_just_added_was_read_gets_what_it_listed(storage: Storage) -> None:
    subscribe(storage, at(7))
    incoming = [Incoming(harbour("Ferries left at dawn for Oslo."))]
    ingest(storage, incoming, workspace="t", now=at(8), backlog=at(6))
    assert told(storage, at(9)) == {"t:#port": {"Harbour"}}


def test_an_article_there_before_does_not_become_backlog(storage: Storage) -> None:
    subscribe(storage, at(6))
    take_in(storage, "Ferries left at dawn for Oslo.", at(7), backlog=False)
    assert take_in(storage, "Ferries left at dawn for Oslo.", at(8), backlog=True).kind == "unchanged"
    assert told(storage, at(9)) == {"t:#port": {"Harbour"}}


hours = st.integers(0, 24 * 10)
articles = st.tuples(hours, st.none() | hours, st.booleans())
subscriptions = st.tuples(hours, st.integers(0, 24 * 7))


@given(st.lists(articles, max_size=12), st.lists(subscriptions, min_size=1, max_size=8))
@settings(max_examples=40)
def test_each_subscription_gets_what_the_rule_says(
    listed: list[tuple[int, int | None, bool]], subscribed: list[tuple[int, int]]
) -> None:
    due = at(9, 11)
    expected: dict[str, set[str]] = {}
    with Storage.open("sqlite://") as storage:
        for number, (arrived, published, backlog) in enumerate(listed):
            date = None if published is None else at(published)
            add(storage, str(number), at(arrived), date, backlog=backlog)
        for place, (created, before) in enumerate(subscribed):
            subscribe(storage, at(created), "0 9 13 3 *", f"t:#{place}", timedelta(hours=before))
            expected[f"t:#{place}"] = {
                str(number)
                for number, (arrived, published, backlog) in enumerate(listed)
                if arrived >= created - before
                and (not backlog or arrived <= created or (published is not None and published >= created))
            }
        assert told(storage, due) == {channel: titles for channel, titles in expected.items() if titles}
