"""What Slack refuses in blocks and views, as a table with sources; written without looking at our renderer.

Sources: [blocks] https://docs.slack.dev/reference/block-kit/blocks and its pages for each block and element,
[views] https://docs.slack.dev/reference/views, [sdk] slack_sdk.models, [total] metabase/metabase PR #79908 measured
that about 13,200 characters in the blocks of one message are refused as msg_blocks_too_long.
A key or a kind that is not in the table is a breach too: Slack refuses keys it does not know.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

BLOCKS = {"message": 50, "modal": 100, "home": 100}  # [blocks], [views]
TEXT_IN_BLOCKS = 13_200  # [total]
TEXT = 40_000  # https://docs.slack.dev/reference/methods/chat.postMessage, cut or refused above
EDITABLE = 4_000  # chat.update refuses longer texts: msg_too_long
VIEW = {"title": 24, "submit": 24, "close": 24, "private_metadata": 3000, "callback_id": 255, "external_id": 255}
RESPONSES, RESPONSE_SECONDS = 5, 30 * 60  # https://docs.slack.dev/interactivity/handling-user-interaction
TRIGGER_SECONDS = 3  # https://docs.slack.dev/surfaces/modals

PLAIN, ANY, ELEMENT, OPTION, OPTIONS, GROUPS, LIST, RICH, CONFIRM, FREE, ID = range(11)
"""What a value is: a plain text object, any text object, an element, ..., an id or an unchecked value."""

BLOCK_KEYS: dict[str, dict[str, tuple[int, int]]] = {
    "section": {"text": (ANY, 3000), "fields": (LIST, 10), "accessory": (ELEMENT, 1), "expand": (FREE, 0)},
    "header": {"text": (PLAIN, 150)},
    "divider": {},
    "context": {"elements": (LIST, 10)},
    "actions": {"elements": (LIST, 25)},
    "input": {
        "label": (PLAIN, 2000),
        "element": (ELEMENT, 1),
        "hint": (PLAIN, 2000),
        "optional": (FREE, 0),
        "dispatch_action": (FREE, 0),
    },
    "image": {"image_url": (ID, 3000), "alt_text": (ID, 2000), "title": (PLAIN, 2000), "slack_file": (FREE, 0)},
    "rich_text": {"elements": (RICH, 0)},
    "markdown": {"text": (ID, 12_000)},
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "header": ("text",),
    "context": ("elements",),
    "actions": ("elements",),
    "input": ("label", "element"),
    "image": ("alt_text",),
    "rich_text": ("elements",),
    "markdown": ("text",),
    "button": ("text", "action_id"),
    "overflow": ("options", "action_id"),
}
SURFACES = {"markdown": {"message"}, "input": {"message", "modal", "home"}}

_SELECT = {"action_id": (ID, 255), "placeholder": (PLAIN, 150), "confirm": (CONFIRM, 0), "focus_on_load": (FREE, 0)}
_TYPED = _SELECT | {"initial_value": (ID, 3000), "dispatch_action_config": (FREE, 0)}
ELEMENT_KEYS: dict[str, dict[str, tuple[int, int]]] = {
    "button": {
        "action_id": (ID, 255),
        "text": (PLAIN, 75),
        "value": (ID, 2000),
        "url": (ID, 3000),
        "style": (FREE, 0),
        "confirm": (CONFIRM, 0),
        "accessibility_label": (ID, 75),
    },
    "overflow": {"action_id": (ID, 255), "options": (OPTIONS, 5), "confirm": (CONFIRM, 0)},
    "static_select": _SELECT
    | {"options": (OPTIONS, 100), "option_groups": (GROUPS, 100), "initial_option": (OPTION, 0)},
    "external_select": _SELECT | {"initial_option": (OPTION, 0), "min_query_length": (FREE, 0)},
    "conversations_select": _SELECT
    | {
        "initial_conversation": (ID, 30),
        "default_to_current_conversation": (FREE, 0),
        "response_url_enabled": (FREE, 0),
        "filter": (FREE, 0),
    },
    "channels_select": _SELECT | {"initial_channel": (ID, 30), "response_url_enabled": (FREE, 0)},
    "users_select": _SELECT | {"initial_user": (ID, 30)},
    "plain_text_input": _TYPED | {"multiline": (FREE, 0), "min_length": (FREE, 0), "max_length": (FREE, 0)},
    "url_text_input": _TYPED,
    "checkboxes": _SELECT | {"options": (OPTIONS, 10), "initial_options": (OPTIONS, 10)},
    "radio_buttons": _SELECT | {"options": (OPTIONS, 10), "initial_option": (OPTION, 0)},
    "datepicker": _SELECT | {"initial_date": (ID, 10)},
    "timepicker": _SELECT | {"initial_time": (ID, 5), "timezone": (ID, 100)},
    "image": {"image_url": (ID, 3000), "alt_text": (ID, 2000), "slack_file": (FREE, 0)},
}
IN_BLOCK = {
    "section": set(ELEMENT_KEYS) - {"plain_text_input", "url_text_input"},
    "actions": set(ELEMENT_KEYS) - {"image", "url_text_input", "plain_text_input"},
    "input": set(ELEMENT_KEYS) - {"button", "overflow", "image"},
}
RICH_KINDS = {
    "rich_text_section": {"elements"},
    "rich_text_list": {"elements", "style", "indent", "offset", "border"},
    "rich_text_quote": {"elements", "border"},
    "rich_text_preformatted": {"elements", "border", "language"},
    "text": {"text", "style"},
    "link": {"url", "text", "style", "unsafe"},
    "emoji": {"name", "unicode", "skin_tone", "style"},
    "user": {"user_id", "style"},
    "usergroup": {"usergroup_id", "style"},
    "channel": {"channel_id", "style"},
    "broadcast": {"range"},
    "date": {"timestamp", "format", "url", "fallback"},
}


def block_faults(blocks: Any, surface: str) -> list[str]:
    """Every breach in the blocks of a "message", "modal" or "home", each with its place; none when Slack takes them."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return ["blocks are not a list of objects"]
    found = [] if len(blocks) <= BLOCKS[surface] else [f"{len(blocks)} blocks in a {surface}"]
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    found += [f"block_id {name!r} {count} times" for name, count in ids.items() if count > 1]
    for place, block in enumerate(blocks):
        found += [f"blocks/{place}/{fault}" for fault in _block(block, surface)]
    return found


