"""What becomes of a post when an article that it told changes: an edit, a reply in its thread, or nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from briefings.compose import tell
from briefings.ingest import Incoming, add
from briefings.keywords import Keywords
from briefings.publish import post, publish_due
from briefings.slots import next_due, parse_when
from briefings.storage import Storage
from briefings.storage.followups import Post
from briefings.types import (
    EVERYONE,
    Article,
    Briefing,
    Delivery,
    Document,
    Preferences,
    Quiet,
    Section,
)
from briefings.updates import RECENT, decide, queue, stands

KEYWORDS = Keywords()
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
LEASE = timedelta(minutes=1)
PREFERENCES = Preferences(zone="Asia/Seoul")
CHANNEL = "t:#world"

PAID = "Kiel paid eleven million euros for the harbour wall."
CORRECTED = "Kiel paid twelve million euros for the harbour wall."
FIRST = (
    "Ferries left the harbour of Kiel at dawn for Oslo on Monday.",
    PAID,
    "Fishermen had waited for nine days until the storm was over.",
    "The harbour master said that he had never seen such waves in March.",
)
SECOND = ("Insurers expect claims for forty ships.", "The council meets on Thursday to decide about a second wall.")
REWRITTEN = (
    "The harbour of Kiel is closed again after a crane fell into the basin.",
    "Divers look for two workers who are missing since noon.",
    "All ferries to Oslo turn back, and trains wait at the border.",
    "A court will hear the builder of the crane on Friday.",
    "Nobody can say yet how long the ships must wait outside, where the wind is still strong and the sea is high.",
    "The city opened a school as a shelter for the crews, and bakers brought bread for all of them in the evening.",
)


def article(*sentences: str, title: str = "Harbour of Kiel open again", id: int = 7) -> Article:
    sections = (Section(None, (sentences,)),)
    return Article(id=id, story=id, title=title, sections=sections, arrived=NOW, updated=NOW, change=1)


BEFORE = article(*FIRST, *SECOND)
TOLD = tell(BEFORE, PREFERENCES, KEYWORDS)
OTHER = tell(article("Nothing else is known.", title="Chess", id=8), PREFERENCES, KEYWORDS)
POSTED = Post(
    id=1,
    root=1,
    workspace="t",
    channel=CHANNEL,
    subscription=3,
    due=None,
    late=False,
    content=Briefing(topic="harbour", stories=(OTHER, TOLD)),
    open=False,
)
REPLY = Briefing(topic=None, stories=(TOLD,), updated=NOW)


def decided(after: Article, *posts: Post, large: bool, ids: frozenset[int] = frozenset({7})) -> Post | None:
    retold = tell(after, PREFERENCES, KEYWORDS)
    return decide(posts or (POSTED,), ids, after, retold, large=large, now=LATER)


def renewed(post: Post, **values: object) -> Post:
    fields = {name: getattr(post, name) for name in Post.__struct_fields__}
    return Post(**{**fields, **values})  # type: ignore[arg-type]


# Deciding, with values alone ---------------------------------------------------------------------------------


def test_a_sentence_that_does_not_stand_any_more_has_the_post_edited() -> None:
    after = article(*(CORRECTED if each == PAID else each for each in FIRST), *SECOND)
    change = decided(after, large=False)
    retold = tell(after, PREFERENCES, KEYWORDS)
    content = Briefing(topic="harbour", stories=(OTHER, retold), updated=LATER)
    assert change == renewed(POSTED, content=content)


def test_another_headline_has_the_post_edited() -> None:
    change = decided(article(*FIRST, *SECOND, title="Harbour of Kiel open"), large=False)
    assert change
    assert [story.article.title for story in change.content.stories] == ["Chess", "Harbour of Kiel open"]


@given(st.lists(st.sampled_from(["A buoy was lost.", "Gulls came back.", "The mayor was absent."]), max_size=3))
def test_while_all_that_was_told_still_stands_nothing_is_done(added: list[str]) -> None:
    after = article(*added, *FIRST, *added, *SECOND)
    assert stands(TOLD, after)
    assert decided(after, large=False) is None


def test_a_large_change_is_told_in_the_thread_and_leaves_the_post_alone() -> None:
    after = article(*REWRITTEN)
    change = decided(after, large=True)
    retold = tell(after, PREFERENCES, KEYWORDS)
    assert change == renewed(POSTED, id=None, content=Briefing(topic=None, stories=(retold,), updated=LATER))


def test_what_is_told_of_other_sources_stays() -> None:
    told = replace(TOLD, also_in=(OTHER.article,))
    post = renewed(POSTED, content=Briefing(topic="harbour", stories=(told,)))
    for large in (True, False):
        change = decided(article(*REWRITTEN), post, large=large)
        assert change
        assert change.content.stories[0].also_in == (OTHER.article,)


def test_the_newest_that_told_it_is_the_one_that_is_edited() -> None:
    reply = renewed(POSTED, id=2, content=REPLY)
    change = decided(article(*REWRITTEN), POSTED, reply, large=False)
    assert change
    assert (change.id, change.root) == (2, 1)


def test_a_story_that_was_only_named_is_not_followed() -> None:
    named = renewed(POSTED, content=Briefing(topic="harbour", stories=(OTHER,), more=(TOLD.article,)))
    assert decided(article(*REWRITTEN), named, large=True) is None


def test_the_copy_of_another_source_is_not_what_was_told() -> None:
    assert decided(article(*REWRITTEN, id=9), large=True, ids=frozenset({9})) is None


def test_an_own_copy_takes_the_place_of_what_was_told() -> None:
    change = decided(article(*REWRITTEN, id=9), large=False, ids=frozenset({7, 9}))
    assert change
    assert change.content.stories[1].article.id == 9


@pytest.mark.parametrize("large", [True, False])
def test_what_nobody_has_begun_to_send_is_told_anew_and_says_nothing_of_it(large: bool) -> None:
    waiting = renewed(POSTED, open=True)
    change = decided(article(*REWRITTEN), waiting, large=large)
    assert change
    assert (change.id, change.content.updated) == (1, None)
    assert change.content.stories[1] == tell(article(*REWRITTEN), PREFERENCES, KEYWORDS)


@pytest.mark.parametrize("large", [True, False])
def test_a_reply_that_waits_is_told_anew(large: bool) -> None:
    waiting = renewed(POSTED, id=2, open=True, content=REPLY)
    change = decided(article(*REWRITTEN), POSTED, waiting, large=large)
    assert change
    assert (change.id, change.content.topic, change.content.updated) == (2, None, LATER)


# Queued with what stores the change ------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    url = "sqlite://" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    with Storage.open(url) as opened:
        yield opened


messages = count(1)


def subscribe(storage: Storage, channel: str = CHANNEL, *, workspace: str = "t") -> int:
    schedule = parse_when("daily at 9", "UTC")
    return storage.subscriptions.create(
        workspace=workspace,
        channel=channel,
        topic="harbour",
        query="harbour",
        schedule=schedule,
        since=NOW - timedelta(days=7),
        next_slot=next_due(schedule, NOW - timedelta(hours=1), PREFERENCES),
        now=NOW - timedelta(hours=1),
    ).id


def take_in(
    storage: Storage,
    *sentences: str,
    now: datetime = LATER,
    title: str = BEFORE.title,
    guid: str = "kiel",
    workspace: str = EVERYONE,
    preferences: Preferences = PREFERENCES,
) -> int:
    """Store an article or its change, with what follows from it in one transaction; gives how much is new."""
    document = Document(title=title, sections=(Section(None, (sentences,)),))
    with storage.writing():
        outcomes = add(storage, [Incoming(document, guid)], workspace=workspace, now=now)
        return queue(storage, KEYWORDS, preferences, outcomes, now)


def corrected(number: int) -> tuple[str, ...]:
    return tuple(f"Kiel paid {number} million euros for the harbour wall." if s == PAID else s for s in FIRST + SECOND)


def send(storage: Storage, now: datetime) -> list[Delivery]:
    """Deliver all that is due, as a platform would that takes everything."""
    claimed = storage.outbox.claim("me", now, LEASE, 99)
    for each in claimed:
        if not each.edits:
            storage.outbox.record_part(each.id, "me", now, 0, f"m{next(messages)}")
        if each.follows:
            storage.followups.finish(each, "me", now)
        else:
            storage.outbox.delivered(each.id, "me", now)
    return claimed


def published(storage: Storage, *, workspace: str = EVERYONE) -> Delivery:
    """A briefing on the article, delivered."""
    take_in(storage, *FIRST, *SECOND, now=NOW - timedelta(minutes=10), workspace=workspace)
    publish_due(storage, KEYWORDS, PREFERENCES, NOW)
    (sent,) = send(storage, NOW)
    return sent


def briefing(delivery: Delivery) -> Briefing:
    assert isinstance(delivery.content, Briefing)
    return delivery.content


def said(delivery: Delivery) -> str:
    return " ".join(t.text for story in briefing(delivery).stories for s in story.sections for t in s.sentences)


def test_a_corrected_sentence_queues_an_edit(storage: Storage) -> None:
    subscribe(storage)
    sent = published(storage)
    assert take_in(storage, *corrected(12)) == 1
    (edit,) = send(storage, LATER)
    assert (edit.follows, edit.edits, edit.channel) == (sent.id, True, CHANNEL)
    assert edit.due == sent.due
    assert "twelve" not in said(sent)
    assert CORRECTED.replace("twelve", "12") in said(edit)
    updated = briefing(edit).updated
    assert updated
    assert f"{updated:%H:%M}" == "20:00"


def test_five_corrections_are_five_edits_of_one_post(storage: Storage) -> None:
    subscribe(storage)
    sent = published(storage)
    for number in range(12, 17):
        now = LATER + timedelta(hours=number)
        assert take_in(storage, *corrected(number), now=now) == 1
        (edit,) = send(storage, now)
        assert (edit.follows, edit.edits) == (sent.id, True)
        assert f"{number} million" in said(edit)
    assert len(storage.outbox.history("t")) == 1


def test_five_rewritings_are_five_replies_to_one_post(storage: Storage) -> None:
    subscribe(storage)
    sent = published(storage)
    for number in range(5):
        now = LATER + timedelta(hours=number)
        words = [f"{sentence[:-1]}, says report {number} of {7 ** (number + 9)}." for sentence in REWRITTEN]
        other = [f"Word{number}{place} " * 9 + "came." for place in range(9)]
        assert take_in(storage, *words, *other, now=now) == 1
        (reply,) = send(storage, now)
        assert (reply.follows, reply.edits) == (sent.id, False)
    publish_due(storage, KEYWORDS, PREFERENCES, NOW + timedelta(days=1))
    assert len(storage.outbox.history("t")) == 1


def test_after_a_reply_a_small_change_edits_the_reply(storage: Storage) -> None:
    subscribe(storage)
    published(storage)
    take_in(storage, *REWRITTEN)
    (reply,) = send(storage, LATER)
    take_in(storage, *(sentence.replace("basin", "dock") for sentence in REWRITTEN), now=LATER + LEASE)
    (edit,) = send(storage, LATER + LEASE)
    assert (edit.follows, edit.edits) == (reply.id, True)
    assert "into the dock" in said(edit)


def test_what_waits_is_replaced_and_not_piled_up(storage: Storage) -> None:
    subscribe(storage)
    published(storage)
    assert [take_in(storage, *corrected(number)) for number in range(12, 17)] == [1, 0, 0, 0, 0]
    (edit,) = send(storage, LATER)
    assert "16 million" in said(edit)
    assert take_in(storage, *REWRITTEN) == 1
    assert take_in(storage, *(sentence.replace("basin", "dock") for sentence in REWRITTEN)) == 0
    (reply,) = send(storage, LATER)
    assert "into the dock" in said(reply)


def test_a_briefing_that_waits_is_corrected_before_it_goes_out(storage: Storage) -> None:
    subscribe(storage)
    take_in(storage, *FIRST, *SECOND, now=NOW - timedelta(minutes=10))
    publish_due(storage, KEYWORDS, PREFERENCES, NOW)
    assert take_in(storage, *corrected(12)) == 0
    (sent,) = send(storage, LATER)
    assert "12 million" in said(sent)
    assert briefing(sent).updated is None


def test_an_edit_that_is_replaced_while_it_is_made_is_made_once_more(storage: Storage) -> None:
    subscribe(storage)
    published(storage)
    take_in(storage, *corrected(12))
    (edit,) = storage.outbox.claim("me", LATER, LEASE, 9)
    assert take_in(storage, *corrected(13)) == 0
    assert storage.followups.finish(edit, "me", LATER)
    (again,) = send(storage, LATER)
    assert (again.id, "13 million" in said(again)) == (edit.id, True)
    assert storage.outbox.next_attempt() is None


def test_who_lost_the_lease_does_not_finish_a_followup(storage: Storage) -> None:
    subscribe(storage)
    published(storage)
    take_in(storage, *corrected(12))
    (edit,) = storage.outbox.claim("me", LATER, LEASE, 9)
    storage.outbox.claim("you", LATER + LEASE, LEASE, 9)
    assert not storage.followups.finish(edit, "me", LATER + LEASE)
    assert storage.outbox.get(edit.id, "t").state == "pending"


def test_quiet_hours_are_waited_for(storage: Storage) -> None:
    subscribe(storage)
    published(storage)
    night = Preferences(zone="UTC", quiet=Quiet(10 * 60, 15 * 60))
    take_in(storage, *corrected(12), preferences=night)
    take_in(storage, *REWRITTEN, preferences=night)
    assert storage.outbox.next_attempt() == LATER.replace(hour=15)
    assert send(storage, LATER) == []
    assert len(send(storage, LATER.replace(hour=15))) == 2


@pytest.mark.parametrize("ending", ["pause", "remove"])
def test_who_paused_or_unsubscribed_is_told_nothing(storage: Storage, ending: str) -> None:
    id = subscribe(storage)
    published(storage)
    getattr(storage.subscriptions, ending)(id, "t")
    assert take_in(storage, *REWRITTEN) == 0


@pytest.mark.parametrize("ending", ["pause", "remove"])
def test_who_pauses_or_unsubscribes_meanwhile_is_not_wanted(storage: Storage, ending: str) -> None:
    id = subscribe(storage)
    published(storage)
    take_in(storage, *REWRITTEN)
    (reply,) = storage.outbox.claim("me", LATER, LEASE, 9)
    assert storage.followups.followed(reply)
    getattr(storage.subscriptions, ending)(id, "t")
    assert storage.followups.followed(reply) is None


def test_what_a_person_had_posted_is_followed_where_something_is_subscribed(storage: Storage) -> None:
    take_in(storage, *FIRST, *SECOND, now=NOW)
    told = Briefing(topic=None, stories=(tell(one(storage), PREFERENCES, KEYWORDS),))
    post(storage, told, "t", CHANNEL, NOW)
    post(storage, told, "t", "t:#elsewhere", NOW)
    send(storage, NOW)
    subscribe(storage)
    assert take_in(storage, *corrected(12)) == 1


def test_after_three_days_a_post_is_left_as_it_is(storage: Storage) -> None:
    subscribe(storage)
    published(storage)
    assert take_in(storage, *REWRITTEN, now=NOW + RECENT + timedelta(seconds=1)) == 0


def test_each_channel_that_was_told_is_told(storage: Storage) -> None:
    channels = [f"t:#{number}" for number in range(3)]
    for channel in channels:
        subscribe(storage, channel)
    take_in(storage, *FIRST, *SECOND, now=NOW - timedelta(minutes=10))
    publish_due(storage, KEYWORDS, PREFERENCES, NOW)
    send(storage, NOW)
    assert take_in(storage, *corrected(12)) == 3
    assert [each.channel for each in send(storage, LATER)] == channels


def test_others_are_not_told_of_a_change_that_they_do_not_see(storage: Storage) -> None:
    for workspace in ("t", "u"):
        take_in(storage, *FIRST, *SECOND, now=NOW - timedelta(minutes=10), workspace=workspace)
        subscribe(storage, f"{workspace}:#world", workspace=workspace)
    publish_due(storage, KEYWORDS, PREFERENCES, NOW)
    send(storage, NOW)
    assert take_in(storage, *REWRITTEN, workspace="u") == 1
    (reply,) = send(storage, LATER)
    assert reply.workspace == "u"


def test_a_change_that_is_undone_leaves_nothing_queued(storage: Storage) -> None:
    subscribe(storage)
    published(storage)

    def killed() -> None:
        with storage.writing():
            take_in(storage, *REWRITTEN)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert storage.outbox.next_attempt() is None
    assert take_in(storage, *REWRITTEN) == 1


def one(storage: Storage) -> Article:
    (found,) = storage.articles.arrived_since(EVERYONE, NOW - timedelta(days=1))
    return found
