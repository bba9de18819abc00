from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from briefings.keywords import Keywords
from briefings.publish import Published, post, preview, publish_due
from briefings.slots import next_due, parse_when
from briefings.storage import Storage
from briefings.storage.tables import subscriptions
from briefings.types import EVERYONE, Briefing, Delivery, Document, Due, Key, Notice, Preferences, Quiet, Section

KEYWORDS = Keywords()
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SENTENCES = ("Ferries left at dawn for Oslo.", "Fishermen had waited for nine days.", "Kiel paid eleven million euros.")
NIGHT = Quiet(22 * 60, 7 * 60)
numbers = count(1)


def at(hour: float, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour)


def add(storage: Storage, title: str, now: datetime, *, workspace: str = EVERYONE, story: int | None = None) -> int:
    keys = [Key("guid", str(next(numbers)))]
    document = Document(title=title, sections=(Section(None, (SENTENCES,)),))
    return storage.articles.add(document, keys=keys, workspace=workspace, now=now, story=story)


def subscribe(
    storage: Storage,
    when: str = "daily at 9",
    *,
    query: str = "harbour",
    channel: str = "t:#world",
    now: datetime = MONDAY,
    since: datetime | None = None,
) -> int:
    schedule = parse_when(when, "UTC")
    return storage.subscriptions.create(
        workspace="t",
        channel=channel,
        topic=query,
        query=query,
        schedule=schedule,
        since=since or now - timedelta(days=7),
        next_slot=next_due(schedule, now, Preferences()),
        now=now,
    ).id


def run(storage: Storage, now: datetime, *, limit: int = 100, **preferences: object) -> list[Delivery]:
    """What is queued by publishing at `now`, oldest first."""
    before = len(posted(storage))
    publish_due(storage, KEYWORDS, Preferences(**preferences), now, limit)
    return posted(storage)[before:]


def posted(storage: Storage) -> list[Delivery]:
    return storage.outbox.history("t", limit=1000)[::-1]


def titles(delivery: Delivery) -> list[str]:
    assert isinstance(delivery.content, Briefing)
    return [story.article.title for story in delivery.content.stories]


def make_due_again(storage: Storage, now: datetime) -> None:
    """As if the process had been killed before it moved a subscription on."""
    with storage.writing() as connection:
        connection.execute(update(subscriptions).values(next_due=round(now.timestamp() * 1000)))


# Once, and only what is new ----------------------------------------------------------------------------------


def test_a_due_subscription_gets_its_news_and_moves_on(storage: Storage) -> None:
    id = subscribe(storage)
    add(storage, "Harbour opens", at(8))
    add(storage, "Election called", at(8))
    assert publish_due(storage, KEYWORDS, Preferences(), at(8.9)) == Published(0, 0, at(9))
    assert publish_due(storage, KEYWORDS, Preferences(), at(9)) == Published(1, 1, at(9, day=1))
    (delivery,) = posted(storage)
    assert (delivery.workspace, delivery.channel, delivery.subscription) == ("t", "t:#world", id)
    assert (delivery.slot, delivery.due, delivery.late) == ("2026-03-02T09:00", at(9), False)
    assert delivery.state == "pending"
    assert isinstance(delivery.content, Briefing)
    assert (delivery.content.topic, delivery.content.due, delivery.content.late) == ("harbour", at(9), False)
    assert titles(delivery) == ["Harbour opens"]
    assert storage.subscriptions.get(id, "t").next_slot == "2026-03-03T09:00"


def test_a_story_is_told_once(storage: Storage) -> None:
    subscribe(storage)
    add(storage, "Harbour opens", at(8))
    assert [titles(each) for each in run(storage, at(9))] == [["Harbour opens"]]
    add(storage, "Harbour closes", at(10))
    assert [titles(each) for each in run(storage, at(9, day=1))] == [["Harbour closes"]]
    assert run(storage, at(9, day=2)) == []


def test_a_slot_is_served_once(storage: Storage) -> None:
    subscribe(storage)
    add(storage, "Harbour opens", at(8))
    assert len(run(storage, at(9))) == 1
    add(storage, "Harbour closes", at(9.01))
    make_due_again(storage, at(9))
    assert run(storage, at(9.02)) == []
    assert [titles(each) for each in run(storage, at(9, day=1))] == [["Harbour closes"]]


