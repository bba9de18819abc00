"""What `sidelines doctor` asks Slack: tokens, permissions, the time, and whether requests come in.

Nothing is posted, and no line is opened that could take events away from a running bot.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import aiohttp
from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.connectors.slack.manifest import EVENTS, REQUESTS_PATH, SCOPES
from bot.connectors.slack.refusals import refusal
from bot.connectors.slack.vault import Vault
from bot.findings import Finding, clock

TIMEOUT = aiohttp.ClientTimeout(total=15)

MANIFEST = "config/slack-manifest.yaml"
MANIFEST_HTTP = "config/slack-manifest-http.yaml"
CHALLENGE = "sidelines-doctor"


class Setup(Struct, frozen=True, kw_only=True):
    """What is to be examined. `tokens` are those of each workspace by its name, with one fixed token under "".

    `own_url` is where the program's web server is reached, empty without one.
    """

    api_url: str
    tokens: Mapping[str, str]
    app_token: str = ""
    signing_secret: str = ""
    own_url: str = ""

    def __repr__(self) -> str:
        return f"Setup({self.api_url!r}, {sorted(self.tokens)!r})"


def stored_tokens(engine: Any, client_id: str, keys: Sequence[str]) -> dict[str, str]:
    """The tokens that were stored by OAuth, by the workspace's or organisation's name and id. Raises StorageError."""
    return {
        f"{each.team_name or each.enterprise_name or 'a workspace'} ({each.team_id or each.enterprise_id})": (
            each.bot_token or ""
        )
        for each in Vault(engine, client_id, keys).all()
    }


def examine(setup: Setup, now: Callable[[], datetime]) -> list[Finding]:
    """Ask Slack about everything that is set up; seconds, when it does not answer."""
    return asyncio.run(_examine(setup, now))


async def _examine(setup: Setup, now: Callable[[], datetime]) -> list[Finding]:
    findings: list[Finding] = []
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        client = AsyncWebClient(base_url=setup.api_url, session=session, retry_handlers=[])
        answers: list[_Answer] = []
        try:
            for place, token in setup.tokens.items():
                answer = await _ask(client, "auth.test", token)
                answers.append(answer)
                findings += _token(place, answer)
            if setup.app_token:
                answer = await _ask(client, "apps.connections.open", setup.app_token)
                answers.append(answer)
                findings.append(_app_token(answer))
            if not answers:  # installed nowhere yet: any answer tells the time
                answers.append(await _ask(client, "api.test", ""))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            seen = f"Slack cannot be reached at {setup.api_url} ({type(error).__name__})"
            return [*findings, Finding("slack", False, seen, "Check the network of this machine and SLACK_API_URL.")]
        findings += clock("slack", answers[0].headers, now())
        if not setup.app_token:
            findings.append(await _way_in(session, setup, now()))
    return findings


class _Answer(Struct, frozen=True):
    """An answer of Slack's; `error` is empty when it is well, and `why` is its sentence."""

    data: Mapping[str, Any]
    headers: Mapping[str, str]
    error: str = ""
    why: str = ""


async def _ask(client: AsyncWebClient, method: str, token: str) -> _Answer:
    try:
        response = await client.api_call(method, headers={"Authorization": f"Bearer {token}"})
    except SlackApiError as error:
        data = error.response.data if isinstance(error.response.data, dict) else {}
        code, status = data.get("error"), int(error.response.status_code)
        why = str(refusal(method, status, code, needed=data.get("needed")))
        return _Answer(data, error.response.headers, str(code or status), why)
    return _Answer(response.data if isinstance(response.data, dict) else {}, response.headers)


def _token(place: str, answer: _Answer) -> Iterator[Finding]:
    about = f" of {place}" if place else ""
    if answer.error:
        yield Finding(f"slack token{about}", False, f"Slack refuses it ({answer.error})", answer.why)
        return
    seen = f"@{answer.data.get('user')} in {answer.data.get('team')} ({answer.data.get('team_id')})"
    yield Finding(f"slack token{about}", True, seen)
    granted = {scope.strip() for scope in answer.headers.get("x-oauth-scopes", "").split(",")}
    missing = [f"{scope} ({use})" for scope, use in SCOPES.items() if scope not in granted]
    if not missing:
        yield Finding(f"slack scopes{about}", True, f"all {len(SCOPES)} that are needed")
        return
    step = (
        f"Put {MANIFEST_HTTP} under App Manifest in the app's settings; then let an admin install it again."
        if place
        else f"Put {MANIFEST} under App Manifest in the app's settings; then reinstall it under Install App."
    )
    yield Finding(f"slack scopes{about}", False, f"missing: {'; '.join(missing)}", step)


def _app_token(answer: _Answer) -> Finding:
    if not answer.error:
        return Finding("slack app token", True, "opens Socket Mode")
    return Finding(
        "slack app token",
        False,
        f"Slack refuses it ({answer.error})",
        "In the app's settings, switch Socket Mode on, and make a token with connections:write under Basic "
        "Information, App-Level Tokens.",
    )


async def _way_in(session: aiohttp.ClientSession, setup: Setup, now: datetime) -> Finding:
    """Whether a request signed as Slack signs is answered as Slack wants it at the address that Slack is given."""
    url = setup.own_url + REQUESTS_PATH
    body = json.dumps({"type": "url_verification", "challenge": CHALLENGE})
    moment = str(int(now.timestamp()))
    signature = SignatureVerifier(setup.signing_secret).generate_signature(timestamp=moment, body=body) or ""
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": moment,
        "X-Slack-Signature": signature,
    }
    try:
        async with session.post(url, data=body, headers=headers) as answer:
            text = await answer.text(errors="replace")
            if answer.status == 200 and CHALLENGE in text:
                return Finding(
                    "slack events", True, f"would be answered at {url}; {len(EVENTS)} are in {MANIFEST_HTTP}"
                )
            seen = f"a signed request to {url} was answered with status {answer.status}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        seen = f"nothing answers at {url} ({type(error).__name__})"
    step = (
        "Start `sidelines run` with the same settings; if it runs, see that SIDELINES_WEB_PUBLIC_URL leads to "
        "SIDELINES_WEB_PORT on this machine."
    )
    return Finding("slack events", False, seen, step)
