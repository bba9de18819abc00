"""Modals: the forms of a subscription and of a source, menus that answer while a person types, replies with buttons.

A modal opens within 3 s of the press that asks for it, or never (https://docs.slack.dev/surfaces/modals), so nothing
that may be slow comes before.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct
from msgspec.structs import replace

from bot.connectors import Asker, DeliveryError, Draft
from bot.connectors.slack.home import named, publish
from bot.connectors.slack.parts import channel_name, channel_of, workspace_name
from bot.connectors.slack.replying import Place
from bot.connectors.slack.rooms import in_channel
from bot.render import block_kit_views as views
from bot.render.block_kit_views import Origin, Searched, View
from briefings.types import Action, Content, Notice, Reply

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

    from bot.connectors.slack.parts import Parts

log = logging.getLogger(__name__)

HEAD_START = 1.0
"""Seconds that a form waits for who asked to be looked up; what comes later is put into the open form."""

TOO_LATE = Notice("Slack could not open the form in time. Please try again.", "problem")


class Adding(Struct, frozen=True):
    """What the form of a source shows first: nothing. `adding` takes what is typed there."""


Form = Draft | Adding


def register(app: AsyncApp, parts: Parts) -> None:
    """Take what people type, press and submit in modals, and press on the Home tab."""

    @app.options(re.compile(f"^{views.PICK}"))
    async def typing(ack: AsyncAck, payload: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext) -> None:
        origin = views.origin_of(body.get("view") or {})
        asker = presumed(parts, origin, *who(context))
        await ack(options=await _choices(parts, str(payload.get("action_id")), str(payload.get("value") or ""), asker))

    @app.action(views.PREVIEW)
    async def previewed(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        parts.tasks.start(_preview(parts, body["view"], *who(context)))

    @app.action(re.compile(f"^({views.VIEW_BUTTON}|{views.HOME_BUTTON})"))
    async def pressed(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        team, person = who(context)
        if command := action.get("value"):
            event = f"{workspace_name(team)}:press:{body['trigger_id']}"
            parts.tasks.start(once(parts, event, lambda: _press(parts, body, command, team, person)))

    @app.view(views.SUBSCRIBE)
    async def submitted(ack: AsyncAck, view: dict[str, Any], context: AsyncBoltContext) -> None:
        team, person = who(context)
        draft, origin = _draft(view, team), views.origin_of(view)
        problems = await parts.desk.check(draft, presumed(parts, origin, team, person))
        if problems:
            await ack(response_action="errors", errors=views.field_errors(view, problems))
            return
        await ack()
        event = f"{workspace_name(team)}:view:{view['id']}"
        parts.tasks.start(once(parts, event, lambda: _submit(parts, draft, origin, team, person)))


async def form_for(parts: Parts, text: str, asker: Asker) -> Form | None:
    """The form that words ask for, if they do and the asker may have it."""
    return await parts.desk.draft(text, asker) or (Adding() if await parts.desk.adds(text, asker) else None)


def offer(form: Form) -> Notice:
    """A button that asks for a form: only what is pressed can open one."""
    if isinstance(form, Adding):
        return Notice("A form asks for the address.", actions=(Action("add a source", "source add"),))
    if form.subscription is None:
        return Notice(
            "A form asks for topic, time and channel.", actions=(Action("set up a subscription", "subscribe"),)
        )
    change = Action("change it", f"reschedule {form.subscription}")
    return Notice(f"A form shows subscription {form.subscription}.", actions=(change,))


async def open_form(parts: Parts, team: str, person: str, trigger_id: str, form: Form, origin: Origin) -> None:
    """Open a form; whoever may not manage gets the refusal instead, privately.

    Rights and zone are looked up here. When that takes too long the form opens without them, and is set right as soon
    as they are known.
    """
    known = asyncio.create_task(_form_or_refusal(parts, form, origin, team, person))
    await asyncio.wait({known}, timeout=HEAD_START)
    first = known.result() if known.done() else form
    if isinstance(first, Reply):
        await parts.replies.send(first, place(origin, team, person))
        return
    try:
        opened = await parts.api.call(team, "views.open", trigger_id=trigger_id, view=_form(first, origin))
    except DeliveryError as error:
        known.cancel()
        log.warning("a form did not open: %s", error, extra={"action": "form_failed", "workspace": team})
        late = replace(TOO_LATE, actions=offer(form).actions)
        await parts.replies.send(Reply((late,), private=True, found=False), place(origin, team, person))
        return
    better = await known
    if better != first:
        await _update(parts, team, opened["view"], await _shown(parts, team, better, origin))


def presumed(parts: Parts, origin: Origin, team: str, person: str) -> Asker:
    """A person as far as they are known without asking Slack, taken to be one who may manage.

    Enough to check and to suggest; whatever changes something is done for the person as Slack knows them.
    """
    profile = parts.people.known(team, person)
    return Asker(
        workspace=workspace_name(team),
        channel=channel_name(team, origin.channel or person, person),
        person=person,
        may_manage=True,
        zone=profile.zone if profile else None,
        thread=origin.thread,
    )


def place(origin: Origin, team: str, person: str) -> Place:
    """Where the reply to a modal goes: where it was asked for, else to the person."""
    return Place(
        team=team,
        channel=origin.channel or person,
        person=person,
        thread=origin.thread,
        begun=origin.thread is not None,
        response_url=origin.response_url,
        direct=origin.channel[:1] not in views.CHANNELS,
    )


async def once(parts: Parts, event: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work on an event that may come several times, and be worked on by several processes, once."""
    if await parts.desk.claim(event):
        await work()
        await parts.desk.settle(event)


