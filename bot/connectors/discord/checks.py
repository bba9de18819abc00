"""What `sidelines doctor` asks Discord: the token, the app's switches, what the bot may do where, the starts, the time.

Nothing is posted, and no line is opened: starts are limited.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import aiohttp
import discord
from discord.http import Route
from msgspec import Struct

from bot.connectors.discord.rights import NAMES
from bot.findings import Finding, clock

TIMEOUT = aiohttp.ClientTimeout(total=15)
AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"
"""Discord wants to be told with what it is asked: https://docs.discord.com/developers/reference#user-agent."""
LISTED = 200
"""Servers that Discord lists at once: https://docs.discord.com/developers/resources/user#get-current-user-guilds."""
LOOKED_INTO = 10
"""Servers that lack something whose channels are looked at one by one; each takes two requests."""
FEWEST_STARTS = 10
"""Starts of the 1,000 a day that should be left; when none is, Discord resets the token:
https://docs.discord.com/developers/events/gateway#session-start-limit-object."""

INVITED = {**NAMES, "read_message_history": "Read Message History"}
"""The permissions that the invite link asks for, as Discord's settings name them."""
SCOPES = ("bot", "applications.commands")

UNASKED = {"Presence": 3 << 12, "Server Members": 3 << 14, "Message Content": 3 << 18}
"""Privileged intents with their flags, for small bots and for large:
https://docs.discord.com/developers/resources/application#application-object-application-flags."""

LATER = "Try again in a few minutes; https://discordstatus.com tells of outages."
ADDRESS = "DISCORD_API_URL must be the whole base address with its version, such as https://discord.com/api/v10."


class Setup(Struct, frozen=True, kw_only=True):
    """What is to be examined, as the settings have it."""

    token: str
    api_url: str = ""
    proxy: str = ""

    def __repr__(self) -> str:
        return f"Setup({self.api_url!r})"


class _Answer(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    data: Any

    def refusal(self, name: str) -> Finding:
        """What it means that this is no success."""
        if self.status == 401:
            step = "In the Developer Portal, under Bot, make a new one with Reset Token, and set DISCORD_TOKEN to it."
            return Finding(name, False, "Discord refuses it (401)", step)
        if self.status in {200, 404}:
            return Finding(name, False, f"what answers is not Discord's API (status {self.status})", ADDRESS)
        return Finding(name, False, f"Discord answers with status {self.status}", LATER)


Ask = Callable[[str], Awaitable[_Answer]]


def invitation(app: str) -> str:
    """The link that invites the bot of an app into a server."""
    permissions = discord.Permissions(**dict.fromkeys(INVITED, True))
    return discord.utils.oauth_url(app, permissions=permissions, scopes=SCOPES)


def examine(setup: Setup, now: Callable[[], datetime]) -> list[Finding]:
    """Ask Discord about everything that is set up; seconds, when it does not answer."""
    return asyncio.run(_examine(setup, now))


async def _examine(setup: Setup, now: Callable[[], datetime]) -> list[Finding]:
    base = (setup.api_url or Route.BASE).rstrip("/")
    headers = {"Authorization": f"Bot {setup.token}", "User-Agent": AGENT}
    findings: list[Finding] = []
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers=headers, proxy=setup.proxy or None) as session:

        async def ask(path: str) -> _Answer:
            async with session.get(f"{base}{path}") as response:
                try:
                    data = await response.json(content_type=None)
                except ValueError:
                    data = None
                return _Answer(response.status, response.headers, data)

        try:
            me = await ask("/users/@me")
            if _well(me, dict):
                bot = me.data
                findings.append(Finding("discord token", True, f"@{bot.get('username')} ({bot.get('id')})"))
                app = await ask("/oauth2/applications/@me")
                findings += _app(app)
                own = app.data if _well(app, dict) else bot  # the ids are the same but for bots of before 2016
                findings += [each async for each in _servers(ask, str(own.get("id")), str(bot.get("id")))]
                findings.append(_starts(await ask("/gateway/bot")))
            else:
                findings.append(me.refusal("discord token"))
            findings += clock("discord", me.headers, now())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            through = " through DISCORD_PROXY" if setup.proxy else ""
            seen = f"Discord cannot be reached at {base}{through} ({type(error).__name__})"
            step = "Check the network of this machine, DISCORD_API_URL and DISCORD_PROXY."
            findings.append(Finding("discord", False, seen, step))
    return findings


def _well(answer: _Answer, kind: type) -> bool:
    return answer.status == 200 and isinstance(answer.data, kind)


