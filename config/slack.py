"""What Slack needs to be set: its options, what each must look like, and which only work together."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from config.secret import Secret

KEY_CHARACTERS = 32
"""Fewest characters of an encryption key: 128 bits when they are hexadecimal digits drawn at random."""

VARIABLES = {
    "SLACK_BOT_TOKEN": "slack.bot_token",
    "SLACK_APP_TOKEN": "slack.app_token",
    "SLACK_SIGNING_SECRET": "slack.signing_secret",
    "SLACK_CLIENT_ID": "slack.client_id",
    "SLACK_CLIENT_SECRET": "slack.client_secret",
    "SLACK_API_URL": "slack.api_url",
}
"""The names that Slack's own documents use, each with its option."""


class SlackOptions(Struct, frozen=True):
    """How Slack is reached. Nothing set means no Slack; a set that is not empty is complete (`incomplete`)."""

    bot_token: Secret
    app_token: Secret
    signing_secret: Secret
    client_id: str
    client_secret: Secret
    encryption_key: Secret
    api_url: str
    messages_per_second: Annotated[float, Meta(ge=0.01, le=1000)]

    @property
    def in_use(self) -> bool:
        """Whether there is a Slack to connect to."""
        return bool(self.bot_token or self.client_id)

    @property
    def encryption_keys(self) -> tuple[str, ...]:
        """The keys of the stored tokens, newest first: that one encrypts, the others still decrypt."""
        return tuple(_keys(self.encryption_key.reveal()))


def incomplete(given: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is missing beside the options that are set: an option that is set, and a sentence about what it needs."""
    if "slack.client_id" in given:
        yield from _incomplete_oauth(given)
    elif "slack.client_secret" in given:
        yield "slack.client_secret", "needs SLACK_CLIENT_ID beside it, from the same page of the app's settings"
    elif "slack.bot_token" not in given:
        for option in ("slack.app_token", "slack.signing_secret"):
            if option in given:
                yield option, "needs SLACK_BOT_TOKEN, which begins with xoxb-, or SLACK_CLIENT_ID to install by OAuth"
    if door := next((each for each in ("slack.bot_token", "slack.client_id") if each in given), None):
        if not {"slack.app_token", "slack.signing_secret"} & set(given):
            yield door, "needs SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP"
        elif "slack.app_token" not in given and "web.port" not in given:
            yield "slack.signing_secret", "needs SIDELINES_WEB_PORT, the port that Slack's requests come in at"


def _incomplete_oauth(given: Collection[str]) -> Iterator[tuple[str, str]]:
    needs = {
        "slack.client_secret": "SLACK_CLIENT_SECRET, from the same page of the app's settings",
        "slack.encryption_key": "SIDELINES_SLACK_ENCRYPTION_KEY, which encrypts the tokens that are stored; "
        "`openssl rand -hex 32` makes one",
        "web.public_url": "SIDELINES_WEB_PUBLIC_URL, the address that browsers reach this program at",
    }
    if "slack.app_token" in given:  # otherwise requests need the port first of all, and that is said once
        needs["web.port"] = "SIDELINES_WEB_PORT, the port that browsers come in at to install it"
    for option, words in needs.items():
        if option not in given:
            yield "slack.client_id", f"needs {words}"
    if "slack.bot_token" in given:
        yield "slack.bot_token", "is for one workspace, SLACK_CLIENT_ID for many; set one of them"


def _keys(text: str) -> list[str]:
    return [key.strip() for key in text.split(",") if key.strip()]


# What a value must look like; a ValueError never holds the value -----------------------------------------------

_KINDS = {
    "xoxb-": "a bot token, which SLACK_BOT_TOKEN takes",
    "xapp-": "an app-level token, which SLACK_APP_TOKEN takes",
    "xoxp-": "a person's token, which Sidelines never needs",
    "xoxe.": "a token that expires, of an app with token rotation, which must be installed by OAuth",
    "xoxe-": "a refresh token, which Sidelines gets by itself",
}


def _token(beginning: str) -> Callable[[str], None]:
    def check(token: str) -> None:
        if token.startswith(beginning) and len(token.split()) == 1 and len(token) > len(beginning):
            return
        seen = _KINDS.get(token[: len(beginning)])
        raise ValueError(
            f"must be {_KINDS[beginning].partition(',')[0]}, one word beginning with {beginning}"
            + (f"; this is {seen}" if seen and not token.startswith(beginning) else "")
        )

    return check


def _one_word(text: str) -> None:
    if len(text.split()) != 1:
        raise ValueError("must be one word without blanks, as the app's settings show it")


def _key(text: str) -> None:
    if min(map(len, _keys(text)), default=0) < KEY_CHARACTERS:
        raise ValueError(
            f"must have {KEY_CHARACTERS} characters or more, or several such keys with commas between, newest first; "
            "`openssl rand -hex 32` makes one"
        )


CHECKS: Mapping[str, Callable[[str], None]] = {
    "slack.bot_token": _token("xoxb-"),
    "slack.app_token": _token("xapp-"),
    "slack.signing_secret": _one_word,
    "slack.client_id": _one_word,
    "slack.client_secret": _one_word,
    "slack.encryption_key": _key,
}
"""For each option that has more to it than its type, what raises ValueError saying what is wanted."""
