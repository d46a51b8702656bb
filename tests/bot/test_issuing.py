"""Links of our own: made without a launch, and true to the lesson's times whatever becomes of these."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import ending, extending, issuing, lifecycle, moving, windows
from bot.lifecycle import Ask
from bot.links import digest_of
from bot.moving import Moved
from storage.records import Lesson, Link, LinkWay, NoticeKind
from storage.sealing import Sealer, new_key
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import ENDS_AT, NOW, STARTS_AT

SEALER = Sealer([new_key()])
MINUTE = timedelta(minutes=1)
OURS = pytest.mark.parametrize("way", [LinkWay.PAGE, LinkWay.PRESS])


async def begin(stored: StoredSchool, way: LinkWay) -> Lesson:
    """Ada's lesson with Ben is on, and both have a link that goes this way, on their cards."""
    lesson = await stored.book(stored.ben)
    details = await stored.details(lesson)

    def work(tx: Transaction) -> None:
        lifecycle.go_live(tx, lesson.workspace_id, lesson.id, now=STARTS_AT)
        for seat in details.seats:
            tx.lessons.insert_link(issuing.issue(lesson, seat.participant, way=way, sealer=SEALER, now=NOW))

    await stored.write(work)
    await deliver(stored, lesson)
    return await stored.get(lesson.id)


async def deliver(stored: StoredSchool, lesson: Lesson) -> None:
    links = [replace(link, delivered_at=NOW) for link in await links_of(stored, lesson)]

    def work(tx: Transaction) -> None:
        for link in links:
            tx.lessons.update_link(link)

    await stored.write(work)


async def links_of(stored: StoredSchool, lesson: Lesson) -> list[Link]:
    return await stored.store.read(lambda tx: tx.lessons.list_links(lesson.workspace_id, lesson.id))


def ask(stored: StoredSchool, lesson: Lesson) -> Ask:
    return Ask(
        workspace_id=stored.workspace.id,
        lesson_id=lesson.id,
        user_id=stored.ada.user_id,
        revision=lesson.revision,
        policy=stored.policy,
        now=STARTS_AT + MINUTE,
    )


async def test_a_page_s_link_is_found_by_its_token_alone(stored: StoredSchool) -> None:
    """The token stands nowhere but sealed; a press has none at all."""
    lesson = await stored.book(stored.ben)
    seat = (await stored.details(lesson)).others[0]

    page = issuing.issue(lesson, seat.participant, way=LinkWay.PAGE, sealer=SEALER, now=NOW)
    press = issuing.issue(lesson, seat.participant, way=LinkWay.PRESS, sealer=SEALER, now=NOW)

    assert page.token_sealed is not None
    assert digest_of(SEALER.unseal(page.token_sealed)) == page.token_digest
    assert (None, None, None) == (press.token_digest, press.token_sealed, press.url_sealed)


@OURS
async def test_the_same_join_goes_on_after_an_extension(stored: StoredSchool, way: LinkWay) -> None:
    """No other link, no word that people must come in again; the link closes as much later as the lesson ends."""
    lesson = await begin(stored, way)
    before = await links_of(stored, lesson)

    extended = await stored.write(lambda tx: extending.extend(tx, ask(stored, lesson)))
    after = await links_of(stored, lesson)

    assert 0 == extended.relinked_count
    assert [link.id for link in before] == [link.id for link in after]
    assert {ENDS_AT + 40 * MINUTE} == {link.closes_at for link in after}
    assert [] == await stored.notices(lesson, NoticeKind.MOVED)


@OURS
async def test_the_same_join_goes_on_after_a_move(stored: StoredSchool, way: LinkWay) -> None:
    """Its window is the lesson's as it is now."""
    lesson = await stored.book(stored.ben)
    details = await stored.details(lesson)
    made = [issuing.issue(lesson, seat.participant, way=way, sealer=SEALER, now=NOW) for seat in details.seats]
    await stored.write(lambda tx: [tx.lessons.insert_link(link) for link in made])
    await deliver(stored, lesson)

    def work(tx: Transaction) -> object:
        return moving.move(tx, ask(stored, lesson), starts_at=STARTS_AT + timedelta(hours=2), length_text="60")

    moved = await stored.write(work)
    present = await stored.get(lesson.id)

    assert isinstance(moved, Moved)
    assert (0, 0) == (moved.relinked_count, moved.valid_count)
    for seat in (await stored.details(present)).seats:
        window = windows.window_of(present, seat.participant)
        assert seat.link is not None
        assert seat.link.id in {link.id for link in made}
        assert (window.opens_at, window.closes_at) == (seat.link.opens_at, seat.link.closes_at)


@OURS
async def test_our_links_are_taken_back_at_once(stored: StoredSchool, way: LinkWay) -> None:
    """Nobody is told of links that stay valid: none does."""
    lesson = await begin(stored, way)

    ended = await stored.write(lambda tx: ending.end_now(tx, ask(stored, lesson)))

    assert (0, None) == (ended.valid_count, ended.valid_until)


async def test_a_press_counts_as_coming_only_at_the_door(stored: StoredSchool) -> None:
    """Join on a card opens the page; whoever looked at it is not in yet."""
    lesson = await begin(stored, LinkWay.PAGE)
    [link, _] = await links_of(stored, lesson)

    await stored.write(lambda tx: lifecycle.note_opened(tx, lesson.workspace_id, lesson.id, link.id, now=STARTS_AT))

    assert {None} == {one.opened_at for one in await links_of(stored, lesson)}
