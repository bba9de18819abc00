"""What a workspace has settled for itself: named topics, and how it and its channels want their briefings."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, bindparam, delete, select

from briefings.errors import NotFound
from briefings.storage.engine import Database
from briefings.storage.tables import preferences, topics
from briefings.types import Preferences as Values


class NamedTopic(Struct, frozen=True):
    """A topic of a workspace: its name, and the query it stands for."""

    name: str
    query: str


class Topics:
    """Named queries. A name is found in whatever case it is typed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, workspace: str) -> list[NamedTopic]:
        """The topics of a workspace, by name."""
        query = select(topics.c.name, topics.c.query).where(topics.c.workspace == workspace).order_by(topics.c.key)
        with self._database.reading() as connection:
            return [NamedTopic(name, words) for name, words in connection.execute(query)]

    def get(self, workspace: str, name: str) -> NamedTopic | None:
        """The topic of that name; None when the workspace has none."""
        query = select(topics.c.name, topics.c.query).where(*_named(workspace, name))
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return NamedTopic(row.name, row.query) if row else None

    def add(self, workspace: str, name: str, query: str) -> None:
        """Name a query, or give a name another query. Subscriptions made before keep the query they have."""
        values = {"workspace": workspace, "key": _key(name), "name": name, "query": query}
        statement = self._database.insert(topics).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=[topics.c.workspace, topics.c.key], set_={"name": name, "query": query}
        )
        with self._database.writing() as connection:
            connection.execute(statement)

    def remove(self, workspace: str, name: str) -> None:
        """Forget a name. Raises NotFound."""
        with self._database.writing() as connection:
            if not connection.execute(delete(topics).where(*_named(workspace, name))).rowcount:
                raise NotFound(f'There is no topic "{name}" here; `topics` lists those there are.')


class Preferences:
    """Single preferences of a workspace, under the channel "", and of its channels, which override them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, workspace: str, name: str, value: object, *, channel: str = "") -> None:
        """Settle one preference, named as in `types.Preferences`. Raises KeyError and msgspec.ValidationError."""
        body = msgspec.json.encode(msgspec.convert(value, _TYPES[name])).decode()
        statement = self._database.insert(preferences).values(
            workspace=workspace, channel=channel, name=name, value=body
        )
        statement = statement.on_conflict_do_update(
            index_elements=[preferences.c.workspace, preferences.c.channel, preferences.c.name], set_={"value": body}
        )
        with self._database.writing() as connection:
            connection.execute(statement)

    def merged(self, workspace: str, channel: str, defaults: Values) -> Values:
        """What holds in a channel: its own preferences over the workspace's over `defaults`."""
        query = _settled.where(preferences.c.workspace == workspace, preferences.c.channel.in_(("", channel)))
        with self._database.reading() as connection:
            return Settled(connection.execute(query)).merged(workspace, channel, defaults)

    def of_workspaces(self, workspaces: Iterable[str]) -> "Settled":
        """All that is settled in `workspaces`."""
        query = _settled.where(preferences.c.workspace == bindparam("workspace"))
        with self._database.reading() as connection:
            rows = [row for name in workspaces for row in connection.execute(query, {"workspace": name})]
        return Settled(rows)


class Settled:
    """Preferences read once for many channels: `channels` are those that have any of their own."""

    def __init__(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        self._settled: dict[tuple[str, str], dict[str, Any]] = {}
        for workspace, channel, name, body in rows:
            if name in _TYPES:  # Else a version that knew it wrote it.
                value = msgspec.json.decode(body, type=_TYPES[name])
                self._settled.setdefault((workspace, channel), {})[name] = value
        self.channels = {channel for _, channel in self._settled}

    def merged(self, workspace: str, channel: str, defaults: Values) -> Values:
        """What holds in a channel: its own preferences over the workspace's over `defaults`."""
        own, common = self._settled.get((workspace, channel), {}), self._settled.get((workspace, ""), {})
        return msgspec.structs.replace(defaults, **{**common, **own})


_settled = select(preferences.c.workspace, preferences.c.channel, preferences.c.name, preferences.c.value)

_TYPES = {field.name: field.type for field in msgspec.structs.fields(Values)}


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _named(workspace: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return topics.c.workspace == workspace, topics.c.key == _key(name)
