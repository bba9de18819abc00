"""What happens to guilds, channels, roles and members, as deeds: each changes the world and tells the app."""

from typing import Any

from tests.servers.discord_gateway import Gateway
from tests.servers.discord_payloads import channel_sent
from tests.servers.discord_values import PUBLIC_THREAD, Channel, Member, Message, Role
from tests.servers.discord_world import Guild, World

INVITED = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "create_public_threads",
    "embed_links",
    "read_message_history",
)


class Events:
    """The deeds; `DiscordServer` is one. What is changed by hand is told to the app by the `change_...` of its kind."""

    world: World
    gateway: Gateway

    def seat(self, guild: Guild, permissions: tuple[str, ...] = INVITED) -> None:
        """Give the bot its role and its place among the members, without telling it."""
        role = guild.role(self.world.bot.name, *permissions)
        role.bot = self.world.bot.id
        guild.members[self.world.bot.id] = Member(self.world.bot, [role.id])
        guild.present = True

    def join(self, guild: Guild, permissions: tuple[str, ...] = INVITED) -> None:
        """Somebody invites the bot: a guild that is new to it, or that it was in before."""
        if self.world.bot.id not in guild.members:
            self.seat(guild, permissions)
        guild.members[self.world.bot.id].joined = self.world.clock()
        guild.present = True
        news = guild.created()
        del news["unavailable"]  # its absence tells discord.py a join from the end of an outage
        self.gateway.dispatch("GUILD_CREATE", news, guild)

    def kick(self, guild: Guild) -> None:
        """The bot is removed from a guild."""
        guild.present = False
        self.world.commands.pop(guild.id, None)
        role = guild.bot_role
        del guild.roles[role.id], guild.members[self.world.bot.id]
        self.gateway.dispatch("GUILD_DELETE", {"id": guild.id}, guild)

    def outage(self, guild: Guild) -> None:
        """A guild becomes unavailable: nothing can be read or written there until `restore`."""
        guild.available = False
        self.gateway.dispatch("GUILD_DELETE", {"id": guild.id, "unavailable": True}, guild)

    def restore(self, guild: Guild) -> None:
        """A guild is back after an outage."""
        guild.available = True
        self.gateway.dispatch("GUILD_CREATE", guild.created(), guild)

    def change_guild(self, guild: Guild, **changes: Any) -> None:
        """A guild is changed: its name, owner or language."""
        self._set(guild, changes)
        self.gateway.dispatch("GUILD_UPDATE", guild.as_sent(), guild)

    def new_channel(self, guild: Guild, name: str, **how: Any) -> Channel:
        """A channel is made while the bot is there."""
        place = guild.channel(name, **how)
        self.gateway.dispatch("CHANNEL_CREATE", channel_sent(self.world, place), guild)
        return place

    def new_thread(self, parent: Channel, name: str, by: Member, *, tags: list[str] | None = None) -> Channel:
        """A person begins a thread, in a forum a post."""
        guild = self._guild(parent)
        place = guild.channel(name, PUBLIC_THREAD, parent=parent)
        place.owner, place.applied = by.id, tags or []
        self.gateway.dispatch("THREAD_CREATE", {**channel_sent(self.world, place), "newly_created": True}, guild)
        return place

    def change_channel(self, place: Channel, **changes: Any) -> None:
        """A channel or thread is changed: its name, permissions, slow mode, tags."""
        self._set(place, changes)
        kind = "THREAD_UPDATE" if place.thread else "CHANNEL_UPDATE"
        self.gateway.dispatch(kind, channel_sent(self.world, place), self._guild(place))

    def delete_channel(self, place: Channel) -> None:
        """A channel or thread is deleted, with its threads and all messages."""
        guild = self._guild(place)
        gone = {place.id} | {other.id for other in guild.channels.values() if other.parent == place.id}
        data = channel_sent(self.world, place)
        for id in gone:
            del guild.channels[id]
        for message in [m for m in self.world.messages.values() if m.channel in gone]:
            del self.world.messages[message.id]
        self.gateway.dispatch("THREAD_DELETE" if place.thread else "CHANNEL_DELETE", data, guild)

    def archive(self, thread: Channel, *, locked: bool = False, back: bool = False) -> None:
        """A thread is archived, with `locked` so that only those who manage threads bring it back; or brought back."""
        self.change_channel(thread, archived=not back, locked=locked)

    def delete_message(self, message: Message) -> None:
        """Somebody deletes a message."""
        del self.world.messages[message.id]
        guild = self.world.guilds.get(message.guild or "")
        where = {"guild_id": guild.id} if guild else {}
        self.gateway.dispatch("MESSAGE_DELETE", {"id": message.id, "channel_id": message.channel, **where}, guild)

    def new_role(self, guild: Guild, name: str, *permissions: str, **how: Any) -> Role:
        """A role is made while the bot is there."""
        role = guild.role(name, *permissions, **how)
        self.gateway.dispatch("GUILD_ROLE_CREATE", {"guild_id": guild.id, "role": role.as_sent()}, guild)
        return role

    def change_role(self, guild: Guild, role: Role, **changes: Any) -> None:
        """A role is changed: `permissions={"view_channel"}`."""
        self._set(role, changes)
        self.gateway.dispatch("GUILD_ROLE_UPDATE", {"guild_id": guild.id, "role": role.as_sent()}, guild)

    def delete_role(self, guild: Guild, role: Role) -> None:
        """A role is deleted."""
        del guild.roles[role.id]
        for member in guild.members.values():
            member.roles = [id for id in member.roles if id != role.id]
        self.gateway.dispatch("GUILD_ROLE_DELETE", {"guild_id": guild.id, "role_id": role.id}, guild)

    def change_member(self, guild: Guild, member: Member, **changes: Any) -> None:
        """A member is changed: `roles=[...]`. Of others than itself the bot hears with the privileged intent only."""
        self._set(member, changes)
        self.gateway.dispatch("GUILD_MEMBER_UPDATE", {**member.as_sent(), "guild_id": guild.id}, guild)

    def leave(self, guild: Guild, member: Member) -> None:
        """A member leaves a guild."""
        del guild.members[member.id]
        data = {"guild_id": guild.id, "user": member.user.as_sent()}
        self.gateway.dispatch("GUILD_MEMBER_REMOVE", data, guild)

    def _guild(self, place: Channel) -> Guild:
        guild = self.world.guild_of(place)
        if guild is None:
            raise KeyError(f"{place.id} is in no guild")
        return guild

    def _set(self, thing: Any, changes: dict[str, Any]) -> None:
        for key, value in changes.items():
            if not hasattr(thing, key):
                raise AttributeError(f"{type(thing).__name__} has no {key}")
            setattr(thing, key, value)
