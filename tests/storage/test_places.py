"""People who come and go while a lesson is booked: who has a place, who had one, and whose card and link is whose."""

from __future__ import annotations

from datetime import timedelta

from storage.records import CardKind, Lesson, LinkId, NoticeKind, NoticeState, Participant, Person
from tests.records import NOW, make_card, make_link, make_notice, make_participant
from tests.storage.contract import School, changed

HOUR = timedelta(hours=1)


async def add(school: School, lesson: Lesson, person: Person, **changes: object) -> Participant:
    """A further place."""
    place = make_participant(lesson, person, **changes)  # type: ignore[arg-type]
    await school.store.write(lambda tx: tx.lessons.add_participants([place]))
    return place


async def remove(school: School, lesson: Lesson, person: Person, *, hours: int = 0) -> Participant:
    """Taken out; the place as it is then."""
    place = changed(await school.seat(lesson, person), removed_at=NOW + hours * HOUR)
    await school.store.write(lambda tx: tx.lessons.update_participant(place))
    return place


async def test_a_place_added_later_comes_back_whole(school: School) -> None:
    """With who added it and when; the lesson's other places stay."""
    lesson = await school.book(school.ben)
    place = await add(school, lesson, school.cleo, position=2, added_by=school.ada.id, added_at=NOW)

    found = await school.store.read(lambda tx: tx.lessons.find_participant(school.workspace.id, place.id))
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    assert place == found
    assert ["Ada", "Ben", "Cleo"] == [seat.person.name for seat in details.seats]


async def test_who_was_taken_out_is_known_until_they_are_back(school: School) -> None:
    """Once each, with the last place they had; `seats` never holds them; a removed place is found by its id."""
    lesson = await school.book(school.ben)
    first = await remove(school, lesson, school.ben)
    await add(school, lesson, school.ben)
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    assert (details.find_removed(school.ben.id), len(details.seats)) == (None, 2)

    second = await remove(school, lesson, school.ben, hours=1)
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    assert [second] == [seat.participant for seat in details.removed]
    assert details.find_seat(school.ben.id) is None
    assert first == await school.store.read(lambda tx: tx.lessons.find_participant(school.workspace.id, first.id))


async def test_a_card_belongs_to_the_place_it_was_brought_for(school: School) -> None:
    """Somebody taken out and added again has no card yet, though an old one of theirs is there."""
    lesson = await school.book(school.ben)
    ben = await school.seat(lesson, school.ben)
    notice = make_notice(lesson, school.ben, kind=NoticeKind.INVITATION, about=ben.id, state=NoticeState.SENT)
    card = make_card(notice, CardKind.PARTICIPANT)
    await school.store.write(lambda tx: (tx.notices.insert([notice]), tx.cards.insert(card)))

    await remove(school, lesson, school.ben)
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    removed = details.find_removed(school.ben.id)
    assert removed is not None
    assert card == removed.card

    await add(school, lesson, school.ben)
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    seat = details.find_seat(school.ben.id)
    assert seat is not None
    assert seat.card is None


async def test_whom_somebody_added_counts_as_reached_by_them(school: School) -> None:
    """And not by who booked the lesson; each person once, oneself never, and only since the moment asked for."""
    lesson = await school.book(school.ben)
    for person in (school.cleo, school.dan):
        await add(school, lesson, person, added_by=school.dan.id, added_at=NOW)

    async def count(by: Person, hours: int = 0) -> int:
        since = NOW + hours * HOUR
        return await school.store.read(lambda tx: tx.lessons.count_reached_by(school.workspace.id, by.id, since=since))

    assert [await count(school.dan), await count(school.dan, hours=1), await count(school.ada)] == [1, 0, 1]


async def test_links_of_several_devices_stand_side_by_side(school: School) -> None:
    """Same number, each device once; a seat carries that of the first device, a new number has none of them."""
    lesson = await school.book(school.ben)
    ben = await school.seat(lesson, school.ben)
    first, second = make_link(ben), make_link(ben, device=2)
    for link in (second, first):
        await school.store.write(lambda tx, link=link: tx.lessons.insert_link(link))  # type: ignore[misc]
    again = changed(second, id=LinkId("other"))

    assert second == await school.store.write(lambda tx: tx.lessons.insert_link(again))
    found = await school.store.read(lambda tx: tx.lessons.find_link(school.workspace.id, ben.id, 1, device=2))
    assert second == found
    assert [first, second] == await school.store.read(lambda tx: tx.lessons.list_links(school.workspace.id, lesson.id))
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    assert [None, first] == [seat.link for seat in details.seats]
    assert 2 == await school.store.write(lambda tx: tx.lessons.erase_secrets(school.workspace.id, lesson.id))
