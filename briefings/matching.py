"""How much an article is about the parts of a topic: words, phrases, beginnings, sources, and what joins them."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Literal

from msgspec import Struct

from briefings.keywords import Keywords, acronyms
from briefings.types import Document
from briefings.words import pattern, pieces, prepared

# How much an article is about a word: hits weighted by place, saturating as in BM25, longer texts counting less.
# Tuned on topics of Reuters, BBC and AG News (`benchmarks/topics.py`): on Reuters a mean average precision of 0.82;
# 0.79 without the opening, sentences instead of hits, and the two below. Around these values it hardly changes.
_TITLE, _HEADING, _OPENING, _BODY = 6.0, 2.0, 2.0, 1.0
_SATURATION, _LENGTH_SHARE, _USUAL_LENGTH = 1.2, 0.6, 400
_BESIDE, _ALL = 0.3, 1.3  # the share of words standing side by side; the power of having all that is wanted


# Articles ---------------------------------------------------------------------------------------------------


class ArticleTerms:
    """What topics look at in one article, prepared once for any number of topics. To be treated as frozen."""

    def __init__(self, document: Document, keywords: Keywords) -> None:
        paragraphs = [paragraph for section in document.sections for paragraph in section.paragraphs]
        headings = [section.heading for section in document.sections if section.heading]
        places: list[tuple[float, list[tuple[str, ...]]]] = [
            (_TITLE, [(document.title,)]),
            (_HEADING, [(heading,) for heading in headings]),
            (_OPENING, paragraphs[:1]),
            (_BODY, paragraphs[1:]),
        ]
        self._places = [(weight, [" ".join(sentences) for sentences in texts]) for weight, texts in places]
        self._keywords = keywords
        local = keywords.with_acronyms(acronyms("\n".join(text for _, texts in self._places for text in texts)))
        tokens = [(weight, [local.of(each) for sentences in texts for each in sentences]) for weight, texts in places]
        counts = [(weight, Counter(chain.from_iterable(map(set, sentences)))) for weight, sentences in tokens]
        length = sum(len(sentence) for _, sentences in tokens[2:] for sentence in sentences)
        self._rarity = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * length / _USUAL_LENGTH)
        self.title = self._weights(counts[:1])
        """Each token of the title and how much the article is about it, above 0 and below 1."""
        self.weights = self._weights(counts)
        """The same for all tokens of the article."""
        host = re.sub(r"^\w+://(?:www\.)?|[/?#].*", "", document.url or "")
        self.source = frozenset(keywords.of(f"{document.source or ''} {host}"))
        """The tokens of the source's name and of its site's."""

    def about(self, hits: float) -> float:
        """How much the article is about something with this many weighted hits: 0 for none, below 1 for many."""
        return hits / (hits + self._rarity)

    def _weights(self, counts: Iterable[tuple[float, Counter[str]]]) -> dict[str, float]:
        return {token: self.about(hits) for token, hits in _summed(counts).items()}

    @cached_property
    def streams(self) -> tuple[tuple[float, str], ...]:
        """The weight of each place, the title first, and its tokens for finding phrases: with spaces around each, as
        plain words and with aliases merged. No phrase crosses a paragraph."""
        return tuple((weight, "\n".join(map(self._stream, texts))) for weight, texts in self._places)

    @cached_property
    def title_words(self) -> list[tuple[str, float]]:
        """The title's words unstemmed and sorted, for finding prefixes, each with its weighted hits."""
        return self._sorted(self._places[:1])

    @cached_property
    def words(self) -> list[tuple[str, float]]:
        """The same for all texts."""
        return self._sorted(self._places)

    def _stream(self, text: str) -> str:
        plain, merged = self._keywords.plain(text), self._keywords.merged(text)
        return stream(plain) if plain == merged else f"{stream(plain)}\n{stream(merged)}"

    def _sorted(self, places: Sequence[tuple[float, list[str]]]) -> list[tuple[str, float]]:
        return sorted(_summed((weight, Counter(_pieces("\n".join(texts)))) for weight, texts in places).items())


def _summed(counts: Iterable[tuple[float, Counter[str]]]) -> dict[str, float]:
    """The weighted hits of each word in all places."""
    hits: dict[str, float] = {}
    for weight, count in counts:
        for word, times in count.items():
            hits[word] = hits.get(word, 0.0) + weight * times
    return hits


