"""Sessions that lessons held, and their transcripts: kept once, told in order, found by words and by nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from storage.records import HeldSession, Lesson, Person, PersonId, TranscriptLine
from tests.records import STARTS_AT
from tests.storage.contract import School, changed, make_school

HOUR = timedelta(hours=1)


def held(lesson: Lesson, session_id: str = "s1", **changes: Any) -> HeldSession:
    values: dict[str, Any] = {"started_at": lesson.starts_at, "ended_at": lesson.ends_at, **changes}
    return HeldSession(workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id=session_id, **values)


def said(lesson: Lesson, *texts: str, session_id: str = "s1") -> list[TranscriptLine]:
    """One line after another, ten seconds each."""
    return [
        TranscriptLine(
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            session_id=session_id,
            position=position,
            starts=timedelta(seconds=10 * position),
            ends=timedelta(seconds=10 * position + 9.5),
            speaker="Ben",
            who="1002",
            text=text,
        )
        for position, text in enumerate(texts)
    ]


async def hold(school: School, *sessions: HeldSession) -> None:
    await school.store.write(lambda tx: tx.sessions.save(iter(sessions)))


async def keep(school: School, lines: list[TranscriptLine]) -> list[TranscriptLine]:
    first = lines[0]
    key = (first.workspace_id, first.lesson_id, first.session_id)
    await school.store.write(lambda tx: tx.sessions.save_transcript(*key, iter(lines)))
    return lines


async def search(
    school: School, *words: str, leader: Person | None = None, limit: int = 20, workspace_id: Any = None
) -> list[str]:
    """The texts of what is found."""
    leader_id: PersonId | None = leader.id if leader else None
    found = await school.store.read(
        lambda tx: tx.sessions.search_lines(
            workspace_id or school.workspace.id, words, leader_id=leader_id, limit=limit
        )
    )
    return [line.text for _, line in found]


async def test_a_session_comes_back_as_last_told(school: School) -> None:
    """Every field survives; told again it is the same one; of this lesson alone, oldest first."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    late = held(lesson, "a", started_at=lesson.starts_at + HOUR, ended_at=None)
    early = held(lesson, "b", has_recording=True, summary="Fractions.", is_settled=True, transcript_at=lesson.ends_at)
    await hold(school, late, early, held(other, "a"))
    ended = changed(late, ended_at=lesson.ends_at + HOUR)
    await hold(school, ended)

    assert [early, ended] == await school.store.read(
        lambda tx: tx.sessions.list_for_lesson(school.workspace.id, lesson.id)
    )
    assert (await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))).sessions == ()


async def test_a_transcript_is_told_as_it_was_said(school: School) -> None:
    """Session by session as they were held, not as they are named, line by line; a second one replaces the first."""
    lesson = await school.book(school.ben)
    await hold(school, held(lesson, "z"), held(lesson, "a", started_at=lesson.starts_at + HOUR))
    await keep(school, said(lesson, "wrong", "wrong", "wrong", session_id="z"))
    later = await keep(school, said(lesson, "three", session_id="a"))
    sooner = await keep(school, said(lesson, "one", "two", session_id="z"))

    assert sooner + later == await school.store.read(lambda tx: tx.sessions.list_lines(school.workspace.id, lesson.id))
    assert [] == await search(school, "wrong")


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        (("fractions",), True),
        (("FRACTIONS",), True),
        (("frac",), True),  # the beginning of a word
        (("actions",), False),  # but not its end
        (("frac", "equal"), True),  # all of them, in any order
        (("equal", "frac"), True),
        (("fractions", "algebra"), False),
        (("élève",), True),
        (("eleve",), True),
        (("ELÈVE",), True),
    ],
)
async def test_words_are_found_whole_or_by_their_beginning(
    school: School, words: tuple[str, ...], is_found: bool
) -> None:
    """Case and accents do not count; every word must be there."""
    lesson = await school.book(school.ben)
    (line,) = await keep(school, said(lesson, "Chaque élève: are these Fractions equal?"))

    assert ([line.text] if is_found else []) == await search(school, *words)


@pytest.mark.parametrize(
    "word",
    ['"', '""', "*", "'", "(", ")", "^", "-", "+", ":", "{", "text:", '" OR "', "NEAR(", "a\x00b", "%", "_", "", " "],
)
async def test_nothing_typed_is_taken_for_a_command(school: School, word: str) -> None:
    """Signs of the index's own language neither fail nor find what was not asked for."""
    lesson = await school.book(school.ben)
    await keep(school, said(lesson, "the text of nobody else"))

    assert [] == [text for text in await search(school, word) if "text" not in word]
    assert ["the text of nobody else"] == await search(school, "text")


