"""The workspaces that installed the app by OAuth: their tokens at hand in memory, and renewed before they expire."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from msgspec import Struct
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from bot.connectors import ChannelGone
from bot.connectors.slack.api import Identity
from bot.connectors.slack.vault import States, Vault

if TYPE_CHECKING:
    from bot.connectors.slack.api import Api

log = logging.getLogger(__name__)

RENEW_BEFORE = 120
"""Minutes before its end at which a token is renewed, of the twelve hours that it lives.

https://docs.slack.dev/authentication/using-token-rotation
"""
AT_ONCE = 10**9
"""More minutes than any token lives."""

NOT_INSTALLED = "Sidelines is not installed in that workspace; an admin can install it."


class Installed(Struct, frozen=True):
    """What is known of the bot in a workspace."""

    token: str
    identity: Identity
    installer: str | None
    since: float

    def __repr__(self) -> str:
        return f"Installed({self.identity!r})"


class Installations:
    """The bot tokens of all workspaces that installed the app.

    What was asked once is answered from memory, anything else from the database; Slack is asked only to renew. Methods
    raise StorageError when the stored tokens were encrypted with another key.
    """

    def __init__(self, engine: Any, *, client_id: str, client_secret: str, keys: tuple[str, ...]) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.states = States(engine)
        self._vault = Vault(engine, client_id, keys)
        self._known: dict[str, Installed] = {}
        self._organisations: dict[str, str] = {}
        self._changes = 0
        self._renewing = asyncio.Lock()

    async def token(self, team: str) -> str:
        """The bot token of a workspace. Raises ChannelGone when the app is not installed there."""
        return (await self._installed(team)).token

    async def identity(self, team: str) -> Identity:
        """Who the bot is in a workspace. Raises ChannelGone when the app is not installed there."""
        return (await self._installed(team)).identity

    def installer(self, team: str) -> str | None:
        """The person who installed the app, as far as it is known in memory."""
        return self._known[team].installer if team in self._known else None

    def met(self, team: str, enterprise: str) -> None:
        """Something came from a workspace of an organisation, whose installation may serve it."""
        self._organisations[team] = enterprise

    async def async_save(self, installation: Installation) -> None:
        """Keep a new installation; it is used from now on. Named as slack-bolt's flow calls it."""
        async with self._renewing:
            await asyncio.to_thread(self._vault.save, installation)
            self._forget()
        log.info("installed", extra={"action": "slack_installed", "team": installation.team_id})

    async def connect(self, api: Api) -> None:
        """Take all workspaces into memory, their tokens fresh."""
        await self.upkeep(api)
        for team in await asyncio.to_thread(self._vault.teams):
            try:
                await self._installed(team)
            except ChannelGone:
                log.warning("the organisation's installation is gone", extra={"action": "slack_gone", "team": team})

    async def newer(self, team: str, moment: float) -> bool:
        """Whether the app was installed after a moment: in a later second, as Slack tells no parts of one."""
        try:
            return int((await self._installed(team)).since) > moment
        except ChannelGone:
            return False

    async def revoked(self, team: str) -> None:
        """The app was uninstalled, or its tokens revoked: forget them, at once."""
        async with self._renewing:
            installation = await asyncio.to_thread(self._vault.find, team, self._organisations.get(team))
            if installation is not None:
                await asyncio.to_thread(self._vault.delete, installation.team_id, installation.enterprise_id)
            self._forget()

    async def upkeep(self, api: Api) -> None:
        """Renew the tokens that expire soon, encrypt with the newest key, and forget installations never finished."""
        await asyncio.to_thread(self.states.tidy, datetime.now(UTC))
        if count := await asyncio.to_thread(self._vault.reseal):
            log.info("tokens encrypted anew", extra={"action": "slack_tokens_resealed", "count": count})
            self._forget()
        for installation in await asyncio.to_thread(self._vault.all):
            await self._renew(installation.team_id, installation.enterprise_id, RENEW_BEFORE, api)

    async def renew(self, team: str, used: str, api: Api) -> bool:
        """Slack refused a token as expired: whether there is another one now."""
        return await self._renew(team, self._organisations.get(team), AT_ONCE, api, used)

    async def _renew(
        self, team: str | None, enterprise: str | None, minutes: int, api: Api, used: str | None = None
    ) -> bool:
        """Exchange a token that lives no more than some minutes longer for a new one, if it expires at all.

        Answers whether there is a new one: somebody else may have exchanged the `used` one already.
        """
        rotator = AsyncTokenRotator(client=api.client(), client_id=self.client_id, client_secret=self.client_secret)
        about = {"action": "slack_renew", "team": team or enterprise}
        async with self._renewing:  # a refresh token is good once
            installation = await asyncio.to_thread(self._vault.find, team, enterprise)
            if installation is None:
                return False
            if used and installation.bot_token != used:
                self._forget()  # Another process was quicker.
                return True
            try:
                renewed = await rotator.perform_token_rotation(
                    installation=installation, minutes_before_expiration=minutes
                )
            except SlackTokenRotationError as error:
                reason = error.api_error.response.get("error")
                log.error(
                    "Slack did not renew a token (%s); an admin should install the app again", reason, extra=about
                )
                return False
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                log.warning("a token could not be renewed yet: %s", type(error).__name__, extra=about)
                return False
            if renewed is None:
                return False
            await asyncio.to_thread(self._vault.save, renewed)
            self._forget()
        log.info("token renewed", extra=about)
        return True

    async def _installed(self, team: str) -> Installed:
        """What is known of a workspace."""
        if known := self._known.get(team):
            return known
        changes = self._changes
        installation = await asyncio.to_thread(self._vault.find, team, self._organisations.get(team))
        if installation is None or installation.bot_token is None:
            raise ChannelGone(NOT_INSTALLED)
        if installation.team_id is None:
            await asyncio.to_thread(self._vault.belongs, team, installation)
        known = Installed(
            token=installation.bot_token,
            identity=Identity(
                team=team,
                bot_user=installation.bot_user_id or "",
                bot_id=installation.bot_id or "",
                scopes=frozenset(installation.bot_scopes or ()),
            ),
            installer=installation.user_id,
            since=installation.installed_at,
        )
        if changes == self._changes:  # else what was read is out of date by now
            self._known[team] = known
        return known

    def _forget(self) -> None:
        """Ask the database again for all of them: an organisation's installation may serve many."""
        self._changes += 1
        self._known.clear()
