"""What holds whatever is typed, and what commands do. Whole conversations are in test_dialogues."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.app import open_keywords
from bot.commands import Commands
from bot.commands.words import SHAPES, Typed, meant, parse
from bot.connectors import Asker
from briefings.documents import canonical_url
from briefings.errors import DatabaseCorrupt
from briefings.index import Index
from briefings.storage import Storage
from briefings.types import Answer, Briefing, Document, Key, Listing, Notice, Preferences, Section

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NESTS = {
    "Sorn": "Heron nests now fill every willow on the southern shore.",
    "Tarn": "Storms blew down forty heron nests in a single April night.",
    "Ulm": "Schoolchildren built platforms for heron nests out of old pallets.",
    "Vey": "A farmer complained that heron nests had ruined his alders.",
    "Wick": "Foxes were filmed below the heron nests by an automatic camera.",
    "Xan": "The council fenced its heron nests against photographers.",
    "Yar": "Biologists ringed chicks in twelve heron nests before noon.",
    "Zell": "No heron nests were seen, for the first time since 1987.",
}
ADA = Asker(workspace="terminal", channel="terminal:#general", person="ada", may_manage=True)


@pytest.fixture
def commands(storage: Storage, tmp_path: Path) -> Commands:
    keywords = open_keywords()
    more = Section("So what changed?", (("A new reed bed gives the heron chicks shelter.", "It was planted in 2019."),))
    for number, (place, happened) in enumerate(NESTS.items(), 1):
        told = happened, f"Wardens of {place} counted twice."
        document = Document(title=f"Heron count at Lake {place}", sections=(Section(None, (told,)), more))
        at = NOW - timedelta(minutes=number)
        storage.articles.add(document, keys=[Key("guid", place)], workspace="terminal", now=at)
    index = Index.open(tmp_path / "index", keywords)
    index.catch_up(storage.articles)
    return Commands(storage, index, keywords, Preferences(stories=3), "daily at 7")


def test_signs_of_code_do_not_count(commands: Commands) -> None:
    """Examples are pasted with them; within our own sentences they would mark what is no code."""
    assert commands.handle("`help settings`", ADA, NOW) == commands.handle("help settings", ADA, NOW)
    (told,) = commands.handle("help no`such", ADA, NOW).contents
    assert isinstance(told, Notice)
    assert "“nosuch”" in told.text
    assert told.text.count("`") % 2 == 0


def test_more_goes_on_where_the_briefing_stopped_until_nothing_is_left(commands: Commands) -> None:
    seen = []
    text = "brief"
    for _ in range(2):
        (briefing,) = commands.handle(text, ADA, NOW).contents
        assert isinstance(briefing, Briefing)
        seen += [story.article.id for story in briefing.stories]
        text = "more"
    (last,) = commands.handle("more", ADA, NOW).contents
    assert isinstance(last, Briefing)
    seen += [story.article.id for story in last.stories]
    assert sorted(seen) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert not commands.handle("more", ADA, NOW).found


def test_more_after_an_answer_shows_the_next_sections(commands: Commands) -> None:
    (answer,) = commands.handle("heron nests", ADA, NOW).contents
    assert isinstance(answer, Answer)
    quoted = {(quote.article.id, quote.section) for quote in answer.quotes}
    assert len(quoted) == 3
    (briefing,) = commands.handle("more", ADA, NOW).contents
    assert isinstance(briefing, Briefing)
    shown = {(story.article.id, section.section) for story in briefing.stories for section in story.sections}
    assert shown
    assert not shown & quoted


def test_more_is_each_persons_own(commands: Commands) -> None:
    commands.handle("brief", ADA, NOW)
    ben = Asker(workspace="terminal", channel="terminal:#general", person="ben", may_manage=False)
    assert not commands.handle("more", ben, NOW).found
    assert commands.handle("more", ADA, NOW).found


def test_more_is_each_threads_own(commands: Commands) -> None:
    thread = replace(ADA, thread="17.5")
    commands.handle("brief", thread, NOW)
    assert not commands.handle("more", ADA, NOW).found
    assert commands.handle("more", thread, NOW).found


@pytest.mark.parametrize(
    ("text", "concerns"),
    [
        ("subscribe G7", True),
        ("settings", True),
        ("brief heron", True),
        ("post story 1", True),
        ("what about the herons?", False),
        ("latest", False),
        ("help", False),
        ("pause in fighting?", False),
        ("wrong 1/0", False),
        ("who nests here since Monday?", True),
        ("who nests here since the storm?", False),
    ],
)
def test_only_some_replies_depend_on_who_may_manage(commands: Commands, text: str, concerns: bool) -> None:
    assert commands.concerns_managers(text) is concerns


def test_a_day_begins_at_midnight_of_who_asks(commands: Commands, storage: Storage) -> None:
    early = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # the 23rd in Seoul
    storage.articles.add(
        Document(title="Grebes", sections=(Section(None, (("Grebes dive early.",),)),), published=early),
        keys=[],
        workspace="terminal",
        now=early,
    )
    commands.context(ADA, NOW).index.catch_up(storage.articles)
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert commands.handle("grebes since today", replace(ADA, zone="Asia/Seoul"), now).found
    assert not commands.handle("grebes since today", replace(ADA, zone="UTC"), now).found


def test_what_only_buttons_say_is_neither_listed_nor_proposed(commands: Commands) -> None:
    assert parse("wrong 7/2") == Typed("wrong", "7/2")
    assert parse("wrong way drivers") == Typed("ask", "wrong way drivers")
    assert meant("wrongs righted") is None
    assert not commands.handle("help wrong", ADA, NOW).found


def test_an_article_is_briefed_by_its_address_however_written(commands: Commands, storage: Storage) -> None:
    url = "https://example.org/herons?id=7"
    section = Section(None, (("Herons nest early this year.",),))
    document = Document(title="Early herons", url=url, sections=(section,))
    storage.articles.add(document, keys=[Key("url", canonical_url(url))], workspace="terminal", now=NOW)
    storage.articles.add(
        replace(document, url=f"{url}8"), keys=[Key("url", canonical_url(f"{url}8"))], workspace="elsewhere", now=NOW
    )
    (briefing,) = commands.handle("brief http://www.example.org/herons/?utm_source=x&id=7#top", ADA, NOW).contents
    assert isinstance(briefing, Briefing)
    assert [story.article.title for story in briefing.stories] == ["Early herons"]
    for unknown in (f"{url}8", "https://example.org/", "http://[", "https://x.org/\ud800"):
        (notice,) = commands.handle(f"brief {unknown}", ADA, NOW).contents
        assert isinstance(notice, Notice | Answer)
    (notice,) = commands.handle(f"brief {url}8", ADA, NOW).contents
    assert notice == Notice(
        "Addresses are not fetched here; save the page, and let an operator add the file.", "refused"
    )


def test_a_section_is_found_by_its_heading_without_its_opening_and_closing_marks(commands: Commands) -> None:
    for words in ("what changed", "So what changed?", "WHAT CHANGED?"):
        (briefing,) = commands.handle(f"brief {words}", ADA, NOW).contents
        assert isinstance(briefing, Briefing)
        assert [section.heading for section in briefing.stories[0].sections] == ["So what changed?"]


def test_brief_me_is_brief(commands: Commands) -> None:
    for polite, plain in (("brief me", "brief"), ("Brief me on ups and downs", "brief ups and downs")):
        assert commands.handle(polite, ADA, NOW) == commands.handle(plain, ADA, NOW)


def test_what_is_shown_stands_word_for_word_at_its_place(commands: Commands, storage: Storage) -> None:
    (briefing,) = commands.handle("brief 1", ADA, NOW).contents
    article = storage.articles.get(1, "terminal")
    assert article is not None
    assert isinstance(briefing, Briefing)
    shown = [(section, telling) for section in briefing.stories[0].sections for telling in section.sentences]
    assert shown
    for section, telling in shown:
        assert article.sections[section.section].paragraphs[telling.paragraph][telling.sentence] == telling.text


def test_without_a_when_the_usual_schedule_holds_in_the_askers_zone(commands: Commands, storage: Storage) -> None:
    asker = Asker(workspace="terminal", channel="terminal:#general", person="a", may_manage=True, zone="Asia/Seoul")
    assert commands.handle("subscribe heron", asker, NOW).found
    (subscription,) = storage.subscriptions.list("terminal")
    assert (subscription.schedule.words, subscription.schedule.zone) == ("daily at 7", "Asia/Seoul")
    assert subscription.next_due == datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


def test_post_it_queues_what_the_preview_showed_once_and_without_buttons(commands: Commands, storage: Storage) -> None:
    preview = commands.handle("subscribe heron in #lake", ADA, NOW).contents[1]
    assert isinstance(preview, Briefing)
    assert commands.handle("post 1", ADA, NOW).found
    assert not commands.handle("post 1", ADA, NOW).found
    (delivery,) = storage.outbox.history("terminal")
    assert delivery.channel == "terminal:#lake"
    assert isinstance(delivery.content, Briefing)
    assert delivery.content.stories == preview.stories
    assert delivery.content.actions == ()


def test_a_subscription_without_news_is_told_whether_nothing_matches_or_all_was_posted(commands: Commands) -> None:
    commands.handle(f"post story {' '.join(str(number) for number, _ in enumerate(NESTS, 1))}", ADA, NOW)
    for words, says in (("narwhal", "Nothing of the last 7 days matches it yet."), ("heron", "everything there is on")):
        (notice,) = commands.handle(f"subscribe {words}", ADA, NOW).contents
        assert isinstance(notice, Notice)
        assert says in notice.text
    assert commands.handle("preview 1", ADA, NOW).contents == (Notice("Nothing of the last 7 days matches it yet."),)


def test_post_here_posts_what_this_channel_has_not_had(commands: Commands, storage: Storage) -> None:
    assert commands.handle("post story 1 2", ADA, NOW).found
    assert commands.handle("post story 2 3/1", ADA, NOW).found
    newest, _ = storage.outbox.history("terminal")
    assert isinstance(newest.content, Briefing)
    (story,) = newest.content.stories
    assert story.article.id == 3
    assert [section.heading for section in story.sections] == ["So what changed?"]
    assert not commands.handle("post story 1 2 3", ADA, NOW).found


def test_the_same_command_as_data_takes_its_parts_told_apart(commands: Commands, storage: Storage) -> None:
    assert commands.subscribe("heron OR reed", "hourly", "terminal:#lake", ADA, NOW).found
    (subscription,) = storage.subscriptions.list("terminal", "terminal:#lake")
    assert (subscription.topic, subscription.schedule.words) == ("heron OR reed", "hourly")
    assert not commands.subscribe("heron", "whenever", None, ADA, NOW).found


def test_several_articles_asked_for_say_nothing_twice(commands: Commands) -> None:
    (briefing,) = commands.brief("1 2", ADA, NOW, words=100).contents
    assert isinstance(briefing, Briefing)
    told = [each.text for story in briefing.stories for section in story.sections for each in section.sentences]
    assert {story.article.id for story in briefing.stories} == {1, 2}
    assert told.count("A new reed bed gives the heron chicks shelter.") == 1


def test_length_is_bounded_by_sentences_or_words(commands: Commands) -> None:
    (one,) = commands.brief("1", ADA, NOW, sentences=1).contents
    assert isinstance(one, Briefing)
    assert all(len(section.sentences) <= 1 for section in one.stories[0].sections)
    (few,) = commands.brief("1", ADA, NOW, words=10).contents
    assert isinstance(few, Briefing)
    words = [w for section in few.stories[0].sections for telling in section.sentences for w in telling.text.split()]
    assert len(words) <= 10


def test_old_articles_on_a_topic_are_found_in_their_own_language(
    commands: Commands, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.finding.PROPOSED", 2)
    text = Section(None, (("Der Sturm traf die Häfen im Norden.",),))
    german = Document(title="Sturm im Norden", sections=(text,), language="de")
    storage.articles.add(german, keys=[], workspace="terminal", now=NOW - timedelta(days=9))
    commands.context(ADA, NOW).index.catch_up(storage.articles)
    (listing,) = commands.handle("latest Häfen", ADA, NOW).contents
    assert isinstance(listing, Listing)
    assert [item.label for item in listing.items] == ["Sturm im Norden"]


def test_what_fails_beneath_is_told_as_a_problem(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    def corrupt(*_: object, **__: object) -> None:
        raise DatabaseCorrupt("The file x.db is damaged; restore it.")

    monkeypatch.setattr("briefings.storage.articles.Articles.heads", corrupt)
    reply = commands.handle("latest", ADA, NOW)
    assert reply.contents == (Notice("The file x.db is damaged; restore it.", "problem"),)
    assert not reply.found


def test_a_question_may_be_a_page_long(commands: Commands) -> None:
    assert isinstance(commands.handle("heron " * 2000, ADA, NOW).contents[0], Answer)
    assert isinstance(commands.handle("?" * 10_000, ADA, NOW).contents[0], Answer)
    assert not commands.handle("subscribe " + "heron " * 2000, ADA, NOW).found


def test_every_example_of_help_works(commands: Commands) -> None:
    commands.handle("subscribe heron in #lake", ADA, NOW)
    examples = []
    for name in SHAPES:
        (content,) = commands.handle(f"help {name}", ADA, NOW).contents
        if isinstance(content, Listing):
            examples += [item.label.split("`")[1] for item in content.items if item.label.startswith("For example")]
    assert len(examples) > 10
    for shown in sorted(examples):  # `unsubscribe` comes after all others that need the subscription.
        assert commands.handle(shown, ADA, NOW).found, shown


SCHEDULES = ["daily at 9", "every", "0 0 * * *", "Asia/Seoul", "as it happens"]
SIGNS = [
    "1",
    "1/1",
    "9" * 20,
    '"',
    "(",
    "OR",
    "-",
    "*",
    "title:",
    "=",
    "?",
    "#lake",
    "in",
    "story",
    "again",
    "add",
    "remove",
]
HOSTILE = ["https://example.org/x", "http://[", "\x1b[31m", "日本", "\n", "\x00", "\ud800", "😀"]
words = st.sampled_from([*SHAPES, "wrong", "managers", "@ada", "heron", "zone", *SCHEDULES, *SIGNS, *HOSTILE])


@given(st.lists(words | st.text(max_size=8), max_size=6).map(" ".join))
@example("topic add \ud800 = \ud800 heron")
@example("subscribe \ud800 \x00 heron daily at 9 in #\ud800")
@example("topic remove \ud800")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gets_a_reply_and_no_error(commands: Commands, text: str) -> None:
    reply = commands.handle(text, ADA, NOW)
    assert reply.contents
    for content in reply.contents:
        assert not isinstance(content, Notice) or content.level != "problem"
        for action in content.actions:
            assert parse(action.command).command != "ask", action


def test_a_role_to_call_is_a_role_and_of_one_channel(commands: Commands, storage: Storage) -> None:
    for words in ("@everyone", "@here", "everyone", "@12"):
        assert not commands.handle(f"settings ping {words} in #here", ADA, NOW).found
    assert commands.handle("settings ping @123456789012345678 in #here", ADA, NOW).found
    chosen = [
        storage.preferences.merged(ADA.workspace, f"{ADA.workspace}:{name}", Preferences()).ping
        for name in ("#here", "#there")
    ]
    assert chosen == ["@123456789012345678", ""]
    assert commands.handle("settings ping off in #here", ADA, NOW).found
    assert storage.preferences.merged(ADA.workspace, f"{ADA.workspace}:#here", Preferences()).ping == ""
