"""The connector as a whole: it starts whatever Slack does, survives bad requests and lines, and stops in order."""

import asyncio
import json
from datetime import timedelta

import pytest

from bot.connectors import ChannelGone, OutcomeUnknown, PayloadRefused, SidelinesError, TemporaryFailure
from bot.connectors import slack as connector
from bot.connectors.slack import Settings, create
from briefings.types import Notice
from tests.bot.slack.conftest import CHANNEL, KIM, LEE, TEAM
from tests.waiting import until

HERE = f"slack:{TEAM}:#{CHANNEL}"


def sent(made: connector.Slack, words: str = "Hello."):
    (part,) = made.render(Notice(words))
    return made.send(HERE, part, key="a.1.0", thread=None)


async def test_a_part_is_sent_once_and_found_again(slack, start):
    made = await start()
    ts = await sent(made)
    assert await made.find(HERE, key="a.1.0", thread=None) == ts
    assert [message.ts for message in slack.posts(CHANNEL)] == [ts]


async def test_right_after_a_start_what_is_not_there_may_still_come(start, monkeypatch):
    made = await start()
    with pytest.raises(OutcomeUnknown) as unknown:
        await made.find(HERE, key="a.1.0", thread=None)
    assert timedelta(0) < unknown.value.look_after <= timedelta(seconds=10)
    monkeypatch.setattr("bot.connectors.slack.SETTLED", timedelta(0))
    assert await made.find(HERE, key="a.1.0", thread=None) is None


async def test_as_long_as_slack_does_not_say_who_we_are_finding_waits(slack, start, monkeypatch):
    monkeypatch.setattr("bot.connectors.slack.KNOWING", 0.1)
    slack.fail_always("auth.test", status=503)
    made = await start()
    with pytest.raises(TemporaryFailure):
        await made.find(HERE, key="a.1.0", thread=None)


async def test_what_comes_before_slack_says_who_we_are_is_acknowledged_and_answered_then(
    slack, desk, start, monkeypatch
):
    monkeypatch.setattr("bot.connectors.slack.api.FIRST_WAIT", 0.05)
    slack.fail_always("auth.test", status=503)
    await start()
    assert (await slack.direct(TEAM, LEE, "early")).acknowledged
    assert (await slack.command(TEAM, CHANNEL, LEE, "/briefing", "command")).acknowledged
    assert desk.words == []
    slack.heal()
    await desk.until(lambda: sorted(desk.words) == ["command", "early"])


@pytest.mark.parametrize("code", ["not_in_channel", "is_archived", "channel_not_found", "restricted_action"])
async def test_closed_channels_are_told_apart(slack, start, code):
    made = await start()
    slack.fail_next("chat.postMessage", error=code)
    with pytest.raises(ChannelGone):
        await sent(made)


async def test_too_long_is_refused_for_good(slack, start):
    made = await start()
    slack.fail_next("chat.postMessage", error="msg_too_long")
    with pytest.raises(PayloadRefused):
        await sent(made)


async def test_notices_go_to_the_person_else_to_an_admin(slack, start):
    made = await start()
    workspace = f"slack:{TEAM}"
    assert made.managers(workspace, LEE) == f"{workspace}:#{LEE}"
    await slack.wait_for(lambda: slack.called("users.list"))
    await until(lambda: made.managers(workspace, None) != f"{workspace}:#")
    assert made.managers(workspace, None) == f"{workspace}:#{KIM}"
    (part,) = made.render(Notice("Look."))
    with pytest.raises(ChannelGone):
        await made.send(f"{workspace}:#", part, key="a.2.0", thread=None)


async def test_a_start_tells_the_desk_that_the_workspace_is_there(desk, start):
    await start()
    await desk.until(lambda: ("regained", f"slack:{TEAM}", None) in desk.told)


@pytest.mark.parametrize("wrong", [{"bot_token": "xoxb-of-nobody"}, {"app_token": "xapp-of-nobody"}])
async def test_a_refused_token_ends_it_with_a_sentence(slack, desk, wrong):
    common = {"bot_token": f"xoxb-{TEAM}", "app_token": slack.app_token, "api_url": slack.api_url}
    with pytest.raises(SidelinesError, match="SLACK_"):
        async with asyncio.timeout(5):
            await create(Settings(**{**common, **wrong})).listen(desk)


def test_no_secret_is_shown():
    secrets = {"bot_token": "xoxb-1", "app_token": "xapp-1", "signing_secret": "s3", "client_secret": "c4"}
    assert not any(secret in repr(Settings(**secrets)) for secret in secrets.values())


async def test_settings_that_are_given_to_us_are_no_matter_to_the_library(desk, start, monkeypatch, caplog):
    for variable in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(variable, "from the environment")
    caplog.set_level("DEBUG")
    await start()
    await desk.until(lambda: desk.told)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
    assert "InstallationStore" not in caplog.text


