"""INGEST: documents that were read become stored articles, or are recognised as ones that are.

A document is the same article as a stored one when any key agrees: a guid, the canonical address, or the fingerprint of
title and body. Dates never decide. A near-identical copy from another source joins the story. Nobody changes what
somebody else handed in: who may not change an article gets an own copy, in the same story.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import asdict, replace

from briefings.documents import canonical_url, fingerprint
from briefings.likeness import likeness, marks, text
from briefings.storage import Storage
from briefings.storage.articles import Match
from briefings.types import EVERYONE, Article, Document, Key, Kind, Outcome

BATCH = 200
"""Documents stored in one transaction: a killed process leaves whole articles only."""

DIFFERENT = 0.2
"""What has the id of an article, but shares less of its text than this with it, is another one.

Of 4,000 pairs of unrelated BBC articles half share less than 3 %, all less than 12 %; an article and its first
quarter 40 %.
"""

SMALL = 0.85
"""A text that shares at least this much with the stored one is a correction, less is an update of the story.

An article that grew by a third shares 86 %.
"""

COPY = 0.6
"""Articles of two sources that share at least this much are one story: an agency's text, cut or with a new opening."""

Progress = Callable[[int], None]
"""Told how many documents have been stored."""


class Incoming(Struct, frozen=True):
    """A document handed in, with the id that its feed or file gives it.

    `edit`: it may change what is stored of it; else only where it has more text. `own_url`: its address leads to it and
    not only to what it is about, so that the address identifies it.
    """

    document: Document
    guid: str | None = None
    edit: bool = True
    own_url: bool = True


class Decision(Struct, frozen=True, kw_only=True):
    """What to do with a document.

    `article` is the stored one that it is, None to add one; `story` the story that it then joins. `document` is what to
    store. `keys` are to mean the article from now on. `share`: it is there, but not yet seen by the workspace. `leave`
    is the article that the workspace sees no more, having its own copy now. `quiet` is the article that a new one
    differs too little from to be news.
    """

    kind: Kind
    document: Document
    keys: tuple[Key, ...]
    article: int | None = None
    story: int | None = None
    share: bool = False
    leave: int | None = None
    quiet: Article | None = None


def from_file(document: Document, path: Path) -> Incoming:
    """A document read from a file: the path identifies it as long as the text resembles what was there before."""
    return Incoming(document, f"{_FILE}{path.absolute()}")


def from_feed(document: Document, feed: int, guid: str | None, *, edit: bool, own_url: bool) -> Incoming:
    """A document that a feed listed: its guid identifies it there, unless address and text are both another's."""
    return Incoming(document, f"{_FEED}{feed}:{guid}" if guid else None, edit, own_url)


@lru_cache(maxsize=BATCH)  # Several workspaces are handed the same.
def keys(incoming: Incoming) -> tuple[Key, ...]:
    """The marks of identity of a document, strongest first, then those of its likeness."""
    document = incoming.document
    found = [Key("guid", incoming.guid)] if incoming.guid else []
    if document.url and incoming.own_url:
        found.append(Key("url", canonical_url(document.url)))
    if found and not document.sections:  # The weather of every day has the same headline.
        return tuple(found)
    found.append(Key("fingerprint", fingerprint(document)))
    return (*found, *(Key("likeness", mark) for mark in marks(document)))


def decide(
    document: Document,
    keys: Sequence[Key],
    matches: Sequence[Match],
    workspace: str,
    *,
    together: Collection[str] = (),
    edit: bool = True,
) -> Decision:
    """What to do with a document that carries `keys`, when `matches` are the stored articles that carry any of them.

    The workspaces in `together` are handed the same. Without `edit`, an article changes only by getting more text.
    """
    document = _storable(document)
    visible = [match for match in matches if match.workspace in (workspace, EVERYONE)]
    match = _same(document, keys, visible, workspace)
    if match is None:
        return _share_or_add(document, keys, matches, visible)
    stored = match.article
    by_text = match.key.kind == "fingerprint"
    merged = _merged(_document(stored), document) if by_text else _merged(document, _document(stored))
    if stored.published and any(key.kind == "guid" and key.value.startswith(_FEED) for key in keys):
        merged = replace(merged, published=stored.published)  # Some feeds date an article by its last correction.
    kind = _kind(merged, _document(stored))
    if not edit and len(text(merged)) <= len(text(stored)):
        kind = "unchanged"
    if kind != "unchanged" and workspace != EVERYONE and not match.viewers <= {workspace, *together}:
        if not by_text:
            return Decision(
                kind=kind if workspace in match.viewers else "new",
                document=document,
                keys=tuple(keys),
                story=stored.story,
                leave=stored.id if workspace in match.viewers else None,
                quiet=stored if kind == "small update" else None,
            )
        kind = "unchanged"  # The same text with more known about it is no reason for a copy.
    known = {each.key for each in visible if each.article.id == stored.id}
    if kind == "unchanged":  # A mark of likeness may have gone to a later copy, which stands for the story as well.
        known.update(key for key in keys if key.kind == "likeness")
    missing = tuple(key for key in keys if key not in known)
    return Decision(kind=kind, document=merged, keys=missing, article=stored.id)


