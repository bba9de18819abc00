from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from briefings.errors import FetchError, SidelinesError, UnreadableFeed
from briefings.fetch import Fetched
from briefings.polling import (
    FEW,
    LONGEST_WAIT,
    MOST_OBEYED,
    PAUSED_AFTER,
    PROBE,
    SPREAD,
    Item,
    Plan,
    after_failure,
    after_success,
    decide,
    flooded,
    host_rests_until,
    items,
    transition,
)
from briefings.sources import Entry, Feed, Listed, Seen, Source

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVERY = timedelta(minutes=15)
FEED = Feed(id=7, url="https://valley.example/feed", title="Valley Post", last_good=NOW - EVERY, changed=NOW)
PARAGRAPH = (
    "The council shut the old bridge on Monday after divers had found cracks in two of its five piers, and lorries "
    "will have to go round by the valley road until the autumn, {place} says."
)


def fetched(
    *,
    not_modified: bool = False,
    fresh_for: timedelta | None = None,
    etag: str | None = '"two"',
    digest: str = "d2",
) -> Fetched:
    return Fetched(
        url=FEED.url,
        moved_to=None,
        not_modified=not_modified,
        body=b"" if not_modified else b"<rss/>",
        content_type="application/rss+xml",
        etag=etag,
        last_modified=None,
        digest="" if not_modified else digest,
        fresh_for=fresh_for,
    )


def source(feed: Feed) -> Source:
    return Source(id=3, workspace="w", feed=feed, name="Valley Post", paused=False, added=NOW - timedelta(days=30))


def entry(n: int, **fields: object) -> Entry:
    whole = {
        "title": f"Report {n} from the valley",
        "url": f"https://valley.example/{n}",
        "guid": f"urn:{n}",
        "html": f"<p>{PARAGRAPH.format(place=f'district {n}')}</p>",
        "published": NOW - timedelta(hours=n),
    }
    return Entry(**(whole | fields))  # type: ignore[arg-type]


def marked(*entries: Entry) -> tuple[Item, ...]:
    return items(Listed(title="Valley Post", entries=entries, site="https://valley.example/"), FEED.url)


def remembered(*entries: Entry, state: str = "stored") -> list[Seen]:
    """What is remembered after these were listed."""
    return [
        Seen(
            id=place,
            feed=FEED.id,
            title=item.entry.title,
            guid=item.guid,
            url=item.url,
            digest=item.digest,
            first_seen=NOW,
            last_seen=NOW,
            state=state,  # type: ignore[arg-type]
        )
        for place, item in enumerate(marked(*entries), 1)
    ]


def plan(listed: list[Entry], seen: list[Seen], feed: Feed = FEED, now: datetime = NOW, **more: object) -> Plan:
    return decide(feed, marked(*listed), seen, now, **more)  # type: ignore[arg-type]


def titles(found: tuple[Item, ...]) -> list[str]:
    return [item.entry.title for item in found]


# Identity

KNOWN = [entry(n) for n in range(20)]


@pytest.mark.parametrize(
    "again",
    [
        [replace(each, guid=f"new-{each.guid}") for each in KNOWN],
        [replace(each, published=NOW + timedelta(minutes=n)) for n, each in enumerate(KNOWN)],
        [replace(each, guid=f"new-{each.guid}", published=None) for each in KNOWN],
        [replace(each, url=f"http://www.valley.example/{n}/?utm_source=x#top") for n, each in enumerate(KNOWN)],
        [replace(each, url=f"https://moved.example/{each.guid}") for each in KNOWN],
        [replace(each, url=f"https://moved.example/{n}", guid=f"moved-{n}") for n, each in enumerate(KNOWN)],
        [replace(each, url=None, guid=None) for each in KNOWN],
        KNOWN[::-1],
    ],
    ids=["guids", "dates", "guids and dates", "forms of the address", "addresses", "all but the text", "bare", "order"],
)
def test_what_was_seen_is_no_news_however_it_is_dressed(again: list[Entry]) -> None:
    found = plan(again, remembered(*KNOWN))
    assert (found.new, found.changed, found.flood) == ((), (), False)
    assert len(found.unchanged) == 20


