"""Documents: from files of every kind to title, facts, sections and sentences; and refusals."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from briefings.documents import LIMIT, read
from briefings.errors import UnreadableDocument
from briefings.plain import read_plain
from briefings.types import Document

SAMPLES = Path(__file__).parents[1] / "samples"
ARTICLE = Path(__file__).parents[2] / "config" / "articles" / "japan-south-korea-g7.md"


class Expected(Struct, frozen=True, kw_only=True):
    """What must be found in one sample; `absent` stands in its file and must stand nowhere in the document."""

    title: str
    first: str
    headings: tuple[str | None, ...] = (None,)
    byline: str | None = None
    published: datetime | None = None
    source: str | None = None
    url: str | None = None
    language: str = "en"
    absent: tuple[str, ...] = ()


EXPECTED = {
    "agency.txt": Expected(
        title="Ferry Strike Leaves Thousands Stranded",
        first="OSLO (Newswire) - Ferry crews on the western coast walked off the job on Tuesday after talks over night"
        " shifts broke down, leaving thousands of travellers in port.",
        source="Newswire",
    ),
    "bullets.txt": Expected(
        title="Five Things to Know About the Bridge Closure",
        first="The city closes the old bridge on Sunday for repairs that last until spring.",
        headings=(None, "What changes for drivers", "After the repairs"),
        absent=("- Cars", "* Buses"),
    ),
    "capitals.txt": Expected(
        title="MUSEUM RETURNS DRUM TO ISLANDERS",
        first="A museum in the capital handed back a ceremonial drum on Friday, a century after a captain took it"
        " away.",
        headings=(None, "THE JOURNEY OF THE DRUM", "A LONG NEGOTIATION"),
        absent=("====",),
    ),
    "caption.txt": Expected(
        title="Divers Raise Bell From Ship That Sank in 1744",
        first="Divers raised the bell of a merchant ship on Wednesday, close to the place where the ship went down in"
        " 1744.",
        byline="Mara Lind",
        published=datetime(2021, 6, 3, tzinfo=UTC),
        absent=("Skip to main", "Menu", "World", "A diver holds", "Share this", "newsletter"),
    ),
    "japanese.txt": Expected(
        title="山あいの町に図書館バスが戻る",
        first="山あいの町で月曜日、十年ぶりに図書館バスの運行が始まった。",
        headings=(None, "運行の仕組み", "これからの課題は？"),
        published=datetime(2024, 4, 2, tzinfo=UTC),
        language="ja",
        absent=("2024年",),
    ),
    "no_title.txt": Expected(
        title="The snow came early this year and closed the pass above the village before anybody had brought the sheep"
        " down.",
        first="The snow came early this year and closed the pass above the village before anybody had brought the sheep"
        " down.",
    ),
    "notes.md": Expected(
        title="Orchard Robots: A Second Try",
        first="Robots pick apples again in the eastern orchards after a first failed trial.",
        headings=(None, "What went wrong", "Softer hands", "Who pays?"),
        byline="Lena Hof, Tom Iwu",
        published=datetime(2023, 10, 4, 6, 30, tzinfo=UTC),
        source="The Orchard Post",
        url="https://orchard.example/robots",
        absent=("orchard.example/east", "*", "`", "robot.jpg", "grip(", "Nothing below"),
    ),
    "numbered.txt": Expected(
        title="Water Plan for the Valley",
        first="The valley council voted on Monday for a water plan that runs for ten years.",
        headings=(None, "1. Why it is needed", "2. What it costs", "3. Who decides next?"),
        byline="Ana Costa",
        published=datetime(2022, 5, 12, tzinfo=UTC),
        absent=("By Ana", "12 May"),
    ),
    "one_paragraph.txt": Expected(
        title="A small earthquake shook the southern islands on Saturday morning without doing damage, the weather"
        " office said.",
        first="A small earthquake shook the southern islands on Saturday morning without doing damage, the weather"
        " office said.",
    ),
    "page.html": Expected(
        title="Night Trains Are Back",
        first="Night trains between the two capitals will run again from June, the railway said on Friday, eleven years"
        " after the last one left.",
        headings=(None, "What happens next", "Who pays?"),
        byline="Ines Roth",
        published=datetime(2024, 2, 3, 8, 15, tzinfo=UTC),
        source="The Rail Times",
        url="https://rail.example/night-trains",
        absent=("Home", "Night Trains Are Back", "newsletter", "All rights", "<"),
    ),
    "poem.txt": Expected(
        title="Song of the Harbour Crane",
        first="The crane reads a poem at noon, and the dockers stop to listen to it.",
    ),
    "press_release.txt": Expected(
        title="Northlight Opens Research Greenhouse in Tromso",
        first="The Northlight Foundation today opened a greenhouse in which vegetables grow through the polar night.",
        headings=(None, "What the greenhouse does", "About the foundation"),
        published=datetime(2024, 3, 3, tzinfo=UTC),
        source="Northlight Foundation",
        absent=("Share", "PRESS", "Published", "Source", "•", "Read more"),
    ),
    "transcript.txt": Expected(
        title="Interview with the Lighthouse Keeper",
        first="The last keeper of the lighthouse retires this week, and we met her at the foot of the stairs.",
    ),
    "wrapped.txt": Expected(
        title="Glass Eels Return to the River",
        first="Young eels have come back to the river for the first time in thirty years, and biologists of the"
        " regional institute counted more than 9,000 of them in one night in April.",
        headings=(None, "What helped", "How to count an eel?"),
    ),
}


def read_sample(name: str) -> Document:
    return read((SAMPLES / name).read_bytes(), name=name)


def body(document: Document) -> str:
    return "\n".join(
        part for section in document.sections for part in (section.heading or "", *section.sentences) if part
    )


def test_every_sample_has_its_expectation() -> None:
    assert {path.name for path in SAMPLES.iterdir() if path.is_file()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_read_into_its_parts(name: str) -> None:
    expected = EXPECTED[name]
    document = read_sample(name)
    assert document.title == expected.title
    assert document.sections[0].sentences[0] == expected.first
    assert tuple(section.heading for section in document.sections) == expected.headings
    assert (document.byline, document.published) == (expected.byline, expected.published)
    assert (document.source, document.url) == (expected.source, expected.url)
    assert document.language == expected.language
    raw = (SAMPLES / name).read_text(encoding="utf-8")
    for furniture in expected.absent:
        assert furniture in raw
        assert furniture not in body(document)


def test_list_items_are_paragraphs() -> None:
    _, changes, _ = read_sample("bullets.txt").sections
    assert changes.sentences == (
        "Cars use the northern tunnel, which has no toll until May.",
        "Lorries above 12 tonnes take the ring road",
        "Buses 4 and 11 turn round at the market",
    )


def test_verses_stay_apart() -> None:
    assert read_sample("poem.txt").sections[0].sentences[1:5] == (
        "I lift what the ships have carried",
        "And set it down on the stone",
        "The gulls keep count of the cargo",
        "And the evening is my own",
    )


def test_the_bundled_article() -> None:
    document = read(ARTICLE.read_bytes(), name=ARTICLE.name)
    assert document.title == "Japan, South Korea Aim to Strengthen Ties at G7"
    assert [section.heading for section in document.sections] == [
        None, "Creating momentum", "Ups and downs", "How long can it last?",
    ]  # fmt: skip
    assert document.sections[0].sentences[0].startswith("Fumio Kishida and Yoon Suk Yeol plan to sit down together")
    assert document.published == datetime(2023, 5, 18, tzinfo=UTC)
    assert document.language == "en"
    assert document.source is not None
    assert "---" not in body(document)


# Kinds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "notes", "https://orchard.example/notes?page=1.txt"])
@pytest.mark.parametrize("sample", ["notes.md", "page.html", "capitals.txt"])
def test_without_a_telling_name_the_content_tells_the_kind(sample: str, name: str) -> None:
    assert read((SAMPLES / sample).read_bytes(), name=name) == read_sample(sample)


def test_the_suffix_of_an_address_tells_the_kind() -> None:
    data = b"# Eels\n\nEels are back. Fish followed."
    assert read(data, name="https://river.example/eels.MD?a=b.txt").title == "Eels"
    assert read(data, name="eels.txt").title == "# Eels"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://river.example/eels", "https://river.example/eels"),
        ("HTTP://river.example/eels", "HTTP://river.example/eels"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("/eels", None),
        ("[https://river.example/eels]", "https://river.example/eels"),
        ("{at: https://river.example/eels}", None),
    ],
)
def test_front_matter_gives_an_address_of_the_web_or_none(given: str, kept: str | None) -> None:
    text = f"---\ntitle: Eels\nurl: {given}\n---\nEels are back. Fish followed."
    assert read(text.encode(), name="eels.md").url == kept


def test_invisible_characters_are_left_out() -> None:
    data = "Eels come back\n\nEe\u00adls \u202eare\u202c ba\u200bck in the river.\x07 Fish followed.".encode()
    assert read(data).sections[0].sentences == ("Eels are back in the river.", "Fish followed.")


def test_line_ends_of_other_systems_make_no_difference() -> None:
    unix = (SAMPLES / "wrapped.txt").read_bytes()
    for line_end in (b"\r\n", b"\r"):
        assert read(unix.replace(b"\n", line_end), name="wrapped.txt") == read_sample("wrapped.txt")


def test_a_title_made_from_a_long_sentence_is_shortened_between_words() -> None:
    sentence = "Rain fell " * 20 + "again."
    title = read(sentence.encode()).title
    assert title.endswith("fell…")
    assert sentence.startswith(title[:-1])
    assert len(title) <= 121


# Encodings --------------------------------------------------------------------------------------------------

FRENCH = """Café à la gare

