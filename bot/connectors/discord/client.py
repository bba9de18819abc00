"""The line to Discord: one client after another, each kept up by discord.py as long as it can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.connectors import DeliveryError
from bot.connectors.discord.api import Api
from bot.connectors.discord.parts import Parts
from briefings.errors import SidelinesError

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds between two clients. Each identifies anew, which a token may do 1,000 times a day:
https://docs.discord.com/developers/events/gateway#session-start-limit-object."""
STEADY = 60.0
"""Seconds after which a line counts as good, so that the next wait is a short one again."""
TOLD = 2.0
"""Seconds after which the servers that Discord has not told of yet are those with an outage."""
CLOSING = 3.0
"""Seconds that closing the line may take."""
LONGEST_PAUSE = 30.0
"""Seconds; longer pauses that Discord asks for are waited out in the outbox, not in discord.py."""
TIMEOUT = aiohttp.ClientTimeout(total=25, sock_connect=10)

BAD_TOKEN = SidelinesError(
    "Discord does not accept DISCORD_TOKEN; copy the bot's token from the Developer Portal, under Bot, and set it anew."
)
FINAL = {4004, 4010, 4011, 4012, 4013, 4014}
"""Codes with which Discord closes for good: https://docs.discord.com/developers/topics/opcodes-and-status-codes."""
OF_DISCORD = {
    "id",
    "application_id",
    "version",
    "guild_id",
    "dm_permission",
    "handler",
    "name_localizations",
    "description_localizations",
}
"""Fields of a command that Discord adds, or that are not used here."""

Register = Callable[["Line"], None]


