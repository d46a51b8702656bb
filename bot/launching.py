"""A participant's way in: who they are is checked, the room service launches, a link is made, sealed. Posts nothing.

A launch may happen twice, and harms nobody: until a link was posted, the earlier one is known to nobody. A link stored
before a crash is used again instead of launching anew. A link of our own is made without any launch: that comes when
somebody stands at the door (`open_room`), each time anew.

A room that is not there yet is made by the first launch. In one process the others wait for it; of two processes that
made one at the same moment, the first that stored its room wins, and the other launches once more, into that one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from hashlib import sha256
from weakref import WeakValueDictionary

import structlog

from bot import devices, issuing, windows
from bot.claims import Claimed, Keep
from bot.clock import Clock
from bot.drawing import find_open_link
from bot.errors import RoomServiceNonsense
from bot.launch_defaults import LaunchDefaults
from bot.pacing import Turnstile
from bot.people import Directory
from bot.rooms.base import LESSON_TAG, Launch, LaunchRequest
from bot.rooms.registry import RoomServices
from bot.webhook_keys import WebhookKeys
from storage.errors import Unreadable
from storage.records import (
    CardKind,
    Lesson,
    LessonDetails,
    Link,
    LinkWay,
    NoticeState,
    Participant,
    Person,
    PersonKind,
    Room,
    RoomRef,
    Seat,
)
from storage.sealing import Sealer
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.sending")

ROOM_TRIES = 3
"""So often somebody else's room may turn out to be the one while ours was being made."""


def always_direct(service: str) -> LinkWay:
    """The room service's own links are what people are sent."""
    return LinkWay.DIRECT


