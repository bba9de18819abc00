"""Articles that match a topic -> a briefing: grouped by story, ordered by weight, told in the style preferred."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from briefings.condense import condense
from briefings.keywords import Keywords
from briefings.matching import ArticleTerms
from briefings.topics import article_terms, parse
from briefings.types import Article, Briefing, CondensedSection, Head, Preferences, Story, Telling


class Found(Struct, frozen=True):
    """A story that matches a topic: its article most about it, how much so, and other articles of the same story."""

    story: int
    article: Article
    score: float
    arrived: datetime
    also_in: tuple[Head, ...] = ()


Match = tuple[float, Article]
"""An article and how much it is about a topic, above 0."""


def match(articles: Iterable[Article], query: str, keywords: Keywords) -> list[Match]:
    """Those of `articles` that match `query`, in their order. Raises `QueryError`."""
    topic = parse(query, keywords)
    scored = ((topic.score(_terms(article, keywords)), article) for article in articles)
    return [(score, article) for score, article in scored if score]


def by_story(matches: Iterable[Match]) -> tuple[Found, ...]:
    """The stories that articles belong to, each under the article most about the topic."""
    stories: dict[int, list[Match]] = {}
    for each in matches:
        stories.setdefault(each[1].story, []).append(each)
    return tuple(_found(story, its) for story, its in stories.items())


def _found(story: int, matches: list[Match]) -> Found:
    matches.sort(key=lambda each: (-each[0], each[1].id))
    score, article = matches[0]
    arrived = max(article.arrived for _, article in matches)
    return Found(story, article, score, arrived, tuple(other.head for _, other in matches[1:]))


def compose(
    topic: str,
    found: Sequence[Found],
    preferences: Preferences,
    keywords: Keywords,
    *,
    due: datetime | None = None,
    late: bool = False,
) -> Briefing:
    """A briefing on `found`: the weightiest stories first, condensed in the style preferred, the rest named in `more`.

    Weight is how much a story is about the topic, then how many sources carry it, then how new it is.
    """
    ranked = sorted(found, key=lambda f: (-f.score, -len(f.also_in), -f.arrived.timestamp(), f.story))
    told, more = ranked[: preferences.stories], ranked[preferences.stories :]
    return Briefing(
        topic=topic,
        stories=tuple(tell(one.article, preferences, keywords, also_in=one.also_in) for one in told),
        more=tuple(one.article.head for one in more),
        due=due,
        late=late,
    )


def tell(article: Article, preferences: Preferences, keywords: Keywords, *, also_in: tuple[Head, ...] = ()) -> Story:
    """One article in the style preferred: its headline, its sections condensed, or all it says."""
    sections: tuple[CondensedSection, ...] = ()
    if preferences.style == "full":
        sections = _in_full(article)
    elif preferences.style == "brief":
        sections = _condensed(article, keywords, preferences.sentences)
    return Story(article=article.head, sections=sections, language=article.language, also_in=also_in)


def _in_full(article: Article) -> tuple[CondensedSection, ...]:
    return tuple(
        CondensedSection(
            heading=section.heading,
            section=place,
            sentences=tuple(
                Telling(text, paragraph, sentence)
                for paragraph, sentences in enumerate(section.paragraphs)
                for sentence, text in enumerate(sentences)
            ),
        )
        for place, section in enumerate(article.sections)
    )


@lru_cache(maxsize=4096)
def _terms(article: Article, keywords: Keywords) -> ArticleTerms:
    return article_terms(article, keywords)


@lru_cache(maxsize=512)
def _condensed(article: Article, keywords: Keywords, sentences: int) -> tuple[CondensedSection, ...]:
    return condense(article, keywords, sentences=sentences)
