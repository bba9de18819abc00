"""What a person typed -> Answer, Briefing, Listing or Notice. The same words on every platform.

`Commands.handle` answers every text and never raises for one: what is wrong with it is said in a notice.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from bot.commands.asking import ask
from bot.commands.briefing import Length, brief, latest, more
from bot.commands.context import Context, Lookup, Managers, NotAllowed, nobody, refused
from bot.commands.guide import give_help
from bot.commands.posting import post, show_preview
from bot.commands.sources import feeds, source, sources
from bot.commands.subscribing import (
    pause,
    reschedule,
    resume,
    subscribe,
    subscribe_to,
    subscriptions,
    unsubscribe,
)
from bot.commands.tracing import why
from bot.commands.words import SHAPES, Typed, is_link, meant, number, parse, split_channel, storable
from bot.commands.workspace import settings, topic, topics
from bot.commands.wrong import wrong
from briefings.asking import names_time
from briefings.errors import IndexUnavailable, NotFound, QueryError, ScheduleError, SidelinesError, StorageError
from briefings.slots import parse_when, split_topic_and_when
from briefings.types import Answer, Briefing, Notice, Preferences, Reply

if TYPE_CHECKING:
    from bot.connectors import Asker
    from briefings.index import Index
    from briefings.keywords import Keywords
    from briefings.storage import Storage

__all__ = ["SHAPES", "Commands"]

log = logging.getLogger(__name__)

MANAGING = {"subscribe", "unsubscribe", "pause", "resume", "reschedule", "topic", "post", "source", "feeds"}
"""Commands that change what others get; `settings` with a value is the other one."""

ASKERS_OWN = MANAGING | {"settings", "brief", "more", "preview", "why", "sources"}
"""Commands whose replies depend on whether the asker may manage, or on the asker's zone."""

REMEMBERED = 1000
"""People whose last "more" is kept."""


