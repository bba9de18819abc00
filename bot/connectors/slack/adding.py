"""The form of a source: an address that is looked at while the form is open; what takes longer is told afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.connectors import DeliveryError
from bot.connectors.slack.home import named
from bot.connectors.slack.modals import meet, outcome, unknown, who
from bot.connectors.slack.parts import workspace_name
from bot.render import block_kit_views as views
from bot.render.block_kit_views import Origin
from briefings.types import Notice, Reply

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

    from bot.connectors.slack.parts import Parts

IN_TIME = 1.5
"""Seconds that a source may take to be added while its form is open and can show what is wrong; Slack waits for 3 s."""

LOOKING = Notice("I am looking at that address, and say here what I find.")
NO_ADDRESS = "Type the address of a feed, or of a site that names one."


def register(app: AsyncApp, parts: Parts) -> None:
    """Take the addresses that people send off."""

    @app.view(views.ADD)
    async def adding(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], context: AsyncBoltContext) -> None:
        team, person = who(context)
        address, origin = views.asked(view), views.origin_of(view)
        event = f"{workspace_name(team)}:press:{body['trigger_id']}"
        added = asyncio.create_task(_added(parts, event, address, origin, team, person))
        await asyncio.wait({added}, timeout=IN_TIME)
        if added.done() and not added.result().found:
            await ack(response_action="errors", errors=views.field_errors(view, {"address": _said(added.result())}))
            return
        await ack()
        parts.tasks.start(_tell(parts, added, origin, team, person))


async def _added(parts: Parts, event: str, address: str, origin: Origin, team: str, person: str) -> Reply:
    """What comes of an address that was typed into the form of a source; nothing when it is seen to elsewhere."""
    if not address:
        return Reply((Notice(NO_ADDRESS, "refused"),), found=False)
    if not await parts.desk.claim(event):
        return Reply(())
    try:
        reply = await parts.desk.answer(f"source add {address}", await meet(parts, origin, team, person))
    except DeliveryError as error:
        reply = unknown(error)
    await parts.desk.settle(event)
    return replace(reply, contents=tuple(await named(parts, team, reply.contents)))


async def _tell(parts: Parts, added: asyncio.Task[Reply], origin: Origin, team: str, person: str) -> None:
    """Say what was added, or what was wrong when that came too late for the form; first that it takes a while."""
    if not added.done():
        await outcome(parts, Reply((LOOKING,), private=True), origin, team, person)
    reply = await added
    if reply.contents:
        await outcome(parts, reply, origin, team, person)


def _said(reply: Reply) -> str:
    """A refusal in plain words."""
    return "\n".join(content.text for content in reply.contents if isinstance(content, Notice))
