"""Keywords: equal spellings give equal tokens, whatever the script; questions lose what is not looked for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefings.errors import SidelinesError
from briefings.keywords import LANGUAGES, Keywords, acronyms, load_aliases

SHIPPED = Path(__file__).parents[2] / "config" / "aliases.toml"
keywords = Keywords(load_aliases(SHIPPED))
anything = st.text() | st.text("aAuUsS.'’-,17 \n(é́ßİ日本アกि한국)", max_size=40)


@pytest.mark.parametrize(
    "spellings",
    [
        ("G7", "G-7", "g7", "Group of Seven", "group of 7", "the Group of Seven's"),
        ("US", "U.S.", "U.S", "USA", "U.S.A.", "United States", "the United States of America", "U.S.’s", "u.s."),
        ("UK", "U.K.", "United Kingdom", "uk"),
        ("UN", "U.N.", "United Nations"),
        ("WHO", "W.H.O.", "World Health Organization", "World Health Organisation"),
        ("NATO", "Nato", "North Atlantic Treaty Organization"),
        ("South Korea", "Republic of Korea", "ROK", "S. Korea"),
        ("North Korea", "DPRK", "Democratic People’s Republic of Korea"),
        ("COVID-19", "Covid-19", "covid19", "Covid"),
        ("F-16", "F16", "F-16s", "F16s", "f-16"),
        ("election", "Elections", "ELECTION", "election's", "elections’"),
        ("talk", "talks", "talked", "talking"),
        ("café", "cafe", "CAFÉ", "cafe\u0301", "cafés"),
        ("Ærø", "aero"),
        ("30,000", "30000", "30,000"),
        ("60%", "60"),
        ("O’Neill", "O'Neill", "ONeill"),
        ("サミット", "サミット"),
        ("２０２３", "2023"),
        ("Αθήνα", "ΑΘΗΝΑ"),
        ("Ёлка", "елка"),
    ],
    ids=lambda spellings: spellings[0],
)
def test_spellings_of_one_thing_are_one_in_questions_and_are_found_in_each_others_text(spellings):
    first = keywords.of_question(spellings[0])
    for spelling in spellings:
        assert keywords.of_question(spelling) == first
        assert set(first) <= set(keywords.of(f"it was {spelling} again"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tell us", "U.S."),
        ("Who said so?", "WHO"),
        ("mid-2023", "mid2023"),
        ("2.5", "25"),
        ("South Korea", "North Korea"),
        ("Japan", "Japanese"),
    ],
)
def test_different_things_stay_different(one, other):
    assert not set(keywords.of(one)) & set(keywords.of_question(other))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Japan-South ties", ("japan", "south", "tie")),
        ("non-G-7 states", ("non", "g7", "state")),
        ("1910-45", ("1910", "45")),
        ("2023-05-07", ("2023", "05", "07")),
        ("12:30", ("12", "30")),
        ("$1,234,567.89", ("1234567.89",)),
        ("3,5", ("3", "5")),
        ("l’Iran", ("l", "iran")),
        ("J.K. Rowling", ("jk", "rowl")),
        ("snake_case", ("snake", "case")),
        ("日本の首相", ("日本", "本の", "の首", "首相")),
        ("米", ("米",)),
        ("한국은", ("한", "한국", "국", "국은", "은")),
        ("ไทย", ("ไท", "ทย")),
        ("हिन्दी भाषा", ("हिन्द", "भाष")),
        ("G7サミット2023年", ("g7", "サミ", "ミッ", "ット", "2023", "年")),
        ("?! … — “”", ()),
        ("", ()),
    ],
)
def test_text_is_cut_into_words(text, tokens):
    assert Keywords().of(text) == tokens


def test_text_keeps_the_words_of_a_long_name_beside_its_one_token():
    assert keywords.of("South Korea agreed") == ("south", "korea", "southkorea", "agre")
    assert keywords.plain("South Korea agreed") == ("south", "korea", "agre")
    assert keywords.merged("South Korea agreed") == ("southkorea", "agre")
    assert "southkorea" not in keywords.of("Democratic People's Republic of Korea")


@pytest.mark.parametrize(
    ("question", "tokens"),
    [
        ("what about the G7 sidelines talks?", ("g7", "sidelin", "talk")),
        ("What do we know of the talks?", ("talk",)),
        ("Tell me more about Yoon's approval rating", ("yoon", "approv", "rate")),
        ("any news on radar sharing?", ("radar", "share")),
        ("Hi! What's the latest on landmines, please?", ("landmin",)),
        ("ukraine war latest", ("ukrain", "war")),
        ("how long can it last", ("long", "last")),
        ("2018 court ruling", ("2018", "court", "rule")),
        ("price of bitcoin", ("price", "bitcoin")),
        ("talks talked about in talks", ("talk",)),
        ("what is it?", ("what", "is", "it")),
        ("What about?", ("what", "about")),
        ("???", ()),
        ("us tariffs", ("unitedstates", "tariff")),
        ("tell us about tariffs", ("tariff",)),
        ("tell us about us tariffs", ("unitedstates", "tariff")),
        ("Did they give us tariffs", ("give", "tariff")),
        ("US tariffs", ("unitedstates", "tariff")),
        ("TELL US MORE ABOUT THE G7", ("g7",)),
        ("who leads the WHO", ("lead", "worldhealthorganization")),
        ("what happened in 2018?", ("2018",)),
        ("What will happen to the talks?", ("talk",)),
        ("Where did the talks take place?", ("talk",)),
        ("which place did the talks take", ("place", "talk", "take")),
        ("what happened?", ("happen",)),
        ("what happened in May?", ("May",)),
        ("who was elected in may", ("elect", "May")),
        ("may 12 storm", ("May", "12", "storm")),
        ("Who may be elected?", ("elect",)),
        ("May I ask who was elected?", ("ask", "elect")),
    ],
)
def test_a_question_gives_what_to_look_for(question, tokens):
    assert keywords.of_question(question) == tokens


def test_the_words_looked_for_are_shown_as_typed():
    question = "What did the Group of Seven say on Yoon's talks?"
    assert keywords.question_words(question) == (
        ("Group of Seven", "g7"),
        ("say", "say"),
        ("Yoon's", "yoon"),
        ("talks", "talk"),
    )


def test_stop_words_are_known_by_their_tokens():
    assert all(keywords.is_stop(token) for token in keywords.of("what does the very same isn't of us"))
    assert not keywords.is_stop("unitedstates")
    assert not keywords.is_stop("g7")


# Acronyms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("leaders of the Group of Seven (G7) met", {"G7": "Group of Seven"}),
        ("the Group of Seven, or G-7, met", {"G-7": "Group of Seven"}),
        ("the International Atomic Energy Agency (“IAEA”)", {"IAEA": "International Atomic Energy Agency"}),
        ("IAEA (International Atomic Energy Agency)", {"IAEA": "International Atomic Energy Agency"}),
        ("the Department of Justice (DOJ; Washington)", {"DOJ": "Department of Justice"}),
        ("the Bank for Small Trade (BST)", {"BST": "Bank for Small Trade"}),
        ("exchange-traded funds (ETFs)", {"ETF": "exchange-traded funds"}),
        ("a man from Leeds (CNN)", {}),
        ("he sat in Seoul (IS)", {}),
        ("(G7) (", {}),
        ("", {}),
    ],
)
def test_definitions_are_found_when_the_initials_agree(text, pairs):
    assert acronyms(text) == pairs


def test_an_article_that_defines_an_acronym_is_found_by_either_spelling():
    text = "The Coastal Fisheries Council (CFC) met. The CFC agreed."
    local = keywords.with_acronyms(acronyms(text))
    assert {"cfc", "coastal", "fisheri", "council"} <= set(local.of("The CFC agreed."))
    assert "cfc" in local.of("the Coastal Fisheries Council")
    assert "coastal" not in keywords.of("The CFC agreed.")
    assert local.of("The dog slept.") == keywords.of("The dog slept.")


@pytest.mark.parametrize("pairs", [{}, {"": ""}, {"XY": ""}, {"WHO": "whole hog"}, {"a b": "c d"}, {"of": "one fox"}])
def test_useless_definitions_change_nothing_else(pairs):
    assert set(keywords.of("a plain text of X Y")) <= set(keywords.with_acronyms(pairs).of("a plain text of X Y"))


# Aliases ----------------------------------------------------------------------------------------------------


def test_the_shipped_aliases_each_reach_their_own_token():
    for name, spellings in load_aliases(SHIPPED).items():
        token = keywords.of_question(name)
        assert len(token) == 1
        assert all(keywords.of_question(spelling) == token for spelling in spellings), name


def test_aliases_in_other_scripts():
    local = Keywords({"Japan": ["日本"], "South Korea": ["한국"]})
    assert local.of_question("日本") == local.of_question("japan")
    assert local.of_question("한국") == local.of_question("South Korea")
    assert "southkorea" in local.of("한국은")


@pytest.mark.parametrize("aliases", [{"A1": ["x"], "B1": ["X"]}, {"?": ["x"]}, {"A1": ["…"]}])
def test_contradictory_and_empty_aliases_are_refused(aliases):
    with pytest.raises(SidelinesError):
        Keywords(aliases)


@pytest.mark.parametrize("text", ["[aliases", "aliases = 3", '[aliases]\nG7 = "G-7"', "[aliases]\nG7 = [7]", b"\xff"])
def test_a_broken_alias_file_is_named(tmp_path, text):
    path = tmp_path / "aliases.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SidelinesError, match=r"aliases\.toml"):
        load_aliases(path)
    with pytest.raises(SidelinesError, match=r"none\.toml"):
        load_aliases(tmp_path / "none.toml")


def test_the_version_follows_the_aliases():
    assert Keywords({"G7": ["x"]}).version != Keywords({"G7": ["y"]}).version
    assert Keywords({"A1": ["x"], "B1": []}).version == Keywords({"B1": (), "A1": ("x",)}).version


# For any text -----------------------------------------------------------------------------------------------


@given(anything)
def test_tokens_are_never_empty_and_hold_no_white_space(text):
    for tokens in (keywords.of(text), keywords.plain(text), keywords.merged(text), keywords.of_question(text)):
        assert all(token.split() == [token] for token in tokens)


@given(anything)
def test_what_is_typed_stands_in_the_text_where_it_is_located(text):
    assert [token for _, token in keywords.typed(text)] == [token for _, _, token in keywords.located(text)]
    assert all(typed.strip() == typed and typed for typed, _ in keywords.typed(text))
    assert len(set(keywords.of_question(text))) == len(keywords.of_question(text))


@given(st.text(st.characters(max_codepoint=127)))
def test_case_does_not_matter_but_to_names_in_capitals(text):
    assert Keywords().of(text.upper()) == Keywords().of(text.lower())


@given(st.text("日本首相アイดภาษ한국은 0123456789", max_size=30))
def test_pairs_and_numbers_are_their_own_keywords(text):
    once = set(Keywords().of(text))
    assert once <= set(Keywords().of(" ".join(sorted(once))))


@given(anything)
def test_definitions_found_in_any_text_can_be_used(text):
    for written in (text, f"Group of Seven (G7) {text}", f"{text} (AB) AB ({text})"):
        local = keywords.with_acronyms(acronyms(written))
        assert set(keywords.of(written)) <= set(local.of(written))


def test_a_million_characters_without_a_space_are_read():
    assert len(keywords.of("日" * 1_000_000)) == 999_999
    assert keywords.of("a" * 1_000_000) == ("a" * 64,)
    assert len(keywords.of("United " * 100_000)) == 100_000


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Die Häuser der Bundesländer", "das Haus im Bundesland"),
        ("it", "l’elezione nelle città", "elezioni della città"),
        ("fr", "l’État et les élections nationales", "aux États, l’élection nationale"),
        ("tr", "Türkiye'nin limanları", "Türkiye limanlar"),
        ("ro", "alegerile din România", "alegerilor în România"),
        ("es", "Las elecciones en Túnez", "la elección de Túnez"),
        (None, "выборы президента", "о выборах президентов"),
        (None, "των εκλογών στην Αθήνα", "εκλογές της Αθήνας"),
        (None, "चुनावों में सरकार", "चुनाव की सरकारें"),
        (None, "الحكومة في القاهرة", "حكومة القاهرة"),
    ],
)
def test_forms_of_a_word_are_one_token_in_its_language(language, one, other):
    local = keywords.in_language(language)
    first, second = ({token for token in local.of(text) if not local.is_stop(token)} for text in (one, other))
    assert first == second


def test_accents_count_in_vietnamese_alone():
    assert keywords.in_language("vi").of("má mà") == ("má", "mà")
    assert keywords.in_language("es").of("más mas") == ("mas", "mas")


def test_a_language_without_a_stemmer_is_read_as_english():
    assert keywords.in_language("xx") is keywords.in_language("en-GB") is keywords.in_language(None) is keywords
    assert keywords.in_language("de").in_language("en").of("elections") == keywords.of("elections")


def test_what_only_asks_is_not_looked_for_in_any_script():
    assert keywords.of_question("東京の人口は何人ですか") == keywords.of_question("東京の人口は")
    assert keywords.in_language("de").of_question("Wie viele Menschen wohnen in Köln?") == ("mensch", "wohn", "koln")
    assert keywords.of_question("Когда начались переговоры?") == keywords.of("начались переговоры")
    assert keywords.of_question("什么") == ("什么",)


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_in_any_language_becomes_tokens_without_white_space(text, language):
    for token in keywords.in_language(language).of(text):
        assert token
        assert not any(character.isspace() for character in token)


@pytest.mark.parametrize("one", ["apologised apologizing", "organisations organization", "criticise criticized"])
def test_british_and_american_spellings_are_one(one):
    assert len(set(Keywords().of(one))) == 1


@pytest.mark.parametrize("apart", ["paradise parade", "treatise treat", "improvise improve"])
def test_british_spelling_brings_no_other_words_together(apart):
    assert len(set(Keywords().of(apart))) == 2


@pytest.mark.parametrize("family", ["supervise supervision", "precise precision", "surprise surprisingly"])
def test_british_spelling_parts_no_family(family):
    assert len(set(Keywords().of(family))) == 1
