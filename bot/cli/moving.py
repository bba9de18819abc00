"""`sidelines move`: everything in one database, copied into another."""

from contextlib import ExitStack
from datetime import timedelta

import click

from bot.cli.common import now, progress_bar
from briefings.errors import SidelinesError

LATELY = timedelta(minutes=2)
"""Within which a process that runs has said so."""


@click.command(short_help="Copy everything from one database into another.")
@click.option("--from", "source", required=True, metavar="ADDRESS", help="Such as sqlite:////srv/sidelines.db.")
@click.option("--to", "target", required=True, metavar="ADDRESS", help="Such as postgresql://user:password@host/name.")
def move(source: str, target: str) -> int:
    """Copy everything from one database into another that is empty, from SQLite to PostgreSQL or back.

    Stop the program first. The first database stays as it is; set DATABASE_URL to the second afterwards. What was cut
    short left nothing behind, and can be repeated; so can what was done.
    """
    from bot.app.single import only_one
    from briefings.storage.moving import move as moved

    with ExitStack() as alone, progress_bar("Moving") as progress:
        for address in (source, target):
            alone.enter_context(only_one(address))
            _must_be_quiet(address)
        counts = moved(source, target, progress)
    for table, count in counts.items():
        click.echo(f"{count:>9}  {table}")
    click.echo(f"{sum(counts.values())} rows are in both. Set DATABASE_URL to the second address, and start Sidelines.")
    return 0


def _must_be_quiet(address: str) -> None:
    """Raises SidelinesError when some process runs on a database that others may share."""
    from briefings.storage import Storage
    from briefings.storage.engine import Database
    from briefings.storage.migrations import NEWEST

    database = Database(address)
    try:
        if not database.shared or database.revision() != NEWEST:
            return
        if any(each.seen > now() - LATELY for each in Storage(database).processes.list()):
            raise SidelinesError(
                f"Sidelines runs on {database.name}; stop it first. A killed one counts for 2 minutes."
            )
    finally:
        database.close()
