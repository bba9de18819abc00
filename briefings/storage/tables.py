"""The schema. Times are integers: UTC milliseconds. Migrations build it step by step; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from briefings.storage.schema import Time
from briefings.storage.schema import metadata as metadata
from briefings.storage.tables_slack import slack_oauth_states as slack_oauth_states

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="'change' is the last number given to a changed article; its upper 31 bits tell databases apart",
)

articles = Table(
    "articles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("story", Integer, nullable=False, comment="id of the first article of the story"),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("source", Text),
    Column("byline", Text),
    Column("language", String),
    Column("published", Time),
    Column("arrived", Time, nullable=False, comment="when it counts as news"),
    Column("updated", Time, nullable=False),
    Column("change", BigInteger, nullable=False, unique=True),
    Column(
        "removed",
        Boolean,
        nullable=False,
        default=False,
        comment="kept as a mark for the index until it followed",
    ),
    Column(
        "backlog",
        Boolean,
        nullable=False,
        default=False,
        server_default=false(),
        comment="it came with the first look at a source",
    ),
    Index(None, "arrived"),
    Index(None, "story"),
    sqlite_autoincrement=True,
)

article_keys = Table(
    "article_keys",
    metadata,
    Column("kind", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("workspace", String, primary_key=True, comment="who handed it in: nobody changes another's articles"),
    Column("article", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    comment="identity: any match is the same article",
)

article_workspaces = Table(
    "article_workspaces",
    metadata,
    Column("article", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("workspace", String, primary_key=True, comment="'*' is every workspace"),
)

sections = Table(
    "sections",
    metadata,
    Column("article", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("heading", Text),
    Column("paragraphs", Text, nullable=False, comment="JSON: paragraphs, each a list of sentences"),
)

preferences = Table(
    "preferences",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("channel", String, primary_key=True, comment="'' for the whole workspace"),
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False, comment="JSON"),
)

topics = Table(
    "topics",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("key", String, primary_key=True, comment="the name, case folded"),
    Column("name", String, nullable=False),
    Column("query", Text, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("topic", Text, nullable=False, comment="as typed: a topic's name or a query"),
    Column("query", Text, nullable=False),
    Column("words", Text, nullable=False, comment="the schedule as shown"),
    Column("cron", Text, nullable=False, comment="five-field lines, one a line; empty: as it happens"),
    Column("zone", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text),
    Column("since", Time, nullable=False, comment="stories that arrived before are not its news"),
    Column("created", Time, nullable=False),
    Column("created_by", String),
    Column("next_slot", String),
    Column("next_due", Time),
    Column("last_delivered", Time),
    Column("first_slot", String, comment="from here on the audit counts: since it was made, changed or let go on"),
    Index(None, "workspace", "channel"),
    Index(
        "ix_subscriptions_due",
        "next_due",
        "id",
        sqlite_where=text("next_due IS NOT NULL"),
        postgresql_where=text("next_due IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # A number used again would find the slots of the subscription that had it before.
)

channel_stories = Table(
    "channel_stories",
    metadata,
    Column("channel", String, primary_key=True),
    Column("story", Integer, primary_key=True),
    Column("delivery", Integer, nullable=False),
    comment="a channel gets each story once",
    sqlite_with_rowid=False,
)

contents = Table(
    "contents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column(
        "body",
        Text,
        nullable=False,
        comment="JSON of a Briefing or another Content, shared by equal deliveries",
    ),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("subscription", Integer),
    Column("slot", String),
    Column("due", Time),
    Column("late", Boolean, nullable=False, default=False),
    Column("content", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt", Time, comment="null once finished"),
    Column("lease", Time, comment="until when a worker holds it"),
    Column("holder", String),
    Column("error", Text),
    Column("created", Time, nullable=False),
    Column("finished", Time),
    Column("follows", Integer, comment="a delivery"),
    Column(
        "edits",
        Boolean,
        nullable=False,
        default=False,
        server_default=false(),
        comment="it takes the place of what it follows; else it goes into its thread",
    ),
    Column("asked_by", String, comment="a person who asked for the post"),
    Column("first_slot", String, comment="the first that it serves; those up to its own were missed"),
    UniqueConstraint("subscription", "slot"),
    # PostgreSQL's look at it costs as much as the row; `contents.store` and `sweep` see to it there.
    ForeignKeyConstraint(["content"], ["contents.id"]).ddl_if(dialect="sqlite"),
    Index(
        "ix_deliveries_outbox",
        "next_attempt",
        "id",
        sqlite_where=text("next_attempt IS NOT NULL"),
        postgresql_where=text("next_attempt IS NOT NULL"),
    ),
    Index(
        None,
        "follows",
        sqlite_where=text("follows IS NOT NULL"),
        postgresql_where=text("follows IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

empty_slots = Table(
    "empty_slots",
    metadata,
    Column("subscription", ForeignKey("subscriptions.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", String, primary_key=True),
    Column("first_slot", String, comment="the first that was passed with it; those in between were missed"),
    Column("passed", Time, nullable=False),
    Index(None, "passed"),
    comment="slots at which there was nothing to deliver, for the audit",
    sqlite_with_rowid=False,
)

audits = Table(
    "audits",
    metadata,
    Column("day", String, primary_key=True, comment="UTC date; one process a day makes it"),
    Column("at", Time, nullable=False),
    Column("report", Text, nullable=False, comment="JSON"),
)

delivery_parts = Table(
    "delivery_parts",
    metadata,
    Column("delivery", ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("message", String, nullable=False),
    Column("sent", Time, nullable=False),
    Index(
        "ix_delivery_parts_in_doubt",
        "delivery",
        sqlite_where=text("message = ''"),
        postgresql_where=text("message = ''"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("event", String, primary_key=True, comment="the platform's id of something that a person did"),
    Column("holder", String, nullable=False, comment="the process that works on it"),
    Column("claimed", Time, nullable=False),
    Column("settled", Time, comment="null until it was answered"),
    comment="each is worked on once, however often a platform delivers it",
)

processes = Table(
    "processes",
    metadata,
    Column("id", String, primary_key=True),
    Column("serves", String, nullable=False, comment="connectors, joined by commas"),
    Column("started", Time, nullable=False),
    Column("seen", Time, nullable=False),
    comment="those that run say so twice a minute",
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("workspace", String, primary_key=True),
    Column("joined", Time),
    Column("left", Time, comment="null while the bot is there"),
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("site", Text),
    Column("health", String, nullable=False),
    Column("reason", Text),
    Column("failures", Integer, nullable=False),
    Column("changed", Time),
    Column("last_fetch", Time),
    Column("last_good", Time),
    Column("last_news", Time),
    Column("next_fetch", Time),
    Column("every", BigInteger, comment="milliseconds that its server asks to be left alone"),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("digest", String),
    Column("lease", Time, comment="until when a process holds it"),
    Column("holder", String),
    Index(None, "next_fetch"),
    comment="each is fetched once, however many workspaces read it",
    sqlite_autoincrement=True,  # Marks of its entries in article_keys outlive it.
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace", String, nullable=False, comment="'*' is every workspace"),
    Column("feed", ForeignKey("feeds.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("paused", Boolean, nullable=False, default=False),
    Column("added", Time, nullable=False),
    Column("added_by", String),
    Column("channel", String),
    Column("first_read", Time, comment="when its feed was first read for it; what it listed then is no news"),
    UniqueConstraint("workspace", "feed"),
    sqlite_autoincrement=True,
)

seen = Table(
    "seen",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed", ForeignKey("feeds.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    Column("guid", Text),
    Column("url", Text, comment="canonical"),
    Column("digest", String, nullable=False, comment="of title and text"),
    Column("first_seen", Time, nullable=False),
    Column("last_seen", Time, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text),
    Column("tries", Integer, nullable=False),
    Column("next_try", Time),
    Column("entry", Text, comment="JSON of what the feed says of it, until it is stored"),
    Index(None, "feed", "guid"),
    Index(None, "feed", "url"),
    Index(None, "feed", "digest"),
    Index(None, "feed", "state"),
    comment="entries that feeds listed",
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", Time, nullable=False, comment="by the database's clock"),
    comment="what one process at a time may do",
)

shares = Table(
    "shares",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("until", Time, nullable=False, comment="by the database's clock"),
    comment="how many of something that there is a number of each process may use",
)
