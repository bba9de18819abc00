"""Reading plain text: title, byline, date, headings and paragraphs, all told by shape.

A heading is a short line standing alone between prose, without a full stop. Lines broken by hand are joined; page
furniture and repeated picture captions are left out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from briefings.dates import parse_date
from briefings.furniture import is_furniture
from briefings.sections import Block, Draft, is_prose, width

WRAPPED = 140
"""Longest line of a text broken by hand (files wrap at 60 to 130); where lines are longer, each is a paragraph."""

SHORTEST_WRAPPED = 40
"""Longest line below which lines are verses, a list or a menu rather than prose broken by hand."""

NEARLY_FULL = 0.7
"""Share of the longest line from which a line without a full stop counts as broken by hand."""

LONGEST_TITLE = 220
LONGEST_HEADING = 120
MOST_HEADING_WORDS = 18
"""Tuned on the texts of 350 headed sections of news pages, put down as plain text in three ways."""

MOST_WORDS_BELOW_TITLE = 6
"""Words of a heading directly below the title; a longer line there is the standfirst, which opens the lead."""

_CLOSERS = r"[\"'”’»)\]」』）]*"
_FULL_STOP = re.compile(rf"[.…。．।॥۔።။]{_CLOSERS}$")
_ENDED = re.compile(rf"[.…。．।॥۔။።!！]{_CLOSERS}$|(?:\w\w[.!?…؟]{_CLOSERS} |[。！？]).*[?？؟]{_CLOSERS}$")
_NO_HEADING_END = re.compile(rf"[.…。．।॥۔።။:：;；,、，!！–—-]{_CLOSERS}$|[?？؟][\"'”’»」』]+$")
_NO_HEADING_START = re.compile(r"[(\[（【–—-]|https?://|www\.", re.IGNORECASE)
_TURN = re.compile(r"(Q|A|Question|Answer)[.:：]", re.IGNORECASE)
_ITEM = re.compile(r"[•▪◦‣*+-] +(?=\S)")
_MARK = re.compile(r"[■□◆◇▲△▶▷●○◎★☆] ?(?=\S)")
_EMPHASISED = re.compile(r"(\*{1,3}|_{1,3})(?=\S)([^*_]+)(?<=\S)\1")
_NUMBERED = re.compile(r"\d{1,2}[.)] +\S")
_RANK = re.compile(r"(?:[IVX]{1,5}|[A-Z])[.)] +\S|\d{1,2}(?:\.\d+)*[.)]? +\S|(?:Part|Chapter|Section) [IVX\d]")
_UNDERLINE = re.compile(r"={3,}|-{3,}|~{3,}")
_RULE = re.compile(r"[\W_]{2,}")
_SPEAKER = re.compile(r"[^\s:：][^:：]{0,30}[:：](?=\s|[^\x00-\x7f])")
_LABELLED = re.compile(r"(title|headline|source|author|byline|url|link|original)\s?[:：]\s*(\S.*)", re.IGNORECASE)
_BYLINE = re.compile(r"(?:By|(?:[Ww]ritten |[Rr]eporting )by|BY|Von|Por|Par):? ([^\W\d_a-z][^.!?]*(?:\. [^.!?]*)*)")
_SEPARATOR = re.compile(r"\s*[|·•]\s*")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_DATELINE = re.compile(r"[A-Z][A-Z .,'’/-]{2,40}(?:, [A-Z][a-z.]+ \d{1,2})? ?\(([A-Z][\w .]{1,20})\) ?[-–—]{1,2} ")
_WITHOUT_SPACE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")

_FACT = {"headline": "title", "author": "byline", "link": "url", "original": "url"}


class _Unit(Struct, frozen=True):
    """A paragraph, heading, list item or stray line."""

    text: str
    underlined: bool = False
    item: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it is running text: prose, a list item, or what introduces a list."""
        if self.item or (self.text.endswith((":", "：")) and _words(self.text) >= 3):
            return True
        return is_prose(self.text) and (_ENDED.search(self.text) is not None or width(self.text) > WRAPPED)


def read_plain(text: str) -> Draft:
    """The parts of a plain text; no blocks when nothing in it is text."""
    facts: dict[str, str] = {}
    units = [unit for unit in _units(text) if not is_furniture(unit.text)]
    units = _without_facts(_without_captions(units), facts)
    lead = _first_text(units)
    title, head = _title(units[:lead], facts)
    blocks = tuple(_blocks([*head, *units[lead:]], len(head)))
    if "source" not in facts and (
        dateline := next(filter(None, (_DATELINE.match(block.text) for block in blocks[:3])), None)
    ):
        facts["source"] = dateline[1].strip()
    return Draft(
        blocks=blocks,
        title=title,
        url=facts.get("url"),
        source=facts.get("source"),
        byline=facts.get("byline"),
        published=parse_date(facts.get("date")),
    )


