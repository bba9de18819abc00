"""Slash commands with typed options, what is offered while people type, and "Brief this link" on messages.

Each is answered "is thinking" first, to the person alone where its replies are for them, and then once.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from msgspec.structs import replace

from bot.connectors import Draft
from bot.connectors.discord import forms, panel
from bot.connectors.discord.options import (
    CHANNEL,
    HOURS,
    NAME,
    QUERY,
    QUESTION,
    SENTENCES,
    STORIES,
    TOPIC,
    WHEN,
    WORDS,
    ZONE,
    Interaction,
    choices,
    suggesting,
)
from bot.connectors.discord.parts import HERE, channel_name, guild_of, once
from bot.connectors.discord.people import is_direct, of_interaction
from bot.connectors.discord.replying import place_of
from briefings.types import Answer, Notice, Reply, Style

if TYPE_CHECKING:
    from bot.connectors import Asker
    from bot.connectors.discord.client import Line
    from bot.connectors.discord.parts import Parts

LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"*_~]")
NO_LINK = Notice("There is no link in that message.", "refused")


def reading(command: Any) -> Any:
    """For everybody and everywhere, also where only the person installed the bot."""
    return app_commands.allowed_installs(guilds=True, users=True)(
        app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(command)
    )


def managing(command: Any) -> Any:
    """For those who manage a server, unless its settings say otherwise; and for everybody in direct messages."""
    return app_commands.allowed_installs(guilds=True, users=False)(
        app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)(
            app_commands.default_permissions(manage_guild=True)(command)
        )
    )


def register(line: Line) -> None:
    """Add all commands to the tree."""
    parts = line.parts
    _reading(line.tree, parts)
    _subscribing(line.tree, parts)
    _settling(line.tree, parts)

    @line.tree.error
    async def failed(interaction: Interaction, error: app_commands.AppCommandError) -> None:
        unknown = isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch)
        told = OLD_COMMAND if unknown else FAULT
        if not unknown:
            forms.log.error("a command failed", exc_info=error, extra={"action": "command_failed"})
        if interaction.type is discord.InteractionType.autocomplete or interaction.response.is_done():
            return
        await run(parts, interaction, lambda _: _said(told), private=True)


OLD_COMMAND = Notice("That command has changed. Reload Discord, or use `/help`, which says what I can do.", "refused")
FAULT = Notice("This is a fault in Sidelines; the log has the details.", "problem")


NO_ARTICLE = Notice("I know no article by that headline; `/latest` lists some.", "refused")


async def _said(notice: Notice) -> Reply:
    return Reply((notice,), private=True, found=False)


async def run(
    parts: Parts, interaction: Interaction, work: Callable[[Asker], Awaitable[Reply]], *, private: bool
) -> None:
    """Announce an answer and give it, once."""
    here = of_interaction(interaction)
    ephemeral = not is_direct(interaction) and (private or guild_of(here.channel) is None)
    if not await forms.deferred(interaction, ephemeral=ephemeral):
        return

    async def reply() -> Reply:
        data: Mapping[str, Any] = interaction.data or {}
        return await work(await parts.overrides.applied(interaction, here, str(data.get("name"))))

    place = place_of(interaction, ephemeral=ephemeral)
    await once(parts, f"discord:interaction:{interaction.id}", reply, place)


def _reading(tree: app_commands.CommandTree[Any], parts: Parts) -> None:
    """What everybody may ask."""

    async def answer(interaction: Interaction, *words: object, private: bool) -> None:
        text = " ".join(str(word) for word in words if word)
        parts.tasks.start(run(parts, interaction, lambda asker: parts.desk.answer(text, asker), private=private))

    @tree.command(name="ask", description="Quotes what the archive says, with its sources")
    @reading
    @app_commands.describe(question="What do you want to know?")
    async def ask(interaction: Interaction, question: QUESTION) -> None:
        await answer(interaction, "ask", question, private=False)

    @tree.command(name="brief", description="A briefing now, for you alone")
    @reading
    @app_commands.describe(about="A topic, headline, section or number; the newest stories without it")
    @app_commands.autocomplete(about=suggesting(parts, "topic"))
    async def brief(interaction: Interaction, about: WORDS | None = None) -> None:
        await answer(interaction, "brief", about, private=True)

    @tree.command(name="latest", description="The newest headlines with dates and links")
    @reading
    @app_commands.describe(topic="Only what is about this")
    @app_commands.autocomplete(topic=suggesting(parts, "topic"))
    async def latest(interaction: Interaction, topic: TOPIC | None = None) -> None:
        await answer(interaction, "latest", topic, private=False)

    @tree.command(name="why", description="At which step an article was or was not posted here")
    @reading
    @app_commands.describe(article="Its link, number or headline")
    async def why(interaction: Interaction, article: WORDS) -> None:
        async def work(asker: Asker) -> Reply:
            reply = await parts.desk.answer(f"why {article}", asker)
            asked = any(isinstance(content, Answer) for content in reply.contents)  # Taken for a question: no article.
            return await _said(NO_ARTICLE) if asked else reply

        parts.tasks.start(run(parts, interaction, work, private=True))

    @tree.command(name="help", description="What I can do, with examples")
    @reading
    @app_commands.describe(command="More about one command")
    async def guide(interaction: Interaction, command: NAME | None = None) -> None:
        await answer(interaction, "help", command and command.lstrip("/").split(" ")[0], private=True)

    @tree.command(name="topics", description="The named topics of this server")
    @reading
    async def topics(interaction: Interaction) -> None:
        await answer(interaction, "topics", private=False)

    @tree.command(name="subscriptions", description="What is subscribed: next run, last delivery, state")
    @reading
    @app_commands.describe(channel="Only what is subscribed in this channel")
    async def subscriptions(interaction: Interaction, channel: CHANNEL | None = None) -> None:
        await answer(interaction, "subscriptions", channel and f"in #{channel}", private=False)

    @tree.context_menu(name="Brief this link")
    @reading
    async def brief_link(interaction: Interaction, message: discord.Message) -> None:
        link = first_link(message)
        work = (lambda asker: parts.desk.answer(f"brief {link}", asker)) if link else (lambda _: _said(NO_LINK))
        parts.tasks.start(run(parts, interaction, work, private=True))


def _subscribing(tree: app_commands.CommandTree[Any], parts: Parts) -> None:
    """What changes subscriptions."""

    def on_one(name: str, description: str) -> None:
        @tree.command(name=name, description=description)
        @managing
        @app_commands.describe(subscription="Its number or topic")
        @app_commands.autocomplete(subscription=suggesting(parts, "subscription"))
        async def command(interaction: Interaction, subscription: TOPIC | None = None) -> None:
            text = f"{name} {_named(subscription)}".strip()
            parts.tasks.start(run(parts, interaction, lambda asker: parts.desk.answer(text, asker), private=True))

    on_one("unsubscribe", "Ends a subscription")
    on_one("pause", "Posts nothing until you resume it")
    on_one("resume", "Goes on; what came meanwhile is in the next briefing")

    @tree.command(name="subscribe", description="Posts new stories on a topic in a channel, on time")
    @managing
    @app_commands.describe(
        topic="A topic's name, or words that its articles carry; without it a form asks for everything",
        when="Such as: weekdays at 9, every 2 hours from 8 to 20, as it happens",
        channel="Where they are posted; here without it",
        zone="The clock that the times are read on, such as Asia/Seoul",
        style="How much of a story",
    )
    @app_commands.choices(style=choices(*forms.STYLES))
    @app_commands.autocomplete(
        topic=suggesting(parts, "topic"), when=suggesting(parts, "when"), zone=suggesting(parts, "zone")
    )
    async def subscribe(
        interaction: Interaction,
        topic: TOPIC | None = None,
        when: WHEN | None = None,
        channel: CHANNEL | None = None,
        zone: ZONE | None = None,
        style: str | None = None,
    ) -> None:
        def changed(draft: Draft, workspace: str) -> Draft:
            place = channel_name(workspace, channel) if channel else draft.channel
            kept: Style = next((known for known in forms.STYLES if known == style), draft.style)
            words = when or draft.when
            return replace(draft, topic=topic or "", when=words, zone=zone or draft.zone, channel=place, style=kept)

        parts.tasks.start(_fill(parts, interaction, "subscribe", changed, complete=topic is not None))

    @tree.command(name="reschedule", description="Gives a subscription other times")
    @managing
    @app_commands.describe(subscription="Its number", when="Such as: mondays and thursdays at 18:30")
    @app_commands.autocomplete(subscription=suggesting(parts, "subscription"), when=suggesting(parts, "when"))
    async def reschedule(interaction: Interaction, subscription: NAME, when: WHEN | None = None) -> None:
        text = f"reschedule {_named(subscription)}"
        if when:
            words = f"{text} {when}"
            parts.tasks.start(run(parts, interaction, lambda asker: parts.desk.answer(words, asker), private=True))
        else:
            parts.tasks.start(_fill(parts, interaction, text, lambda draft, _: draft, complete=False))


def _settling(tree: app_commands.CommandTree[Any], parts: Parts) -> None:
    """What a server settles for itself: its topics and settings."""
    group = managing(
        app_commands.Group(name="topic", description="Names a query, so that it can be subscribed by name")
    )

    @group.command(name="add", description="Names a query, or changes what a name means")  # type: ignore[untyped-decorator]
    @app_commands.describe(
        name="The name", query='Words, "exact phrase", OR, -without, title:word, source:name, prefix*'
    )
    async def add(interaction: Interaction, name: NAME, query: QUERY) -> None:
        async def work(asker: Asker) -> Reply:
            if "=" in name:
                return await _said(Notice("A topic's name cannot have “=” in it; choose another name.", "refused"))
            return await parts.desk.answer(f"topic add {name} = {query}", asker)

        parts.tasks.start(run(parts, interaction, work, private=True))

    @group.command(name="remove", description="Forgets a name; subscriptions that were made with it go on")  # type: ignore[untyped-decorator]
    @app_commands.describe(name="The name")
    @app_commands.autocomplete(name=suggesting(parts, "topic"))
    async def remove(interaction: Interaction, name: NAME) -> None:
        parts.tasks.start(
            run(parts, interaction, lambda asker: parts.desk.answer(f"topic remove {name}", asker), private=True)
        )

    tree.add_command(group)

    @tree.command(name="settings", description="How briefings look here and who may manage; shows them without a value")
    @managing
    @app_commands.describe(
        zone="The clock that times are read on, such as Asia/Seoul",
        style="How much of a story",
        stories="Most stories in a briefing",
        sentences="Most sentences of a section",
        quiet="Hours without posts, such as 22:00-07:00, or off",
        empty="What to do when there is nothing new",
        ping="The role that each briefing calls; to call none, write to me: settings ping off",
        managers="Who may subscribe and change things",
        trust="Somebody who may do that as well",
        distrust="Somebody who no longer may",
        channel="For this channel alone; for the whole server without it",
    )
    @app_commands.choices(
        style=choices(*forms.STYLES), empty=choices("say", "silent"), managers=choices("managers", "everyone")
    )
    @app_commands.autocomplete(zone=suggesting(parts, "zone"))
    async def settings(
        interaction: Interaction,
        zone: ZONE | None = None,
        style: str | None = None,
        stories: STORIES | None = None,
        sentences: SENTENCES | None = None,
        quiet: HOURS | None = None,
        empty: str | None = None,
        ping: discord.Role | None = None,
        managers: str | None = None,
        trust: discord.User | None = None,
        distrust: discord.User | None = None,
        channel: CHANNEL | None = None,
    ) -> None:
        given = {
            "zone": zone,
            "style": style,
            "stories": stories,
            "sentences": sentences,
            "quiet": quiet,
            "empty": empty,
            "ping": None if ping is None else "@everyone" if ping.is_default() else f"@{ping.id}",
            "managers": managers,
        }
        where = f" in #{channel}" if channel else ""
        texts = [f"settings {name} {value}{where}" for name, value in given.items() if value]
        people = {"add": trust, "remove": distrust}
        texts += [f"settings managers {verb} @{person.id}{where}" for verb, person in people.items() if person]
        if not texts:
            parts.tasks.start(panel.shown(parts, interaction, channel))
            return

        async def work(asker: Asker) -> Reply:
            replies = [forms.heard(parts, text, await parts.desk.answer(text, asker), asker) for text in texts]
            return replies[0] if len(replies) == 1 else _together(replies)

        parts.tasks.start(run(parts, interaction, work, private=True))


async def _fill(
    parts: Parts, interaction: Interaction, text: str, change: Callable[[Draft, str], Draft], *, complete: bool
) -> None:
    """Do what a draft says when it is `complete`, else open a form that shows it."""
    if not complete:
        here = await parts.overrides.applied(interaction, of_interaction(interaction), text)
        if draft := await forms.drafted(parts, text, here):
            await forms.show(parts, interaction, change(draft, here.workspace), HERE)
            return

    async def work(asker: Asker) -> Reply:
        draft = await parts.desk.draft(text, asker)
        if draft is None:  # Not allowed, or not there: the words alone say why.
            return await parts.desk.answer(text, asker)
        if not complete:  # Known too late to open it.
            return Reply((forms.offer(draft),), private=True)
        return await forms.subscribed(parts, change(draft, asker.workspace), asker)

    await run(parts, interaction, work, private=True)


def _together(replies: Sequence[Reply]) -> Reply:
    """Several short replies as one."""
    notices = [content for reply in replies for content in reply.contents if isinstance(content, Notice)]
    found = all(reply.found for reply in replies)
    return Reply((Notice("\n".join(each.text for each in notices), "info" if found else "refused"),), True, found)


def first_link(message: discord.Message) -> str | None:
    """The first web address in a message: in its words, else in its embeds."""
    texts: Sequence[str | None] = [message.content, *(each.url or each.description for each in message.embeds)]
    return next((match[0] for text in texts if text and (match := LINK.search(text))), None)


def _named(subscription: str | None) -> str:
    """A subscription by number or topic, without the sign that would make a question of it."""
    return (subscription or "").replace("?", "").strip()
