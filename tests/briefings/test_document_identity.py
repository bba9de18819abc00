"""What makes two documents the same: fingerprints of their words and canonical forms of their addresses."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from briefings.documents import canonical_url, fingerprint
from briefings.types import Document, Section


def small(title: str, *sentences: str, heading: str | None = None) -> Document:
    return Document(title=title, sections=(Section(heading, (sentences,)),))


EELS = small("Eels are back", "The eels, all 9,000 of them, swam by.", "Où est le café?", heading="Night")


@pytest.mark.parametrize(
    "same",
    [
        small("EELS ARE BACK!", "The Eels (all 9000 of them) swam by", "Ou est le cafe", heading="night:"),
        small("Eels  are back", "The eels — all 9,000 of them —\nswam by.", "Où est le café?", heading="Night"),
        small("Ｅels are back", "The eels, all 9,000 of them, swam by.", "Ou\u0300 est le café?", heading="Night"),
        replace(EELS, url="https://river.example/", source="River Post", byline="A", language="en"),
    ],
)  # fmt: skip
def test_fingerprints_are_equal_under_case_punctuation_and_space(same: Document) -> None:
    assert fingerprint(same) == fingerprint(EELS)


@pytest.mark.parametrize(
    "other",
    [
        replace(EELS, title="Eels are gone"),
        small("Eels are back", "The eels, all 9,001 of them, swam by.", "Où est le café?", heading="Night"),
        small("Eels are back", "The eels, all 9,000 of them, swam by.", heading="Night"),
        small("Eels are back", "The eels, all 9,000 of them, swam by.", "Où est le café?", heading="Day"),
    ],
)  # fmt: skip
def test_fingerprints_of_other_words_differ(other: Document) -> None:
    assert fingerprint(other) != fingerprint(EELS)


def test_a_fingerprint_never_changes_since_it_is_stored() -> None:
    assert (
        fingerprint(small("Eels", "Back again.")) == "2071b2fa065bcafb228466662293fc8d11115184ec2c94ae6efc390f10670ec6"
    )


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://river.example/eels", "https://river.example/eels"),
        ("http://river.example/eels", "https://river.example/eels"),
        ("HTTPS://WWW.River.Example/eels", "https://river.example/eels"),
        ("https://www.river.example:443/eels/", "https://river.example/eels"),
        ("http://river.example:80/eels#top", "https://river.example/eels"),
        ("https://river.example:8443/eels", "https://river.example:8443/eels"),
        ("https://river.example", "https://river.example"),
        ("https://river.example/", "https://river.example"),
        ("https://river.example/eels?utm_source=x&utm_medium=y", "https://river.example/eels"),
        ("https://river.example/eels?fbclid=1&id=7&gclid=2", "https://river.example/eels?id=7"),
        ("https://river.example/eels?b=2&a=1", "https://river.example/eels?a=1&b=2"),
        ("https://river.example/eels?a=1&b=2&UTM_Campaign=z", "https://river.example/eels?a=1&b=2"),
        ("https://river.example/eels?q=", "https://river.example/eels?q="),
        ("https://river.example/%7Eeels", "https://river.example/~eels"),
        ("https://river.example/鰻", "https://river.example/%E9%B0%BB"),
        ("https://river.example/%e9%b0%bb", "https://river.example/%E9%B0%BB"),
        ("https://river.example/Eels", "https://river.example/Eels"),
        ("https://reader:word@river.example/eels", "https://river.example/eels"),
        ("https://www.com/eels", "https://www.com/eels"),
        ("http://[::1]:8080/eels", "https://[::1]:8080/eels"),
        (" https://river.example/eels\n", "https://river.example/eels"),
        ("mailto:eels@river.example", "mailto:eels@river.example"),
        ("river.example/eels", "river.example/eels"),
        ("https://river example/eels#top", "https://river example/eels#top"),
        ("https://river.example:99999/", "https://river.example:99999/"),
        ("http://[eels", "http://[eels"),
        ("", ""),
    ],
)
def test_addresses_of_one_page_have_one_canonical_form(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@given(st.text(max_size=60) | st.text("htps:/@[]?#&=%.aA1 鰻", max_size=60).map("http://a".__add__))
@example("http://@2==w #[")
def test_a_canonical_form_is_its_own_and_never_raises(url: str) -> None:
    assert canonical_url(canonical_url(url)) == canonical_url(url)
