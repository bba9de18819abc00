"""Discord's REST API through the client's own session: each failure becomes one of the contract's errors."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from datetime import timedelta
from json import dumps
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp
import discord
from discord.http import Route

from bot.connectors import ChannelGone, RateLimited, TemporaryFailure
from bot.connectors.discord.hearing import Hearing
from bot.connectors.discord.pacing import TURNING_BACK, Crowded, Gate
from bot.connectors.discord.refusals import NO_HISTORY, Refusals, lost, refusal
from bot.tasks import patiently

T = TypeVar("T")

CONNECTING = 10.0
"""Seconds that a request waits for the client to be logged in."""
KEPT = 10_000
"""Posts, threads, names and direct conversations remembered; the oldest are forgotten."""
OUTAGE = timedelta(minutes=1)
"""The pause while Discord has an outage of a server."""
EPHEMERAL = 1 << 6
"""The flag of a message that one person sees: https://docs.discord.com/developers/resources/message#message-flags."""

Payload = Mapping[str, Any]

_patience: ContextVar[float] = ContextVar("patience", default=math.inf)
"""Seconds that a request waits at the gate: discord.py's own for as long as it takes."""
_tries: ContextVar[list[int] | None] = ContextVar("tries", default=None)
"""The status of each answer so far, 0 for none, to a request that may be repeated only if Discord refused it."""


class Remembered(OrderedDict[str, T]):
    """The newest values by name."""

    def note(self, name: str, value: T) -> T:
        """Keep a value, in place of the oldest when there are too many; gives it back."""
        self[name] = value
        while len(self) > KEPT:
            self.popitem(last=False)
        return value


