"""What is due in the order in which it is taken: in a storm all are due at one moment, and were sorted for each batch.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name, table, due in (
        ("ix_subscriptions_due", "subscriptions", "next_due"),
        ("ix_deliveries_outbox", "deliveries", "next_attempt"),
    ):
        waiting = sa.text(f"{due} IS NOT NULL")
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [due, "id"], sqlite_where=waiting, postgresql_where=waiting)
