"""A Slack's state with its few rules: what the Web API (`slack_methods`) and people (`slack_people`) both change."""

import copy
import itertools
import math
from collections.abc import Callable
from typing import Any

from tests.servers.listening import Happening
from tests.servers.slack_limits import TRIGGER_SECONDS
from tests.servers.slack_values import Call, Channel, Message, ResponseUrl, Token, Trigger, View, Workspace

# fmt: off
ALL_SCOPES = (
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
    "groups:history", "groups:read", "im:history", "im:read", "users:read",
)
ALL_EVENTS = (
    "app_mention", "message.im", "message.channels", "message.groups", "app_home_opened",
    "assistant_thread_started", "assistant_thread_context_changed", "member_joined_channel", "member_left_channel",
    "channel_archive", "channel_unarchive", "channel_deleted", "group_archive", "group_unarchive", "group_deleted",
    "app_uninstalled", "tokens_revoked",
)
# fmt: on
TIERS = {
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.info": 50,
    "conversations.open": 50,
    "users.info": 100,
    "chat.update": 50,
    "chat.postEphemeral": 100,
    "chat.getPermalink": 10_000,
    "views.open": 100,
    "views.update": 100,
    "views.push": 100,
    "views.publish": 100,
    "oauth.v2.access": 600,
    "apps.connections.open": 20,
    "auth.test": 600,
    "conversations.list": 20,
    "users.list": 20,
}
"""Calls a minute: https://docs.slack.dev/apis/web-api/rate-limits, and the page of each method."""


class Pace:
    """How fast an app may write: one message a second and channel, short bursts tolerated.

    https://docs.slack.dev/apis/web-api/rate-limits names the rate and no figure for the burst: here a bucket of
    `burst` messages refills at `per_channel` a second. `per_workspace` messages a second, None for no such limit, since
    Slack names none. `tiers` also holds methods to their documented tier, calls a minute by method and workspace.
    """

    def __init__(self) -> None:
        self.per_channel: float | None = 1.0
        self.burst = 3.0
        self.per_workspace: float | None = None
        self.tiers = False
        self._buckets: dict[tuple[str, ...], tuple[float, float]] = {}

    def too_fast(self, method: str, team: str, channel: str, now: float) -> int:
        """Seconds to wait, 0 when the call may go on and is counted."""
        wanted: list[tuple[tuple[str, ...], float, float]] = []
        if method == "chat.postMessage":
            if self.per_channel:
                wanted.append((("channel", team, channel), self.per_channel, self.burst))
            if self.per_workspace:
                wanted.append((("workspace", team), self.per_workspace, max(self.burst, self.per_workspace)))
        elif self.tiers and method in TIERS:
            minute = TIERS[method]
            wanted.append(((method, team), minute / 60, minute))
        levels = {}
        for key, rate, size in wanted:
            level, since = self._buckets.get(key, (size, now))
            level = min(size, level + (now - since) * rate)
            # A millionth of a message: adding and subtracting seconds since 1970 is no more exact than that.
            if level < 1 - 1e-6:
                return max(1, math.ceil((1 - level) / rate))
            levels[key] = (level - 1, now)
        self._buckets |= levels
        return 0


class Refused(Exception):
    """What the Web API answers instead of doing it: `{"ok": false, "error": ...}`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


class World(Happening):
    """Everything that is in this Slack, and new ids for what comes. The app is one, in many workspaces."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.client_id, self.client_secret = "1000.2000", "client-secret-of-the-local-slack"
        self.signing_secret, self.app_token = "signing-secret-of-the-local-slack", "xapp-1-A0SIDELINES-local"
        self.rotation = False
        self.events = set(ALL_EVENTS)
        self.workspaces: dict[str, Workspace] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.messages: list[Message] = []
        self.ephemerals: list[Message] = []
        self.views: dict[str, View] = {}
        self.homes: dict[tuple[str, str], View] = {}
        self.panes: dict[tuple[str, str], dict[str, Any]] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.calls: list[Call] = []
        self.pace = Pace()
        self.posted: Callable[[Message, dict[str, Any] | None], None] = lambda message, before: None
        self._numbers = itertools.count(1)

    def number(self) -> int:
        """One more than the last."""
        return next(self._numbers)

    def id(self, prefix: str) -> str:
        """A new id of a kind: "V" for views, "Ev" for events."""
        return f"{prefix}{self.number():08d}"

    def ts(self) -> str:
        """A message's id: the second it was written, and a number that makes it unique and later than all before."""
        return f"{int(self.clock())}.{self.number():06d}"

    def channel(self, id: str) -> Channel | None:
        """A channel of any workspace by its id."""
        return next((space.channels[id] for space in self.workspaces.values() if id in space.channels), None)

    def message(self, channel: str, ts: str) -> Message | None:
        """A message that everybody in the channel sees, by its id."""
        return next((m for m in self.messages if m.channel == channel and m.ts == ts), None)

    def write(self, message: Message) -> Message:
        """Put a message where people see it; its blocks get the ids that they were sent without."""
        message.blocks = self.named(message.blocks)
        (self.ephemerals if message.person else self.messages).append(message)
        if not message.person and message.via == "api":
            self.posted(message, None)
        self.changed()
        return message

    def named(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Blocks with an id for each that has none."""
        return [{"block_id": self.id("b"), **copy.deepcopy(block)} for block in blocks]

    def put_view(self, space: Workspace, user: str, raw: dict[str, Any], *, onto: View | None = None) -> View:
        """Show a new view to a person, upon another or by itself."""
        id = self.id("V")
        raw = {**raw, "blocks": self.named(raw["blocks"])}
        view = View(id, space.id, user, raw, onto.root if onto else id, onto.id if onto else None)
        self.views[id] = view
        self.changed()
        return view

    def change_view(self, view: View, raw: dict[str, Any]) -> None:
        """Show something else in a view."""
        view.raw, view.revision = {**raw, "blocks": self.named(raw["blocks"])}, view.revision + 1
        self.changed()

    def trigger(self, team: str, user: str, channel: str | None = None, view: str | None = None) -> str:
        """A new trigger id."""
        id = f"{self.number()}.{team}.trigger"
        self.triggers[id] = Trigger(team, user, self.clock(), channel, view)
        return id

    def take_trigger(self, id: Any, team: str) -> Trigger:
        """Use a trigger up. Raises `Refused` when it is unknown, late or used."""
        trigger = self.triggers.get(str(id))
        if trigger is None or trigger.team != team:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.clock() - trigger.issued > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, team: str, channel: str, user: str, message: Message | None = None) -> str:
        """A new address for answers."""
        id = self.id("R")
        self.response_urls[id] = ResponseUrl(team, channel, user, self.clock(), message)
        return f"{self.base}/response/{id}"

    def token_for(self, team: str) -> str | None:
        """A bot token that works in a workspace now, the newest one."""
        now = self.clock()
        good = [name for name, token in self.tokens.items() if token.team == team and not token.revoked]
        return next((name for name in reversed(good) if self.tokens[name].expires > now), None)
