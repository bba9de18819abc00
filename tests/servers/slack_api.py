"""The HTTP side: reads calls as slack_sdk sends them, plays the faults that were ordered, answers and records.

Also takes what is sent to a response_url.
"""

import asyncio
import base64
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers import slack_tokens as tokens
from tests.servers.slack_limits import RESPONSE_SECONDS, RESPONSES
from tests.servers.slack_methods import METHODS, check_message
from tests.servers.slack_values import Call, Message
from tests.servers.slack_world import Refused, World

AS_JSON = {"blocks", "metadata", "view", "attachments", "prompts"}
"""Arguments that are JSON even where the rest is a form."""


@dataclass
class Fault:
    """What goes wrong with calls of a method, "*" for all. `left` None is for ever; `when` looks at the arguments.

    `lost`: it is done, but the answer never arrives. `drop`: the connection breaks and nothing is done. `hang`: no
    answer, ever. `status`, `retry_after`: an HTTP failure. `error`: an answer that is not ok.
    """

    method: str
    left: int | None = 1
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    lost: bool = False
    drop: bool = False
    hang: bool = False
    when: Callable[[dict[str, Any]], bool] | None = None

    def applies(self, method: str, args: dict[str, Any]) -> bool:
        return self.left != 0 and self.method in {method, "*"} and (self.when is None or self.when(args))


