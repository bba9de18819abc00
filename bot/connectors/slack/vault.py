"""Where the tokens of installed workspaces are kept: encrypted, in slack_sdk's own tables.

Everything here waits for the database, so it runs in threads. Only bot tokens are kept: nothing else is asked for.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore

from briefings.errors import StorageError

SEALED = ("bot_token", "bot_refresh_token")
NOT_KEPT = (
    "user_token",
    "user_refresh_token",
    "incoming_webhook_url",
    "incoming_webhook_channel",
    "incoming_webhook_channel_id",
    "incoming_webhook_configuration_url",
)


class Vault:
    """The installations of one app. An installation is for a workspace, or for a whole organisation (no `team_id`).

    `engine` is SQLAlchemy's, of a database that has the tables. `keys` are texts of 32 characters or more: the first
    encrypts, all of them decrypt. What reads tokens raises StorageError when none of them fits.
    """

    def __init__(self, engine: Any, client_id: str, keys: Sequence[str]) -> None:
        self._reading = engine
        self._writing = engine.execution_options(sidelines_write=True)
        self._store = SQLAlchemyInstallationStore(client_id, self._writing)
        self._newest = _cipher(keys[0])
        self._ciphers = MultiFernet([self._newest, *map(_cipher, keys[1:])])

    def save(self, installation: Installation) -> None:
        """Keep an installation, in place of any that the workspace or organisation had before."""
        values = installation.to_dict_for_copying()
        sealed = Installation(**values | {name: self._seal(values[name]) for name in SEALED} | dict.fromkeys(NOT_KEPT))
        self._store.save(sealed)
        for table in (self._store.installations, self._store.bots):
            c = table.c
            ours = (
                c.client_id == self._store.client_id,
                c.enterprise_id == installation.enterprise_id,
                c.team_id == installation.team_id,
            )
            with self._writing.begin() as connection:
                newest = connection.execute(table.select().where(*ours).order_by(c.id.desc())).mappings()
                if row := newest.first():
                    connection.execute(table.delete().where(*ours, c.id != row["id"]))

    def find(self, team: str | None, enterprise: str | None = None) -> Installation | None:
        """The installation that serves a workspace: its own, or else that of the organisation it belongs to.

        `enterprise` is the organisation's id where it is known; otherwise the one that was noted by `belongs`.
        """
        if team and (own := self._find(team_id=team)):
            return own
        enterprise = enterprise or (self._organisation_of(team) if team else None)
        return self._find(enterprise_id=enterprise, team_id=None) if enterprise else None

    def belongs(self, team: str, organisation: Installation) -> None:
        """Note that a workspace is served by its organisation's installation, so that `find` needs only its id."""
        if self._organisation_of(team) is None:
            note = Bot(**organisation.to_bot().to_dict_for_copying() | dict.fromkeys(SEALED) | {"team_id": team})
            self._store.save_bot(note)

    def teams(self) -> list[str]:
        """The workspaces that can be served without asking Slack which there are."""
        rows = [row for table in (self._store.installations, self._store.bots) for row in self._rows(table)]
        return sorted({row["team_id"] for row in rows if row["team_id"]})

    def all(self) -> list[Installation]:
        """Every installation."""
        return [self._opened(row) for row in self._rows(self._store.installations)]

    def delete(self, team: str | None, enterprise: str | None) -> None:
        """Forget an installation and its tokens; with an organisation's, the notes of `belongs` too."""
        for table in (self._store.installations, self._store.bots):
            c = table.c
            place = c.team_id == team if team else c.enterprise_id == enterprise
            with self._writing.begin() as connection:
                connection.execute(table.delete().where(c.client_id == self._store.client_id, place))

    def clear(self) -> int:
        """Forget every installation, without reading any; answers how many there were."""
        count = len(self._rows(self._store.installations))
        for table in (self._store.installations, self._store.bots):
            with self._writing.begin() as connection:
                connection.execute(table.delete().where(table.c.client_id == self._store.client_id))
        return count

    def reseal(self) -> int:
        """Encrypt with the newest key whatever an older one encrypted; answers how many tokens that were."""
        count = 0
        for table in (self._store.installations, self._store.bots):
            for row in self._rows(table):
                old = {name: row[name] for name in SEALED if row[name] and not self._is_newest(row[name])}
                if old:
                    new = {name: self._seal(self._open(text)) for name, text in old.items()}
                    same = [table.c[name] == text for name, text in old.items()]
                    with self._writing.begin() as connection:
                        connection.execute(table.update().where(table.c.id == row["id"], *same).values(**new))
                    count += len(old)
        return count

    # Rows ---------------------------------------------------------------------------------------------------

    def _rows(self, table: Any) -> list[Any]:
        c = table.c
        with self._reading.connect() as connection:
            query = table.select().where(c.client_id == self._store.client_id).order_by(c.id)
            return list(connection.execute(query).mappings())

    def _find(self, **where: str | None) -> Installation | None:
        c = self._store.installations.c
        named = [c[name].is_(None) if value is None else c[name] == value for name, value in where.items()]
        query = (
            self._store.installations.select()
            .where(c.client_id == self._store.client_id, c.bot_token.is_not(None), *named)
            .order_by(c.id.desc())
        )
        with self._reading.connect() as connection:
            row = connection.execute(query).mappings().first()
        return self._opened(row) if row else None

    def _organisation_of(self, team: str) -> str | None:
        c = self._store.bots.c
        query = self._store.bots.select().where(
            c.client_id == self._store.client_id, c.team_id == team, c.bot_token.is_(None)
        )
        with self._reading.connect() as connection:
            row = connection.execute(query).mappings().first()
        return str(row["enterprise_id"]) if row else None

    def _opened(self, row: Any) -> Installation:
        installation = self._store.build_installation_entity(row)
        for name in SEALED:
            setattr(installation, name, self._open(getattr(installation, name)))
        return installation

    # Encryption ---------------------------------------------------------------------------------------------

    def _seal(self, text: str | None) -> str | None:
        return self._newest.encrypt(text.encode()).decode() if text else None

    def _open(self, sealed: str | None) -> str | None:
        if not sealed:
            return None
        try:
            return self._ciphers.decrypt(sealed).decode()
        except InvalidToken:
            raise StorageError(
                "The stored Slack tokens were encrypted with another key; put that key after the new one in "
                "SIDELINES_SLACK_ENCRYPTION_KEY, with a comma between; if it is lost, run `sidelines disconnect` and "
                "install the app again."
            ) from None

    def _is_newest(self, sealed: str) -> bool:
        with suppress(InvalidToken):
            self._newest.decrypt(sealed)
            return True
        return False


class States:
    """What ties the answer of an installation to the browser that began it: good once, and for ten minutes."""

    seconds = 600

    def __init__(self, engine: Any) -> None:
        self._writing = engine.execution_options(sidelines_write=True)
        self._store = SQLAlchemyOAuthStateStore(self.seconds, self._writing)

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        """A new one."""
        return await asyncio.to_thread(self._store.issue)

    async def async_consume(self, state: str) -> bool:
        """Whether it was issued, has not been used and is not too old. It cannot be used again."""
        return await asyncio.to_thread(self._store.consume, state)

    def tidy(self, now: datetime) -> None:
        """Delete those that are too old."""
        table = self._store.oauth_states
        with self._writing.begin() as connection:
            connection.execute(table.delete().where(table.c.expire_at < now.astimezone(UTC).replace(tzinfo=None)))


def _cipher(key: str) -> Fernet:
    """A cipher of any text as key. The text is drawn at random, so that no slow derivation is needed (RFC 5869)."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"sidelines: tokens of Slack").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))
