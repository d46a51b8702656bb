"""What is wrong with a form, field by field, on the two sides of each limit; and what a sound one comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.drafts import BookingDraft, Problem, ProblemCode, build_options, check_draft, effective_start, read_length
from bot.ids import Field
from storage.records import Channel, EndRule, LessonOptions, Person, PersonId, PersonKind, RoomRef, WorkspaceId

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 23, 15, 3, 27, 5, tzinfo=UTC)
WORKSPACE = WorkspaceId("w")


def make_person(user_id: str, name: str, kind: PersonKind = PersonKind.MEMBER) -> Person:
    return Person(id=PersonId(user_id.lower()), workspace_id=WORKSPACE, user_id=user_id, name=name, kind=kind)


ADA, BEN, CLEO = make_person("U1", "Ada"), make_person("U2", "Ben"), make_person("W3", "Cleo", PersonKind.GUEST)
CHANNEL = Channel(workspace_id=WORKSPACE, channel_id="C1", name="lessons", is_member=True, checked_at=NOW)
SOUND = BookingDraft(
    title="Algebra",
    leader_ids=("U1",),
    participant_ids=("U2", "W3"),
    starts_at=NOW + timedelta(hours=1),
    channel_id="C1",
)


def check(
    draft: BookingDraft,
    *,
    people: Mapping[str, Person] | None = None,
    channel: Channel | None = CHANNEL,
    max_participants: int | None = None,
    longest_window: timedelta | None = timedelta(days=7),
    launches_ahead: bool = True,
    defaults: LessonOptions | None = None,
) -> list[Problem]:
    return check_draft(
        draft,
        people={one.user_id: one for one in (ADA, BEN, CLEO)} if people is None else people,
        channel=channel,
        service_name="Lessonspace",
        max_participants=max_participants,
        longest_window=longest_window,
        launches_ahead=launches_ahead,
        defaults=defaults or LessonOptions(),
        now=NOW,
    )


def found(problems: list[Problem]) -> list[tuple[Field, ProblemCode]]:
    return [(problem.where, problem.code) for problem in problems]


def test_a_sound_draft_has_no_problems() -> None:
    """An ordinary lesson with a channel goes through."""
    assert check(SOUND) == []


def test_an_empty_form_names_every_field_that_is_missing_in_the_forms_order() -> None:
    """All is told at once, each on its own field, so that nobody sends a form four times."""
    expected = [
        (Field.TITLE, ProblemCode.MISSING),
        (Field.LEADERS, ProblemCode.NO_LEADER),
        (Field.PARTICIPANTS, ProblemCode.NOBODY_TO_TEACH),
        (Field.STARTS_AT, ProblemCode.MISSING),
        (Field.LENGTH, ProblemCode.LENGTH_NOT_MINUTES),
    ]

    assert expected == found(check(BookingDraft(length_text="")))


@pytest.mark.parametrize(
    "title, expected",
    [
        ("x", []),
        ("x" * 80, []),
        (" " + "x" * 80 + " ", []),
        ("x" * 81, [Problem(where=Field.TITLE, code=ProblemCode.TITLE_TOO_LONG, facts={"count": 81, "limit": 80})]),
        ("   ", [Problem(where=Field.TITLE, code=ProblemCode.MISSING)]),
    ],
)
def test_a_title_has_one_to_eighty_characters(title: str, expected: list[Problem]) -> None:
    """Blanks around it do not count; what is too long is said with its count."""
    assert expected == check(replace(SOUND, title=title))


def test_a_note_has_at_most_two_thousand_characters() -> None:
    """The limit itself is allowed."""
    too_long = Problem(where=Field.NOTE, code=ProblemCode.NOTE_TOO_LONG, facts={"count": 2001, "limit": 2000})

    assert check(replace(SOUND, note="x" * 2000)) == []
    assert [too_long] == check(replace(SOUND, note="x" * 2001))


# people


@pytest.mark.parametrize(
    "person, code",
    [
        (replace(BEN, kind=PersonKind.BOT), ProblemCode.IS_BOT),
        (replace(BEN, kind=PersonKind.APP), ProblemCode.IS_APP),
        (replace(BEN, is_deactivated=True), ProblemCode.IS_DEACTIVATED),
        (replace(BEN, is_deactivated=True, unreachable="user_disabled"), ProblemCode.IS_DEACTIVATED),
        (replace(BEN, kind=PersonKind.STRANGER), ProblemCode.IS_UNREACHABLE),
        (replace(BEN, kind=PersonKind.INVITED), ProblemCode.IS_UNREACHABLE),
        (replace(BEN, unreachable="messages_tab_disabled"), ProblemCode.IS_UNREACHABLE),
    ],
)
@pytest.mark.parametrize("where", [Field.LEADERS, Field.PARTICIPANTS])
def test_somebody_who_cannot_take_part_is_named_on_the_field_where_they_were_picked(
    person: Person, code: ProblemCode, where: Field
) -> None:
    """As leader or as participant: one problem, with the name, giving the reason that explains most."""
    people = {one.user_id: one for one in (ADA, person, CLEO)}
    leaders, others = (("U2",), ("U1", "W3")) if where is Field.LEADERS else (("U1",), ("U2", "W3"))
    draft = replace(SOUND, leader_ids=leaders, participant_ids=others)

    assert [Problem(where=where, code=code, names=("Ben",))] == check(draft, people=people)


@pytest.mark.parametrize("kind", [PersonKind.MEMBER, PersonKind.GUEST, PersonKind.SINGLE_CHANNEL_GUEST])
def test_members_and_guests_can_be_taught(kind: PersonKind) -> None:
    """So can people of another organisation in a shared channel."""
    people = {"U1": ADA, "U2": replace(BEN, kind=kind), "W3": replace(CLEO, kind=PersonKind.EXTERNAL)}

    assert check(SOUND, people=people) == []


def test_two_of_a_kind_are_named_together_in_the_order_picked() -> None:
    """One sentence for two bots, not two."""
    people = {"U1": ADA, "U2": replace(BEN, kind=PersonKind.BOT), "W3": replace(CLEO, kind=PersonKind.BOT)}
    problem = Problem(where=Field.PARTICIPANTS, code=ProblemCode.IS_BOT, names=("Cleo", "Ben"))

    assert [problem] == check(replace(SOUND, participant_ids=("W3", "U2", "W3")), people=people)


def test_people_not_looked_up_yet_are_not_refused() -> None:
    """Slack being slow is no reason to refuse a form: they are checked before their launch."""
    assert check(SOUND, people={}) == []
    assert check(SOUND, people={"U2": replace(BEN, kind=PersonKind.UNKNOWN)}) == []


def test_nobody_is_leader_and_participant_at_once() -> None:
    """They are named where it is easily mended; somebody not known yet is named by id."""
    draft = replace(SOUND, leader_ids=("U1", "U9"), participant_ids=("U9", "U2", "U1", "U9"))
    problem = Problem(where=Field.PARTICIPANTS, code=ProblemCode.LEADER_AND_PARTICIPANT, names=("U9", "Ada"))

    assert [problem] == check(draft)


@pytest.mark.parametrize(
    "others, max_participants, expected",
    [
        # participants beside one leader, the service's limit, what is told: code and limit
        (99, None, []),
        (100, None, [(ProblemCode.TOO_MANY_PEOPLE, 100)]),
        (100, 500, [(ProblemCode.TOO_MANY_PEOPLE, 100)]),
        (100, 100, [(ProblemCode.TOO_MANY_PEOPLE, 100)]),
        (9, 10, []),
        (10, 10, [(ProblemCode.TOO_MANY_FOR_SERVICE, 10)]),
        (120, 10, [(ProblemCode.TOO_MANY_FOR_SERVICE, 10)]),
    ],
)
def test_too_many_people_are_refused_with_the_limit_that_counts(
    others: int, max_participants: int | None, expected: list[tuple[ProblemCode, int]]
) -> None:
    """A hundred people in all, or what the room service takes where that is less."""
    draft = replace(SOUND, participant_ids=tuple(f"U{100 + number}" for number in range(others)))
    problems = check(draft, max_participants=max_participants)

    assert expected == [(problem.code, problem.facts["limit"]) for problem in problems]
    assert all(problem.facts["count"] == others + 1 for problem in problems)


# times


@pytest.mark.parametrize(
    "starts_at, expected",
    [
        (NOW - 15 * MINUTE, []),
        (NOW - 15 * MINUTE - timedelta(seconds=1), [ProblemCode.START_PAST]),
        (NOW + timedelta(days=730), []),
        (NOW + timedelta(days=733), [ProblemCode.START_TOO_FAR]),
    ],
)
def test_a_start_is_at_most_a_quarter_of_an_hour_ago_and_two_years_ahead(
    starts_at: datetime, expected: list[ProblemCode]
) -> None:
    """Somebody who took long over the form is not sent back; a slip of the year is."""
    assert [(Field.STARTS_AT, code) for code in expected] == found(check(replace(SOUND, starts_at=starts_at)))


@pytest.mark.parametrize("ago", [timedelta(0), MINUTE, 15 * MINUTE])
def test_a_start_a_little_ago_means_now(ago: timedelta) -> None:
    """The lesson starts when it was booked, to the second, not before anybody could have come."""
    assert effective_start(replace(SOUND, starts_at=NOW - ago), NOW) == NOW.replace(microsecond=0)


@pytest.mark.parametrize("starts_at", [NOW + MINUTE, NOW - 16 * MINUTE])
def test_every_other_start_is_taken_as_it_is(starts_at: datetime) -> None:
    """Neither a start ahead nor one too long ago is bent to now."""
    assert starts_at == effective_start(replace(SOUND, starts_at=starts_at), NOW)


def test_a_draft_without_a_start_has_no_effective_one() -> None:
    """No time is made up in place of a missing one."""
    with pytest.raises(ValueError, match="start"):
        effective_start(BookingDraft(), NOW)


@pytest.mark.parametrize("text, minutes", [("1", 1), (" 45 ", 45), ("720", 720), ("060", 60), ("٤٥", 45)])
def test_a_length_is_a_whole_number_of_minutes(text: str, minutes: int) -> None:
    """From one minute to twelve hours, in whatever digits the keyboard has."""
    assert minutes * MINUTE == read_length(text)
    assert check(replace(SOUND, length_text=text)) == []


@pytest.mark.parametrize("text", ["", " ", "0", "721", "-5", "+5", "4.5", "1h", "sixty", "²", "6 0", "9" * 5000])
def test_anything_else_is_no_length(text: str) -> None:
    """It is refused on its own field, whatever it is, and nothing breaks over it."""
    assert read_length(text) is None
    assert found(check(replace(SOUND, length_text=text))) == [(Field.LENGTH, ProblemCode.LENGTH_NOT_MINUTES)]


@pytest.mark.parametrize("text, is_sound", [("", True), ("0", True), ("720", True), ("721", False), ("-1", False)])
def test_minutes_to_join_early_and_late_are_whole_and_within_half_a_day(text: str, is_sound: bool) -> None:
    """Nothing typed means the default; each field is refused for itself, with its limits."""
    facts: dict[str, str | int] = {"lowest": 0, "highest": 720}
    problems = [
        Problem(where=where, code=ProblemCode.MINUTES_NOT_WHOLE, facts=facts)
        for where in (Field.JOIN_EARLY, Field.JOIN_LATE)
    ]

    assert ([] if is_sound else problems) == check(replace(SOUND, join_early_text=text, join_late_text=text))


@pytest.mark.parametrize(
    "hours_ahead, length, lead_days, expected",
    [
        # hours until the start, minutes of lesson, days before the start at which links are made, the field refused
        (24 * 30, "720", 1, None),
        (1, "720", 7, None),
        (24 * 6, "720", 7, None),
        (24 * 8, "60", 7, Field.STARTS_AT),
        (24 * 7 - 1, "30", 7, None),
        (24 * 7 - 1, "31", 7, Field.LENGTH),
    ],
)
def test_a_link_must_live_from_its_making_to_its_close(
    hours_ahead: int, length: str, lead_days: int, expected: Field | None
) -> None:
    """A window longer than the service's links live is refused: on the start where that alone is too far."""
    starts_at = NOW + timedelta(hours=hours_ahead)
    problems = check(
        replace(SOUND, starts_at=starts_at, length_text=length),
        defaults=LessonOptions(link_lead=timedelta(days=lead_days)),
    )

    assert ([(expected, ProblemCode.CLOSES_TOO_LATE)] if expected else []) == found(problems)
    assert all(problem.facts == {"days": 7} for problem in problems)


