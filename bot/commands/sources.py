"""`sources`, `source ...` and `feeds ...`: what a workspace reads, and how that goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.commands.context import Context, NotAllowed, refused, told
from bot.commands.words import is_link, number, storable
from briefings.documents import canonical_url
from briefings.errors import AlreadyThere, FetchError, NotFound, SidelinesError, UnreadableFeed
from briefings.sources import Listed, Source
from briefings.types import EVERYONE, Action, Item, Listing, Notice, Reply

if TYPE_CHECKING:
    from briefings.opml import Outline

HEADLINES = 3
"""Newest headlines that are shown of a source, so that a person sees whether it is the right one."""
MOST = 500
"""Sources of one workspace."""
NAMED = 5
"""Other feeds of a site that are named one by one."""
LONGEST_NAME = 120
WITH_BUTTONS = 20
"""Sources of a list that have buttons: with those of 500, a list takes a hundred messages on Discord."""

USAGE = (
    "Write `source add ADDRESS`, or `source` with remove, pause, resume, check, accept or skip and its number; "
    "`sources` lists them."
)
IMPORTING = "Write `feeds import ADDRESS` with the address of an OPML file, or `feeds export`."


class TooMany(SidelinesError):
    """A workspace that has as many sources as it may."""


# Looking ----------------------------------------------------------------------------------------------------


def sources(context: Context, _argument: str) -> Reply:
    """What the workspace reads, each with how it goes; managers get buttons."""
    managing = context.may_manage("")
    items = rows(context, managing=managing)
    whose, adding = context.asker.whole, "`source add ADDRESS`"
    if context.workspace == EVERYONE:
        whose, adding = "all workspaces", "`sidelines feeds add ADDRESS`"
    empty = f"Nothing is read by itself yet. {adding} takes the address of a feed, or of a site with one."
    actions = (Action("export", "feeds export"),) if items and managing else ()
    return Reply((Listing(f"Sources of {whose}", items, empty, actions),), private=managing)


def rows(context: Context, *, managing: bool) -> tuple[Item, ...]:
    """What the workspace reads, those first that need somebody: not all have room, or buttons."""
    found = context.storage.sources.list(context.workspace)
    found.sort(key=lambda it: not it.held and it.feed.health == "healthy")
    return tuple(_row(context, it, managing=managing and place < WITH_BUTTONS) for place, it in enumerate(found))


def _row(context: Context, it: Source, *, managing: bool) -> Item:
    """A source in a list: its state in words, and for who may manage it what can be done."""
    actions: tuple[Action, ...] = ()
    if managing:
        held = (Action("accept", f"source accept {it.id}"), Action("skip", f"source skip {it.id}")) if it.held else ()
        pausing = Action("resume", f"source resume {it.id}") if it.paused else Action("pause", f"source pause {it.id}")
        own = (pausing, Action("remove", f"source remove {it.id}")) if it.workspace != EVERYONE else ()
        actions = (Action("check", f"source check {it.id}"), *(held if it.workspace != EVERYONE else ()), *own)
    whose = ["from the operator, for everybody"] if it.workspace == EVERYONE else []
    return Item(f"{it.id}. {it.name}", "; ".join([*whose, state(context, it)]), it.feed.site, actions)


def state(context: Context, it: Source) -> str:
    """How a source goes, in words: since when, why, and what comes next."""
    feed = it.feed
    if it.paused:
        return f"paused; `source resume {it.id}` lets it go on"
    good = f"last read {_at(context, feed.last_good)}" if feed.last_good else "not read yet"
    following = f"next {_at(context, feed.next_fetch)}" if feed.next_fetch else "next when the program runs"
    words = [good, following]
    if feed.health == "failing":
        words = [f"failing since {_at(context, feed.changed)}: {_bare(feed.reason)}", good, following]
    elif feed.health == "paused":
        stopped = f"stopped since {_at(context, feed.changed)}: {_bare(feed.reason)}"
        words = [stopped, good, f"tried once a day, {following}"]
    elif feed.failures:
        words = [f"the last try failed: {_bare(feed.reason)}", good, following]
    if it.held:
        words.append(
            f"{_counted(it.held)} held back: `source accept {it.id}` lets {'it' if it.held == 1 else 'them'} in, "
            f"`source skip {it.id}` does not"
        )
    return "; ".join(words)


# Changing ---------------------------------------------------------------------------------------------------


def source(context: Context, argument: str) -> Reply:
    """`source add ADDRESS`, `source list`, and what can be done with one.

    Raises FetchError, UnreadableFeed, AlreadyThere, NotFound.
    """
    verb, _, rest = argument.strip().partition(" ")
    if not verb or verb.casefold() == "list":
        return sources(context, "")
    context.must_manage("")
    act = _ACTS.get(verb.casefold())
    return act(context, rest.strip()) if act and rest.strip() else refused(USAGE)


def add(context: Context, address: str) -> Reply:
    """Read a feed from now on: the one at the address, or the one that the site there names."""
    url = address if "://" in address else f"https://{address}"
    if not is_link(url):
        return refused("This is no web address; give one such as https://news.example.org/feed.")
    must_have_room(context)
    found = context.lookup.feed(url, context.asker)
    made = store(context, found.url, found.listed.title)
    return Reply((_added(context, made, found.listed, found.others),), private=True)


def store(context: Context, url: str, title: str) -> Source:
    """Store a source of the asker's workspace, named by its title or else its host. Raises AlreadyThere."""
    name = storable(title).strip() or urlsplit(url).hostname or url
    return context.storage.sources.add(
        workspace=context.workspace,
        url=url,
        name=name[:LONGEST_NAME],
        now=context.now,
        added_by=context.asker.person or None,
        channel=context.asker.channel,
    )