class Api:
    """Web API and response_url of a world. `delay` seconds pass before each call, `delays` for one method alone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults: list[Fault] = []
        self.delay = 0.0
        self.delays: dict[str, float] = {}
        self.tickets: set[str] = set()
        self.closing = asyncio.Event()

    def routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/api/{method:.*}", self._call)
        app.router.add_post("/response/{id}", self._respond)

    def _fault(self, method: str, args: dict[str, Any]) -> Fault | None:
        fault = next((fault for fault in self.faults if fault.applies(method, args)), None)
        if fault and fault.left is not None:
            fault.left -= 1
        return fault

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method, came = request.match_info["method"], self.world.clock()
        name, args = await _arguments(request)
        token = self.world.tokens.get(name or "")
        team = token.team if token else ""

        def record(status: int, answer: dict[str, Any]) -> None:
            self.world.calls.append(Call(method, team, args, came, status, answer))
            self.world.changed()

        fault = self._fault(method, args)
        if fault and fault.drop:
            record(0, {})
            return _broken(request)
        if fault and fault.hang:
            record(0, {})
            await self.closing.wait()
            return _broken(request)
        if seconds := self.delays.get(method, self.delay):
            await asyncio.sleep(seconds)
        if fault and (fault.status or fault.retry_after is not None):
            status = fault.status or 429
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            answer = {"ok": False, "error": "ratelimited" if status == 429 else "internal_error"}
            record(status, answer)
            if status == 429:
                return web.json_response(answer, status=status, headers=headers)
            return web.Response(text="<html>upstream failed</html>", content_type="text/html", status=status)
        try:
            if fault and fault.error:
                raise Refused(fault.error)
            wait = self._wait(method, team, args)
            if wait:
                record(429, {"ok": False, "error": "ratelimited"})
                headers = {"Retry-After": str(wait)}
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            answer = {"ok": True, **self._perform(method, name, args)}
        except Refused as refused:
            answer = refused.answer
        lost = bool(fault and fault.lost)
        record(0 if lost else 200, answer)
        if lost:
            return _broken(request)
        scopes = {"X-OAuth-Scopes": ",".join(token.scopes)} if token else {}
        return web.json_response(answer, headers=scopes)

    def _wait(self, method: str, team: str, args: dict[str, Any]) -> int:
        channel = str(args.get("channel", ""))
        if channel.startswith("U"):
            channel = "D" + channel[1:]
        return self.world.pace.too_fast(method, team, channel, self.world.clock())

    def _perform(self, method: str, name: str | None, args: dict[str, Any]) -> dict[str, Any]:
        world = self.world
        if method == "oauth.v2.access":
            return tokens.oauth_access(world, args)
        token, space = tokens.identify(world, name)
        if method == "auth.test":
            return tokens.auth_test(world, space)
        if method == "apps.connections.open":
            if space:
                raise Refused("not_allowed_token_type")
            ticket = world.id("ticket")
            self.tickets.add(ticket)
            return {"url": f"{world.base.replace('http', 'ws', 1)}/link/?ticket={ticket}"}
        if space is None:
            raise Refused("not_allowed_token_type")
        if method == "auth.revoke":
            return tokens.revoke(world, token)
        if method == "apps.uninstall":
            if (args.get("client_id"), args.get("client_secret")) != (world.client_id, world.client_secret):
                raise Refused("bad_client_secret")
            return tokens.uninstall(world, space)
        if method not in METHODS:
            raise Refused("unknown_method")
        act, scope = METHODS[method]
        channel = space.channels.get(str(args.get("channel")))
        tokens.needs(token, scope.replace("<family>", channel.family if channel else "channels"))
        return act(world, space, copy.deepcopy(args))

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        url, came = self.world.response_urls.get(request.match_info["id"]), self.world.clock()
        try:
            args = json.loads(await request.read())
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        fault = self._fault("response_url", args)
        if fault and fault.hang:
            await self.closing.wait()
        if fault and (fault.drop or fault.hang):
            return _broken(request)
        await asyncio.sleep(self.delays.get("response_url", self.delay))
        status, answer = 200, "ok"
        if fault and (fault.status or fault.retry_after is not None):
            status, answer = fault.status or 429, "rate_limited" if fault.retry_after else "internal_error"
        elif url is None:
            status, answer = 404, "no_such_url"
        elif came - url.issued > RESPONSE_SECONDS:
            status, answer = 404, "expired_url"
        elif len(url.payloads) >= RESPONSES:
            status, answer = 404, "used_url"
        else:
            try:
                take_response(self.world, request.match_info["id"], args)
            except Refused as refused:
                status, answer = 400, refused.answer["error"]
        team = url.team if url else ""
        self.world.calls.append(Call("response_url", team, args, came, status, {"ok": status == 200, "error": answer}))
        self.world.changed()
        if fault and fault.lost:
            return _broken(request)
        if status == 200:
            return web.Response(text="ok")
        headers = {"Retry-After": str(fault.retry_after)} if fault and fault.retry_after is not None else {}
        return web.json_response({"ok": False, "error": answer}, status=status, headers=headers)


def take_response(world: World, id: str, args: dict[str, Any]) -> None:
    """Do what is sent to a response_url; an acknowledgement that holds a message counts as one too."""
    url = world.response_urls[id]
    url.payloads.append(args)
    if args.get("delete_original") and url.message:
        (world.ephemerals if url.message.person else world.messages).remove(url.message)
        return
    check_message(world, "response_url", args)
    text, blocks = args.get("text") or "", args.get("blocks") or []
    if args.get("replace_original") and url.message:
        url.message.text, url.message.blocks, url.message.edited = text, world.named(blocks), True
        return
    space = world.workspaces[url.team]
    message = Message(url.team, url.channel, world.ts(), space.bot_user, text, blocks, args.get("thread_ts"))
    message.bot_id, message.via, message.arguments = space.bot_id, "response_url", args
    message.person = None if args.get("response_type") == "in_channel" else url.user
    world.write(message)


async def _arguments(request: web.Request) -> tuple[str | None, dict[str, Any]]:
    """The token and the arguments of a call: from the address, a form or JSON, and Basic authentication."""
    args: dict[str, Any] = dict(request.query)
    body = await request.read()
    if request.content_type == "application/json":
        args |= json.loads(body) if body else {}
    elif body:
        args |= dict(await request.post())
    for key in AS_JSON & set(args):
        if isinstance(args[key], str):
            try:
                args[key] = json.loads(args[key])
            except ValueError:
                args[key] = f"no JSON: {args[key]}"
    header = request.headers.get("Authorization", "")
    kind, _, secret = header.partition(" ")
    if kind == "Basic":
        args["client_id"], _, args["client_secret"] = base64.b64decode(secret).decode().partition(":")
    token = secret if kind == "Bearer" else args.pop("token", None)
    return token, args


def _broken(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
