"""From a paragraph to its sentences, and back.

A sentence ends at a stop that is followed by a space and does not belong to an abbreviation, an initial, a number or
a quotation that goes on. Scripts without spaces end theirs at an ideographic stop. One pass, linear in the text.
"""

import re
from collections.abc import Iterable, Iterator


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CLOSERS = "\"'”’»›)\\]」』）】》"
_STOP = re.compile(
    rf"(?:[.!?…؟۔।॥։።။។]|(?<=[\u0370-\u03ff\u1f00-\u1fff]);)[{_CLOSERS}]*+(?:\[\d+\])*+ (?=\S)"
    rf"|[。！？｡][{_CLOSERS}]*+(?=[^\s{_CLOSERS}。！？｡])"
)
_IDEOGRAPHIC_END = re.compile(rf"[。！？｡][{_CLOSERS}]*+$")
_IDEOGRAPHIC_GAP = re.compile(rf"([。！？｡][{_CLOSERS}]*+) ")
_QUOTES = frozenset("\"'”’»›")
_OPENERS = "\"'“‘«‹„‚([¿¡—–- "
_GOES_ON_AFTER_QUOTE = frozenset("とっ、，,")  # Japanese carries on after a quotation: 「…。」と述べた

# A name and a verb of saying after a closed question or exclamation: the speaker belongs to the quotation.
_SPEAKER = re.compile(r"(?:[A-Z][\w.’'-]* ){1,4}(?:said|says|asked|asks|added|told|wrote|cried|replied|shouted)\b")

# Before any next word these do not end a sentence: titles and the like always stand before a name or a number.
_NEVER_LAST = _words(
    "mr mrs ms mx dr prof gen sen rep gov lt col sgt capt cmdr maj brig adm rev hon pres supt insp det st messrs mme"
    " mlle vs e.g i.e cf approx al fr sra dra sres dott sig ing z.b d.h u.a bzw ca usw nr vgl св им ул т.е"
)
# Before a number these do not end a sentence.
_BEFORE_NUMBER = _words(
    "no nos fig figs p pp vol art arts sec ch c ref eq jan feb mar apr jun jul aug sep sept oct nov dec"
    " núm num n° art abs стр ст"
)
# These end a sentence only where the next word is one that begins sentences.
_MAYBE_LAST = _words("inc corp co ltd jr sr bros etc est dept assn univ ave blvd rd mt ft llc plc cia")
_BEGINNERS = _words(
    "a about according after all also although among an and another any as asked at because before both but by despite"
    " during each earlier even every few first for from he her here his how however i if in instead it its last later"
    " many meanwhile more most mr mrs ms my near neither no nor not now of officials on once one only or other others"
    " our people she since so some still such that the their then there these they this those though to two under"
    " until we what when where whether which while who why with yet you your"
)
# German and its neighbours write the day of a date with a stop.
_MONTHS = tuple(
    _words(
        "januar februar märz april mai juni juli august september oktober november dezember jänner marts maj oktober"
        " ledna února března dubna května června července srpna září října listopadu prosince"
    )
)
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")


def split(paragraph: str) -> tuple[str, ...]:
    """The sentences of a paragraph, word for word, white space folded; none for blank text.

    `join` gives the paragraph back.
    """
    text = _IDEOGRAPHIC_GAP.sub(r"\1", " ".join(paragraph.split()))
    return tuple(text[start:end] for start, end in _spans(text))


def join(sentences: Iterable[str]) -> str:
    """The paragraph that consists of these sentences: a space between two, none after an ideographic stop."""
    parts: list[str] = []
    for sentence in sentences:
        if parts and not _IDEOGRAPHIC_END.search(parts[-1][-32:]):
            parts.append(" ")
        parts.append(sentence)
    return "".join(parts)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for stop in _STOP.finditer(text):
        if _ends_sentence(text, start, stop):
            yield start, stop.end() - (text[stop.end() - 1] == " ")
            start = stop.end()
    if start < len(text):
        yield start, len(text)


def _ends_sentence(text: str, start: int, stop: re.Match[str]) -> bool:
    at, after = stop.span()
    if text[after - 1] != " ":
        return text[after] not in _GOES_ON_AFTER_QUOTE
    first = text[after]
    if not first.isalnum():
        first = text[after : after + 3].lstrip(_OPENERS)[:1] or first
    if first.islower() or first in ".!?…,;:":
        return False
    quoted = text[after - 2] in _QUOTES
    if text[at] != ".":
        return not (quoted and _SPEAKER.match(text, after))
    if quoted or text[at - 1 : at] == ".":
        return True
    token = text[max(start, text.rfind(" ", start, at) + 1) : at].lstrip(_OPENERS)
    return _ends_after(token, text, start, at, after)


def _ends_after(token: str, text: str, start: int, at: int, after: int) -> bool:
    """Whether the full stop behind `token` ends a sentence; the word behind it begins with no lower-case letter."""
    if len(token) > 12:
        return True
    word = token.lower()
    if word in _NEVER_LAST:
        return False
    if word in _BEFORE_NUMBER and text[after].isdigit():
        return False
    if token.isdigit() and len(token) <= 3:
        numbers_an_item = at - len(token) <= start
        return not (numbers_an_item or text[after : after + 12].lower().startswith(_MONTHS))
    initial = len(token) == 1 and token.isalpha()
    if initial or word in _MAYBE_LAST or _DOTTED.fullmatch(token):
        end = text.find(" ", after)
        following = text[after : end if end >= 0 else len(text)].rstrip(".,;:!?’'\"").lower()
        return following in _BEGINNERS or following[:1] in '“"‘«'
    return True
