"""Every derived time, on the two sides of each edge; and wall time through two changes of the clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused, TooEarly, TooLate
from bot.windows import (
    NoSuchWallTime,
    UnknownZone,
    Window,
    find_zone,
    from_wall,
    gives_up_at,
    is_ambiguous,
    last_close,
    leaves_at_close,
    links_at,
    needs_new_link,
    next_half_hour,
    reminds_at,
    soft_expiry,
    to_wall,
    warns_at,
    widest_window,
    window_of,
)
from storage.records import (
    EndRule,
    Lesson,
    LessonId,
    LessonOptions,
    Link,
    LinkId,
    LinkWay,
    Participant,
    ParticipantId,
    PersonId,
    Role,
    RoomRef,
    WorkspaceId,
)

MINUTE = timedelta(minutes=1)
STARTS = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ENDS = STARTS + 60 * MINUTE
BERLIN = "Europe/Berlin"
WORKSPACE = WorkspaceId("w")


def make_lesson(
    *, starts_at: datetime = STARTS, ends_at: datetime = ENDS, options: LessonOptions | None = None
) -> Lesson:
    return Lesson(
        id=LessonId("l"),
        workspace_id=WORKSPACE,
        room=RoomRef("r"),
        title="Algebra",
        starts_at=starts_at,
        ends_at=ends_at,
        wall_start="2026-11-23T16:00",
        zone=BERLIN,
        booked_by=PersonId("ada"),
        booked_at=STARTS,
        options=options or LessonOptions(),
    )


def make_participant(
    role: Role = Role.LEARNER, *, opens_at: datetime | None = None, closes_at: datetime | None = None
) -> Participant:
    return Participant(
        id=ParticipantId("p"),
        workspace_id=WORKSPACE,
        lesson_id=LessonId("l"),
        person_id=PersonId("ben"),
        role=role,
        position=0,
        opens_at=opens_at,
        closes_at=closes_at,
    )


def make_link(lesson: Lesson, participant: Participant, way: LinkWay = LinkWay.DIRECT) -> Link:
    window = window_of(lesson, participant)
    return Link(
        id=LinkId("k"),
        workspace_id=WORKSPACE,
        lesson_id=lesson.id,
        participant_id=participant.id,
        number=1,
        way=way,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        made_at=STARTS,
    )


def ending(rule: EndRule) -> Lesson:
    return make_lesson(options=LessonOptions(end_rule=rule))


def moved(lesson: Lesson, *, start: timedelta = timedelta(0), end: timedelta = timedelta(0)) -> Lesson:
    return replace(lesson, starts_at=lesson.starts_at + start, ends_at=lesson.ends_at + end)


# windows


@pytest.mark.parametrize("rule, minutes_late", [(EndRule.ASK, 30), (EndRule.OPEN, 30), (EndRule.EVERYONE_LEAVES, 0)])
def test_the_default_window_is_ten_minutes_early_and_three_extensions_late(rule: EndRule, minutes_late: int) -> None:
    """It opens ten minutes before the start and closes thirty after the end, at the end where everyone leaves."""
    window = window_of(ending(rule), make_participant())

    assert Window(opens_at=STARTS - 10 * MINUTE, closes_at=ENDS + minutes_late * MINUTE) == window


@pytest.mark.parametrize("rule", EndRule)
def test_ones_own_window_wins_over_the_roles(rule: EndRule) -> None:
    """Each end that the leader set for one person counts; the end that was not set keeps the default."""
    early = make_participant(opens_at=STARTS - 30 * MINUTE)
    short = make_participant(closes_at=ENDS - 20 * MINUTE)
    default = window_of(ending(rule), make_participant())

    assert Window(opens_at=STARTS - 30 * MINUTE, closes_at=default.closes_at) == window_of(ending(rule), early)
    assert Window(opens_at=default.opens_at, closes_at=ENDS - 20 * MINUTE) == window_of(ending(rule), short)


def test_a_window_is_half_open() -> None:
    """The instant it opens is inside, the instant it closes is outside."""
    window = Window(opens_at=STARTS, closes_at=ENDS)
    tick = timedelta(microseconds=1)

    window.check(STARTS)
    window.check(ENDS - tick)
    with pytest.raises(TooEarly) as early:
        window.check(STARTS - tick)
    with pytest.raises(TooLate) as late:
        window.check(ENDS)

    assert (early.value.opens_at, late.value.closed_at) == (STARTS, ENDS)


def test_the_widest_window_is_everybody_s_together() -> None:
    """From the first who may come in to the last who may; whoever was removed widens nothing."""
    early = make_participant(opens_at=STARTS - 40 * MINUTE)
    late = make_participant(closes_at=ENDS + 45 * MINUTE)
    gone = make_participant(opens_at=STARTS - 90 * MINUTE, closes_at=ENDS + 90 * MINUTE)
    removed = replace(gone, removed_at=STARTS)
    default = widest_window(make_lesson(), [])

    assert window_of(make_lesson(), make_participant()) == default == widest_window(make_lesson(), [make_participant()])
    assert Window(opens_at=STARTS - 40 * MINUTE, closes_at=ENDS + 45 * MINUTE) == widest_window(
        make_lesson(), [early, late, removed]
    )


def test_the_last_close_is_the_latest_of_those_who_still_take_part() -> None:
    """Somebody's longer window keeps the lesson's door, a removed participant's does not."""
    late = make_participant(closes_at=ENDS + 45 * MINUTE)
    removed = replace(make_participant(closes_at=ENDS + 90 * MINUTE), removed_at=STARTS)
    lesson = make_lesson()

    assert last_close(lesson, [make_participant(), late, removed]) == ENDS + 45 * MINUTE
    assert gives_up_at(lesson, [make_participant(), late, removed]) == ENDS + 60 * MINUTE


