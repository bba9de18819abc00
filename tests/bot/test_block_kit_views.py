"""Golden views for Slack, what is read back from them, and that any content fits them.

UPDATE_GOLDEN=1 writes the golden files anew.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.connectors import Draft, Suggestion
from bot.render import block_kit_views as views
from bot.render.block_kit_views import Origin, View
from briefings.types import Action, Content, Item, Listing, Notice
from tests.bot.test_block_kit import CONTENTS
from tests.bot.test_block_kit_any import contents, texts
from tests.servers.slack_judges import judge_options, judge_view, live_mentions

GOLDEN = Path(__file__).parent / "golden" / "block_kit_views"
DRAFT = Draft(topic="harbour", when="weekdays at 9", zone="Asia/Seoul", channel="slack:T1:#C0456ABCD", style="full")
ORIGIN = Origin(channel="C0456ABCD", thread="1700000000.000001", response_url="https://hooks.slack.com/commands/T1/2/3")


def subscribed(count: int) -> Listing:
    """A dashboard's listing of so many subscriptions."""
    buttons = ("edit", "reschedule"), ("pause", "pause"), ("test", "preview"), ("remove", "unsubscribe")
    return Listing(
        "Subscriptions",
        tuple(
            Item(
                f"{n}. harbour in #C0456ABCD", "next Wed 09:00", None, tuple(Action(a, f"{b} {n}") for a, b in buttons)
            )
            for n in range(1, count + 1)
        ),
        whole="subscriptions",
    )


SETTINGS = Listing("Settings", (Item("zone", "UTC"), Item("style", "brief")))
VIEWS: dict[str, View] = {
    "form": views.form(Draft(when="weekdays at 9", zone="UTC"), Origin()),
    "form_changed": views.form(
        Draft(subscription=7, topic="harbour", when="hourly", zone="Europe/Rome", style="headlines"),
        ORIGIN,
        shown=(CONTENTS["notice"], CONTENTS["briefing"]),
        conversation="C0456ABCD",
    ),
    "form_direct": views.form(DRAFT, Origin(channel="D0456ABCD"), conversation="D0456ABCD"),
    "question": views.question(ORIGIN),
    "address": views.address(ORIGIN),
    "told": views.told((CONTENTS["notice"], CONTENTS["answer"]), ORIGIN),
    "home": views.home((subscribed(2), SETTINGS, Notice("3 articles are stored.")), (Notice("Number 2 is paused."),)),
}


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_view_looks_as_it_did(name: str) -> None:
    assert judge_view(VIEWS[name]) == []
    written = json.dumps(VIEWS[name], ensure_ascii=False, indent=1) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")


# What is filled in --------------------------------------------------------------------------------------------


