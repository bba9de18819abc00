"""The HTML that feeds carry, as the documents that entries become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.documents import of_entry
from briefings.fragments import read_fragment
from briefings.sources import Entry
from briefings.types import Section

FERRY = "The first of two new ferries came in on Tuesday."
PIER = "The old pier stays open until the spring."


def sections(html: str, title: str = "A title") -> tuple[Section, ...]:
    return of_entry(Entry(title=title, html=html), source="Sample").sections


def paragraphs(html: str) -> list[str]:
    return [" ".join(paragraph) for section in sections(html) for paragraph in section.paragraphs]


def test_an_entry_becomes_a_document_with_its_facts() -> None:
    entry = Entry(
        title="Ferry", url="https://a.example/1", html=f"<p>{FERRY} {PIER}</p>", byline="Mara Lind", language="sv"
    )
    document = of_entry(entry, source="Courier")
    assert (document.title, document.url, document.source, document.byline) == (
        "Ferry",
        "https://a.example/1",
        "Courier",
        "Mara Lind",
    )
    assert document.language == "en"
    assert document.sections == (Section(None, ((FERRY, PIER),)),)


@pytest.mark.parametrize("html", ["", "<img src='a.jpg'>", "<p>Map</p>", "<!-- x -->", "<script>It runs now.</script>"])
def test_an_entry_without_prose_is_headline_and_link_only(html: str) -> None:
    assert sections(html) == ()


def test_headings_make_sections() -> None:
    html = f"<h1>A Title</h1><p>{FERRY}</p><h3>What <i>it</i> changes</h3><p>{PIER}</p>"
    assert sections(f"{html}<p><b>Who pays</b></p><p>{FERRY}</p>") == (
        Section(None, ((FERRY,),)),
        Section("What it changes", ((PIER,),)),
        Section("Who pays", ((FERRY,),)),
    )


def test_a_bold_sentence_is_no_heading() -> None:
    assert sections(f"<p><strong>{FERRY}</strong></p><p>{PIER}</p>") == (Section(None, ((FERRY,), (PIER,))),)


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{FERRY}</p><p>{PIER}</p>",
        f"<p>{FERRY}<p>{PIER}",
        f"{FERRY}<br><br>{PIER}",
        f"{FERRY}<br/>\n<br/>{PIER}",
        f"<div>{FERRY}<div>{PIER}</div></div>",
        f"{FERRY}<ul><li>{PIER}</li></ul>",
        f"{FERRY}\n\n{PIER}",
        f"<p>The first of two<br>new <em>fer</em>ries\ncame&nbsp;in on Tuesday.</p>{PIER}",
        f"<p>{FERRY}</p><pre>x = 1.</pre><figure><img><figcaption>A ferry is seen here.</figcaption></figure>{PIER}",
        f"<p>{FERRY}</p><script>if (a < b) it is run now.</script><style>p is hidden.</style>{PIER}",
        f"<table><tr><td>{FERRY}</td><td>12</td></tr></table><p>{PIER}</p>",
        f"<p>{FERRY}</p><p>{PIER}</p><p>Share this</p><p>The post <a>One</a> appeared first on <a>Sample</a>.</p>",
        f"<p>{FERRY}</p><iframe>It is not shown.</iframe><form>Send us a mail now.</form><p>{PIER}</p>",
        f"<p>{FERRY[:9]}\u200b{FERRY[9:]}</p><p>{PIER}\u202e</p>",
        f"<html><head><title>Sample has a title.</title></head><body><p>{FERRY}</p><p>{PIER}</p></body></html>",
    ],
)
def test_paragraphs_are_told_apart_and_nothing_else_is_kept(html: str) -> None:
    assert paragraphs(html) == [FERRY, PIER]


@given(
    st.lists(
        st.sampled_from(
            (
                "<p>",
                "</p>",
                "<h2>",
                "</h2>",
                "<b>",
                "</b>",
                "<br>",
                "<table>",
                "<td>",
                "</table>",
                "<script>",
                "<!--",
                "&",
                "&#0;",
            )
        )
        | st.text(max_size=12),
        max_size=30,
    ).map("".join)
)
def test_any_html_gives_lines_that_can_be_stored(html: str) -> None:
    for block in read_fragment(html):
        assert block.text == " ".join(block.text.split())
        assert block.text
        block.text.encode()


def test_depth_does_not_matter() -> None:
    assert read_fragment("<div>" * 100_000 + FERRY)[:1] in ((), read_fragment(FERRY))
