"""What is particular to each way to an app: signatures, the open line, another process, and installing by OAuth."""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store.file import FileInstallationStore
from slack_sdk.oauth.state_store.file import FileOAuthStateStore
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import SlackServer
from tests.servers.slack_apps import Clock, connected, plain_app, served


async def test_http_requests_are_signed_or_wrong_as_ordered(slack: SlackServer) -> None:
    app = plain_app(slack)
    heard: list[str] = []

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    async with served(slack, app) as address:
        line = slack.http(address + "/slack/events")
        assert (await slack.verify_url()).body == {"challenge": "local-challenge"}
        for signature in ("wrong", "missing", "stale"):
            assert (await slack.message("T1", "C1", "U1", signature, signature=signature)).status == 401
        # As measured: slack_sdk raises on a timestamp that is no number, slack_bolt on a body that is no JSON.
        assert (await slack.message("T1", "C1", "U1", "junk", signature="junk")).status == 500
        assert (await line.raw(b"no json")).status == 500
        assert (await slack.message("T1", "C1", "U1", "right")).acknowledged
    assert heard == ["right"]
    down = await slack.message("T1", "C1", "U1", "anybody?")
    assert down.status is None
    assert not down.acknowledged


async def test_socket_comes_back_after_refresh_warning_and_broken_lines(slack: SlackServer) -> None:
    app = plain_app(slack)

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        pass

    handler = await connected(slack, app)
    await slack.lines.connected()
    await slack.lines.ping()
    for trouble in ("warning", "refresh_requested", "drop", "silence"):
        before = slack.lines.connections
        if trouble in {"drop", "silence"}:
            getattr(slack.lines, trouble)()
        else:
            await slack.lines.disconnect(trouble)
        await slack.lines.connected(beyond=before)
        assert (await slack.message("T1", "C1", "U1", trouble)).acknowledged
    await handler.close_async()  # type: ignore[no-untyped-call]


BOT = """
import asyncio, os
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

async def main():
    base = os.environ["SLACK_API_URL"]
    app = AsyncApp(client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=base))

    @app.event("app_mention")
    async def mentioned(event, say):
        await say(text=f"hello from {os.getpid()}", thread_ts=event["ts"])

    @app.event("message")
    async def said():
        pass

    handler = AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], web_client=AsyncWebClient(base_url=base))
    await handler.start_async()

asyncio.run(main())
"""


async def test_an_app_in_another_process_is_killed_and_comes_back(slack: SlackServer) -> None:
    slack.socket()
    tokens = {"SLACK_BOT_TOKEN": slack.workspaces["T1"].token, "SLACK_APP_TOKEN": slack.app_token}
    env = {**os.environ, "SLACK_API_URL": slack.api_url, **tokens}
    for _ in range(2):
        before = slack.lines.connections
        bot = await asyncio.create_subprocess_exec(sys.executable, "-c", BOT, env=env)
        await slack.lines.connected(timeout=30, beyond=before)
        done = await slack.mention("T1", "C1", "U1", "who?")
        answer = await slack.wait_for(partial(slack.replies, "C1", done.ts))
        assert answer[0].text == f"hello from {bot.pid}"
        bot.kill()
        await bot.wait()


async def test_socket_refuses_a_wrong_token_and_a_used_ticket(slack: SlackServer) -> None:
    client = AsyncWebClient(base_url=slack.api_url)
    for token, error in ((slack.workspaces["T1"].token, "not_allowed_token_type"), ("xapp-none", "invalid_auth")):
        with pytest.raises(SlackApiError, match=error):
            await client.apps_connections_open(app_token=token)
    url = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as line:
            assert (await line.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_install_by_oauth_with_rotation_in_two_workspaces(tmp_path: Path) -> None:
    clock = Clock()
    async with SlackServer(clock, rotation=True) as slack:
        for team, user in (("T1", "U1"), ("T2", "U2")):
            slack.add_workspace(team, f"Team {team}", installed=False).user(user, "kim")
            slack.workspaces[team].channel(f"C{team}", "world")
        store = FileInstallationStore(base_dir=str(tmp_path), client_id=slack.client_id)
        client = AsyncWebClient(base_url=slack.api_url)
        settings = AsyncOAuthSettings(
            client_id=slack.client_id,
            client_secret=slack.client_secret,
            scopes=["chat:write", "app_mentions:read"],
            installation_store=store,
            state_store=FileOAuthStateStore(expiration_seconds=600, base_dir=str(tmp_path), client_id=slack.client_id),
        )
        app = AsyncApp(client=client, signing_secret=slack.signing_secret, oauth_settings=settings)

        @app.event("app_mention")
        async def mentioned(event: dict[str, Any], say: Any) -> None:
            await say(text=f"hello {event['team']}", thread_ts=event["ts"])

        async with served(slack, app) as address:
            slack.http(address + "/slack/events")
            await slack.install(address + "/slack/install", "T1", "U1", refuse=True)
            assert not slack.tokens
            for team, user in (("T1", "U1"), ("T2", "U2")):
                status, page = await slack.install(address + "/slack/install", team, user)
                assert status == 200, page
            for team, user in (("T1", "U1"), ("T2", "U2")):
                done = await slack.mention(team, f"C{team}", user, "hello")
                answer = await slack.wait_for(partial(slack.replies, f"C{team}", done.ts))
                assert answer[0].text == f"hello {team}"
        bot = await store.async_find_bot(enterprise_id=None, team_id="T1")
        assert bot is not None
        rotator = AsyncTokenRotator(client=client, client_id=slack.client_id, client_secret=slack.client_secret)
        renewed = await rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=10**9)
        assert renewed is not None
        assert renewed.bot_token != bot.bot_token
        clock.now += 13 * 3600
        with pytest.raises(SlackApiError, match="token_expired"):
            await client.auth_test(token=bot.bot_token)
        with pytest.raises(SlackApiError, match="invalid_refresh_token"):
            await client.oauth_v2_access(
                client_id=slack.client_id,
                client_secret=slack.client_secret,
                grant_type="refresh_token",
                refresh_token=bot.bot_refresh_token,
            )
