"""What is stored of how an attempt at a delivery ended, with the notices about it: each in one transaction."""

from __future__ import annotations

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


def delivered(storage: Storage, connector: Connector, delivery: Delivery, holder: str, now: datetime) -> bool:
    """Store that all was posted. What is blocked in the channel goes on, and whoever was told of that is told so.

    False when another worker than `holder` has the delivery by now.
    """
    workspace = delivery.workspace
    if delivery.follows is not None:
        return storage.followups.finish(delivery, holder, now)
    with storage.writing():
        if not storage.outbox.delivered(delivery.id, holder, now):
            return False
        told: dict[str, list[Subscription]] = {}
        for each in storage.subscriptions.recover(workspace, delivery.channel):
            told.setdefault(connector.managers(workspace, each.created_by), []).append(each)
        for channel, recovered in told.items():
            storage.outbox.add_notice(workspace, channel, going_on(recovered), now)
        return True


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
