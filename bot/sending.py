"""One claimed notice, from its claim to a definite end. Each step is a commit; nothing here chooses what is next.

    claim ─▶ launch ─▶ link stored, sealed ─▶ turn ─▶ begin ─▶ post ─▶ sent
                                                        │
                         no definite answer ────────────┴─▶ unknown: look for the notice's id before beginning again

What may happen twice, and harms nobody: a launch (until a link was posted, the earlier one is known to nobody). What
must not: a post. So *begin* asks in one transaction whether the claim still holds and the fact is still true, and a
notice that was begun is looked for in the conversation before it is begun again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from storage.sealing import Sealer

from bot import lifecycle, notices, windows
from bot.clock import Clock
from bot.delivery import Delivery, Posted
from bot.drawing import Drawer, find_open_link
from bot.errors import (
    RoomServiceBusy,
    RoomServiceDown,
    RoomServiceError,
    RoomServiceNonsense,
    SlackBusy,
    SlackDown,
    SlackError,
    SlackRefused,
    SlackUnknown,
    SlackUnreachable,
)
from bot.messages import NextLesson
from bot.people import Directory
from bot.reading import LookAgain, SessionReader
from bot.rooms.base import Launch, LaunchRequest, RoomService
from storage.records import (
    Card,
    CardId,
    CardKind,
    ClaimId,
    LessonDetails,
    Link,
    LinkId,
    LinkWay,
    Notice,
    NoticeKind,
    NoticeState,
    Person,
    PersonKind,
    Role,
    Seat,
    new_id,
)
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.sending")

LEASE = timedelta(seconds=60)
LOOK_AFTER = timedelta(seconds=25)
"""From begin until an unknown outcome is looked for: the post's own 10 s, and 15 s for Slack to show what it has."""
UNREADABLE_PAUSE = timedelta(minutes=5)
"""Until a conversation that could not be read is tried again."""
MANY_ATTEMPTS = 3
"""So many failed launches, and the leader is told that it takes longer."""
INSTALLATION_CODES = frozenset(
    {
        "account_inactive",
        "app_missing_action_url",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
"""Slack's codes that mean all of the installation, not this message: everything waits until a person mends it."""

CARD_KINDS = {
    NoticeKind.START_REMINDER: CardKind.REMINDER,
    NoticeKind.END_WARNING: CardKind.WARNING,
    NoticeKind.MOVED: CardKind.MOVED,
}


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A notice that is ours for now."""

    notice: Notice
    claim_id: ClaimId


class NoticeSender:
    """Sends claimed notices. Safe to run for many notices at once; launches and posts are bounded apart."""

    def __init__(
        self,
        *,
        store: Store,
        service: RoomService,
        delivery: Delivery,
        directory: Directory,
        drawer: Drawer,
        sealer: Sealer,
        reader: SessionReader,
        clock: Clock,
        launches_at_once: int,
        posts_at_once: int,
    ) -> None:
        self._store = store
        self._service = service
        self._delivery = delivery
        self._directory = directory
        self._drawer = drawer
        self._sealer = sealer
        self._reader = reader
        self._clock = clock
        self._launch_slots = asyncio.Semaphore(launches_at_once)
        self._post_slots = asyncio.Semaphore(posts_at_once)
        self.launches_open_at: datetime | None = None  # machine time; the room service asked us to wait until then

    async def handle(self, claimed: Claimed, details: LessonDetails) -> None:
        """Bring the notice to an end, or give it back for later. Never raises, except when cancelled."""
        notice = claimed.notice
        try:
            if notice.begun_at is not None and await self._settle_unknown(claimed, details):
                return
            reason = notices.find_reason_to_drop(notice, details, now=self._clock.now())
            if reason is not None:
                await self._drop(claimed, details, reason)
            elif notice.kind in notices.WORK:
                await self._work(claimed, details)
            elif notice.kind in notices.NEEDS_LAUNCH:
                await self._send_way_in(claimed, details)
            else:
                await self._send(claimed, details)
        except RoomServiceError as error:
            await self._answer_room_service(claimed, details, error)
        except SlackError as error:
            await self._answer_slack(claimed, details, error)
        except Exception:
            log.exception("notice_failed_unexpectedly", notice=notice.id, kind=notice.kind.value)
            await self._release(claimed, reason="unexpected")

    # Work

    async def _work(self, claimed: Claimed, details: LessonDetails) -> None:
        notice, lesson = claimed.notice, details.lesson
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            if notice.kind is NoticeKind.GO_LIVE:
                lifecycle.go_live(tx, lesson.workspace_id, lesson.id, now=now)
            else:
                tx.lessons.erase_secrets(lesson.workspace_id, lesson.id)
            tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.SENT, sent_at=now)

        if notice.kind is not NoticeKind.READ_SESSIONS:
            await self._store.write(work, is_patient=True)
            return
        answer = await self._reader.look(notice, details)
        if isinstance(answer, LookAgain):
            await self._store.write(
                lambda tx: tx.notices.release(
                    notice.id, claim_id=claimed.claim_id, not_before=self._clock.machine_now(), due_at=answer.due_at
                )
            )
            return
        await self._finish(claimed, NoticeState.SENT)

    # The way in

    async def _send_way_in(self, claimed: Claimed, details: LessonDetails) -> None:
        """Launch unless it was launched already, then post the card, or have the posted one redrawn."""
        notice = claimed.notice
        seat = _get_seat(notice, details)
        person = await self._check(seat.person)
        if (failure := find_unreachable(person)) is not None:
            await self._fail(claimed, details, failure)
            return
        link = seat.link if find_open_link(details, seat, now=self._clock.now()) else None
        if link is None:
            async with self._launch_slots:
                launch = await self._service.launch(build_launch(details, seat))
            link, details = await self._keep(claimed, details, seat, launch)
        if details.find_seat(seat.person.id) is None:
            await self._drop(claimed, details, "removed")
        elif seat.card is None:
            await self._send(claimed, details)
        # else: `_keep` finished it, or it is finished here from a link stored before a crash
        elif seat.link is not None:
            await self._store.write(lambda tx: self._redraw(tx, claimed, details, link), is_patient=True)

    async def _keep(
        self, claimed: Claimed, details: LessonDetails, seat: Seat, launch: Launch
    ) -> tuple[Link, LessonDetails]:
        """Store the launched link, sealed, and what the launch told of room and settings."""
        participant, lesson, notice = seat.participant, details.lesson, claimed.notice
        window = windows.window_of(lesson, participant)
        link = Link(
            id=LinkId(new_id()),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            participant_id=participant.id,
            number=participant.link_number,
            way=LinkWay.DIRECT,
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            warns_at=windows.soft_expiry(lesson, participant),
            url_sealed=self._sealer.seal(launch.url),
            session_id=launch.session_id,
            made_at=self._clock.now(),
        )
        secret_sealed = self._sealer.seal(launch.room_secret) if launch.room_secret else None

        def work(tx: Transaction) -> Link:
            stored = tx.lessons.insert_link(link)
            if details.room.room_id != launch.room_id or details.room.secret_sealed is None:
                tx.lessons.update_room(replace(details.room, room_id=launch.room_id, secret_sealed=secret_sealed))
            if participant.provider_user_id != launch.provider_user_id or participant.failure is not None:
                kept = replace(participant, provider_user_id=launch.provider_user_id, failure=None)
                tx.lessons.update_participant(kept)
            _keep_settings(tx, details, launch)
            if seat.card is not None:
                self._redraw(tx, claimed, details, stored)
            return stored

        stored = await self._store.write(work, is_patient=True)
        seats = tuple(
            replace(other, link=stored, participant=replace(other.participant, failure=None))
            if other is seat
            else other
            for other in details.seats
        )
        told = replace(
            details.lesson,
            is_recorded=_told(launch.is_recorded, lesson.is_recorded),
            is_transcribed=_told(launch.is_transcribed, lesson.is_transcribed),
        )
        log.info("launched", notice=notice.id, lesson=lesson.id, link=stored.id)
        return stored, replace(details, lesson=told, seats=seats)

    def _redraw(self, tx: Transaction, claimed: Claimed, details: LessonDetails, link: Link) -> None:
        """The card is there: have it drawn again with this link, which delivers it."""
        notice, now = claimed.notice, self._clock.now()
        tx.lessons.update_link(replace(link, delivered_at=now))
        tx.cards.want(notice.workspace_id, notice.lesson_id, person_id=notice.person_id)
        tx.cards.want(notice.workspace_id, notice.lesson_id, kinds=(CardKind.LEADER,))
        tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.SENT, sent_at=now)

    async def _check(self, person: Person) -> Person:
        """The person as the directory knows them, looked up now if the form could not."""
        if person.checked_at is not None:
            return person
        return await self._directory.look_up(person.user_id)

    # Posting

    async def _send(self, claimed: Claimed, details: LessonDetails) -> None:
        notice = claimed.notice
        if await self._joins_a_warning(claimed, details):
            return
        if _awaits_link(notice, details):
            await self._release(claimed, reason="link_not_ready")
            return
        next_lessons, joined = await self._find_next_lessons(notice, details)
        async with self._post_slots:
            await self._delivery.take_turn()
            begun = await self._begin(claimed, details)
            if begun is None:
                self._delivery.give_turn_back()
                return
            message = self._drawer.draw_notice(
                notice,
                begun,
                now=self._clock.now(),
                next_lessons=next_lessons,
                shows_names=await self._shows_names(notice),
            )
            posted = await self._delivery.post(
                _recipient_of(notice, begun), message.text, message.blocks, notice_id=notice.id, has_turn=True
            )
        await self._record(claimed, begun, posted, joined=joined)

    async def _begin(self, claimed: Claimed, details: LessonDetails) -> LessonDetails | None:
        """Commit that we are about to post. None: the notice is no longer ours, or no longer true (then dropped)."""
        notice = claimed.notice
        now, machine_now = self._clock.now(), self._clock.machine_now()

        def work(tx: Transaction) -> LessonDetails | None:
            lesson = tx.lessons.get(notice.workspace_id, notice.lesson_id)
            fresh = details
            if (lesson.revision, lesson.state) != (details.lesson.revision, details.lesson.state):
                fresh = tx.lessons.get_details(notice.workspace_id, notice.lesson_id)
            reason = notices.find_reason_to_drop(notice, fresh, now=now)
            if reason is not None:
                tx.notices.finish(
                    notice.id, claim_id=claimed.claim_id, state=NoticeState.DROPPED, reason=reason, sent_at=None
                )
                return None
            is_ours = tx.notices.begin(notice.id, claim_id=claimed.claim_id, machine_now=machine_now, lease=LEASE)
            return fresh if is_ours else None

        return await self._store.write(work, is_patient=True)

    async def _record(
        self, claimed: Claimed, details: LessonDetails, posted: Posted, *, joined: Sequence[LessonDetails] = ()
    ) -> None:
        """Commit that it was posted, with the card that it became."""
        notice, now = claimed.notice, self._clock.now()

        def work(tx: Transaction) -> None:
            is_ours = tx.notices.finish(
                notice.id,
                claim_id=claimed.claim_id,
                state=NoticeState.SENT,
                sent_at=now,
                conversation=posted.conversation,
                ts=posted.ts,
            )
            if not is_ours:
                return
            self._note_conversation(tx, notice, details, posted)
            card = _build_card(notice, details, posted, now=now)
            if card is not None:
                tx.cards.insert(card)
                _note_card(tx, notice, details, now=now)
            for lesson in joined:
                tx.notices.drop_waiting(
                    notice.workspace_id,
                    lesson.lesson.id,
                    kinds=(NoticeKind.START_REMINDER,),
                    reason="joined_to_warning",
                    person_id=notice.person_id,
                )

        await self._store.write(work, is_patient=True)
        log.info("sent", notice=notice.id, kind=notice.kind.value, lesson=notice.lesson_id)

    def _note_conversation(self, tx: Transaction, notice: Notice, details: LessonDetails, posted: Posted) -> None:
        seat = details.find_seat(notice.person_id) if notice.person_id else None
        if seat and (seat.person.conversation != posted.conversation or seat.person.unreachable):
            tx.people.save(replace(seat.person, conversation=posted.conversation, unreachable=None))

    async def _shows_names(self, notice: Notice) -> bool:
        """Whether a channel may read who came: the setting is on, and only members of this workspace read it."""
        if notice.channel_id is None or not self._drawer.shows_channel_names:
            return False
        channel = await self._directory.look_up_channel(notice.channel_id)
        return channel is not None and not channel.is_external and not channel.has_guests

    # A leader's back-to-back lessons

    async def _joins_a_warning(self, claimed: Claimed, details: LessonDetails) -> bool:
        """A leader's start reminder inside another lesson of theirs waits for that lesson's end warning to carry it."""
        notice, lesson, now = claimed.notice, details.lesson, self._clock.now()
        seat = details.find_seat(notice.person_id) if notice.person_id else None
        if notice.kind is not NoticeKind.START_REMINDER or seat is None or not seat.participant.is_leader:
            return False

        def find(tx: Transaction) -> datetime | None:
            running = tx.lessons.list_between(
                lesson.workspace_id, ends_after=now, starts_before=now, person_id=seat.person.id
            )
            for other in running:
                warns_at = windows.warns_at(other)
                if other.id == lesson.id or not other.is_open or other.is_let_end or warns_at is None:
                    continue
                place = tx.lessons.get_details(lesson.workspace_id, other.id).find_seat(seat.person.id)
                if place and place.participant.is_leader and now < warns_at < lesson.starts_at - timedelta(minutes=1):
                    return warns_at
            return None

        warns_at = await self._store.read(find)
        if warns_at is None:
            return False
        due_at = warns_at + timedelta(seconds=30)  # after the warning; sent on its own if that one never went
        await self._store.write(
            lambda tx: tx.notices.release(
                notice.id, claim_id=claimed.claim_id, not_before=self._clock.machine_now(), due_at=due_at
            )
        )
        return True

    async def _find_next_lessons(
        self, notice: Notice, details: LessonDetails
    ) -> tuple[list[NextLesson], list[LessonDetails]]:
        """What a leader's end warning says of the lesson that they lead next, while its reminder is still owed."""
        if notice.kind is not NoticeKind.END_WARNING or notice.person_id is None:
            return [], []
        person_id, now = notice.person_id, self._clock.now()

        def find(tx: Transaction) -> list[LessonDetails]:
            coming = tx.lessons.list_between(
                notice.workspace_id,
                ends_after=now,
                starts_before=now + details.lesson.options.remind_before + timedelta(seconds=1),
                person_id=person_id,
            )
            return [
                tx.lessons.get_details(notice.workspace_id, lesson.id)
                for lesson in coming
                if lesson.id != notice.lesson_id
                and lesson.is_open
                and lesson.starts_at > now
                and any(
                    owed.kind is NoticeKind.START_REMINDER
                    and owed.person_id == person_id
                    and owed.state is NoticeState.WAITING
                    for owed in tx.notices.list_for_lesson(notice.workspace_id, lesson.id)
                )
            ]

        found = await self._store.read(find)
        ahead = []
        for coming in found:
            seat = coming.find_seat(person_id)
            if seat is not None:
                join_url = self._drawer.find_join_url(coming, seat, now=now)
                ahead.append(NextLesson(details=coming, seat=seat, join_url=join_url))
        return ahead, found

    # Outcomes

    async def _settle_unknown(self, claimed: Claimed, details: LessonDetails) -> bool:
        """Look for a post without a definite answer. True: it is settled, or must wait; False: it is not there."""
        notice = claimed.notice
        if notice.begun_at is None:
            return False
        looks_at = notice.begun_at + LOOK_AFTER
        if self._clock.machine_now() < looks_at:
            await self._release(claimed, until=looks_at, is_unknown=True)
            return True
        person = self._find_person(notice, details)
        where = notice.channel_id or (person.conversation or person.user_id if person else None)
        if where is None:
            return False
        try:
            posted = await self._delivery.find_post(where, notice.id, since=notice.begun_at)
        except (SlackRefused, SlackUnreachable) as error:
            log.warning("outcome_unreadable", notice=notice.id, code=error.code)
            await self._note_failure(notice, details, "unknown_outcome")
            until = self._clock.machine_now() + UNREADABLE_PAUSE
            await self._release(claimed, until=until, is_unknown=True, reason="history_unreadable")
            return True
        except SlackError:
            await self._release(claimed, is_unknown=True, reason="history_unreachable")
            return True
        if posted is None:
            return False
        log.info("found_sent", notice=notice.id, kind=notice.kind.value)
        await self._record(claimed, details, posted)
        return True

    def _find_person(self, notice: Notice, details: LessonDetails) -> Person | None:
        seat = details.find_seat(notice.person_id) if notice.person_id else None
        if seat is not None:
            return seat.person
        return details.booked_by if notice.person_id == details.booked_by.id else None

    async def _answer_room_service(self, claimed: Claimed, details: LessonDetails, error: RoomServiceError) -> None:
        notice = claimed.notice
        log.warning("room_service_failed", notice=notice.id, kind=notice.kind.value, error=str(error))
        if isinstance(error, RoomServiceBusy):
            self.launches_open_at = self._clock.machine_now() + error.retry_after
            await self._release(claimed, until=self.launches_open_at, reason="room_busy")
            return
        is_temporary = isinstance(error, RoomServiceDown) or (
            isinstance(error, RoomServiceNonsense) and notice.attempts < MANY_ATTEMPTS
        )
        if notice.kind not in notices.NEEDS_LAUNCH:
            await self._release(claimed, reason="room_service")
        elif is_temporary:
            if notice.attempts >= MANY_ATTEMPTS:
                await self._note_failure(notice, details, "room_down")
            await self._release(claimed, reason="room_down")
        else:
            code = "room_nonsense" if isinstance(error, RoomServiceNonsense) else "room_refused"
            await self._fail(claimed, details, code)

    async def _answer_slack(self, claimed: Claimed, details: LessonDetails, error: SlackError) -> None:
        notice = claimed.notice
        log.warning("slack_failed", notice=notice.id, kind=notice.kind.value, method=error.method, code=error.code)
        if isinstance(error, SlackBusy):
            until = self._clock.machine_now() + error.retry_after
            await self._release(claimed, until=until, reason="slack_busy")
        elif isinstance(error, SlackUnknown) and error.method == "chat.postMessage":
            until = self._clock.machine_now() + LOOK_AFTER
            await self._release(claimed, until=until, is_unknown=True, reason="unknown_outcome")
        elif isinstance(error, SlackUnknown | SlackDown):
            await self._release(claimed, reason="slack_down")
        elif isinstance(error, SlackRefused) and error.code in INSTALLATION_CODES:
            until = self._clock.machine_now() + timedelta(minutes=1)
            await self._release(claimed, until=until, reason=error.code)
        else:
            await self._fail(claimed, details, error.code)

    async def _fail(self, claimed: Claimed, details: LessonDetails, code: str) -> None:
        """Give up, visibly: on the leaders' cards, and to the booker."""
        notice, now = claimed.notice, self._clock.now()
        seat = details.find_seat(notice.person_id) if notice.person_id else None

        def work(tx: Transaction) -> None:
            if not tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.FAILED, reason=code):
                return
            if seat is None or notice.kind not in notices.BRINGS_CARD | {NoticeKind.MOVED}:
                return
            lifecycle.note_failure(tx, details, seat.participant.id, code, now=now)
            if seat.participant.is_leader and seat.card is None and code.startswith("room_"):
                tx.notices.insert(notices.plan_card_without_link(details.lesson, seat.participant, now=now))

        await self._store.write(work)
        log.error("gave_up", notice=notice.id, kind=notice.kind.value, code=code)

    async def _note_failure(self, notice: Notice, details: LessonDetails, code: str) -> None:
        """Still trying, but the leaders should know."""
        now = self._clock.now()
        seat = details.find_seat(notice.person_id) if notice.person_id else None
        if seat is None:
            return

        def work(tx: Transaction) -> None:
            lifecycle.note_failure(tx, details, seat.participant.id, code, now=now)
            if seat.participant.is_leader and seat.card is None and code.startswith("room_"):
                tx.notices.insert(notices.plan_card_without_link(details.lesson, seat.participant, now=now))

        await self._store.write(work)

    async def _drop(self, claimed: Claimed, details: LessonDetails, reason: str) -> None:
        log.info("dropped", notice=claimed.notice.id, kind=claimed.notice.kind.value, reason=reason)
        if reason == "too_late" and claimed.notice.kind in notices.BRINGS_CARD:
            await self._fail(claimed, details, reason)
            return
        await self._finish(claimed, NoticeState.DROPPED, reason=reason)

    async def _finish(self, claimed: Claimed, state: NoticeState, *, reason: str | None = None) -> None:
        sent_at = self._clock.now() if state is NoticeState.SENT else None
        await self._store.write(
            lambda tx: tx.notices.finish(
                claimed.notice.id, claim_id=claimed.claim_id, state=state, reason=reason, sent_at=sent_at
            ),
            is_patient=True,
        )

    async def _release(
        self,
        claimed: Claimed,
        *,
        until: datetime | None = None,
        is_unknown: bool = False,
        reason: str | None = None,
    ) -> None:
        not_before = until or self._clock.machine_now() + back_off(claimed.notice.attempts)
        await self._store.write(
            lambda tx: tx.notices.release(
                claimed.notice.id,
                claim_id=claimed.claim_id,
                not_before=not_before,
                is_unknown=is_unknown,
                reason=reason,
            ),
            is_patient=True,
        )


def back_off(attempts: int) -> timedelta:
    """One second, doubled with each attempt up to a minute, and up to a half more so that not all come back at once."""
    seconds = min(2.0 ** min(max(attempts - 1, 0), 6), 60.0)
    return timedelta(seconds=seconds * random.uniform(1.0, 1.5))


def build_launch(details: LessonDetails, seat: Seat) -> LaunchRequest:
    """What the room service is told: an opaque id of ours and the shown name, nothing else about the person."""
    lesson, participant = details.lesson, seat.participant
    window = windows.window_of(lesson, participant)
    return LaunchRequest(
        launch_id=details.room.launch_id,
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
        language=lesson.options.language,
        features=lesson.options.features,
    )


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


def _get_seat(notice: Notice, details: LessonDetails) -> Seat:
    seat = details.find_seat(notice.person_id) if notice.person_id else None
    if seat is None:
        raise ValueError(f"notice {notice.id} has no seat")
    return seat


def _recipient_of(notice: Notice, details: LessonDetails) -> str:
    if notice.channel_id is not None:
        return notice.channel_id
    seat = details.find_seat(notice.person_id) if notice.person_id else None
    return seat.person.user_id if seat else details.booked_by.user_id


def _awaits_link(notice: Notice, details: LessonDetails) -> bool:
    """A message that must carry Join while the link is still being made."""
    if notice.kind not in (NoticeKind.START_REMINDER, NoticeKind.MOVED):
        return False
    seat = _get_seat(notice, details)
    return seat.link is None or seat.link.number != seat.participant.link_number


def _build_card(notice: Notice, details: LessonDetails, posted: Posted, *, now: datetime) -> Card | None:
    seat = details.find_seat(notice.person_id) if notice.person_id else None
    if notice.kind in notices.BRINGS_CARD:
        is_leader = seat is not None and seat.participant.role is Role.LEADER
        kind = CardKind.LEADER if is_leader else CardKind.PARTICIPANT
    elif notice.kind in CARD_KINDS:
        kind = CARD_KINDS[notice.kind]
    else:
        return None
    return Card(
        id=CardId(new_id()),
        workspace_id=notice.workspace_id,
        lesson_id=notice.lesson_id,
        kind=kind,
        person_id=notice.person_id,
        channel_id=notice.channel_id,
        notice_id=notice.id,
        conversation=posted.conversation,
        ts=posted.ts,
        posted_at=now,
    )


def _note_card(tx: Transaction, notice: Notice, details: LessonDetails, *, now: datetime) -> None:
    """The posted card is compared with the truth of this moment, and the leaders' cards learn of it."""
    seat = details.find_seat(notice.person_id) if notice.person_id else None
    fresh = tx.lessons.get(notice.workspace_id, notice.lesson_id)
    if fresh.revision != details.lesson.revision or fresh.state is not details.lesson.state:
        tx.cards.want(notice.workspace_id, notice.lesson_id, person_id=notice.person_id)
    if seat is None or notice.kind not in notices.BRINGS_CARD:
        return
    if seat.link is not None and seat.link.delivered_at is None:
        tx.lessons.update_link(replace(seat.link, delivered_at=now))
    tx.cards.want(notice.workspace_id, notice.lesson_id, kinds=(CardKind.LEADER,))


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
