"""The settings panel: what `/settings` shows, with menus that change it and a form for what has to be typed.

All that a menu needs is in its `custom_id`, so a panel works after a restart too. What was chosen goes to the desk as
the words `settings NAME VALUE`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from msgspec.structs import replace

from bot.connectors import DeliveryError
from bot.connectors.discord import forms
from bot.connectors.discord.api import EPHEMERAL
from bot.connectors.discord.people import is_direct, of_interaction
from bot.connectors.discord.replying import place_of
from bot.render import embeds
from briefings.types import Listing, Notice, Reply

if TYPE_CHECKING:
    from bot.connectors import Asker
    from bot.connectors.discord.parts import Parts

log = logging.getLogger(__name__)

PANEL = re.compile(r"sidelines:(?P<kind>set|open|typed):(?P<name>[a-z]*):(?P<channel>\d*)")
"""The `custom_id` of a menu, of the button that opens the form, and of the form; `channel` is empty for the server."""

MENUS: Mapping[str, tuple[str, Mapping[Any, str]]] = {
    "style": ("How much of a story", forms.STYLES),
    "stories": ("Most stories in a briefing", {str(most): "" for most in (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25)}),
    "empty": (
        "When there is nothing new",
        {"silent": "post nothing", "say": "say that there is nothing new"},
    ),
    "managers": (
        "Who may manage",
        {"managers": "those whom the server's settings let", "everyone": "everyone who can write here"},
    ),
}
"""Settings with few values: what the menu says before one is chosen, and each value with what it means."""
TYPED: Mapping[str, tuple[str, str]] = {
    "zone": ("Time zone", "Such as: Asia/Seoul"),
    "quiet": ("Quiet hours", "Hours without posts, such as 22:00-07:00, or off"),
    "sentences": ("Most sentences of a section", "1 to 10"),
}
"""Settings that are typed: their label in the form, and a hint."""


async def shown(parts: Parts, interaction: discord.Interaction[Any], channel: int | None) -> None:
    """Answer `/settings` with the panel, once; who may not manage sees no menus that would only refuse them."""
    if not await forms.deferred(interaction, ephemeral=not is_direct(interaction)):
        return
    event = f"discord:interaction:{interaction.id}"
    if await parts.desk.claim(event):
        asker = await parts.overrides.applied(interaction, of_interaction(interaction), "settings")
        reply = await _settings(parts, asker, channel)
        await parts.desk.settle(event)
        await _draw(parts, interaction, reply, channel, menus=await _may_manage(parts, asker))


async def used(parts: Parts, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
    """A menu was used, the form asked for, or sent."""
    channel = int(match["channel"]) if match["channel"] else None
    if match["kind"] == "open":
        await _open(parts, interaction, channel)
        return
    data: Mapping[str, Any] = interaction.data or {}
    if match["kind"] == "set":
        given = {match["name"]: str((data.get("values") or [""])[0])}
    else:
        given = {name: value for name, value in forms.values(data.get("components")) if value}
    try:
        await interaction.response.defer()
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError, DeliveryError) as error:
        log.warning("an interaction was not acknowledged: %s", error, extra={"action": "acknowledge_failed"})
        return
    event = f"discord:interaction:{interaction.id}"
    if await parts.desk.claim(event):
        asker = await parts.overrides.applied(interaction, of_interaction(interaction), "settings")
        refusals = await _changed(parts, asker, given, channel)
        reply = await _settings(parts, asker, channel)
        await parts.desk.settle(event)
        if refusals:
            reply = replace(reply, contents=(*reply.contents, Notice("\n".join(refusals), "refused")))
        await _draw(parts, interaction, reply, channel, menus=await _may_manage(parts, asker))


async def _settings(parts: Parts, asker: Asker, channel: int | None) -> Reply:
    """What is set for a channel; without one for the whole server, whatever the channel has that it is asked in."""
    if channel:
        return await parts.desk.answer(_words("", "", channel), asker)
    reply = await parts.desk.answer("settings", replace(asker, channel=""))
    title = f"Settings of {asker.whole}"
    contents = (replace(each, title=title) if isinstance(each, Listing) else each for each in reply.contents)
    return replace(reply, contents=tuple(contents))


async def _may_manage(parts: Parts, asker: Asker) -> bool:
    """Whether menus would change something: by Discord's rules, or as one whom managers added."""
    return asker.may_manage or await parts.desk.draft("subscribe", asker) is not None


