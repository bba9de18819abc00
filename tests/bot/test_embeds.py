"""Golden renderings for Discord, and what its embeds, links and buttons must look like.

UPDATE_GOLDEN=1 writes the golden files anew. `test_embeds_any.py` tries any content.
"""

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.render.embed_text import escape, fit, link, web
from bot.render.embeds import messages
from bot.render.limits import DISCORD_EMBEDS_TEXT, DISCORD_LEAD, units
from briefings.types import Action, Answer, Briefing, CondensedSection, Content, Item, Listing, Notice, Story, Telling
from tests.bot import sample_contents
from tests.bot.discord_markdown import inline, lines
from tests.bot.sample_contents import (
    BRIDGE,
    COMMANDS,
    FARES,
    FERRY,
    HEADLINES,
    SAILING,
    answering,
    numbered,
    quoting,
    subscribed,
)
from tests.servers.discord_limits import embed_size, message_faults, message_losses

GOLDEN = Path(__file__).parent / "golden" / "embeds"
CHANNEL = "#123456789012345678"

CONTENTS: dict[str, Content] = {
    **sample_contents.CONTENTS,
    "briefing_one": Briefing(topic=None, stories=(Story(FERRY, (SAILING, FARES)),)),
    "briefing_long": Briefing(topic="harbour", stories=(numbered(20),), more=(BRIDGE,)),
    "answer": answering("Free @everyone!"),
    "listing_subscriptions": Listing(
        f"Subscriptions in {CHANNEL}",
        (
            Item(
                f"3. harbour in {CHANNEL}, daily at 9 (UTC)",
                "next Wed 09:00; last delivered yesterday",
                actions=(Action("pause", "pause 3"), Action("remove", "unsubscribe 3")),
            ),
            Item(
                "5. ferry OR bridge in #223456789012345678, hourly",
                "paused",
                actions=(Action("resume", "resume 5"), Action("remove", "unsubscribe 5")),
            ),
        ),
        actions=(Action("set up a subscription", "subscribe"),),
    ),
    "listing_latest": Listing("Latest headlines", HEADLINES),
    "listing_help": Listing("What you can type", COMMANDS),
    "notice": subscribed(CHANNEL, "#223456789012345678"),
}


@pytest.mark.parametrize("name", sorted(CONTENTS))
def test_a_content_looks_as_it_did(name: str) -> None:
    made = messages(CONTENTS[name])
    assert [message_faults(message.payload) + message_losses(message.payload) for message in made] == [[]] * len(made)
    shown = [{"payload": message.payload, "text": message.text} for message in made]
    written = json.dumps(shown, ensure_ascii=False, indent=1) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


def test_a_long_briefing_leads_with_its_buttons_and_names_its_article_in_every_message() -> None:
    lead, *replies = messages(CONTENTS["briefing_long"])
    assert lead.payload["embeds"][-1]["description"] == "1 more story.\n*The rest follows.*"
    assert [button["label"] for button in lead.payload["components"][0]["components"]] == ["more"]
    assert len(replies) >= 1
    for reply in replies:
        first = reply.payload["embeds"][0]
        assert first == {"author": {"name": "Continued"}, "title": FERRY.title, "url": FERRY.url}
        assert reply.payload["content"] is None


def test_notices_are_content_without_previews_and_answers_are_embeds() -> None:
    (answer,) = messages(CONTENTS["answer"])
    (notice,) = messages(CONTENTS["notice"])
    assert answer.payload["flags"] == 0
    assert notice.payload["flags"] == 1 << 2
    assert notice.payload["embeds"] == []
    assert "<https://example.org/help>" in notice.payload["content"]


def test_only_the_headline_links_a_story_and_two_of_one_address_are_both_shown() -> None:
    briefing = Briefing(topic=None, stories=(Story(FERRY, (SAILING, FARES)), Story(FERRY, ())))
    (message,) = messages(briefing)
    embeds = message.payload["embeds"]
    assert [embed.get("url") for embed in embeds] == [FERRY.url, None, None]
    assert embeds[2]["title"] == FERRY.title
    assert embeds[2]["description"] == f"[link]({FERRY.url})"


def test_a_lead_stays_short_and_long_sentences_stand_below_it_whole() -> None:
    long = "word " * 700 + "end."
    section = CondensedSection(None, 0, (Telling(long, 0, 0),))
    (message,) = messages(Briefing(topic=None, stories=(Story(FERRY, (section,)),)))
    headline, told = message.payload["embeds"]
    assert headline["title"] == FERRY.title
    assert "description" not in headline
    assert told["description"] == f"- {long}"
    lead, quoted = messages(Answer(question="?", looked_for=("w",), quotes=(quoting(long),)))[0].payload["embeds"]
    assert embed_size(lead) <= DISCORD_LEAD
    assert quoted["description"].split("\n")[0] == f"> {long}"


