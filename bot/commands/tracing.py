"""`why`: at which step, and by which rule, an article was or was not posted."""

from __future__ import annotations

from bot.commands.briefing import at_address, find_headline
from bot.commands.context import Context, refused
from bot.commands.words import is_link, number
from briefings.errors import QueryError
from briefings.topics import article_terms, parse
from briefings.types import Article, Delivery, Item, Listing, Reply, Subscription


def why(context: Context, argument: str) -> Reply | None:
    """Each step in turn for an article by link, number or headline. None when no article is named: it is a question."""
    article = _article(context, argument)
    if article is None:
        if is_link(argument) or number(argument) is not None:
            return refused(
                f"Not stored, or not for {context.asker.whole}: {argument}\n"
                "Nothing can be posted of it before an operator adds it with `sidelines add`."
            )
        return None
    items = [
        Item("Stored: yes", f"as number {article.id}; it arrived {context.local(article.arrived, context.zone())}"),
        Item("Visible here: yes", f"to {context.asker.whole}"),
        *(_judged(context, each, article) for each in context.storage.subscriptions.list(context.workspace)),
    ]
    if len(items) == 2:
        items.append(Item("Subscribed: no", f"nothing is subscribed in {context.asker.whole}"))
    return Reply((Listing(f"Why, or why not: {article.title}", tuple(items)),), private=True)


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
