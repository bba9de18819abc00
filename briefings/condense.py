"""From an article to its telling sentences, section by section and word for word.

A sentence tells much when it shares its words with many others (degree centrality over an inverted index, sentences
near the top counting for more), stands early, speaks of the title, and brings figures. It is taken together with the
neighbours it leans on (see `standalone`), and not at all when it repeats what is already taken.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import partial
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from briefings.keywords import Keywords
from briefings.standalone import Neighbours
from briefings.types import CondensedSection, Document, Telling

LARGEST_SHARE = 0.4
"""Of an article's words: more would be a copy of it, not a briefing."""
LEAD_SENTENCES = 2
"""At most, in an article with headed sections: the lead only opens the briefing."""

# Tuned together on the dev halves of written news summaries (writer_news, cnndm_sample, realsumm, pyrxsum,
# fundus_standfirst), ROUGE-1 + ROUGE-2 at sixty words; every one of the five is above its first sentences with these.
# The highest centrality in the article counts 1.
_POSITION = 2.25
"""Where nothing has headings, for the first two sentences alike: either may be the opening that sums up. In a short
article there may be room for one only, and that is the first."""
_TITLE = 0.8
_FIGURES = 0.15
_NAMES = 0.4
"""For words with a capital, the more of the words they are: who and where."""
_SPOKEN = -0.25
"""For what somebody says rather than what happened: between quotation marks, or with who said it."""
_LENGTHS = 0.7
"""The power of a sentence's length that its centrality is shared out over: at 1 short ones win, at 0.5 long ones."""
_POOR = 0.2
"""What is left of the weight of a question, a caption, a byline, or a sentence too short or too long to quote."""
_SHORTEST, _LONGEST = 6, 60
"""Words. Outside of this a sentence is a fragment, or more than one breath holds."""
_SHORT = _LONGEST / LARGEST_SHARE
"""Words of an article whose share may be too small for its opening."""
_REPEATED = 1.3
"""What a choice loses for the part of its keywords that its section has already said."""

# Judged by reading aloud: in written summaries nothing has headings.
_HEADED_POSITION = 0.8
"""In place of `_POSITION` under a heading, where what is newest often stands last."""
_NEWS = 0.2
"""For a day or a present time: the fact that is new rather than the one that explains it. A year is no figure there."""
_FILLER, _HEADED_FILLER = 0.4, 0.5
"""What tells less than this part of the section's most telling sentence is left out even where there is room."""
_SAME = 0.6
"""The part of the shorter sentence's keywords."""

_FIGURE = re.compile(r"\d")
_MORE_THAN_A_YEAR = re.compile(r"\b(?!(?:1[5-9]|20)\d\d\b)\w*\d")
_NAME = re.compile(" [A-ZÀ-ÞΑ-ΩА-Я]")
_QUOTATION = re.compile('["“„«「『]')
_SAYING = (" said", " says", " told", " added")
# All of these search small letters, which is several times faster than searching without regard to case.
_NEW = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|yesterday|tonight|now|next|earlier this"
    r"|this (?:week|month|morning|afternoon|evening|weekend))\b"
)
_BYLINE = re.compile(
    r"(?:by|file|photos?|images?|pictured?|credit|source|watch|read more|click|copyright|©|(?:last )?updated|published"
    r"|scroll down|see also|share|follow)\b"
)
_CAPTION = re.compile(
    r"(?:photo|image|picture)s? (?:by|credit|courtesy)\b|getty images|, (?:left|right|cent(?:er|re)),"
    r"|\((?:pictured|left|right|above|cent(?:er|re)|inset)\b|pictured (?:above|below|here|left|right)\b"
)
_CAPTION_SIGNS = ("photo", "image", "picture", "(", ", left", ", right", ", cent")
"""Without any of these it need not be searched for, which takes longer."""


class _Sentence(NamedTuple):
    """A sentence with its place within the section, its length in words, and what it tells."""

    text: str
    paragraph: int
    sentence: int
    length: int
    keywords: frozenset[str]
    weight: float