class Launcher:
    """Makes links, at most so many at once."""

    def __init__(
        self,
        *,
        store: Store,
        services: RoomServices,
        directory: Directory,
        sealer: Sealer,
        clock: Clock,
        at_once: int,
        webhook_keys: WebhookKeys | None = None,
        defaults: LaunchDefaults | None = None,
        way_of: Callable[[str], LinkWay] = always_direct,
    ) -> None:
        """`webhook_keys`: where rooms report to; None: they do not. `defaults`: the workspace's own; None: none.

        `way_of`: how the links of a service go, by its name.
        """
        self._way_of = way_of
        self._opened: dict[bytes, bytes] = {}  # the last sealed secret that was compared, and its digest
        self._doors: WeakValueDictionary[RoomRef, asyncio.Lock] = WeakValueDictionary()
        self._defaults = defaults
        self._webhook_keys = webhook_keys
        self._store = store
        self._services = services
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

    async def make_link(self, claimed: Claimed) -> Keep | None:
        """Make the participant's link. What stores it, to be done before their card is posted or with its *begin*;
        None: it is stored. Raises RoomServiceError.

        Where the card is there already, it is redrawn with the link and the notice is finished, in one commit.
        """
        seat = claimed.get_seat()
        link = find_open_link(claimed.details, seat, now=self._clock.now())
        if link is not None:
            if seat.card is not None:
                await self._store.write(lambda tx: self._redraw(tx, claimed, link), is_patient=True)
            return None
        keep = await self._make_link(claimed, seat)
        if seat.card is None:
            return keep
        await self._store.write(keep, is_patient=True)
        return None

    async def _make_link(self, claimed: Claimed, seat: Seat) -> Keep:
        way = self._way_of(claimed.details.service)
        if way is not LinkWay.DIRECT:
            log.info("issued", notice=claimed.notice.id, lesson=claimed.notice.lesson_id, way=way.value)
            return self._issue(claimed, seat, way)
        async with self._slots:
            await self._turnstile.go_through()
            # Not before its turn: the first launch of a class would wait until everybody's is written.
            request = await self._build_request(claimed.details, seat)
            launch = await self._services.get(claimed.details.service).launch(request)
        await self._turnstile.go_through()
        log.debug("launched", notice=claimed.notice.id, lesson=claimed.notice.lesson_id)
        return self._keep(claimed, seat, launch)

    def _keep(self, claimed: Claimed, seat: Seat, launch: Launch) -> Keep:
        """Stores the link, sealed, and what the launch told of room and settings."""
        details, participant = claimed.details, seat.participant
        link = self._build_link(details, seat, launch, device=1)

        def work(tx: Transaction) -> Claimed:
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
            heard = _as_heard(details.lesson, launch)
            reached = _with_link(details, seat, _without_failure(participant), stored)
            return replace(claimed, details=reached if heard is details.lesson else replace(reached, lesson=heard))

        return work

    def _issue(self, claimed: Claimed, seat: Seat, way: LinkWay) -> Keep:
        """Stores a link of ours, for the place as it is then: no room service is asked."""
        key, participant_id = (claimed.notice.workspace_id, claimed.notice.lesson_id), seat.participant.id

        def work(tx: Transaction) -> Claimed:
            place = tx.lessons.find_participant(key[0], participant_id) or seat.participant
            link = issuing.issue(tx.lessons.get(*key), place, way=way, sealer=self._sealer, now=self._clock.now())
            stored = tx.lessons.insert_link(link)
            if place.failure is not None:
                tx.lessons.update_participant(_without_failure(place))
            if seat.card is not None:
                self._redraw(tx, claimed, stored)
            # Not read anew: a class would read the whole of itself for each link. Begin does where the lesson changed.
            details = _with_link(claimed.details, seat, _without_failure(place), stored)
            return replace(claimed, details=details)

        return work

    async def open_room(self, details: LessonDetails, seat: Seat, *, visitor_address: str | None = None) -> Launch:
        """A way in at this moment, for whoever stands at the door. What the launch told of the room is kept.

        Raises RoomServiceError.
        """
        if details.room.room_id is not None:
            return await self._open_room(details, seat, visitor_address=visitor_address)
        lock = self._doors.setdefault(details.room.id, asyncio.Lock())
        async with lock:
            return await self._open_room(details, seat, visitor_address=visitor_address)

    async def _open_room(self, details: LessonDetails, seat: Seat, *, visitor_address: str | None) -> Launch:
        workspace_id, service = details.lesson.workspace_id, self._services.get(details.service)
        for _ in range(ROOM_TRIES):
            room = await self._store.read(lambda tx: tx.lessons.get_room(workspace_id, details.room.id))
            present = replace(details, room=room)
            request = replace(await self._build_request(present, seat), visitor_address=visitor_address)
            async with self._slots:
                launch = await service.launch(request)
            settle = partial(self._settle_room, details=details, asked_for=room, launch=launch)
            if await self._store.write(settle):
                return launch
        raise RoomServiceNonsense(service.shown_name, "room", "is another one each time")

    def _settle_room(self, tx: Transaction, *, details: LessonDetails, asked_for: Room, launch: Launch) -> bool:
        """Keep what the launch told. False: somebody else's room was stored meanwhile, and everybody meets there."""
        stored = tx.lessons.get_room(details.lesson.workspace_id, details.room.id)
        if stored.room_id not in (asked_for.room_id, launch.room_id):
            return False
        self._keep_room(tx, details, launch)
        _keep_settings(tx, details, launch)
        return True

    async def _build_request(self, details: LessonDetails, seat: Seat) -> LaunchRequest:
        capabilities = self._services.get(details.service).capabilities
        request = build_launch(details, seat, languages=capabilities.languages)
        defaults, room = self._defaults, details.room
        if defaults is not None and defaults.service == details.service:
            options = self._store.glance(lambda tx: defaults.find_in_force(tx, room.workspace_id, room.account_id))
            request = replace(request, options=options)
        if self._webhook_keys is None or not capabilities.webhooks:
            return request
        address = await self._webhook_keys.find_address(details.room, service=details.service)
        return replace(request, webhook_url=address)

    def _keep_room(self, tx: Transaction, details: LessonDetails, launch: Launch) -> None:
        """The provider's id of the room, and its secret as it is from now on: what an old one signed is refused."""
        if self._is_as_told(details.room, launch):  # as all but a room's first launch find it
            return
        room = tx.lessons.get_room(details.lesson.workspace_id, details.room.id)
        if self._is_as_told(room, launch):
            return
        kept = replace(room, room_id=launch.room_id, region=launch.room_region or room.region)
        if launch.room_secret and not self._is_sealed(launch.room_secret, room.secret_sealed):
            kept = replace(kept, secret_sealed=self._sealer.seal(launch.room_secret))
        tx.lessons.update_room(kept)

    def _is_as_told(self, room: Room, launch: Launch) -> bool:
        if room.room_id != launch.room_id or (launch.room_region or room.region) != room.region:
            return False
        return not launch.room_secret or self._is_sealed(launch.room_secret, room.secret_sealed)

    def _is_sealed(self, secret: str, sealed: bytes | None) -> bool:
        if sealed is None:
            return False
        digest = sha256(secret.encode()).digest()
        if self._opened.get(sealed) == digest:  # as after the first of a class: opening costs more than all else here
            return True
        try:
            is_same = self._sealer.unseal(sealed) == secret
        except Unreadable:
            return False
        if is_same:
            self._opened = {sealed: digest}
        return is_same

    async def make_device_link(self, details: LessonDetails, seat: Seat, device: int) -> Link:
        """A link for a further device of this participant, beside the one they have, stored as shown to them.

        Asked for twice at once it is made once. Raises RoomServiceError; Outdated when the participant was taken out,
        or given another link, or the lesson ended meanwhile.
        """
        way = self._way_of(details.service)
        if way is not LinkWay.DIRECT:
            now = self._clock.now()
            ours = issuing.issue(details.lesson, seat.participant, way=way, sealer=self._sealer, now=now, device=device)
            ours = replace(ours, delivered_at=now)
            return await self._store.write(lambda tx: devices.keep(tx, ours, person_id=seat.person.id))
        request = await self._build_request(details, seat)
        async with self._slots:
            launch = await self._services.get(details.service).launch(request)
        link = replace(self._build_link(details, seat, launch, device=device), delivered_at=self._clock.now())

        def work(tx: Transaction) -> Link:
            self._keep_room(tx, details, launch)
            return devices.keep(tx, link, person_id=seat.person.id)

        stored = await self._store.write(work)
        log.info("launched_for_device", lesson=details.lesson.id, link=stored.id)
        return stored

    def _build_link(self, details: LessonDetails, seat: Seat, launch: Launch, *, device: int) -> Link:
        link = issuing.build_link(
            details.lesson, seat.participant, way=LinkWay.DIRECT, device=device, now=self._clock.now()
        )
        url_sealed = self._sealer.seal(launch.url) if launch.url else None
        return replace(link, url_sealed=url_sealed, session_id=launch.session_id)

    def _redraw(self, tx: Transaction, claimed: Claimed, link: Link) -> None:
        """The card is there: have it drawn again with this link, which delivers it."""
        notice, now = claimed.notice, self._clock.now()
        tx.lessons.mark_delivered(link.workspace_id, link.id, at=now)
        tx.cards.want(notice.workspace_id, notice.lesson_id, person_id=notice.person_id)
        tx.cards.want(notice.workspace_id, notice.lesson_id, kinds=(CardKind.LEADER,))
        tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.SENT, sent_at=now)


