"""Whether a channel can be subscribed: looked at when somebody asks for it, not when its first briefing is refused."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from bot.connectors import ChannelGone, DeliveryError
from bot.connectors.slack.parts import Parts
from bot.connectors.slack.refusals import ARCHIVED
from briefings.types import Notice, Reply

log = logging.getLogger(__name__)

SUBSCRIBE = re.compile(r"subscribe\s+.*?(?:#(?P<channel>\S+))?\s*", re.DOTALL | re.IGNORECASE)


def subscribed_channel(text: str, here: str) -> str | None:
    """The id of the channel that a `subscribe` is about, `here` when it names none; None for other words."""
    match = SUBSCRIBE.fullmatch(text.strip())
    return (match["channel"] or here) if match else None


async def in_channel(parts: Parts, team: str, channel: str, subscribe: Callable[[], Awaitable[Reply]]) -> Reply:
    """The reply of `subscribe`, with a word on inviting where that is needed; a refusal when there is no such channel.

    As long as Slack does not tell about the channel, it counts as there.
    """
    if channel.startswith(("D", "U", "W")):  # A person's own conversation with the bot is always there.
        return await subscribe()
    inside = True
    try:
        asked = await parts.api.patiently(lambda: parts.api.call(team, "conversations.info", channel=channel))
        if asked["channel"].get("is_archived"):
            raise ChannelGone(ARCHIVED)
        inside = asked["channel"].get("is_member", True)
    except ChannelGone as error:
        return Reply((Notice(f"That was not saved. {error}", "refused"),), private=True, found=False)
    except DeliveryError as error:
        log.info("a channel is unknown: %s", error, extra={"action": "channel_unknown", "channel": channel})
    reply = await subscribe()
    if inside or not reply.found:
        return reply
    invite = Notice(f"Sidelines is not in #{channel} yet: type `/invite @Sidelines` there, so that it can post.")
    return replace(reply, contents=(*reply.contents, invite))
