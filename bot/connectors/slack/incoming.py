"""What comes in from Slack: words, mentions, direct messages, buttons, comings and goings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from bot.connectors.slack.parts import Parts


def register(app: AsyncApp, parts: Parts) -> None:
    """Listen to everything that people type and press in conversations, and to events about channels."""
