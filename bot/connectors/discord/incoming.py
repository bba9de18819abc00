"""What comes in from conversations: mentions, direct messages, replies to our posts, and buttons.

Everything is worked on once: an event is claimed in the database by its id, and settled just before its reply goes out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import discord

from bot.connectors import DeliveryError
from bot.connectors.discord import forms, panel
from bot.connectors.discord.parts import BUTTON, Origin, channel_name, once
from bot.connectors.discord.people import is_direct, of_interaction, of_message
from bot.connectors.discord.places import Unknown, placed
from bot.connectors.discord.replying import Place, place_of
from briefings.types import Notice, Reply

if TYPE_CHECKING:
    from bot.connectors.discord.client import Line
    from bot.connectors.discord.parts import Parts

TYPED = {discord.MessageType.default, discord.MessageType.reply}
"""Kinds of messages that people write; the others say who joined, was pinned, and so on."""
MARKED = re.compile(
    r"<(?:#(?P<channel>\d+)|@!?(?P<person>\d+)|@&(?P<role>\d+)|a?:(?P<emoji>\w+):\d+|(?P<url>https?://[^ >]+))>"
)
"""How Discord writes what people choose from menus while they type, and links without a preview:
https://docs.discord.com/developers/reference#message-formatting."""
PRESSED = {discord.InteractionType.component, discord.InteractionType.modal_submit}
OLD_BUTTON = Notice("That is from an older version of Sidelines. `/help` says what I can do now.")
SUBSCRIBED = re.compile(r"subscribe\s.*?(?:#(?P<channel>\d{17,20}))?", re.IGNORECASE | re.DOTALL)
"""Words that subscribe a channel, their own where none is named."""
LEADING = re.compile(r"\s*<@!?(\d+)>")


def register(line: Line) -> None:
    """Listen to messages and buttons."""
    parts = line.parts

    @line.event
    async def on_message(message: discord.Message) -> None:
        if line.user and for_us(message, line.user.id):
            parts.tasks.start(_message(parts, message, line.user.id))

    @line.event
    async def on_interaction(interaction: discord.Interaction[Line]) -> None:
        kind, id = interaction.type, _id_of(interaction)
        if kind is discord.InteractionType.modal_submit and (match := forms.FORM.fullmatch(id)):
            parts.tasks.start(forms.submitted(parts, interaction, match))
        elif kind in PRESSED and (match := panel.PANEL.fullmatch(id)):
            parts.tasks.start(panel.used(parts, interaction, match))
        elif kind in PRESSED and not BUTTON.fullmatch(id):
            parts.tasks.start(_old(parts, interaction))

    line.add_dynamic_items(Button)


class Button(discord.ui.DynamicItem[discord.ui.Button[Any]], template=BUTTON):
    """A button of any message ever posted: all it needs is in its `custom_id`, so it works after a restart too."""

    def __init__(self, custom_id: str, match: re.Match[str]) -> None:
        super().__init__(discord.ui.Button(custom_id=custom_id))
        self._match = match

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Button:
        """The button that was pressed."""
        return cls(match[0], match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take its command to the desk."""
        parts: Parts = interaction.client.parts
        parts.tasks.start(_press(parts, interaction, self._match))


def for_us(message: discord.Message, us: int) -> bool:
    """Whether a person wrote it to us: directly, with our mention, or as a reply that notifies us."""
    if message.author.bot or message.webhook_id or message.type not in TYPED:
        return False
    if message.guild is None:
        return True
    if not any(user.id == us for user in message.mentions):
        return False
    first = LEADING.match(message.content)
    return first is None or int(first[1]) == us


def words(text: str, us: int) -> str:
    """The text as people see it, without our mention; channels as `#456…`, people as `@55…`."""

    def plain(match: re.Match[str]) -> str:
        if match["person"]:
            return "" if int(match["person"]) == us else f"@{match['person']}"
        if match["channel"]:
            return f"#{match['channel']}"
        return match["url"] or (f":{match['emoji']}:" if match["emoji"] else f"@{match['role']}")

    return MARKED.sub(plain, text).strip()


async def _message(parts: Parts, message: discord.Message, us: int) -> None:
    mentioned = any(user.id == us for user in message.mentions)
    typed = words(message.content, us) or ("help" if mentioned and not message.reference else "")
    if not typed:  # A file without a word, or a reply that only notifies.
        return
    asker = of_message(message)
    place = Place(
        channel=message.channel.id,
        person=message.author.id,
        guild=message.guild.id if message.guild else None,
        direct=message.guild is None,
        message=message.id,
    )

    async def reply() -> Reply:
        if draft := await forms.asked_for(parts, typed, asker):
            return Reply((forms.offer(draft),))
        try:
            text = await placed(parts.api, typed, asker)
        except Unknown as unknown:
            return Reply((Notice(str(unknown), "refused"),), private=True, found=False)
        answer = forms.heard(parts, text, await parts.desk.answer(text, asker), asker)
        named = SUBSCRIBED.fullmatch(text)
        if named is None or not answer.found:
            return answer
        channel = channel_name(asker.workspace, named["channel"]) if named["channel"] else asker.channel
        return await forms.warned(parts, answer, channel)

    await once(parts, f"discord:message:{message.id}", reply, place)


async def _press(parts: Parts, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
    """A pressed button, which types its command; in a server the answer is for who pressed it alone."""
    command, origin = match["command"], Origin.of(match)
    asker = of_interaction(interaction)
    if await forms.opened(parts, interaction, command, asker, origin):
        return
    place = place_of(interaction, ephemeral=not is_direct(interaction), origin=origin)
    if not await forms.deferred(interaction, ephemeral=place.ephemeral):
        return

    async def reply() -> Reply:
        try:
            there = await parts.people.at(origin, asker)
        except DeliveryError as error:
            return Reply((Notice(str(error), "refused"),), private=True, found=False)
        there = await parts.overrides.applied(interaction, there, command)
        if draft := await forms.asked_for(parts, command, there):  # Known too late to open it.
            return Reply((forms.offer(draft),), private=True)
        return await parts.desk.answer(command, there)

    await once(parts, f"discord:interaction:{interaction.id}", reply, place)


def _id_of(interaction: discord.Interaction[Any]) -> str:
    """The `custom_id` of a button, menu or form."""
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id"))


async def _old(parts: Parts, interaction: discord.Interaction[Any]) -> None:
    """Say a sentence to who used what nobody listens to any more."""
    place = place_of(interaction, ephemeral=not is_direct(interaction))
    if await forms.deferred(interaction, ephemeral=place.ephemeral):
        await parts.replies.send(Reply((OLD_BUTTON,), private=True, found=False), place)
