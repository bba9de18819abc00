"""`wrong PLACE`: a reader says that something shown is not right. Those who manage the bot hear of it once a day."""

from __future__ import annotations

import logging

from bot.commands.context import Context, refused, told
from bot.commands.words import article_places
from briefings.types import Action, Notice, Reply

log = logging.getLogger(__name__)


def wrong(context: Context, argument: str) -> Reply:
    """Take note of the article or section that the button stands under, and tell the managers of it."""
    (id, section), *_ = article_places(argument) or [(0, None)]
    article = context.storage.articles.get(id, context.workspace)
    if article is None or (section is not None and section >= len(article.sections)):
        return refused("That article is not here any more.")
    place = f"{id}" if section is None else f"{id}/{section}"
    log.info("marked as wrong", extra={"action": "wrong", "workspace": context.workspace, "place": place})
    heading = article.sections[section].heading if section is not None else None
    where = f"the section “{heading}” of “{article.title}”" if heading else f"“{article.title}”"
    text = f"A reader says that something is wrong in {where}. Its text is as stored; compare it with its source."
    if article.url:
        text += f"\n{article.url}"
    _tell_managers(context, place, Notice(text, actions=(Action("show it", f"brief {place}"),)))
    return told("Thank you; those who manage this have been told.", private=True)


def _tell_managers(context: Context, place: str, notice: Notice) -> None:
    channel = context.managers(context.workspace, None)
    event = f"wrong:{context.workspace}:{place}"
    with context.storage.writing():
        if channel and context.storage.claims.claim(event, "", context.now):
            context.storage.claims.settle(event, context.now)
            context.storage.outbox.add_notice(context.workspace, channel, notice, context.now)
