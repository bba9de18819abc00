"""A channel where nothing can be posted loses no news: its subscriptions stop, are tried, and go on by themselves."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from bot.connectors import ChannelGone, Part
from bot.delivery import Retries
from briefings.errors import NotFound
from briefings.keywords import Keywords
from briefings.publish import next_trial, publish_due, resumption
from briefings.slots import next_due, parse_when
from briefings.types import Briefing, Document, Key, Notice, Preferences, Section, Slot, Subscription

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = "scripted:#here"
WHY = "Invite me to #here."
PREFERENCES = Preferences(style="headlines", stories=50)
RETRIES = Retries(attempts=3, first=timedelta(seconds=1), longest=timedelta(seconds=9))


class World:
    """A bot that publishes and delivers hour by hour, and a channel that is there or `gone`."""

    def __init__(self, storage, scripted, time) -> None:
        self.storage, self.scripted, self.time = storage, scripted, time
        self.gone = False
        self.attempts = 0
        self._numbers = count(1)
        self._send = scripted.send
        scripted.send = self.send
        self.deliverer = scripted.deliverer(storage, retries=RETRIES)

    async def send(self, channel, part, *, key, thread):
        if channel == HERE:
            self.attempts += 1
            if self.gone:
                raise ChannelGone(WHY)
        return await self._send(channel, part, key=key, thread=thread)

    def subscribe(self, when: str = "daily at 9", query: str = "harbour", person: str = "kim") -> int:
        schedule, now = parse_when(when, "UTC"), self.time.now()
        return self.storage.subscriptions.create(
            workspace="scripted",
            channel=HERE,
            topic=query,
            query=query,
            schedule=schedule,
            since=now - HOUR,
            next_slot=next_due(schedule, now, PREFERENCES),
            now=now,
            created_by=person,
        ).id

    def add(self, topic: str = "harbour") -> str:
        """Store an article; gives its headline."""
        title = f"{topic.title()} news {next(self._numbers)}."
        document = Document(title=title, sections=(Section(None, (("It came.",),)),))
        self.storage.articles.add(document, keys=[Key("guid", title)], workspace="scripted", now=self.time.now())
        self.storage.subscriptions.wake_as_it_happens(self.time.now())
        return title

    async def go_on(self, hours: float) -> None:
        """Serve what comes due within the next hours, each at its time."""
        end = self.time.now() + hours * HOUR
        while True:
            due = [self.storage.subscriptions.earliest_due(), await self.deliverer.next_attempt()]
            at = min((each for each in due if each), default=end)
            self.time.seconds += max(0.0, (min(at, end) - self.time.now()).total_seconds())
            if at > end or at == end not in due:
                return
            publish_due(self.storage, Keywords({}), PREFERENCES, self.time.now())
            await self.deliverer.deliver()
            await self.deliverer.idle()

    def subscription(self, id: int) -> Subscription:
        return self.storage.subscriptions.get(id, "scripted")

    def headlines(self) -> Counter[str]:
        """How often each headline was posted in the channel."""
        delivered = self.storage.outbox.history("scripted", channel=HERE, limit=1000)
        return Counter(
            story.article.title
            for each in delivered
            if each.state == "delivered" and isinstance(each.content, Briefing)
            for story in each.content.stories
        )

    def told(self, person: str = "kim") -> list[str]:
        return [text for channel, text, _ in self.scripted.messages if channel == f"scripted:@{person}"]


@pytest.fixture
def world(storage, scripted, time):
    return World(storage, scripted, time)


@pytest.mark.parametrize("when", ["daily at 9", "every 2 hours", "as it happens"])
async def test_it_goes_on_by_itself_with_one_notice_and_the_news_since_it_stopped(world, when):
    id = world.subscribe(when)
    titles = [world.add()]
    await world.go_on(25)
    assert list(world.headlines()) == titles
    world.gone = True
    for _ in range(4):
        titles.append(world.add())
        await world.go_on(24)
    assert (world.subscription(id).state, world.subscription(id).reason) == ("blocked", WHY)
    assert [WHY in text for text in world.told()] == [True]
    world.gone = False
    await world.go_on(25)
    assert (world.subscription(id).state, world.subscription(id).reason) == ("active", None)
    assert world.headlines() == Counter(titles)
    assert len(world.told()) == 2
    assert "Briefings on harbour in #here go on" in world.told()[1]
    titles.append(world.add())
    await world.go_on(25)
    assert world.headlines() == Counter(titles)
    assert len(world.told()) == 2


@pytest.mark.parametrize("when", ["daily at 9", "every 3 hours", "as it happens"])
@pytest.mark.parametrize("seed", range(3))
async def test_whenever_the_channel_comes_and_goes_each_story_is_told_once(world, when, seed):
    chance = random.Random(seed)
    world.subscribe(when)
    titles = []
    for _ in range(8):
        world.gone = chance.random() < 0.6
        titles += [world.add() for _ in range(chance.randint(0, 2))]
        await world.go_on(chance.randint(1, 30))
    world.gone = False
    await world.go_on(49)
    assert world.headlines() == Counter(titles)
    stopped, resumed = (sum(words in text for text in world.told()) for words in (WHY, "go on"))
    assert stopped == resumed


async def test_a_channel_that_is_gone_is_left_alone_for_an_hour_at_least(world):
    world.subscribe("every 5 minutes")
    world.gone = True
    world.add()
    await world.go_on(1)
    assert world.attempts == 1
    await world.go_on(3)
    assert 3 <= world.attempts <= 4


async def test_all_subscriptions_of_a_channel_go_on_with_the_first_that_is_posted(world):
    first, second = world.subscribe(), world.subscribe("daily at 10", "ferry")
    world.gone = True
    titles = [world.add(), world.add("ferry")]
    await world.go_on(26)
    assert [world.subscription(id).state for id in (first, second)] == ["blocked", "blocked"]
    world.gone = False
    await world.go_on(22.5)
    assert [world.subscription(id).state for id in (first, second)] == ["active", "active"]
    assert [text for text in world.told() if "go on" in text] == [
        "Briefings on harbour and ferry in #here go on, with the news since they stopped."
    ]
    await world.go_on(2)
    assert world.headlines() == Counter(titles)


async def test_everybody_who_was_told_that_it_stopped_is_told_that_it_goes_on(world):
    world.subscribe(person="kim")
    world.subscribe("daily at 9:30", "ferry", person="lee")
    world.gone = True
    world.add(), world.add("ferry")
    await world.go_on(25)
    world.gone = False
    await world.go_on(24)
    for person in ("kim", "lee"):
        assert [WHY in text for text in world.told(person)] == [True, False]


async def test_what_a_person_paused_stays_paused(world):
    blocked, held = world.subscribe(), world.subscribe("daily at 9", "ferry")
    world.gone = True
    world.add()
    await world.go_on(24.5)
    world.storage.subscriptions.pause(blocked, "scripted")
    world.storage.subscriptions.pause(held, "scripted")
    world.gone = False
    await world.go_on(48)
    assert [world.subscription(id).state for id in (blocked, held)] == ["paused", "paused"]
    assert world.headlines() == Counter()


async def test_what_cannot_be_read_any_more_stays_blocked_whatever_is_posted(world):
    refused = world.subscribe("daily at 9", "(harbour")
    world.subscribe("daily at 10", "ferry")
    world.add("ferry")
    await world.go_on(27)
    assert world.subscription(refused).state == "blocked"
    assert world.told() == []


async def test_a_person_who_resumes_it_is_not_told_of_it(world):
    id = world.subscribe()
    world.gone = True
    title = world.add()
    await world.go_on(24.5)
    world.gone = False
    next = next_due(world.subscription(id).schedule, world.time.now(), PREFERENCES)
    world.storage.subscriptions.resume(id, "scripted", next)
    await world.go_on(24)
    assert world.headlines() == Counter([title])
    assert len(world.told()) == 1


# What was begun, or asked for by a person --------------------------------------------------------------------


async def test_of_a_briefing_that_was_begun_the_rest_is_offered(world):
    id = world.subscribe()
    world.scripted.render = lambda content: (
        [Part({}, "lead"), Part({}, "rest")] if isinstance(content, Briefing) else [Part({}, content.text)]
    )
    world.add()
    send = world.scripted.send

    async def gone_between(channel, part, *, key, thread):
        world.gone = part.text == "rest"
        return await send(channel, part, key=key, thread=thread)

    world.scripted.send = gone_between
    await world.go_on(24.5)
    world.scripted.send, world.gone = send, False
    assert world.subscription(id).state == "blocked"
    (begun,) = world.storage.outbox.history("scripted", subscription=id)
    (notice,) = [each.content for each in world.storage.outbox.history("scripted") if isinstance(each.content, Notice)]
    assert "only the beginning was posted" in notice.text
    assert [action.command for action in notice.actions] == [f"resume {id}", f"post again {begun.id}"]
    world.storage.outbox.post_again(begun.id, "scripted", world.time.now())
    await world.go_on(48)
    assert [text for channel, text, _ in world.scripted.messages if channel == HERE] == ["lead", "rest"]
    assert world.subscription(id).state == "active"


async def test_what_a_person_posted_is_offered_again(world):
    world.gone = True
    world.add()
    briefing = Briefing(topic="harbour", stories=())
    id = world.storage.outbox.add_post("scripted", HERE, briefing, NOW, [1])
    await world.go_on(1)
    assert world.storage.outbox.had(HERE) == {1}
    (notice,) = [each.content for each in world.storage.outbox.history("scripted", channel="scripted:@owner")]
    assert [action.command for action in notice.actions] == [f"post again {id}"]
    world.gone = False
    world.storage.outbox.post_again(id, "scripted", world.time.now())
    await world.go_on(1)
    assert world.storage.outbox.get(id, "scripted").state == "delivered"


async def test_what_was_withdrawn_goes_on_by_itself_and_is_not_offered(world):
    id = world.subscribe()
    world.gone = True
    world.add()
    await world.go_on(24.5)
    (failed,) = world.storage.outbox.history("scripted", subscription=id)
    with pytest.raises(NotFound):
        world.storage.outbox.post_again(failed.id, "scripted", world.time.now())


async def test_as_it_happens_what_was_missed_comes_at_once_when_it_is_resumed(world):
    id = world.subscribe("as it happens")
    world.storage.subscriptions.pause(id, "scripted")
    title = world.add()
    slot = resumption(world.subscription(id).schedule, PREFERENCES, world.time.now())
    world.storage.subscriptions.resume(id, "scripted", slot)
    await world.go_on(0.1)
    assert world.headlines() == Counter([title])
    assert world.subscription(id).next_due is None


# When ----------------------------------------------------------------------------------------------------------


def test_a_trial_is_the_first_slot_an_hour_from_now_or_later():
    every_minute, daily = parse_when("every minute", "UTC"), parse_when("daily at 9:30", "UTC")
    assert next_trial(every_minute, PREFERENCES, NOW) == Slot("2026-11-23T10:01", NOW + timedelta(minutes=61))
    assert next_trial(daily, PREFERENCES, NOW) == Slot("2026-11-24T09:30", NOW + timedelta(hours=24.5))
    assert next_trial(parse_when("as it happens", "UTC"), PREFERENCES, NOW) == Slot("", NOW + HOUR)
