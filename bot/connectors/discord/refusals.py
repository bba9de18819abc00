"""What Discord's refusals mean for a delivery, and the sentence that names the next step. Pure.

Codes are those of https://docs.discord.com/developers/topics/opcodes-and-status-codes#json.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from bot.connectors import ChannelGone, DeliveryError, OutcomeUnknown, PayloadRefused, RateLimited, TemporaryFailure
from bot.connectors.discord.rights import NO_TAG

RETRY_AFTER = 30.0
"""Seconds of the pause when Discord asks for one without saying how long."""
LONGEST_PAUSE = 3600.0
"""Seconds; no pause that an answer asks for is kept longer."""
LOOK_AFTER = timedelta(seconds=5)
"""When a post whose answer was lost is looked after: soon, while Discord still knows its nonce."""
MOST_INVALID, WINDOW = 1_000, 600.0
"""Refused requests in so many seconds, after which nothing is sent any more. At 10,000 Discord blocks the address:
https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans."""

CLOSED_TO_US = (
    "That person takes no direct messages from Sidelines; they should permit those of the server's members in its "
    "privacy settings."
)
LOCKED = "That thread is locked; ask a moderator to unlock it, or choose another channel."
POSTING = "View Channel, Send Messages and Embed Links"
GONE = {
    10003: "That channel is deleted, or Sidelines may not see it; choose another channel, or permit it View Channel.",
    10004: "Sidelines is not in that server; invite it again.",
    10013: "Discord knows no such person; choose a channel.",
    40001: "Discord does not accept the token; the operator should set DISCORD_TOKEN anew.",
    40067: NO_TAG,
    50001: "Sidelines may not see that channel; permit it View Channel in the channel's settings.",
    50007: CLOSED_TO_US,
    50278: CLOSED_TO_US,
    50008: "That channel takes no text; choose a text channel.",
    50024: "That channel takes no text; choose a text channel.",
    50013: f"Sidelines may not post in that channel; permit it {POSTING} in the channel's settings.",
    50083: LOCKED,
    160005: LOCKED,
    160002: "Sidelines may not reply in that channel; permit it Read Message History in the channel's settings.",
    50027: "Discord takes no more answers there.",
    10015: "Discord takes no more answers there.",
    10062: "Discord takes no more answers there.",
}
"""Somebody has to act first: pause and tell."""

REFUSED = {
    10008: "The message was deleted.",
    20009: "Discord took the message for explicit content.",
    40005: "Discord found the message too large.",
    50006: "Discord found no text in the message.",
    50035: "Discord did not accept the layout of the message.",
    200000: "The server's AutoMod blocked the message.",
    200001: "The server's AutoMod blocked the title.",
    240000: "Discord took a link in the message for harmful.",
}
"""Never this content, in this form."""

TEMPORARY = {
    40333: "Discord could not take the request.",
    130000: "Discord is overloaded.",
}
"""Nothing was done; worth another try."""

TOO_FAST = {20016, 20022, 20028, 20029, 31001, 40062}
"""Slow mode, and limits of channels, servers and accounts."""

NO_ACCESS, NO_PERMISSION, NO_HISTORY, THREAD_EXISTS = 50001, 50013, 160002, 160004
NO_CHANNEL, ARCHIVED = 10003, 50083

BAD_THREAD = {50001, 50013, 50024, 160006, 160007}
"""A thread cannot be begun there: not permitted, not in such a channel, or too many; what follows goes beside it."""


def refusal(status: int, code: int, *, posting: bool, pause: float | None = None) -> DeliveryError:
    """The error for an answer of Discord's that is no success: its status, its JSON code, and the pause it asks for.

    After a failure within Discord a request that was `posting` may have been done.
    """
    if status == 429 or code in TOO_FAST:
        seconds = RETRY_AFTER if pause is None or pause < 0 else min(pause, LONGEST_PAUSE)
        return RateLimited("Discord asks for a pause.", timedelta(seconds=seconds))
    if code in GONE:
        return ChannelGone(GONE[code])
    if code in REFUSED:
        return PayloadRefused(f"{REFUSED[code]} ({code})")
    if code in TEMPORARY:
        return TemporaryFailure(f"{TEMPORARY[code]} It is tried again.")
    if status == 401:
        return ChannelGone(GONE[40001])
    if status >= 500:
        return lost(posting=posting)
    return ChannelGone(f"Discord refused with {code or f'status {status}'}; the operator should look that up.")


def lost(*, posting: bool) -> DeliveryError:
    """The error for an answer that did not come, or that tells nothing."""
    if posting:
        return OutcomeUnknown("Discord's answer was lost, so the message may be posted or not.", LOOK_AFTER)
    return TemporaryFailure("Discord did not answer; it is tried again.")


class Refusals:
    """Counts refused requests, so that they stop far below what Discord blocks an address for. Times in seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MOST_INVALID)

    def note(self, status: int, scope: str | None, now: float) -> None:
        """An answer came; those to shared resources that are too busy do not count (`X-RateLimit-Scope: shared`)."""
        if status in {401, 403} or (status == 429 and scope != "shared"):
            self._times.append(now)

    def check(self, now: float) -> None:
        """Raises RateLimited when nothing may be sent for a while."""
        if len(self._times) == MOST_INVALID and (wait := self._times[0] + WINDOW - now) > 0:
            told = "Discord refused too many requests; nothing is sent for a while."
            raise RateLimited(told, timedelta(seconds=wait))
