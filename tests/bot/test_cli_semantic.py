"""A model of meaning named in the settings, as an operator sees it."""

import sys
from pathlib import Path

import pytest

from tests.tiny_models import table_model


@pytest.fixture
def articles(tmp_path: Path, run) -> None:
    for name, what in (("ministers", "duty on every automobile"), ("farmers", "price for pears")):
        path = tmp_path / f"{name}.txt"
        path.write_text(f"{name.title()} meet\n\nThey agreed on a new {what}, to be paid from May onwards by all.\n")
        run("add", str(path))


def test_with_a_model_answers_follow_the_meaning(articles, run, tmp_path: Path, monkeypatch) -> None:
    table_model(tmp_path)
    monkeypatch.setenv("SIDELINES_SEMANTIC_MODEL", str(tmp_path))
    assert run("ask", "What was agreed on apples, to be paid from May?").out.startswith("“They agreed on a new price")
    assert run("ask", "What was agreed on cars, to be paid from May?").out.startswith("“They agreed on a new duty")


def test_a_model_that_is_not_there_is_told_by_every_command_and_by_doctor(articles, run, monkeypatch) -> None:
    monkeypatch.setenv("SIDELINES_SEMANTIC_MODEL", "/nowhere/at-all")
    told = run("ask", "What was agreed?")
    assert told.status != 0
    assert "Correct [semantic] model, or leave it empty." in told.err
    checked = run("doctor", "--offline")
    assert checked.status != 0
    assert "The model in /nowhere/at-all cannot be used" in checked.out


def test_without_its_packages_the_next_step_is_to_install_them(articles, run, tmp_path: Path, monkeypatch) -> None:
    table_model(tmp_path)
    monkeypatch.setenv("SIDELINES_SEMANTIC_MODEL", str(tmp_path))
    monkeypatch.delitem(sys.modules, "briefings.semantic", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    told = run("ask", "What was agreed?")
    assert "install sidelines[semantic], or leave the option empty" in told.err