class Commands:
    """Answers typed words over one storage and index. Safe in threads.

    `defaults` are the preferences where a channel and its workspace say nothing, `when` the schedule of a
    subscription that names none. `managers` gives the channel of notices to those who manage; None where there is none.
    `lookup` fetches addresses that people give.
    """

    def __init__(
        self,
        storage: Storage,
        index: Index,
        keywords: Keywords,
        defaults: Preferences,
        when: str = "weekdays at 09:00",
        managers: Managers = nobody,
        lookup: Lookup | None = None,
    ) -> None:
        self._storage = storage
        self._index = index
        self._keywords = keywords
        self._defaults = defaults
        self._when = when
        self._managers = managers
        self._lookup = lookup
        self._more: OrderedDict[tuple[str | None, ...], str] = OrderedDict()
        self._lock = Lock()

    def handle(self, text: str, asker: Asker, now: datetime) -> Reply:
        """The reply to what `asker` typed; `found` is False when nothing was found or the text was refused."""
        reply = self.guarded(lambda context: self._handle(context, storable(text)), asker, now)
        self._remember(asker, reply)
        return reply

    def run(self, command: str, argument: str, asker: Asker, now: datetime) -> Reply:
        """One command by its name, whatever else the words might mean."""
        return self.guarded(lambda context: self._run(context, command, storable(argument)), asker, now)

    def brief(
        self, what: str, asker: Asker, now: datetime, *, sentences: int | None = None, words: int | None = None
    ) -> Reply:
        """`brief WHAT` with at most so many sentences a section, or so many words in all."""
        return self.guarded(lambda context: brief(context, storable(what), Length(sentences, words)), asker, now)

    def subscribe(self, topic: str, when: str, channel: str | None, asker: Asker, now: datetime) -> Reply:
        """`subscribe` with its parts told apart; an empty `when` is the usual schedule, no channel the asker's."""

        def run(context: Context) -> Reply:
            place = channel or asker.channel
            context.must_manage(place)
            schedule = parse_when(when, context.preferences(place).zone) if when else None
            return subscribe_to(context, storable(topic), schedule, place)

        return self.guarded(run, asker, now)

    def concerns_managers(self, text: str) -> bool:
        """Whether the reply to `text` depends on `asker.may_manage` or `asker.zone`."""
        typed = parse(storable(text))
        return typed.command in ASKERS_OWN or (typed.command == "ask" and names_time(typed.argument))

    def context(self, asker: Asker, now: datetime) -> Context:
        """What a command of this asker is given."""
        return Context(
            self._storage,
            self._index,
            self._keywords,
            self._defaults,
            self._when,
            asker,
            now,
            self._managers,
            self._lookup,
        )

    def guarded(self, run: Callable[[Context], Reply], asker: Asker, now: datetime) -> Reply:
        """The reply that `run` gives; what it raises is said in a notice."""
        try:
            return self._storage.repeated(lambda: run(self.context(asker, now)))
        except QueryError as error:
            return refused(f"{error}\n{pointer(error)}")
        except (StorageError, IndexUnavailable) as error:
            log.exception("command failed", extra={"action": "command-failed", "workspace": asker.workspace})
            return Reply((Notice(str(error), "problem"),), private=True, found=False)
        except SidelinesError as error:
            return refused(str(error))

    def _handle(self, context: Context, text: str) -> Reply:
        typed = parse(text)
        if typed.command == "ask" and not text.lstrip().casefold().startswith("ask"):
            return self._question(context, text)
        if typed.command == "why":
            return why(context, typed.argument) or ask(context, text)
        if typed.command in ("unsubscribe", "pause", "resume"):
            return self._on_subscription(context, typed, text)
        return self._run(context, typed.command, typed.argument or self._last_more(context.asker, typed.command))

    def _run(self, context: Context, command: str, argument: str) -> Reply:
        try:
            return COMMANDS[command](context, argument)
        except NotAllowed:
            raise
        except SidelinesError:
            if command in MANAGING:  # Who may not do it at all need not know what else is wrong.
                context.must_manage()
            raise

    def _question(self, context: Context, text: str) -> Reply:
        """An answer; and where there is none, or the words have a schedule or a channel, the command that was meant."""
        mended = meant(text)
        if mended is None:
            return ask(context, text)
        hint = refused(f"Did you mean `{mended}`?")
        if _looks_like_command(mended):
            return hint
        reply = ask(context, text)
        return reply if reply.found else hint

    def _on_subscription(self, context: Context, typed: Typed, text: str) -> Reply:
        """The command, unless it names nothing subscribed and the words have an answer: "Pause in the talks"."""
        try:
            return self._run(context, typed.command, typed.argument)
        except NotFound:
            if number(typed.argument) is None and " " in typed.argument and (reply := ask(context, text)).found:
                return reply
            raise

    def _remember(self, asker: Asker, reply: Reply) -> None:
        """Keep what "more" would show next to this person."""
        offered = [
            action.command.removeprefix("more ")
            for content in reply.contents
            for action in content.actions
            if action.command.startswith("more ")
        ]
        if not offered and not any(isinstance(content, Answer | Briefing) for content in reply.contents):
            return
        person = _person(asker)
        with self._lock:
            self._more.pop(person, None)
            if offered:
                self._more[person] = offered[0]
            while len(self._more) > REMEMBERED:
                self._more.popitem(last=False)

    def _last_more(self, asker: Asker, command: str) -> str:
        """What a bare `more` means for this person; nothing for other commands."""
        return self._more.get(_person(asker), "") if command == "more" else ""


def _person(asker: Asker) -> tuple[str | None, ...]:
    """Who talks in which conversation."""
    return asker.workspace, asker.channel, asker.thread, asker.person


def pointer(error: QueryError) -> str:
    """The part of the query around the fault, with a caret under it, short enough not to be wrapped."""
    start = max(0, error.position - 30)
    return f"{error.query[start : start + 60]}\n{' ' * (error.position - start)}^"


def _looks_like_command(text: str) -> bool:
    """Whether what follows the first word is what commands have: a channel, a link, a number or a schedule."""
    _, _, rest = text.partition(" ")
    if split_channel(rest)[1] or is_link(rest) or number(rest) is not None:
        return True
    try:
        return split_topic_and_when(rest, "UTC")[1] is not None
    except ScheduleError:
        return False


def _why(context: Context, argument: str) -> Reply:
    return why(context, argument) or refused(f"No article has the headline “{argument}”; `latest` lists some.")


COMMANDS: dict[str, Callable[[Context, str], Reply]] = {
    "ask": ask,
    "brief": brief,
    "latest": latest,
    "subscribe": subscribe,
    "subscriptions": subscriptions,
    "unsubscribe": unsubscribe,
    "pause": pause,
    "resume": resume,
    "reschedule": reschedule,
    "topics": topics,
    "topic": topic,
    "sources": sources,
    "source": source,
    "feeds": feeds,
    "settings": settings,
    "why": _why,
    "more": more,
    "post": post,
    "preview": show_preview,
    "wrong": wrong,
    "help": give_help,
}
