"""Settings: read once, typed, and every fault reported together with its place.

The last of these that sets an option wins: `default.toml` beside this file, the operator's own TOML file, the
environment. Importing this is cheap on purpose, because every answer in the terminal pays for it.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from briefings.errors import ScheduleError, SidelinesError, StorageError
from briefings.types import Preferences, Quiet, Style
from config import discord, slack
from config.discord import DiscordOptions
from config.secret import Secret
from config.slack import SlackOptions

__all__ = [
    "DEFAULTS",
    "VARIABLES",
    "DiscordOptions",
    "Secret",
    "Settings",
    "SettingsError",
    "SlackOptions",
    "own_file",
    "quiet_hours",
]

DEFAULTS = Path(__file__).with_name("default.toml")


class SettingsError(SidelinesError):
    """Settings that cannot be used; `faults` holds a sentence for each, beginning with its place."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(("These settings cannot be used; correct them and start again.", *faults)))
        self.faults = faults


class DataOptions(Struct, frozen=True):
    """Where things are kept. `dir` and `database_url` are never empty here: the usual places are filled in.

    `keep_after_leaving` is for how many days the data of a workspace stay that removed the bot; `keep_articles` for how
    many an article stays after it arrived, 0 for ever.
    """

    dir: str
    database_url: Secret
    keep_after_leaving: Annotated[int, Meta(ge=0, le=3650)]
    keep_articles: Annotated[int, Meta(ge=0, le=36500)]


class BriefingOptions(Struct, frozen=True):
    """How briefings look and when they come, for channels that say nothing else."""

    zone: str
    when: str
    style: Style
    stories: Annotated[int, Meta(ge=1, le=25)]
    sentences: Annotated[int, Meta(ge=1, le=10)]
    quiet: str
    say_when_empty: bool
    managers: Literal["managers", "everyone"]


class ReadingOptions(Struct, frozen=True):
    """Bounds on what is read, in bytes, and the hosts that may be in a private network."""

    limit: Annotated[int, Meta(ge=1)]
    allow_hosts: tuple[str, ...]


class SemanticOptions(Struct, frozen=True):
    """The folder of a model of meaning; empty for none."""

    model: str


class SourceOptions(Struct, frozen=True):
    """How feeds are read: `every` is in seconds, `contact` part of what the sites are told, `at_once` counts sites."""

    every: Annotated[float, Meta(ge=60, le=86400)]
    contact: str
    at_once: Annotated[int, Meta(ge=1, le=100)]


class DeliveryOptions(Struct, frozen=True):
    """How long a delivery is held, and how often and after which waits it is tried; in seconds."""

    lease: Annotated[float, Meta(ge=1, le=3600)]
    attempts: Annotated[int, Meta(ge=1, le=100)]
    first_wait: Annotated[float, Meta(ge=0, le=3600)]
    longest_wait: Annotated[float, Meta(ge=0, le=86400)]


class WebOptions(Struct, frozen=True):
    """The program's own web server: none when `port` is 0. `public_url` is how others reach it, without a last `/`."""

    host: str
    port: Annotated[int, Meta(ge=0, le=65535)]
    public_url: str


class LogOptions(Struct, frozen=True):
    """What is logged, and how a line looks."""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["text", "json"]


