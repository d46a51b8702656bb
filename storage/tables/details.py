"""A lesson and everybody in it, put together from a fixed number of queries however many take part."""

from __future__ import annotations

from storage.columns import Columns
from storage.errors import NotStored
from storage.queries import load_queries
from storage.records import (
    Attendance,
    Card,
    HeldSession,
    Lesson,
    LessonDetails,
    LessonId,
    LessonState,
    LessonTotals,
    Link,
    NoticeKind,
    NoticeState,
    Participant,
    Person,
    Room,
    Seat,
    WorkspaceId,
)
from storage.tables.table import Row, Table

LESSON = Columns(Lesson, "options")
ROOM = Columns(Room)
PERSON = Columns(Person)
PARTICIPANT = Columns(Participant)
LINK = Columns(Link)
CARD = Columns(Card)
ATTENDANCE = Columns(Attendance)
TOTALS = Columns(LessonTotals)
SESSION = Columns(HeldSession)
SQL = load_queries(
    "details",
    lesson=LESSON,
    room=ROOM,
    person=PERSON,
    participant=PARTICIPANT,
    link=LINK,
    card=CARD,
    attendance=ATTENDANCE,
    totals=TOTALS,
    session=SESSION,
)


class DetailsTable(Table):
    """`get_details` of `storage.store.Lessons`."""

    def _get_details(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonDetails:
        key = {"workspace_id": workspace_id, "lesson_id": lesson_id}
        row = self._one(SQL["lesson"], **key)
        if row is None:
            raise NotStored("lesson", lesson_id)
        attendance = [ATTENDANCE.from_row(row) for row in self._all(SQL["attendance"], **key)]
        totals = self._one(SQL["totals"], **key)
        channel = self._one(SQL["channel_failure"], **key)
        lesson = LESSON.from_row(row)
        # Only what is over has sessions worth reading: the sender reads details of the others all the time.
        sessions = self._all(SQL["sessions"], **key) if lesson.state is LessonState.ENDED else []
        return LessonDetails(
            lesson=lesson,
            room=ROOM.from_row(row, LESSON.width),
            booked_by=PERSON.from_row(row, LESSON.width + ROOM.width),
            service=row[-1],
            seats=self._seats(key, attendance, SQL["seats"]),
            unknown=tuple(one for one in attendance if one.participant_id is None),
            totals=TOTALS.from_row(totals) if totals else None,
            removed=self._seats(key, attendance, SQL["removed"]),
            channel_failure=channel[0] if channel else None,
            sessions=tuple(SESSION.from_row(one) for one in sessions),
        )

    def _seats(self, key: dict[str, str], attendance: list[Attendance], query: str) -> tuple[Seat, ...]:
        rows = self._all(query, **key)
        if not rows:
            return ()
        participants = [PARTICIPANT.from_row(row) for row in rows]
        cards = _latest_cards(self._all(SQL["cards"], **key), participants)
        presences = {one.participant_id: one for one in attendance if one.participant_id is not None}
        ways_in = _group(self._all(SQL["ways_in"], **key), participants)
        seats = []
        for row, participant in zip(rows, participants, strict=True):
            link_starts = PARTICIPANT.width + PERSON.width
            seats.append(
                Seat(
                    participant=participant,
                    person=PERSON.from_row(row, PARTICIPANT.width),
                    link=LINK.from_row(row, link_starts) if row[link_starts] is not None else None,
                    card=cards.get(participant.id),
                    attendance=presences.get(participant.id),
                    invited=_invited(ways_in.get(participant.id, [])),
                )
            )
        return tuple(seats)


def _latest_cards(rows: list[Row], participants: list[Participant]) -> dict[str, Card]:
    """Each participant's latest card. One brought for an earlier place of the same person is not theirs now."""
    by_person = {participant.person_id: participant.id for participant in participants}
    latest: dict[str, Card] = {}
    for row in rows:
        card = CARD.from_row(row)
        about = row[CARD.width] or (by_person.get(card.person_id) if card.person_id else None)
        if about is not None:
            latest[about] = card
    return latest


def _group(ways_in: list[Row], participants: list[Participant]) -> dict[str, list[Row]]:
    """What brings each participant their way in, by participant; looked up, since a class has many of both."""
    by_person = {participant.person_id: participant.id for participant in participants}
    grouped: dict[str, list[Row]] = {}
    for row in ways_in:
        about, person_id = row[:2]
        grouped.setdefault(about or by_person.get(person_id, ""), []).append(row)
    return grouped


def _invited(ways_in: list[Row]) -> NoticeState | None:
    """The state of whatever brings a participant their latest way in.

    Of a lesson booked long before, that is the invitation until the turn of the join link owed with it comes.
    """
    invitation = link = None
    for _, _, kind, state, attempts, created_at in ways_in:
        if kind == NoticeKind.JOIN_LINK:
            link = (state, attempts, created_at)
        else:
            invitation = (state, attempts, created_at)
    if link is None or invitation is None:
        chosen = link or invitation
    else:
        has_waited_since_booking = link[:2] == (NoticeState.WAITING, 0) and link[2] <= invitation[2]
        chosen = invitation if has_waited_since_booking else link
    return NoticeState(chosen[0]) if chosen else None
