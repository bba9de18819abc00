"""What the Slack app asks for and takes part in; the manifests in `config/` say the same to Slack.

https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from collections.abc import Mapping

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "answering when it is mentioned",
    "assistant:write": "the assistant pane",
    "channels:history": "follow-up questions in threads of public channels, and clearing up whether a post arrived",
    "channels:read": "learning that it was invited, removed, or a channel archived",
    "chat:write": "posting briefings and answers",
    "commands": "/briefing and the shortcuts",
    "groups:history": "follow-up questions in threads of private channels, and clearing up whether a post arrived",
    "groups:read": "the same as channels:read in private channels",
    "im:history": "answering direct messages",
    "users:read": "a person's time zone, and whether they may manage",
}
"""Every permission that is asked for, with what does not work without it."""

EVENTS: tuple[str, ...] = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "channel_archive",
    "channel_deleted",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
)
"""The events that are listened to. `message.*` is one event type, `message`, in each kind of conversation."""

COMMANDS: tuple[str, ...] = ("/briefing",)

REQUESTS_PATH = "/slack/events"
"""Where Slack sends events, commands, what is pressed, and what is typed into a select, over HTTP."""
INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
