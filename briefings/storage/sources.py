"""Sources: which workspace reads which feed, under what name. Every read and change is of one workspace.

Each sees its own and what is everyone's; only the operator, in the name of everyone, changes the latter.
"""

import builtins
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update

from briefings.errors import AlreadyThere, NotFound
from briefings.sources import Seen, Source
from briefings.storage import feeds as stored
from briefings.storage.engine import Database, milliseconds, moment, optional_moment
from briefings.storage.tables import feeds, seen, sources
from briefings.types import EVERYONE


class Sources:
    """The stored sources. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        workspace: str,
        url: str,
        name: str,
        now: datetime,
        added_by: str | None = None,
        channel: str | None = None,
    ) -> Source:
        """Let a workspace read the feed at `url`, which is due at once.

        Raises AlreadyThere when it does so already, by itself or with everyone.
        """
        with self._database.writing() as connection:
            feed = self._feed(url, now)
            there = self._read(_visible(workspace), sources.c.feed == feed)
            if there:
                raise AlreadyThere(f"That feed is a source here already: number {there[0].id}, {there[0].name}.")
            row = {
                "workspace": workspace,
                "feed": feed,
                "name": name,
                "added": milliseconds(now),
                "added_by": added_by,
                "channel": channel,
            }
            id = connection.execute(insert(sources).values(row).returning(sources.c.id)).scalar_one()
            return self.get(id, workspace)

    def get(self, id: int, workspace: str) -> Source:
        """One source, the workspace's own or everyone's. Raises NotFound when it sees none of that number."""
        found = self._read(_visible(workspace), sources.c.id == id)
        if not found:
            raise NotFound(f"There is no source {id} here; `sources` lists those there are.")
        return found[0]

    def list(self, workspace: str) -> list[Source]:
        """The sources of a workspace, then those that are everyone's, oldest first."""
        return self._read(_visible(workspace))

    def list_all(self) -> builtins.list[Source]:
        """The sources of all workspaces, for the operator; everyone's last."""
        return self._read()

    def of_feed(self, feed: int) -> builtins.list[Source]:
        """The sources of all workspaces that read a feed and are not paused; everyone's last."""
        return self._read(sources.c.feed == feed, sources.c.paused.is_(False))

    def begin(self, ids: Iterable[int], now: datetime) -> None:
        """The feeds of these sources have been read for them: what is listed from now on is news."""
        new = sources.c.id.in_(builtins.list(ids)), sources.c.first_read.is_(None)
        with self._database.writing() as connection:
            connection.execute(update(sources).where(*new).values(first_read=milliseconds(now)))

    def rename(self, id: int, workspace: str, name: str) -> Source:
        """Call it something else. Raises NotFound, as every change does, for what is not the workspace's own."""
        return self._change(id, workspace, name=name)

    def pause(self, id: int, workspace: str) -> Source:
        """Do not read it until somebody resumes it."""
        return self._change(id, workspace, paused=True)

    def resume(self, id: int, workspace: str, now: datetime) -> Source:
        """Read it again, at once. What it listed meanwhile is as little news as on its first day."""
        with self._database.writing() as connection:
            its = feeds.c.id == self._own(id, workspace).feed.id
            connection.execute(
                self._database.locked(select(feeds.c.id).where(its))
            )  # First, as who stores a look does.
            source = self._own(id, workspace)
            if not source.paused:
                return source
            connection.execute(update(feeds).where(its).values(next_fetch=milliseconds(now)))
            return self._change(id, workspace, paused=False, first_read=None)

    def remove(self, id: int, workspace: str) -> Source:
        """Let go of it; the articles that came from it stay. Gives back what it was."""
        with self._database.writing() as connection:
            source = self._own(id, workspace)
            connection.execute(delete(sources).where(sources.c.id == id))
            return source

    def listed(self, workspace: str, url: str) -> builtins.list[tuple[Source, Seen]]:
        """Which sources of a workspace listed a canonical address, and what became of that entry."""
        with self._database.reading() as connection:
            its = {source.feed.id: source for source in self.list(workspace)}
            query = select(seen).where(seen.c.feed.in_(its), seen.c.url == url).order_by(seen.c.id)
            return [(its[row.feed], stored.entry(row)) for row in connection.execute(query)]

    def _feed(self, url: str, now: datetime) -> int:
        """The number of the feed at `url`, now due; nobody else adds a source that reads it until the end."""
        at = milliseconds(now)
        new = self._database.insert(feeds).values(url=url, title="", health="healthy", failures=0, next_fetch=at)
        new = new.on_conflict_do_update(index_elements=[feeds.c.url], set_={"next_fetch": at})
        with self._database.writing() as connection:
            self._database.hold(f"feed at {url}")
            feed: int = connection.execute(new.returning(feeds.c.id)).scalar_one()
        return feed

    def _own(self, id: int, workspace: str) -> Source:
        source = self.get(id, workspace)
        if source.workspace != workspace:
            raise NotFound(f"Source {id} was put in for everyone; only the operator of the bot can change it.")
        return source

    def _change(self, id: int, workspace: str, **values: object) -> Source:
        with self._database.writing() as connection:
            self._own(id, workspace)
            connection.execute(update(sources).where(sources.c.id == id).values(values))
            return self.get(id, workspace)

    def _read(self, *conditions: ColumnElement[bool]) -> builtins.list[Source]:
        query = _stored.where(*conditions).order_by(sources.c.workspace == EVERYONE, sources.c.id)
        with self._database.reading() as connection:
            return [_source(row) for row in connection.execute(query)]


_held = select(func.count()).where(seen.c.feed == feeds.c.id, seen.c.state == "held").correlate(feeds)

_stored: Select[Any] = select(
    feeds,
    sources.c.id.label("source"),
    *(sources.c[name] for name in ("workspace", "name", "paused", "added", "added_by", "channel", "first_read")),
    _held.scalar_subquery().label("held"),
).join_from(sources, feeds, feeds.c.id == sources.c.feed)


def _visible(workspace: str) -> ColumnElement[bool]:
    return sources.c.workspace.in_({workspace, EVERYONE})


def _source(row: Row[Any]) -> Source:
    return Source(
        id=row.source,
        workspace=row.workspace,
        feed=stored.feed(row),
        name=row.name,
        paused=row.paused,
        added=moment(row.added),
        added_by=row.added_by,
        channel=row.channel,
        first_read=optional_moment(row.first_read),
        held=row.held,
    )