def test_a_sentence_longer_than_an_embed_is_marked_where_it_goes_on_and_cited_at_each_part() -> None:
    quote = quoting("word " * 1000 + "end.")
    shown = [
        line
        for message in messages(Answer(question="?", looked_for=("w",), quotes=(quote,)))
        for embed in message.payload["embeds"]
        for line in lines(embed["description"])
    ]
    quoted = [line for line in shown if line.form == "quote"]
    assert len(quoted) == 2
    assert [token.text for line in quoted for token in line.tokens if token.italic] == ["…", "…"]
    assert " ".join(line.text for line in quoted).split() == quote.text.split()
    assert sum(line.text.startswith("— Harbour ferry") for line in shown) == 2


def test_a_citation_stands_in_the_card_of_its_quote() -> None:
    quotes = tuple(quoting(f"{letter * 600}.") for letter in "abc")
    (message,) = messages(Answer(question="?", looked_for=("w",), quotes=quotes))
    forms = [[line.form for line in lines(embed["description"])] for embed in message.payload["embeds"]]
    assert forms == [["quote", "line"] * 2, ["quote", "line"]]


def test_many_links_are_spread_over_cards_that_clients_show_whole() -> None:
    items = tuple(Item(f"Headline {n}", url=f"https://e.org/{n}") for n in range(120))
    embeds = [embed for message in messages(Listing("All", items)) for embed in message.payload["embeds"]]
    found = [[line for line in lines(embed["description"]) if line.form == "bullet"] for embed in embeds]
    assert sum(map(len, found)) == 120
    assert max(map(len, found)) <= 75


def test_messages_are_filled() -> None:
    sections = tuple(CondensedSection(f"{n}", n, (Telling("Word " * 135 + f"{n}.", 0, 0),)) for n in range(40))
    shown = messages(Briefing(topic=None, stories=(Story(FERRY, sections),)))
    assert len(shown) == 5
    sizes = [sum(map(embed_size, message.payload["embeds"])) for message in shown[:-1]]
    assert all(DISCORD_EMBEDS_TEXT - 800 < size <= DISCORD_EMBEDS_TEXT for size in sizes)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("*bold* _it_ ~no~ `code`", r"\*bold\* \_it\_ \~no\~ \`code\`"),
        ("# not a heading", r"\# not a heading"),
        ("-# not small", r"\-# not small"),
        ("- not a list", r"\- not a list"),
        ("2. not a list", r"2\. not a list"),
        ("> not a quote", r"\> not a quote"),
        ("G7: talks at 09:00", "G7: talks at 09:00"),
        ("<@1> @here <#2> </x:3> <t:4>", r"\<\@1\> \@here \<#2\> \<\/x:3\> \<t:4\>"),
        (":tada: <:x:1>", r"\:tada: \<\:x:1\>"),
        ("https://e.org/a_b", r"https:\/\/e.org\/a\_b"),
        ("[a](b) \\", r"\[a\](b) \\"),
        ("¯\\_(ツ)_/¯", r"¯\\\_(ツ)\_\/¯"),
    ],
)
def test_outside_words_are_escaped_where_they_would_have_an_effect(given: str, expected: str) -> None:
    assert escape(given) == expected
    assert "".join(token.text for token in inline(expected)) == given
    assert {token.kind for token in inline(expected)} == {"text"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.org/a|b c", "https://example.org/a%7Cb%20c"),
        ("HTTPS://example.org/?q=<x>", "https://example.org/?q=%3Cx%3E"),
        ("https://e.org/Ferry_(boat)?a=[1]&b=**2**", "https://e.org/Ferry_%28boat%29?a=%5B1%5D&b=%2A%2A2%2A%2A"),
        ("https://e.org/already%20there", "https://e.org/already%20there"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("http://192.0.2.1:8080/x", "http://192.0.2.1:8080/x"),
        ("http://localhost/x", None),
        ("https://e.org:70000/x", None),
        ("https://-e.org/x", None),
        ("https://a..org/x", None),
        ("javascript:alert(1)", None),
        ("https://user:word@example.org", None),
        ("https://example.org/" + "a" * 1000, None),
        (None, None),
    ],
)
def test_links_lead_to_the_web_or_nowhere(given: str | None, expected: str | None) -> None:
    assert web(given) == expected


