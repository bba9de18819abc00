"""`settings managers add @PERSON` and `remove`: whom managers trust to manage as well."""

from __future__ import annotations

import re

from bot.commands.context import Context, person_shown, refused, told
from briefings.types import EVERYONE, Reply

MOST = 50
"""People that may be added: more are better served by `settings managers everyone`."""

WORDS = re.compile(r"(add|remove)\s+@(\S+)", re.IGNORECASE)


def names_person(value: str) -> bool:
    """Whether `settings managers VALUE` is about a single person."""
    return WORDS.fullmatch(value) is not None


def appoint(context: Context, value: str, place: str) -> Reply:
    """Trust a person with the channel `place`, with "" the whole workspace; or no longer, there and in all it holds."""
    match = WORDS.fullmatch(value)
    if match is None:
        return refused("Write `settings managers add @PERSON` or `settings managers remove @PERSON`.")
    verb, person = match[1].casefold(), match[2].lstrip("@")
    where = context.shown(place) if place else context.asker.whole
    shown = person_shown(person)
    with context.storage.writing():
        context.storage.hold(f"managers of {context.workspace}")
        trusted = context.preferences(place).trusted
        if verb == "remove":
            if not _remove(context, person, place):
                return refused(f"{shown} is not among those who were added in {where}.")
            return told(f"{shown} may no longer manage {where}, unless the platform's own rules let them.")
        if not person or len(person) > 100 or person == EVERYONE:
            return refused("Name one person, as in `settings managers add @kim`.")
        if person in trusted:
            return refused(f"{shown} may manage {where} already.")
        if len(trusted) >= MOST:
            return refused(
                f"{MOST} people were added already; remove one, or open it to all with `settings managers everyone`."
            )
        _set(context, place, (*trusted, person))
    return told(f"{shown} may manage {where} from now on.")


def _remove(context: Context, person: str, place: str) -> bool:
    """Take a person from the list of a channel, or with "" from every list; whether they were on one."""
    places = [place] if place else ["", *context.storage.preferences.of_workspaces([context.workspace]).channels]
    found = False
    for each_place in places:
        trusted = context.preferences(each_place).trusted
        if person in trusted:
            found = True
            _set(context, each_place, tuple(each for each in trusted if each != person))
    return found


def _set(context: Context, place: str, people: tuple[str, ...]) -> None:
    context.storage.preferences.set(context.workspace, "trusted", people, channel=place)
