"""What there is in a Discord: people, roles, guilds, channels, threads and messages, as plain values.

Each knows its own payload, in the shape of https://docs.discord.com/developers/resources.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TEXT, DIRECT, GROUP, CATEGORY, NEWS, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = 0, 1, 3, 4, 5, 11, 12, 15
EPHEMERAL, LOADING, COMPONENTS_V2, SUPPRESS_EMBEDS = 1 << 6, 1 << 7, 1 << 15, 1 << 2
REQUIRE_TAG = 1 << 4
# fmt: off
PERMISSIONS = {
    name: 1 << bit
    for name, bit in {
        "administrator": 3, "manage_channels": 4, "manage_guild": 5, "add_reactions": 6, "view_channel": 10,
        "send_messages": 11, "manage_messages": 13, "embed_links": 14, "attach_files": 15,
        "read_message_history": 16, "mention_everyone": 17, "manage_roles": 28, "manage_webhooks": 29,
        "use_application_commands": 31, "manage_threads": 34, "create_public_threads": 35,
        "create_private_threads": 36, "send_messages_in_threads": 38, "use_external_apps": 50,
    }.items()
}
"""Bits of permissions: https://docs.discord.com/developers/topics/permissions."""
EVERYBODY_MAY = {
    "add_reactions", "view_channel", "send_messages", "embed_links", "attach_files", "read_message_history",
    "use_application_commands", "create_public_threads", "send_messages_in_threads", "use_external_apps",
}
# fmt: on


def bits(names: set[str]) -> str:
    """Permissions as Discord writes them: a number in a string."""
    return str(sum(PERMISSIONS[name] for name in names))