def test_words_that_discord_would_not_take_as_a_label_are_followed_by_their_link() -> None:
    for plain in ("Harbour ferry returns (again), 4.50 more - and #1", "G7: talks/dinner at 09:00"):
        assert link(plain, "https://e.org") == f"[{plain}](https://e.org)"
    for odd in ("*Star*", "a [b]", "snake_case", ":tada:", "https://e.org", "Ferry 🚢", "@here", "back\\slash"):
        shown = link(odd, "https://e.org/x")
        assert shown == f"{escape(odd)} ([link](https://e.org/x))"
        assert "".join(token.text for token in inline(shown)) == f"{odd} (link)"


def test_titles_are_cut_with_what_escaping_adds() -> None:
    assert fit("*" * 128, 256) == "\\*" * 128
    shown = fit("*" * 200, 256)
    assert shown.endswith("…")
    assert 254 <= units(shown) <= 256
    assert fit("word " * 100, 256).endswith("word…")


def test_a_command_that_is_too_long_loses_whole_ids_only() -> None:
    many = Action("more", "more " + " ".join(["12345"] * 500))
    (shown,) = messages(Notice("Told.", actions=(many, Action("", "x"), Action("y", "z" * 200))))
    ((button,),) = [row["components"] for row in shown.payload["components"]]
    name, number, command = button["custom_id"].split(":")
    assert (name, number) == ("sidelines", "1")
    assert set(command.split()[1:]) == {"12345"}
    assert 80 < len(button["custom_id"]) <= 100


def test_many_buttons_go_on_in_the_next_messages() -> None:
    shown = messages(Notice("Told.", actions=tuple(Action("a" * 90, f"brief {n}") for n in range(60))))
    assert [message_faults(message.payload) for message in shown] == [[]] * len(shown)
    rows = [[len(row["components"]) for row in message.payload["components"]] for message in shown]
    assert sum(map(sum, rows)) == 60
    assert [message.payload["content"] for message in shown[1:]] == ["Told."] * (len(shown) - 1)


def test_a_row_of_a_list_keeps_its_buttons_and_they_name_it() -> None:
    (shown,) = messages(CONTENTS["listing_subscriptions"])
    labels = [[button["label"] for button in row["components"]] for row in shown.payload["components"]]
    assert labels == [["pause 3", "remove 3", "resume 5", "remove 5", "set up a subscription"]]
    items = tuple(Item(f"Headline {n}", actions=(Action("a", "b"), Action("c", "d"))) for n in range(15))
    for message in messages(Listing("All", items)):
        told = "".join(embed["description"] for embed in message.payload["embeds"])
        for row in message.payload["components"]:
            for button in row["components"]:
                number = int(button["label"].split()[1])
                assert f"{number}\\. Headline {number - 1}" in told


def test_channels_are_named_in_our_own_words_alone() -> None:
    (notice,) = messages(Notice(f"It goes to {CHANNEL} now; type `post in {CHANNEL}`."))
    assert notice.payload["content"] == f"It goes to <{CHANNEL}> now; type `post in {CHANNEL}`."
    (briefing,) = messages(
        Briefing(topic=CHANNEL, stories=(Story(BRIDGE, (CondensedSection(None, 0, (Telling(CHANNEL, 0, 0),)),)),))
    )
    assert f"<{CHANNEL}>" not in json.dumps(briefing.payload)


# The role that a briefing calls -------------------------------------------------------------------------------


def test_a_briefing_calls_the_role_of_its_channel_alone() -> None:
    story = Story(FERRY, tuple(replace(FARES, section=number) for number in range(60)))
    lead, *rest = messages(Briefing(topic="harbour @everyone <@&99>", stories=(story,), ping="@123456789012345678"))
    assert lead.payload["content"].startswith("<@&123456789012345678> ")
    assert lead.payload["allowed_mentions"] == {"parse": [], "roles": ["123456789012345678"]}
    assert rest
    assert [each.payload["allowed_mentions"] for each in rest] == [{"parse": []}] * len(rest)
    assert message_faults(lead.payload) == []


@pytest.mark.parametrize("ping", ["", "@everyone", "@here", "everyone", "<@&1>", "@12 34", "@١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦"])
def test_what_is_no_role_calls_nobody(ping: str) -> None:
    (lead,) = messages(Briefing(topic="harbour", stories=(Story(FERRY, (FARES,)),), ping=ping))
    assert lead.payload["allowed_mentions"] == {"parse": []}
    assert "<@" not in lead.payload["content"]
