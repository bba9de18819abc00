"""NEWS: what arrived in a workspace, by the queries it matches; for any number of subscriptions that are due."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime

from briefings.compose import Found, Match, by_story, match
from briefings.errors import QueryError
from briefings.keywords import Keywords
from briefings.types import EVERYONE, Article, Change


class News:
    """The articles of one workspace that arrived at `since` (UTC milliseconds) or later, by the topics they match."""

    def __init__(self, workspace: str, since: int, articles: Sequence[Article], keywords: Keywords) -> None:
        self.workspace, self.since, self.articles, self.keywords = workspace, since, articles, keywords
        self.stories = {article.story for article in articles}
        self.queries: dict[str, Matches] = {}

    def after(self, changes: Sequence[Change]) -> News:
        """The news after articles changed, whichever they are; itself when none of them concerns it."""
        changed = {change.id for change in changes}
        kept = [article for article in self.articles if article.id not in changed]
        audience = {self.workspace, EVERYONE}
        came = [change.article for change in changes if change.article and audience & set(change.workspaces)]
        came = [article for article in came if _milliseconds(article.arrived) >= self.since]
        if not came and len(kept) == len(self.articles):
            return self
        articles = sorted([*kept, *came], key=lambda article: (article.arrived, article.id))
        return News(self.workspace, self.since, articles, self.keywords)

    def on(self, query: str) -> Matches:
        """Those that match `query`."""
        matches = self.queries.get(query)
        if matches is None:
            matches = self.queries[query] = Matches(self.articles, query, self.keywords)
        return matches


class Matches:
    """Articles that match one query, in the order they arrived; `refusal` is why the query cannot be served."""

    def __init__(self, articles: Sequence[Article], query: str, keywords: Keywords) -> None:
        self.refusal: str | None = None
        self.matches: list[Match] = []
        try:
            self.matches = match(articles, query, keywords)
        except QueryError as error:
            self.refusal = str(error)
        self.arrivals = [_milliseconds(article.arrived) for _, article in self.matches]
        self.stories = {article.story for _, article in self.matches}
        self.backlog = [article for _, article in self.matches if article.backlog]
        self._came = [_milliseconds(article.arrived) for article in self.backlog]
        dated = [(_milliseconds(date), article.id) for article in self.backlog if (date := article.published)]
        self._dated = sorted(dated)
        self._stale: dict[tuple[int, int], frozenset[int]] = {}
        self._found: dict[tuple[int, frozenset[int]], tuple[Found, ...]] = {}

    def stale(self, since: int, created: int) -> frozenset[int]:
        """The backlog that came after a subscription was `created`, and bears no date since then and since `since`."""
        key = bisect_right(self._came, created), bisect_left(self._dated, (max(since, created), 0))
        if key not in self._stale:
            came, dated = key
            recent = {id for _, id in self._dated[dated:]}
            self._stale[key] = frozenset(article.id for article in self.backlog[came:]) - recent
        return self._stale[key]

    def found(self, old: int, stale: frozenset[int]) -> tuple[Found, ...]:
        """The stories of all but the first `old` of them, and but those that are `stale`."""
        if (old, stale) not in self._found:
            self._found[old, stale] = by_story(each for each in self.matches[old:] if each[1].id not in stale)
        return self._found[old, stale]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
