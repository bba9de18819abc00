"""Topic queries: which articles belong to a topic, and how much each is about it.

    words             all must be there              G7 summit
    "exact phrase"    side by side, in this order    "rate rise"
    OR                either of two neighbours       G7 OR G20 summit  =  (G7 OR G20) summit
    -without          must not be there              tesla -nikola   -"model train"   -title:review
    title:word        in the title                   title:earnings   title:"trade talks"
    source:name       from a source or site          source:reuters
    prefix*           words that begin so            semicond*
    ( )               keep together                  (rates OR inflation) (fed OR "central bank")

OR binds closer than the space between words, as web search has it. Common words (the, of) outside quotes count only
when there is nothing else. Words are normalised by `keywords`, as in the index and in questions.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from briefings.errors import QueryError
from briefings.keywords import Keywords
from briefings.matching import All, ArticleTerms, Either, Part, Phrase, Prefix, Source, Without, Word, listed, stream
from briefings.types import Document
from briefings.words import pattern, pieces, prepared

LONGEST = 2_000
"""Characters a query may have."""

_DEEPEST = 20  # brackets within brackets
_SHORTEST_PREFIX = 3  # letters; shorter ones match a tenth of the language


def article_terms(document: Document, keywords: Keywords) -> ArticleTerms:
    """What topics look at in this article or document, its own acronyms applied."""
    return ArticleTerms(document, keywords)


class Topic(Struct, frozen=True):
    """A parsed query. `words` are the tokens it looks for, to look up in an index; prefixes and sources have none."""

    query: str
    words: tuple[str, ...]
    root: All

    def matches(self, terms: ArticleTerms) -> bool:
        """Whether the article belongs to the topic."""
        return self.root.score(terms) > 0

    def score(self, terms: ArticleTerms) -> float:
        """How much the article is about the topic: 0 when it does not match, else above 0 and at most 1."""
        return self.root.score(terms)

    def explain(self, terms: ArticleTerms) -> str:
        """One sentence that says by which part of the query the article matched or did not."""
        for part in self.root.wanted:
            if not part.score(terms):
                return f"It does not match: it lacks {part.shown}."
        for without in self.root.unwanted:
            if not without.score(terms):
                return f"It does not match: it has {without.part.shown}, which the topic leaves out."
        return f"It matches: it has {_present(self.root, terms)}."


def _present(part: Part, terms: ArticleTerms) -> str:
    """The parts of a matching part that are there."""
    if isinstance(part, Either):
        return listed([_present(choice, terms) for choice in part.parts if choice.score(terms)], "and")
    if isinstance(part, All):
        return listed([_present(wanted, terms) for wanted in part.wanted], "and")
    return part.shown


# Parsing ----------------------------------------------------------------------------------------------------

_FIELDS = ("title", "source")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_ITEM = re.compile(
    r"""(?P<minus>[-−–—]+(?=[^-−–—\s)]))?
    (?: (?P<bracket>[()])
      | (?: (?P<field>[A-Za-z]{2,}): (?![/\s]|$) )? (?: "(?P<phrase>[^"]*)(?P<closed>"?) | (?P<word>[^\s()"]+) )
    )""",
    re.VERBOSE,
)


class _Item(Struct, frozen=True):
    """One piece of a query: a part to match, or the sign that `kind` names. `common`: it may be passed over."""

    kind: Literal["part", "or", "without", "open", "close"]
    at: int
    part: Part | None = None
    common: bool = False


def parse(query: str, keywords: Keywords) -> Topic:
    """The topic that a query asks for.

    Raises QueryError with the place and the next step: nothing to look for, a quote or bracket not closed, OR without
    both sides, only exclusions, a field that is not known, a prefix that is too short, a query that is too long.
    """
    if len(query) > LONGEST:
        raise QueryError(f"A topic has at most {LONGEST:,} characters; make several topics of it.", query, LONGEST)
    root = _Parser(query, _Lexer(query, keywords).items()).topic()
    return Topic(query, tuple(dict.fromkeys(_words(root))), root)


def _words(part: Part) -> Iterator[str]:
    if isinstance(part, Word):
        yield part.token
    elif isinstance(part, Phrase):
        yield from part.forms[0].split()
    elif isinstance(part, Either | All):
        for inner in part.parts if isinstance(part, Either) else part.wanted:
            yield from _words(inner)


class _Lexer:
    """Cuts a query into items. Plain words side by side are read together, so that "group of seven" is one."""

    def __init__(self, query: str, keywords: Keywords) -> None:
        self._query, self._keywords = query, keywords
        self._text = query.translate(_QUOTES)

    def items(self) -> list[_Item]:
        items: list[_Item] = []
        run: list[int] = []  # where plain words side by side begin, and where the last one ends
        for match in _ITEM.finditer(self._text):
            word, at = match["word"], match.start()
            plain = word and not match["minus"] and not match["field"] and not word.endswith("*")
            if plain and word.lower() != "or" and word != "NOT" and ":" not in word:
                run = [*(run or [at]), match.end()]
                continue
            items += self._run(run)
            run = []
            found = self._item(match)
            if match["minus"] and found:
                items.append(_Item("without", at))
            items += found
        return [*items, *self._run(run)]

    def _item(self, match: re.Match[str]) -> list[_Item]:
        field, word, phrase, at = (match["field"] or "").lower(), match["word"], match["phrase"], match.start()
        if match["bracket"]:
            return [_Item("open" if match["bracket"] == "(" else "close", at)]
        if field and field not in _FIELDS:
            known = " and ".join(f"{name}:" for name in _FIELDS)
            raise self._error(f"There is no “{match['field']}:”, only {known}; quote it to find these words.", at)
        if phrase is not None and not match["closed"]:
            raise self._error('This quote is not closed; add a " where the phrase ends.', match.start("phrase") - 1)
        shown = phrase if phrase is not None else word
        if word and not field and not match["minus"]:
            if word.lower() == "or":
                return [_Item("or", at)]
            if word == "NOT":
                raise self._error("NOT is not known here; write a minus directly before the word, such as -rumour.", at)
        if word and word.lower() in (f"{name}:" for name in _FIELDS):
            raise self._error(f"Nothing follows “{word}”; put a word directly after it, such as {word}summit.", at)
        if word and word.endswith("*"):
            if field == "source":
                raise self._error("A source is named by whole words; leave out the *.", at)
            return self._prefix(word.rstrip("*"), bool(field), at)
        tokens = tuple(token for _, _, token in self._keywords.located(shown))
        if not tokens and (field or phrase is not None):
            raise self._error("There is no word between these quotes; put one there or remove them.", at)
        if field == "source":
            return [_Item("part", at, Source(f"the source “{shown}”", frozenset(tokens)))]
        return [_Item("part", at, self._part(shown, tokens, bool(field)))] if tokens else []

    def _run(self, run: list[int]) -> Iterator[_Item]:
        """The parts of plain words side by side: words written together (Japan-South) must stand together."""
        if not run:
            return
        text = prepared(self._query[run[0] : run[-1]])
        groups: list[list[tuple[int, int, str]]] = []
        for located in self._keywords.located(text):
            if groups and not re.search(r"[\s,;]", text[groups[-1][-1][1] : located[0]]):
                groups[-1].append(located)
            else:
                groups.append([located])
        for group in groups:
            tokens = tuple(token for _, _, token in group)
            shown = text[group[0][0] : group[-1][1]]
            common = len(tokens) == 1 and self._keywords.is_stop(tokens[0])
            yield _Item("part", run[0] + group[0][0], self._part(shown, tokens, title=False), common)

    def _part(self, shown: str, tokens: tuple[str, ...], title: bool) -> Part:
        place = " in the title" if title else ""
        if len(tokens) == 1:
            return Word(f"“{shown}”{place}", tokens[0], title)
        forms = dict.fromkeys((stream(tokens), stream(self._keywords.plain(shown))))
        return Phrase(f"“{shown}”{place}", tuple(forms), title)

    def _prefix(self, word: str, title: bool, at: int) -> list[_Item]:
        parts = tuple(piece for found in pattern(prepared(word)).findall(prepared(word)) for piece in pieces(found))
        if len(parts) != 1 or (len(parts[0]) < _SHORTEST_PREFIX and parts[0].isascii()):
            reason = f"A beginning such as “{word}*” needs one word of {_SHORTEST_PREFIX} letters or more"
            raise self._error(f"{reason}; write more of it, or leave out the *.", at)
        place = " in the title" if title else ""
        return [_Item("part", at, Prefix(f"a word beginning with “{word}”{place}", parts[0], title))]

    def _error(self, message: str, at: int) -> QueryError:
        return QueryError(message, self._query, at)


def _together(beside: list[list[_Item]]) -> Iterator[Phrase]:
    """The phrases that runs of words make, without the common words at their ends ("the", but not "bank of japan")."""
    for run in beside:
        telling = [place for place, item in enumerate(run) if not item.common]
        if len(telling) > 1:
            words = [item.part for item in run[telling[0] : telling[-1] + 1]]
            tokens = [word.token for word in words if isinstance(word, Word)]
            yield Phrase(" ".join(tokens), (stream(tokens),), title=False)


class _Parser:
    """Recursive descent over a query's items; `at` counts those already read."""

    def __init__(self, query: str, items: Sequence[_Item]) -> None:
        self._query, self._items = query, items
        self._at = 0

    def topic(self) -> All:
        root = self._all(0)
        if extra := self._next():
            raise self._error("This bracket closes nothing; remove it, or open one before it.", extra)
        return root

    def _all(self, depth: int) -> All:
        """Everything up to a closing bracket or the end."""
        begun = self._next()
        wanted: list[Part] = []
        common: list[Part] = []
        unwanted: list[Without] = []
        beside: list[list[_Item]] = [[]]  # words that stand side by side
        while (item := self._next()) and item.kind != "close":
            if item.kind == "or":
                raise self._error("OR needs something before it; put a word there or remove it.", item)
            part = self._either(depth)
            if isinstance(part, Without):
                unwanted.append(part)
            else:
                if isinstance(part, Word) and not part.title:
                    beside[-1].append(item)
                else:
                    beside.append([])
                (common if item.common and not isinstance(part, Either) else wanted).append(part)
        if not wanted and not common:
            if unwanted:
                raise self._error(
                    "A topic needs something to look for too; put a word before what it leaves out.", begun
                )
            raise self._error('There is no word to look for; write some, such as: G7 OR "climate summit".', begun)
        return All(tuple(wanted or common), tuple(unwanted), tuple(_together(beside)))

    def _either(self, depth: int) -> Part | Without:
        parts = [self._one(depth)]
        while (item := self._next()) and item.kind == "or":
            self._at += 1
            after = self._next()
            if after is None or after.kind in ("or", "close"):
                raise self._error("OR needs something after it; put a word there or remove it.", item)
            parts.append(self._one(depth))
            if any(isinstance(part, Without) for part in parts):
                raise self._error("OR stands between things to look for; move what is left out to the end.", item)
        return parts[0] if len(parts) == 1 else Either(tuple(part for part in parts if not isinstance(part, Without)))

    def _one(self, depth: int) -> Part | Without:
        item = self._items[self._at]
        self._at += 1
        if item.part is not None:
            return item.part
        if item.kind == "without":
            part = self._one(depth)
            return part if isinstance(part, Without) else Without(part)
        if depth == _DEEPEST:
            raise self._error(f"Brackets stand at most {_DEEPEST} deep; remove some.", item)
        group = self._all(depth + 1)
        if self._next() is None:
            raise self._error("This bracket is not closed; add a ) where the group ends.", item)
        self._at += 1
        return group

    def _next(self) -> _Item | None:
        return self._items[self._at] if self._at < len(self._items) else None

    def _error(self, message: str, item: _Item | None) -> QueryError:
        return QueryError(message, self._query, item.at if item else len(self._query))