Le café de la gare a rouvert ses portes lundi après deux années de travaux. Les voyageurs étaient très contents de \
retrouver leur terrasse préférée.
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"])
def test_a_french_text_in(encoding: str) -> None:
    document = read(FRENCH.encode(encoding), name="café.txt")
    assert document == read(FRENCH.encode())
    assert document.title == "Café à la gare"
    assert document.language == "fr"


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_a_byte_order_mark_tells_the_order_of_bytes(mark: bytes, encoding: str) -> None:
    assert read(mark + FRENCH.encode(encoding)).title == "Café à la gare"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "shift-jis", "euc-jp"])
def test_a_japanese_text_in(encoding: str) -> None:
    text = (SAMPLES / "japanese.txt").read_text(encoding="utf-8")
    assert read(text.encode(encoding), name="japanese.txt") == read_sample("japanese.txt")


@pytest.mark.parametrize(("declared", "encoding"), [("iso-8859-1", "cp1252"), ("windows-1251", "cp1251")])
def test_a_page_is_read_in_the_encoding_it_declares(declared: str, encoding: str) -> None:
    words = "Новый мост открыт" if encoding == "cp1251" else "“Été” à la gare"
    paragraph = f"<p>{words} today, and the people of the town walked over it until late at night.</p>"
    page = f'<html><head><meta charset="{declared}"><title>{words}</title></head><body><article><h1>{words}</h1>'
    document = read(f"{page}{paragraph}<p>They went home at dawn, tired.</p></article>".encode(encoding))
    assert document.sections[0].sentences[0].startswith(words)


