"""The whole bot beside a local Slack, in one event loop: what people do there, and what they are shown."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from briefings.types import Subscription
from tests.servers.ports import free_port
from tests.servers.slack import Delivery, Message, SlackServer, View
from tests.wire.whole import SAMPLES, Whole, stock

__all__ = ["SAMPLES", "Office", "furnish", "stock"]

TEAM, OTHER = "T0ACME001", "T0BOLT001"
WORLD, NEWS, SECRET = "C0WORLD001", "C0NEWS0001", "G0SECRET01"
KIM, LEE, ANN = "U0KIM00001", "U0LEE00001", "U0ANN00001"
"""An admin in Seoul; a member without a zone; a member who made the channel NEWS."""
BOLT, MAX = "C0BOLT0001", "U0MAX00001"
"""The channel of the other workspace, and its owner."""
KEY = "an encryption key that nobody else has and that is long"


def furnish(slack: SlackServer, *, installed: bool) -> None:
    """Two workspaces with people and channels; the second is used by OAuth alone."""
    acme = slack.add_workspace(TEAM, "Acme", installed=installed)
    acme.user(KIM, "kim", admin=True, tz="Asia/Seoul")
    acme.user(LEE, "lee", tz=None)
    acme.user(ANN, "ann", tz="Europe/Berlin")
    acme.channel(WORLD, "world", creator=KIM)
    acme.channel(NEWS, "news", creator=ANN)
    acme.channel(SECRET, "secret", creator=KIM, private=True)
    bolt = slack.add_workspace(OTHER, "Bolt", installed=False)
    bolt.user(MAX, "max", owner=True, tz="America/New_York")
    bolt.channel(BOLT, "world", creator=MAX)


Deed = Awaitable[Delivery]
"""What somebody does, still to be done."""


def acknowledged(done: Delivery) -> Delivery:
    """The same, having been acknowledged in time."""
    assert done.acknowledged, (done.status, done.seconds, done.error)
    return done


def text_of(messages: Iterable[Message]) -> str:
    return "\n".join(message.shown for message in messages)


def labels(messages: Iterable[Message | View]) -> list[str]:
    """The labels of all buttons."""
    return [button["text"]["text"] for message in messages for button in message.buttons if button["type"] == "button"]


class Office(Whole):
    """One bot with its folder, reached in one mode: "socket", "http", or "oauth" (over HTTP, installed by people)."""

    def __init__(self, mode: str, folder: Path, slack: SlackServer, work: list[asyncio.Task[None]]) -> None:
        super().__init__(folder, work)
        self.mode, self.slack = mode, slack
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """The documented settings of the mode, and those that a test adds in `settings`."""
        slack = self.slack
        base = {"SLACK_API_URL": slack.api_url, **super().environ}
        door = {"SIDELINES_WEB_PORT": str(self.port), "SIDELINES_WEB_HOST": "127.0.0.1"}
        if self.mode == "socket":
            return base | {"SLACK_BOT_TOKEN": f"xoxb-{TEAM}", "SLACK_APP_TOKEN": slack.app_token}
        if self.mode == "http":
            return base | door | {"SLACK_BOT_TOKEN": f"xoxb-{TEAM}", "SLACK_SIGNING_SECRET": slack.signing_secret}
        client = {"SLACK_CLIENT_ID": slack.client_id, "SLACK_CLIENT_SECRET": slack.client_secret}
        keys = {"SIDELINES_SLACK_ENCRYPTION_KEY": KEY, "SLACK_SIGNING_SECRET": slack.signing_secret}
        return base | door | client | keys | {"SIDELINES_WEB_PUBLIC_URL": self.url}

    # The bot ---------------------------------------------------------------------------------------------------

    def reached(self) -> Awaitable[None]:
        """Until Slack reaches the bot."""
        if self.mode == "socket":
            return self.slack.socket().connected(beyond=self.slack.lines.connections)
        self.slack.http(f"{self.url}/slack/events")
        return self.reachable()

    async def install(self, team: str, person: str) -> tuple[int, str]:
        """A person installs the bot in their workspace by the browser."""
        return await self.slack.install(f"{self.url}/slack/install", team, person)

    async def reachable(self) -> None:
        """Until the web server answers Slack's first question as it should."""
        async with asyncio.timeout(10):
            while True:
                with suppress(aiohttp.ClientError):
                    if (await self.slack.verify_url()).body == {"challenge": "local-challenge"}:
                        return
                await asyncio.sleep(0.02)

    # What people do, and are shown -----------------------------------------------------------------------------

    async def type(self, person: str, words: str, channel: str = WORLD, team: str = TEAM) -> str:
        """`/briefing WORDS`; gives the words that the person alone is shown for it."""
        return text_of(await self.whispers(channel, person, self.command(person, words, channel, team)))

    async def call(self, person: str, words: str, channel: str = WORLD, team: str = TEAM) -> str:
        """`/briefing WORDS`; gives the words that all in the channel are shown for it."""
        return text_of(await self.said(channel, self.command(person, words, channel, team)))

    def command(self, person: str, words: str, channel: str = WORLD, team: str = TEAM) -> Deed:
        return self.slack.command(team, channel, person, "/briefing", words)

    async def whispers(self, channel: str, person: str, deed: Deed) -> list[Message]:
        """What a person alone is shown in a channel for a deed: all of it, and something."""
        return await self._all(lambda: self.slack.ephemerals(channel, person), deed)

    async def said(self, channel: str, deed: Deed) -> list[Message]:
        """What the bot says in a channel, threads included, for a deed: all of it, and something."""
        return await self._all(lambda: self.slack.posts(channel), deed)

    async def _all(self, shown: Callable[[], list[Message]], deed: Deed) -> list[Message]:
        seen = len(shown())
        acknowledged(await deed)
        await self.slack.wait_for(lambda: len(shown()) > seen)
        await self.quiet()
        return shown()[seen:]

    async def viewed(self, deed: Deed, words: str = "") -> View:
        """The modal on top after a deed, once it has the words."""
        known = {view.id: view.revision for view in self.slack.views.values()}
        acknowledged(await deed)

        def changed() -> View | None:
            view = self.slack.view()
            return view if view and known.get(view.id) != view.revision and words in view.shown else None

        return await self.slack.wait_for(changed)

    async def home(self, person: str, words: str, deed: Deed, team: str = TEAM) -> View:
        """The Home tab of a person after a deed, once it has the words."""
        before = self.slack.home(team, person)
        revision = before.revision if before else 0
        acknowledged(await deed)

        def shown() -> View | None:
            view = self.slack.home(team, person)
            return view if view and view.revision > revision and words in view.shown else None

        return await self.slack.wait_for(shown)

    # What the clock does ---------------------------------------------------------------------------------------

    def subscribe(
        self,
        topic: str,
        channel: str = WORLD,
        *,
        due: timedelta | None = None,
        when: str = "daily at 9",
        by: str = KIM,
        team: str = TEAM,
    ) -> int:
        """Subscribe a channel behind the bot's back; `due` is how long ago its slot was. Gives the number."""
        workspace = f"slack:{team}"
        return self.subscribed(workspace, f"{workspace}:#{channel}", topic, due=due, when=when, by=by)

    def try_again(self, id: int, team: str = TEAM) -> None:
        """Let the trial of a blocked subscription be due now."""
        self.retry(f"slack:{team}", id, datetime.now(UTC))

    def subscriptions(self, team: str = TEAM) -> list[Subscription]:
        return self.storage.subscriptions.list(f"slack:{team}")
