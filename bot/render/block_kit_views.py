"""Modals and the Home tab as Slack's views: the form of a subscription, a question, an address, replies, the dashboard.

Pure, and within Slack's limits whatever is shown (https://docs.slack.dev/reference/views,
https://docs.slack.dev/reference/block-kit). What a person picked is read back with `filled` and `asked`.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.connectors import Draft, Suggestion
from bot.render.block_kit import blocks
from bot.render.block_text import shorten
from bot.render.limits import SLACK_VIEW_BLOCKS, units
from briefings.types import Content, Item, Listing, Style

Blocks = list[dict[str, Any]]
View = dict[str, Any]

LARGEST = 240_000
"""Bytes of a view as it is sent; Slack refuses more than 250 kB (error `view_too_large` of views.open)."""
METADATA, TITLE = 3000, 24
"""slack_sdk/models/views/__init__.py."""
OPTIONS, OPTION_TEXT, OPTION_VALUE = 100, 75, 150
"""slack_sdk/models/blocks/basic_components.py and block_elements.py."""
LONGEST_TYPED = 3000
"""What a line to type in can hold first: PlainTextInputElement in the same."""
LONGEST_QUESTION, LONGEST_ADDRESS = 300, 2000
"""Our own: a longer question finds nothing, and browsers take no longer address."""
LONGEST_ERROR = 1000
"""Our own: what is wrong with a field reads at a glance."""

CHANNELS = ("C", "G")
"""What the ids of public and private channels begin with; those of people and direct conversations do not."""

MOST_ITEMS = 400
"""Our own: more items of a listing are not even tried; with buttons, 50 fill a view."""

SUBSCRIBE, ASK, ADD, TOLD = "sidelines:subscribe", "sidelines:ask", "sidelines:add", "sidelines:told"
"""The callback ids of our modals."""
PICK = "sidelines-pick:"
"""What the action ids of searchable menus begin with; the name of the field follows."""
PREVIEW = "sidelines-form:preview"
HOME_BUTTON, VIEW_BUTTON = "sidelines-home:", "sidelines-view:"
"""What the action ids of buttons on the Home tab and in modals begin with; a running number follows."""

Searched = Literal["topic", "when", "zone"]
STYLES: dict[Style, str] = {
    "headlines": "Headlines and links",
    "brief": "Brief: a few sentences of each section",
    "full": "Full: more sentences of each section",
}


class Origin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a modal was asked for and what it is about; it travels in the view's private metadata.

    `channel` is Slack's id, empty when it was asked for on the Home tab. `direct` is the conversation or person that a
    form is about when no channel is picked.
    """

    channel: str = ""
    direct: str = ""
    thread: str | None = None
    response_url: str | None = None
    subscription: int | None = None


def form(draft: Draft, origin: Origin, *, shown: Sequence[Content] = (), conversation: str | None = None) -> View:
    """The form of a subscription; `shown` is a preview, or what is wrong, below the fields.

    `conversation` is the id of the channel picked first; without one it is where the person is. With that of a direct
    conversation or person, no channel needs to be picked.
    """
    new = draft.subscription is None
    direct = conversation if conversation and conversation[0] not in CHANNELS else ""
    origin = replace(origin, subscription=draft.subscription, direct=direct)
    fields = [
        _picker("topic", "Topic", draft.topic, "A topic's name, or words that its articles carry"),
        _picker("when", "When", draft.when, "weekdays at 9, mondays at 18:30, as it happens"),
        _picker("zone", "Time zone", draft.zone, "The zone that the times are in"),
        _channel(conversation),
        _styles(draft.style),
        {"type": "actions", "block_id": "preview", "elements": [_button("Preview", PREVIEW)]},
    ]
    below = _without_buttons(_fitting(shown, SLACK_VIEW_BLOCKS - len(fields) - 1, _bytes(fields)))
    return {
        **_modal("New subscription" if new else f"Subscription {draft.subscription}"[:TITLE], SUBSCRIBE, origin),
        "submit": _plain("Subscribe" if new else "Save"),
        "close": _plain("Cancel"),
        "blocks": [*fields, *([{"type": "divider"}] if below else []), *below],
    }


def filled(view: Mapping[str, Any]) -> Draft:
    """What a person filled in so far; the channel is Slack's id of it, empty when none is picked."""
    values, origin = _values(view), origin_of(view)
    style, channel = values.get("style", ""), values.get("channel", "")
    return Draft(
        subscription=origin.subscription,
        topic=values.get("topic", ""),
        when=values.get("when", ""),
        zone=values.get("zone", ""),
        channel=channel if channel[:1] in CHANNELS else origin.direct,
        style=style if style in get_args(Style) else "brief",  # type: ignore[arg-type]  # just looked up
    )


