"""What the API does with channels, messages and threads, one function for each endpoint; also what it refuses."""

import re
from typing import Any

from tests.servers.discord_limits import TAGS, THREAD_NAME, message_faults, message_losses, units
from tests.servers.discord_payloads import channel_sent, message_sent
from tests.servers.discord_values import (
    COMPONENTS_V2,
    DIRECT,
    EPHEMERAL,
    FORUM,
    GROUP,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Call,
    Channel,
    Message,
)
from tests.servers.discord_world import Guild, Refused, World

ARCHIVE_AFTER = {60, 1440, 4320, 10080}
"""Minutes: https://docs.discord.com/developers/resources/channel#thread-metadata-object."""


def place_of(world: World, id: str | None, *needed: str) -> tuple[Channel, Guild | None]:
    """A channel that the bot sees and in which it has these permissions. Raises `Refused`."""
    place = world.channel(id or "")
    if place is None:
        raise Refused(404, 10003, "Unknown Channel")
    if place.kind in {DIRECT, GROUP}:
        if world.bot not in place.recipients:
            raise Refused(403, 50001, "Missing Access")
        return place, None
    guild = world.guild_of(place)
    if guild is None or not guild.present or not guild.sees(world.bot.id, place):
        raise Refused(403, 50001, "Missing Access")
    if not guild.available:
        raise Refused(503, 0, "Service Unavailable")
    if missing := set(needed) - guild.permissions(world.bot.id, place):
        raise Refused(403, 50013, "Missing Permissions", missing=sorted(missing))
    return place, guild


def checked(world: World, call: Call, body: Any, **kind: bool) -> dict[str, Any]:
    """A message's body, once nothing in it is refused; what is refused or would be lost is noted."""
    faults = message_faults(body, **kind)
    world.breach(call.name, faults + ([] if faults else message_losses(body)))
    if faults:
        raise Refused(400, 50035, "Invalid Form Body", errors={"_errors": faults})
    return dict(body)


def check_words(body: dict[str, Any]) -> None:
    """Raises `Refused` for a message with nothing in it."""
    words = (body.get("content") or "").strip()
    if not words and not any(body.get(key) for key in ("embeds", "components", "sticker_ids", "poll", "attachments")):
        raise Refused(400, 50006, "Cannot send an empty message")


def fill(world: World, message: Message, body: dict[str, Any], *, default: tuple[str, ...] = ()) -> None:
    """Put what was sent into a message. `default`: what is parsed for mentions without allowed_mentions."""
    message.payload = body
    for key in ("content", "embeds", "components"):
        if key in body:
            setattr(message, key, body[key] or ("" if key == "content" else []))
    if "flags" in body:
        message.flags = int(body["flags"] or 0) | message.flags & (EPHEMERAL | COMPONENTS_V2)
    message.versions.append(body)
    allowed = body.get("allowed_mentions")
    parse = set(default if allowed is None else allowed.get("parse") or [])
    named = {"users": set(), "roles": set()} | {
        key: {str(id) for id in (allowed or {}).get(key) or []} for key in ("users", "roles")
    }
    people, roles = re.findall(r"<@!?(\d+)>", message.content), re.findall(r"<@&(\d+)>", message.content)
    message.mentions = [world.users[id] for id in dict.fromkeys(people) if id in world.users]
    message.pinged = {id for id in people if "users" in parse or id in named["users"]}
    message.pinged |= {id for id in roles if "roles" in parse or id in named["roles"]}
    target = world.messages.get(message.reference or "")
    if target and target.author is not world.bot and (allowed is None or allowed.get("replied_user")):
        message.pinged.add(target.author.id)
        message.mentions.append(target.author)
    if "everyone" in parse and re.search(r"@(everyone|here)\b", message.content):
        message.pinged.add("everyone")


def may_write(world: World, id: str | None) -> tuple[Channel, Guild | None]:
    """A channel in which the bot may write now. Raises `Refused`."""
    place, guild = place_of(world, id)
    if guild is None:
        person = next(user for user in place.recipients if user is not world.bot)
        if person.closed:
            raise Refused(403, 50007, "Cannot send messages to this user")
        shared = any(person.id in other.members for other in world.guilds.values() if other.present)
        if not shared and not person.installed:
            raise Refused(403, 50278, "Cannot send messages to this user due to having no mutual guilds")
        return place, None
    if place.kind not in {0, 5, 10, PUBLIC_THREAD, PRIVATE_THREAD}:
        raise Refused(400, 50008, "Cannot send messages in a non-text channel")
    place_of(world, id, "send_messages_in_threads" if place.thread else "send_messages")
    if place.thread and place.locked and "manage_threads" not in guild.permissions(world.bot.id, place):
        if place.archived:
            raise Refused(400, 50083, "Thread is archived")
        raise Refused(403, 160005, "Thread is locked")
    return place, guild


