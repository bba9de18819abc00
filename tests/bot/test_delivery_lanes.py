"""Several processes deliver from one outbox: in a channel, or a workspace with a bound of its own, one at a time."""

from datetime import UTC, datetime

import pytest

from bot.connectors import Limits
from bot.delivery import Deliverer
from bot.delivery.holding import LEASE
from briefings.storage import Storage
from briefings.types import Notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def make(storage, connector, time) -> Deliverer:
    return connector.deliverer(storage, shared=True)


def post(storage: Storage, text: str, channel: str = "scripted:T1:#C1") -> int:
    return storage.outbox.add_notice(channel.rpartition(":")[0], channel, Notice(text), NOW)


async def deliver(deliverer: Deliverer) -> None:
    await deliverer.deliver()
    await deliverer.idle()


@pytest.mark.parametrize(("bound", "theirs"), [(float("inf"), ["There."]), (20.0, [])])
async def test_what_is_in_the_lane_of_another_process_is_left_to_it(storage, scripted, time, bound, theirs):
    scripted.limits = Limits(
        messages_per_second=50,
        messages_per_second_per_channel=1,
        messages_per_second_per_workspace=bound,
        message_characters=1000,
    )
    one, other = make(storage, scripted, time), make(storage, scripted, time)
    post(storage, "First.")
    await deliver(one)
    post(storage, "Second.")
    post(storage, "There.", "scripted:T1:#C2")
    await deliver(other)
    assert scripted.texts == ["First.", *theirs]
    await deliver(one)
    assert sorted(scripted.texts) == ["First.", "Second.", "There."]


async def test_a_process_that_ends_leaves_its_lanes_to_others_after_a_moment(storage, scripted, time):
    one, other = make(storage, scripted, time), make(storage, scripted, time)
    post(storage, "First.")
    await deliver(one)
    await one.finish(1.0)
    assert list(storage.leases.holders()) == ["lane scripted:T1:#C1"]
    storage.leases.leave(storage.leases.holders()["lane scripted:T1:#C1"])  # As when the moment is over.
    post(storage, "Second.")
    await deliver(other)
    assert scripted.texts == ["First.", "Second."]


async def test_a_stalled_process_notices_that_its_lane_may_be_anothers(storage, scripted, time, monkeypatch):
    stalled = make(storage, scripted, time)
    post(storage, "First.")
    claim = storage.outbox.claim

    def slowly(*how):
        claimed = claim(*how)
        time.seconds += LEASE.total_seconds()
        return claimed

    monkeypatch.setattr(storage.outbox, "claim", slowly)
    await deliver(stalled)
    assert scripted.texts == []


async def test_lanes_are_kept_while_the_next_post_there_must_wait(storage, scripted, time):
    scripted.limits = Limits(messages_per_second=50, messages_per_second_per_channel=1, message_characters=1000)
    one = make(storage, scripted, time)
    post(storage, "First.")
    await deliver(one)
    storage.leases.leave(next(iter(storage.leases.holders().values())))
    await one.keep()
    assert list(storage.leases.holders()) == ["lane scripted:T1:#C1"]
    time.seconds += 60
    storage.leases.leave(next(iter(storage.leases.holders().values())))
    await one.keep()
    assert storage.leases.holders() == {}
