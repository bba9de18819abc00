"""What the API tells of the bot, its application and commands, people and guilds, one function for each endpoint."""

from typing import Any

from tests.servers.discord_command_limits import command_faults
from tests.servers.discord_payloads import channel_sent
from tests.servers.discord_values import Call, bits
from tests.servers.discord_world import Guild, Refused, World


def gateway(world: World, call: Call) -> dict[str, Any]:
    """GET /gateway."""
    return {"url": world.base.replace("http", "ws", 1) + "/gateway"}


def gateway_bot(world: World, call: Call) -> dict[str, Any]:
    """GET /gateway/bot."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
    return {**gateway(world, call), "shards": world.shards, "session_start_limit": limit}


def me(world: World, call: Call) -> dict[str, Any]:
    """GET /users/@me."""
    return {**world.bot.as_sent(), "verified": True, "mfa_enabled": True, "email": None, "flags": 0}


def my_guilds(world: World, call: Call) -> list[dict[str, Any]]:
    """GET /users/@me/guilds."""
    here = [guild for guild in world.guilds.values() if guild.present]
    return [
        {
            **{"id": guild.id, "name": guild.name, "icon": None, "features": [], "owner": False},
            "permissions": bits(guild.permissions(world.bot.id)),
        }
        for guild in here
    ]


def leave_guild(world: World, call: Call) -> None:
    """DELETE /users/@me/guilds/{id}."""
    guild = _guild(world, call.path.split("/")[4])
    guild.present = False
    world.dispatch("GUILD_DELETE", {"id": guild.id}, guild)


def get_user(world: World, call: Call) -> dict[str, Any]:
    """GET /users/{id}."""
    user = world.users.get(call.path.split("/")[2])
    if user is None:
        raise Refused(404, 10013, "Unknown User")
    return user.as_sent()


def open_direct(world: World, call: Call) -> dict[str, Any]:
    """POST /users/@me/channels: the conversation may be opened with anybody, written in is another matter."""
    user = world.users.get(str(call.body.get("recipient_id")))
    if user is None:
        raise Refused(404, 10013, "Unknown User")
    if user is world.bot:
        raise Refused(400, 50007, "Cannot send messages to this user")
    place = channel_sent(world, world.direct(world.bot, user))
    return {**place, "recipients": [user.as_sent()]}


def application(world: World, call: Call) -> dict[str, Any]:
    """GET /applications/@me."""
    owner = next((user for user in world.users.values() if not user.bot), world.bot)
    flags = 1 << 23  # the switches of the portal, https://docs.discord.com/developers/resources/application
    for name, bit in {"presences": 1 << 13, "members": 1 << 15, "message_content": 1 << 19}.items():
        flags |= bit if name in world.privileged else 0
    text = {"id": world.app_id, "name": "Sidelines", "description": "", "icon": None, "verify_key": "00"}
    public = {"bot_public": True, "bot_require_code_grant": False, "owner": owner.as_sent(), "team": None}
    count = sum(guild.present for guild in world.guilds.values())
    return {**text, **public, "flags": flags, "approximate_guild_count": count, "integration_types_config": {}}


def _scope(world: World, call: Call) -> str | None:
    pieces = call.path.split("/")
    if pieces[2] != world.app_id:
        raise Refused(403, 20012, "You are not authorized to perform this action on this application")
    return _guild(world, pieces[4]).id if pieces[3] == "guilds" else None


def get_commands(world: World, call: Call) -> list[dict[str, Any]]:
    """GET /applications/{id}/commands, of a guild too."""
    return world.commands.get(_scope(world, call), [])


def sync_commands(world: World, call: Call) -> list[dict[str, Any]]:
    """PUT /applications/{id}/commands, of a guild too: those with a name that was there keep their id."""
    scope = _scope(world, call)
    faults = command_faults(call.body)
    world.breach("commands", faults)
    if faults:
        raise Refused(400, 50035, "Invalid Form Body", errors={"_errors": faults})
    before = {(known["type"], known["name"]): known["id"] for known in world.commands.get(scope, [])}
    made = []
    for command in call.body:
        key = command.get("type", 1), command["name"]
        own = {"id": before.get(key) or world.id(), "application_id": world.app_id, "version": world.id()}
        rights = {"default_member_permissions": None, "dm_permission": True, "nsfw": False}
        reach = {"contexts": None, "integration_types": [0]}
        given = {name: value for name, value in command.items() if value is not None}
        made.append({"type": 1, "description": "", **rights, **reach, **given, **own})
        if scope:
            made[-1]["guild_id"] = scope
    world.commands[scope] = made
    return made


def _guild(world: World, id: str) -> Guild:
    guild = world.guilds.get(id)
    if guild is None:
        raise Refused(404, 10004, "Unknown Guild")
    if not guild.present:
        raise Refused(403, 50001, "Missing Access")
    return guild


def get_guild(world: World, call: Call) -> dict[str, Any]:
    """GET /guilds/{id}."""
    guild = _guild(world, call.path.split("/")[2])
    counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    return {**guild.as_sent(), **(counts if call.query.get("with_counts") in {"1", "true"} else {})}


def guild_channels(world: World, call: Call) -> list[dict[str, Any]]:
    """GET /guilds/{id}/channels: all but threads."""
    guild = _guild(world, call.path.split("/")[2])
    return [channel_sent(world, place) for place in guild.channels.values() if not place.thread]


def guild_roles(world: World, call: Call) -> list[dict[str, Any]]:
    """GET /guilds/{id}/roles."""
    return [role.as_sent() for role in _guild(world, call.path.split("/")[2]).roles.values()]


def active_threads(world: World, call: Call) -> dict[str, Any]:
    """GET /guilds/{id}/threads/active."""
    guild = _guild(world, call.path.split("/")[2])
    found = [place for place in guild.channels.values() if place.thread and not place.archived]
    seen = [channel_sent(world, place) for place in found if guild.sees(world.bot.id, place)]
    return {"threads": seen, "members": []}


def get_member(world: World, call: Call) -> dict[str, Any]:
    """GET /guilds/{id}/members/{id}."""
    guild = _guild(world, call.path.split("/")[2])
    member = guild.members.get(call.path.split("/")[4])
    if member is None:
        raise Refused(404, 10007, "Unknown Member")
    return member.as_sent()
