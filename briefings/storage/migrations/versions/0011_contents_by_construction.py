"""PostgreSQL looks no more at each new delivery's content, which cost a fifth of what queueing in a storm costs.

It is stored, or found, in the transaction that stores the delivery, and is swept away by nobody meanwhile.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_deliveries_content", "deliveries", type_="foreignkey")
