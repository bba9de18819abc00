"""Topics told by a few keywords put the articles about them before those that only mention their words."""

from pathlib import Path

import pytest

from briefings.keywords import Keywords, load_aliases
from briefings.sections import Block, assemble
from briefings.topics import article_terms, parse
from briefings.types import Document

keywords = Keywords(load_aliases(Path(__file__).parents[2] / "config" / "aliases.toml"))

# Headline, paragraphs and the topics that a reader would file the article under.
ARTICLES = [
    (
        "Ferry line orders two battery ships",
        "Northsound Ferries will replace two of its oldest ferries with ships that run on batteries.",
        "The yard in Larnvik delivers the first in March. Fares stay as they are, the company said.",
        {"ferries"},
    ),
    (
        "Strike stops crossings for a third day",
        "No ferry left Port Olsen on Tuesday as crews stayed ashore over pay.",
        "Talks go on this evening. Freight companies are sending lorries by the bridge instead.",
        {"ferries", "strikes"},
    ),
    (
        "Museum shows a century of posters",
        "The town museum opens a show of travel posters on Friday, from steam trains to early jets.",
        "One wall has ferry posters. Entry is free, and a catalogue costs nine crowns.",
        set(),
    ),
    (
        "Teachers walk out in four districts",
        "Some nine thousand teachers began a strike over class sizes on Monday.",
        "Their union says strikes will spread to the islands next week unless the ministry moves.",
        {"strikes"},
    ),
    (
        "Lightning strikes church tower",
        "A tower that had stood since 1711 burned for two hours after lightning hit it on Sunday night.",
        "Nobody was hurt. The bells were saved by firemen who lowered them one by one.",
        set(),
    ),
    (
        "Central bank lifts interest rates again",
        "The central bank raised its main interest rate to 4.5 percent, the third rise this year.",
        "Banks followed within the hour. Mortgage holders will pay some sixty crowns more a month.",
        {"rates"},
    ),
    (
        "Interest in allotments grows",
        "The waiting list for a garden plot has doubled as interest grows among the young.",
        "Plots are let at a rate of two crowns a square metre. The council is looking for land.",
        set(),
    ),
    (
        "Builders feel the squeeze",
        "Fewer houses were begun in May than in any month since the war, builders said.",
        "They blame interest rates above four percent. A minister promised help with deposits.",
        {"rates"},
    ),
    (
        "Harvest late after a wet spring",
        "Farmers on the plain have begun to cut their barley, three weeks later than usual.",
        "Prices are steady. A strike at one mill in April is long over, and stocks are good.",
        set(),
    ),
    (
        "Bus drivers vote on walkout",
        "Drivers in the capital vote this week on industrial action over night shifts.",
        "The last walkout, two years ago, lasted nine days and closed most schools.",
        {"strikes"},
    ),
]
TOPICS = {
    "ferries": "ferry OR crossings",
    "strikes": "strike OR walkout OR (industrial action)",
    "rates": "(interest rates) OR (central bank)",
}
FLOORS = {"ferries": 1.0, "strikes": 0.9, "rates": 1.0}


def average_precision(topic: str) -> float:
    """Of the articles that belong, how many of those placed at least as high do too; 1 when they come first."""
    parsed = parse(TOPICS[topic], keywords)
    scored = []
    for title, lead, rest, topics in ARTICLES:
        document = Document(title=title, sections=assemble([Block(lead), Block(rest)]))
        scored.append((parsed.score(article_terms(document, keywords)), topic in topics))
    scored.sort(key=lambda each: (-each[0], each[1]))  # where scores are equal, what does not belong comes first
    belongs = [belonging for _, belonging in scored]
    places = [place for place, belonging in enumerate(belongs, 1) if belonging]
    return sum(belongs[:place].count(True) / place for place in places) / len(places)


@pytest.mark.parametrize("topic", TOPICS)
def test_articles_about_a_topic_come_before_those_that_mention_it(topic):
    assert average_precision(topic) >= FLOORS[topic]
