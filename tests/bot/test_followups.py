"""Follow-ups on their way: posts are edited and threads continued, and whatever happens no second lead is posted."""

import asyncio
from datetime import timedelta

import pytest

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from bot.delivery import LEFT_OVER, Deliverer
from briefings.ingest import Incoming, add
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.slots import parse_when
from briefings.types import EVERYONE, Delivery, Document, Preferences, Quiet, Section, Slot
from briefings.updates import queue
from tests.bot.conftest import BEGIN

LEASE = timedelta(seconds=60)
HERE = "scripted:#here"
KEYWORDS = Keywords({})

WALL = "The harbour wall of Kiel cost {} million euros, which the city paid in one year."
REST = (
    "Ferries left at dawn for Oslo, with four hundred passengers on board.",
    "Fishermen had waited for nine days until the storm was over.",
    "Insurers expect claims for forty ships and two cranes.",
)
CLOSED = (
    "The harbour is closed again since a crane fell into the basin at noon.",
    "Divers look for two workers, and all trains to the quay wait at the border.",
    "A court will hear the builder of it on Friday, behind closed doors.",
)


class Newsroom:
    """An article that is corrected or rewritten, and the channel where it was posted."""

    def __init__(self, storage, scripted, time) -> None:
        self.storage, self.scripted, self.time = storage, scripted, time
        self.preferences = Preferences(style="full")
        self.deliverer = self.another()
        self.subscription = storage.subscriptions.create(
            workspace="scripted",
            channel=HERE,
            topic="harbour",
            query="harbour",
            schedule=parse_when("daily at 9", "UTC"),
            since=BEGIN - timedelta(days=7),
            next_slot=Slot("2026-11-23T09:00", BEGIN),
            now=BEGIN,
            created_by="kim",
        ).id

    def another(self) -> Deliverer:
        """Another process that delivers from the same outbox."""
        return self.scripted.deliverer(self.storage)

    def store(self, *sentences: str, heading: str | None = None) -> None:
        sections = tuple(Section(heading if place else None, ((s,),)) for place, s in enumerate(sentences))
        document = Document(title="Harbour of Kiel", sections=sections)
        now = self.time.now()
        with self.storage.writing():
            outcomes = add(self.storage, [Incoming(document, "kiel")], workspace=EVERYONE, now=now)
            queue(self.storage, KEYWORDS, self.preferences, outcomes, now)

    def correct(self, millions: int, *more: str) -> None:
        self.store(WALL.format(millions), *REST, *more)

    def rewrite(self, number: int) -> None:
        """Another text each time: no sentence of one has a word of another."""
        self.store(*(" ".join(f"{word}{number}" for word in sentence[:-1].split()) + "." for sentence in CLOSED))

    async def post(self) -> None:
        self.correct(11)
        publish_due(self.storage, KEYWORDS, self.preferences, self.time.now())
        await self.deliver()
        self.posted = list(self.scripted.messages)

    async def deliver(self, deliverer: Deliverer | None = None) -> None:
        await (deliverer or self.deliverer).deliver()
        await (deliverer or self.deliverer).idle()

    async def run(self) -> None:
        """Until nothing is left to do."""
        while (at := await self.deliverer.next_attempt()) is not None:
            self.time.seconds += max(0.0, (at - self.time.now()).total_seconds())
            await self.deliver()

    def followups(self) -> list[Delivery]:
        return [each for id in range(2, 20) if (each := self.delivery(id)) and each.follows]

    def delivery(self, id: int) -> Delivery | None:
        counted = sum(self.storage.outbox.counts().values())
        return self.storage.outbox.get(id, "scripted") if id <= counted else None


@pytest.fixture
async def room(storage, scripted, time) -> Newsroom:
    room = Newsroom(storage, scripted, time)
    await room.post()
    return room


def edited(room: Newsroom, message: str) -> str:
    """The last text that was put in a message's place."""
    return [text for id, text in room.scripted.edits if id == message][-1]


