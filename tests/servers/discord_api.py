"""The HTTP side: knows each endpoint, plays the faults that were ordered, holds to the pace, answers and records.

https://docs.discord.com/developers/reference
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers import discord_guilds as guilds
from tests.servers import discord_interactions as interactions
from tests.servers import discord_methods as methods
from tests.servers.discord_pace import Slowed, too_fast
from tests.servers.discord_values import Call
from tests.servers.discord_world import Refused, World

Endpoint = Callable[[World, Call], Any]
ENDPOINTS: list[tuple[str, str, str, Endpoint]] = [
    ("gateway", "GET", "/gateway", guilds.gateway),
    ("gateway_bot", "GET", "/gateway/bot", guilds.gateway_bot),
    ("me", "GET", "/users/@me", guilds.me),
    ("my_guilds", "GET", "/users/@me/guilds", guilds.my_guilds),
    ("leave_guild", "DELETE", "/users/@me/guilds/{}", guilds.leave_guild),
    ("open_direct", "POST", "/users/@me/channels", guilds.open_direct),
    ("get_user", "GET", "/users/{}", guilds.get_user),
    ("application", "GET", "/applications/@me", guilds.application),
    ("application", "GET", "/oauth2/applications/@me", guilds.application),
    ("get_commands", "GET", "/applications/{}/commands", guilds.get_commands),
    ("sync_commands", "PUT", "/applications/{}/commands", guilds.sync_commands),
    ("get_commands", "GET", "/applications/{}/guilds/{}/commands", guilds.get_commands),
    ("sync_commands", "PUT", "/applications/{}/guilds/{}/commands", guilds.sync_commands),
    ("get_guild", "GET", "/guilds/{}", guilds.get_guild),
    ("guild_channels", "GET", "/guilds/{}/channels", guilds.guild_channels),
    ("guild_roles", "GET", "/guilds/{}/roles", guilds.guild_roles),
    ("active_threads", "GET", "/guilds/{}/threads/active", guilds.active_threads),
    ("get_member", "GET", "/guilds/{}/members/{}", guilds.get_member),
    ("get_channel", "GET", "/channels/{}", methods.get_channel),
    ("edit_channel", "PATCH", "/channels/{}", methods.edit_channel),
    ("history", "GET", "/channels/{}/messages", methods.history),
    ("create_message", "POST", "/channels/{}/messages", methods.create_message),
    ("get_message", "GET", "/channels/{}/messages/{}", methods.get_message),
    ("edit_message", "PATCH", "/channels/{}/messages/{}", methods.edit_message),
    ("delete_message", "DELETE", "/channels/{}/messages/{}", methods.delete_message),
    ("typing", "POST", "/channels/{}/typing", methods.type_there),
    ("join_thread", "PUT", "/channels/{}/thread-members/@me", methods.join_thread),
    ("create_thread", "POST", "/channels/{}/threads", methods.thread_without_message),
    ("create_thread", "POST", "/channels/{}/messages/{}/threads", methods.thread_from_message),
    ("callback", "POST", "/interactions/{}/{}/callback", interactions.callback),
    ("followup", "POST", "/webhooks/{}/{}", interactions.followup),
    ("get_original", "GET", "/webhooks/{}/{}/messages/{}", interactions.get_original),
    ("edit_original", "PATCH", "/webhooks/{}/{}/messages/{}", interactions.edit_original),
    ("delete_original", "DELETE", "/webhooks/{}/{}/messages/{}", interactions.delete_original),
]
PATTERNS = [
    (name, method, re.compile(path.replace("{}", "([^/]+)")), endpoint) for name, method, path, endpoint in ENDPOINTS
]
OPEN = {"callback", "followup", "get_original", "edit_original", "delete_original", "gateway"}
"""Endpoints that take no token of the bot's."""
MEANINGS = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10008: (404, "Unknown Message"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    20016: (429, "This action cannot be performed due to slowmode rate limit"),
    20028: (429, "The write action you are performing on the channel has hit the write rate limit"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40067: (400, "A tag is required to create a forum post in this channel"),
    50001: (403, "Missing Access"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    160005: (403, "Thread is locked"),
    160006: (400, "Maximum number of active threads has been reached"),
    240000: (400, "Message blocked by harmful links filter"),
}
"""Status and words of errors that can be ordered by their code: topics/opcodes-and-status-codes."""


@dataclass
class Fault:
    """What goes wrong with calls of an endpoint, "*" for all. `left` None is for ever; `when` looks at the call.

    `lost`: it is done, but the answer never arrives. `drop`: the connection breaks and nothing is done. `hang`: no
    answer, ever. `status` without `code`: a failure before Discord's own server. `code`: one of Discord's errors.
    `retry_after`: a 429, whose `scope` is "user", "global" or "shared"; without `via` it is Cloudflare's ban.
    """

    name: str
    left: int | None = 1
    status: int | None = None
    code: int | None = None
    retry_after: float | None = None
    scope: str = "user"
    via: bool = True
    lost: bool = False
    drop: bool = False
    hang: bool = False
    when: Callable[[Call], bool] | None = None

    def applies(self, call: Call) -> bool:
        return self.left != 0 and self.name in {call.name, "*"} and (self.when is None or self.when(call))


class Api:
    """The REST API of a world. `delay` seconds pass before each call, `delays` for one endpoint alone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults: list[Fault] = []
        self.delay = 0.0
        self.delays: dict[str, float] = {}
        self.closing = asyncio.Event()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        world = self.world
        call, endpoint = await _read(request, world)
        world.calls.append(call)
        fault = next((fault for fault in self.faults if fault.applies(call)), None)
        if fault and fault.left is not None:
            fault.left -= 1
        if fault and fault.hang:
            await self.closing.wait()
        if fault and (fault.drop or fault.hang):
            return _broken(request)
        if seconds := self.delays.get(call.name, self.delay):
            await asyncio.sleep(seconds)
        if world.pace.banned(call.came):
            return self._answer(call, 429, "error code: 1015", {}, via=False)
        if fault and (early := self._failed(call, fault)):
            return early
        if call.name not in OPEN and request.headers.get("Authorization") != f"Bot {world.token}":
            return self._answer(call, 401, {"message": "401: Unauthorized", "code": 0}, {})
        pace = world.pace.take(call.name, call.channel, world.clock())
        if isinstance(pace, Slowed):
            return self._answer(call, 429, *too_fast(pace))
        try:
            if endpoint is None:
                raise Refused(404, 0, "404: Not Found")
            answer = endpoint(world, call)
            status = 204 if answer is None else 200
        except Refused as refused:
            status, answer = refused.status, refused.answer
        except Exception as error:
            world.breach(call.name, [f"not understood: {error!r} in {call.body!r:.300}"])
            raise
        if fault and fault.lost:
            call.answer = answer
            world.changed()
            return _broken(request)
        return self._answer(call, status, answer, pace)

    def _failed(self, call: Call, fault: Fault) -> web.StreamResponse | None:
        if fault.code is not None:
            status, words = MEANINGS.get(fault.code, (fault.status or 400, "An error of Discord's"))
            body: dict[str, Any] = {"message": words, "code": fault.code}
            if fault.retry_after is not None:
                body |= {"retry_after": fault.retry_after, "global": False}
            return self._answer(call, fault.status or status, body, {})
        if fault.retry_after is not None:
            more = {"X-RateLimit-Global": "true"} if fault.scope == "global" else {}
            body, headers = too_fast(Slowed(fault.scope, fault.retry_after, more))
            return self._answer(call, 429, body, headers, via=fault.via)
        if fault.status == 429:
            return self._answer(call, 429, "error code: 1015", {}, via=False)
        if fault.status is not None:
            return self._answer(call, fault.status, "<html>upstream failed</html>", {})
        return None

    def _answer(
        self, call: Call, status: int, answer: Any, headers: dict[str, str], *, via: bool = True
    ) -> web.StreamResponse:
        """Discord's answers are exactly "application/json" and came through a proxy; others are a page."""
        call.status, call.answer = status, answer
        if status in {401, 403} or (status == 429 and headers.get("X-RateLimit-Scope") != "shared"):
            self.world.pace.invalid.append(call.came)
        self.world.changed()
        page = isinstance(answer, str)
        own = {"Content-Type": "text/html" if page else "application/json", **({"Via": "1.1 google"} if via else {})}
        if answer is None:
            return web.Response(status=204, headers={**headers, "Via": "1.1 google"})
        body = answer if page else json.dumps(answer)
        return web.Response(body=body.encode(), status=status, headers={**headers, **own})


async def _read(request: web.Request, world: World) -> tuple[Call, Endpoint | None]:
    path, body = "/" + request.match_info["path"], None
    if request.content_type.startswith("multipart/"):
        body = await _with_files(request)
    elif (raw := await request.read()) and request.content_type == "application/json":
        try:
            body = json.loads(raw)
        except ValueError:
            world.breach(path, ["a body that is no JSON"])
    for name, method, pattern, endpoint in PATTERNS:
        if method == request.method and pattern.fullmatch(path):
            channel = path.split("/")[2] if path.startswith("/channels/") else None
            call = Call(name, method, path, body, dict(request.query), world.clock(), channel)
            call.proxied = request.raw_path.startswith("http://")
            return call, endpoint
    return Call("unknown", request.method, path, body, dict(request.query), world.clock()), None


async def _with_files(request: web.Request) -> Any:
    """A body that came with files, the bytes of each beside its name as `content`."""
    sent = await request.post()
    body = json.loads(str(sent.get("payload_json", "{}")))
    for each in body.get("attachments") or []:
        file = sent.get(f"files[{each['id']}]")
        if isinstance(file, web.FileField) and file.filename == each["filename"]:
            each["content"] = file.file.read()
    return body


def _broken(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