def must_have_room(context: Context) -> None:
    """Raises TooMany when the workspace has as many sources as it may."""
    if sum(each.workspace == context.workspace for each in context.storage.sources.list(context.workspace)) >= MOST:
        raise TooMany(f"{MOST} sources are the most that there may be; remove one with `source remove NUMBER` first.")


def _added(context: Context, it: Source, listed: Listed, others: tuple[str, ...]) -> Listing:
    """What was found, the newest headlines, and what else the site has."""
    title = f"Source {it.id} is added: {it.name}, {_counted(len(listed.entries))} at {_site(it)}"
    items = _headlines(context, listed)
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        items.append(Item("The site names other feeds too", ", ".join(others[:NAMED]) + more))
    return Listing(
        title,
        tuple(items),
        "It lists nothing yet; what comes will be read.",
        (Action("subscribe", "subscribe"), Action("remove", f"source remove {it.id}")),
    )


def _headlines(context: Context, listed: Listed) -> list[Item]:
    """The newest of a feed's entries. Behind the dated come those with no date, or with one that lies in the future."""
    past, soon = datetime.min.replace(tzinfo=UTC), context.now + timedelta(days=1)
    dates = [entry.published if entry.published and entry.published < soon else past for entry in listed.entries]
    newest = sorted(zip(dates, listed.entries, strict=True), key=lambda dated: dated[0], reverse=True)[:HEADLINES]
    return [Item(it.title, "no date" if at == past else _at(context, at), it.url) for at, it in newest]


def _remove(context: Context, argument: str) -> Reply:
    it = _own(context, argument)
    context.storage.sources.remove(it.id, it.workspace)
    return told(f"{it.name} is read no more here; the articles that it brought stay.", private=True)


def _pause(context: Context, argument: str) -> Reply:
    it = _own(context, argument)
    context.storage.sources.pause(it.id, it.workspace)
    return told(f"{it.name} is paused; `source resume {it.id}` lets it go on.", private=True)


def _resume(context: Context, argument: str) -> Reply:
    it = _own(context, argument)
    context.storage.sources.resume(it.id, it.workspace, context.now)
    return told(f"{it.name} is read again, at once and then as it changes.", private=True)


def _check(context: Context, argument: str) -> Reply:
    """Fetch it now, and say in plain words what came of it."""
    it = find(context, argument)
    before = state(context, it)
    try:
        found = context.lookup.feed(it.feed.url, context.asker)
    except (FetchError, UnreadableFeed) as error:
        text = f"{it.name} cannot be read now: {error}\nBefore: {before}."
        return Reply((Notice(text, "problem", _after_failure(it)),), private=True, found=False)
    context.storage.feeds.due_now(it.feed.id, context.now)
    items = _headlines(context, found.listed)
    title = f"{it.name} can be read: {_counted(len(found.listed.entries))} at {_site(it)}"
    return Reply((Listing(title, (*items, Item("Before", before))),), private=True)


def _after_failure(it: Source) -> tuple[Action, ...]:
    own = () if it.workspace == EVERYONE else (Action("remove", f"source remove {it.id}"),)
    return (Action("try again", f"source check {it.id}"), *own)


def _accept(context: Context, argument: str) -> Reply:
    it = _own(context, argument)
    count = context.storage.feeds.accept_held(it.feed.id, context.now)
    return told(f"{_counted(count)} of {it.name} {'is' if count == 1 else 'are'} let in.", private=True)


