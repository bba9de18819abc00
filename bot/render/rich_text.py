"""Any content as rich text, for a terminal that a person watches. Pure; `plain_text` says the same without colour.

Outside text is cleaned and never read as markup, so nothing in it can steer the terminal.
"""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.render.plain_text import LATE, clean, content_text, date_words, due_words, updated_words
from briefings.types import Action, Answer, Briefing, Content, Head, Item, Listing, Notice, Quote, Story

HEADLINE, HEADING, QUIET, LINK, COMMAND = "bold cyan", "bold", "dim", "blue", "green"
LEVELS = {"info": "", "refused": "yellow", "problem": "bold red"}


def layout(content: Content) -> RenderableType:
    """A content laid out for a rich console; print it without cropping, which would cut long links."""
    match content:
        case Briefing():
            lines = _briefing(content)
        case Answer(quotes=(_, *_)):
            lines = _answer(content)
        case Listing():
            lines = _listing(content)
        case Notice(text=text, level=level):
            lines = iter([_indented(Text(clean(line), LEVELS[level]), _margin(line)) for line in text.split("\n")])
        case _:
            return Text(content_text(content, width=10_000), LEVELS["refused"])
    return Group(*lines, *_hints(content.actions))


def _briefing(briefing: Briefing) -> Iterator[RenderableType]:
    head = [Text(clean(briefing.topic), HEADING)] if briefing.topic else []
    if briefing.due:
        head.append(Text(due_words(briefing), QUIET))
    if briefing.late:
        head.append(Text(LATE, LEVELS["refused"]))
    if briefing.updated:
        head.append(Text(updated_words(briefing), HEADING))
    if head:
        yield Text(" · ").join(head)
        yield Text()
    if not briefing.stories:
        yield Text("No new stories.")
    for number, story in enumerate(briefing.stories):
        yield from [Text()] * bool(number)
        yield from _story(story)
    if briefing.more:
        yield Text(f"\n{len(briefing.more)} more:", QUIET)
        yield from (_row(_titled(head)) for head in briefing.more)


def _story(story: Story) -> Iterator[RenderableType]:
    yield Text(clean(story.article.title), HEADLINE)
    yield from _origin(story.article)
    for section in story.sections:
        yield Text()
        if section.heading:
            yield _indented(Text(clean(section.heading), HEADING), 2)
        for telling in section.sentences:
            yield _row(Text(clean(telling.text)))
    if story.also_in:
        yield Text("\n  Also in:", QUIET)
        yield from (_row(_titled(head)) for head in story.also_in)


def _answer(answer: Answer) -> Iterator[RenderableType]:
    for number, quote in enumerate(answer.quotes):
        yield from [Text()] * bool(number)
        yield from _quote(quote)


def _quote(quote: Quote) -> Iterator[RenderableType]:
    yield Text(f"“{clean(quote.text)}”")
    cited = Text(clean(quote.article.title), HEADLINE)
    if quote.heading:
        cited.append(" — ", QUIET).append(clean(quote.heading), HEADING)
    yield _indented(cited, 4)
    yield from _origin(quote.article, 4)


def _listing(listing: Listing) -> Iterator[RenderableType]:
    yield Text(clean(listing.title), HEADING)
    if not listing.items and listing.empty:
        yield Text(clean(listing.empty))
    for item in listing.items:
        yield from _item(item)


def _item(item: Item) -> Iterator[RenderableType]:
    yield _row(Text(clean(item.label)))
    for line in item.detail.splitlines():
        yield _indented(Text(clean(line), QUIET), 4)
    if item.url:
        yield _link(item.url, 4)
    yield from (_indented(hint, 4) for hint in _hints(item.actions)[1:])


def _origin(head: Head, cells: int = 0) -> Iterator[RenderableType]:
    """Source and date of an article, then its link, as far as they are known."""
    words = [clean(head.source)] if head.source else []
    if head.published:
        words.append(date_words(head.published))
    if words:
        yield _indented(Text(", ".join(words), QUIET), cells)
    if head.url:
        yield _link(head.url, cells)


def _titled(head: Head) -> Text:
    return Text(clean(head.title)).append(f" ({clean(head.source)})" if head.source else "", QUIET)


def _link(url: str, cells: int) -> Text:
    """A link on one line whatever the width, so that terminals recognise it; padding would cut it."""
    return Text(" " * cells, no_wrap=True, overflow="ignore").append(clean(url), LINK)


def _hints(actions: Sequence[Action]) -> list[Text]:
    """What a button is on other platforms: the words to type; a blank line first."""
    if not actions:
        return []
    hints = [
        Text().append(clean(action.command), COMMAND).append(f" ({clean(action.label)})", QUIET) for action in actions
    ]
    return [Text(), Text().append("Type ", QUIET).append(Text(", ").join(hints))]


def _row(text: Text) -> Table:
    """A bulleted text whose further lines stand under its first word."""
    row = Table.grid(padding=0)
    row.add_row("  - ", text)
    return row


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indented(text: Text, cells: int) -> Padding:
    return Padding(text, (0, 0, 0, cells), expand=False)
