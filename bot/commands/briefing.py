"""`brief`, `latest` and `more`: what was meant, and a briefing of it now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import asdict, replace

from bot.commands.asking import ask
from bot.commands.context import Context, refused
from bot.commands.finding import at_address, find_headline, find_section, matching
from bot.commands.words import article_places, is_link
from briefings.compose import by_story, compose, match, tell, told_by
from briefings.condense import condense
from briefings.errors import QueryError
from briefings.types import (
    Action,
    Article,
    Briefing,
    CondensedSection,
    Head,
    Item,
    Listing,
    Notice,
    Reply,
    Section,
    Story,
    Telling,
)

ABOUT = re.compile(r"^(?:on|about|of|for|from)\s+", re.IGNORECASE)
ME = re.compile(r"^me(?:\s+(?:on|about|of)\s+|$)", re.IGNORECASE)
LATEST = 10


class Length:
    """How much of each section is wanted: `sentences` each, or `words` in all."""

    def __init__(self, sentences: int | None = None, words: int | None = None) -> None:
        self.sentences = sentences
        self.words = words

    @property
    def is_usual(self) -> bool:
        """Whether it is left to the preferences."""
        return self.sentences is None and self.words is None


def brief(context: Context, argument: str, length: Length | None = None) -> Reply:
    """A briefing of an id, a topic, a section, a headline, or of articles with these words; the newest without any."""
    length = length or Length()
    argument = ME.sub("", argument.strip())
    if not argument:
        return _newest(context, length)
    if is_link(argument):
        return _of_link(context, argument, length)
    places = article_places(argument.replace("#", ""))
    if places:
        return _of_places(context, places, length)
    named = context.storage.topics.get(context.workspace, argument)
    if named:
        return _of_topic(context, named.name, named.query, length) or _nothing(context, argument)
    section = find_section(context, argument)
    if section:
        return _of_places(context, [(section.article.id, section.section)], length)
    headline = find_headline(context, argument)
    if headline:
        return _of_places(context, [(headline.id, None)], length)
    try:
        found = _of_topic(context, argument, argument, length)
    except QueryError:
        found = None
    return found or _nothing(context, argument)


def more(context: Context, argument: str) -> Reply:
    """Further sections or articles by their numbers, as the last answer or briefing offered them."""
    if not argument:
        return refused("There is nothing more to show of your last answer or briefing.")
    return _of_places(context, article_places(argument), Length())


def latest(context: Context, argument: str) -> Reply:
    """The newest headlines, of a topic if one is named."""
    topic = ABOUT.sub("", argument.strip().rstrip("?!. "), count=1) if argument.strip() else ""
    title = "Latest headlines"
    if topic:
        named = context.storage.topics.get(context.workspace, topic)
        heads = [a.head for a in matching(context, named.query if named else topic, LATEST)]
        title = f"Latest on {named.name if named else topic}"
    else:
        heads = context.storage.articles.heads(context.workspace, limit=LATEST)
    items = tuple(Item(head.title, _known(head), head.url, (Action("brief me", f"brief {head.id}"),)) for head in heads)
    if items:
        return Reply((Listing(title, items),))
    if topic:
        return _nothing(context, topic)
    return _empty()


def story(
    context: Context,
    article: Article,
    length: Length,
    only: int | None = None,
    said: Iterable[frozenset[str]] = (),
) -> Story:
    """One article condensed as the asker's channel likes it, or one section of it alone, without what was `said`."""
    preferences = context.preferences()
    sentences = length.sentences or preferences.sentences
    if preferences.style == "full" and only is None and length.is_usual:
        return tell(article, preferences, context.keywords)
    sections = condense(article, context.keywords, sentences=sentences, words=length.words, only=only, said=said)
    if only is not None and not sections:
        sections = (_opening(article.sections[only], only, sentences),)
    return Story(article.head, sections, article.language)


def stories(context: Context, asked: Iterable[tuple[Article, int | None]], length: Length) -> Iterator[Story]:
    """Articles, or sections of them, each without what one before it told; a section asked for is told whatever was."""
    said: list[frozenset[str]] = []
    for article, section in asked:
        told = story(context, article, length, section, said if section is None else ())
        said += told_by(told.sections, context.keywords)
        yield told


