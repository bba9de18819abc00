"""From a paragraph to its sentences, and back.

A sentence ends at a stop that is followed by a space and does not belong to an abbreviation, an initial, a number or
a quotation that goes on. Scripts without spaces end theirs at an ideographic stop. One pass, linear in the text.
"""

import re
from collections.abc import Iterable, Iterator


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CLOSERS = "\"'”’»›)\\]」』）】》"
# What may stand between a stop and the space behind it. “ ‘ « close where a space follows (German); French puts a space
# before its »; then come the marks of notes.
_TAIL = rf"(?:[{_CLOSERS}]|[“‘«](?= )| [»›](?= ))*+(?:\[\d+\]|[⁰¹²³⁴-⁹])*+"
_STOP = re.compile(  # one set of characters first: the regular expression engine looks for these fast
    rf"[.!?…؟۔।॥։።။;。！？｡](?:(?<![。！？｡]){_TAIL} (?=\S)|(?<=[。！？｡])[{_CLOSERS}]*+(?=[^\s{_CLOSERS}。！？｡]))"
)
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")  # only there is a semicolon a question mark
_IDEOGRAPHIC_END = re.compile(rf"[。！？｡][{_CLOSERS}]*+$")
_IDEOGRAPHIC_GAP = re.compile(rf"[。！？｡][{_CLOSERS} ]*+")
_STOPS = frozenset(".!?…,;:؟۔।॥。！？)]")
_QUOTES = frozenset("\"'”’»›“‘«」』")
_OPENERS = "\"'“‘«‹„‚»([¿¡—–- "
_OPENING = re.compile(rf"(?:[(\[](?:\.\.\.|…)[)\]] )?[{re.escape(_OPENERS)}]{{0,3}}")  # and (...) for what was left out
_NAMED_SMALL = re.compile(r"[a-z]{1,2}-?[A-Z]")  # iPhone, mRNA, al-Qaeda may begin a sentence

# A name and a verb of saying after a closed question or exclamation: the speaker belongs to the quotation.
_SPEAKER = re.compile(r"(?:[A-Z][\w.’'-]* ){1,4}(?:said|says|asked|asks|added|told|wrote|cried|replied|shouted)\b")
# The same after any quotation where names have no capitals. Japanese carries on with a particle: 「…。」と述べた
_GOES_ON = re.compile(r"[、，,]")
_GOES_ON_AFTER_QUOTE = re.compile(
    r"[とっがをにはのへ]|[\u3400-\u9fff]{1,12}(?:说|說|表示|称|稱|道|指出|问|問|告诉|告訴|强调|強調)[。，,：:]"
)