def test_another_article_of_a_story_told_is_no_news(storage: Storage) -> None:
    subscribe(storage)
    story = add(storage, "Harbour opens", at(8))
    run(storage, at(9))
    add(storage, "Harbour opens again", at(10), story=story)
    assert run(storage, at(9, day=1)) == []


def test_articles_of_one_story_are_told_as_one(storage: Storage) -> None:
    subscribe(storage)
    story = add(storage, "Harbour opens", at(8))
    add(storage, "Opens at last: Kiel harbour", at(8), story=story)
    (delivery,) = run(storage, at(9))
    assert isinstance(delivery.content, Briefing)
    (told,) = delivery.content.stories
    assert {told.article.title, *(head.title for head in told.also_in)} == {
        "Harbour opens",
        "Opens at last: Kiel harbour",
    }


def test_stories_past_the_most_are_named_and_count_as_told(storage: Storage) -> None:
    subscribe(storage)
    for number in range(500):
        add(storage, f"Harbour opens, part {number}", at(8))
    (delivery,) = run(storage, at(9), stories=3)
    assert isinstance(delivery.content, Briefing)
    assert (len(delivery.content.stories), len(delivery.content.more)) == (3, 497)
    assert run(storage, at(9, day=1)) == []


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_story_of_two_topics_of_a_channel_is_told_once(storage: Storage, limit: int) -> None:
    subscribe(storage, query="harbour")
    subscribe(storage, query="kiel OR opens")
    subscribe(storage, query="opens", channel="t:#ports")
    add(storage, "Harbour opens", at(8))
    deliveries = run(storage, at(9), limit=limit)
    assert sorted(each.channel for each in deliveries) == ["t:#ports", "t:#world"]


def test_two_subscriptions_alike_but_for_their_time_share_the_news(storage: Storage) -> None:
    subscribe(storage, "daily at 9")
    subscribe(storage, "daily at 10")
    add(storage, "Harbour opens", at(8))
    assert len(run(storage, at(9))) == 1
    assert run(storage, at(10)) == []


def test_what_arrived_before_a_subscription_s_time_is_no_news_to_it(storage: Storage) -> None:
    subscribe(storage, since=at(7))
    subscribe(storage, since=at(5), channel="t:#ports")
    add(storage, "Harbour opens", at(6))
    assert [each.channel for each in run(storage, at(9))] == ["t:#ports"]


def test_no_workspace_gets_what_another_added(storage: Storage) -> None:
    subscribe(storage)
    add(storage, "Harbour opens", at(8), workspace="theirs")
    add(storage, "Harbour closes", at(8), workspace="t")
    assert [titles(each) for each in run(storage, at(9))] == [["Harbour closes"]]


def test_batches_change_nothing(storage: Storage) -> None:
    for number in range(7):
        subscribe(storage, channel=f"t:#{number}", query="harbour" if number % 2 else "opens")
    add(storage, "Harbour opens", at(8))
    assert publish_due(storage, KEYWORDS, Preferences(), at(9), 2) == Published(7, 7, at(9, day=1))
    assert sorted(each.channel for each in posted(storage)) == [f"t:#{number}" for number in range(7)]


def test_briefings_that_take_long_are_queued_in_several_transactions(storage: Storage) -> None:
    seconds = count(0.0)
    for topic in ("harbour", "kiel", "oslo", "harbour"):
        subscribe(storage, query=topic, channel=f"t:#{next(numbers)}")
    add(storage, "Harbour opens in Kiel", at(8))
    done = publish_due(storage, KEYWORDS, Preferences(), at(9), monotonic=lambda: next(seconds))
    assert done == Published(4, 4, at(9, day=1))
    assert next(seconds) == 8  # Four times a beginning and an end.
    assert all(titles(each) == ["Harbour opens in Kiel"] for each in posted(storage))