@pytest.mark.parametrize(
    "length, longest_hours, launches_ahead, expected",
    [
        # the door is open for the length, 10 minutes before and 30 after
        ("140", 3, False, None),
        ("150", 3, False, Field.LENGTH),
        ("140", 3, True, Field.STARTS_AT),  # its link is made a day before
    ],
)
def test_where_a_door_of_ours_stands_before_it_a_way_in_lives_from_the_opening(
    length: str, longest_hours: int, launches_ahead: bool, expected: Field | None
) -> None:
    """However long before that our own link was sent."""
    problems = check(
        replace(SOUND, starts_at=NOW + timedelta(hours=50), length_text=length),
        longest_window=timedelta(hours=longest_hours),
        launches_ahead=launches_ahead,
    )

    assert ([(expected, ProblemCode.CLOSES_TOO_LATE)] if expected else []) == found(problems)


def test_a_service_whose_links_live_for_ever_limits_no_window() -> None:
    """None is no limit, not a limit of nothing."""
    draft = replace(SOUND, starts_at=NOW + timedelta(days=300))

    assert check(draft, longest_window=None, defaults=LessonOptions(link_lead=timedelta(days=200))) == []


# the channel


@pytest.mark.parametrize(
    "channel, expected",
    [
        (replace(CHANNEL, is_member=False), ProblemCode.NOT_IN_CHANNEL),
        (replace(CHANNEL, is_archived=True), ProblemCode.CHANNEL_ARCHIVED),
        (replace(CHANNEL, is_archived=True, is_member=False), ProblemCode.CHANNEL_ARCHIVED),
    ],
)
def test_a_channel_that_nothing_can_be_posted_in_is_refused_by_name(channel: Channel, expected: ProblemCode) -> None:
    """An archived one first: inviting the bot there would not help."""
    assert [Problem(where=Field.CHANNEL, code=expected, names=("lessons",))] == check(SOUND, channel=channel)


