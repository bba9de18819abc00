"""Slack's side of the line: one Bolt app, reached through Socket Mode or through signed HTTP requests."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.connectors import ChannelGone, RateLimited, TemporaryFailure
from bot.connectors.slack import adding, assistant, home, incoming, modals, shortcuts

if TYPE_CHECKING:
    from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient

    from bot.connectors.slack.api import Api
    from bot.connectors.slack.parts import Parts

log = logging.getLogger(__name__)
_bolt, _socket = logging.getLogger(f"{__name__}.bolt"), logging.getLogger(f"{__name__}.socket")

PING = 5.0
"""Seconds between pings; a line that answers none of four is opened anew."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds between two tries to open the line."""
CLOSING = 3.0
"""Seconds that closing the line may take."""


def build(parts: Parts) -> AsyncApp:
    """The app with every listener. It authorises without a question to anybody, so that nothing delays a listener."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Everybody's requests pass: listeners ask for tokens where they need them, after the acknowledgement.
        if enterprise_id and team_id:
            parts.api.tokens.met(team_id, enterprise_id)
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)

    # What these log at finer levels is what people write, or advice about settings that are given to us, not to them.
    logging.getLogger("slack_sdk").setLevel(logging.INFO)
    _bolt.setLevel(logging.ERROR)
    _socket.setLevel(logging.INFO)
    app = AsyncApp(
        name="sidelines",
        logger=_bolt,
        client=parts.api.client(),
        authorize=authorize,
        request_verification_enabled=False,  # Done in `Endpoint`, which survives junk headers and logs no bodies.
        ignoring_self_events_enabled=False,  # Done in `incoming`, once it is known who the bot is.
        attaching_conversation_kwargs_enabled=False,
        raise_error_for_unhandled_request=True,
    )

    @app.error
    async def failed(error: Exception, body: dict[str, Any]) -> BoltResponse | None:
        if isinstance(error, BoltUnhandledRequestError):  # Acknowledged, or Slack would deliver it again.
            return BoltResponse(status=HTTPStatus.OK)
        log.error("a listener failed", exc_info=error, extra={"action": "listener_failed", "kind": body.get("type")})
        return None

    for module in (modals, adding, home, assistant, shortcuts, incoming):
        module.register(app, parts)
    incoming.register_rest(app, parts)
    return app


class Endpoint:
    """Signed requests over HTTP. Junk gets a status that says so, never a 500."""

    def __init__(self, signing_secret: str) -> None:
        self._verifier = SignatureVerifier(signing_secret)
        self._app: AsyncApp | None = None

    def open(self, app: AsyncApp | None) -> None:
        """Pass requests on to the app from now on; with None, to nobody."""
        self._app = app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Check and pass on one request: 401 if Slack did not sign it just now, 400 if Slack sends nothing like it."""
        body = await request.read()
        if not self._signed(body, request.headers):
            return web.json_response({"error": "the signature is wrong or too old"}, status=HTTPStatus.UNAUTHORIZED)
        content = understood(body, request.content_type)
        if content is None:
            return web.json_response({"error": "not understood"}, status=HTTPStatus.BAD_REQUEST)
        if self._app is None:  # Starting or stopping; Slack delivers it again.
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        response = await dispatched(self._app, content)
        if response is None:
            return web.json_response({"error": "not understood"}, status=HTTPStatus.BAD_REQUEST)
        return await to_aiohttp_response(response)

    def _signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        try:
            return self._verifier.is_valid_request(body, dict(headers))
        except (ValueError, TypeError, OverflowError):  # A timestamp that is no number, a body that is no text.
            return False


def understood(body: bytes, content_type: str) -> dict[str, Any] | None:
    """What Slack sent: a JSON object, a form with one in "payload", or the form of a command; else None."""
    try:
        text = body.decode()
        if content_type == "application/x-www-form-urlencoded":
            form = dict(parse_qsl(text, keep_blank_values=True))
            if "payload" not in form:
                return form if "command" in form or "ssl_check" in form else None
            text = form["payload"]
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


async def dispatched(app: AsyncApp, content: dict[str, Any]) -> BoltResponse | None:
    """The app's answer to a request; None when it is not like anything that Slack sends.

    The content is handed over as Socket Mode has it, already read: Bolt reads a form by looking for the word "payload",
    which people may type.
    """
    try:
        response = await app.async_dispatch(AsyncBoltRequest(body=content, mode="socket_mode"))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        log.warning("a request was not understood", exc_info=error, extra={"action": "request_odd"})
        return None
    return response if response.status < HTTPStatus.INTERNAL_SERVER_ERROR else None


class SocketMode:
    """A line that this side opens, through which Slack sends what it would request over HTTP."""

    def __init__(self, app: AsyncApp, api: Api, app_token: str) -> None:
        self._app = app
        self._api = api
        self._token = app_token
        self.heard = -math.inf
        """When the line was last known to be open, by the API's clock; looked at every `PING` seconds."""

    async def run(self) -> None:
        """Keep the line open until cancelled. Raises ChannelGone when Slack refuses the app token."""
        address = await self._address()
        client = SocketModeClient(
            app_token=self._token,
            logger=_socket,
            web_client=self._api.client(),
            ping_interval=PING,
        )
        client.wss_uri = address
        client.socket_mode_request_listeners.append(self._handle)
        try:
            await client.connect()  # type: ignore[no-untyped-call]
            asked = self.heard = self._api.monotonic()
            while True:
                await asyncio.sleep(PING)
                now = self._api.monotonic()
                if await client.is_connected():
                    self.heard = now
                elif now - max(asked, self.heard) >= LONGEST_WAIT:
                    asked, client.wss_uri = now, None  # The client would try the same address for ever.
        finally:
            await _close(client)

    async def _address(self) -> str:
        """Where to open the line; asks until Slack answers."""
        wait = FIRST_WAIT
        while True:
            try:
                return str(
                    (await self._api.request(self._token, "apps.connections.open", app_token=self._token))["url"]
                )
            except ChannelGone as error:
                raise ChannelGone(f"Slack refuses SLACK_APP_TOKEN: {error}") from error
            except (RateLimited, TemporaryFailure) as error:
                pause = error.retry_after.total_seconds() if isinstance(error, RateLimited) else wait
                log.warning("no line to Slack yet: %s", error, extra={"action": "connect_again", "wait": pause})
                await self._api.sleep(pause)
                wait = min(wait * 2, LONGEST_WAIT)

    async def _handle(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Pass on one envelope, and acknowledge it whatever the app makes of it."""
        response = await dispatched(self._app, request.payload) if isinstance(request.payload, dict) else None
        if response is None or response.status != HTTPStatus.OK:
            response = BoltResponse(status=HTTPStatus.OK)
        await send_async_response(client, request, response, time.time())


async def _close(client: SocketModeClient) -> None:
    """Close the line in order if the other side still answers, else at once."""
    try:
        async with asyncio.timeout(CLOSING):
            await client.close()  # type: ignore[no-untyped-call]
    except (TimeoutError, OSError) as error:
        log.info("the line was not closed in order: %s", error, extra={"action": "close_failed"})
        for task in (client.message_processor, client.current_session_monitor, client.message_receiver):
            if task is not None:
                task.cancel()
        await client.aiohttp_client_session.close()
