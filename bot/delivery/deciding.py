"""What to do about a delivery that failed, and what to tell about it. Pure: no clock, no database, no chance inside."""

from datetime import datetime, timedelta

from msgspec import Struct

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from briefings.types import Action, Delivery, Notice, Subscription


class Retry(Struct, frozen=True):
    """Try again at `at`."""

    at: datetime


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


class Retries(Struct, frozen=True, kw_only=True):
    """How often to try after temporary failures.

    The wait is drawn from nothing to `first`, doubled with every attempt, `longest` at most: full jitter, see
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
    """

    attempts: int
    first: timedelta
    longest: timedelta


def after_failure(error: Exception, attempts: int, now: datetime, retries: Retries, jitter: float) -> Decision:
    """What to do about a delivery whose attempt number `attempts`, counted from 1, raised `error`.

    `jitter` is drawn evenly from 0 to 1. An error outside the contract counts as unknown: it may have come after
    posting.
    """
    if isinstance(error, ChannelGone):
        return Pause(str(error))
    if isinstance(error, PayloadRefused):
        return GiveUp(str(error))
    if isinstance(error, OutcomeUnknown):
        return Unknown(str(error))
    if not isinstance(error, RateLimited | TemporaryFailure):
        return Unknown(f"A fault in Sidelines ({type(error).__name__}); the log has the details.")
    if attempts >= retries.attempts:
        return GiveUp(str(error))
    wait = min(retries.longest, retries.first * 2 ** min(attempts - 1, 30)) * jitter
    if isinstance(error, RateLimited):
        wait = error.retry_after + min(wait, retries.first)
    return Retry(now + wait)


def notice_of(delivery: Delivery, decision: Pause | GiveUp | Unknown, subscription: Subscription | None) -> Notice:
    """What to tell those who manage the bot about a delivery that was not, or perhaps not, posted."""
    channel = delivery.channel.removeprefix(f"{delivery.workspace}:")
    what = f"The briefing on {subscription.topic}" if subscription else "What was to be posted"
    again = Action("post again", f"post again {delivery.id}")
    match decision:
        case Pause(reason) if subscription:
            text = f"Briefings on {subscription.topic} in {channel} are paused: {reason}"
            return Notice(text, "problem", (Action("resume", f"resume {subscription.id}"),))
        case Unknown(reason):
            text = f"{what} may or may not have been posted in {channel}: {reason}"
        case Pause(reason) | GiveUp(reason):
            text = f"{what} could not be posted in {channel}: {reason}"
    return Notice(text, "problem", (again,))
