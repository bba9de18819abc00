"""`post`, and the preview of what a subscription has to post: contents a person sends to a channel themselves."""

from __future__ import annotations

from msgspec.structs import replace

from bot.commands.briefing import Length, stories
from bot.commands.context import Context, refused, told
from bot.commands.words import article_places, number
from briefings import publish
from briefings.compose import match
from briefings.types import Action, Briefing, Notice, Preferences, Reply, Subscription


def post(context: Context, argument: str) -> Reply:
    """Post what a subscription has now; with `story`, articles here; with `again`, a delivery that ended in doubt.

    Raises NotFound.
    """
    kind, _, rest = argument.strip().partition(" ")
    if kind.casefold() == "story":
        return _post_stories(context, rest)
    if kind.casefold() == "again":
        return _post_again(context, rest)
    id = number(argument)
    if id is None:
        return refused("Write `post NUMBER`, with the number of a subscription; `subscriptions` lists them.")
    subscription = context.storage.subscriptions.get(id, context.workspace)
    context.must_manage(subscription.channel)
    if subscription.state == "blocked":
        return _stopped(subscription)
    channel = context.shown(subscription.channel)
    with context.storage.writing():  # So that two people who press "post it" at once post it once.
        context.storage.hold("publishing")
        briefing = preview(context, subscription)
        if briefing is None:
            return refused(nothing_now(context, subscription))
        _queue(context, briefing, subscription.channel)
    return told(f"It is on its way to {channel}.", private=True)


def show_preview(context: Context, argument: str) -> Reply:
    """What a subscription would post now, for the asker alone; managers may post it. Raises NotFound."""
    id = number(argument)
    if id is None:
        return refused("Write `preview NUMBER`, with the number of a subscription; `subscriptions` lists them.")
    subscription = context.storage.subscriptions.get(id, context.workspace)
    briefing = preview(context, subscription)
    if briefing is None:
        return told(nothing_now(context, subscription), private=True)
    actions = (Action("post it", f"post {id}"),) if context.may_manage(subscription.channel) else ()
    return Reply((replace(briefing, actions=actions),), private=True)


def _stopped(it: Subscription) -> Reply:
    """Nothing can be posted where nothing gets through: what to do, and a form to choose another channel."""
    reason = (it.reason or "").rstrip(".")
    words = f"Number {it.id} is stopped: {reason}. Once that is done, `resume {it.id}` lets it go on."
    change = Action("change", f"reschedule {it.id}")
    return Reply((Notice(words, "refused", actions=(change,)),), private=True, found=False)


def nothing_now(context: Context, it: Subscription) -> str:
    """Why a subscription has nothing to post: no news matches it, or its channel has had those that do."""
    news = context.storage.articles.arrived_since(context.workspace, context.now - publish.FIRST_NEWS)
    if match(news, it.query, context.keywords):
        return f"{context.shown(it.channel)} has had everything there is on {it.topic}."
    return f"Nothing of the last {publish.FIRST_NEWS.days} days matches it yet."


def preview(context: Context, subscription: Subscription, preferences: Preferences | None = None) -> Briefing | None:
    """What the subscription would post now, None when there is nothing that its channel has not had.

    Laid out as its channel likes it, unless other `preferences` are given.
    """
    return publish.preview(
        context.storage,
        context.keywords,
        preferences or context.preferences(subscription.channel),
        workspace=context.workspace,
        channel=subscription.channel,
        topic=subscription.topic,
        query=subscription.query,
        since=subscription.since,
    )


def _post_stories(context: Context, argument: str) -> Reply:
    context.must_manage()
    places = dict(article_places(argument))
    articles = context.storage.articles.get_many(list(places), context.workspace)
    articles = [a for a in articles if places[a.id] is None or places[a.id] < len(a.sections)]  # type: ignore[operator]
    if not articles:
        return refused("There is no such article here; `latest` lists what there is with its numbers.")
    channel = context.asker.channel
    with context.storage.writing():
        context.storage.hold("publishing")
        had = context.storage.outbox.had(channel)
        new = [article for article in articles if article.story not in had]
        if not new:
            return refused(f"{context.shown(channel)} has had that already.")
        wanted = [(article, places[article.id]) for article in new]
        briefing = Briefing(topic=None, stories=tuple(stories(context, wanted, Length())))
        _queue(context, briefing, channel)
    return told(f"It is on its way to {context.shown(channel)}.", private=True)


def _queue(context: Context, briefing: Briefing, channel: str) -> None:
    person = context.asker.person or None
    publish.post(context.storage, briefing, context.workspace, channel, context.now, asked_by=person)


def _post_again(context: Context, argument: str) -> Reply:
    id = number(argument)
    if id is None:
        return refused("Write `post again NUMBER`, with the number of the delivery.")
    with context.storage.writing():
        delivery = context.storage.outbox.post_again(id, context.workspace, context.now)
        context.must_manage(delivery.channel)
    return told(f"It is on its way to {context.shown(delivery.channel)} again.", private=True)
