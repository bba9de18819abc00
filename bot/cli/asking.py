"""`sidelines ask`: an answer from the index alone, so that it comes at once."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import click

from bot.cli.common import ASKER, WORKSPACE, json_option, load_settings, now, print_json, print_reply, progress_bar
from briefings.errors import IndexUnavailable, SidelinesError, StorageError

if TYPE_CHECKING:
    from bot.commands.context import Context


@click.command(short_help="Answer a question in quoted, cited sentences.")
@click.argument("question", nargs=-1, required=True)
@click.option("--in", "place", default="", metavar="PLACE", help="Look only in this article, section or topic.")
@click.option("--since", default="", metavar="DAY", help="Look only in articles since then: monday, 2026-05-14, May.")
@json_option
def ask(question: tuple[str, ...], place: str, since: str, as_json: bool) -> int:
    """Answer QUESTION in up to three quoted sentences, best first, each with its article and section.

    PLACE is a headline, the heading of a section, the number of either, or the name of a topic. The question may say
    so itself: "in HEADLINE: what does it cost since Monday?". When nothing stored supports an answer it says so, with
    exit status 1.
    """
    from bot.app import build_commands, index_as_it_is, open_index, open_keywords, open_storage
    from bot.commands.asking import reply_to

    settings = load_settings()
    keywords = open_keywords()
    try:
        with progress_bar("Indexing") as progress:
            index = open_index(settings, keywords, progress=progress)
    except (IndexUnavailable, StorageError) as error:
        index = index_as_it_is(settings, keywords)
        if not index.last_change:
            raise
        click.echo(f"sidelines: searching what was indexed before: {error}", err=True)
    at = now()
    with ExitStack() as opened:

        @cache
        def context() -> Context:
            storage = opened.enter_context(open_storage(settings))
            return build_commands(settings, storage, index, keywords).context(ASKER, at)

        reply = reply_to(
            " ".join(question),
            index,
            keywords,
            workspace=WORKSPACE,
            now=at,
            context=context,
            place=place,
            since=since,
        )
    if not as_json:
        return print_reply(reply)
    from bot.cli import shapes
    from briefings.types import Answer, Notice

    for content in reply.contents:
        if isinstance(content, Answer):
            print_json(shapes.answer(content))
        elif isinstance(content, Notice):
            raise SidelinesError(content.text)
    return 0 if reply.found else 1
