"""One message posted once, as far as Slack allows: turn, begin, post, sent. Begin and sent are a commit each.

What must not happen twice is a post, and Slack has no idempotency key. So *begin* asks in one transaction whether the
claim still holds and the fact is still true; every post carries the notice's id; and a notice that was begun without a
definite answer is looked for in the conversation before it is begun again.

A link that was just made is stored by the same commit that begins its post, where the post need not wait: where it
must, the link is stored first, so that waiting loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot import notices
from bot.claims import LEASE, Claimed, Claims, Keep
from bot.clock import Clock
from bot.delivery import Delivery, Posted
from bot.drawing import Drawer, find_next_change
from bot.errors import SlackError, SlackRefused, SlackUnreachable
from bot.house_rules import may_name
from bot.messages import NextLesson
from bot.pacing import Turnstile
from bot.people import Directory
from storage.records import (
    Card,
    CardId,
    CardKind,
    LessonDetails,
    LessonId,
    Notice,
    NoticeKind,
    NoticeState,
    new_id,
)
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.sending")

LOOK_AFTER = timedelta(seconds=25)
"""From begin until an unknown outcome is looked for: the post's own 10 s, and 15 s for Slack to show what it has."""
UNREADABLE_PAUSE = timedelta(minutes=5)
"""Until a conversation that could not be read is tried again."""

CARD_KINDS = {
    NoticeKind.START_REMINDER: CardKind.REMINDER,
    NoticeKind.END_WARNING: CardKind.WARNING,
    NoticeKind.MOVED: CardKind.MOVED,
    NoticeKind.RESENT: CardKind.RESENT,
    NoticeKind.LATE_NUDGE: CardKind.NUDGE,
    NoticeKind.CHANNEL: CardKind.CHANNEL,
    NoticeKind.SUMMARY: CardKind.SUMMARY,
}


class Poster:
    """Posts notices, at most so many at once."""

    def __init__(
        self,
        *,
        store: Store,
        delivery: Delivery,
        directory: Directory,
        drawer: Drawer,
        claims: Claims,
        clock: Clock,
        at_once: int,
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._directory = directory
        self._drawer = drawer
        self._claims = claims
        self._clock = clock
        self._slots = asyncio.Semaphore(at_once)
        self._turnstile = Turnstile()
        self._under_way = 0

    async def post(
        self,
        claimed: Claimed,
        *,
        keep: Keep | None = None,
        next_lessons: Sequence[NextLesson] = (),
        carries: Sequence[LessonId] = (),
    ) -> None:
        """Post the notice's message. `keep`: what has yet to be stored of the link that it brings.

        `carries`: lessons whose start reminder it replaces. Raises SlackError.
        """
        shows_names = await self._shows_names(claimed.notice)
        thread_ts = await self._find_thread(claimed.notice)
        if keep is not None and (self._slots.locked() or not self._delivery.has_turn()):
            claimed, keep = await self._store.write(keep, is_patient=True), None
        async with self._slots, self._counted():
            await self._delivery.take_turn()
            begun = await self._begin(claimed, keep)
            if begun is None:
                self._delivery.give_turn_back()
                return
            await self._turnstile.go_through()
            message = self._drawer.draw_notice(
                begun.notice,
                begun.details,
                now=self._clock.now(),
                next_lessons=next_lessons,
                shows_names=shows_names,
            )
            posted = await self._delivery.post(
                _recipient_of(begun),
                message.text,
                message.blocks,
                notice_id=begun.notice.id,
                thread_ts=thread_ts,
                has_turn=True,
            )
        await self._record(begun, posted, carries=carries)

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def settle_unknown(self, claimed: Claimed) -> bool:
        """Look for a post without a definite answer. True: it is settled, or must wait; False: it is not there."""
        notice = claimed.notice
        if notice.begun_at is None:
            return False
        looks_at = notice.begun_at + LOOK_AFTER
        if self._clock.machine_now() < looks_at:
            await self._claims.release(claimed, until=looks_at, is_unknown=True)
            return True
        try:
            posted = await self._delivery.find_post(
                _conversation_of(claimed),
                notice.id,
                since=notice.begun_at,
                thread_ts=await self._find_thread(notice),
            )
        except (SlackRefused, SlackUnreachable) as error:
            log.warning("outcome_unreadable", notice=notice.id, code=error.code)
            await self._claims.note_trouble(claimed, "unknown_outcome")
            until = self._clock.machine_now() + UNREADABLE_PAUSE
            await self._claims.release(claimed, until=until, is_unknown=True, reason="history_unreadable")
            return True
        except SlackError:
            await self._claims.release(claimed, is_unknown=True, reason="history_unreachable")
            return True
        if posted is None:
            return False
        log.info("found_sent", notice=notice.id, kind=notice.kind.value)
        await self._record(claimed, posted, is_found=True)
        return True

    async def _begin(self, claimed: Claimed, keep: Keep | None) -> Claimed | None:
        """Commit that we are about to post. None: the notice is no longer ours, or no longer true (then dropped).

        What `keep` stores is stored also then.
        """
        notice = claimed.notice
        now, machine_now = self._clock.now(), self._clock.machine_now()

        def work(tx: Transaction) -> LessonDetails | None:
            details = claimed.details if keep is None else keep(tx).details
            is_stale = tx.lessons.get_standing(notice.workspace_id, notice.lesson_id) != details.lesson.standing
            fresh = tx.lessons.get_details(notice.workspace_id, notice.lesson_id) if is_stale else details
            reason = notices.find_reason_to_drop(notice, fresh, now=now)
            if reason is not None:
                tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.DROPPED, reason=reason)
                return None
            is_ours = tx.notices.begin(notice.id, claim_id=claimed.claim_id, machine_now=machine_now, lease=LEASE)
            return fresh if is_ours else None

        # The first of a class waits for no others to join it: they follow while it is put on disk.
        begun = await self._store.write(work, is_patient=self._under_way > 1)
        return replace(claimed, details=begun) if begun is not None else None

    async def _record(
        self, claimed: Claimed, posted: Posted, *, carries: Sequence[LessonId] = (), is_found: bool = False
    ) -> None:
        """Commit that it was posted, with the card that it became. `is_found`: earlier, in words of that time."""
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
            _note_conversation(tx, claimed, posted)
            _clear_failure(tx, claimed)
            _keep_card(tx, claimed, posted, is_found=is_found, now=now)
            for lesson_id in carries:
                tx.notices.drop_waiting(
                    notice.workspace_id,
                    lesson_id,
                    kinds=(NoticeKind.START_REMINDER,),
                    reason="carried_by_warning",
                    person_id=notice.person_id,
                )

        # Nobody waits for it, but that the next message to the same person does: it goes with the others' begins.
        await self._store.write(work, is_patient=True, rides=self._under_way > 0)
        log.info("sent", notice=notice.id, kind=notice.kind.value, lesson=notice.lesson_id)

    async def _find_thread(self, notice: Notice) -> str | None:
        """The channel's post of this lesson, under which its other messages stand; None: there is none, or it is gone.

        The post was owed to the same recipient before, so once another notice has its turn this answer is settled.
        """
        if notice.channel_id is None or notice.kind is NoticeKind.CHANNEL:
            return None
        found = await self._store.read(lambda tx: tx.cards.list_for_lesson(notice.workspace_id, notice.lesson_id))
        posts = [card for card in found if card.kind is CardKind.CHANNEL and not card.is_final]
        return next((card.ts for card in posts if card.channel_id == notice.channel_id), None)

    async def _shows_names(self, notice: Notice) -> bool:
        """Whether a channel may read who came: the setting is on, and only members of this workspace read it."""
        if notice.channel_id is None:
            return False
        otherwise = self._drawer.shows_channel_names
        if not self._store.glance(lambda tx: may_name(tx, notice.workspace_id, otherwise=otherwise)):
            return False
        channel = await self._directory.look_up_channel(notice.channel_id)
        return channel is not None and not channel.is_external and not channel.has_guests


