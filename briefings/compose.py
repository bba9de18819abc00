"""Articles that match a topic -> a briefing: grouped by story, ordered by weight, told in the style preferred.

A briefing says nothing twice: a story leaves out what an earlier one told, and other articles of a story are named
beside it, or tell after it what it does not say at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from briefings.condense import condense, content_of, say_the_same
from briefings.keywords import Keywords
from briefings.matching import ArticleTerms
from briefings.topics import article_terms, parse
from briefings.types import Article, Briefing, CondensedSection, Preferences, Section, Story, Telling

_ENOUGH = 4
"""Keywords; with fewer two sentences may well say the same of two things: "The police are looking into it."."""
_OTHERS = 4
"""Other articles of a story that are read for what they add at most; the rest is only named."""
_ADDED = 2
"""Sentences that a section of another article adds to a story at most."""


class Found(Struct, frozen=True):
    """A story that matches a topic: its article most about it, how much so, and other articles of the same story."""

    story: int
    article: Article
    score: float
    arrived: datetime
    others: tuple[Article, ...] = ()


Match = tuple[float, Article]
"""An article and how much it is about a topic, above 0."""


def match(articles: Iterable[Article], query: str, keywords: Keywords) -> list[Match]:
    """Those of `articles` that match `query`, in their order. Raises `QueryError`."""
    topic = parse(query, keywords)
    scored = ((topic.score(_terms(article, keywords)), article) for article in articles)
    return [(score, article) for score, article in scored if score]


def prepare(articles: Iterable[Article], keywords: Keywords) -> None:
    """Do what takes long of `match`, whatever the query: soon after it is quick for these articles."""
    for article in articles:
        _terms(article, keywords)


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
    return Found(story, article, score, arrived, tuple(other for _, other in matches[1:]))


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
    ranked = sorted(found, key=lambda f: (-f.score, -len(f.others), -f.arrived.timestamp(), f.story))
    told, more = ranked[: preferences.stories], ranked[preferences.stories :]
    return Briefing(
        topic=topic,
        stories=tuple(_told(told, preferences, keywords)),
        more=tuple(one.article.head for one in more),
        due=due,
        late=late,
    )


def _told(found: Iterable[Found], preferences: Preferences, keywords: Keywords) -> Iterator[Story]:
    """The stories, each without what was told before it, and after it what its other articles add."""
    said: list[frozenset[str]] = []
    for one in found:
        story = _once(tell(one.article, preferences, keywords), one.article, preferences, keywords, said)
        said += told_by(story.sections, keywords)
        added = list(_added(one, keywords, said)) if preferences.style == "brief" else []
        adding = {other.article.id for other in added}
        yield replace(story, also_in=tuple(other.head for other in one.others if other.id not in adding))
        yield from added
        said += (content for other in added for content in told_by(other.sections, keywords))


def _added(one: Found, keywords: Keywords, said: Sequence[frozenset[str]]) -> Iterator[Story]:
    """What other articles of a story tell that is neither `said` nor in those before it, told or left out."""
    known, article = list(said), one.article
    for other in one.others[:_OTHERS]:
        known += told_by(article.sections, keywords)
        sections = condense(other, keywords, sentences=_ADDED, said=known)
        if sections:
            yield Story(other.head, sections, other.language)
        article = other


def _once(
    story: Story, article: Article, preferences: Preferences, keywords: Keywords, said: Sequence[frozenset[str]]
) -> Story:
    """A story told briefly, without what is `said`; in full it stays whole."""
    if preferences.style != "brief" or not said:
        return story
    if not any(say_the_same(own, other) for own in told_by(story.sections, keywords) for other in said):
        return story
    return replace(story, sections=condense(article, keywords, sentences=preferences.sentences, said=said))


def told_by(sections: Iterable[Section | CondensedSection], keywords: Keywords) -> list[frozenset[str]]:
    """The keywords of each sentence, of those that have enough of them to tell one thing from another."""
    texts = (text if isinstance(text, str) else text.text for section in sections for text in section.sentences)
    return [content for text in texts if len(content := content_of(text, keywords)) >= _ENOUGH]


def tell(article: Article, preferences: Preferences, keywords: Keywords) -> Story:
    """One article in the style preferred: its headline, its sections condensed, or all it says."""
    sections: tuple[CondensedSection, ...] = ()
    if preferences.style == "full":
        sections = _in_full(article)
    elif preferences.style == "brief":
        sections = _condensed(article, keywords, preferences.sentences)
    return Story(article=article.head, sections=sections, language=article.language)


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