@pytest.mark.parametrize("encoding", ["koi8-r", "windows-1251", "iso-8859-5"])
def test_the_server_may_name_the_encoding(encoding: str) -> None:
    text = "Новый мост открыт. Жители города гуляли по нему до поздней ночи."
    assert read(text.encode(encoding), charset=encoding.upper()).sections[0].sentences[0] == "Новый мост открыт."


def test_an_encoding_that_escapes_is_not_taken_for_utf8() -> None:
    text = (SAMPLES / "japanese.txt").read_text(encoding="utf-8")
    assert read(text.encode("iso-2022-jp"), charset="ISO-2022-JP") == read_sample("japanese.txt")


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1251", "no-such-encoding", "hex", "utf-16"])
def test_a_server_that_names_a_wrong_encoding_does_no_harm(charset: str) -> None:
    assert read(FRENCH.encode(), charset=charset) == read(FRENCH.encode())


def test_a_wrong_byte_in_utf8_is_one_letter() -> None:
    data = (FRENCH * 20).encode() + "L'été est là.".encode("cp1252")
    assert read(data).sections[0].sentences[-1] == "L'été est là."


# Refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("", b"", "The text is empty: "),
        ("a.txt", b" \n\t\r\n", "a.txt is empty: "),
        ("a.txt", b"\xef\xbb\xbf", "a.txt is empty: "),
        ("a.txt", b"Words before a\0byte.", "a.txt is not text: "),
        ("a.txt", bytes(range(1, 32)) * 9, "a.txt is not text: "),
        ("folder/a.pdf", b"%PDF-1.7\nsome words here.", "a.pdf is not text: "),
        ("C:\\texts\\a.docx", b"PK\x03\x04some words here.", "a.docx is not text: "),
        ("a.txt.gz", b"\x1f\x8b\x08some words", "a.txt.gz is not text: "),
        ("a.jpg", b"\xff\xd8\xff\xe0some words", "a.jpg is not text: "),
        ("a.txt", bytes(range(128, 256)) * 20, "a.txt is in no encoding that could be recognised: "),
        ("a.txt", b"\xff\xfe\x00\xd8\x41", "a.txt is in no encoding that could be recognised: "),
        ("a.html", b"<!doctype html>", "a.html is a page without an article: "),
        (
            "https://rail.example/",
            b"<html><body><nav><a href='/'>Home</a> <a href='/news'>News</a></nav></body></html>",
            "rail.example is a page without an article: ",
        ),
        ("a.txt", b"Menu", "a.txt holds no sentence to quote: "),
        ("a.txt", b"12 34\n--\n55", "a.txt holds no sentence to quote: "),
        ("a.md", b"# Only\n\n## Headings", "a.md holds no sentence to quote: "),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(name: str, data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDocument) as refusal:
        read(data, name=name)
    assert_one_sentence(str(refusal.value), said)


