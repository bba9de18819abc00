"""Slack's Web API through one session: each call is one attempt, and each failure is one of the contract's errors."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import aiohttp
from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.connectors import ChannelGone, DeliveryError, OutcomeUnknown, RateLimited, TemporaryFailure
from bot.connectors.slack.refusals import POSTING, Expired, refusal
from bot.tasks import patiently

log = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT = aiohttp.ClientTimeout(total=25, sock_connect=10)
"""Seconds. Slack has been seen to answer a post after ten; the deliverer gives up on an attempt after thirty."""
LOOK_AFTER = timedelta(seconds=30)
"""How long a post that was cut off may still take to appear before its absence means that it was not posted."""
SPACING = 1.0
"""Seconds between two posts into one channel: https://docs.slack.dev/apis/web-api/rate-limits."""
PAGE, PAGES = 200, 10
"""Messages on a page, and pages looked through for a post in doubt, the newest first."""
FIRST_WAIT = 1.0
"""Seconds until Slack is asked anew whose token it is; doubled each time."""
UNREACHABLE = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""No line to Slack, so that nothing was sent."""
EVENT = "sidelines_part"
"""The type of the metadata that carry a part's key."""
HISTORY = {"C": {"channels:history", "groups:history"}, "G": {"groups:history"}, "D": {"im:history"}}
"""Permissions, one of which is needed to look for a post in doubt, by the first letter of a conversation's id."""


class Identity(Struct, frozen=True):
    """Who the bot is in a workspace, and what it was permitted there."""

    team: str
    bot_user: str
    bot_id: str
    scopes: frozenset[str] = frozenset()


class Tokens(Protocol):
    """The bot's tokens. Nothing here calls Slack, and only the first question about a team may ask the database."""

    async def token(self, team: str) -> str:
        """The bot token of a team. Raises ChannelGone when Sidelines is not installed there."""

    async def identity(self, team: str) -> Identity:
        """Who the bot is in a team; waits until that is known. Raises ChannelGone when it is not installed there."""

    def installer(self, team: str) -> str | None:
        """The person who installed it in a team, if that is known."""

    def met(self, team: str, enterprise: str) -> None:
        """Something came from a team of an organisation, where that as a whole may have installed it."""

    async def connect(self, api: Api) -> None:
        """What must be asked of Slack once at the start, however long that takes."""

    async def newer(self, team: str, moment: float) -> bool:
        """Whether it was installed in a team after a moment, in seconds since 1970."""

    async def revoked(self, team: str) -> None:
        """The team's tokens are not valid any more."""

    async def upkeep(self, api: Api) -> None:
        """Renew the tokens that expire soon."""

    async def renew(self, team: str, used: str, api: Api) -> bool:
        """Slack refused the token `used` as expired: whether there is another one now."""