@pytest.mark.parametrize("change", ["guids", "dates", "both", "order"])
def test_a_truly_new_one_is_found_among_them(change: str) -> None:
    again = [
        replace(
            each,
            guid=f"new-{each.guid}" if change in ("guids", "both") else each.guid,
            published=NOW if change in ("dates", "both") else each.published,
        )
        for each in (KNOWN[::-1] if change == "order" else KNOWN)
    ]
    found = plan([*again[:7], entry(99), *again[7:]], remembered(*KNOWN))
    assert (titles(found.new), found.changed, found.flood) == (["Report 99 from the valley"], (), False)


def test_an_edit_is_a_change_of_the_one_that_was_seen() -> None:
    edited = replace(KNOWN[4], html="<p>The bridge is open again, the council said.</p>")
    found = plan([*KNOWN[:4], edited, *KNOWN[5:]], remembered(*KNOWN))
    assert (found.new, titles(found.changed)) == ((), [edited.title])
    assert found.changed[0].seen == remembered(*KNOWN)[4]


def test_what_only_a_machine_sees_is_no_edit() -> None:
    tracked = replace(KNOWN[0], html=f"<div class='a{NOW}'>{KNOWN[0].html}<script>x=1</script><!-- 1 --></div>")
    assert plan([tracked], remembered(*KNOWN)).changed == ()


def test_guids_that_number_the_places_of_a_list_do_not_hide_what_is_new() -> None:
    before = [replace(each, guid=str(n)) for n, each in enumerate(KNOWN)]
    after = [replace(each, guid=str(n)) for n, each in enumerate([entry(99), *KNOWN[:-1]])]
    found = plan(after, remembered(*before))
    assert titles(found.new + found.changed) == ["Report 99 from the valley"]


def test_a_guid_or_an_address_of_several_entries_tells_none_apart() -> None:
    one_page = [entry(n, url="https://valley.example/live", guid="live") for n in range(4)]
    found = plan(one_page, remembered(*one_page[1:]))
    assert titles(found.new) == ["Report 0 from the valley"]
    assert len(found.unchanged) == 3


def test_the_address_of_the_site_is_no_entrys_own() -> None:
    today, tomorrow = (entry(n, url="https://www.valley.example", guid=None) for n in (1, 2))
    assert titles(plan([tomorrow], remembered(today)).new) == [tomorrow.title]


@pytest.mark.parametrize("mark", ["url", "guid"])
def test_the_same_few_words_every_day_are_news_every_day(mark: str) -> None:
    today, tomorrow = (entry(n, title="The weather today", html="", **{mark: None}) for n in (1, 2))
    assert titles(plan([tomorrow], remembered(today)).new) == ["The weather today"]


@pytest.mark.parametrize("state", ["waiting", "held", "skipped"])
def test_what_is_not_stored_yet_is_neither_new_nor_changed(state: str) -> None:
    edited = replace(KNOWN[0], title="Another title")
    found = plan([edited], remembered(KNOWN[0], state=state))
    assert (found.new, found.changed) == ((), ())
    assert [item.entry for item in found.unchanged] == [edited]


entries = st.builds(
    Entry,
    title=st.text(max_size=12),
    url=st.none() | st.sampled_from([f"https://valley.example/{n}" for n in range(4)]) | st.text(max_size=12),
    guid=st.none() | st.sampled_from("abcd"),
    html=st.text(alphabet="<>!-/abscript &;", max_size=40),
    published=st.none() | st.just(NOW),
)


