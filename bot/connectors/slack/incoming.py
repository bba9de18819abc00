"""What comes in from conversations: commands, mentions, direct messages, more questions, buttons, comings and goings.

Everything is acknowledged first and worked on afterwards, once: an event is claimed in the database by what it is
about, and settled just before its reply goes out.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bot.connectors import DeliveryError
from bot.connectors.slack import modals
from bot.connectors.slack.assistant import working
from bot.connectors.slack.manifest import COMMANDS
from bot.connectors.slack.parts import channel_name, workspace_name
from bot.connectors.slack.refusals import ARCHIVED
from bot.connectors.slack.replying import Place
from bot.connectors.slack.rooms import in_channel, subscribed_channel
from bot.connectors.slack.typed import by_a_person, mentions, to_somebody_else, words
from bot.render.block_kit_views import Origin
from briefings.types import Notice, Reply

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

    from bot.connectors import Asker
    from bot.connectors.slack.modals import Form
    from bot.connectors.slack.parts import Parts

log = logging.getLogger(__name__)

OLD_BUTTON = Notice("That button is from an older version of Sidelines. `/briefing help` says what I can do now.")
OLD_COMMAND = Notice("I do not know that command. `/briefing help` says what I can do.", "refused")

REMOVED = "Sidelines was removed from that channel; type `/invite @Sidelines` there."
CHANNELS = {
    "channel_archive": ARCHIVED,
    "group_archive": ARCHIVED,
    "channel_deleted": "That channel is deleted; choose another channel.",
    "group_deleted": "That channel is deleted; choose another channel.",
}
BACK = ("channel_unarchive", "group_unarchive")
REVOKED = "The workspace took the permission of Sidelines back; an admin can install it again."


class Asked(Struct, frozen=True, kw_only=True):
    """Words for the desk: where they were typed or pressed, and what they are known by when they come again.

    `trigger` opens a form, within three seconds. `ts` is the message's id.
    """

    text: str
    place: Place
    event: str
    trigger: str | None = None
    ts: str | None = None


def register(app: AsyncApp, parts: Parts) -> None:
    """Listen to what people type and press in conversations, and to events about channels and the workspace."""
    incoming = Incoming(parts)

    @app.command(COMMANDS[0])
    async def command(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        parts.tasks.start(incoming.command(body))

    @app.event("app_mention")
    @app.event("message")
    async def message(ack: AsyncAck, event: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        parts.tasks.start(incoming.message(context.team_id or "", event))

    @app.action(re.compile(r"^sidelines:\d+$"))
    async def pressed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        if command := action.get("value"):  # A button with a link has none.
            parts.tasks.start(incoming.press(context.team_id or "", body, command))

    @app.event(re.compile(r"^(member_(joined|left)_channel|app_uninstalled|tokens_revoked)$"))
    @app.event(re.compile(rf"^({'|'.join((*CHANNELS, *BACK))})$"))
    async def change(ack: AsyncAck, body: dict[str, Any], event: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        parts.tasks.start(incoming.change(context.team_id or "", body, event))


def register_rest(app: AsyncApp, parts: Parts) -> None:
    """Say a sentence to who used what nobody listens to any more. After all others: the first that matches is taken."""

    @app.action(re.compile(""))
    async def old_button(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        await ack()
        if not action.get("url"):
            place = _pressed_at(context.team_id or "", body)
            parts.tasks.start(parts.replies.send(Reply((OLD_BUTTON,), private=True, found=False), place))

    @app.command(re.compile(""))
    async def old_command(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        parts.tasks.start(parts.replies.send(Reply((OLD_COMMAND,), private=True, found=False), _typed_at(body)))


class Incoming:
    """Works on what was acknowledged."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def command(self, body: dict[str, Any]) -> None:
        """`/briefing WORDS`."""
        place = _typed_at(body)
        event = f"{workspace_name(place.team)}:{body['trigger_id']}"
        text = words(body.get("text", "")) or "help"
        await self._answer(Asked(text=text, place=place, event=event, trigger=body["trigger_id"]))

    async def press(self, team: str, body: dict[str, Any], command: str) -> None:
        """A pressed button, which types its command."""
        event = f"{workspace_name(team)}:{body['trigger_id']}"
        await self._answer(Asked(text=command, place=_pressed_at(team, body), event=event, trigger=body["trigger_id"]))

    async def message(self, team: str, event: dict[str, Any]) -> None:
        """A message that may be meant for us: direct, with our mention, or in a thread of ours."""
        bot_user = (await self._parts.api.tokens.identity(team)).bot_user
        if not by_a_person(event, bot_user):
            return
        channel, ts, thread, text = event["channel"], event["ts"], event.get("thread_ts"), event.get("text") or ""
        direct = event.get("channel_type") == "im" or channel.startswith("D")
        mentioned = event["type"] == "app_mention" or mentions(text, bot_user)
        if not (direct or mentioned or await self._follow_up(team, event, bot_user)):
            return
        typed = words(text, bot_user) or ("help" if mentioned else "")
        if not typed:  # A file without a word.
            return
        place = Place(
            team=team,
            channel=channel,
            person=event["user"],
            thread=thread if direct else thread or ts,
            begun=bool(thread),
            direct=direct,
        )
        # Known by its post: a mention comes as two events of one post.
        key = f"{workspace_name(team)}:{channel}:{ts}"
        await self._answer(Asked(text=typed, place=place, event=key, ts=ts))

    async def change(self, team: str, body: dict[str, Any], event: dict[str, Any]) -> None:
        """A coming or going, told to the desk once. That the app went is old news when it was installed again since."""
        gone = event["type"] in {"app_uninstalled", "tokens_revoked"}
        if gone and await self._parts.api.tokens.newer(team, body.get("event_time", math.inf)):
            return
        if work := await self._change(team, event):
            key = f"{workspace_name(team)}:{body['event_id']}"
            if await self._parts.desk.claim(key):
                await work()
                await self._parts.desk.settle(key)

    async def _change(self, team: str, event: dict[str, Any]) -> Callable[[], Awaitable[None]] | None:
        """What to do about a coming or going; None when it is not ours."""
        desk, tokens, kind, workspace = self._parts.desk, self._parts.api.tokens, event["type"], workspace_name(team)

        async def left() -> None:
            await desk.left(workspace)
            await tokens.revoked(team)

        async def revoked() -> None:
            await desk.lost(workspace, None, REVOKED)
            await tokens.revoked(team)

        if kind == "app_uninstalled":
            return left
        if kind == "tokens_revoked":
            return revoked if (event.get("tokens") or {}).get("bot") else None
        channel = channel_name(team, event["channel"])
        if kind in CHANNELS:
            return lambda: desk.lost(workspace, channel, CHANNELS[kind])
        if kind in BACK:
            return lambda: desk.regained(workspace, channel)
        if event["user"] != (await tokens.identity(team)).bot_user:
            return None
        if kind == "member_joined_channel":
            return lambda: desk.joined(workspace, channel, event.get("inviter"))
        return lambda: desk.lost(workspace, channel, REMOVED)

    async def _follow_up(self, team: str, event: dict[str, Any], bot_user: str) -> bool:
        """Whether a message goes on in a thread that we began or answered in, and is for nobody else."""
        thread = event.get("thread_ts")
        if not thread or to_somebody_else(event.get("text") or "", bot_user):
            return False
        began = event.get("parent_user_id") == bot_user
        return began or await self._parts.desk.settled(_thread_key(team, event["channel"], thread))

    async def _answer(self, asked: Asked) -> None:
        """Take the words to the desk and send the reply, unless that is done or being done elsewhere."""
        desk, place = self._parts.desk, asked.place
        await self._parts.api.tokens.identity(place.team)  # Raises when it is not installed there any more.
        if await desk.claim(asked.event):
            async with working(self._parts, place, asked.ts, asked.text):
                await self._claimed(asked)

    async def _claimed(self, asked: Asked) -> None:
        desk, place = self._parts.desk, asked.place
        reply = await self._reply(asked)
        await desk.settle(asked.event)
        if isinstance(reply, Reply):
            if place.thread and not (place.direct or reply.private or place.ephemeral_source):
                thread = _thread_key(place.team, place.channel, place.thread)
                await desk.claim(thread)
                await desk.settle(thread)
            await self._parts.replies.send(reply, place)
            return
        origin = Origin(channel=place.channel, thread=_known_thread(place), response_url=place.response_url)
        await modals.open_form(self._parts, place.team, place.person, asked.trigger or "", reply, origin)

    async def _reply(self, asked: Asked) -> Reply | Form:
        """What the desk replies, or the form to open for words that ask for one."""
        desk, place = self._parts.desk, asked.place
        managing = desk.concerns_managers(asked.text)
        if managing and asked.trigger:  # No time to look anybody up: the form does that.
            origin = Origin(channel=place.channel, thread=_known_thread(place))
            presumed = modals.presumed(self._parts, origin, place.team, place.person)
            if form := await modals.form_for(self._parts, asked.text, presumed):
                return form
        try:
            asker = await self._asker(place, managing)
        except DeliveryError as error:
            log.warning("a person was not looked up: %s", error, extra={"action": "asker_unknown", "team": place.team})
            return modals.unknown(error)
        if managing and (form := await modals.form_for(self._parts, asked.text, asker)):
            return Reply((modals.offer(form),), private=True)
        channel = subscribed_channel(asked.text, place.channel)
        if channel and not (place.direct and channel == place.channel):
            return await in_channel(self._parts, place.team, channel, lambda: desk.answer(asked.text, asker))
        return await desk.answer(asked.text, asker)

    async def _asker(self, place: Place, managing: bool) -> Asker:
        return await self._parts.people.asker(
            place.team, place.channel, place.person, managing=managing, thread=place.thread
        )