def assert_one_sentence(message: str, said: str) -> None:
    assert message.startswith(said)
    assert message.endswith(".")
    assert "\n" not in message
    assert ". " not in message
    assert len(message.removeprefix(said)) > 10  # the next step


def test_a_text_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(UnreadableDocument) as refusal:
        read(bytes(50_000_000), name="big.txt")  # NUL bytes: had they been looked at, it would be "not text"
    assert_one_sentence(str(refusal.value), f"big.txt has more than the {LIMIT:,} bytes allowed: ")


def test_the_limit_itself_is_allowed() -> None:
    data = b"Eels are back in the river."
    assert read(data, limit=len(data)).title == "Eels are back in the river."
    with pytest.raises(UnreadableDocument):
        read(data, limit=len(data) - 1)


def bytes_of(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "ignore")


ends = st.sampled_from(["", "a.txt", "a.md", "a.html"])
starts = st.sampled_from([b"", b"---\ntitle: ", b"<html><body><p>", b"\xff\xfe", b"# A\n\n", b"A title here\n\n"])
texts = st.builds(
    bytes_of,
    st.text(max_size=80) | st.text("aB .\n#-=*:[]<>p/&;日。", max_size=80),
    st.sampled_from(["utf-8", "utf-16", "cp1252", "shift-jis"]),
)


@given(starts, st.binary(max_size=200) | texts, ends)
def test_any_bytes_are_a_document_or_refused(start: bytes, data: bytes, name: str) -> None:
    try:
        document = read(start + data, name=name)
    except UnreadableDocument:
        return
    assert document.title.strip()
    assert document.sections
    assert all(sentence.strip() for section in document.sections for sentence in section.sentences)
    assert document.published is None or document.published.tzinfo is not None


LINES = st.sampled_from(
    [*("A heading", "II. THE CLAIM", "Q: Who pays?", "A: Nobody pays.", "MS OKAFOR", "■ Mark", "**Bold**", "- item"),
     *("", "====", "Prose that goes on for a while, and says this.", "Photo: Ada Lund", "1. Costs", "(Adds a quote)")]
)  # fmt: skip


@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\n\n"]))
def test_no_line_of_a_plain_text_is_invented_or_told_twice(lines: list[str], gap: str) -> None:
    source = Counter(" ".join(lines).replace("**", "").split())
    draft = read_plain(gap.join(lines))
    told = Counter(" ".join([draft.title, *(block.text for block in draft.blocks)]).replace("**", "").split())
    assert not told - source
