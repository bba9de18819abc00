"""How Slack's events reach an app: signed HTTP requests, or envelopes over Socket Mode.

Both take the same payloads and give a `Delivery`, which can be delivered again as Slack does when in doubt.
https://docs.slack.dev/authentication/verifying-requests-from-slack, /apis/events-api/using-socket-mode
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

Kind = Literal["event", "command", "interaction", "options"]
Signature = Literal["right", "wrong", "missing", "stale", "junk"]
ENVELOPES = {"event": "events_api", "command": "slash_commands", "interaction": "interactive", "options": "interactive"}
ACKNOWLEDGED_WITHIN = 3.0
CONNECTIONS = 10


@dataclass
class Delivery:
    """What became of one delivery. `status` None is no acknowledgement at all, then `error` says why.

    `body` is the answer: decoded JSON, else text. `also` are further deliveries of the same deed, as the `message`
    event of a mention.
    """

    kind: Kind
    payload: dict[str, Any]
    transport: "Http | Socket"
    status: int | None = None
    body: Any = ""
    seconds: float = 0.0
    error: str = ""
    also: list["Delivery"] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """Whether Slack would be content: answered with 200 within three seconds."""
        return self.status == 200 and self.seconds <= ACKNOWLEDGED_WITHIN

    @property
    def ts(self) -> str:
        """Of the message that this event is about."""
        return str(self.payload.get("event", self.payload).get("ts", ""))

    async def again(self, retry: int | None = 1, reason: str = "http_timeout", **how: Any) -> "Delivery":
        """The very same once more, with the retry marks; `retry` None leaves them out."""
        return await self.transport.deliver(self.kind, self.payload, retry=retry, reason=reason, **how)


class Http:
    """Requests to the app's request URL, signed with the app's secret."""

    def __init__(self, url: str, secret: str, patience: float = 10.0) -> None:
        self.url, self.secret, self.patience = url, secret, patience

    async def deliver(
        self,
        kind: Kind,
        payload: dict[str, Any],
        *,
        retry: int | None = None,
        reason: str = "http_timeout",
        signature: Signature = "right",
        patience: float | None = None,
    ) -> Delivery:
        if kind == "event":
            body, content = json.dumps(payload), "application/json"
        else:
            form = payload if kind == "command" else {"payload": json.dumps(payload)}
            body, content = urlencode(form), "application/x-www-form-urlencoded"
        headers = {"Content-Type": content, **signed(body.encode(), self.secret, signature)}
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        delivery = Delivery(kind, payload, self)
        await self.send(body.encode(), headers, delivery, patience)
        return delivery

    async def send(
        self, body: bytes, headers: dict[str, str], delivery: Delivery, patience: float | None = None
    ) -> None:
        """Send any bytes with any headers, and note in `delivery` what comes back."""
        begin = time.perf_counter()
        timeout = aiohttp.ClientTimeout(total=patience or self.patience)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self.url, data=body, headers=headers) as answer,
            ):
                delivery.status, text = answer.status, await answer.text()
            delivery.body = _decoded(text)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            delivery.error = f"{type(error).__name__}: {error}"
        delivery.seconds = time.perf_counter() - begin

    async def raw(
        self, body: bytes, content_type: str = "application/json", signature: Signature = "right"
    ) -> Delivery:
        """Send bytes as they are, signed: for what is no JSON at all."""
        delivery = Delivery("event", {}, self)
        await self.send(body, {"Content-Type": content_type, **signed(body, self.secret, signature)}, delivery)
        return delivery


def signed(body: bytes, secret: str, signature: Signature) -> dict[str, str]:
    """The signature headers of a body: right ones, or wrong in the way that is asked for."""
    if signature == "missing":
        return {}
    moment = "yesterday" if signature == "junk" else str(int(time.time()) - (400 if signature == "stale" else 0))
    key = (secret + ("x" if signature == "wrong" else "")).encode()
    digest = hmac.new(key, b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class Line:
    """One Socket Mode connection. A `silent` one reads and answers nothing any more: half open."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket, self.request = socket, request
        self.silent = False
        self.pongs = 0