def moment(seconds: float) -> str:
    """An ISO 8601 time, as in all payloads."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


@dataclass
class User:
    """A person, or the bot. `installed`: has the app as a user install. `closed`: takes no direct messages."""

    id: str
    name: str
    display: str | None = None
    bot: bool = False
    installed: bool = False
    closed: bool = False
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def as_sent(self) -> dict[str, Any]:
        kind = {"bot": True} if self.bot else {}
        name = {"username": self.name, "global_name": self.display, "discriminator": "0"}
        return {"id": self.id, **name, "avatar": None, "public_flags": 0, **kind}


@dataclass
class Role:
    """A role of a guild; the one with the guild's id is everybody's."""

    id: str
    name: str
    permissions: set[str] = field(default_factory=set)
    position: int = 1
    mentionable: bool = False
    bot: str | None = None

    def as_sent(self) -> dict[str, Any]:
        colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        tags = {"tags": {"bot_id": self.bot}} if self.bot else {}
        look = {"color": 0, "colors": colours, "hoist": False, "managed": bool(self.bot), "flags": 0, **tags}
        rights = {"permissions": bits(self.permissions), "mentionable": self.mentionable}
        return {"id": self.id, "name": self.name, "position": self.position, **rights, **look}


@dataclass
class Member:
    """A person in a guild."""

    user: User
    roles: list[str] = field(default_factory=list)
    nick: str | None = None
    joined: float = 1_700_000_000.0

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def mention(self) -> str:
        return self.user.mention

    def as_sent(self, *, user: bool = True) -> dict[str, Any]:
        who = {"user": self.user.as_sent()} if user else {}
        states = {"deaf": False, "mute": False, "flags": 0, "pending": False, "avatar": None, "premium_since": None}
        return {**who, "nick": self.nick, "roles": list(self.roles), "joined_at": moment(self.joined), **states}


@dataclass
class Channel:
    """A channel, forum, thread or direct conversation. `slow_bots` holds bots to slow mode as well."""

    id: str
    name: str
    kind: int = TEXT
    guild: str | None = None
    parent: str | None = None
    owner: str | None = None
    overwrites: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    require_tag: bool = False
    applied: list[str] = field(default_factory=list)
    slow: int = 0
    slow_bots: bool = False
    archived: bool = False
    locked: bool = False
    archive_after: int = 1440
    made: float = 1_700_000_000.0
    last: str | None = None
    count: int = 0
    bot: str = ""

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def thread(self) -> bool:
        return self.kind in {PUBLIC_THREAD, PRIVATE_THREAD, 10}

    def deny(self, *names: str, who: Member | Role | User | None = None) -> None:
        """Take permissions here from a person or role, the bot where none is named."""
        allowed, denied = self.overwrites.setdefault(who.id if who else self.bot, (set(), set()))
        denied |= set(names)
        allowed -= set(names)

    def allow(self, *names: str, who: Member | Role | User | None = None) -> None:
        """Give permissions here to a person or role, the bot where none is named."""
        allowed, denied = self.overwrites.setdefault(who.id if who else self.bot, (set(), set()))
        allowed |= set(names)
        denied -= set(names)

    def as_sent(self, roles: frozenset[str] = frozenset()) -> dict[str, Any]:
        """`roles` are the ids among the overwrites that are roles."""
        own: dict[str, Any] = {"id": self.id, "type": self.kind, "last_message_id": self.last, "flags": 0}
        if self.kind in {DIRECT, GROUP}:
            people = [user.as_sent() for user in self.recipients]
            return {**own, "recipients": people, "name": self.name if self.kind == GROUP else None}
        own |= {"name": self.name, "guild_id": self.guild, "parent_id": self.parent, "nsfw": False}
        own["rate_limit_per_user"] = self.slow
        if self.thread:
            state = {"archived": self.archived, "locked": self.locked, "auto_archive_duration": self.archive_after}
            times = {"archive_timestamp": moment(self.made), "create_timestamp": moment(self.made)}
            counts = {"message_count": self.count, "member_count": 1, "total_message_sent": self.count}
            own |= {**counts, "owner_id": self.owner, "thread_metadata": {**state, **times}}
            return own | {"applied_tags": self.applied}
        rules = [
            {"id": id, "type": int(id not in roles), "allow": bits(yes), "deny": bits(no)}
            for id, (yes, no) in self.overwrites.items()
        ]
        own |= {"position": 0, "topic": None, "permission_overwrites": rules}
        if self.kind == FORUM:
            mark = {"moderated": False, "emoji_id": None, "emoji_name": None}
            own["available_tags"] = [{"id": id, "name": name, **mark} for id, name in self.tags.items()]
            own |= {"default_reaction_emoji": None, "default_sort_order": None, "default_forum_layout": 0}
            own["flags"] = REQUIRE_TAG if self.require_tag else 0
        return own


@dataclass
class File:
    """A file that a person gives with a command; it is kept at `url`."""

    id: str
    url: str

    def as_sent(self) -> dict[str, Any]:
        return {"id": self.id, "filename": "file", "size": 1, "url": self.url, "proxy_url": self.url}


@dataclass
class Message:
    """A message. `via`: "person", "api" (a post of the bot) or "interaction". `person`: who alone sees it.

    `pinged`: user and role ids and "everyone" that were really notified. `payload`: what the bot last sent for it.
    """

    id: str
    channel: str
    author: User
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    flags: int = 0
    via: str = "api"
    guild: str | None = None
    person: str | None = None
    written: float = 0.0
    edited: float | None = None
    nonce: str | None = None
    reference: str | None = None
    thread: str | None = None
    pinged: set[str] = field(default_factory=set)
    payload: dict[str, Any] = field(default_factory=dict)
    interaction: dict[str, Any] | None = None
    mentions: list[User] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """Whether people see only that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """Everything that can be pressed or chosen from, in order."""
        return [part for part in parts(self.components) if part.get("type") in {2, 3, 5, 6, 7, 8}]

    @property
    def shown(self) -> str:
        """All words that a reader sees, a line for each text; labels of buttons last."""
        lines = [self.content]
        for embed in self.embeds:
            lines += [embed.get("author", {}).get("name", ""), embed.get("title", ""), embed.get("description", "")]
            lines += [text for entry in embed.get("fields", []) for text in (entry["name"], entry["value"])]
            lines.append(embed.get("footer", {}).get("text", ""))
        for part in parts(self.components):
            lines += [part.get("content", ""), part.get("label", ""), part.get("placeholder", "")]
        return "\n".join(line for line in lines if line)


@dataclass
class Call:
    """One request as it came. `name` is the endpoint's; `status` 0 is no answer at all; `code` Discord's error code.

    `proxied`: it came in the form that a proxy is asked in.
    """

    name: str
    method: str
    path: str
    body: Any
    query: dict[str, str]
    came: float
    channel: str | None = None
    proxied: bool = False
    status: int = 0
    answer: Any = None

    @property
    def code(self) -> int | None:
        return self.answer.get("code") if isinstance(self.answer, dict) else None


def parts(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component within components, rows, sections, containers and labels, outer ones first."""
    for part in components:
        yield part
        yield from parts(part.get("components", []))
        yield from parts([part[key] for key in ("accessory", "component") if part.get(key)])
