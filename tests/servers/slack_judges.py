"""Two judges of blocks besides our own table: slack_sdk's models, and the independent library slackblocks.

slackblocks reads only simple blocks from JSON; the rest is rebuilt here through its constructors, which check
everything that they are given. `live_mentions` finds what would notify people.
"""

import re
from collections.abc import Iterator
from typing import Any

import slackblocks
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.blocks import Option as SdkOption
from slack_sdk.models.views import View as SdkView
from slackblocks.blocks import Block
from slackblocks.objects import (
    ConfirmationDialogue,
    ConversationFilter,
    DispatchActionConfiguration,
    Option,
    OptionGroup,
    Text,
)

from tests.servers.slack_limits import block_faults, view_faults

ELEMENTS = {
    "button": slackblocks.Button,
    "overflow": slackblocks.OverflowMenu,
    "static_select": slackblocks.StaticSelectMenu,
    "external_select": slackblocks.ExternalSelectMenu,
    "conversations_select": slackblocks.ConversationSelectMenu,
    "channels_select": slackblocks.ChannelSelectMenu,
    "users_select": slackblocks.UserSelectMenu,
    "plain_text_input": slackblocks.PlainTextInput,
    "url_text_input": slackblocks.URLInput,
    "checkboxes": slackblocks.CheckboxGroup,
    "radio_buttons": slackblocks.RadioButtonGroup,
    "datepicker": slackblocks.DatePicker,
    "timepicker": slackblocks.TimePicker,
    "image": slackblocks.Image,
}
RICH = {
    "rich_text_section": slackblocks.RichTextSection,
    "rich_text_list": slackblocks.RichTextList,
    "rich_text_quote": slackblocks.RichTextQuote,
    "rich_text_preformatted": slackblocks.RichTextCodeBlock,
    "text": slackblocks.RichText,
    "link": slackblocks.RichTextLink,
    "emoji": slackblocks.RichTextEmoji,
    "user": slackblocks.RichTextUser,
    "channel": slackblocks.RichTextChannel,
}


def judge_message(payload: dict[str, Any]) -> list[str]:
    """What any of the three judges finds wrong with the blocks of a message; `payload` has "text" and "blocks"."""
    blocks = payload.get("blocks") or []
    found = [f"limits: {fault}" for fault in block_faults(blocks, "message")]
    return found or [*_sdk_blocks(blocks), *_independent(blocks, "message", payload)]


def judge_view(view: Any) -> list[str]:
    """What any of the three judges finds wrong with a modal or a Home tab."""
    found = [f"limits: {fault}" for fault in view_faults(view)]
    if found:
        return found
    try:
        SdkView(**view).to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        found.append(f"slack_sdk: {error}")
    return [*found, *_sdk_blocks(view["blocks"]), *_independent(view["blocks"], view["type"], view)]


def judge_options(answer: Any) -> list[str]:
    """What is wrong with the choices sent for an external select: up to 100, texts of 75 characters."""
    options = answer.get("options") if isinstance(answer, dict) else None
    if not isinstance(options, list):
        groups = answer.get("option_groups") if isinstance(answer, dict) else None
        options = [option for group in groups or [] for option in group["options"]] if groups is not None else None
    if options is None:
        return ["no list of options"]
    found = [] if len(options) <= 100 else [f"{len(options)} options"]
    for option in options:
        try:
            SdkOption(**option).to_dict("text")
            Option.from_dict(option)
        except (SlackObjectFormationError, slackblocks.errors.InvalidUsageError, TypeError, KeyError) as error:
            found.append(f"option {option!r}: {error}")
        if len(str(option.get("value", ""))) > 150:
            found.append(f"value of option {option!r} over 150 characters")
    return found


def live_mentions(payload: Any) -> list[str]:
    """Everything in a message or view that Slack would turn into a mention of people or groups.

    `<@U1>`, `<!channel>` and the like in `text` and in mrkdwn, rich text elements that mention, link_names, parse.
    Links to channels (`<#C1>`) notify nobody.
    """
    found = []
    if isinstance(payload, dict):
        if payload.get("type") in {"user", "usergroup", "broadcast"} and "action_id" not in payload:
            found.append(str(payload))
        if payload.get("link_names") not in {None, False, "0"} or payload.get("parse") == "full":
            found.append("link_names or parse")
        if payload.get("type") not in {"plain_text", "text", "link"} and isinstance(payload.get("text"), str):
            found += re.findall(r"<[!@][^>]*>", payload["text"])
    if isinstance(payload, dict | list):
        for item in payload.values() if isinstance(payload, dict) else payload:
            found += live_mentions(item)
    return found


