"""A Slack that is slow, refuses, fails, falls silent or is not Slack at all; some of it takes real seconds."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.connectors.slack.api import Api
from tests.servers.slack import Delivery, Http, SlackServer
from tests.wire.conftest import Opener
from tests.wire.office import ANN, BOLT, KIM, LEE, MAX, NEWS, OTHER, TEAM, WORLD, Office, acknowledged, text_of

FERRY = "Night ferry to Elm Island keeps its captain"
QUESTION = "who counts the lorries?"


@pytest.mark.parametrize("mode", ["socket", "http", "oauth"])
async def test_with_every_call_slowed_to_4_s_each_acknowledgement_comes_within_3_s(mode: str, opened: Opener):
    """Started anew just before, so that nothing is known yet."""
    office = await opened(mode)
    slack, acme = office.slack, office.slack.workspaces[TEAM]
    (listed,) = await office.said(WORLD, office.command(LEE, "latest ferry"))
    form = await office.viewed(office.command(KIM, "subscribe"))
    await office.quiet()
    question = await office.viewed(slack.shortcut(TEAM, LEE, "sidelines:ask"))
    home = await office.home(KIM, "Sources", slack.home_opened(TEAM, KIM))
    source = await office.viewed(slack.press(TEAM, KIM, home, "add a source"))
    post = await slack.message(TEAM, WORLD, ANN, "See https://harbour.example.org/night-ferry")
    linking = next(message for message in slack.messages(WORLD) if message.ts == post.ts)
    await office.stop()
    slack.delay = 4.0
    await office.start()
    filled = {"sidelines-pick:topic": "ferry", "sidelines-pick:when": "hourly", "channel": NEWS}
    deeds: list[Any] = [
        slack.mention(TEAM, NEWS, LEE, QUESTION),
        slack.direct(TEAM, ANN, QUESTION),
        slack.command(TEAM, WORLD, LEE, "/briefing", "help"),
        slack.command(TEAM, WORLD, KIM, "/briefing", "subscribe"),
        slack.press(TEAM, LEE, listed, "brief me"),
        slack.options(form, "sidelines-pick:topic", "fer"),
        slack.submit(form, {**filled, "sidelines-pick:when": "every blue moon"}),
        slack.submit(question, {"question": QUESTION}),
        slack.press(TEAM, KIM, home, "add a source"),
        slack.submit(source, {"address": "http://10.0.0.1/feed"}),
        slack.shortcut(TEAM, KIM, "sidelines:ask"),
        slack.message_shortcut(TEAM, LEE, linking, "sidelines:brief_link"),
        slack.home_opened(TEAM, ANN),
        slack.event(TEAM, {"type": "something_new"}),
    ]
    if mode == "oauth":
        deeds.append(slack.command(OTHER, BOLT, MAX, "/briefing", "latest"))
    done: list[Delivery] = await asyncio.gather(*deeds)
    done.append((await slack.assistant(TEAM, LEE, WORLD))[0])
    done.append(await slack.submit(form, filled))
    for each in (*done, *(other for one in done for other in one.also)):
        acknowledged(each)
    slack.heal()
    await slack.wait_for(lambda: slack.posts(NEWS) and slack.posts(acme.direct(ANN).id), timeout=30)
    await slack.wait_for(lambda: len(slack.ephemerals(WORLD, LEE)) >= 3, timeout=30)
    await office.quiet(60)
    assert "count the lorries" in slack.posts(NEWS)[0].shown
    assert "What you can type" in text_of(slack.ephemerals(WORLD, LEE))
    assert slack.home(TEAM, ANN) is not None
    assert "private network" in slack.home(TEAM, KIM).shown
    assert [it.topic for it in office.subscriptions()] == ["ferry"]
    if mode == "oauth":
        assert FERRY in text_of(slack.posts(BOLT))


async def test_a_form_opens_in_time_though_the_person_is_looked_up_slowly(unpaced: None, opened: Opener):
    """A modal opens within 3 s of the press that asks for it; rights and zone arrive later and are put in."""
    office = await opened("http")
    slack = office.slack
    slack.delays["users.info"] = 3.5
    told = await asyncio.gather(office.command(KIM, "subscribe"), office.command(LEE, "subscribe"))
    for each in told:
        acknowledged(each)
    await slack.wait_for(lambda: len(slack.called("views.open")) == 2)
    await office.quiet()
    forms = {view.user: view for view in slack.views.values()}
    assert "Asia/Seoul" in str(forms[KIM].blocks)
    assert forms[LEE].title == "Sidelines"
    assert "workspace admins and owners" in forms[LEE].shown


async def test_a_slack_that_takes_10_s_is_waited_for_and_nothing_is_doubled(opened: Opener):
    office = await opened("socket")
    slack = office.slack
    slack.delays["chat.postMessage"] = 10.0
    office.subscribe("ferry", when="every minute", due=timedelta())
    asked = acknowledged(await slack.mention(TEAM, NEWS, LEE, QUESTION))
    await slack.wait_for(lambda: slack.replies(NEWS, asked.ts) and slack.posts(WORLD), timeout=25)
    await office.quiet(25)
    assert len(slack.called("chat.postMessage")) == 2


async def test_429_on_everything_is_waited_out(office: Office):
    slack, until = office.slack, time.monotonic() + 3
    slack.fail_always("*", status=429, retry_after=1, when=lambda _: time.monotonic() < until)
    office.subscribe("ferry", when="every minute", due=timedelta())
    asked = acknowledged(await slack.mention(TEAM, NEWS, LEE, QUESTION))
    acknowledged(await slack.command(TEAM, WORLD, LEE, "/briefing", "help"))
    acknowledged(await slack.command(TEAM, WORLD, ANN, "/briefing", "settings"))
    await slack.wait_for(lambda: slack.posts(WORLD), timeout=20)
    await slack.wait_for(lambda: slack.ephemerals(WORLD, LEE) and slack.ephemerals(WORLD, ANN), timeout=20)
    await office.quiet(20)
    assert len(slack.replies(NEWS, asked.ts)) == 1
    assert len(slack.posts(WORLD)) == 1
    refused = [call for call in slack.calls if call.status == 429]
    assert len(refused) < 40


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """Time passes at once whenever a reply waits for Slack; gives how many seconds that were."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setitem(Api.__init__.__kwdefaults__, "sleep", sleep)
    monkeypatch.setitem(Api.__init__.__kwdefaults__, "monotonic", lambda: time.monotonic() + sum(waited))
    return lambda: sum(waited)


