"""Who was there: stints from events, the lesson's bounds, verdicts and totals; and what holds whatever is reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.attendance import SessionFacts, Stint, compute_attendance, duration, merge, overlap
from storage.records import (
    Attendance,
    AttendanceEvent,
    Lesson,
    LessonId,
    LessonTotals,
    Participant,
    ParticipantId,
    PersonId,
    Role,
    RoomRef,
    Verdict,
    WorkspaceId,
)

MINUTE = timedelta(minutes=1)
STARTS = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ENDS = STARTS + 60 * MINUTE
WORKSPACE, LESSON_ID = WorkspaceId("w"), LessonId("l")
LESSON = Lesson(
    id=LESSON_ID,
    workspace_id=WORKSPACE,
    room=RoomRef("r"),
    title="Algebra",
    starts_at=STARTS,
    ends_at=ENDS,
    wall_start="2026-11-23T16:00",
    zone="Europe/Berlin",
    booked_by=PersonId("ada"),
    booked_at=STARTS,
    ended_at=ENDS,
)


def at(minute: float) -> datetime:
    """So many minutes after the start."""
    return STARTS + minute * MINUTE


def make_participant(name: str, who: str | None, role: Role = Role.LEARNER) -> Participant:
    return Participant(
        id=ParticipantId(name),
        workspace_id=WORKSPACE,
        lesson_id=LESSON_ID,
        person_id=PersonId(name),
        role=role,
        position=0,
        provider_user_id=who,
    )


ADA, BEN = make_participant("ada", "1", Role.LEADER), make_participant("ben", "2")


def make_event(
    who: str, kind: str, minute: float, *, session: str = "s", connection: str | None = None, name: str = ""
) -> AttendanceEvent:
    """`connection`: one for each person when left out."""
    connection = connection or f"c{who}"
    return AttendanceEvent(
        id=f"{session}-{connection}-{kind}-{minute}",
        workspace_id=WORKSPACE,
        lesson_id=LESSON_ID,
        source="sessions",
        source_id=f"{session}-{connection}-{kind}-{minute}",
        session_id=session,
        kind=kind,
        who=who,
        connection=connection,
        shown_name=name,
        at=at(minute),
    )


def stay(who: str, joined: float, left: float, **more: Any) -> list[AttendanceEvent]:
    return [make_event(who, "joined", joined, **more), make_event(who, "left", left, **more)]


def make_session(start: float = -20, end: float | None = 70, *, named: str = "s", **more: Any) -> SessionFacts:
    ended_at = None if end is None else at(end)
    return SessionFacts(session_id=named, started_at=at(start), ended_at=ended_at, **more)


def compute(
    events: Iterable[AttendanceEvent],
    *,
    participants: Sequence[Participant] = (ADA, BEN),
    sessions: Sequence[SessionFacts] | None = None,
    lesson: Lesson = LESSON,
    is_known: bool = True,
    **more: Any,
) -> tuple[LessonTotals, dict[str, Attendance]]:
    """The totals, and each person's attendance by participant's id, or by `who` for those without a place."""
    totals, people = compute_attendance(
        lesson=lesson,
        participants=participants,
        events=events,
        sessions=[make_session()] if sessions is None else sessions,
        is_known=is_known,
        **{"read_at": at(75), **more},
    )
    return totals, {one.participant_id or one.who: one for one in people}


# one person


def test_somebody_who_came_early_and_stayed_too_long_was_there_for_the_lesson() -> None:
    """When they joined and left is told as it was; the minutes are the lesson's."""
    _, people = compute(stay("2", -8, 64))
    expected = Attendance(
        workspace_id=WORKSPACE,
        lesson_id=LESSON_ID,
        participant_id=BEN.id,
        who="2",
        shown_name="",
        verdict=Verdict.PRESENT,
        joined_at=at(-8),
        left_at=at(64),
        present=60 * MINUTE,
    )

    assert expected == people["ben"]


