import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.connectors import (
    ChannelGone,
    Limits,
    OutcomeUnknown,
    PayloadRefused,
    RateLimited,
    TemporaryFailure,
)
from bot.delivery import PLAIN, Deliverer, Retries, key_of
from briefings.keywords import Keywords
from briefings.publish import publish_due
from briefings.storage import Storage
from briefings.types import (
    Briefing,
    Document,
    Key,
    Listing,
    Notice,
    Preferences,
    Schedule,
    Section,
    Slot,
    Subscription,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RETRIES = Retries(attempts=4, first=timedelta(seconds=2), longest=timedelta(minutes=5))
LEASE = timedelta(seconds=60)
HERE = "scripted:#here"


@pytest.fixture
def deliverer(storage, scripted, time):
    return make(storage, scripted, time)


def make(storage, connector, time) -> Deliverer:
    return connector.deliverer(storage)


async def deliver(deliverer: Deliverer) -> None:
    await deliverer.deliver()
    await deliverer.idle()


def post(storage: Storage, *paragraphs: str, channel: str = HERE, workspace: str = "scripted") -> int:
    return storage.outbox.add_post(workspace, channel, Notice("\n\n".join(paragraphs)), NOW, ())


def subscribed(storage: Storage) -> Subscription:
    schedule = Schedule("daily at 9", ("0 9 * * *",), "Asia/Seoul")
    return storage.subscriptions.create(
        workspace="scripted",
        channel=HERE,
        topic="G7",
        query="G7",
        schedule=schedule,
        since=NOW - timedelta(days=3),
        next_slot=None,
        now=NOW,
        created_by="kim",
    )


def brief(storage: Storage, subscription: Subscription, day: int = 23, now: datetime = NOW) -> int:
    """Publish one story for a subscription at its slot of a day in November 2026; gives the delivery."""
    due = datetime(2026, 11, day, tzinfo=UTC)
    document = Document(title=f"G7 meets on day {day}", sections=(Section(None, (("Leaders of the G7 met.",),)),))
    storage.articles.add(document, keys=[Key("guid", str(day))], workspace="scripted", now=due - timedelta(hours=1))
    slot = Slot(f"2026-11-{day}T09:00", due)
    storage.subscriptions.reschedule(subscription.id, "scripted", subscription.schedule, slot)
    publish_due(storage, Keywords({}), Preferences(style="headlines"), now)
    return storage.outbox.history("scripted", subscription=subscription.id)[0].id


def state(storage: Storage, id: int) -> str:
    return storage.outbox.get(id, "scripted").state


def key(storage: Storage, id: int, part: int = 0) -> str:
    return key_of(storage.outbox.get(id, "scripted"), part)


async def test_parts_go_out_in_order_into_the_thread_of_the_first(storage, scripted, deliverer):
    id = post(storage, "one", "two", "three")
    await deliver(deliverer)
    assert scripted.messages == [(HERE, "one", None), (HERE, "two", "m1"), (HERE, "three", "m1")]
    delivery = storage.outbox.get(id, "scripted")
    assert delivery.state == "delivered"
    assert delivery.sent == {0: "m1", 1: "m2", 2: "m3"}
    assert await deliverer.next_attempt() is None


async def test_a_briefing_says_when_it_was_due_on_its_own_clock(storage, scripted, deliverer):
    brief(storage, subscribed(storage))
    await deliver(deliverer)
    assert "09:00 KST" in scripted.texts[0]
    assert "late" in scripted.texts[0]


async def test_delivering_notes_when_a_subscription_was_last_served(storage, deliverer):
    subscription = subscribed(storage)
    brief(storage, subscription)
    await deliver(deliverer)
    assert storage.subscriptions.get(subscription.id, "scripted").last_delivered == NOW


async def test_only_the_rest_is_sent_after_a_temporary_failure(storage, scripted, deliverer, time):
    id = post(storage, "one", "two")
    scripted.script = [None, TemporaryFailure("Busy.")]
    await deliver(deliverer)
    assert state(storage, id) == "pending"
    assert await deliverer.next_attempt() == NOW + timedelta(seconds=1)
    await deliver(deliverer)
    assert scripted.texts == ["one"]
    time.seconds = 1
    await deliver(deliverer)
    assert scripted.messages == [(HERE, "one", None), (HERE, "two", "m1")]
    assert state(storage, id) == "delivered"


async def test_a_part_has_the_same_key_at_every_attempt(storage, scripted, deliverer, time):
    post(storage, "one")
    scripted.script = [TemporaryFailure("Busy."), RateLimited("Slow down.", timedelta(seconds=5)), None]
    for seconds in (0, 10, 20):
        time.seconds = seconds
        await deliver(deliverer)
    assert len(scripted.keys) == 3
    assert len(set(scripted.keys)) == 1


async def test_a_workspace_that_asks_for_a_pause_gets_one(storage, scripted, deliverer, time):
    post(storage, "one", channel="scripted:#a")
    scripted.script = [RateLimited("Slow down.", timedelta(seconds=30))]
    await deliver(deliverer)
    post(storage, "two", channel="scripted:#b")
    await deliver(deliverer)
    assert scripted.times == [0, 30]


async def test_it_gives_up_after_the_last_attempt_and_keeps_the_content(storage, scripted, deliverer, time):
    subscription = subscribed(storage)
    id = brief(storage, subscription)
    scripted.script = [TemporaryFailure("Busy.")] * RETRIES.attempts
    for attempt in range(RETRIES.attempts):
        time.seconds = attempt * 1000
        await deliver(deliverer)
    assert state(storage, id) == "failed"
    assert storage.outbox.get(id, "scripted").content.stories
    await deliver(deliverer)
    assert [channel for channel, _, _ in scripted.messages] == ["scripted:@kim"]
    assert "Busy." in scripted.texts[0]
    assert storage.subscriptions.get(subscription.id, "scripted").state == "active"


async def test_a_channel_that_is_gone_blocks_its_subscription_with_one_notice(storage, scripted, deliverer):
    subscription = subscribed(storage)
    first = brief(storage, subscription, 22, now=NOW - timedelta(days=1))
    second = brief(storage, subscription, 23)
    scripted.script = [ChannelGone("Invite me to #here."), ChannelGone("Invite me to #here.")]
    await deliver(deliverer)
    await deliver(deliverer)
    after = storage.subscriptions.get(subscription.id, "scripted")
    assert (after.state, after.reason) == ("blocked", "Invite me to #here.")
    assert (after.schedule, after.channel, after.query) == (subscription.schedule, HERE, "G7")
    assert state(storage, first) == state(storage, second) == "failed"
    told = [text for channel, text, _ in scripted.messages if channel == "scripted:@kim"]
    assert len([text for text in told if "Invite me to #here." in text]) == 1
    notices = [each for each in storage.outbox.history("scripted") if isinstance(each.content, Notice)]
    assert [action.command for each in notices for action in each.content.actions] == [f"resume {subscription.id}"]


async def test_a_notice_that_cannot_be_posted_causes_no_further_notice(storage, scripted, deliverer):
    id = post(storage, "Something is wrong.")
    scripted.script = [ChannelGone("Nobody there.")]
    await deliver(deliverer)
    assert state(storage, id) == "failed"
    assert len(storage.outbox.history("scripted")) == 1


async def test_a_refused_payload_is_sent_once_as_plain_words(storage, scripted, deliverer):
    id = brief(storage, subscribed(storage))
    scripted.script = [PayloadRefused("invalid_blocks")]
    await deliver(deliverer)
    assert state(storage, id) == "delivered"
    assert len(scripted.keys) == 3
    assert "G7 meets on day 23" in scripted.texts


async def test_words_refused_in_plain_too_fail_with_a_notice(storage, scripted, deliverer):
    id = brief(storage, subscribed(storage))
    scripted.refuses = lambda text: "due" in text
    await deliver(deliverer)
    await deliver(deliverer)
    assert state(storage, id) == "failed"
    assert scripted.keys.count(key(storage, id)) == 1
    assert scripted.keys.count(key(storage, id, PLAIN)) == 1
    assert any("could not be posted" in text for text in scripted.texts)


async def test_plain_pieces_already_sent_are_not_sent_again(storage, scripted, deliverer, time):
    subscription = subscribed(storage)
    id = brief(storage, subscription)
    scripted.render = lambda content: [
        part
        for text in (["long"] if isinstance(content, Briefing) else ["a", "b"])
        for part in type(scripted).render(scripted, Notice(text))
    ]
    scripted.refuses = lambda text: text == "long"
    scripted.script = [None, None, TemporaryFailure("Busy.")]
    await deliver(deliverer)
    time.seconds = 10
    await deliver(deliverer)
    assert state(storage, id) == "delivered"
    assert scripted.texts == ["a", "b"]


async def test_an_unknown_outcome_is_told_and_sent_again_only_by_a_person(storage, scripted, deliverer, time):
    id = brief(storage, subscribed(storage))
    scripted.script = [OutcomeUnknown("The reply was lost.")]
    await deliver(deliverer)
    time.seconds = 100_000
    await deliver(deliverer)
    assert state(storage, id) == "unknown"
    assert scripted.keys.count(key(storage, id)) == 1
    told = storage.outbox.history("scripted")[0].content
    assert "may or may not have been posted in #here" in told.text
    assert [action.command for action in told.actions] == [f"post again {id}"]
    storage.outbox.post_again(id, "scripted", time.now())
    await deliver(deliverer)
    assert state(storage, id) == "delivered"


async def test_a_part_cut_off_while_it_was_sent_is_looked_up(storage, scripted, deliverer, time):
    id = post(storage, "one", "two")
    begun(storage, id, time)
    scripted.found = {key(storage, id): "m77"}
    await deliver(make(storage, scripted, time))
    assert scripted.messages == [(HERE, "two", "m77")]
    assert storage.outbox.get(id, "scripted").sent == {0: "m77", 1: "m1"}


async def test_a_part_that_was_surely_not_posted_is_sent(storage, scripted, deliverer, time):
    id = post(storage, "one")
    begun(storage, id, time)
    scripted.found = {key(storage, id): None}
    await deliver(make(storage, scripted, time))
    assert scripted.texts == ["one"]


async def test_a_part_in_doubt_is_not_sent_where_the_platform_cannot_tell(storage, scripted, deliverer, time):
    id = post(storage, "one")
    begun(storage, id, time)
    await deliver(make(storage, scripted, time))
    assert state(storage, id) == "unknown"
    assert scripted.messages == []


def begun(storage: Storage, id: int, time) -> None:
    """What a worker leaves that was killed between storing that it sends a part and storing that it did."""
    assert [each.id for each in storage.outbox.claim("killed", time.now(), LEASE, 10)] == [id]
    assert storage.outbox.begin_part(id, "killed", time.now(), 0, LEASE)
    time.seconds += LEASE.total_seconds() + 1


async def test_whoever_has_lost_the_lease_sends_no_further_part(storage, scripted, deliverer, time):
    id = post(storage, "one", "two", "three")
    send = scripted.send

    async def slow(channel, part, *, key, thread):
        message = await send(channel, part, key=key, thread=thread)
        time.seconds += LEASE.total_seconds() + 1
        assert [each.id for each in storage.outbox.claim("other", time.now(), LEASE, 10)] == [id]
        return message

    scripted.send = slow
    await deliver(deliverer)
    assert scripted.texts == ["one"]
    assert storage.outbox.get(id, "scripted").sent == {0: "m1"}
    assert state(storage, id) == "pending"


async def test_a_channel_gets_its_deliveries_in_order_at_its_pace(storage, scripted, deliverer):
    scripted.limits = Limits(messages_per_second=1000, messages_per_second_per_channel=1, message_characters=1000)
    for text in ("one", "two", "three"):
        post(storage, text)
    await deliver(deliverer)
    assert scripted.texts == ["one", "two", "three"]
    assert scripted.times == [0, 1, 2]


async def test_many_channels_share_the_pace_of_the_platform(storage, scripted, deliverer, time):
    scripted.limits = Limits(messages_per_second=50, messages_per_second_per_channel=1, message_characters=1000)
    for number in range(150):
        post(storage, "same", channel=f"scripted:#{number}")
    await deliver(deliverer)
    assert len(scripted.times) == 150
    waits = sorted(time.waited_until)
    assert len(waits) == 149
    assert min(later - earlier for earlier, later in pairwise(waits)) >= 1 / 50 - 1e-9


async def test_another_platforms_deliveries_are_left_alone(storage, scripted, deliverer):
    id = post(storage, "one", workspace="other:1", channel="other:1:#x")
    assert await deliverer.next_attempt() is None
    await deliver(deliverer)
    assert storage.outbox.get(id, "other:1").state == "pending"
    assert scripted.messages == []


async def test_a_content_that_cannot_be_laid_out_fails_alone(storage, scripted, deliverer):
    def broken(content):
        if isinstance(content, Listing):
            raise ZeroDivisionError
        return type(scripted).render(scripted, content)

    scripted.render = broken
    bad = storage.outbox.add_post("scripted", HERE, Listing("Latest", ()), NOW, ())
    good = post(storage, "one")
    await deliver(deliverer)
    assert (state(storage, bad), state(storage, good)) == ("failed", "delivered")


async def test_finishing_lets_a_send_end_and_claims_nothing_more(storage, scripted, deliverer):
    sending, go_on = asyncio.Event(), asyncio.Event()
    send = scripted.send

    async def waiting(*arguments, **named):
        sending.set()
        await go_on.wait()
        return await send(*arguments, **named)

    scripted.send = waiting
    id = post(storage, "one")
    await deliverer.deliver()
    await sending.wait()
    finishing = asyncio.create_task(deliverer.finish(within=60))
    await asyncio.sleep(0)
    later = post(storage, "two")
    go_on.set()
    await finishing
    await deliverer.deliver()
    assert (state(storage, id), state(storage, later)) == ("delivered", "pending")


async def test_finishing_does_not_wait_for_ever(storage, scripted, deliverer):
    sending = asyncio.Event()

    async def hanging(*arguments, **named):
        sending.set()
        await asyncio.Event().wait()

    scripted.send = hanging
    id = post(storage, "one")
    await deliverer.deliver()
    await sending.wait()
    await deliverer.finish(within=0)
    assert state(storage, id) == "pending"


async def test_two_workers_on_one_outbox_send_everything_once(storage, scripted, time):
    for number in range(60):
        post(storage, f"text {number}", channel=f"scripted:#{number % 7}")
    workers = [make(storage, scripted, time) for _ in range(3)]
    await asyncio.gather(*map(deliver, workers))
    assert sorted(scripted.texts) == sorted(f"text {number}" for number in range(60))