# Lines to paragraphs ----------------------------------------------------------------------------------------


def _units(text: str) -> Iterator[_Unit]:
    chunk: list[str] = []
    running = False
    for line in (*text.splitlines(), ""):
        if line := line.strip():
            chunk.append(" ".join(line.split()))
        elif chunk:
            yield from _units_of_chunk(chunk, running)
            running = running or is_prose(" ".join(chunk))
            chunk = []


def _units_of_chunk(lines: Sequence[str], running: bool) -> Iterator[_Unit]:
    """Paragraphs of lines with no blank line between them: broken lines joined, the others apart.

    `running` tells whether there was prose above them.
    """
    longest = max(map(width, lines))
    if not SHORTEST_WRAPPED <= longest <= WRAPPED or not any(_is_broken(line, longest) for line in lines[:-1]):
        longest = 0
    parts: list[str] = []
    underlined = False
    for line in lines:
        if parts and _UNDERLINE.fullmatch(line):
            underlined = len(parts) == 1
        elif _RULE.fullmatch(line):
            continue
        elif parts and not underlined and _continues(parts[-1], line, longest, running=running or len(parts) > 1):
            parts.append(line)
        else:
            if parts:
                yield _unit(parts, underlined)
            parts, underlined = [line], False
    if parts:
        yield _unit(parts, underlined)


def _unit(lines: Sequence[str], underlined: bool) -> _Unit:
    pieces = [lines[0]]
    for above, line in pairwise(lines):
        pieces += ("" if _WITHOUT_SPACE.match(above[-1]) and _WITHOUT_SPACE.match(line[0]) else " ", line)
    text = "".join(pieces)
    if emphasised := _EMPHASISED.fullmatch(text):
        return _Unit(emphasised[2], underlined)
    item = _ITEM.match(text)
    mark = item or _MARK.match(text)
    return _Unit(text[mark.end() :] if mark else text, underlined, item is not None)


def _continues(above: str, line: str, longest: int, *, running: bool) -> bool:
    """Whether a line goes on with the paragraph of the line above it: that one was broken because it was full.

    `longest` is the width of the longest line, 0 where lines are not broken by hand. In `running` text the
    words before a colon name nobody who speaks.
    """
    if (
        line == above
        or _ITEM.match(line)
        or _MARK.match(line)
        or _NUMBERED.match(line)
        or (_byline(line) and _words(line) <= 6)
    ):
        return False
    if line[0].islower():
        return longest > 0 or not _FULL_STOP.search(above)
    if not longest or (_SPEAKER.match(line) and not (running and _is_broken(above, longest))):
        return False
    next_word = line[:1] if _WITHOUT_SPACE.match(line) else line.partition(" ")[0]
    return width(above) + 1 + width(next_word) > longest or _is_broken(above, longest)


def _is_broken(line: str, longest: int) -> bool:
    return not _FULL_STOP.search(line) and width(line) > NEARLY_FULL * longest


# What is not text ------------------------------------------------------------------------------------------


def _without_captions(units: Sequence[_Unit]) -> list[_Unit]:
    """Without the paragraphs that stand twice before the lead, or twice in a row: captions under their pictures."""
    times = Counter(unit.text for unit in units if unit.is_text)
    lead = next((at for at, unit in enumerate(units) if times[unit.text] == 1), None)
    if lead is None:
        return list({unit.text: unit for unit in units}.values())
    captions = {unit.text for unit in units[:lead] if times[unit.text] > 1}
    captions |= {unit.text for unit, following in pairwise(units) if unit.is_text and unit.text == following.text}
    return [unit for unit in units if unit.text not in captions]


def _without_facts(units: Sequence[_Unit], facts: dict[str, str]) -> list[_Unit]:
    """Without the lines that state source, byline, date or address; what they state goes into `facts`."""
    kept = []
    in_head = True
    for unit in units:
        in_head = in_head and not unit.is_text
        found = _facts_of(unit.text, in_head) if len(unit.text) <= LONGEST_TITLE else {}
        for name, value in found.items():
            facts.setdefault(name, value)
        if not found:
            kept.append(unit)
    return kept


