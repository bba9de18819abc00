"""The front desk: forms, suggestions, the dashboard; nothing raises, and no workspace sees another's."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.connectors import Asker, Draft
from briefings.types import EVERYONE, Briefing, Listing, Notice, Preferences, Schedule
from tests.bot.reception import ADMIN, CREATOR, FORM, HERE, NOW, READER, STRANGER, THERE, furnish, text_of


@pytest.fixture
def world(storage, tmp_path, scripted):
    return furnish(storage, tmp_path, scripted)


# Forms


async def test_bare_subscribe_asks_for_a_form_with_what_is_usual(world):
    draft = await world.desk.draft("subscribe", ADMIN)
    assert draft == Draft(when="weekdays at 09:00", zone="Asia/Seoul", channel=HERE, style="brief")


@pytest.mark.parametrize("text", ["subscribe heron", "reschedule", "reschedule 5", "pause 1", "what about herons?", ""])
async def test_other_words_ask_for_none(world, text):
    assert await world.desk.draft(text, ADMIN) is None


async def test_a_number_alone_asks_for_the_form_of_that_subscription(world):
    await world.desk.submit(replace(FORM, style="full"), ADMIN)
    assert await world.desk.draft("reschedule 1", ADMIN) == replace(FORM, style="full", subscription=1)


async def test_who_may_not_manage_gets_no_form_and_is_told_who_may(world):
    await world.desk.submit(FORM, ADMIN)
    for text in ("subscribe", "reschedule 1"):
        assert await world.desk.draft(text, READER) is None
        assert text_of(await world.desk.answer(text, READER)).startswith("Only admins may do that.")


async def test_each_fault_is_told_under_its_field(world):
    bad = Draft(topic='"heron', when="daily at noonish", zone="Mars/Olympus", channel="scripted:T2:#C9")
    faults = await world.desk.check(replace(bad, style="loud"), ADMIN)
    assert set(faults) == {"topic", "when", "zone", "channel", "style"}
    assert "noonish" in faults["when"]
    assert "Mars/Olympus" in faults["zone"]
    assert set(await world.desk.check(replace(FORM, topic=" "), ADMIN)) == {"topic"}
    assert await world.desk.check(FORM, ADMIN) == {}


async def test_a_form_is_refused_where_its_channel_is_not_the_askers_to_manage(world):
    assert (await world.desk.check(FORM, READER))["channel"].startswith("Only admins may do that.")
    assert await world.desk.check(FORM, CREATOR) == {}
    elsewhere = replace(FORM, channel=THERE)
    assert "#C1 alone" in (await world.desk.check(elsewhere, CREATOR))["channel"]
    assert not (await world.desk.submit(elsewhere, CREATOR)).found
    assert world.subscriptions() == []


async def test_a_preview_stores_nothing_and_offers_no_posting(world):
    notice, briefing = (await world.desk.preview(FORM, ADMIN)).contents
    assert "Next runs: Tue 24 Nov 09:00 CET" in notice.text
    assert [story.article.title for story in briefing.stories] == ["Heron count at Lake A"]
    assert briefing.actions == ()
    assert world.subscriptions() == []


async def test_a_preview_is_laid_out_in_the_style_of_the_form(world):
    _, briefing = (await world.desk.preview(replace(FORM, style="headlines"), ADMIN)).contents
    assert briefing.stories[0].sections == ()


async def test_submitting_subscribes_and_wakes_the_clock(world):
    reply = await world.desk.submit(replace(FORM, style="full"), ADMIN)
    (subscription,) = world.subscriptions()
    assert (subscription.channel, subscription.topic, subscription.created_by) == (HERE, "heron", "U1")
    assert subscription.schedule == Schedule("daily at 9", ("0 9 * * *",), "Europe/Berlin")
    assert world.storage.preferences.merged("scripted:T1", HERE, Preferences()).style == "full"
    assert [action.label for action in reply.contents[-1].actions] == ["post it", "change", "cancel"]
    assert world.woken


async def test_a_form_submitted_twice_at_once_subscribes_once(world):
    replies = await asyncio.gather(*(world.desk.submit(FORM, ADMIN) for _ in range(4)))
    assert sorted(reply.found for reply in replies) == [False, False, False, True]
    assert len(world.subscriptions()) == 1


async def test_a_changed_schedule_keeps_the_number_and_the_pause(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.answer("pause 1", ADMIN)
    await world.desk.submit(replace(FORM, subscription=1, when="hourly"), ADMIN)
    (subscription,) = world.subscriptions()
    assert (subscription.id, subscription.schedule.words, subscription.state) == (1, "hourly", "paused")


async def test_another_topic_or_channel_takes_the_place_of_the_subscription(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.answer("pause 1", ADMIN)
    await world.desk.submit(replace(FORM, subscription=1, topic="willow", channel=THERE), ADMIN)
    (subscription,) = world.subscriptions()
    assert (subscription.topic, subscription.channel, subscription.state) == ("willow", THERE, "paused")


async def test_a_change_into_what_is_there_already_changes_nothing(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.submit(replace(FORM, when="hourly"), ADMIN)
    same = replace(FORM, subscription=2)
    assert "number 1" in (await world.desk.check(same, ADMIN))["when"]
    assert not (await world.desk.submit(same, ADMIN)).found
    assert [each.schedule.words for each in world.subscriptions()] == ["daily at 9", "hourly"]


# Apart


async def test_ids_of_another_workspace_are_not_there(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.answer("topic add Birds = heron", ADMIN)
    before = world.subscriptions()
    forged = replace(FORM, subscription=1, channel="scripted:T2:#C9")
    assert await world.desk.draft("reschedule 1", STRANGER) is None
    assert "no subscription 1" in (await world.desk.check(forged, STRANGER))["topic"]
    assert not (await world.desk.submit(forged, STRANGER)).found
    assert "channel" in await world.desk.check(FORM, STRANGER)
    assert not (await world.desk.submit(FORM, STRANGER)).found
    for text in ("pause 1", "unsubscribe 1", "resume 1", "reschedule 1 hourly", "preview 1", "post 1", "wrong 1/0"):
        assert not (await world.desk.answer(text, STRANGER)).found, text
    assert world.subscriptions() == before
    assert world.subscriptions("scripted:T2") == []
    assert await world.desk.suggest("subscription", "", STRANGER, 10) == ()
    assert await world.desk.suggest("topic", "", STRANGER, 10) == ()
    listing, *_ = await world.desk.home(STRANGER)
    assert listing.items == ()
    assert world.queued("scripted:T2") == []


async def test_who_made_a_channel_manages_nothing_else(world):
    await world.desk.submit(replace(FORM, channel=THERE), ADMIN)
    for text in ("pause 1", "unsubscribe 1", "reschedule 1 hourly", "post 1", "topic add A = b", "settings stories 3"):
        assert "alone" in text_of(await world.desk.answer(text, CREATOR)), text
    assert (await world.desk.answer("settings stories 3 in #C1", CREATOR)).found
    assert (await world.desk.answer("subscribe heron daily at 9", CREATOR)).found
    assert [each.state for each in world.subscriptions()] == ["active", "active"]


async def test_people_are_trusted_and_distrusted_by_those_who_manage(world):
    assert not (await world.desk.answer("settings managers add @U2", READER)).found
    await world.desk.answer("settings managers add @U2 in #C1", CREATOR)
    assert (await world.desk.answer("subscribe heron daily at 9", READER)).found
    assert not (await world.desk.answer("subscribe heron daily at 9 in #C2", READER)).found
    assert not (await world.desk.answer("settings managers add @U5", READER)).found
    assert not (await world.desk.answer("settings managers add @U4", CREATOR)).found
    await world.desk.answer("settings managers add @U2", ADMIN)
    assert (await world.desk.answer("subscribe heron daily at 9 in #C2", READER)).found
    other = replace(READER, person="U6")
    assert text_of(await world.desk.answer("pause 1", other)).startswith("Only admins and @U2 may do that.")
    assert (await world.desk.answer("settings managers remove @U2", ADMIN)).found
    assert not (await world.desk.answer("pause 1", READER)).found
    assert not (await world.desk.answer("settings managers remove @U2", ADMIN)).found


# Suggestions


async def test_typed_words_come_first_then_topics_that_hold_them(world):
    await world.desk.answer("topic add Wild herons = heron", ADMIN)
    await world.desk.answer("topic add Harbour = ferry", ADMIN)
    await world.desk.submit(replace(FORM, topic="heron OR egret"), ADMIN)
    shown = [each.value for each in await world.desk.suggest("topic", "Heron", ADMIN, 10)]
    assert shown == ["Heron", "heron OR egret", "Wild herons"]
    assert [each.value for each in await world.desk.suggest("topic", "harbour", ADMIN, 10)] == ["Harbour"]
    assert len(await world.desk.suggest("topic", "", ADMIN, 2)) == 2


async def test_what_changed_is_suggested_soon(world):
    assert await world.desk.suggest("topic", "", ADMIN, 10) == ()
    await world.desk.answer("topic add Harbour = ferry", ADMIN)
    found = ()
    async with asyncio.timeout(10):
        while not found:  # The old memory is given at once while the new one is read.
            found = await world.desk.suggest("topic", "", ADMIN, 10)
            await asyncio.to_thread(lambda: None)
    assert [each.value for each in found] == ["Harbour"]


async def test_schedules_are_suggested_and_taken_as_typed(world):
    shown = [each.value for each in await world.desk.suggest("when", "", ADMIN, 20)]
    assert 9 <= len(shown) <= 12
    for words in shown:
        assert await world.desk.check(replace(FORM, when=words), ADMIN) == {}
    assert (await world.desk.suggest("when", "every 3 hours", ADMIN, 5))[0].value == "every 3 hours"
    assert (await world.desk.suggest("when", "tuesdays", ADMIN, 5))[0].value in {"tuesdays", "tuesdays at 9"}
    assert await world.desk.suggest("when", "xyzzy", ADMIN, 5) == ()


async def test_zones_are_found_by_city_and_by_region(world):
    assert (await world.desk.suggest("zone", "seoul", ADMIN, 5))[0].value == "Asia/Seoul"
    assert (await world.desk.suggest("zone", "new york", ADMIN, 5))[0].value == "America/New_York"
    assert len(await world.desk.suggest("zone", "Europe/", ADMIN, 100)) > 30
    assert (await world.desk.suggest("zone", "", ADMIN, 5))[0].value == "Asia/Seoul"


async def test_subscriptions_are_found_by_topic_or_number(world):
    await world.desk.submit(FORM, ADMIN)
    for typed in ("", "heron", "1", "#1"):
        (found,) = await world.desk.suggest("subscription", typed, ADMIN, 5)
        assert found.value == "1"
        assert "heron" in found.label


async def test_the_form_of_a_source_is_for_those_who_may_add_one(world):
    assert await world.desk.adds(" Source  ADD ", ADMIN)
    for words in ("source", "source remove", "source add https://news.example.org", "subscribe", "add", ""):
        assert not await world.desk.adds(words, ADMIN), words
    assert not await world.desk.adds("source add", READER)
    assert not await world.desk.adds("source add", replace(ADMIN, only_here=True))
    assert "Only" in (await world.desk.answer("source add", READER)).contents[0].text
    assert "source add ADDRESS" in (await world.desk.answer("source add", ADMIN)).contents[0].text


async def test_sources_are_found_by_name_or_number(world):
    add = world.storage.sources.add
    for workspace, name in (("scripted:T1", "Quay Post"), ("scripted:T2", "Quay Mail"), (EVERYONE, "The Quay")):
        add(workspace=workspace, url=f"https://{len(name)}.example.org/{workspace}", name=name, now=NOW)
    for typed, expected in (
        ("", ["1. Quay Post", "3. The Quay"]),
        ("quay", ["1. Quay Post", "3. The Quay"]),
        ("the", ["3. The Quay"]),
        ("#3", ["3. The Quay"]),
        ("Mail", []),
    ):
        found = await world.desk.suggest("source", typed, ADMIN, 5)
        assert [each.label for each in found] == expected, typed
        assert all(each.label.startswith(f"{each.value}. ") for each in found)


# The dashboard


async def test_the_dashboard_has_buttons_for_managers_alone(world):
    await world.desk.submit(FORM, ADMIN)
    listing, sources, preferences, health = await world.desk.home(ADMIN)
    labels = {action.label: action.command for action in listing.items[0].actions}
    assert labels == {"edit": "reschedule 1", "pause": "pause 1", "test": "preview 1", "remove": "unsubscribe 1"}
    assert isinstance(preferences, Listing)
    assert [action.command for action in sources.actions] == ["source add"]
    assert "1 article is stored." in health.text
    listing, _ = await world.desk.home(READER)
    assert listing.items[0].actions == ()


async def test_the_dashboard_tells_managers_what_went_wrong(world):
    await world.desk.submit(FORM, ADMIN)
    world.storage.subscriptions.block(1, "scripted:T1", "It is archived.")
    world.storage.outbox.add_notice("scripted:T1", HERE, Notice("hello"), NOW)
    (delivery,) = world.storage.outbox.claim("me", NOW, timedelta(minutes=1), 1)
    world.storage.outbox.unknown(delivery.id, "me", NOW, "The answer was lost.")
    listing, _, _, health = await world.desk.home(ADMIN)
    assert "resume" in {action.label for action in listing.items[0].actions}
    assert health.level == "problem"
    assert "The answer was lost." in health.text
    assert "It is archived." in health.text
    assert [action.command for action in health.actions] == [f"post again {delivery.id}"]


async def test_the_test_button_shows_what_would_be_posted(world):
    await world.desk.submit(FORM, ADMIN)
    (briefing,) = (await world.desk.answer("preview 1", ADMIN)).contents
    assert isinstance(briefing, Briefing)
    assert [action.command for action in briefing.actions] == ["post 1"]
    (briefing,) = (await world.desk.answer("preview 1", READER)).contents
    assert briefing.actions == ()


# Anything at all

WILD = st.text(max_size=30) | st.sampled_from(
    [
        "\x00",
        "\ud800",
        "1" * 40,
        "subscribe",
        "reschedule 1",
        "#C1",
        HERE,
        "scripted:T2:#C9",
        '"(',
        "-",
        "*",
        "@U1",
        "UTC",
    ]
)
IDS = st.text(max_size=20).filter(lambda text: "\0" not in text)
wild_drafts = st.builds(
    Draft,
    subscription=st.none() | st.integers(),
    topic=WILD | st.just("heron"),
    when=WILD | st.just("hourly"),
    zone=WILD,
    channel=WILD | st.just(HERE),
    style=WILD | st.sampled_from(["headlines", "brief", "full"]),
)
askers = st.sampled_from([ADMIN, READER, CREATOR, STRANGER]) | st.builds(
    Asker, workspace=IDS, channel=IDS, person=IDS, may_manage=st.booleans(), thread=st.none() | IDS
)
HOSTILE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@HOSTILE
@given(draft=wild_drafts, asker=askers, text=WILD)
@example(draft=Draft(subscription=2**70, topic="\ud800", when="\x00", channel="\ud800"), asker=ADMIN, text="\ud800")
def test_nothing_that_is_filled_in_raises(world, draft, asker, text):
    async def everything():
        await world.desk.draft(text, asker)
        faults = await world.desk.check(draft, asker)
        assert faults.keys() <= set(Draft.__struct_fields__)
        assert all(faults.values())
        replies = (await world.desk.preview(draft, asker), await world.desk.submit(draft, asker))
        assert all(reply.contents for reply in replies)
        assert bool(faults) == (not replies[0].found)
        contents = [*replies[0].contents, *replies[1].contents, *await world.desk.home(asker)]
        assert not [each for each in contents if isinstance(each, Notice) and "fault in Sidelines" in each.text]
        for about in ("topic", "when", "zone", "subscription", "source"):
            assert len(await world.desk.suggest(about, text, asker, 5)) <= 5
        assert isinstance(world.desk.concerns_managers(text), bool)

    asyncio.run(everything())
    for subscription in world.subscriptions():
        assert subscription.channel.startswith("scripted:T1:#")


async def test_ids_that_no_platform_has_raise_nothing(world):
    broken = Asker(workspace="\ud800", channel="\0", person="\ud800", may_manage=True)
    assert not (await world.desk.answer("subscribe heron", broken)).found
    assert await world.desk.draft("subscribe", broken) is None
    assert await world.desk.check(FORM, broken)
    assert not (await world.desk.submit(FORM, broken)).found
    assert await world.desk.suggest("topic", "", broken, 5) == ()
    assert await world.desk.home(broken)
    await world.desk.settle("\ud800")
    assert await world.desk.claim("\ud800")
    assert not await world.desk.settled("\ud800")
    await world.desk.joined("\ud800", "\ud800", "\ud800")
    await world.desk.lost("\ud800", None, "")
    await world.desk.regained("\ud800")
    await world.desk.left("\ud800")
    assert world.subscriptions() == []
