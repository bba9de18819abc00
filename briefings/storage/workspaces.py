"""Workspaces that the bot was let into or removed from, and the end of everything that is stored of one."""

from datetime import datetime

from sqlalchemy import delete, select

from briefings.storage import contents
from briefings.storage.articles import Articles
from briefings.storage.engine import Database, milliseconds
from briefings.storage.feeds import Feeds
from briefings.storage.tables import (
    article_keys,
    article_workspaces,
    audits,
    channel_stories,
    counters,
    deliveries,
    feeds,
    preferences,
    sources,
    subscriptions,
    topics,
    workspaces,
)


class Workspaces:
    """The stored workspaces."""

    def __init__(self, database: Database, articles: Articles, feeds: Feeds) -> None:
        self._database = database
        self._articles = articles
        self._feeds = feeds

    def joined(self, workspace: str, now: datetime) -> None:
        """The bot was let in, for the first time or again: its data stay."""
        values = {"joined": milliseconds(now), "left": None}
        statement = self._database.insert(workspaces).values(workspace=workspace, **values)
        with self._database.writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=[workspaces.c.workspace], set_=values))

    def left(self, workspace: str, now: datetime) -> None:
        """The bot was removed; the first time counts that is told of one removal."""
        statement = self._database.insert(workspaces).values(workspace=workspace, left=milliseconds(now))
        statement = statement.on_conflict_do_update(
            index_elements=[workspaces.c.workspace],
            set_={"left": milliseconds(now)},
            where=workspaces.c.left.is_(None),
        )
        with self._database.writing() as connection:
            connection.execute(statement)

    def gone(self, before: datetime) -> list[str]:
        """The workspaces that the bot was removed from before then, and not let into again."""
        query = select(workspaces.c.workspace).where(workspaces.c.left < milliseconds(before))
        with self._database.reading() as connection:
            return list(connection.execute(query.order_by(workspaces.c.workspace)).scalars())

    def forget(self, workspace: str) -> None:
        """Delete all that is stored of a workspace, and the articles that no other one sees.

        An article at a time, since there may be many; killed in between, the workspace is still named by `gone`.
        """
        seen = select(article_workspaces.c.article).where(article_workspaces.c.workspace == workspace)
        with self._database.reading() as connection:
            ids = connection.execute(seen).scalars().all()
        for article in ids:
            self._articles.remove(article, workspace=workspace)
        its = select(deliveries.c.id).where(deliveries.c.workspace == workspace)
        with self._database.writing() as connection:
            connection.execute(delete(channel_stories).where(channel_stories.c.delivery.in_(its)))
            read = connection.execute(select(sources.c.feed).where(sources.c.workspace == workspace)).scalars().all()
            for table in (deliveries, subscriptions, topics, preferences, article_keys, sources, workspaces):
                connection.execute(delete(table).where(table.c.workspace == workspace))
            named = counters.c.name.contains(f"{workspace}:", autoescape=True)  # What was done once in a channel.
            connection.execute(delete(counters).where(named))
            connection.execute(delete(audits).where(audits.c.report.contains(f'"{workspace}"', autoescape=True)))
        self._feeds.drop(feeds.c.id.in_(read))
        contents.sweep(self._database)
