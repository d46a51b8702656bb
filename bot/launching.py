"""A participant's way in: who they are is checked, the room service launches, the link is stored sealed. Posts nothing.

A launch may happen twice, and harms nobody: until a link was posted, the earlier one is known to nobody. A link stored
before a crash is used again instead of launching anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace

import structlog

from bot import devices, windows
from bot.claims import Claimed
from bot.clock import Clock
from bot.drawing import find_open_link
from bot.launch_defaults import LaunchDefaults
from bot.pacing import Turnstile
from bot.people import Directory
from bot.rooms.base import LESSON_TAG, Launch, LaunchRequest, RoomService
from bot.webhook_keys import WebhookKeys
from storage.errors import Unreadable
from storage.records import (
    CardKind,
    LessonDetails,
    Link,
    LinkId,
    LinkWay,
    NoticeState,
    Person,
    PersonKind,
    Seat,
    new_id,
)
from storage.sealing import Sealer
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.sending")


class Launcher:
    """Makes links, at most so many at once."""

    def __init__(
        self,
        *,
        store: Store,
        service: RoomService,
        directory: Directory,
        sealer: Sealer,
        clock: Clock,
        at_once: int,
        webhook_keys: WebhookKeys | None = None,
        defaults: LaunchDefaults | None = None,
    ) -> None:
        """`webhook_keys`: where rooms report to; None: they do not. `defaults`: the workspace's own; None: none."""
        self._defaults = defaults
        self._webhook_keys = webhook_keys
        self._store = store
        self._service = service
        self._directory = directory
        self._sealer = sealer
        self._clock = clock
        self._slots = asyncio.Semaphore(at_once)
        self._turnstile = Turnstile()

    async def check(self, person: Person) -> str | None:
        """Why this person cannot be reached, looked up now if the form could not; None: they may be.

        Raises SlackError when Slack cannot say.
        """
        known = person if person.checked_at is not None else await self._directory.look_up(person.user_id)
        return find_unreachable(known)

    async def make_link(self, claimed: Claimed) -> Claimed:
        """The same claim with the participant's link in its details. Where the card is there already, it is redrawn
        with the link and the notice is finished, in the commit that stores the link. Raises RoomServiceError.
        """
        seat = claimed.get_seat()
        link = find_open_link(claimed.details, seat, now=self._clock.now())
        if link is not None:
            if seat.card is not None:
                await self._store.write(lambda tx: self._redraw(tx, claimed, link), is_patient=True)
            return claimed
        request = await self._build_request(claimed.details, seat)
        async with self._slots:
            await self._turnstile.go_through()
            launch = await self._service.launch(request)
        await self._turnstile.go_through()
        stored = await self._keep(claimed, seat, launch)
        log.info("launched", notice=claimed.notice.id, lesson=claimed.notice.lesson_id, link=stored.id)
        return replace(claimed, details=_with_link(claimed.details, seat, stored, launch))

    async def _keep(self, claimed: Claimed, seat: Seat, launch: Launch) -> Link:
        """Store the link, sealed, and what the launch told of room and settings."""
        details, participant = claimed.details, seat.participant
        link = self._build_link(details, seat, launch, device=1)

        def work(tx: Transaction) -> Link:
            stored = tx.lessons.insert_link(link)
            self._keep_room(tx, details, launch)
            # Anew: a move, a reply or a new link may have changed the place while the service was asked.
            present = tx.lessons.find_participant(participant.workspace_id, participant.id) or participant
            if present.provider_user_id != launch.provider_user_id or present.failure is not None:
                kept = replace(present, provider_user_id=launch.provider_user_id, failure=None)
                tx.lessons.update_participant(kept)
            _keep_settings(tx, details, launch)
            if seat.card is not None:
                self._redraw(tx, claimed, stored)
            return stored

        return await self._store.write(work, is_patient=True)

    async def _build_request(self, details: LessonDetails, seat: Seat) -> LaunchRequest:
        request = build_launch(details, seat, languages=self._service.capabilities.languages)
        defaults, room = self._defaults, details.room
        if defaults is not None:
            options = self._store.glance(lambda tx: defaults.find_in_force(tx, room.workspace_id, room.account_id))
            request = replace(request, options=options)
        if self._webhook_keys is None:
            return request
        return replace(request, webhook_url=await self._webhook_keys.find_address(details.room))

    def _keep_room(self, tx: Transaction, details: LessonDetails, launch: Launch) -> None:
        """The provider's id of the room, and its secret as it is from now on: what an old one signed is refused."""
        room = tx.lessons.get_room(details.lesson.workspace_id, details.room.id)
        kept = replace(room, room_id=launch.room_id, region=launch.room_region or room.region)
        if launch.room_secret and not self._is_sealed(launch.room_secret, room.secret_sealed):
            kept = replace(kept, secret_sealed=self._sealer.seal(launch.room_secret))
        if kept != room:
            tx.lessons.update_room(kept)

    def _is_sealed(self, secret: str, sealed: bytes | None) -> bool:
        try:
            return sealed is not None and self._sealer.unseal(sealed) == secret
        except Unreadable:
            return False

    async def make_device_link(self, details: LessonDetails, seat: Seat, device: int) -> Link:
        """A link for a further device of this participant, beside the one they have, stored as shown to them.

        Asked for twice at once it is made once. Raises RoomServiceError; Outdated when the participant was taken out,
        or given another link, or the lesson ended meanwhile.
        """
        request = await self._build_request(details, seat)
        async with self._slots:
            launch = await self._service.launch(request)
        link = replace(self._build_link(details, seat, launch, device=device), delivered_at=self._clock.now())

        def work(tx: Transaction) -> Link:
            self._keep_room(tx, details, launch)
            return devices.keep(tx, link, person_id=seat.person.id)

        stored = await self._store.write(work)
        log.info("launched_for_device", lesson=details.lesson.id, link=stored.id)
        return stored

    def _build_link(self, details: LessonDetails, seat: Seat, launch: Launch, *, device: int) -> Link:
        participant = seat.participant
        window = windows.window_of(details.lesson, participant)
        return Link(
            id=LinkId(new_id()),
            workspace_id=details.lesson.workspace_id,
            lesson_id=details.lesson.id,
            participant_id=participant.id,
            number=participant.link_number,
            device=device,
            way=LinkWay.DIRECT,
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            warns_at=windows.soft_expiry(details.lesson, participant),
            url_sealed=self._sealer.seal(launch.url) if launch.url else None,
            session_id=launch.session_id,
            made_at=self._clock.now(),
        )

    def _redraw(self, tx: Transaction, claimed: Claimed, link: Link) -> None:
        """The card is there: have it drawn again with this link, which delivers it."""
        notice, now = claimed.notice, self._clock.now()
        tx.lessons.update_link(replace(link, delivered_at=now))
        tx.cards.want(notice.workspace_id, notice.lesson_id, person_id=notice.person_id)
        tx.cards.want(notice.workspace_id, notice.lesson_id, kinds=(CardKind.LEADER,))
        tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.SENT, sent_at=now)