def _facts_of(line: str, in_head: bool) -> dict[str, str]:
    if _ADDRESS.fullmatch(line):
        return {"url": line}
    if labelled := _LABELLED.fullmatch(line):
        name = labelled[1].lower()
        name = _FACT.get(name, name)
        return {name: labelled[2].rstrip(".")} if in_head or name in ("source", "url") else {}
    found: dict[str, str] = {}
    for piece in _SEPARATOR.split(line) if in_head else ():
        if parse_date(piece):
            found["date"] = piece
        elif byline := _byline(piece):
            found["byline"] = byline[1]
    return found


def _byline(line: str) -> re.Match[str] | None:
    return _BYLINE.fullmatch(line) if len(line) <= LONGEST_HEADING else None


# Title and headings ----------------------------------------------------------------------------------------


def _first_text(units: Sequence[_Unit]) -> int:
    return next((at for at, unit in enumerate(units) if unit.is_text), len(units))


def _title(head: Sequence[_Unit], facts: dict[str, str]) -> tuple[str, list[_Unit]]:
    """The title among the lines above the text, and the lines below it that belong to the article.

    It is the first line of three words, or else the first; what is above it is furniture.
    """
    fitting = [at for at, unit in enumerate(head) if width(unit.text) <= LONGEST_TITLE]
    if "title" in facts or not fitting:
        return facts.get("title", ""), list(head)
    chosen = next((at for at in fitting if _words(head[at].text) >= 3), fitting[0])
    title = head[chosen].text
    below = [unit for unit in head[chosen + 1 :] if unit.text != title]
    return title, [unit for unit in below[:-1] if _words(unit.text) > 3] + below[-1:]


def _blocks(units: Sequence[_Unit], head: int) -> Iterator[Block]:
    """The paragraphs and headings; the first `head` units stand between title and text."""
    labels = Counter(match[0] for unit in units if (match := _SPEAKER.match(unit.text)))
    speaking = {label for label, times in labels.items() if times > 1}
    is_text = [unit.is_text or (_is_labelled(unit.text, speaking) and is_prose(unit.text)) for unit in units]
    shaped = _without_speakers(units, [_has_heading_shape(unit, speaking) for unit in units])
    for at, unit in enumerate(units):
        above = at > 0 and (is_text[at - 1] or (shaped[at - 1] and at > 1 and is_text[at - 2]))
        below = is_text[at + 1 : at + 2] == [True]
        if at < head:
            heading = below and (unit.underlined or _words(unit.text) <= MOST_WORDS_BELOW_TITLE)
        elif below:
            heading = above or unit.underlined or at == 0
        else:  # above a heading, as that of a part with chapters
            ranked = unit.text.isupper() or _RANK.match(unit.text) is not None
            heading = above and ranked and [*shaped[at + 1 : at + 2], *is_text[at + 2 : at + 3]] == [True, True]
        yield Block(unit.text, heading=heading and shaped[at])


def _without_speakers(units: Sequence[_Unit], shaped: Sequence[bool]) -> list[bool]:
    """Which units have the shape of a heading and do not name who speaks.

    Two lines that each stand above two paragraphs or more name speakers, as one does above three; where two such lines
    are in capitals, all lines in capitals do. A line that stands a second time in a table of contents names nobody.
    """
    over = (unit.text for at, unit in enumerate(units[:-1]) if shaped[at] and is_prose(units[at + 1].text))
    repeated = {text: times for text, times in Counter(over).items() if times > 1}
    speakers = set(repeated) if sum(repeated.values()) > 2 else set()
    in_capitals = sum(text.isupper() for text in speakers) > 1
    asked = any(turn[1][0] in "Qq" for unit in units if (turn := _TURN.match(unit.text)))
    return [
        is_shaped
        and unit.text not in speakers
        and not (in_capitals and unit.text.isupper())
        and not (asked and _TURN.match(unit.text))
        for unit, is_shaped in zip(units, shaped, strict=True)
    ]


def _is_labelled(text: str, speaking: set[str]) -> bool:
    label = _SPEAKER.match(text)
    return label is not None and label[0] in speaking


def _has_heading_shape(unit: _Unit, speaking: set[str]) -> bool:
    text = unit.text
    return (
        not unit.item
        and not unit.is_text
        and width(text) <= LONGEST_HEADING
        and _words(text) <= MOST_HEADING_WORDS
        and any(map(str.isalpha, text))
        and not text[0].islower()
        and not _NO_HEADING_START.match(text)
        and not _NO_HEADING_END.search(text)
        and not _is_labelled(text, speaking)
    )


def _words(text: str) -> int:
    """Words of a line; in scripts without spaces, half its characters."""
    return max(len(text.split()), (width(text) - len(text)) // 2)