@given(st.lists(entries, max_size=8), st.lists(entries, max_size=8))
def test_every_entry_gets_one_fate_and_every_memory_is_used_once(before: list[Entry], after: list[Entry]) -> None:
    found = plan(after, remembered(*before))
    fates = found.new + found.changed + found.unchanged
    assert sorted(map(repr, (item.entry for item in fates))) == sorted(map(repr, after))
    used = [item.seen.id for item in fates if item.seen]
    assert len(used) == len(set(used))
    assert all(item.seen is None for item in found.new)


@given(st.lists(entries, max_size=8), st.randoms())
def test_the_same_list_again_has_nothing_new_in_any_order(listed: list[Entry], chance: object) -> None:
    again = list(listed)
    chance.shuffle(again)  # type: ignore[attr-defined]
    found = plan([replace(each, published=None) for each in again], remembered(*listed))
    assert found.new == ()


# Floods


def test_a_feed_of_which_most_is_suddenly_new_is_a_flood() -> None:
    other = [entry(n) for n in range(100, 111)]
    assert plan([*other, *KNOWN[:9]], remembered(*KNOWN)).flood
    assert not plan([*other[:10], *KNOWN[:10]], remembered(*KNOWN)).flood


def test_a_few_or_the_first_ones_are_never_a_flood() -> None:
    assert not plan([entry(n) for n in range(100, 100 + FEW)], remembered(*KNOWN)).flood
    assert not plan(KNOWN, [], feed=replace(FEED, last_good=None)).flood


def test_what_is_stored_already_is_no_flood() -> None:
    stored = {f"https://valley.example/{n}" for n in range(15)}
    assert not plan(KNOWN, [], stored=stored).flood
    assert plan(KNOWN, []).flood


def test_a_feed_that_usually_brings_as_much_is_no_flood() -> None:
    away = replace(FEED, last_good=NOW - timedelta(days=7))
    assert not plan(KNOWN, [], feed=away, usual=2.0).flood
    assert plan(KNOWN, [], usual=2.0).flood


def test_a_flood_is_told_with_what_can_be_done() -> None:
    notice = flooded(source(FEED), 20)
    assert "20 entries" in notice.text
    assert [action.command for action in notice.actions] == ["source accept 3", "source skip 3"]


# Health

FAILED = FetchError("valley.example answered with status 500.", status=500)


def fail(feed: Feed, error: SidelinesError = FAILED, now: datetime = NOW, jitter: float = 0.0) -> Feed:
    return after_failure(feed, error, now, every=EVERY, jitter=jitter)


def succeed(feed: Feed, now: datetime = NOW, **facts: object) -> Feed:
    return after_success(feed, fetched(**facts), now, every=EVERY, jitter=0.0)  # type: ignore[arg-type]


def wait(feed: Feed, now: datetime = NOW) -> timedelta:
    assert feed.next_fetch is not None
    return feed.next_fetch - now


def test_two_failures_tell_nobody_and_the_third_does() -> None:
    one = fail(FEED)
    two = fail(one)
    three = fail(two)
    assert [each.health for each in (one, two, three)] == ["healthy", "healthy", "failing"]
    assert [transition(a, source(b), NOW) is None for a, b in ((FEED, one), (one, two), (two, three))] == [1, 1, 0]
    assert three.reason == str(FAILED)
    assert transition(three, source(fail(three)), NOW) is None


def test_each_wait_is_twice_the_one_before_until_six_hours() -> None:
    feed, waits = FEED, []
    for _ in range(8):
        feed = fail(feed)
        waits.append(wait(feed))
    assert waits == [EVERY * 2**n for n in range(5)] + [LONGEST_WAIT] * 3


def test_a_week_of_failing_leaves_a_daily_probe_which_brings_it_back() -> None:
    failing = fail(fail(fail(FEED)))
    still = fail(failing, now=NOW + PAUSED_AFTER - timedelta(seconds=1))
    assert still.health == "failing"
    end = NOW + PAUSED_AFTER
    paused = fail(still, now=end)
    assert (paused.health, wait(paused, end), paused.changed) == ("paused", PROBE, end)
    assert fail(paused, now=end + PROBE).health == "paused"
    back = succeed(paused, end + PROBE)
    assert (back.health, back.reason, back.failures, back.last_good) == ("healthy", None, 0, end + PROBE)
    told = [transition(still, source(paused), end), transition(paused, source(back), end)]
    assert [notice.level for notice in told if notice] == ["problem", "info"]


