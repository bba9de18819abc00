"""Keeping the database small: what nobody will ask about any more goes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, func, or_, select, update

from briefings.storage import Storage, contents
from briefings.storage.engine import milliseconds, optional_moment
from briefings.storage.tables import (
    channel_stories,
    deliveries,
    feeds,
    seen,
    slack_oauth_states,
    subscriptions,
)

KEPT = timedelta(days=30)
"""How long notices and empty briefings are kept after they were finished. What told a story is kept for `why`.

As long is a feed kept after it was last fetched, when no workspace has it as a source any more.
"""

UNLISTED = timedelta(days=90)
"""How long an entry is remembered that its feed does not list any more. One that comes back later is still recognised
by its article, as long as that is kept."""

LONGEST_WAIT = timedelta(days=2)
"""Twice as long as a feed ever waits for its next look: what waits longer was stored by a clock that was wrong."""


def tidy(storage: Storage, now: datetime, *, keep: timedelta | None = None, followed: int = 0) -> int:
    """Delete finished deliveries that told no story, and contents that no delivery has; gives how many deliveries.

    Events that no platform will deliver again are forgotten too, and installations that nobody finished; feeds without
    sources; and entries that feeds have not listed for long. Articles that arrived longer ago than `keep` are removed,
    but for those that a delivery or a subscription needs, and marks of removed articles that the index has followed.
    Feeds that were put off for longer than any is are due.
    """
    _tidy_articles(storage, now, keep, followed)
    _tidy_feeds(storage, now)
    while storage.audits.forget(now):
        pass
    telling = select(channel_stories.c.delivery)
    with storage.writing() as connection:
        storage.hold("upkeep")
        storage.claims.forget(now)
        expired = slack_oauth_states.c.expire_at < now.astimezone(UTC).replace(tzinfo=None)  # Kept so by slack_sdk.
        connection.execute(delete(slack_oauth_states).where(expired))
        done = connection.execute(
            delete(deliveries).where(
                deliveries.c.finished < milliseconds(now - KEPT),
                or_(deliveries.c.state == "delivered", deliveries.c.follows.is_not(None)),
                deliveries.c.id.not_in(telling),
            )
        ).rowcount
    contents.sweep(storage.database)
    return done


def _tidy_articles(storage: Storage, now: datetime, keep: timedelta | None, followed: int) -> None:
    storage.articles.purge(followed)
    if keep is not None:
        while storage.articles.expire(min(now - keep, _news_since(storage) or now)):
            pass  # One transaction for each lot, so that others can write in between.


def _news_since(storage: Storage) -> datetime | None:
    """Since when articles may still be news to a subscription that is served, or tried again by itself."""
    c = subscriptions.c
    with storage.reading() as connection:
        served = or_(c.state == "active", c.next_due.is_not(None))
        since = connection.execute(select(func.min(c.since)).where(served)).scalar()
    return optional_moment(since)


def _tidy_feeds(storage: Storage, now: datetime) -> None:
    with storage.writing() as connection:
        storage.hold("upkeep")
        storage.feeds.drop(func.coalesce(feeds.c.last_fetch, 0) < milliseconds(now - KEPT))
        too_late = milliseconds(now + LONGEST_WAIT)
        wrong = or_(feeds.c.next_fetch > too_late, feeds.c.lease > too_late)
        connection.execute(update(feeds).where(wrong).values(next_fetch=milliseconds(now), holder=None, lease=None))
        last = func.max(seen.c.last_seen)  # When the feed was last read: an unchanged one marks no entry as seen.
        oldest = last - UNLISTED // timedelta(milliseconds=1)
        query = select(seen.c.feed, oldest).group_by(seen.c.feed).having(func.min(seen.c.last_seen) < oldest)
        read = [{"its": feed, "oldest": at} for feed, at in connection.execute(query)]
        if read:
            settled = or_(seen.c.state == "stored", seen.c.state == "skipped")  # IN cannot be run for several at once.
            unlisted = seen.c.feed == bindparam("its"), seen.c.last_seen < bindparam("oldest")
            connection.execute(delete(seen).where(*unlisted, settled), read)
