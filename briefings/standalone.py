"""Which sentences read well alone, and which neighbours the others need.

A sentence leans on the one before it when it opens with a pronoun, a demonstrative or a connective, when it names
something only as "the move", "both sides" or as the object "it", or when it is a quotation whose speaker stands
elsewhere. The word lists are English; of German, French, Spanish, Portuguese, Italian, Russian, Japanese, Chinese and
Korean they hold the openings that hardly ever mean anything else. In every language quotations are watched.
"""

import re
from collections.abc import Sequence

LONGEST_RUN = 3
"""Sentences. Whoever needs a longer chain of references to be understood is not quoted."""

_MARKS = '"“”„«»「」『』'
_QUOTED = re.compile(f"[{_MARKS}][^{_MARKS}]*[{_MARKS}]")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POINTERS = _words("he she it they him them his hers its their theirs this that these those such")
_CONNECTIVES = _words(
    "but and or nor so yet still also then thus hence therefore however moreover furthermore nevertheless nonetheless"
    " meanwhile instead otherwise likewise similarly conversely consequently accordingly afterwards indeed too"
    " another other others"
)
_NOT_CONNECTIVE = frozenset({("so", "far"), ("so", "many"), ("instead", "of"), ("other", "than")})
_PREPOSITIONS = _words(
    "about above after against among around as at because before besides beyond by despite during following for from"
    " given if in of on once since though through to under until unless upon when where whether while with without"
)
_POINTED_AT = _words("this that these those then it them him he she they so such")
_TIMES = _words(
    "week month year season summer winter spring autumn fall morning afternoon evening weekend century decade"
    " week's month's year's season's week’s month’s year’s season’s"
)
_PHRASES = re.compile(
    r"(?:in (?:addition|contrast|turn|response|return|fact|short|other words)|as a result|by contrast|after all|even so"
    r"|for (?:example|instance)|on the (?:other hand|contrary)|at the same time|here|part of (?:that|this)"
    r"|each (?:country|side|of them)|(?:some|one|many|most|all|none) of them"
    r"|the (?:two|pair|former|latter|same|others?))\b"
)
_OPENINGS_UNSPACED = tuple(
    _words(
        "しかし だが ただ また そして さらに 一方 その この これ それ そこ こう そう 彼 同氏 同社"
        " 但 然而 不过 因此 此外 同时 他 她 它 这 此 该 其"
        " 그러나 하지만 또한 또 그리고 그는 그녀 이는 이에 이를 그의 이어 한편"
    )
)
_ELSEWHERE = _words(
    # German; "es" and the articles open too much else
    "er sie ihm ihr ihnen dies diese dieser dieses diesen diesem jene jener doch aber jedoch allerdings dennoch"
    " trotzdem zudem außerdem deshalb deswegen daher darum damit dabei dafür dagegen danach dazu dort dadurch daraufhin"
    " stattdessen darunter dann hierzu hierbei zugleich"
    # French
    " elle ils elles cela ceci celui celle ceux celles cette ces cet c'est c’est mais cependant toutefois pourtant"
    " ainsi donc puis"
    # Spanish and Portuguese
    " él ella ellos ellas esto eso ello este esta estos estas ese esa esos esas pero además también asimismo entonces"
    " ele ela eles elas isto isso esse essa esses essas mas porém contudo todavia também assim"
    # Italian
    " lui lei loro egli questo questa questi queste quello ciò ma però tuttavia inoltre anche così quindi"
    # Russian
    " он она они оно его её их это этот эта эти этого этим но однако также поэтому зато"
)
_TIMES_ELSEWHERE = _words(
    "woche wochen jahr jahres jahre monat monats sommer winter tage tagen montag dienstag mittwoch donnerstag freitag"
    " samstag sonntag morgen abend année semaine fois saison nuit matinée jours lundi mardi mercredi jeudi vendredi"
    " samedi dimanche semana año mes mañana tarde noche lunes martes miércoles jueves viernes sábado domingo verano"
    " invierno ano mês manhã noite segunda terça quarta quinta sexta verão settimana mattina sera anno notte"
    " lunedì estate неделе неделю году год утром лето летом"
)
_PHRASES_ELSEWHERE = re.compile(
    r"(?:das (?:ist|war|sei|hat|habe|sagte|teilte|berichtete|bedeutet|wäre|würde|zeigt|gilt|liegt|geht|gehe|macht|soll)"
    r"|(?:unter|mit|nach|bei|von|in|für|durch) (?:seine|ihre|diese)[mnr]? (?!woche|jahr|monat|tag|sommer|winter)"
    r"|sin embargo|no obstante|(?:por|para) (?:eso|ello|isso)|en (?:cambio|revanche|effet)|no entanto"
    r"|além disso|par ailleurs|en outre|de plus|d['’]ailleurs"
    r"|il (?:a|avait|ajoute)|per questo|nel frattempo|кроме того|при этом|по его|по её|по их)\b"
)
_SPOKEN = r"(?:said|says|told|adds?|added|insist(?:s|ed)|argue[sd]|warned|explained|wrote|continued|noted|claimed)"
# Searched for in every sentence, so each begins with what is quickly found, and the word it begins with is looked at
# for its own beginning afterwards.
_HE_SAYS = re.compile(rf"[,{_MARKS}]\s*(?:he|she|they|it)\s+{_SPOKEN}\b")
_HE = re.compile(r"\ss?he\b")
_SAYS_HE = re.compile(rf"\b{_SPOKEN}\s+(?:he|she)\b")
_THE_ONE = re.compile(
    r"the(?<!\wthe)\s+(?:"
    # a speaker who is only "the official"
    r"(?:[A-Za-z]+\s)?(?:official|officials|spokesman|spokeswoman|spokesperson|statement|pair|duo|trio|couple)\b"
    r"(?!\s+(?:of|for|from|at|in)\b)"
    # a thing told before: "defended the approach"
    r"|(?:[a-z]+\s)?(?:approach|move|decision|plan|ruling|verdict|deal|proposal|announcement|incident|attack"
    r"|attacks|remarks|comments|findings|scheme|offer|idea|visit|bill|measure|measures|changes)\b"
    r"(?!\s+(?:of|to|that|for|in|on|by|between|with|against|from|which|at|will|would)\b))"
)
_HAS_ALSO = re.compile(r"\b(?:has|have|had|is|are|was|were|will|would)\s+(?:also|since|then)\b")
_BOTH = re.compile(
    r"both(?<!\wboth)\s+(?:sides|countries|nations|men|women|parties|leaders|teams|companies|governments)\b"
)
_SPEAKER_ELSEWHERE = re.compile(
    r"\b(?:sagte?|erklärte?|betonte?|so|ergänzte) (?:er|sie)\b|[a-zé](?:-t)?-(?:il|elle)s?\b"
    r"|\b(?:dijo|explicó|añadió|disse|afirmou|explicou) (?:él|ella|ele|ela)\b"
    r"|\b(?:сказал|заявил|добавил|отметил)а? она?\b"
)
_SPEAKERS_ELSEWHERE = (" er", " sie", "-il", "-elle", " él", " ella", " ele", " ela", " он")
"""Without any of these it need not be searched for, which takes longer."""
_OBJECT = re.compile(
    # "About 6,000 cars cross it", "the county will decide on that": before it stands the subject alone, which an object
    # never means. It may mean another noun, or a speaker, that comes between; "find it hard" means nothing.
    r"(?:(?:the|an?|this|that|these|those|their|his|her|its|our)\s)?(?:(?:about|around|over)\s(?=\d))?"
    r"(?:(?!(?:the|an?|this|that|these|those|their|his|her|its|our|my|your|each|every|one|and|or|nor|but|if|when|while"
    r"|because|since|as|than|who|which|whose|where|what|why|how|whether|there|it|she|he|they|we|you|i|of|in|on|at|by"
    r"|for|from|with|about|into|over|under|after|before|between|against|through|near|without|across|said|says?|told"
    r"|tells|hopes?|hoped|thinks?|thought|believes?|believed|expects?|expected|fears?|feared|knows?|knew|adds?|added"
    r"|finds?|found|finding|makes?|made|making|considers?)\b)\w[\w-]*(?:[.,'’]\w+)*\s){1,7}?"
    r"(?:(?:(?:on|about|to|of|for|from|by|at|against|into|across|through|over|under)\s)?(?:it|them|him|her)"
    r"|(?:on|about|to|of|for|from|by|at|against|into|over)\s(?:that|this|these|those))"
    r"(?=[.;:!?,]|$|\s(?:on|in|at|by|for|from|to|with|within|every|daily|again|back|last|next|since|until|after|before"
    r"|during|because|when|while|and|or|but|as|today|tomorrow|yesterday|tonight|now|soon|later|twice|once)\b)"
)
_FIRST_PERSON = re.compile(rf"[{_MARKS}](?:I|We|You)\s\w+\s(?:it|that|this|he|she|they)\b")


