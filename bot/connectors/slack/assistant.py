"""The assistant pane: a greeting with prompts that can be pressed, a status while an answer is made, and titles.

What people write there comes as direct messages in a thread and is answered as those are, within `working`.
https://docs.slack.dev/ai/developing-ai-apps
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bot.connectors import Asker, DeliveryError
from bot.connectors.slack.modals import once
from bot.connectors.slack.parts import workspace_name
from bot.connectors.slack.replying import Place
from bot.render.block_text import shorten
from briefings.types import Listing, Notice, Reply

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

    from bot.connectors.slack.parts import Parts

log = logging.getLogger(__name__)

PROMPTS = 4
"""https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts"""
PROMPT_TITLE, PROMPT = 60, 300
"""Our own: what fits a button of the pane on one line; longer topics are not offered."""
TITLE = 80
"""Our own: what a list of conversations shows."""
STATUS = "is looking that up…"
DAY = 24 * 60 * 60
"""Seconds. A conversation that began longer ago has its title; claims of events are kept as long."""

GREETING = Notice(
    "Ask me about the news and I answer with sentences quoted word for word, each with its source. "
    "`help` says what else I can do."
)
EXAMPLES = (("What can you do?", "help"), ("What is new?", "latest"))


def register(app: AsyncApp, parts: Parts) -> None:
    """Greet whoever opens the pane; where they look meanwhile needs no answer."""

    @app.event("assistant_thread_started")
    async def started(ack: AsyncAck, body: dict[str, Any], event: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        team, thread = context.team_id or "", event["assistant_thread"]
        key = f"{workspace_name(team)}:{body['event_id']}"
        parts.tasks.start(once(parts, key, lambda: _greet(parts, team, thread)))

    @app.event("assistant_thread_context_changed")
    async def moved(ack: AsyncAck) -> None:
        await ack()


@asynccontextmanager
async def working(parts: Parts, place: Place, ts: str | None, question: str) -> AsyncIterator[None]:
    """Show in the pane that an answer is being made, as long as it is, and name the conversation for its question.

    For a message with the id `ts` in a thread of a direct conversation; nothing is done for others. Slack refuses where
    there is no pane, which does no harm. The answer waits for none of it.
    """
    if not (ts and place.direct and place.thread):
        yield
        return
    showing = asyncio.create_task(_show(parts, place, ts, question))
    try:
        yield
    finally:
        await showing
        # Slack takes the status away with the answer, but the call that set it may have come after.
        await _set(parts, place.team, "Status", place.channel, place.thread, status="")


async def _show(parts: Parts, place: Place, ts: str, question: str) -> None:
    thread = place.thread or ""
    await _set(parts, place.team, "Status", place.channel, thread, status=STATUS)
    if float(ts) - float(thread) >= DAY or not question.strip():
        return
    title = f"{workspace_name(place.team)}:title:{place.channel}:{thread}"
    await once(
        parts,
        title,
        lambda: _set(parts, place.team, "Title", place.channel, thread, title=shorten(question, TITLE)),
    )


async def _greet(parts: Parts, team: str, thread: dict[str, Any]) -> None:
    channel, ts, person = thread["channel_id"], thread["thread_ts"], thread["user_id"]
    place = Place(team=team, channel=channel, person=person, thread=ts, begun=True, direct=True)
    await parts.replies.send(Reply((GREETING,)), place)
    asker = await parts.people.asker(team, channel, person, managing=False, thread=ts)
    prompts = [{"title": title, "message": message} for title, message in await _prompts(parts, asker)]
    await _set(parts, team, "SuggestedPrompts", channel, ts, prompts=prompts)


async def _prompts(parts: Parts, asker: Asker) -> list[tuple[str, str]]:
    """What could be asked, title and words: the newest headline, topics of the workspace, and what always works."""
    latest = (await parts.desk.answer("latest", asker)).contents
    rows = [item for listing in latest if isinstance(listing, Listing) for item in listing.items if item.actions]
    topics = await parts.desk.suggest("topic", "", asker, PROMPTS)
    own = [
        *((row.label, row.actions[0].command) for row in rows[:1]),
        *((f"What is new on {topic.label}?", f"latest {topic.value}") for topic in topics),
    ]
    fitting = [(shorten(title, PROMPT_TITLE), words) for title, words in own if len(words) <= PROMPT]
    return [*fitting[: PROMPTS - 1], *EXAMPLES][:PROMPTS]


async def _set(parts: Parts, team: str, what: str, channel: str, thread: str, **values: Any) -> None:
    """Set something of a thread in the pane; without it the answer is as good."""
    try:
        await parts.api.call(team, f"assistant.threads.set{what}", channel_id=channel, thread_ts=thread, **values)
    except DeliveryError as error:
        log.debug("the pane is as it was: %s", error, extra={"action": "pane_failed", "workspace": team})