async def _choices(parts: Parts, action_id: str, typed: str, asker: Asker) -> list[dict[str, Any]]:
    about = action_id.removeprefix(views.PICK)
    if about not in get_args(Searched):
        return []
    return views.options(await parts.desk.suggest(about, typed, asker, views.OPTIONS))  # type: ignore[arg-type]


async def _preview(parts: Parts, view: Mapping[str, Any], team: str, person: str) -> None:
    """Show below the form what it would post, or what is wrong with it."""
    draft, origin = _draft(view, team), views.origin_of(view)
    asker = presumed(parts, origin, team, person)
    if problems := await parts.desk.check(draft, asker):
        reply = Reply((Notice("\n".join(dict.fromkeys(problems.values())), "refused"),))
    else:
        reply = await parts.desk.preview(draft, asker)
    await _update(parts, team, view, _form(draft, origin, await named(parts, team, reply.contents)))


async def _submit(parts: Parts, draft: Draft, origin: Origin, team: str, person: str) -> None:
    await outcome(parts, await _subscribed(parts, draft, team, person), origin, team, person)


async def outcome(parts: Parts, reply: Reply, origin: Origin, team: str, person: str) -> None:
    """Show what came of a form where it was asked for: in the conversation or on the Home tab."""
    if origin.channel:
        await parts.replies.send(reply, place(origin, team, person))
    else:
        await publish(parts, team, person, reply.contents)


async def _subscribed(parts: Parts, draft: Draft, team: str, person: str) -> Reply:
    """The reply to a form that is in order; looks first whether its channel is still there."""
    channel = channel_of(draft.channel)

    async def submit() -> Reply:
        try:
            asker = await parts.people.asker(team, channel, person, managing=True)
        except DeliveryError as error:
            return unknown(error)
        return await parts.desk.submit(draft, asker)

    return await in_channel(parts, team, channel, submit)


