"""A small world of articles, and what is shown of it, for the golden renderings of every platform."""

from datetime import UTC, datetime, timedelta, timezone

from briefings.types import (
    Action,
    Answer,
    Briefing,
    CondensedSection,
    Content,
    Head,
    Item,
    Notice,
    Quote,
    Story,
    Telling,
)

FERRY = Head(
    id=7,
    title="Harbour ferry returns after a year",
    url="https://example.org/ferry?a=1&b=2",
    source="Harbour Post",
    published=datetime(2026, 5, 19, 6, tzinfo=UTC),
)
BRIDGE = Head(id=8, title="Bridge *repairs* begin :tada:", url="https://example.org/bridge", source="A & B")
FARES = CondensedSection(
    "What it costs",
    1,
    (
        Telling("A crossing is to cost 4.50, half of what it did before the engine failed.", 0, 0),
        Telling("Children under ten travel free.", 0, 1),
    ),
)
SAILING = CondensedSection(None, 0, (Telling("The ferry sails again on Friday, the port said.", 0, 0),))
CHILDREN = Quote(
    text="Children under ten travel free.",
    article=FERRY,
    heading="What it costs",
    section=1,
    paragraph=0,
    sentence=1,
    score=3.5,
)


def quoting(text: str, article: Head = FERRY) -> Quote:
    """A quote from an article's lead."""
    return Quote(text=text, article=article, heading=None, section=0, paragraph=0, sentence=0, score=1.0)


def numbered(count: int) -> Story:
    """A story of so many sections."""
    sections = (CondensedSection(f"Part {n}", n, (Telling(f"Sentence {n}. " * 9, 0, 0),)) for n in range(count))
    return Story(FERRY, tuple(sections))


def answering(second: str) -> Answer:
    """An answer of two quotes, the second with these words."""
    return Answer(
        question="children?",
        looked_for=("children",),
        quotes=(CHILDREN, quoting(second, BRIDGE)),
        actions=(Action("more", "more 9/1"), Action("brief me", "brief 7")),
    )


CONTENTS: dict[str, Content] = {
    "briefing_updated": Briefing(
        topic="harbour",
        due=datetime(2026, 5, 20, 9, tzinfo=timezone(timedelta(hours=9), "KST")),
        updated=datetime(2026, 5, 20, 14, 5, tzinfo=timezone(timedelta(hours=9), "KST")),
        stories=(Story(FERRY, (SAILING,)), Story(BRIDGE, ())),
    ),
    "reply_updated": Briefing(
        topic=None,
        updated=datetime(2026, 5, 20, 14, 5, tzinfo=timezone(timedelta(hours=9), "KST")),
        stories=(Story(FERRY, (SAILING, FARES)),),
    ),
    "briefing": Briefing(
        topic="harbour",
        due=datetime(2026, 5, 20, 9, tzinfo=timezone(timedelta(hours=9), "KST")),
        late=True,
        stories=(Story(FERRY, (SAILING, FARES), also_in=(BRIDGE,)), Story(BRIDGE, ())),
        more=(FERRY, BRIDGE),
        actions=(Action("post here", "post story 7 8"),),
    ),
    "briefing_empty": Briefing(topic="harbour", stories=()),
    "answer_none": Answer(question="?", looked_for=("bitcoin", "price"), quotes=(), nearest=FERRY),
}
"""What is the same for all platforms."""
HEADLINES = (
    Item(FERRY.title, "Harbour Post, 19 May 2026", FERRY.url, (Action("brief me", "brief 7"),)),
    Item(BRIDGE.title, "no date", BRIDGE.url, (Action("brief me", "brief 8"),)),
)
COMMANDS = (
    Item("`ask QUESTION`: quoted sentences", "for example `ask who pays?`"),
    Item("topic", "harbour OR ferry"),
)


def subscribed(channel: str, elsewhere: str) -> Notice:
    """A notice with all that has a meaning in our own words: channels, an address, code, a caret below a place."""
    return Notice(
        f"{channel} is subscribed to harbour & sea: see https://example.org/help.\n\nWrong here:\na OR OR b\n     ^\n"
        f"Write `reschedule 1 WHEN` in {elsewhere}.",
        "refused",
        (Action("change", "reschedule 1"),),
    )
