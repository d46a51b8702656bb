"""The gallery's messages that are sent of a lesson by themselves: reminders, warnings, changes, alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.attending import build_reply_notice
from bot.messages import (
    NextLesson,
    build_cancelled,
    build_end_warning,
    build_moved,
    build_not_reached,
    build_start_reminder,
)
from bot.nudges import build_late_nudge, build_leader_missing, build_still_not_reached
from bot.places import build_removed, build_removed_line, build_resent
from bot.sandbox.gallery.cards import MOMENTS
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import NOW, STARTS_AT
from bot.sandbox.gallery.scenes import MINUTE, SECRET_URL, leave_alone, list_moves, pick_learner
from storage.records import LessonDetails, Person


def _find_url(details: LessonDetails) -> str | None:
    return SECRET_URL if details.seats[0].link else None


def _list_reminders(_: Party, details: LessonDetails) -> Iterator[State]:
    for moment, now in MOMENTS.items():
        reminder = build_start_reminder(details, pick_learner(details), join_url=_find_url(details), now=now)
        yield State(shown=reminder, how=moment)


def _list_warnings(party: Party, details: LessonDetails) -> Iterator[State]:
    leader = details.seats[0]
    coming = [NextLesson(details=details, seat=leader, join_url=_find_url(details))] * 6
    for moment, now in MOMENTS.items():
        warning = build_end_warning(details, seat=leader, now=now, next_lessons=coming)
        yield State(shown=warning, how=f"{moment}, more lessons follow")
        yield State(shown=build_end_warning(details, seat=leader, now=now), how=moment)
        channel = build_end_warning(details, seat=None, now=now, channel_locale=party.locale)
        yield State(shown=channel, how=f"{moment}, in the channel")


def _list_moved(_: Party, details: LessonDetails) -> Iterator[State]:
    learner = pick_learner(details)
    for what, move in list_moves(details).items():
        for how, url in (("with the new link", _find_url(details)), ("the link comes later", None)):
            shown = build_moved(details, learner, join_url=url, now=NOW, move=move)
            yield State(shown=shown, how=f"{what}, {how}")


def _list_cancelled(_: Party, details: LessonDetails) -> Iterator[State]:
    leader, learner = details.seats[0].person, pick_learner(details)
    for how, canceller in (("by Hallpass", None), ("by the leader", leader.id)):
        cancelled = replace(details, lesson=replace(details.lesson, cancelled_by=canceller))
        yield State(shown=build_cancelled(cancelled, learner, now=NOW), how=f"{how}, to a learner")
        yield State(shown=build_cancelled(cancelled, leader, now=NOW), how=f"{how}, to the leader")


def _list_reply_notices(_: Party, details: LessonDetails) -> Iterator[State]:
    leader, learner = details.seats[0].person, pick_learner(details)
    for how, is_off in (("cannot come", True), ("can come after all", False)):
        yield State(shown=build_reply_notice(details, learner, reader=leader, is_off=is_off, now=NOW), how=how)


def _list_nudges(_: Party, details: LessonDetails) -> Iterator[State]:
    """With nobody seen yet, and with learners inside without their leader."""
    for name, known in (("nobody seen", details), ("learners alone", leave_alone(details))):
        url = _find_url(known)
        for whom, seat in (("leader", known.seats[0]), ("learner", pick_learner(known))):
            nudge = build_late_nudge(known, seat, join_url=url, now=STARTS_AT + 6 * MINUTE)
            yield State(shown=nudge, how=f"to a {whom}, {name}")


def _list_missing(party: Party, details: LessonDetails) -> Iterator[State]:
    for name, known in (("nobody seen", details), ("learners alone", leave_alone(details))):
        for whom, reader, shows_names in _readers(known):
            shown = build_leader_missing(
                known,
                reader=reader,
                now=STARTS_AT + 9 * MINUTE,
                shows_names=shows_names,
                channel_locale=party.locale,
            )
            yield State(shown=shown, how=f"{whom}, {name}")


def _list_still_unreached(party: Party, details: LessonDetails) -> Iterator[State]:
    for whom, reader, shows_names in _readers(details):
        shown = build_still_not_reached(
            details, reader=reader, now=NOW, shows_names=shows_names, channel_locale=party.locale
        )
        yield State(shown=shown, how=whom)


def _readers(details: LessonDetails) -> Iterator[tuple[str, Person | None, bool]]:
    for shows_names in (True, False):
        names = "with names" if shows_names else "without names"
        yield f"to who booked, {names}", details.booked_by, shows_names
        yield f"in the channel, {names}", None, shows_names


def _list_unreached(_: Party, details: LessonDetails) -> Iterator[State]:
    yield State(shown=build_not_reached(details, reader=details.booked_by, now=NOW))


def _list_places(_: Party, details: LessonDetails) -> Iterator[State]:
    """To who was taken out, and to who gets their way in once more."""
    seat = pick_learner(details)
    yield State(shown=build_removed(details, seat.person, now=NOW), how="taken out")
    yield State(shown=build_removed_line(details, seat.person, now=NOW), how="taken out, under the card")
    for how, url in (("with the link", SECRET_URL), ("the link comes later", None)):
        resent = build_resent(details, seat, join_url=url if details.lesson.is_open else None, now=NOW)
        yield State(shown=resent, how=f"sent once more, {how}")


MESSAGES = Subject(
    name="Messages",
    exhibits=(
        Exhibit(name="start reminder", list_states=list_each_scene(_list_reminders)),
        Exhibit(name="end warning", list_states=list_each_scene(_list_warnings)),
        Exhibit(name="lesson moved", list_states=list_each_scene(_list_moved)),
        Exhibit(name="lesson cancelled", list_states=list_each_scene(_list_cancelled)),
        Exhibit(name="somebody's place", list_states=list_each_scene(_list_places)),
        Exhibit(name="reply told to leaders", list_states=list_each_scene(_list_reply_notices)),
        Exhibit(name="late nudge", list_states=list_each_scene(_list_nudges)),
        Exhibit(name="leader missing", list_states=list_each_scene(_list_missing)),
        Exhibit(name="not reached", list_states=list_each_scene(_list_unreached)),
        Exhibit(name="still not reached", list_states=list_each_scene(_list_still_unreached)),
    ),
)
