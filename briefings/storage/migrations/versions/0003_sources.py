"""Feeds, the sources that read them, the entries they listed, and articles that were no news when they came.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "articles",
        sa.Column(
            "backlog",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="it came with the first look at a source",
        ),
    )
    op.create_table(
        "feeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("health", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=True),
        sa.Column("last_fetch", sa.BigInteger(), nullable=True),
        sa.Column("last_good", sa.BigInteger(), nullable=True),
        sa.Column("last_news", sa.BigInteger(), nullable=True),
        sa.Column("next_fetch", sa.BigInteger(), nullable=True),
        sa.Column(
            "every", sa.BigInteger(), nullable=True, comment="milliseconds that its server asks to be left alone"
        ),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("lease", sa.BigInteger(), nullable=True, comment="until when a process holds it"),
        sa.Column("holder", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("url", name=op.f("uq_feeds_url")),
        comment="each is fetched once, however many workspaces read it",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feeds_next_fetch"), "feeds", ["next_fetch"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False, comment="'*' is every workspace"),
        sa.Column("feed", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column(
            "first_read",
            sa.BigInteger(),
            nullable=True,
            comment="when its feed was first read for it; what it listed then is no news",
        ),
        sa.UniqueConstraint("workspace", "feed", name=op.f("uq_sources_workspace_feed")),
        sa.ForeignKeyConstraint(["feed"], ["feeds.id"], name=op.f("fk_sources_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sources_feed"), "sources", ["feed"], unique=False)
    op.create_table(
        "seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True, comment="canonical"),
        sa.Column("digest", sa.String(), nullable=False, comment="of title and text"),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=True),
        sa.Column("entry", sa.Text(), nullable=True, comment="JSON of what the feed says of it, until it is stored"),
        sa.ForeignKeyConstraint(["feed"], ["feeds.id"], name=op.f("fk_seen_feed"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seen")),
        comment="entries that feeds listed",
    )
    for column in ("guid", "url", "digest", "state"):
        op.create_index(op.f(f"ix_seen_feed_{column}"), "seen", ["feed", column], unique=False)
