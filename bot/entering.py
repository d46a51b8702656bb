"""Somebody stands at the door and may come in: the room service is asked, and what came of it is noted. Judges nothing.

Whether they may is judged before, by whoever calls. Of a service that keeps no record of who came, our door is the
record: who was given a way in came, as far as we saw.
"""

from __future__ import annotations

from dataclasses import replace

from bot import comings, whereabouts
from bot.clock import Clock
from bot.launching import Launcher
from bot.rooms.base import Launch
from bot.rooms.registry import RoomServices
from bot.whereabouts import Alerting
from storage.records import LessonDetails, Link, Seat
from storage.store import Store, Transaction


class Entrance:
    """Opens the room for one participant at a time."""

    def __init__(
        self, *, store: Store, services: RoomServices, launcher: Launcher, clock: Clock, alerting: Alerting
    ) -> None:
        self._store = store
        self._services = services
        self._launcher = launcher
        self._clock = clock
        self._alerting = alerting

    async def enter(self, link: Link, details: LessonDetails, seat: Seat, *, visitor_address: str | None) -> Launch:
        """The way in, at this moment, of whoever has this place. Raises RoomServiceError."""
        launch = await self._launcher.open_room(details, seat, visitor_address=visitor_address)

        def note(tx: Transaction) -> None:
            participant = tx.lessons.find_participant(link.workspace_id, link.participant_id)
            if participant is None:
                return
            is_recorded_there = self._services.get(details.service).capabilities.attendance
            known = launch.provider_user_id or (None if is_recorded_there else comings.key_of(seat))
            if known is not None and participant.provider_user_id != known:
                participant = replace(participant, provider_user_id=known)
                tx.lessons.update_participant(participant)
            if is_recorded_there:
                return
            now = self._clock.now()
            came = replace(seat, participant=participant)
            event = comings.build_coming(link, came, source=comings.REDEMPTION, kind="joined", now=now)
            present = tx.lessons.get_details(link.workspace_id, link.lesson_id)
            whereabouts.keep_comings(tx, present, [event], now=now, alerting=self._alerting)

        await self._store.write(note)
        return launch