class Socket:
    """Envelopes to whichever connection is next; waits up to `patience` seconds for each acknowledgement."""

    def __init__(self, patience: float = 10.0) -> None:
        self.patience = patience
        self.lines: list[Line] = []
        self.connections = 0
        self._turn = itertools.count()
        self._open: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._came = asyncio.Condition()

    async def connected(self, timeout: float = 10.0, beyond: int = 0) -> None:  # noqa: ASYNC109
        """Wait for a connection; `beyond` counts those that were made before. Raises TimeoutError."""
        async with asyncio.timeout(timeout), self._came:
            await self._came.wait_for(lambda: self._live() and self.connections > beyond)

    def _live(self) -> list[Line]:
        return [line for line in self.lines if not line.silent and not line.socket.closed]

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from `hello` until it ends."""
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if len(self.lines) >= CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        line = Line(socket, request)
        host = {"host": "local", "build_number": 1, "approximate_connection_time": 18060}
        count = len(self.lines) + 1
        app = {"app_id": "A0SIDELINES"}
        await socket.send_json({"type": "hello", "num_connections": count, "debug_info": host, "connection_info": app})
        async with self._came:
            self.lines.append(line)
            self.connections += 1
            self._came.notify_all()
        try:
            async for message in socket:
                if not line.silent:
                    await self._take(line, message)
        finally:
            self.lines.remove(line)
        return socket

    async def _take(self, line: Line, message: aiohttp.WSMessage) -> None:
        if message.type is WSMsgType.PING:
            await line.socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            line.pongs += 1
        elif message.type is WSMsgType.TEXT:
            answer = json.loads(message.data)
            waiting = self._open.pop(answer.get("envelope_id", ""), None)
            if waiting and not waiting.done():
                waiting.set_result(answer)

    async def deliver(
        self,
        kind: Kind,
        payload: dict[str, Any],
        *,
        retry: int | None = None,
        reason: str = "timeout",
        patience: float | None = None,
    ) -> Delivery:
        delivery = Delivery(kind, payload, self)
        begin = time.perf_counter()
        envelope: dict[str, Any] = {"envelope_id": str(uuid.uuid4()), "type": ENVELOPES[kind], "payload": payload}
        envelope["accepts_response_payload"] = kind != "event"
        if kind == "event":
            envelope |= {"retry_attempt": retry or 0, "retry_reason": reason if retry else ""}
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._open[envelope["envelope_id"]] = answer
        try:
            await self.connected()
            live = self._live()
            line = live[next(self._turn) % len(live)]
            begin = time.perf_counter()
            await line.socket.send_json(envelope)
            async with asyncio.timeout(patience or self.patience):
                delivery.body = (await answer).get("payload", "")
            delivery.status = 200
        except (TimeoutError, ConnectionError) as error:
            delivery.error = f"{type(error).__name__}: {error}"
        finally:
            self._open.pop(envelope["envelope_id"], None)
        delivery.seconds = time.perf_counter() - begin
        return delivery

    async def disconnect(self, reason: str = "refresh_requested", *, close: bool = True) -> None:
        """Ask every connection to go: "warning" comes some seconds before, "refresh_requested" when it is time."""
        for line in list(self.lines):
            await line.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
            if close and reason != "warning":
                await line.socket.close()

    async def ping(self) -> None:
        """A ping on every connection; each line counts its `pongs`."""
        for line in self.lines:
            await line.socket.ping(b"local")

    def drop(self) -> None:
        """Break every connection without a word."""
        for line in self.lines:
            if line.request.transport is not None:
                line.request.transport.abort()

    def silence(self) -> None:
        """Go half open: the connections stay, and nothing is read or answered on them any more."""
        for line in self.lines:
            line.silent = True
