"""Lessons, rooms, participants: stored whole, and found again by those who may see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from storage.errors import NotStored, StorageError
from storage.records import (
    CardKind,
    EndRule,
    LessonId,
    LessonOptions,
    LessonState,
    NoticeKind,
    NoticeState,
    Participant,
    PersonId,
    Role,
    RoomRef,
)
from tests.records import (
    NOW,
    STARTS_AT,
    make_attendance,
    make_lesson,
    make_link,
    make_participant,
    make_person,
    make_room,
    make_totals,
)
from tests.storage.contract import School, changed, make_school

HOUR = timedelta(hours=1)
OPTIONS = LessonOptions(
    records=True,
    transcribes=True,
    end_rule=EndRule.EVERYONE_LEAVES,
    warns=False,
    join_early=timedelta(minutes=1),
    join_late=timedelta(0),
    warn_before=timedelta(seconds=90),
    remind_before=timedelta(minutes=3),
    extension=timedelta(minutes=4, microseconds=5),
    link_lead=timedelta(hours=25),
    language="de",
    features={"chat": False, "invite": True},
)


async def test_a_lesson_comes_back_as_it_was_booked(school: School) -> None:
    """Every field and every option survives."""
    full: dict[str, Any] = {
        "options": OPTIONS,
        "channel_id": "C1",
        "note": "Bring “the blue book”",
        "submission_key": "V1",
        "series_id": "S1",
        "original_wall_start": "2026-11-23T16:00",
        "external_key": "K1",
        "is_recorded": True,
        "is_transcribed": False,
        "is_running_over": True,
        "is_let_end": True,
        "live_at": STARTS_AT,
        "ended_at": STARTS_AT + HOUR,
        "cancelled_at": NOW,
        "cancelled_by": school.ada.id,
        "revision": 4,
        "extension_count": 2,
    }
    lesson = await school.book(school.ben, **full)

    assert lesson == await school.store.read(lambda tx: tx.lessons.get(school.workspace.id, lesson.id))
    assert lesson == school.store.glance(lambda tx: tx.lessons.get(school.workspace.id, lesson.id))


async def test_a_changed_lesson_replaces_the_stored_one(school: School) -> None:
    """Every field is written; one that is not stored is refused."""
    lesson = await school.book(school.ben)
    moved = changed(lesson, title="Geometry", state=LessonState.LIVE, options=OPTIONS, revision=2, note="new")
    await school.store.write(lambda tx: tx.lessons.update(moved))

    assert moved == await school.store.read(lambda tx: tx.lessons.get(school.workspace.id, lesson.id))
    with pytest.raises(NotStored, match="no lesson"):
        await school.store.write(lambda tx: tx.lessons.update(changed(lesson, id=LessonId("other"))))


async def test_a_lesson_s_standing_tells_of_each_change(school: School) -> None:
    """Its revision and state as they are stored now; of a lesson that is not there, nothing."""
    lesson = await school.book(school.ben)

    async def ask(lesson_id: LessonId) -> tuple[int, LessonState]:
        return await school.store.read(lambda tx: tx.lessons.get_standing(lesson.workspace_id, lesson_id))

    assert lesson.standing == await ask(lesson.id)
    moved = changed(lesson, revision=lesson.revision + 1, state=LessonState.LIVE)
    await school.store.write(lambda tx: tx.lessons.update(moved))
    assert (lesson.revision + 1, LessonState.LIVE) == await ask(lesson.id)
    with pytest.raises(NotStored):
        await ask(LessonId("none"))


async def test_another_workspace_sees_no_lesson(school: School) -> None:
    """The right id in the wrong workspace is not stored, and cannot be written."""
    lesson = await school.book(school.ben, submission_key="V1")
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    for work in (
        lambda tx: tx.lessons.get(stranger, lesson.id),
        lambda tx: tx.lessons.get_details(stranger, lesson.id),
        lambda tx: tx.lessons.update(changed(lesson, workspace_id=stranger)),
    ):
        with pytest.raises(NotStored):
            await school.store.write(work)
    assert await school.store.read(lambda tx: tx.lessons.find_by_submission(stranger, "V1")) is None
    assert await school.store.read(lambda tx: tx.lessons.list_between(stranger)) == []


async def test_a_form_books_once(school: School) -> None:
    """The lesson of a form is found by it, and the store itself refuses a second."""
    lesson = await school.book(school.ben, submission_key="V1")

    found = await school.store.read(lambda tx: tx.lessons.find_by_submission(school.workspace.id, "V1"))
    assert lesson == found
    assert await school.store.read(lambda tx: tx.lessons.find_by_submission(school.workspace.id, "V2")) is None
    with pytest.raises(StorageError):
        await school.book(school.ben, submission_key="V1")


async def test_a_lesson_needs_its_room(school: School) -> None:
    """A lesson in no room is refused, and none of it is kept."""
    with pytest.raises(StorageError):
        await school.book(school.ben, room=RoomRef("nowhere"))

    assert await school.store.read(lambda tx: tx.lessons.list_between(school.workspace.id)) == []


async def test_details_hold_everybody_and_everything(school: School) -> None:
    """Lesson, room, service and booker; seats with person, link that counts, card and presence; strangers; totals."""
    lesson = await school.book(school.ben)
    ben = changed(await school.seat(lesson, school.ben), link_number=2, failure="why", provider_user_id="1001")
    old, new = make_link(ben, number=1), make_link(ben, number=2)
    present, stranger = make_attendance(lesson, ben), make_attendance(lesson, who="guest:1")
    totals = make_totals(lesson)

    def work(tx):  # type: ignore[no-untyped-def]
        tx.lessons.update_participant(ben)
        tx.lessons.insert_link(old)
        tx.lessons.insert_link(new)
        tx.attendance.save(totals, [present, stranger])

    await school.store.write(work)
    card = await school.post(lesson, school.ben)
    await school.post(lesson, school.ben, CardKind.REMINDER)
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))

    assert (lesson, school.room, "lessonspace", school.ada) == (
        details.lesson,
        details.room,
        details.service,
        details.booked_by,
    )
    ada_seat, ben_seat = details.seats
    assert (school.ada, None, None, None) == (ada_seat.person, ada_seat.link, ada_seat.card, ada_seat.attendance)
    assert (ben, school.ben, new, card, present) == (
        ben_seat.participant,
        ben_seat.person,
        ben_seat.link,
        ben_seat.card,
        ben_seat.attendance,
    )
    assert ((stranger,), totals) == (details.unknown, details.totals)


async def test_seats_are_leaders_first_without_the_removed(school: School) -> None:
    """Then as in the form."""
    lesson = await school.book(school.ben, school.cleo)
    co_leader = make_participant(lesson, school.dan, Role.LEADER, position=9)
    await school.store.write(
        lambda tx: tx.lessons.insert(
            make_lesson(workspace_id=school.workspace.id, room=school.room.id, booked_by=school.ada.id), [co_leader]
        )
    )
    ben = await school.seat(lesson, school.ben)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(ben, removed_at=NOW)))
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))

    assert [seat.person.name for seat in details.seats] == ["Ada", "Dan", "Cleo"]


@pytest.mark.parametrize(
    ("notices", "expected"),
    # kind, occasion, state, attempts, minutes after booking · the state of the way in
    [
        ([], None),
        ([("join_link", "1", "sent", 1, 0)], "sent"),
        ([("join_link", "1", "sent", 1, 0), ("join_link", "2", "waiting", 0, 9)], "waiting"),
        ([("invitation", "1", "sent", 1, 0), ("join_link", "1", "waiting", 0, 0)], "sent"),
        ([("invitation", "1", "sent", 1, 0), ("join_link", "1", "failed", 3, 0)], "failed"),
        ([("invitation", "1", "sent", 1, 0), ("join_link", "1", "waiting", 2, 0)], "waiting"),
        ([("invitation", "1", "sent", 1, 0), ("join_link", "2", "waiting", 0, 9)], "waiting"),
        ([("invitation", "1", "failed", 1, 0)], "failed"),
    ],
)
async def test_a_seat_tells_how_its_way_in_fares(
    school: School, notices: list[tuple[str, str, str, int, int]], expected: str | None
) -> None:
    """The latest join link; before its turn in a lesson far ahead, the invitation."""
    lesson = await school.book(school.ben)
    seat = await school.seat(lesson, school.ben)
    for kind, occasion, state, attempts, minutes in notices:
        await school.owe(
            lesson,
            school.ben,
            about=seat.id,
            kind=NoticeKind(kind),
            occasion=occasion,
            state=NoticeState(state),
            attempts=attempts,
            created_at=NOW + timedelta(minutes=minutes),
        )
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))

    assert expected == details.others[0].invited


async def test_lessons_are_listed_by_start(school: School) -> None:
    """Between two moments, ends open, cancelled ones included; touching is not within."""
    first = await school.book(school.ben)
    third = await school.book(school.cleo, starts_at=STARTS_AT + 2 * HOUR)
    second = await school.book(school.ben, starts_at=STARTS_AT + HOUR, state=LessonState.CANCELLED)

    async def listed(**choice: object) -> list[LessonId]:
        return [
            one.id
            for one in await school.store.read(
                lambda tx: tx.lessons.list_between(school.workspace.id, **choice)  # type: ignore[arg-type]
            )
        ]

    assert [first.id, second.id, third.id] == await listed()
    assert [second.id, third.id] == await listed(ends_after=STARTS_AT + HOUR)
    assert [first.id] == await listed(starts_before=STARTS_AT + HOUR)
    assert [first.id, second.id] == await listed(limit=2)
    assert [first.id, second.id] == await listed(person_id=school.ben.id)
    assert [first.id, second.id, third.id] == await listed(person_id=school.ada.id)
    assert await listed(person_id=school.dan.id) == []


async def test_the_removed_and_the_booker(school: School) -> None:
    """A lesson is not a removed person's any more; it is its booker's though they have no place in it."""
    lesson = await school.book(school.ben, booked_by=school.dan.id)
    ben = await school.seat(lesson, school.ben)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(ben, removed_at=NOW)))

    for person, expected in ((school.ben, []), (school.dan, [lesson])):
        assert expected == await school.store.read(
            lambda tx, person=person: tx.lessons.list_between(school.workspace.id, person_id=person.id)  # type: ignore[misc]
        )


@pytest.mark.parametrize(
    ("shift", "state", "expected"),
    # hours from the lesson's start to the hour asked about · its state · whether they overlap
    [
        (-1.0, LessonState.BOOKED, False),
        (-0.5, LessonState.BOOKED, True),
        (0.0, LessonState.LIVE, True),
        (0.5, LessonState.BOOKED, True),
        (1.0, LessonState.BOOKED, False),
        (0.0, LessonState.CANCELLED, False),
        (0.0, LessonState.ENDED, False),
    ],
)
async def test_overlaps_are_found(school: School, shift: float, state: LessonState, expected: bool) -> None:
    """Windows are half-open; what is over or called off overlaps nothing."""
    lesson = await school.book(school.ben, state=state)
    starts_at = STARTS_AT + shift * HOUR
    found = await school.store.read(
        lambda tx: tx.lessons.list_overlapping(
            school.workspace.id, [school.ben.id, school.cleo.id], starts_at=starts_at, ends_at=starts_at + HOUR
        )
    )

    assert ([(lesson, school.ben.id)] if expected else []) == found


async def test_a_lesson_does_not_overlap_itself(school: School) -> None:
    """`without` leaves it out; a removed person's place does not count."""
    lesson, other = await school.book(school.ben, school.cleo), await school.book(school.ben)
    cleo = await school.seat(lesson, school.cleo)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(cleo, removed_at=NOW)))
    found = await school.store.read(
        lambda tx: tx.lessons.list_overlapping(
            school.workspace.id,
            {school.ben.id, school.cleo.id},
            starts_at=STARTS_AT,
            ends_at=STARTS_AT + HOUR,
            without=other.id,
        )
    )

    assert [(lesson.id, school.ben.id)] == [(one.id, person) for one, person in found]


