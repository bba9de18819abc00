"""Slack: Socket Mode or signed HTTP requests, one workspace by its token or many by OAuth.

`api` calls Slack, `people` knows who somebody is, `replying` shows replies, `serving` is the line to Slack, and each
module of ways in (`incoming`, `modals`, `adding`, `home`, `assistant`, `shortcuts`) is a `register(app, parts)`.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bot.connectors import ChannelGone, DeliveryError, Desk, Limits, OutcomeUnknown, Part, TemporaryFailure
from bot.connectors.slack.api import Api, SingleTeam, Tokens
from bot.connectors.slack.installing import add_pages
from bot.connectors.slack.manifest import REQUESTS_PATH
from bot.connectors.slack.oauth import Installations
from bot.connectors.slack.parts import Parts, channel_of, team_of, workspace_name
from bot.connectors.slack.people import People
from bot.connectors.slack.replying import Replies
from bot.connectors.slack.serving import Endpoint, SocketMode, build
from bot.render import block_kit
from bot.render.limits import SLACK_MESSAGE
from bot.tasks import Tasks
from briefings.types import Content

if TYPE_CHECKING:
    from bot.web import Web

log = logging.getLogger(__name__)

PER_CHANNEL = 0.98
"""Messages a second; Slack permits about one: https://docs.slack.dev/apis/web-api/rate-limits."""
FINISHING = 5.0
"""Seconds that replies under way get when the program stops."""
SETTLED = timedelta(seconds=10)
"""How long what an earlier process sent, killed meanwhile, may still take to appear."""
KNOWING = 20.0
"""Seconds to wait for Slack to say who the bot is."""


class Settings(Struct, frozen=True, kw_only=True):
    """What Slack is reached with: a bot token or, for many workspaces, OAuth; an app token, or a signing secret.

    `messages_per_second` is for each workspace. `public_url` is where browsers find the pages of installing.
    """

    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""
    client_id: str = ""
    client_secret: str = ""
    encryption_keys: tuple[str, ...] = ()
    api_url: str = "https://slack.com/api/"
    public_url: str = ""
    messages_per_second: float = math.inf

    def __repr__(self) -> str:
        return f"Settings(api_url={self.api_url!r}, public_url={self.public_url!r}, ...)"


def create(
    settings: Settings,
    *,
    engine: Any = None,
    web: Web | None = None,
    limited: Callable[[], object] = lambda: None,
) -> Slack:
    """The connector. Does no I/O. `engine` keeps installations; `web` serves requests and the pages of installing.

    `limited` is called whenever Slack refuses something as too fast.
    """
    return Slack(settings, engine, web, limited)


