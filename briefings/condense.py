"""From an article to its telling sentences, section by section and word for word.

A sentence tells much when it shares its words with many others (degree centrality over an inverted index), stands
early, speaks of the title, and brings figures. It is taken together with the neighbours it leans on (see
`standalone`), and not at all when it repeats what is already taken.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from briefings.keywords import Keywords
from briefings.standalone import runs
from briefings.types import CondensedSection, Document, Telling

LARGEST_SHARE = 0.4
"""Of an article's words: more would be a copy of it, not a briefing."""
LEAD_SENTENCES = 2
"""At most, in an article with headed sections: the lead only opens the briefing."""

# Tuned together on the dev halves of written news summaries (writer_news, cnndm_sample, realsumm, pyrxsum,
# fundus_standfirst), ROUGE-1 + ROUGE-2 at sixty words. The highest centrality in the article counts 1.
_POSITION = 2.0
_TITLE = 1.0
_FIGURES = 0.1
_POOR = 0.3
"""What is left of the weight of a question, a caption, a byline, or a sentence too short or too long to quote."""
_SHORTEST, _LONGEST = 6, 60
"""Words. Outside of this a sentence is a fragment, or more than one breath holds."""
_HEADED_POSITION = 0.7
"""In place of `_POSITION` under a heading, where what is newest often stands last; judged by reading aloud."""
_REPEATED = 1.0
"""What a choice loses for the part of its keywords that its section has already said."""
_FILLER = 0.4
"""What tells less than this part of the section's most telling choice is left out even where there is room."""
_SAME = 0.6
"""The part of the shorter sentence's keywords."""

_FIGURE = re.compile(r"\d")
_CREDIT = re.compile(
    r"^(?:by|file|photos?|images?|pictured?|credit|source|watch|read more|click|copyright|©)\b"
    r"|\b(?:photo|image|picture)s? (?:by|credit|courtesy)\b|getty images|, (?:left|right|cent(?:er|re)),",
    re.IGNORECASE,
)


class _Sentence(NamedTuple):
    """A sentence with its place within the section, its length in words, and what it tells."""

    text: str
    paragraph: int
    sentence: int
    length: int
    keywords: frozenset[str]
    weight: float = 0.0


def condense(
    document: Document, keywords: Keywords, *, sentences: int = 3, words: int | None = None, only: int | None = None
) -> tuple[CondensedSection, ...]:
    """The telling sentences of each section, in the article's order.

    At most `sentences` a section and two fifths of the article's words in all; or, with `words`, as many sentences as
    fit into that many words in all. `only` is the place of the one section wanted. A section none of whose sentences
    can be read alone is left out; an empty or tiny article gives nothing.
    """
    sections = _weighed(
        document.title, [list(_sentences(section.paragraphs, keywords)) for section in document.sections], keywords
    )
    most = [sentences if words is None else len(section) for section in sections]
    budget = LARGEST_SHARE * sum(s.length for section in sections for s in section) if words is None else words
    if words is None and only is None and len(sections) > 1 and document.sections[0].heading is None:
        most[0] = min(sentences, LEAD_SENTENCES)
    choices = [
        _choices(runs(section.paragraphs), sections[place]) if only is None or place == only else []
        for place, section in enumerate(document.sections)
    ]
    taken = _take(choices, sections, most, budget)
    return tuple(
        CondensedSection(
            section.heading,
            place,
            tuple(Telling(s.text, s.paragraph, s.sentence) for i, s in enumerate(sections[place]) if i in taken[place]),
        )
        for place, section in enumerate(document.sections)
        if taken[place]
    )


def _sentences(paragraphs: Sequence[Sequence[str]], keywords: Keywords) -> Iterator[_Sentence]:
    for paragraph, texts in enumerate(paragraphs):
        for sentence, text in enumerate(texts):
            yield _Sentence(text, paragraph, sentence, _length(text), content_of(text, keywords))