def _opens_leaning(sentence: str) -> bool:
    opening = sentence.lstrip(_MARKS + "‘'([ —–-…")
    if opening.startswith(_OPENINGS_UNSPACED):
        return True
    lowered = opening[:120].casefold()
    words = _WORD.findall(lowered)[:7]
    if not words:
        return False
    first, second, third = (*words, "", "", "")[:3]
    if first in _POINTERS:
        return not (second in _TIMES or (first in ("those", "that") and second in ("who", "of")))
    if first in _CONNECTIVES:
        return (first, second) not in _NOT_CONNECTIVE
    if first in _ELSEWHERE:
        return second not in _TIMES_ELSEWHERE
    if first in ("both", "neither", "either"):
        return set(words).isdisjoint(("and", "or", "nor"))
    if first in _PREPOSITIONS and second in _POINTED_AT:
        return third not in _TIMES
    return any(shape.match(lowered) for shape in (_PHRASES, _PHRASES_ELSEWHERE, _OBJECT))


def leans(sentence: str) -> bool:
    """Whether `sentence` needs the one before it to be understood."""
    if _opens_leaning(sentence) or _FIRST_PERSON.match(sentence):
        return True
    outside = _QUOTED.sub(" ", sentence)
    if len(outside) != len(sentence) and len(_WORD.findall(outside)) < 2:
        return True  # nothing but quotation: whose?
    if any(sign in outside for sign in _SPEAKERS_ELSEWHERE) and _SPEAKER_ELSEWHERE.search(outside):
        return True
    return _leans_inside(sentence)