async def _changed(parts: Parts, asker: Asker, given: Mapping[str, str], channel: int | None) -> list[str]:
    """Set what is new; gives what was refused, in sentences."""
    now = _values((await _settings(parts, asker, channel)).contents)
    refusals: dict[str, None] = {}
    for name, value in given.items():
        if name in (*MENUS, *TYPED) and value != now.get(name):
            reply = await parts.desk.answer(_words(name, value, channel), asker)
            if not reply.found:
                refusals.update({each.text: None for each in reply.contents if isinstance(each, Notice)})
    return list(refusals)


async def _draw(
    parts: Parts, interaction: discord.Interaction[Any], reply: Reply, channel: int | None, *, menus: bool
) -> None:
    """Show the settings in place of what stands there."""
    place = place_of(interaction, ephemeral=not is_direct(interaction))
    named = [await parts.replies.named(content, place) for content in reply.contents]
    payload = panel(named, channel, menus=menus)
    payload["flags"] = payload.get("flags", 0) | (EPHEMERAL if place.ephemeral else 0)
    try:
        await parts.api.patiently(lambda: parts.api.respond(place.application, place.token, payload, first=True))
    except DeliveryError as error:
        log.warning("the settings were not shown: %s", error, extra={"action": "reply_failed", "guild": place.guild})


async def _open(parts: Parts, interaction: discord.Interaction[Any], channel: int | None) -> None:
    """Open the form with what is set now."""
    asker = of_interaction(interaction)
    now = _values((await _settings(parts, asker, channel)).contents)
    await forms.open_modal(parts, interaction, form(now, channel))


def panel(contents: Sequence[Any], channel: int | None, *, menus: bool) -> dict[str, Any]:
    """The listed settings as a message with a menu for each, and what else is to be said above it. Pure."""
    listing = next((content for content in contents if isinstance(content, Listing)), None)
    said = [content.text for content in contents if isinstance(content, Notice)]
    if listing is None:
        return dict(embeds.messages(Notice("\n".join(said)))[0].payload)
    payload = dict(embeds.messages(listing)[0].payload)
    payload["content"] = embeds.messages(Notice("\n".join(said)))[0].payload["content"] if said else ""
    payload["components"] = _menus(_values(contents), channel) if menus else []
    return payload


def form(now: Mapping[str, str], channel: int | None) -> dict[str, Any]:
    """The form for what is typed. Pure."""
    labels = [
        forms.labelled(text, hint, forms.line(name, now.get(name, ""), 60)) for name, (text, hint) in TYPED.items()
    ]
    return {"custom_id": f"sidelines:typed::{channel or ''}", "title": "Time and length", "components": labels}


def _menus(now: Mapping[str, str], channel: int | None) -> list[dict[str, Any]]:
    place = channel or ""
    rows: list[dict[str, Any]] = []
    for name, (says, meanings) in MENUS.items():
        options = [
            {"label": f"{name}: {value}", "value": value, "default": value == now.get(name, "").split(",")[0]}
            | ({"description": meaning} if meaning else {})
            for value, meaning in meanings.items()
        ]
        menu = {"type": forms.SELECT, "custom_id": f"sidelines:set:{name}:{place}", "placeholder": says}
        rows.append({"type": 1, "components": [menu | {"options": options}]})
    button = {
        "type": 2,
        "style": 2,
        "label": "time zone, quiet hours, sentences",
        "custom_id": f"sidelines:open::{place}",
    }
    return [*rows, {"type": 1, "components": [button]}]


def _values(contents: Sequence[Any]) -> dict[str, str]:
    """The settings as they are listed: "style: brief"."""
    rows = [
        item.label.partition(": ") for content in contents if isinstance(content, Listing) for item in content.items
    ]
    return {name: value for name, colon, value in rows if colon}


def _words(name: str, value: str, channel: int | None) -> str:
    where = f"in #{channel}" if channel else ""
    return " ".join(filter(None, ("settings", name, value, where)))
