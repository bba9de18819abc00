"""The local Slack against the unmodified slack_bolt and slack_sdk, over signed requests and over Socket Mode alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import SlackServer
from tests.servers.slack_apps import connected, plain_app, served

TOPIC = {
    "type": "input",
    "block_id": "topic",
    "label": {"type": "plain_text", "text": "Topic"},
    "element": {"type": "external_select", "action_id": "topic", "min_query_length": 0},
}
PLACE = {
    "type": "input",
    "block_id": "where",
    "label": {"type": "plain_text", "text": "Channel"},
    "element": {"type": "conversations_select", "action_id": "channel", "default_to_current_conversation": True},
}
FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Subscribe"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [TOPIC, PLACE],
}
MORE = {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}, "value": "more 7"}


Start = Callable[[AsyncApp], Awaitable[None]]


@pytest.fixture(params=["http", "socket"])
async def start(request: pytest.FixtureRequest, slack: SlackServer) -> AsyncIterator[Start]:
    """Start a bolt app in one of the two modes, and reach it so from then on."""
    async with AsyncExitStack() as stack:

        async def begin(app: AsyncApp) -> None:
            if request.param == "http":
                slack.http(await stack.enter_async_context(served(slack, app)) + "/slack/events")
            else:
                stack.push_async_callback((await connected(slack, app)).close_async)

        yield begin


async def test_mention_is_answered_in_its_thread(slack: SlackServer, start: Start) -> None:
    app = plain_app(slack)
    heard: list[dict[str, Any]] = []

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], say: Any) -> None:
        await say(text="hello", thread_ts=event["ts"])

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        heard.append(event)

    await start(app)
    done = await slack.mention("T1", "C1", "U1", "is 1 < 2 & so on? @lee #world https://x.example/a?b=1&c=2.")
    assert done.acknowledged
    assert done.also[0].acknowledged
    assert done.payload["event_id"] != done.also[0].payload["event_id"]
    answer = await slack.wait_for(lambda: slack.replies("C1", done.ts))
    assert [message.text for message in answer] == ["hello"]
    text = "<@U1BOT> is 1 &lt; 2 &amp; so on? <@U2> <#C1|> <https://x.example/a?b=1&amp;c=2>."
    assert heard[0]["text"] == slack.messages("C1")[0].text == text
    assert heard[0]["channel_type"] == "channel"


async def test_a_delivery_can_be_repeated_with_its_marks(slack: SlackServer, start: Start) -> None:
    app = plain_app(slack)
    seen: list[tuple[str, str]] = []

    @app.event("message")
    async def said(body: dict[str, Any], request: Any) -> None:
        seen.append((body["event_id"], request.headers.get("x-slack-retry-num", ["none"])[0]))

    await start(app)
    done = await slack.direct("T1", "U2", "hello")
    more = await asyncio.gather(*(done.again(retry=number) for number in (1, 2, 3)))
    assert all(delivery.acknowledged for delivery in more)
    assert len({event for event, _ in seen}) == 1
    assert sorted(number for _, number in seen if number != "none" and number != "0") == ["1", "2", "3"]


async def test_command_form_and_button(slack: SlackServer, start: Start) -> None:
    app = plain_app(slack)
    submitted: list[dict[str, Any]] = []

    @app.command("/briefing")
    async def briefing(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack(f"working on {body['text']}")
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.options("topic")
    async def topics(ack: Any, payload: dict[str, Any]) -> None:
        word = payload["value"]
        await ack(options=[{"text": {"type": "plain_text", "text": word.title()}, "value": word}])

    @app.view("form")
    async def sent(ack: Any, view: dict[str, Any], body: dict[str, Any], client: AsyncWebClient) -> None:
        values = view["state"]["values"]
        submitted.append(values)
        if values["topic"]["topic"]["selected_option"]["value"] == "bad":
            await ack(response_action="errors", errors={"topic": "no such topic"})
            return
        await ack()
        blocks = [{"type": "actions", "elements": [MORE]}]
        await client.chat_postEphemeral(channel="C1", user=body["user"]["id"], text="saved", blocks=blocks)

    @app.action("more")
    async def more(ack: Any, respond: Any, payload: dict[str, Any]) -> None:
        await ack()
        await respond(text=f"pressed {payload['value']}", replace_original=True)

    await start(app)
    done = await slack.command("T1", "C1", "U1", "/briefing", "subscribe #world")
    assert done.acknowledged
    assert slack.ephemerals("C1", "U1")[-1].text == "working on subscribe <#C1|world>"
    form = await slack.wait_for(slack.view)
    choices = await slack.options(form, "topic", "korea")
    assert choices.body["options"][0]["text"]["text"] == "Korea"
    refused = await slack.submit(form, {"topic": "bad"})
    assert refused.body["errors"] == {"topic": "no such topic"}
    assert form.open
    assert (await slack.submit(form, {"topic": "korea"})).acknowledged
    assert slack.view() is None
    assert submitted[1]["where"]["channel"]["selected_conversation"] == "C1"
    saved = await slack.wait_for(lambda: [m for m in slack.ephemerals("C1", "U1") if m.text == "saved"])
    pressed = await slack.press("T1", "U1", saved[0], "More")
    await slack.wait_for(lambda: slack.responses(pressed.payload["response_url"]))
    assert saved[0].text == "pressed more 7"


async def test_home_shortcuts_and_assistant(slack: SlackServer, start: Start) -> None:
    app = plain_app(slack)

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: AsyncWebClient) -> None:
        blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Nothing yet"}}]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.shortcut("ask")
    async def ask(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.chat_postMessage(channel=body["user"]["id"], text="what about?")

    @app.shortcut("brief")
    async def brief(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(f"about {shortcut['message']['text']}")

    @app.event("assistant_thread_started")
    async def pane(event: dict[str, Any], client: AsyncWebClient) -> None:
        where = {key: event["assistant_thread"][key] for key in ("channel_id", "thread_ts")}
        prompts = [{"title": "Today", "message": "latest"}]
        await client.assistant_threads_setSuggestedPrompts(**where, prompts=prompts)
        await client.assistant_threads_setStatus(**where, status="is reading")
        await client.assistant_threads_setTitle(**where, title="News")
        await client.chat_postMessage(channel=where["channel_id"], thread_ts=where["thread_ts"], text="hello")

    await start(app)
    await slack.home_opened("T1", "U2")
    home = await slack.wait_for(lambda: slack.home("T1", "U2"))
    assert home.shown == "Nothing yet"
    await slack.shortcut("T1", "U1", "ask")
    assert await slack.wait_for(lambda: [m.text for m in slack.posts("D1")]) == ["what about?"]
    await slack.message_shortcut("T1", "U2", slack.messages("D1")[0], "brief")
    assert await slack.wait_for(lambda: [m.text for m in slack.ephemerals("D1", "U2")]) == ["about what about?"]
    _, thread = await slack.assistant("T1", "U1", "C1")
    await slack.wait_for(lambda: slack.replies("D1", thread))
    pane_now = slack.pane("D1", thread)
    assert (pane_now["title"], pane_now["prompts"][0]["title"], "status" in pane_now) == ("News", "Today", False)
    assert [key for key, _ in pane_now["all"]] == ["prompts", "status", "title"]


async def test_comings_and_goings_arrive_as_events(slack: SlackServer, start: Start) -> None:
    app = plain_app(slack)
    kinds: list[str] = []

    @app.event("message")
    async def said(event: dict[str, Any]) -> None:
        kinds.append(event.get("subtype", "message"))

    for kind in ("member_joined_channel", "member_left_channel", "channel_archive", "channel_unarchive"):

        @app.event(kind)
        async def changed(event: dict[str, Any]) -> None:
            kinds.append(event["type"])

    for kind in ("channel_deleted", "app_uninstalled", "tokens_revoked"):

        @app.event(kind)
        async def ended(event: dict[str, Any]) -> None:
            kinds.append(event["type"])

    await start(app)
    await slack.message("T1", "C1", "U1", "hello")
    await slack.edit("T1", slack.messages("C1")[0], "hello!")
    await slack.remove("T1", "C1")
    assert (await slack.message("T1", "C1", "U1", "nobody hears")).error
    await slack.invite("T1", "C1", "U1")
    await slack.archive("T1", "C1", "U1")
    await slack.archive("T1", "C1", "U1", back=True)
    await slack.delete_channel("T1", "C1", "U1")
    gone = await slack.uninstall("T1")
    assert gone.acknowledged
    assert kinds == [
        *("message", "message_changed", "member_left_channel", "member_joined_channel", "channel_archive"),
        *("channel_unarchive", "channel_deleted", "app_uninstalled", "tokens_revoked"),
    ]
    with pytest.raises(SlackApiError, match="account_inactive"):
        await app.client.auth_test()
