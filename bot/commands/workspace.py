"""Commands on what a workspace settles for itself: its named topics and its preferences."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

from bot.commands.context import Context, person_shown, refused, told
from bot.commands.managing import appoint, names_person
from bot.commands.words import split_channel
from briefings.slots import check_zone
from briefings.topics import parse
from briefings.types import Item, Listing, Preferences, Quiet, Reply, Style

LONGEST_NAME = 60
MOST_STORIES = 25
MOST_SENTENCES = 10


def topics(context: Context, _argument: str) -> Reply:
    """The named topics of the workspace."""
    items = tuple(Item(topic.name, topic.query) for topic in context.storage.topics.list(context.workspace))
    empty = 'There are none yet. `topic add NAME = QUERY` makes one: `topic add Ports = harbour OR "container port"`.'
    return Reply((Listing(f"Topics of {context.asker.whole}", items, empty),))


def topic(context: Context, argument: str) -> Reply:
    """`topic add NAME = QUERY` and `topic remove NAME`. Raises QueryError, NotFound."""
    context.must_manage("")
    verb, _, rest = argument.partition(" ")
    if verb.casefold() == "remove" and rest.strip():
        context.storage.topics.remove(context.workspace, rest.strip())
        return told(f"The topic “{rest.strip()}” is removed. Subscriptions that were made with it keep its query.")
    name, equals, query = (part.strip() for part in rest.partition("="))
    if verb.casefold() != "add" or not (name and equals and query):
        return refused("Write `topic add NAME = QUERY` or `topic remove NAME`; `help topic` says what a QUERY may be.")
    if len(name) > LONGEST_NAME:
        return refused(f"A topic's name may have {LONGEST_NAME} characters; this one has {len(name)}.")
    parse(query, context.keywords)
    before = context.storage.topics.get(context.workspace, name)
    context.storage.topics.add(context.workspace, name, query)
    if before and before.query != query:
        return told(f"The topic “{name}” now means: {query}\nBefore it meant: {before.query}")
    return told(f"The topic “{name}” means: {query}\nSubscribe a channel to it with `subscribe {name}`.")


def settings(context: Context, argument: str) -> Reply:
    """The preferences of a channel, or one changed: for the workspace, or with `in #channel` for that channel."""
    rest, typed = split_channel(argument)
    channel = context.channel(typed)
    name, _, value = rest.strip().partition(" ")
    if not name:
        return _shown(context, channel)
    setting = SETTINGS.get(name.casefold())
    if setting is None:
        return refused(f"There is no setting “{name}”. There are: {', '.join(SETTINGS)}.")
    if not value.strip():
        return refused(f"Write `settings {name} VALUE`; {setting.name} may be {setting.wants}.")
    place = channel if typed else ""
    if setting.field == "managers":
        context.must_appoint(place)
        if names_person(value.strip()):
            return appoint(context, value.strip(), place)
    context.must_manage(place)
    try:
        chosen = setting.read(value.strip().casefold() if setting.field != "zone" else value.strip())
    except ValueError:
        return refused(f"{setting.name} may be {setting.wants}, not “{value.strip()}”.")
    context.storage.preferences.set(context.workspace, setting.field, chosen, channel=place)
    where = context.shown(channel) if typed else context.asker.whole
    note = "\nSchedules that are subscribed already keep their zone." if setting.field == "zone" else ""
    now = setting.show(getattr(context.preferences(channel), setting.field))
    return told(f"{setting.name} is now {now} in {where}.{note}")


class Setting:
    """One preference: what it says and wants, how a typed value is read (ValueError when not), and how it is shown."""

    def __init__(
        self, name: str, field: str, says: str, wants: str, read: Callable[[str], Any], show: Callable[[Any], str] = str
    ) -> None:
        self.name = name
        self.field = field
        self.says = says
        self.wants = wants
        self.read = read
        self.show = show


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(value)
        return value

    return read


def _up_to(most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not 1 <= number <= most:
            raise ValueError(value)
        return number

    return read


def _quiet(value: str) -> Quiet | None:
    if value in ("off", "none"):
        return None
    start, dash, end = value.replace("–", "-").replace(" ", "").partition("-")
    if not dash:
        raise ValueError(value)
    quiet = Quiet(_minutes(start), _minutes(end))
    if quiet.start == quiet.end:
        raise ValueError(value)
    return quiet


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    minute = int(hours) * 60 + int(minutes or 0)
    if not (0 <= int(hours) < 24 and 0 <= int(minutes or 0) < 60):
        raise ValueError(clock)
    return minute


def _hours(quiet: Quiet | None) -> str:
    if quiet is None:
        return "off"
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (quiet.start, quiet.end))


def _yes(value: str) -> bool:
    if value not in ("say", "silent", "yes", "no", "on", "off"):
        raise ValueError(value)
    return value in ("say", "yes", "on")


def _role(value: str) -> str:
    if value in ("off", "none"):
        return ""
    if not re.fullmatch(r"@[0-9]{15,20}", value):
        raise ValueError(value)
    return value


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("zone", "zone", "the clock that times are read on", "a time zone such as Asia/Seoul", check_zone),
        Setting("style", "style", "how much of a story", "headlines, brief or full", _one_of(*get_args(Style))),
        Setting("stories", "stories", "most in a briefing", f"1 to {MOST_STORIES}", _up_to(MOST_STORIES)),
        Setting("sentences", "sentences", "most of a section", f"1 to {MOST_SENTENCES}", _up_to(MOST_SENTENCES)),
        Setting("quiet", "quiet", "hours without posts", "hours such as 22:00-07:00, or off", _quiet, _hours),
        Setting(
            "empty",
            "say_when_empty",
            "what to do when there is nothing new",
            "say or silent",
            _yes,
            lambda say: "say" if say else "silent",
        ),
        Setting(
            "ping",
            "ping",
            "the role that each briefing calls, on Discord alone",
            "a role of the server, as @News, or off",
            _role,
            lambda role: role or "off",
        ),
        Setting(
            "managers",
            "managers",
            "who may subscribe and change things here",
            "managers, everyone, add @person or remove @person",
            _one_of("managers", "everyone"),
        ),
    )
}


def _shown(context: Context, channel: str) -> Reply:
    preferences: Preferences = context.preferences(channel)
    shown = {name: setting.show(getattr(preferences, setting.field)) for name, setting in SETTINGS.items()}
    shown["managers"] = ", ".join([shown["managers"], *map(person_shown, preferences.trusted)])
    items = tuple(
        Item(f"{name}: {shown[name]}", f"{setting.says}: {setting.wants}") for name, setting in SETTINGS.items()
    )
    return Reply((Listing(f"Settings in {context.shown(channel)}", items),), private=True)
