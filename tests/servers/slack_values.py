"""What a Slack holds: workspaces, people, channels, messages, views, tokens; and a record of what was asked of it."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

APP_ID = "A0SIDELINES"


@dataclass
class User:
    """One person or bot. `tz` None is a person without a zone; `deleted` is a deactivated account."""

    id: str
    team: str
    name: str
    admin: bool = False
    owner: bool = False
    bot: bool = False
    deleted: bool = False
    tz: str | None = "Europe/London"


@dataclass
class Channel:
    """One conversation; `im` is the person in a direct conversation with the bot."""

    id: str
    team: str
    name: str
    creator: str
    members: set[str]
    private: bool = False
    archived: bool = False
    restricted: bool = False
    im: str | None = None

    @property
    def kind(self) -> str:
        """`channel_type` of events, and the beginning of the scopes that are about it is `family`."""
        return "im" if self.im else "group" if self.private else "channel"

    @property
    def family(self) -> str:
        return {"im": "im", "group": "groups", "channel": "channels"}[self.kind]


@dataclass
class Message:
    """One message. `person` sees it alone when it is ephemeral; `via` is "api", "person" or "response_url"."""

    team: str
    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    bot_id: str | None = None
    person: str | None = None
    via: str = "api"
    edited: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """All words that a reader sees: those of the blocks, or of the text where there are none."""
        return shown(self.blocks) if self.blocks else self.text

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """Every element of the message that can be pressed or chosen from, with its block's id."""
        return interactive(self.blocks)

    @property
    def unfurls(self) -> bool:
        """Whether Slack would show previews of the links, as it does unless an app switches both kinds off."""
        return any(self.arguments.get(key) not in {False, "0", "false"} for key in ("unfurl_links", "unfurl_media"))

    def as_sent(self, *, metadata: bool = False) -> dict[str, Any]:
        """The message as events, history and the answer of chat.postMessage hold it."""
        data: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "text": self.text,
            "ts": self.ts,
            "team": self.team,
        }
        data |= {"blocks": self.blocks} if self.blocks else {}
        data |= {"bot_id": self.bot_id, "app_id": APP_ID} if self.bot_id else {}
        data |= {"thread_ts": self.thread_ts} if self.thread_ts else {}
        data |= {"edited": {"user": self.user, "ts": self.ts}} if self.edited else {}
        if self.metadata:
            data |= (
                {"metadata": self.metadata} if metadata else {"metadata": {"event_type": self.metadata["event_type"]}}
            )
        return data


@dataclass
class View:
    """A modal or a Home tab as it stands; `open` until it is submitted, closed or taken away."""

    id: str
    team: str
    user: str
    raw: dict[str, Any]
    root: str
    previous: str | None = None
    revision: int = 1
    open: bool = True
    channel: str | None = None

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.raw.get("blocks", []))

    @property
    def title(self) -> str:
        return str(self.raw.get("title", {}).get("text", ""))

    @property
    def shown(self) -> str:
        return shown(self.blocks)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return interactive(self.blocks)

    @property
    def hash(self) -> str:
        return f"{self.revision}.{self.id}"

    def as_sent(self, bot_id: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """The view as payloads and answers hold it, with what is filled in."""
        named = {"id": self.id, "team_id": self.team, "app_id": APP_ID, "bot_id": bot_id, "hash": self.hash}
        empty = {"callback_id": "", "private_metadata": "", "external_id": "", "close": None, "submit": None}
        links = {"root_view_id": self.root, "previous_view_id": self.previous}
        return {**empty, **self.raw, **named, **links, "state": {"values": values or {}}}


@dataclass
class Token:
    """A bot token or an app-level token (team "")."""

    team: str
    scopes: tuple[str, ...]
    expires: float = math.inf
    revoked: bool = False
    refresh: str | None = None


@dataclass
class Workspace:
    """One workspace. `active` False is a deactivated one: every call is answered with account_inactive.

    `token` is the bot's where the app is there from the beginning.
    """

    id: str
    name: str
    bot_user: str
    bot_id: str
    scopes: tuple[str, ...]
    installed: bool = True
    active: bool = True
    token: str = ""
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    def user(self, id: str, name: str, **more: Any) -> User:
        """Add a person: `admin`, `owner`, `bot`, `deleted`, `tz`."""
        self.users[id] = User(id, self.id, name, **more)
        return self.users[id]

    def channel(
        self, id: str, name: str, *, creator: str = "", members: tuple[str, ...] = (), bot: bool = True, **more: Any
    ) -> Channel:
        """Add a channel: `private`, `archived`, `restricted` (the bot may not post). `bot`: it is a member."""
        inside = set(members or [user.id for user in self.users.values() if not user.bot])
        inside |= {self.bot_user} if bot else set()
        self.channels[id] = Channel(id, self.id, name, creator or min(inside, default=""), inside, **more)
        return self.channels[id]

    def direct(self, user: str) -> Channel:
        """The direct conversation of a person with the bot, opened when it is first needed."""
        id = "D" + user[1:]
        if id not in self.channels:
            self.channels[id] = Channel(id, self.id, "directmessage", self.bot_user, {user, self.bot_user}, im=user)
        return self.channels[id]


@dataclass
class Trigger:
    """A `trigger_id`: good for one modal within three seconds."""

    team: str
    user: str
    issued: float
    channel: str | None = None
    view: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """Where an app may answer a command or a button; `message` is the one that the button is in."""

    team: str
    channel: str
    user: str
    issued: float
    message: Message | None = None
    payloads: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """One call of the Web API: its arguments with JSON decoded, when it came, and the answer. Status 0 is no answer."""

    method: str
    team: str
    arguments: dict[str, Any]
    time: float
    status: int
    answer: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.status == 200 and self.answer.get("ok") is True


def shown(blocks: list[dict[str, Any]]) -> str:
    """The words of blocks in reading order, a line for each text."""
    return "\n".join(words for block in blocks for words in _words(block))


def _words(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _words(item)
    elif isinstance(part, dict):
        if part.get("type") in {"rich_text_section", "rich_text_quote", "rich_text_preformatted"}:
            yield "".join(map(_inline, part["elements"]))
        elif isinstance(part.get("text"), str):
            yield part["text"]
        else:
            for key in ("title", "text", "label", "fields", "elements", "element", "accessory", "placeholder", "hint"):
                yield from _words(part.get(key))


def _inline(element: dict[str, Any]) -> str:
    """The words of a part of a rich text; a channel by its id, as `#C1`, which Slack shows by its name."""
    channel = element.get("channel_id")
    return f"#{channel}" if channel else str(element.get("text") or element.get("url") or "")


def interactive(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every element that has an action id, with the id of its block."""
    return [
        {**element, "block_id": block.get("block_id", "")}
        for block in blocks
        for element in [*block.get("elements", []), block.get("accessory"), block.get("element")]
        if isinstance(element, dict) and "action_id" in element
    ]
