"""Which language a text is in: by its script where that decides, else by its words."""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SAMPLE = 4_000
"""Characters looked at; more changes nothing."""

ENOUGH = 40
"""Letters below which words decide nothing: shorter texts are told wrongly too often."""

SURE = 0.9
"""Probability below which the answer is None."""

_LETTER = re.compile(r"[^\W\d_]")

# Scripts that one language (nearly) has to itself. Kana comes before Han, which Japanese shares with Chinese.
_SCRIPTS = tuple(
    (language, re.compile(f"[{characters}]"), share)
    for language, characters, share in (
        ("ja", "\u3040-\u30ff", 0.1),
        ("ko", "\uac00-\ud7af\u1100-\u11ff", 0.3),
        ("zh", "\u3400-\u9fff\uf900-\ufaff", 0.5),
        ("th", "\u0e00-\u0e7f", 0.5),
        ("el", "\u0370-\u03ff\u1f00-\u1fff", 0.5),
        ("he", "\u0590-\u05ff", 0.5),
        ("ka", "\u10a0-\u10ff", 0.5),
        ("hy", "\u0530-\u058f", 0.5),
        ("ta", "\u0b80-\u0bff", 0.5),
        ("te", "\u0c00-\u0c7f", 0.5),
        ("bn", "\u0980-\u09ff", 0.5),
    )
)

# Among these the words decide, within the script they are written in.
_LATIN = "af ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms nl no pl pt ro sk sl sq sv sw tl tr vi"
_WRITTEN_IN = (
    (re.compile("[\u0400-\u04ff]"), "be bg mk ru sr uk"),
    (re.compile("[\u0600-\u06ff]"), "ar fa ur"),
    (re.compile("[\u0900-\u097f]"), "hi mr ne"),
    (re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"), _LATIN),
)


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language of a text; None when there is too little of it or it is not clear."""
    sample = text[:SAMPLE]
    letters = len(_LETTER.findall(sample))
    if not letters:
        return None
    for language, characters, share in _SCRIPTS:
        if len(characters.findall(sample)) >= share * letters:
            return language
    if letters < ENOUGH:
        return None
    for characters, languages in _WRITTEN_IN:
        if len(characters.findall(sample)) >= letters / 2:
            language, probability = _identifier(languages).classify(sample)
            return str(language) if probability >= SURE else None
    return None


@cache
def _identifier(languages: str) -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted(set(languages.split()) & set(identifier.labels)))
    return identifier
