"""Any content whatever, as hostile as can be, for the tests of renderers; and what of it must be told."""

from collections.abc import Iterator, Sequence
from datetime import UTC

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bot.render.plain_text import clean
from briefings.types import (
    Action,
    Answer,
    Briefing,
    CondensedSection,
    Content,
    Head,
    Item,
    Listing,
    Notice,
    Quote,
    Story,
    Telling,
)

HOSTILE = (
    "@everyone",
    "*bold* _it_ ~no~ `code`",
    ":smile: :+1::skin-tone-2:",
    "> quoted",
    "```",
    "👨‍👩‍👧‍👦",
    "🇰🇷🇯🇵",
    "עברית ועוד",
    "\u202eevil",
    "日本と韓国の首脳が会談する。",
    "\x00\x1b[31m",
    "\ud800",
    "\n\n",
    "|",
    "́" * 50,
)
LONG = ("a", "word ", "日本語", "👨‍👩‍👧‍👦", "é̂", "السلام ", ":x:", "*", "`", "http://e.org ")
URLS = ("https://example.org/a", "https://e.org/" + "a" * 2980, "ftp://e.org", "javascript:x")


def any_content(
    *,
    hostile: Sequence[str] = (),
    long: Sequence[str] = (),
    sizes: Sequence[int] = (300, 10_000),
    urls: Sequence[str] = (),
) -> tuple[SearchStrategy[str], SearchStrategy[Content]]:
    """Any texts and any contents; with a platform's own hostile words, pieces of long texts, their sizes, addresses."""
    words = st.sampled_from((*HOSTILE, *hostile))
    short = st.text(max_size=30) | words | st.lists(words, max_size=6).map(" ".join)
    pieces = st.sampled_from((*LONG, *long))
    lengthy = st.builds(lambda piece, size: piece * (size // len(piece)), pieces, st.sampled_from(sizes))
    texts = st.one_of(short, short, short, short, lengthy)
    return texts, _contents(short, texts, st.none() | st.sampled_from((*URLS, *urls)) | texts)


def _contents(
    short: SearchStrategy[str], texts: SearchStrategy[str], urls: SearchStrategy[str | None]
) -> SearchStrategy[Content]:
    times = st.none() | st.datetimes(timezones=st.just(UTC))
    heads = st.builds(Head, id=st.integers(1, 99), title=texts, url=urls, source=st.none() | texts, published=times)
    actions = st.one_of(
        *[st.lists(st.builds(Action, short, short), max_size=2)] * 15,
        st.lists(st.builds(Action, texts, texts), min_size=26, max_size=30),
    ).map(tuple)
    quotes = st.builds(
        Quote,
        text=texts,
        article=heads,
        heading=st.none() | texts,
        section=st.integers(0, 9),
        paragraph=st.just(0),
        sentence=st.just(0),
        score=st.just(1.0),
    )
    items = st.builds(Item, texts, texts, urls, actions)
    return st.one_of(
        st.builds(Notice, texts | st.lists(texts, max_size=5).map("\n".join), actions=actions, code=st.booleans()),
        st.builds(Listing, texts, st.lists(items, max_size=4).map(tuple), texts, actions),
        st.builds(
            Answer,
            question=texts,
            looked_for=st.lists(texts, max_size=3).map(tuple),
            quotes=st.lists(quotes, max_size=4).map(tuple),
            nearest=st.none() | heads,
            actions=actions,
        ),
        st.builds(
            Briefing,
            topic=st.none() | texts,
            stories=st.lists(_stories(short, texts, heads), max_size=3).map(tuple),
            more=st.lists(heads, max_size=2).map(tuple),
            due=times,
            late=st.booleans(),
            updated=times,
            actions=actions,
        ),
    )


def _stories(
    short: SearchStrategy[str], texts: SearchStrategy[str], heads: SearchStrategy[Head]
) -> SearchStrategy[Story]:
    """Stories of a few sections, or now and then of two hundred small ones."""

    def sections(texts: SearchStrategy[str], least: int, most: int) -> SearchStrategy[CondensedSection]:
        tellings = st.lists(st.builds(Telling, texts, st.just(0), st.just(0)), min_size=least, max_size=most)
        return st.builds(CondensedSection, st.none() | texts, st.just(0), tellings.map(tuple))

    few = st.lists(sections(texts, 0, 3), max_size=2)
    many = st.lists(sections(short, 1, 1), min_size=3, max_size=3).map(lambda some: some * 67)
    found = st.one_of(*[few] * 40, many).map(tuple)
    return st.builds(Story, heads, found, also_in=st.lists(heads, max_size=3).map(tuple))


def assert_told_in_order(content: Content, told: str) -> None:
    """All that must be read of the content is in what is told, white space and back-ticks aside."""
    told, place = squeezed(told), 0
    for text in expected(content):
        found = told.find(squeezed(text), place)
        assert found >= 0, f"{text[:80]!r} is not told, or not in its place"
        place = found + len(squeezed(text))


def expected(content: Content) -> Iterator[str]:
    """What must be read, in order; long titles by how they begin."""
    match content:
        case Briefing():
            yield from [content.topic[:90]] if content.topic else []
            for story in content.stories:
                yield from cited(story.article)
                for section in story.sections:
                    yield (section.heading or "")[:90]
                    yield from (telling.text for telling in section.sentences)
                yield from (head.title[:90] for head in story.also_in)
        case Answer():
            for quote in content.quotes:
                yield quote.article.title[:90]
                yield (quote.heading or "")[:90]
                yield from list(cited(quote.article))[1:]
            if not content.quotes:
                yield from (word[:40] for word in content.looked_for)
        case Listing():
            yield content.title
            for item in content.items:
                yield item.label[:90] if item.url else item.label
                yield item.detail
            yield "" if content.items else content.empty
        case Notice():
            yield content.text


def cited(head: Head) -> Iterator[str]:
    """Title, source and date."""
    yield head.title[:90]
    yield (head.source or "")[:40]
    yield f"{head.published.day}{head.published:%b%Y}" if head.published else ""


def squeezed(text: str) -> str:
    """Its words without white space and back-ticks."""
    return "".join(clean(text).split()).replace("`", "")
