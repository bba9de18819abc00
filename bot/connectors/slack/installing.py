"""Installing by OAuth: the page that begins it, the address that Slack sends the browser back to, and how it ended.

Pages say what happened and what to do; they never show what came with a request, nor Slack's own words.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.connectors.slack.manifest import INSTALL_PATH, REDIRECT_PATH, SCOPES
from bot.connectors.slack.oauth import Installations

if TYPE_CHECKING:
    from bot.connectors.slack.api import Api

log = logging.getLogger(__name__)

_unheard = logging.getLogger(f"{__name__}.flow")
_unheard.setLevel(logging.CRITICAL + 1)  # slack-bolt logs the code that was exchanged; what matters is logged here

AGAIN = '<a href="install">Begin again</a>'
ENDINGS = {
    "access_denied": ("Nothing was installed", f"It was declined in Slack. {AGAIN} if that was a mistake."),
    "invalid_browser": (
        "This is not where the installation began",
        f"Open it in the same browser, with cookies allowed for this site. {AGAIN}.",
    ),
    "invalid_state": (
        "That took too long",
        f"An installation must be finished within ten minutes, and its last page works once. {AGAIN}.",
    ),
    "unreachable": ("Slack did not answer", f"Nothing was installed. {AGAIN} in a few minutes."),
    "storage_error": ("The installation could not be stored", "The operator of Sidelines finds the reason in its log."),
}
"""The heading and the sentence of each way to fail that has its own; the rest share `REFUSED`."""
REFUSED = ("Slack did not accept the installation", f"{AGAIN}; if that fails too, ask the operator of Sidelines.")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body {{ font: 1.1em/1.5 sans-serif; max-width: 34em; margin: 4em auto; padding: 0 1em }}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


class Server(Protocol):
    """The web server of the program."""

    def add(self, method: str, path: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        """Answer requests to a path by a handler."""


def add_pages(
    server: Server,
    installations: Installations,
    api: Api,
    *,
    public_url: str,
    installed: Callable[[str], Awaitable[None]],
) -> None:
    """Serve the pages of installing. `installed` is told each workspace that installed the app, or did so again."""
    pages = _Pages(installations, api, public_url.rstrip("/"), installed)
    server.add("GET", INSTALL_PATH, pages.begin)
    server.add("GET", REDIRECT_PATH, pages.finish)


class _Pages:
    def __init__(
        self,
        installations: Installations,
        api: Api,
        public_url: str,
        installed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._api = api
        self._installed = installed
        store: Any = installations  # these two have what the flow calls of its stores
        states: Any = installations.states
        self._settings = AsyncOAuthSettings(
            client_id=installations.client_id,
            client_secret=installations.client_secret,
            scopes=tuple(SCOPES),
            user_scopes=(),
            redirect_uri=public_url + REDIRECT_PATH,
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            authorization_url=f"{api.base_url.removesuffix('/').removesuffix('/api')}/oauth/v2/authorize",
            installation_store=store,
            state_store=states,
            state_expiration_seconds=installations.states.seconds,
            callback_options=AsyncCallbackOptions(success=self._succeeded, failure=self._failed),
            logger=_unheard,
        )

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """The page with the link to Slack."""
        return await self._answer(request, "handle_installation")

    async def finish(self, request: web.Request) -> web.StreamResponse:
        """What Slack sends the browser back to."""
        return await self._answer(request, "handle_callback")

    async def _answer(self, request: web.Request, step: str) -> web.StreamResponse:
        client = _Client(base_url=self._api.base_url, session=self._api.session, retry_handlers=[])
        flow = _Flow(client=client, logger=_unheard, settings=self._settings)
        try:
            answer = await getattr(flow, step)(await to_bolt_request(request))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("Slack did not answer an installation: %s", type(error).__name__, extra=_ABOUT)
            answer = _failure("unreachable", 502)
        except Exception:  # whatever the database raises: the person gets a page, the operator the reason
            log.exception("an installation could not be stored", extra=_ABOUT)
            answer = _failure("storage_error", 500)
        response = await to_aiohttp_response(answer)
        response.headers.update(HEADERS)
        return response

    async def _succeeded(self, args: AsyncSuccessArgs) -> BoltResponse:
        installation = args.installation
        if installation.team_id:
            await self._installed(installation.team_id)
        name = html.escape(installation.team_name or installation.enterprise_name or "your workspace")
        body = (
            f"<p>Sidelines is in {name} now. In Slack, type <code>/invite @Sidelines</code> in a channel, "
            "or <code>/briefing help</code> anywhere.</p>"
        )
        answer = _page("Installed", body)
        answer.headers["set-cookie"] = [self._settings.state_utils.build_set_cookie_for_deletion()]
        return answer

    async def _failed(self, args: AsyncFailureArgs) -> BoltResponse:
        log.warning("an installation failed (%s)", args.reason if args.reason in _REASONS else "refused", extra=_ABOUT)
        return _failure(args.reason, args.suggested_status_code)


class _Flow(AsyncOAuthFlow):
    """slack-bolt's flow with our page; nothing in its link comes from the request."""

    async def build_authorize_url(self, state: str, request: AsyncBoltRequest) -> str:
        return self.settings.authorize_url_generator.generate(state=state)

    async def build_install_page_html(self, url: str, request: AsyncBoltRequest) -> str:
        body = (
            "<p>News briefings in your channels, and answers in the articles' own sentences, each with its source.</p>"
            f'<p><a href="{html.escape(url)}">Add Sidelines to Slack</a></p>'
            "<p>It joins no channel by itself: invite it where you want it. It answers what is said to it and in its "
            "own threads, and keeps none of it.</p>"
        )
        return PAGE.format(title="Sidelines for Slack", body=body)


class _Client(AsyncWebClient):
    """Slack's client, which logs why Slack refused: the flow drops that."""

    async def oauth_v2_access(self, **arguments: Any) -> AsyncSlackResponse:
        try:
            return await super().oauth_v2_access(**arguments)
        except SlackApiError as error:
            log.warning("Slack refused an installation: %s", error.response.get("error"), extra=_ABOUT)
            raise


_ABOUT = {"action": "slack_install"}
_REASONS = {*ENDINGS, "missing_code", "invalid_code"}


def _failure(reason: str, status: int) -> BoltResponse:
    title, sentence = ENDINGS.get(reason, REFUSED)
    return _page(title, f"<p>{sentence}</p>", status)


def _page(title: str, body: str, status: int = 200) -> BoltResponse:
    text = PAGE.format(title=title, body=body)
    return BoltResponse(status=status, body=text, headers={"Content-Type": "text/html; charset=utf-8"})