async def _press(parts: Parts, body: Mapping[str, Any], command: str, team: str, person: str) -> None:
    """Do what a button on the Home tab or in a modal says, and show what came of it there."""
    view, origin = body["view"], views.origin_of(body["view"])
    at_home = view["type"] == "home"
    form = await form_for(parts, command, presumed(parts, origin, team, person))
    if form and at_home:
        await open_form(parts, team, person, body["trigger_id"], form, origin)
    elif form:
        shown = await _form_or_refusal(parts, form, origin, team, person)
        await _update(parts, team, view, await _shown(parts, team, shown, origin))
    else:
        try:
            reply = await parts.desk.answer(command, await meet(parts, origin, team, person))
        except DeliveryError as error:
            reply = unknown(error)
        if not at_home:
            await _update(parts, team, view, await _shown(parts, team, reply, origin))
        elif _is_brief(reply) or not await _opened(parts, team, body["trigger_id"], reply, origin):
            await publish(parts, team, person, reply.contents)
        else:
            await publish(parts, team, person)


def _is_brief(reply: Reply) -> bool:
    """Whether the Home tab shows it well enough: done as asked, and told in a few words."""
    return reply.found and all(isinstance(content, Notice) for content in reply.contents)


async def _opened(parts: Parts, team: str, trigger_id: str, reply: Reply, origin: Origin) -> bool:
    """Show a reply in a modal; whether that was in time."""
    view = await _shown(parts, team, reply, origin)
    try:
        await parts.api.call(team, "views.open", trigger_id=trigger_id, view=view)
    except DeliveryError as error:
        log.info("a modal did not open: %s", error, extra={"action": "modal_failed", "workspace": team})
        return False
    return True


async def _update(parts: Parts, team: str, view: Mapping[str, Any], shown: View) -> None:
    """Show something else in an open modal, unless it has changed or is closed."""
    arguments = {"view_id": view["id"], "hash": view.get("hash"), "view": shown}
    try:
        await parts.api.patiently(lambda: parts.api.call(team, "views.update", **arguments))
    except DeliveryError as error:
        log.info("a modal is as it was: %s", error, extra={"action": "modal_failed", "workspace": team})


async def meet(parts: Parts, origin: Origin, team: str, person: str) -> Asker:
    """A person as Slack knows them, where a modal was asked for. Raises a DeliveryError when Slack does not tell."""
    channel = origin.channel or person
    return await parts.people.asker(team, channel, person, managing=True, thread=origin.thread)


async def _form_or_refusal(parts: Parts, form: Form, origin: Origin, team: str, person: str) -> Form | Reply:
    """The form as it is for the person that Slack knows, or why they get none.

    As long as Slack does not tell who they are, the form as it was.
    """
    try:
        asker = await meet(parts, origin, team, person)
    except DeliveryError as error:
        log.warning("a person is unknown: %s", error, extra={"action": "asker_unknown", "workspace": team})
        return form
    words = offer(form).actions[0].command
    return await form_for(parts, words, asker) or await parts.desk.answer(words, asker)


def unknown(error: DeliveryError) -> Reply:
    """What is said when Slack does not tell who somebody is."""
    told = f"I could not learn from Slack whether you may do that, so nothing was done. {error}"
    return Reply((Notice(told, "problem"),), private=True, found=False)


async def _shown(parts: Parts, team: str, what: Form | Reply, origin: Origin) -> View:
    if isinstance(what, Reply):
        return views.told(await named(parts, team, what.contents), origin)
    return _form(what, origin)


def _form(form: Form, origin: Origin, below: Sequence[Content] = ()) -> View:
    if isinstance(form, Adding):
        return views.address(origin)
    conversation = channel_of(form.channel) if form.channel else None
    return views.form(form, origin, shown=below, conversation=conversation)


def _draft(view: Mapping[str, Any], team: str) -> Draft:
    """What is filled in, the channel named as the desk knows it."""
    draft = views.filled(view)
    return replace(draft, channel=channel_name(team, draft.channel)) if draft.channel else draft


def who(context: AsyncBoltContext) -> tuple[str, str]:
    """The team and the person."""
    return context.team_id or "", context.user_id or ""