async def test_corrected_five_times_one_post_is_edited_five_times(room):
    for number in range(12, 17):
        room.time.seconds += 60
        room.correct(number)
        await room.run()
        assert f"{number} million" in edited(room, "m3")
        assert f"updated 09:0{number - 11}" in edited(room, "m1")
    assert room.scripted.messages == room.posted


async def test_edits_and_replies_are_on_the_clock_of_the_post(room):
    """Its subscription's, although the channel's own may be another."""
    room.storage.subscriptions.reschedule(room.subscription, "scripted", parse_when("daily at 18", "Asia/Seoul"), None)
    room.time.seconds += 60
    room.correct(12)
    await room.run()
    assert "due Mon 23 Nov 18:00 KST · updated 18:01" in edited(room, "m1")
    room.rewrite(1)
    await room.run()
    reply = room.scripted.messages[len(room.posted) :]
    assert any("Updated 18:01" in text for _, text, _ in reply)


async def test_rewritten_five_times_five_replies_go_into_the_thread_of_the_one_post(room):
    for number in range(5):
        room.time.seconds += 60
        room.rewrite(number)
        await room.run()
    assert room.scripted.edits == []
    assert room.scripted.messages[: len(room.posted)] == room.posted
    replies = room.scripted.messages[len(room.posted) :]
    assert {(channel, thread) for channel, _, thread in replies} == {(HERE, "m1")}
    opening = [text for _, text, _ in replies if "Updated" in text]
    assert opening == [f"Updated 09:0{number}" for number in range(1, 6)]


async def test_revised_both_ways_it_stays_one_post_and_its_thread(room):
    room.correct(12)
    await room.run()
    room.rewrite(1)
    await room.run()
    room.rewrite(2)
    room.correct(13)
    await room.run()
    assert [thread for _, _, thread in room.scripted.messages].count(None) == 1


async def test_a_change_of_what_was_not_told_is_nobodys_business(room):
    room.store(WALL.format(11), *REST)
    room.correct(11, "The mayor was absent.")
    assert await room.deliverer.next_attempt() is None


async def test_killed_between_edit_and_mark_it_is_edited_again_and_nothing_is_posted(room, monkeypatch):
    room.correct(12)
    with monkeypatch.context() as patch:
        patch.setattr(room.storage.followups, "finish", killed)
        await asyncio.gather(room.deliver(), return_exceptions=True)
    before = list(room.scripted.edits)
    room.time.seconds += 61
    await room.deliver(room.another())
    assert room.scripted.edits == before * 2
    assert room.scripted.messages == room.posted
    assert await room.deliverer.next_attempt() is None


def killed(*_: object) -> bool:
    raise asyncio.CancelledError


async def test_an_edit_that_is_longer_goes_on_in_the_thread_and_is_edited_there_next(room):
    room.correct(12, "The mayor was absent.")
    await room.run()
    (added,) = room.scripted.messages[len(room.posted) :]
    assert added == (HERE, "  - The mayor was absent.", "m1")
    room.correct(13, "The mayor was present.")
    await room.run()
    assert len(room.scripted.messages) == len(room.posted) + 1
    assert "present" in edited(room, f"m{len(room.scripted.messages)}")


async def test_an_edit_that_is_shorter_says_so_where_something_is_left_over(room):
    room.store(WALL.format(12), *REST[:2])
    await room.run()
    assert edited(room, f"m{len(room.posted)}") == LEFT_OVER.text
    assert room.scripted.messages == room.posted


async def test_what_was_added_is_posted_once_though_the_process_was_killed(room):
    send, finding = room.scripted.send, {}

    async def cut(channel, part, *, key, thread):
        finding[key] = await send(channel, part, key=key, thread=thread)
        raise asyncio.CancelledError

    room.scripted.send = cut
    room.correct(12, "The mayor was absent.")
    await asyncio.gather(room.deliver(), return_exceptions=True)
    room.scripted.send, room.scripted.found = send, finding
    room.time.seconds += 61
    await room.deliver(room.another())
    assert len(room.scripted.messages) == len(room.posted) + 1
    assert room.followups()[-1].state == "delivered"


