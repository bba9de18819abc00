"""Main text and headings of web pages, with what sites put among the paragraphs of their articles.

Each page is the same article with another box in the middle of its second section. The floors are below what was
measured on these pages, all right, and on real news pages: .96 of the headings, .96 of the text in runs of four words.
"""

from collections import Counter

import pytest

from briefings.documents import read
from briefings.types import Document

FLOOR = 0.95

TITLE = "Mountain Hut Gets Its Own Glacier Water Mill"
LEAD = [
    "The hut below the east face has turned its own electricity out of melting ice since Thursday, with a mill that two"
    " students built of a washing machine and a bicycle.",
    "Until now a helicopter brought four barrels of diesel in June, and when they were empty the guests went to bed"
    " with the sun.",
]
SECTIONS = {
    "How the mill works": [
        "A pipe of eighty metres leads the water from the tongue of the glacier to the drum of the washing machine,"
        " which drives the wheel through a chain.",
        "At noon it gives enough for the kitchen and eleven lamps; at night, when the ice is still, for the radio.",
    ],
    "What the guests say": [
        "Most of them do not notice it, the keeper says, except that the soup is hot at nine and that there is a light"
        " on the stairs.",
        "One climber complained about the noise, and was shown the brook, which is louder.",
    ],
    "The ice is going": [
        "The glacier loses four metres in a year. The students reckon that the pipe has to be made longer every second"
        " summer, for as long as there is a glacier.",
        "After that, they say, there will still be rain, and they have left room in the shed for a second machine.",
    ],
}
TORN = "What the guests say"
"""The section that has the box in its middle."""

GONE = "Seilbahnhof"
"""Stands in every box, and in no text of the article."""

BOXES = {
    "no box": "",
    "newsletter": f"<div class='x1'><h3>The {GONE} letter</h3><p>News from the heights, every Friday at six in your"
    " mailbox, free of charge and for as long as you like.</p><form><input type='email'><b>Go</b></form></div>",
    "card": f"<div class='x2'><a href='/s/1'><h3>{GONE}: the last cable car in the valley stands still</h3></a></div>",
    "card with a teaser": f"<div class='x3'><h4>{GONE} for sale</h4><p>Nobody wants the station that once carried half"
    " of the county up to the snow. <a href='/s/2'>To the story</a></p></div>",
    "links": f"<ul><li><a href='/s/3'>{GONE} closed for a third year</a></li><li><a href='/s/4'>A wheel for the next"
    " valley</a></li></ul>",
    "only a link": f"<p><a href='/s/5'>{GONE}: how the old station became a place to dry hay</a></p>",
    "related": f"<section><h3>Read also</h3><ul><li><a href='/s/6'>The {GONE} is gone</a></li></ul></section>",
    "author": f"<div class='x6'><h3>The author</h3><p>Nora Helland lives at the {GONE} and writes about mountains, milk"
    " and machines for several papers.</p></div>",
    "caption": f"<figure><img src='/i.jpg'><figcaption>The {GONE} from above (Photo: Per Lie)</figcaption></figure>",
    "subscribe": f"<aside><h2>Support the {GONE} Gazette</h2><p>Good stories cost money. For four crowns in a month you"
    " make ours possible.</p><a href='/pay'>Pay</a></aside>",
    "credit": f"<p>The drum in its shed beside the {GONE}. Photo: Nora Helland</p>",
}


def page(box: str, around: str = "{}") -> bytes:
    parts = [f"<p>{text}</p>" for text in LEAD]
    for heading, (first, second) in SECTIONS.items():
        parts += [f"<h2>{heading}</h2><p>{first}</p>", box if heading == TORN else "", f"<p>{second}</p>"]
    return (
        f"<!doctype html><html lang='en'><head><title>{TITLE} | Heights</title></head><body><nav><a href='/'>Home</a>"
        f"<a href='/hills'>Hills</a></nav><article><h1>{TITLE}</h1>{around.format(''.join(parts))}</article>"
        "<footer><p>Heights, Upper Lane 3. All rights reserved.</p></footer></body></html>"
    ).encode()


def text(document: Document) -> str:
    return " ".join(sentence for section in document.sections for sentence in section.sentences)


def runs(said: str) -> Counter[tuple[str, ...]]:
    words = said.split()
    return Counter(tuple(words[at : at + 4]) for at in range(len(words) - 3))


@pytest.mark.parametrize("around", ["{}", "<div class='body'>{}</div>", "<div><section id='main'>{}</section></div>"])
def test_boxes_are_no_text_and_no_sections(around: str) -> None:
    true = runs(" ".join([*LEAD, *(part for parts in SECTIONS.values() for part in parts)]))
    common = said = right = headings = leaked = 0
    for box in BOXES.values():
        document = read(page(box, around), name="page.html")
        got = runs(text(document))
        names = [section.heading for section in document.sections if section.heading]
        common, said = common + (got & true).total(), said + got.total()
        right, headings = right + len(set(names) & set(SECTIONS)), headings + len(names)
        leaked += GONE in text(document)
    assert common >= FLOOR * true.total() * len(BOXES)
    assert common >= FLOOR * said
    assert right >= FLOOR * len(SECTIONS) * len(BOXES)
    assert right >= FLOOR * headings
    assert leaked <= 1


def test_a_box_does_not_tear_a_section() -> None:
    with_box, without = (read(page(BOXES[kind]), name="page.html").sections for kind in ("newsletter", "no box"))
    assert with_box == without
