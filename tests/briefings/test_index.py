"""What the index finds."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from briefings.entries import Candidate
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.types import Document, Scope, Section
from tests.briefings.indexed import HARBOUR, KEYWORDS, NOW, ORCHARD, Archive, document, found


def test_a_section_is_found_with_all_that_an_answer_needs(archive: Archive, folder: Path) -> None:
    key = archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    [hit] = index.search(KEYWORDS.of("breakwater"), workspace="w")
    assert (hit.article.id, hit.article.title, hit.section) == (key, HARBOUR.title, 1)
    assert (hit.heading, hit.paragraphs) == (HARBOUR.sections[1].heading, HARBOUR.sections[1].paragraphs)
    assert hit.score > 0
    assert index.count == 3


def test_a_section_brings_the_words_that_it_was_indexed_with(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    for hit in index.search(KEYWORDS.of("grain engineers"), workspace="w"):
        assert hit.lines
        assert hit.words(Keywords()) == replace(hit, lines=()).words(KEYWORDS)
        assert [len(sentences) for sentences in hit.words(KEYWORDS).paragraphs] == [len(p) for p in hit.paragraphs]


def test_the_best_section_comes_first_and_limit_holds(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    archive.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "grain prices fell")[:2] == [(HARBOUR.title, 2), (HARBOUR.title, 0)]
    assert len(index.search(KEYWORDS.of("grain harbour harvest"), workspace="w", limit=2)) == 2
    assert index.search([], workspace="w") == []
    assert index.search(["bitcoin"], workspace="w") == []


def test_headings_and_titles_count(archive: Archive, folder: Path) -> None:
    archive.add(
        document("Floods", (None, "Rain fell on Monday."), ("Dykes", "They held until noon."), (None, "It ended."))
    )
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "dykes in floods")[0] == ("Floods", 1)
    assert set(found(index, "floods")) == {("Floods", 0), ("Floods", 1), ("Floods", 2)}


def test_a_workspace_finds_its_own_and_everyones_with_unchanged_scores(archive: Archive, folder: Path) -> None:
    ours = archive.add(ORCHARD, "ours")
    shared = archive.add(HARBOUR)
    theirs = archive.add(document("Frost again", (None, "Frost, frost and more frost.")), "theirs")
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    tokens = KEYWORDS.of("frost grain")

    def scores(workspace: str) -> dict[tuple[int, int], float]:
        return {(h.article.id, h.section): h.score for h in index.search(tokens, workspace=workspace)}

    assert {article for article, _ in scores("ours")} == {ours, shared}
    assert {article for article, _ in scores("theirs")} == {theirs, shared}
    assert {article for article, _ in scores("none")} == {shared}
    both = {key: scores("ours")[key] for key in scores("none")}
    assert both == scores("none")


def test_one_article_or_recent_ones_alone_with_unchanged_scores(archive: Archive, folder: Path) -> None:
    old = archive.add(HARBOUR, now=NOW - timedelta(days=2))
    new = archive.add(document("Grain", (None, "Grain grain.")))
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    everything = index.search(["grain"], workspace="w")

    def within(**scope: Any) -> list[Candidate]:
        return index.search(["grain"], workspace="w", scope=Scope(**scope))

    ours, theirs = ([hit for hit in everything if hit.article.id == article] for article in (old, new))
    assert within(articles=frozenset({old})) == ours
    assert within(articles=frozenset({old, new})) == everything
    assert within(articles=frozenset()) == []
    assert within(since=NOW) == theirs
    assert within(since=NOW + timedelta(milliseconds=1)) == []
    assert within(until=NOW) == ours
    assert within(since=NOW - timedelta(days=2), until=NOW + timedelta(days=1)) == everything
    assert within(articles=frozenset({old}), since=NOW) == []


def test_an_article_is_from_the_time_it_was_published(archive: Archive, folder: Path) -> None:
    archive.add(replace(HARBOUR, published=NOW - timedelta(days=90)))
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert index.search(["grain"], workspace="w", scope=Scope(since=NOW - timedelta(days=1))) == []
    assert index.search(["grain"], workspace="w", scope=Scope(until=NOW - timedelta(days=1))) != []


def test_titles_name_each_article_once(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    archive.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert [h.article.title for h in index.titles(KEYWORDS.of("harbour harvest ships"), workspace="w")] == [
        HARBOUR.title,
        ORCHARD.title,
    ]
    assert index.titles(KEYWORDS.of("harbour harvest"), workspace="w", every=True) == []
    assert len(index.titles(KEYWORDS.of("late harvest"), workspace="w", every=True)) == 1
    assert index.titles(KEYWORDS.of("breakwater"), workspace="w") == []


def test_headings_are_found_by_their_words(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert [h.section for h in index.headings(KEYWORDS.of("how long can it last"), workspace="w")] == [1]
    assert [h.section for h in index.headings(KEYWORDS.of("ups and downs"), workspace="w")] == [2]
    assert index.headings(KEYWORDS.of("ups and winters"), workspace="w") == []
    assert [h.section for h in index.headings(KEYWORDS.of("ups winters"), workspace="w", every=False)] == [2]


def test_articles_are_found_in_the_forms_of_their_language(archive: Archive, folder: Path) -> None:
    german = Document(
        title="Häfen öffnen für Frachter",
        language="de",
        sections=(Section(None, (("In den Häusern am Hafen brannte Licht.",),)),),
    )
    archive.add(german)
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert index.languages() == {"de": 1, "en": 3}
    [hit] = index.search(KEYWORDS.in_language("de").of_question("Welches Haus?"), workspace="w")
    assert hit.article.title == german.title
    for typed in (KEYWORDS, KEYWORDS.in_language("de")):
        assert index.titles(typed.of("Häfen öffnen"), workspace="w", every=True) != []


def test_an_article_without_text_is_found_by_its_title(archive: Archive, folder: Path) -> None:
    archive.add(document("Ferry cancelled"))
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    [hit] = index.search(KEYWORDS.of("ferry"), workspace="w")
    assert (hit.article.title, hit.section, hit.heading, hit.paragraphs) == ("Ferry cancelled", 0, None, ())


def test_aliases_and_an_articles_own_acronyms_find_both_spellings(archive: Archive, folder: Path) -> None:
    archive.add(
        document("Summit", (None, "The G-7 met."), (None, "The Northern Fishing Union (NFU) agreed. NFU paid."))
    )
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "Group of Seven") == [("Summit", 0)]
    for spelling in ("NFU", "Northern Fishing Union"):
        assert ("Summit", 1) in found(index, spelling)
    [hit] = index.search(KEYWORDS.of("nfu"), workspace="w", limit=1)
    assert hit.acronyms == {"NFU": "Northern Fishing Union"}


def test_scripts_without_spaces_are_found(archive: Archive, folder: Path) -> None:
    archive.add(document("日韓首脳が会談", (None, "両首脳は関係改善で一致した。")))
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "関係改善") == [("日韓首脳が会談", 0)]


def test_document_frequencies_count_sections(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    assert index.document_frequency("grain") == 0
    index.catch_up(archive)
    [harbour] = KEYWORDS.of("harbour")
    assert [index.document_frequency(t) for t in ("grain", harbour, "bitcoin")] == [2, 3, 0]