@pytest.mark.parametrize(
    "events, minutes",
    [
        # what was reported of one person, minutes present
        ([*stay("2", 0, 20), *stay("2", 30, 50)], 40),
        ([*stay("2", 0, 20, connection="tab"), *stay("2", 10, 50, connection="phone")], 50),
        ([*stay("2", 0, 20), *stay("2", 10, 50, session="t")], 50),
        ([*stay("2", 0, 50), make_event("2", "idled", 20)], 50),
        ([*stay("2", 0, 50), make_event("2", "other", 55)], 50),
        ([*stay("2", 0, 50), make_event("2", "joined", 0), make_event("2", "left", 55)], 50),
        ([*stay("2", 0, 20), *stay("2", 20, 50)], 50),
        ([make_event("2", "joined", 15)], 45),
        ([make_event("2", "idled", 15), make_event("2", "left", 35)], 20),
        ([make_event("2", "left", 35)], 0),
        (stay("2", 35, 35), 0),
        ([*stay("2", 0, 5, connection="a"), make_event("2", "joined", 10, connection="b")], 55),
    ],
)
def test_stints_are_paired_by_connection_and_merged_by_person(events: list[AttendanceEvent], minutes: int) -> None:
    """Two tabs count once, idling is being there, a stint without an end lasts until its session's."""
    _, people = compute(events, sessions=[make_session(), make_session(named="t")])

    assert people["ben"].verdict is Verdict.PRESENT
    assert minutes * MINUTE == people["ben"].present


def test_somebody_still_there_when_the_service_was_read_has_not_left() -> None:
    """In a running session a stint lasts until it was read; no end is made up, for the person or the lesson."""
    session = make_session(end=None)
    totals, people = compute([make_event("2", "joined", 10)], sessions=[session], read_at=at(50))

    assert people["ben"].left_at is None
    assert people["ben"].present == 40 * MINUTE
    assert totals.really_ended_at is None


def test_somebody_who_closed_one_of_two_tabs_as_the_service_was_read_is_still_there() -> None:
    """The tab left at that very instant does not hide the one that is open."""
    events = [*stay("2", 0, 50, connection="tab"), make_event("2", "joined", 10, connection="phone")]
    _, people = compute(events, sessions=[make_session(end=None)], read_at=at(50))

    assert people["ben"].left_at is None


def test_somebody_who_stays_on_into_the_next_lesson_has_left_this_one() -> None:
    """At the neighbour's start they are its own, though their session still runs."""
    events, session = [make_event("2", "joined", 0)], make_session(end=None)
    totals, people = compute(events, sessions=[session], ceiling_at=at(60), read_at=at(90))

    assert at(60) == people["ben"].left_at == totals.really_ended_at


@pytest.mark.parametrize("joined, minutes", [(10, 35), (50, 0)])
def test_a_stint_without_an_end_lasts_until_its_session_ended(joined: float, minutes: int) -> None:
    """Not until the service was read; and a join after that end is an instant, not time turned round."""
    _, people = compute([make_event("2", "joined", joined)], sessions=[make_session(end=45)])

    assert (Verdict.PRESENT, minutes * MINUTE) == (people["ben"].verdict, people["ben"].present)
    assert people["ben"].left_at == at(max(joined, 45))


def test_leaving_is_told_once() -> None:
    """A second report of leaving, later, does not move the first."""
    _, people = compute([*stay("2", 0, 50), make_event("2", "left", 55)])

    assert people["ben"].left_at == at(50)


def test_of_a_session_that_nothing_is_known_of_the_last_thing_heard_is_the_end() -> None:
    """Events of a session that the service did not list still count, as far as they go."""
    _, people = compute([make_event("2", "joined", 10), *stay("1", 0, 30)], sessions=[])

    assert people["ben"].present == 20 * MINUTE


@pytest.mark.parametrize(
    "joined, late_by",
    [(-5, None), (5, None), (5.5, 5.5 * MINUTE), (20, 20 * MINUTE)],
)
def test_late_is_more_than_five_minutes_after_the_start(joined: float, late_by: timedelta | None) -> None:
    """Five minutes are no matter; beyond, all of it is told."""
    _, people = compute(stay("2", joined, 60))

    assert late_by == people["ben"].late_by


def test_how_late_is_late_is_handed_in() -> None:
    """A workspace may be stricter."""
    _, people = compute(stay("2", 2, 60), late_after=MINUTE)

    assert people["ben"].late_by == 2 * MINUTE


def test_who_looked_in_before_the_start_and_came_back_later_is_late() -> None:
    """What counts is when they joined the lesson, not that they once saw the room."""
    _, people = compute([*stay("2", -8, -5), *stay("2", 12, 60)])

    assert (at(12), 12 * MINUTE) == (people["ben"].joined_at, people["ben"].late_by)


@pytest.mark.parametrize("events", [[], stay("2", -8, -5), stay("2", 61, 65), stay("2", -8, 0), stay("2", 60, 60)])
def test_who_was_never_there_during_the_lesson_is_absent(events: list[AttendanceEvent]) -> None:
    """Not seen, or gone before it began, or come after it was over: absent, without times or minutes."""
    _, people = compute(events, read_at=at(60))
    ben = people["ben"]

    assert (Verdict.ABSENT, "ben", timedelta(0)) == (ben.verdict, ben.who, ben.present)
    assert (ben.joined_at, ben.left_at, ben.late_by) == (None, None, None)


