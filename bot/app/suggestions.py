"""What can be chosen while a person types in a form: from memory, so that it comes at once."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from msgspec import Struct
from msgspec.structs import replace

from bot.commands.words import storable
from bot.connectors import Suggesting, Suggestion
from briefings.errors import ScheduleError
from briefings.slots import parse_when
from briefings.storage.precedence import for_a_person

if TYPE_CHECKING:
    from bot.connectors import Asker
    from briefings.storage import Storage

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Workspaces whose topics are kept in memory."""
FIRST_WAIT = 0.5
"""Seconds that the first choice in a workspace may wait for the database; later ones never do."""
FRESH = 60.0
"""Seconds after which it is read anew, since other processes may have changed it."""
LONGEST = 500
"""Characters of typed words that are looked at."""

WHENS = (
    "weekdays at 9",
    "daily at 9",
    "daily at 18:00",
    "mondays at 9",
    "mondays and thursdays at 9",
    "fridays at 16:00",
    "first monday at 9",
    "hourly",
    "every 2 hours from 8 to 20",
    "as it happens",
)
"""Schedules that most people want, in the words that they are typed in."""


class Known(Struct, frozen=True):
    """What is remembered of a workspace: its topics' names, and the label and number of all else."""

    topics: tuple[str, ...] = ()
    subscriptions: tuple[Suggestion, ...] = ()
    sources: tuple[Suggestion, ...] = ()
    until: float = 0.0
    """The event loop's time until when it counts as fresh."""


class Suggestions:
    """The choices of all workspaces."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._outdated: set[str] = set()
        self._reading: dict[str, asyncio.Task[None]] = {}

    def outdated(self, workspace: str) -> None:
        """Something may have changed there: what is remembered is read anew when it is next asked for."""
        if workspace in self._known or workspace in self._reading:
            self._outdated.add(workspace)

    def prepare(self, workspace: str) -> asyncio.Task[None] | None:
        """Begin to read what a workspace has, unless that is known; gives the reading under way."""
        known = self._known.get(workspace)
        if known and workspace not in self._outdated and asyncio.get_running_loop().time() < known.until:
            return None
        if workspace not in self._reading:
            self._outdated.discard(workspace)
            task = self._reading[workspace] = asyncio.create_task(self._read(workspace))
            task.add_done_callback(lambda _: self._reading.pop(workspace, None))
        return self._reading[workspace]

    async def of(self, about: Suggesting, typed: str, asker: Asker, limit: int) -> Sequence[Suggestion]:
        """Up to `limit` choices for the typed words, those that begin with them first."""
        typed = " ".join(storable(typed[:LONGEST]).split())
        found: Iterator[Suggestion]
        if about == "zone":
            found = _of_zones(typed, asker.zone, await asyncio.to_thread(_zones))
        elif about == "when":
            found = _of_whens(typed)
        else:
            known = await self._of(asker.workspace)
            match about:
                case "topic":
                    found = _of_topics(typed, known.topics)
                case "subscription":
                    found = _of_labels(typed, known.subscriptions)
                case "source":
                    found = _of_labels(typed, known.sources)
        chosen: dict[Suggestion, None] = {}
        for each in found if limit > 0 else ():
            chosen.setdefault(each)
            if len(chosen) == limit:
                break
        return tuple(chosen)

    async def _of(self, workspace: str) -> Known:
        reading = self.prepare(workspace)
        if reading and workspace not in self._known:
            await asyncio.wait({reading}, timeout=FIRST_WAIT)
        return self._known.get(workspace, Known())

    async def _read(self, workspace: str) -> None:
        try:
            with for_a_person():
                known = await asyncio.to_thread(self._stored, workspace)
        except Exception:  # What is typed can be chosen all the same.
            log.exception("topics not read", extra={"action": "suggest_failed", "workspace": workspace})
            return
        self._known[workspace] = replace(known, until=asyncio.get_running_loop().time() + FRESH)
        self._known.move_to_end(workspace)
        while len(self._known) > REMEMBERED:
            self._outdated.discard(self._known.popitem(last=False)[0])

    def _stored(self, workspace: str) -> Known:
        subscriptions = self._storage.subscriptions.list(workspace)
        names = [topic.name for topic in self._storage.topics.list(workspace)]
        names += sorted({each.topic for each in subscriptions}, key=str.casefold)
        topics: dict[str, str] = {}
        for name in names:
            topics.setdefault(name.casefold(), name)
        shown = [
            Suggestion(f"{each.id}. {each.topic} in {each.channel.removeprefix(f'{workspace}:')}", str(each.id))
            for each in subscriptions
        ]
        sources = (Suggestion(f"{it.id}. {it.name}", str(it.id)) for it in self._storage.sources.list(workspace))
        return Known(tuple(topics.values()), tuple(shown), tuple(sources))


@cache
def _zones() -> tuple[str, ...]:
    """All there are; reads the time zone database, once."""
    return tuple(sorted(available_timezones() - {"localtime", "Factory"}))


def _of_zones(typed: str, own: str | None, zones: Sequence[str]) -> Iterator[Suggestion]:
    """The asker's own zone and UTC before anything is typed, then those that begin with the words or hold them."""
    names: Iterable[str]
    if typed:
        names = _ranked(typed.replace(" ", "_"), zones, key=lambda name: name.rpartition("/")[2])
    else:
        names = [*([own] if own else []), "UTC", *zones]
    return (Suggestion(name, name) for name in names)


def _of_topics(typed: str, names: Sequence[str]) -> Iterator[Suggestion]:
    """The typed words themselves, in the spelling of a topic of that name, then the topics that hold them."""
    if typed:
        own = next((name for name in names if name.casefold() == typed.casefold()), typed)
        yield Suggestion(own, own)
    for name in _ranked(typed, names):
        yield Suggestion(name, name)


def _of_whens(typed: str) -> Iterator[Suggestion]:
    """The typed words when they are a schedule, or are one with a time added; then usual ones that hold them."""
    for words in (typed, f"{typed} at 9"):
        if typed and _is_when(words):
            yield Suggestion(words, words)
            break
    for words in _ranked(typed, WHENS):
        yield Suggestion(words, words)


def _of_labels(typed: str, numbered: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """Those whose number or name begins with what is typed, then those that hold it."""
    labels = {each.label: each for each in numbered}
    found = _ranked(typed.removeprefix("#"), list(labels), key=lambda label: label.partition(". ")[2])
    return (labels[label] for label in found)


def _is_when(words: str) -> bool:
    try:
        parse_when(words, "UTC")
    except ScheduleError:
        return False
    return True


def _ranked(typed: str, names: Sequence[str], key: Callable[[str], str] = str) -> Iterator[str]:
    """Names that begin with the typed words, or whose `key` does, then those that hold them; no more than are taken."""
    wanted = typed.casefold()
    holding = []
    for name in names:
        folded = name.casefold()
        if folded.startswith(wanted) or key(name).casefold().startswith(wanted):
            yield name
        elif wanted in folded:
            holding.append(name)
    yield from holding
