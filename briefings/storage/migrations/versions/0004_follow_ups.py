"""Deliveries that follow another: replies in its thread, and edits of what it posted.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("follows", sa.Integer(), nullable=True, comment="a delivery"))
    op.add_column(
        "deliveries",
        sa.Column(
            "edits",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="it takes the place of what it follows; else it goes into its thread",
        ),
    )
    given = sa.text("follows IS NOT NULL")
    op.create_index(
        op.f("ix_deliveries_follows"),
        "deliveries",
        ["follows"],
        unique=False,
        sqlite_where=given,
        postgresql_where=given,
    )