# Abbreviations. Before any next word these do not end a sentence: what they stand for needs it.
_NEVER_LAST = _words(
    "mr mrs ms mx dr prof gen sen rep gov lt col sgt cpl pvt capt cmdr maj brig adm rev hon pres supt insp det messrs"
    " atty amb cllr msgr ph vs v e.g i.e a.k.a cf approx"
    " z.b d.h u.a bzw ca nr vgl bspw evtl ggf inkl exkl zzgl sog geb gest mio mrd hr fr frl dipl mag hl abs"
    " mme mlle mgr éd av apr env sra dra sres srta dña gral lic avda sto sta núm pág dott sig sigg ing avv dl dna"
    " dhr mevr drs ds bijv d.w.z o.a bl.a t.ex f.eks mudr judr phdr rndr bc ks tzw np św płk m.in tzv např tj č sv"
    " tp ts ths pgs gs св им ул т.е тыс млрд долл проф акад ген напр просп ім вул акад дж см τζ bkz"
    " डॉ प्रो बी सी डी जी एच जे के एल एम एन पी आर एस टी यू वी डब्ल्यू سي إس جي دي"
)
# Before a number these do not end a sentence.
_BEFORE_NUMBER = _words(
    "no nos fig figs p pp vol vols art arts sec ch chap c ref eq op ep rs apt ext tel jan feb mar apr jun jul aug sep"
    " sept oct nov dec jän mär okt dez n° abb tab kap bd str kl cap pag стр ст гл буд кв ум αριθ"
)
# These end a sentence only where the next word is one that begins sentences.
_MAYBE_LAST = _words(
    "inc corp co ltd bros llc plc cia jr sr al dept assn univ ave blvd rd st mt ft jh jhd др"
    " ala ariz calif colo conn fla ga ill ind kan ky mass md mich minn mont neb nev okla pa tenn tex va vt wis wyo"
)
_USUALLY_LAST = _words("usw u.s.w etc т.д т.п κλπ κ.λπ")
_HOURS = _words("a.m p.m")
_ABBREVIATIONS = _NEVER_LAST | _BEFORE_NUMBER | _MAYBE_LAST | _USUALLY_LAST | _HOURS
# Of all these, words of their own in small letters, or ones too like them: they need a capital.
_CAPITALISED = _words(
    "mag ms abs ph rep sen hon det st sta sto mio bc dl dna tp ts gs hl ref ext ep op tab jan mar jun sep dec okt dez"
    " ala colo conn fla ga ill ind kan ky mass md mont pa va vt wash wis ft mt"
)
_SHOUTED = _words("MR MRS MS DR PROF GEN SEN REP GOV LT COL SGT CAPT REV ST NO NOS JR SR INC CORP CO LTD VS")
_AFTER_HOUR = _words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
    " september october november december et est edt ct cst cdt mst mdt pt pst pdt gmt bst utc cet cest ist eastern"
    " central mountain pacific greenwich local"
)
_BEGINNERS = _words(
    "a about according after all also although among an and another any as asked at because before both but by despite"
    " during each earlier even every few first for from he her here his how however i if in instead it its last later"
    " many meanwhile more most mr mrs ms my near neither no nor not now of officials on once one only or other others"
    " our people she since so some still such that the their then there these they this those though to two under"
    " until we what when where whether which while who why with yet you your"
    " did today"
    # German, Spanish, French, Italian, Portuguese, Romanian, Russian
    " er sie es wir ein eine im auf bei nach mit doch aber und auch für wenn dies diese dieser damit dabei"
    " en por para con como cuando pero también esta este según desde il elle ils nous vous dans pour sur mais cette"
    " nel nella ma anche questo questa ele ela mas também depois com după acest această aici în"
    " он она оно они это этот эта в на по но и для после при если также когда как однако потом а у из"
)
_ALSO_PARTS_OF_NAMES = _words("el la los las le les lo gli der die das de un una du o os as se su si")
# German writes ordinals with a stop, and their nouns with a capital: "im 19. Jahrhundert", "die 1. Bundesliga".
_BEFORE_ORDINAL = _words(
    "der die das dem den des im zum zur vom beim ins und oder bis seit vor nach als ihr ihre ihren ihrem sein seine"
    " seinen seinem jeder jede jedes jeden"
)
_MONTHS = _words(  # what follows the stop of a German date, and may be shortened
    "januar jänner februar märz april mai juni juli august september oktober november dezember"
    " jan jän feb mär apr jun jul aug sep sept okt nov dez"
)
_DATE = re.compile(r"\d{1,2}\. ?\d{1,2}\. ?\d{2,4}\b")  # 23. 11. 2026
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+[^\W\d_]{1,2}")
_ROMAN = re.compile(r"[IVXLC]+\b")
_NICKNAME = re.compile(r"[\"“‘'(]\w+[\"”’')]")
_INITIALS = re.compile(r"[^\W\d_]{1,2}\.\W?(?=\s|$)")
_YEARS = frozenset("гр")
_YEAR = re.compile(r"\d{4}\W*")
_DASHES = frozenset("-–—")
_NOTHING = frozenset(["", *"•▪◦⁃*-–—"])  # what may stand before an item's number
_SPEECH = frozenset('“"‘«„')
_LONGEST_ABBREVIATION = 12


