"""From a question to quoted sentences, or to an honest nothing.

`ranking` puts sections and their best sentences in order; `answer` abstains when the best of them does not carry enough
of what was asked for. A sentence that leans on others is quoted together with them.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from briefings.condense import content_of, say_the_same
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.ranking import CANDIDATES, Question, Ranked, asked_for, rank
from briefings.sentences import join
from briefings.standalone import runs
from briefings.types import Answer, Head, Quote

_NEAR = 0.3
"""The support below which an article is not worth naming as near either."""
_WORTH = 0.6
"""A further quote scores at least this part of the best one's."""


def answer(
    question: str,
    index: Index,
    keywords: Keywords,
    *,
    workspace: str,
    now: datetime,
    limit: int = 3,
    within: int | None = None,
) -> Answer:
    """Up to `limit` quotes from what `workspace` sees, best first; none when the archive does not support the question.

    `within` is the id of the one article to look in. An answer without quotes names the nearest headline, if any
    headline has a word of the question. Raises IndexUnavailable.
    """
    asked = asked_for(question, index, keywords)
    if asked is None:
        return Answer(question=question, looked_for=(), quotes=())
    candidates = index.search(asked.tokens, workspace=workspace, limit=CANDIDATES, article=within)
    ranked = rank(asked, candidates, keywords, now)
    needed = support_needed(asked)
    quotes = _quotes([each for each in ranked if each.support >= needed], keywords, limit)
    nearest = None if quotes else _nearest(asked, ranked, index, workspace)
    return Answer(question=question, looked_for=asked.words, quotes=quotes, nearest=nearest)


def support_needed(question: Question) -> float:
    """The support below which there is no answer: the square root of n out of n keywords.

    So all of one or two, two of three or four, three of nine. It follows the best thresholds for questions of
    1 to 30 keywords, SQuAD, QED, XQuAD and JSQuAD (dev halves) asked of their own and of other articles.
    """
    return 1 / math.sqrt(len(question.tokens))


def _quotes(ranked: Sequence[Ranked], keywords: Keywords, limit: int) -> tuple[Quote, ...]:
    """The first `limit` that are not far behind the best, and say different things."""
    quotes: list[Quote] = []
    said: list[frozenset[str]] = []
    for each in ranked:
        if len(quotes) == limit or (quotes and each.score < _WORTH * quotes[0].score):
            break
        quote = _quote(each)
        content = content_of(quote.text, keywords)
        if not any(say_the_same(content, other) for other in said):
            quotes.append(quote)
            said.append(content)
    return tuple(quotes)


def _quote(ranked: Ranked) -> Quote:
    """The best sentence; when it leans on others, from the one before it on."""
    candidate = ranked.candidate
    places = [(p, s) for p, texts in enumerate(candidate.paragraphs) for s in range(len(texts))]
    position = places.index((ranked.paragraph, ranked.sentence))
    run = runs(candidate.paragraphs)[position] or range(0, position + 1)
    start = max(run.start, position - 1)
    paragraph, sentence = places[start]
    return Quote(
        text=join(candidate.paragraphs[p][s] for p, s in places[start : run.stop]),
        article=candidate.article,
        heading=candidate.heading,
        section=candidate.section,
        paragraph=paragraph,
        sentence=sentence,
        score=round(ranked.score, 3),
    )


def _nearest(question: Question, ranked: Sequence[Ranked], index: Index, workspace: str) -> Head | None:
    """The headline with most of the question's words, or that of the section that comes closest to an answer."""
    headlines = index.titles(question.tokens, workspace=workspace, limit=1)
    if headlines:
        return headlines[0].article
    closest = max(ranked, key=lambda each: each.support, default=None)
    return closest.candidate.article if closest and closest.support >= _NEAR else None
