"""Events worked on once, coming and going, and who is told of what."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.app.comings import forget_left
from briefings.errors import StorageError
from tests.bot.reception import ADMIN, FORM, HERE, NOW, READER, STRANGER, THERE, furnish


@pytest.fixture
def world(storage, tmp_path, scripted):
    return furnish(storage, tmp_path, scripted)


# Events


async def test_an_event_is_worked_on_once(world):
    claims = await asyncio.gather(*(world.desk.claim("E1") for _ in range(4)))
    assert sorted(claims) == [False, False, False, True]
    assert not await world.desk.settled("E1")
    await world.desk.settle("E1")
    assert await world.desk.settled("E1")
    world.now += timedelta(minutes=5)
    assert not await world.desk.claim("E1")


async def test_what_cannot_be_known_is_answered_rather_than_dropped(world, monkeypatch):
    def locked(*_):
        raise StorageError("The database is locked.")

    monkeypatch.setattr("briefings.storage.claims.Claims.claim", locked)
    assert await world.desk.claim("E1")


# Coming and going


async def test_a_channel_is_greeted_once(world):
    for _ in range(2):
        await world.desk.joined("scripted:T1", HERE, "U1")
    ((channel, text),) = world.queued()
    assert channel == HERE
    for shown in text.split("`")[1::2]:
        assert (await world.desk.answer(shown, ADMIN)).found, shown
    assert world.woken


async def test_a_lost_channel_is_told_once_to_who_set_it_up_and_goes_on_when_regained(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.submit(replace(FORM, topic="willow"), ADMIN)
    await world.desk.submit(replace(FORM, channel=THERE), ADMIN)
    for _ in range(2):
        await world.desk.lost("scripted:T1", HERE, "Invite the bot again.")
    assert [each.state for each in world.subscriptions()] == ["blocked", "blocked", "active"]
    ((channel, text),) = world.queued()
    assert channel == "scripted:T1:@U1"
    assert "heron in #C1, willow in #C1" in text
    assert "Invite the bot again." in text
    for _ in range(2):
        await world.desk.regained("scripted:T1", HERE)
    assert [each.state for each in world.subscriptions()] == ["active"] * 3
    assert all(each.next_due for each in world.subscriptions())
    assert len(world.queued()) == 2


async def test_being_let_in_again_lets_go_on_what_was_stopped(world):
    await world.desk.joined("scripted:T1", HERE, None)
    await world.desk.submit(FORM, ADMIN)
    await world.desk.lost("scripted:T1", HERE, "Invite the bot again.")
    await world.desk.joined("scripted:T1", HERE, "U1")
    assert [each.state for each in world.subscriptions()] == ["active"]


async def test_a_workspace_that_left_is_kept_and_goes_on_when_it_comes_back(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.submit(replace(FORM, channel="scripted:T2:#C9"), STRANGER)
    await world.desk.left("scripted:T1")
    assert [each.state for each in world.subscriptions()] == ["blocked"]
    assert [each.state for each in world.subscriptions("scripted:T2")] == ["active"]
    later = NOW + timedelta(days=1)
    assert world.storage.workspaces.gone(later) == ["scripted:T1"]
    await world.desk.regained("scripted:T1")
    assert world.storage.workspaces.gone(later) == []
    assert [each.state for each in world.subscriptions()] == ["active"]


async def test_a_start_lets_closed_channels_wait_for_their_trial_and_tells_nobody_again(world):
    await world.desk.submit(FORM, ADMIN)
    await world.desk.lost("scripted:T1", HERE, "Invite the bot again.")
    for _ in range(2):
        await world.desk.regained("scripted:T1")
    (waiting,) = world.subscriptions()
    assert (waiting.state, waiting.next_due is None) == ("blocked", False)
    assert len(world.queued()) == 1


async def test_what_a_workspace_left_behind_is_deleted_after_the_time_that_is_set(world):
    await world.desk.joined("scripted:T1", HERE, "U1")
    await world.desk.submit(FORM, ADMIN)
    await world.desk.submit(replace(FORM, channel="scripted:T2:#C9"), STRANGER)
    await world.desk.left("scripted:T1")
    forget_left(world.storage, NOW)
    assert len(world.subscriptions()) == 1
    forget_left(world.storage, NOW + timedelta(seconds=1))
    assert world.subscriptions() == []
    assert world.queued() == []
    assert world.storage.articles.count("scripted:T1") == 0
    assert len(world.subscriptions("scripted:T2")) == 1
    await world.desk.joined("scripted:T1", HERE, "U1")
    assert len(world.queued()) == 1


async def test_a_workspace_of_a_platform_that_is_not_connected_disturbs_nobody(world):
    await world.desk.joined("other:T", "other:T:#C", None)
    await world.desk.lost("other:T", "other:T:#C", "Gone.")
    await world.desk.lost("other:T", None, "Gone.")
    await world.desk.regained("other:T")
    await world.desk.left("other:T")


async def test_what_is_marked_as_wrong_is_told_to_managers_once(world):
    for _ in range(2):
        reply = await world.desk.answer("wrong 1/0", READER)
        assert reply.found
        assert reply.private
    ((channel, text),) = world.queued()
    assert channel == "scripted:T1:@owner"
    assert "Heron count at Lake A" in text
    assert not (await world.desk.answer("wrong 1/7", READER)).found
