"""What Discord refuses in definitions of commands and in suggestions, with sources.

[commands] https://docs.discord.com/developers/interactions/application-commands, [respond]
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.servers.discord_limits import units

COMMANDS = {1: 100, 2: 15, 3: 15}  # [commands]: chat, user and message commands
OPTIONS, CHOICES, CHOICE, NAME, DESCRIPTION, TOTAL = 25, 25, 100, 32, 100, 8000  # [commands]
SUGGESTIONS = 25  # [respond] autocomplete
NAMES = re.compile(r"[-_'\w]{1,32}")  # [commands] naming, without the marks of Indic and Thai scripts
COMMAND_KEYS = {
    *("name", "name_localizations", "description", "description_localizations", "options", "type", "nsfw"),
    *("default_member_permissions", "dm_permission", "integration_types", "contexts", "handler"),
}
OPTION_KEYS = {
    *("type", "name", "name_localizations", "description", "description_localizations", "required", "choices"),
    *("options", "channel_types", "min_value", "max_value", "min_length", "max_length", "autocomplete"),
}


def command_faults(commands: Any) -> list[str]:
    """Every breach in a list of command definitions."""
    if not isinstance(commands, list) or not all(isinstance(command, dict) for command in commands):
        return ["commands are no list of objects"]
    found = []
    for kind, most in COMMANDS.items():
        names = Counter(command.get("name") for command in commands if command.get("type", 1) == kind)
        found += [f"{name} {count} times" for name, count in names.items() if count > 1]
        found += [f"{len(names)} commands of type {kind}"] if len(names) > most else []
    for command in commands:
        found += [f"{command.get('name')}: {fault}" for fault in _command(command)]
    return found


def choice_faults(data: Any, kind: int) -> list[str]:
    """Every breach in suggestions for an option of this type."""
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list):
        return ["suggestions are no list"]
    found = [] if len(choices) <= SUGGESTIONS else [f"{len(choices)} suggestions"]
    for choice in choices:
        found += list(_choice(choice, kind))
    return found


def _command(command: dict[str, Any]) -> Iterator[str]:
    kind = command.get("type", 1)
    yield from (f"unknown key {key}" for key in set(command) - COMMAND_KEYS)
    if kind == 1:
        yield from _named(command)
        yield from _options(command.get("options") or [], depth=0)
    elif not 1 <= units(str(command.get("name"))) <= NAME or command.get("description") or command.get("options"):
        yield "a command in a menu has a name and nothing more"
    if (size := _size(command)) > TOTAL:
        yield f"{size} characters in all"
    rights = command.get("default_member_permissions")
    if rights is not None and not str(rights).isdecimal():
        yield f"default_member_permissions {rights!r}"
    for key, known in {"contexts": {0, 1, 2}, "integration_types": {0, 1}}.items():
        if not set(command.get(key) or []) <= known:
            yield f"{key} {command[key]}"


def _size(part: dict[str, Any]) -> int:
    own = units(part.get("name") or "") + units(part.get("description") or "")
    own += sum(units(str(choice.get("value", ""))) + units(choice["name"]) for choice in part.get("choices") or [])
    return own + sum(_size(option) for option in part.get("options") or [])


def _named(part: dict[str, Any]) -> Iterator[str]:
    name = part.get("name")
    if not isinstance(name, str) or not NAMES.fullmatch(name) or name != name.lower():
        yield f"name {name!r}"
    if not 1 <= units(part.get("description") or "") <= DESCRIPTION:
        yield "description: not 1 to 100 characters"


def _options(options: list[dict[str, Any]], depth: int) -> Iterator[str]:
    if len(options) > OPTIONS:
        yield f"{len(options)} options"
    names = Counter(option.get("name") for option in options)
    yield from (f"option {name} {count} times" for name, count in names.items() if count > 1)
    inner = [option.get("type") in {1, 2} for option in options]
    if any(inner) and not all(inner):
        yield "subcommands beside options"
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        yield "a required option after one that is not"
    for option in options:
        yield from (f"{option.get('name')}: {fault}" for fault in _option(option, depth))


def _option(option: dict[str, Any], depth: int) -> Iterator[str]:
    kind = option.get("type")
    yield from _named(option)
    yield from (f"unknown key {key}" for key in set(option) - OPTION_KEYS)
    if kind not in range(1, 12):
        yield f"type {kind!r}"
    if (kind == 2 and depth) or (kind == 1 and depth > 1):
        yield "groups within groups"
    if kind in {1, 2}:
        yield from _options(option.get("options") or [], depth + (1 if kind == 2 else 2))
        return
    choices = option.get("choices") or []
    if choices and option.get("autocomplete"):
        yield "choices and autocomplete"
    if (choices or option.get("autocomplete")) and kind not in {3, 4, 10}:
        yield f"choices for type {kind}"
    if len(choices) > CHOICES:
        yield f"{len(choices)} choices"
    for choice in choices:
        yield from _choice(choice, kind if isinstance(kind, int) else 3)
    if not 0 <= (option.get("min_length") or 0) <= 6000 or not 1 <= (option.get("max_length") or 1) <= 6000:
        yield "lengths out of 0 to 6000"


def _choice(choice: Any, kind: int) -> Iterator[str]:
    if not isinstance(choice, dict) or set(choice) - {"name", "name_localizations", "value"}:
        yield f"choice {choice!r}"
        return
    name, value = choice.get("name"), choice.get("value")
    if not isinstance(name, str) or not 1 <= units(name) <= CHOICE:
        yield f"choice {str(name)[:40]!r}: name of 1 to {CHOICE} characters"
    if kind == 3 and not (isinstance(value, str) and 1 <= units(value) <= CHOICE):
        yield f"choice {str(name)[:40]!r}: value of 1 to {CHOICE} characters"
    if kind in {4, 10} and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield f"choice {str(name)[:40]!r}: value is no number"