def submitted(view: View, **picked: str) -> dict[str, Any]:
    """The view as Slack sends it back: what was preset, unless something else was picked."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element, field = block["element"], block["block_id"].partition(":")[0]
        value = picked.get(field)
        kind = element["type"]
        if kind == "plain_text_input":
            state: dict[str, Any] = {"value": value if value is not None else element.get("initial_value")}
        elif kind == "conversations_select":
            state = {"selected_conversation": value if value is not None else element.get("initial_conversation")}
        else:
            option = {"text": {"type": "plain_text", "text": "x"}, "value": value}
            state = {"selected_option": option if value is not None else element.get("initial_option")}
        values[block["block_id"]] = {element["action_id"]: {"type": kind, **state}}
    return {**view, "id": "V1", "state": {"values": values}}


def test_a_form_that_nobody_touched_gives_its_draft_back() -> None:
    view = views.form(DRAFT, ORIGIN, conversation="C0456ABCD")
    assert views.filled(submitted(view)) == Draft(**{**_fields(DRAFT), "channel": "C0456ABCD"})
    assert views.origin_of(view) == ORIGIN


def test_what_a_person_picks_is_what_the_draft_says() -> None:
    view = views.form(Draft(subscription=7), ORIGIN)
    picked = {"topic": "G7", "when": "hourly", "zone": "UTC", "channel": "G0456ABCD", "style": "headlines"}
    assert views.filled(submitted(view, **picked)) == Draft(subscription=7, **picked)


def test_words_too_long_for_a_menu_are_typed_on_a_line() -> None:
    topic = " OR ".join(f"ferry{n}" for n in range(40))
    view = views.form(Draft(topic=topic), Origin())
    assert judge_view(view) == []
    assert views.filled(submitted(view)).topic == topic


def test_a_form_about_a_direct_conversation_needs_no_channel_and_takes_one() -> None:
    view = VIEWS["form_direct"]
    assert views.filled(submitted(view)).channel == "D0456ABCD"
    assert views.filled(submitted(view, channel="C9999ABCD")).channel == "C9999ABCD"
    assert views.filled(submitted(view, channel="D9999ABCD")).channel == "D0456ABCD"


def test_a_zone_learned_later_is_shown_and_all_else_keeps_its_name() -> None:
    """Slack keeps what a block of the same id shows, whatever else it should show first."""
    before = [block.get("block_id") for block in views.form(DRAFT, Origin())["blocks"]]
    after = [block.get("block_id") for block in views.form(Draft(zone="UTC"), Origin())["blocks"]]
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [("zone:Asia/Seoul", "zone:UTC")]


@pytest.mark.parametrize(
    "view",
    [
        {},
        {"private_metadata": "{", "state": None},
        {"private_metadata": '{"channel": 5}', "state": {"values": {}}},
        {"private_metadata": "", "state": {"values": {"topic": {"old": {"type": "static_select"}}, "gone": {}}}},
        {"state": {"values": {"style": {"style": {"selected_option": {"value": "haiku"}}}}}},
    ],
)
def test_a_view_of_another_version_counts_as_empty(view: dict[str, Any]) -> None:
    assert views.filled(view) == Draft()
    assert views.origin_of(view) == Origin()
    assert views.asked(view) == ""


def test_what_is_wrong_stands_at_its_field_or_at_the_first() -> None:
    view = submitted(VIEWS["form"])
    assert views.field_errors(view, {"zone": "No such zone.", "topic": "Say which.", "subscription": "Gone."}) == {
        "zone:UTC": "No such zone.",
        "topic": "Say which. Gone.",
    }


def test_a_preview_in_a_form_has_no_button_that_leads_away() -> None:
    below = VIEWS["form_changed"]["blocks"][6:]
    assert below[0] == {"type": "divider"}
    assert '"button"' not in json.dumps(below)
    assert "Harbour ferry returns after a year" in json.dumps(below)


def test_an_address_too_long_to_keep_is_left_out() -> None:
    origin = Origin(channel="C1", response_url="https://e.org/" + "a" * 3000)
    assert views.origin_of(views.question(origin)) == Origin(channel="C1")


# Much to show -------------------------------------------------------------------------------------------------


def test_two_hundred_subscriptions_fit_and_the_rest_is_named() -> None:
    view = views.home((subscribed(200), SETTINGS, Notice("3 articles are stored.")), (Notice("Number 2 is paused."),))
    assert judge_view(view) == []
    said = json.dumps(view)
    shown = len(re.findall(r'"unsubscribe \d+"', said))
    assert 40 < shown < 50
    assert f"{200 - shown} more: type " in said
    assert "/briefing subscriptions" in said
    assert "Settings" in said
    assert "3 articles are stored." in said
    assert "Number 2 is paused." in said


def test_a_list_without_buttons_has_an_end_too() -> None:
    view = views.told((Listing("Topics", tuple(Item(f"topic {n}") for n in range(5000))),), ORIGIN)
    assert judge_view(view) == []
    assert "4600 more do not fit here." in json.dumps(view)


def test_what_just_fits_is_shown_whole() -> None:
    most = next(count for count in range(40, 60) if "more: type" in json.dumps(views.home((subscribed(count),))))
    view = views.home((subscribed(most - 1),))
    assert len(view["blocks"]) in (99, 100)
    assert len(views.home((subscribed(most),))["blocks"]) in (99, 100)


def test_a_view_stays_below_the_size_that_slack_takes() -> None:
    view = views.told([Notice("\n\n".join("한" * 2900 for _ in range(90)))], ORIGIN)
    assert len(json.dumps(view)) < 250_000
    assert "The rest does not fit here." in json.dumps(view)


def test_nothing_to_show_is_said() -> None:
    assert judge_view(views.home(())) == judge_view(views.told((), ORIGIN)) == []


# Any content --------------------------------------------------------------------------------------------------

origins = st.builds(
    Origin, channel=st.just("C1"), thread=st.none() | texts, response_url=st.none() | texts, subscription=st.none()
)
drafts = st.builds(
    Draft,
    subscription=st.none() | st.integers(1, 10**12),
    topic=texts,
    when=texts,
    zone=texts,
    style=st.sampled_from(("headlines", "brief", "full")),
)
some = st.lists(contents, max_size=1)


@given(some, some, drafts, st.sampled_from((None, "C0456ABCD", "G0456ABCD", "D0456ABCD", "U0456ABCD")))
@settings(max_examples=15)
def test_any_view_keeps_every_limit_and_mentions_nobody(
    above: list[Content], below: list[Content], draft: Draft, conversation: str | None
) -> None:
    for view in (
        views.home(below, above),
        views.told(below, ORIGIN),
        views.form(draft, ORIGIN, shown=below, conversation=conversation),
    ):
        assert judge_view(view) == []
        assert live_mentions(view) == []
        assert len(json.dumps(view)) < 250_000
        ids = list(action_ids(view))
        assert len(ids) == len(set(ids))
        assert not [id for id in ids if id.startswith("sidelines:")]


def action_ids(part: Any) -> Iterator[str]:
    """The action ids of everything in a view."""
    if isinstance(part, dict):
        if "action_id" in part:
            yield part["action_id"]
        for value in part.values():
            yield from action_ids(value)
    elif isinstance(part, list):
        for value in part:
            yield from action_ids(value)


@given(st.lists(st.builds(Suggestion, texts, texts), max_size=300))
@settings(max_examples=50)
def test_any_suggestions_are_choices_that_come_back_whole(suggestions: list[Suggestion]) -> None:
    options = views.options(suggestions)
    assert judge_options({"options": options}) == []
    values = [option["value"] for option in options]
    assert len(values) == len(set(values)) <= 100
    assert set(values) <= {suggestion.value for suggestion in suggestions}


def test_suggestions_keep_their_order() -> None:
    found = views.options(
        [Suggestion("b", "b"), Suggestion("a", "a"), Suggestion("b again", "b"), Suggestion(" ", "c")]
    )
    assert [(option["text"]["text"], option["value"]) for option in found] == [("b", "b"), ("a", "a")]
    assert len(views.options([Suggestion(str(n), str(n)) for n in range(300)])) == 100


def _fields(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in draft.__struct_fields__}
