"""Contents of deliveries, each stored once however many channels get it: they never change once stored."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, delete, select

from briefings.storage.engine import Database
from briefings.storage.tables import contents, deliveries
from briefings.types import Content


def store(database: Database, connection: Connection, bodies: Sequence[Content]) -> list[int]:
    """The numbers under which `bodies` are stored, in their order, storing those that were not.

    They stay until the transaction ends, in which something is to have them.
    """
    database.hold("contents", shared=True)
    encoded = {id(body): msgspec.json.encode(body) for body in {id(body): body for body in bodies}.values()}
    digests = {place: hashlib.sha256(body).hexdigest() for place, body in encoded.items()}
    new = {digests[place]: body.decode() for place, body in encoded.items()}
    statement = database.insert(contents).on_conflict_do_nothing(index_elements=[contents.c.digest])
    if new:
        connection.execute(statement, [{"digest": digest, "body": body} for digest, body in sorted(new.items())])
    ids: dict[str, int] = {}
    wanted = list(new)
    for start in range(0, len(wanted), PARAMETERS):
        of_these = contents.c.digest.in_(wanted[start : start + PARAMETERS])
        ids.update(connection.execute(select(contents.c.digest, contents.c.id).where(of_these)).all())
    return [ids[digests[id(body)]] for body in bodies]


def sweep(database: Database) -> None:
    """Delete the contents that no delivery has."""
    with database.writing() as connection:
        database.hold("contents")
        connection.execute(delete(contents).where(contents.c.id.not_in(select(deliveries.c.content))))


@lru_cache(maxsize=256)
def read(body: str) -> Content:
    """The content of a stored body; equal bodies in one storm of deliveries are read once."""
    return _decoder.decode(body)


PARAMETERS = 800
"""Values in one statement, below what any SQLite takes (999 before 3.32)."""

_decoder: msgspec.json.Decoder[Content] = msgspec.json.Decoder(Content)
