"""Replies to people: shown where they asked, to them alone or to all, by whichever way Slack permits.

A reply is tried again while Slack surely did not take it, and never when that cannot be known.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from bot.connectors import ChannelGone, DeliveryError, PayloadRefused
from bot.connectors.slack.api import Api
from bot.connectors.slack.people import People
from bot.render import block_kit
from briefings.types import Content, Listing, Notice, Reply

log = logging.getLogger(__name__)

USES = 5
"""Answers that one response_url takes: https://docs.slack.dev/interactivity/handling-user-interaction."""
ADDRESSES = 1000
"""Addresses whose uses are counted; the oldest are forgotten, they are dead after half an hour."""

Payload = Mapping[str, Any]


class Place(Struct, frozen=True, kw_only=True):
    """Where somebody did something, and so where the reply goes.

    `thread` is the message to answer under, `begun` whether it has answers already: only then does Slack show private
    messages there. `direct` is a conversation with the bot alone. `ephemeral_source`: done in a message that only they
    see, so that the reply is for them alone too.
    """

    team: str
    channel: str
    person: str
    thread: str | None = None
    begun: bool = False
    response_url: str | None = None
    direct: bool = False
    ephemeral_source: bool = False


Way = Callable[[Payload, Place, str | None], Awaitable[str | None]]
"""Shows a message at a place, in a thread; gives its id if others can see it. Raises ChannelGone when it is closed."""


class Replies:
    """Sends what the desk replied."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self._uses: dict[str, int] = {}

    async def send(self, reply: Reply, place: Place) -> None:
        """Show every content of a reply; what could not be shown is logged, and nothing is raised."""
        private = reply.private or place.ephemeral_source
        try:
            for content in reply.contents:
                named = await self.named(content, place.team)
                thread = place.thread
                for message in block_kit.messages(named):
                    shown = await self._show(message, place, private, thread)
                    thread = thread or shown
        except DeliveryError as error:
            log.warning(
                "a reply was not shown: %s",
                error,
                extra={"action": "reply_failed", "team": place.team, "channel": place.channel},
            )

    async def _show(self, message: block_kit.Message, place: Place, private: bool, thread: str | None) -> str | None:
        """Show one message, as plain words if its layout is refused; gives its id if others can see it."""
        try:
            return await self._by_any_way(message.payload, place, private, thread)
        except PayloadRefused as refused:
            log.warning(str(refused), extra={"action": "plain_reply", "team": place.team})
        shown = None
        for plain in block_kit.messages(Notice(message.text)):
            shown = shown or await self._by_any_way(plain.payload, place, private, thread)
        return shown

    async def _by_any_way(self, payload: Payload, place: Place, private: bool, thread: str | None) -> str | None:
        """Try the ways in turn until one is open. Raises a DeliveryError, ChannelGone when all are closed."""
        for way in (ways := self._ways(place, private)):
            try:
                return await self._api.patiently(partial(way, payload, place, thread))
            except ChannelGone:
                if way is ways[-1]:
                    raise
        return None

    def _ways(self, place: Place, private: bool) -> list[Way]:
        """How a message can be shown there, the best first."""
        respond: list[Way] = [self._respond] if place.response_url else []
        if place.direct:
            return [self._post, *respond]
        if not private:
            return [self._post, *respond, self._write]
        if place.begun or not respond:
            return [self._whisper, *respond, self._write]
        return [*respond, self._whisper, self._write]

    async def _post(self, payload: Payload, place: Place, thread: str | None) -> str | None:
        """To all who are there."""
        return await self._api.post(place.team, place.channel, payload, thread=thread)

    async def _whisper(self, payload: Payload, place: Place, thread: str | None) -> None:
        """To the one person, where they are; the bot has to be there too."""
        arguments = {name: value for name, value in payload.items() if not name.startswith("unfurl_")}
        await self._api.call(
            place.team,
            "chat.postEphemeral",
            channel=place.channel,
            user=place.person,
            thread_ts=place.thread if place.begun else None,
            **arguments,
        )

    async def _respond(self, payload: Payload, place: Place, thread: str | None) -> None:
        """To the one person, where they are, by the address that came with what they did."""
        address = place.response_url or ""
        uses = self._uses.get(address, 0)
        if uses >= USES:
            raise ChannelGone("Slack takes no more answers there.")
        while len(self._uses) >= ADDRESSES:
            del self._uses[next(iter(self._uses))]
        self._uses[address] = uses + 1
        await self._api.respond(address, {**payload, "response_type": "ephemeral", "replace_original": False})

    async def _write(self, payload: Payload, place: Place, thread: str | None) -> None:
        """To the one person, in their direct conversation with the bot."""
        await self._api.post(place.team, place.person, payload, thread=None)

    async def named(self, content: Content, team: str) -> Content:
        """The bot's own words with people's names in place of their ids; words of articles stay as they are."""
        names = self._people.names
        match content:
            case Notice():
                return replace(content, text=await names(team, content.text))
            case Listing():
                items = [
                    item  # What is linked is a headline.
                    if item.url
                    else replace(item, label=await names(team, item.label), detail=await names(team, item.detail))
                    for item in content.items
                ]
                return replace(content, title=await names(team, content.title), items=tuple(items))
        return content