def text_in(part: Any) -> int:
    """The characters of all texts in blocks, as Slack sums them."""
    if isinstance(part, list):
        return sum(text_in(item) for item in part)
    if isinstance(part, dict):
        own = len(part["text"]) if isinstance(part.get("text"), str) else 0
        return own + sum(text_in(value) for value in part.values() if isinstance(value, dict | list))
    return 0


def view_faults(view: Any) -> list[str]:
    """Every breach of a modal or Home tab, its blocks included."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        return ["a view is an object of type modal or home"]
    found = block_faults(view.get("blocks"), view["type"])
    kinds = [block.get("type") for block in view.get("blocks") or [] if isinstance(block, dict)]
    for key, value in view.items():
        if key in VIEW and key in {"title", "submit", "close"}:
            found += [f"{key}/{fault}" for fault in _text(value, PLAIN, VIEW[key])]
        elif key in VIEW:
            found += [] if isinstance(value, str) and len(value) <= VIEW[key] else [f"{key}: over {VIEW[key]}"]
        elif key not in {"type", "blocks", "clear_on_close", "notify_on_close"}:
            found.append(f"unknown key {key} in a view")
    if not kinds:
        found.append("a view without blocks")
    if view["type"] == "modal":
        found += [] if "title" in view else ["a modal without title"]
        found += ["inputs without submit"] if "input" in kinds and "submit" not in view else []
    elif {"title", "submit", "close"} & set(view):
        found.append("a home tab has no title, submit or close")
    return found


def _block(block: dict[str, Any], surface: str) -> Iterator[str]:
    kind = block.get("type")
    if kind not in BLOCK_KEYS:
        yield f"unknown block {kind!r}"
        return
    if surface not in SURFACES.get(kind, {surface}):
        yield f"{kind} in a {surface}"
    block_id = block.get("block_id", "")
    if not isinstance(block_id, str) or len(block_id) > 255:
        yield "block_id over 255 characters"
    if kind == "section" and "text" not in block and "fields" not in block:
        yield "a section without text and fields"
    yield from _keys(kind, {k: v for k, v in block.items() if k != "block_id"}, BLOCK_KEYS[kind])
    elements = [e for e in [block.get("accessory"), block.get("element")] if e is not None]
    elements += block.get("elements", []) if kind == "actions" and isinstance(block.get("elements"), list) else []
    for element in elements:
        if isinstance(element, dict) and element.get("type") not in IN_BLOCK.get(kind, set()):
            yield f"{element.get('type')} in {kind}"
    ids = Counter(element.get("action_id") for element in elements if isinstance(element, dict))
    yield from (f"action_id {name!r} {count} times" for name, count in ids.items() if name and count > 1)


def _keys(kind: str, thing: dict[str, Any], known: dict[str, tuple[int, int]]) -> Iterator[str]:
    yield from (f"{kind} without {key}" for key in REQUIRED.get(kind, ()) if key not in thing)
    for key, value in thing.items():
        if key == "type":
            continue
        if key not in known:
            yield f"unknown key {key} in {kind}"
            continue
        what, limit = known[key]
        yield from (f"{key}/{fault}" for fault in _value(what, limit, value, kind))


def _value(what: int, limit: int, value: Any, kind: str) -> Iterator[str]:
    if what in {PLAIN, ANY}:
        yield from _text(value, what, limit)
    elif what == ELEMENT:
        yield from _element(value)
    elif what == ID:
        if not isinstance(value, str) or len(value) > limit:
            yield f"not a string of up to {limit} characters"
    elif what == OPTION:
        yield from _option(value)
    elif what in {OPTIONS, GROUPS, LIST}:
        if not isinstance(value, list) or not 1 <= len(value) <= limit:
            yield f"not 1 to {limit} items"
            return
        for item in value:
            if what == GROUPS:
                yield from _text(item.get("label"), PLAIN, 75)
                yield from _value(OPTIONS, 100, item.get("options"), kind)
            elif what == OPTIONS:
                yield from _option(item)
            elif kind == "section":
                yield from _text(item, ANY, 2000)
            elif kind == "context" and item.get("type") != "image":
                yield from _text(item, ANY, 3000)
            else:
                yield from _element(item)
    elif what == CONFIRM:
        for key, most in {"title": 100, "text": 300, "confirm": 30, "deny": 30}.items():
            yield from _text(value.get(key), ANY if key == "text" else PLAIN, most)
    elif what == RICH:
        yield from _rich(value)


def _text(value: Any, what: int, limit: int) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in {"plain_text", "mrkdwn"}:
        yield "not a text object"
        return
    if what == PLAIN and value["type"] != "plain_text":
        yield "not plain_text"
    text = value.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        yield f"not 1 to {limit} characters"
    elif not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        yield "half a character"
    extra = set(value) - {"type", "text", "emoji" if value["type"] == "plain_text" else "verbatim"}
    if extra:
        yield f"unknown keys {sorted(extra)} in a text object"


def _element(value: Any) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in ELEMENT_KEYS:
        yield "unknown element"
        return
    kind = value["type"]
    yield from _keys(kind, value, ELEMENT_KEYS[kind])
    if kind == "button" and value.get("style", "primary") not in {"primary", "danger"}:
        yield "unknown style"
    if kind == "button" and not str(value.get("url", "https://")).startswith(("http://", "https://", "mailto:")):
        yield "url of a button is no address"
    if kind == "static_select" and ("options" in value) == ("option_groups" in value):
        yield "options or option_groups, one of them"
    if kind not in {"image", "button"} and not value.get("action_id"):
        yield "no action_id"


def _option(value: Any) -> Iterator[str]:
    if not isinstance(value, dict) or set(value) - {"text", "value", "description", "url"}:
        yield "not an option"
        return
    yield from _text(value.get("text"), ANY, 75)
    yield from _text(value["description"], ANY, 75) if "description" in value else ()
    if not isinstance(value.get("value"), str) or len(value["value"]) > 150:
        yield "value of an option: not a string of up to 150 characters"


def _rich(value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield "rich text elements are no list"
        return
    for item in value:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in RICH_KINDS:
            yield f"unknown rich text {kind!r}"
        elif set(item) - RICH_KINDS[kind] - {"type"}:
            yield f"unknown keys {sorted(set(item) - RICH_KINDS[kind] - {'type'})} in {kind}"
        elif kind == "text" and not item.get("text"):
            yield "an empty text"
        elif "elements" in item:
            yield from _rich(item["elements"])