def _leans_inside(sentence: str) -> bool:
    """Whether it has a speaker who is only "he", or a thing told before: "almost immediately, both sides"."""
    if _THE_ONE.search(sentence) or _HE_SAYS.search(sentence) or _BOTH.search(sentence):
        return True
    if _HE.search(sentence) and _SAYS_HE.search(sentence):
        return True
    return ("also" in sentence or "since" in sentence or "then" in sentence) and _HAS_ALSO.search(sentence) is not None


class Neighbours:
    """Which neighbours the sentences of one section need; they are looked at only as far as asked.

    Positions count through the section's paragraphs. `opens`: the article opens with the section; its first sentence
    was written to be read with nothing before it.
    """

    def __init__(self, paragraphs: Sequence[Sequence[str]], *, opens: bool = False) -> None:
        self._sentences = [sentence for paragraph in paragraphs for sentence in paragraph]
        self._leans: dict[int, bool] = {0: False} if opens else {}
        self._continues: list[bool] = []  # an opening mark without a closing one: the next sentence goes on with it
        self._goes_on: list[bool] = []
        for paragraph in paragraphs:
            quoting = False
            for sentence in paragraph:
                self._continues.append(quoting)
                marks = '"' if sentence.isascii() else _MARKS
                quoting ^= sum(map(sentence.count, marks)) % 2 == 1
                self._goes_on.append(quoting)

    def run(self, position: int) -> range | None:
        """The shortest run of sentences around one that reads well alone.

        None: it leans on something outside the section, or on too much.
        """
        start, stop = position, position + 1
        while (back := self._needs_before(start)) or self._goes_on[stop - 1]:
            start -= back
            stop += self._goes_on[stop - 1]
            if start < 0 or stop > len(self._sentences) or stop - start > LONGEST_RUN:
                return None
        return range(start, stop)

    def _needs_before(self, position: int) -> bool:
        if position not in self._leans:
            self._leans[position] = self._continues[position] or leans(self._sentences[position])
        return self._leans[position]


def runs(paragraphs: Sequence[Sequence[str]], *, opens: bool = False) -> tuple[range | None, ...]:
    """For each sentence of a section, the run of `Neighbours` that it needs."""
    neighbours = Neighbours(paragraphs, opens=opens)
    return tuple(neighbours.run(position) for position in range(sum(map(len, paragraphs))))