def test_with_nobody_left_the_default_window_closes_the_lesson() -> None:
    """A lesson whose last participant was removed still has an instant after which it is over."""
    assert last_close(make_lesson(), []) == ENDS + 30 * MINUTE


# warnings, reminders, links


@pytest.mark.parametrize(
    "length, before_end",
    [
        # minutes of lesson, minutes before the end at which leaders are asked
        (60, 5),
        (10, 5),
        (6, 3),
        (1, 0.5),
    ],
)
def test_leaders_are_asked_shortly_before_the_end_never_before_the_middle(length: int, before_end: float) -> None:
    """Five minutes before the end, unless the lesson is so short that this would be in its first half."""
    lesson = make_lesson(ends_at=STARTS + length * MINUTE)

    assert lesson.ends_at - before_end * MINUTE == warns_at(lesson)


def test_nobody_is_asked_where_the_booker_switched_it_off() -> None:
    """No warning, and no prompt in the room either."""
    lesson = make_lesson(options=LessonOptions(warns=False))

    assert warns_at(lesson) is None
    assert soft_expiry(lesson, make_participant(Role.LEADER)) is None


def test_an_extension_moves_the_question_along() -> None:
    """Ten minutes more at the end are ten minutes more until leaders are asked again."""
    lesson = make_lesson()

    assert warns_at(moved(lesson, end=10 * MINUTE)) == ENDS + 5 * MINUTE


@pytest.mark.parametrize(
    "now, expected",
    [
        (STARTS - timedelta(hours=25), STARTS - timedelta(hours=24)),
        (STARTS - timedelta(hours=24), STARTS - timedelta(hours=24)),
        (STARTS - timedelta(hours=23), STARTS - timedelta(hours=23)),
        (STARTS + 5 * MINUTE, STARTS + 5 * MINUTE),
    ],
)
def test_links_are_made_a_day_ahead_or_at_once(now: datetime, expected: datetime) -> None:
    """A link may live a week at most, so it is made late; but never in the past."""
    assert expected == links_at(make_lesson(), now)


def test_the_reminder_comes_before_the_start() -> None:
    """Ten minutes by default, whatever the lesson was booked with otherwise."""
    assert reminds_at(make_lesson()) == STARTS - 10 * MINUTE
    assert reminds_at(make_lesson(options=LessonOptions(remind_before=3 * MINUTE))) == STARTS - 3 * MINUTE


@pytest.mark.parametrize(
    "rule, who_leaves, is_leader_asked",
    [
        # the end rule, the roles put out at the close, whether the room asks leaders
        (EndRule.ASK, {Role.LEARNER, Role.OBSERVER}, True),
        (EndRule.OPEN, set(), True),
        (EndRule.EVERYONE_LEAVES, set(Role), False),
    ],
)
def test_the_three_ends(rule: EndRule, who_leaves: set[Role], is_leader_asked: bool) -> None:
    """Who is put out and who is asked follows the rule of the lesson's end; only leaders are ever asked."""
    lesson = ending(rule)
    put_out = {role for role in Role if leaves_at_close(lesson, make_participant(role))}
    asked = {role for role in Role if soft_expiry(lesson, make_participant(role))}

    assert who_leaves == put_out
    assert ({Role.LEADER} if is_leader_asked else set()) == asked


# new links


@pytest.mark.parametrize(
    "rule, start, end, is_needed",
    [
        # the end rule, minutes the start moved, minutes the end moved, a new link?
        (EndRule.ASK, 0, 0, False),
        (EndRule.ASK, 0, 10, False),
        (EndRule.ASK, 0, 30, False),
        (EndRule.ASK, 0, 40, True),
        (EndRule.OPEN, 0, 40, True),
        (EndRule.ASK, 20, 20, True),
        (EndRule.ASK, -20, -20, True),
        (EndRule.EVERYONE_LEAVES, 0, 0, False),
        (EndRule.EVERYONE_LEAVES, 0, 10, True),
        (EndRule.EVERYONE_LEAVES, 0, -10, True),
    ],
)
def test_a_direct_link_is_replaced_when_its_own_window_no_longer_fits(
    rule: EndRule, start: int, end: int, is_needed: bool
) -> None:
    """An extension inside the link's window needs none; a move, an end past the close, a hard end moved need one."""
    lesson = ending(rule)
    link = make_link(lesson, make_participant())
    changed = moved(lesson, start=start * MINUTE, end=end * MINUTE)

    assert is_needed == needs_new_link(changed, link, make_participant())


