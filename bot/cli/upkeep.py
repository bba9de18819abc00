"""`sidelines migrate`, `reindex`, `disconnect`: what is stored or derived from it, made good or given up."""

import click

from bot.cli.common import load_settings, opened_storage, progress_bar
from briefings.errors import SidelinesError


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
    from bot.app import index_as_it_is, open_keywords

    with opened_storage() as (settings, storage), progress_bar("Indexing") as progress:
        index = index_as_it_is(settings, open_keywords())
        count = index.rebuild(storage.articles, progress)
    click.echo(f"{count} {'article is' if count == 1 else 'articles are'} indexed.")
    return 0


@click.command(short_help="Delete the stored tokens of Slack.")
@click.confirmation_option("--yes", prompt="Every workspace has to install again then. Delete all stored tokens?")
def disconnect() -> int:
    """Delete the tokens of Slack that were stored by OAuth, as when the key that encrypted them is lost.

    Subscriptions and settings stay, and go on when their workspace installs again.
    """
    from bot.connectors.slack.vault import Vault

    with opened_storage() as (settings, storage):
        slack = settings.slack
        if not slack.client_id:
            raise SidelinesError("SLACK_CLIENT_ID is not set, so it is not known which app's tokens to delete.")
        count = Vault(storage.database.engine, slack.client_id, slack.encryption_keys).clear()
    click.echo(f"The tokens of {count} workspace{'' if count == 1 else 's'} are deleted.")
    return 0
