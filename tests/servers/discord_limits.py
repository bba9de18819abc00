"""What Discord refuses in messages and forms, as a table with sources; written without looking at our renderer.

Sources, all under https://docs.discord.com/developers: [message] resources/message, [components]
components/reference, [respond] interactions/receiving-and-responding, [channel] resources/channel; [py] is discord.py.
Lengths are counted in UTF-16 units, as Discord's own clients count, and after trimming. Keys that are not in the table
are faults too: Discord ignores them, so one of them is a slip.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.servers.discord_values import COMPONENTS_V2, EPHEMERAL, SUPPRESS_EMBEDS, parts

CONTENT, NONCE, EMBEDS, EMBED_TOTAL = 2000, 25, 10, 6000  # [message]
EMBED = {"title": 256, "description": 4096}  # [message] embed limits
EMBED_PARTS = {"footer": ("text", 2048), "author": ("name", 256)}  # [message]
FIELDS, FIELD = 25, {"name": 256, "value": 1024}  # [message]
EMBED_KEYS = {"type", "title", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "author"}
EMBED_KEYS |= {"fields", "flags"}  # [py] sends flags
URL = 2048  # [py] and https://docs.discord.com/developers/resources/message refuse longer addresses
ROWS, IN_ROW, V2_PARTS, V2_TEXT = 5, 5, 40, 4000  # [components]; the text in all: [py] LayoutView.content_length
MODAL_TITLE, MODAL_PARTS, THREAD_NAME, TAGS = 45, 5, 100, 5  # [respond], [components], [channel]
CUSTOM_ID, OPTIONS, SELECTS = 100, 25, {3, 5, 6, 7, 8}  # [components]
CREATE_FLAGS = SUPPRESS_EMBEDS | COMPONENTS_V2 | 1 << 12  # [message]: the last is SUPPRESS_NOTIFICATIONS
LONGEST = {
    2: {"label": 80, "url": 512},
    3: {"placeholder": 150},
    4: {"placeholder": 100, "value": 4000, "label": 45},
    10: {"content": 4000},
    11: {"description": 1024},
    18: {"label": 45, "description": 100},
} | {kind: {"placeholder": 150} for kind in (5, 6, 7, 8)}  # [components]
_SELECT = {"custom_id", "placeholder", "min_values", "max_values", "disabled", "required", "default_values"}
KEYS = {
    1: {"components"},
    2: {"style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"},
    3: {*_SELECT, "options"},
    4: {"custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"},
    8: {*_SELECT, "channel_types"},
    9: {"components", "accessory"},
    10: {"content"},
    11: {"media", "description", "spoiler"},
    12: {"items"},
    13: {"file", "spoiler", "name", "size"},
    14: {"divider", "spacing"},
    17: {"components", "accent_color", "spoiler"},
    18: {"label", "description", "component"},
} | dict.fromkeys((5, 6, 7), _SELECT)  # [components]
INSIDE = {1: {2, 3, 5, 6, 7, 8}, 9: {10}, 17: {1, 9, 10, 12, 13, 14}}  # [components]


def units(text: str) -> int:
    """The length of a text as Discord counts it."""
    return len(text.strip().encode("utf-16-le", "surrogatepass")) // 2


def message_faults(body: Any, *, interaction: bool = False, edit: bool = False) -> list[str]:
    """Every breach in the body of a message, each with its place; none when Discord takes it."""
    return list(_message(body, interaction, edit)) if isinstance(body, dict) else ["a message is an object"]


def message_losses(body: dict[str, Any]) -> list[str]:
    """What Discord takes and people never see: of embeds with one address only the first is shown ([message])."""
    urls = Counter(embed["url"] for embed in body.get("embeds") or [] if embed.get("url"))
    return [f"{count} embeds with the address {url}: one is shown" for url, count in urls.items() if count > 1]


def modal_faults(data: Any) -> list[str]:
    """Every breach of a form."""
    return list(_modal(data)) if isinstance(data, dict) else ["a form is an object"]


def _message(body: dict[str, Any], interaction: bool, edit: bool) -> Iterator[str]:
    content, embeds, components = (body.get(key) for key in ("content", "embeds", "components"))
    flags = body.get("flags") or 0
    if content is not None:
        yield from _string("content", content, CONTENT, empty=True)
    if flags & ~(CREATE_FLAGS | (EPHEMERAL if interaction else 0)):
        yield f"flags {flags}"
    if body.get("nonce") is not None and len(str(body["nonce"])) > NONCE:
        yield f"nonce over {NONCE} characters"
    if body.get("enforce_nonce") and not body.get("nonce"):
        yield "enforce_nonce without nonce"
    if flags & COMPONENTS_V2 and (content or embeds or body.get("poll") or body.get("sticker_ids")):
        yield "content, embeds, polls or stickers together with Components V2"
    if embeds:
        yield from _embeds(embeds)
    if components:
        yield from _components(components, v2=bool(flags & COMPONENTS_V2), edit=edit)
    yield from _allowed(body.get("allowed_mentions"))


def _allowed(allowed: Any) -> Iterator[str]:
    if allowed is None:
        return
    if not isinstance(allowed, dict) or set(allowed) - {"parse", "roles", "users", "replied_user"}:
        yield "allowed_mentions: unknown keys"
        return
    parse = allowed.get("parse") or []
    if set(parse) - {"users", "roles", "everyone"}:
        yield f"allowed_mentions: parse {parse}"
    for key in ("users", "roles"):
        if key in parse and allowed.get(key):
            yield f"allowed_mentions: {key} named and parsed"
        if len(allowed.get(key) or []) > 100:
            yield f"allowed_mentions: over 100 {key}"


def _embeds(embeds: Any) -> Iterator[str]:
    if not isinstance(embeds, list) or not all(isinstance(embed, dict) for embed in embeds):
        yield "embeds are no list of objects"
        return
    if len(embeds) > EMBEDS:
        yield f"{len(embeds)} embeds"
    total = sum(embed_size(embed) for embed in embeds)
    if total > EMBED_TOTAL:
        yield f"{total} characters in all embeds"
    for place, embed in enumerate(embeds):
        yield from (f"embeds/{place}/{fault}" for fault in _embed(embed))


def embed_size(embed: dict[str, Any]) -> int:
    """The characters of an embed that count for the sum over all embeds."""
    texts = [embed.get(key) for key in EMBED]
    texts += [(embed.get(part) or {}).get(key) for part, (key, _) in EMBED_PARTS.items()]
    texts += [entry.get(key) for entry in embed.get("fields") or [] for key in FIELD]
    return sum(units(text) for text in texts if isinstance(text, str))


def _embed(embed: dict[str, Any]) -> Iterator[str]:
    yield from (f"unknown key {key}" for key in set(embed) - EMBED_KEYS)
    if not any(embed.get(key) for key in ("title", "description", "fields", "footer", "author", "image", "thumbnail")):
        yield "an embed with nothing in it"
    for key, longest in EMBED.items():
        if embed.get(key) is not None:
            yield from _string(key, embed[key], longest, empty=True)
    for part, (key, longest) in EMBED_PARTS.items():
        if embed.get(part):
            yield from _string(f"{part}/{key}", embed[part].get(key), longest)
    fields = embed.get("fields") or []
    if len(fields) > FIELDS:
        yield f"{len(fields)} fields"
    for place, entry in enumerate(fields):
        for key, longest in FIELD.items():
            yield from _string(f"fields/{place}/{key}", entry.get(key), longest)
        yield from (f"fields/{place}/unknown key {key}" for key in set(entry) - {"name", "value", "inline"})
    holders = [embed, *(embed.get(part) or {} for part in ("author", "image", "thumbnail"))]
    for url in [holder["url"] for holder in holders if holder.get("url") is not None]:
        yield from _address(url, URL, ("http://", "https://", "attachment://"))
    colour = embed.get("color")
    if colour is not None and not (isinstance(colour, int) and 0 <= colour <= 0xFFFFFF):
        yield f"color {colour!r}"


def _components(components: Any, *, v2: bool, edit: bool) -> Iterator[str]:
    if not isinstance(components, list) or not all(isinstance(part, dict) for part in components):
        yield "components are no list of objects"
        return
    everything = list(parts(components))
    v2 = v2 or (edit and any(part.get("type") != 1 for part in components))
    if not v2 and len(components) > ROWS:
        yield f"{len(components)} rows"
    if v2 and len(everything) > V2_PARTS:
        yield f"{len(everything)} components"
    text = sum(units(part.get("content", "")) for part in everything if part.get("type") == 10)
    if text > V2_TEXT:
        yield f"{text} characters in all text displays"
    top = {1, 9, 10, 12, 13, 14, 17} if v2 else {1}
    yield from (f"component {part.get('type')} at the top" for part in components if part.get("type") not in top)
    yield from _all(everything, {4, 18})


def _all(everything: list[dict[str, Any]], never: set[int]) -> Iterator[str]:
    ids = Counter(part["custom_id"] for part in everything if part.get("custom_id"))
    yield from (f"custom_id {name!r} {count} times" for name, count in ids.items() if count > 1)
    numbers = Counter(part["id"] for part in everything if part.get("id"))
    yield from (f"id {number} {count} times" for number, count in numbers.items() if count > 1)
    for part in everything:
        if part.get("type") in never or part.get("type") not in KEYS:
            yield f"component {part.get('type')!r} has no place here"
        else:
            yield from _component(part)


def _component(part: dict[str, Any]) -> Iterator[str]:
    kind = part["type"]
    yield from (f"unknown key {key} in component {kind}" for key in set(part) - KEYS[kind] - {"type", "id"})
    for key, longest in LONGEST.get(kind, {}).items():
        if part.get(key) is not None:
            empty = key != "label" and kind not in {10}
            yield from _string(f"component {kind}: {key}", part[key], longest, empty=empty)
    if kind in INSIDE:
        inner = part.get("components") or []
        kinds = [child.get("type") for child in inner]
        yield from (f"component {child} in {kind}" for child in kinds if child not in INSIDE[kind] | {4})
        most = {1: IN_ROW, 9: 3}.get(kind, V2_PARTS)
        if not 1 <= len(inner) <= most:
            yield f"{len(inner)} components in component {kind}"
        if kind == 1 and len(inner) > 1 and set(kinds) != {2}:
            yield "a select or input is alone in its row"
    if kind == 2:
        yield from _button(part)
    elif kind in {3, 4, 5, 6, 7, 8}:
        yield from _string(f"component {kind}: custom_id", part.get("custom_id"), CUSTOM_ID)
    if kind in SELECTS:
        yield from _select(part)
    if kind == 4:
        least, most = part.get("min_length") or 0, part.get("max_length") or 4000
        if not 0 <= least <= most <= 4000 or part.get("style") not in {1, 2}:
            yield "a text input's lengths or style"


def _button(part: dict[str, Any]) -> Iterator[str]:
    style = part.get("style")
    if style not in {1, 2, 3, 4, 5}:
        yield f"style {style!r} of a button"
    if style == 5:
        if part.get("custom_id") or not part.get("url"):
            yield "a link button has a url and no custom_id"
        yield from _address(part.get("url"), 512, ("http://", "https://", "discord://"))
    else:
        if part.get("url"):
            yield "a url on a button that is no link"
        yield from _string("button: custom_id", part.get("custom_id"), CUSTOM_ID)
    if not part.get("label") and not part.get("emoji"):
        yield "a button without label and emoji"


def _select(part: dict[str, Any]) -> Iterator[str]:
    least, most = part.get("min_values", 1), part.get("max_values", 1)
    least, most = 1 if least is None else least, 1 if most is None else most
    if not 0 <= least <= 25 or not 1 <= most <= 25 or least > most:
        yield f"{least} to {most} values of a select"
    if part["type"] != 3:
        return
    options = part.get("options") or []
    if not 1 <= len(options) <= OPTIONS:
        yield f"{len(options)} options in a select"
    if most > len(options):
        yield "more values than options"
    values = Counter(option.get("value") for option in options)
    yield from (f"option {value!r} {count} times" for value, count in values.items() if count > 1)
    for option in options:
        yield from _string("option: label", option.get("label"), 100)
        yield from _string("option: value", option.get("value"), 100)
        if option.get("description") is not None:
            yield from _string("option: description", option["description"], 100, empty=True)


def _modal(data: dict[str, Any]) -> Iterator[str]:
    yield from _string("title", data.get("title"), MODAL_TITLE)
    yield from _string("custom_id", data.get("custom_id"), CUSTOM_ID)
    components = data.get("components") or []
    if not 1 <= len(components) <= MODAL_PARTS:
        yield f"{len(components)} components in a form"
    for part in components:
        inner = part.get("components", []) if part.get("type") == 1 else [part.get("component") or {}]
        kinds = {child.get("type") for child in inner}
        if part.get("type") == 1 and kinds != {4}:
            yield "a row of a form holds one text input"
        if part.get("type") == 18 and not kinds <= {3, 4, 5, 6, 7, 8}:
            yield f"component {kinds} in a label"
        if part.get("type") not in {1, 10, 18}:
            yield f"component {part.get('type')} in a form"
        if any(child.get("disabled") for child in inner):
            yield "a disabled component in a form"
        if part.get("type") == 18:
            yield from _string("label", part.get("label"), 45)
    yield from _all(list(parts(components)), {2, 9, 11, 12, 13, 14, 17})


def _string(where: str, value: Any, longest: int, *, empty: bool = False) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{where}: no text"
    elif not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        yield f"{where}: half a character"
    elif not (empty or value.strip()):
        yield f"{where}: empty"
    elif units(value) > longest:
        yield f"{where}: {units(value)} of {longest} characters"


def _address(url: Any, longest: int, schemes: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(url, str) or len(url) > longest or not url.startswith(schemes):
        yield f"address {str(url)[:60]!r}"
