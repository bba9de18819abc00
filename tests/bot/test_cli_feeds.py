"""`sidelines feeds ...` as an operator types it, with feeds on a server of this machine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from briefings import opml
from tests.servers.web import Reply, WebServer, redirect

FEED = b"""<rss version="2.0"><channel><title>Harbour News</title><link>https://harbour.example.org/</link>
<item><title>Crane falls</title><guid>1</guid><description>The old crane fell into the dock on Monday morning, and
nobody was hurt. The harbour master said that it had been closed since June. A new one comes in the spring.
</description></item></channel></rss>"""


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    monkeypatch.setenv("SIDELINES_READING_ALLOW_HOSTS", "127.0.0.1")
    with WebServer() as server:
        server.serve("/feed", Reply(FEED, etag='"1"'))
        yield server


def test_a_feed_is_added_read_and_searched(web: WebServer, run) -> None:
    nothing = " ".join(run("feeds").out.split())
    assert nothing.startswith("Sources of all workspaces Nothing is read by itself yet. `sidelines feeds add ADDRESS`")
    added = run("feeds", "add", web.url("/feed"))
    assert added.status == 0
    assert "Source 1 is added: Harbour News, 1 entry at 127.0.0.1" in added.out
    assert run("feeds", "refresh").out == "1 feed was read.\n"
    assert "The old crane fell" in run("ask", "what fell into the dock?").out
    assert run("feeds", "refresh").out == "0 feeds were read.\n"
    assert "last read" in run("feeds").out
    assert run("feeds", "list").out == run("feeds").out
    assert run("feeds", "list", "--json").out == run("feeds", "--json").out
    (shown,) = json.loads(run("feeds", "--json").out)
    assert (shown["name"], shown["url"], shown["state"]) == ("Harbour News", web.url("/feed"), "healthy")


def test_one_feed_that_fails_keeps_no_other_from_being_read(web: WebServer, run) -> None:
    web.serve("/two", Reply(FEED.replace(b"Harbour", b"Quay")), Reply(status=500))
    run("feeds", "add", web.url("/two"))
    run("feeds", "add", web.url("/feed"))
    assert run("feeds", "refresh").out == "2 feeds were read.\n"
    assert "trouble of its own (status 500)" in " ".join(run("feeds").out.split())
    assert "Crane falls" in run("latest").out


def test_feeds_go_out_to_a_file_and_come_in_again(web: WebServer, run, tmp_path: Path) -> None:
    run("feeds", "add", web.url("/feed"))
    file = tmp_path / "feeds.opml"
    assert run("feeds", "export", str(file)).status == 0
    assert [each.url for each in opml.read(file.read_bytes())] == [web.url("/feed")]
    assert run("feeds", "export").out.encode() == file.read_bytes()
    assert run("feeds", "remove", "1").status == 0
    dry = run("feeds", "import", str(file), "--dry-run")
    assert "would be added" in dry.out
    assert json.loads(run("feeds", "--json").out) == []
    assert "1 feed added, 0 not" in run("feeds", "import", str(file)).out
    (again,) = json.loads(run("feeds", "import", str(file), "--json").out)
    assert again == {"feed": "Harbour News", "outcome": "not added: it is read already"}


def test_a_workspace_of_its_own_is_changed_by_name(web: WebServer, run) -> None:
    run("feeds", "--for", "slack:T1", "add", web.url("/feed"))
    assert json.loads(run("feeds", "--json").out) == []
    assert len(json.loads(run("feeds", "--for", "slack:T1", "--json").out)) == 1
    assert run("feeds", "--for", "slack:T1", "pause", "1").status == 0
    assert run("feeds", "remove", "1").status == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("feeds", "add", "ftp://harbour.example.org/feed"), "no web address"),
        (("feeds", "remove", "7"), "There is no source “7” here"),
        (("feeds", "import", "missing.opml"), "no such file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_on_standard_error(arguments: tuple[str, ...], words: str, run) -> None:
    result = run(*arguments)
    assert result.status == 1
    assert words in result.err
    assert result.err.count("\n") == 1


def test_a_file_that_is_no_opml_is_refused(run, tmp_path: Path) -> None:
    file = tmp_path / "shopping.txt"
    file.write_text("eggs, milk")
    result = run("feeds", "import", str(file))
    assert result.status == 1
    assert result.err.startswith("sidelines: ")


def test_a_feed_that_moved_for_good_is_asked_where_it_is_now(web: WebServer, run) -> None:
    web.serve("/old", redirect("/feed", 301))
    run("feeds", "add", web.url("/old"))
    assert json.loads(run("feeds", "--json").out)[0]["url"] == web.url("/feed")