class SingleTeam:
    """One fixed bot token; whose it is, Slack is asked once at the start."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._identity: asyncio.Future[Identity] | None = None

    async def token(self, team: str) -> str:
        """The one token. Raises ChannelGone for another team than its own, as far as that is known."""
        known = self._known
        if known.done() and known.result().team != team:
            raise ChannelGone("Sidelines is not installed in that workspace; an admin can install it.")
        return self._token

    async def identity(self, team: str) -> Identity:
        """Who the bot is; waits until Slack has answered."""
        await self.token(team)
        identity = await asyncio.shield(self._known)
        await self.token(team)
        return identity

    async def team(self) -> str:
        """The team that the token is of; waits until Slack has answered."""
        return (await asyncio.shield(self._known)).team

    def installer(self, team: str) -> str | None:
        """Unknown: a bare token does not tell."""
        return None

    def met(self, team: str, enterprise: str) -> None:
        """Nothing: the token is that of one team."""

    async def connect(self, api: Api) -> None:
        """Ask Slack whose token it is, until it answers. Raises ChannelGone when it refuses the token."""
        wait = FIRST_WAIT
        while not self._known.done():
            try:
                answer = await api.request(self._token, "auth.test")
            except (RateLimited, TemporaryFailure) as error:
                pause = error.retry_after.total_seconds() if isinstance(error, RateLimited) else wait
                log.warning("Slack does not answer yet: %s", error, extra={"action": "connect_again", "wait": pause})
                await api.sleep(pause)
                wait = min(wait * 2, 60.0)
            else:
                scopes = frozenset(filter(None, answer.get("scopes", "").split(",")))
                self._known.set_result(
                    Identity(answer["team_id"], answer["user_id"], answer.get("bot_id") or "", scopes)
                )

    async def newer(self, team: str, moment: float) -> bool:
        """Unknown: a bare token does not tell."""
        return False

    async def revoked(self, team: str) -> None:
        """Nothing: only the operator can set another token."""

    async def upkeep(self, api: Api) -> None:
        """Nothing: the token is fixed."""

    async def renew(self, team: str, used: str, api: Api) -> bool:
        """Never: only the operator can set another token."""
        return False

    @property
    def _known(self) -> asyncio.Future[Identity]:
        if self._identity is None:
            self._identity = asyncio.get_running_loop().create_future()
        return self._identity


class Api:
    """Every call to Slack, through one session that opens with the first call."""

    def __init__(
        self,
        base_url: str,
        tokens: Tokens,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limited: Callable[[], object] = lambda: None,
    ) -> None:
        """`limited` is called whenever Slack refuses something as too fast."""
        self.base_url = base_url
        self.tokens = tokens
        self.monotonic = monotonic
        self.sleep = sleep
        self._limited = limited
        self._session: aiohttp.ClientSession | None = None
        self._next: dict[tuple[str, str], float] = {}
        self._conversations: dict[tuple[str, str], str] = {}

    async def call(self, team: str, method: str, **arguments: Any) -> dict[str, Any]:
        """One attempt at a method with the team's token, renewed if it has expired; gives what Slack answered.

        Raises a DeliveryError.
        """
        token = await self.tokens.token(team)
        try:
            return await self.request(token, method, **arguments)
        except Expired:
            if not await self.tokens.renew(team, token, self):
                raise
        return await self.request(await self.tokens.token(team), method, **arguments)

    async def request(self, token: str, method: str, **arguments: Any) -> dict[str, Any]:
        """One attempt at a method with a token. The permissions of the token are added to the answer as `scopes`."""
        ask = getattr(self.client(), method.replace(".", "_"))
        try:
            response = await ask(token=token, **arguments)
        except SlackApiError as error:
            raise self._counted(_refusal(method, error)) from error
        except UNREACHABLE as error:
            raise TemporaryFailure("Slack cannot be reached; it is tried again.") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError) as error:
            # The request may have arrived: a broken line, no answer in time, or an answer that is none of Slack's.
            if method in POSTING:
                raise OutcomeUnknown("Slack's answer was lost, so the message may be posted or not.") from error
            raise TemporaryFailure("Slack's answer was lost; it is tried again.") from error
        return {**response.data, "scopes": response.headers.get("x-oauth-scopes", "").replace(" ", "")}

    async def post(
        self, team: str, channel: str, payload: Mapping[str, Any], *, thread: str | None, key: str | None = None
    ) -> str:
        """Post a message in a channel, in a direct conversation or to a person, and give its id there.

        `key` is put in its metadata, so that `find` can tell after an OutcomeUnknown whether it was posted.
        """
        await self._turn(team, channel, waits=key is None)  # Deliveries are paced where they are decided.
        metadata = {"event_type": EVENT, "event_payload": {"key": key}} if key else None
        try:
            answer = await self.call(
                team, "chat.postMessage", channel=channel, thread_ts=thread, metadata=metadata, **payload
            )
        except OutcomeUnknown as error:
            if key and await self._may_look(team, channel):
                raise OutcomeUnknown(str(error), LOOK_AFTER) from error
            raise
        if channel[:1] in {"U", "W"}:
            self._conversations[team, channel] = answer["channel"]
        return str(answer["ts"])

    async def edit(self, team: str, channel: str, message: str, payload: Mapping[str, Any]) -> None:
        """Put another message in the place of one; its metadata stay, since none are sent.

        See https://docs.slack.dev/reference/methods/chat.update, which knows nothing of unfurling.
        """
        conversation = self._conversations.get((team, channel), channel)
        content = {name: payload[name] for name in ("blocks", "text")}
        await self.call(team, "chat.update", channel=conversation, ts=message, **content)

    async def find(
        self, team: str, channel: str, key: str, thread: str | None, since: datetime | None = None
    ) -> str | None:
        """The id of the message posted with a key, None when there is none.

        Raises OutcomeUnknown when the conversation cannot be read, or when too much was written in it since.
        """
        conversation = self._conversations.get((team, channel), channel)
        if not await self._may_look(team, channel):
            raise OutcomeUnknown("Sidelines may not read that conversation, so it cannot tell.")
        arguments: dict[str, Any] = {"channel": conversation, "limit": PAGE, "include_all_metadata": True}
        if since:
            arguments["oldest"] = f"{since.timestamp():.6f}"
        method = "conversations.replies" if thread else "conversations.history"
        if thread:
            arguments["ts"] = thread
        for _ in range(PAGES):
            try:
                answer = await self.call(team, method, **arguments)
            except (RateLimited, TemporaryFailure):
                raise
            except DeliveryError as error:
                raise OutcomeUnknown(f"It may be posted or not: {error}") from error
            for message in answer.get("messages", ()):
                metadata = message.get("metadata") or {}
                if metadata.get("event_type") == EVENT and metadata.get("event_payload", {}).get("key") == key:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            arguments["cursor"] = cursor
        raise OutcomeUnknown("Too much was written in that conversation since.")

    async def respond(self, response_url: str, payload: Mapping[str, Any]) -> None:
        """Answer a command or a pressed button by the address that came with it: five times, within half an hour.

        See https://docs.slack.dev/interactivity/handling-user-interaction#message_responses.
        """
        try:
            async with self.session.post(response_url, json=payload, proxy=self.client().proxy) as response:
                body = await response.text()
                if response.status == 200:
                    return
                code = body.strip() if body.strip().replace("_", "").isalpha() else None
                pause = response.headers.get("Retry-After")
                raise self._counted(refusal("chat.postEphemeral", response.status, code, pause=pause))
        except UNREACHABLE as error:
            raise TemporaryFailure("Slack cannot be reached; it is tried again.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown("Slack's answer was lost, so the message may be shown or not.") from error

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Repeat an attempt while nothing was done: after doubling pauses, or those that Slack asks for if longer.

        Raises as `bot.tasks.patiently` does.
        """
        return await patiently(attempt, lambda asked, wait: max(asked or 0.0, wait), self.monotonic, self.sleep)

    def client(self) -> AsyncWebClient:
        """Slack's own client on the shared session, without the repeats that are built into it."""
        return AsyncWebClient(base_url=self.base_url, session=self.session, retry_handlers=[])

    @property
    def session(self) -> aiohttp.ClientSession:
        """The one session for everything that goes to Slack; it has to be opened within the event loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        return self._session

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    def _counted(self, error: DeliveryError) -> DeliveryError:
        if isinstance(error, RateLimited):
            self._limited()
        return error

    async def _turn(self, team: str, channel: str, *, waits: bool) -> None:
        """Wait until a post into the channel keeps its distance to the one before."""
        now = self.monotonic()
        self._next = {name: at for name, at in self._next.items() if at > now}
        at = self._next.get((team, channel), now)
        self._next[team, channel] = (at if waits else max(at - SPACING, now)) + SPACING
        if waits and at > now:
            await self.sleep(at - now)

    async def _may_look(self, team: str, channel: str) -> bool:
        """Whether a conversation can be read: permitted by its kind, and its own id known."""
        conversation = self._conversations.get((team, channel), channel)
        scopes = (await self.tokens.identity(team)).scopes
        return bool(HISTORY.get(conversation[:1], set()) & scopes)


def _refusal(method: str, error: SlackApiError) -> DeliveryError:
    """What an answer that is not "ok" means."""
    response = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    known: Mapping[str, Any] = data if isinstance(data, dict) else {}
    headers: Mapping[str, str] = getattr(response, "headers", {})
    return refusal(method, status, known.get("error"), pause=headers.get("Retry-After"), needed=known.get("needed"))
