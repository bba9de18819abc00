"""What `sidelines doctor` finds out about Slack, and the next step that it names for each fault."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.oauth.installation_store import Installation

from bot.connectors.slack.checks import CHALLENGE, Setup, examine
from bot.connectors.slack.manifest import REQUESTS_PATH, SCOPES
from bot.connectors.slack.vault import Vault
from bot.findings import Finding
from bot.web import Web
from briefings.storage import Storage
from tests.bot.watched import Watched
from tests.servers.slack import SlackServer

NOBODY = "http://127.0.0.1:9"
KEY = "k" * 32


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        slack.add_workspace("T0ONE", "The Herald")
        yield slack


def setup(slack: SlackServer, **more: Any) -> Setup:
    given = {"api_url": slack.api_url, "tokens": {"": "xoxb-T0ONE"}, "app_token": slack.app_token}
    return Setup(**{**given, **more})


async def findings(about: Setup, now: datetime | None = None) -> dict[str, Finding]:
    found = await asyncio.to_thread(examine, about, lambda: now or datetime.now(UTC))
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


async def test_all_is_well_in_socket_mode(slack: SlackServer) -> None:
    found = await findings(setup(slack))
    assert set(found) == {"slack token", "slack scopes", "slack app token", "slack clock"}
    assert [each for each in found.values() if not each.ok] == []
    assert found["slack token"].seen == "@sidelines in The Herald (T0ONE)"


async def test_no_line_is_opened_and_nothing_posted(slack: SlackServer) -> None:
    await findings(setup(slack))
    assert {call.method for call in slack.calls} == {"auth.test", "apps.connections.open"}
    assert slack.lines.connections == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [("invalid_auth", "SLACK_BOT_TOKEN"), ("token_revoked", "install"), ("account_inactive", "install")],
)
async def test_a_token_that_slack_refuses_comes_with_the_next_step(slack: SlackServer, error: str, words: str) -> None:
    slack.fail_next("auth.test", error=error)
    found = await findings(setup(slack))
    assert not found["slack token"].ok
    assert error in found["slack token"].seen
    assert words in found["slack token"].next
    assert "slack scopes" not in found
    assert found["slack clock"].ok


async def test_a_scope_that_is_missing_is_named_with_what_it_is_for(slack: SlackServer) -> None:
    slack.add_workspace("T0TWO", scopes=[scope for scope in SCOPES if scope not in {"users:read", "commands"}])
    found = await findings(setup(slack, tokens={"": "xoxb-T0TWO"}))
    scopes = found["slack scopes"]
    assert not scopes.ok
    assert f"users:read ({SCOPES['users:read']})" in scopes.seen
    assert f"commands ({SCOPES['commands']})" in scopes.seen
    assert "chat:write" not in scopes.seen
    assert "config/slack-manifest.yaml" in scopes.next
    assert "reinstall" in scopes.next


async def test_an_app_token_that_slack_refuses_comes_with_the_next_step(slack: SlackServer) -> None:
    found = await findings(setup(slack, app_token="xapp-1-other"))  # noqa: S106
    assert not found["slack app token"].ok
    assert "connections:write" in found["slack app token"].next
    assert found["slack token"].ok


@pytest.mark.parametrize(("apart", "well"), [(59, True), (62, False), (-58, True), (-62, False), (86400, False)])
async def test_clocks_may_be_a_minute_apart(slack: SlackServer, apart: int, well: bool) -> None:
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=apart)
    clock = (await findings(setup(slack), now))["slack clock"]
    assert clock.ok is well
    if not well:
        assert ("ahead of" if apart > 0 else "behind") in clock.seen
        assert "timedatectl" in clock.next


async def test_slack_that_cannot_be_reached_is_said_once(slack: SlackServer) -> None:
    (finding,) = (await findings(setup(slack, api_url=f"{NOBODY}/api/"))).values()
    assert not finding.ok
    assert "cannot be reached" in finding.seen
    assert "SLACK_API_URL" in finding.next


async def test_tokens_are_never_shown(slack: SlackServer) -> None:
    about = setup(slack, tokens={"": "xoxb-unknown"}, app_token="xapp-unknown", signing_secret="5ee1f7")  # noqa: S106
    shown = f"{about!r} {await findings(about)}"
    assert [secret for secret in ("xoxb-unknown", "xapp-unknown", "5ee1f7") if secret in shown] == []


async def test_many_workspaces_are_looked_at_one_by_one(slack: SlackServer) -> None:
    tokens = {"The Herald (T0ONE)": "xoxb-T0ONE", "The Echo (T0TWO)": "xoxb-gone"}
    found = await findings(setup(slack, tokens=tokens))
    assert found["slack token of The Herald (T0ONE)"].ok
    assert not found["slack token of The Echo (T0TWO)"].ok


async def test_over_http_a_signed_request_must_come_back_as_slack_wants_it(slack: SlackServer) -> None:
    from bot.connectors.slack.serving import Endpoint

    web = Web("127.0.0.1", 0, Watched())
    endpoint = Endpoint(slack.signing_secret)
    web.add("POST", REQUESTS_PATH, endpoint.handle)
    await web.start()
    over_http = setup(slack, app_token="", signing_secret=slack.signing_secret, own_url=web.address)
    try:
        endpoint.open(Echo())  # type: ignore[arg-type]
        assert (await findings(over_http))["slack events"].ok
        wrong = setup(slack, app_token="", signing_secret="another", own_url=web.address)  # noqa: S106
        refused = (await findings(wrong))["slack events"]
        assert not refused.ok
        assert "401" in refused.seen
    finally:
        await web.stop()
    gone = (await findings(over_http))["slack events"]
    assert not gone.ok
    assert "nothing answers" in gone.seen
    assert "sidelines run" in gone.next


class Echo:
    """An app that answers a challenge, and nothing else."""

    async def async_dispatch(self, request: Any) -> Any:
        from slack_bolt.response import BoltResponse

        assert request.body["challenge"] == CHALLENGE
        return BoltResponse(status=200, body={"challenge": CHALLENGE})


# The command -------------------------------------------------------------------------------------------------


@pytest.fixture
def socket_mode(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_API_URL", slack.api_url)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-T0ONE")
    monkeypatch.setenv("SLACK_APP_TOKEN", slack.app_token)


@pytest.mark.usefixtures("socket_mode")
async def test_doctor_includes_slack_when_it_is_set_up(slack: SlackServer, run: Any) -> None:
    result = await asyncio.to_thread(run, "doctor")
    assert result.status == 0
    assert "ok   slack token: @sidelines in The Herald (T0ONE)" in result.out
    assert "ok   slack events: none came in the last day" in result.out
    slack.fail_next("auth.test", error="invalid_auth")
    result = await asyncio.to_thread(run, "doctor")
    assert result.status == 1
    assert "BAD  slack token" in result.out


@pytest.mark.usefixtures("socket_mode")
async def test_doctor_tells_when_the_last_event_came(run: Any, data: Path) -> None:
    with Storage.open(f"sqlite:///{data / 'sidelines.db'}") as storage:
        storage.claims.claim("slack:T0ONE:Ev1", "me", datetime(2026, 11, 23, 9, 5, tzinfo=UTC))
        storage.claims.claim("other:Ev2", "me", datetime(2026, 11, 23, 9, 9, tzinfo=UTC))
    result = await asyncio.to_thread(run, "doctor")
    assert "slack events: the last one came at 23 Nov 09:05 UTC" in result.out


@pytest.mark.usefixtures("socket_mode")
async def test_offline_asks_nobody(slack: SlackServer, run: Any) -> None:
    result = await asyncio.to_thread(run, "doctor", "--offline")
    assert result.status == 0
    assert "slack" not in result.out
    assert slack.calls == []


@pytest.fixture
def oauth(slack: SlackServer, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    """Set up for OAuth through Socket Mode, and installed in one workspace."""
    for name, value in {
        "SLACK_API_URL": slack.api_url,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_CLIENT_ID": slack.client_id,
        "SLACK_CLIENT_SECRET": slack.client_secret,
        "SIDELINES_SLACK_ENCRYPTION_KEY": KEY,
        "SIDELINES_WEB_PUBLIC_URL": "https://news.example.org",
        "SIDELINES_WEB_PORT": "3000",
    }.items():
        monkeypatch.setenv(name, value)
    with Storage.open(f"sqlite:///{data / 'sidelines.db'}") as storage:
        Vault(storage.database.engine, slack.client_id, (KEY,)).save(
            Installation(app_id="A1", team_id="T0ONE", team_name="The Herald", bot_token="xoxb-T0ONE", user_id="U1")  # noqa: S106
        )


@pytest.mark.usefixtures("oauth")
async def test_doctor_looks_at_each_workspace_that_installed_it(run: Any) -> None:
    result = await asyncio.to_thread(run, "doctor")
    assert result.status == 0
    assert "in 1 workspace; install at https://news.example.org/slack/install" in result.out
    assert "slack token of The Herald (T0ONE): @sidelines" in result.out


@pytest.mark.usefixtures("oauth")
async def test_doctor_tells_that_the_key_is_another(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDELINES_SLACK_ENCRYPTION_KEY", "z" * 32)
    result = await asyncio.to_thread(run, "doctor")
    assert result.status == 1
    assert "BAD  slack installations: The stored Slack tokens were encrypted with another key" in result.out


@pytest.mark.usefixtures("oauth")
async def test_when_the_key_is_lost_the_tokens_can_be_deleted(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDELINES_SLACK_ENCRYPTION_KEY", "z" * 32)
    assert "sidelines disconnect" in (await asyncio.to_thread(run, "doctor")).out
    deleted = await asyncio.to_thread(run, "disconnect", "--yes")
    assert (deleted.status, deleted.out) == (0, "The tokens of 1 workspace are deleted.\n")
    assert "in 0 workspaces" in (await asyncio.to_thread(run, "doctor")).out


def test_tokens_are_deleted_for_a_named_app_alone(run: Any) -> None:
    refused = run("disconnect", "--yes")
    assert refused.status == 1
    assert "SLACK_CLIENT_ID" in refused.err
