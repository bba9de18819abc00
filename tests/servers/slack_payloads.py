"""The payloads that Slack sends, and how text that a person types looks in them.

Shapes from https://docs.slack.dev/apis/events-api, /reference/interaction-payloads and
/interactivity/implementing-slash-commands.
"""

import re
from typing import Any

from tests.servers.slack_values import APP_ID, Channel, Message, View, Workspace
from tests.servers.slack_world import World

VERIFICATION = "verification-token-of-the-local-slack"
LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)\]]")


def typed(space: Workspace, text: str, *, named: bool) -> str:
    """Text as Slack delivers what a person typed: `& < >` escaped, addresses, `#channel` and `@person` made links.

    `named`: with the names in them, as slash commands have them (`<#C1|world>`); messages have `<#C1|>` and `<@U1>`.
    """
    channels = {channel.name: channel.id for channel in space.channels.values() if not channel.im}
    people = {user.name: user.id for user in space.users.values()}

    def refer(found: re.Match[str]) -> str:
        sign, name = found["sign"], found["name"]
        id = (channels if sign == "#" else people).get(name)
        if id is None:
            return found[0]
        label = f"|{name}" if named else "|" if sign == "#" else ""
        return f"<{sign}{id}{label}>"

    def words(part: str) -> str:
        part = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return re.sub(r"(?<![\w&])(?P<sign>[#@])(?P<name>[\w-]+(?:\.[\w-]+)*)", refer, part)

    result, end = "", 0
    for link in LINK.finditer(text):
        result += words(text[end : link.start()]) + f"<{link[0].replace('&', '&amp;')}>"
        end = link.end()
    return result + words(text[end:])