class Settings(Struct, frozen=True):
    """All that can be set, one struct per table of `default.toml`."""

    data: DataOptions
    briefing: BriefingOptions
    reading: ReadingOptions
    semantic: SemanticOptions
    sources: SourceOptions
    delivery: DeliveryOptions
    slack: SlackOptions
    discord: DiscordOptions
    web: WebOptions
    log: LogOptions

    @classmethod
    def load(cls, environ: Mapping[str, str], *, file: Path | None = None) -> "Settings":
        """Read the settings; `file` is the operator's own TOML file, found by `own_file` when not given.

        Raises `SettingsError` naming every fault at once.
        """
        faults: list[str] = []
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        for given in _given(environ, file, faults):
            if given.kind != "default":
                places.pop(given.option, None)
                if str(given.value).strip() not in {"", "0"}:
                    places[given.option] = given.place
            try:
                values[given.option] = _checked(given)
            except ValueError as fault:
                faults.append(f"{given.place}: {fault}")
        faults += [f"{places[option]}: {words}" for option, words in slack.incomplete(places)]
        if faults:
            raise SettingsError(tuple(faults))
        folder = values["data.dir"] = str(Path(values["data.dir"] or _usual_folder("data")).expanduser().absolute())
        values["data.database_url"] = _database(values["data.database_url"].reveal(), folder)
        tables: dict[str, dict[str, Any]] = {name: {} for name in cls.__struct_fields__}
        for option, value in values.items():
            table, _, name = option.partition(".")
            tables[table][name] = value
        return cls(**{name: _TABLES[name](**options) for name, options in tables.items()})

    @property
    def preferences(self) -> Preferences:
        """What a channel gets that has set nothing itself."""
        briefing = self.briefing
        return Preferences(
            zone=briefing.zone,
            style=briefing.style,
            stories=briefing.stories,
            sentences=briefing.sentences,
            quiet=quiet_hours(briefing.quiet),
            say_when_empty=briefing.say_when_empty,
            managers=briefing.managers,
        )

    def data_folder(self) -> Path:
        """The data folder, made if missing, for its owner alone. Raises `StorageError` when it cannot be used."""
        folder = Path(self.data.dir)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The data folder {folder} cannot be made ({(error.strerror or 'refused').lower()}); "
                "set SIDELINES_DATA_DIR to a folder that can."
            ) from error
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise StorageError(
                f"The data folder {folder} cannot be read and written; "
                "correct its permissions or set SIDELINES_DATA_DIR to another."
            )
        return folder


def own_file(environ: Mapping[str, str]) -> Path:
    """Where the operator's own settings are looked for; the file need not exist."""
    return Path(environ.get("SIDELINES_CONFIG") or Path(_usual_folder("config")) / "sidelines.toml")


def quiet_hours(text: str) -> Quiet | None:
    """Read "22:00-07:00"; empty text means none. Raises ValueError saying what is wanted."""
    if not text.strip():
        return None
    found = re.fullmatch(r"\s*(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)\s*", text)
    hours = [int(part) for part in found.groups()] if found else []
    if not found or max(hours[0], hours[2]) > 23 or max(hours[1], hours[3]) > 59 or hours[:2] == hours[2:]:
        raise ValueError(f'must be two different times of day like "22:00-07:00", not "{text}"')
    return Quiet(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])


# Where values come from --------------------------------------------------------------------------------------

_TABLES: dict[str, Any] = dict(Settings.__annotations__)
_TYPES: dict[str, Any] = {
    f"{table}.{name}": annotation
    for table, options in _TABLES.items()
    for name, annotation in options.__annotations__.items()
}
VARIABLES = {f"SIDELINES_{option.replace('.', '_').upper()}": option for option in _TYPES}
VARIABLES |= {"DATABASE_URL": "data.database_url", **slack.VARIABLES, **discord.VARIABLES}
"""Each environment variable that is read, with its option."""

_READ_ELSEWHERE = {"SIDELINES_CONFIG"}
_OF_A_CLUSTER = re.compile(r"_(SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_\d+\w*)$")


class _Given(NamedTuple):
    """A value somebody gave for an option, and the place to name if it is wrong."""

    place: str
    option: str
    value: Any
    kind: Literal["default", "file", "variable"]


def _given(environ: Mapping[str, str], file: Path | None, faults: list[str]) -> Iterator[_Given]:
    """All given values, weakest first; what is no option goes to `faults`."""
    yield from _from_toml(DEFAULTS, "default", faults)
    named = bool(file or environ.get("SIDELINES_CONFIG"))
    yield from _from_toml(file or own_file(environ), "file", faults, missing_is_fault=named)
    for variable, value in sorted(environ.items()):
        if not value:
            continue  # Compose files pass unset variables on as empty ones.
        if option := VARIABLES.get(variable):
            yield _Given(variable, option, value, "variable")
        elif _looks_meant(variable):
            faults.append(f"{variable}: there is no such setting{_nearest(variable, VARIABLES)}")


def _from_toml(
    path: Path, kind: Literal["default", "file"], faults: list[str], *, missing_is_fault: bool = True
) -> Iterator[_Given]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not missing_is_fault:
            return
        faults.append(f"{path}: cannot be read ({(error.strerror or 'refused').lower()})")
        return
    except ValueError as error:  # TOML that does not parse, or bytes that are not UTF-8
        faults.append(f"{path}: is not a TOML file ({error})")
        return
    for table, options in tables.items():
        if not isinstance(options, dict):
            faults.append(f"{path}: {table} stands outside a table{_nearest(table, _TYPES)}")
            continue
        for name, value in options.items():
            option = f"{table}.{name}"
            if option in _TYPES:
                yield _Given(f"{path}: {option}", option, value, kind)
            else:
                faults.append(f"{path}: {option}: there is no such setting{_nearest(option, _TYPES)}")