def build_launch(details: LessonDetails, seat: Seat, *, languages: Collection[str] = ()) -> LaunchRequest:
    """What the room service is told: an opaque id of ours and the shown name, nothing else about the person but, where
    the lesson has no language of its own, theirs, if it is one of `languages`.
    """
    lesson, participant = details.lesson, seat.participant
    window = windows.window_of(lesson, participant)
    return LaunchRequest(
        launch_id=details.room.launch_id,
        room_region=details.room.region,
        room_name=lesson.title,
        person_key=seat.person.id,
        shown_name=seat.person.name,
        role=participant.role,
        is_leader=participant.is_leader,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        warns_at=windows.soft_expiry(lesson, participant),
        leaves_at_close=windows.leaves_at_close(lesson, participant),
        records=lesson.options.records,
        transcribes=lesson.options.transcribes,
        language=lesson.options.language or find_spoken(seat.person.locale, languages),
        features=lesson.options.features,
        tags={LESSON_TAG: lesson.id},
    )


def find_spoken(locale: str, languages: Collection[str]) -> str | None:
    """The one of these languages that somebody reads Slack in: "fr" for "fr-CA"; None: it is not among them."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in languages else None


def find_unreachable(person: Person) -> str | None:
    """Why a message to this person cannot arrive, as a code; None: it may."""
    if person.is_deactivated:
        return "user_disabled"
    if person.unreachable:
        return person.unreachable
    return {
        PersonKind.BOT: "is_bot",
        PersonKind.APP: "is_app",
        PersonKind.STRANGER: "stranger",
        PersonKind.INVITED: "invited",
    }.get(person.kind)


def _with_link(details: LessonDetails, seat: Seat, link: Link, launch: Launch) -> LessonDetails:
    lesson = replace(
        details.lesson,
        is_recorded=_told(launch.is_recorded, details.lesson.is_recorded),
        is_transcribed=_told(launch.is_transcribed, details.lesson.is_transcribed),
    )
    reached = replace(seat, link=link, participant=replace(seat.participant, failure=None))
    return replace(details, lesson=lesson, seats=tuple(reached if other is seat else other for other in details.seats))


def _keep_settings(tx: Transaction, details: LessonDetails, launch: Launch) -> None:
    """What the room said about recording decides what the cards say; where it changed, all are redrawn."""
    lesson = tx.lessons.get(details.lesson.workspace_id, details.lesson.id)
    is_recorded = _told(launch.is_recorded, lesson.is_recorded)
    is_transcribed = _told(launch.is_transcribed, lesson.is_transcribed)
    if (is_recorded, is_transcribed) == (lesson.is_recorded, lesson.is_transcribed):
        return
    tx.lessons.update(replace(lesson, is_recorded=is_recorded, is_transcribed=is_transcribed))
    tx.cards.want(lesson.workspace_id, lesson.id)


def _told(new: bool | None, known: bool | None) -> bool | None:
    return known if new is None else new
