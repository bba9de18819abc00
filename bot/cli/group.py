"""The `sidelines` command: its subcommands are imported only when named, and every failure becomes one sentence."""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from bot.cli import VERSION
from briefings.errors import SidelinesError

COMMANDS = {
    "run": "running",
    "add": "archive",
    "articles": "archive",
    "feeds": "feeds",
    "brief": "reading",
    "ask": "asking",
    "latest": "reading",
    "subscribe": "subscribing",
    "subscriptions": "subscribing",
    "unsubscribe": "subscribing",
    "due": "subscribing",
    "why": "reading",
    "status": "operating",
    "migrate": "upkeep",
    "move": "moving",
    "backup": "operating",
    "reindex": "upkeep",
    "disconnect": "upkeep",
    "doctor": "checkup",
}
"""Each command with the module it lives in, in the order of the front page."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, in the order of the front page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"bot.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done, 1 nothing found or refused, 2 wrong usage. `sidelines COMMAND --help` says more.",
)
@click.version_option(VERSION, prog_name="sidelines", message="%(prog)s %(version)s")
def sidelines() -> None:
    """Read articles, brief them by their own sections, and answer questions in quoted, cited sentences.

    Start with `sidelines run`, or add an article: `sidelines add article.html`.
    """


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and give its exit status; what goes wrong is told on standard error in one sentence."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character still gets the rest
    try:
        status = sidelines.main(list(arguments), prog_name="sidelines", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "sidelines"
        return refuse(f"{_sentence(error.format_message())} Try `{where} --help`.", 2)
    except click.ClickException as error:
        return refuse(_sentence(error.format_message()))
    except (click.Abort, KeyboardInterrupt):
        return 130
    except SidelinesError as error:
        return refuse(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return refuse(f"{error.filename}: {reason}." if error.filename else f"the system refused: {reason}.")
    except Exception as error:  # noqa: BLE001 - the last place where a fault of ours can be told instead of dumped
        if os.environ.get("SIDELINES_LOG_LEVEL") == "debug":
            traceback.print_exc()
        return refuse(
            f"this is a fault in Sidelines ({type(error).__name__}: {error}); "
            "set SIDELINES_LOG_LEVEL=debug to see where it is, and report it."
        )
    return status if isinstance(status, int) else 0


def refuse(sentence: str, status: int = 1) -> int:
    """Say on standard error why a command did not do what it was asked, and give its exit status."""
    click.echo(f"sidelines: {sentence}", err=True)
    return status


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
