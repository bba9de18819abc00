"""The dashboard: what is subscribed, each with its buttons, the settings, and for managers how things are going."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from bot.commands.context import Context
from bot.commands.subscribing import row
from bot.commands.workspace import settings
from briefings.types import Action, Content, Delivery, Item, Listing, Notice, Subscription

WEEK = timedelta(days=7)
LOOKED_AT = 1000
"""Newest deliveries that are looked through for those that went wrong."""
NAMED = 5
"""Deliveries and stopped subscriptions that are told one by one."""


def home(context: Context) -> tuple[Content, ...]:
    """All of it, for one person."""
    subscriptions = context.storage.subscriptions.list(context.workspace)
    listing = Listing(
        "Subscriptions",
        tuple(_with_buttons(context, each) for each in subscriptions),
        "Nothing is subscribed yet. Choose a topic and a time, and its new stories are posted in a channel.",
        (Action("subscribe", "subscribe"), Action("latest headlines", "latest"), Action("help", "help")),
    )
    contents = (listing, *settings(context, "").contents)
    return (*contents, _health(context, subscriptions)) if context.may_manage("") else contents


def _with_buttons(context: Context, it: Subscription) -> Item:
    if not context.may_manage(it.channel):
        return row(context, it)
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
    history = context.storage.outbox.history(context.workspace, limit=LOOKED_AT)
    week = [each for each in history if each.created > context.now - WEEK]
    wrong = [each for each in week if each.state in ("failed", "unknown")]
    delivered = sum(each.state == "delivered" for each in week)
    lines.append(f"In the last week {delivered} deliveries arrived, {len(wrong)} did not or may not have.")
    lines += [_told(context, each) for each in wrong[:NAMED]]
    stopped = [each for each in subscriptions if each.state == "blocked"]
    lines += [
        f"Number {it.id}, {it.topic} in {context.shown(it.channel)}, is stopped: {it.reason}" for it in stopped[:NAMED]
    ]
    if len(stopped) > NAMED:
        lines.append(f"{len(stopped) - NAMED} more are stopped.")
    actions = tuple(
        Action(f"post {it.id} again", f"post again {it.id}") for it in wrong[:NAMED] if it.state == "unknown"
    )
    return Notice("\n".join(lines), "problem" if wrong or stopped else "info", actions)


def _told(context: Context, it: Delivery) -> str:
    came = "failed" if it.state == "failed" else "may or may not have arrived"
    on = context.local(it.created, context.zone(""))
    return f"Delivery {it.id} to {context.shown(it.channel)} {came} on {on}: {it.error}"
