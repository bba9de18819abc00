import errno
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from briefings.entries import Candidate
from briefings.errors import IndexUnavailable
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.storage import Storage
from briefings.types import EVERYONE, Change, Document, Scope, Section

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEYWORDS = Keywords({"G7": ["G-7", "Group of Seven"]})


def document(title: str, *sections: tuple[str | None, str], url: str | None = None) -> Document:
    return Document(title=title, sections=tuple(Section(h, ((text,),)) for h, text in sections), url=url)


HARBOUR = document(
    "Harbour opens to cargo ships",
    (None, "The first freighter unloaded grain on Monday."),
    ("But how long can it last?", "Engineers doubt the breakwater survives winter storms."),
    ("Ups and downs", "Grain prices rose, then fell."),
)
ORCHARD = document("Orchards expect a late harvest", (None, "Growers blame frost for the delay."))


class Archive:
    """Articles and their changes, in memory: what the index follows."""

    def __init__(self) -> None:
        self.storage = Storage.open("sqlite://")

    def add(self, added: Document, workspace: str = EVERYONE, now: datetime = NOW) -> int:
        return self.storage.articles.add(added, keys=[], workspace=workspace, now=now)

    def update(self, article: int, text: Document) -> None:
        self.storage.articles.update(article, text, keys=[], workspace=EVERYONE, now=NOW, news=True)

    def last_change(self) -> int:
        return self.storage.articles.last_change()

    def purged(self) -> int:
        return self.storage.articles.purged()

    def count_changes(self, after: int) -> int:
        return self.storage.articles.count_changes(after)

    def changes(self, after: int) -> Sequence[Change]:
        return self.storage.articles.changes(after, limit=2)


@pytest.fixture
def archive() -> Iterator[Archive]:
    made = Archive()
    yield made
    made.storage.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def found(index: Index, question: str, workspace: str = "w") -> list[tuple[str, int]]:
    hits = index.search(KEYWORDS.of_question(question), workspace=workspace)
    return [(hit.article.title, hit.section) for hit in hits]


# Searching


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


# Following the database


def test_changes_are_followed(archive: Archive, folder: Path) -> None:
    index = Index.open(folder, KEYWORDS)
    first = archive.add(HARBOUR)
    second = archive.add(ORCHARD)
    assert index.catch_up(archive) == 2
    assert index.last_change == archive.last_change()
    assert index.catch_up(archive) == 0

    archive.update(first, document("Harbour shut", (None, "A crane fell.")))
    archive.storage.articles.remove(second, workspace=EVERYONE)
    assert index.catch_up(archive) == 2
    assert found(index, "crane frost grain") == [("Harbour shut", 0)]
    assert index.count == 1


def test_an_index_that_missed_a_purge_is_built_anew(archive: Archive, folder: Path) -> None:
    index = Index.open(folder, KEYWORDS)
    harbour, orchard = archive.add(HARBOUR), archive.add(ORCHARD)
    index.catch_up(archive)
    archive.storage.articles.remove(orchard, workspace=EVERYONE)
    assert archive.storage.articles.purge(index.last_change) == 0
    assert index.catch_up(archive) == 1
    assert archive.storage.articles.purge(index.last_change) == 1
    assert index.catch_up(archive) == 0

    archive.storage.articles.remove(harbour, workspace=EVERYONE)
    archive.add(ORCHARD)
    assert archive.storage.articles.purge(archive.last_change()) == 1
    assert index.catch_up(archive) == 1
    assert found(index, "crane frost grain") == [(ORCHARD.title, 0)]


def test_a_shared_article_is_found_by_who_sees_it_now(archive: Archive, folder: Path) -> None:
    key = archive.add(ORCHARD, "ours")
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "frost", "theirs") == []
    archive.storage.articles.share(key, workspace="theirs")
    index.catch_up(archive)
    assert found(index, "frost", "theirs") == found(index, "frost", "ours") == [(ORCHARD.title, 0)]


