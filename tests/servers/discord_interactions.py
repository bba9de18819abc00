"""Answering interactions: callbacks within three seconds, and their webhooks for fifteen minutes.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.servers.discord_command_limits import choice_faults
from tests.servers.discord_limits import modal_faults
from tests.servers.discord_methods import check_words, checked, fill
from tests.servers.discord_payloads import message_sent
from tests.servers.discord_values import EPHEMERAL, LOADING, Call, Channel, Message, User
from tests.servers.discord_world import Guild, Refused, World

ANSWER_SECONDS, TOKEN_SECONDS, OUTSIDE_FOLLOWUPS = 3.0, 900.0, 5
PING, COMMAND, COMPONENT, AUTOCOMPLETE, SUBMIT = 1, 2, 3, 4, 5
PONG, REPLY, DEFER, DEFER_UPDATE, UPDATE, SUGGEST, FORM = 1, 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: {REPLY, DEFER, FORM},
    COMPONENT: {REPLY, DEFER, DEFER_UPDATE, UPDATE, FORM},
    AUTOCOMPLETE: {SUGGEST},
    SUBMIT: {REPLY, DEFER, DEFER_UPDATE, UPDATE},
}


@dataclass
class Interaction:
    """One interaction and all that came of it.

    `seconds`: until the first answer, None without one. `response`: the answer that people see, as it is now: a new
    message, or the one whose component was pressed once that was updated. `refused`: error codes of late answers.
    """

    id: str
    token: str
    kind: int
    payload: dict[str, Any]
    user: User
    guild: Guild | None
    place: Channel
    issued: float
    source: Message | None = None
    option: int = 3
    sent: float = field(default_factory=time.perf_counter)
    seconds: float | None = None
    answered_after: float | None = None
    callback: dict[str, Any] | None = None
    response: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    form: dict[str, Any] | None = None
    refused: list[int] = field(default_factory=list)
    deleted: bool = False
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[], bool], timeout: float) -> None:  # noqa: ASYNC109
        """Wait for what is to come of it. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not condition():
                self.happened.clear()
                await self.happened.wait()

    def refuse(self, code: int) -> None:
        """Note that an answer was refused."""
        self.refused.append(code)
        self.happened.set()

    @property
    def acknowledged(self) -> bool:
        """Whether the first answer came within three seconds."""
        return self.callback is not None

    @property
    def deferred(self) -> bool:
        """Whether people saw that the bot is thinking before they saw an answer."""
        return self.callback is not None and self.callback["type"] == DEFER

    @property
    def answered(self) -> bool:
        """Whether there is something to see or, for what was pressed, nothing to be seen."""
        if self.callback is None:
            return False
        if self.form is not None or self.choices is not None or self.deleted or self.followups:
            return True
        if self.callback["type"] == DEFER_UPDATE:
            return self.response is not None
        return self.response is not None and not self.response.loading

    @property
    def ephemeral(self) -> bool:
        """Whether only the person sees the answer."""
        return self.response is not None and self.response.ephemeral

    @property
    def messages(self) -> list[Message]:
        """The answer and everything after it."""
        return ([self.response] if self.response and self.response is not self.source else []) + self.followups

    @property
    def shown(self) -> str:
        """All words of the answer and what followed it."""
        return "\n".join(message.shown for message in ([self.response] if self.response else []) + self.followups)

    def metadata(self) -> dict[str, Any]:
        """What messages say of the interaction they answer."""
        owners = self.payload["authorizing_integration_owners"]
        own = {"id": self.id, "type": self.kind, "user": self.user.as_sent()}
        return {**own, "authorizing_integration_owners": owners}

    @property
    def outside(self) -> bool:
        """Whether it came from where the app is not installed: only by the person's own install."""
        return "0" not in self.payload["authorizing_integration_owners"]


def callback(world: World, call: Call) -> dict[str, Any] | None:
    """POST /interactions/{id}/{token}/callback."""
    _, _, id, token, _ = call.path.split("/")
    found: Interaction | None = world.interactions.get(token)
    if found is None or found.id != id or world.clock() - found.issued > ANSWER_SECONDS:
        if found:
            found.refuse(10062)
        raise Refused(404, 10062, "Unknown interaction")
    if found.callback is not None:
        found.refuse(40060)
        raise Refused(400, 40060, "Interaction has already been acknowledged.")
    kind, data = call.body.get("type"), call.body.get("data") or {}
    if kind not in ALLOWED[found.kind] or (found.source is None and kind in {DEFER_UPDATE, UPDATE}):
        world.breach("callback", [f"type {kind} for an interaction of type {found.kind}"])
        raise Refused(400, 50035, "Invalid Form Body", errors={"type": {"_errors": ["not allowed here"]}})
    _do(world, call, found, kind, data)
    found.callback, found.seconds = call.body, time.perf_counter() - found.sent
    _note(world, found)
    if call.query.get("with_response") not in {"1", "true"}:
        return None
    about: dict[str, Any] = {"id": found.id, "type": found.kind}
    resource: dict[str, Any] = {"type": kind}
    if kind in {REPLY, DEFER, UPDATE} and found.response:
        response = found.response
        about |= {"response_message_id": response.id, "response_message_loading": response.loading}
        about["response_message_ephemeral"] = response.ephemeral
        if kind != DEFER:
            resource["message"] = message_sent(world, response)
    return {"interaction": about, "resource": resource}


