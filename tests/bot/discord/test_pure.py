"""Texts and buttons of any kind are taken apart and put together without a loss."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from bot.connectors import Draft
from bot.connectors.discord.commands import first_link
from bot.connectors.discord.forms import FORM, filled, modal
from bot.connectors.discord.incoming import words
from bot.connectors.discord.panel import PANEL
from bot.connectors.discord.parts import BUTTON, HERE, LONGEST_ID, Origin, anchored
from bot.connectors.discord.posting import shortened
from bot.render import embeds
from bot.render.limits import units
from briefings.types import Action, Notice
from tests.servers.discord import message_faults, modal_faults

IDS = st.integers(10**16, 2**63 - 1)
COMMANDS = st.sampled_from(["more 7 8", "post story 12/3", "subscribe", "reschedule 5", "brief 1"])
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(st.lists(COMMANDS, min_size=1, max_size=25), IDS, st.none() | IDS)
def test_a_button_says_where_it_belongs_and_types_the_same(commands, guild, channel):
    notice = Notice("x", actions=tuple(Action(f"b{number}", each) for number, each in enumerate(commands)))
    for message in embeds.messages(notice):
        payload = anchored(message.payload, Origin(guild, channel))
        assert message_faults(payload) == []
        for before, after in zip(_buttons(message.payload), _buttons(payload), strict=True):
            match, old = BUTTON.fullmatch(after["custom_id"]), BUTTON.fullmatch(before["custom_id"])
            assert (Origin.of(match), match["command"]) == (Origin(guild, channel), old["command"])
        assert anchored(payload, Origin(1)) == payload


@given(ANY)
def test_a_button_that_would_become_too_long_stays_as_it_is(text):
    id = f"sidelines:0:{text}"[:LONGEST_ID]
    payload = {"components": [{"type": 1, "components": [{"type": 2, "custom_id": id}]}]}
    (button,) = _buttons(anchored(payload, Origin(2**63 - 1, 2**63 - 1)))
    assert len(button["custom_id"]) <= max(LONGEST_ID, len(id))


def _buttons(payload):
    return [part for row in payload.get("components", []) for part in row["components"]]


@given(ANY, st.integers(1, 10**6) | st.none(), st.booleans(), st.none() | IDS)
def test_a_form_gives_back_what_it_shows(text, subscription, channels, guild):
    channel = "discord:5:#123456789012345678"
    draft = Draft(subscription=subscription, topic=text, when=text, zone=text[:30], channel=channel, style="full")
    shown = modal(draft, Origin(guild) if guild else HERE, channels=channels)
    assert modal_faults(shown) == []
    for part in shown["components"][:3]:
        field = part["component"]
        assert units(field.get("value", "")) <= field["max_length"]
    match = FORM.fullmatch(shown["custom_id"])
    assert (int(match["subscription"]), Origin.of(match).guild) == (subscription or 0, guild)
    found = filled({"components": shown["components"]}, draft, "discord:5")
    assert (found.topic, found.when, found.zone) == (text, cut(text, 200), text[:30])
    assert (found.subscription, found.channel, found.style) == (subscription, draft.channel, "full")


def cut(text, longest):
    """The beginning of a text, in UTF-16 units, no character cut in two."""
    while units(text) > longest:
        text = text[:-1]
    return text


@given(ANY)
def test_plain_words_stay_as_they_are(text):
    plain = text.replace("<", "")
    assert words(plain, 5) == plain.strip()
    assert words(f"<@5> {plain}", 5) == plain.strip()


@given(ANY)
def test_names_fit_and_are_never_empty(text):
    assert 1 <= len(shortened(text).encode("utf-16-le")) // 2 <= 100


@given(ANY)
def test_a_link_is_found_in_any_text(text):
    message = SimpleNamespace(content=f"{text} https://example.org/a_(b)?c=d, and more", embeds=[])
    found = first_link(message)
    assert found is not None
    assert found.startswith("http")


def test_no_identifier_is_taken_for_another():
    assert not BUTTON.fullmatch("sidelines:form:5")
    assert not BUTTON.fullmatch("sidelines:set:style:")
    assert not FORM.fullmatch("sidelines:0:subscribe")
    assert not PANEL.fullmatch("sidelines:0:settings")
