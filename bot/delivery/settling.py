"""What is stored of how an attempt at a delivery ended, with the notices about it: each in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.connectors import Connector
from bot.delivery.deciding import Decision, GiveUp, Pause, Retry, Unknown, going_on, in_doubt, notice_of
from briefings.errors import NotFound
from briefings.publish import next_trial
from briefings.types import Delivery, Notice, Preferences, Subscription

if TYPE_CHECKING:
    from briefings.storage import Storage


def settle(
    storage: Storage, connector: Connector, delivery: Delivery, decision: Decision, holder: str, now: datetime
) -> bool:
    """Store a decision, and tell whoever can act. False when another worker than `holder` has the delivery by now."""
    mark = (delivery.id, holder, now)
    outbox, doubt = storage.outbox, in_doubt(delivery)
    with storage.writing():
        subscription = subscription_of(storage, delivery)
        follows = delivery.follows is not None
        match decision:
            case Retry(at, counted):
                return outbox.retry(*mark, at, "", in_doubt=doubt, counted=counted)
            case Pause(reason) | GiveUp(reason) if follows and not doubt:
                return outbox.failed(*mark, reason)  # Nobody waits for it, so nobody is told.
            case Pause(reason) | GiveUp(reason) | Unknown(reason) if follows:
                return outbox.unknown(*mark, reason)
            case Pause(reason) if subscription and not delivery.sent:
                held = outbox.withdraw(*mark, reason)
            case Pause(reason) | GiveUp(reason) if not doubt:
                held = outbox.failed(*mark, reason)
            case Pause(reason) | GiveUp(reason) | Unknown(reason):
                held = outbox.unknown(*mark, reason)
        if not held:
            return False
        told = subscription is None and isinstance(delivery.content, Notice)  # About itself nobody is told.
        if subscription and isinstance(decision, Pause):
            told = subscription.state == "blocked" and not delivery.sent  # When that began.
            _block(storage, subscription, decision.reason, now)
        if not told:
            person = subscription.created_by if subscription else delivery.asked_by
            channel = connector.managers(delivery.workspace, person)
            outbox.add_notice(delivery.workspace, channel, notice_of(delivery, decision, subscription), now)
        return True


def delivered(storage: Storage, ended: Sequence[tuple[Connector, Delivery]], holder: str, now: datetime) -> list[bool]:
    """Store of each that all was posted. What is blocked in its channel goes on; whoever was told of that is told so.

    False where another worker than `holder` has the delivery by now.
    """
    connectors = {it.workspace: connector for connector, it in ended}
    with storage.writing():
        held = storage.outbox.all_delivered([it.id for _, it in ended if it.follows is None], holder, now)
        for workspace, channel in storage.subscriptions.closed(held):
            told: dict[str, list[Subscription]] = {}
            for each in storage.subscriptions.recover(workspace, channel):
                told.setdefault(connectors[workspace].managers(workspace, each.created_by), []).append(each)
            for place, recovered in told.items():
                storage.outbox.add_notice(workspace, place, going_on(recovered), now)
        held |= {it.id for _, it in ended if it.follows is not None and storage.followups.finish(it, holder, now)}
    return [it.id in held for _, it in ended]


def subscription_of(storage: Storage, delivery: Delivery) -> Subscription | None:
    """The subscription that a delivery is for; None without one, or when it is gone by now."""
    if delivery.subscription is None:
        return None
    try:
        return storage.subscriptions.get(delivery.subscription, delivery.workspace)
    except NotFound:  # Unsubscribed while this was on its way.
        return None


def _block(storage: Storage, it: Subscription, reason: str, now: datetime) -> None:
    """Block a subscription until its next trial; one that a person paused stays theirs."""
    if it.state != "paused":
        preferences = storage.preferences.merged(it.workspace, it.channel, Preferences())
        trial = next_trial(it.schedule, preferences, now)
        storage.subscriptions.block(it.id, it.workspace, reason, trial)
