import re
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.errors import StorageError
from briefings.types import Preferences, Quiet
from config.settings import DEFAULTS, Secret, Settings, SettingsError, own_file, quiet_hours


def faults_of(environ: dict[str, str], file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, file=file)
    return caught.value.faults


def written(folder: Path, text: str) -> Path:
    file = folder / "sidelines.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_file_and_types_have_the_same_options() -> None:
    settings = Settings.load({})
    documented = {
        (table, option)
        for table, options in tomllib.loads(DEFAULTS.read_text(encoding="utf-8")).items()
        for option in options
    }
    typed = {
        (table, option) for table in settings.__struct_fields__ for option in getattr(settings, table).__struct_fields__
    }
    assert documented == typed


def test_every_option_has_one_comment_line_above_it() -> None:
    lines = DEFAULTS.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\w+ = ", line):
            assert lines[number - 1].startswith("# "), line
            assert not lines[number - 2].startswith("#"), line


def test_defaults_pass_their_own_checks() -> None:
    assert Settings.load({}, file=DEFAULTS) == Settings.load({})


def test_preferences_of_a_channel_that_set_nothing_are_the_same_in_both_places() -> None:
    assert Settings.load({}).preferences == Preferences()


def test_own_file_wins_over_defaults_and_environment_over_both(tmp_path: Path) -> None:
    file = written(tmp_path, '[briefing]\nzone = "Asia/Seoul"\nstories = 7\n')
    settings = Settings.load({"SIDELINES_BRIEFING_STORIES": "9"}, file=file)
    assert settings.briefing.zone == "Asia/Seoul"
    assert settings.briefing.stories == 9
    assert settings.briefing.sentences == 3


def test_a_list_is_written_with_commas_in_the_environment(tmp_path: Path) -> None:
    file = written(tmp_path, '[reading]\nallow_hosts = ["wiki.lan", "10.1.2.3"]\n')
    assert Settings.load({}, file=file).reading.allow_hosts == ("wiki.lan", "10.1.2.3")
    environ = {"SIDELINES_READING_ALLOW_HOSTS": "wiki.lan, 10.1.2.3"}
    assert Settings.load(environ).reading.allow_hosts == ("wiki.lan", "10.1.2.3")
    assert (
        "a list of texts, not 'wiki.lan'" in faults_of({}, written(tmp_path, '[reading]\nallow_hosts = "wiki.lan"'))[0]
    )


def test_own_file_is_found_by_variable(tmp_path: Path) -> None:
    file = written(tmp_path, "[reading]\nlimit = 5\n")
    environ = {"SIDELINES_CONFIG": str(file)}
    assert own_file(environ) == file
    assert Settings.load(environ).reading.limit == 5


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert faults_of({"SIDELINES_CONFIG": str(missing)}) == (f"{missing}: cannot be read (no such file or directory)",)


def test_all_faults_are_reported_at_once_each_with_its_place(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'stray = 1\n[briefing]\nzone = "Asia/Soul"\nstoreis = 3\nstories = "many"\nquiet = "late"\n'
        '[breifing]\nwhen = "x"\n',
    )
    faults = faults_of(
        {
            "SIDELINES_LOG_LEVEL": "loud",
            "SIDELINES_DELIVERY_ATTEMPTS": "0",
            "SIDELINES_BRIEFING_WHEN": "every blue moon",
            "SIDELINES_BREIFING_ZONE": "UTC",
            "DATABASE_URL": "nowhere",
        },
        file,
    )
    expected = {
        f"{file}: stray": "outside a table",
        f"{file}: briefing.zone": "Asia/Seoul",
        f"{file}: briefing.storeis": "did you mean briefing.stories?",
        f"{file}: briefing.stories": "a whole number from 1 to 25, not 'many'",
        f"{file}: briefing.quiet": '"22:00-07:00"',
        f"{file}: breifing.when": "did you mean briefing.when?",
        "SIDELINES_LOG_LEVEL": "one of debug, error, info, warning, not 'loud'",
        "SIDELINES_DELIVERY_ATTEMPTS": "from 1 to 100, not '0'",
        "SIDELINES_BRIEFING_WHEN": "blue",
        "SIDELINES_BREIFING_ZONE": "did you mean SIDELINES_BRIEFING_ZONE?",
        "DATABASE_URL": "database address",
    }
    assert len(faults) == len(expected)
    for place, words in expected.items():
        assert any(fault.startswith(place) and words in fault for fault in faults), (place, faults)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    broken = written(tmp_path, "[briefing\n")
    assert str(broken) in faults_of({}, broken)[0]
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert str(binary) in faults_of({}, binary)[0]


@pytest.mark.parametrize(
    "variable", ["SIDELINES_PORT", "SIDELINES_SERVICE_HOST", "SIDELINES_PORT_80_TCP", "SIDELINES_BRIEFING_ZONE"]
)
def test_variables_of_a_cluster_and_empty_ones_are_left_alone(variable: str) -> None:
    value = "" if variable == "SIDELINES_BRIEFING_ZONE" else "tcp://10.0.0.1:80"
    assert Settings.load({variable: value}) == Settings.load({})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ana:hunter2@db/news", "postgresql://ana:***@db/news"),
        ("postgresql://ana:hunt@er2@db/news", "postgresql://ana:***@db/news"),
        ("postgresql://db/news?user=ana&password=hunter2&x=1", "postgresql://db/news?user=ana&password=***&x=1"),
        ("postgres://ana:hunt/er2@db/news?sslpassword=er2", "postgres://ana:***@db/news?sslpassword=***"),
        ("sqlite:////srv/news.db", "sqlite:////srv/news.db"),
    ],
)
def test_a_password_in_the_database_address_is_never_shown(address: str, shown: str) -> None:
    settings = Settings.load({"DATABASE_URL": address})
    assert settings.data.database_url.reveal() == address
    assert str(settings.data.database_url) == shown
    assert "er2" not in repr(settings)


@given(st.text(min_size=1))
def test_a_secret_does_not_show_itself(text: str) -> None:
    secret = Secret(text)
    assert secret.reveal() == text
    assert str(secret) == f"{secret}" == "***"
    assert repr(secret) == "Secret('***')"


def test_database_lies_in_the_data_folder_unless_set(tmp_path: Path) -> None:
    settings = Settings.load({"SIDELINES_DATA_DIR": str(tmp_path)})
    assert settings.data.database_url.reveal() == f"sqlite:///{tmp_path}/sidelines.db"


def test_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = Settings.load({"SIDELINES_DATA_DIR": str(tmp_path / "deep" / "data")}).data_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_data_folder_that_cannot_be_used_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageError, match="SIDELINES_DATA_DIR") as caught:
            Settings.load({"SIDELINES_DATA_DIR": str(place)}).data_folder()
        assert str(place) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "quiet"),
    [("", None), ("22:00-07:00", Quiet(1320, 420)), (" 0:30 - 6:15 ", Quiet(30, 375))],
)
def test_quiet_hours(text: str, quiet: Quiet | None) -> None:
    assert quiet_hours(text) == quiet


@given(st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_are_any_two_different_times(start: int, end: int) -> None:
    text = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    if start == end:
        with pytest.raises(ValueError, match="different times"):
            quiet_hours(text)
    else:
        assert quiet_hours(text) == Quiet(start, end)


@pytest.mark.parametrize("text", ["22:00", "22-7", "24:00-07:00", "22:60-07:00", "late", "22:00-07:00 and so on"])
def test_quiet_hours_that_are_not_understood_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        quiet_hours(text)