def test_what_is_gone_is_paused_at_once() -> None:
    gone = fail(FEED, FetchError("There is no such page (status 410).", status=410))
    assert (gone.health, wait(gone)) == ("paused", PROBE)


def test_a_notice_says_why_and_since_when() -> None:
    failing = fail(fail(fail(replace(FEED, last_good=NOW - timedelta(hours=5)))))
    notice = transition(FEED, source(failing), NOW)
    assert notice is not None
    assert str(FAILED) in notice.text
    assert "5 hours ago" in notice.text
    assert [action.command for action in notice.actions] == ["source check 3"]


def test_what_is_no_feed_any_more_is_a_failure_like_any_other() -> None:
    failing = fail(fail(fail(FEED, UnreadableFeed("a")), UnreadableFeed("b")), UnreadableFeed("This is a web page."))
    assert (failing.health, failing.reason) == ("failing", "This is a web page.")


# When to look again


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (None, EVERY),
        (timedelta(minutes=1), EVERY),
        (timedelta(hours=2), timedelta(hours=2)),
        (timedelta(days=400), MOST_OBEYED),
        (timedelta(seconds=-5), EVERY),
    ],
)
def test_a_server_and_a_feed_may_ask_for_longer_than_the_operator(asked: timedelta | None, waited: timedelta) -> None:
    assert wait(succeed(FEED, fresh_for=asked)) == waited
    listed = Listed(title="Valley Post", entries=(), every=asked)
    feed = after_success(FEED, fetched(), NOW, every=EVERY, jitter=0.0, listed=listed)
    assert wait(feed) == waited
    assert wait(succeed(feed, not_modified=True)) == waited


def test_retry_after_is_kept_and_holds_the_whole_host_when_it_is_busy() -> None:
    busy = FetchError("Too many requests.", status=429, retry_after=timedelta(hours=3))
    assert wait(fail(FEED, busy)) == timedelta(hours=3)
    assert host_rests_until(busy, NOW) == NOW + timedelta(hours=3)
    assert host_rests_until(FAILED, NOW) is None
    assert host_rests_until(FetchError("Gone.", status=404, retry_after=EVERY), NOW) is None


def test_nothing_changed_keeps_what_the_last_body_was_known_by() -> None:
    feed = succeed(FEED)
    assert (feed.etag, feed.digest) == ('"two"', "d2")
    same = succeed(feed, NOW + EVERY, not_modified=True, etag=None)
    assert (same.etag, same.digest, same.last_good) == ('"two"', "d2", NOW + EVERY)


failures = st.builds(
    lambda status, retry: FetchError("It failed.", status=status, retry_after=retry),
    st.none() | st.integers(100, 599),
    st.none() | st.timedeltas(),
)


@given(st.lists(st.none() | failures, max_size=40), st.floats(0, 1, exclude_max=True), st.timedeltas(EVERY, PROBE))
def test_whatever_happens_it_is_looked_at_again_and_only_changes_are_told(
    story: list[FetchError | None], jitter: float, every: timedelta
) -> None:
    feed, now = FEED, NOW
    for error in story:
        if error is None:
            after = after_success(feed, fetched(), now, every=every, jitter=jitter)
        else:
            after = after_failure(feed, error, now, every=every, jitter=jitter)
        assert every <= wait(after, now) <= MOST_OBEYED * (1 + SPREAD)
        assert (transition(feed, source(after), now) is None) == (feed.health == after.health)
        assert after.health == "healthy" or error is not None
        assert after.last_fetch == now
        feed, now = after, after.next_fetch or now