def add(
    storage: Storage,
    incoming: Iterable[Incoming],
    *,
    workspace: str,
    now: datetime,
    backlog: datetime | None = None,
    together: Collection[str] = (),
    progress: Progress | None = None,
) -> list[Outcome]:
    """Store documents for `workspace` and tell what became of each, in order. Raises StorageError.

    `backlog`: new ones were there when a source was added, and count as having arrived then. `together` are workspaces
    that are handed the same in the same transaction: what they share they go on sharing when it changes. Read and cut
    documents before: nobody else stores articles meanwhile.
    """
    outcomes: list[Outcome] = []
    for batch in _batches(incoming):
        with storage.writing():
            storage.articles.hold()
            outcomes += [_store(storage, each, workspace, now, backlog, together) for each in batch]
        if progress is not None:
            progress(len(outcomes))
    return outcomes


def _store(
    storage: Storage,
    incoming: Incoming,
    workspace: str,
    now: datetime,
    backlog: datetime | None,
    together: Collection[str],
) -> Outcome:
    articles = storage.articles
    identity = keys(incoming)
    matches = articles.matching(identity, workspace)
    decision = decide(incoming.document, identity, matches, workspace, together=together, edit=incoming.edit)
    document, article = decision.document, decision.article
    if decision.leave is not None:
        articles.remove(decision.leave, workspace=workspace)
    if article is None:
        quiet = decision.quiet
        arrived, old = (quiet.arrived, quiet.backlog) if quiet else (backlog or now, backlog is not None)
        article = articles.add(
            document, keys=decision.keys, workspace=workspace, now=arrived, story=decision.story, backlog=old
        )
    elif decision.kind == "unchanged":
        articles.identify(article, keys=decision.keys, workspace=workspace)
        if decision.share:
            articles.share(article, workspace=workspace)
    else:
        news = decision.kind == "large update"
        articles.update(article, document, keys=decision.keys, workspace=workspace, now=now, news=news)
    return Outcome(decision.kind, article, document.title, decision.leave)


def _batches(incoming: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    rest = iter(incoming)
    while batch := list(islice(rest, BATCH)):
        yield batch


# Deciding ---------------------------------------------------------------------------------------------------

_FILE = "file:"
_FEED = "feed:"


def _same(document: Document, keys: Sequence[Key], matches: Sequence[Match], workspace: str) -> Match | None:
    """The match to trust: the strongest key decides, one's own article goes before everyone's."""
    order = {key: place for place, key in enumerate(keys)}
    exact = [match for match in matches if match.key.kind != "likeness"]
    best = sorted(exact, key=lambda m: (order[m.key], m.workspace != workspace))
    return next((match for match in best if not _replaced(document, match)), None)


def _replaced(document: Document, match: Match) -> bool:
    """Whether a file, or an id that a feed gave at another address, now means another article than it did."""
    id = match.key.value if match.key.kind == "guid" else ""
    elsewhere = document.url and match.article.url and canonical_url(document.url) != canonical_url(match.article.url)
    reused = id.startswith(_FILE) or (id.startswith(_FEED) and elsewhere)
    return bool(reused) and likeness(document, match.article) < DIFFERENT


def _share_or_add(
    document: Document, keys: Sequence[Key], matches: Sequence[Match], visible: Sequence[Match]
) -> Decision:
    for match in matches:
        if match.key.kind == "fingerprint" and _document(match.article) == document:
            stored = match.article.id
            return Decision(kind="unchanged", document=document, keys=tuple(keys), article=stored, share=True)
    return Decision(kind="new", document=document, keys=tuple(keys), story=_story(document, visible))


def _story(document: Document, matches: Sequence[Match]) -> int | None:
    """The story of the article that this copies from another source; one source repeats its own forms of words."""
    copied = [
        (likeness(document, match.article), match.article.story)
        for match in matches
        if match.key.kind == "likeness" and _origin(match.article) != _origin(document)
    ]
    alike, story = max(copied, default=(0.0, 0))
    return story if alike >= COPY else None


def _origin(document: Document) -> str | None:
    return document.source or (urlsplit(document.url).hostname if document.url else None)


def _merged(first: Document, second: Document) -> Document:
    """The first document, with what only the second knows."""
    return replace(second, **{name: value for name, value in asdict(first).items() if value is not None})


def _kind(document: Document, stored: Document) -> Kind:
    if document == stored:
        return "unchanged"
    if text(document) == text(stored) or likeness(document, stored) >= SMALL:
        return "small update"
    return "large update"


def _document(stored: Document) -> Document:
    return Document(**{name: getattr(stored, name) for name in Document.__struct_fields__})


def _storable(document: Document) -> Document:
    """As it will come back: times are stored in milliseconds, and no database takes half a character or a NUL."""
    texts = {name: value for name, value in asdict(document).items() if isinstance(value, str)}
    clean = {name: value.replace("\0", "").encode("utf-8", "replace").decode() for name, value in texts.items()}
    if clean != texts:
        document = replace(document, **clean)
    if document.published is None:
        return document
    finer = timedelta(microseconds=document.published.microsecond % 1000)
    return replace(document, published=document.published - finer)