def _do(world: World, call: Call, found: Interaction, kind: int, data: dict[str, Any]) -> None:
    if kind == SUGGEST:
        faults = choice_faults(data, found.option)
        world.breach("autocomplete", faults)
        if faults:
            raise Refused(400, 50035, "Invalid Form Body", errors={"_errors": faults})
        found.choices = data["choices"]
    elif kind == FORM:
        faults = modal_faults(data)
        world.breach("form", faults)
        if faults:
            raise Refused(400, 50035, "Invalid Form Body", errors={"_errors": faults})
        found.form = data
    elif kind == DEFER:
        if set(data) - {"flags", "tts"} or (data.get("flags") or 0) & ~EPHEMERAL:
            world.breach("callback", ["a deferred answer carries the ephemeral flag and nothing else"])
        found.response = _new(world, found, {"flags": data.get("flags") or 0})
        found.response.flags |= LOADING
        world.write(found.response)
    elif kind == UPDATE and found.source:
        fill(world, found.source, checked(world, call, data, interaction=True, edit=True), default=("users",))
        found.source.edited, found.response = world.clock(), found.source
    elif kind == REPLY:
        found.response = world.write(_new(world, found, _worded(world, call, data)))


def _worded(world: World, call: Call, data: Any) -> dict[str, Any]:
    body = checked(world, call, data, interaction=True)
    check_words(body)
    return body


def _new(world: World, found: Interaction, body: dict[str, Any]) -> Message:
    guild = found.guild.id if found.guild else None
    message = Message(world.id(), found.place.id, world.bot, guild=guild, via="interaction")
    message.interaction = found.metadata()
    fill(world, message, body, default=("users",))
    seen = found.guild is None or "use_external_apps" in found.guild.permissions(found.user.id, found.place)
    message.flags |= (int(body.get("flags") or 0) & EPHEMERAL) | (EPHEMERAL if found.outside and not seen else 0)
    message.person = found.user.id if message.ephemeral else None
    return message


def _note(world: World, found: Interaction) -> None:
    if found.answered and found.answered_after is None:
        found.answered_after = time.perf_counter() - found.sent
    found.happened.set()
    world.changed()


def _hook(world: World, call: Call) -> Interaction:
    """The interaction of a webhook's address. Raises `Refused` when it is unknown or its token expired."""
    _, _, app, token, *_ = call.path.split("/")
    found: Interaction | None = world.interactions.get(token)
    if found is None or app != world.app_id or found.callback is None:
        raise Refused(404, 10015, "Unknown Webhook")
    if world.clock() - found.issued > TOKEN_SECONDS:
        found.refuse(50027)
        raise Refused(401, 50027, "Invalid Webhook Token")
    return found


def followup(world: World, call: Call) -> dict[str, Any]:
    """POST /webhooks/{app}/{token}: after a deferral the first one takes the place of "thinking"."""
    found = _hook(world, call)
    body = _worded(world, call, call.body)
    if found.response is not None and found.response.loading:
        _edit(world, found, found.response, body)
        return message_sent(world, found.response)
    if (
        found.outside
        and found.guild is not None
        and not found.guild.present
        and len(found.followups) >= OUTSIDE_FOLLOWUPS
    ):
        raise Refused(400, 40094, "This interaction has hit the maximum number of follow-up messages")
    message = world.write(_new(world, found, body))
    found.followups.append(message)
    _note(world, found)
    return message_sent(world, message)


def _target(world: World, call: Call, found: Interaction) -> Message:
    id = call.path.split("/")[5]
    known = found.messages + ([found.source] if found.source else [])
    message = found.response if id == "@original" else next((m for m in known if m.id == id), None)
    if id == "@original" and message is None:
        message = found.source
    if message is None or message.id not in world.messages:
        raise Refused(404, 10008, "Unknown Message")
    return message


def get_original(world: World, call: Call) -> dict[str, Any]:
    """GET /webhooks/{app}/{token}/messages/{id}."""
    return message_sent(world, _target(world, call, _hook(world, call)))


def edit_original(world: World, call: Call) -> dict[str, Any]:
    """PATCH /webhooks/{app}/{token}/messages/{id}."""
    found = _hook(world, call)
    message = _target(world, call, found)
    _edit(world, found, message, checked(world, call, call.body, interaction=True, edit=True))
    if message is found.source:
        found.response = message
        _note(world, found)
    return message_sent(world, message)


def _edit(world: World, found: Interaction, message: Message, body: dict[str, Any]) -> None:
    was = message.flags & EPHEMERAL
    fill(world, message, body, default=("users",))
    message.flags = message.flags & ~(LOADING | EPHEMERAL) | was
    message.edited = world.clock()
    _note(world, found)


def delete_original(world: World, call: Call) -> None:
    """DELETE /webhooks/{app}/{token}/messages/{id}."""
    found = _hook(world, call)
    message = _target(world, call, found)
    del world.messages[message.id]
    found.deleted = True
    if message in found.followups:
        found.followups.remove(message)
    elif message is found.response:
        found.response = None
    _note(world, found)


def component_of(message: Message, name: str) -> dict[str, Any]:
    """A button or select of a message by its label, placeholder or custom id. Raises `KeyError`."""
    for part in message.buttons:
        if name in {part.get("custom_id"), part.get("label"), part.get("placeholder")}:
            return part
    raise KeyError(f"no {name!r} among {[part.get('label') or part.get('custom_id') for part in message.buttons]}")