def test_where_the_service_did_not_answer_nobody_is_called_absent() -> None:
    """Not seen is unknown then; who was seen all the same is present."""
    totals, people = compute(stay("1", 0, 60), is_known=False, sessions=[])

    assert [people["ada"].verdict, people["ben"].verdict] == [Verdict.PRESENT, Verdict.UNKNOWN]
    assert not totals.is_known
    assert totals.billable is None


# who they are


def test_somebody_without_a_place_is_uninvited_under_the_name_they_showed() -> None:
    """They come after the participants, never matched by name, never late, and they count for no totals."""
    guest = stay("guest:9", 20, 40, name="Ben")
    totals, people = compute([*guest, *stay("1", 0, 30)])

    assert list(people) == ["ada", "ben", "guest:9"]
    assert people["ben"].verdict is Verdict.ABSENT
    assert (
        people["guest:9"].shown_name,
        people["guest:9"].verdict,
        people["guest:9"].late_by,
    ) == ("Ben", Verdict.UNINVITED, None)
    assert people["guest:9"].present == 20 * MINUTE
    assert totals.together == timedelta(0)
    assert at(30) == totals.really_ended_at


def test_uninvited_people_are_listed_as_they_came_and_only_if_they_came() -> None:
    """By the time they joined; somebody seen only after the lesson is nobody's business here."""
    events = [*stay("guest:7", 30, 40), *stay("guest:8", 10, 40), *stay("guest:9", 61, 64)]
    _, people = compute(events, participants=[])

    assert list(people) == ["guest:8", "guest:7"]


def test_people_are_shown_by_our_name_for_them_else_by_the_services_latest() -> None:
    """A name handed in wins; without one, what the room last showed."""
    events = [make_event("2", "joined", 0, name="ben@home"), make_event("2", "left", 60, name="Benny")]

    assert compute(events)[1]["ben"].shown_name == "Benny"
    assert compute(events, names={BEN.id: "Ben"})[1]["ben"].shown_name == "Ben"


def test_a_removed_participant_is_listed_only_if_they_came() -> None:
    """And then under their own name, not as somebody unknown."""
    removed = replace(BEN, removed_at=at(-5))

    assert list(compute([], participants=[ADA, removed])[1]) == ["ada"]
    assert compute(stay("2", 0, 60), participants=[ADA, removed])[1]["ben"].verdict is Verdict.PRESENT


def test_somebody_who_never_got_a_link_is_absent() -> None:
    """Without the provider's id there is nothing to match, and an event without one matches nobody."""
    _, people = compute(stay("", 0, 60), participants=[make_participant("cleo", None)])

    assert people["cleo"].verdict is Verdict.ABSENT


# the lesson


def test_together_is_when_a_leader_and_somebody_else_are_there() -> None:
    """Two leaders alone are not together, nor two learners; being there twice counts once."""
    co_leader = make_participant("dora", "4", Role.LEADER)
    observer = make_participant("finn", "5", Role.OBSERVER)
    events = [*stay("1", -5, 20), *stay("4", 15, 30), *stay("2", 10, 18), *stay("5", 16, 25), *stay("2", 40, 70)]
    totals, _ = compute(events, participants=[ADA, co_leader, BEN, observer])

    assert totals.together == 15 * MINUTE
    assert (at(-5), at(70)) == (totals.really_started_at, totals.really_ended_at)


def test_a_lesson_that_ran_over_counts_until_it_ended() -> None:
    """Minutes past the planned end count up to when the lesson ended for us, or was read when it has not ended yet."""
    over = replace(LESSON, ended_at=at(75))
    running = replace(LESSON, ended_at=None)
    events, session = stay("2", 0, 80), make_session(end=90)

    assert compute(events, lesson=over, sessions=[session])[1]["ben"].present == 75 * MINUTE
    assert compute(events, lesson=running, sessions=[session], read_at=at(78))[1]["ben"].present == 78 * MINUTE


def test_a_lesson_ended_early_still_counts_up_to_its_planned_end() -> None:
    """Who stays on after *End now* is in the room that was booked for them."""
    assert compute(stay("2", 0, 60), lesson=replace(LESSON, ended_at=at(40)))[1]["ben"].present == 60 * MINUTE


def test_lessons_that_share_a_room_do_not_count_each_others_minutes() -> None:
    """One long stint over three lessons is cut where the neighbours end and begin, and it is not lateness."""
    lesson = replace(LESSON, ended_at=at(75))
    totals, people = compute(stay("2", -55, 125), lesson=lesson, floor_at=at(0), ceiling_at=at(65))
    ben = people["ben"]

    assert (at(0), at(65), 65 * MINUTE, None) == (ben.joined_at, ben.left_at, ben.present, ben.late_by)
    assert (at(0), at(65)) == (totals.really_started_at, totals.really_ended_at)


