"""Who may see what was recorded and said in a lesson. Pure; the one rule for cards, buttons and commands.

Many learners are minors: what was said is only ever shown to who led the lesson and to admins, whoever may watch. What
is drawn by this rule is a convenience: whoever presses is judged again, by the same rule, at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.records import LessonDetails, Person


class Watchers(StrEnum):
    """Who may watch a lesson's recording, beside admins."""

    LEADERS = "leaders"
    PARTICIPANTS = "participants"  # everybody with a place in the lesson
    ADMINS = "admins"  # nobody else


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What somebody may see of a lesson that is over."""

    watches: bool = False  # recordings
    reads: bool = False  # transcripts, and the service's summary of what was said


NOTHING = Rights()


def rights_of(details: LessonDetails, person: Person, *, watchers: Watchers, is_admin: bool) -> Rights:
    """This person's rights. Who was taken out of the lesson has none, nor has who only booked it."""
    if is_admin:
        return Rights(watches=True, reads=True)
    seat = details.find_seat(person.id)
    if seat is None:
        return NOTHING
    is_leader = seat.participant.is_leader
    watches = watchers is Watchers.PARTICIPANTS or (watchers is Watchers.LEADERS and is_leader)
    return Rights(watches=watches, reads=is_leader)
