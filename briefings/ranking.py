"""Which section answers a question best, and which of its sentences.

The index proposes sections; `rank` finds the best sentence in each and orders them. Nothing is withheld here: whether
the best one is an answer at all is for `answer` to say.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from briefings.entries import Candidate, Words
from briefings.function_words import language_of_question
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.types import Head

MOST_WORDS = 40
"""Of a question: only its first words are looked for, so that a pasted page costs no more than a question."""
CANDIDATES = 10
"""Sections that are looked at closely: the best by the index are rarely beaten from further down."""

# Tuned together on the dev halves of all sets of questions in 15 languages: the right passage first, and the right
# sentence in it. Weights are inverse document frequencies, as in the section's own score.
_SENTENCE = 0.5
"""What the best sentence's score counts beside the section's."""
_PAIR = 0.125
"""The part of its weight that a word gains beside each word it was asked beside, in the sentence and in the section."""
_ALIKE = 0.5
"""The part of its weight that a word gives a sentence which has another word with its beginning: endings and compounds
that no stemmer brings together."""
_ALIKE_IN_SECTION = 0.4
"""The same for a section that has the word nowhere."""
_BEGINNING = 5
"""Letters; six bring less in every language, four too much that is different."""
_TITLE = 0.25
"""The part of its weight that a word of the title keeps: it tells the article, not the sentence."""
_KIND = 0.25
"""The part of the question's weight that a sentence gains for showing the kind of answer asked for."""
_PREVIOUS = 0.05
"""The part of the previous sentence's score that a sentence gains."""
_LENGTH = 0.1
"""How much a long sentence loses: the part of its score that is divided by its length."""
_USUAL_LENGTH = 50
"""Words, or pieces of them, of a sentence that is not long; longer ones carry a word more easily."""

_UNSPACED = "\u0e00"
"""From this letter on, tokens are pieces of words, and beginnings say nothing."""

_MEANING = 3.5
"""What closeness in meaning counts where a model tells it: a cosine of 1 as much as so many words found nowhere else.

Tuned with all-MiniLM-L6-v2 on SQuAD, QED and XQuAD (German, Russian, Chinese), dev halves: in languages that a model
does not know, it then does no harm. The cosines of single sentences were tried and add nothing.
"""
_NEWS = 0.05
_NEWS_DAYS = 30
"""Today's article gains so much over an old one, half as much after so many days: it decides between equals only."""
_UNSEEN = 500
"""Sections imagined beside the archive's own, so that no word of a small archive counts as common."""

_ASKED = {
    "number": r"\bhow (?:many|much|long|old|far|high|large|big|tall|often|fast)\b|\bwhat (?:percent|number|share)"
    "|何人|いくつ|いくら|多少|몇|얼마",
    "date": r"\bwhen\b|\b(?:what|which) (?:year|month|day|date|century|time|decade)\b|いつ|何年|何时|哪一?年|언제",
    "name": r"\bwho(?:m|se)?\b|誰|だれ|谁|누구|누가",
    "reason": r"\bwhy\b|\bwhat (?:caused|led to)\b|なぜ|为什么|왜",
}
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_TOLD = {
    "number": r"\b(?!(?:1\d|20)\d\d\b)\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|half)\b"
    r"|\b(?:dozen|hundred|thousand|million)s?\b",
    "date": rf"\b\d{{4}}\b|\b(?:{_MONTH}|\w+days?|century)\b|\d[年月日년월일]",
    "name": r"(?<=[a-z,;] )[A-Z]\w+|氏|先生",
    "reason": r"\b(?:because|since|due to|owing to|so that|in order to|as a result|reasons?|caused?)\b"
    "|ため|から|因为|때문",
}
_KINDS = {kind: (re.compile(_ASKED[kind], re.IGNORECASE), re.compile(_TOLD[kind])) for kind in _ASKED}


