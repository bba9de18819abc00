"""The JSON that commands print, made once from the values they show. Its keys are promises to programs."""

from typing import Any

from briefings.types import Answer, Article, Briefing, Head, Quote, Reply, Story


def article(head: Head) -> dict[str, Any]:
    """An article as answers and briefings cite it."""
    return {
        "id": head.id,
        "title": head.title,
        "url": head.url,
        "source": head.source,
        "published": head.published,
    }


def stored_article(stored: Article) -> dict[str, Any]:
    """An article as a list of the archive shows it; `words` are counted between white space."""
    return {
        **article(stored.head),
        "language": stored.language,
        "sections": [
            {"heading": section.heading, "words": sum(len(sentence.split()) for sentence in section.sentences)}
            for section in stored.sections
        ],
    }


def answer(given: Answer) -> dict[str, Any]:
    """An answer; without quotes `found` is false, and `looked_for` says why."""
    return {
        "question": given.question,
        "found": bool(given.quotes),
        "looked_for": list(given.looked_for),
        "answers": [_quote(quote) for quote in given.quotes],
    }


def briefings(reply: Reply) -> dict[str, Any]:
    """The stories of a reply's briefings; none when nothing was found."""
    stories = [story for content in reply.contents if isinstance(content, Briefing) for story in content.stories]
    return {"briefings": [_story(story) for story in stories]}


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "text": quote.text,
        "article": article(quote.article),
        "section": quote.heading,
        "score": quote.score,
    }


def _story(story: Story) -> dict[str, Any]:
    return {
        "article": article(story.article),
        "sections": [
            {
                "heading": section.heading,
                "sentences": [
                    {"text": telling.text, "paragraph": telling.paragraph, "sentence": telling.sentence}
                    for telling in section.sentences
                ],
            }
            for section in story.sections
        ],
    }
