"""What every command is given: who typed, when, and the parts to answer with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bot.commands.words import split_channel
from bot.connectors import Asker
from briefings.types import Notice, Preferences, Reply

if TYPE_CHECKING:
    from briefings.index import Index
    from briefings.keywords import Keywords
    from briefings.storage import Storage


class Context:
    """One typed command at work: the parts, who asked, and the instant it counts for."""

    def __init__(
        self,
        storage: Storage,
        index: Index,
        keywords: Keywords,
        defaults: Preferences,
        when: str,
        asker: Asker,
        now: datetime,
    ) -> None:
        self.storage = storage
        self.index = index
        self.keywords = keywords
        self.defaults = defaults
        self.when = when
        self.asker = asker
        self.now = now

    @property
    def workspace(self) -> str:
        """Whose articles, topics and subscriptions count."""
        return self.asker.workspace

    def preferences(self, channel: str | None = None) -> Preferences:
        """How the channel wants its briefings; the asker's own channel unless another is given."""
        defaults = replace(self.defaults, zone=self.asker.zone) if self.asker.zone else self.defaults
        return self.storage.preferences.merged(self.workspace, channel or self.asker.channel, defaults)

    def zone(self, channel: str | None = None) -> str:
        """The zone that a WHEN without one is read in."""
        return self.preferences(channel).zone

    def may_manage(self) -> bool:
        """Whether the asker may change subscriptions, topics and settings here."""
        return self.asker.may_manage or self.preferences().managers == "everyone"

    def not_allowed(self) -> Reply:
        """The refusal for who may not manage: it says who can."""
        return refused(
            "Only those who manage this channel may do that. Ask one of them, or let a manager open it to everyone "
            "with `settings managers everyone`."
        )

    def take_channel(self, argument: str) -> tuple[str, str]:
        """The argument without `in #channel`, and the channel meant."""
        rest, typed = split_channel(argument)
        return rest, self.channel(typed)

    def channel(self, typed: str | None) -> str:
        """A channel by its typed name, always one of the asker's workspace; the asker's own without a name."""
        return f"{self.workspace}:{typed}" if typed else self.asker.channel

    def shown(self, channel: str) -> str:
        """A channel as people call it."""
        return channel.removeprefix(f"{self.workspace}:")

    def local(self, moment: datetime, zone: str) -> str:
        """An instant on the clock of a zone: "Mon 23 Nov 09:00 JST"."""
        local = moment.astimezone(ZoneInfo(zone))
        year = f" {local.year}" if abs(moment - self.now) > timedelta(days=300) else ""
        return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M %Z}"


def told(text: str, *, private: bool = False) -> Reply:
    """A reply that says what was done."""
    return Reply((Notice(text),), private=private)


def refused(text: str) -> Reply:
    """A reply that says why not, and what to do instead."""
    return Reply((Notice(text, "refused"),), private=True, found=False)
