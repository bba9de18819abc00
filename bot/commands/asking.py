"""A question -> quoted, cited sentences.

It needs the index alone, so that an answer in the terminal comes at once; only a question that names a place or a time
is given the rest, to find the place and to know the asker's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from briefings.answer import answer
from briefings.asking import Asked, read_asked, read_since
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.types import EVERYWHERE, Action, Answer, Notice, Reply

if TYPE_CHECKING:
    from bot.commands.context import Context

SHOWN = 3
"""Quotes in one reply; as many again wait behind "more"."""


def ask(context: Context, question: str) -> Reply:
    """What `reply_to` says to whoever typed the question."""
    return reply_to(
        question,
        context.index,
        context.keywords,
        workspace=context.workspace,
        now=context.now,
        context=lambda: context,
    )


def reply_to(
    question: str,
    index: Index,
    keywords: Keywords,
    *,
    workspace: str,
    now: datetime,
    context: Callable[[], Context],
    place: str = "",
    since: str = "",
) -> Reply:
    """Up to three quotes, best first, with "more" and "brief me"; or an honest nothing.

    `place` and `since` are what the question may say itself: "in PLACE: ... since Monday". Raises TimeNotUnderstood.
    """
    asked = _read(question, now, context, place, since)
    if not asked.words:
        return _refused("Type a question after it, such as `ask what was agreed?`")
    scope, where = EVERYWHERE, ""
    if asked.place is not None:
        from bot.commands.finding import find_place

        found = find_place(context(), asked.place)
        if found is None:
            return _refused(
                f"No article, section or topic here is “{asked.place}”; `latest` lists headlines. "
                "A headline with a colon is put in quotation marks."
            )
        scope, where = found
    timed = replace(scope, since=asked.since, until=asked.until)
    told = answer(asked.words, index, keywords, workspace=workspace, now=now, limit=2 * SHOWN, scope=timed)
    told = replace(told, question=question, where=f"{where} {asked.said}".strip())
    if asked.loose and not told.quotes:
        anytime = answer(asked.whole, index, keywords, workspace=workspace, now=now, limit=2 * SHOWN, scope=scope)
        time = set(keywords.of(asked.said.partition(" ")[2]))
        told = replace(told, quotes=tuple(quote for quote in anytime.quotes if time <= set(keywords.of(quote.text))))
    return _reply(told)


def _read(question: str, now: datetime, context: Callable[[], Context], place: str, since: str) -> Asked:
    asked = read_asked(question.strip(), now, "UTC")
    if asked.said or since:
        asked = read_asked(question.strip(), now, context().own_zone)
    if since:
        time = read_since(since, now, context().own_zone)
        asked = asked._replace(since=time.since, until=time.until, said=time.said, loose=False)
    return asked._replace(place=place) if place else asked


def _reply(told: Answer) -> Reply:
    shown, rest = told.quotes[:SHOWN], told.quotes[SHOWN:]
    actions = []
    if rest:
        places = dict.fromkeys(f"{quote.article.id}/{quote.section}" for quote in rest)
        actions.append(Action("more", f"more {' '.join(places)}"))
    if shown:
        actions.append(Action("brief me", f"brief {shown[0].article.id}"))
    elif told.nearest:
        actions.append(Action("brief me on the nearest", f"brief {told.nearest.id}"))
    return Reply((replace(told, quotes=shown, actions=tuple(actions)),), found=bool(shown))


def _refused(text: str) -> Reply:
    return Reply((Notice(text, "refused"),), found=False)
