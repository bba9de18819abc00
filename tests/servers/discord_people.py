"""What people do with an app, as deeds: each gives what an app gets for it, and waits for the app's answer."""

from typing import Any

from tests.servers import discord_payloads as payloads
from tests.servers.discord_gateway import Gateway
from tests.servers.discord_interactions import (
    ANSWER_SECONDS,
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    SUBMIT,
    Interaction,
    component_of,
)
from tests.servers.discord_values import PERMISSIONS, Channel, Member, Message, User
from tests.servers.discord_world import Guild, World

Who = User | Member


def _user(who: Who) -> User:
    return who.user if isinstance(who, Member) else who


class People:
    """The deeds; `DiscordServer` is one.

    Every deed that makes an interaction takes `settle` (wait for more than "thinking", up to `patience` seconds),
    `by_user` (it comes by the person's own install; where the bot is not, it does anyway) and `forge` (do what
    Discord's own client lets nobody do: a command that is not offered, a value that is not in the list).
    """

    world: World
    gateway: Gateway

    async def command(
        self,
        guild: Guild | None,
        channel: Channel | None,
        user: Who,
        name: str,
        options: dict[str, Any] | None = None,
        *,
        forge: bool = False,
        by_user: bool | None = None,
        **how: Any,
    ) -> Interaction:
        """A slash command, "topic add" where it is within a group; without a guild in the conversation with the bot."""
        place, person = channel or self.world.direct(self.world.bot, _user(user)), _user(user)
        command, outer, inner = self._command(guild, name)
        by_user = self._by_user(command, guild, place, person, by_user, forge)
        chosen: list[tuple[int, str]] = []
        sent = []
        given = dict(options or {})
        for definition in inner:
            if definition["name"] not in given:
                if definition.get("required") and not forge:
                    raise ValueError(f"/{name} needs {definition['name']}")
                continue
            raw = given.pop(definition["name"])
            value = raw if forge and isinstance(raw, str | int) else payloads.typed(definition, raw)
            if definition["type"] in {6, 7, 8, 9, 11}:
                chosen.append((definition["type"], value))
            sent.append({"name": definition["name"], "type": definition["type"], "value": value})
        if given:
            raise KeyError(f"/{name} has no option {sorted(given)}")
        data = self._data(command, outer, sent)
        data["resolved"] = payloads.resolved(self.world, guild, chosen)
        return await self._interact(COMMAND, person, guild, place, data, by_user=by_user, **how)

    async def autocomplete(
        self,
        guild: Guild | None,
        channel: Channel | None,
        user: Who,
        name: str,
        option: str,
        typed: str = "",
        options: dict[str, Any] | None = None,
        **how: Any,
    ) -> Interaction:
        """A person types in an option; what is suggested is in `choices`."""
        place, person = channel or self.world.direct(self.world.bot, _user(user)), _user(user)
        command, outer, inner = self._command(guild, name)
        by_user = self._by_user(command, guild, place, person, how.pop("by_user", None), how.pop("forge", False))
        definition = next(entry for entry in inner if entry["name"] == option)
        if not definition.get("autocomplete"):
            raise ValueError(f"/{name} suggests nothing for {option}")
        known = {entry["name"]: entry for entry in inner}
        sent = [
            {"name": key, "type": known[key]["type"], "value": payloads.typed(known[key], value)}
            for key, value in (options or {}).items()
        ]
        sent.append({"name": option, "type": definition["type"], "value": typed, "focused": True})
        data = self._data(command, outer, sent)
        how["option"] = definition["type"]
        return await self._interact(AUTOCOMPLETE, person, guild, place, data, by_user=by_user, **how)

    async def press(
        self,
        user: Who,
        message: Message,
        component: str | dict[str, Any],
        values: list[Any] | None = None,
        *,
        forge: bool = False,
        by_user: bool | None = None,
        **how: Any,
    ) -> Interaction:
        """A person presses a button or chooses `values` of a select: by label, placeholder or custom id.

        A component that is not there can be given whole.
        """
        person, guild = _user(user), self.world.guilds.get(message.guild or "")
        if message.person not in {None, person.id} and not forge:
            raise PermissionError(f"{person.name} does not see this message")
        part = component if isinstance(component, dict) else component_of(message, component)
        if part["type"] == 2 and (part.get("style") == 5 or part.get("disabled")) and not forge:
            raise ValueError("a link or a disabled button sends nothing")
        data: dict[str, Any] = {"component_type": part["type"], "custom_id": part["custom_id"], "id": part.get("id", 1)}
        if part["type"] != 2:
            data["values"] = [getattr(value, "id", value) for value in values or []]
            offered = {option["value"] for option in part.get("options") or []}
            if part["type"] == 3 and set(data["values"]) - offered and not forge:
                raise ValueError(f"{data['values']} is none of {sorted(offered)}")
            kind = {5: 6, 6: 8, 7: 9, 8: 7}.get(part["type"], 0)
            data["resolved"] = payloads.resolved(self.world, guild, [(kind, id) for id in data["values"]])
        if by_user is None:
            owners = (message.interaction or {}).get("authorizing_integration_owners", {"0": ""})
            by_user = "0" not in owners
        place = self._place(message.channel)
        how["source"] = message
        return await self._interact(COMPONENT, person, guild, place, data, by_user=by_user, **how)

    async def submit(self, user: Who, shown: Interaction, values: dict[str, Any], **how: Any) -> Interaction:
        """A person sends off the form that an interaction brought; `values` by custom id or label of the fields."""
        if shown.form is None:
            raise ValueError("that interaction brought no form")
        data = {"custom_id": shown.form["custom_id"]}
        data["components"] = payloads.filled(shown.form["components"], values)
        kinds = {5: 6, 6: 8, 7: 9, 8: 7}
        chosen = [
            (kinds[part["component"]["type"]], id)
            for part in data["components"]
            if part.get("component", {}).get("type") in kinds
            for id in part["component"]["values"]
        ]
        data["resolved"] = payloads.resolved(self.world, shown.guild, chosen)
        by_user = how.pop("by_user", shown.outside)
        how["source"] = shown.source
        return await self._interact(SUBMIT, _user(user), shown.guild, shown.place, data, by_user=by_user, **how)

    async def menu(self, user: Who, message: Message, name: str, **how: Any) -> Interaction:
        """A person chooses a command in the menu of a message."""
        person, guild = _user(user), self.world.guilds.get(message.guild or "")
        place = self._place(message.channel)
        command, _, _ = self._command(guild, name, 3)
        by_user = self._by_user(command, guild, place, person, how.pop("by_user", None), how.pop("forge", False))
        data = {"id": command["id"], "name": name, "type": 3, "target_id": message.id}
        data["resolved"] = {"messages": {message.id: payloads.message_sent(self.world, message)}}
        return await self._interact(COMMAND, person, guild, place, data, by_user=by_user, **how)

    async def message(
        self,
        guild: Guild | None,
        channel: Channel | None,
        user: Who,
        text: str,
        *,
        reply_to: Message | None = None,
        ping: bool = True,
    ) -> Message:
        """A person writes; in reply to a message, whose author is told where `ping` is left on."""
        place, person = channel or self.world.direct(self.world.bot, _user(user)), _user(user)
        message = Message(self.world.id(), place.id, person, text, via="person", guild=guild.id if guild else None)
        bot = self.world.bot
        if bot.mention in text:
            message.mentions.append(bot)
        if reply_to:
            message.reference = reply_to.id
            if ping and reply_to.author not in message.mentions:
                message.mentions.append(reply_to.author)
        self.world.write(message)
        hears = guild.present and guild.sees(bot.id, place) if guild else bot in place.recipients
        if hears:
            self.gateway.dispatch("MESSAGE_CREATE", payloads.message_sent(self.world, message, event=True), guild)
        return message

    async def mention(self, guild: Guild, channel: Channel, user: Who, text: str, **how: Any) -> Message:
        """A person mentions the bot."""
        return await self.message(guild, channel, user, f"{self.world.bot.mention} {text}", **how)

    async def direct(self, user: Who, text: str, **how: Any) -> Message:
        """A person writes to the bot alone."""
        return await self.message(None, None, user, text, **how)

    # -- how it is done

    def _place(self, id: str) -> Channel:
        place = self.world.channel(id)
        if place is None:
            raise KeyError(f"no channel {id}")
        return place

    def _command(
        self, guild: Guild | None, name: str, kind: int = 1
    ) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        """A command's definition, those of its groups on the way, and its options."""
        known = self.world.commands.get(guild.id if guild else None, []) + self.world.commands.get(None, [])
        first, *rest = name.split() if kind == 1 else [name]
        command = next((entry for entry in known if (entry["name"], entry["type"]) == (first, kind)), None)
        if command is None:
            raise KeyError(f"no command {first!r} among {[entry['name'] for entry in known]}")
        outer, options = [], command.get("options") or []
        for word in rest:
            group = next((entry for entry in options if entry["name"] == word and entry["type"] in {1, 2}), None)
            if group is None:
                raise KeyError(f"no {word!r} within /{first}: {[entry['name'] for entry in options]}")
            outer.append(group)
            options = group.get("options") or []
        if any(entry["type"] in {1, 2} for entry in options):
            raise KeyError(f"/{name} is a group of {[entry['name'] for entry in options]}")
        return command, outer, options

    def _by_user(
        self, command: dict[str, Any], guild: Guild | None, place: Channel, person: User, wish: bool | None, forge: bool
    ) -> bool:
        """Whether it comes by the person's own install. Raises `PermissionError` where it is not offered at all."""
        direct = guild is None and self.world.bot in place.recipients
        installed = (guild is not None and guild.present) or (direct and self._shared(person))
        types = set(command.get("integration_types") or [0])
        by_user = wish if wish is not None else not (installed and 0 in types)
        context = 0 if guild else 1 if direct else 2
        contexts = command.get("contexts")
        faults = []
        if context not in (
            [0, 1] if contexts is None and 1 not in types else [0, 1, 2] if contexts is None else contexts
        ):
            faults.append(f"not in context {context}")
        if by_user and not (person.installed and 1 in types):
            faults.append("neither the server nor the person has it installed")
        needed = command.get("default_member_permissions")
        if guild and needed is not None and not by_user:
            rights = guild.permissions(person.id, place)
            lacks = {name for name, bit in PERMISSIONS.items() if int(needed) & bit} - rights
            if lacks or (int(needed) == 0 and "administrator" not in rights):
                faults.append(f"{person.name} lacks {sorted(lacks) or 'administrator'}")
        if faults and not forge:
            raise PermissionError(f"/{command['name']} is not offered: {'; '.join(faults)}")
        return by_user

    def _shared(self, person: User) -> bool:
        return any(guild.present and person.id in guild.members for guild in self.world.guilds.values())

    def _data(
        self, command: dict[str, Any], outer: list[dict[str, Any]], options: list[dict[str, Any]]
    ) -> dict[str, Any]:
        for group in reversed(outer):
            options = [{"name": group["name"], "type": group["type"], "options": options}]
        data = {"id": command["id"], "name": command["name"], "type": 1, "options": options}
        if command.get("guild_id"):
            data["guild_id"] = command["guild_id"]
        return data

    async def _interact(
        self,
        kind: int,
        user: User,
        guild: Guild | None,
        place: Channel,
        data: dict[str, Any],
        *,
        by_user: bool,
        source: Message | None = None,
        option: int = 3,
        settle: bool = True,
        patience: float = 10.0,
    ) -> Interaction:
        payload = payloads.interaction(self.world, kind, user, guild, place, data, by_user=by_user)
        if source is not None:
            payload["message"] = payloads.message_sent(self.world, source)
        id, now = self.world.id(), self.world.clock()
        token = f"token-of-{id}"
        payload |= {"id": id, "token": token}
        found = Interaction(id, token, kind, payload, user, guild, place, now, source, option)
        self.world.interactions[token] = found
        if not self.gateway.dispatch("INTERACTION_CREATE", payload, guild):
            raise ConnectionError("no session of the bot's to tell: wait with `await discord.connected()`")
        try:
            await found.until(lambda: found.acknowledged or bool(found.refused), min(patience, ANSWER_SECONDS + 0.5))
            if settle and found.acknowledged:
                await found.until(lambda: found.answered, patience)
        except TimeoutError:
            pass  # what people see then: "the application did not respond", or for ever that it thinks
        return found
