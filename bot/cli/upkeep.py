"""`sidelines migrate` and `reindex`: bring what is stored, and what is derived from it, up to this version."""

import click

from bot.cli.common import load_settings, opened_storage, progress_bar


@click.command(short_help="Bring the database up to this version.")
def migrate() -> int:
    """Bring the database up to this version; data written by a newer one is left untouched."""
    from briefings.storage.engine import Database

    settings = load_settings()
    settings.data_folder()
    database = Database(settings.data.database_url.reveal())
    try:
        changed = database.migrate()
    finally:
        database.close()
    click.echo(f"{database.name} is {'now' if changed else 'already'} up to date.")
    return 0


@click.command(short_help="Build the search index anew.")
def reindex() -> int:
    """Build the search index anew from the database, as after a damaged disk; nothing is lost by it."""
    from bot.app import INDEX, open_keywords
    from briefings.index import Index

    with opened_storage() as (settings, storage), progress_bar("Indexing") as progress:
        index = Index.open(settings.data_folder() / INDEX, open_keywords())
        count = index.rebuild(storage.articles, progress)
    click.echo(f"{count} {'article is' if count == 1 else 'articles are'} indexed.")
    return 0