def build_launch(details: LessonDetails, seat: Seat, *, languages: Collection[str] = ()) -> LaunchRequest:
    """What the room service is told: an opaque id of ours and the shown name, nothing else about the person but, where
    the lesson has no language of its own, theirs, if it is one of `languages`.
    """
    lesson, participant = details.lesson, seat.participant
    window = windows.window_of(lesson, participant)
    room = windows.widest_window(lesson, (one.participant for one in details.seats))
    return LaunchRequest(
        launch_id=details.room.launch_id,
        room_id=details.room.room_id,
        room_region=details.room.region,
        room_opens_at=room.opens_at,
        room_closes_at=room.closes_at,
        seats=len(details.seats),
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


def _without_failure(participant: Participant) -> Participant:
    return participant if participant.failure is None else replace(participant, failure=None)


def _with_link(details: LessonDetails, seat: Seat, participant: Participant, link: Link) -> LessonDetails:
    reached = replace(seat, link=link, participant=participant)
    return replace(details, seats=tuple(reached if other is seat else other for other in details.seats))


def _keep_settings(tx: Transaction, details: LessonDetails, launch: Launch) -> None:
    """What the room said about recording decides what the cards say; where it changed, all are redrawn."""
    if _as_heard(details.lesson, launch) is details.lesson:
        return
    lesson = tx.lessons.get(details.lesson.workspace_id, details.lesson.id)
    heard = _as_heard(lesson, launch)
    if heard is not lesson:
        tx.lessons.update(heard)
        tx.cards.want(lesson.workspace_id, lesson.id)


def _as_heard(lesson: Lesson, launch: Launch) -> Lesson:
    """The lesson with what the room said about recording, where it said something."""
    is_recorded = lesson.is_recorded if launch.is_recorded is None else launch.is_recorded
    is_transcribed = lesson.is_transcribed if launch.is_transcribed is None else launch.is_transcribed
    if (is_recorded, is_transcribed) == (lesson.is_recorded, lesson.is_transcribed):
        return lesson  # as all but a lesson's first launches find it
    return replace(lesson, is_recorded=is_recorded, is_transcribed=is_transcribed)
