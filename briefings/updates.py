"""UPDATES: articles that changed after they were told -> follow-ups to the channels that were told.

An article that says much else is told anew in the thread of the post, never in a second lead. After a smaller change
the post is edited, if it no longer says what the article says. A post that nobody has begun to send is told anew before
it goes out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from briefings.compose import tell
from briefings.slots import after_quiet
from briefings.types import Article, Briefing, Outcome, Preferences, Story

if TYPE_CHECKING:
    from briefings.keywords import Keywords
    from briefings.storage import Storage
    from briefings.storage.followups import Post

RECENT = timedelta(days=3)
"""How long after a post its readers are told of changes: later, hardly anybody looks at it again."""

UPDATES = {"small update", "large update"}


def queue(
    storage: Storage, keywords: Keywords, defaults: Preferences, outcomes: Iterable[Outcome], now: datetime
) -> int:
    """Queue follow-ups for what was updated; gives how many are new. Call it in the transaction that stored the change.

    They wait until quiet hours are over.
    """
    updated: dict[int, Outcome] = {}
    for outcome in outcomes:
        if outcome.kind in UPDATES and not (outcome.article in updated and outcome.kind == "small update"):
            updated[outcome.article] = outcome
    queued = 0
    if updated:
        storage.hold("publishing")  # Who publishes has not seen the change yet, and what they publish is not seen here.
    for outcome in updated.values():
        ids = {outcome.article, outcome.before}
        with storage.writing():
            told = storage.followups.told(outcome.article, now - RECENT)
            article = storage.articles.get(outcome.article, told[0][0].workspace) if told else None
            if article is None:
                continue
            settled = storage.preferences.of_workspaces({posts[0].workspace for posts in told})
            changes = []
            for posts in told:
                preferences = settled.merged(posts[0].workspace, posts[0].channel, defaults)
                retold = tell(article, preferences, keywords)
                clock = now.astimezone(ZoneInfo(preferences.zone))
                change = decide(posts, ids, article, retold, large=outcome.kind == "large update", now=clock)
                if change:
                    changes.append((change, after_quiet(now, preferences)))
            queued += storage.followups.save(changes, now)
    return queued


def decide(
    posts: Sequence[Post],
    ids: Collection[int | None],
    article: Article,
    retold: Story,
    *,
    large: bool,
    now: datetime,
) -> Post | None:
    """What is to stand in place of a post, or a new reply, after an article changed; None for nothing.

    `posts` are the one that told or named its story to a channel, and the replies to it; `ids` are those under which it
    may be told there; `retold` is the article told anew. `now` is on the channel's clock.
    """
    told = [(post, story) for post in posts for story in post.content.stories if story.article.id in ids]
    if not told:
        return None
    post, before = told[-1]
    retold = replace(retold, also_in=before.also_in)
    if large and not post.open:
        return replace(post, id=None, content=Briefing(topic=None, stories=(retold,), updated=now), edit=None)
    if not large and stands(before, article):
        return None
    stories = tuple(retold if story is before else story for story in post.content.stories)
    unread = post.open and post.content.updated is None  # Its readers will never know that it was different.
    return replace(post, content=replace(post.content, stories=stories, updated=None if unread else now))


def stands(told: Story, article: Article) -> bool:
    """Whether an article still has the headline and every sentence that were told of it, word for word."""
    sentences = {sentence for section in article.sections for sentence in section.sentences}
    said = (telling.text for section in told.sections for telling in section.sentences)
    return told.article.title == article.title and sentences.issuperset(said)