class Line(discord.AutoShardedClient):
    """One client, with its commands. Nobody can be mentioned by what it sends unless that names them."""

    def __init__(self, parts: Parts, registers: tuple[Register, ...], *, proxy: str | None) -> None:
        _silence()
        super().__init__(
            intents=discord.Intents.default(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            guild_ready_timeout=TOLD,
            max_ratelimit_timeout=LONGEST_PAUSE,
            http_trace=parts.api.tracing(),
            proxy=proxy,
        )
        self.parts = parts
        self.tree: app_commands.CommandTree[Line] = app_commands.CommandTree(self)
        for register in registers:
            register(self)

    async def setup_hook(self) -> None:
        """Logged in: requests go through this client from now on; the gateway is not kept waiting for the rest."""
        self.parts.api.use(self)
        self.parts.tasks.start(synchronise(self))

    async def on_shard_connect(self, shard: int) -> None:
        """A shard begins to hear."""
        self.parts.api.hearing.heard(shard)

    async def on_shard_resumed(self, shard: int) -> None:
        """A shard hears again."""
        self.parts.api.hearing.heard(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        """A shard hears nothing."""
        self.parts.api.hearing.lost(shard)

    async def close(self) -> None:
        """Close the line in order if the other side still answers, else at once."""
        try:
            async with asyncio.timeout(CLOSING):
                await super().close()
        except TimeoutError:
            log.info("the line was not closed in order", extra={"action": "close_failed"})
            await self.http.close()

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """A failure in the handling of an event; it ends there."""
        log.exception("an event was not worked on", extra={"action": "event_failed", "event": event_method})


class Mute(discord.Client):
    """A client that sends, and never goes to the gateway: another process is there."""

    def __init__(self, api: Api, *, proxy: str | None) -> None:
        _silence()
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_PAUSE,
            http_trace=api.tracing(),
            proxy=proxy,
        )
        self._api = api

    async def connect(self, *, reconnect: bool = True) -> None:
        """Logged in: requests go through this client from now on."""
        self._api.use(self, hears=False)
        await asyncio.Event().wait()


def _silence() -> None:
    """Nothing is said aloud here, so that nobody need hear which libraries that would take."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


class Keeper:
    """Keeps a line open until cancelled, and opens another when one ends."""

    def __init__(self, api: Api, token: str, make: Callable[[], discord.Client]) -> None:
        self._api = api
        self._token = token
        self._make = make

    async def run(self) -> None:
        """Raises SidelinesError when Discord does not accept the token, or the way the client identifies."""
        wait = FIRST_WAIT
        while True:
            began = self._api.monotonic()
            line = self._make()
            try:
                async with line:
                    await line.start(self._token)
                log.warning("the line to Discord was closed", extra={"action": "connect_again", "wait": wait})
            except discord.LoginFailure as error:
                raise BAD_TOKEN from error
            except discord.ConnectionClosed as error:
                if error.code in FINAL:
                    raise _final(error.code) from error
                self._tell(error, wait)
            except discord.PrivilegedIntentsRequired as error:
                raise _final(4014) from error
            except Exception as error:  # noqa: BLE001 - whatever ended this line is logged, and another one opened
                self._tell(error, wait)
            finally:
                self._api.use(None)
                self._api.hearing.closed()
            if self._api.monotonic() - began > STEADY:
                wait = FIRST_WAIT
            await self._api.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    def _tell(self, error: Exception, wait: float) -> None:
        known = isinstance(error, discord.DiscordException | aiohttp.ClientError | OSError | SidelinesError)
        log.warning(
            "the line to Discord broke: %s",
            error or type(error).__name__,
            exc_info=None if known else error,
            extra={"action": "connect_again", "wait": wait},
        )


async def look_up_gateway(api: Api, base: str, proxy: str | None) -> None:
    """Point discord.py to the API at `base`, and to the gateway that this names; asks until it answers.

    Without the second, a session that cannot be resumed would be begun anew at Discord's own gateway.
    """
    base, wait = base.rstrip("/"), FIRST_WAIT
    Route.BASE = base
    while True:
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.get(f"{base}/gateway", proxy=proxy) as response,
            ):
                response.raise_for_status()
                DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL((await response.json())["url"])
                return
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError, TypeError) as error:
            log.warning(
                "no gateway yet: %s", error or type(error).__name__, extra={"action": "connect_again", "wait": wait}
            )
            await api.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)


async def synchronise(line: Line) -> None:
    """Tell Discord of the commands, unless it knows them just so."""
    api, application = line.parts.api, line.application_id
    path = "/applications/{application_id}/commands"
    ours = [command.to_dict(line.tree) for command in line.tree.get_commands()]
    try:
        theirs = await api.patiently(lambda: api.request("GET", path, application_id=application))
        line.parts.overrides.learn(theirs)
        if _same(_by_name(ours), _by_name(theirs)):
            return
        theirs = await api.patiently(lambda: api.request("PUT", path, json=ours, application_id=application))
    except DeliveryError as error:
        log.error("the commands are as they were: %s", error, extra={"action": "commands_failed"})
    else:
        line.parts.overrides.learn(theirs)
        log.info("the commands are known to Discord", extra={"action": "commands_told", "commands": len(ours)})


def _by_name(commands: list[Any]) -> dict[str, Any]:
    """Commands by their kind and name, since they have no order."""
    return {f"{each.get('type') or 1} {each['name']}": each for each in commands}


def _same(ours: Any, theirs: Any) -> bool:
    """Whether two definitions mean the same; what is absent, null, false or empty means the same."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        fields = (set(ours) | set(theirs)) - OF_DISCORD
        return all(_same(ours.get(each), theirs.get(each)) for each in fields)
    if isinstance(ours, list) and isinstance(theirs, list):
        if not all(isinstance(each, dict) for each in (*ours, *theirs)):
            return sorted(map(str, ours)) == sorted(map(str, theirs))
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    return str(ours) == str(theirs) or (not ours and not theirs)


def _final(code: int) -> SidelinesError:
    """What it means that Discord closed the line for good."""
    if code == 4004:
        return BAD_TOKEN
    return SidelinesError(f"Discord closed the line for good with code {code}; the operator should look that up.")