def create_message(world: World, call: Call) -> dict[str, Any]:
    """POST /channels/{id}/messages."""
    place, guild = may_write(world, call.channel)
    body = checked(world, call, call.body)
    check_words(body)
    if body.get("embeds"):
        place_of(world, call.channel, "embed_links")
    nonce = body.get("nonce")
    if body.get("enforce_nonce") and (first := world.remembered(nonce)):
        return message_sent(world, first)
    if place.slow and place.slow_bots and place.last:
        wait = place.slow - (world.clock() - world.messages[place.last].written)
        if wait > 0:
            slowed = {"retry_after": wait, "global": False}
            raise Refused(429, 20016, "This action cannot be performed due to slowmode rate limit", **slowed)
    reference = body.get("message_reference")
    if reference:
        _check_reference(world, place, reference)
    message = Message(world.id(), place.id, world.bot, guild=place.guild, nonce=str(nonce) if nonce else None)
    message.reference = str(reference["message_id"]) if reference else None
    fill(world, message, body, default=("users", "roles", "everyone"))
    if guild and "mention_everyone" not in guild.permissions(world.bot.id, place):
        mentionable = {role.id for role in guild.roles.values() if role.mentionable}
        message.pinged -= {"everyone"} | (set(guild.roles) - mentionable)
    if nonce:
        world.nonces[str(nonce)] = (world.clock(), message)
    if place.archived:
        place.archived = False
        world.dispatch("THREAD_UPDATE", channel_sent(world, place), guild)
    world.write(message)
    world.dispatch("MESSAGE_CREATE", message_sent(world, message, event=True), guild)
    return message_sent(world, message)


