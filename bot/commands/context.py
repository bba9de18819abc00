"""What every command is given: who typed, when, and the parts to answer with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bot.commands.words import split_channel
from bot.connectors import Asker
from briefings.errors import SidelinesError
from briefings.types import Notice, Preferences, Reply

if TYPE_CHECKING:
    from briefings.finding import Found
    from briefings.index import Index
    from briefings.keywords import Keywords
    from briefings.opml import Outline
    from briefings.storage import Storage
    from briefings.types import Document


Managers = Callable[[str, str | None], str | None]
"""The channel for notices to those who manage the bot in a workspace, above all to that person; see `Connector`."""


def nobody(_workspace: str, _person: str | None) -> None:
    """No channel, for a program that sends no notices."""


class Lookup(Protocol):
    """Fetches an address that a person gives, while their command waits. Each raises FetchError and LookupRefused."""

    def feed(self, url: str, asker: Asker) -> Found:
        """The feed at an address, or the one that the page there names. Raises UnreadableFeed."""

    def article(self, url: str, asker: Asker) -> Document:
        """The article at an address. Raises UnreadableDocument."""

    def outlines(self, url: str, asker: Asker) -> Sequence[Outline]:
        """The feeds that an OPML file at an address lists. Raises UnreadableFeed."""


class LookupRefused(SidelinesError):
    """Nothing is fetched for this person now."""


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
        managers: Managers,
        lookup: Lookup | None,
    ) -> None:
        self.storage = storage
        self.index = index
        self.keywords = keywords
        self.defaults = defaults
        self.when = when
        self.asker = asker
        self.now = now
        self.managers = managers
        self._lookup = lookup

    @property
    def lookup(self) -> Lookup:
        """Fetches addresses. Raises LookupRefused where nothing is fetched."""
        if self._lookup is None:
            raise LookupRefused("Addresses are not fetched here; save the page, and let an operator add the file.")
        return self._lookup

    @property
    def workspace(self) -> str:
        """Whose articles, topics and subscriptions count."""
        return self.asker.workspace

    def preferences(self, channel: str | None = None) -> Preferences:
        """How the channel wants its briefings: the asker's own unless another is given, "" for the workspace's."""
        defaults = replace(self.defaults, zone=self.asker.zone) if self.asker.zone else self.defaults
        return self.storage.preferences.merged(
            self.workspace, self.asker.channel if channel is None else channel, defaults
        )

    def zone(self, channel: str | None = None) -> str:
        """The zone that a WHEN without one is read in."""
        return self.preferences(channel).zone

    @cached_property
    def own_zone(self) -> str:
        """The zone in which the asker reads times, looked up once: lists show many."""
        return self.zone()

    def may_manage(self, channel: str | None = None) -> bool:
        """Whether the asker may change subscriptions and settings of a channel, their own unless another is given.

        With "" it is about the whole workspace: its topics, and what holds where a channel says nothing.
        """
        if self.may_appoint(channel):
            return True
        preferences = self.preferences(channel)
        return preferences.managers == "everyone" or self.asker.person in preferences.trusted

    def may_appoint(self, channel: str | None = None) -> bool:
        """Whether the asker may manage by the platform's own rules, and so may say who else may."""
        here = channel is None or channel == self.asker.channel
        return self.asker.may_manage and (here or not self.asker.only_here)

    def must_manage(self, channel: str | None = None) -> None:
        """Raises NotAllowed, which says who may, unless the asker may manage the channel."""
        if not self.may_manage(channel):
            raise self.not_allowed(channel)

    def must_appoint(self, channel: str | None = None) -> None:
        """Raises NotAllowed unless the asker may say who else may manage the channel."""
        if not self.may_appoint(channel):
            raise self.not_allowed(channel, trusted=False)

    def not_allowed(self, channel: str | None = None, *, trusted: bool = True) -> NotAllowed:
        """The refusal for who may not manage: it says who may, the trusted among them."""
        if self.may_appoint() and not self.may_appoint(channel):
            where = self.shown(channel) if channel else f"all of {self.asker.whole}"
            here = self.shown(self.asker.channel)
            return NotAllowed(f"You may manage {here} alone, and this is about {where}; ask {self.asker.managers}.")
        added = self.preferences(channel).trusted if trusted else ()
        people = " and ".join([self.asker.managers, *([", ".join(map(person_shown, added))] if added else [])])
        return NotAllowed(
            f"Only {people} may do that. Ask one of them, or let a manager open it to everyone "
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


class NotAllowed(SidelinesError):
    """The asker may not do that."""


def person_shown(person: str) -> str:
    """A person as a notice names them; whoever renders it knows their plain name."""
    return f"@{person}"


def told(text: str, *, private: bool = False) -> Reply:
    """A reply that says what was done."""
    return Reply((Notice(text),), private=private)


def refused(text: str) -> Reply:
    """A reply that says why not, and what to do instead."""
    return Reply((Notice(text, "refused"),), private=True, found=False)
