"""What a person names, found: an article by its number, headline or address, a section, the articles of a topic."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.commands.context import Context
from bot.commands.words import article_places
from briefings.documents import canonical_url
from briefings.entries import Candidate
from briefings.topics import Topic, article_terms, parse
from briefings.types import Article, Head, Key, Scope

OPENINGS = re.compile(r"^(?:and|but|so|or|yet)\b[\s,:]*", re.IGNORECASE)
"""Words that a heading may begin with and nobody types."""
PROPOSED = 500
"""Sections that the index proposes for a topic, and newest articles looked at when it proposes fewer."""


def find_place(context: Context, words: str) -> tuple[Scope, str] | None:
    """Where to look for an answer, and that in words: an article, a section or a topic by its number or its name.

    A part of a headline will do when no other headline has it.
    """
    places = article_places(words.replace("#", ""))
    if places:
        return _numbered(context, places)
    named = context.storage.topics.get(context.workspace, words)
    if named:
        found = matching(context, named.query, PROPOSED)
        return Scope(articles=frozenset(article.id for article in found)), f"in the topic “{named.name}”"
    section = find_section(context, words)
    if section:
        scope = Scope(articles=frozenset({section.article.id}), section=section.section)
        return scope, f"in “{section.heading}” of “{section.article.title}”"
    headline = find_headline(context, words) or _only_headline(context, words)
    return (Scope(articles=frozenset({headline.id})), f"in “{headline.title}”") if headline else None


def _numbered(context: Context, places: Sequence[tuple[int, int | None]]) -> tuple[Scope, str] | None:
    """Articles by their numbers, or one section of one article."""
    articles = context.storage.articles.get_many([article for article, _ in places], context.workspace)
    if len(articles) != 1:
        titles = " and ".join(f"“{article.title}”" for article in articles)
        return (Scope(articles=frozenset(article.id for article in articles)), f"in {titles}") if articles else None
    [article], section = articles, places[0][1]
    if section is None:
        return Scope(articles=frozenset({article.id})), f"in “{article.title}”"
    if section >= len(article.sections):
        return None
    heading = article.sections[section].heading
    told = f"in “{heading}” of “{article.title}”" if heading else f"in the lead of “{article.title}”"
    return Scope(articles=frozenset({article.id}), section=section), told


def _only_headline(context: Context, words: str) -> Head | None:
    """The one article whose headline has all of these words."""
    tokens = [token for token in context.keywords.of(words) if not context.keywords.is_stop(token)]
    found = context.index.titles(tokens, workspace=context.workspace, limit=2, every=True)
    return found[0].article if len(found) == 1 else None


def find_section(context: Context, words: str) -> Candidate | None:
    """The section with that heading, an opening "But" and closing marks set aside; the best of several, if any."""
    wanted = _bare(context, words)
    if not wanted:
        return None
    for candidate in context.index.headings(wanted, workspace=context.workspace, limit=20):
        if candidate.heading and _bare(context, candidate.heading) == wanted:
            return candidate
    return None


def find_headline(context: Context, words: str) -> Head | None:
    """The article with that headline; part of it will do when it is most of it."""
    wanted = set(context.keywords.of(words))
    if not wanted:
        return None
    found = context.index.titles(sorted(wanted), workspace=context.workspace, limit=10, every=True)
    for candidate in found:
        if len(wanted) * 2 > len(set(context.keywords.of(candidate.article.title))):
            return candidate.article
    return None


def at_address(context: Context, link: str) -> Article | None:
    """The article that was read at a web address, written in whatever way."""
    found = context.storage.articles.matching([Key("url", canonical_url(link.strip()))], context.workspace)
    return found[0].article if found else None


def matching(context: Context, query: str, limit: int) -> list[Article]:
    """The newest articles that a topic query matches, newest first. Raises QueryError."""
    topic = parse(query, context.keywords)
    proposed = context.index.search(_tokens(context, topic), workspace=context.workspace, limit=PROPOSED)
    ids = dict.fromkeys(candidate.article.id for candidate in proposed)
    if len(proposed) < PROPOSED:  # Prefixes and sources are in no index: look at the newest themselves.
        ids |= dict.fromkeys(head.id for head in context.storage.articles.heads(context.workspace, limit=PROPOSED))
    articles = context.storage.articles.get_many(list(ids), context.workspace)
    found = [article for article in articles if topic.matches(article_terms(article, context.keywords))]
    return sorted(found, key=lambda article: (article.arrived, article.id), reverse=True)[:limit]


def _tokens(context: Context, topic: Topic) -> list[str]:
    """What a topic's words are in each language of the archive, as the index has every text in its own."""
    typed = " ".join(words for words, token in context.keywords.typed(topic.query) if token in topic.words)
    tokens = dict.fromkeys(topic.words)
    for language in context.index.languages():
        tokens |= dict.fromkeys(context.keywords.in_language(language).of(typed))
    return list(tokens)


def _bare(context: Context, heading: str) -> tuple[str, ...]:
    return context.keywords.of(OPENINGS.sub("", heading.strip(), count=1)) or context.keywords.of(heading)
