"""What has been kept long enough goes, with all that hangs on it; what is open, owed or younger stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.records import (
    CardKind,
    HeldSession,
    Lesson,
    LessonState,
    NoticeKind,
    NoticeState,
    PersonId,
    Produced,
    RoomRef,
    TranscriptLine,
    WorkspaceId,
)
from storage.sqlite import open_store
from storage.store import Kept, Transaction
from tests.records import (
    ENDS_AT,
    NOW,
    make_attendance,
    make_audit_entry,
    make_event,
    make_link,
    make_person,
    make_room,
    make_totals,
)
from tests.storage.contract import MACHINE_NOW, School, changed, make_school
from tests.storage.test_deliveries import make_delivery

DAY = timedelta(days=1)
LATER = ENDS_AT + DAY


async def erase(
    school: School,
    kind: Kept,
    *,
    before: datetime = LATER,
    settled_before: datetime | None = None,
    workspace_id: WorkspaceId | None = None,
    limit: int = 10,
) -> int:
    """As housekeeping does it: list, then erase. The same a second time must find nothing."""
    where = workspace_id or school.workspace.id

    async def once() -> tuple[list[str], int]:
        ids = await school.store.read(
            lambda tx: tx.keeping.list_past(kind, where, before=before, settled_before=settled_before, limit=limit)
        )
        return ids, await school.store.write(
            lambda tx: tx.keeping.erase(kind, where, ids, before=before, settled_before=settled_before)
        )

    ids, count = await once()
    assert len(ids) <= limit
    if len(ids) < limit and count:
        assert ([], 0) == await once()
    return count


def said(lesson: Lesson, text: str = "words") -> TranscriptLine:
    zero = timedelta(0)
    return TranscriptLine(
        workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id="s1", position=0, starts=zero, ends=zero,
        speaker="Ben", text=text,
    )  # fmt: skip


async def past(school: School, **changes: Any) -> Lesson:
    """A lesson that is over, with something of every kind hanging on it."""
    lesson = await school.book(school.ben, state=LessonState.ENDED, **changes)
    ada, ben = await school.seat(lesson, school.ada), await school.seat(lesson, school.ben)
    await school.post(lesson, school.ben)
    await school.owe(lesson, school.ben, about=ben.id, occasion="told", state=NoticeState.SENT)
    session = HeldSession(
        workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id="s1", started_at=lesson.starts_at,
        transcript=Produced.READY, transcript_at=lesson.ends_at, summary="Fractions."
    )  # fmt: skip

    def work(tx: Transaction) -> None:
        tx.lessons.insert_link(make_link(ben))
        tx.attendance.add_events([make_event(lesson)])
        tx.attendance.save(make_totals(lesson), [make_attendance(lesson, ben), make_attendance(lesson, ada)])
        tx.sessions.save([session])
        tx.sessions.save_transcript(lesson.workspace_id, lesson.id, "s1", [said(lesson)])
        tx.audit.add(make_audit_entry(lesson, actor=school.ada.id))

    await school.store.write(work)
    return lesson


async def what_is_left(school: School, lesson: Lesson) -> dict[str, int]:
    def work(tx: Transaction) -> dict[str, int]:
        key = (school.workspace.id, lesson.id)
        return {
            "lessons": sum(one.id == lesson.id for one in tx.lessons.list_between(school.workspace.id)),
            "links": len(tx.lessons.list_links(*key)),
            "events": len(tx.attendance.list_events(*key)),
            "attendance": len(tx.attendance.list_for_lesson(*key)),
            "totals": int(tx.attendance.find_totals(*key) is not None),
            "notices": len(tx.notices.list_for_lesson(*key)),
            "cards": len(tx.cards.list_for_lesson(*key)),
            "sessions": len(tx.sessions.list_for_lesson(*key)),
            "lines": len(tx.sessions.list_lines(*key)),
            "found": len(tx.sessions.search_lines(school.workspace.id, ["words"], leader_id=None, limit=9)),
            "audit": len(tx.audit.list_for_lesson(*key)),
        }

    return await school.store.read(work)


async def test_everything_that_hangs_on_a_lesson_goes_with_it(school: School) -> None:
    """But who did what to it: that has its own time."""
    lesson = await past(school)
    there = await what_is_left(school, lesson)

    assert [] == [name for name, count in there.items() if not count]
    assert 1 == await erase(school, Kept.LESSONS)
    assert {"audit"} == {name for name, count in (await what_is_left(school, lesson)).items() if count}


@pytest.mark.parametrize(
    ("kind", "gone"),
    [
        (Kept.ATTENDANCE, {"attendance"}),
        (Kept.EVENTS, {"events"}),
        (Kept.TRANSCRIPTS, {"lines", "found"}),
        (Kept.AUDIT, {"audit"}),
    ],
)
async def test_a_part_goes_alone(school: School, kind: Kept, gone: set[str]) -> None:
    """The lesson and its other parts stay."""
    lesson = await past(school)

    assert await erase(school, kind)
    assert gone == {name for name, count in (await what_is_left(school, lesson)).items() if not count}


async def test_an_erased_transcript_is_offered_to_nobody(school: School) -> None:
    """The session stays, and says so; the room service's own text is gone too."""
    lesson = await past(school)
    await erase(school, Kept.TRANSCRIPTS)

    (session,) = await school.store.read(lambda tx: tx.sessions.list_for_lesson(school.workspace.id, lesson.id))
    assert (Produced.ERASED, None) == (session.transcript, session.summary)