def _of_places(context: Context, places: Sequence[tuple[int, int | None]], length: Length) -> Reply:
    most = context.preferences().stories
    articles = {a.id: a for a in context.storage.articles.get_many([p[0] for p in places], context.workspace)}
    shown = [
        (articles[article], section)
        for article, section in places
        if article in articles and (section is None or section < len(articles[article].sections))
    ]
    if not shown:
        numbers = ", ".join(f"{a}" if s is None else f"{a}/{s}" for a, s in places[:most])
        return refused(f"There is no article {numbers} here; `latest` lists what there is with its numbers.")
    told = tuple(stories(context, shown[:most], length))
    names = [str(article.id) if section is None else f"{article.id}/{section}" for article, section in shown]
    return _briefing(context, None, told, [article.head for article, _ in shown[most:]], names)


def _of_link(context: Context, link: str, length: Length) -> Reply:
    """The article at an address; one that is not stored is read for this answer alone.

    Stored, it would be news to whatever is subscribed here, put there by anybody; or no news when a source lists it.
    """
    article = at_address(context, link)
    if article is not None:
        return _of_places(context, [(article.id, None)], length)
    document = context.lookup.article(link.strip(), context.asker)
    now = context.now
    read = Article(**asdict(document), id=0, story=0, arrived=now, updated=now, change=0)
    return Reply((Briefing(topic=None, stories=(story(context, read, length),)),), private=True)


def _newest(context: Context, length: Length) -> Reply:
    """The newest stories, each by its newest article."""
    most = context.preferences().stories
    heads = context.storage.articles.heads(context.workspace, limit=4 * most)
    articles = context.storage.articles.get_many([head.id for head in heads], context.workspace)
    newest: dict[int, Article] = {}
    for article in articles:
        newest.setdefault(article.story, article)
    return _of_articles(context, None, list(newest.values()), length) if newest else _empty()


def _of_topic(context: Context, name: str, query: str, length: Length) -> Reply | None:
    """The newest articles of a topic, weightiest story first. None when there are none. Raises QueryError."""
    preferences = context.preferences()
    found = matching(context, query, 2 * preferences.stories)
    if not found:
        return None
    by_id = {article.id: article for article in found}
    headlines = replace(preferences, style="headlines")
    weighed = compose(name, by_story(match(found, query, context.keywords)), headlines, context.keywords)
    order = [*(told.article for told in weighed.stories), *weighed.more]
    return _of_articles(context, name, [by_id[head.id] for head in order], length)


def _of_articles(context: Context, topic: str | None, articles: Sequence[Article], length: Length) -> Reply:
    most = context.preferences().stories
    told = tuple(stories(context, [(article, None) for article in articles[:most]], length))
    rest = [article.head for article in articles[most:]]
    return _briefing(context, topic, told, rest, [str(article.id) for article in articles])


def _briefing(
    context: Context, topic: str | None, stories: tuple[Story, ...], rest: Sequence[Head], places: Sequence[str]
) -> Reply:
    """The stories with what may be done next; `places` are the numbers of all that was found, the rest included."""
    actions = []
    if rest:
        actions.append(Action("more", f"more {' '.join(places[len(stories) :])}"))
    if context.may_manage():
        actions.append(Action("post here", f"post story {' '.join(places[: len(stories)])}"))
    briefing = Briefing(topic=topic, stories=stories, more=tuple(rest), actions=tuple(actions))
    return Reply((briefing,), private=True)


def _opening(section: Section, position: int, sentences: int) -> CondensedSection:
    """A section none of whose sentences reads alone, asked for alone: how it begins."""
    tellings = [
        Telling(text, paragraph, sentence)
        for paragraph, texts in enumerate(section.paragraphs)
        for sentence, text in enumerate(texts)
    ]
    return CondensedSection(section.heading, position, tuple(tellings[:sentences]))


def _known(head: Head) -> str:
    published = f"{head.published.day} {head.published:%b %Y}" if head.published else "no date"
    return f"{head.source}, {published}" if head.source else published


def _nothing(context: Context, words: str) -> Reply:
    """What `ask` says when there is nothing: the words looked for and the nearest headline."""
    reply = ask(context, words)
    if not reply.found:
        return replace(reply, private=True)
    text = f"No topic, section, headline or article is “{words}”, but `ask {words}` finds sentences on it."
    return Reply((Notice(text), *reply.contents), private=True, found=False)


def _empty() -> Reply:
    notice = Notice("The archive is empty. An operator adds articles with `sidelines add FILE`.", "refused")
    return Reply((notice,), private=True, found=False)
