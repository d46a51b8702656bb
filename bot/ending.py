"""Ending a lesson now, because a leader says so: one unit of work.

The lesson is over for us at once: cards say so, Join goes, nothing of it is owed any more but the look at who came, and
the summary after that. Whoever is inside is not ours to put out; where the service can close a room, the look does it
first (`bot/reading.py`). How a lesson ends by itself is `lifecycle.end`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot import issuing, lifecycle, notices, states
from bot.errors import WrongState
from bot.lifecycle import Ask
from storage.records import LessonState, NoticeKind
from storage.store import Transaction


@dataclass(frozen=True, kw_only=True)
class EndedNow:
    """The lesson is over. `valid_count` links already sent cannot be taken back and work until `valid_until`."""

    valid_count: int
    valid_until: datetime | None


def end_now(tx: Transaction, ask: Ask) -> EndedNow:
    """End a lesson that is on, or running over. Raises NotAllowed, WrongState, Outdated."""
    details, actor = lifecycle.admit(tx, ask, "end")
    lesson = details.lesson
    if lesson.state is not LessonState.LIVE:
        raise WrongState(lesson.state, "end")
    lifecycle.check_revision(details, ask.revision)
    kinds = tuple(set(NoticeKind) - {NoticeKind.NOT_REACHED})
    tx.notices.drop_waiting(ask.workspace_id, ask.lesson_id, kinds=kinds, reason="ended")
    ended = replace(
        lesson,
        state=states.next_state(lesson.state, states.Event.END),
        ended_at=ask.now,
        is_running_over=False,
        revision=lesson.revision + 1,
    )
    tx.notices.insert(notices.plan_look(ended, now=ask.now))
    sent = [
        link
        for link in tx.lessons.list_links(ask.workspace_id, ask.lesson_id)
        if link.delivered_at is not None and issuing.is_beyond_recall(link, now=ask.now)
    ]
    lifecycle.save_change(tx, ended, action="ended_now", actor=actor.id, now=ask.now)
    return EndedNow(valid_count=len(sent), valid_until=max((link.closes_at for link in sent), default=None))