def split(paragraph: str) -> tuple[str, ...]:
    """The sentences of a paragraph, word for word, white space folded; none for blank text.

    `join` gives the paragraph back.
    """
    text = _IDEOGRAPHIC_GAP.sub(lambda gap: gap[0].replace(" ", ""), " ".join(paragraph.split()))
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
    if text[at] == ";" and not _GREEK.match(text, max(0, at - 1)):
        return False
    if text[after - 1] != " ":
        quoted = text[after - 1] in _QUOTES
        return not (_GOES_ON.match(text, after) or (quoted and _GOES_ON_AFTER_QUOTE.match(text, after)))
    first = text[after]
    if not first.isalnum():
        begun = _OPENING.match(text, after)
        first = text[begun.end() : begun.end() + 1] or first if begun else first
    if (first.islower() and not _NAMED_SMALL.match(text, after)) or first in _STOPS:
        return False
    if text[max(start, at - 4) : at].rstrip(".!?…").endswith(("(", "[")):  # a mark alone: (!), [...]
        return False
    quoted = text[after - 2] in _QUOTES
    if text[at] != ".":
        return not (quoted and _SPEAKER.match(text, after))
    if quoted or text[at - 1 : at] == ".":
        return True
    token = text[max(start, text.rfind(" ", start, at) + 1) : at].lstrip(_OPENERS)
    if len(token) > _LONGEST_ABBREVIATION:
        return True
    if len(token) > 2 and token[1] in "'’":  # d'A. Camus
        token = token[2:]
    return _ends_after(token, text, start, at, after)


def _ends_after(token: str, text: str, start: int, at: int, after: int) -> bool:
    """Whether the full stop behind `token` ends a sentence; the word behind it begins with no lower-case letter."""
    word = token.lower()
    if (word in _CAPITALISED and token[0].islower()) or (token.isupper() and token.isalpha() and len(token) > 1):
        word = word if token in _SHOUTED else ""
    if len(token) > 3 and "." not in token and word not in _ABBREVIATIONS:
        return True
    if word in _NEVER_LAST:
        return False
    if word in _BEFORE_NUMBER and (text[after].isdigit() or _ROMAN.match(text, after)):
        return False
    end = text.find(" ", after)
    following = text[after : end if end >= 0 else len(text)]
    begins = following.rstrip(".,;:!?’'\"").lower()
    begun = at - len(token)
    before = text[max(start, begun - 20) : begun].rstrip().rpartition(" ")[2]
    if len(token) <= 3 and token.isdigit():
        return not _is_ordinal(text, begun, before, following, begins)
    if word in _HOURS:
        return begins not in _AFTER_HOUR and begins[:1] not in _DASHES
    if word in _USUALLY_LAST:
        return True
    single = len(token) == 1 and token.isalpha()
    if len(token) <= 2 and token.isupper() and following[:1].isupper() and _INITIALS.match(following):
        return False  # J. K. Marsh, U. S. A., EE. UU.
    if before in _NOTHING and (single or _ROMAN.fullmatch(token)):  # A. This. B. That. II. More.
        return False
    if single and not token.isupper() and token not in _YEARS and before[-1:].isdigit():
        return not begins.startswith("chr")  # a unit, as in "100 m."; г. and р. may be years, v. Chr. is BC
    if single and _NICKNAME.match(text, after):
        return False
    if single or word in _MAYBE_LAST or _DOTTED.fullmatch(token):
        named = not single and begins in _ALSO_PARTS_OF_NAMES
        return named or begins in _BEGINNERS or begins[:1] in _SPEECH
    return True


def _is_ordinal(text: str, begun: int, before: str, following: str, begins: str) -> bool:
    """Whether the stop behind a number of up to three digits makes it an ordinal: of an item, in a date, in German."""
    return (
        before in _NOTHING
        or before[-1] == ":"
        or text[begun - 1] in "(["
        or begins in _MONTHS
        or begins.startswith("jahrhundert")
        or _DATE.match(text, begun) is not None
        or (before[-1] == "." and before[:-1].isdigit() and _YEAR.fullmatch(following) is not None)
        or (before.lower() in _BEFORE_ORDINAL and begins not in _BEGINNERS and begins not in _ALSO_PARTS_OF_NAMES)
    )
