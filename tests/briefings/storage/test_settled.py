import msgspec
import pytest

from briefings.errors import NotFound
from briefings.storage import Storage
from briefings.types import Preferences, Quiet

DEFAULTS = Preferences(zone="Asia/Seoul", stories=4)


def test_a_topic_is_found_in_any_case_and_spacing(storage: Storage) -> None:
    storage.topics.add("ours", "East  Asia", "japan OR korea")
    found = storage.topics.get("ours", "east asia")
    assert found is not None
    assert found.query == "japan OR korea"


def test_adding_a_topic_again_changes_its_query(storage: Storage) -> None:
    storage.topics.add("ours", "Asia", "japan")
    storage.topics.add("ours", "ASIA", "korea")
    assert [(topic.name, topic.query) for topic in storage.topics.list("ours")] == [("ASIA", "korea")]


def test_topics_are_listed_by_name_and_seen_by_their_workspace_alone(storage: Storage) -> None:
    for name in ("Trade", "asia", "Ports"):
        storage.topics.add("ours", name, name)
    storage.topics.add("theirs", "Secret", "secret")
    assert [topic.name for topic in storage.topics.list("ours")] == ["asia", "Ports", "Trade"]
    assert storage.topics.get("ours", "Secret") is None


def test_a_topic_can_be_removed_once_and_only_by_its_workspace(storage: Storage) -> None:
    storage.topics.add("ours", "Asia", "japan")
    with pytest.raises(NotFound, match='no topic "asia"'):
        storage.topics.remove("theirs", "asia")
    storage.topics.remove("ours", "asia")
    assert storage.topics.list("ours") == []
    with pytest.raises(NotFound):
        storage.topics.remove("ours", "asia")


def test_a_channel_overrides_its_workspace_and_that_the_defaults(storage: Storage) -> None:
    storage.preferences.set("ours", "style", "full")
    storage.preferences.set("ours", "stories", 7)
    storage.preferences.set("ours", "stories", 2, channel="ours:#a")
    assert storage.preferences.merged("ours", "ours:#a", DEFAULTS) == Preferences(
        zone="Asia/Seoul", style="full", stories=2
    )
    assert storage.preferences.merged("ours", "ours:#b", DEFAULTS).stories == 7
    assert storage.preferences.merged("theirs", "ours:#a", DEFAULTS) == DEFAULTS


def test_preferences_keep_their_types(storage: Storage) -> None:
    for name, value in {
        "quiet": Quiet(1320, 420),
        "say_when_empty": True,
        "zone": "Europe/Oslo",
        "trusted": ("U1", "U2"),
    }.items():
        storage.preferences.set("ours", name, value)
    merged = storage.preferences.merged("ours", "ours:#a", DEFAULTS)
    assert (merged.quiet, merged.say_when_empty, merged.zone) == (Quiet(1320, 420), True, "Europe/Oslo")
    assert merged.trusted == ("U1", "U2")
    storage.preferences.set("ours", "quiet", None)
    assert storage.preferences.merged("ours", "ours:#a", Preferences(quiet=Quiet(0, 60))).quiet is None


@pytest.mark.parametrize(("name", "value"), [("stories", "many"), ("style", "loud"), ("say_when_empty", 3)])
def test_a_value_of_another_kind_is_refused(storage: Storage, name: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        storage.preferences.set("ours", name, value)
    assert storage.preferences.merged("ours", "ours:#a", DEFAULTS) == DEFAULTS


def test_preferences_of_many_channels_are_read_at_once(storage: Storage) -> None:
    storage.preferences.set("ours", "stories", 7)
    storage.preferences.set("ours", "stories", 2, channel="ours:#a")
    storage.preferences.set("theirs", "style", "full", channel="theirs:#a")
    settled = storage.preferences.of_workspaces({"ours", "nobody"})
    assert settled.channels == {"", "ours:#a"}
    for workspace, channel in (("ours", "ours:#a"), ("ours", "ours:#b"), ("nobody", "nobody:#a")):
        merged = storage.preferences.merged(workspace, channel, DEFAULTS)
        assert settled.merged(workspace, channel, DEFAULTS) == merged
