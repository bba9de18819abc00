"""Text to normalised keywords: one normalisation for the index, for questions and for topic queries.

A keyword ("token") is a case-folded, accent-free, stemmed word without white space, so tokens can be joined by
spaces and indexed verbatim.

- Words: Unicode NFKC, case folded, accents off, possessive 's off, English stemming (Snowball).
- Letters with full stops are one word (U.S. = US); short letters-digits are one (G-7 = G7, F-16s = F16);
  other hyphenated words are several. 30,000 = 30000; 2.5 stays whole; 60% is 60.
- Scripts without spaces become overlapping pairs of characters; Hangul becomes single syllables and pairs.
- Aliases (`config/aliases.toml`): each entry has one token of its own. A spelling of one word becomes that token.
  A spelling of several words becomes that token in what a person asks; in text it keeps its words and adds the token,
  so that "South Korea" is found by "ROK" and by "Korea" alike.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from unicodedata import normalize
from zlib import crc32

import Stemmer

from briefings.errors import SidelinesError

FORMAT = 1
"""To be raised when the same text gives other tokens than before, so that indexes are rebuilt."""

_LONGEST = 64  # characters of one word that count; longer runs are data, not words
_REMEMBERED = 65_536  # words whose tokens are kept: the vocabulary of some thousand articles

# What is a word ---------------------------------------------------------------------------------------------

_UNSPACED = (  # Han and kana, Thai, Lao, Burmese, Khmer: letters, vowel signs and iteration marks, no punctuation
    "\u3005-\u3007\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e\u0e80-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u109f"
    "\u1780-\u17d3\u17dc\u17dd"
)
_HANGUL = "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
# Marks that belong to a word but that `\w` leaves out: accents, points, vowel signs of Indic scripts.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0981-\u0983"
    "\u09bc-\u09d7\u0a01-\u0a03\u0a3c-\u0a51\u0a70-\u0a75\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
    "\u0b82\u0bbe-\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d57\u0dca-\u0df3"
    "\u0f18-\u0f19\u0f35-\u0f39\u0f71-\u0fbc"
)


@cache  # compiling the wide pattern takes longer than reading an article, and few texts need it
def _words(wide: bool) -> re.Pattern[str]:
    """What finds the words of a prepared text: in Latin letters alone, or in every script."""
    letter = rf"[^\W_{_UNSPACED}{_HANGUL}]" if wide else r"[^\W_]"
    marked = rf"[{_MARKS}]+{letter}*|" if wide else ""
    return re.compile(
        r"[A-Za-z](?:\.[A-Za-z])+(?![A-Za-z0-9])(?:\.?'s)?"  # U.S.  e.g.
        r"|\d+(?:[.,]\d+)+[A-Za-z]*"  # 30,000  2.5  2.5m
        rf"|{letter}+(?:{marked}'{letter}+)*(?:-\d{{1,3}}s?(?![A-Za-z0-9]|[.,]\d))?"  # words  G-7  F-16s
        + (rf"|[{_UNSPACED}]+|[{_HANGUL}]+" if wide else "")
    )


_BEYOND_LATIN = re.compile("[\u0300-\u1fff\u2c00-\U0010ffff]")
_PREPARED = tuple(  # a chain of str.replace is several times faster than str.translate
    [(mark, "'") for mark in "‘’ʼ"]
    + [(mark, "-") for mark in "‐‑"]
    + [(mark, " ") for mark in "™®"]
    + [(mark, "") for mark in "\u00ad\u200b\u200c\u200d\u2060\ufeff\u0640"]  # invisible, or only stretching the line
)
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]+")
_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ς": "σ"})
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)")
_ELIDED = frozenset(["l", "d", "c", "j", "n", "m", "t", "qu", "un", "dell", "all", "nell", "dall", "sull", "quell"])
_COUNTED = frozenset(
    [
        "top",
        "mid",
        "pre",
        "post",
        "under",
        "over",
        "early",
        "late",
        "age",
        "aged",
        "about",
        "euro",
        "no",
        "page",
        "part",
        "week",
        "day",
        "round",
    ]
)

# Words that carry nothing to look for -----------------------------------------------------------------------

_QUESTION_WORDS = "who whom whose what which when where why how"
_STOP_WORDS = (
    _QUESTION_WORDS
    + """
    a an the this that these those there here it its i you he she we they me him her us them my your his our their mine
    yours ours theirs myself yourself himself herself itself ourselves themselves one
    am is are was were be been being do does did doing done have has had having can could will would shall should may
    might must isn't aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't cannot couldn't won't
    wouldn't shouldn't i'm you're we're they're i've you've we've they've i'd i'll we'll you'll let's
    and or but nor so yet if then than as because while although though whether until unless
    of in on at by for with from to into onto upon about between among through during before after above below over
    under against within without toward towards per via off up down out
    not no any some all both each few more most other another such own same only just also too very much many
    now still ever even again once please thanks s t re ve ll
    """
)
_PRONOUN_AFTER = frozenset(
    ["tell", "give", "show", "let", "for", "remind", "help", "send", "update", "brief", "inform"]
)
_POLITE = re.compile(
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
    | what\s+(?:do|did)\s+(?:you|we|they)\s+(?:know|have|say|write)\s+(?:about|on)\b
    | (?:what|how)\s+about\b
    | i(?:'d|\s+would)?\s+(?:want|like|need)\s+to\s+(?:know|read|hear)\s+(?:more\s+)?(?:about|on)\b
    | (?:search|look|find)\s+(?:for|up)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


class _English:
    """Snowball's English stemmer for words of plain letters; others stay as they are."""

    def __init__(self) -> None:
        self._stem = Stemmer.Stemmer("english", maxCacheSize=0).stemWord

    def __call__(self, word: str) -> str:
        return str(self._stem(word)) if word.isascii() and word.isalpha() else word


