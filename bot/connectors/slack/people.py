"""Who somebody is in a Slack workspace: name, time zone, and what they may manage. Looked up when needed, then kept."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from bot.connectors import Asker, ChannelGone, DeliveryError
from bot.connectors.slack.api import Api
from bot.connectors.slack.parts import channel_name, workspace_name

KEPT = 600.0
"""Seconds that a profile is believed: so long a new admin may be refused."""
MOST = 5000
"""Profiles and creators kept; with more, all are looked up anew."""
PAGE, PAGES = 200, 5
"""People on a page, and pages looked through for an admin: https://docs.slack.dev/reference/methods/users.list."""
PERSON = re.compile(r"@([UW][A-Z0-9]{5,})\b")
ADMINS = "workspace admins and owners"


class Profile(Struct, frozen=True):
    """What matters of a person: their plain name, whether they run the workspace, and their IANA zone."""

    name: str
    admin: bool
    zone: str | None


class People:
    """Profiles of people and the creators of channels, each asked of Slack once in a while."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._profiles: dict[tuple[str, str], tuple[float, Profile]] = {}
        self._creators: dict[tuple[str, str], tuple[float, str | None]] = {}
        self._admins: dict[str, str] = {}

    async def profile(self, team: str, person: str) -> Profile:
        """The profile of a person. Raises a DeliveryError when Slack does not tell."""
        if known := self.known(team, person):
            return known
        answer = await self._api.patiently(partial(self._api.call, team, "users.info", user=person))
        user = answer["user"]
        profile = Profile(_name(user) or person, _admin(user, team), _zone(user))
        if len(self._profiles) >= MOST:
            self._profiles.clear()
        self._profiles[team, person] = (self._api.monotonic() + KEPT, profile)
        if profile.admin:
            self._admins.setdefault(team, person)
        return profile

    def known(self, team: str, person: str) -> Profile | None:
        """The profile as far as it is at hand, without asking anybody."""
        until, profile = self._profiles.get((team, person), (0.0, None))
        return profile if self._api.monotonic() < until else None

    def admin(self, team: str) -> str | None:
        """Somebody who runs the workspace, if one is known."""
        return self._admins.get(team)

    async def look_for_admin(self, team: str) -> None:
        """Find somebody who runs the workspace, an owner if possible, among its first people."""
        cursor, found = None, None
        for _ in range(PAGES):
            answer = await self._api.patiently(partial(self._api.call, team, "users.list", limit=PAGE, cursor=cursor))
            for user in answer["members"]:
                if user.get("deleted") or user.get("is_bot"):
                    continue
                if user.get("is_owner"):
                    self._admins[team] = user["id"]
                    return
                found = found or (user["id"] if user.get("is_admin") else None)
            if not (cursor := (answer.get("response_metadata") or {}).get("next_cursor")):
                break
        if found:
            self._admins[team] = found

    async def asker(self, team: str, channel: str, person: str, *, managing: bool, thread: str | None = None) -> Asker:
        """Who asks from a channel. Only when `managing` is it looked up what they may do, and their zone.

        Admins manage the workspace; who made a channel, that channel; everybody, their own direct conversation.
        Raises a DeliveryError when Slack does not tell.
        """
        asker = Asker(
            workspace=workspace_name(team),
            channel=channel_name(team, channel, person),
            person=person,
            may_manage=False,
            managers=ADMINS,
            thread=thread,
        )
        if not managing:
            return asker
        profile = await self.profile(team, person)
        creator = person if channel[:1] in {"D", "U", "W"} else await self._creator(team, channel)
        managers = ADMINS
        if creator and creator != person:
            managers = await self.names(team, f"{ADMINS}, and @{creator}, who made this channel,")
        return Asker(
            workspace=asker.workspace,
            channel=asker.channel,
            person=person,
            may_manage=profile.admin or creator == person,
            zone=profile.zone,
            managers=managers,
            thread=thread,
            only_here=not profile.admin,
        )

    async def names(self, team: str, text: str) -> str:
        """The text with each `@U0AB` replaced by the person's plain name, where Slack tells it."""
        for person in {match[1] for match in PERSON.finditer(text)}:
            try:
                name = (await self.profile(team, person)).name
            except DeliveryError:  # No such person any more, or Slack does not tell: the id stays.
                continue
            text = re.sub(rf"@{person}\b", name.replace("\\", r"\\"), text)
        return text

    async def _creator(self, team: str, channel: str) -> str | None:
        """Who made a channel; None when Slack does not show it."""
        until, creator = self._creators.get((team, channel), (0.0, None))
        if self._api.monotonic() < until:
            return creator
        try:
            answer = await self._api.patiently(partial(self._api.call, team, "conversations.info", channel=channel))
            creator = answer["channel"].get("creator") or None
        except ChannelGone:  # Private, and the bot is not in it.
            creator = None
        if len(self._creators) >= MOST:
            self._creators.clear()
        self._creators[team, channel] = (self._api.monotonic() + KEPT, creator)
        return creator


def _name(user: dict[str, Any]) -> str:
    profile = user.get("profile") or {}
    return str(profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name"))


def _admin(user: dict[str, Any], team: str) -> bool:
    """Whether the person runs this workspace, and not another one that shares a channel with it."""
    teams = {user.get("team_id", team), *(user.get("enterprise_user") or {}).get("teams", ())}
    return team in teams and bool(user.get("is_admin") or user.get("is_owner"))


def _zone(user: dict[str, Any]) -> str | None:
    """The zone that a person set, if it is one."""
    name = user.get("tz")
    try:
        return ZoneInfo(name).key if isinstance(name, str) and name else None
    except (KeyError, OSError, ValueError):  # Not known here, or no name at all.
        return None
