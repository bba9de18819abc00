"""`why`: at which step, and by which rule, an article was or was not posted."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.commands.context import Context, refused
from bot.commands.finding import at_address, find_headline
from bot.commands.sources import state
from bot.commands.words import is_link, number
from briefings.documents import canonical_url
from briefings.errors import QueryError
from briefings.sources import Seen, Source
from briefings.topics import article_terms, parse
from briefings.types import Article, Delivery, Item, Listing, Reply, Subscription


def why(context: Context, argument: str) -> Reply | None:
    """Each step in turn for an article by link, number or headline. None when no article is named: it is a question."""
    article = _article(context, argument)
    if article is None:
        if is_link(argument):
            return _never_stored(context, argument.strip())
        if number(argument) is not None:
            return refused(f"There is no article {argument.strip()} here; `latest` lists what there is.")
        return None
    items = [
        *_listings(context, article.url),
        Item("Stored: yes", f"as number {article.id}; it arrived {context.local(article.arrived, context.zone())}"),
        Item("Visible here: yes", f"to {context.asker.whole}"),
        *(_judged(context, each, article) for each in context.storage.subscriptions.list(context.workspace)),
    ]
    if not context.storage.subscriptions.list(context.workspace):
        items.append(Item("Subscribed: no", f"nothing is subscribed in {context.asker.whole}"))
    return Reply((Listing(f"Why, or why not: {article.title}", tuple(items)),), private=True)


def _never_stored(context: Context, link: str) -> Reply:
    """What is known of an address of which nothing is stored for the workspace."""
    found = _listings(context, link)
    if found:
        return Reply(
            (Listing(f"Why not: {link}", (*found, Item("Stored: no", "so nothing can be posted of it yet"))),),
            private=True,
        )
    host = urlsplit(link).hostname
    near = [each for each in context.storage.sources.list(context.workspace) if host and host in _hosts(each)]
    told = [Item(f"Source {each.id}, {each.name}, is of the same site", state(context, each)) for each in near]
    items = (
        Item("Listed: no", "no source here has listed that address"),
        *told,
        Item("Stored: no", f"`brief {link}` reads it now; `source add ADDRESS` lets a feed bring such articles"),
    )
    return Reply((Listing(f"Why not: {link}", items),), private=True, found=False)


def _hosts(it: Source) -> set[str | None]:
    return {urlsplit(place).hostname for place in (it.feed.url, it.feed.site) if place}


def _listings(context: Context, link: str | None) -> list[Item]:
    """Which sources listed an address, when, and what became of it there."""
    if link is None:
        return []
    listed = context.storage.sources.listed(context.workspace, canonical_url(link))
    return [Item(f"Listed by source {it.id}, {it.name}: yes", _entry(context, it, seen)) for it, seen in listed]


def _entry(context: Context, it: Source, seen: Seen) -> str:
    """What became of an entry of a feed, in words."""
    zone = context.zone()
    times = f"first {context.local(seen.first_seen, zone)}, last {context.local(seen.last_seen, zone)}"
    match seen.state:
        case "stored":
            came = "it was taken in" + (f"; {seen.reason}" if seen.reason else "")
        case "waiting":
            again = f", next {context.local(seen.next_try, zone)}" if seen.next_try else ""
            came = f"its page is still to be read{again}" + (
                f"; the last try failed: {seen.reason}" if seen.tries else ""
            )
        case "held":
            came = f"it is held back, as too much was suddenly new; `source accept {it.id}` lets it in"
        case "skipped":
            came = f"it was left out: {seen.reason or 'no reason is known'}"
    return f"{times}\n{came}"


def _article(context: Context, argument: str) -> Article | None:
    id = number(argument)
    if is_link(argument):
        return at_address(context, argument)
    if id is None:
        head = find_headline(context, argument)
        if head is None:
            return None
        id = head.id
    return context.storage.articles.get(id, context.workspace)


def _judged(context: Context, it: Subscription, article: Article) -> Item:
    """What one subscription makes of the article: the rule that decided, and what came of it."""
    label = f"{it.id}. {it.topic} in {context.shown(it.channel)}"
    try:
        topic = parse(it.query, context.keywords)
    except QueryError as error:
        return Item(label, f"Its topic cannot be read any more: {error}")
    terms = article_terms(article, context.keywords)
    rule = topic.explain(terms)
    if not topic.matches(terms):
        return Item(label, rule)
    delivery = context.storage.outbox.with_story(it.channel, article.story, context.workspace)
    if delivery is not None:
        return Item(label, f"{rule}\n{_came(context, it, delivery)}")
    if article.arrived < it.since:
        since = context.local(it.since, it.schedule.zone)
        return Item(label, f"{rule}\nIt arrived before {since}, from when on stories are news to this subscription.")
    if it.state != "active":
        return Item(label, f"{rule}\nThe subscription is {it.state}; `resume {it.id}` lets it go on.")
    when = f"is due {context.local(it.next_due, it.schedule.zone)}" if it.next_due else "goes out with the next arrival"
    return Item(label, f"{rule}\nIt has not been posted yet and {when}.")


def _came(context: Context, it: Subscription, delivery: Delivery) -> str:
    """What became of the delivery that had the story."""
    created = context.local(delivery.created, it.schedule.zone)
    whose = "" if delivery.subscription in (it.id, None) else f" for subscription {delivery.subscription}"
    match delivery.state:
        case "delivered":
            return f"This channel has had it: posted {created}{whose}."
        case "pending":
            return f"It is in the outbox since {created}{whose}" + (f": {delivery.error}." if delivery.error else ".")
        case "failed":
            return f"Posting it failed on {created}: {delivery.error}. `post again {delivery.id}` tries once more."
        case "unknown":
            return (
                f"It may or may not have been posted on {created}: {delivery.error}. "
                f"`post again {delivery.id}` posts it again."
            )
