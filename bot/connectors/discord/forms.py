"""Forms as modals: what they show, what is read from them, and the first answers that keep Discord waiting.

An interaction is answered within three seconds or never
(https://docs.discord.com/developers/interactions/receiving-and-responding), so nothing slow comes before.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

import aiohttp
import discord
from msgspec.structs import replace

from bot.connectors import Asker, DeliveryError, Draft
from bot.connectors.discord.parts import HERE, Origin, channel_name, channel_of, guild_of, once
from bot.connectors.discord.people import is_direct, of_interaction
from bot.connectors.discord.places import lacking
from bot.connectors.discord.replying import place_of
from bot.connectors.discord.rights import NO_TAG, lacks_tags, unheard, wanting
from briefings.types import Action, Notice, Reply, Style

if TYPE_CHECKING:
    from bot.connectors.discord.parts import Parts

log = logging.getLogger(__name__)

FORM = re.compile(r"sidelines:form:(?P<subscription>\d+)(?:@(?P<guild>\d+)(?:/(?P<channel>\d+))?)?")
PING = re.compile(r"settings\s+ping\s+@(\d{17,20})(?:\s.*)?", re.IGNORECASE)
IN_TIME = 1.5
"""Seconds that may pass before a form is opened; what is known later is offered with a button."""
MEMBER_IN_TIME = 0.25
"""Seconds before that in which Discord may tell who somebody is in the server that a direct message is about. When its
calls take as long as 2.5 seconds, this is what is left; the button that is offered then need not ask again."""
LABEL, TEXT, SELECT, CHANNELS = 18, 4, 3, 8
"""Kinds of components: https://docs.discord.com/developers/components/reference#component-object-component-types."""
CHANNEL_TYPES = (0, 5, 10, 11, 12, 15)
"""Text and announcement channels, their threads, and forums:
https://docs.discord.com/developers/resources/channel#channel-object-channel-types."""
LONGEST = {"topic": 1_000, "when": 200, "zone": 60}
"""Characters of the fields, in UTF-16 units; a topic may have 500 characters of any kind."""
STYLES: Mapping[Style, str] = {
    "headlines": "headlines with their links",
    "brief": "the telling sentences of each section",
    "full": "whole sections",
}


async def deferred(interaction: discord.Interaction[Any], *, ephemeral: bool) -> bool:
    """Say that an answer is being thought of; whether Discord took that, without which there can be no answer."""
    try:
        await interaction.response.defer(ephemeral=ephemeral, thinking=True)
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError, DeliveryError) as error:
        log.warning("an interaction was not acknowledged: %s", error, extra={"action": "acknowledge_failed"})
        return False
    return True


async def drafted(parts: Parts, text: str, asker: Asker) -> Draft | None:
    """The draft of the form that words ask for, if it is known in time to be opened."""
    try:
        async with asyncio.timeout(IN_TIME):
            return await parts.desk.draft(text, asker)
    except TimeoutError:
        log.warning("a form was not known in time", extra={"action": "form_failed"})
        return None


async def opened(
    parts: Parts, interaction: discord.Interaction[Any], text: str, asker: Asker, origin: Origin = HERE
) -> bool:
    """Open the form that words ask for; whether they do, and the asker may have it."""
    if not parts.desk.concerns_managers(text):
        return False
    if origin.guild:
        try:
            async with asyncio.timeout(MEMBER_IN_TIME):
                there = await parts.people.at(origin, asker, lately=True)
        except (TimeoutError, DeliveryError):  # The answer that follows knows more, or says why not.
            return False
    else:
        there = await parts.overrides.applied(interaction, asker, text)
    draft = await drafted(parts, text, there)
    if draft is None:
        return False
    return await show(parts, interaction, draft, origin)


async def asked_for(parts: Parts, text: str, asker: Asker) -> Draft | None:
    """The draft of the form that words ask for, if they do and the asker may have it."""
    return await parts.desk.draft(text, asker) if parts.desk.concerns_managers(text) else None


def offer(draft: Draft) -> Notice:
    """A button that opens the form: only what is pressed can."""
    if draft.subscription is None:
        return Notice(
            "A form asks for the topic and the times.", actions=(Action("set up a subscription", "subscribe"),)
        )
    change = Action("change it", f"reschedule {draft.subscription}")
    return Notice(f"A form shows subscription {draft.subscription}.", actions=(change,))


async def show(parts: Parts, interaction: discord.Interaction[Any], draft: Draft, origin: Origin = HERE) -> bool:
    """Open a form as the first answer to an interaction; True, whether Discord took it or not."""
    channels = origin.guild is None and interaction.guild_id is not None
    await open_modal(parts, interaction, modal(draft, origin, channels=channels))
    return True


async def open_modal(parts: Parts, interaction: discord.Interaction[Any], data: dict[str, Any]) -> None:
    """Open a form as the first answer to an interaction, or never."""
    body = {"type": discord.InteractionResponseType.modal.value, "data": data}
    path = "/interactions/{webhook_id}/{webhook_token}/callback"
    try:
        await parts.api.request("POST", path, json=body, webhook_id=interaction.id, webhook_token=interaction.token)
    except DeliveryError as error:
        log.warning("a form did not open: %s", error, extra={"action": "form_failed"})


