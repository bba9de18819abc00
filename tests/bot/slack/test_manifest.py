"""The manifests that people paste at Slack say the same as the code, in both modes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.connectors.slack.api import Api, SingleTeam
from bot.connectors.slack.manifest import (
    COMMANDS,
    EVENTS,
    REDIRECT_PATH,
    REQUESTS_PATH,
    SCOPES,
)
from bot.connectors.slack.parts import Parts
from bot.connectors.slack.people import People
from bot.connectors.slack.replying import Replies
from bot.connectors.slack.serving import build
from bot.connectors.slack.shortcuts import BRIEF_LINK
from bot.render.block_kit_views import ASK
from bot.tasks import Tasks

CONFIG = Path(__file__).parents[3] / "config"
SHORTCUTS = [("global", ASK), ("message", BRIEF_LINK)]
SOCKET, HTTP = "slack-manifest.yaml", "slack-manifest-http.yaml"
BOTH = pytest.mark.parametrize("name", [SOCKET, HTTP])


def manifest(name: str) -> Any:
    return yaml.safe_load((CONFIG / name).read_text(encoding="utf-8"))


def addresses(value: Any) -> list[str]:
    """Every address anywhere in a manifest."""
    if isinstance(value, dict):
        return [address for each in value.values() for address in addresses(each)]
    if isinstance(value, list):
        return [address for each in value for address in addresses(each)]
    return [value] if isinstance(value, str) and value.startswith("http") else []


@BOTH
def test_scopes_are_those_that_the_code_asks_for(name: str) -> None:
    assert manifest(name)["oauth_config"]["scopes"] == {"bot": list(SCOPES)}


@BOTH
def test_events_are_those_that_the_code_listens_to(name: str) -> None:
    assert manifest(name)["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)


@BOTH
def test_commands_and_shortcuts_are_those_of_the_code(name: str) -> None:
    features = manifest(name)["features"]
    assert tuple(command["command"] for command in features["slash_commands"]) == COMMANDS
    assert all(command["should_escape"] for command in features["slash_commands"])
    assert [(each["type"], each["callback_id"]) for each in features["shortcuts"]] == SHORTCUTS


@BOTH
def test_home_direct_messages_and_the_assistant_pane_are_switched_on(name: str) -> None:
    features = manifest(name)["features"]
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert features["assistant_view"]["assistant_description"]
    assert manifest(name)["settings"]["interactivity"]["is_enabled"]


@BOTH
def test_texts_keep_the_limits_of_the_manifest(name: str) -> None:
    whole = manifest(name)
    assert len(whole["display_information"]["name"]) <= 35
    assert len(whole["display_information"]["description"]) <= 140
    assert len(whole["features"]["bot_user"]["display_name"]) <= 80
    for command in whole["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    for shortcut in whole["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_socket_mode_names_no_address() -> None:
    whole = manifest(SOCKET)
    assert whole["settings"]["socket_mode_enabled"] is True
    assert whole["settings"]["token_rotation_enabled"] is False
    assert addresses(whole) == []


def test_http_names_the_paths_that_are_served_and_one_host() -> None:
    whole = manifest(HTTP)
    settings, host = whole["settings"], "https://sidelines.example.org"
    assert settings["socket_mode_enabled"] is False
    assert settings["token_rotation_enabled"] is True
    assert settings["event_subscriptions"]["request_url"] == host + REQUESTS_PATH
    assert settings["interactivity"]["request_url"] == host + REQUESTS_PATH
    assert settings["interactivity"]["message_menu_options_url"] == host + REQUESTS_PATH
    assert [command["url"] for command in whole["features"]["slash_commands"]] == [host + REQUESTS_PATH]
    assert whole["oauth_config"]["redirect_urls"] == [host + REDIRECT_PATH]


def test_the_two_differ_in_nothing_else() -> None:
    def core(name: str) -> Any:
        whole = manifest(name)
        whole["oauth_config"].pop("redirect_urls", None)
        for command in whole["features"]["slash_commands"]:
            command.pop("url", None)
        settings = whole["settings"]
        settings["event_subscriptions"].pop("request_url", None)
        settings["interactivity"] = {"is_enabled": settings["interactivity"]["is_enabled"]}
        for mode in ("socket_mode_enabled", "token_rotation_enabled", "org_deploy_enabled"):
            settings.pop(mode)
        return whole

    assert core(SOCKET) == core(HTTP)


# The listeners -----------------------------------------------------------------------------------------------


@pytest.fixture
async def app() -> AsyncIterator[AsyncApp]:
    api = Api("http://127.0.0.1:9/api/", SingleTeam("xoxb-none"))
    people = People(api)
    desk: Any = None  # listeners are looked for, not run
    yield build(Parts(desk, api, people, Replies(api, people), Tasks()))
    await api.close()


async def is_heard(app: AsyncApp, body: dict[str, Any]) -> bool:
    """Whether any listener would take what Slack sends."""
    request, response = AsyncBoltRequest(body=body, mode="socket_mode"), BoltResponse(status=404)
    app._init_context(request)
    return any([await each.async_matches(req=request, resp=response) for each in app._async_listeners])


def sent(event: str) -> dict[str, Any]:
    """How an event of a manifest arrives."""
    kind, _, place = event.partition(".")
    inner = {"type": kind, "user": "U0AB", "channel": "C0AB", "text": "?", "ts": "1.2"}
    if place:
        inner["channel_type"] = {"channels": "channel", "groups": "group"}.get(place, place)
    if kind.startswith("assistant_"):
        inner["assistant_thread"] = {"user_id": "U0AB", "channel_id": "D0AB", "thread_ts": "1.2"}
    return {"type": "event_callback", "team_id": "T0AB", "event_id": "Ev0AB", "event": inner}


async def test_each_event_of_the_manifest_has_a_listener_and_no_other_has_one(app: AsyncApp) -> None:
    assert [event for event in EVENTS if not await is_heard(app, sent(event))] == []
    others = (
        "app_requested channel_created channel_history_changed channel_left channel_rename channel_shared "
        "dnd_updated emoji_changed file_shared group_left group_rename im_created link_shared message_metadata_posted "
        "pin_added reaction_added reaction_removed star_added subteam_created team_join team_rename user_change"
    )
    assert [event for event in others.split() if await is_heard(app, sent(event))] == []


async def test_commands_and_shortcuts_of_the_manifest_have_listeners(app: AsyncApp) -> None:
    for command in COMMANDS:
        assert await is_heard(app, {"command": command, "text": "", "team_id": "T0AB", "user_id": "U0AB"})
    for type, callback_id in SHORTCUTS:
        kind = {"global": "shortcut", "message": "message_action"}[type]
        body = {"type": kind, "callback_id": callback_id, "trigger_id": "1", "team": {"id": "T0AB"}}
        assert await is_heard(app, body)
        assert not await is_heard(app, {**body, "callback_id": "sidelines:other"})