async def test_rooms_are_stored_and_changed(school: School) -> None:
    """What the provider said later is written; one that is not stored is refused."""
    lesson = await school.book(school.ben)
    room = changed(
        school.room,
        room_id="space-1",
        secret_sealed=b"sealed",
        webhook_digest="digest",
        webhook_key_sealed=b"sealed",
        region="eu",
    )
    await school.store.write(lambda tx: tx.lessons.update_room(room))

    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    assert room == details.room
    with pytest.raises(NotStored, match="no room"):
        await school.store.write(lambda tx: tx.lessons.update_room(changed(room, id=RoomRef("other"))))


async def test_a_rooms_webhooks_keep_their_first_key(school: School) -> None:
    """Two launches at once send the same address, and nothing else of the room changes."""
    ours = (school.workspace.id, school.room.id)

    first = await school.store.write(lambda tx: tx.lessons.keep_webhook_key(*ours, digest="one", key_sealed=b"1"))
    second = await school.store.write(lambda tx: tx.lessons.keep_webhook_key(*ours, digest="two", key_sealed=b"2"))

    assert changed(school.room, webhook_digest="one", webhook_key_sealed=b"1") == first == second
    assert first == school.store.glance(lambda tx: tx.lessons.get_room(*ours))
    with pytest.raises(NotStored, match="no room"):
        await school.store.read(lambda tx: tx.lessons.get_room(school.workspace.id, RoomRef("other")))