@pytest.mark.parametrize("retry_after", [1, 7, 30])
async def test_a_whole_minute_of_429_loses_no_answer(
    passed: Callable[[], float], opened: Opener, slack: SlackServer, retry_after: int
):
    office = await opened("socket")
    for shown, deed in (
        (lambda: slack.posts(NEWS), slack.mention(TEAM, NEWS, LEE, QUESTION)),
        (lambda: slack.ephemerals(WORLD, KIM), slack.command(TEAM, WORLD, KIM, "/briefing", "settings")),
    ):
        until = passed() + 60
        slack.fail_always("*", status=429, retry_after=retry_after, when=lambda _, until=until: passed() < until)
        acknowledged(await deed)
        await office.quiet()
        assert len(shown()) == 1
        assert passed() >= until
        slack.heal()


@pytest.fixture
def looking_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What became of a post in doubt is looked up after a moment, and a silent Slack is given up soon."""
    monkeypatch.setattr("bot.connectors.slack.api.LOOK_AFTER", timedelta(seconds=0.2))
    monkeypatch.setattr("bot.connectors.slack.SETTLED", timedelta(seconds=0.2))
    monkeypatch.setattr("bot.connectors.slack.api.TIMEOUT", aiohttp.ClientTimeout(total=1))


TROUBLE = {
    "503": {"status": 503},
    "500 after posting": {"lost": True},
    "broken line": {"drop": True},
    "no answer": {"hang": True},
    "internal_error": {"error": "internal_error"},
}


@pytest.mark.parametrize("how", TROUBLE.values(), ids=TROUBLE.keys())
async def test_a_briefing_comes_once_whatever_happens_to_its_post(
    looking_soon: None, unpaced: None, opened: Opener, how: dict[str, Any]
):
    office = await opened("socket")
    slack = office.slack
    slack.fail_next("chat.postMessage", 2 if "lost" not in how else 1, **how)
    office.subscribe("ferry", when="every minute", due=timedelta())
    await slack.wait_for(lambda: slack.posts(WORLD), timeout=20)
    await office.quiet(20)
    assert len(slack.posts(WORLD)) == 1
    assert office.subscriptions()[0].last_delivered is not None
    assert [d.state for d in office.storage.outbox.history(f"slack:{TEAM}", limit=10)] == ["delivered"]


async def test_where_nothing_may_be_read_it_is_told_and_offered_again(
    looking_soon: None, unpaced: None, opened: Opener, slack: SlackServer
):
    office = await opened("socket")
    token = slack.tokens[f"xoxb-{TEAM}"]
    token.scopes = tuple(scope for scope in token.scopes if not scope.endswith(":history"))
    await office.restart()
    slack.fail_next("chat.postMessage", lost=True)
    office.subscribe("ferry", when="every minute", due=timedelta(), by=KIM)
    direct = slack.workspaces[TEAM].direct(KIM).id
    await slack.wait_for(lambda: slack.posts(direct))
    await office.quiet()
    assert len(slack.posts(WORLD)) == 1
    (notice,) = slack.posts(direct)
    assert "may or may not have been posted" in notice.shown
    acknowledged(await slack.press(TEAM, KIM, notice, "post again"))
    await office.quiet()
    assert len(slack.posts(WORLD)) == 2


async def test_people_are_answered_after_slack_failed_for_a_while(opened: Opener):
    office = await opened("http")
    office.slack.fail_next("users.info", 2, status=502)
    assert "zone: " in await office.type(KIM, "settings")


# The line


async def test_a_half_open_line_is_noticed_and_opened_anew(monkeypatch: pytest.MonkeyPatch, opened: Opener):
    monkeypatch.setattr("bot.connectors.slack.serving.PING", 0.1)
    office = await opened("socket")
    lines = office.slack.lines
    for trouble in (lines.silence, lines.drop):
        before = lines.connections
        trouble()
        await lines.connected(beyond=before)
        assert "What you can type" in await office.type(LEE, "help")


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_line_that_is_asked_to_go_is_replaced(opened: Opener, reason: str):
    office = await opened("socket")
    before = office.slack.lines.connections
    await office.slack.lines.disconnect(reason)
    if reason != "warning":
        await office.slack.lines.connected(beyond=before)
    assert "What you can type" in await office.type(LEE, "help")


async def test_a_slack_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, opened: Opener):
    monkeypatch.setattr("bot.connectors.slack.serving.PING", 0.1)
    office = await opened("socket")
    before = office.slack.lines.connections
    await office.slack.go_dark()
    await office.slack.come_back()
    await office.slack.lines.connected(beyond=before)
    assert "What you can type" in await office.type(LEE, "help")


async def test_half_a_request_holds_nobody_up(opened: Opener):
    office = await opened("http")
    reader, writer = await asyncio.open_connection("127.0.0.1", office.port)
    writer.write(b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 500\r\n\r\n{")
    await writer.drain()
    assert "What you can type" in await office.type(LEE, "help")
    assert not reader.at_eof()
    writer.close()


# Requests that are none of Slack's


@pytest.mark.parametrize("signature", ["wrong", "missing", "stale", "junk"])
async def test_what_slack_did_not_sign_just_now_has_no_effect(opened: Opener, signature: str):
    office = await opened("http")
    slack = office.slack
    await slack.wait_for(lambda: slack.called("users.list"))  # The last that it asks at its start.
    before = len(slack.calls)
    done = [
        await slack.mention(TEAM, WORLD, LEE, QUESTION, signature=signature),
        await slack.command(TEAM, WORLD, KIM, "/briefing", "subscribe ferry hourly", signature=signature),
        await slack.shortcut(TEAM, LEE, "sidelines:ask", signature=signature),
        await slack.uninstall(TEAM, signature=signature) if signature == "wrong" else None,
    ]
    assert {each.status for each in done if each} == {401}
    await office.quiet()
    assert len(slack.calls) == before
    assert office.subscriptions() == []
    assert office.storage.workspaces.gone(datetime.now(UTC) + timedelta(days=1)) == []


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
NONSENSE = [
    (b"no JSON", JSON),
    (b"", JSON),
    (b"[1, 2]", JSON),
    (b"null", JSON),
    (b"[" * 100_000, JSON),
    (b"\xff\xfe\x00", JSON),
    (b"{}", JSON),
    (b'{"type": "event_callback"}', JSON),
    (b'{"type": "event_callback", "team_id": "T1", "event": 5}', JSON),
    (b'{"type": "event_callback", "team_id": "T1", "event": {"type": "message"}}', JSON),
    (b'{"type": "event_callback", "team_id": 5, "event_id": {}, "event": {"type": "app_uninstalled"}}', JSON),
    (b"payload=no+JSON", FORM),
    (b"payload=%7B%22type%22%3A%22block_actions%22%7D", FORM),
    (b"payload=%7B%22type%22%3A%22view_submission%22%7D", FORM),
    (b"command=%2Fbriefing", FORM),
    (b"a=b&&&=", FORM),
    (b"\x00" * 1000, "multipart/form-data; boundary=x"),
]


async def test_signed_nonsense_gets_no_500_and_does_no_harm(opened: Opener):
    office = await opened("http")
    assert isinstance(office.slack.transport, Http)
    for body, content in NONSENSE:
        done = await office.slack.transport.raw(body, content)
        assert done.status in {200, 400, 401}, (body[:80], done.status, done.body)
    await office.quiet()
    assert "What you can type" in await office.type(LEE, "help")
