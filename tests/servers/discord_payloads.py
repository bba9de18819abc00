"""Payloads that take more than one value to write: messages and channels of a world, and interactions.

https://docs.discord.com/developers/resources/message, /interactions/receiving-and-responding
"""

from collections.abc import Mapping
from typing import Any

from tests.servers.discord_values import PERMISSIONS, Channel, File, Member, Message, Role, User, bits, moment, parts
from tests.servers.discord_world import Guild, World

OUTSIDE = {"embed_links", "attach_files", "mention_everyone"}
"""What an app may where it is no member and came with a person."""
COMPONENT_KINDS = {3: "values", 5: "users", 6: "roles", 7: "mentionables", 8: "channels"}


def channel_sent(world: World, place: Channel) -> dict[str, Any]:
    """A channel as the API gives it."""
    guild = world.guild_of(place)
    return place.as_sent(frozenset(guild.roles) if guild else frozenset())


def message_sent(world: World, message: Message, *, event: bool = False, quote: bool = True) -> dict[str, Any]:
    """A message as the API gives it; as an `event` with the guild and the author as its member."""
    mentions = [user.as_sent() for user in message.mentions]
    numbered = [dict(embed, type="rich") for embed in message.embeds]
    kind = 19 if message.reference else 20 if message.interaction else 0
    sent: dict[str, Any] = {
        "id": message.id,
        "type": kind,
        "channel_id": message.channel,
        "author": message.author.as_sent(),
        "content": message.content,
        "timestamp": moment(message.written),
        "edited_timestamp": moment(message.edited) if message.edited else None,
        "mentions": mentions,
        "mention_roles": [id for id in message.pinged if id not in world.users and id != "everyone"],
        "mention_everyone": "everyone" in message.pinged,
        "embeds": numbered,
        "components": _numbered(message.components),
        "flags": message.flags,
        **{"attachments": [], "tts": False, "pinned": False},
    }
    if message.nonce:
        sent["nonce"] = message.nonce
    if message.interaction:
        sent |= {"interaction_metadata": message.interaction, "application_id": world.app_id}
        sent["webhook_id"] = world.app_id
    if message.reference:
        target = world.messages.get(message.reference)
        sent["message_reference"] = {"type": 0, "message_id": message.reference, "channel_id": message.channel}
        if message.guild:
            sent["message_reference"]["guild_id"] = message.guild
        if quote:
            sent["referenced_message"] = message_sent(world, target, quote=False) if target else None
    place = world.channel(message.thread) if message.thread else None
    if place:
        sent["thread"] = channel_sent(world, place)
    guild = world.guilds.get(message.guild or "")
    if event and guild:
        sent["guild_id"] = guild.id
        if member := guild.members.get(message.author.id):
            sent["member"] = member.as_sent(user=False)
    return sent


