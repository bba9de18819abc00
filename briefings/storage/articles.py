"""What was read: articles, their sections, the keys that identify them, and who may see them.

Every write gives the article the next number of the sequence of changes, in the same transaction; the search index
follows that sequence. Every read takes a workspace, and sees what is its own and what is everyone's.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from briefings.storage.engine import Database, milliseconds, moment, optional_milliseconds, optional_moment
from briefings.storage.tables import (
    article_keys,
    article_workspaces,
    articles,
    channel_stories,
    counters,
    deliveries,
    sections,
)
from briefings.types import EVERYONE, Article, Change, Document, Head, Key, Section

PAGE = 500
"""Articles read at a time, so that a walk through a large archive neither fills memory nor holds a transaction."""

_HEAD = (articles.c.id, articles.c.title, articles.c.url, articles.c.source, articles.c.published)


class Match(Struct, frozen=True):
    """A stored article that carries `key`, and all who see it. `workspace` is the one that handed it in by that key."""

    key: Key
    workspace: str
    article: Article
    viewers: frozenset[str]


class Articles:
    """The articles of one database. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Writing

    def hold(self) -> None:
        """Within `writing`: let nobody else change articles until the transaction ends; what `matching` finds holds."""
        self._database.hold("articles")

    def add(
        self,
        document: Document,
        *,
        keys: Iterable[Key],
        workspace: str,
        now: datetime,
        story: int | None = None,
        backlog: bool = False,
    ) -> int:
        """Store a new article, seen by `workspace`, and answer its id. It opens a story unless it joins one."""
        with self._database.writing() as connection:
            self.hold()
            row = _columns(document) | {"arrived": milliseconds(now), "updated": milliseconds(now)}
            row |= {"story": story or 0, "change": self._next(connection), "backlog": backlog}
            statement = insert(articles).values(row)
            key: int = connection.execute(statement.returning(articles.c.id)).scalar_one()
            if story is None:
                connection.execute(update(articles).where(articles.c.id == key).values(story=key))
            _write_sections(connection, key, document.sections)
            self._identify(connection, key, keys, workspace)
            connection.execute(insert(article_workspaces).values(article=key, workspace=workspace))
        return key

    def update(
        self, article: int, document: Document, *, keys: Iterable[Key], workspace: str, now: datetime, news: bool
    ) -> None:
        """Replace what is stored of `article`; with `news` it arrives once more."""
        with self._database.writing() as connection:
            self.hold()
            row = _columns(document) | {"updated": milliseconds(now), "change": self._next(connection)}
            if news:
                row |= {"arrived": milliseconds(now), "backlog": False}
            connection.execute(update(articles).where(articles.c.id == article).values(row))
            connection.execute(delete(sections).where(sections.c.article == article))
            _write_sections(connection, article, document.sections)
            self._identify(connection, article, keys, workspace)

    def share(self, article: int, *, workspace: str) -> None:
        """Let `workspace` see the article too."""
        with self._database.writing() as connection:
            self.hold()
            row = {"article": article, "workspace": workspace}
            connection.execute(self._database.insert(article_workspaces).values(row).on_conflict_do_nothing())
            self._touch(connection, article)

    def identify(self, article: int, *, keys: Iterable[Key], workspace: str) -> None:
        """Let `keys`, handed in by `workspace`, mean this article from now on. The article itself does not change."""
        with self._database.writing() as connection:
            self.hold()
            self._identify(connection, article, keys, workspace)

    def remove(self, article: int, *, workspace: str) -> None:
        """Take the article from the sight of `workspace`; when nobody sees it any more, its text goes as well."""
        with self._database.writing() as connection:
            self.hold()
            for table in (article_workspaces, article_keys):
                connection.execute(delete(table).where(table.c.article == article, table.c.workspace == workspace))
            if connection.execute(select(exists().where(article_workspaces.c.article == article))).scalar():
                self._touch(connection, article)
            else:
                self._remove(connection, [article])

    def expire(self, before: datetime, limit: int = PAGE) -> int:
        """Remove up to `limit` articles that arrived before then, whoever sees them; gives their number.

        Left are the stories of deliveries that did not reach their channel, or not yet.
        """
        undelivered = select(deliveries.c.id).where(deliveries.c.state != "delivered")
        needed = select(channel_stories.c.story).where(channel_stories.c.delivery.in_(undelivered))
        old = articles.c.arrived < milliseconds(before), articles.c.removed.is_(False), articles.c.story.not_in(needed)
        query = select(articles.c.id).where(*old).order_by(articles.c.arrived, articles.c.id).limit(limit)
        with self._database.writing() as connection:
            self.hold()
            ids = connection.execute(query).scalars().all()
            if ids:
                self._remove(connection, ids)
            return len(ids)

    def purge(self, followed: int) -> int:
        """Delete the marks of removed articles up to change number `followed`; gives their number.

        An index that is not that far must be built anew: see `purged`.
        """
        with self._database.writing() as connection:
            self.hold()
            marks = delete(articles).where(articles.c.removed.is_(True), articles.c.change <= followed)
            purged = connection.execute(marks).rowcount
            if purged:
                statement = self._database.insert(counters).values(name="purged", value=followed)
                statement = statement.on_conflict_do_update(
                    index_elements=[counters.c.name], set_={"value": followed}, where=counters.c.value < followed
                )
                connection.execute(statement)
            return purged

    def _remove(self, connection: Connection, ids: Sequence[int]) -> None:
        """Delete the articles' texts, and leave a mark of each for the index."""
        for table in (article_workspaces, article_keys, sections):
            connection.execute(delete(table).where(table.c.article.in_(ids)))
        last = self._next(connection, len(ids))
        mark = update(articles).where(articles.c.id == bindparam("article")).values(removed=True)
        rows = [{"article": article, "change": last - place} for place, article in enumerate(ids)]
        connection.execute(mark, rows)

    def _next(self, connection: Connection, count: int = 1) -> int:
        """The last of the next numbers. Their row is locked until the end, so that they are in the order of commits."""
        statement = update(counters).where(counters.c.name == "change").values(value=counters.c.value + count)
        number: int = connection.execute(statement.returning(counters.c.value)).scalar_one()
        self._database.tell()
        return number

    def _touch(self, connection: Connection, article: int) -> None:
        connection.execute(update(articles).where(articles.c.id == article).values(change=self._next(connection)))

    def _identify(self, connection: Connection, article: int, keys: Iterable[Key], workspace: str) -> None:
        rows = [{"kind": k.kind, "value": k.value, "workspace": workspace, "article": article} for k in keys]
        if rows:
            statement = self._database.insert(article_keys)
            statement = statement.on_conflict_do_update(
                index_elements=list(article_keys.primary_key), set_={"article": statement.excluded.article}
            )
            connection.execute(statement, rows)

    # Reading

    def matching(self, keys: Sequence[Key], workspace: str) -> list[Match]:
        """Articles that carry one of `keys`: those `workspace` sees, and by fingerprint those of others.

        What matches among others may be shared when it is wholly the same, and tells nothing else.
        """
        if not keys:
            return []
        wanted = tuple_(article_keys.c.kind, article_keys.c.value).in_([(key.kind, key.value) for key in keys])
        reachable = or_(article_keys.c.workspace.in_({workspace, EVERYONE}), article_keys.c.kind == "fingerprint")
        with self._database.reading() as connection:
            rows = connection.execute(select(article_keys).where(wanted, reachable)).all()
            ids = {row.article for row in rows}
            found = {article.id: article for article in _articles(connection, articles.c.id.in_(ids))} if ids else {}
            viewers = _viewers(connection, ids)
        return [
            Match(Key(row.kind, row.value), row.workspace, found[row.article], frozenset(viewers[row.article]))
            for row in rows
        ]

    def get(self, article: int, workspace: str) -> Article | None:
        """The article, if it exists and `workspace` sees it."""
        return next(iter(self.get_many([article], workspace)), None)

    def get_many(self, ids: Sequence[int], workspace: str) -> list[Article]:
        """Those of `ids` that `workspace` sees, in that order."""
        found: dict[int, Article] = {}
        for start in range(0, len(ids), PAGE):
            with self._database.reading() as connection:
                here = articles.c.id.in_(ids[start : start + PAGE])
                found |= {article.id: article for article in _articles(connection, and_(here, _seen_by(workspace)))}
        return [found[key] for key in ids if key in found]

    def heads(self, workspace: str, *, limit: int, since: datetime | None = None) -> list[Head]:
        """The newest headlines, by arrival, then by date; with `since`, only what arrived then or later."""
        statement = select(*_HEAD).where(_seen_by(workspace)).limit(limit)
        if since is not None:
            statement = statement.where(articles.c.arrived >= milliseconds(since))
        order = (articles.c.arrived.desc(), func.coalesce(articles.c.published, 0).desc(), articles.c.id.desc())
        with self._database.reading() as connection:
            return [
                Head(
                    id=row.id, title=row.title, url=row.url, source=row.source, published=optional_moment(row.published)
                )
                for row in connection.execute(statement.order_by(*order))
            ]

    def arrived_since(self, workspace: str, since: datetime, *, limit: int | None = None) -> list[Article]:
        """What arrived at `since` or later, oldest first."""
        with self._database.reading() as connection:
            condition = and_(articles.c.arrived >= milliseconds(since), _seen_by(workspace))
            return _articles(connection, condition, articles.c.arrived, articles.c.id, limit=limit)

    def all(self, workspace: str) -> Iterator[Article]:
        """Every article, newest arrival first. What changes meanwhile may be seen in its old or new place."""
        place: tuple[int, int] | None = None
        while True:
            condition = _seen_by(workspace)
            if place is not None:
                condition = and_(condition, tuple_(articles.c.arrived, articles.c.id) < place)
            with self._database.reading() as connection:
                page = _articles(connection, condition, articles.c.arrived.desc(), articles.c.id.desc(), limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            place = (milliseconds(page[-1].arrived), page[-1].id)

    def count(self, workspace: str) -> int:
        """How many articles `workspace` sees."""
        with self._database.reading() as connection:
            return connection.execute(
                select(func.count()).select_from(articles).where(_seen_by(workspace))
            ).scalar_one()

    # Following

    def last_change(self) -> int:
        """The number of the last change. The upper half of it is the database's own; the lower half counts."""
        with self._database.reading() as connection:
            number: int = connection.execute(select(counters.c.value).where(counters.c.name == "change")).scalar_one()
        return number

    def purged(self) -> int:
        """The number up to which `changes` may miss removed articles; 0 when it misses none."""
        with self._database.reading() as connection:
            number = connection.execute(select(counters.c.value).where(counters.c.name == "purged")).scalar()
        return number or 0

    def count_changes(self, after: int) -> int:
        """How many articles changed after number `after`."""
        with self._database.reading() as connection:
            statement = select(func.count()).select_from(articles).where(articles.c.change > after)
            return connection.execute(statement).scalar_one()

    def changes(self, after: int, limit: int = PAGE) -> list[Change]:
        """Up to `limit` articles that changed after number `after`, in the order of their last change."""
        with self._database.reading() as connection:
            page = (
                select(articles.c.id, articles.c.change, articles.c.removed)
                .where(articles.c.change > after)
                .order_by(articles.c.change)
                .limit(limit)
            )
            rows = connection.execute(page).all()
            kept = [row.id for row in rows if not row.removed]
            found = {article.id: article for article in _articles(connection, articles.c.id.in_(kept))}
            viewers = _viewers(connection, kept)
        return [
            Change(number=row.change, id=row.id, article=found.get(row.id), workspaces=tuple(viewers.get(row.id, ())))
            for row in rows
        ]


def _columns(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "url": document.url,
        "source": document.source,
        "byline": document.byline,
        "language": document.language,
        "published": optional_milliseconds(document.published),
    }


def _write_sections(connection: Connection, article: int, written: Sequence[Section]) -> None:
    rows = [
        {
            "article": article,
            "position": position,
            "heading": section.heading,
            "paragraphs": msgspec.json.encode(section.paragraphs).decode(),
        }
        for position, section in enumerate(written)
    ]
    if rows:
        connection.execute(insert(sections), rows)


def _seen_by(workspace: str) -> ColumnElement[bool]:
    return exists().where(
        article_workspaces.c.article == articles.c.id, article_workspaces.c.workspace.in_({workspace, EVERYONE})
    )


def _viewers(connection: Connection, ids: Iterable[int]) -> dict[int, list[str]]:
    viewers: dict[int, list[str]] = {key: [] for key in ids}
    statement = select(article_workspaces).where(article_workspaces.c.article.in_(list(viewers)))
    for row in connection.execute(statement.order_by(article_workspaces.c.workspace)):
        viewers[row.article].append(row.workspace)
    return viewers


_PARAGRAPHS = msgspec.json.Decoder(tuple[tuple[str, ...], ...])


def _articles(
    connection: Connection, condition: ColumnElement[bool], *order: ColumnElement[Any], limit: int | None = None
) -> list[Article]:
    rows = connection.execute(select(articles).where(condition).order_by(*order).limit(limit)).all()
    texts: dict[int, list[Section]] = {row.id: [] for row in rows}
    ids = list(texts)
    for start in range(0, len(ids), PAGE):
        statement = select(sections).where(sections.c.article.in_(ids[start : start + PAGE]))
        for row in connection.execute(statement.order_by(sections.c.article, sections.c.position)):
            texts[row.article].append(Section(row.heading, _PARAGRAPHS.decode(row.paragraphs)))
    return [_article(row, tuple(texts[row.id])) for row in rows]


def _article(row: Row[Any], text: tuple[Section, ...]) -> Article:
    return Article(
        id=row.id,
        story=row.story,
        title=row.title,
        sections=text,
        url=row.url,
        source=row.source,
        byline=row.byline,
        language=row.language,
        published=optional_moment(row.published),
        arrived=moment(row.arrived),
        updated=moment(row.updated),
        change=row.change,
        backlog=row.backlog,
    )
