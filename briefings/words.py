"""What a word is: finds the words of a text in any script, and their parts without case and accents.

- Unicode NFKC, case folded, accents off (vowel signs of Indic scripts stay), possessive 's off.
- Letters with full stops are one word (U.S. = US); short letters-digits are one (G-7 = G7, F-16s = F16);
  other hyphenated words are several. 30,000 = 30000; 2.5 stays whole; 60% is 60.
- Scripts without spaces become overlapping pairs of characters; Hangul becomes single syllables and pairs.
"""

import re
from functools import cache
from unicodedata import normalize

LONGEST = 64  # characters of one word that count; longer runs are data, not words

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
    ["top", "mid", "pre", "post", "under", "over", "late", "age", "aged", "page", "part", "week", "day"]
)


_VERB = re.compile(r"^\W*May(?= (?:I|we|you|he|she|they|it)\b)")
_BEFORE_MONTH = re.compile(
    r"\b((?:in|of|by|since|until|till|from|before|after|during|last|next|early|mid|late)[ -])may\b", re.IGNORECASE
)
_AFTER_MONTH = re.compile(r"\bmay(?=,? \d| day\b)")


def prepared(text: str) -> str:
    """The text in one form of Unicode, with plain apostrophes and hyphens."""
    if text.isascii():
        return text
    for mark, plain in _PREPARED:
        text = text.replace(mark, plain)
    return normalize("NFKC", text)


def with_month(text: str) -> str:
    """What a person typed, with the capital of the month as articles have it, and without that of the verb: "in May",
    but "may I ask"."""
    text = _VERB.sub(lambda found: found[0].lower(), text, count=1)
    return _AFTER_MONTH.sub("May", _BEFORE_MONTH.sub(r"\1May", text))


def pattern(text: str) -> re.Pattern[str]:
    """What finds the words of this prepared text."""
    return _words(beyond_latin(text))


def beyond_latin(text: str) -> bool:
    """Whether a prepared text has letters or marks other than precomposed Latin ones."""
    return not text.isascii() and _BEYOND_LATIN.search(text) is not None


def unstopped(word: str) -> str:
    """A found word without its full stops and possessive: U.S.'s -> US. Other words stay as they are."""
    word = word.removesuffix("'s")
    return joined(word) if "." in word and not word[0].isdigit() else word


def pieces(word: str) -> tuple[str, ...]:
    """The parts of one found word, none of them empty; a word of marks alone has none."""
    first = word[0]
    if not first.isascii():
        if re.match(f"[{_HANGUL}]", first):
            return _singles_and_pairs(word)
        if re.match(f"[{_UNSPACED}]", first):
            return _pairs(word)
    return tuple(part for part in _parts(folded(unstopped(word[:LONGEST]))) if part)


def folded(word: str) -> str:
    """The word without case, accents and strokes."""
    if word.isascii():
        return word.lower()
    bare = _ACCENTS.sub("", normalize("NFD", word.casefold())).translate(_STROKES)
    return normalize("NFKC", bare)


def joined(word: str) -> str:
    """A spelling as one run of letters and digits: U.S. -> US, G-7 -> G7."""
    return "".join(letter for letter in word if letter.isalnum())


def shortened(text: str, longest: int) -> str:
    """The text, cut between words with "…" when it has more than `longest` characters."""
    if len(text) <= longest:
        return text
    return (text[:longest].rpartition(" ")[0] or text[:longest]) + "…"


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
        if head in _ELIDED:
            return (head, *_parts(tail))
        return (word.replace("'", ""),)
    if word[-1] == "s" and word[-2:-1].isdigit():  # F16s
        return (word[:-1],)
    return (word,)
