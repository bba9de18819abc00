"""The Home tab of the app: what is subscribed, with buttons, and for managers how things are going."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.connectors import DeliveryError
from bot.render import block_kit_views as views

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

    from bot.connectors import Asker
    from bot.connectors.slack.parts import Parts
    from briefings.types import Content

log = logging.getLogger(__name__)


def register(app: AsyncApp, parts: Parts) -> None:
    """Show the Home tab whenever a person opens it."""

    @app.event("app_home_opened")
    async def opened(ack: AsyncAck, event: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        if event.get("tab") == "home" and context.team_id and context.user_id:
            parts.tasks.start(publish(parts, context.team_id, context.user_id))


async def publish(parts: Parts, team: str, person: str, outcome: Sequence[Content] = ()) -> None:
    """Show a person the Home tab as things are now; `outcome` is what came of the button pressed there."""
    asker = await _asker(parts, team, person)
    dashboard = await named(parts, team, await parts.desk.home(asker))
    above = await named(parts, team, outcome)
    view = await asyncio.to_thread(views.home, dashboard, above)
    try:
        await parts.api.patiently(lambda: parts.api.call(team, "views.publish", user_id=person, view=view))
    except DeliveryError as error:
        log.warning("the Home tab is as it was: %s", error, extra={"action": "home_failed", "workspace": team})


async def _asker(parts: Parts, team: str, person: str) -> Asker:
    """Who looks at it; when Slack does not tell, somebody who may not manage."""
    try:
        return await parts.people.asker(team, person, person, managing=True)
    except DeliveryError as error:
        log.warning("a person is unknown: %s", error, extra={"action": "asker_unknown", "workspace": team})
        return await parts.people.asker(team, person, person, managing=False)


async def named(parts: Parts, team: str, contents: Sequence[Content]) -> list[Content]:
    """Contents as people read them: with names in place of ids."""
    return [await parts.replies.named(content, team) for content in contents]