async def owe_something(school: School, lesson: Lesson) -> None:
    await school.owe(lesson, kind=NoticeKind.COLLECT)


async def want_a_card(school: School, lesson: Lesson) -> None:
    await school.store.write(lambda tx: tx.cards.want(school.workspace.id, lesson.id, kinds=(CardKind.PARTICIPANT,)))


async def open_again(school: School, lesson: Lesson) -> None:
    await school.store.write(lambda tx: tx.lessons.update(changed(lesson, state=LessonState.LIVE)))


OF_LESSONS = [Kept.LESSONS, Kept.ATTENDANCE, Kept.EVENTS, Kept.TRANSCRIPTS]


@pytest.mark.parametrize("kind", OF_LESSONS)
@pytest.mark.parametrize("happen", [owe_something, open_again])
async def test_what_is_open_or_owed_is_not_touched(school: School, kind: Kept, happen: Callable[..., Any]) -> None:
    """Also where it became so between listing and erasing."""
    lesson = await past(school)
    before = await what_is_left(school, lesson)
    await happen(school, lesson)
    erased = await school.store.write(lambda tx: tx.keeping.erase(kind, school.workspace.id, [lesson.id], before=LATER))

    assert [0, 0] == [erased, await erase(school, kind)]
    assert {**before, "notices": (await what_is_left(school, lesson))["notices"]} == await what_is_left(school, lesson)


async def test_a_message_whose_fate_is_unknown_holds_nothing_up(school: School) -> None:
    """Where Slack's history cannot be read, it stays so for ever; the lesson must not."""
    lesson = await past(school)
    await school.owe(lesson, school.ben, occasion="lost", state=NoticeState.BEGUN, begun_at=MACHINE_NOW)

    assert 1 == await erase(school, Kept.LESSONS)


async def test_a_lesson_waits_for_its_cards(school: School) -> None:
    """A message that is to be brought up to date still needs the lesson."""
    lesson = await past(school)
    await want_a_card(school, lesson)

    assert 0 == await erase(school, Kept.LESSONS)
    assert 2 == await erase(school, Kept.ATTENDANCE)
    await school.claim_cards()
    for card in await school.store.read(lambda tx: tx.cards.list_for_lesson(school.workspace.id, lesson.id)):
        assert card.claim_id
        await school.store.write(
            lambda tx, card=card: tx.cards.finish(  # type: ignore[misc]
                card.id, claim_id=card.claim_id, shown=card.revision_wanted, due_at=None
            )
        )
    assert 1 == await erase(school, Kept.LESSONS)


@pytest.mark.parametrize("kind", [*OF_LESSONS, Kept.AUDIT])
async def test_what_is_younger_stays(school: School, kind: Kept) -> None:
    """Until its very end; then it goes, the oldest first, and never more than was asked for."""
    old = await past(school)
    young = await past(school, starts_at=NOW + 2 * DAY)
    moment = NOW if kind is Kept.AUDIT else old.ends_at

    assert 0 == await erase(school, kind, before=moment)
    assert await erase(school, kind, before=moment + timedelta(microseconds=1), limit=1)
    if kind is not Kept.AUDIT:
        there = [await what_is_left(school, lesson) for lesson in (old, young)]
        assert [False, True] == [bool(one["lines" if kind is Kept.TRANSCRIPTS else kind.value]) for one in there]


