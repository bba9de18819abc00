"""Which settings of Discord are taken, which are refused and in what words; and that no secret is ever shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings, SettingsError

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.z-Y_x0"  # noqa: S105 - nobody's


def faults_of(environ: dict[str, str], file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, file=file)
    return caught.value.faults


def test_without_settings_there_is_no_discord() -> None:
    discord = Settings.load({}).discord
    assert not discord.in_use
    assert discord.api_url == ""
    assert not discord.proxy
    assert discord.messages_per_second == 48


@pytest.mark.parametrize("beginning", ["DISCORD_", "SIDELINES_DISCORD_"])
def test_what_is_set_arrives_by_either_name(beginning: str) -> None:
    given = {"TOKEN": f" {TOKEN}\n", "API_URL": "http://127.0.0.1:9/api/v10", "PROXY": "http://me:pw@proxy.lan:3128"}
    discord = Settings.load({beginning + name: value for name, value in given.items()}).discord
    assert discord.in_use
    assert discord.token.reveal() == TOKEN
    assert discord.api_url == given["API_URL"]
    assert discord.proxy.reveal() == given["PROXY"]


def test_a_token_alone_is_enough_and_leaves_slack_out() -> None:
    settings = Settings.load({"DISCORD_TOKEN": TOKEN})
    assert settings.discord.in_use
    assert not settings.slack.in_use


def test_discord_is_set_in_the_file_as_well_as_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "sidelines.toml"
    file.write_text(f'[discord]\ntoken = "{TOKEN}"\nproxy = "http://a.lan:1"\n', encoding="utf-8")
    discord = Settings.load({"DISCORD_PROXY": "http://b.lan:2"}, file=file).discord
    assert discord.token.reveal() == TOKEN
    assert discord.proxy.reveal() == "http://b.lan:2"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("DISCORD_TOKEN", "hunter2", ["three parts", "Developer Portal"]),
        ("DISCORD_TOKEN", "a.b", ["three parts"]),
        ("DISCORD_TOKEN", "a.b.c d", ["three parts"]),
        ("DISCORD_TOKEN", f"Bot {TOKEN}", ["the word Bot"]),
        ("DISCORD_TOKEN", "mfa.abc.def", ["a person's token"]),
        ("DISCORD_TOKEN", "123456789012345678", ["an application id"]),
        ("DISCORD_TOKEN", "0f" * 32, ["public key"]),
        ("DISCORD_TOKEN", "aB3-_" * 6 + "xy", ["client secret"]),
        ("DISCORD_API_URL", "discord.com", ["web address"]),
        ("DISCORD_API_URL", "ws://127.0.0.1:9/api/v10", ["web address"]),
        ("DISCORD_PROXY", "proxy.lan:3128", ["http://proxy.example.org:3128"]),
        ("DISCORD_PROXY", "socks5://proxy.lan:1080", ["http://proxy.example.org:3128"]),
        ("SIDELINES_DISCORD_MESSAGES_PER_SECOND", "0", ["from 0.01 to 1000"]),
        ("SIDELINES_DISCORD_TOKENS", TOKEN, ["SIDELINES_DISCORD_TOKEN"]),
    ],
)
def test_what_is_wrong_is_one_fault_at_its_place(variable: str, value: str, words: list[str]) -> None:
    (fault,) = faults_of({variable: value})
    assert fault.startswith(f"{variable}: ")
    assert [word for word in words if word not in fault] == []


@given(
    st.sampled_from(["DISCORD_TOKEN", "DISCORD_PROXY"]), st.sampled_from(["", "Bot ", "mfa.", "a.b.", "socks5://me:"])
)
def test_no_fault_shows_a_secret(variable: str, beginning: str) -> None:
    private = "Zq7" * 12
    with pytest.raises(SettingsError) as caught:
        Settings.load({variable: f"{beginning}{private} x", "SIDELINES_LOG_LEVEL": "loud"})
    assert private not in str(caught.value)
    assert caught.value.__cause__ is None


def test_secrets_of_settings_that_are_used_are_masked() -> None:
    settings = Settings.load({"DISCORD_TOKEN": TOKEN, "DISCORD_PROXY": "http://me:s3cret@proxy.lan:3128"})
    shown = f"{settings} {settings!r} {settings.discord} {settings.discord.token}"
    for secret in (TOKEN, *TOKEN.split("."), "s3cret"):
        assert secret not in shown