async def test_the_lessons_of_a_room_are_listed(school: School) -> None:
    """By start, cancelled ones left out."""
    late = await school.book(school.ben, starts_at=STARTS_AT + HOUR)
    early = await school.book(school.cleo)
    await school.book(school.ben, state=LessonState.CANCELLED)

    assert [early, late] == await school.store.read(
        lambda tx: tx.lessons.list_in_room(school.workspace.id, school.room.id)
    )


async def test_whom_a_booker_reached_is_counted(school: School) -> None:
    """Different people since then, the booker not; a cancelled lesson's people had their message too."""
    await school.book(school.ben, school.cleo, booked_at=NOW)
    await school.book(school.cleo, booked_at=NOW + HOUR, state=LessonState.CANCELLED)
    await school.book(school.dan, booked_at=NOW - HOUR)
    await school.book(school.dan, booked_by=school.ben.id, booked_at=NOW)

    async def reached(since: timedelta) -> int:
        return await school.store.read(
            lambda tx: tx.lessons.count_reached_by(school.workspace.id, school.ada.id, since=NOW + since)
        )

    assert [await reached(since) for since in (0 * HOUR, HOUR, -HOUR, 2 * HOUR)] == [2, 1, 3, 0]


async def test_who_has_met_a_leader_is_known(school: School) -> None:
    """In a lesson led by one of them that was not cancelled; not by having sat beside each other."""
    await school.book(school.ben, school.cleo)
    await school.book(school.dan, state=LessonState.CANCELLED)
    await school.book(school.dan, leader=school.cleo)
    everybody = [person.id for person in (school.ada, school.ben, school.cleo, school.dan)]

    async def met(*leaders: PersonId) -> set[PersonId]:
        return await school.store.read(lambda tx: tx.lessons.list_met_before(school.workspace.id, leaders, everybody))

    assert {school.ben.id, school.cleo.id} == await met(school.ada.id)
    assert {school.ben.id, school.cleo.id, school.dan.id} == await met(school.ada.id, school.cleo.id)
    assert await met(school.ben.id) == set()


