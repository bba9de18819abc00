"""What Discord needs to be set: its options, and what each must look like."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from config.secret import Secret

VARIABLES = {
    "DISCORD_TOKEN": "discord.token",
    "DISCORD_API_URL": "discord.api_url",
    "DISCORD_PROXY": "discord.proxy",
}
"""The short names, as bots for Discord usually have them, each with its option."""


class DiscordOptions(Struct, frozen=True):
    """How Discord is reached. No token means no Discord.

    `api_url` is the whole base with its version, empty for Discord's own; a `proxy` may hold a password.
    """

    token: Secret
    api_url: str
    proxy: Secret
    messages_per_second: Annotated[float, Meta(ge=0.01, le=1000)]

    @property
    def in_use(self) -> bool:
        """Whether there is a Discord to connect to."""
        return bool(self.token)


# What a value must look like; a ValueError never holds the value -----------------------------------------------

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_KINDS = {
    r"(?i)bot\s.*": "the token with the word Bot before it; leave that out",
    r"(?i)mfa\..*": "a person's token, which Sidelines never needs",
    r"\d{17,20}": "an application id",
    r"[0-9a-f]{64}": "the app's public key",
    r"[\w-]{32}": "the app's client secret",
}


def _token(token: str) -> None:
    kind = next((words for pattern, words in _KINDS.items() if re.fullmatch(pattern, token)), "")
    if kind or not _TOKEN.fullmatch(token):
        raise ValueError(
            "must be a bot's token, three parts with dots between, from the Developer Portal under Bot"
            + (f"; this looks like {kind}" if kind else "")
        )


def _proxy(address: str) -> None:
    if not re.fullmatch(r"https?://[^\s/?#]+/?", address):
        raise ValueError("must be the address of a proxy such as http://proxy.example.org:3128")


CHECKS: Mapping[str, Callable[[str], None]] = {"discord.token": _token, "discord.proxy": _proxy}
"""For each option that has more to it than its type, what raises ValueError saying what is wanted."""