def _recipient_of(claimed: Claimed) -> str:
    """Slack's id of whom it goes to. A person by user id: Slack opens the conversation."""
    if claimed.notice.channel_id is not None:
        return claimed.notice.channel_id
    person = claimed.person
    if person is None:
        raise ValueError(f"notice {claimed.notice.id} has no recipient")
    return person.user_id


def _conversation_of(claimed: Claimed) -> str:
    person = claimed.person
    return person.conversation if person is not None and person.conversation else _recipient_of(claimed)


def _note_conversation(tx: Transaction, claimed: Claimed, posted: Posted) -> None:
    person = claimed.person
    if person is not None and (person.conversation != posted.conversation or person.unreachable):
        tx.people.save(replace(person, conversation=posted.conversation, unreachable=None))


def _clear_failure(tx: Transaction, claimed: Claimed) -> None:
    """They were reached after all: what was told of them no longer holds."""
    notice, seat = claimed.notice, claimed.seat
    if seat is None or seat.participant.failure is None:
        return
    fresh = tx.lessons.get_details(notice.workspace_id, notice.lesson_id).find_seat(seat.person.id)
    if fresh is None or fresh.participant.failure != seat.participant.failure:
        return
    has_way_in = notice.kind in notices.BRINGS_CARD and seat.link is not None
    if has_way_in or seat.participant.failure == "unknown_outcome":
        tx.lessons.update_participant(replace(fresh.participant, failure=None))
        tx.cards.want(notice.workspace_id, notice.lesson_id, kinds=(CardKind.LEADER,))


def _keep_card(tx: Transaction, claimed: Claimed, posted: Posted, *, is_found: bool, now: datetime) -> None:
    """The message becomes a card that follows the truth, compared at once with the truth of this moment."""
    notice, details, seat = claimed.notice, claimed.details, claimed.seat
    kind = _card_kind(claimed)
    if kind is None:
        return
    tx.cards.insert(
        Card(
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
            due_at=find_next_change(kind, details, drawn_at=notice.due_at),  # or later: then redrawn once in vain
        )
    )
    is_behind = tx.lessons.get_standing(notice.workspace_id, notice.lesson_id) != details.lesson.standing
    if kind is CardKind.SUMMARY:
        held = tuple(tx.sessions.list_for_lesson(notice.workspace_id, notice.lesson_id))
        is_behind = is_behind or held != details.sessions
    if is_found or is_behind:
        tx.cards.want(notice.workspace_id, notice.lesson_id, person_id=notice.person_id)
    if seat is None or notice.kind not in notices.BRINGS_CARD:
        return
    if seat.link is not None and seat.link.delivered_at is None:
        tx.lessons.mark_delivered(notice.workspace_id, seat.link.id, at=now)
    tx.cards.want(notice.workspace_id, notice.lesson_id, kinds=(CardKind.LEADER,))


def _card_kind(claimed: Claimed) -> CardKind | None:
    if claimed.notice.kind in notices.BRINGS_CARD:
        return CardKind.LEADER if claimed.get_seat().participant.is_leader else CardKind.PARTICIPANT
    return CARD_KINDS.get(claimed.notice.kind)