def _length(text: str) -> int:
    """Words; in scripts without spaces two characters count as one."""
    words = len(text.split())
    return words if text.isascii() or len(text) < 10 * words else len(text) // 2


def _weighed(title: str, sections: list[list[_Sentence]], keywords: Keywords) -> list[list[_Sentence]]:
    """The sentences with their weights, which are figured over the whole article."""
    shared = Counter(token for section in sections for sentence in section for token in sentence.keywords)
    about = content_of(title, keywords)

    def centrality(sentence: _Sentence) -> float:
        return sum(shared[token] - 1 for token in sentence.keywords) / math.sqrt(1 + len(sentence.keywords))

    highest = max((centrality(sentence) for section in sections for sentence in section), default=0) or 1

    def weight(sentence: _Sentence, position: int, opens: bool) -> float:
        told = centrality(sentence) / highest + (_POSITION if opens else _HEADED_POSITION) / math.log2(position + 2)
        told += _TITLE * len(about & sentence.keywords) / (1 + len(about))
        told += _FIGURES * bool(_FIGURE.search(sentence.text))
        poor = not _SHORTEST <= sentence.length <= _LONGEST
        poor |= sentence.text.rstrip("\"'”’» ").endswith(("?", "？")) or bool(_CREDIT.search(sentence.text))
        return told * _POOR if poor else told

    return [
        [each._replace(weight=weight(each, position, place == 0)) for position, each in enumerate(section)]
        for place, section in enumerate(sections)
    ]


def _choices(section_runs: Sequence[range | None], section: Sequence[_Sentence]) -> list[range]:
    """Each run of sentences that are to be taken together, without fillers, the most telling first."""
    told = {run: _mean(section[i].weight for i in run) for run in section_runs if run is not None}
    least = _FILLER * max(told.values(), default=0.0)
    return sorted((run for run in told if told[run] >= least), key=lambda run: (-told[run], run.start))


def _take(
    choices: Sequence[list[range]], sections: Sequence[Sequence[_Sentence]], most: Sequence[int], budget: float
) -> list[set[int]]:
    """Positions taken from each section: every section's best first, then every section's second best, and so on."""
    taken: list[set[int]] = [set() for _ in sections]
    said: list[frozenset[str]] = []
    best_first = sorted(
        (place for place, own in enumerate(choices) if own),
        key=lambda place: -_mean(sections[place][i].weight for i in choices[place][0]),
    )
    for wanted in range(max(most, default=0)):
        for place in best_first:
            section, own, left = sections[place], taken[place], choices[place]
            while len(own) <= wanted and left:
                best = max(left, key=lambda run: _worth(run, section, own)) if own else left[0]
                left.remove(best)
                new = [section[i] for i in best if i not in own]
                length = sum(sentence.length for sentence in new)
                if len(own) + len(new) > most[place] or length > budget:
                    continue
                if not new or any(say_the_same(sentence.keywords, other) for sentence in new for other in said):
                    continue
                own.update(best)
                said.extend(sentence.keywords for sentence in new)
                budget -= length
    return taken


def _mean(weights: Iterator[float]) -> float:
    each = list(weights)
    return math.fsum(each) / len(each) if each else 0.0


def _worth(run: range, section: Sequence[_Sentence], own: Set[int]) -> float:
    """What a run tells on average beside its `own` sentences, which the section has told already."""
    told = frozenset[str]().union(*(section[i].keywords for i in own))
    new = [section[i] for i in run if i not in own]
    return _mean(s.weight - _REPEATED * len(told & s.keywords) / (1 + len(s.keywords)) for s in new)


def content_of(text: str, keywords: Keywords) -> frozenset[str]:
    """The keywords of a sentence without those that tell nothing."""
    return frozenset(token for token in keywords.of(text) if not keywords.is_stop(token))


def say_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences with these keywords tell the same: most of the shorter one's are the other's too."""
    return len(one & other) > _SAME * min(len(one), len(other)) or one == other