def _numbered(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Components with an id for each that has none, as Discord gives them out."""
    count = 0

    def number(part: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        own = {**part, "id": part.get("id") or count}
        if "components" in part:
            own["components"] = [number(child) for child in part["components"]]
        for key in ("accessory", "component"):
            if part.get(key):
                own[key] = number(part[key])
        return own

    return [number(part) for part in components]


def interaction(
    world: World, kind: int, user: User, guild: Guild | None, place: Channel, data: dict[str, Any], *, by_user: bool
) -> dict[str, Any]:
    """An interaction; `by_user`: it came by the person's own install. The id and token are still to be put in."""
    here = guild is not None and guild.present
    if guild is None:
        context = 1 if world.bot in place.recipients else 2
        rights = set(OUTSIDE) if context == 2 else set(PERMISSIONS) - {"administrator"}
    else:
        context = 0
        rights = guild.permissions(world.bot.id, place) if here else set(OUTSIDE)
    owners = {"1": user.id} if by_user or user.installed else {}
    if not by_user:
        owners["0"] = guild.id if guild else "0"
    channel = channel_sent(world, place)
    sent = {
        **{"application_id": world.app_id, "type": kind, "version": 1, "entitlements": []},
        **{"attachment_size_limit": 10_485_760, "locale": user.locale, "context": context, "data": data},
        **{"channel_id": place.id, "app_permissions": bits(rights), "authorizing_integration_owners": owners},
    }
    if guild is None:
        return {**sent, "channel": channel, "user": user.as_sent()}
    mine = bits(guild.permissions(user.id, place))
    member = {**guild.members[user.id].as_sent(), "permissions": mine}
    about = {"id": guild.id, "locale": guild.locale, "features": []}
    sent |= {"guild_id": guild.id, "guild": about, "guild_locale": guild.locale, "member": member}
    return {**sent, "channel": {**channel, "permissions": mine}}


def resolved(world: World, guild: Guild | None, chosen: list[tuple[int, str]]) -> dict[str, Any]:
    """What options or selects of these types and ids stand for."""
    found: dict[str, dict[str, Any]] = {}

    def put(key: str, id: str, data: dict[str, Any]) -> None:
        found.setdefault(key, {})[id] = data

    for kind, id in chosen:
        if kind in {6, 9} and id in world.users:
            put("users", id, world.users[id].as_sent())
            if guild and id in guild.members:
                member = guild.members[id]
                rights = {"permissions": bits(guild.permissions(id))}
                put("members", id, {**member.as_sent(user=False), **rights})
        elif kind in {8, 9} and guild and id in guild.roles:
            put("roles", id, guild.roles[id].as_sent())
        elif kind == 7 and guild and id in guild.channels:
            place = guild.channels[id]
            put("channels", id, {**channel_sent(world, place), "permissions": bits(guild.permissions(guild.owner.id))})
        elif kind == 11:
            put("attachments", id, next(file for file in world.files.values() if file.id == id).as_sent())
    return found


def typed(definition: dict[str, Any], value: Any) -> Any:
    """The value of an option as Discord's client sends it. Raises `ValueError` for what it would not let through."""
    name, kind = definition["name"], definition["type"]
    if isinstance(value, User | Member | Role | Channel | File):
        value = value.id
    if kind in {6, 7, 8, 9, 11}:
        return str(value)
    right = {3: str, 4: int, 5: bool, 10: (int, float)}[kind]
    if not isinstance(value, right) or (isinstance(value, bool) and kind != 5):
        raise ValueError(f"{name}: {value!r} is not of type {kind}")
    size = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if kind == 3 else ("min_value", "max_value")
    if definition.get(least) is not None and size < definition[least]:
        raise ValueError(f"{name}: below {definition[least]}")
    if size > (definition.get(most) if definition.get(most) is not None else 6000 if kind == 3 else 2**53):
        raise ValueError(f"{name}: above the most")
    choices = definition.get("choices") or []
    if choices and value not in [choice["value"] for choice in choices]:
        raise ValueError(f"{name}: {value!r} is none of the choices")
    return value


def filled(components: list[dict[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a form's components hold when it is sent off; `values` by custom id or label.

    Raises `ValueError` where Discord's own client lets nobody send it, `KeyError` for a value without a place.
    """
    left = dict(values)

    def hold(part: dict[str, Any], label: str | None) -> dict[str, Any]:
        own = {"type": part["type"], "custom_id": part["custom_id"], "id": part.get("id") or 0}
        key = next((name for name in (part["custom_id"], label) if name in left), None)
        if part["type"] == 4:
            text = left.pop(key) if key else part.get("value") or ""
            if part.get("required", True) and not text:
                raise ValueError(f"{label} is not filled in")
            if text and not (part.get("min_length") or 0) <= len(text) <= (part.get("max_length") or 4000):
                raise ValueError(f"{label}: {len(text)} characters")
            return {**own, "value": text}
        preset = [option["value"] for option in part.get("options") or [] if option.get("default")]
        preset += [value["id"] for value in part.get("default_values") or []]
        chosen = left.pop(key) if key else preset
        chosen = [getattr(one, "id", one) for one in (chosen if isinstance(chosen, list) else [chosen])]
        if part["type"] == 3 and set(chosen) - {option["value"] for option in part["options"]}:
            raise ValueError(f"{label}: {chosen} is none of the options")
        if part.get("required", True) and not chosen:
            raise ValueError(f"{label} is not chosen")
        return {**own, "values": chosen}

    held: list[dict[str, Any]] = []
    for outer in components:
        if outer["type"] == 1:
            held.append({"type": 1, "components": [hold(part, part.get("label")) for part in outer["components"]]})
        elif outer["type"] == 18:
            held.append({"type": 18, "component": hold(outer["component"], outer["label"])})
        else:
            held.append({"type": outer["type"], "id": outer.get("id") or 0})
    if left:
        raise KeyError(f"no field {sorted(left)} among {[part.get('custom_id') for part in parts(components)]}")
    return held
