"""The question near a lesson's end, answered: it goes on for a while, or it ends. Units of work, as in `lifecycle`.

Extending moves the end and with it the next time of asking, so that it can be said again and again. Whose link no
longer reaches the end gets another, with the word that they must come in again; a link of ours follows by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import issuing, lifecycle, notices, windows
from bot.errors import WrongState
from bot.lifecycle import Ask
from bot.moves import Move
from storage.records import Lesson, LessonDetails, Notice, NoticeKind, Seat
from storage.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Extended:
    """The lesson now ends at `ends_at`. `relinked_count` people got a new link and must come in again.

    `old_closes_at`: when the first of the links that they had stops working; None: none of these was sent.
    """

    ends_at: datetime
    relinked_count: int
    old_closes_at: datetime | None = None


def extend(tx: Transaction, ask: Ask) -> Extended:
    """Move the end, ask again at the new soft expiry, and make new links where the old ones no longer reach.

    Raises Outdated when somebody changed the lesson since the button was drawn (so two presses extend once).
    """
    details, actor = lifecycle.admit(tx, ask, "extend")
    lesson = details.lesson
    if not lesson.is_open:
        raise WrongState(lesson.state, "extend")
    lifecycle.check_revision(details, ask.revision)
    count = _count_extensions(lesson, ask.now)
    longer = replace(
        lesson,
        ends_at=extended_end(lesson, ask.now),
        extension_count=lesson.extension_count + count,
        revision=lesson.revision + 1,
        is_let_end=False,
        is_running_over=False,
    )
    tx.notices.drop_waiting(
        ask.workspace_id, ask.lesson_id, kinds=(NoticeKind.END_WARNING, NoticeKind.READ_SESSIONS), reason="moved"
    )
    owed = notices.plan_end(longer, [seat.person.id for seat in details.leaders], now=ask.now)
    relinked = [
        (seat, seat.link)
        for seat in details.seats
        if seat.link is not None and windows.needs_new_link(longer, seat.link, seat.participant)
    ]
    if relinked:
        owed += _relink(tx, details, longer, [seat for seat, _ in relinked], now=ask.now)
    tx.notices.insert(owed)
    capabilities, participants = ask.policy.at(details.service).capabilities, [one.participant for one in details.seats]
    issuing.fit_windows(tx, longer, participants, capabilities=capabilities, now=ask.now)
    lifecycle.save_change(tx, longer, action="extended", actor=actor.id, now=ask.now)
    closes = [link.closes_at for _, link in relinked if link.delivered_at is not None]
    return Extended(ends_at=longer.ends_at, relinked_count=len(relinked), old_closes_at=min(closes, default=None))


def _relink(
    tx: Transaction, details: LessonDetails, longer: Lesson, seats: Sequence[Seat], *, now: datetime
) -> list[Notice]:
    """Another link for these, and the word to come in by it, which tells also what they had not read of a move."""
    unsent = notices.list_unsent_moves(tx.notices.list_for_lesson(longer.workspace_id, longer.id))
    owed = []
    for seat in seats:
        renewed = replace(seat.participant, link_number=seat.participant.link_number + 1)
        tx.lessons.update_participant(renewed)
        lifecycle.drop_old_links(tx, renewed)
        tx.notices.drop_waiting(
            longer.workspace_id, longer.id, kinds=(NoticeKind.MOVED,), reason="moved", about=renewed.id
        )
        before, had_link = unsent.get(renewed.id), seat.link is not None and seat.link.delivered_at is not None
        word = Move(
            was_start=before.was_start if before else details.lesson.starts_at,
            was_end=before.was_end if before else details.lesson.ends_at,
            starts_at=longer.starts_at,
            ends_at=longer.ends_at,
            old_closes_at=seat.link.closes_at if seat.link and had_link else (before.old_closes_at if before else None),
            revision=longer.revision,
        )
        owed += [
            *notices.plan_new_link(longer, renewed, now=now),
            *notices.plan_move(longer, renewed, word, now=now),
        ]
    return owed


def extended_end(lesson: Lesson, now: datetime) -> datetime:
    """When the lesson would end if it were extended now."""
    return lesson.ends_at + _count_extensions(lesson, now) * lesson.options.extension


def _count_extensions(lesson: Lesson, now: datetime) -> int:
    """One; more only where the lesson runs over so long that one would end in the past."""
    return max(1, (now - lesson.ends_at) // lesson.options.extension + 1)


def let_end(tx: Transaction, ask: Ask) -> datetime:
    """The leader wants no extension: nobody is asked again for this end. Returns the end."""
    details, actor = lifecycle.admit(tx, ask, "let_end")
    lesson = details.lesson
    if not lesson.is_open:
        raise WrongState(lesson.state, "let_end")
    if lesson.is_let_end:
        return lesson.ends_at
    lifecycle.check_revision(details, ask.revision)
    tx.notices.drop_waiting(ask.workspace_id, ask.lesson_id, kinds=(NoticeKind.END_WARNING,), reason="answered")
    answered = replace(lesson, is_let_end=True, revision=lesson.revision + 1)
    lifecycle.save_change(tx, answered, action="let_end", actor=actor.id, now=ask.now)
    return lesson.ends_at