class Question(NamedTuple):
    """What to look for: words as typed, their keywords, what each weighs, and what an answering sentence would show."""

    words: tuple[str, ...]
    tokens: tuple[str, ...]
    weights: Mapping[str, float]
    shows: re.Pattern[str] | None = None
    rarest: float = 0.0
    """What a word weighs that nothing in the archive has."""
    language: str | None = None
    """The one its keywords are in, of those that the archive has."""
    names: frozenset[str] = frozenset()
    """The keywords that are likely names, see `names_in`."""
    unknown: frozenset[str] = frozenset()
    """The keywords that nothing in the archive has."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The keywords that stand beside each other."""
        return frozenset(pairwise(self.tokens))

    def weight(self, found: Set[str]) -> float:
        """What the keywords `found` weigh together."""
        return math.fsum(weight for token, weight in self.weights.items() if token in found)

    def weight_of_pairs(self, found: Set[tuple[str, str]]) -> float:
        """What the words of the pairs `found` weigh, those of two pairs twice."""
        return math.fsum(self.weights[one] + self.weights[other] for one, other in found)

    def support(self, found: Set[str]) -> float:
        """The part of the question's weight that the keywords `found` carry, 0 to 1."""
        return self.weight(found) / self.weight(self.weights.keys())


class Ranked(NamedTuple):
    """A candidate with what it says, where its best sentence stands, and its score."""

    candidate: Candidate
    words: Words
    paragraph: int
    sentence: int
    score: float


def asked_for(question: str, index: Index, keywords: Keywords) -> Question | None:
    """What to look for; None when the question has no word worth looking for."""
    languages = index.languages()
    language = language_of_question(question, languages)
    keywords = keywords.in_language(language)
    pairs = [pair for pair in keywords.question_words(question) if not keywords.is_stop(pair[1])][:MOST_WORDS]
    if not pairs:
        return None
    if len(languages) > 1:
        pairs = [(typed, _in_archive(typed, token, index, keywords, languages)) for typed, token in pairs]
    tokens = tuple(dict.fromkeys(token for _, token in pairs))
    words = tuple(dict.fromkeys(typed for typed, _ in pairs))
    kind, names = kind_of_answer(question), names_in(question, pairs)
    sections = {token: index.document_frequency(token) for token in tokens}
    weights = {token: _rarity(index, having) for token, having in sections.items()}
    unknown = frozenset(token for token in tokens if not sections[token])
    return Question(words, tokens, weights, kind, _rarity(index, 0), language, names, unknown)