@pytest.mark.parametrize("kind", Kept)
async def test_another_workspace_loses_nothing(school: School, kind: Kept) -> None:
    """Its ids in our hands erase nothing."""
    lesson = await past(school)
    await school.store.write(lambda tx: tx.people.save(make_person("Eve", workspace_id=school.workspace.id)))
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id
    ids = await school.store.read(
        lambda tx: tx.keeping.list_past(kind, school.workspace.id, before=LATER, settled_before=LATER, limit=99)
    )
    before = await what_is_left(school, lesson)
    erased = await school.store.write(
        lambda tx: tx.keeping.erase(kind, stranger, ids, before=LATER, settled_before=LATER)
    )

    assert 0 == erased
    assert before == await what_is_left(school, lesson)


async def test_what_was_worked_on_is_erased(school: School) -> None:
    """A delivery that nothing was made of yet waits for its turn, however old."""
    worked, waiting, young = (make_delivery(school, name, received_at=NOW) for name in ("1", "2", "3"))
    young = changed(young, received_at=LATER)

    def work(tx: Transaction) -> None:
        for delivery in (worked, waiting, young):
            tx.deliveries.add(delivery)
        tx.deliveries.mark_worked(worked, at=NOW)
        tx.deliveries.mark_worked(young, at=NOW)

    await school.store.write(work)

    assert 1 == await erase(school, Kept.DELIVERIES)
    left = await school.store.read(
        lambda tx: [tx.deliveries.find(school.workspace.id, name, room=school.room.id) for name in ("1", "2", "3")]
    )
    assert [None, waiting] == left[:2]
    assert left[2] is not None


async def test_what_was_done_to_an_open_lesson_is_remembered(school: School) -> None:
    """However long ago it was booked; of lessons that are gone, and of none, it goes."""
    open_one = await school.book(school.ben)
    entries = [make_audit_entry(open_one), make_audit_entry(None, workspace_id=school.workspace.id)]
    entries.append(make_audit_entry(await past(school), "extend"))

    def work(tx: Transaction) -> None:
        for entry in entries:
            tx.audit.add(entry)

    await school.store.write(work)
    await erase(school, Kept.LESSONS)

    assert 3 == await erase(school, Kept.AUDIT)  # with the one that a lesson that is over brings along
    assert entries[:1] == await school.store.read(lambda tx: tx.audit.list_for_lesson(school.workspace.id, open_one.id))


async def test_a_room_goes_with_its_last_lesson(school: School) -> None:
    """With what was reported of it, worked on or not; one that is just being made stays."""
    lesson = await past(school)
    fresh = make_room(
        id=RoomRef("fresh"), workspace_id=school.workspace.id, account_id=school.account_id, created_at=LATER
    )

    def work(tx: Transaction) -> None:
        tx.deliveries.add(make_delivery(school))
        tx.lessons.insert_room(fresh)

    await school.store.write(work)

    assert 0 == await erase(school, Kept.ROOMS)
    assert 1 == await erase(school, Kept.LESSONS)
    assert 1 == await erase(school, Kept.ROOMS)
    assert [] == await school.store.read(lambda tx: tx.deliveries.list_unworked(limit=9))
    later = await school.book(school.ben, room=fresh.id)
    assert later.room == fresh.id
    assert lesson.id != later.id