@pytest.mark.parametrize("operator", ["OR", "NOT", "AND", "NEAR"])
async def test_operators_are_words(school: School, operator: str) -> None:
    """Somebody who searches for "not" finds it said, and nothing else."""
    lesson = await school.book(school.ben)
    await keep(school, said(lesson, "zero", "one", f"zero {operator.lower()} one"))

    assert [f"zero {operator.lower()} one"] == await search(school, "zero", operator, "one")
    assert [f"zero {operator.lower()} one"] == await search(school, operator)


async def test_a_quote_inside_a_word_is_text(school: School) -> None:
    """What stands on both its sides is looked for, side by side."""
    lesson = await school.book(school.ben)
    await keep(school, said(lesson, 'five" six', "five and six"))

    assert ['five" six'] == await search(school, 'five"six')


async def test_leaders_find_what_was_said_in_their_lessons(school: School) -> None:
    """Not as a learner, not in lessons that they were taken out of; without a leader named, all are searched."""
    mine = await school.book(school.ben)
    theirs = await school.book(school.ada, leader=school.cleo)
    left = await school.book(school.dan)
    seat = await school.seat(left, school.ada)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(seat, removed_at=STARTS_AT)))
    for lesson, text in ((mine, "sum mine"), (theirs, "sum theirs"), (left, "sum left")):
        await keep(school, said(lesson, text))

    assert ["sum mine"] == await search(school, "sum", leader=school.ada)
    assert ["sum theirs"] == await search(school, "sum", leader=school.cleo)
    assert [] == await search(school, "sum", leader=school.ben)
    assert {"sum mine", "sum theirs", "sum left"} == set(await search(school, "sum"))


async def test_the_latest_lesson_is_found_first(school: School) -> None:
    """And in it what was said first; no more than asked for; each line with its lesson."""
    old = await school.book(school.ben, starts_at=STARTS_AT)
    new = await school.book(school.ben, starts_at=STARTS_AT + 24 * HOUR)
    await keep(school, said(new, "sum three", "sum four"))
    await keep(school, said(old, "sum one", "sum two"))

    assert ["sum three", "sum four", "sum one", "sum two"] == await search(school, "sum")
    assert ["sum three", "sum four", "sum one"] == await search(school, "sum", limit=3)
    found = await school.store.read(
        lambda tx: tx.sessions.search_lines(school.workspace.id, ["four"], leader_id=None, limit=1)
    )
    assert [(new, said(new, "sum three", "sum four")[1])] == found


async def test_an_erased_transcript_is_found_no_more(school: School) -> None:
    """Neither by lesson nor by words; the other lessons' stay."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    await keep(school, said(lesson, "sum one", "sum two"))
    await keep(school, said(lesson, "sum three", session_id="s2"))
    await keep(school, said(other, "sum four"))

    async def erase() -> int:
        return await school.store.write(lambda tx: tx.sessions.erase_transcripts(school.workspace.id, lesson.id))

    assert [3, 0] == [await erase(), await erase()]
    assert ["sum four"] == await search(school, "sum")
    assert [] == await school.store.read(lambda tx: tx.sessions.list_lines(school.workspace.id, lesson.id))


async def test_another_workspace_sees_nothing_of_it(school: School) -> None:
    """The right ids and words in the wrong workspace find, replace and erase nothing."""
    lesson = await school.book(school.ben)
    await hold(school, held(lesson))
    lines = await keep(school, said(lesson, "sum"))
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    assert [] == await school.store.read(lambda tx: tx.sessions.list_for_lesson(stranger, lesson.id))
    assert [] == await school.store.read(lambda tx: tx.sessions.list_lines(stranger, lesson.id))
    assert [] == await search(school, "sum", workspace_id=stranger)
    assert 0 == await school.store.write(lambda tx: tx.sessions.erase_transcripts(stranger, lesson.id))
    await school.store.write(lambda tx: tx.sessions.save_transcript(stranger, lesson.id, "s1", []))
    assert lines == await school.store.read(lambda tx: tx.sessions.list_lines(school.workspace.id, lesson.id))