@pytest.mark.parametrize("change", ["correct", "rewrite"])
@pytest.mark.parametrize(
    "error",
    [PayloadRefused("It was deleted."), ChannelGone("The channel is archived."), OutcomeUnknown("Nobody knows.")],
    ids=lambda error: type(error).__name__,
)
async def test_what_cannot_be_followed_is_dropped_and_nobody_is_told(room, change, error):
    getattr(room, change)(12)
    room.scripted.script = [error, error]
    await room.run()
    assert room.scripted.messages == room.posted
    assert room.storage.subscriptions.get(room.subscription, "scripted").state == "active"
    assert not room.storage.outbox.history("scripted", states=("failed", "unknown", "pending"))
    assert room.storage.outbox.counts() == {"delivered": 1}


async def test_a_deleted_message_in_the_thread_does_not_keep_the_others_from_being_edited(room):
    room.correct(12)
    room.scripted.script = [None, PayloadRefused("It was deleted.")]
    await room.run()
    assert {id for id, _ in room.scripted.edits} == {"m1", "m3", "m4", "m5", "m6"} - {"m2"}
    assert room.followups()[-1].state == "delivered"


@pytest.mark.parametrize("ending", ["pause", "remove"])
@pytest.mark.parametrize("change", ["correct", "rewrite"])
async def test_nobody_who_stopped_it_meanwhile_hears_more(room, change, ending):
    getattr(room, change)(12)
    getattr(room.storage.subscriptions, ending)(room.subscription, "scripted")
    await room.run()
    assert (room.scripted.messages, room.scripted.edits) == (room.posted, [])


@pytest.mark.parametrize("change", ["correct", "rewrite"])
async def test_quiet_hours_are_waited_for(room, change):
    room.preferences = Preferences(style="full", quiet=Quiet(9 * 60, 11 * 60))
    getattr(room, change)(12)
    await room.deliver()
    assert (room.scripted.messages, room.scripted.edits) == (room.posted, [])
    assert await room.deliverer.next_attempt() == BEGIN + timedelta(hours=2)
    await room.run()
    assert len(room.scripted.messages) > len(room.posted) or room.scripted.edits


@pytest.mark.parametrize("error", [RateLimited("Slow down.", timedelta(seconds=9)), TemporaryFailure("Busy.")])
async def test_a_platform_that_is_busy_is_asked_again(room, error):
    room.correct(12)
    room.scripted.script = [error]
    await room.run()
    assert "12 million" in edited(room, "m3")


async def test_an_edit_that_is_never_answered_is_made_again(room, time):
    edit = room.scripted.edit

    async def never(*_: object, **__: object) -> None:
        room.scripted.edit = edit
        raise TimeoutError

    room.scripted.edit = never
    room.correct(12)
    await room.run()
    assert "12 million" in edited(room, "m3")


async def test_a_reply_waits_for_the_post_that_is_on_its_way(storage, scripted, time):
    room = Newsroom(storage, scripted, time)
    room.correct(11)
    publish_due(storage, KEYWORDS, room.preferences, time.now())
    (begun,) = storage.outbox.claim("elsewhere", time.now(), LEASE, 9)
    room.rewrite(1)
    await room.deliver()
    assert scripted.messages == []
    storage.outbox.record_part(begun.id, "elsewhere", time.now(), 0, "m0")
    storage.outbox.delivered(begun.id, "elsewhere", time.now())
    await room.run()
    assert {thread for _, _, thread in scripted.messages} == {"m0"}


async def test_a_followup_is_no_delivery_of_the_subscription(room):
    before = room.storage.subscriptions.get(room.subscription, "scripted").last_delivered
    room.time.seconds += 3600
    room.rewrite(1)
    await room.run()
    assert room.storage.subscriptions.get(room.subscription, "scripted").last_delivered == before
