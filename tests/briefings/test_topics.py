"""Topics: which articles a query matches, how strongly, why; and queries that are refused, at the right place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.errors import QueryError
from briefings.keywords import Keywords, load_aliases
from briefings.topics import LONGEST, article_terms, parse
from briefings.types import Document, Section

keywords = Keywords(load_aliases(Path(__file__).parents[2] / "config" / "aliases.toml"))


def terms(title="", *paragraphs, headed="", heading="Background", source=None, url=None):
    sections = [Section(None, tuple((paragraph,) for paragraph in paragraphs))]
    if headed:
        sections.append(Section(heading, ((headed,),)))
    return article_terms(Document(title=title, sections=tuple(sections), source=source, url=url), keywords)


ARTICLE = terms(
    "Ministers meet before the G-7 summit",
    "Finance ministers from Japan and South Korea agreed in Nagoya on a rate rise.",
    "The Coastal Fisheries Council (CFC) objected. A CFC vote follows.",
    "日本の首相が会談した。",
    "한국은 회담했다.",
    headed="U.S. officials praised the security policies of Côte d’Ivoire.",
    heading="Ups and downs",
    source="Harbour Gazette",
    url="https://www.gazette.example/world/1",
)

MATCHING = [
    "ministers",
    "G7",
    "group of seven summits",
    '"Group of Seven summit"',
    "“G-7 summit”",
    "the G7",
    "ministers and japan",
    "ROK",
    "korea",
    "us policy",
    "US",
    "ivory coast",
    "cote d'ivoire",
    '"rate rise"',
    '"South Korea agreed"',
    '"korea agreed"',
    "agreeing",
    "fisheries vote",
    '"CFC vote"',
    "tesla OR g7",
    "tesla or g7",
    "tesla OR nikola OR g7 summit",
    "japan tesla OR g7",
    "(tesla nikola) OR (japan nagoya)",
    "(tesla OR japan) (nikola OR nagoya)",
    "ministers -seoul",
    'ministers -"rise rate"',
    "ministers -title:nagoya",
    "ministers -(japan tesla)",
    "ministers -???",
    "title:ministers",
    'title:"G7 summit"',
    "TITLE:summit",
    "title:minist*",
    "securit*",
    "polic* japan",
    "source:gazette",
    'source:"harbour gazette"',
    "source:gazette.example",
    "ups and downs",
    "日本",
    "首相が",
    '"日本の首相"',
    "日本*",
    "한국",
    "ministers, japan",
    "the",
]
NOT_MATCHING = [
    "tesla",
    "G20",
    "north korea",
    "ministers tesla",
    '"rise rate"',
    '"summit Finance"',
    '"objected finance"',
    "tesla OR nikola",
    "japan (tesla OR nikola)",
    "japan OR tesla nikola",
    "ministers -japan",
    "ministers -Japan -tesla",
    "ministers --japan",
    "ministers –japan",
    'ministers -"rate rise"',
    "ministers -title:summit",
    "ministers -(tesla OR nagoya)",
    "ministers -source:gazette",
    "ministers -polic*",
    "title:nagoya",
    'title:"summit meet"',
    "title:nago*",
    "source:reuters",
    "source:ministers",
    "fisheriess*",
    "中国",
    "本日",
    "중국",
    "Nagoya-Japan",
]


@pytest.mark.parametrize("query", MATCHING)
def test_a_query_matches(query):
    topic = parse(query, keywords)
    assert topic.matches(ARTICLE)
    assert 0 < topic.score(ARTICLE) <= 1
    assert topic.explain(ARTICLE).startswith("It matches: it has ")


@pytest.mark.parametrize("query", NOT_MATCHING)
def test_a_query_does_not_match(query):
    topic = parse(query, keywords)
    assert not topic.matches(ARTICLE)
    assert topic.score(ARTICLE) == 0
    assert topic.explain(ARTICLE).startswith("It does not match: it ")


def test_words_that_count_for_nothing_count_when_there_is_nothing_else():
    assert parse("the", keywords).matches(terms("The end"))
    assert not parse("the", keywords).matches(terms("An end"))
    assert parse("the end", keywords).matches(terms("An end"))
    assert not parse("the OR tesla", keywords).matches(terms("An end"))


def test_being_about_something_shows_in_the_score():
    once = terms("Weather", "Rain and clouds.", "Wheat.", "Sun.")
    twice = terms("Weather", "Rain and clouds.", "Wheat and rice.", "Wheat.")
    opening = terms("Weather", "Wheat and clouds.", "Wheat.", "Sun.")
    headed = terms("Weather", "Rain and clouds.", "Sun.", headed="Sun.", heading="Wheat")
    titled = terms("Wheat", "Rain and clouds.", "Sun.")
    long = terms("Weather", "Rain and clouds.", "Wheat.", "Sun. " * 2000)
    score = parse("wheat", keywords).score
    assert score(long) < score(once) < score(twice) < score(opening) < score(titled)
    assert score(once) < score(headed) < score(titled)
    assert parse("wheat OR rain", keywords).score(once) > score(once)


def test_phrases_and_beginnings_count_by_place_as_words_do():
    for query in ("wheat", '"winter wheat"', "whea*"):
        score = parse(query, keywords).score
        inside = terms("Weather", "Rain and clouds.", "Winter wheat.")
        twice = terms("Weather", "Rain and clouds.", "Winter wheat.", "Winter wheat.")
        opening = terms("Weather", "Winter wheat and clouds.", "Rain.")
        titled = terms("Winter wheat", "Rain and clouds.", "Rain.")
        assert score(inside) < score(twice) < score(titled), query
        assert score(inside) < score(opening) < score(titled), query


@pytest.mark.parametrize(
    ("query", "beside", "apart"),
    [
        ("gas works", "The gas works are shut. It rains.", "The gas is shut. It works, rains."),
        ("the Bank of Nagoya", "A bank of Nagoya sold. It rose.", "Nagoya sold. A bank rose of it."),
        ("title:weather rate rise", "A rate rise came.", "A rise came, rate."),
        ("Group of Seven summit", "A G7 summit is near.", "A summit is near G7."),
    ],
)
def test_words_that_stand_side_by_side_as_in_the_query_tell_more(query, beside, apart):
    topic = parse(query, keywords)
    assert topic.score(terms("Weather", beside)) > topic.score(terms("Weather", apart)) > 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Group of Seven summit", ("g7", "summit")),
        ('g7 OR "rate rise" -tesla', ("g7", "rate", "rise")),
        ("title:summits summit", ("summit",)),
        ("semicond* source:gazette chips", ("chip",)),
        ("(japan OR korea) talks", ("japan", "korea", "talk")),
    ],
)
def test_the_words_looked_for_are_known(query, words):
    assert parse(query, keywords).words == words


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("summit tesla", "It does not match: it lacks “tesla”."),
        ("tesla OR nikola", "It does not match: it lacks “tesla” or “nikola”."),
        ("title:nagoya", "It does not match: it lacks “nagoya” in the title."),
        ("source:wire", "It does not match: it lacks the source “wire”."),
        ("summit -japan", "It does not match: it has “japan”, which the topic leaves out."),
        ("eco* summit", "It does not match: it lacks a word beginning with “eco”."),
        ("Group of Seven nagoya", "It matches: it has “Group of Seven” and “nagoya”."),
        ("tesla OR summit japan", "It matches: it has “summit” and “japan”."),
        ("a b", "It does not match: it lacks “b”."),
    ],
)
def test_the_reason_is_one_sentence(query, sentence):
    assert parse(query, keywords).explain(ARTICLE) == sentence


@pytest.mark.parametrize(
    ("query", "position", "hint"),
    [
        ("", 0, "no word"),
        ("   ", 3, "no word"),
        ("???", 3, "no word"),
        ("()", 1, "no word"),
        ('summit "rate', 7, "not closed"),
        ('title:"rate', 6, "not closed"),
        ('""', 0, "no word between"),
        ("OR summit", 0, "before"),
        ("summit OR", 7, "after"),
        ("summit OR OR g7", 7, "after"),
        ("(summit OR) g7", 8, "after"),
        ("summit OR -g7", 7, "left out"),
        ("-summit", 0, "look for"),
        ("-a -b", 0, "look for"),
        ("g7 (-summit)", 4, "look for"),
        ("summit ab*", 7, "3 letters"),
        ("a-b-c*", 0, "one word"),
        ("*", 0, "3 letters"),
        ("summit headline:rate", 7, "title: and source:"),
        ("title: rate", 0, "title:summit"),
        ("g7 title:", 3, "title:summit"),
        ("source:reut*", 0, "whole words"),
        ("g7 NOT g20", 3, "minus"),
        ("(g7", 0, "not closed"),
        ("g7)", 2, "closes nothing"),
        ("(" * 100 + "g7" + ")" * 100, 20, "deep"),
        ("g" * (LONGEST + 1), LONGEST, "characters"),
    ],
)
def test_a_wrong_query_is_refused_at_its_place(query, position, hint):
    with pytest.raises(QueryError) as refused:
        parse(query, keywords)
    assert refused.value.position == position
    assert hint in str(refused.value)
    assert refused.value.query == query


@pytest.mark.parametrize("query", ["12:30", "https://gazette.example/a", "re: summit", "AT&T", "C:", "3:AM", "a/b"])
def test_what_only_looks_like_a_field_is_words(query):
    assert parse(query, keywords).words


def test_an_article_without_text_matches_by_its_title_alone():
    assert parse("summit", keywords).matches(terms("A summit"))
    assert not parse("summit", keywords).matches(terms(""))


pieces = st.sampled_from(
    [*'()"-*:|', " ", "OR", "NOT", "title:", "source:", "g7", "the", "日本", "한국", "'s", "“", "é", "…"]
)


@given(st.text() | st.lists(pieces, max_size=20).map("".join) | st.lists(pieces, max_size=20).map(" ".join))
def test_any_text_parses_or_is_refused_within_itself(query):
    try:
        topic = parse(query, keywords)
    except QueryError as error:
        refused = error
    else:
        refused = None
    if refused:
        assert 0 <= refused.position <= len(query)
        assert str(refused).endswith(".")
        return
    assert 0 <= topic.score(ARTICLE) <= 1
    assert topic.explain(ARTICLE).startswith("It matches" if topic.matches(ARTICLE) else "It does not match")


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_phrase_of_an_article_is_found_in_it(text, title):
    article = terms(title, text)
    quoted = text.replace('"', " ")
    if keywords.of_question(quoted) and not set(quoted) & set("“”„‟«»＂"):
        assert parse(f'"{quoted}"', keywords).matches(article)