def _pieces(text: str) -> Iterator[str]:
    """The words of a text unstemmed."""
    text = prepared(text)
    for word in pattern(text).findall(text):
        yield from pieces(word)


def stream(tokens: Iterable[str]) -> str:
    """Tokens with a space on either side of each: a stream holds a phrase where the one string holds the other."""
    return "".join(f" {token} " for token in tokens)


# Parts of a query -------------------------------------------------------------------------------------------
# Each scores an article from 0 (does not match) to 1. `shown` names the part in a sentence for a person.


class Word(Struct, frozen=True):
    """One token, anywhere or in the title."""

    shown: str
    token: str
    title: bool

    def score(self, terms: ArticleTerms) -> float:
        """How much the article is about it."""
        return (terms.title if self.title else terms.weights).get(self.token, 0.0)


class Phrase(Struct, frozen=True):
    """Tokens side by side; `forms` are their streams, any of which will do."""

    shown: str
    forms: tuple[str, ...]
    title: bool

    def score(self, terms: ArticleTerms) -> float:
        """How much the article is about it, by how often and where it is there."""
        places = terms.streams[:1] if self.title else terms.streams
        return terms.about(sum(weight * max(map(text.count, self.forms)) for weight, text in places))


class Prefix(Struct, frozen=True):
    """A word that begins with these letters."""

    shown: str
    letters: str
    title: bool

    def score(self, terms: ArticleTerms) -> float:
        """How much the article is about the words that begin so, taken as one."""
        words = terms.title_words if self.title else terms.words
        first, end = (bisect_left(words, (letters,)) for letters in (self.letters, self.letters + "\U0010ffff"))
        return terms.about(sum(hits for _, hits in words[first:end]))


class Source(Struct, frozen=True):
    """A source or site whose name has all of these tokens."""

    shown: str
    tokens: frozenset[str]

    def score(self, terms: ArticleTerms) -> float:
        """1 when the article is from there."""
        return 1.0 if self.tokens <= terms.source else 0.0


class Without(Struct, frozen=True):
    """What must not be there."""

    part: "Part"

    def score(self, terms: ArticleTerms) -> float:
        """1 when it is not there."""
        return 0.0 if self.part.score(terms) else 1.0


class Either(Struct, frozen=True):
    """Parts of which one is enough; more of them make the article more about it."""

    parts: "tuple[Part, ...]"

    @property
    def shown(self) -> str:
        """All choices."""
        return listed([part.shown for part in self.parts], "or")

    def score(self, terms: ArticleTerms) -> float:
        """One less the product of what each part leaves open."""
        missed = 1.0
        for part in self.parts:
            missed *= 1.0 - part.score(terms)
        return 1.0 - missed


class All(Struct, frozen=True):
    """Parts that must all be there, and what must not. `together` are those of them that stand side by side in the
    query: an article in which they do so too is more about them."""

    wanted: "tuple[Part, ...]"
    unwanted: tuple[Without, ...]
    together: tuple[Phrase, ...] = ()

    @property
    def shown(self) -> str:
        """All that is wanted."""
        return listed([part.shown for part in self.wanted], "and")

    def score(self, terms: ArticleTerms) -> float:
        """0 when anything wanted is missing or something unwanted is there, else the mean of what is wanted, with a
        share for words that stand side by side; to have several things says more than to have one.
        """
        total = 0.0
        for part in self.wanted:
            score = part.score(terms)
            if not score:
                return 0.0
            total += score
        if not all(without.score(terms) for without in self.unwanted):
            return 0.0
        if len(self.wanted) == 1:
            return total
        about = total / len(self.wanted)
        if self.together:
            beside = sum(phrase.score(terms) for phrase in self.together) / len(self.together)
            about = (1 - _BESIDE) * about + _BESIDE * beside
        return 1 - float((1 - about) ** _ALL)


Part = Word | Phrase | Prefix | Source | Either | All


def listed(things: Sequence[str], last: Literal["and", "or"]) -> str:
    """ "a, b and c"; one thing stands alone."""
    *most, end = things
    return f"{', '.join(most)} {last} {end}" if most else end
