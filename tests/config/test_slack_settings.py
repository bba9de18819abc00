"""Which settings of Slack are taken, which are refused and in what words; and that no secret is ever shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings, SettingsError

BOT = {"SLACK_BOT_TOKEN": "xoxb-1-bottoken"}
APP = {"SLACK_APP_TOKEN": "xapp-1-apptoken"}
SIGNED = {"SLACK_SIGNING_SECRET": "5ee1f7signing", "SIDELINES_WEB_PORT": "3000"}
OAUTH = {
    "SLACK_CLIENT_ID": "11.22",
    "SLACK_CLIENT_SECRET": "c11e47",
    "SIDELINES_SLACK_ENCRYPTION_KEY": "0123456789abcdef0123456789abcdef",
    "SIDELINES_WEB_PUBLIC_URL": "https://news.example.org/",
    "SIDELINES_WEB_PORT": "3000",
}


def faults_of(environ: dict[str, str], file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, file=file)
    return caught.value.faults


def without(environ: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in names}


def test_without_settings_there_is_no_slack_and_no_web_server() -> None:
    settings = Settings.load({})
    assert not settings.slack.in_use
    assert settings.slack.encryption_keys == ()
    assert settings.slack.api_url == "https://slack.com/api/"
    assert settings.web.port == 0
    assert settings.data.keep_after_leaving == 30


@pytest.mark.parametrize("way", [BOT | APP, BOT | SIGNED, BOT | APP | SIGNED, OAUTH | APP, OAUTH | SIGNED])
def test_each_complete_way_in_is_taken(way: dict[str, str]) -> None:
    assert Settings.load(way).slack.in_use


def test_what_is_set_arrives() -> None:
    settings = Settings.load(OAUTH | SIGNED | {"SLACK_API_URL": "http://127.0.0.1:9/api/"})
    assert settings.slack.client_id == "11.22"
    assert settings.slack.client_secret.reveal() == "c11e47"
    assert settings.slack.signing_secret.reveal() == "5ee1f7signing"
    assert settings.slack.api_url == "http://127.0.0.1:9/api/"
    assert settings.web.public_url == "https://news.example.org"
    assert settings.web.port == 3000


def test_blanks_around_a_token_are_those_of_the_file_it_came_from() -> None:
    assert Settings.load(APP | {"SLACK_BOT_TOKEN": " xoxb-1-x\n"}).slack.bot_token.reveal() == "xoxb-1-x"


def test_slack_is_set_in_the_file_as_well_as_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "sidelines.toml"
    file.write_text('[slack]\napp_token = "xapp-1-file"\nbot_token = "xoxb-1-file"\n', encoding="utf-8")
    slack = Settings.load(BOT, file=file).slack
    assert slack.app_token.reveal() == "xapp-1-file"
    assert slack.bot_token.reveal() == "xoxb-1-bottoken"


def test_several_keys_are_read_newest_first() -> None:
    new, old = "n" * 32, "a sentence that nobody guesses is a key too"
    for between in (",", ", ", " ,\n"):
        environ = OAUTH | SIGNED | {"SIDELINES_SLACK_ENCRYPTION_KEY": new + between + old}
        assert Settings.load(environ).slack.encryption_keys == (new, old)


@pytest.mark.parametrize(
    ("environ", "place", "words"),
    [
        (APP, "SLACK_APP_TOKEN", ["SLACK_BOT_TOKEN", "SLACK_CLIENT_ID"]),
        (SIGNED, "SLACK_SIGNING_SECRET", ["SLACK_BOT_TOKEN", "SLACK_CLIENT_ID"]),
        (BOT, "SLACK_BOT_TOKEN", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"]),
        (BOT | {"SLACK_SIGNING_SECRET": "x"}, "SLACK_SIGNING_SECRET", ["SIDELINES_WEB_PORT"]),
        (BOT | SIGNED | {"SIDELINES_WEB_PORT": "0"}, "SLACK_SIGNING_SECRET", ["SIDELINES_WEB_PORT"]),
        (OAUTH, "SLACK_CLIENT_ID", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"]),
        (without(OAUTH | SIGNED, "SLACK_CLIENT_SECRET"), "SLACK_CLIENT_ID", ["SLACK_CLIENT_SECRET"]),
        ({"SLACK_CLIENT_SECRET": "x"}, "SLACK_CLIENT_SECRET", ["SLACK_CLIENT_ID"]),
        (
            without(OAUTH | SIGNED, "SIDELINES_SLACK_ENCRYPTION_KEY"),
            "SLACK_CLIENT_ID",
            ["SIDELINES_SLACK_ENCRYPTION_KEY", "`openssl rand -hex 32`"],
        ),
        (without(OAUTH | SIGNED, "SIDELINES_WEB_PUBLIC_URL"), "SLACK_CLIENT_ID", ["SIDELINES_WEB_PUBLIC_URL"]),
        (without(OAUTH | APP, "SIDELINES_WEB_PORT"), "SLACK_CLIENT_ID", ["SIDELINES_WEB_PORT"]),
        (without(OAUTH | SIGNED, "SIDELINES_WEB_PORT"), "SLACK_SIGNING_SECRET", ["SIDELINES_WEB_PORT"]),
        (OAUTH | SIGNED | BOT, "SLACK_BOT_TOKEN", ["SLACK_CLIENT_ID", "one of them"]),
        (APP | {"SLACK_BOT_TOKEN": "xapp-1-apptoken"}, "SLACK_BOT_TOKEN", ["xoxb-", "SLACK_APP_TOKEN"]),
        (BOT | {"SLACK_APP_TOKEN": "xoxb-1-bottoken"}, "SLACK_APP_TOKEN", ["xapp-", "SLACK_BOT_TOKEN"]),
        (APP | {"SLACK_BOT_TOKEN": "xoxp-1-x"}, "SLACK_BOT_TOKEN", ["xoxb-", "a person's token"]),
        (APP | {"SLACK_BOT_TOKEN": "xoxe.xoxb-1-x"}, "SLACK_BOT_TOKEN", ["xoxb-", "token rotation", "OAuth"]),
        (APP | {"SLACK_BOT_TOKEN": "hunter2"}, "SLACK_BOT_TOKEN", ["xoxb-"]),
        (APP | {"SLACK_BOT_TOKEN": "xoxb-"}, "SLACK_BOT_TOKEN", ["xoxb-"]),
        (APP | {"SLACK_BOT_TOKEN": "xoxb-1 2"}, "SLACK_BOT_TOKEN", ["one word"]),
        (BOT | SIGNED | {"SLACK_SIGNING_SECRET": "a b"}, "SLACK_SIGNING_SECRET", ["one word"]),
        (
            OAUTH | SIGNED | {"SIDELINES_SLACK_ENCRYPTION_KEY": "short"},
            "SIDELINES_SLACK_ENCRYPTION_KEY",
            ["32 characters", "`openssl rand -hex 32`"],
        ),
        (OAUTH | SIGNED | {"SIDELINES_SLACK_ENCRYPTION_KEY": ","}, "SIDELINES_SLACK_ENCRYPTION_KEY", ["32 characters"]),
        (
            OAUTH | SIGNED | {"SIDELINES_SLACK_ENCRYPTION_KEY": "n" * 32 + ",short"},
            "SIDELINES_SLACK_ENCRYPTION_KEY",
            ["32 characters"],
        ),
        (BOT | APP | {"SLACK_API_URL": "slack.com"}, "SLACK_API_URL", ["web address"]),
        (OAUTH | SIGNED | {"SIDELINES_WEB_PUBLIC_URL": "news.example.org"}, "SIDELINES_WEB_PUBLIC_URL", ["https://"]),
        (BOT | SIGNED | {"SIDELINES_WEB_PORT": "70000"}, "SIDELINES_WEB_PORT", ["from 0 to 65535"]),
    ],
)
def test_what_is_missing_or_wrong_is_one_fault_at_its_place(
    environ: dict[str, str], place: str, words: list[str]
) -> None:
    (fault,) = faults_of(environ)
    assert fault.startswith(f"{place}: ")
    assert [word for word in words if word not in fault] == []


def test_all_that_oauth_lacks_is_said_at_once() -> None:
    faults = faults_of({"SLACK_CLIENT_ID": "11.22"})
    for missing in (
        "SLACK_CLIENT_SECRET",
        "SIDELINES_SLACK_ENCRYPTION_KEY",
        "SIDELINES_WEB_PUBLIC_URL",
        "SLACK_SIGNING_SECRET",
    ):
        assert len([fault for fault in faults if missing in fault]) == 1


def test_a_token_that_is_no_text_is_refused_without_being_shown(tmp_path: Path) -> None:
    file = tmp_path / "sidelines.toml"
    file.write_text("[slack]\nbot_token = 8675309\n", encoding="utf-8")
    faults = faults_of(APP, file)
    assert faults == (f"{file}: slack.bot_token: must be text",)


SECRETS = [
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_CLIENT_SECRET",
    "SIDELINES_SLACK_ENCRYPTION_KEY",
]


@given(st.sampled_from(SECRETS), st.sampled_from(["", "xoxb-", "xapp-", "xoxe.xoxb-", "two words "]))
def test_no_fault_and_no_settings_show_a_secret(variable: str, beginning: str) -> None:
    private = "Zq7" * 12
    environ = {variable: beginning + private}
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ | {"SIDELINES_LOG_LEVEL": "loud"})
    assert private not in str(caught.value)
    assert caught.value.__cause__ is None


def test_secrets_of_settings_that_are_used_are_masked() -> None:
    settings = Settings.load(OAUTH | SIGNED | APP)
    shown = f"{settings} {settings!r} {settings.slack} {settings.slack.bot_token}"
    for secret in ("c11e47", "5ee1f7signing", "xapp-1-apptoken", "0123456789abcdef"):
        assert secret not in shown
