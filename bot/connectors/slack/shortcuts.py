"""The two shortcuts: "Ask Sidelines" from anywhere, and "Brief this link" in the menu of a message."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.connectors import DeliveryError
from bot.connectors.slack.modals import once, place
from bot.connectors.slack.parts import workspace_name
from bot.render import block_kit_views as views
from bot.render.block_kit_views import Origin
from briefings.types import Notice, Reply

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

    from bot.connectors.slack.parts import Parts

log = logging.getLogger(__name__)

LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>|(https?://[^\s<>|]*[^\s<>|.,;:!?'\")\]])", re.IGNORECASE)
"""A link as Slack writes it, or an address in plain words without the marks of the sentence that it ends."""
ADDRESSES = ("url", "title_link", "from_url", "original_url")
"""Where blocks and attachments keep addresses of pages; those of pictures have names of their own."""

BRIEF_LINK = "sidelines:brief_link"
NO_LINK = Notice("That message has no link, so there is nothing to brief.", "refused")
NO_QUESTION = "Type what you want to know."


def register(app: AsyncApp, parts: Parts) -> None:
    """Take both shortcuts, and the question that the first one asks for."""

    @app.shortcut({"type": "shortcut", "callback_id": views.ASK})
    async def asking(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        parts.tasks.start(_open(parts, context.team_id or "", body["trigger_id"]))

    @app.view(views.ASK)
    async def asked(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        question = views.asked(view)
        if not question:
            await ack(response_action="errors", errors=views.field_errors(view, {"question": NO_QUESTION}))
            return
        await ack()
        team, person = context.team_id or "", context.user_id or ""
        event = f"{workspace_name(team)}:view:{view['id']}"
        parts.tasks.start(once(parts, event, lambda: _answer(parts, f"ask {question}", Origin(), team, person)))

    @app.shortcut({"type": "message_action", "callback_id": BRIEF_LINK})
    async def briefing(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        team, person = context.team_id or "", context.user_id or ""
        event = f"{workspace_name(team)}:press:{body['trigger_id']}"
        parts.tasks.start(once(parts, event, lambda: _brief(parts, body, team, person)))


async def _open(parts: Parts, team: str, trigger_id: str) -> None:
    try:
        await parts.api.call(team, "views.open", trigger_id=trigger_id, view=views.question(Origin()))
    except DeliveryError as error:
        log.warning("a modal did not open: %s", error, extra={"action": "modal_failed", "workspace": team})


async def _brief(parts: Parts, body: Mapping[str, Any], team: str, person: str) -> None:
    """Brief the first link of a message, for whoever asked alone."""
    message = body.get("message") or {}
    origin = Origin(
        channel=body["channel"]["id"], thread=message.get("thread_ts"), response_url=body.get("response_url")
    )
    if link := first_link(message):
        await _answer(parts, f"brief {link}", origin, team, person)
    else:
        await parts.replies.send(Reply((NO_LINK,), private=True, found=False), place(origin, team, person))


async def _answer(parts: Parts, words: str, origin: Origin, team: str, person: str) -> None:
    """Answer privately: where it was asked, or without a channel by direct message."""
    managing = parts.desk.concerns_managers(words)
    channel = origin.channel or person
    try:
        asker = await parts.people.asker(team, channel, person, managing=managing, thread=origin.thread)
    except DeliveryError as error:
        log.warning("a person is unknown: %s", error, extra={"action": "asker_unknown", "workspace": team})
        asker = await parts.people.asker(team, channel, person, managing=False, thread=origin.thread)
    reply = await parts.desk.answer(words, asker)
    await parts.replies.send(replace(reply, private=True), place(origin, team, person))


def first_link(message: Mapping[str, Any]) -> str | None:
    """The first web address in a message: in its words as Slack writes them, else in its blocks or attachments."""
    return next(_links(message), None)


def _links(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        for match in LINK.finditer(part):
            yield (match[1] or match[2]).replace("&amp;", "&")
    elif isinstance(part, list):
        for item in part:
            yield from _links(item)
    elif isinstance(part, dict):
        for name in ("text", *ADDRESSES, "fields", "elements", "blocks", "attachments", "message", "value", "fallback"):
            yield from _links(part.get(name))
