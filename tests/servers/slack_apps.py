"""Plain slack_bolt apps for the tests of the local Slack, in both modes, and a clock that a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import SlackServer


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def served(slack: SlackServer, app: AsyncApp) -> AsyncIterator[str]:
    """A bolt app behind an address; gives the address without a path."""
    runner = web.AppRunner(app.web_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await slack.settle()
    await runner.cleanup()


def plain_app(slack: SlackServer) -> AsyncApp:
    return AsyncApp(
        client=AsyncWebClient(token=slack.workspaces["T1"].token, base_url=slack.api_url),
        signing_secret=slack.signing_secret,
    )


async def connected(slack: SlackServer, app: AsyncApp) -> AsyncSocketModeHandler:
    slack.socket()
    client = AsyncWebClient(base_url=slack.api_url)
    handler = AsyncSocketModeHandler(app, app_token=slack.app_token, web_client=client, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    return handler
