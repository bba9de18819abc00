from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.answer import answer
from briefings.errors import ModelUnavailable
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.semantic import LONGEST, Embedding
from briefings.storage import Storage
from briefings.types import EVERYONE, Document, Section
from tests.tiny_models import onnx_model, table_model

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module", params=[table_model, onnx_model])
def embedding(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Embedding:
    folder = tmp_path_factory.mktemp("model")
    request.param(folder)
    return Embedding(folder)


def test_texts_of_one_meaning_are_close_whatever_their_words(embedding: Embedding) -> None:
    asked, same, other = embedding.embed(["automobile levy", "tax cars", "apples pears"])
    close, far = embedding.closeness(asked, [same, other])
    assert close == pytest.approx(1.0, abs=0.01)
    assert far == pytest.approx(0.0, abs=0.01)


def test_a_batch_gives_what_each_text_gives_alone_in_its_place(embedding: Embedding) -> None:
    texts = ["car", "apples " * 30, "tax", "levy on cars and pears", ""] * 9
    assert embedding.embed(texts) == [embedding.embed([text])[0] for text in texts]


def test_no_text_and_an_empty_one_are_no_hindrance(embedding: Embedding) -> None:
    assert embedding.embed([]) == []
    blank, car = embedding.embed(["", "car"])
    assert embedding.closeness(car, [blank, b""]) == [0.0, 0.0]


def test_only_the_beginning_of_a_long_text_is_read(embedding: Embedding) -> None:
    assert embedding.embed(["car " * LONGEST + "pears " * 500]) == embedding.embed(["car " * LONGEST])


@given(text=st.text())
def test_any_text_has_a_meaning_of_length_one_at_most(text: str, embedding: Embedding) -> None:
    [meaning] = embedding.embed([text])
    assert embedding.closeness(meaning, [meaning])[0] <= 1.01


def test_models_are_told_apart(tmp_path: Path) -> None:
    versions = set()
    for kind in (table_model, onnx_model):
        (tmp_path / kind.__name__).mkdir()
        kind(tmp_path / kind.__name__)
        versions |= {Embedding(tmp_path / kind.__name__).version for _ in range(2)}
    assert len(versions) == 2


@pytest.mark.parametrize("damage", ["tokenizer.json", "model.safetensors", "both", "folder"])
def test_a_model_that_cannot_be_used_is_told_in_one_sentence_with_the_next_step(tmp_path: Path, damage: str) -> None:
    table_model(tmp_path)
    for name in ("tokenizer.json", "model.safetensors"):
        if damage in (name, "both"):
            (tmp_path / name).write_bytes(b"\x00 not a model")
    folder = tmp_path / "nowhere" if damage == "folder" else tmp_path
    with pytest.raises(ModelUnavailable, match=r"Correct \[semantic\] model, or leave it empty.$"):
        Embedding(folder)


# Asking with it


@pytest.fixture
def storage() -> Iterator[Storage]:
    with Storage.open("sqlite://") as opened:
        for title, text in (
            ("Ministers meet", "They agreed on a new duty on every automobile, to be paid from May."),
            ("Farmers meet", "They agreed on a new price for pears, to be paid from May."),
        ):
            document = Document(title=title, sections=(Section(None, ((text,),)),))
            opened.articles.add(document, keys=[], workspace=EVERYONE, now=NOW)
        yield opened


def first(index: Index, question: str) -> str:
    quotes = answer(question, index, Keywords(), workspace="w", now=NOW).quotes
    return quotes[0].article.title if quotes else ""


def test_between_sections_with_the_same_words_the_meaning_decides(
    tmp_path: Path, storage: Storage, embedding: Embedding
) -> None:
    index = Index.open(tmp_path, Keywords(), embedding)
    index.catch_up(storage.articles)
    assert first(index, "What was agreed on cars, to be paid from May?") == "Ministers meet"
    assert first(index, "What was agreed on apples, to be paid from May?") == "Farmers meet"


def test_with_another_model_or_none_the_index_is_built_anew(
    tmp_path: Path, storage: Storage, embedding: Embedding
) -> None:
    Index.open(tmp_path, Keywords()).catch_up(storage.articles)
    assert Index.open(tmp_path, Keywords(), embedding).last_change == 0
    Index.open(tmp_path, Keywords(), embedding).catch_up(storage.articles)
    assert Index.open(tmp_path, Keywords(), embedding).last_change == storage.articles.last_change()
    assert Index.open(tmp_path, Keywords()).last_change == 0
