"""The methods of the Web API: each takes the world, the workspace of the token and the arguments, and gives the answer.

https://docs.slack.dev/reference/methods says what each takes, needs and refuses.
"""

from collections.abc import Callable
from typing import Any

from tests.servers.slack_judges import judge_message, judge_view
from tests.servers.slack_limits import BLOCKS, EDITABLE, TEXT, TEXT_IN_BLOCKS, text_in
from tests.servers.slack_values import Channel, Message, View, Workspace
from tests.servers.slack_world import Refused, World

Answer = dict[str, Any]
Method = Callable[[World, Workspace, dict[str, Any]], Answer]


def check_message(world: World, where: str, args: dict[str, Any]) -> None:
    """Refuse a message as Slack does, and note what was wrong with it."""
    blocks, text = args.get("blocks") or [], args.get("text") or ""
    if not blocks and not args.get("attachments") and not str(text).strip():
        world.breach(where, ["neither text nor blocks"])
        raise Refused("no_text")
    if not isinstance(text, str) or len(text) > TEXT:
        world.breach(where, [f"text over {TEXT} characters"])
        raise Refused("msg_too_long")
    if not isinstance(blocks, list):
        world.breach(where, ["blocks are no list"])
        raise Refused("invalid_blocks_format")
    if (total := text_in(blocks)) > TEXT_IN_BLOCKS and len(blocks) <= BLOCKS["message"]:
        world.breach(where, [f"{total} characters in blocks"])
        raise Refused("msg_blocks_too_long")
    if faults := judge_message({"text": text, "blocks": blocks}):
        world.breach(where, faults)
        raise Refused("invalid_blocks", response_metadata={"messages": [f"[ERROR] {fault}" for fault in faults]})
    if blocks and not text.strip():
        world.breach(where, ["blocks without a text for notifications and screen readers"])


def check_view(world: World, where: str, view: Any) -> dict[str, Any]:
    """A view as it was sent, refused as Slack does when it is not within the limits."""
    if faults := judge_view(view):
        world.breach(where, faults)
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise Refused("invalid_arguments", response_metadata={"messages": messages})
    return dict(view)


def writable(world: World, space: Workspace, id: Any) -> Channel:
    """The channel that a message may go to; a person's id opens the direct conversation."""
    if str(id).startswith("U") and id in space.users:
        return space.direct(str(id))
    channel = readable(space, id)
    if space.bot_user not in channel.members:
        raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    if channel.restricted:
        raise Refused("restricted_action")
    return channel


def readable(space: Workspace, id: Any) -> Channel:
    """A channel that the bot can see: a public one, or one that it is in."""
    channel = space.channels.get(str(id))
    if channel is None or (channel.private and space.bot_user not in channel.members):
        raise Refused("channel_not_found")
    return channel


def post_message(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    channel = writable(world, space, args.get("channel"))
    check_message(world, "chat.postMessage", args)
    metadata = args.get("metadata")
    if metadata is not None and (not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}):
        raise Refused("invalid_metadata_format")
    thread = args.get("thread_ts")
    if thread is not None:
        thread = _thread(world, channel, str(thread))
        world.panes.get((channel.id, thread), {}).pop("status", None)
    message = Message(
        space.id,
        channel.id,
        world.ts(),
        space.bot_user,
        args.get("text") or "",
        args.get("blocks") or [],
        thread,
        metadata,
        space.bot_id,
        arguments=args,
    )
    world.write(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_sent()}


def _thread(world: World, channel: Channel, ts: str) -> str:
    if (channel.id, ts) in world.panes:
        return ts
    parent = world.message(channel.id, ts)
    if parent is None:
        raise Refused("thread_not_found")
    if parent.thread_ts and parent.thread_ts != ts:
        world.breach("chat.postMessage", ["thread_ts of a reply, not of the message that it replies to"])
        return parent.thread_ts
    return ts