def _typed_at(body: dict[str, Any]) -> Place:
    """Where a command was typed."""
    return Place(
        team=body["team_id"],
        channel=body["channel_id"],
        person=body["user_id"],
        thread=body.get("thread_ts"),
        begun=bool(body.get("thread_ts")),
        response_url=body.get("response_url"),
        direct=body["channel_id"].startswith("D"),
    )


def _pressed_at(team: str, body: dict[str, Any]) -> Place:
    """Where a button was pressed: below its message, or with the person when it stood in a view."""
    container, message = body.get("container") or {}, body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or body["user"]["id"]
    private = bool(container.get("is_ephemeral"))
    direct = not channel.startswith(("C", "G"))
    begun = container.get("thread_ts") or message.get("thread_ts")
    own = None if private or direct else container.get("message_ts") or message.get("ts")
    return Place(
        team=team,
        channel=channel,
        person=body["user"]["id"],
        thread=begun or own,
        begun=bool(begun),
        response_url=body.get("response_url"),
        direct=direct,
        ephemeral_source=private,
    )


def _known_thread(place: Place) -> str | None:
    """The thread, if Slack shows private messages in it."""
    return place.thread if place.begun else None


def _thread_key(team: str, channel: str, thread: str) -> str:
    """What a thread that we answered in is remembered by."""
    return f"{workspace_name(team)}:{channel}:thread:{thread}"