def condense(
    document: Document,
    keywords: Keywords,
    *,
    sentences: int = 3,
    words: int | None = None,
    only: int | None = None,
    said: Iterable[frozenset[str]] = (),
) -> tuple[CondensedSection, ...]:
    """The telling sentences of each section, in the article's order.

    At most `sentences` a section and two fifths of the article's words in all, though in a short article what each
    section tells first may come to sixty words; or, with `words`, as many sentences as fit into that many words in
    all. `only` is the place of the one section wanted. `said` are the keywords of sentences told before (see
    `content_of`), which are not told again. A section none of whose sentences can be read alone is left out; an empty
    article gives nothing.
    """
    sections = _weighed(document, keywords, share=words is None)
    most = [len(section) if words is not None else min(sentences, len(section)) for section in sections]
    budget = LARGEST_SHARE * sum(s.length for section in sections for s in section) if words is None else words
    budget_of_first = max(budget, _LONGEST) if words is None else words
    spent = 0
    if words is None and only is None and len(sections) > 1 and document.sections[0].heading is None:
        most[0] = min(most[0], LEAD_SENTENCES)
    if only is not None:
        most = [own if place == only else 0 for place, own in enumerate(most)]
    taken: list[set[int]] = [set() for _ in sections]
    told = list(said)

    def fits(place: int, length: int) -> bool:
        return spent + length <= (budget if taken[place] else budget_of_first)

    for place, run in _preferred(document, sections, fits):
        if all(len(own) >= limit for own, limit in zip(taken, most, strict=True)):
            break
        own = taken[place]
        new = [sections[place][i] for i in run if i not in own]
        length = sum(sentence.length for sentence in new)
        if len(own) + len(new) > most[place] or not fits(place, length):
            continue
        if any(say_the_same(sentence.keywords, other) for sentence in new for other in told):
            continue
        own.update(run)
        told.extend(sentence.keywords for sentence in new)
        spent += length
    return tuple(
        CondensedSection(
            section.heading,
            place,
            tuple(Telling(s.text, s.paragraph, s.sentence) for i, s in enumerate(sections[place]) if i in taken[place]),
        )
        for place, section in enumerate(document.sections)
        if taken[place]
    )


def preferred(document: Document, keywords: Keywords) -> Iterator[tuple[str, ...]]:
    """The order in which a budget is spent: sentences that are to be taken together, without those taken before."""
    sections = _weighed(document, keywords)
    taken: list[set[int]] = [set() for _ in sections]
    for place, run in _preferred(document, sections, lambda *_: True):
        yield tuple(sections[place][i].text for i in run if i not in taken[place])
        taken[place].update(run)


def _preferred(
    document: Document, sections: Sequence[Sequence[_Sentence]], fits: Callable[[int, int], bool]
) -> Iterator[tuple[int, range]]:
    """Every section's best choice first, the most telling section's before all; then every section's second best.

    `fits` tells whether there still is room for a sentence of the section at a place with so many words.
    """
    orders = {
        place: _order(
            weighed,
            Neighbours(section.paragraphs, opens=place == 0),
            partial(fits, place),
            _HEADED_FILLER if place else _FILLER,
        )
        for place, (section, weighed) in enumerate(zip(document.sections, sections, strict=True))
    }
    best = {place: run for place, order in orders.items() if (run := next(order, None))}
    best = dict(sorted(best.items(), key=lambda each: -_mean(sections[each[0]][i].weight for i in each[1])))
    while best:
        yield from best.items()
        best = {place: run for place in best if (run := next(orders[place], None))}


def _length(text: str) -> int:
    """Words; in scripts without spaces two characters count as one."""
    words = len(text.split())
    return words if text.isascii() or len(text) < 10 * words else len(text) // 2


def _weighed(document: Document, keywords: Keywords, *, share: bool = False) -> list[list[_Sentence]]:
    """The sentences of each section with their weights, which are figured over the whole article.

    `share`: no more than `LARGEST_SHARE` of them will be told.
    """
    contents = [content_of(text, keywords) for section in document.sections for text in section.sentences]
    about = content_of(document.title, keywords)
    signs = zip(contents, _central(contents), strict=True)
    alone = len(document.sections) == 1
    if alone and share:
        alone = sum(map(_length, document.sections[0].sentences)) >= _SHORT
    return [
        list(_section(section.paragraphs, signs, about, headed=place > 0, alone=alone))
        for place, section in enumerate(document.sections)
    ]