def _looks_meant(variable: str) -> bool:
    """Whether an unknown variable is a slip of the pen; a cluster sets names like SIDELINES_PORT for a service."""
    if not variable.startswith("SIDELINES_") or variable in _READ_ELSEWHERE or _OF_A_CLUSTER.search(variable):
        return False
    table = variable.removeprefix("SIDELINES_").partition("_")[0].lower()
    return table in _TABLES or bool(_nearest(variable, VARIABLES))


def _nearest(name: str, known: Mapping[str, object]) -> str:
    from difflib import get_close_matches  # only when something is wrong: it costs as much as all the rest

    last_words = {option.rpartition(".")[2]: option for option in known}
    near = get_close_matches(name, known, 1, 0.8) or [
        last_words[word] for word in get_close_matches(name.rpartition(".")[2], last_words, 1, 0.8)
    ]
    return f"; did you mean {near[0]}?" if near else ""


# What a value must be ----------------------------------------------------------------------------------------


def _checked(given: _Given) -> Any:
    """The value as its option's type. Raises ValueError saying what is wanted, never showing a secret."""
    wanted = _TYPES[given.option]
    check = _CHECKS.get(given.option) if given.kind != "default" else None
    if wanted is Secret:
        if not isinstance(given.value, str):
            raise ValueError("must be text")
        secret = given.value.strip()  # a line from a file often brings its end along
        if check and secret:
            check(secret)
        return Secret(secret)
    plain = given.value
    if given.kind == "variable" and wanted == tuple[str, ...]:
        plain = [word.strip() for word in plain.split(",")]
    try:
        value = msgspec.convert(plain, wanted, strict=given.kind != "variable")
    except msgspec.ValidationError:
        raise ValueError(f"must be {_described(wanted)}, not {given.value!r}") from None
    if check and value != "":
        check(value)
    return value.rstrip("/") if given.option == "web.public_url" else value


def _described(wanted: Any) -> str:
    from msgspec import inspect

    match inspect.type_info(wanted):
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(sorted(map(str, values)))
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high) as kind:
            number = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
            bounds = f" from {low} to {high}" if high is not None else f" of {low} or more"
            return number + bounds
        case inspect.VarTupleType():
            return "a list of texts"
        case _:
            return "text"


def _check_zone(name: str) -> None:
    from briefings.slots import check_zone  # the default needs no check, so most starts need not load it

    try:
        check_zone(name)
    except ScheduleError as error:
        raise ValueError(str(error)) from error


def _check_when(words: str) -> None:
    from briefings.slots import parse_when

    try:
        parse_when(words, "UTC")
    except ScheduleError as error:
        raise ValueError(str(error)) from error


def _check_quiet(text: str) -> None:
    quiet_hours(text)


def _check_database(address: str) -> None:
    if not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?://", address):
        raise ValueError(
            'must be a database address such as "sqlite:////srv/sidelines.db" or "postgresql://user:password@host/name"'
        )


def _check_web_address(address: str) -> None:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", address):
        raise ValueError("must be a web address such as https://news.example.org, without a name, query or fragment")


def _check_contact(contact: str) -> None:
    if not re.fullmatch(r"[!-~]+(@|://)[!-~]+", contact):
        raise ValueError('must be an address to write to or a page about the bot, like "news@example.org"')


_CHECKS: dict[str, Callable[[Any], None]] = {
    "data.database_url": _check_database,
    "briefing.zone": _check_zone,
    "briefing.when": _check_when,
    "briefing.quiet": _check_quiet,
    "sources.contact": _check_contact,
    "slack.api_url": _check_web_address,
    "discord.api_url": _check_web_address,
    "web.public_url": _check_web_address,
    **slack.CHECKS,
    **discord.CHECKS,
}


def _database(url: str, folder: str) -> Secret:
    """The database address to use, a password in it masked wherever it is shown."""
    url = url or f"sqlite:///{Path(folder) / 'sidelines.db'}"
    masked = re.sub(r"(?<=://)([^/@:]*):.*(?=@)", r"\1:***", url)
    return Secret(url, re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1***", masked))


def _usual_folder(kind: Literal["data", "config"]) -> str:
    from platformdirs import PlatformDirs

    folders = PlatformDirs("sidelines", appauthor=False)
    return folders.user_data_dir if kind == "data" else folders.user_config_dir