def field_errors(view: Mapping[str, Any], problems: Mapping[str, str]) -> dict[str, str]:
    """Sentences for each field as Slack wants them: by block id. One about no field that is shown goes to the first."""
    places = {_field(block_id): block_id for block_id in _block_ids(view)}
    first = places.get("topic", "topic")
    errors: dict[str, str] = {}
    for field, sentence in problems.items():
        place = places.get(field, first)
        errors[place] = f"{errors[place]} {sentence}" if place in errors else sentence
    return {place: sentence[:LONGEST_ERROR] for place, sentence in errors.items()}


def options(suggestions: Iterable[Suggestion]) -> list[dict[str, Any]]:
    """Suggestions as the choices of a menu. One too long to come back whole is left out, and so are repeats."""
    choices: dict[str, dict[str, Any]] = {}
    for suggestion in suggestions:
        if _fits(suggestion):
            choices.setdefault(suggestion.value, _option(suggestion.label, suggestion.value))
    return list(choices.values())[:OPTIONS]


def question(origin: Origin) -> View:
    """A modal with one field, a question; it says where the answer comes."""
    field = _line("question", "Your question", "what about the G7 sidelines talks?", LONGEST_QUESTION)
    below = "The answer comes to you alone, as a direct message."
    return _asking(_modal("Ask Sidelines", ASK, origin), "Ask", field, below)


def address(origin: Origin) -> View:
    """A modal with one field, the address of a source; it says which will do."""
    field = _line("address", "Address", "https://news.example.org/feed", LONGEST_ADDRESS)
    below = "A feed (RSS, Atom or JSON Feed), or a site that names one. Its articles are read from then on."
    return _asking(_modal("Add a source", ADD, origin), "Add", field, below)


def asked(view: Mapping[str, Any]) -> str:
    """What was typed into a modal with one field, without white space around it."""
    values = _values(view)
    return values.get("question", values.get("address", "")).strip()


def told(contents: Sequence[Content], origin: Origin, title: str = "Sidelines") -> View:
    """A modal that shows a reply, with its buttons."""
    shown = _numbered(_fitting(contents, SLACK_VIEW_BLOCKS, 0), VIEW_BUTTON)
    return {**_modal(title, TOLD, origin), "close": _plain("Close"), "blocks": shown or [_nothing()]}