def _sdk_blocks(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for place, block in enumerate(blocks):
        try:
            parsed = SdkBlock.parse(block)
            if parsed is None:
                yield f"slack_sdk: blocks/{place} unknown"
            else:
                parsed.to_dict()
        except (SlackObjectFormationError, TypeError, ValueError) as error:
            yield f"slack_sdk: blocks/{place} {error}"


def _independent(blocks: list[dict[str, Any]], surface: str, whole: dict[str, Any]) -> Iterator[str]:
    try:
        rebuilt = [_block(block) for block in blocks]
        if surface == "message":
            slackblocks.Message(channel="C1", text=whole.get("text") or "", blocks=rebuilt or None)
        elif surface == "home":
            slackblocks.HomeTabView(rebuilt, whole.get("private_metadata"), whole.get("callback_id"))
        else:
            slackblocks.ModalView(
                blocks=rebuilt,
                title=Text.from_dict(whole["title"]),
                close=Text.from_dict(whole["close"]) if "close" in whole else None,
                submit=Text.from_dict(whole["submit"]) if "submit" in whole else None,
                private_metadata=whole.get("private_metadata") or None,
                callback_id=whole.get("callback_id"),
                external_id=whole.get("external_id"),
            )
    except (slackblocks.errors.InvalidUsageError, TypeError, KeyError, ValueError) as error:
        yield f"slackblocks: {type(error).__name__} {error}"


def _block(block: dict[str, Any]) -> Block:
    kind, block_id = block["type"], block.get("block_id")
    if kind == "actions":
        return slackblocks.ActionsBlock([_element(item) for item in block["elements"]], block_id)
    if kind == "context":
        return slackblocks.ContextBlock([_part(item) for item in block["elements"]], block_id)
    if kind == "rich_text":
        return slackblocks.RichTextBlock([_rich(item) for item in block["elements"]], block_id)
    if kind == "input":
        return slackblocks.InputBlock(
            label=Text.from_dict(block["label"]),
            element=_element(block["element"]),
            dispatch_action=block.get("dispatch_action", False),
            block_id=block_id,
            hint=Text.from_dict(block["hint"]) if "hint" in block else None,
            optional=block.get("optional", False),
        )
    if kind == "section" and "accessory" in block:
        return slackblocks.SectionBlock(
            text=Text.from_dict(block["text"]) if "text" in block else None,
            fields=[Text.from_dict(item) for item in block["fields"]] if "fields" in block else None,
            accessory=_element(block["accessory"]),
            block_id=block_id,
        )
    return Block.from_dict(block)


def _part(item: dict[str, Any]) -> Any:
    return Text.from_dict(item) if item["type"] in {"plain_text", "mrkdwn"} else _element(item)


def _element(element: dict[str, Any]) -> Any:
    values = {key: _value(key, value) for key, value in element.items() if key != "type"}
    return ELEMENTS[element["type"]](**values)


def _value(key: str, value: Any) -> Any:
    if key in {"text", "placeholder"}:
        return Text.from_dict(value)
    if key in {"options", "initial_options"}:
        return [Option.from_dict(item) for item in value]
    if key == "option_groups":
        return [OptionGroup.from_dict(item) for item in value]
    readers: dict[str, Any] = {
        "initial_option": Option,
        "confirm": ConfirmationDialogue,
        "filter": ConversationFilter,
        "dispatch_action_config": DispatchActionConfiguration,
    }
    return readers[key].from_dict(value) if key in readers else value


def _rich(item: dict[str, Any]) -> Any:
    if item["type"] not in RICH:
        raise ValueError(f"rich text {item['type']} is not one that slackblocks knows")
    values = {key: value for key, value in item.items() if key not in {"type", "style", "elements"}}
    if "elements" in item:
        values["elements"] = [_rich(inner) for inner in item["elements"]]
    if isinstance(item.get("style"), dict):
        values |= item["style"]
    elif "style" in item:
        values["style"] = item["style"]
    return RICH[item["type"]](**values)
