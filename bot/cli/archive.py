"""`sidelines add` and `sidelines articles`: what goes into the archive and what is in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from bot.cli.common import WORKSPACE, json_option, now, opened_storage, print_json, progress_bar
from briefings.errors import FetchError, SidelinesError, UnreadableDocument

if TYPE_CHECKING:
    from datetime import datetime

    from briefings.ingest import Incoming
    from briefings.storage import Storage
    from briefings.types import Document, Outcome
    from config.settings import Settings

SUFFIXES = {".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml"}
"""Files that a folder's articles are looked for in."""

AT_ONCE = 200
"""Articles read before they are stored together."""


class Refusal(Struct, frozen=True):
    """An input that was not taken, and why."""

    name: str
    reason: str


@click.command(short_help="Add articles: files, folders, addresses, or - for input.")
@click.argument("what", nargs=-1, required=True, metavar="FILE, FOLDER, ADDRESS or - ...")
@json_option
def add(what: tuple[str, ...], as_json: bool) -> int:
    """Read articles and store them for everyone: plain text, Markdown and HTML files, folders of such, web
    addresses, `-` for standard input.

    An article that is already stored changes nothing; a changed one updates what is stored, and what was posted of it
    in the last three days. One refused file does not stop the others; the exit status is 1 when any was refused.
    """
    refusals: list[Refusal] = []
    names = list(_inputs(what, refusals))
    outcomes: list[Outcome] = []
    with opened_storage() as (settings, storage), progress_bar("Adding") as progress:
        for start in range(0, len(names), AT_ONCE):
            batch = names[start : start + AT_ONCE]
            moment = now()
            read = _read(batch, settings, refusals)
            done = storage.repeated(partial(_store, settings, storage, read, moment))
            outcomes += done
            if any(outcome.kind in NEWS for outcome in done):
                storage.subscriptions.wake_as_it_happens(moment)
            progress(start + len(batch), len(names))
        if outcomes:
            _index(settings, storage)
    for refusal in refusals:
        click.echo(f"sidelines: {refusal.name}: {refusal.reason}", err=True)
    if as_json:
        print_json({"articles": [_shape(outcome) for outcome in outcomes], "refused": refusals})
    else:
        _tell(outcomes, refusals)
    return 1 if refusals else 0


def _store(settings: Settings, storage: Storage, read: Sequence[Incoming], moment: datetime) -> list[Outcome]:
    """Store articles for everyone, and queue what follows for what was posted of them, all or nothing."""
    from bot.app import open_keywords
    from briefings.ingest import add as stored
    from briefings.types import EVERYONE
    from briefings.updates import UPDATES, queue

    with storage.writing():
        done = stored(storage, read, workspace=EVERYONE, now=moment)
        if any(outcome.kind in UPDATES for outcome in done):
            queue(storage, open_keywords(), settings.preferences, done, moment)
    return done


NEWS = {"new", "large update"}


@click.command(short_help="List the stored articles, newest first.")
@json_option
def articles(as_json: bool) -> int:
    """List the stored articles, newest first, with their sections."""
    from bot.cli import shapes
    from bot.render.plain_text import clean, date_words

    with opened_storage() as (_, storage):
        stored = storage.articles.all(WORKSPACE)
        if as_json:
            print_json([shapes.stored_article(article) for article in stored])
            return 0
        for article in stored:
            known = [clean(article.source)] if article.source else []
            known += [date_words(article.published)] if article.published else []
            click.echo(f"{article.id:>5}  {clean(article.title)}" + (f" ({', '.join(known)})" if known else ""))
            headings = [clean(section.heading) for section in article.sections if section.heading]
            if headings:
                click.echo(f"       {' · '.join(headings)}")
        if not storage.articles.count(WORKSPACE):
            click.echo("The archive is empty; add an article with `sidelines add FILE`.")
    return 0


def _inputs(what: Iterable[str], refusals: list[Refusal]) -> Iterator[str]:
    """The files and addresses to read, in a stable order, `-` for standard input."""
    for name in what:
        if name == "-" or _is_address(name):
            yield name
        elif Path(name).is_dir():
            found = sorted(_files(Path(name)))
            if not found:
                kinds = ", ".join(sorted(SUFFIXES))
                refusals.append(Refusal(name, f"no articles in this folder; it takes files ending in {kinds}."))
            yield from map(str, found)
        else:
            yield name


def _is_address(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in files:
            path = Path(place) / name
            # Only what is a file: a pipe of that name would be waited for without end.
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and not path.is_fifo():
                yield path


def _read(names: Iterable[str], settings: Settings, refusals: list[Refusal]) -> list[Incoming]:
    from briefings.documents import read
    from briefings.ingest import Incoming, from_file

    limit = settings.reading.limit
    incoming = []
    for name in names:
        try:
            if name == "-":
                incoming.append(Incoming(read(sys.stdin.buffer.read(limit + 1), limit=limit)))
            elif _is_address(name):
                incoming.append(Incoming(_page(name, settings)))
            else:
                incoming.append(from_file(read(_content(Path(name), limit), name=name, limit=limit), Path(name)))
        except (FetchError, UnreadableDocument) as error:
            shown = "standard input" if name == "-" else re.sub(r"(?<=//)[^/?#]*@", "***@", name)
            refusals.append(Refusal(shown, str(error)))
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            refusals.append(Refusal(name, f"{reason}; check the name and the permissions."))
    return incoming


def _page(address: str, settings: Settings) -> Document:
    """The article at a web address."""
    from bot.app.lookups import by_itself

    document: Document = by_itself(settings)(lambda finder: finder.article(address))
    return document


def _content(path: Path, limit: int) -> bytes:
    """The file's bytes, at most one more than the limit, so that a huge file costs no memory."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _index(settings: Settings, storage: Any) -> None:
    """Let the index follow at once; the articles are stored, so that a busy index only delays searching."""
    from bot.app import open_index, open_keywords

    try:
        with progress_bar("Indexing") as progress:
            open_index(settings, open_keywords(), storage=storage, progress=progress)
    except SidelinesError as error:
        click.echo(f"sidelines: stored, but not yet searchable: {error}", err=True)


def _tell(outcomes: list[Outcome], refusals: list[Refusal]) -> None:
    from bot.render.plain_text import clean

    if len(outcomes) <= 10:
        for outcome in outcomes:
            click.echo(f"{WORDS[outcome.kind]} {outcome.article}: {clean(outcome.title)}")
    counts = dict.fromkeys(("added", "updated", "unchanged"), 0)
    for outcome in outcomes:
        counts[WORDS[outcome.kind]] += 1
    if refusals:
        counts["refused"] = len(refusals)
    click.echo(", ".join(f"{count} {word}" for word, count in counts.items()))


WORDS = {"new": "added", "small update": "updated", "large update": "updated", "unchanged": "unchanged"}


def _shape(outcome: Outcome) -> dict[str, Any]:
    return {"id": outcome.article, "title": outcome.title, "outcome": WORDS[outcome.kind]}
