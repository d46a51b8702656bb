"""One claimed notice, from its claim to a definite end. Nothing here chooses what is next.

    claim ─▶ launch ─▶ turn ─▶ link stored, sealed, and begin ─▶ post ─▶ sent
             launching.py     posting.py                           │
                         no definite answer ───────────────────────┴─▶ unknown: looked for before it is begun again

This module knows which of these steps a kind of notice takes, and what each failure means for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot import lateness, lifecycle, notices, windows
from bot.claims import Claimed, Claims
from bot.clock import Clock
from bot.collecting import Collector
from bot.courtesy import Courtesy
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
)
from bot.following import AFTER_WARNING, NextLessons
from bot.launching import Launcher
from bot.posting import LOOK_AFTER, Poster
from bot.reading import LookAgain, SessionReader
from storage.records import Notice, NoticeKind, NoticeState
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.sending")

MANY_ATTEMPTS = 3
"""So many failed launches, and the leader is told that it takes longer."""
NEEDS_READING = frozenset({NoticeKind.LATE_NUDGE, NoticeKind.LEADER_MISSING})
"""Kinds that say of somebody that they are not there."""
READING_PAUSE = timedelta(seconds=20)
"""Until it is seen whether the room service answered meanwhile."""
INSTALLATION_PAUSE = timedelta(minutes=1)
"""Between two tries while the whole installation is refused."""
INSTALLATION_CODES = frozenset(
    {
        "account_inactive",
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


class NoticeSender:
    """Sends claimed notices. Safe to run for many notices at once; launches and posts are bounded apart."""

    def __init__(
        self,
        *,
        store: Store,
        claims: Claims,
        courtesy: Courtesy,
        launcher: Launcher,
        poster: Poster,
        next_lessons: NextLessons,
        reader: SessionReader,
        collector: Collector,
        clock: Clock,
    ) -> None:
        self._store = store
        self._claims = claims
        self._courtesy = courtesy
        self._launcher = launcher
        self._poster = poster
        self._next_lessons = next_lessons
        self._reader = reader
        self._collector = collector
        self._clock = clock
        self.launches_open_at: datetime | None = None
        """Machine time until which the room service asked us to wait."""

    async def handle(self, claimed: Claimed) -> None:
        """Bring the notice to an end, or give it back for later. Never raises, except when cancelled."""
        notice = claimed.notice
        try:
            if notice.begun_at is not None and await self._poster.settle_unknown(claimed):
                return
            reason = notices.find_reason_to_drop(notice, claimed.details, now=self._clock.now())
            if reason is not None:
                await self._claims.drop(claimed, reason)
            elif await self._courtesy.keeps_back(claimed):
                return
            elif notice.kind in notices.WORK:
                await self._do_work(claimed)
            elif notice.kind in notices.BRINGS_CARD:
                await self._send_card(claimed)
            else:
                await self._send_message(claimed)
        except RoomServiceError as error:
            await self._answer_room_service(claimed, error)
        except SlackError as error:
            await self._answer_slack(claimed, error)
        except Exception:  # one notice that cannot be sent stops no other; its claim is given back for later
            log.exception("notice_failed_unexpectedly", notice=notice.id, kind=notice.kind.value)
            await self._claims.release(claimed, reason="unexpected")

    async def _do_work(self, claimed: Claimed) -> None:
        notice, now = claimed.notice, self._clock.now()
        if notice.kind in (NoticeKind.READ_SESSIONS, NoticeKind.COLLECT):
            due_at = await self._look(claimed)
            if due_at is not None:
                await self._claims.release(claimed, until=self._clock.machine_now(), due_at=due_at)
            else:
                await self._claims.finish(claimed, NoticeState.SENT)
            return
        if notice.kind is NoticeKind.KEEP_ROOM:
            await self._reader.keep_room(claimed.details)
        elif notice.kind is NoticeKind.ERASE_SECRETS:
            await self._reader.close_at_last(claimed.details)

        def work(tx: Transaction) -> None:
            is_ours = tx.notices.finish(notice.id, claim_id=claimed.claim_id, state=NoticeState.SENT, sent_at=now)
            if not is_ours:  # the lesson moved since it was claimed
                return
            if notice.kind is NoticeKind.GO_LIVE:
                lifecycle.go_live(tx, notice.workspace_id, notice.lesson_id, now=now)
            elif notice.kind is NoticeKind.ERASE_SECRETS:
                lifecycle.erase(tx, notice.workspace_id, notice.lesson_id, now=now)

        await self._store.write(work, is_patient=True)

    async def _look(self, claimed: Claimed) -> datetime | None:
        """Ask the room service what there is to know. When to ask again; None: never."""
        if claimed.notice.kind is NoticeKind.COLLECT:
            return await self._collector.look(claimed.notice, claimed.details)
        answer = await self._reader.look(claimed.notice, claimed.details)
        return answer.due_at if isinstance(answer, LookAgain) else None

    async def _send_card(self, claimed: Claimed) -> None:
        """The card, for a join link after a launch; where it is posted already, the launch has it redrawn."""
        seat = claimed.get_seat()
        if (failure := await self._launcher.check(seat.person)) is not None:
            await self._claims.fail(claimed, failure)
            return
        if seat.card is None and self._store.glance(lambda tx: _may_be_there(tx, claimed.notice)):
            await self._claims.release(claimed, reason="card_unknown")
            return
        keep = None
        if claimed.notice.kind in notices.NEEDS_LAUNCH:
            keep = await self._launcher.make_link(claimed)
            if seat.card is not None:
                return
        await self._poster.post(claimed, keep=keep)

    async def _send_message(self, claimed: Claimed) -> None:
        notice = claimed.notice
        if (warns_at := await self._next_lessons.find_warning(claimed)) is not None:
            due_at = warns_at + AFTER_WARNING
            await self._claims.release(claimed, until=self._clock.machine_now(), due_at=due_at)
        elif notice.kind in NEEDS_READING and not lateness.is_read_lately(claimed.details, now=self._clock.now()):
            # Lesson time, so that what waits for the room service does not count as late.
            due_at = self._clock.now() + READING_PAUSE
            until = self._clock.machine_now()
            await self._claims.release(claimed, until=until, due_at=due_at, reason="reading_old")
        elif _awaits_link(claimed, now=self._clock.now()):
            await self._claims.release(claimed, reason="link_not_ready")
        else:
            ahead = await self._next_lessons.list_next(claimed)
            carries = [coming.details.lesson.id for coming in ahead]
            await self._poster.post(claimed, next_lessons=ahead, carries=carries)

    async def _answer_room_service(self, claimed: Claimed, error: RoomServiceError) -> None:
        notice = claimed.notice
        log.warning("room_service_failed", notice=notice.id, kind=notice.kind.value, error=str(error))
        if isinstance(error, RoomServiceBusy):
            self.launches_open_at = self._clock.machine_now() + error.retry_after
            await self._claims.release(claimed, until=self.launches_open_at, reason="room_busy")
            return
        if notice.kind not in notices.NEEDS_LAUNCH:
            await self._claims.release(claimed, reason="room_service")
            return
        has_tried_enough = notice.attempts >= MANY_ATTEMPTS
        if isinstance(error, RoomServiceDown):
            if has_tried_enough:
                await self._claims.note_trouble(claimed, "room_down")
            await self._claims.release(claimed, reason="room_down")
        elif isinstance(error, RoomServiceNonsense) and not has_tried_enough:
            await self._claims.release(claimed, reason="room_nonsense")
        else:
            code = "room_nonsense" if isinstance(error, RoomServiceNonsense) else "room_refused"
            await self._claims.fail(claimed, code)

    async def _answer_slack(self, claimed: Claimed, error: SlackError) -> None:
        notice, machine_now = claimed.notice, self._clock.machine_now()
        log.warning("slack_failed", notice=notice.id, kind=notice.kind.value, method=error.method, code=error.code)
        if isinstance(error, SlackBusy):
            await self._claims.release(claimed, until=machine_now + error.retry_after, reason="slack_busy")
        elif isinstance(error, SlackUnknown) and error.method == "chat.postMessage":
            until = machine_now + LOOK_AFTER
            await self._claims.release(claimed, until=until, is_unknown=True, reason="unknown_outcome")
        elif isinstance(error, SlackUnknown | SlackDown):
            await self._claims.release(claimed, reason="slack_down")
        elif isinstance(error, SlackRefused) and error.code in INSTALLATION_CODES:
            await self._claims.release(claimed, until=machine_now + INSTALLATION_PAUSE, reason=error.code)
        else:
            await self._claims.fail(claimed, error.code)


def _may_be_there(tx: Transaction, notice: Notice) -> bool:
    """Did another notice begin to post this card, and nobody knows yet whether it did? Two would be one too many."""
    return tx.notices.is_another_begun(notice, kinds=notices.BRINGS_CARD)


def _awaits_link(claimed: Claimed, *, now: datetime) -> bool:
    """A message that must carry Join while the link is still being made.

    Word of a move, and what a leader sends once more, do not wait for a link that is not due yet or cannot be made.
    """
    if claimed.notice.kind not in (
        NoticeKind.START_REMINDER,
        NoticeKind.MOVED,
        NoticeKind.LATE_NUDGE,
        NoticeKind.RESENT,
    ):
        return False
    seat, lesson = claimed.get_seat(), claimed.details.lesson
    is_missing = seat.link is None or seat.link.number != seat.participant.link_number
    is_word_first = claimed.notice.kind in (NoticeKind.RESENT, NoticeKind.MOVED)
    if is_missing and is_word_first:
        return seat.participant.failure is None and windows.links_at(lesson, now) <= now
    return is_missing
