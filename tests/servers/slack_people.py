"""What people and Slack itself do, as deeds: each changes the world as it would there and delivers what an app gets."""

import asyncio
from typing import Any

from tests.servers import slack_payloads as payloads
from tests.servers import slack_tokens
from tests.servers.slack_api import take_response
from tests.servers.slack_judges import judge_options
from tests.servers.slack_methods import check_view
from tests.servers.slack_values import Channel, Message, View, Workspace
from tests.servers.slack_wire import Delivery, Http, Socket
from tests.servers.slack_world import Refused, World


class People:
    """The deeds; `SlackServer` is one. Further keywords of each deed go to the delivery: `retry`, `signature`, ..."""

    world: World
    transport: Http | Socket | None = None

    async def message(
        self, team: str, channel: str, user: str, text: str, thread: str | None = None, *, raw: bool = False, **how: Any
    ) -> Delivery:
        """A person writes in a channel. `raw` text is delivered as it is, else as Slack escapes what is typed."""
        space, place = self._place(team, channel)
        post = self._posts(space, place, user, text if raw else payloads.typed(space, text, named=False), thread)
        return await self._event(space, payloads.message(self.world, place, post), place=place, **how)

    async def mention(
        self, team: str, channel: str, user: str, text: str, thread: str | None = None, **how: Any
    ) -> Delivery:
        """A person mentions the bot: `app_mention`, and in `also` the `message` event of the same post."""
        space, place = self._place(team, channel)
        if space.bot_user not in place.members:
            raise ValueError(f"the bot is not in {channel}: Slack would deliver nothing")
        words = (
            text
            if f"<@{space.bot_user}>" in text
            else f"<@{space.bot_user}> {payloads.typed(space, text, named=False)}"
        )
        post = self._posts(space, place, user, words, thread)
        data = payloads.message(self.world, place, post)
        both = (
            self._event(space, payloads.mention(place, post, data), **how),
            self._event(space, data, place=place, **how),
        )
        first, second = await asyncio.gather(*both)
        first.also.append(second)
        return first

    async def direct(self, team: str, user: str, text: str, thread: str | None = None, **how: Any) -> Delivery:
        """A person writes to the bot alone; `thread` is one of the assistant pane, or a reply."""
        space = self.world.workspaces[team]
        return await self.message(team, space.direct(user).id, user, text, thread, **how)

    async def edit(self, team: str, message: Message, text: str, **how: Any) -> Delivery:
        """A person edits a message: `message_changed`."""
        space, place = self._place(team, message.channel)
        before = message.as_sent()
        message.text, message.edited = payloads.typed(space, text, named=False), True
        inner = payloads.changed(self.world, place, message, before)
        return await self._event(space, inner, place=place, **how)

    async def command(
        self, team: str, channel: str, user: str, name: str, text: str = "", *, raw: bool = False, **how: Any
    ) -> Delivery:
        """A slash command; an acknowledgement that holds a message is shown to the person."""
        space, place = self._place(team, channel)
        words = text if raw else payloads.typed(space, text, named=True)
        payload = payloads.command(self.world, space, place, user, name, words)
        delivery = await self._deliver("command", payload, **how)
        self._shown(delivery)
        return delivery

    async def press(
        self, team: str, user: str, where: Message | View, action: str | dict[str, Any], **chosen: Any
    ) -> Delivery:
        """A person presses a button of a message or view: its label, action id or value, or an action not there.

        `chosen` goes into the action, as `selected_option` of a select; `filled` is what inputs of a view hold,
        `how` a dictionary for the delivery.
        """
        space, how = self.world.workspaces[team], chosen.pop("how", {})
        values = payloads.filled(where, chosen.pop("filled", {}))
        element = action if isinstance(action, dict) else self._element(where, action)
        payload = payloads.pressed(self.world, space, user, where, {**element, **chosen}, values)
        return await self._deliver("interaction", payload, **how)

    async def submit(self, view: View, values: dict[str, Any] | None = None, **how: Any) -> Delivery:
        """A person sends a form off; `values` by action id or block id. The answer is done to the view as Slack does.

        Errors for fields are in `body["errors"]`. Raises `ValueError` where Slack's own client lets nobody submit.
        """
        space, state = self.world.workspaces[view.team], payloads.filled(view, values or {})
        for block in view.blocks:
            if block["type"] == "input" and not block.get("optional"):
                got = state[block["block_id"]][block["element"]["action_id"]]
                if not any(value for key, value in got.items() if key != "type"):
                    raise ValueError(f"{block['label']['text']} is not filled in")
        delivery = await self._deliver("interaction", payloads.submitted(self.world, space, view, state), **how)
        if delivery.status == 200:
            self._after_submission(space, view, delivery.body)
        return delivery

    async def close(self, view: View, **how: Any) -> Delivery | None:
        """A person closes a form; delivered only where the view has notify_on_close."""
        view.open = False
        if not view.raw.get("notify_on_close"):
            return None
        return await self._deliver("interaction", payloads.closed(self.world.workspaces[view.team], view), **how)

    async def options(self, view: View | Message, action: str, typed: str, user: str = "", **how: Any) -> Delivery:
        """A person types in an external select; the choices are in `body["options"]` and are judged."""
        space, element = self.world.workspaces[view.team], self._element(view, action)
        if len(typed) < int(element.get("min_query_length", 3)):
            raise ValueError(f"Slack asks from {element.get('min_query_length', 3)} characters on")
        values = payloads.filled(view, {})
        person = user or (view.user if isinstance(view, View) else "")
        payload = payloads.suggestion(space, person, view, element, typed, values)
        delivery = await self._deliver("options", payload, **how)
        if delivery.status == 200:
            self.world.breach("options", judge_options(delivery.body))
        return delivery

    async def shortcut(self, team: str, user: str, callback_id: str, **how: Any) -> Delivery:
        """A person chooses a global shortcut."""
        space = self.world.workspaces[team]
        return await self._deliver("interaction", payloads.shortcut(self.world, space, user, callback_id), **how)

    async def message_shortcut(self, team: str, user: str, message: Message, callback_id: str, **how: Any) -> Delivery:
        """A person chooses a shortcut in the menu of a message."""
        payload = payloads.message_shortcut(self.world, self.world.workspaces[team], user, message, callback_id)
        return await self._deliver("interaction", payload, **how)

    async def event(self, team: str, inner: dict[str, Any], event_id: str | None = None, **how: Any) -> Delivery:
        """Any event, whether the app subscribed to it or not."""
        space = self.world.workspaces[team]
        return await self._deliver("event", payloads.event(self.world, space, inner, event_id), **how)

    async def home_opened(self, team: str, user: str, **how: Any) -> Delivery:
        """A person opens the app's Home tab."""
        space = self.world.workspaces[team]
        channel = {"channel": space.direct(user).id, "tab": "home"}
        home = self.world.homes.get((team, user))
        view = {"view": home.as_sent(space.bot_id)} if home else {}
        return await self.event(team, {"type": "app_home_opened", "user": user, **channel, **view}, **how)

    async def assistant(self, team: str, user: str, channel: str | None = None, **how: Any) -> tuple[Delivery, str]:
        """A person opens the assistant pane, looking at `channel`; gives the new thread too, for `direct`."""
        direct, thread = self.world.workspaces[team].direct(user).id, self.world.ts()
        self.world.panes[direct, thread] = {}
        context = {"channel_id": channel, "team_id": team, "enterprise_id": None} if channel else {}
        about = {"user_id": user, "context": context, "channel_id": direct, "thread_ts": thread}
        inner = {"type": "assistant_thread_started", "assistant_thread": about}
        return await self.event(team, inner, **how), thread

    async def invite(self, team: str, channel: str, by: str, **how: Any) -> Delivery:
        """A person invites the bot to a channel."""
        space, place = self._place(team, channel)
        place.members.add(space.bot_user)
        kind = {"type": "member_joined_channel", "channel_type": "G" if place.private else "C", "inviter": by}
        return await self.event(team, {**kind, "user": space.bot_user, "channel": channel, "team": team}, **how)

    async def remove(self, team: str, channel: str, **how: Any) -> Delivery:
        """The bot is removed from a channel."""
        space, place = self._place(team, channel)
        place.members.discard(space.bot_user)
        kind = {"type": "member_left_channel", "channel_type": "G" if place.private else "C"}
        return await self.event(team, {**kind, "user": space.bot_user, "channel": channel, "team": team}, **how)

    async def archive(self, team: str, channel: str, by: str, *, back: bool = False, **how: Any) -> Delivery:
        """A channel is archived, or with `back` brought back."""
        _, place = self._place(team, channel)
        place.archived = not back
        kind = f"{place.kind}_{'un' if back else ''}archive"
        return await self.event(team, {"type": kind, "channel": channel, "user": by}, **how)

    async def delete_channel(self, team: str, channel: str, by: str, **how: Any) -> Delivery:
        """A channel is deleted."""
        space, place = self._place(team, channel)
        del space.channels[channel]
        return await self.event(team, {"type": f"{place.kind}_deleted", "channel": channel, "actor_id": by}, **how)

    async def uninstall(self, team: str, **how: Any) -> Delivery:
        """The app is removed from a workspace: tokens die, `app_uninstalled`, and `tokens_revoked` in `also`."""
        space = self.world.workspaces[team]
        slack_tokens.uninstall(self.world, space)
        first = await self.event(team, {"type": "app_uninstalled"}, **how)
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [space.bot_user]}}
        first.also.append(await self.event(team, revoked, **how))
        return first

    def _place(self, team: str, channel: str) -> tuple[Workspace, Channel]:
        space = self.world.workspaces[team]
        return space, space.channels[channel]

    def _posts(self, space: Workspace, place: Channel, user: str, text: str, thread: str | None) -> Message:
        space.users[user]
        post = Message(space.id, place.id, self.world.ts(), user, text, [], thread, via="person")
        if space.users[user].bot:
            post.bot_id = "B" + user[1:]
        return self.world.write(post)

    async def _event(
        self,
        space: Workspace,
        inner: dict[str, Any],
        *,
        place: Channel | None = None,
        event_id: str | None = None,
        **how: Any,
    ) -> Delivery:
        """Deliver an event that the app subscribed to and, for messages, is there to hear; else status None."""
        wanted = inner["type"] if place is None else f"message.{place.family}"
        payload = payloads.event(self.world, space, inner, event_id)
        if wanted not in self.world.events or (place and space.bot_user not in place.members):
            assert self.transport is not None
            return Delivery("event", payload, self.transport, error=f"not delivered: no subscription to {wanted}")
        return await self._deliver("event", payload, **how)

    async def _deliver(self, kind: Any, payload: dict[str, Any], **how: Any) -> Delivery:
        if self.transport is None:
            raise RuntimeError("say first how the app is reached: slack.http(url) or slack.socket()")
        return await self.transport.deliver(kind, payload, **how)

    def _element(self, where: Message | View, name: str) -> dict[str, Any]:
        for element in where.buttons:
            label = element.get("text", {}).get("text") if element["type"] == "button" else None
            if name in {element["action_id"], label, element.get("value")}:
                return element
        raise KeyError(f"no {name!r} among {[e.get('text', {}).get('text') or e['action_id'] for e in where.buttons]}")

    def _shown(self, delivery: Delivery) -> None:
        body = {"text": delivery.body} if isinstance(delivery.body, str) else delivery.body
        if delivery.status == 200 and (body.get("text") or body.get("blocks")):
            take_response(self.world, delivery.payload["response_url"].rpartition("/")[2], body)
            self.world.response_urls[delivery.payload["response_url"].rpartition("/")[2]].payloads.pop()

    def _after_submission(self, space: Workspace, view: View, body: Any) -> None:
        action = body.get("response_action") if isinstance(body, dict) else None
        try:
            if action == "errors":
                blocks = {block.get("block_id") for block in view.blocks if block["type"] == "input"}
                wrong = [f"errors for {name}, which is no input" for name in body["errors"] if name not in blocks]
                self.world.breach("view_submission", wrong)
                return
            if action == "update":
                self.world.change_view(view, check_view(self.world, "view_submission", body["view"]))
                return
            if action == "push":
                self.world.put_view(
                    space, view.user, check_view(self.world, "view_submission", body["view"]), onto=view
                )
                return
        except Refused:
            return
        for other in self.world.views.values():
            if other is view or (action == "clear" and other.root == view.root):
                other.open = False
        self.world.changed()
