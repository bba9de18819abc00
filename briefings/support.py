"""Whether a section supports a question: the part of the question that it carries, and the part that is needed.

Ranking always finds something that comes first; this tells whether it is an answer at all. What a word counts follows
how rare it is, whether it is a name, where the section has it, in which form, and how often. How much is needed follows
how easily as much would be found by chance: in a long section of a large archive, and where other articles come near.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import chain, takewhile
from operator import eq

from briefings.keywords import Keywords
from briefings.ranking import Question, Ranked

# Tuned together on balanced sets, questions on half of the articles asked of an index of that half and of one of the
# other half (`benchmarks/abstaining.py`): SQuAD, QED, XQuAD (English, German, Spanish, Russian, Chinese), JSQuAD,
# CMRC 2018, SQuAD-it, MultiHop, three of them also among 10,000 other articles; chosen so that one rule serves all of
# them, and as good on sets that were left out of the tuning.
ENOUGH = 0.99
"""The support that is always enough: all words in the best sentence, or above it."""
_PART = 0.255
"""Of the question, what is needed in a section of one word in an archive of one; by the square root of n words of equal
weight less."""
_CHANCE = 0.1
"""The power of the number of words that could have been the ones asked for, those of the section times the sections:
ten times as many need a quarter more."""
_IMAGINED, _MOST = 500, 10_000
"""Sections imagined beside the archive's own, as in ranking; and the most for which this was measured."""
_RIVALRY = 0.45
"""How much more is needed where other articles score as well by other words: there is no telling them apart."""
_RIVAL = 2
"""The third of them counts: one or two may well tell of the same."""
_SAME_STORY = 0.7
"""The part of the first one's words by which another article is no rival, but tells the same."""
_MEANING, _UNRELATED = 1.5, 1 / 3
"""Where a model tells closeness in meaning, what that changes; and the closeness that changes nothing, below it more is
needed. Tuned with all-MiniLM-L6-v2 on SQuAD, QED and XQuAD (English, German)."""
NEAR = 1 / 3
"""The part of the question that a headline near to it says."""
_RARITY = 1.5
"""The power of a word's inverse document frequency: what a rare word says, common ones cannot make up for."""
_NAME = 1.5
"""What a word with a capital within the question weighs more: a name that is missing is missing for a reason."""
_ASKING = "say said tell told know known call called name named type kind sort come came mean meant"
_ASKED_WITH = 0.5
"""What the words above weigh less: questions are made with them, articles need not answer in them."""
_UNKNOWN = 1.3
"""What a word weighs more that the whole archive does not have."""
_ELSEWHERE = 0.5
"""What a word counts that stands in the section, but not in the sentence, nor in the heading or title above it; or
that stands there only in another form."""
_AGAIN = 0.4
"""What a word gains by being told again and again: the section is about it."""
_SAME_BEGINNING = 0.6
"""The part of the longer word that two forms of one word have in common, where no stemmer brings them together."""
_SHORTEST_BEGINNING = 4
"""Letters."""


class Support:
    """What one question needs, and how much of it a section brings. `sections` are those it may be found in."""

    def __init__(self, question: Question, keywords: Keywords, sections: int) -> None:
        self._question = question
        asking = frozenset(keywords.of(_ASKING)) - question.names
        said = asking & question.unknown  # Where nobody says anything, "who said" is no rare word.
        self._weights = {
            token: weight**_RARITY
            * (_NAME if token in question.names else _ASKED_WITH if token in asking else 1)
            * (_UNKNOWN if token in question.unknown else 1)
            for token, weight in question.weights.items()
            if token not in said or len(said) == len(question.weights)
        }
        self._total = math.fsum(self._weights.values())
        squares = math.fsum(weight * weight for weight in self._weights.values())
        self._part = _PART * math.sqrt(squares) / self._total
        """Follows how many words really count: the one that is far rarer than the others decides nearly alone."""
        self._sections = _IMAGINED + min(sections, _MOST)

    def needed(self, ranked: Sequence[Ranked]) -> float:
        """The support below which the first of `ranked` is no answer."""
        best = ranked[0]
        length = sum(map(len, chain.from_iterable(best.words.paragraphs)))
        chance = math.pow(self._sections * max(1, length), _CHANCE)
        needed = self._part * chance * (1 + _RIVALRY * self._rivalry(ranked))
        if closeness := best.candidate.closeness:
            needed *= math.exp(_MEANING * (_UNRELATED - closeness))
        return min(ENOUGH, needed)

    def of(self, ranked: Ranked) -> float:
        """The part of the question's weight that the section carries around its best sentence; above 1 for a section
        that has all of it many times."""
        words = ranked.words
        said = {*words.title, *words.heading, *words.paragraphs[ranked.paragraph][ranked.sentence]}
        told = _told(ranked)
        forms: dict[str, list[str]] = {}
        for word in told:
            forms.setdefault(word[:_SHORTEST_BEGINNING], []).append(word)
        carried = math.fsum(
            weight * self._counts(token, token in said, told[token], forms) for token, weight in self._weights.items()
        )
        return carried / self._total

    def is_near(self, ranked: Ranked) -> bool:
        """Whether the headline, or the heading of the section, says a name asked for or a good part of the question."""
        above = {*ranked.words.title, *ranked.words.heading}
        return not self._question.names.isdisjoint(above) or self._question.support(above) >= NEAR

    def _rivalry(self, ranked: Sequence[Ranked]) -> float:
        """How near the third article that has other words of the question comes to the first: the part of its score."""
        best = ranked[0]
        own = self._weights.keys() & _told(best)
        same = _SAME_STORY * self._question.weight(own)
        rivals = [
            each.score
            for each in ranked[1:]
            if each.candidate.article.title != best.candidate.article.title
            and self._question.weight(own & _told(each).keys()) < same
        ]
        return max(0.0, rivals[_RIVAL] / best.score) if len(rivals) > _RIVAL and best.score > 0 else 0.0

    def _counts(self, token: str, is_said: bool, times: int, forms: dict[str, list[str]]) -> float:
        if times:
            return (1.0 if is_said else _ELSEWHERE) * (1 + _AGAIN * (1 - 1 / times))
        others = forms.get(token[:_SHORTEST_BEGINNING], ())
        return _ELSEWHERE if any(_begin_the_same(token, other) for other in others) else 0.0


def _told(ranked: Ranked) -> Counter[str]:
    """How often a section, with its heading and title, has each keyword."""
    words = ranked.words
    return Counter(chain(words.title, words.heading, *chain.from_iterable(words.paragraphs)))


def _begin_the_same(one: str, other: str) -> bool:
    """Whether two words are likely two forms of one: long, of letters, and alike for most of their length."""
    if not (one.isalpha() and other.isalpha()):
        return False
    common = sum(1 for _ in takewhile(bool, map(eq, one, other)))
    return common >= _SAME_BEGINNING * max(len(one), len(other))
