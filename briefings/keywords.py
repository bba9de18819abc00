"""Text to normalised keywords: one normalisation for the index, for questions and for topic queries.

A keyword ("token") is a word as `words` cuts it, stemmed (Snowball) in the language of its text, English where that is
not known, without white space, so tokens can be joined by spaces and indexed verbatim.

Aliases (`config/aliases.toml`): each entry has one token of its own. A spelling of one word becomes that token.
A spelling of several words becomes that token in what a person asks; in text it keeps its words and adds the token,
so that "South Korea" is found by "ROK" and by "Korea" alike.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import cast
from zlib import crc32

import Stemmer

from briefings.errors import SidelinesError
from briefings.function_words import BEYOND_LATIN, FUNCTION_WORDS, asking
from briefings.words import LONGEST, beyond_latin, folded, joined, pattern, pieces, prepared, unstopped, with_month

FORMAT = 4
"""To be raised when the same text gives other tokens than before, so that indexes are rebuilt."""

_REMEMBERED = 32_768  # what is between two spaces, as its tokens: the vocabulary of a hundred articles, 10 MB at most


class _Remembering(dict[str, tuple[str, ...]]):
    """The tokens of what stood between two spaces lately: finding words again would cost more than all else.

    It forgets all when full: an order of use would double a look's cost.
    """

    def __init__(self, tokens_of: Callable[[str], tuple[str, ...]]) -> None:
        self._tokens_of = tokens_of

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _REMEMBERED:
            self.clear()
        tokens = self._tokens_of(word)
        if len(word) <= LONGEST:
            self[word] = tokens
        return tokens


# Words that carry nothing to look for -----------------------------------------------------------------------

_PRONOUN_AFTER = frozenset(
    ["tell", "give", "show", "let", "for", "remind", "help", "send", "update", "brief", "inform"]
)
_OPENING = re.compile(
    r"""\s*(?:(?:hi|hello|hey|please|ok|so|well)\b[\s,!.]*)*
    (?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?
    (?:
      (?:tell|show|give|brief|remind|update|inform)\s+(?:me|us)
        (?:\s+(?:more|something|anything|everything|all|the\s+(?:latest|news)|an?\s+update))?\s+(?:about|on|of|with)\b
    | (?:(?:is|are)\s+there|do\s+you\s+have|have\s+you(?:\s+got)?|got)?\s*(?:any|the|some)?\s*(?:more\s+|latest\s+)?
        (?:news|updates?|word|headlines|anything|information|info)\s+(?:new\s+)?(?:about|on|from|of|regarding)\b
    | what(?:'s|\s+is|\s+are|s)?\s+(?:new|the\s+latest|the\s+news|up|happening|going\s+on|known)
        (?:\s+(?:news|word|update))?\s*(?:about|on|with|from|in|at)\b
    | what(?:'s|\s+is)?\s+the\s+(?:story|deal|situation)\s+(?:with|on|about)\b
    | what\s+(?:do|did)\s+(?:you|we|they)\s+(?:know|have|say|write)\s+(?:about|on|of)\b
    | (?:what|how)\s+about\b
    | i(?:'d|\s+would)?\s+(?:want|like|need)\s+to\s+(?:know|read|hear)\s+(?:more\s+)?(?:about|on)\b
    | (?:search|look|find)\s+(?:for|up)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_CLOSING = re.compile(r"(?<=\w)\s+(?:the\s+)?(?:latest(?:\s+news)?|updates?|please|thanks)[\s?!.]{0,9}$", re.IGNORECASE)
_HAPPEN = frozenset(["happen", "happens", "happened", "happening", "occur", "occurs", "occurred", "occurring"])
_TAKE = frozenset(["take", "takes", "took", "taken", "taking"])


def _asks(word: str, before: str, after: str) -> bool:
    """Whether a word only asks, being of "happen" or "take place": articles tell what happened without it."""
    return word in _HAPPEN or (word in _TAKE and after == "place") or (word == "place" and before in _TAKE)


_STEMMERS = {
    "en": "english", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "es": "spanish", "et": "estonian",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hu": "hungarian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
"""What Snowball calls the languages in Latin letters."""
LANGUAGES = (*_STEMMERS, "vi")
"""The languages in Latin letters that are told apart; Vietnamese words have no endings, but accents that count."""
_SCRIPTS = (
    ("\u0370", "\u03ff", "greek"),
    ("\u0400", "\u052f", "russian"),
    ("\u0530", "\u058f", "armenian"),
    ("\u0600", "\u06ff", "arabic"),
    ("\u0900", "\u097f", "hindi"),
    ("\u0b80", "\u0bff", "tamil"),
)
"""First and last letter of the scripts whose words have one stemmer, in whatever language they are."""
_UNSPACED = "\u0e00"  # Above are the scripts whose words are cut into pairs.


@cache
def _stemmer(name: str) -> Callable[[str], str]:
    return cast("Callable[[str], str]", Stemmer.Stemmer(name, maxCacheSize=0).stemWord)


_BRITISH = re.compile(
    r"^(?!paradis|treatis)([a-z]{2,}(?:[bdfghklmnst]|ic|tiv|[^p]r)i)s(?=(?:e[ds]?|ers?|ing|ations?|ational)$)"
)
"""-ise for -ize, but where its family has -ision ("supervise", "precise") or the stem is that of another word."""


def _stem_in(language: str, word: str) -> str:
    """The stem of a word in small letters: by its script, or else in the language. What is not of letters stays."""
    if word > "\u036f":
        names = (name for first, last, name in _SCRIPTS if first <= word[0] <= last)
        name = next(names, None)
    else:
        name = _STEMMERS.get(language) if word.isalpha() else None
    if name == "english":
        word = _BRITISH.sub(r"\1z", word, count=1)
    return _stemmer(name)(word) if name else word


_ENGLISH_STOP = FUNCTION_WORDS["en"].split()
_NOT_NAMES = frozenset(joined(word) for word in _ENGLISH_STOP)


@cache
def _stop_words(language: str) -> frozenset[str]:
    """The tokens of the function words of a language in Latin letters, and of those in all other scripts."""
    forms = {form for word in FUNCTION_WORDS.get(language, "").split() for form in (word, joined(word))}
    return frozenset(folded(_stem_in(language, form)) for form in forms.union(BEYOND_LATIN.split()))


# Aliases ----------------------------------------------------------------------------------------------------


def load_aliases(path: Path) -> dict[str, tuple[str, ...]]:
    """The alias entries of a TOML file, canonical name -> other spellings.

    Raises SidelinesError when the file is missing or not of that form, naming the entry.
    """
    import tomllib

    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("aliases", {})
    except (OSError, ValueError) as error:
        raise SidelinesError(f"The alias list {path} cannot be read ({error}); restore or correct it.") from error
    if not isinstance(entries, dict):
        raise SidelinesError(f"The alias list {path} needs a table [aliases] of name = [spellings].")
    for name, spellings in entries.items():
        if not isinstance(spellings, list) or not all(isinstance(spelling, str) for spelling in spellings):
            raise SidelinesError(f'The alias {name!r} in {path} needs a list of spellings, such as ["G-7"].')
    return {name: tuple(spellings) for name, spellings in entries.items()}


class Keywords:
    """Turns text into keywords. `aliases` are canonical names with their other spellings.

    Raises SidelinesError when one spelling is given to two names.
    """

    def __init__(self, aliases: Mapping[str, Sequence[str]] | None = None, language: str = "en") -> None:
        aliases = self._aliases = aliases or {}
        self.version = f"{FORMAT}-{crc32(repr(sorted((n, tuple(s)) for n, s in aliases.items())).encode()):08x}"
        """Changes whenever the same text may give other tokens: an index made with another version is rebuilt."""
        self._names: dict[str, str] = {}  # a spelling of one word, without case -> its token
        self._shouted: dict[str, str] = {}  # the same for capitals that are common words in small letters: US, WHO
        self._phrases: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        self._signs: set[str] = set()  # the longest token of each phrase: without any, a text need not be searched
        self.language = language
        self.stop = _stop_words(language)
        """The tokens of function and question words, which tell nothing of a text's subject."""
        self._tokens = _Remembering(self._tokens_of_run).__getitem__
        self._others: dict[str, Keywords] = {}
        taken: dict[tuple[str, ...], str] = {}
        phrases: list[tuple[str, str]] = []
        for name, spellings in aliases.items():
            token = joined(folded(name))
            for spelling in (name, *spellings):
                plain = prepared(spelling)
                parts = tuple(part for word in pattern(plain).findall(plain) for part in pieces(word))
                if not token or not parts:
                    raise SidelinesError(f"The alias {name!r} has a spelling without letters: {spelling!r}.")
                if taken.setdefault(parts, token) != token:
                    raise SidelinesError(f"The spelling {spelling!r} stands under two aliases; keep it under one.")
                if len(parts) > 1:
                    phrases.append((spelling, token))
                elif parts[0] in _NOT_NAMES:
                    self._shouted[parts[0].upper()] = token
                else:
                    self._names[parts[0]] = token
        for spelling, token in phrases:
            self._add_phrase(self.plain(spelling), (token,))

    def in_language(self, language: str | None) -> "Keywords":
        """Keywords for texts in this language (ISO 639-1), with its stemmer; English where there is none."""
        code = (language or "en")[:2].lower()
        code = code if code in LANGUAGES else "en"
        if code == self.language:
            return self
        if code not in self._others:
            self._others[code] = Keywords(self._aliases, code)
        return self._others[code]

    def of(self, text: str) -> tuple[str, ...]:
        """The tokens of an article's text in order, duplicates kept. Never raises; linear in the text's length."""
        tokens = self.plain(text)
        if self._signs.isdisjoint(tokens):
            return tokens
        enriched: list[str] = []
        done = 0
        for _, end, added in self._known(tokens):
            enriched += tokens[done:end]
            enriched += added
            done = end
        return (*enriched, *tokens[done:])

    def plain(self, text: str) -> tuple[str, ...]:
        """The tokens of a text without regard to aliases of several words."""
        text = prepared(text)
        if not beyond_latin(text):  # no word has a space
            return tuple(chain.from_iterable(map(self._tokens, text.split())))
        # Runs of scripts without spaces are as long as clauses, and not worth remembering.
        words = pattern(text).findall(text)
        found = (self._tokens(word) if word < _UNSPACED else self._tokens_of_word(word) for word in words)
        return tuple(chain.from_iterable(found))

    def merged(self, text: str) -> tuple[str, ...]:
        """The tokens of a text with each alias of several words as its one token, as in what a person asks."""
        tokens = list(self.plain(text))
        for start, end, added in reversed([*self._known(tokens)]):
            tokens[start:end] = added
        return tuple(tokens)

    def located(self, text: str) -> tuple[tuple[int, int, str], ...]:
        """The tokens of what a person typed, each as (start, end, token) in `prepared(text)`; aliases are merged.

        Written in small letters only, "us" is the country unless it follows a word as in "tell us"; elsewhere the
        country needs its capitals or full stops.
        """
        text = prepared(text)
        small = text.islower()
        text = with_month(text)
        found: list[tuple[int, int, str]] = []
        before = ""
        for match in pattern(text).finditer(text):
            word = match[0]
            country = small and word == "us" and before not in _PRONOUN_AFTER
            found.extend((*match.span(), token) for token in self._tokens_of_word("US" if country else word))
            before = word
        for start, end, added in reversed([*self._known([token for _, _, token in found])]):
            found[start:end] = [(found[start][0], found[end - 1][1], token) for token in added]
        return tuple(found)

    def typed(self, text: str) -> tuple[tuple[str, str], ...]:
        """What a person typed as (words as typed, token) in order; an alias of several words is one pair."""
        located, text = self.located(text), prepared(text)
        return tuple((text[start:end], token) for start, end, token in located)

    def question_words(self, text: str) -> tuple[tuple[str, str], ...]:
        """The words of a question worth looking for, as (typed, token), each token once, in order.

        Question words, stop words and polite openings ("tell me about") are out, and what happens or takes place is
        looked for without these words; when nothing else is left, all words are kept. Empty when the text has no word.
        """
        text = prepared(text)
        if text.isupper() and len(text.split()) > 3:  # shouted: WHO and US say nothing by their capitals
            text = text.lower()
        text = text[: closing.start()] if (closing := _CLOSING.search(text)) else text
        told = text if text.isascii() else asking().sub(" ", text)
        pairs = self.typed(told) or self.typed(text)
        opening = _OPENING.match(text)
        rest = pairs[len(self.typed(text[: opening.end()])) :] if opening else pairs
        content = [pair for pair in rest or pairs if not self.is_stop(pair[1])]
        said = ("", *(words.lower() for words, _ in content), "")
        told_of = [
            pair for place, pair in enumerate(content, 1) if not _asks(said[place], *said[place - 1 : place + 2 : 2])
        ]
        chosen: dict[str, str] = {}
        for words, token in told_of or content or pairs:
            chosen.setdefault(token, words)
        return tuple((words, token) for token, words in chosen.items())

    def of_question(self, text: str) -> tuple[str, ...]:
        """The tokens of `question_words`."""
        return tuple(token for _, token in self.question_words(text))

    def is_stop(self, token: str) -> bool:
        """Whether a token is one of `stop`."""
        return token in self.stop

    def with_acronyms(self, pairs: Mapping[str, str]) -> "Keywords":
        """Keywords for one article that itself defines `pairs`, short form -> long form (see `acronyms`).

        There the short form also yields the long form's words, and the long form the short one's token, so that
        either spelling finds the text.
        """
        if not pairs:
            return self
        local = object.__new__(Keywords)
        local.__dict__.update(self.__dict__)
        local._phrases = {first: list(phrases) for first, phrases in self._phrases.items()}
        local._signs = set(self._signs)
        for short, long in pairs.items():
            one, many = self.of(short), self.of(long)
            if len(one) != 1 or self.is_stop(one[0]) or not many:
                continue
            words = tuple(token for token in many if not self.is_stop(token) and token != one[0])
            local._add_phrase(one, words)
            if one[0] not in many:
                local._add_phrase(self.plain(long), one)
        return local

    def _add_phrase(self, tokens: tuple[str, ...], added: tuple[str, ...]) -> None:
        phrases = self._phrases.setdefault(tokens[0], [])
        phrases.append((tokens, added))
        phrases.sort(key=lambda phrase: -len(phrase[0]))
        self._signs.add(max(tokens, key=len))

    def _known(self, tokens: Sequence[str]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """(start, end, tokens added) of the known phrases, the longest at each place."""
        phrases, end = self._phrases, 0
        for start, token in enumerate(tokens):
            if token in phrases and start >= end:
                for phrase, added in phrases[token]:
                    if tuple(tokens[start : start + len(phrase)]) == phrase:
                        end = start + len(phrase)
                        yield start, end, added
                        break

    def _tokens_of_run(self, run: str) -> tuple[str, ...]:
        """The tokens of what stands between two spaces, or of one found word."""
        words = pattern(run).findall(run)
        if words == [run]:
            return self._tokens_of_word(run)
        return self._tokens(words[0]) if len(words) == 1 else tuple(chain.from_iterable(map(self._tokens, words)))

    def _tokens_of_word(self, word: str) -> tuple[str, ...]:
        """The tokens of one found word."""
        if word == "May":  # The month, or a name: another word than the verb, which tells nothing.
            return (word,)
        shouted = unstopped(word)
        if "." in word:
            shouted = shouted.upper()
        if named := self._shouted.get(shouted):
            return (named,)
        if self.language == "tr":
            word = word.partition("'")[0]  # What follows are endings of a name.
        if word.isascii() or not word.isalpha() or word > _UNSPACED:
            return tuple(self._names.get(piece) or _stem_in(self.language, piece) for piece in pieces(word))
        accented = word[:LONGEST].casefold().replace("i\u0307", "i")  # Stemmers want accents, and Vietnamese words do.
        token = accented if self.language == "vi" else folded(_stem_in(self.language, accented))
        token = self._names.get(folded(accented)) or token
        return (token,) if token else ()


# Acronyms that an article defines ---------------------------------------------------------------------------

_SHORT = r"[A-Z][A-Za-z&]{0,8}[A-Z]|[A-Z]{1,5}-?\d{1,3}"
_DEFINED = re.compile(rf"\(\s*[\"“'‘]?({_SHORT})s?[\"”'’]?\s*[),;]|\bor\s+(?:the\s+)?({_SHORT})\b")
_REVERSED = re.compile(rf"\b({_SHORT})s?\s*\(([^()]{{3,100}})\)")
_SMALL = r"(?:(?:of|the|and|for|on|in|to|at|de|la|du|des|&)[\s-]+)*"
_DIGITS = dict(
    zip("0123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True)
)
_TWENTY = {"10": "ten", "11": "eleven", "12": "twelve", "15": "fifteen", "20": "twenty", "77": "seventy-?seven"}


def acronyms(text: str) -> dict[str, str]:
    """The short forms that a text defines, with their long forms: "Group of Seven (G7)", "IAEA (International ...)".

    A definition counts when the initials agree, small words being free to count or not, and numbers may be words.
    """
    found: dict[str, str] = {}
    for match in _DEFINED.finditer(text):
        short = match[1] or match[2]
        long = re.search(_initials(short) + r",?\s*$", text[max(0, match.start() - 120) : match.start()])
        if long:
            found.setdefault(short, long[0].rstrip(", \n"))
    for match in _REVERSED.finditer(text):
        long = re.fullmatch(_initials(match[1]), match[2].strip())
        if long:
            found.setdefault(match[1], long[0])
    return found


def _initials(short: str) -> str:
    """A pattern for words with these initials."""
    words = []
    for part in re.findall(r"\d+|[A-Za-z]", short):
        number = _TWENTY.get(part) or _DIGITS.get(part)
        words.append(f"(?:{part}|{number})" if number else rf"{part}[\w'’.]*")
    return r"(?i)\b(?!(?:of|the|and|for|on|in|to|at)\b)" + (r"[\s-]+" + _SMALL).join(words)