def names_in(question: str, pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Of words as typed with their keywords, the keywords of those that have a capital; the first has it anyway."""
    opening = question.lstrip(" \t\n\"'“‘¿¡(")
    return frozenset(token for typed, token in pairs if typed[:1].isupper() and not opening.startswith(typed))


def _in_archive(typed: str, token: str, index: Index, keywords: Keywords, languages: Iterable[str]) -> str:
    """The keyword of a word; when no section has it, the word's keyword in the language where most sections do.

    A word alone does not say in which language it is, and a question may have a word of another one.
    """
    if index.document_frequency(token):
        return token
    others = (keywords.in_language(language).of(typed) for language in languages)
    return max((token, *(other[0] for other in others if len(other) == 1)), key=index.document_frequency)


def _rarity(index: Index, sections: int) -> float:
    """What a keyword weighs: inverse document frequency, a word never seen weighing as much as one seen once."""
    return math.log(1 + (index.count + _UNSEEN) / (0.5 + max(1, sections)))


def kind_of_answer(question: str) -> re.Pattern[str] | None:
    """What a sentence that answers would show: a number, a date, a name, a reason; None when that is open."""
    return next((told for asked, told in _KINDS.values() if asked.search(question)), None)


def rank(question: Question, candidates: Sequence[Candidate], keywords: Keywords, now: datetime | None) -> list[Ranked]:
    """The candidates by their own and their best sentence's score, best first; those without text are left out.

    Without `now` none is better for being new.
    """
    ranked = (_ranked(question, candidate, keywords, now) for candidate in candidates if any(candidate.paragraphs))
    return sorted(ranked, key=lambda each: -each.score)


def _ranked(question: Question, candidate: Candidate, keywords: Keywords, now: datetime | None) -> Ranked:
    """A candidate with its best sentence; here all that counts for it is added up."""
    words = candidate.words(keywords)
    wanted = frozenset(question.tokens)
    above = wanted.intersection((*words.title, *words.heading))
    looked = _looked_through(question, candidate, words, keywords.in_language(candidate.language))
    pairs = looked.pairs.union(*(question.pairs.intersection(pairwise(line)) for line in (words.title, words.heading)))
    score = math.fsum(
        (
            candidate.score,
            _SENTENCE * looked.best,
            _PAIR * question.weight_of_pairs(pairs),
            _ALIKE_IN_SECTION * question.weight(looked.alike - above),
            question.weight(wanted.intersection(words.title)) * _part_asked(words.title, wanted),
            _MEANING * question.rarest * candidate.closeness,
        )
    )
    score *= 1 + _NEWS * _newness(candidate.article, now)
    return Ranked(candidate, words, *looked.place, score)


class _Looked(NamedTuple):
    """What looking through the sentences of a section brings: the best one, and what all of them have."""

    place: tuple[int, int]
    best: float
    alike: frozenset[str]
    """Keywords that no sentence has, but another word with their beginning."""
    pairs: frozenset[tuple[str, str]]


def _looked_through(question: Question, candidate: Candidate, words: Words, local: Keywords) -> _Looked:
    wanted = frozenset(question.tokens)
    asked_pairs = question.pairs
    title = wanted.intersection(words.title)
    weights = {token: weight * (_TITLE if token in title else 1.0) for token, weight in question.weights.items()}
    kind_bonus = _KIND * question.weight(wanted)
    said = frozenset(token for sentences in words.paragraphs for tokens in sentences for token in tokens)
    begun = _beginnings(said)
    alike = frozenset(t for t in wanted if len(t) >= _BEGINNING and t < _UNSPACED and t[:_BEGINNING] in begun)
    best, told_before = 0.0, 0.0
    place = next((paragraph, 0) for paragraph, sentences in enumerate(words.paragraphs) if sentences)
    all_pairs = set[tuple[str, str]]()
    for paragraph, sentences in enumerate(words.paragraphs):
        for sentence, tokens in enumerate(sentences):
            own = wanted.intersection(tokens)
            told = 0.0
            if own:
                told = math.fsum(weights[token] for token in own)
                if missing := alike - own:
                    here = _beginnings(tokens)
                    told += _ALIKE * math.fsum(weights[token] for token in missing if token[:_BEGINNING] in here)
                if any(one in own and other in own for one, other in asked_pairs):
                    pairs = asked_pairs.intersection(pairwise(t for t in tokens if not local.is_stop(t)))
                    told += _PAIR * math.fsum(weights[one] + weights[other] for one, other in pairs)
                    all_pairs |= pairs
                if question.shows and question.shows.search(candidate.paragraphs[paragraph][sentence]):
                    told += kind_bonus
                told /= 1 - _LENGTH + _LENGTH * max(1, len(tokens) / _USUAL_LENGTH)
            score = told + _PREVIOUS * told_before
            if score > best:
                best, place = score, (paragraph, sentence)
            told_before = told
    return _Looked(place, best, alike - said, frozenset(all_pairs))


def _beginnings(tokens: Iterable[str]) -> set[str]:
    return {token[:_BEGINNING] for token in tokens}


def _part_asked(title: Sequence[str], wanted: Set[str]) -> float:
    """The part of a title's words that are asked for: 1 for a name or a headline that the question has whole."""
    return sum(token in wanted for token in title) / max(1, len(title))


def _newness(article: Head, now: datetime | None) -> float:
    """1 for an article of now, 1/2 after `_NEWS_DAYS`, towards 0 with age; 0 when its date, or now, is not known."""
    if article.published is None or now is None:
        return 0.0
    days = max(0.0, (now - article.published).total_seconds() / 86_400)
    return float(0.5 ** (days / _NEWS_DAYS))
