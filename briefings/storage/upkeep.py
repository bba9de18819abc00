"""Keeping the database small: what nobody will ask about any more goes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from briefings.storage import Storage
from briefings.storage.engine import milliseconds
from briefings.storage.tables import channel_stories, contents, deliveries, slack_oauth_states

KEPT = timedelta(days=30)
"""How long notices and empty briefings are kept after they were finished. What told a story is kept for `why`."""


def tidy(storage: Storage, now: datetime) -> int:
    """Delete finished deliveries that told no story, and contents that no delivery has; gives how many deliveries.

    Events that no platform will deliver again are forgotten too, and installations that nobody finished.
    """
    telling = select(channel_stories.c.delivery)
    with storage.writing() as connection:
        storage.claims.forget(now)
        expired = slack_oauth_states.c.expire_at < now.astimezone(UTC).replace(tzinfo=None)  # Kept so by slack_sdk.
        connection.execute(delete(slack_oauth_states).where(expired))
        done = connection.execute(
            delete(deliveries).where(
                deliveries.c.finished < milliseconds(now - KEPT),
                deliveries.c.state == "delivered",
                deliveries.c.id.not_in(telling),
            )
        ).rowcount
        connection.execute(delete(contents).where(contents.c.id.not_in(select(deliveries.c.content))))
        return done
