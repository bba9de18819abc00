"""The connector contract: what a chat platform brings so that everything else can stay ignorant of it.

A connector is one file with a `Settings` struct, `create(settings) -> Connector` that does no I/O, and a class
with `listen`, `render` and `send`. Channel ids and message ids are opaque outside it. `send` makes one attempt and
raises one of four delivery errors, or `OutcomeUnknown`; retrying is decided in `bot.delivery` alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from msgspec import Struct

from briefings.errors import SidelinesError
from briefings.types import Content, Reply


class Limits(Struct, frozen=True, kw_only=True):
    """What the platform permits, each figure with its source in the connector: messages a second, and sizes."""

    messages_per_second: float
    messages_per_second_per_channel: float
    message_characters: int


class Asker(Struct, frozen=True, kw_only=True):
    """Who typed: the workspace and channel it came from, the person, and whether they may manage subscriptions."""

    workspace: str
    channel: str
    person: str
    may_manage: bool
    zone: str | None = None


Answering = Callable[[str, Asker], Awaitable[Reply]]
"""What a connector calls with typed words. It answers every input and never raises for bad input."""


class Part(Struct, frozen=True):
    """One message of a rendered content. `payload` is the platform's own; part 0 leads, the rest go in its thread."""

    payload: Any
    text: str
    """The same in plain words: for notifications, screen readers and logs of what was sent."""


class Connector(Protocol):
    """One chat platform."""

    name: str
    limits: Limits

    async def listen(self, answer: Answering) -> None:
        """Take what people type until cancelled or the platform closes for good; replies go out by itself."""

    def render(self, content: Content) -> Sequence[Part]:
        """Lay a content out as messages within the platform's limits. Pure, for any content."""

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        """Post one part and give its message id. `key` is the same at every attempt of this part of this delivery.

        Raises `RateLimited`, `TemporaryFailure`, `ChannelGone`, `PayloadRefused` or `OutcomeUnknown`.
        """

    async def find(self, channel: str, *, key: str, thread: str | None) -> str | None:
        """The message id of a part whose sending was cut short, None when sending it again cannot post it twice.

        Raises `OutcomeUnknown` when the platform cannot tell.
        """

    def managers(self, workspace: str, person: str | None) -> str:
        """The channel for notices to those who manage the bot there; `person` set up what the notice is about."""


class DeliveryError(SidelinesError):
    """A part was not accepted."""


class RateLimited(DeliveryError):
    """Not accepted, too fast; nothing was posted."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TemporaryFailure(DeliveryError):
    """Not accepted, worth another try; nothing was posted."""


class ChannelGone(DeliveryError):
    """The bot cannot post here until somebody acts: deleted, archived, not invited, not permitted. Says what to do."""


class PayloadRefused(DeliveryError):
    """The platform refuses this content for good."""


class OutcomeUnknown(DeliveryError):
    """Sent, but whether it was posted cannot be known."""