def _app(answer: _Answer) -> Iterator[Finding]:
    """Who may add the app, and the switches of the Developer Portal that keep it from working."""
    if not _well(answer, dict):
        yield answer.refusal("discord app")
        return
    app = answer.data
    whom = "public: whoever has the link can add it" if app.get("bot_public") else "private: only its owners can add it"
    yield Finding("discord app", True, f"{app.get('name')} is {whom}")
    if app.get("bot_require_code_grant"):
        seen = "a code grant is required, so that the invite link adds nothing"
        yield Finding("discord invitations", False, seen, "Switch Requires OAuth2 Code Grant off, under Bot.")
    if address := app.get("interactions_endpoint_url"):
        seen = f"commands and buttons go to {address}, not to this program"
        yield Finding("discord commands", False, seen, "Empty Interactions Endpoint URL, under General Information.")
    on = [name for name, flags in UNASKED.items() if int(app.get("flags") or 0) & flags]
    seen = "no privileged one is asked for"
    if on:
        seen += f"; {' and '.join(on)} can be switched off, under Bot"
    yield Finding("discord intents", True, seen)


async def _servers(ask: Ask, app: str, bot: str) -> AsyncIterator[Finding]:
    """In which servers the bot is, and what it lacks where it can post in none of their channels."""
    answer = await ask(f"/users/@me/guilds?limit={LISTED}")
    if not _well(answer, list):
        yield answer.refusal("discord servers")
        return
    count, link = len(answer.data), invitation(app)
    more = " or more" if count == LISTED else ""
    where = f"in {count}{more} server{'' if count == 1 else 's'}" if count else "in no server yet"
    yield Finding("discord servers", True, f"{where}; invite it with {link}")
    lacking = [(server, missing) for server in answer.data if (missing := _lacking(int(server["permissions"])))]
    for server, missing in lacking[:LOOKED_INTO]:
        name, names = f"discord permissions in {server['name']} ({server['id']})", ", ".join(missing)
        if channels := await _complete(ask, server, bot):
            yield Finding(name, True, f"nothing is missing in {_few(channels)}; elsewhere {names}")
        else:
            step = f"Permit it under Server Settings, Roles, or in a channel's settings; or invite it again with {link}"
            yield Finding(name, False, f"no channel permits all that is needed; missing: {names}", step)
    if len(lacking) > LOOKED_INTO:
        left = len(lacking) - LOOKED_INTO
        yield Finding("discord permissions elsewhere", True, f"something is missing in {left} more; not looked into")


async def _complete(ask: Ask, server: Mapping[str, Any], bot: str) -> list[str]:
    """The names of the channels in which nothing is missing, by what they permit the bot themselves."""
    channels = await ask(f"/guilds/{server['id']}/channels")
    member = await ask(f"/guilds/{server['id']}/members/{bot}")
    if not (_well(channels, list) and _well(member, dict)):
        return []
    roles = set(member.data["roles"])
    return [
        f"#{each['name']}"
        for each in channels.data
        if each["type"] in {0, 5, 15}
        and not _lacking(_permitted(int(server["permissions"]), each, ({server["id"]}, roles, {bot})))
    ]


def _permitted(server_wide: int, channel: Mapping[str, Any], layers: Iterable[set[str]]) -> int:
    """Permissions in a channel: each layer's denials, then what it allows, over those of the layers before.

    Layers are everybody, the roles and the member: https://docs.discord.com/developers/topics/permissions.
    """
    may = server_wide
    for layer in layers:
        rules = [rule for rule in channel.get("permission_overwrites") or [] if rule["id"] in layer]
        for rule in rules:
            may &= ~int(rule["deny"])
        for rule in rules:
            may |= int(rule["allow"])
    return may


def _lacking(permissions: int) -> tuple[str, ...]:
    """What is missing of the invitation's permissions, by their names."""
    may = discord.Permissions(permissions)
    return () if may.administrator else tuple(label for name, label in INVITED.items() if not getattr(may, name))


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _starts(answer: _Answer) -> Finding:
    """How often the token may still connect today."""
    if not _well(answer, dict):
        return answer.refusal("discord starts")
    limit = answer.data.get("session_start_limit") or {}
    total, left = limit.get("total", 0), limit.get("remaining", 0)
    if left >= FEWEST_STARTS:
        return Finding("discord starts", True, f"{left:,} of {total:,} are left today")
    hours = limit.get("reset_after", 0) / 3_600_000
    seen = f"only {left} of {total:,} are left, for {hours:.0f} hours"
    step = "See in the log why it connects so often; Discord resets a token that has used up all."
    return Finding("discord starts", False, seen, step)
