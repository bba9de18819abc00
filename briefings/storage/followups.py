"""Follow-ups: deliveries about what a channel was told. A reply goes into its thread, an edit takes its place."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    insert,
    or_,
    select,
    true,
    update,
)

from briefings.storage import contents, tables
from briefings.storage.engine import Database, milliseconds
from briefings.storage.tables import (
    article_workspaces,
    articles,
    channel_stories,
    deliveries,
    delivery_parts,
    subscriptions,
)
from briefings.types import EVERYONE, Briefing, Delivery


class Post(Struct, frozen=True, kw_only=True):
    """A delivery that told stories to a channel, and what stands there of it, or is about to.

    `root` is the delivery in whose thread replies go; its own id, unless it is a reply itself. `open`: nobody has begun
    to send it. `edit` is an edit of it that is not finished. `id` is None for a reply that is still to be queued.
    """

    id: int | None
    root: int
    workspace: str
    channel: str
    subscription: int | None
    due: int | None
    late: bool
    content: Briefing
    open: bool
    edit: int | None = None


class Followed(Struct, frozen=True):
    """What a follow-up is about: its messages by their parts, "" where that is in doubt, and the first of its thread.

    `underway`: it is still being sent.
    """

    messages: Mapping[int, str]
    lead: str
    underway: bool


class Followups:
    """The stored follow-ups, and what they can be about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, article: int, since: datetime) -> list[tuple[Post, ...]]:
        """What was posted since then of the article's story, or will be: for each channel the first, then its replies.

        Only where those who see the article subscribe to something, and have not paused what the post was for. Call it
        in the transaction that stores what comes of it.
        """
        viewers = select(article_workspaces.c.workspace).where(article_workspaces.c.article == article)
        with self._database.writing() as connection:
            seen_by_all = EVERYONE in connection.execute(viewers).scalars()
            theirs = true() if seen_by_all else subscriptions.c.workspace.in_(viewers)
            story = connection.execute(select(articles.c.story).where(articles.c.id == article)).scalar()
            channels = select(subscriptions.c.channel).where(subscriptions.c.state == "active", theirs)
            its = select(channel_stories.c.delivery).where(
                channel_stories.c.channel.in_(channels), channel_stories.c.story == story
            )
            active = select(subscriptions.c.id).where(subscriptions.c.state == "active")
            wanted = or_(deliveries.c.subscription.is_(None), deliveries.c.subscription.in_(active))
            posted = and_(deliveries.c.state == "delivered", deliveries.c.finished >= milliseconds(since))
            posted_or_due = or_(deliveries.c.state == "pending", posted)
            first = _rows(connection, and_(deliveries.c.id.in_(its), wanted, posted_or_due))
            after = _following(connection, first)
            after |= _following(connection, [row for rows in after.values() for row in rows if not row.edits])
        return [
            tuple(
                post
                for row in (first_row, *(reply for reply in after.get(first_row.id, ()) if not reply.edits))
                if (post := _post(row, [each for each in after.get(row.id, ()) if each.edits]))
            )
            for first_row in first
        ]

    def save(self, posts: Iterable[tuple[Post, datetime]], now: datetime) -> int:
        """Store what is to stand in place of posts, each from its time on; gives how many follow-ups are new.

        What nobody has begun to send is told anew itself, as is an edit that is not finished.
        """
        changes = list(posts)
        with self._database.writing() as connection:
            ids = contents.store(self._database, connection, [post.content for post, _ in changes])
            replaced, queued = [], []
            for (post, at), content in zip(changes, ids, strict=True):
                existing = post.id if post.open else post.edit
                if existing is not None:
                    replaced.append({"delivery": existing, "body": content})
                else:
                    queued.append(_queued(post, content, milliseconds(at), milliseconds(now)))
            if replaced:
                with_content = update(deliveries).where(deliveries.c.id == bindparam("delivery"))
                connection.execute(with_content.values(content=bindparam("body")), replaced)
            if queued:
                connection.execute(insert(deliveries), queued)
                self._database.tell()
        return len(queued)

    def followed(self, followup: Delivery) -> Followed | None:
        """What a follow-up is about; None when it was not posted, or nobody wants to hear more of it."""
        c = deliveries.c
        with self._database.reading() as connection:
            post = connection.execute(select(c.state, c.follows).where(c.id == followup.follows)).one_or_none()
            active = exists().where(subscriptions.c.id == followup.subscription, subscriptions.c.state == "active")
            wanted = followup.subscription is None or connection.execute(select(active)).scalar()
            if post is None or not wanted or post.state not in ("pending", "delivered"):
                return None
            its = or_(c.id == followup.follows, and_(c.follows == followup.follows, c.edits))
            messages = _messages(connection, its)
            lead = _messages(connection, c.id == post.follows) if post.follows else messages
        if not lead.get(0) and post.state == "delivered":
            return None
        return Followed(messages, lead.get(0, ""), post.state == "pending")

    def finish(self, followup: Delivery, holder: str, now: datetime) -> bool:
        """All of it is posted; but one whose content was replaced meanwhile is left for another attempt at once.

        False when somebody else holds it by now.
        """
        c = deliveries.c
        held = and_(c.id == followup.id, c.holder == holder, c.state == "pending")
        values: dict[str, Any] = {"lease": None, "holder": None, "error": None}
        with self._database.writing() as connection:
            row = next(iter(_rows(connection, held)), None)
            if row is None:
                return False
            if contents.read(row.body) == followup.content:
                values |= {"state": "delivered", "finished": milliseconds(now), "next_attempt": None}
            else:
                values |= {"next_attempt": milliseconds(now), "attempts": 0}
            connection.execute(update(deliveries).where(held).values(values))
            return True