def test_progress_tells_how_many_of_how_many(archive: Archive, folder: Path) -> None:
    for n in range(5):
        archive.add(document(str(n)))
    told: list[tuple[int, int]] = []
    Index.open(folder, KEYWORDS).catch_up(archive, lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_an_index_reopened_continues_where_it_was(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    Index.open(folder, KEYWORDS).catch_up(archive)
    archive.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    assert found(index, "grain") != []
    assert index.catch_up(archive) == 1
    assert found(index, "frost") == [(ORCHARD.title, 0)]


def test_what_was_not_committed_is_followed_again(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    archive.add(ORCHARD)

    class Killed(Exception):
        pass

    def kill(_done: int, _total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        index.catch_up(archive, kill)
    for opened in (index, Index.open(folder, KEYWORDS)):
        assert opened.last_change == archive.last_change() - 1
        assert found(opened, "frost") == []
    assert index.catch_up(archive) == 1
    assert found(index, "frost") == [(ORCHARD.title, 0)]


def test_what_a_writer_killed_within_a_commit_left_behind_is_no_hindrance(archive: Archive, folder: Path) -> None:
    """Tantivy writes the deletions of a commit to a file named by their number, which the next writer takes again."""
    harbour, _ = archive.add(HARBOUR), archive.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    before, after = folder.with_name("before"), folder.with_name("after")
    shutil.copytree(folder, before)
    archive.update(harbour, document("Harbour closes", (None, "Storms broke the pier.")))
    index.catch_up(archive)
    shutil.copytree(folder, after)
    left = {path.name for path in after.iterdir()} - {path.name for path in before.iterdir()}
    assert any(name.endswith(".del") for name in left)
    for name in (*left, ".managed.json"):  # All but meta.json, whose replacing is the commit.
        shutil.copy(after / name, before / name)

    again = Index.open(before, KEYWORDS)

    assert again.catch_up(archive) == 1
    assert found(again, "pier") == [("Harbour closes", 0)]
    assert found(again, "orchards frost") == [("Orchards expect a late harvest", 0)]


def test_another_process_is_seen_and_does_not_disturb(archive: Archive, folder: Path) -> None:
    mine, other = Index.open(folder, KEYWORDS), Index.open(folder, KEYWORDS)
    archive.add(HARBOUR)
    other.catch_up(archive)
    assert found(mine, "grain") == []
    assert mine.catch_up(archive) == 0
    assert found(mine, "grain") != []
    archive.add(ORCHARD)
    mine.catch_up(archive)
    other.catch_up(archive)
    assert found(other, "frost") == found(mine, "frost") == [(ORCHARD.title, 0)]


def test_threads_may_catch_up_and_search_at_once(archive: Archive, folder: Path) -> None:
    index = Index.open(folder, KEYWORDS)
    finished: list[str] = []

    def work(name: str) -> None:
        for n in range(5):
            archive.add(document(f"{name} {n}"))
            index.catch_up(archive)
            index.search([name], workspace="w")
        finished.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(finished) == ["one", "three", "two"]
    assert index.count == 15


# What cannot be used is made anew


def test_a_deleted_folder_is_filled_again_even_while_open(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    shutil.rmtree(folder)
    assert index.catch_up(archive) == 1
    assert found(index, "breakwater") == [(HARBOUR.title, 1)]
    shutil.rmtree(folder)
    reopened = Index.open(folder, KEYWORDS)
    assert reopened.last_change == 0
    assert reopened.catch_up(archive) == 1
    assert found(reopened, "breakwater") == [(HARBOUR.title, 1)]


@pytest.mark.parametrize("suffix", ["store", "idx", "term", "fast", "fieldnorm", "json"])
@pytest.mark.parametrize("damage", ["cut", "zeros", "gone"])
def test_a_damaged_index_is_filled_again(archive: Archive, folder: Path, suffix: str, damage: str) -> None:
    archive.add(HARBOUR)
    Index.open(folder, KEYWORDS).catch_up(archive)
    for path in folder.glob(f"*.{suffix}"):
        if damage == "gone":
            path.unlink()
        else:
            data = path.read_bytes()
            path.write_bytes(data[: len(data) // 2] if damage == "cut" else bytes(len(data)))
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert found(index, "breakwater") == [(HARBOUR.title, 1)]
    assert index.count == 3


@pytest.mark.parametrize("change", ["aliases", "format", "schema"])
def test_an_index_in_another_form_is_filled_again(
    archive: Archive, folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.add(HARBOUR)
    Index.open(folder, KEYWORDS).catch_up(archive)
    keywords = KEYWORDS
    if change == "aliases":
        keywords = Keywords({"grain": ["corn"]})
    elif change == "format":
        monkeypatch.setattr("briefings.index.FORMAT", 99)
    else:
        meta = folder / "meta.json"
        text = meta.read_text()
        meta.write_text(text.replace('"name": "heading"', '"name": "caption"'))
        assert meta.read_text() != text
    index = Index.open(folder, keywords)
    assert index.last_change == 0
    assert index.catch_up(archive) == 1
    assert [hit.section for hit in index.search(keywords.of("breakwater"), workspace="w")] == [1]


def test_an_index_of_another_database_or_an_older_state_is_filled_anew(archive: Archive, folder: Path) -> None:
    other = Archive()
    other.add(ORCHARD)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(other)
    archive.add(HARBOUR)
    assert index.catch_up(archive) == 1
    assert found(index, "frost grain") == found(index, "grain")

    class Restored(Archive):
        def last_change(self) -> int:
            return archive.last_change() - 1

        def changes(self, after: int) -> Sequence[Change]:
            return []

    assert index.catch_up(Restored()) == 0
    assert index.count == 0
    other.storage.close()


def test_rebuild_fills_it_anew(archive: Archive, folder: Path) -> None:
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    index.catch_up(archive)
    assert index.rebuild(archive) == 1
    assert index.count == 3


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnavailable) as error:
        Index.open(tmp_path / "file" / "index", KEYWORDS)
    assert "\n" not in str(error.value)


def test_a_process_that_keeps_writing_is_waited_for_then_told(
    archive: Archive, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("briefings.index.LOCK_SECONDS", 0.05)
    archive.add(HARBOUR)
    index = Index.open(folder, KEYWORDS)
    program = f"""if True:
        import sys, tantivy
        writer = tantivy.Index.open({str(folder)!r}).writer(15_000_000, 1)
        print("writing", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writing\n"
        with pytest.raises(IndexUnavailable) as error:
            index.catch_up(archive)
        assert "try again" in str(error.value)
        other.communicate("")
    assert index.catch_up(archive) == 1


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    class Full(Archive):
        def last_change(self) -> int:
            return 1

        def changes(self, after: int) -> Sequence[Change]:
            raise OSError(errno.ENOSPC, "No space left on device")

    index = Index.open(tmp_path, KEYWORDS)
    with pytest.raises(IndexUnavailable, match="The disk is full"):
        index.catch_up(Full())