def _skip(context: Context, argument: str) -> Reply:
    it = _own(context, argument)
    count = context.storage.feeds.skip_held(it.feed.id, "a manager skipped it")
    return told(f"{_counted(count)} of {it.name} {'is' if count == 1 else 'are'} left out.", private=True)


_ACTS: dict[str, Callable[[Context, str], Reply]] = {
    "add": add,
    "remove": _remove,
    "pause": _pause,
    "resume": _resume,
    "check": _check,
    "accept": _accept,
    "skip": _skip,
}


def find(context: Context, argument: str) -> Source:
    """A source that the workspace reads, by its number, address or name. Raises NotFound."""
    wanted = number(argument)
    address = canonical_url(argument)
    for each in context.storage.sources.list(context.workspace):
        known = (canonical_url(each.feed.url), canonical_url(each.feed.site or ""))
        if each.id == wanted or (is_link(argument) and address in known) or each.name.casefold() == argument.casefold():
            return each
    raise NotFound(f"There is no source “{argument}” here; `sources` lists those there are.")


def _own(context: Context, argument: str) -> Source:
    """The same, when the workspace may change it. Raises NotAllowed."""
    it = find(context, argument)
    if it.workspace == EVERYONE != context.workspace:
        raise NotAllowed(f"{it.name} is read for everybody; its operator changes it with `sidelines feeds`.")
    return it


# Moving in and out ------------------------------------------------------------------------------------------


def feeds(context: Context, argument: str) -> Reply:
    """`feeds import ADDRESS [dry run]` and `feeds export`. Raises FetchError, UnreadableFeed."""
    verb, _, rest = argument.strip().partition(" ")
    if verb.casefold() == "export" and not rest.strip():
        return _exported(context)
    address, _, mode = rest.strip().partition(" ")
    dry = mode.strip().casefold() in ("dry run", "dry-run", "--dry-run")
    if verb.casefold() != "import" or not is_link(address) or (mode.strip() and not dry):
        return refused(IMPORTING) if argument.strip() else sources(context, "")
    context.must_manage("")
    return take_in(context, context.lookup.outlines(address, context.asker), dry=dry)


def take_in(context: Context, outlines: Iterable[Outline], *, dry: bool) -> Reply:
    """Add the feeds of an OPML file, or with `dry` say what adding them would do: a line for each."""
    there = {canonical_url(each.feed.url) for each in context.storage.sources.list(context.workspace)}
    items = []
    count = 0
    for outline in outlines:
        came = _taken(context, outline, there, dry=dry)
        count += came.startswith("added") or came == WOULD
        items.append(Item(outline.title or outline.url, came))
    verb = "would be added" if dry else "added"
    title = f"{_counted(count, 'feed')} {verb}, {len(items) - count} not"
    return Reply((Listing(title, tuple(items), "The file lists no feeds."),), private=True, found=bool(items))


WOULD = "would be added"


def _taken(context: Context, outline: Outline, there: set[str], *, dry: bool) -> str:
    """What came of one line of an OPML file; `there` are the addresses that are read already."""
    if not is_link(outline.url):
        return "not added: its address is no web address"
    if canonical_url(outline.url) in there:
        return "not added: it is read already"
    if len(there) >= MOST:
        return f"not added: {MOST} sources are the most that there may be"
    there.add(canonical_url(outline.url))
    if dry:
        return WOULD
    try:
        made = store(context, outline.url, outline.title)
    except AlreadyThere:
        return "not added: it is read already"
    return f"added as number {made.id}"


def _exported(context: Context) -> Reply:
    context.must_manage("")  # An address may hold a reader's own key.
    found = context.storage.sources.list(context.workspace)
    if not found:
        return refused("There are no sources to export yet; `source add ADDRESS` adds one.")
    return Reply((Notice(export(found).decode().rstrip(), code=True),), private=True)


def export(found: Iterable[Source]) -> bytes:
    """Sources as an OPML file."""
    from briefings.opml import Outline, write  # Only here: most commands need no XML.

    outlines = (Outline(title=each.name, url=each.feed.url, site=each.feed.site) for each in found)
    return write(outlines, "Sidelines")


# Words ------------------------------------------------------------------------------------------------------


def _counted(count: int, what: str = "entry") -> str:
    plural = "entries" if what == "entry" else f"{what}s"
    return f"{count} {what if count == 1 else plural}"


def _at(context: Context, moment: datetime | None) -> str:
    return context.local(moment, context.own_zone) if moment else "never"


def _bare(reason: str | None) -> str:
    return (reason or "no reason is known").rstrip(".")


def _site(it: Source) -> str:
    """Where it comes from, without what may be a reader's own key in the address."""
    return urlsplit(it.feed.url).hostname or it.name
