"""The gallery's forms: booking, what is asked before a lesson is changed, one's own preferences; also when mistyped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.blocks import Block
from bot.drafts import BookingDraft, Problem, ProblemCode, RoomChoice, ServiceChoice
from bot.forms import FormState, build_booking_form, build_loading_form
from bot.ids import Field
from bot.lesson_forms import TypedTimes, build_cancel_form, build_end_form, build_extend_form, build_move_form
from bot.preference_form import build_preferences_form, describe_wrong_minutes
from bot.progress import build_progress, build_result
from bot.quiet import OFF
from bot.quiet import USUAL as NIGHT
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene, name_each
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import NOW, ROOM_REF, STARTS_AT
from bot.sandbox.gallery.scenes import MINUTE, list_cautions
from bot.wishes import Preferences
from bot.wording import describe_problem
from bot.words import words_for
from storage.records import EndRule, LessonDetails, Person

SERVICES = (
    ServiceChoice(service="lessonspace", shown_name="Lessonspace"),
    ServiceChoice(service="videsk", shown_name="Videsk", lets_in=False, records=False, transcribes=False),
    ServiceChoice(service="loop", shown_name="Mozilla Loop", lets_in=False, shares_address=True, records=False),
)
"""As they can be offered."""
WRONG_IN = {
    ProblemCode.MISSING: Field.TITLE,
    ProblemCode.TITLE_TOO_LONG: Field.TITLE,
    ProblemCode.NOTE_TOO_LONG: Field.NOTE,
    ProblemCode.NO_LEADER: Field.LEADERS,
    ProblemCode.LEADER_AND_PARTICIPANT: Field.LEADERS,
    ProblemCode.START_PAST: Field.STARTS_AT,
    ProblemCode.START_TOO_FAR: Field.STARTS_AT,
    ProblemCode.HAS_BEGUN: Field.STARTS_AT,
    ProblemCode.ROOM_TAKEN: Field.STARTS_AT,
    ProblemCode.LENGTH_NOT_MINUTES: Field.LENGTH,
    ProblemCode.ENDS_PAST: Field.LENGTH,
    ProblemCode.MINUTES_NOT_WHOLE: Field.JOIN_EARLY,
    ProblemCode.CLOSES_TOO_LATE: Field.JOIN_LATE,
    ProblemCode.NOT_IN_CHANNEL: Field.CHANNEL,
    ProblemCode.CHANNEL_ARCHIVED: Field.CHANNEL,
    ProblemCode.ROOM_BUSY: Field.ROOM,
    ProblemCode.ROOM_UNKNOWN: Field.ROOM,
    ProblemCode.TRANSCRIPT_NEEDS_RECORDING: Field.OPTIONS,
    ProblemCode.NOT_SUPPORTED: Field.OPTIONS,
}
"""Under which field it is said; what is not named here is about people."""


def _list_booking(party: Party) -> Iterator[State]:
    reader, words = party.person(1), words_for(party.locale)
    yield State(shown=build_loading_form(words), how="loading")
    for how, has_more in (("empty", False), ("empty, more options", True)):
        form = build_booking_form(BookingDraft(has_more=has_more), reader=reader, now=NOW, metadata="")
        yield State(shown=form, how=how)
    yield State(shown=build_full_form(party, reader), how="full, with everything to say")
    for offered in ([SERVICES[1]], [SERVICES[2]], SERVICES[:2], [SERVICES[2], SERVICES[0]]):
        form = build_booking_form(BookingDraft(), reader=reader, now=NOW, metadata="", services=offered)
        yield State(shown=form, how=" or ".join(one.shown_name for one in offered))


def _list_problems(party: Party) -> list[Problem]:
    names = tuple(party.name(number) for number in range(max(1, party.learner_count)))
    facts: dict[str, str | int] = {"count": 120, "limit": 100, "service": party.call("Lessonspace", 20), "days": 7}
    return [Problem(where=where, code=code, names=names, facts=facts) for where in Field for code in ProblemCode]


def _list_mistyped(party: Party) -> Iterator[State]:
    """Everything that can be wrong in the form, under its field, one thing in each field at a time."""
    words = words_for(party.locale)
    by_field: dict[str, list[str]] = {}
    for problem in _list_problems(party):
        if problem.where is WRONG_IN.get(problem.code, Field.PARTICIPANTS):
            by_field.setdefault(problem.where.value, []).append(describe_problem(problem, words))
    for number in range(max(map(len, by_field.values()))):
        errors = {name: told[number] for name, told in by_field.items() if number < len(told)}
        draft = BookingDraft(has_more=True, channel_id="C1")
        form = build_booking_form(
            draft, reader=party.person(1), now=NOW, metadata="", services=SERVICES, room_choice=_choose_room(party)
        )
        yield State(shown=form, how=f"with errors, {number + 1}", errors=errors)


def _choose_room(party: Party) -> RoomChoice:
    title = party.call("Quadratic equations", 80)
    return RoomChoice(room=ROOM_REF, last_title=title, last_starts_at=NOW - timedelta(days=7))


def build_full_form(party: Party, reader: Person) -> Block:
    """The form with every field full, everything wrong with it, and every caution."""
    title, minutes = party.call("Quadratic equations", 3000), party.call("ninety", 3000)
    draft = BookingDraft(
        title=title,
        leader_ids=("U0",),
        participant_ids=tuple(f"U{number}" for number in range(1, party.learner_count + 20)),
        starts_at=STARTS_AT,
        length_text=minutes,
        records=True,
        transcribes=True,
        end_rule=EndRule.EVERYONE_LEAVES,
        channel_id="C1",
        note=party.write(3000),
        has_more=True,
        join_early_text=minutes,
        join_late_text=minutes,
        room=ROOM_REF,
        language="pl",
        features={f"{number}": False for number in range(150)},
        zone="Europe/Berlin",
    )
    watching = tuple(f"U{number:010}" for number in range(max(1, party.learner_count)))
    return build_booking_form(
        draft,
        reader=reader,
        now=NOW,
        metadata=FormState(submission_key="1", confirmed="2" * 64, observer_ids=watching).to_metadata(),
        observers=tuple(party.name(number) for number in range(party.learner_count)),
        room_choice=_choose_room(party),
        services=SERVICES,
        languages=("en", "fr", "pl", "0"),
        features=tuple(f"{number}" for number in range(150)),
        cautions=list_cautions(party),
        not_understood=[party.call("sometime", 3000)] * 30,
        problems=_list_problems(party),
    )


def _list_progress(_: Party, details: LessonDetails) -> Iterator[State]:
    for how, who in (("for who booked", details.booked_by), ("for the leader", details.seats[0].person)):
        yield State(shown=build_progress(details, reader=who, done=1, total=12, now=NOW), how=f"working, {how}")
        yield State(shown=build_result(details, reader=who, now=NOW), how=f"result, {how}")


def _list_move(party: Party, details: LessonDetails) -> Iterator[State]:
    reader = details.seats[0].person
    typed = TypedTimes(starts_at=None, length_text=party.call("an hour or so", 3000))
    for how, cautions in (("mistyped", []), ("asked back", list_cautions(party))):
        form = build_move_form(details, reader=reader, now=NOW, typed=typed, cautions=cautions)
        wrong = Problem(where=Field.LENGTH, code=ProblemCode.LENGTH_NOT_MINUTES)
        errors = {} if cautions else {Field.LENGTH.value: describe_problem(wrong, words_for(party.locale))}
        yield State(shown=form, how=how, errors=errors)
    yield State(shown=build_move_form(details, reader=reader, now=NOW), how="as it opens")


def _list_cancel(_: Party, details: LessonDetails) -> Iterator[State]:
    return name_each(build_cancel_form(details, reader=details.seats[0].person, now=NOW))


def _list_end(_: Party, details: LessonDetails) -> Iterator[State]:
    for how, closes_room in (("the room is closed", True), ("the room stays open", False)):
        form = build_end_form(details, reader=details.seats[0].person, now=NOW, closes_room=closes_room)
        yield State(shown=form, how=how)


def _list_extend(party: Party, details: LessonDetails) -> Iterator[State]:
    reader, cautions = details.seats[0].person, list_cautions(party)
    yield State(shown=build_extend_form(details, reader=reader, now=NOW, cautions=cautions, confirmed="2" * 64))


def _list_preferences(party: Party) -> Iterator[State]:
    reader = party.person(1)
    for usual in (timedelta(0), 10 * MINUTE):
        for how, chosen in (
            ("nothing chosen", Preferences()),
            ("all chosen", Preferences(reminds=False, remind_before=90 * MINUTE, nudges=False)),
        ):
            quiet = NIGHT if usual else OFF
            form = build_preferences_form(chosen, reader=reader, usual=usual, quiet=quiet, now=NOW)
            yield State(shown=form, how=f"{how}, {'reminders' if usual else 'no reminders'} usual here")
    wrong = {Field.REMIND_BEFORE.value: describe_wrong_minutes(reader)}
    form = build_preferences_form(Preferences(), reader=reader, usual=10 * MINUTE, quiet=NIGHT, now=NOW)
    yield State(shown=form, how="mistyped", errors=wrong)


FORMS = Subject(
    name="Forms",
    exhibits=(
        Exhibit(name="booking", list_states=_list_booking),
        Exhibit(name="booking, mistyped", list_states=_list_mistyped),
        Exhibit(name="progress", list_states=list_each_scene(_list_progress)),
        Exhibit(name="move", list_states=list_each_scene(_list_move)),
        Exhibit(name="cancel", list_states=list_each_scene(_list_cancel)),
        Exhibit(name="end now", list_states=list_each_scene(_list_end)),
        Exhibit(name="extend into another lesson", list_states=list_each_scene(_list_extend)),
        Exhibit(name="preferences", list_states=_list_preferences),
    ),
)
