"""Deliveries on their way into channels, threads, forums and direct conversations.

Posts carry a nonce made of the delivery's key. Discord gives the first message back to whoever sends a nonce again
within a few minutes, so that a post whose answer was lost can be repeated:
https://docs.discord.com/developers/resources/message#create-message. Posts in forums take none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import discord
from discord.abc import GuildChannel

from bot.connectors import ChannelGone, DeliveryError, OutcomeUnknown, RateLimited, TemporaryFailure
from bot.connectors.discord.api import Api, Payload, Remembered, code_of
from bot.connectors.discord.places import FORUMS, Atlas, Forum, look_up
from bot.connectors.discord.refusals import (
    ARCHIVED,
    BAD_THREAD,
    NO_ACCESS,
    NO_CHANNEL,
    NO_PERMISSION,
    THREAD_EXISTS,
)
from bot.connectors.discord.rights import lacks_threads, missing, wanting
from bot.render.limits import units

REMEMBERED_NONCE = 120.0
"""Seconds in which Discord surely knows a nonce again; it says "the past few minutes"."""
HISTORY = 100
"""Messages of a channel looked through for one in doubt, the most that Discord gives at once."""
NAME = 100
"""Characters of a thread's name: https://docs.discord.com/developers/resources/channel#start-thread-from-message."""
TAGS = 5
"""Tags of a post in a forum: https://docs.discord.com/developers/resources/channel#channel-object."""
ARCHIVED_AFTER = 1440
"""Minutes without a message until Discord puts a thread away; it comes back with the next one."""