_stem = _English()


def _prepared(text: str) -> str:
    """The text in one form of Unicode, with plain apostrophes and hyphens."""
    if text.isascii():
        return text
    for mark, plain in _PREPARED:
        text = text.replace(mark, plain)
    return normalize("NFKC", text)


def _words_of(text: str) -> re.Pattern[str]:
    """What finds the words of this prepared text."""
    return _words(not text.isascii() and _BEYOND_LATIN.search(text) is not None)


def _found(text: str) -> list[str]:
    """The words of a prepared text."""
    return _words_of(text).findall(text)


def _folded(word: str) -> str:
    """The word without case, accents and strokes."""
    if word.isascii():
        return word.lower()
    bare = _ACCENTS.sub("", normalize("NFD", word.casefold())).translate(_STROKES)
    return normalize("NFKC", bare)


def _joined(word: str) -> str:
    """A spelling as one run of letters and digits: U.S. -> US, G-7 -> G7."""
    return "".join(letter for letter in word if letter.isalnum())


_STOP = frozenset(_stem(form) for word in _STOP_WORDS.split() for form in (word, _joined(word)))
_NOT_NAMES = frozenset(_joined(word) for word in _STOP_WORDS.split())


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

    def __init__(self, aliases: Mapping[str, Sequence[str]] | None = None) -> None:
        aliases = aliases or {}
        self.version = f"{FORMAT}-{crc32(repr(sorted((n, tuple(s)) for n, s in aliases.items())).encode()):08x}"
        """Changes whenever the same text may give other tokens: an index made with another version is rebuilt."""
        self._names: dict[str, str] = {}  # a spelling of one word, without case -> its token
        self._shouted: dict[str, str] = {}  # the same for capitals that are common words in small letters: US, WHO
        self._phrases: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        self._tokens = lru_cache(_REMEMBERED)(self._tokens_of_word)
        taken: dict[tuple[str, ...], str] = {}
        phrases: list[tuple[tuple[str, ...], str]] = []
        for name, spellings in aliases.items():
            token = _joined(_folded(name))
            for spelling in (name, *spellings):
                words = tuple(_found(_prepared(spelling)))
                if not token or not words:
                    raise SidelinesError(f"The alias {name!r} has a spelling without letters: {spelling!r}.")
                if len(words) > 1:
                    phrases.append((words, token))
                    key = tuple(_folded(word) for word in words)
                else:
                    short = _joined(_folded(words[0]))
                    if short in _NOT_NAMES:
                        self._shouted[_joined(words[0]).upper()] = token
                    else:
                        self._names[short] = token
                    key = (short,)
                if taken.setdefault(key, token) != token:
                    raise SidelinesError(f"The spelling {spelling!r} stands under two aliases; keep it under one.")
        for words, token in phrases:
            self._add_phrase(tuple(part for word in words for part in self._tokens(word)), (token,))

    def of(self, text: str) -> tuple[str, ...]:
        """The tokens of an article's text in order, duplicates kept. Never raises; linear in the text's length."""
        tokens = [*chain.from_iterable(map(self._tokens, _found(_prepared(text))))]
        if self._phrases.keys().isdisjoint(tokens):
            return tuple(tokens)
        enriched: list[str] = []
        done = 0
        for _, end, added in self._known(tokens):
            enriched += tokens[done:end]
            enriched += added
            done = end
        return (*enriched, *tokens[done:])

    def typed(self, text: str) -> tuple[tuple[str, str], ...]:
        """What a person typed as (words as typed, token) in order; an alias of several words is one pair.

        Written in small letters only, "us" is the country unless it follows a word as in "tell us"; elsewhere the
        country needs its capitals or full stops. Written in capitals only, a question counts as small letters.
        """
        text = _prepared(text)
        if text.isupper() and len(text.split()) > 3:
            text = text.lower()
        small = text.islower()
        spans: list[tuple[int, int]] = []
        tokens: list[str] = []
        before = ""
        for match in _words_of(text).finditer(text):
            word = match[0]
            if small and word == "us" and before not in _PRONOUN_AFTER:
                word = "US"
            for token in self._tokens(word):
                spans.append(match.span())
                tokens.append(token)
            before = match[0]
        pairs = [(text[first:last], token) for (first, last), token in zip(spans, tokens, strict=True)]
        for start, end, added in reversed([*self._known(tokens)]):
            if end - start > 1:
                pairs[start:end] = [(text[spans[start][0] : spans[end - 1][1]], token) for token in added]
        return tuple(pairs)

    def question_words(self, text: str) -> tuple[tuple[str, str], ...]:
        """The words of a question worth looking for, as (typed, token), each token once, in order.

        Question words, stop words and polite openings ("tell me about") are out; when nothing else is left, all
        words are kept. Empty when the text has no word at all.
        """
        text = _prepared(text)
        pairs = self.typed(text)
        opening = _POLITE.match(text)
        rest = pairs
        if opening:
            rest = pairs[len(self.typed(text[: opening.end()])) :] or pairs
        content = [pair for pair in rest if pair[1] not in _STOP]
        chosen: dict[str, str] = {}
        for words, token in content or pairs:
            chosen.setdefault(token, words)
        return tuple((words, token) for token, words in chosen.items())

    def of_question(self, text: str) -> tuple[str, ...]:
        """The tokens of `question_words`."""
        return tuple(token for _, token in self.question_words(text))

    def is_stop(self, token: str) -> bool:
        """Whether a token is an English function word or question word, which tells nothing of a text's subject."""
        return token in _STOP

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
        for short, long in pairs.items():
            one, many = self.of(short), self.of(long)
            if len(one) != 1 or one[0] in _STOP:
                continue
            words = tuple(token for token in many if token not in _STOP and token != one[0])
            local._add_phrase(one, words)
            bare = tuple(t for word in _found(_prepared(long)) for t in self._tokens(word))
            if len(bare) > 1 and one[0] not in many:
                local._add_phrase(bare, one)
        return local

    def _add_phrase(self, tokens: tuple[str, ...], added: tuple[str, ...]) -> None:
        phrases = self._phrases.setdefault(tokens[0], [])
        phrases.append((tokens, added))
        phrases.sort(key=lambda phrase: -len(phrase[0]))

    def _known(self, tokens: list[str]) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """(start, end, tokens added) of the known phrases, the longest at each place."""
        phrases, end = self._phrases, 0
        for start, token in enumerate(tokens):
            if token in phrases and start >= end:
                for phrase, added in phrases[token]:
                    if tuple(tokens[start : start + len(phrase)]) == phrase:
                        end = start + len(phrase)
                        yield start, end, added
                        break

    def _tokens_of_word(self, word: str) -> tuple[str, ...]:
        """The tokens of one match of `_words`."""
        first = word[0]
        if not first.isascii():
            if re.match(f"[{_HANGUL}]", first):
                return _singles_and_pairs(word)
            if re.match(f"[{_UNSPACED}]", first):
                return _pairs(word)
        word = word[:_LONGEST]
        if "." in word and not first.isdigit():
            word = _joined(word.removesuffix("'s"))
            named = self._shouted.get(word.upper())
        else:
            named = self._shouted.get(word.partition("'")[0])
        if named:
            return (named,)
        return tuple(self._names.get(part) or _stem(part) for part in _parts(_folded(word)) if part)


