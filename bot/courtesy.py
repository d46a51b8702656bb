"""Whether a notice whose turn has come is welcome now: not what its reader switched off, and not in their night.

The last gate before sending. What waits for the morning is given back until then, in lesson time; what would be too
late by then is dropped at once, so that it does not count as something that we were too slow for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot import notices
from bot.claims import Claimed, Claims
from bot.clock import Clock
from bot.moves import read_move
from bot.preferences import read_preferences
from bot.quiet import QuietHours, find_hold, is_courtesy
from bot.readers import reader_of
from bot.wishes import Preferences
from storage.records import Person
from storage.store import Store


class Courtesy:
    """Keeps back what is not welcome now."""

    def __init__(self, *, store: Store, claims: Claims, clock: Clock, quiet_hours: QuietHours) -> None:
        self._store = store
        self._claims = claims
        self._clock = clock
        self._quiet_hours = quiet_hours

    async def keeps_back(self, claimed: Claimed) -> bool:
        """True: the notice was dropped, or waits for its reader's morning. Channels have neither wishes nor nights."""
        notice, person = claimed.notice, claimed.person
        if person is None:
            return False
        chosen = Preferences()
        if is_courtesy(notice.kind, is_leader=_leads(claimed)):
            chosen = self._store.glance(lambda tx: read_preferences(tx, person))
            if not chosen.wants(notice.kind, claimed.details.lesson):
                await self._claims.drop(claimed, "not_wanted")
                return True
        until = self._find_morning(claimed, person, chosen)
        if until is None:
            return False
        too_late_at = notices.find_too_late(notice, claimed.details)
        if too_late_at is not None and until >= too_late_at:
            await self._claims.drop(claimed, "quiet_hours")
        else:
            machine_now = self._clock.machine_now()
            await self._claims.release(claimed, until=machine_now, due_at=until, reason="quiet_hours")
        return True

    def _find_morning(self, claimed: Claimed, person: Person, chosen: Preferences) -> datetime | None:
        lesson, now = claimed.details.lesson, self._clock.now()
        return find_hold(
            claimed.notice.kind,
            now=now,
            starts=_list_starts(claimed),
            zone=reader_of(person, now=now, lesson_zone=lesson.zone).zone,
            hours=self._quiet_hours,
            is_leader=_leads(claimed),
            has_chosen_time=chosen.remind_before is not None,
        )


def _leads(claimed: Claimed) -> bool:
    return claimed.seat is not None and claimed.seat.participant.is_leader


def _list_starts(claimed: Claimed) -> Iterator[datetime]:
    """The lesson's start, and of a move the one before: who is told too late of it waits for nobody."""
    yield claimed.details.lesson.starts_at
    if (move := read_move(claimed.notice.occasion)) is not None:
        yield move.was_start
