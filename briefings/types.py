"""The vocabulary: frozen values handed between modules.

Times are aware datetimes in UTC. Places count from 0. A `workspace` and a `channel` are opaque names
that only their connector takes apart ("terminal", "terminal:#world").
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

EVERYONE = "*"
"""The workspace of articles that an operator put in for all workspaces."""

Style = Literal["headlines", "brief", "full"]


# Reading ----------------------------------------------------------------------------------------------------


class Section(Struct, frozen=True):
    """A headed piece of an article; `heading` is None for the lead.

    `paragraphs` holds each paragraph as its sentences, word for word, white space folded to single spaces.
    """

    heading: str | None
    paragraphs: tuple[tuple[str, ...], ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences of the section, in order."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)


class Document(Struct, frozen=True, kw_only=True):
    """What reading makes of a text or page: everything known before it is stored."""

    title: str
    sections: tuple[Section, ...]
    url: str | None = None
    source: str | None = None
    byline: str | None = None
    published: datetime | None = None
    language: str | None = None


class Key(Struct, frozen=True):
    """One mark of identity: a `guid`, a canonical `url`, or a `fingerprint` of title and body.

    A mark of `likeness` is none: it finds texts that may be nearly the same.
    """

    kind: Literal["guid", "url", "fingerprint", "likeness"]
    value: str


class Head(Struct, frozen=True, kw_only=True):
    """What a citation or a list shows of an article; `id` is 0 for one that was read and not stored."""

    id: int
    title: str
    url: str | None = None
    source: str | None = None
    published: datetime | None = None


class Article(Document, frozen=True, kw_only=True):
    """A stored document. Near-identical articles share one `story`; `arrived` is when it counts as news.

    `change` is its place in the sequence of changes that the search index follows. `backlog`: its source listed it when
    it was first read, so that it is no news to those who had subscribed by then, unless its date is later than that.
    """

    id: int
    story: int
    arrived: datetime
    updated: datetime
    change: int
    backlog: bool = False

    @property
    def head(self) -> Head:
        """What a citation or a list shows of it."""
        return Head(id=self.id, title=self.title, url=self.url, source=self.source, published=self.published)


Kind = Literal["new", "unchanged", "small update", "large update"]
"""What a document is to who hands it in."""


class Outcome(Struct, frozen=True):
    """What became of a document, and the id of its article; `before` is that of the article it replaces, if any."""

    kind: Kind
    article: int
    title: str
    before: int | None = None


class Change(Struct, frozen=True, kw_only=True):
    """What the search index should know after change `number`: `article` is None when nobody sees it any more."""

    number: int
    id: int
    article: Article | None
    workspaces: tuple[str, ...]


# Condensing and answering -----------------------------------------------------------------------------------


class Telling(Struct, frozen=True):
    """A sentence chosen for what it tells, with its place within the section."""

    text: str
    paragraph: int
    sentence: int


class CondensedSection(Struct, frozen=True):
    """The telling sentences of one section, in the article's order; `section` is its place in the article."""

    heading: str | None
    section: int
    sentences: tuple[Telling, ...]


class Action(Struct, frozen=True):
    """A button, or in the terminal a hint. `command` is what pressing it types; it holds ids, never outside text."""

    label: str
    command: str


class Story(Struct, frozen=True):
    """One article in a briefing, condensed. No sections: headline and link only."""

    article: Head
    sections: tuple[CondensedSection, ...]
    language: str | None = None
    also_in: tuple[Head, ...] = ()


class Briefing(Struct, frozen=True, tag="briefing", kw_only=True):
    """What one subscription gets at one slot, or one person on asking. `more` counts stories left out."""

    topic: str | None
    stories: tuple[Story, ...]
    more: tuple[Head, ...] = ()
    due: datetime | None = None
    late: bool = False
    ping: str = ""
    """The role that is called, as its platform names it: "@123". Only a channel's own preference puts one in."""
    actions: tuple[Action, ...] = ()
    updated: datetime | None = None
    """When stories in it were told anew, on the channel's clock."""


class Quote(Struct, frozen=True, kw_only=True):
    """Cited words: `text` stands word for word in the section, beginning at `paragraph` and `sentence`."""

    text: str
    article: Head
    heading: str | None
    section: int
    paragraph: int
    sentence: int
    score: float


class Scope(Struct, frozen=True, kw_only=True):
    """The part of the archive that a question is asked of; without any of these, all that the workspace sees.

    `articles` are ids, `section` is a place within them. An article is from the time it was published, or else came:
    `since` then or later, before `until`.
    """

    articles: frozenset[int] | None = None
    section: int | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYWHERE = Scope()


class Answer(Struct, frozen=True, tag="answer", kw_only=True):
    """Up to three quotes, best first; none means that the archive has nothing, `nearest` being the closest headline.

    `where` says in words in which part of the archive was looked ("since Mon 16 Nov"), nothing for all of it.
    """

    question: str
    looked_for: tuple[str, ...]
    quotes: tuple[Quote, ...]
    nearest: Head | None = None
    where: str = ""
    actions: tuple[Action, ...] = ()