def _section(
    paragraphs: Sequence[Sequence[str]],
    signs: Iterator[tuple[frozenset[str], float]],
    about: frozenset[str],
    *,
    headed: bool,
    alone: bool,
) -> Iterator[_Sentence]:
    """The sentences of a section; `signs` holds the keywords and the centrality of each."""
    position = 0
    for paragraph, texts in enumerate(paragraphs):
        for place, text in enumerate(texts):
            content, central = next(signs)
            length = _length(text)
            told = central + _TITLE * len(about & content) / (1 + len(about))
            told += _weight(text, length, max(alone, position), headed=headed)
            yield _Sentence(text, paragraph, place, length, content, told * _POOR if _is_poor(text, length) else told)
            position += 1


def _central(sentences: Sequence[frozenset[str]]) -> Iterator[float]:
    """How much of its keywords each sentence of an article shares with the others, the most central as 1."""
    early = [1 / math.log2(place + 2) for place in range(len(sentences))]
    shared: defaultdict[str, float] = defaultdict(float)
    for part, own in zip(early, sentences, strict=True):
        for token in own:
            shared[token] += part
    central = [
        sum(map(math.log, [1 - part + weight for weight in map(shared.__getitem__, own)])) / (2 + len(own)) ** _LENGTHS
        for part, own in zip(early, sentences, strict=True)
    ]
    highest = max(central, default=0.0) or 1.0
    return (each / highest for each in central)


def _weight(text: str, length: int, position: int, *, headed: bool) -> float:
    """What a sentence tells by its place and its form alone."""
    told = _NAMES * len(_NAME.findall(text)) / (1 + length)
    if '"' in text or any(sign in text for sign in _SAYING) or (not text.isascii() and _QUOTATION.search(text)):
        told += _SPOKEN
    figure = _FIGURE.search(text) is not None
    if headed:
        told += _HEADED_POSITION / math.log2(position + 2)
        told += _NEWS * (_NEW.search(text.lower()) is not None)
        figure = figure and _MORE_THAN_A_YEAR.search(text) is not None
    else:
        told += _POSITION / math.log2(position + 2)
    return told + _FIGURES * figure


def _is_poor(text: str, length: int) -> bool:
    """Whether it is a question, a caption, a byline, or too short or too long to quote."""
    if not _SHORTEST <= length <= _LONGEST or text.rstrip("\"'”’» ").endswith(("?", "？")):
        return True
    small = text.lower()
    return _BYLINE.match(small) is not None or (
        any(sign in small for sign in _CAPTION_SIGNS) and _CAPTION.search(small) is not None
    )


def _order(
    section: Sequence[_Sentence], neighbours: Neighbours, fits: Callable[[int], bool], filler: float
) -> Iterator[range]:
    """The sentences of a section that are to be taken together, each time those that tell most beside those before.

    A sentence tells no more than it does alone, nor than it does on average with those that it leans on. What a
    sentence waits with is therefore never too low, and most sentences are looked at once only.
    """
    waiting = [(-sentence.weight, place) for place, sentence in enumerate(section)]
    heapify(waiting)
    own, said = set[int](), frozenset[str]()
    least = filler * max((sentence.weight for sentence in section), default=0.0)
    while waiting:
        place = heappop(waiting)[1]
        run = None if place in own or not fits(section[place].length) else neighbours.run(place)
        if run is None or min(section[place].weight, _mean(section[i].weight for i in run)) < least:
            continue
        new = [section[i] for i in run if i not in own]
        worth = min(_worth(section[place], said), _mean(_worth(sentence, said) for sentence in new))
        if waiting and worth < -waiting[0][0]:
            heappush(waiting, (-worth, place))
            continue
        yield run
        own.update(run)
        said = said.union(*(sentence.keywords for sentence in new))


def _mean(weights: Iterator[float]) -> float:
    each = list(weights)
    return math.fsum(each) / len(each) if each else 0.0


def _worth(sentence: _Sentence, said: Set[str]) -> float:
    """What a sentence tells beside what is `said`."""
    return sentence.weight - _REPEATED * len(said & sentence.keywords) / (1 + len(sentence.keywords))


def content_of(text: str, keywords: Keywords) -> frozenset[str]:
    """The keywords of a sentence without those that tell nothing."""
    return frozenset(keywords.of(text)) - keywords.stop


def say_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences with these keywords tell the same: most of the shorter one's are the other's too."""
    return len(one & other) > _SAME * min(len(one), len(other)) or one == other
