"""Whether a section supports a question: the part of the question that it carries, and the part that is needed.

Ranking always finds something that comes first; this tells whether it is an answer at all. A few signs, each a word's
own: how rare it is, whether it is a name, where the section has it, in which form, and how often.
"""

import math
from collections import Counter
from itertools import chain, takewhile
from operator import eq

from briefings.keywords import Keywords
from briefings.ranking import Question, Ranked

# Tuned together on balanced sets, questions on half of the articles asked of an index of that half and of one of the
# other half (`benchmarks/abstaining.py`): SQuAD, QED, XQuAD (English, German, Spanish, Russian, Chinese), JSQuAD,
# CMRC 2018, SQuAD-it, MultiHop; chosen so that one threshold serves all of them.
ENOUGH = 0.99
"""The support that a question of one word needs. One of n words of equal weight needs it by the square root of n."""
NEAR = 1 / 3
"""The part of the question that a headline near to it says."""
_RARITY = 1.5
"""The power of a word's inverse document frequency: what a rare word says, common ones cannot make up for."""
_NAME = 1.5
"""What a word with a capital within the question weighs more: a name that is missing is missing for a reason."""
_ASKING = "say said tell told know known call called name named type kind sort come came mean meant"
_ASKED_WITH = 0.5
"""What the words above weigh less: questions are made with them, articles need not answer in them."""
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
    """What one question needs, and how much of it a section brings."""

    def __init__(self, question: Question, keywords: Keywords) -> None:
        self._question = question
        asking = frozenset(keywords.of(_ASKING)) - question.names
        self._weights = {
            token: weight**_RARITY * (_NAME if token in question.names else _ASKED_WITH if token in asking else 1)
            for token, weight in question.weights.items()
        }
        self._total = math.fsum(self._weights.values())
        squares = math.fsum(weight * weight for weight in self._weights.values())
        self.needed = ENOUGH * math.sqrt(squares) / self._total
        """The support below which there is no answer. It follows how many words really count: the one that is far
        rarer than the others decides alone, of nine equal ones three are enough."""

    def of(self, ranked: Ranked) -> float:
        """The part of the question's weight that the section carries around its best sentence; above 1 for a section
        that has all of it many times."""
        words = ranked.words
        said = {*words.title, *words.heading, *words.paragraphs[ranked.paragraph][ranked.sentence]}
        told = Counter(chain(words.title, words.heading, *chain.from_iterable(words.paragraphs)))
        forms: dict[str, list[str]] = {}
        for word in told:
            forms.setdefault(word[:_SHORTEST_BEGINNING], []).append(word)
        carried = math.fsum(
            weight * self._part(token, token in said, told[token], forms) for token, weight in self._weights.items()
        )
        return carried / self._total

    def is_near(self, ranked: Ranked) -> bool:
        """Whether the headline, or the heading of the section, says a name asked for or a good part of the question."""
        above = {*ranked.words.title, *ranked.words.heading}
        return not self._question.names.isdisjoint(above) or self._question.support(above) >= NEAR

    def _part(self, token: str, is_said: bool, times: int, forms: dict[str, list[str]]) -> float:
        if times:
            return (1.0 if is_said else _ELSEWHERE) * (1 + _AGAIN * (1 - 1 / times))
        others = forms.get(token[:_SHORTEST_BEGINNING], ())
        return _ELSEWHERE if any(_begin_the_same(token, other) for other in others) else 0.0


def _begin_the_same(one: str, other: str) -> bool:
    """Whether two words are likely two forms of one: long, of letters, and alike for most of their length."""
    if not (one.isalpha() and other.isalpha()):
        return False
    common = sum(1 for _ in takewhile(bool, map(eq, one, other)))
    return common >= _SAME_BEGINNING * max(len(one), len(other))
