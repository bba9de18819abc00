"""A question -> quoted, cited sentences. It needs the index alone, so that an answer in the terminal comes at once."""

from datetime import datetime

from msgspec.structs import replace

from briefings.answer import answer
from briefings.index import Index
from briefings.keywords import Keywords
from briefings.types import Action, Notice, Reply

SHOWN = 3
"""Quotes in one reply; as many again wait behind "more"."""


def ask(question: str, index: Index, keywords: Keywords, *, workspace: str, now: datetime) -> Reply:
    """Up to three quotes, best first, with "more" and "brief me"; or an honest nothing."""
    question = question.strip()
    if not question:
        return Reply((Notice("Type a question after it, such as `ask what was agreed?`", "refused"),), found=False)
    found = answer(question, index, keywords, workspace=workspace, now=now, limit=2 * SHOWN)
    shown, rest = found.quotes[:SHOWN], found.quotes[SHOWN:]
    actions = []
    if rest:
        places = dict.fromkeys(f"{quote.article.id}/{quote.section}" for quote in rest)
        actions.append(Action("more", f"more {' '.join(places)}"))
    if shown:
        actions.append(Action("brief me", f"brief {shown[0].article.id}"))
    elif found.nearest:
        actions.append(Action("brief me on the nearest", f"brief {found.nearest.id}"))
    return Reply((replace(found, quotes=shown, actions=tuple(actions)),), found=bool(shown))