def event(world: World, space: Workspace, inner: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
    """An event in its envelope of the Events API."""
    who = {"enterprise_id": None, "team_id": space.id, "user_id": space.bot_user, "is_bot": True}
    moment = int(world.clock())
    return {
        "token": VERIFICATION,
        "team_id": space.id,
        "context_team_id": space.id,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": {"event_ts": inner.get("ts") or world.ts(), **inner},
        "type": "event_callback",
        "event_id": event_id or world.id("Ev"),
        "event_time": moment,
        "authorizations": [{**who, "is_enterprise_install": False}],
        "is_ext_shared_channel": False,
        "event_context": f"4-{space.id}-{moment}",
    }


def message(world: World, channel: Channel, post: Message) -> dict[str, Any]:
    """The `message` event of a post."""
    inner = {**post.as_sent(), "channel": channel.id, "channel_type": channel.kind, "event_ts": post.ts}
    if not post.bot_id:
        inner |= {"client_msg_id": f"00000000-0000-4000-8000-{post.ts.replace('.', '')[-12:]}", "blocks": _rich(post)}
    if post.thread_ts:
        parent = world.message(channel.id, post.thread_ts)
        inner |= {"parent_user_id": parent.user} if parent else {}
    return inner


def changed(world: World, channel: Channel, post: Message, before: dict[str, Any]) -> dict[str, Any]:
    """The `message_changed` event of an edited post."""
    about = {"message": post.as_sent(), "previous_message": before, "channel": channel.id, "ts": world.ts()}
    return {"type": "message", "subtype": "message_changed", "hidden": True, "channel_type": channel.kind, **about}


def mention(channel: Channel, post: Message, data: dict[str, Any]) -> dict[str, Any]:
    """The `app_mention` event of the same post: it has no channel_type."""
    return {**{k: v for k, v in data.items() if k != "channel_type"}, "type": "app_mention"}


def _rich(post: Message) -> list[dict[str, Any]]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": post.text}]}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]


def command(world: World, space: Workspace, channel: Channel, user: str, name: str, text: str) -> dict[str, Any]:
    """A slash command, the same fields in both modes; `text` is already as delivered."""
    shown = {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)
    return {
        "token": VERIFICATION,
        "team_id": space.id,
        "team_domain": space.domain,
        "channel_id": channel.id,
        "channel_name": shown,
        "user_id": user,
        "user_name": space.users[user].name,
        "command": name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": world.response_url(space.id, channel.id, user),
        "trigger_id": world.trigger(space.id, user, channel.id),
    }


def _by(space: Workspace, user: str, kind: str) -> dict[str, Any]:
    name = space.users[user].name
    return {
        "type": kind,
        "user": {"id": user, "username": name, "name": name, "team_id": space.id},
        "api_app_id": APP_ID,
        "token": VERIFICATION,
        "team": {"id": space.id, "domain": space.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def pressed(
    world: World, space: Workspace, user: str, where: Message | View, action: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    """block_actions: a button pressed or something chosen, in a message or a view."""
    action = {**action, "action_ts": world.ts()}
    for key in ("confirm", "style", "placeholder", "options", "url", "min_query_length", "accessibility_label"):
        action.pop(key, None)
    payload = {**_by(space, user, "block_actions"), "actions": [action], "state": {"values": values}}
    if isinstance(where, View):
        trigger = world.trigger(space.id, user, where.channel, where.id)
        view = where.as_sent(space.bot_id, values)
        return {**payload, "container": {"type": "view", "view_id": where.id}, "view": view, "trigger_id": trigger}
    channel = space.channels[where.channel]
    place = {"type": "message", "message_ts": where.ts, "channel_id": channel.id, "is_ephemeral": bool(where.person)}
    place |= {"thread_ts": where.thread_ts} if where.thread_ts else {}
    # Of a message that one person alone sees Slack keeps nothing, so it has none of its words to send.
    payload |= {} if where.person else {"message": where.as_sent()}
    return {
        **payload,
        "container": place,
        "channel": {"id": channel.id, "name": "directmessage" if channel.im else channel.name},
        "response_url": world.response_url(space.id, channel.id, user, where),
        "trigger_id": world.trigger(space.id, user, channel.id),
    }


def submitted(world: World, space: Workspace, view: View, values: dict[str, Any]) -> dict[str, Any]:
    """view_submission, with response_urls where a conversation was chosen with response_url_enabled."""
    urls = []
    for element in view.buttons:
        chosen = values.get(element["block_id"], {}).get(element["action_id"], {}).get("selected_conversation")
        if element.get("response_url_enabled") and chosen:
            ids = {"block_id": element["block_id"], "action_id": element["action_id"], "channel_id": chosen}
            urls.append({**ids, "response_url": world.response_url(space.id, chosen, view.user)})
    data = _by(space, view.user, "view_submission")
    trigger = world.trigger(space.id, view.user, view.channel, view.id)
    return {**data, "trigger_id": trigger, "view": view.as_sent(space.bot_id, values), "response_urls": urls}


def closed(space: Workspace, view: View) -> dict[str, Any]:
    """view_closed, which is sent only for views with notify_on_close."""
    return {**_by(space, view.user, "view_closed"), "view": view.as_sent(space.bot_id), "is_cleared": False}


def suggestion(
    space: Workspace, user: str, where: View | Message, element: dict[str, Any], words: str, values: dict[str, Any]
) -> dict[str, Any]:
    """block_suggestion: what a person typed so far in a select whose choices the app knows."""
    ids = {"action_id": element["action_id"], "block_id": element["block_id"], "value": words}
    payload = {**_by(space, user, "block_suggestion"), **ids}
    if isinstance(where, View):
        view = where.as_sent(space.bot_id, values)
        return {**payload, "container": {"type": "view", "view_id": where.id}, "view": view}
    place = {"type": "message", "message_ts": where.ts, "channel_id": where.channel}
    return {**payload, "container": place, "channel": {"id": where.channel}, "message": where.as_sent()}


def shortcut(world: World, space: Workspace, user: str, callback: str) -> dict[str, Any]:
    """A global shortcut."""
    data = {**_by(space, user, "shortcut"), "callback_id": callback, "action_ts": world.ts()}
    return {**data, "trigger_id": world.trigger(space.id, user)}


def message_shortcut(world: World, space: Workspace, user: str, post: Message, callback: str) -> dict[str, Any]:
    """A shortcut from the menu of a message."""
    channel = space.channels[post.channel]
    data = {**_by(space, user, "message_action"), "callback_id": callback, "action_ts": world.ts()}
    place = {"channel": {"id": channel.id, "name": channel.name}, "message_ts": post.ts, "message": post.as_sent()}
    url = world.response_url(space.id, channel.id, user)
    return {**data, **place, "response_url": url, "trigger_id": world.trigger(space.id, user, channel.id)}


def filled(view: View | Message, values: dict[str, Any]) -> dict[str, Any]:
    """`state.values` of a form: what is given by action id or block id, else what each input begins with.

    A select takes the label or value of a choice, or a whole option; an external select any words as both.
    Raises `KeyError` for a name that no input has.
    """
    state: dict[str, Any] = {}
    left = dict(values)
    for element in view.buttons:
        if element["type"] in {"button", "overflow"}:
            continue
        names = [name for name in (element["action_id"], element["block_id"]) if name in left]
        value = left.pop(names[0]) if names else None
        key, got = _chosen(element, value, bool(names), view)
        if got is None and names and value is not None:
            raise KeyError(f"{value!r} is not a choice of {element['action_id']}")
        state.setdefault(element["block_id"], {})[element["action_id"]] = {"type": element["type"], key: got}
    if left:
        raise KeyError(f"the form has no {sorted(left)}, but {[e['action_id'] for e in view.buttons]}")
    return state


def _chosen(element: dict[str, Any], value: Any, given: bool, view: View | Message) -> tuple[str, Any]:
    kind = element["type"]
    if kind == "conversations_select":
        here = view.channel if element.get("default_to_current_conversation") else None
        return "selected_conversation", value if given else element.get("initial_conversation") or here
    if kind in {"channels_select", "users_select", "datepicker", "timepicker"}:
        name = {"channels_select": "channel", "users_select": "user", "datepicker": "date", "timepicker": "time"}[kind]
        return f"selected_{name}", value if given else element.get(f"initial_{name}")
    if kind == "checkboxes":
        options = [_option(element, one) for one in value or []] if given else element.get("initial_options", [])
        return "selected_options", options
    if kind in {"static_select", "external_select", "radio_buttons"}:
        return "selected_option", _option(element, value) if given else element.get("initial_option")
    return "value", value if given else element.get("initial_value")


def _option(element: dict[str, Any], value: Any) -> Any:
    if value is None or isinstance(value, dict):
        return value
    if element["type"] == "external_select":
        return {"text": {"type": "plain_text", "text": value, "emoji": True}, "value": value}
    groups = [group["options"] for group in element.get("option_groups", [])]
    options = [*element.get("options", []), *(option for group in groups for option in group)]
    return next((option for option in options if value in {option["value"], option["text"]["text"]}), None)
