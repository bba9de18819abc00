"""The connector contract: what a chat platform brings so that everything else can stay ignorant of it.

A connector is one file or package with a `Settings` struct, `create(settings) -> Connector` that does no I/O, and a
class with `listen`, `stand_by`, `render`, `send` and `edit`. What people type, press and fill in it takes to the
`Desk`. Channel ids and message ids are opaque outside it. `send` makes one attempt and raises one of four delivery
errors, or `OutcomeUnknown`; retrying is decided in `bot.delivery` alone.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from msgspec import Struct

from briefings.errors import SidelinesError
from briefings.types import Content, Reply, Style


class Limits(Struct, frozen=True, kw_only=True):
    """What the platform permits, each figure with its source in the connector: messages a second, and sizes."""

    messages_per_second: float
    messages_per_second_per_channel: float
    message_characters: int
    messages_per_second_per_workspace: float = math.inf


class Asker(Struct, frozen=True, kw_only=True):
    """Who typed: the workspace and channel it came from, the person, and whether they may manage subscriptions.

    With `only_here` they may in this channel alone, as who made it. `managers` says in words who may, for the refusal
    of those who may not. `thread` is the conversation within the channel that it belongs to. `whole` is what people
    there call the workspace.
    """

    workspace: str
    channel: str
    person: str
    may_manage: bool
    zone: str | None = None
    managers: str = "those who manage this channel"
    thread: str | None = None
    only_here: bool = False
    whole: str = "this workspace"


class Draft(Struct, frozen=True, kw_only=True):
    """A subscription as a form shows it, or as a person filled it in; `subscription` is None for a new one.

    `when` is a schedule in words, `zone` the one it is read in unless it names its own.
    """

    subscription: int | None = None
    topic: str = ""
    when: str = ""
    zone: str = ""
    channel: str = ""
    style: Style = "brief"


Suggesting = Literal["topic", "when", "zone", "subscription", "source"]
"""What words can be suggested for while a person types."""


class Suggestion(Struct, frozen=True):
    """One choice: what is shown, and the words or number that it stands for."""

    label: str
    value: str


class Desk(Protocol):
    """Where a connector brings what people do. Every method takes any input, and raises nothing for a bad one."""

    async def answer(self, text: str, asker: Asker) -> Reply:
        """The reply to typed words, or to the command of a pressed button."""

    def concerns_managers(self, text: str) -> bool:
        """Whether the reply depends on `asker.may_manage` or `asker.zone`, so that others need not be looked up."""

    async def draft(self, text: str, asker: Asker) -> Draft | None:
        """What a form should show first for words that ask for one: `subscribe` or `reschedule 5` and no more.

        None when the words need no form, and when the asker may not manage: `answer` then says why not.
        """

    async def adds(self, text: str, asker: Asker) -> bool:
        """Whether words ask for a form with the address of a source: `source add` and no more, from who may add one."""

    async def check(self, draft: Draft, asker: Asker) -> Mapping[str, str]:
        """What is wrong with a form, in a sentence for each field of the draft; empty when nothing is."""

    async def preview(self, draft: Draft, asker: Asker) -> Reply:
        """What a checked form would post now, and its next runs. Stores nothing."""

    async def submit(self, draft: Draft, asker: Asker) -> Reply:
        """Subscribe as a form says, or change the subscription that it is about."""

    async def suggest(self, about: Suggesting, typed: str, asker: Asker, limit: int) -> Sequence[Suggestion]:
        """Up to `limit` choices that begin with or hold the typed words; from memory, so that they come at once."""

    async def home(self, asker: Asker) -> Sequence[Content]:
        """The dashboard: what is subscribed, each with its buttons; for managers also how things are going."""

    async def claim(self, event: str) -> bool:
        """Whether to work on an event, by the platform's id of it: False when that is done, or being done."""

    async def settle(self, event: str) -> None:
        """A claimed event is answered, or about to be. One that is claimed and not settled can be claimed anew."""

    async def settled(self, event: str) -> bool:
        """Whether an event was settled within the last day, by this process or another."""

    async def joined(self, workspace: str, channel: str, person: str | None) -> None:
        """The bot may speak in a channel from now on: it says once what it can do, and goes on with what was stopped.

        `person` let it in, if that is known.
        """

    async def lost(self, workspace: str, channel: str | None, reason: str) -> None:
        """The bot may no longer speak in a channel, or with None in the whole workspace; `reason` says what to do."""

    async def regained(self, workspace: str, channel: str | None = None) -> None:
        """The bot may speak again in a channel, or with None in the whole workspace; what was stopped goes on."""

    async def left(self, workspace: str) -> None:
        """The bot was removed from a workspace; its data are kept for the time that is set, then deleted."""


class Part(Struct, frozen=True):
    """One message of a rendered content. `payload` is the platform's own; part 0 leads, the rest go in its thread."""

    payload: Any
    text: str
    """The same in plain words: for notifications, screen readers and logs of what was sent."""


class Connector(Protocol):
    """One chat platform."""

    name: str
    limits: Limits
    listens_alone: bool
    """Whether of several processes only one may listen at a time; the others stand by."""

    async def listen(self, desk: Desk) -> None:
        """Take what people do until cancelled or the platform closes for good; replies go out by itself."""

    async def stand_by(self) -> None:
        """Be able to send, until cancelled, while another process listens, and this one perhaps later."""

    def deaf(self) -> float:
        """For how many seconds `listen` cannot have heard what people do, about; infinite before it first could."""

    def render(self, content: Content) -> Sequence[Part]:
        """Lay a content out as messages within the platform's limits. Pure, for any content."""

    async def clear(self) -> None:
        """Wait until what is sent next would go out soon, as far as that is for this process to say."""

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        """Post one part and give its message id. `key` is the same at every attempt of this part of this delivery.

        Raises `RateLimited`, `TemporaryFailure`, `ChannelGone`, `PayloadRefused` or `OutcomeUnknown`.
        """

    async def edit(self, channel: str, message: str, part: Part, *, thread: str | None) -> None:
        """Put a part in the place of a message that was sent; to do so again changes nothing.

        Raises `RateLimited`, `TemporaryFailure`, `ChannelGone` or `PayloadRefused`, the last also when it was deleted.
        """

    async def find(
        self, channel: str, *, key: str, thread: str | None, begun: datetime | None = None, told: Collection[str] = ()
    ) -> str | None:
        """The message id of a part whose sending was cut short, None when sending it again cannot post it twice.

        `begun` is when its sending first began; when its delivery was made, if that is not known. `told` are messages
        there that are known to be others.
        Raises `OutcomeUnknown` when the platform cannot tell.
        """

    def managers(self, workspace: str, person: str | None) -> str:
        """The channel for notices to those who manage the bot there; `person` set up what the notice is about."""

    async def upkeep(self) -> None:
        """What must be done every few minutes whoever writes, such as renewing tokens."""


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
    """Sent, but whether it was posted cannot be known: never, or not before `look_after`, when `find` can tell."""

    def __init__(self, message: str, look_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.look_after = look_after
