"""All that is in a Discord, who may do what there, and new ids for what comes."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.servers.discord_pace import Pace
from tests.servers.discord_values import (
    DIRECT,
    FORUM,
    PERMISSIONS,
    TEXT,
    Call,
    Channel,
    File,
    Member,
    Message,
    Role,
    User,
)
from tests.servers.listening import Happening

EPOCH = 1_420_070_400.0
"""Discord's first second: https://docs.discord.com/developers/reference#snowflakes."""
NONCE_SECONDS = 300.0
"""How long a nonce is remembered: "the past few minutes" (resources/message)."""


class Refused(Exception):
    """What the API answers instead of doing it."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.answer = status, {"message": message, "code": code, **more}


@dataclass
class Guild:
    """A server. `present`: the bot is in it; `available`: no outage."""

    id: str
    name: str
    owner: User
    world: "World"
    present: bool = True
    available: bool = True
    locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    system_channel: str | None = None

    @property
    def everyone(self) -> Role:
        """The role that everybody has."""
        return self.roles[self.id]

    @property
    def bot_role(self) -> Role:
        """The role that came with the bot: what the invite asked for."""
        return next(role for role in self.roles.values() if role.bot)

    def role(self, name: str, *permissions: str, mentionable: bool = False) -> Role:
        """A new role."""
        role = Role(self.world.id(), name, set(permissions), len(self.roles), mentionable)
        self.roles[role.id] = role
        return role

    def member(self, user: User | str, *permissions: str, nick: str | None = None) -> Member:
        """A person joins, a new one where only a name is given; `permissions` come by a role of their own."""
        who = user if isinstance(user, User) else self.world.person(user)
        member = self.members[who.id] = Member(who, nick=nick)
        if permissions:
            member.roles.append(self.role(f"{who.name}'s role", *permissions).id)
        return member

    def channel(self, name: str, kind: int = TEXT, *, parent: Channel | None = None) -> Channel:
        """A new channel."""
        place = Channel(self.world.id(), name, kind, self.id, parent.id if parent else None, bot=self.world.bot.id)
        self.channels[place.id] = place
        return place

    def forum(self, name: str, *tags: str, require_tag: bool = False) -> Channel:
        """A new forum with tags by these names."""
        place = self.channel(name, FORUM)
        place.tags, place.require_tag = {self.world.id(): tag for tag in tags}, require_tag
        return place

    def permissions(self, who: str, place: Channel | None = None) -> set[str]:
        """What somebody may do in a channel: https://docs.discord.com/developers/topics/permissions."""
        member = self.members[who]
        if self.owner.id == who:
            return set(PERMISSIONS)
        may = set(self.everyone.permissions).union(*(self.roles[id].permissions for id in member.roles))
        if "administrator" in may:
            return set(PERMISSIONS)
        if place is None:
            return may
        if place.thread and place.parent:
            place = self.channels[place.parent]
        rules = place.overwrites
        layers = [[self.id], [id for id in member.roles if id in rules], [who]]
        for layer in layers:
            may -= set[str]().union(*(rules[id][1] for id in layer if id in rules))
            may |= set[str]().union(*(rules[id][0] for id in layer if id in rules))
        if "view_channel" not in may:
            return set()
        if "send_messages" not in may:
            may -= {"embed_links", "attach_files", "mention_everyone"}
        return may

    def sees(self, who: str, place: Channel) -> bool:
        """Whether somebody can see a channel."""
        return who in self.members and "view_channel" in self.permissions(who, place)

    def as_sent(self) -> dict[str, Any]:
        """The guild without its members and channels."""
        levels = {"verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0}
        more = {"mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "system_channel_flags": 0, "afk_timeout": 300}
        look = {"icon": None, "splash": None, "banner": None, "description": None, "emojis": [], "stickers": []}
        roles = [role.as_sent() for role in self.roles.values()]
        names = {"id": self.id, "name": self.name, "owner_id": self.owner.id, "preferred_locale": self.locale}
        place = {"system_channel_id": self.system_channel, "features": [], "roles": roles}
        return {**names, **place, **levels, **more, **look}

    def created(self) -> dict[str, Any]:
        """The guild as GUILD_CREATE brings it: without the privileged intent the bot is the only member listed."""
        bot, roles = self.world.bot.id, frozenset(self.roles)
        seen = [place for place in self.channels.values() if self.sees(bot, place)]
        places = {"channels": [place.as_sent(roles) for place in self.channels.values() if not place.thread]}
        places["threads"] = [place.as_sent() for place in seen if place.thread and not place.archived]
        people = {"members": [self.members[bot].as_sent()], "member_count": len(self.members), "presences": []}
        rest = {"large": False, "unavailable": False, "voice_states": [], "stage_instances": []}
        when = {"joined_at": "2026-01-01T00:00:00+00:00", "guild_scheduled_events": [], "soundboard_sounds": []}
        return {**self.as_sent(), **places, **people, **rest, **when}


class World(Happening):
    """Everything that is there. The app is one, in many guilds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.clock = clock
        self.token = "MTAwMDAwMDAwMDAwMDAwMDAx.local.discord-bot-token"  # noqa: S105
        self.app_id = "100000000000000001"
        self.bot = User("100000000000000002", "sidelines", "Sidelines", bot=True)
        self.users: dict[str, User] = {self.bot.id: self.bot}
        self.guilds: dict[str, Guild] = {}
        self.directs: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.files: dict[str, File] = {}
        self.commands: dict[str | None, list[dict[str, Any]]] = {}
        self.interactions: dict[str, Any] = {}
        self.privileged: set[str] = set()
        self.nonces: dict[str, tuple[float, Message]] = {}
        self.calls: list[Call] = []
        self.pace = Pace()
        self.shards = 1
        self.dispatch: Callable[[str, dict[str, Any], Guild | None], int] = lambda event, data, guild: 0
        self._last = 0
        self._guilds = itertools.count(1)

    def id(self) -> str:
        """A new snowflake, later than all before."""
        self._last = max(self._last + 1, int((self.clock() - EPOCH) * 1000) << 22)
        return str(self._last)

    def guild_id(self) -> str:
        """The next guild's id: the same in each run, and each next one on the next shard."""
        return str((290_000_000_000 + next(self._guilds)) << 22)

    def file(self, url: str) -> File:
        """A new file, kept at that address."""
        return self.files.setdefault(url, File(self.id(), url))

    def person(self, name: str, *, display: str | None = None, installed: bool = False) -> User:
        """A new person, who is in no guild yet."""
        user = User(self.id(), name, display or name.title(), installed=installed)
        self.users[user.id] = user
        return user

    def channel(self, id: str) -> Channel | None:
        """A channel, thread or direct conversation by its id."""
        if id in self.directs:
            return self.directs[id]
        return next((guild.channels[id] for guild in self.guilds.values() if id in guild.channels), None)

    def guild_of(self, place: Channel) -> Guild | None:
        """The guild that a channel is in."""
        return self.guilds.get(place.guild or "")

    def direct(self, *people: User) -> Channel:
        """The direct conversation of these people; of the bot and one person where only one is named."""
        members = {user.id for user in people}
        for place in self.directs.values():
            if {user.id for user in place.recipients} == members:
                return place
        place = Channel(self.id(), "", DIRECT if len(people) < 3 else 3, recipients=list(people))
        self.directs[place.id] = place
        return place

    def write(self, message: Message) -> Message:
        """Put a message where people see it."""
        message.written = self.clock()
        self.messages[message.id] = message
        place = self.channel(message.channel)
        if place and message.person is None:
            place.last, place.count = message.id, place.count + 1
        self.changed()
        return message

    def remembered(self, nonce: Any) -> Message | None:
        """The bot's message that was sent with this nonce in the past few minutes."""
        when, message = self.nonces.get(str(nonce), (0.0, None))
        return message if message and self.clock() - when < NONCE_SECONDS else None
