"""What a feed changes of an entry reaches the post that told it, and makes no second one."""

from datetime import timedelta

from msgspec.structs import replace

from briefings.types import Briefing, Delivery
from tests.servers.newsroom import Newsroom, Report, report

MINUTE = timedelta(minutes=1)


def send(room: Newsroom) -> list[Delivery]:
    """Deliver all that is due, as a platform would that takes everything."""
    claimed = room.storage.outbox.claim("me", room.now, MINUTE, 99)
    for each in claimed:
        if each.follows:
            assert room.storage.followups.finish(each, "me", room.now)
        else:
            room.storage.outbox.record_part(each.id, "me", room.now, 0, f"m{each.id}")
            assert room.storage.outbox.delivered(each.id, "me", room.now)
    return claimed


async def posted(room: Newsroom) -> tuple[Report, Delivery]:
    """A report that was posted after its source was added, and its delivery."""
    room.source()
    room.publish(report(1))
    await room.look()
    room.subscribe()
    told = report(2)
    room.publish(told, report(1))
    await room.look()
    assert room.posted() == [told.title]
    (delivery,) = send(room)
    return told, delivery


def said(delivery: Delivery) -> str:
    assert isinstance(delivery.content, Briefing)
    return " ".join(t.text for story in delivery.content.stories for s in story.sections for t in s.sentences)


async def test_an_entry_edited_five_times_is_posted_once_and_edited_there() -> None:
    async with Newsroom() as room:
        told, delivery = await posted(room)
        night = "on the night of fair number 2"
        assert night in said(delivery)
        for number in range(5):
            room.publish(replace(told, text=told.text.replace(night, f"on day {number}")), report(1))
            await room.look()
            (edit,) = send(room)
            assert (edit.follows, edit.edits) == (delivery.id, True)
            assert f"on day {number}" in said(edit)
        assert room.posted() == [told.title]


async def test_an_entry_rewritten_five_times_is_posted_once_and_told_in_its_thread() -> None:
    async with Newsroom() as room:
        told, delivery = await posted(room)
        for number in range(5):
            room.publish(replace(told, text=report(20 + number).text), report(1))
            await room.look()
            (reply,) = send(room)
            assert (reply.follows, reply.edits) == (delivery.id, False)
        assert room.posted() == [told.title]


async def test_two_workspaces_that_read_the_same_are_both_told() -> None:
    async with Newsroom() as room:
        for workspace in ("w", "v"):
            room.source(workspace=workspace)
        room.publish(report(1))
        await room.look()
        for workspace in ("w", "v"):
            room.subscribe(workspace=workspace)
        room.publish(report(2), report(1))
        await room.look()
        for workspace in ("w", "v"):
            assert room.posted(workspace) == [report(2).title]
        send(room)
        room.publish(report(2, text=report(20).text), report(1))
        await room.look()
        assert {each.workspace for each in send(room)} == {"v", "w"}