def _check_reference(world: World, place: Channel, reference: dict[str, Any]) -> None:
    guild = world.guild_of(place)
    if guild and "read_message_history" not in guild.permissions(world.bot.id, place):
        raise Refused(403, 160002, "Cannot reply without permission to read message history")
    target = world.messages.get(str(reference.get("message_id")))
    if (target is None or target.channel != place.id) and reference.get("fail_if_not_exists", True):
        errors = {"message_reference": {"_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]}}
        raise Refused(400, 50035, "Invalid Form Body", errors=errors)


def _message(world: World, call: Call, place: Channel) -> Message:
    message = world.messages.get(call.path.split("/")[4])
    if message is None or message.channel != place.id or message.person is not None:
        raise Refused(404, 10008, "Unknown Message")
    return message


def edit_message(world: World, call: Call) -> dict[str, Any]:
    """PATCH /channels/{id}/messages/{id}."""
    place, guild = place_of(world, call.channel)
    message = _message(world, call, place)
    if message.author is not world.bot:
        raise Refused(403, 50005, "Cannot edit a message authored by another user")
    if place.archived:
        raise Refused(400, 50083, "Thread is archived")
    body = checked(world, call, call.body, edit=True)
    if message.flags & COMPONENTS_V2 and (body.get("content") or body.get("embeds")):
        raise Refused(400, 50035, "Invalid Form Body", errors={"_errors": ["Components V2 cannot be removed"]})
    fill(world, message, body, default=("users", "roles", "everyone"))
    message.edited = world.clock()
    world.changed()
    world.dispatch("MESSAGE_UPDATE", message_sent(world, message, event=True), guild)
    return message_sent(world, message)


def delete_message(world: World, call: Call) -> None:
    """DELETE /channels/{id}/messages/{id}."""
    place, guild = place_of(world, call.channel)
    message = _message(world, call, place)
    if message.author is not world.bot:
        place_of(world, call.channel, "manage_messages")
    del world.messages[message.id]
    where = {"guild_id": place.guild} if guild else {}
    world.dispatch("MESSAGE_DELETE", {"id": message.id, "channel_id": place.id, **where}, guild)


def get_message(world: World, call: Call) -> dict[str, Any]:
    """GET /channels/{id}/messages/{id}."""
    place, _ = place_of(world, call.channel, "read_message_history")
    return message_sent(world, _message(world, call, place))


def history(world: World, call: Call) -> list[dict[str, Any]]:
    """GET /channels/{id}/messages: the newest first; none where the history may not be read."""
    place, guild = place_of(world, call.channel)
    if guild and "read_message_history" not in guild.permissions(world.bot.id, place):
        return []
    found = [m for m in world.messages.values() if m.channel == place.id and m.person is None]
    query = call.query
    limit = int(query.get("limit", 50))
    if "before" in query:
        found = [m for m in found if int(m.id) < int(query["before"])]
    if "after" in query:
        found = sorted((m for m in found if int(m.id) > int(query["after"])), key=lambda m: int(m.id))[:limit]
    found.sort(key=lambda m: int(m.id), reverse=True)
    return [message_sent(world, message) for message in found[:limit]]


def thread_from_message(world: World, call: Call) -> dict[str, Any]:
    """POST /channels/{id}/messages/{id}/threads: the thread has the message's id."""
    place, guild = place_of(world, call.channel, "create_public_threads")
    if guild is None or place.thread or place.kind == FORUM:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    message = _message(world, call, place)
    if message.thread:
        raise Refused(400, 160004, "A thread has already been created for this message")
    thread = _thread(world, call, place, message.id, PUBLIC_THREAD)
    message.thread = thread.id
    return _started(world, guild, thread)


def thread_without_message(world: World, call: Call) -> dict[str, Any]:
    """POST /channels/{id}/threads, in a forum with its first message and tags."""
    place, guild = place_of(world, call.channel)
    if guild is None or place.thread or place.kind not in {0, 5, FORUM}:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    if place.kind != FORUM:
        kind = int(call.body.get("type", PRIVATE_THREAD))
        place_of(world, call.channel, f"create_{'private' if kind == PRIVATE_THREAD else 'public'}_threads")
        return _started(world, guild, _thread(world, call, place, world.id(), kind))
    place_of(world, call.channel, "send_messages")
    body = checked(world, call, call.body.get("message") or {})
    check_words(body)
    if body.get("embeds"):
        place_of(world, call.channel, "embed_links")
    tags = [str(tag) for tag in call.body.get("applied_tags") or []]
    if place.require_tag and not tags:
        raise Refused(400, 40067, "A tag is required to create a forum post in this channel")
    if len(tags) > TAGS or set(tags) - set(place.tags):
        raise Refused(400, 50035, "Invalid Form Body", errors={"applied_tags": {"_errors": ["unknown or too many"]}})
    thread = _thread(world, call, place, world.id(), PUBLIC_THREAD)
    thread.applied = tags
    message = Message(thread.id, thread.id, world.bot, guild=place.guild)
    fill(world, message, body, default=("users", "roles", "everyone"))
    answer = _started(world, guild, thread)
    world.write(message)
    world.dispatch("MESSAGE_CREATE", message_sent(world, message, event=True), guild)
    return {**answer, "message": message_sent(world, message)}


def _thread(world: World, call: Call, place: Channel, id: str, kind: int) -> Channel:
    name, after = call.body.get("name"), call.body.get("auto_archive_duration") or 1440
    faults = [] if isinstance(name, str) and 1 <= units(name) <= THREAD_NAME else [f"name {str(name)[:40]!r}"]
    faults += [] if after in ARCHIVE_AFTER else [f"auto_archive_duration {after}"]
    world.breach(call.name, faults)
    if faults:
        raise Refused(400, 50035, "Invalid Form Body", errors={"_errors": faults})
    thread = Channel(id, str(name).strip(), kind, place.guild, place.id, world.bot.id, bot=world.bot.id)
    thread.archive_after, thread.made = after, world.clock()
    return thread


def _started(world: World, guild: Guild, thread: Channel) -> dict[str, Any]:
    guild.channels[thread.id] = thread
    world.changed()
    world.dispatch("THREAD_CREATE", {**channel_sent(world, thread), "newly_created": True}, guild)
    return channel_sent(world, thread)


def get_channel(world: World, call: Call) -> dict[str, Any]:
    """GET /channels/{id}."""
    return channel_sent(world, place_of(world, call.channel)[0])


def edit_channel(world: World, call: Call) -> dict[str, Any]:
    """PATCH /channels/{id}: a thread's archive, lock, name and tags."""
    place, guild = place_of(world, call.channel)
    if not place.thread or guild is None:
        place_of(world, call.channel, "manage_channels")
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    may = guild.permissions(world.bot.id, place)
    if "manage_threads" not in may and (place.locked or "locked" in call.body or place.owner != world.bot.id):
        raise Refused(403, 50013, "Missing Permissions")
    if place.archived and call.body.get("archived", True):
        raise Refused(400, 50083, "Thread is archived")
    place.archived = bool(call.body.get("archived", place.archived))
    place.locked = bool(call.body.get("locked", place.locked))
    place.name = str(call.body.get("name", place.name))
    place.applied = [str(tag) for tag in call.body.get("applied_tags", place.applied)]
    world.dispatch("THREAD_UPDATE", channel_sent(world, place), guild)
    return channel_sent(world, place)


def type_there(world: World, call: Call) -> None:
    """POST /channels/{id}/typing."""
    may_write(world, call.channel)


def join_thread(world: World, call: Call) -> None:
    """PUT /channels/{id}/thread-members/@me."""
    place, _ = place_of(world, call.channel)
    if place.archived:
        raise Refused(400, 50083, "Thread is archived")
