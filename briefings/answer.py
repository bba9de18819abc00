"""From a question to quoted sentences, or to an honest nothing.

`ranking` puts sections and their best sentences in order; `support` tells which of them carry enough of what was asked
for, and when none does there is no answer. A sentence that leans on others is quoted together with them.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from briefings.condense import content_of, say_the_same
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.ranking import CANDIDATES, Question, Ranked, asked_for, rank
from briefings.sentences import join
from briefings.standalone import Neighbours
from briefings.support import Support
from briefings.types import EVERYWHERE, Answer, Head, Quote, Scope

MOST_OF_A_SECTION = 500
"""Sections looked at when only one section of an article is asked: as many as an article may have."""

_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)")
"""A question that names a year is not about what is new."""
_WORTH = 0.6
"""A further quote scores at least this part of the best one's."""
_SUPPORTS_TOO = 0.85
"""A further quote supports the question, its section and its best sentence, by at least this part of what the first
one does; being told again and again does not count here."""
_LONGEST_RUN = 60
"""Words that a quote may have for the sake of those that it leans on."""
_CONNECTIVE = re.compile(
    r"^(?:but|and|yet|still|also|however|meanwhile|moreover|furthermore|nevertheless|nonetheless|indeed)\b,?\s+",
    re.IGNORECASE,
)
"""What a quote may begin with, as long as the rest does not lean."""
_SPOKEN = re.compile(
    r"^[“\"„«](?!(?i:he|she|they|these|those|his|her|their)\b)[^“”\"„«»]*[”“\"»]\s+(?=(?:[a-z]+\s+)?[A-Z]\w)"
)
"""A whole quotation before the name of who said it: it is read as what was said then, and leans on nothing."""
_AS_GOOD = 0.95
"""A quote that shows the date or number asked for comes first when it scores at least this part of the best one's."""


def answer(
    question: str,
    index: Index,
    keywords: Keywords,
    *,
    workspace: str,
    now: datetime,
    limit: int = 3,
    scope: Scope = EVERYWHERE,
) -> Answer:
    """Up to `limit` quotes from what `workspace` sees, best first; none when the archive does not support the question.

    `scope` is the part of the archive to look in. An answer without quotes names the nearest headline, if one is near;
    one outside of the scope when the answer is there. Raises IndexUnavailable.
    """
    asked = asked_for(question, index, keywords)
    if asked is None:
        return Answer(question=question, looked_for=(), quotes=())
    limits = MOST_OF_A_SECTION if scope.section is not None else CANDIDATES
    candidates = index.search(asked.tokens, workspace=workspace, limit=limits, scope=scope, question=question)
    if scope.section is not None:
        candidates = [candidate for candidate in candidates if candidate.section == scope.section]
    ranked = rank(asked, candidates, keywords, None if _YEAR.search(question) else now)
    support = Support(asked, keywords, index.count if scope.articles is None else 0)
    quotes = _quotes(ranked, support, asked, keywords, limit)
    nearest = None
    if not quotes and scope != EVERYWHERE:
        elsewhere = answer(question, index, keywords, workspace=workspace, now=now, limit=1)
        nearest = elsewhere.quotes[0].article if elsewhere.quotes else elsewhere.nearest
    elif not quotes:
        headlines = rank(asked, index.titles(asked.tokens, workspace=workspace, limit=CANDIDATES), keywords, now)
        nearest = _nearest([*ranked, *headlines], support)
    return Answer(question=question, looked_for=asked.words, quotes=quotes, nearest=nearest)


def _quotes(
    ranked: Sequence[Ranked], support: Support, asked: Question, keywords: Keywords, limit: int
) -> tuple[Quote, ...]:
    """The first `limit` that support the question, are not far behind the best, and say different things.

    None when the best does not support it: others that do are found by chance more often than not.
    """
    quotes: list[Quote] = []
    said: list[frozenset[str]] = []
    needed, own = support.needed(ranked) if ranked else 0.0, 0.0
    for each in ranked:
        if len(quotes) == limit or each.score < _WORTH * ranked[0].score:
            break
        if support.of(each) < needed or asked.support(_sentence(each)) < own:
            if not quotes:
                break
            continue
        quote = _quote(each)
        content = content_of(quote.text, keywords)
        if not any(say_the_same(content, other) for other in said):
            if not quotes:
                needed = max(needed, _SUPPORTS_TOO * min(1.0, support.of(each)))
                own = _SUPPORTS_TOO * asked.support(_sentence(each))
            quotes.append(quote)
            said.append(content)
    for place, quote in enumerate(quotes):
        if asked.shows is None or quote.score < _AS_GOOD * quotes[0].score:
            break
        if asked.shows.search(quote.text):
            quotes.insert(0, quotes.pop(place))
            break
    return tuple(quotes)


def _sentence(ranked: Ranked) -> frozenset[str]:
    """The keywords of the best sentence."""
    return frozenset(ranked.words.paragraphs[ranked.paragraph][ranked.sentence])


def _quote(ranked: Ranked) -> Quote:
    """The best sentence, with those that it leans on; with the one before it when it leans on too much."""
    candidate = ranked.candidate
    places = [(p, s) for p, texts in enumerate(candidate.paragraphs) for s in range(len(texts))]
    position = places.index((ranked.paragraph, ranked.sentence))
    bare = [[_bare(text) for text in texts] for texts in candidate.paragraphs]
    run = Neighbours(bare).run(position)
    sentences = [text for texts in candidate.paragraphs for text in texts]
    if run is None or sum(len(text.split()) for text in sentences[run.start : run.stop]) > _LONGEST_RUN:
        run = range(max(0, position - 1), position + 1)
    paragraph, sentence = places[run.start]
    return Quote(
        text=join(sentences[run.start : run.stop]),
        article=candidate.article,
        heading=candidate.heading,
        section=candidate.section,
        paragraph=paragraph,
        sentence=sentence,
        score=round(ranked.score, 3),
    )


def _bare(sentence: str) -> str:
    """What has to be understood of a sentence in itself, for it to be quoted alone."""
    return _SPOKEN.sub("", _CONNECTIVE.sub("", sentence, count=1), count=1)


def _nearest(ranked: Sequence[Ranked], support: Support) -> Head | None:
    """The article that comes closest to an answer, of those that are about something that was asked for."""
    near = [each for each in ranked if support.is_near(each)]
    return max(near, key=support.of).candidate.article if near else None