def test_no_channel_is_no_problem() -> None:
    """Nor is one not looked at in time, nor one that was taken out again; guests in it are only warned of."""
    assert check(SOUND, channel=None) == []
    assert check(replace(SOUND, channel_id=None), channel=replace(CHANNEL, is_member=False)) == []
    assert check(SOUND, channel=replace(CHANNEL, has_guests=True, is_external=True)) == []


# options


def test_the_options_are_the_forms_over_the_defaults() -> None:
    """What the form holds is taken from it, everything else stays as the workspace has it."""
    defaults = LessonOptions(warn_before=3 * MINUTE, extension=20 * MINUTE, language="fr", features={"chat": True})
    draft = replace(
        SOUND,
        records=True,
        transcribes=True,
        end_rule=EndRule.OPEN,
        warns=False,
        join_early_text="5",
        room=RoomRef("r"),
        features={"timer": False},
    )
    expected = replace(
        defaults,
        records=True,
        transcribes=True,
        end_rule=EndRule.OPEN,
        warns=False,
        join_early=5 * MINUTE,
        features={"chat": True, "timer": False},
    )

    assert expected == build_options(draft, defaults)
    assert build_options(replace(draft, language="pl"), defaults).language == "pl"


def test_where_everyone_leaves_at_the_end_nobody_joins_after_it() -> None:
    """The minutes to join late are none, whatever the field or the defaults say."""
    draft = replace(SOUND, end_rule=EndRule.EVERYONE_LEAVES, join_late_text="20")

    assert build_options(draft, LessonOptions()).join_late == timedelta(0)


def test_options_of_a_draft_that_was_not_checked_are_refused() -> None:
    """Unsound minutes never become a default quietly."""
    with pytest.raises(ValueError, match="checked"):
        build_options(replace(SOUND, join_late_text="soon"), LessonOptions())


@pytest.mark.parametrize(("records", "transcribes", "is_sound"), [(True, True, True), (False, True, False)])
def test_a_transcript_needs_the_recording(records: bool, transcribes: bool, is_sound: bool) -> None:
    """The service says nothing when it is asked for the one without the other; we do."""
    problems = check(replace(SOUND, records=records, transcribes=transcribes))

    assert ([] if is_sound else [ProblemCode.TRANSCRIPT_NEEDS_RECORDING]) == [problem.code for problem in problems]