def _pairs(run: str) -> tuple[str, ...]:
    return tuple(run[i : i + 2] for i in range(len(run) - 1)) or (run,)


def _singles_and_pairs(run: str) -> tuple[str, ...]:
    """Each syllable, and each pair after its first: every substring of a run is a run of its tokens."""
    return tuple(run[i : i + size] for i in range(len(run)) for size in (1, 2) if i + size <= len(run))


def _parts(word: str) -> tuple[str, ...]:
    """A folded word cut where several are written together."""
    head, hyphen, number = word.partition("-")
    if hyphen:
        if len(head) <= 5 and head.isascii() and head.isalpha() and head not in _COUNTED:
            return (head + number.rstrip("s"),)
        return (*_parts(head), number)
    if "," in word:
        return (word.replace(",", ""),) if _GROUPED.match(word) else tuple(word.split(","))
    if "'" in word:
        head, _, tail = word.partition("'")
        if tail == "s":
            return (head,)
        if head in _ELIDED:
            return (head, *_parts(tail))
        return (word.removesuffix("'s").replace("'", ""),)
    if word[-1] == "s" and word[-2:-1].isdigit():  # F16s
        return (word[:-1],)
    return (word,)


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
    return r"(?i)\b" + (r"[\s-]+" + _SMALL).join(words)
