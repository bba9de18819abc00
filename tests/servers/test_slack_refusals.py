"""The local Slack refuses what Slack refuses, fails as it is told to, and its judges see every breach."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.servers.slack import SlackServer, judge_message, judge_view, live_mentions
from tests.servers.slack_apps import Clock
from tests.servers.slack_judges import judge_options


class Rig:
    """A Slack with one workspace, and a client that makes each call once."""

    def __init__(self, slack: SlackServer, clock: Clock) -> None:
        self.slack, self.clock = slack, clock
        self.team = slack.add_workspace("T1")
        for id, name in (("U1", "kim"), ("U2", "lee")):
            self.team.user(id, name)
        self.team.channel("C1", "world", creator="U1")
        self.client = AsyncWebClient(token=self.team.token, base_url=slack.api_url, retry_handlers=[], timeout=2)

    async def error(self, method: str, **args: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            await self.client.api_call(method, json=args)
        return str(caught.value.response["error"])

    async def post(self, text: str = "hello", **args: Any) -> str:
        return str((await self.client.chat_postMessage(channel="C1", text=text, **args))["ts"])


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    clock = Clock()
    async with SlackServer(clock, strict=False) as slack:
        yield Rig(slack, clock)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": plain("Go"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("Title"), "blocks": list(blocks), **more}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": [{"text": plain("one"), "value": "1"}], **more}


REFUSED_BLOCKS = {
    "51 blocks": [section()] * 51,
    "long section": [section("x" * 3001)],
    "empty section": [section("")],
    "long header": [{"type": "header", "text": plain("x" * 151)}],
    "header in mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "11 in context": [{"type": "context", "elements": [plain("x")] * 11}],
    "11 fields": [{"type": "section", "fields": [plain("x")] * 11}],
    "26 actions": [actions(*(button(action_id=str(number)) for number in range(26)))],
    "no actions": [actions()],
    "same action id": [actions(button(), button())],
    "same block id": [section(block_id="b"), section(block_id="b")],
    "long block id": [section(block_id="b" * 256)],
    "long action id": [actions(button(action_id="a" * 256))],
    "long button": [actions(button(text=plain("x" * 76)))],
    "long value": [section(accessory=button(value="v" * 2001))],
    "long url": [actions(button(url="https://x.example/" + "u" * 3000))],
    "script url": [actions(button(url="javascript:alert(1)"))],
    "101 options": [actions(select(options=[{"text": plain("x"), "value": str(n)} for n in range(101)]))],
    "long option": [actions(select(options=[{"text": plain("x" * 76), "value": "1"}]))],
    "long placeholder": [actions(select(placeholder=plain("x" * 151)))],
    "half an emoji": [section("\ud83d")],
    "unknown block": [{"type": "carousel"}],
    "unknown key": [section(colour="red")],
    "empty rich text": [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]}
    ],
    "no alt text": [{"type": "image", "image_url": "https://x.example/a.png"}],
}


@pytest.mark.parametrize("name", REFUSED_BLOCKS)
async def test_blocks_beyond_a_limit_are_refused_with_a_message(rig: Rig, name: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        await rig.client.api_call(
            "chat.postMessage", json={"channel": "C1", "text": "x", "blocks": REFUSED_BLOCKS[name]}
        )
    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"]
    assert rig.slack.breaches
    assert rig.slack.messages("C1") == []


async def test_texts_beyond_a_limit_are_refused(rig: Rig) -> None:
    rig.slack.pace.per_channel = None
    big = [section("x" * 2900)] * 5
    assert await rig.error("chat.postMessage", channel="C1", text="x", blocks=big) == "msg_blocks_too_long"
    assert await rig.error("chat.postMessage", channel="C1", text="x" * 40_001) == "msg_too_long"
    assert await rig.error("chat.postMessage", channel="C1", text=" ") == "no_text"
    assert await rig.error("chat.postMessage", channel="C1", text="x", blocks="[") == "invalid_blocks_format"
    assert len(rig.slack.breaches) == 4


async def test_what_is_within_the_limits_is_taken(rig: Rig) -> None:
    blocks = [
        {"type": "header", "text": plain("x" * 150)},
        section("x" * 3000, accessory=button(value="v" * 2000)),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}] * 10},
        actions(*(button(action_id=str(number)) for number in range(25))),
        actions(select(placeholder=plain("x" * 150))),
        *[{"type": "divider"}] * 45,
    ]
    await rig.post("x" * 40_000, blocks=blocks)
    assert rig.slack.breaches == []
    assert rig.slack.messages("C1")[0].shown.startswith("x" * 150 + "\n")
    with pytest.warns(UserWarning, match="`text` argument is missing"):
        await rig.post("", blocks=[section()])
    assert "without a text" in rig.slack.breaches[0]


REFUSED_VIEWS = {
    "101 blocks": modal(*[section()] * 101),
    "no blocks": modal(),
    "long title": modal(section(), title=plain("x" * 25)),
    "long private metadata": modal(section(), private_metadata="x" * 3001),
    "input without submit": modal({"type": "input", "label": plain("L"), "element": select()}),
    "markdown": modal({"type": "markdown", "text": "x"}),
    "unknown key": modal(section(), colour="red"),
    "home with title": {"type": "home", "title": plain("x"), "blocks": [section()]},
}


@pytest.mark.parametrize("name", REFUSED_VIEWS)
async def test_views_beyond_a_limit_are_refused(rig: Rig, name: str) -> None:
    trigger = rig.slack.world.trigger("T1", "U1")
    assert await rig.error("views.open", trigger_id=trigger, view=REFUSED_VIEWS[name]) == "invalid_arguments"
    assert rig.slack.breaches


async def test_a_trigger_opens_one_view_within_three_seconds(rig: Rig) -> None:
    trigger, late = rig.slack.world.trigger("T1", "U1"), rig.slack.world.trigger("T1", "U1")
    view = modal(section())
    opened = (await rig.client.views_open(trigger_id=trigger, view=view))["view"]
    assert await rig.error("views.open", trigger_id=trigger, view=view) == "exchanged_trigger_id"
    assert await rig.error("views.open", trigger_id="7.none", view=view) == "invalid_trigger_id"
    rig.clock.now += 3.1
    assert await rig.error("views.open", trigger_id=late, view=view) == "expired_trigger_id"
    await rig.client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal(section("new")))
    assert await rig.error("views.update", view_id=opened["id"], hash=opened["hash"], view=view) == "hash_conflict"
    top = rig.slack.view()
    assert top is not None
    assert top.shown == "new"
    await rig.slack.close(top)
    assert await rig.error("views.update", view_id=opened["id"], view=view) == "not_found"


async def test_tokens_are_refused_for_what_is_wrong_with_them(rig: Rig) -> None:
    token = rig.slack.tokens[rig.team.token]
    for state, error in (({"expires": 0}, "token_expired"), ({"revoked": True}, "token_revoked")):
        before = {key: getattr(token, key) for key in state}
        for key, value in state.items():
            setattr(token, key, value)
        assert await rig.error("auth.test") == error
        for key, value in before.items():
            setattr(token, key, value)
    token.scopes = ("users:read",)
    assert await rig.error("chat.postMessage", channel="C1", text="x") == "missing_scope"
    assert (await rig.client.users_info(user="U1")).headers["X-OAuth-Scopes"] == "users:read"
    rig.team.active = False
    assert await rig.error("auth.test") == "account_inactive"
    rig.client.token = rig.team.token + "0"
    assert await rig.error("auth.test") == "invalid_auth"
    rig.client.token = None
    assert await rig.error("auth.test") == "not_authed"


async def test_channels_that_cannot_be_written_to(rig: Rig) -> None:
    rig.team.channel("C2", "elsewhere", bot=False)
    rig.team.channel("C3", "old", archived=True)
    rig.team.channel("C4", "announcements", restricted=True)
    rig.team.channel("C5", "secret", private=True, bot=False)
    rig.slack.add_workspace("T2").channel("C6", "theirs")
    wrong = {"C2": "not_in_channel", "C3": "is_archived", "C4": "restricted_action", "C5": "channel_not_found"}
    for channel, error in {**wrong, "C6": "channel_not_found", "C7": "channel_not_found"}.items():
        assert await rig.error("chat.postMessage", channel=channel, text="x") == error
    assert await rig.error("chat.postEphemeral", channel="C1", user="U9", text="x") == "user_not_in_channel"
    assert await rig.error("chat.postMessage", channel="C1", text="x", thread_ts="1.000001") == "thread_not_found"
    assert await rig.error("users.info", user="U9") == "user_not_found"
    assert (await rig.client.chat_postMessage(channel="U1", text="x"))["channel"] == "D1"
    assert (await rig.client.conversations_info(channel="C1"))["channel"]["creator"] == "U1"


async def test_one_message_a_second_and_channel(rig: Rig) -> None:
    for _ in range(3):
        await rig.post()
    with pytest.raises(SlackApiError) as caught:
        await rig.post()
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    rig.clock.now += 1
    await rig.post()
    assert len(rig.slack.messages("C1")) == 4
    rig.slack.pace.per_workspace = 2
    rig.team.channel("C2", "art")
    for _ in range(2):
        await rig.client.chat_postMessage(channel="C2", text="x")
    assert [call.status for call in rig.slack.called("chat.postMessage")] == [200, 200, 200, 429, 200, 200, 200]
    rig.slack.pace.tiers = True
    for _ in range(100):
        await rig.client.users_info(user="U1")
    assert await rig.error("users.info", user="U1") == "ratelimited"


async def test_response_url_takes_five_answers_in_half_an_hour(rig: Rig) -> None:
    first, late = (rig.slack.world.response_url("T1", "C1", "U1") for _ in range(2))
    answers = [await AsyncWebhookClient(first).send(text=f"answer {number}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5].body
    assert len(rig.slack.ephemerals("C1", "U1")) == len(rig.slack.responses(first)) == 5
    await AsyncWebhookClient(late).send(text="for all", response_type="in_channel")
    assert rig.slack.posts("C1")[0].text == "for all"
    rig.clock.now += 1801
    assert "expired_url" in (await AsyncWebhookClient(late).send(text="too late")).body


async def test_history_gives_metadata_back_to_those_who_ask(rig: Rig) -> None:
    mark = {"event_type": "sidelines_part", "event_payload": {"key": "7/0"}}
    parent = await rig.post(metadata=mark)
    reply = await rig.post("in thread", thread_ts=parent)
    page = await rig.client.conversations_history(channel="C1", include_all_metadata=True, oldest="0", limit=5)
    assert [(message["ts"], message["metadata"]) for message in page["messages"]] == [(parent, mark)]
    page = await rig.client.conversations_history(channel="C1")
    assert "event_payload" not in page["messages"][0]["metadata"]
    thread = await rig.client.conversations_replies(channel="C1", ts=parent, include_all_metadata=True)
    assert [message["ts"] for message in thread["messages"]] == [parent, reply]
    later = await rig.client.conversations_history(channel="C1", oldest=parent)
    assert later["messages"] == []
    link = (await rig.client.chat_getPermalink(channel="C1", message_ts=reply))["permalink"]
    assert link.endswith(f"/C1/p{reply.replace('.', '')}?thread_ts={parent}&cid=C1")
    await rig.client.chat_update(channel="C1", ts=parent, text="changed")
    assert (await rig.client.conversations_replies(channel="C1", ts=parent))["messages"][0]["text"] == "changed"
    assert await rig.error("chat.update", channel="C1", ts=parent, text="x" * 4001) == "msg_too_long"


async def test_faults_as_ordered(rig: Rig) -> None:
    rig.slack.fail_next("chat.postMessage", error="is_archived")
    assert await rig.error("chat.postMessage", channel="C1", text="x") == "is_archived"
    rig.slack.fail_next("*", status=429, retry_after=7, when=lambda args: args.get("channel") == "C1")
    await rig.client.auth_test()
    with pytest.raises(SlackApiError) as caught:
        await rig.post()
    assert caught.value.response.headers["Retry-After"] == "7"
    rig.slack.fail_next("chat.postMessage", status=503)
    with pytest.raises(SlackApiError) as caught:
        await rig.post()
    assert caught.value.response.status_code == 503
    for trouble, posted in (("drop", 0), ("lost", 1)):
        rig.slack.fail_next("chat.postMessage", **{trouble: True})
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await rig.post()
        assert len(rig.slack.messages("C1")) == posted
    rig.slack.fail_always("auth.test", hang=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await rig.client.auth_test()
    rig.slack.heal()
    await rig.client.auth_test()
    assert [call.status for call in rig.slack.called("chat.postMessage")] == [200, 429, 503, 0, 0]


async def test_slow_calls_and_an_address_that_nobody_listens_at(rig: Rig) -> None:
    rig.slack.delays["chat.postMessage"] = 0.2
    late = asyncio.create_task(rig.post())
    await rig.client.auth_test()
    assert not late.done()
    await late
    await rig.slack.go_dark()
    with pytest.raises(aiohttp.ClientConnectorError):
        await rig.client.auth_test()
    await rig.slack.come_back()
    await rig.client.auth_test()


def test_each_judge_sees_what_the_others_may_not() -> None:
    assert judge_message({"text": "x", "blocks": [section("x" * 3000, accessory=button())]}) == []
    assert "limits" in judge_message({"text": "x", "blocks": [section(colour="red")]})[0]
    style = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"size": True}}]}
    assert "slackblocks" in judge_message({"text": "x", "blocks": [{"type": "rich_text", "elements": [style]}]})[0]
    dispatch = {"type": "input", "label": plain("L"), "element": select(focus_on_load=True)}
    assert judge_view(modal(dispatch, submit=plain("Go"))) == []
    assert judge_options({"options": [{"text": plain("x"), "value": "1"}]}) == []
    assert judge_options({"options": [{"text": plain("x" * 76), "value": "1"}]})
    assert judge_options({"options": [{"text": plain("x"), "value": "1"}] * 101})


def test_live_mentions_are_found_wherever_they_work() -> None:
    assert live_mentions({"text": "see <!channel>"}) == ["<!channel>"]
    assert live_mentions({"text": "x", "blocks": [section("ask <@U1>")]}) == ["<@U1>"]
    person = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U1"}]}
    assert live_mentions({"blocks": [{"type": "rich_text", "elements": [person]}]})
    assert live_mentions({"text": "x", "link_names": 1})
    harmless = [section("&lt;!channel&gt; <#C1> <https://x.example|x>"), {"type": "header", "text": plain("<!here>")}]
    assert live_mentions({"text": "&lt;@U1&gt;", "blocks": harmless}) == []


async def test_leaving_it_says_what_was_wrong() -> None:
    with pytest.raises(AssertionError):
        async with SlackServer() as slack:
            slack.breaches.append("chat.postMessage: too long")