def home(contents: Sequence[Content], outcome: Sequence[Content] = ()) -> View:
    """The Home tab: the dashboard, above it the outcome of the button that was pressed last."""
    above = _fitting(outcome, SLACK_VIEW_BLOCKS // 2, LARGEST // 2)
    if above:
        above.append({"type": "divider"})
    rest = "{} more: type `/briefing {}` in any channel to see them all."
    below = _fitting(contents, SLACK_VIEW_BLOCKS - len(above), _bytes(above), rest)
    return {"type": "home", "blocks": _numbered([*above, *below], HOME_BUTTON) or [_nothing()]}


def origin_of(view: Mapping[str, Any]) -> Origin:
    """Where a modal was asked for; nowhere when the view is not ours or of another version."""
    try:
        return msgspec.json.decode(view.get("private_metadata") or "{}", type=Origin)
    except (msgspec.DecodeError, TypeError):
        return Origin()


def _modal(title: str, callback: str, origin: Origin) -> View:
    metadata = msgspec.json.encode(origin).decode()
    if len(metadata) > METADATA:
        metadata = msgspec.json.encode(replace(origin, response_url=None)).decode()
    return {"type": "modal", "callback_id": callback, "title": _plain(title), "private_metadata": metadata}


def _asking(modal: View, submit: str, field: dict[str, Any], below: str) -> View:
    """A modal that asks for one thing."""
    told = {"type": "context", "elements": [_plain(below)]}
    return {**modal, "submit": _plain(submit), "close": _plain("Cancel"), "blocks": [field, told]}


def _line(field: str, label: str, example: str, longest: int) -> dict[str, Any]:
    """A line to type in."""
    typed = {"type": "plain_text_input", "action_id": field, "max_length": longest, "focus_on_load": True}
    element = {**typed, "placeholder": _plain(example)}
    return {"type": "input", "block_id": field, "label": _plain(label), "element": element}


def _picker(field: Searched, label: str, value: str, placeholder: str) -> dict[str, Any]:
    """A menu with search that takes typed words too; words longer than a menu can hold get a line to type in.

    The zone's block is named for the zone in it: Slack keeps what blocks of the same name show, and the zone is
    preset once the person's profile has arrived.
    """
    element: dict[str, Any] = {"action_id": PICK + field, "placeholder": _plain(placeholder)}
    if units(value) > OPTION_VALUE:
        element |= {"type": "plain_text_input", "initial_value": shorten(value, LONGEST_TYPED)}
    else:
        element |= {"type": "external_select", "min_query_length": 0}
        if shorten(value, OPTION_TEXT):
            element["initial_option"] = _option(value, value)
    block_id = f"zone:{value}"[:255] if field == "zone" else field
    return {"type": "input", "block_id": block_id, "label": _plain(label), "element": element}


def _channel(conversation: str | None) -> dict[str, Any]:
    element: dict[str, Any] = {
        "type": "conversations_select",
        "action_id": "channel",
        "placeholder": _plain("A channel"),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    block: dict[str, Any] = {"type": "input", "block_id": "channel", "label": _plain("Channel"), "element": element}
    if not conversation:
        element["default_to_current_conversation"] = True
    elif conversation[0] in CHANNELS:
        element["initial_conversation"] = conversation
    else:
        block |= {"optional": True, "hint": _plain("With none, briefings come as direct messages.")}
    return block


def _styles(style: Style) -> dict[str, Any]:
    choices = {name: _option(words, name) for name, words in STYLES.items()}
    element = {
        "type": "static_select",
        "action_id": "style",
        "options": list(choices.values()),
        "initial_option": choices[style],
    }
    hint = "How this channel's briefings look, all its subscriptions alike."
    label, told = _plain("Style"), _plain(hint)
    return {"type": "input", "block_id": "style", "label": label, "hint": told, "element": element}


def _values(view: Mapping[str, Any]) -> dict[str, str]:
    """Each field's words, or the id or value picked."""
    state = view.get("state") or {}
    values: dict[str, str] = {}
    for block_id, elements in (state.get("values") or {}).items():
        for element in elements.values():
            picked = element.get("selected_option") or {}
            value = picked.get("value") or element.get("selected_conversation") or element.get("value")
            values[_field(block_id)] = value or ""
    return values


def _block_ids(view: Mapping[str, Any]) -> list[str]:
    state = view.get("state") or {}
    return [*(state.get("values") or {}), *(block.get("block_id", "") for block in view.get("blocks") or ())]


def _field(block_id: str) -> str:
    return block_id.partition(":")[0]


def _fits(suggestion: Suggestion) -> bool:
    return bool(shorten(suggestion.label, OPTION_TEXT)) and 0 < units(suggestion.value) <= OPTION_VALUE


def _option(label: str, value: str) -> dict[str, Any]:
    return {"text": _plain(shorten(label, OPTION_TEXT)), "value": value}


def _plain(text: str) -> dict[str, Any]:
    """Plain words: no mention, link or emoji is read out of them."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(label: str, action_id: str) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": _plain(label)}


def _nothing() -> dict[str, Any]:
    return {"type": "context", "elements": [_plain("There is nothing to show.")]}


def _fitting(contents: Sequence[Content], room: int, taken: int, rest: str = "{} more do not fit here.") -> Blocks:
    """The blocks of contents: `room` at most, and `taken` bytes less than the largest view.

    Listings are shortened first, all to the same number of items; `rest` says how many are not shown, and what shows
    them.
    """
    longest = min(max((len(it.items) for it in contents if isinstance(it, Listing)), default=0), MOST_ITEMS)
    laid = _laid(contents, longest, rest)
    if len(laid) > room:
        items = bisect_right(range(longest), room, key=lambda items: len(_laid(contents, items, rest))) - 1
        laid = _laid(contents, max(items, 0), rest)
    kept, size = 0, taken
    for block in laid[:room]:
        size += _bytes([block])
        kept += size <= LARGEST
    if kept == len(laid):
        return laid
    return [*laid[: min(kept, room - 1)], {"type": "context", "elements": [_plain("The rest does not fit here.")]}]


def _laid(contents: Sequence[Content], items: int, rest: str) -> Blocks:
    return blocks(*(_shortened(it, items, rest) if isinstance(it, Listing) else it for it in contents))


def _shortened(listing: Listing, items: int, rest: str) -> Listing:
    if len(listing.items) <= items:
        return listing
    more = rest.format(len(listing.items) - items, listing.whole)
    return replace(listing, items=(*listing.items[:items], Item(more)))


def _without_buttons(laid: Blocks) -> Blocks:
    """Blocks for a form, where pressing something else would lose what is filled in."""
    kept = (block for block in laid if block["type"] != "actions")
    return [{name: value for name, value in block.items() if name != "accessory"} for block in kept]


def _numbered(laid: Blocks, prefix: str) -> Blocks:
    """The same with the action ids of all buttons made unique in the view."""
    numbers = iter(range(len(laid) * 25 + 1))

    def named(element: dict[str, Any]) -> dict[str, Any]:
        return {**element, "action_id": f"{prefix}{next(numbers)}"} if element["type"] == "button" else element

    return [
        {**block, "elements": [named(element) for element in block["elements"]]}
        if block["type"] == "actions"
        else {**block, "accessory": named(block["accessory"])}
        if "accessory" in block
        else block
        for block in laid
    ]


def _bytes(laid: Blocks) -> int:
    """How much of a view blocks take as the client sends them, which writes JSON in ASCII."""
    return len(json.dumps(laid))