async def test_the_shared_room_is_that_of_exactly_these_people(school: School) -> None:
    """Of their latest lesson that was not cancelled, at this account; fewer or more people share none."""
    other_room = make_room(id=RoomRef("other"), workspace_id=school.workspace.id, account_id=school.account_id)
    await school.store.write(lambda tx: tx.lessons.insert_room(other_room))
    await school.book(school.ben, room=other_room.id)
    latest = await school.book(school.ben, title="Latest", starts_at=STARTS_AT + HOUR)
    await school.book(school.ben, room=other_room.id, starts_at=STARTS_AT + 2 * HOUR, state=LessonState.CANCELLED)
    await school.book(school.ben, school.cleo, room=other_room.id, starts_at=STARTS_AT + 3 * HOUR)

    async def shared(*people: PersonId) -> object:
        return await school.store.read(
            lambda tx: tx.lessons.find_shared_room(school.workspace.id, school.account_id, people)
        )

    found = await school.store.read(
        lambda tx: tx.lessons.find_shared_room(
            school.workspace.id, school.account_id, [school.ben.id, school.ada.id, school.ben.id]
        )
    )
    assert found is not None
    assert (school.room, "Latest", latest.starts_at) == (found.room, found.last_title, found.last_starts_at)
    only = await school.store.read(
        lambda tx: [
            tx.lessons.find_shared_room(
                school.workspace.id, school.account_id, [school.ben.id, school.ada.id], room=room
            )
            for room in (other_room.id, RoomRef("unknown"))
        ]
    )
    assert [other_room, None] == [one.room if one else None for one in only]
    assert [
        await shared(school.ben.id),
        await shared(school.ada.id, school.cleo.id),
        await shared(school.ada.id, school.dan.id),
    ] == [None, None, None]
    elsewhere = await school.store.write(
        lambda tx: tx.workspaces.ensure_account(school.workspace.id, "loop", external_id=None, now=NOW)
    )
    assert (
        await school.store.read(
            lambda tx: tx.lessons.find_shared_room(school.workspace.id, elsewhere, [school.ben.id, school.ada.id])
        )
        is None
    )


async def test_a_participant_is_changed_whole(school: School) -> None:
    """Every field; one that is not stored is refused."""
    lesson = await school.book(school.ben)
    ben = changed(await school.seat(lesson, school.ben), opens_at=NOW, closes_at=NOW + HOUR, is_new_to_leader=True)
    await school.store.write(lambda tx: tx.lessons.update_participant(ben))

    assert ben == await school.seat(lesson, school.ben)
    stranger: Participant = make_participant(lesson, make_person())
    with pytest.raises(NotStored, match="no participant"):
        await school.store.write(lambda tx: tx.lessons.update_participant(stranger))
