"""Parts in doubt can be found at once: what they are of is claimed before all else.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    doubt = sa.text("message = ''")
    op.create_index(
        "ix_delivery_parts_in_doubt", "delivery_parts", ["delivery"], sqlite_where=doubt, postgresql_where=doubt
    )