class Item(Struct, frozen=True):
    """One row of a listing."""

    label: str
    detail: str = ""
    url: str | None = None
    actions: tuple[Action, ...] = ()


class Listing(Struct, frozen=True, tag="listing"):
    """A titled list. `empty` is what to say when it has no items: why, and what to do.

    `whole` are the words that list all of it, for where only a part has room.
    """

    title: str
    items: tuple[Item, ...]
    empty: str = ""
    actions: tuple[Action, ...] = ()
    whole: str = ""


class Notice(Struct, frozen=True, tag="notice"):
    """The bot's own short text. `level`: done or told, refused (a person's input), or a problem (needs somebody).

    `code` is to be copied as it is.
    """

    text: str
    level: Literal["info", "refused", "problem"] = "info"
    actions: tuple[Action, ...] = ()
    code: bool = False


Content = Briefing | Answer | Listing | Notice


class Reply(Struct, frozen=True):
    """What a typed command gives back. `found` is False when nothing was found or the input was refused."""

    contents: tuple[Content, ...]
    private: bool = False
    found: bool = True


# Schedules --------------------------------------------------------------------------------------------------


class Schedule(Struct, frozen=True):
    """When a subscription is due: `words` to show, five-field `cron` lines, an IANA `zone`.

    No cron lines means "as it happens".
    """

    words: str
    cron: tuple[str, ...]
    zone: str

    @property
    def as_it_happens(self) -> bool:
        """Whether it is due whenever a matching story arrives."""
        return not self.cron


class Slot(Struct, frozen=True):
    """One due time: `key` is the wall-clock time of the rule ("2026-03-29T09:00"), `at` the instant it runs."""

    key: str
    at: datetime


# Subscriptions and deliveries -------------------------------------------------------------------------------


class Quiet(Struct, frozen=True):
    """Quiet hours: wall-clock minutes since midnight, in the channel's zone; `start` may be after `end`."""

    start: int
    end: int


class Preferences(Struct, frozen=True, kw_only=True):
    """How a channel wants its briefings. Channel overrides workspace overrides the program's settings.

    `trusted` are people, by their platform's ids, who may manage although the platform gives them no such role.
    `ping` is the role that each briefing calls, "" for none.
    """

    zone: str = "UTC"
    style: Style = "brief"
    stories: int = 5
    sentences: int = 3
    quiet: Quiet | None = None
    say_when_empty: bool = False
    managers: Literal["managers", "everyone"] = "managers"
    trusted: tuple[str, ...] = ()
    ping: str = ""


SubscriptionState = Literal["active", "paused", "blocked"]


class Subscription(Struct, frozen=True, kw_only=True):
    """A channel, a topic, a schedule; `query` is the topic's words.

    Stories that arrived before `since` are not its news. `blocked` is a pause made by the bot itself, which ends when
    a trial succeeds. `next_due` is None when paused or as it happens; when blocked it is the next trial, if any.
    """

    id: int
    workspace: str
    channel: str
    topic: str
    query: str
    schedule: Schedule
    state: SubscriptionState
    reason: str | None
    since: datetime
    created: datetime
    created_by: str | None
    next_slot: str | None
    next_due: datetime | None
    last_delivered: datetime | None = None


Due = tuple[int, str, str, str, str, str, str, int, int]
"""A due subscription, as many as there may be: id, workspace, channel, topic, query, cron lines joined by new lines,
zone, and since and created in UTC milliseconds."""


class Fate(Struct, frozen=True, kw_only=True):
    """What becomes of due subscriptions alike: what they get for which slot, and when they are due next.

    No `content`: this time they get nothing. `stories` are all that the content tells or names. The next search for
    news begins at `since`. `refusal` is why they are stopped. A blocked one with no `next` is tried again at `trial`.
    """

    next: Slot | None
    trial: datetime | None = None
    slot: Slot | None = None
    late: bool = False
    content: Content | None = None
    stories: frozenset[int] = frozenset()
    since: datetime | None = None
    refusal: str | None = None


DeliveryState = Literal["pending", "delivered", "failed", "unknown"]


class Delivery(Struct, frozen=True, kw_only=True):
    """One content on its way to one channel. `sent` maps part numbers to message ids already accepted, "" where that is
    in doubt; `begun` to when the sending of one in doubt first began.

    `slot` and `subscription` are None for notices and for posts that a person asked for; `slot` also for what was
    withdrawn, since another delivery may then serve it. One that `follows` another goes into its thread, or `edits`
    what it posted. `asked_by` is the person who asked for a post.
    """

    id: int
    workspace: str
    channel: str
    subscription: int | None
    slot: str | None
    due: datetime | None
    late: bool
    content: Content
    state: DeliveryState
    attempts: int
    sent: dict[int, str]
    created: datetime
    begun: dict[int, datetime] = {}
    error: str | None = None
    follows: int | None = None
    edits: bool = False
    asked_by: str | None = None
