"""The command line: what it prints and how it ends. Data that cannot be used is in test_cli_data."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.cli import common, group
from bot.connectors import terminal

Run = Callable[..., Any]
"""Runs a command line; see conftest."""


# The front page and the shell -------------------------------------------------------------------------------------


def test_the_stored_front_page_is_what_click_would_show(capsys: pytest.CaptureFixture[str]) -> None:
    """To write it anew: sidelines.main(["--help"], "sidelines", terminal_width=80) > bot/cli/front_page.txt."""
    group.sidelines.main(["--help"], "sidelines", standalone_mode=False, terminal_width=80)
    assert capsys.readouterr().out == cli.FRONT_PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_front_page_needs_no_click(arguments: list[str]) -> None:
    program = (
        "import sys; from bot.cli import main; status = main(sys.argv[1:]); "
        "sys.exit(status or ('click' in sys.modules or 'sqlalchemy' in sys.modules) * 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == cli.FRONT_PAGE.read_text(encoding="utf-8")


def test_a_stored_answer_opens_no_database(run: Run, article: Path) -> None:
    run("add", str(article))
    program = (
        "import sys; from bot.cli import main; status = main(['ask', 'who tends the lamp?']); "
        "heavy = {'sqlalchemy', 'alembic', 'asyncio', 'httpx', 'trafilatura', 'rich', 'prompt_toolkit', 'py3langid'}; "
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "\n")
    assert "Two retired sailors will tend the lamp in turns." in done.stdout


def test_the_version_is_the_projects(run: Run) -> None:
    import importlib.metadata

    assert run("--version").out == f"sidelines {importlib.metadata.version('sidelines')}\n"
    assert run("ask", "--version").status == 2


@pytest.mark.parametrize("name", group.COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.status == 0
    assert result.out.startswith(f"Usage: sidelines {name}")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["ask"], ["add"], ["brief", "--words", "x"], ["due", "--no"], ["why"]]
)
def test_wrong_usage_is_one_line_and_status_2(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("sidelines: ")
    assert result.err.count("\n") == 1


def test_the_operator_is_who_sits_in_the_session() -> None:
    assert (common.WORKSPACE, common.HERE) == (terminal.WORKSPACE, terminal.HERE)


def test_a_reader_that_leaves_early_is_no_error(article: Path) -> None:
    line = f"{sys.executable} -m bot add {article} && {sys.executable} -m bot articles --json | true"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupt_ends_without_a_word(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.cli.archive.opened_storage", interrupted)
    assert run("articles").status == 130


# Adding -----------------------------------------------------------------------------------------------------------


def test_an_article_is_added_once_and_updated_when_it_changes(run: Run, article: Path, lighthouse: str) -> None:
    assert run("add", str(article)).out.splitlines()[-1] == "1 added, 0 updated, 0 unchanged"
    assert run("add", str(article)).out.splitlines()[-1] == "0 added, 0 updated, 1 unchanged"
    article.write_text(lighthouse.replace("four hundred", "five hundred"), encoding="utf-8")
    assert run("add", str(article)).out.splitlines()[-1] == "0 added, 1 updated, 0 unchanged"
    assert "five hundred people" in run("ask", "how many people watched from the beach?").out


def test_a_folder_is_searched_and_a_refused_file_stops_no_other(run: Run, article: Path) -> None:
    folder = article.parent / "folder" / "deep"
    folder.mkdir(parents=True)
    shutil.copy(article, folder / "a.md")
    (folder / "b.TXT").write_bytes(b"")
    (folder / "c.html").write_text("<html><body><h1>Tide</h1><p>" + "The tide rose and fell twice a day. " * 9)
    (folder / "d.bin").write_bytes(b"\0\1")
    os.mkfifo(folder / "e.txt")
    result = run("add", str(article.parent / "folder"))
    assert result.status == 1
    assert result.out.splitlines()[-1] == "2 added, 0 updated, 0 unchanged, 1 refused"
    assert result.err.count("\n") == 1
    assert "b.TXT" in result.err


def test_standard_input_is_read(lighthouse: str) -> None:
    command = [sys.executable, "-m", "bot", "add", "-", "--json"]
    done = subprocess.run(command, input=lighthouse.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout) == {
        "articles": [{"id": 1, "title": "Lighthouse of Cape Orr is lit again", "outcome": "added"}],
        "refused": [],
    }


def bad_inputs(folder: Path) -> dict[str, Path]:
    files = {
        "empty.txt": b"",
        "blank.txt": b" \n\t\n",
        "binary.txt": bytes(range(256)) * 40,
        "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10,
        "huge.txt": b"The tide rises and falls. " * 2_000_000,
        "menu.html": b"<html><body><nav><a href='/'>Home</a> <a href='/x'>News</a></nav></body></html>",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "nothing").mkdir()
    return {name: folder / name for name in [*files, "nothing", "missing.txt"]}


def test_bad_input_is_refused_in_one_sentence_and_nothing_is_lost(run: Run, article: Path, tmp_path: Path) -> None:
    run("add", str(article))
    before = run("articles", "--json").json
    for name, path in bad_inputs(tmp_path).items():
        result = run("add", str(path))
        assert result.status == 1, name
        assert result.err.startswith(f"sidelines: {path}: "), name
        assert result.err.count("\n") == 1, name
        assert result.out == "0 added, 0 updated, 0 unchanged, 1 refused\n"
    assert run("articles", "--json").json == before


def test_an_address_within_the_network_is_refused(run: Run) -> None:
    result = run("add", "http://127.0.0.1:9/news")
    assert (result.status, result.out) == (1, "0 added, 0 updated, 0 unchanged, 1 refused\n")
    assert result.err.startswith("sidelines: http://127.0.0.1:9/news: ")
    assert result.err.count("\n") == 1


def test_a_password_in_a_refused_address_is_not_shown(run: Run) -> None:
    result = run("add", "http://ada:hunter2@example.org/news")
    assert result.status == 1
    assert result.err.startswith("sidelines: http://***@example.org/news: ")
    assert "hunter2" not in result.out + result.err


# Reading ----------------------------------------------------------------------------------------------------------


def test_articles_as_json_have_exactly_the_promised_shape(run: Run, article: Path) -> None:
    run("add", str(article))
    (stored,) = run("articles", "--json").json
    assert list(stored) == ["id", "title", "url", "source", "published", "language", "sections"]
    assert stored["title"] == "Lighthouse of Cape Orr is lit again"
    assert [section["heading"] for section in stored["sections"]] == [None, "Who paid for it", "But who will keep it?"]
    assert all(list(section) == ["heading", "words"] and section["words"] > 0 for section in stored["sections"])


def test_a_file_is_to_be_added_before_it_can_be_briefed(run: Run, article: Path) -> None:
    refused = run("brief", str(article))
    assert refused.status == 2
    assert f"{article} is a file: first `sidelines add {article}`" in " ".join(refused.err.split())
    assert run("brief", "a headline " * 40).status == 1


def test_a_briefing_as_json_names_the_place_of_every_sentence(run: Run, article: Path, lighthouse: str) -> None:
    run("add", str(article))
    result = run("brief", "--json", "1")
    (briefing,) = result.json["briefings"]
    assert list(briefing) == ["article", "sections"]
    assert list(briefing["article"]) == ["id", "title", "url", "source", "published"]
    sentence = briefing["sections"][0]["sentences"][0]
    assert list(sentence) == ["text", "paragraph", "sentence"]
    assert sentence["text"] in lighthouse.replace("\n", " ")
    (alone,) = run("brief", "--json", "who", "will", "keep", "it").json["briefings"]
    assert [section["heading"] for section in alone["sections"]] == ["But who will keep it?"]


def test_an_answer_as_json_has_exactly_the_promised_shape(run: Run, article: Path) -> None:
    run("add", str(article))
    result = run("ask", "--json", "collection of small gifts")
    assert result.status == 0
    assert list(result.json) == ["question", "found", "looked_for", "answers"]
    quote = result.json["answers"][0]
    assert list(quote) == ["text", "article", "section", "score"]
    assert quote["section"] == "Who paid for it"
    assert quote["text"].startswith("A collection brought in 82,000 crowns")


def test_a_question_may_be_asked_of_a_place_and_a_time(run: Run, article: Path) -> None:
    run("add", str(article))
    assert run("ask", "--in", "who paid for it", "collection of small gifts").status == 0
    elsewhere = run("ask", "--in", "1/0", "collection of small gifts")
    assert elsewhere.status == 1
    assert elsewhere.out.startswith("I have nothing on that in the lead of “Lighthouse of Cape Orr is lit again”.")
    assert run("ask", "collection of small gifts before yesterday?").status == 1
    assert run("ask", "--since", "2020-01-01", "collection of small gifts").status == 0
    assert run("ask", "in lighthouse: collection of small gifts since May 2020?").status == 0


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_an_unknown_place_or_time_is_refused_in_a_sentence(run: Run, article: Path, json: list[str]) -> None:
    run("add", str(article))
    place = run("ask", *json, "--in", "nowhere", "who paid?")
    assert place.status == 1
    assert "No article, section or topic here is “nowhere”" in place.out + place.err
    time = run("ask", *json, "--since", "the flood", "who paid?")
    assert (time.status, time.out) == (1, "")
    assert "“the flood” is no time that I know" in time.err
    assert run("ask", *json, "who paid since Mondey?").status == 1


@pytest.mark.parametrize("question", ["price of bitcoin", "?!...", "x" * 10_000, "bitcoin " * 1250, "-n"])
def test_nothing_found_is_said_with_status_1(run: Run, article: Path, question: str) -> None:
    run("add", str(article))
    result = run("ask", "--", question)
    assert (result.status, result.err) == (1, "")
    assert result.out.startswith("I have nothing on that")
    as_json = run("ask", "--json", "--", question)
    assert as_json.status == 1
    assert (as_json.json["found"], as_json.json["answers"]) == (False, [])


@pytest.mark.parametrize(
    "arguments", [["brief"], ["brief", "tides"], ["latest"], ["latest", "tides"], ["ask", "tides"]]
)
def test_an_empty_archive_finds_nothing(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).status == 1
    assert run(*arguments, "--json").status == 1


def test_latest_and_why_as_json(run: Run, article: Path) -> None:
    run("add", str(article))
    assert [item["label"] for item in run("latest", "--json").json] == ["Lighthouse of Cape Orr is lit again"]
    assert run("why", "--json", "1").json[0]["label"] == "Stored: yes"
    assert run("why", "no such headline here").status == 1


# Subscribing ------------------------------------------------------------------------------------------------------


def test_a_subscription_from_its_beginning_to_its_end(run: Run, article: Path) -> None:
    run("add", str(article))
    result = run("subscribe", "lighthouse", "daily", "at", "9", "Asia/Seoul", "--in", "coast", "--json")
    assert (result.status, result.json["channel"], result.json["zone"]) == (0, "terminal:#coast", "Asia/Seoul")
    assert len(result.json["next_runs"]) == 3
    assert run("subscribe", '"Cape Orr" OR tide', "hourly from 8 to 20", "--in", "#coast").status == 0
    assert [each["id"] for each in run("subscriptions", "--json").json] == [1, 2]
    due = run("due", "--json").json
    assert sorted(each["topic"] for each in due["subscriptions"]) == ['"Cape Orr" OR tide', "lighthouse"]
    assert due["outbox"] == {"pending": 0, "unknown": 0, "failed": 0}
    assert run("why", "1").out.count("It matches") == 2
    assert run("unsubscribe", "lighthouse").status == 0
    assert run("unsubscribe", "1").status == 1
    assert [each["id"] for each in run("subscriptions", "--json").json] == [2]


def test_hints_are_commands_of_the_shell(run: Run, article: Path) -> None:
    run("add", str(article))
    out = run("subscribe", "lighthouse", "in", "#coast").out
    assert "`sidelines unsubscribe 1` (cancel)" in out
    assert "`post" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["G7", "daily at 9 Europe/Bonn"], "europe/bonn"),
        (["G7", "0 0 31 2 *"], "31"),
        (["G7", "daily at 25"], "25"),
        (["G7", "at", "teatime", "daily", "at", "nine"], "nine"),
        (['"G7', "hourly"], '"G7'),
        (["OR", "hourly"], "OR"),
    ],
)
def test_an_impossible_schedule_or_topic_is_refused(run: Run, arguments: list[str], said: str) -> None:
    result = run("subscribe", *arguments)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert run("subscriptions", "--json").json == []


def test_a_channel_that_the_shell_took_for_a_comment_is_noticed(run: Run) -> None:
    result = run("subscribe", "G7", "daily", "at", "9", "in")
    assert result.status == 2
    assert "--in world" in result.err