def _rows(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Deliveries with their content, oldest first; `begun` when some of it was sent, or may have been.

    Nobody else changes them before the transaction ends.
    """
    c = deliveries.c
    begun = exists().where(delivery_parts.c.delivery == c.id)
    query: Select[Any] = select(deliveries, begun.label("begun"), tables.contents.c.body)
    query = query.join(tables.contents, tables.contents.c.id == c.content).where(condition).order_by(c.id)
    return connection.execute(query.with_for_update(of=deliveries)).all()


def _following(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[Row[Any]]]:
    """The follow-ups of deliveries that were posted, or will be, oldest first, by what they follow."""
    ids = [row.id for row in rows]
    found: dict[int, list[Row[Any]]] = {}
    for start in range(0, len(ids), contents.PARAMETERS):
        these = deliveries.c.follows.in_(ids[start : start + contents.PARAMETERS])
        for row in _rows(connection, and_(these, deliveries.c.state.in_(("pending", "delivered")))):
            found.setdefault(row.follows, []).append(row)
    return found


def _post(row: Row[Any], edits: Sequence[Row[Any]]) -> Post | None:
    """A stored delivery as its last edit left it, or will; None when it is no briefing."""
    content = contents.read((edits[-1] if edits else row).body)
    if not isinstance(content, Briefing):
        return None
    return Post(
        id=row.id,
        root=row.follows or row.id,
        workspace=row.workspace,
        channel=row.channel,
        subscription=row.subscription,
        due=row.due,
        late=row.late,
        content=content,
        open=row.state == "pending" and row.holder is None and not row.begun,
        edit=edits[-1].id if edits and edits[-1].state == "pending" else None,
    )


def _queued(post: Post, content: int, at: int, now: int) -> dict[str, Any]:
    """The row of a new edit, or of a new reply."""
    edits = post.id is not None
    return {
        "workspace": post.workspace,
        "channel": post.channel,
        "subscription": post.subscription,
        "due": post.due if edits else None,
        "late": post.late and edits,
        "content": content,
        "state": "pending",
        "attempts": 0,
        "next_attempt": at,
        "created": now,
        "follows": post.id if edits else post.root,
        "edits": edits,
    }


def _messages(connection: Connection, condition: ColumnElement[bool]) -> dict[int, str]:
    """The messages of some deliveries by their parts."""
    query = select(delivery_parts.c.part, delivery_parts.c.message).join(
        deliveries, deliveries.c.id == delivery_parts.c.delivery
    )
    return dict(connection.execute(query.where(condition).order_by(deliveries.c.id)).all())
