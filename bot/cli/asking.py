"""`sidelines ask`: an answer from the index alone, so that it comes at once."""

import click

from bot.cli.common import WORKSPACE, json_option, load_settings, now, print_json, print_reply, progress_bar


@click.command(short_help="Answer a question in quoted, cited sentences.")
@click.argument("question", nargs=-1, required=True)
@json_option
def ask(question: tuple[str, ...], as_json: bool) -> int:
    """Answer QUESTION in up to three quoted sentences, best first, each with its article and section.

    When nothing stored supports an answer it says so, with exit status 1.
    """
    from bot.app import open_index, open_keywords
    from bot.commands.asking import ask as answered

    settings = load_settings()
    keywords = open_keywords()
    with progress_bar("Indexing") as progress:
        index = open_index(settings, keywords, progress=progress)
    reply = answered(" ".join(question), index, keywords, workspace=WORKSPACE, now=now())
    if not as_json:
        return print_reply(reply)
    from bot.cli import shapes
    from briefings.types import Answer

    for content in reply.contents:
        if isinstance(content, Answer):
            print_json(shapes.answer(content))
    return 0 if reply.found else 1