@pytest.mark.parametrize("way", [LinkWay.PAGE, LinkWay.PRESS])
def test_where_we_keep_the_door_the_same_join_goes_on_working(way: LinkWay) -> None:
    """A link of our own is judged by the lesson as it is now, so nobody gets another one."""
    lesson = ending(EndRule.EVERYONE_LEAVES)
    link = make_link(lesson, make_participant(), way)

    assert not needs_new_link(moved(lesson, start=timedelta(days=1), end=timedelta(days=1)), link, make_participant())


@pytest.mark.parametrize("rule", EndRule)
def test_somebody_who_is_to_go_early_needs_no_new_link_for_that(rule: EndRule) -> None:
    """A link that closes before the lesson ends because its owner's window does is as it should be."""
    short = make_participant(closes_at=ENDS - 20 * MINUTE)
    lesson = ending(rule)

    assert not needs_new_link(moved(lesson, end=10 * MINUTE), make_link(lesson, short), short)


# wall time


@pytest.mark.parametrize(
    "wall, instant",
    [
        # clocks in Berlin: summer until 25 October 2026, 03:00, and from 28 March 2027, 02:00
        ("2026-10-24T16:00", datetime(2026, 10, 24, 14, 0, tzinfo=UTC)),
        ("2026-10-25T16:00", datetime(2026, 10, 25, 15, 0, tzinfo=UTC)),
        ("2027-03-27T16:00", datetime(2027, 3, 27, 15, 0, tzinfo=UTC)),
        ("2027-03-28T16:00", datetime(2027, 3, 28, 14, 0, tzinfo=UTC)),
    ],
)
def test_a_wall_time_keeps_its_hour_through_the_changes_of_the_clocks(wall: str, instant: datetime) -> None:
    """Four in the afternoon is four in the afternoon, however many hours lie between booking and lesson."""
    assert instant == from_wall(datetime.fromisoformat(wall), BERLIN)
    assert wall == to_wall(instant, BERLIN)


@pytest.mark.parametrize("minute", [0, 30, 59])
def test_an_hour_left_out_in_spring_is_refused(minute: int) -> None:
    """No clock in Berlin shows half past two that night: the error says which time, and where."""
    wall = datetime(2027, 3, 28, 2, minute)  # noqa: DTZ001

    with pytest.raises(NoSuchWallTime) as refusal:
        from_wall(wall, BERLIN)

    assert (wall, BERLIN) == (refusal.value.wall, refusal.value.zone)
    assert not is_ambiguous(wall, BERLIN)


def test_an_hour_that_comes_twice_in_autumn_means_the_first_and_says_so() -> None:
    """The first pass counts, the second can be asked for, and the caller can find out that there are two."""
    wall = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001

    assert datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == from_wall(wall, BERLIN)
    assert datetime(2026, 10, 25, 1, 30, tzinfo=UTC) == from_wall(wall.replace(fold=1), BERLIN)
    assert is_ambiguous(wall, BERLIN)
    assert not is_ambiguous(wall + timedelta(hours=1), BERLIN)


@given(
    instant=st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2030, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ).map(lambda at: at.replace(microsecond=0)),
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_wall_time_and_back_is_the_same_instant(instant: datetime, zone: str) -> None:
    """Whatever clocks show at an instant leads back to it, save for the second pass of an hour that comes twice."""
    wall = datetime.fromisoformat(to_wall(instant, zone))
    back = {from_wall(wall, zone), from_wall(wall.replace(fold=1), zone)}

    assert instant in back
    assert is_ambiguous(wall, zone) == (len(back) == 2)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "America", "/etc/passwd", "../UTC"])
def test_an_unknown_zone_is_refused_by_name(name: str) -> None:
    """Whatever is not a zone is one and the same error, in the tree of errors that people are told about."""
    with pytest.raises(UnknownZone) as refusal:
        find_zone(name)

    assert name == refusal.value.name
    assert isinstance(refusal.value, Refused)


def test_a_known_zone_is_found() -> None:
    """An IANA name gives its zone."""
    assert ZoneInfo(BERLIN) == find_zone(BERLIN)


@pytest.mark.parametrize(
    "zone, hour, minute, second, expected",
    [
        # the reader's zone; now, in UTC; the proposal, in UTC
        ("UTC", 15, 0, 0, "15:30"),
        ("UTC", 15, 29, 59, "15:30"),
        ("UTC", 15, 30, 0, "16:00"),
        (BERLIN, 15, 31, 0, "16:00"),
        ("Asia/Kathmandu", 15, 0, 0, "15:15"),  # five hours and three quarters ahead
    ],
)
def test_the_next_half_hour_is_one_on_the_readers_own_clock(
    zone: str, hour: int, minute: int, second: int, expected: str
) -> None:
    """The form proposes a round time after now, round where the tutor is."""
    proposed = next_half_hour(datetime(2026, 11, 23, hour, minute, second, 7, tzinfo=UTC), zone)

    assert datetime.fromisoformat(f"2026-11-23T{expected}+00:00") == proposed