async def test_nobody_is_erased_whom_something_names(school: School) -> None:
    """Participants, bookers, those who cancelled, corrected, added, were told, or did something; then all of them."""
    workspace_id = school.workspace.id
    names = ("adder", "canceller", "corrector", "told", "actor", "free")
    people = {
        name: await school.store.write(
            lambda tx, name=name: tx.people.save(make_person(name, workspace_id=workspace_id))  # type: ignore[misc]
        )
        for name in names
    }
    lesson = await past(school, cancelled_by=people["canceller"].id)
    seat = await school.seat(lesson, school.ben)
    corrected = make_attendance(lesson, seat, corrected_present=timedelta(0), corrected_by=people["corrector"].id)
    await school.owe(lesson, people["told"], state=NoticeState.SENT)

    def work(tx: Transaction) -> None:
        tx.lessons.update_participant(changed(seat, added_by=people["adder"].id))
        tx.attendance.save(make_totals(lesson), [corrected])
        tx.audit.add(make_audit_entry(lesson, actor=people["actor"].id))

    await school.store.write(work)

    async def list_known() -> set[str]:
        asked = {**people, "Ada": school.ada, "Ben": school.ben, "Cleo": school.cleo}
        found = await school.store.read(
            lambda tx: tx.people.list_by_user_ids(workspace_id, [one.user_id for one in asked.values()])
        )
        return {name for name, person in asked.items() if person.user_id in found}

    await erase_people(school)
    assert {"adder", "canceller", "corrector", "told", "actor", "Ada", "Ben"} == await list_known()
    await erase(school, Kept.LESSONS)
    await erase_people(school)
    assert {"actor", "Ada"} == await list_known()  # what they did is still on record
    await erase(school, Kept.AUDIT)
    await erase_people(school)
    assert set() == await list_known()


async def erase_people(school: School, **changes: Any) -> None:
    """One by one: some are named where listing does not look."""
    values: dict[str, Any] = {"before": LATER, "settled_before": LATER, **changes}
    ids = await school.store.read(lambda tx: tx.keeping.list_past(Kept.PEOPLE, school.workspace.id, limit=99, **values))
    for person_id in ids:
        await school.store.write(
            lambda tx, one=person_id: tx.keeping.erase(  # type: ignore[misc]
                Kept.PEOPLE, school.workspace.id, [one], **values
            )
        )


async def test_whoever_chose_something_may_come_back_to_it(school: School) -> None:
    """Somebody picked and never booked goes early; somebody with preferences when lessons of that time go."""
    person_id: PersonId = school.cleo.id

    def work(tx: Transaction) -> None:
        tx.settings.save(school.workspace.id, "wishes", {"reminders": False}, person_id=person_id)

    await school.store.write(work)
    await erase_people(school, before=NOW + DAY, settled_before=NOW)
    await erase_people(school, before=NOW + DAY, settled_before=None)
    known = await school.store.read(
        lambda tx: tx.people.list_by_user_ids(school.workspace.id, [school.cleo.user_id, school.dan.user_id])
    )
    assert [school.cleo.user_id] == list(known)
    await erase_people(school, before=NOW + DAY, settled_before=NOW + DAY)

    assert await school.store.read(lambda tx: tx.people.find(school.workspace.id, school.cleo.user_id)) is None
    find = await school.store.read(lambda tx: tx.settings.find(school.workspace.id, "wishes", person_id=person_id))
    assert find is None


async def test_nobody_is_erased_who_was_looked_at_lately(school: School) -> None:
    """They may be in a form that is being filled in."""
    await erase_people(school, before=MACHINE_NOW)

    assert await school.store.read(lambda tx: tx.people.find(school.workspace.id, school.dan.user_id)) is not None


async def test_erased_words_are_no_longer_in_the_file(tmp_path: Path) -> None:
    """Neither in what was erased, nor in the index by which it was found, nor in the file's unused parts."""
    path = tmp_path / "x.db"
    async with open_store(path) as store:
        school = await store.write(make_school(store))
        for number in range(20):
            lesson = await past(school)
            word = f"marmalade{number}"
            line = said(lesson, f"{word} and other words")
            await store.write(
                lambda tx, lesson=lesson, line=line: tx.sessions.save_transcript(  # type: ignore[misc]
                    lesson.workspace_id, lesson.id, "s1", [line]
                )
            )
        lesson = await school.book(school.ben)
        await store.write(
            lambda tx: tx.sessions.save_transcript(lesson.workspace_id, lesson.id, "s1", [said(lesson, "porridge")])
        )
        await erase(school, Kept.TRANSCRIPTS, limit=99)
        begins, rounds = True, 0
        while await store.write(lambda tx, begins=begins: tx.keeping.compact_words(begins=begins)):  # type: ignore[misc]
            begins, rounds = False, rounds + 1
            assert rounds < 100
        found = await store.read(
            lambda tx: tx.sessions.search_lines(school.workspace.id, ["porridge"], leader_id=None, limit=9)
        )
        assert 1 == len(found)

    assert b"porridge" in path.read_bytes()
    assert b"marmalade" not in path.read_bytes()