def test_who_was_only_in_the_neighbours_lesson_is_absent_from_this_one() -> None:
    """Leaving at the very end of the lesson before is not being there."""
    _, people = compute([*stay("2", -55, 0), *stay("guest:9", 65, 90)], floor_at=at(0), ceiling_at=at(60))

    assert people["ben"].verdict is Verdict.ABSENT
    assert "guest:9" not in people


def test_the_services_own_figures_are_summed_over_the_lessons_sessions() -> None:
    """Sessions before the lesson are left out, those without a figure add none, and no figure at all is None."""
    sessions = [
        make_session(-30, -20, named="solo", billable=5 * MINUTE, has_recording=True),
        make_session(-5, 20, named="a", billable=25 * MINUTE),
        make_session(25, 70, named="b"),
        make_session(30, None, named="c", billable=10 * MINUTE),
    ]
    totals, _ = compute([], sessions=sessions)

    assert (totals.billable, totals.session_count, totals.has_recording) == (35 * MINUTE, 3, False)
    assert compute([], sessions=[make_session()])[0].billable is None
    assert compute([], sessions=[make_session(has_recording=True)])[0].has_recording


def test_nobody_came() -> None:
    """Then the lesson never really began; that it was read is kept."""
    totals, people = compute([], sessions=[])

    assert [one.verdict for one in people.values()] == [Verdict.ABSENT, Verdict.ABSENT]
    assert (totals.really_started_at, totals.really_ended_at) == (None, None)
    assert at(75) == totals.read_at


# whatever is reported

KINDS = st.sampled_from(["joined", "left", "idled", "other"])
EVENTS = st.lists(
    st.builds(
        make_event,
        st.sampled_from(["1", "2", "guest:9"]),
        KINDS,
        st.integers(-20, 80),
        session=st.sampled_from(["s", "t", "unlisted"]),
        connection=st.sampled_from(["x", "y"]),
        name=st.sampled_from(["", "A", "B"]),
    ),
    max_size=14,
)
SESSIONS = [make_session(-20, 40), make_session(35, None, named="t")]
STINTS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda one: Stint(at(one[0]), at(one[0] + one[1]))),
    max_size=8,
)


@given(events=EVENTS)
def test_nobody_is_present_longer_than_the_lesson_or_than_they_stayed(events: list[AttendanceEvent]) -> None:
    """Minutes never exceed the lesson's, nor the time between joining and leaving; absent means no minutes."""
    _, people = compute(events, sessions=SESSIONS)

    for one in people.values():
        assert timedelta(0) <= one.present <= 75 * MINUTE
        if one.joined_at:
            assert one.present <= (one.left_at or at(75)) - one.joined_at
        else:
            assert one.verdict is Verdict.ABSENT
            assert one.present == timedelta(0)


@given(events=EVENTS, data=st.data())
def test_the_order_of_events_and_hearing_them_twice_mean_nothing(
    events: list[AttendanceEvent], data: st.DataObject
) -> None:
    """Shuffled and partly repeated, the same comes out."""
    shuffled = data.draw(st.permutations([*events, *events[::2]]))

    assert compute(events, sessions=SESSIONS) == compute(shuffled, sessions=SESSIONS)


@given(events=EVENTS)
def test_nobody_is_together_longer_than_each_was_there(events: list[AttendanceEvent]) -> None:
    """With one leader and one learner, their time together is at most either's own."""
    totals, people = compute(events, sessions=SESSIONS)

    assert totals.together <= min(people["ada"].present, people["ben"].present)


@given(stints=STINTS)
def test_merging_never_counts_a_minute_twice_and_loses_none(stints: list[Stint]) -> None:
    """Minute by minute, what the stints cover is what the merged ones cover, and those neither overlap nor touch."""
    minutes = {
        minute
        for minute in range(80)
        if any(stint.start <= at(minute) and at(minute + 1) <= stint.end for stint in stints)
    }
    merged = merge(stints)

    assert len(minutes) * MINUTE == duration(merged)
    assert all(before.end < after.start for before, after in pairwise(merged))


@given(stints=STINTS, others=STINTS)
def test_an_overlap_is_the_same_from_both_sides(stints: list[Stint], others: list[Stint]) -> None:
    """It lasts as long either way, and never longer than each."""
    one, other = merge(stints), merge(others)

    assert duration(overlap(one, other)) == duration(overlap(other, one))
    assert duration(overlap(one, other)) <= min(duration(one), duration(other))
