"""The dashboard: what is subscribed and, for managers, what is read, each with its buttons; settings; how it goes."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from bot.commands.context import Context
from bot.commands.sources import rows
from bot.commands.subscribing import row
from bot.commands.workspace import settings
from briefings.types import Action, Content, Delivery, Item, Listing, Notice, Subscription

WEEK = timedelta(days=7)
NAMED = 5
"""Deliveries and stopped subscriptions that are told one by one."""


def home(context: Context) -> tuple[Content, ...]:
    """All of it, for one person."""
    subscriptions = context.storage.subscriptions.list(context.workspace)
    managed = {channel for channel in {each.channel for each in subscriptions} if context.may_manage(channel)}
    listing = Listing(
        "Subscriptions",
        tuple(
            _with_buttons(context, each) if each.channel in managed else row(context, each) for each in subscriptions
        ),
        "Nothing is subscribed yet. Choose a topic and a time, and its new stories are posted in a channel.",
        (Action("subscribe", "subscribe"), Action("latest headlines", "latest"), Action("help", "help")),
        whole="subscriptions",
    )
    own = settings(context, "").contents
    if not context.may_manage(""):
        return listing, *own
    sources = Listing(
        "Sources",
        rows(context, managing=True),
        "Nothing is read by itself yet. Add a feed, or a site that names one, and its articles come in.",
        (Action("add a source", "source add"),),
        whole="sources",
    )
    return listing, sources, *own, _health(context, subscriptions)


def _with_buttons(context: Context, it: Subscription) -> Item:
    pausing = Action("pause", f"pause {it.id}") if it.state == "active" else Action("resume", f"resume {it.id}")
    return replace(
        row(context, it),
        actions=(
            Action("edit", f"reschedule {it.id}"),
            pausing,
            Action("test", f"preview {it.id}"),
            Action("remove", f"unsubscribe {it.id}"),
        ),
    )


def _health(context: Context, subscriptions: list[Subscription]) -> Notice:
    """What there is to post, and what could not be posted, with why."""
    stored = context.storage.articles.count(context.workspace)
    lines = [f"{stored} {'article is' if stored == 1 else 'articles are'} stored."]
    newest = context.storage.articles.heads(context.workspace, limit=1)
    if newest and (article := context.storage.articles.get(newest[0].id, context.workspace)):
        lines.append(f"The newest arrived {context.local(article.arrived, context.zone(''))}: {article.title}")
    since = context.now - WEEK
    counts = context.storage.outbox.counts(context.workspace, since)
    arrived, failed, unknown = (counts.get(state, 0) for state in ("delivered", "failed", "unknown"))
    lines.append(f"In the last week {arrived} deliveries arrived, {failed} failed and {unknown} may or may not have.")
    newest_wrong = context.storage.outbox.history(context.workspace, states=("failed", "unknown"), limit=NAMED)
    wrong = [each for each in newest_wrong if each.created >= since]
    lines += [_told(context, each) for each in wrong]
    stopped = [each for each in subscriptions if each.state == "blocked"]
    lines += [
        f"Number {it.id}, {it.topic} in {context.shown(it.channel)}, is stopped: {it.reason}" for it in stopped[:NAMED]
    ]
    if len(stopped) > NAMED:
        lines.append(f"{len(stopped) - NAMED} more are stopped.")
    actions = tuple(Action(f"post {it.id} again", f"post again {it.id}") for it in wrong if it.state == "unknown")
    return Notice("\n".join(lines), "problem" if wrong or stopped else "info", actions)


def _told(context: Context, it: Delivery) -> str:
    came = "failed" if it.state == "failed" else "may or may not have arrived"
    on = context.local(it.created, context.zone(""))
    return f"Delivery {it.id} to {context.shown(it.channel)} {came} on {on}: {it.error}"
