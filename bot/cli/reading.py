"""`sidelines brief`, `latest` and `why`: what the archive says, through the commands that chats use."""

import os.path

import click

from bot.cli import shapes
from bot.cli.common import ASKER, json_option, now, opened_commands, print_json, print_listing_or, print_reply


@click.command(short_help="Brief a topic, a headline, a section or an article now.")
@click.argument("what", nargs=-1, metavar="[TOPIC, HEADLINE, SECTION or ID]")
@click.option("--sentences", type=click.IntRange(1, 100), help="At most so many sentences of each section.")
@click.option("--words", type=click.IntRange(1, 100_000), help="At most so many words of each article.")
@json_option
def brief(what: tuple[str, ...], sentences: int | None, words: int | None, as_json: bool) -> int:
    """Show a briefing of what is named, or of the newest stories.

    `sidelines brief ups and downs` gives the section of that heading alone.
    """
    if len(what) == 1 and os.path.isfile(what[0]):  # noqa: PTH113 - Path raises at a headline too long for a name
        raise click.UsageError(f"{what[0]} is a file: first `sidelines add {what[0]}`, then `sidelines brief`.")
    with opened_commands() as commands:
        reply = commands.brief(" ".join(what), ASKER, now(), sentences=sentences, words=words)
    if not as_json:
        return print_reply(reply)
    found = shapes.briefings(reply)
    print_json(found)
    return 0 if found["briefings"] else 1


@click.command(short_help="Show the newest headlines, of a topic if one is named.")
@click.argument("topic", nargs=-1)
@json_option
def latest(topic: tuple[str, ...], as_json: bool) -> int:
    """Show the newest headlines with dates and links."""
    with opened_commands() as commands:
        reply = commands.run("latest", " ".join(topic), ASKER, now())
    return print_listing_or(reply, as_json)


@click.command(short_help="Say why an article was or was not posted.")
@click.argument("article", nargs=-1, required=True, metavar="LINK, ID or HEADLINE")
@json_option
def why(article: tuple[str, ...], as_json: bool) -> int:
    """Check each step in turn: stored, visible, matched by which subscription and rule, posted when."""
    with opened_commands() as commands:
        reply = commands.run("why", " ".join(article), ASKER, now())
    return print_listing_or(reply, as_json)
