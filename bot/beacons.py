"""What a page of ours in which a room runs says of itself: open, still open, closed. For who came, and how long.

Only for rooms that run inside a page of ours, and only from the browser that redeemed the link, while the link works.
It says nothing of what happens inside, and nothing else than these two words is listened to. A page that falls silent
was closed as well (`comings.mark_silences`), so nothing hangs on the last word's coming through.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto

from bot import comings, whereabouts
from bot.attempts import Attempts
from bot.clock import Clock
from bot.door import Door, Visit
from bot.links import Standing
from bot.whereabouts import Alerting
from storage.store import Store, Transaction

WORDS = frozenset({"joined", "left"})
"""What a page may say: kinds of attendance events."""
WITHIN = timedelta(minutes=1)
MOST_OF_LINK = 20
"""From one link within that time: two words for each reload, in two tabs."""
MOST_OF_ADDRESS = 600
"""From one address: a school of three hundred behind one, and as many reloads."""


class Heard(Enum):
    """What becomes of a word."""

    KEPT = auto()
    UNKNOWN = auto()  # no such link, or its room runs in no page of ours
    NOT_THEIRS = auto()  # this browser is not in by that link
    SHUT = auto()  # the link works no more
    TOO_OFTEN = auto()


class Beacons:
    """Listens. `runs_here` says of a room service's name whether its rooms run inside a page of ours."""

    def __init__(
        self, *, store: Store, door: Door, clock: Clock, alerting: Alerting, runs_here: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._door = door
        self._clock = clock
        self._alerting = alerting
        self._runs_here = runs_here
        self._of_link = Attempts(most=MOST_OF_LINK, window=WITHIN)
        self._of_address = Attempts(most=MOST_OF_ADDRESS, window=WITHIN)

    async def hear(self, token: str, browser: str | None, word: str, *, address: str) -> Heard:
        """One of `WORDS`, from a page at `address`."""
        machine_now = self._clock.machine_now()
        if self._of_address.find_wait(address, now=machine_now) is not None:
            return Heard.TOO_OFTEN
        self._of_address.note(address, now=machine_now)
        visit = await self._door.look(token, browser)
        if visit is None or not self._runs_here(visit.details.service):
            return Heard.UNKNOWN
        if visit.standing in (Standing.FINE, Standing.TOO_EARLY, Standing.USED_ELSEWHERE):
            return Heard.NOT_THEIRS
        if visit.standing is not Standing.COMES_BACK:
            return Heard.SHUT
        if self._of_link.find_wait(visit.link.id, now=machine_now) is not None:
            return Heard.TOO_OFTEN
        self._of_link.note(visit.link.id, now=machine_now)
        await self._store.write(lambda tx: self._keep(tx, visit, word))
        return Heard.KEPT

    def _keep(self, tx: Transaction, visit: Visit, word: str) -> None:
        """A unit of work."""
        link, now = visit.link, self._clock.now()
        event = comings.build_coming(link, visit.seat, source=comings.BEACON, kind=word, now=now)
        present = tx.lessons.get_details(link.workspace_id, link.lesson_id)
        seat = next((one for one in present.seats if one.participant.id == link.participant_id), None)
        known = seat.attendance if seat is not None else None
        if word == "joined" and known is not None and known.joined_at is not None and known.left_at is None:
            tx.attendance.add_events([event])  # once a minute from everybody: nothing changed that anybody reads
            return
        whereabouts.keep_comings(tx, present, [event], now=now, alerting=self._alerting)