class Slack:
    """See `bot.connectors.Connector`."""

    name = "slack"

    def __init__(self, settings: Settings, engine: Any, web: Web | None, limited: Callable[[], object]) -> None:
        self.limits = Limits(
            messages_per_second=math.inf,
            messages_per_second_per_channel=PER_CHANNEL,
            messages_per_second_per_workspace=settings.messages_per_second,
            message_characters=SLACK_MESSAGE,
        )
        self.listens_alone = bool(settings.app_token)
        self._app_token = settings.app_token
        self._single = SingleTeam(settings.bot_token)
        self._tokens: Tokens = self._single
        self._endpoint = (
            None if settings.app_token or not settings.signing_secret else Endpoint(settings.signing_secret)
        )
        self._desk: Desk | None = None
        self._socket: SocketMode | None = None
        if web and self._endpoint:
            web.add("POST", REQUESTS_PATH, self._endpoint.handle)
        if settings.client_id:
            installations = Installations(
                engine,
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                keys=settings.encryption_keys,
            )
            self._tokens = installations
        self._api = Api(settings.api_url, self._tokens, limited=limited)
        self._people = People(self._api)
        self._began = self._api.monotonic()
        if settings.client_id and web:
            add_pages(web, installations, self._api, public_url=settings.public_url, installed=self._installed)

    async def listen(self, desk: Desk) -> None:
        """Take what people do until cancelled. Raises ChannelGone when Slack refuses a token that was set."""
        tasks = Tasks()
        parts = Parts(desk, self._api, self._people, Replies(self._api, self._people), tasks)
        app = build(parts)
        self._desk = desk
        if self._endpoint:
            self._endpoint.open(app)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._connect(desk))
                if self._app_token:
                    self._socket = SocketMode(app, self._api, self._app_token)
                    group.create_task(self._socket.run())
                else:
                    await asyncio.Event().wait()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._socket = None
            if self._endpoint:
                self._endpoint.open(None)
            await tasks.finish(FINISHING)
            await self._api.close()

    async def stand_by(self) -> None:
        """Be able to send, until cancelled, while another process listens. Raises as `listen` does."""
        try:
            await self._tokens.connect(self._api)
            if self._tokens is self._single:
                await self._look_for_admin(await self._single.team())
            await asyncio.Event().wait()
        finally:
            await self._api.close()

    def deaf(self) -> float:
        """Seconds since the line was last seen open; never over HTTP, where Slack comes to us."""
        if not self._app_token:
            return 0.0
        return self._api.monotonic() - self._socket.heard if self._socket else math.inf

    def render(self, content: Content) -> Sequence[Part]:
        """A lead and what follows in its thread, each within Slack's limits."""
        return tuple(Part(message.payload, message.text) for message in block_kit.messages(content))

    async def clear(self) -> None:
        """Nothing to wait for."""

    async def send(self, channel: str, part: Part, *, key: str, thread: str | None) -> str:
        """Post one part. See `bot.connectors.Connector.send`."""
        if not channel_of(channel):
            raise ChannelGone(
                "Nobody is known who runs the workspace; one of its admins should write to Sidelines once."
            )
        return await self._api.post(team_of(channel), channel_of(channel), part.payload, thread=thread, key=key)

    async def edit(self, channel: str, message: str, part: Part, *, thread: str | None) -> None:
        """Put a part in the place of a message."""
        await self._api.edit(team_of(channel), channel_of(channel), message, part.payload)

    async def find(
        self, channel: str, *, key: str, thread: str | None, begun: datetime | None = None, told: Collection[str] = ()
    ) -> str | None:
        """Look for the part's key in the metadata of what was posted since."""
        try:
            async with asyncio.timeout(KNOWING):
                await self._tokens.identity(team_of(channel))
        except TimeoutError as error:
            raise TemporaryFailure("Slack has not said yet who Sidelines is there.") from error
        except ChannelGone as error:
            raise OutcomeUnknown(str(error)) from error
        message = await self._api.find(team_of(channel), channel_of(channel), key, thread)
        early = SETTLED - timedelta(seconds=self._api.monotonic() - self._began)
        if message is None and early > timedelta(0):
            raise OutcomeUnknown("It may still appear.", early)
        return message

    def managers(self, workspace: str, person: str | None) -> str:
        """A direct message to the person, else to who installed Sidelines, else to an admin."""
        team = workspace.partition(":")[2]
        return f"{workspace}:#{person or self._tokens.installer(team) or self._people.admin(team) or ''}"

    async def upkeep(self) -> None:
        """Renew tokens that expire soon."""
        await self._tokens.upkeep(self._api)

    async def _connect(self, desk: Desk) -> None:
        """Learn who the bot is; meanwhile what comes in is acknowledged and waits."""
        await self._tokens.connect(self._api)
        if self._tokens is not self._single:
            return
        team = await self._single.team()
        await desk.regained(workspace_name(team))
        await self._look_for_admin(team)

    async def _look_for_admin(self, team: str) -> None:
        try:
            await self._people.look_for_admin(team)
        except DeliveryError as error:
            log.warning("no admin is known for notices: %s", error, extra={"action": "no_admin", "team": team})

    async def _installed(self, team: str) -> None:
        """A workspace installed the app, or did so again."""
        if self._desk:
            await self._desk.regained(workspace_name(team))
