"""Posts know who asked for them.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "deliveries", sa.Column("asked_by", sa.String(), nullable=True, comment="a person who asked for the post")
    )