class Api:
    """Every request to Discord, through whichever client is logged in."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limited: Callable[[], object] = lambda: None,
    ) -> None:
        """`limited` is called whenever Discord refuses something as too fast, though discord.py repeat it by itself."""
        self.monotonic = monotonic
        self.sleep = sleep
        self._limited = limited
        self.refusals = Refusals()
        self.gate = Gate(monotonic, sleep)
        self.hearing = Hearing(monotonic)
        self._client: discord.Client | None = None
        self._hears = True
        self._open = asyncio.Event()
        self._directs: Remembered[str] = Remembered()

    # The client -----------------------------------------------------------------------------------------------

    def use(self, client: discord.Client | None, *, hears: bool = True) -> None:
        """Requests go through this client from now on; with None, they wait for the next.

        One that does not hear is not at the gateway, which would tell it of servers and channels.
        """
        self._client, self._hears = client, hears
        self._open.set() if client else self._open.clear()

    @property
    def hears(self) -> bool:
        """Whether the client is told of servers and channels as they are."""
        return self._hears

    @property
    def client(self) -> discord.Client | None:
        """The client that is logged in, if any."""
        return self._client

    def tracing(self) -> aiohttp.TraceConfig:
        """What sees every request of a client, its own repeats too, and lets it go at the permitted pace.

        Refusals are counted, and stop it in time. What would show something twice is not repeated: discord.py does that
        after failures within Discord.
        """

        async def check(_session: object, context: SimpleNamespace, starting: aiohttp.TraceRequestStartParams) -> None:
            tries = _tries.get()
            if set(tries or ()) - {429}:
                raise lost(posting=True)
            self.refusals.check(self.monotonic())
            if tries is not None:
                tries.append(0)
            context.passage = await self.gate.turn(starting.url.path, _patience.get())
            _patience.set(math.inf)  # What is sent once more may have arrived the first time.

        async def over(_session: object, context: SimpleNamespace, _ended: object) -> None:
            if context.passage:
                self.gate.answered(context.passage)

        async def note(_session: object, _context: object, ended: aiohttp.TraceRequestEndParams) -> None:
            response, tries = ended.response, _tries.get()
            if tries:
                tries[-1] = response.status
            if response.status == 429:
                self._limited()
            self.refusals.note(response.status, response.headers.get("X-RateLimit-Scope"), self.monotonic())

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(check)
        trace.on_request_end.append(over)
        trace.on_request_end.append(note)
        trace.on_request_exception.append(over)
        return trace

    async def request(
        self, method: str, path: str, *, posting: bool = False, single: bool = False, json: Any = None, **ids: Any
    ) -> Any:
        """One request, with what discord.py repeats by itself; gives what Discord answered. Raises a DeliveryError.

        When the answer to one that is `posting` is lost, that is an OutcomeUnknown. With `single`, which is posting
        too, a repeat would show something twice.
        """
        client = await self._connected()
        posting = posting or single
        token, waits = _tries.set([] if single else None), _patience.set(TURNING_BACK)
        try:
            return await client.http.request(Route(method, path, **ids), **_body(json))
        except Crowded as error:
            raise RateLimited("Too much else is on its way to Discord.", timedelta(seconds=1)) from error
        except discord.RateLimited as error:
            raise RateLimited("Discord asks for a pause.", timedelta(seconds=error.retry_after)) from error
        except discord.HTTPException as error:
            raise refusal(error.status, error.code, posting=posting, pause=_pause(error)) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TemporaryFailure("Discord cannot be reached; it is tried again.") from error
        except RuntimeError as error:  # The session was closed for another client; nothing was sent.
            raise TemporaryFailure("The line to Discord was closed; it is tried again.") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError, AttributeError) as error:
            # The request may have arrived: a broken line, or an answer that is none of Discord's.
            raise lost(posting=posting) from error
        finally:
            _tries.reset(token)
            _patience.reset(waits)

    async def _connected(self) -> discord.Client:
        try:
            async with asyncio.timeout(CONNECTING):
                await self._open.wait()
        except TimeoutError as error:
            raise TemporaryFailure("There is no line to Discord yet; it is tried again.") from error
        if self._client is None:
            raise TemporaryFailure("The line to Discord was closed; it is tried again.")
        return self._client

    async def ready(self, guild: int | None) -> None:
        """Wait until the client knows its servers. Raises TemporaryFailure, and RateLimited while this one is away."""
        client = await self._connected()
        if not self._hears:
            return
        try:
            async with asyncio.timeout(CONNECTING):
                await client.wait_until_ready()
        except TimeoutError as error:
            raise TemporaryFailure("Discord has not told yet which servers there are; it is tried again.") from error
        known = client.get_guild(guild) if guild else None
        if known and known.unavailable:  # May last for hours, in which no attempts should be used up.
            raise RateLimited("Discord cannot serve that server for the moment.", OUTAGE)

    # Channels -------------------------------------------------------------------------------------------------

    def channel(self, id: str) -> discord.abc.GuildChannel | discord.Thread | discord.abc.PrivateChannel | None:
        """A channel as the client remembers it."""
        return self._client.get_channel(int(id)) if self._client and id.isdigit() else None

    async def place(self, channel: str) -> str:
        """The channel's id; that of the direct conversation for "@" and a person's id."""
        if not channel.startswith("@"):
            return channel
        person = channel[1:]
        if person not in self._directs:
            body = {"recipient_id": person}
            answer = await self.request("POST", "/users/@me/channels", json=body)
            self._directs.note(person, str(answer["id"]))
        return self._directs[person]

    # Replies --------------------------------------------------------------------------------------------------

    async def reply(self, channel: str, payload: Payload, *, key: str, to: int | None) -> None:
        """Answer a message, with a nonce, so that a lost answer may be repeated. Raises a DeliveryError."""
        body = {**payload, "nonce": key, "enforce_nonce": True}
        if to:
            body["message_reference"] = {"message_id": str(to), "fail_if_not_exists": False}
        path = "/channels/{channel_id}/messages"
        try:
            await self.request("POST", path, json=body, channel_id=channel)
        except ChannelGone as error:
            if code_of(error) != NO_HISTORY:
                raise
            del body["message_reference"]
            await self.request("POST", path, json=body, channel_id=channel)

    async def respond(self, application: int, token: str, payload: Payload, *, first: bool) -> None:
        """Answer a deferred interaction: the first answer takes the place of "is thinking", others follow it."""
        path, method = "/webhooks/{webhook_id}/{webhook_token}", "POST"
        if first:
            path, method = f"{path}/messages/@original", "PATCH"
        await self.request(
            method, path, single=not first, json=dict(payload), webhook_id=application, webhook_token=token
        )

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat an attempt while nothing was done: after the pauses that Discord asks for, or doubling ones.

        Raises as `bot.tasks.patiently` does.
        """
        return await patiently(
            attempt, lambda asked, wait: wait if asked is None else asked, self.monotonic, self.sleep
        )


def _body(json: Any) -> dict[str, Any]:
    """What is sent, as discord.py wants it. A payload's `attachments` have their `text` in it, which is sent as a file.

    https://docs.discord.com/developers/reference#uploading-files
    """
    if json is None:
        return {}
    files = json.get("attachments") if isinstance(json, Mapping) else None
    if not files:
        return {"json": json}
    named = [{"id": number, "filename": file["filename"]} for number, file in enumerate(files)]
    words = {"name": "payload_json", "value": dumps({**json, "attachments": named})}
    parts = [
        {"name": f"files[{file['id']}]", "value": given["text"].encode(), "filename": file["filename"]}
        for file, given in zip(named, files, strict=True)
    ]
    return {"form": [words, *parts]}


def code_of(error: BaseException) -> int:
    """Discord's code of a refusal, 0 when it had none."""
    return int(getattr(error.__cause__, "code", 0))


def _pause(error: discord.HTTPException) -> float | None:
    """The pause that an answer asks for, in seconds."""
    try:
        return float(error.response.headers.get("Retry-After") or "")
    except ValueError:
        return None