class Posts:
    """What was posted lately, and where its threads are."""

    def __init__(self, api: Api, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._api = api
        self._now = now
        self._threads: Remembered[str] = Remembered()
        self._names: Remembered[str] = Remembered()
        self._begun: Remembered[float] = Remembered()
        self._known: Remembered[str] = Remembered()
        self._guilds: Remembered[str] = Remembered()
        self._atlas = Atlas(api)

    async def post(
        self, guild: int | None, channel: str, payload: Payload, text: str, *, key: str, thread: str | None
    ) -> str:
        """Post one part of a delivery, and give its message id; `channel` may be "@" and a person's id.

        What follows the lead goes into a thread below it where one can be begun, else beside it.
        """
        place = await self._api.place(channel)
        await self._api.ready(guild)
        if guild and not channel.startswith("@"):
            await self._must_be_in(guild, place)
        if key not in self._begun:
            self._begun.note(key, self._api.monotonic())
        try:
            if thread:
                place = await self._thread_of(guild, place, thread)
                return await self._message(place, payload, key)
            if forum := await self._forum(guild, place):
                return await self._forum_post(forum, payload, text, key)
            message = await self._message(place, payload, key)
        except ChannelGone as error:
            raise self._explained(error, place) from error
        self._names.note(message, shortened(text))
        return message

    async def edit(
        self, guild: int | None, channel: str, message: str, payload: Payload, *, thread: str | None
    ) -> None:
        """Put another message in the place of one of a delivery; a thread that was put away comes back for it."""
        place = await self._api.place(channel)
        await self._api.ready(guild)
        if await self._forum(guild, place):
            place = thread or message
        elif thread:
            place = self._threads.get(thread, thread)
        try:
            await self._replace(place, message, payload)
        except DeliveryError as error:
            if code_of(error) == ARCHIVED:
                await self._api.request("PATCH", "/channels/{channel_id}", json={"archived": False}, channel_id=place)
                await self._replace(place, message, payload)
            elif thread and code_of(error) == NO_CHANNEL:  # None could be begun, so that it stands beside the lead.
                await self._replace(await self._api.place(channel), message, payload)
            else:
                raise

    async def _replace(self, channel: str, message: str, payload: Payload) -> None:
        path = "/channels/{channel_id}/messages/{message_id}"
        await self._api.request("PATCH", path, json=dict(payload), channel_id=channel, message_id=message)

    async def owner(self, guild: int) -> str:
        """The place of messages to who owns a server. Raises a DeliveryError."""
        return f"@{await self._atlas.owner(guild)}"

    async def _must_be_in(self, guild: int, channel: str) -> None:
        """Raises ChannelGone unless the channel is one of that server: whoever named it may have the id of any."""
        if self._guilds.get(channel) != str(guild):
            if not self._api.hears and await self._atlas.channel(guild, channel):
                return
            where = await look_up(self._api, channel)
            if where.guild != guild:
                raise ChannelGone("That channel is not one of this server; choose another channel.")
            self._guilds.note(channel, str(guild))

    async def find(
        self,
        guild: int | None,
        channel: str,
        *,
        key: str,
        thread: str | None,
        begun: datetime | None,
        told: Collection[str] = (),
    ) -> str | None:
        """The id of the message posted with a key; None when sending it again cannot show it twice.

        Its nonce counts from when it was `begun`: in a storm a delivery may wait for minutes before that. Later the
        bot's own messages there tell, but for those that are known to be others, here or as `told`. Raises
        OutcomeUnknown when it cannot be told.
        """
        place = await self._api.place(channel)
        await self._api.ready(None)
        made = made_at(key)
        forum = await self._forum(guild, place) if not thread else None
        if not forum:
            here = self._begun.get(key)
            age = (self._now() - (begun or made)).total_seconds() if here is None else self._api.monotonic() - here
            if abs(age) < REMEMBERED_NONCE:  # One of long ago in the future began before the clock was set back.
                return None
        try:
            if forum:
                seen = await self._posts_of(forum, made)
            else:
                seen = await self._ours(self._threads.get(thread, thread) if thread else place, made)
        except (RateLimited, TemporaryFailure):
            raise
        except DeliveryError as error:
            raise OutcomeUnknown(f"It may be posted or not: {error}") from error
        for message in seen:
            if key in {str(message.get("nonce")), self._known.get(str(message["id"]))}:
                return str(message["id"])
        if any((id := str(message["id"])) not in self._known and id not in told for message in seen):
            raise OutcomeUnknown("Sidelines has posted there since, and Discord does not tell whether that was it.")
        return None

    async def _message(self, channel: str, payload: Payload, key: str) -> str:
        """Post a message with a nonce."""
        body = {**payload, "nonce": key, "enforce_nonce": True}
        answer = await self._api.request(
            "POST", "/channels/{channel_id}/messages", posting=True, json=body, channel_id=channel
        )
        return self._noted(str(answer["id"]), key)

    def _noted(self, message: str, key: str) -> str:
        self._known.note(message, key)
        return message

    async def _thread_of(self, guild: int | None, channel: str, lead: str) -> str:
        """Where what follows a lead goes: the thread below it, begun if need be; else the channel itself."""
        if lead in self._threads:
            return self._threads[lead]
        known = self._api.channel(channel)
        if await self._forum(guild, channel):  # The post is the thread.
            return self._threads.note(lead, lead)
        if not (known is None or isinstance(known, GuildChannel)) or (known and lacks_threads(known)):
            return self._threads.note(lead, channel)
        name = self._names.get(lead) or "More"
        body = {"name": name, "auto_archive_duration": ARCHIVED_AFTER}
        path = "/channels/{channel_id}/messages/{message_id}/threads"
        try:
            await self._api.request("POST", path, json=body, channel_id=channel, message_id=lead)
        except DeliveryError as error:
            if code_of(error) in BAD_THREAD:
                return self._threads.note(lead, channel)
            if code_of(error) != THREAD_EXISTS:
                raise
        return self._threads.note(lead, lead)

    async def _forum(self, guild: int | None, channel: str) -> Forum | None:
        found = self._api.channel(channel)
        if found is None and guild and not self._api.hears:
            told = await self._atlas.channel(guild, channel)
            return Forum.told(guild, told) if told and told["type"] in FORUMS else None
        return Forum.of(found) if isinstance(found, discord.ForumChannel) else None

    async def _forum_post(self, forum: Forum, payload: Payload, text: str, key: str) -> str:
        """Begin a post in a forum, with the tags that its words name. It has no nonce: Discord takes none there."""
        named = [id for name, id in forum.tags if _mentions(text, name)][:TAGS]
        if not named and forum.needs_tag:
            named = [id for _, id in forum.tags[:1]]
        body = {
            "name": shortened(text),
            "auto_archive_duration": ARCHIVED_AFTER,
            "applied_tags": [str(id) for id in named],
            "message": dict(payload),
        }
        answer = await self._api.request(
            "POST", "/channels/{channel_id}/threads", single=True, json=body, channel_id=str(forum.id)
        )
        post = str(answer["id"])
        self._threads.note(post, post)
        return self._noted(post, key)

    async def _ours(self, channel: str, since: datetime) -> Sequence[Payload]:
        """What the bot posted in a channel since then, its replies to people left out."""
        after = discord.utils.time_snowflake(since - timedelta(seconds=1))
        path = f"/channels/{{channel_id}}/messages?limit={HISTORY}&after={after}"
        place = self._api.channel(channel)
        if isinstance(place, GuildChannel | discord.Thread):
            parent = place.parent if isinstance(place, discord.Thread) else place
            if parent and not parent.permissions_for(parent.guild.me).read_message_history:
                raise OutcomeUnknown("Sidelines may not read that channel, so it cannot tell.")
        messages = await self._api.request("GET", path, channel_id=channel)
        if len(messages) == HISTORY:
            raise OutcomeUnknown("Too much was written in that channel since.")
        return [
            each
            for each in messages
            if self._is_ours(each["author"]["id"])
            and not each.get("message_reference")
            and not each.get("interaction_metadata")
        ]

    async def _posts_of(self, forum: Forum, since: datetime) -> Sequence[Payload]:
        """The posts that the bot began in a forum since then."""
        answer = await self._api.request("GET", "/guilds/{guild_id}/threads/active", guild_id=str(forum.guild))
        after = discord.utils.time_snowflake(since - timedelta(seconds=1))
        return [
            each
            for each in answer["threads"]
            if each.get("parent_id") == str(forum.id) and self._is_ours(each["owner_id"]) and int(each["id"]) > after
        ]

    def _is_ours(self, person: str) -> bool:
        user = self._api.client.user if self._api.client else None
        return user is not None and str(user.id) == str(person)

    def _explained(self, error: ChannelGone, channel: str) -> ChannelGone:
        """The refusal with what is missing by name, where the client knows it."""
        place = self._api.channel(channel)
        if code_of(error) in {NO_ACCESS, NO_PERMISSION} and isinstance(place, GuildChannel | discord.Thread):
            names = missing(place)
            return ChannelGone(wanting(names, "that channel")) if names else error
        return error


def made_at(key: str) -> datetime:
    """When a delivery was made, by the key of one of its parts."""
    return datetime.fromtimestamp(int(key.partition(".")[0], 16) / 1000, UTC)


def shortened(text: str) -> str:
    """The first line of a text as the name of a thread: whole words, within Discord's limit."""
    line = next((each.strip() for each in text.splitlines() if each.strip()), "Sidelines")
    if units(line) <= NAME:
        return line
    kept = line
    while units(kept) > NAME - 1:
        cut = kept[: NAME - 1].rpartition(" ")[0] if " " in kept else ""
        kept = cut if cut and cut != kept else kept[: min(len(kept) - 1, NAME - 1)]
    return f"{kept.rstrip()}…"


def _mentions(text: str, name: str) -> bool:
    """Whether a text has the words of a tag's name."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