def post_ephemeral(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    channel = writable(world, space, args.get("channel"))
    person = str(args.get("user"))
    if person not in channel.members:
        raise Refused("user_not_in_channel")
    check_message(world, "chat.postEphemeral", args)
    text, blocks, thread = args.get("text") or "", args.get("blocks") or [], args.get("thread_ts")
    message = Message(space.id, channel.id, world.ts(), space.bot_user, text, blocks, thread, None, space.bot_id)
    message.person, message.arguments = person, args
    return {"message_ts": world.write(message).ts}


def update_message(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    message = _own_message(world, space, args)
    check_message(world, "chat.update", args)
    if len(args.get("text") or "") > EDITABLE:
        raise Refused("msg_too_long")
    before = message.as_sent()
    message.text, message.edited = args.get("text") or message.text, True
    message.blocks, message.arguments = world.named(args.get("blocks") or []), args
    world.posted(message, before)
    world.changed()
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": message.as_sent()}


def delete_message(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    message = _own_message(world, space, args)
    world.messages.remove(message)
    world.changed()
    return {"channel": message.channel, "ts": message.ts}


def _own_message(world: World, space: Workspace, args: dict[str, Any]) -> Message:
    channel = readable(space, args.get("channel"))
    message = world.message(channel.id, str(args.get("ts")))
    if message is None:
        raise Refused("message_not_found")
    if message.bot_id != space.bot_id:
        raise Refused("cant_update_message")
    return message


def permalink(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    channel = readable(space, args.get("channel"))
    message = world.message(channel.id, str(args.get("message_ts")))
    if message is None:
        raise Refused("message_not_found")
    link = f"https://{space.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def channel_info(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    return {"channel": _channel(space, readable(space, args.get("channel")))}


def _channel(space: Workspace, channel: Channel) -> dict[str, Any]:
    if channel.im:
        return {"id": channel.id, "is_im": True, "user": channel.im, "is_archived": False, "created": 1_700_000_000}
    kind = {"is_channel": not channel.private, "is_group": channel.private, "is_private": channel.private}
    inside = {"is_member": space.bot_user in channel.members, "is_archived": channel.archived, "is_im": False}
    who = {"creator": channel.creator, "num_members": len(channel.members), "context_team_id": space.id}
    return {"id": channel.id, "name": channel.name, "created": 1_700_000_000, **kind, **inside, **who}


def history(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    channel = _inside(space, args)
    found = [m for m in world.messages if m.channel == channel.id and m.thread_ts in {None, m.ts}]
    return _page(list(reversed(found)), args, limit=100)


def replies(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    channel, ts = _inside(space, args), str(args.get("ts"))
    found = [m for m in world.messages if m.channel == channel.id and ts in {m.ts, m.thread_ts}]
    if not found:
        raise Refused("thread_not_found")
    return _page(found, args, limit=1000)


def _inside(space: Workspace, args: dict[str, Any]) -> Channel:
    channel = readable(space, args.get("channel"))
    if space.bot_user not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _page(found: list[Message], args: dict[str, Any], limit: int) -> Answer:
    limit = int(args.get("limit") or limit)
    oldest, latest = _moment(args.get("oldest") or "0"), _moment(args.get("latest") or "9999999999")
    both = str(args.get("inclusive", "0")).lower() in {"1", "true"}
    within = [m for m in found if oldest < _moment(m.ts) < latest or (both and _moment(m.ts) in {oldest, latest})]
    start = int(args.get("cursor") or 0)
    metadata = str(args.get("include_all_metadata", "0")).lower() in {"1", "true"}
    answer: Answer = {"messages": [m.as_sent(metadata=metadata) for m in within[start : start + limit]]}
    more = start + limit < len(within)
    cursor = {"next_cursor": str(start + limit)} if more else {"next_cursor": ""}
    return {**answer, "has_more": more, "response_metadata": cursor}


def _moment(ts: Any) -> tuple[int, int]:
    seconds, _, part = str(ts).partition(".")
    return int(seconds), int(part.ljust(6, "0")) if part else 0


def open_direct(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    user = str(args.get("users"))
    if user not in space.users:
        raise Refused("user_not_found")
    return {"channel": {"id": space.direct(user).id}}


def channel_list(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    found = [_channel(space, c) for c in space.channels.values() if not c.private or space.bot_user in c.members]
    return {"channels": found, "response_metadata": {"next_cursor": ""}}


def user_info(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    if args.get("user") not in space.users:
        raise Refused("user_not_found")
    return {"user": _user(space, str(args["user"]))}


def user_list(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    return {"members": [_user(space, id) for id in space.users], "response_metadata": {"next_cursor": ""}}


def _user(space: Workspace, id: str) -> dict[str, Any]:
    user = space.users[id]
    rights = {"is_admin": user.admin or user.owner, "is_owner": user.owner, "is_primary_owner": False}
    zone = {"tz": user.tz, "tz_label": user.tz, "tz_offset": 0} if user.tz else {}
    profile = {"profile": {"real_name": user.name.title(), "display_name": user.name}}
    kind = {"is_bot": user.bot, "is_restricted": False, "deleted": user.deleted, "real_name": user.name.title()}
    return {"id": id, "team_id": space.id, "name": user.name, **kind, **zone, **profile, **rights}


def view_open(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    trigger = world.take_trigger(args.get("trigger_id"), space.id)
    raw = check_view(world, "views.open", args.get("view"))
    view = world.put_view(space, trigger.user, raw)
    view.channel = trigger.channel
    return {"view": view.as_sent(space.bot_id)}


def view_push(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    trigger = world.take_trigger(args.get("trigger_id"), space.id)
    onto = world.views.get(trigger.view or "")
    if onto is None or not onto.open:
        raise Refused("not_found")
    if sum(view.open and view.root == onto.root for view in world.views.values()) >= 3:
        raise Refused("push_limit_reached")
    raw = check_view(world, "views.push", args.get("view"))
    view = world.put_view(space, trigger.user, raw, onto=onto)
    view.channel = onto.channel
    return {"view": view.as_sent(space.bot_id)}


def view_update(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    external = args.get("external_id")
    views = [v for v in world.views.values() if v.team == space.id and v.open]
    found = [v for v in views if v.id == args.get("view_id") or (external and v.raw.get("external_id") == external)]
    if not found:
        raise Refused("not_found")
    _same(found[0], args)
    world.change_view(found[0], check_view(world, "views.update", args.get("view")))
    return {"view": found[0].as_sent(space.bot_id)}


def _same(view: View, args: dict[str, Any]) -> None:
    if args.get("hash") and args["hash"] != view.hash:
        raise Refused("hash_conflict")


def view_publish(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
    user = str(args.get("user_id"))
    if user not in space.users:
        raise Refused("user_not_found")
    raw = check_view(world, "views.publish", args.get("view"))
    if raw["type"] != "home":
        raise Refused("invalid_arguments")
    home = world.homes.get((space.id, user))
    if home:
        _same(home, args)
        world.change_view(home, raw)
    else:
        home = world.homes[space.id, user] = world.put_view(space, user, raw)
    return {"view": home.as_sent(space.bot_id)}


def pane(key: str) -> Method:
    """assistant.threads.set...: keeps the argument `key` for the thread of the assistant pane."""

    def change(world: World, space: Workspace, args: dict[str, Any]) -> Answer:
        channel = readable(space, args.get("channel_id"))
        thread = str(args.get("thread_ts"))
        if not channel.im or not ((channel.id, thread) in world.panes or world.message(channel.id, thread)):
            raise Refused("thread_not_found")
        value = args.get(key)
        if key == "prompts":  # https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts: up to 4
            good = isinstance(value, list) and len(value) <= 4 and all({"title", "message"} <= set(p) for p in value)
        else:
            good = isinstance(value, str) and (key == "status" or value != "")
        if not good:
            world.breach(f"assistant.threads, {key}", [f"{value!r} is not taken"])
            raise Refused("invalid_arguments")
        one = world.panes.setdefault((channel.id, thread), {})
        one[key] = value
        one.setdefault("all", []).append((key, value))
        world.changed()
        return {}

    return change


CHANNELS = "<family>:read"
HISTORY = "<family>:history"
METHODS: dict[str, tuple[Method, str]] = {
    "chat.postMessage": (post_message, "chat:write"),
    "chat.postEphemeral": (post_ephemeral, "chat:write"),
    "chat.update": (update_message, "chat:write"),
    "chat.delete": (delete_message, "chat:write"),
    "chat.getPermalink": (permalink, ""),
    "conversations.info": (channel_info, CHANNELS),
    "conversations.history": (history, HISTORY),
    "conversations.replies": (replies, HISTORY),
    "conversations.open": (open_direct, "im:write"),
    "conversations.list": (channel_list, "channels:read"),
    "users.info": (user_info, "users:read"),
    "users.list": (user_list, "users:read"),
    "views.open": (view_open, ""),
    "views.push": (view_push, ""),
    "views.update": (view_update, ""),
    "views.publish": (view_publish, ""),
    "assistant.threads.setStatus": (pane("status"), "assistant:write"),
    "assistant.threads.setTitle": (pane("title"), "assistant:write"),
    "assistant.threads.setSuggestedPrompts": (pane("prompts"), "assistant:write"),
}
"""Each method with the scope that it needs; `<family>` is channels, groups or im, as the channel is."""
