"""OPML: lists of feeds that other readers write and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from briefings.errors import UnreadableFeed
from briefings.opml import Outline, read, write

EXPORTED = b"""\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE opml [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<opml version="1.1"><head><title>My feeds</title></head><body>
  <outline text="World & Asia">
    <outline title="Coast &quot;Courier&quot;" text="Courier" type="rss" xmlUrl="https://courier.example/feed?a=1&b=2"
      htmlUrl="https://courier.example/"/>
    <outline text="Deeper"><outline text="Hill Farm&nbsp;Notes" xmlurl=" https://hillfarm.example/rss "/></outline>
  </outline>
  <outline text="No folder" XMLURL="https://capitals.example/"/>
  <outline text="A page" type="link" url="https://page.example/"/>
  <outline xmlUrl="https://nameless.example/feed" text=""/>
  <outline text="Courier again" xmlUrl="https://courier.example/feed?a=1&amp;b=2"/>
  <outline text="&secret;" xmlUrl="https://secret.example/feed"/>
"""


def test_a_list_of_another_reader() -> None:
    assert read(EXPORTED) == (
        Outline(
            title='Coast "Courier"',
            url="https://courier.example/feed?a=1&b=2",
            site="https://courier.example/",
            folder="World & Asia",
        ),
        Outline(title="Hill Farm Notes", url="https://hillfarm.example/rss", folder="World & Asia/Deeper"),
        Outline(title="No folder", url="https://capitals.example/"),
        Outline(title="https://nameless.example/feed", url="https://nameless.example/feed"),
        Outline(title="&secret;", url="https://secret.example/feed"),
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"<html><body>opml</body></html>", b"<rss><channel/></rss>", b"%PDF-1.7 \x00", b"\x1f\x8b\x08", b"hello"],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFeed, match=r"^This is no OPML list: "):
        read(data)


def test_a_list_too_long_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match="10,000,000 bytes"):
        read(b"<opml>" + b" " * 10_000_000)


def test_what_is_written_is_what_the_specification_asks_for() -> None:
    outlines = (
        Outline(
            title="Courier", url="https://courier.example/feed", site="https://courier.example/", folder="World/Asia"
        ),
        Outline(title="Hill Farm", url="https://hillfarm.example/rss"),
        Outline(title="Night Desk", url="https://night.example/rss", folder="World"),
    )
    root = etree.fromstring(write(outlines, "Feeds of #news"))
    assert (root.tag, root.get("version"), [child.tag for child in root]) == ("opml", "2.0", ["head", "body"])
    assert root.findtext("head/title") == "Feeds of #news"
    feeds = [outline for outline in root.iter("outline") if outline.get("xmlUrl")]
    assert [(feed.get("type"), feed.get("text"), feed.get("title")) for feed in feeds] == [
        ("rss", "Courier", "Courier"),
        ("rss", "Night Desk", "Night Desk"),
        ("rss", "Hill Farm", "Hill Farm"),
    ]
    assert all(outline.get("text") for outline in root.iter("outline"))
    assert [folder.get("text") for folder in root.iterfind("body/outline")] == ["World", "Hill Farm"]


LINES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=60).map(
    lambda text: " ".join(text.split())
)
NAMES = (
    LINES | st.sampled_from(("<script>alert(1)</script>", "@everyone", "A & B", '"]]>', "&amp;", "日本語"))
).filter(bool)
FOLDERS = st.lists(NAMES.map(lambda name: name.replace("/", "-")), max_size=3).map("/".join)
LISTS = st.lists(
    st.builds(
        Outline,
        title=NAMES,
        url=NAMES.map("https://site.example/{}".format),
        site=st.none() | NAMES.map("https://site.example/?{}".format),
        folder=FOLDERS,
    ),
    unique_by=lambda outline: outline.url,
    max_size=8,
)


@given(LISTS, NAMES)
def test_what_is_written_is_read_again(outlines: list[Outline], title: str) -> None:
    read_again = read(write(outlines, title))
    assert sorted(read_again, key=lambda each: each.url) == sorted(outlines, key=lambda each: each.url)


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_any_text_can_be_written(title: str, url: str, folder: str) -> None:
    outline = Outline(title=title, url=f"https://site.example/{url}", folder=folder)
    assert len(read(write([outline], title))) == 1


@given(st.binary(max_size=300), st.integers(0, 1_200))
def test_any_bytes_are_a_list_or_refused(instead: bytes, place: int) -> None:
    for data in (instead, EXPORTED[:place] + instead + EXPORTED[place + len(instead) :]):
        try:
            outlines = read(data)
        except UnreadableFeed:
            continue
        assert all(outline.url and outline.title for outline in outlines)