def test_what_changes_after_the_news_was_read_counts(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(storage)
    gone = add(storage, "Harbour burns", at(7))
    corrected = add(storage, "Harbor opens", at(8))
    due = storage.turns.due

    def meanwhile(now: datetime, limit: int) -> Sequence[Due]:
        storage.articles.remove(gone, workspace=EVERYONE)
        document = Document(title="Harbour opens", sections=(Section(None, (SENTENCES,)),))
        storage.articles.update(corrected, document, keys=(), workspace=EVERYONE, now=at(8.5), news=False)
        add(storage, "Harbour closes", at(8.9))
        add(storage, "Harbour strikes", at(8.9), workspace="other")
        return due(now, limit)

    monkeypatch.setattr(storage.turns, "due", meanwhile)
    (delivery,) = run(storage, at(9))
    assert sorted(titles(delivery)) == ["Harbour closes", "Harbour opens"]


def test_what_is_stopped_gets_nothing_and_catches_up_when_it_goes_on(storage: Storage) -> None:
    id = subscribe(storage)
    storage.subscriptions.pause(id, "t")
    add(storage, "Harbour opens", at(8))
    assert run(storage, at(9)) == []
    schedule = parse_when("daily at 9", "UTC")
    storage.subscriptions.resume(id, "t", next_due(schedule, at(10, day=3), Preferences()))
    assert [titles(each) for each in run(storage, at(9, day=4))] == [["Harbour opens"]]


def test_an_abort_midway_leaves_nothing_behind(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    id = subscribe(storage)
    add(storage, "Harbour opens", at(8))
    with monkeypatch.context() as patched:
        patched.setattr("briefings.storage.turns._move_on", text("UPDATE nowhere SET x = 1"))
        with pytest.raises(DBAPIError):
            publish_due(storage, KEYWORDS, Preferences(), at(9))
    assert posted(storage) == []
    assert storage.outbox.had("t:#world") == set()
    assert storage.subscriptions.get(id, "t").next_due == at(9)
    assert [titles(each) for each in run(storage, at(9))] == [["Harbour opens"]]


def test_a_query_that_cannot_be_read_stops_its_subscription_alone(storage: Storage) -> None:
    broken = subscribe(storage, query='"harbour')
    subscribe(storage, channel="t:#ports")
    add(storage, "Harbour opens", at(8))
    assert [each.channel for each in run(storage, at(9))] == ["t:#ports"]
    stopped = storage.subscriptions.get(broken, "t")
    assert (stopped.state, stopped.next_due) == ("blocked", None)
    assert stopped.reason


# On time -----------------------------------------------------------------------------------------------------


def test_after_downtime_there_is_one_late_briefing(storage: Storage) -> None:
    subscribe(storage, "hourly")
    add(storage, "Harbour opens", at(2))
    (delivery,) = run(storage, at(9.5))
    assert (delivery.slot, delivery.due, delivery.late) == ("2026-03-02T09:00", at(9), True)
    assert isinstance(delivery.content, Briefing)
    assert delivery.content.late
    assert storage.subscriptions.earliest_due() == at(10)


def test_ten_minutes_are_not_late(storage: Storage) -> None:
    subscribe(storage)
    add(storage, "Harbour opens", at(2))
    (delivery,) = run(storage, at(9) + timedelta(minutes=10))
    assert not delivery.late


@pytest.mark.parametrize(
    ("now", "due"),
    [  # Helsinki: 03:00 to 04:00 is skipped on 29 March, and repeated on 25 October.
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_clock_change_neither_loses_nor_repeats_a_slot(storage: Storage, now: datetime, due: datetime) -> None:
    subscribe(storage, "daily at 3:30 Europe/Helsinki", now=now)
    slots = []
    for quarter in range(4 * 36):
        moment = now + timedelta(minutes=15 * quarter)
        add(storage, f"Harbour opens, part {quarter}", moment)
        slots += [(each.slot, each.due) for each in run(storage, moment)]
    key = f"{due:%Y-%m-%d}T03:30"
    assert slots == [(key, due)]


def test_quiet_hours_hold_briefings_back_until_they_end(storage: Storage) -> None:
    subscribe(storage, "hourly")
    add(storage, "Harbour opens", at(20.5))
    assert len(run(storage, at(21), quiet=NIGHT)) == 1
    slots = []
    for hour in range(22, 24 + 7):
        add(storage, f"Harbour opens, hour {hour}", at(hour - 0.5))
        slots += run(storage, at(hour), quiet=NIGHT)
    assert slots == []
    (delivery,) = run(storage, at(24 + 7), quiet=NIGHT)
    assert (delivery.slot, delivery.due, delivery.late) == ("2026-03-03T07:00", at(24 + 7), False)
    assert len(titles(delivery)) == 5


def test_a_slot_in_quiet_hours_is_not_late_at_their_end(storage: Storage) -> None:
    subscribe(storage, "daily at 23")
    add(storage, "Harbour opens", at(20))
    assert run(storage, at(23), quiet=NIGHT) == []
    assert storage.subscriptions.earliest_due() == at(24 + 7)
    (delivery,) = run(storage, at(24 + 7), quiet=NIGHT)
    assert (delivery.slot, delivery.due, delivery.late) == ("2026-03-02T23:00", at(24 + 7), False)


def test_as_it_happens_follows_arrivals(storage: Storage) -> None:
    subscribe(storage, "as it happens")
    add(storage, "Election called", at(8))
    storage.subscriptions.wake_as_it_happens(at(8))
    assert run(storage, at(8)) == []
    assert storage.subscriptions.earliest_due() is None
    add(storage, "Harbour opens", at(9))
    add(storage, "Harbour closes", at(9))
    storage.subscriptions.wake_as_it_happens(at(9))
    (delivery,) = run(storage, at(9))
    assert sorted(titles(delivery)) == ["Harbour closes", "Harbour opens"]
    assert not delivery.late
    storage.subscriptions.wake_as_it_happens(at(9.5))
    assert run(storage, at(9.5)) == []


def test_as_it_happens_keeps_quiet_hours(storage: Storage) -> None:
    subscribe(storage, "as it happens")
    for hour in (23, 24, 25):
        add(storage, f"Harbour opens, hour {hour}", at(hour))
        storage.subscriptions.wake_as_it_happens(at(hour))
        assert run(storage, at(hour), quiet=NIGHT) == []
    assert storage.subscriptions.earliest_due() == at(24 + 7)
    (delivery,) = run(storage, at(24 + 7), quiet=NIGHT)
    assert len(titles(delivery)) == 3


# As the channel wants it -------------------------------------------------------------------------------------


def test_an_empty_slot_is_silent_unless_the_channel_asked(storage: Storage) -> None:
    subscribe(storage)
    subscribe(storage, channel="t:#ports")
    storage.preferences.set("t", "say_when_empty", True, channel="t:#ports")
    (delivery,) = run(storage, at(9))
    assert delivery.channel == "t:#ports"
    assert delivery.content == Notice("No new stories on harbour since 2026-03-01 09:00.")


def test_a_channel_overrides_its_workspace_and_that_the_program(storage: Storage) -> None:
    for channel in ("t:#a", "t:#b"):
        subscribe(storage, channel=channel)
    storage.preferences.set("t", "style", "headlines")
    storage.preferences.set("t", "style", "full", channel="t:#b")
    add(storage, "Harbour opens", at(8))
    told = {}
    for delivery in run(storage, at(9), style="brief"):
        assert isinstance(delivery.content, Briefing)
        told[delivery.channel] = delivery.content.stories[0].sections
    assert told["t:#a"] == ()
    (section,) = told["t:#b"]
    assert tuple(sentence.text for sentence in section.sentences) == SENTENCES


def test_a_brief_tells_sentences_of_the_article_in_their_places(storage: Storage) -> None:
    subscribe(storage)
    add(storage, "Harbour opens", at(8))
    (delivery,) = run(storage, at(9), style="brief", sentences=2)
    assert isinstance(delivery.content, Briefing)
    (section,) = delivery.content.stories[0].sections
    assert 1 <= len(section.sentences) <= 2
    assert all(SENTENCES[told.sentence] == told.text for told in section.sentences)


# On asking ---------------------------------------------------------------------------------------------------


def _preview(storage: Storage) -> Briefing | None:
    return preview(
        storage,
        KEYWORDS,
        Preferences(),
        workspace="t",
        channel="t:#world",
        topic="harbour",
        query="harbour",
        since=MONDAY,
    )


def test_a_preview_shows_what_would_be_posted_and_changes_nothing(storage: Storage) -> None:
    subscribe(storage)
    assert _preview(storage) is None
    add(storage, "Harbour opens", at(8))
    before = _preview(storage)
    assert before is not None
    assert before == _preview(storage)
    (delivery,) = run(storage, at(9))
    assert [story.article.title for story in before.stories] == titles(delivery)
    assert _preview(storage) is None


def test_what_a_person_posted_is_not_told_again(storage: Storage) -> None:
    subscribe(storage)
    add(storage, "Harbour opens", at(8))
    briefing = _preview(storage)
    assert briefing is not None
    post(storage, briefing, "t", "t:#world", at(8.5))
    assert [titles(each) for each in posted(storage)] == [["Harbour opens"]]
    assert run(storage, at(9)) == []
