"""What people typed, as Slack delivers it, turned into the words they see. Pure.

Slack marks mentions and links with angle brackets and escapes `& < >`:
https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
"""

import re
from collections.abc import Mapping
from typing import Any

MARKED = re.compile(r"<([@#!][^<>]+|[a-z]+:[^<>]+)>", re.IGNORECASE)
ESCAPES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
ESCAPED = re.compile("|".join(ESCAPES))
SUBTYPES = {None, "thread_broadcast", "file_share"}
"""Kinds of messages that people write; the others are edits, deletions, joins, and what other bots say."""


def words(text: str, bot_user: str = "") -> str:
    """The text without the bot's own mention; channels as `#C0456`, people as `@U0AB`, links as their address."""

    def plain(match: re.Match[str]) -> str:
        inside, _, label = match[1].partition("|")
        match inside[:1]:
            case "@":
                return "" if inside[1:] == bot_user else inside
            case "#":
                return inside
            case "!":
                return label or f"@{inside[1:]}"
        return label if inside.startswith("mailto:") and label else inside

    shown = MARKED.sub(plain, text)
    return ESCAPED.sub(lambda match: ESCAPES[match[0]], shown).strip()


def by_a_person(event: Mapping[str, Any], bot_user: str) -> bool:
    """Whether a message was written by a person, just now: no bot, not ourselves, no edit or deletion."""
    return (
        event.get("subtype") in SUBTYPES
        and bool(event.get("user"))
        and event["user"] not in {bot_user, "USLACKBOT"}
        and not any(event.get(mark) for mark in ("bot_id", "edited", "hidden"))
    )


def mentions(text: str, user: str) -> bool:
    """Whether the text mentions a user."""
    return re.search(rf"<@{re.escape(user)}(\|[^>]*)?>", text) is not None


def to_somebody_else(text: str, bot_user: str) -> bool:
    """Whether the text begins with the mention of somebody else, and so is meant for them."""
    first = re.match(r"\s*<@(\w+)", text)
    return first is not None and first[1] != bot_user
