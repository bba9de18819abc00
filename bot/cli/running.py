"""`sidelines run`: everything that is configured, until it is told to stop."""

import click

from bot.cli.common import load_settings, progress_bar


@click.command(short_help="Serve what is configured, or a session in this terminal.")
@click.option("--session", is_flag=True, help="Open a session here too when chat platforms are configured.")
@click.option(
    "--only",
    type=click.Choice(["slack", "discord", "worker"]),
    multiple=True,
    help="Do this alone, and leave the rest to other processes on the same PostgreSQL; may be repeated.",
)
def run(session: bool, only: tuple[str, ...]) -> int:
    """Publish and deliver briefings on time, and answer questions, until told to stop.

    With no chat platform configured this is a session here: type `help` in it. When standard input is no terminal,
    commands are read from it line by line. The first start adds an article to try things on.
    """
    from bot.app import run as serve

    return serve(load_settings(), progress_bar("Indexing"), session=session, only=only)
