"""What the search index holds of a section: its words in fields, and all that an answer needs.

Sections are ranked by BM25 over the normalised keywords of title, heading and body. What an answer needs is stored
along, so that answering opens no database and finds no words anew; with a model, so is what each section means.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

import msgspec
import tantivy
from msgspec import Struct
from tantivy import Query

from briefings.keywords import Keywords, acronyms
from briefings.types import Article, Head, Section

FORMAT = 6
"""To be raised when entries change their form, so that indexes are rebuilt."""

TITLE, HEADING, BODY = 2, 2, 1
"""How often a word counts by where it stands, before frequency and length are weighed (as in BM25F).

Tuned together on SQuAD, QED, XQuAD and news headings, and on `benchmarks/questions.py`: adding up a score per field
instead lets the other sections of an article go before the one asked for.
"""


class Embedding(Protocol):
    """A model that tells how close texts are in meaning, see `briefings.semantic`; usually there is none."""

    version: str

    def embed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """What each text means, in a form that can be stored."""

    def closeness(self, one: bytes, others: Sequence[bytes]) -> Sequence[float]:
        """How close each of `others` is to `one`, -1 to 1."""


class Words(NamedTuple):
    """The keywords of a section, by where they stand; those of its sentences as its paragraphs hold them."""

    title: Sequence[str]
    heading: Sequence[str]
    paragraphs: Sequence[Sequence[Sequence[str]]]


class Candidate(Struct, frozen=True, kw_only=True):
    """A section that carries words looked for; `section` is its place in the article, 0 for the lead.

    `acronyms` are those that the article defines itself, short form to long form. `closeness` is how close its meaning
    is to the question's, -1 to 1, and 0 without a model. `lines` are the keywords of title, heading and each sentence
    that it was indexed with, with spaces between them: finding them when asked would take longer than all else.
    """

    article: Head
    section: int
    heading: str | None
    paragraphs: tuple[tuple[str, ...], ...]
    language: str | None = None
    acronyms: dict[str, str] = {}
    score: float = 0.0
    closeness: float = 0.0
    lines: tuple[str, ...] = ()

    def keywords(self, keywords: Keywords) -> Keywords:
        """Those of the article that it belongs to: in its language, with the acronyms that it defines."""
        return keywords.in_language(self.language).with_acronyms(self.acronyms)

    def words(self, keywords: Keywords) -> Words:
        """The words it was indexed with; found now when it was not."""
        lines = self.lines or _lines(self.article.title, self.heading, self.paragraphs, self.keywords(keywords))
        title, heading, *sentences = map(str.split, lines)
        following = iter(sentences)
        return Words(title, heading, [list(islice(following, len(texts))) for texts in self.paragraphs])


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in ("text", "heading", "headline"):
        builder.add_text_field(field, tokenizer_name="words", index_option="freq")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("workspace", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("marker", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("article", indexed=True)
    builder.add_unsigned_field("dated", indexed=True, fast=True)
    builder.add_bytes_field("stored", stored=True)
    builder.add_bytes_field("meaning", stored=True)
    return builder.build()


SCHEMA = _schema()
_STORED = msgspec.json.Decoder(Candidate)


def entries(
    article: Article, workspaces: Sequence[str], keywords: Keywords, embedding: Embedding | None
) -> Iterator[tantivy.Document]:
    """One entry per section; an article without any has one that carries its title."""
    sections = article.sections or (Section(None, ()),)
    texts = [[" ".join(sentences) for sentences in section.paragraphs] for section in sections]
    meanings = (
        embedding.embed([_readable(article, place, text) for place, text in enumerate(texts)]) if embedding else ()
    )
    defined = acronyms("\n".join([article.title, *(paragraph for text in texts for paragraph in text)]))
    local = keywords.in_language(article.language).with_acronyms(defined)
    for position, section in enumerate(sections):
        lines = _lines(article.title, section.heading, section.paragraphs, local)
        title, heading, *body = lines
        entry = tantivy.Document()
        entry.add_text("text", " ".join([*[title] * TITLE, *[heading] * HEADING, *body * BODY]))
        entry.add_text("language", local.language)
        # What is looked for by its headline or heading may be typed without saying in which language.
        entry.add_text("heading", " ".join(_in_any(heading.split(), keywords.of(section.heading or ""))))
        if position == 0:  # Once per article: long ones must not make a word common.
            entry.add_text("headline", " ".join(_in_any(title.split(), keywords.of(article.title))))
        for workspace in workspaces:
            entry.add_text("workspace", workspace)
        entry.add_unsigned("article", article.id)
        entry.add_unsigned("dated", max(0, milliseconds(article.published or article.arrived)))
        stored = Candidate(
            article=article.head,
            section=position,
            heading=section.heading,
            paragraphs=section.paragraphs,
            language=article.language,
            acronyms=defined,
            lines=lines,
        )
        entry.add_bytes("stored", msgspec.json.encode(stored))
        if meanings:
            entry.add_bytes("meaning", meanings[position])
        yield entry


def _lines(title: str, heading: str | None, paragraphs: Iterable[Sequence[str]], local: Keywords) -> tuple[str, ...]:
    return tuple(" ".join(local.of(text)) for text in (title, heading or "", *chain.from_iterable(paragraphs)))


def _in_any(local: Sequence[str], plain: Sequence[str]) -> list[str]:
    """The tokens in the article's language, and those that they would be in English."""
    return [*local, *(token for token in plain if token not in local)]


def found(
    scored: Sequence[tuple[tantivy.Document, float]], question: str, embedding: Embedding | None
) -> list[Candidate]:
    """Entries with their scores as candidates, and how close each is to `question` where a model can tell."""
    near: Sequence[float] = [0.0] * len(scored)
    if embedding and question:
        near = embedding.closeness(embedding.embed([question])[0], [entry["meaning"][0] for entry, _ in scored])
    return [
        msgspec.structs.replace(_STORED.decode(entry["stored"][0]), score=score, closeness=close)
        for (entry, score), close in zip(scored, near, strict=True)
    ]


def _readable(article: Article, place: int, text: Sequence[str]) -> str:
    """A section as a model reads it, under its title and heading."""
    heading = article.sections[place].heading if article.sections else None
    return "\n".join(part for part in (article.title, heading, *text) if part)


def term(field: str, value: Any) -> Query:
    """Whatever has `value` in `field`."""
    return Query.term_query(SCHEMA, field, value, "freq")


def milliseconds(moment: datetime) -> int:
    """Times as the index counts them, since 1970."""
    return round(moment.timestamp() * 1000)
