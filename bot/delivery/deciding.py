"""What to do about a delivery that failed, and what to tell about it. Pure: no clock, no database, no chance inside."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from briefings.types import Action, Delivery, Notice, Subscription


class Retry(Struct, frozen=True):
    """Try again at `at`. What was only too fast is not `counted` as an attempt."""

    at: datetime
    counted: bool = True


class Pause(Struct, frozen=True):
    """Post nothing more in this channel until somebody acts."""

    reason: str


class GiveUp(Struct, frozen=True):
    """This delivery has failed for good; its content is kept."""

    reason: str


class Unknown(Struct, frozen=True):
    """It may or may not have been posted; only a person may have it sent again."""

    reason: str


Decision = Retry | Pause | GiveUp | Unknown


PATIENCE = timedelta(days=1)
"""How old a delivery may grow while its platform asks to slow down: so long nobody else needs to act."""


class Retries(Struct, frozen=True, kw_only=True):
    """How often to try after temporary failures.

    The wait is drawn from nothing to `first`, doubled with every attempt, up to `longest`: full jitter, see
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/. From there on it is half of that at
    least: short waits one after another would use up the attempts while a platform is down.
    """

    attempts: int
    first: timedelta
    longest: timedelta


def after_failure(
    error: Exception,
    attempts: int,
    now: datetime,
    retries: Retries,
    jitter: float,
    *,
    waited: timedelta = timedelta(),
    in_doubt: bool = False,
) -> Decision:
    """What to do about a delivery whose attempt number `attempts`, counted from 1, raised `error`.

    `jitter` is drawn evenly from 0 to 1. The delivery was queued `waited` ago. With a part `in_doubt` it is never said
    to have failed. An error outside the contract counts as unknown: it may have come after posting.
    """
    lost = Unknown if in_doubt else GiveUp
    if isinstance(error, ChannelGone):
        return Pause(str(error))
    if isinstance(error, PayloadRefused):
        return lost(str(error))
    if isinstance(error, RateLimited):
        if waited > PATIENCE:
            return lost(str(error))
        return Retry(now + error.retry_after + retries.first * jitter, counted=False)
    if isinstance(error, OutcomeUnknown):
        if error.look_after is None or attempts >= retries.attempts:
            return Unknown(str(error))
        return Retry(now + error.look_after)
    if not isinstance(error, TemporaryFailure):
        return Unknown(f"A fault in Sidelines ({type(error).__name__}); the log has the details.")
    if attempts >= retries.attempts:
        return lost(str(error))
    wait = retries.first * 2 ** min(attempts - 1, 30)
    return Retry(now + (wait * jitter if wait < retries.longest else retries.longest * (1 + jitter) / 2))


def notice_of(delivery: Delivery, decision: Pause | GiveUp | Unknown, subscription: Subscription | None) -> Notice:
    """What to tell those who manage the bot about a delivery that was not, or perhaps not, posted."""
    channel = delivery.channel.removeprefix(f"{delivery.workspace}:")
    what = f"The briefing on {subscription.topic}" if subscription else "What was to be posted"
    again = Action("post again", f"post again {delivery.id}")
    match decision:
        case Pause(reason) if subscription:
            text = f"Briefings on {subscription.topic} in {channel} are paused until that works again: {reason}"
            resume = Action("resume", f"resume {subscription.id}")
            if not delivery.sent:
                return Notice(text, "problem", (resume,))
            return Notice(f"{text} {_begun(delivery)}", "problem", (resume, again))
        case Unknown(reason):
            text = f"{what} may or may not have been posted in {channel}: {reason}"
        case Pause(reason) | GiveUp(reason):
            text = f"{what} could not be posted in {channel}: {reason}"
    return Notice(text, "problem", (again,))


def _begun(delivery: Delivery) -> str:
    """How far a delivery came of which some was posted, or may have been."""
    if in_doubt(delivery):
        return "One of them may or may not have been posted."
    return "Of one of them only the beginning was posted; the rest can be posted again."


def in_doubt(delivery: Delivery) -> bool:
    """Whether a part of it may or may not have been posted."""
    return "" in delivery.sent.values()


def going_on(subscriptions: Sequence[Subscription]) -> Notice:
    """What to tell those who were told that these subscriptions of one channel were paused."""
    topics = [each.topic for each in subscriptions]
    named = " and ".join([", ".join(topics[:-1]), topics[-1]] if topics[1:] else topics)
    channel = subscriptions[0].channel.removeprefix(f"{subscriptions[0].workspace}:")
    return Notice(f"Briefings on {named} in {channel} go on, with the news since they stopped.")
