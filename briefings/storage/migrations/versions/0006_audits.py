"""The audit: what became of every slot, also of those with nothing to deliver.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "subscriptions",
        sa.Column(
            "first_slot",
            sa.String(),
            nullable=True,
            comment="from here on the audit counts: since it was made, changed or let go on",
        ),
    )
    op.execute(sa.text("UPDATE subscriptions SET first_slot = next_slot"))
    op.add_column(
        "deliveries",
        sa.Column(
            "first_slot",
            sa.String(),
            nullable=True,
            comment="the first that it serves; those up to its own were missed",
        ),
    )
    op.create_table(
        "empty_slots",
        sa.Column("subscription", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column(
            "first_slot",
            sa.String(),
            nullable=True,
            comment="the first that was passed with it; those in between were missed",
        ),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription"],
            ["subscriptions.id"],
            name=op.f("fk_empty_slots_subscription"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscription", "slot", name=op.f("pk_empty_slots")),
        comment="slots at which there was nothing to deliver, for the audit",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_empty_slots_passed"), "empty_slots", ["passed"], unique=False)
    op.create_table(
        "audits",
        sa.Column("day", sa.String(), nullable=False, comment="UTC date; one process a day makes it"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_audits")),
    )