# Over HTTP


@pytest.mark.parametrize("signature", ["wrong", "missing", "stale", "junk"])
async def test_what_slack_did_not_sign_just_now_has_no_effect(slack, desk, start, signature):
    await start("http")
    assert (await slack.direct(TEAM, LEE, "forged", signature=signature)).status == 401
    assert (await slack.command(TEAM, CHANNEL, LEE, "/briefing", "forged", signature=signature)).status == 401
    await slack.direct(TEAM, LEE, "true")
    await desk.until(lambda: desk.words == ["true"])


@pytest.mark.parametrize(
    "timestamp", ["", "soon", "1e9", "-1", "9" * 400, "9" * 5000, "\u0661\u0662", "0x10", "nan", "inf", "1.5"]
)
async def test_a_junk_timestamp_is_refused(slack, start, timestamp):
    import aiohttp

    await start("http")
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": "v0=\u00fc"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.transport.url, data=b"{}", headers=headers) as got,
    ):
        assert got.status == 401


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"no json", "application/json"),
        (b"[1, 2]", "application/json"),
        (b'"text"', "application/json"),
        (b"null", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"type": "event_callback"', "application/json"),
        (b"payload=no+json", "application/x-www-form-urlencoded"),
        (b"payload=%5B%5D", "application/x-www-form-urlencoded"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"hello", "text/plain"),
    ],
)
async def test_a_body_that_is_nothing_of_slacks_is_refused(slack, start, body, content_type):
    await start("http")
    assert (await slack.transport.raw(body, content_type)).status == 400


async def test_a_body_that_is_no_text_is_refused(slack, start):
    import aiohttp

    await start("http")
    async with aiohttp.ClientSession() as session, session.post(slack.transport.url, data=b"\xff\xfe") as got:
        assert got.status == 401


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"type": "event_callback"},
        {"type": "event_callback", "event": None},
        {"type": "event_callback", "event": []},
        {"type": "event_callback", "event": {}},
        {"type": "event_callback", "event": {"type": "message"}, "authorizations": "x"},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": []},
        {"type": "view_submission"},
        {"type": 7, "team": "x", "user": 3},
    ],
)
async def test_signed_nonsense_is_no_fault_of_ours(slack, start, content):
    await start("http")
    answer = await slack.transport.raw(json.dumps(content).encode())
    assert answer.status in {200, 400}


async def test_the_address_is_verified(slack, start):
    await start("http")
    assert (await slack.verify_url()).body == {"challenge": "local-challenge"}


# Over Socket Mode


async def test_a_new_line_is_opened_when_slack_asks_for_it(slack, desk, start):
    await start()
    for reason in ("warning", "refresh_requested"):
        before = slack.lines.connections
        await slack.lines.disconnect(reason)
        await slack.lines.connected(beyond=before)
        assert (await slack.direct(TEAM, LEE, reason)).acknowledged
    await desk.until(lambda: desk.words == ["warning", "refresh_requested"])


async def test_a_line_that_drops_or_goes_silent_is_opened_anew(slack, desk, start, monkeypatch):
    monkeypatch.setattr("bot.connectors.slack.serving.PING", 0.1)
    await start()
    for trouble in (slack.lines.drop, slack.lines.silence):
        before = slack.lines.connections
        trouble()
        await slack.lines.connected(beyond=before)
    assert (await slack.direct(TEAM, LEE, "hello")).acknowledged
    await desk.until(lambda: desk.words == ["hello"])


async def test_it_tells_for_how_long_its_line_was_not_open(slack, desk, start, monkeypatch):
    made = await start()
    await slack.direct(TEAM, LEE, "hello")
    await desk.until(lambda: desk.words)
    assert made.deaf() < 10
    began = made._api.monotonic()
    monkeypatch.setattr(made._api, "monotonic", lambda: began + 100)
    assert 90 < made.deaf() < 110
    assert (await start("http")).deaf() == 0


async def test_the_line_is_opened_as_soon_as_slack_answers(slack, start, monkeypatch):
    monkeypatch.setattr("bot.connectors.slack.serving.FIRST_WAIT", 0.05)
    slack.fail_next("apps.connections.open", 3, status=503)
    await start()
    assert len(slack.called("apps.connections.open")) == 4


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_stop_lets_replies_end_and_leaves_nothing_open(slack, desk, start, mode):
    made = await start(mode)
    await desk.until(lambda: desk.told)
    slack.delays["chat.postMessage"] = 0.3
    await slack.direct(TEAM, LEE, "last words")
    await desk.until(lambda: desk.words)
    session = made._api.session
    (listening,) = [task for task in asyncio.all_tasks() if "listen" in str(task.get_coro())]
    listening.cancel()
    await asyncio.wait({listening}, timeout=5)
    assert listening.cancelled()
    assert len(slack.called("chat.postMessage")) == 1
    assert slack.lines.lines == []
    assert session.closed
