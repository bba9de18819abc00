"""What the bot must be permitted in a channel, what of it is missing, and how to grant it."""

from __future__ import annotations

import discord
from discord.abc import GuildChannel

NAMES = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "send_messages_in_threads": "Send Messages in Threads",
    "create_public_threads": "Create Public Threads",
}
"""What is needed in a text channel, as Discord's settings name it:
https://docs.discord.com/developers/topics/permissions."""
IN_THREADS = ("view_channel", "send_messages_in_threads", "embed_links")
IN_FORUMS = ("view_channel", "send_messages", "embed_links", "send_messages_in_threads")
TO_SPEAK = {"view_channel", "send_messages", "send_messages_in_threads"}
"""Without these nothing can be posted at all; embeds and threads are there for the rest."""

Place = GuildChannel | discord.Thread


def missing(place: Place) -> tuple[str, ...]:
    """What the bot is not permitted in a channel or thread, by the names in Discord's settings.

    Discord takes everything from who may not view a channel; here only what is denied itself counts.
    """
    if isinstance(place, discord.Thread):
        return missing_in_threads(place.parent) if place.parent else ()
    return _denied(place, IN_FORUMS if isinstance(place, discord.ForumChannel) else tuple(NAMES))


def missing_in_threads(channel: GuildChannel) -> tuple[str, ...]:
    """What the bot is not permitted in the threads of a channel."""
    return _denied(channel, IN_THREADS)


def may_speak(place: Place) -> bool:
    """Whether something can be posted there."""
    blocked = {NAMES[name] for name in TO_SPEAK}
    if not isinstance(place, discord.Thread | discord.ForumChannel):
        blocked.discard(NAMES["send_messages_in_threads"])
    return not blocked & set(missing(place))


def unheard(role: discord.Role) -> str:
    """What to do so that the bot's mention of a role notifies its people; empty when it does already.

    https://docs.discord.com/developers/topics/permissions, MENTION_EVERYONE.
    """
    if role.mentionable or role.guild.me.guild_permissions.mention_everyone:
        return ""
    return (
        "Discord notifies nobody of it yet: in the server's settings, under Roles, let anyone @mention that role, "
        "or grant Sidelines the permission to mention all roles."
    )


def lacks_threads(channel: GuildChannel) -> bool:
    """Whether the bot may not begin threads there, or not write in them."""
    return bool({NAMES["create_public_threads"], NAMES["send_messages_in_threads"]} & set(missing(channel)))


NO_TAG = "That forum wants a tag on every post, and has none that Sidelines may use; ask a moderator to add one."


def lacks_tags(forum: discord.ForumChannel) -> bool:
    """Whether a forum takes tagged posts alone, and has no tag but those for moderators."""
    return forum.flags.require_tag and all(tag.moderated for tag in forum.available_tags)


def takes_posts(channel: GuildChannel) -> bool:
    """Whether briefings can be posted in a channel of that kind."""
    return isinstance(channel, discord.TextChannel | discord.ForumChannel)


def _denied(channel: GuildChannel, needed: tuple[str, ...]) -> tuple[str, ...]:
    may = GuildChannel.permissions_for(channel, channel.guild.me)
    return tuple(NAMES[name] for name in needed if not getattr(may, name))


def wanting(names: tuple[str, ...], where: str) -> str:
    """The sentence that names what is missing one by one, and how to grant it; `where` is "that channel" or "#789"."""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    them = "it" if len(names) == 1 else "them"
    return (
        f"Sidelines lacks {listed} in {where}; grant {them} to Sidelines in the channel's settings, under Permissions."
    )
