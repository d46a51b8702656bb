"""What is stored, read once for everybody who looks: again when it changed, and never behind for who must know."""

from __future__ import annotations

from bot.sandbox.play.ledger import SHARE, Ledger
from bot.sandbox.play.playground import Playground
from storage.records import NoticeState
from storage.store import Transaction
from tests.acceptance.telling import book

LESSON = "@Ben today 3pm 30m Algebra"


class Winder:
    """A monotonic clock that goes on by so much at each look."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.step = 0.0

    def __call__(self) -> float:
        self.seconds += self.step
        return self.seconds


async def commit(playground: Playground) -> None:
    """Something, by the bot."""

    def note(tx: Transaction) -> None:
        [workspace] = tx.workspaces.list_all()
        tx.settings.save(workspace.id, "test", {"value": 1})

    assert playground.school.hallpass is not None
    await playground.school.hallpass.store.write(note)


async def test_what_did_not_change_is_the_same_object(playground: Playground) -> None:
    """So that what is made of it can be kept too."""
    await book(playground.school, playground.cast.ada, LESSON)
    ledger = Ledger(playground)

    first, second = await ledger.look(), await ledger.look(is_exact=True)
    await commit(playground)
    third = await ledger.look(is_exact=True)

    assert first is second
    assert third is not second
    assert ["Algebra"] == [entry.details.lesson.title for entry in third]


async def test_only_what_is_not_settled_stands_in_it(playground: Playground) -> None:
    """Links were sent; reminders wait. Recipients have their names."""
    await book(playground.school, playground.cast.ada, LESSON)

    (entry,) = await Ledger(playground).look()

    assert {NoticeState.WAITING} == {notice.state for notice in entry.notices}
    assert {"Ada", "Ben", ""} == {entry.name_recipient(notice) for notice in entry.notices}


async def test_who_only_looks_waits_for_a_share_of_what_reading_took(playground: Playground) -> None:
    """While the bot commits again and again, reading takes a part of the time only; who must know is never behind."""
    await book(playground.school, playground.cast.ada, LESSON)
    winder = Winder()
    ledger = Ledger(playground, monotonic=winder)
    winder.step = 1.0  # each reading takes one second by this clock
    first = await ledger.look()
    winder.step = 0.0
    await commit(playground)

    behind = await ledger.look()
    winder.seconds += SHARE
    later = await ledger.look()
    await commit(playground)
    exact = await ledger.look(is_exact=True)

    assert behind is first
    assert later is not first
    assert exact is not later


async def test_a_bot_started_again_has_commits_of_its_own(playground: Playground) -> None:
    """As many as the one before had by chance are not the same ones."""
    ledger = Ledger(playground)
    await book(playground.school, playground.cast.ada, LESSON)
    before = await ledger.look(is_exact=True)
    await playground.kill_bot()
    dead = await ledger.look(is_exact=True)
    await playground.start_bot()

    assert before is not dead
    assert dead is not await ledger.look(is_exact=True)


async def test_the_books_of_the_school_before_are_closed(playground: Playground) -> None:
    """A fresh school has none."""
    ledger = Ledger(playground)
    await book(playground.school, playground.cast.ada, LESSON)
    assert await ledger.look()

    await playground.start_over()

    assert () == await ledger.look()
