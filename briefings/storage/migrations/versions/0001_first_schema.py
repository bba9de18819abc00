"""The first schema.

Revision ID: 0001
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables()
    # An index that followed one database must not be taken for an index of another.
    counters = sa.table("counters", sa.column("name"), sa.column("value"))
    op.execute(counters.insert().values(name="change", value=secrets.randbits(31) << 32))


def tables() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("story", sa.Integer(), nullable=False, comment="id of the first article of the story"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("byline", sa.Text(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("published", sa.BigInteger(), nullable=True),
        sa.Column("arrived", sa.BigInteger(), nullable=False, comment="when it counts as news"),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False, comment="kept as a mark for the index until it followed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("change", name=op.f("uq_articles_change")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_articles_arrived"), "articles", ["arrived"], unique=False)
    op.create_index(op.f("ix_articles_story"), "articles", ["story"], unique=False)
    op.create_table(
        "channel_stories",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("story", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "story", name=op.f("pk_channel_stories")),
        comment="a channel gets each story once",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="JSON of a Briefing or another Content, shared by equal deliveries",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contents")),
        sa.UniqueConstraint("digest", name=op.f("uq_contents_digest")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
        comment="'change' is the last number given to a changed article; its upper 31 bits tell databases apart",
    )
    op.create_table(
        "preferences",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False, comment="'' for the whole workspace"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("workspace", "channel", "name", name=op.f("pk_preferences")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False, comment="as typed: a topic's name or a query"),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False, comment="the schedule as shown"),
        sa.Column("cron", sa.Text(), nullable=False, comment="five-field lines, one a line; empty: as it happens"),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="stories that arrived before are not its news"),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("next_slot", sa.String(), nullable=True),
        sa.Column("next_due", sa.BigInteger(), nullable=True),
        sa.Column("last_delivered", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_subscriptions_due",
        "subscriptions",
        ["next_due"],
        unique=False,
        sqlite_where=sa.text("next_due IS NOT NULL"),
        postgresql_where=sa.text("next_due IS NOT NULL"),
    )
    op.create_index(op.f("ix_subscriptions_workspace_channel"), "subscriptions", ["workspace", "channel"], unique=False)
    op.create_table(
        "topics",
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="the name, case folded"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "key", name=op.f("pk_topics")),
    )
    op.create_table(
        "article_keys",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column(
            "workspace", sa.String(), nullable=False, comment="who handed it in: nobody changes another's articles"
        ),
        sa.Column("article", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_article_keys_article"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kind", "value", "workspace", name=op.f("pk_article_keys")),
        comment="identity: any match is the same article",
    )
    op.create_index(op.f("ix_article_keys_article"), "article_keys", ["article"], unique=False)
    op.create_table(
        "article_workspaces",
        sa.Column("article", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False, comment="'*' is every workspace"),
        sa.ForeignKeyConstraint(
            ["article"], ["articles.id"], name=op.f("fk_article_workspaces_article"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article", "workspace", name=op.f("pk_article_workspaces")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("subscription", sa.Integer(), nullable=True),
        sa.Column("slot", sa.String(), nullable=True),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt", sa.BigInteger(), nullable=True, comment="null once finished"),
        sa.Column("lease", sa.BigInteger(), nullable=True, comment="until when a worker holds it"),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("subscription", "slot", name=op.f("uq_deliveries_subscription_slot")),
        sa.ForeignKeyConstraint(["content"], ["contents.id"], name=op.f("fk_deliveries_content")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_deliveries_outbox",
        "deliveries",
        ["next_attempt"],
        unique=False,
        sqlite_where=sa.text("next_attempt IS NOT NULL"),
        postgresql_where=sa.text("next_attempt IS NOT NULL"),
    )
    op.create_table(
        "sections",
        sa.Column("article", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=True),
        sa.Column("paragraphs", sa.Text(), nullable=False, comment="JSON: paragraphs, each a list of sentences"),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_sections_article"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article", "position", name=op.f("pk_sections")),
    )
    op.create_table(
        "delivery_parts",
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.id"], name=op.f("fk_delivery_parts_delivery"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery", "part", name=op.f("pk_delivery_parts")),
    )
