"""A part whose sending was cut short is looked up: never posted twice, never lost without a word."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from bot.delivery import LOOK_AFTER, Deliverer
from briefings.types import Item, Listing, Notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HERE = "scripted:#here"
CUT = OutcomeUnknown("The line was cut.", timedelta(seconds=30))


class Outgoing:
    """Deliveries through a line that is cut as `cuts` says: before or after the platform took the message.

    The platform can be asked, and first answers with the errors in `finding`.
    """

    def __init__(self, storage, scripted, time) -> None:
        self.storage, self.scripted, self.time = storage, scripted, time
        self.cuts: list[str] = []
        self.finding: list[Exception] = []
        self.asked = 0
        self._posted: dict[str, str] = {}
        self._send = scripted.send
        scripted.send, scripted.find = self.send, self.find
        self.deliverer = self.make()

    def make(self, lease: timedelta = timedelta(seconds=60)) -> Deliverer:
        return self.scripted.deliverer(self.storage, lease=lease)

    async def send(self, channel, part, *, key, thread):
        cut = self.cuts.pop(0) if self.cuts else ""
        if cut == "before":
            raise CUT
        if cut == "too fast":
            raise RateLimited("Slow down.", timedelta(seconds=9))
        self._posted[key] = await self._send(channel, part, key=key, thread=thread)
        if cut == "after":
            raise CUT
        if cut == "never answers":
            await asyncio.Event().wait()
        return self._posted[key]

    async def find(self, channel, *, key, thread, begun=None, told=()):
        self.asked += 1
        if self.finding:
            raise self.finding.pop(0)
        return self._posted.get(key)

    def post(self, *paragraphs: str) -> int:
        return self.storage.outbox.add_post("scripted", HERE, Notice("\n\n".join(paragraphs)), NOW, [7])

    async def run(self) -> None:
        """Until nothing is left to do."""
        while (at := await self.deliverer.next_attempt()) is not None:
            self.time.seconds += max(0.0, (at - self.time.now()).total_seconds())
            await self.deliverer.deliver()
            await self.deliverer.idle()

    def state(self, id: int) -> str:
        return self.storage.outbox.get(id, "scripted").state


@pytest.fixture
def outgoing(storage, scripted, time):
    return Outgoing(storage, scripted, time)


@pytest.mark.parametrize("cuts", [["after"], ["before"], ["", "after"], ["", "before"], ["after", "after", "after"]])
async def test_what_was_cut_off_is_found_or_sent_and_stands_there_once(outgoing, cuts):
    id = outgoing.post("one", "two", "three")
    outgoing.cuts = cuts
    await outgoing.run()
    assert outgoing.scripted.messages == [(HERE, "one", None), (HERE, "two", "m1"), (HERE, "three", "m1")]
    assert outgoing.state(id) == "delivered"
    assert outgoing.storage.outbox.counts() == {"delivered": 1}


async def test_it_is_asked_about_no_sooner_than_can_be_known(outgoing):
    outgoing.post("one")
    outgoing.cuts = ["after"]
    await outgoing.deliverer.deliver()
    await outgoing.deliverer.idle()
    assert await outgoing.deliverer.next_attempt() == NOW + timedelta(seconds=30)
    assert outgoing.asked == 0


async def test_the_doubt_stays_while_the_platform_does_not_answer(outgoing):
    outgoing.finding = [
        RateLimited("Slow down.", timedelta(seconds=9)),
        TemporaryFailure("Busy."),
        OutcomeUnknown("Not yet.", timedelta(seconds=9)),
    ]
    id = outgoing.post("one", "two")
    outgoing.cuts = ["after"]
    await outgoing.run()
    assert outgoing.asked == 4
    assert outgoing.scripted.texts == ["one", "two"]
    assert outgoing.state(id) == "delivered"


@pytest.mark.parametrize(
    "finding",
    [
        [OutcomeUnknown("History may not be read.")],
        [PayloadRefused("No such search.")],
        [KeyError("ts")],
        [TemporaryFailure("Busy.")] * 3,
        [CUT] * 3,
    ],
)
async def test_where_nobody_can_tell_it_is_told_and_offered(outgoing, finding):
    outgoing.finding = list(finding)
    id = outgoing.storage.outbox.add_post("scripted", HERE, Listing("Latest", (Item("one"),)), NOW, [7])
    outgoing.cuts = ["after"]
    await outgoing.run()
    assert outgoing.state(id) == "unknown"
    assert [channel for channel, _, _ in outgoing.scripted.messages].count(HERE) == 1
    (told,) = [text for channel, text, _ in outgoing.scripted.messages if channel == "scripted:@owner"]
    assert "may or may not have been posted in #here" in told


async def test_doubt_in_a_channel_that_is_gone_is_told_and_offered(outgoing):
    outgoing.finding = [ChannelGone("Invite me to #here.")]
    id = outgoing.post("one")
    outgoing.cuts = ["before"]
    await outgoing.run()
    assert outgoing.state(id) == "unknown"
    assert outgoing.storage.outbox.had(HERE) == {7}
    outgoing.storage.outbox.post_again(id, "scripted", outgoing.time.now())
    await outgoing.run()
    assert (outgoing.state(id), outgoing.scripted.texts.count("one")) == ("delivered", 1)


async def test_a_platform_that_never_answers_is_asked_what_became_of_it(outgoing):
    id = outgoing.post("one")
    outgoing.cuts = ["never answers"]
    outgoing.deliverer = outgoing.make(lease=timedelta(milliseconds=40))
    await outgoing.deliverer.deliver()
    await outgoing.deliverer.idle()
    assert await outgoing.deliverer.next_attempt() == NOW + LOOK_AFTER
    await outgoing.run()
    assert outgoing.scripted.texts == ["one"]
    assert outgoing.state(id) == "delivered"


async def test_the_doubt_stays_until_it_is_sent_again(outgoing):
    id = outgoing.post("one")
    outgoing.cuts = ["before", "too fast"]
    for _ in range(2):
        assert outgoing.scripted.texts == []
        outgoing.time.seconds += LOOK_AFTER.total_seconds()
        await outgoing.deliverer.deliver()
        await outgoing.deliverer.idle()
    assert outgoing.storage.outbox.get(id, "scripted").begun.keys() == {0}
    await outgoing.run()
    assert (outgoing.scripted.texts, outgoing.asked) == (["one"], 2)


async def test_what_is_in_doubt_waits_behind_nothing_new(outgoing):
    outgoing.post("one")
    outgoing.cuts = ["before"]
    cleared = []

    async def clear() -> None:
        cleared.append(outgoing.asked)

    outgoing.scripted.clear = clear
    await outgoing.run()
    assert (outgoing.scripted.texts, cleared) == (["one"], [0])


async def test_doubt_outlives_the_process(outgoing):
    id = outgoing.post("one")
    outgoing.cuts = ["after"]
    await outgoing.deliverer.deliver()
    await outgoing.deliverer.idle()
    outgoing.storage.outbox.release(outgoing.time.now())
    outgoing.deliverer = outgoing.make()
    await outgoing.run()
    assert outgoing.scripted.texts == ["one"]
    assert outgoing.state(id) == "delivered"