async def submitted(parts: Parts, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
    """A form was sent: subscribe as it says, or change what it is about."""
    data: Mapping[str, Any] = interaction.data or {}
    origin = Origin.of(match)
    ephemeral = not is_direct(interaction)
    if not await deferred(interaction, ephemeral=ephemeral):
        return
    here = of_interaction(interaction)

    async def reply() -> Reply:
        text = f"reschedule {match['subscription']}" if int(match["subscription"]) else "subscribe"
        try:
            there = await parts.people.at(origin, here)
        except DeliveryError as error:
            return Reply((Notice(str(error), "refused"),), private=True, found=False)
        asker = await parts.overrides.applied(interaction, there, text)
        before = await parts.desk.draft(text, asker)
        if before is None:  # Gone meanwhile, or not allowed.
            return await parts.desk.answer(text, asker)
        answer = await subscribed(parts, filled(data, before, asker.workspace), asker)
        return answer if answer.found else _again(answer, text)

    place = place_of(interaction, ephemeral=ephemeral, origin=origin)
    await once(parts, f"discord:interaction:{interaction.id}", reply, place)


async def subscribed(parts: Parts, draft: Draft, asker: Asker) -> Reply:
    """The reply to a draft that is filled in, with what the bot is still missing in its channel."""
    return await warned(parts, await parts.desk.submit(draft, asker), draft.channel or asker.channel)


async def warned(parts: Parts, reply: Reply, channel: str) -> Reply:
    """The reply to who subscribed a channel, with what the bot is still missing there."""
    guild, id = guild_of(channel), channel_of(channel)
    client = parts.api.client
    known = client.get_guild(guild) if client and guild else None
    if not reply.found or known is None or not id.isdigit():
        return reply
    names, forum = await lacking(parts.api, known, id), known.get_channel(int(id))
    said = [wanting(names, f"#{id}")] if names else []
    said += [NO_TAG] if isinstance(forum, discord.ForumChannel) and lacks_tags(forum) else []
    return replace(reply, contents=(*reply.contents, *(Notice(each, "problem") for each in said)))


def heard(parts: Parts, text: str, reply: Reply, asker: Asker) -> Reply:
    """The reply to who chose a role to be called, with what keeps Discord from notifying its people."""
    match, guild = PING.fullmatch(text), guild_of(asker.workspace)
    known = parts.api.client.get_guild(guild) if parts.api.client and guild else None
    role = known.get_role(int(match[1])) if known and match else None
    if role is None or not reply.found or not (said := unheard(role)):
        return reply
    return replace(reply, contents=(*reply.contents, Notice(said, "problem")))


def modal(draft: Draft, origin: Origin, *, channels: bool) -> dict[str, Any]:
    """A draft as a form; without `channels` its channel cannot be chosen, and stays as it is."""
    words = (
        ("topic", "Topic", "A topic's name, or words that its articles carry", draft.topic),
        ("when", "When", "Such as: weekdays at 9, every 2 hours from 8 to 20, as it happens", draft.when),
        ("zone", "Time zone", "Such as: Asia/Seoul", draft.zone),
    )
    labels = [
        labelled(text, hint, line(name, value, LONGEST[name], required=name == "topic"))
        for name, text, hint, value in words
    ]
    if channels:
        chosen = channel_of(draft.channel) if draft.channel else ""
        menu: dict[str, Any] = {"type": CHANNELS, "custom_id": "channel", "channel_types": list(CHANNEL_TYPES)}
        if chosen.isdigit():
            menu["default_values"] = [{"id": chosen, "type": "channel"}]
        labels.append(labelled("Channel", "Where the briefings are posted", menu))
    styles = [
        {"label": style, "value": style, "description": says, "default": style == draft.style}
        for style, says in STYLES.items()
    ]
    labels.append(labelled("Style", "How much of a story", {"type": SELECT, "custom_id": "style", "options": styles}))
    title = "Set up a subscription" if draft.subscription is None else f"Change subscription {draft.subscription}"
    return {"custom_id": f"sidelines:form:{draft.subscription or 0}{origin}", "title": title[:45], "components": labels}


def filled(data: Mapping[str, Any], before: Draft, workspace: str) -> Draft:
    """What is filled in; what the form does not ask for stays as it was."""
    given = dict(values(data.get("components")))
    channel = given.get("channel", "")
    return Draft(
        subscription=before.subscription,
        topic=given.get("topic", ""),
        when=given.get("when", ""),
        zone=given.get("zone", ""),
        channel=channel_name(workspace, channel) if channel else before.channel,
        style=next((known for known in get_args(Style) if known == given.get("style")), before.style),
    )


def labelled(text: str, hint: str, component: dict[str, Any]) -> dict[str, Any]:
    """A field of a form with its label and a hint."""
    return {"type": LABEL, "label": text, "description": hint, "component": component}


def line(name: str, text: str, longest: int, *, required: bool = False) -> dict[str, Any]:
    """A line to write in, and what stands in it first."""
    shown = text.encode("utf-16-le", "replace")[: 2 * longest].decode("utf-16-le", "ignore")
    field = {"type": TEXT, "custom_id": name, "style": 1, "max_length": longest, "required": required}
    return field | ({"value": shown} if shown else {})


def values(part: Any) -> Iterator[tuple[str, str]]:
    """Each field with what stands in it, wherever it is within rows and labels."""
    if isinstance(part, list):
        for each in part:
            yield from values(each)
    elif isinstance(part, dict):
        if name := part.get("custom_id"):
            chosen = part.get("values") or []
            yield str(name), str(part.get("value") or (chosen[0] if chosen else ""))
        yield from values(part.get("components"))
        yield from values(part.get("component"))


def _again(answer: Reply, text: str) -> Reply:
    """A refusal, with a button that opens the form anew."""
    again = Action("try again", text)
    return replace(
        answer,
        contents=tuple(
            replace(each, actions=(*each.actions, again)) if isinstance(each, Notice) else each
            for each in answer.contents
        ),
    )
