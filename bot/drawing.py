"""Which words a notice or a card wears now. Opens the sealed link that a card carries; sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import cards, messages, summaries, windows
from bot.blocks import Message
from bot.messages import NextLesson
from storage.records import Card, CardKind, LessonDetails, Link, Notice, NoticeKind, Seat
from storage.sealing import Sealer


@dataclass(frozen=True, kw_only=True)
class Drawer:
    """Draws for everybody; what differs between workspaces is handed in."""

    sealer: Sealer
    service_name: str  # as people read it
    shows_channel_names: bool = False

    def find_join_url(self, details: LessonDetails, seat: Seat, *, now: datetime) -> str | None:
        """The way in that counts, while it works."""
        link = find_open_link(details, seat, now=now)
        return self.sealer.unseal(link.url_sealed) if link and link.url_sealed else None

    def draw_notice(
        self,
        notice: Notice,
        details: LessonDetails,
        *,
        now: datetime,
        next_lessons: Sequence[NextLesson] = (),
        shows_names: bool = False,
    ) -> Message:
        """The message that this notice owes. `shows_names`: the channel may read them."""
        seat = find_recipient(notice, details)
        if seat is None:
            return self._draw_for_outsider(notice, details, now=now, shows_names=shows_names)
        join_url = self.find_join_url(details, seat, now=now)
        match notice.kind:
            case NoticeKind.INVITATION | NoticeKind.JOIN_LINK:
                return self._draw_own_card(details, seat, now=now)
            case NoticeKind.START_REMINDER:
                return messages.build_start_reminder(details, seat, join_url=join_url, now=now)
            case NoticeKind.END_WARNING:
                return messages.build_end_warning(details, seat=seat, now=now, next_lessons=next_lessons)
            case NoticeKind.MOVED:
                return messages.build_moved(details, seat, join_url=join_url, now=now)
            case _:
                return self._draw_for_outsider(notice, details, now=now, shows_names=shows_names, seat=seat)

    def _draw_own_card(self, details: LessonDetails, seat: Seat, *, now: datetime) -> Message:
        build = cards.build_leader_card if seat.participant.is_leader else cards.build_participant_card
        return build(details, seat, join_url=self.find_join_url(details, seat, now=now), now=now)

    def _draw_for_outsider(
        self,
        notice: Notice,
        details: LessonDetails,
        *,
        now: datetime,
        shows_names: bool,
        seat: Seat | None = None,
    ) -> Message:
        """For the channel, and for a booker who takes no part."""
        reader = seat.person if seat else None
        if reader is None and notice.channel_id is None:
            reader = details.booked_by
        match notice.kind:
            case NoticeKind.END_WARNING:
                return messages.build_end_warning(details, seat=None, now=now, next_lessons=())
            case NoticeKind.CANCELLED:
                return messages.build_cancelled(details, reader or details.booked_by, now=now)
            case NoticeKind.NOT_REACHED:
                return messages.build_not_reached(details, reader=details.booked_by, now=now)
            case NoticeKind.SUMMARY:
                return summaries.build_summary(
                    details,
                    reader=reader,
                    shows_names=shows_names or reader is not None,
                    service_name=self.service_name,
                )
            case _:
                raise ValueError(f"{notice.kind} has no message without a seat")

    def draw_card(self, card: Card, details: LessonDetails, *, now: datetime) -> Message | None:
        """What the card says now; None: its owner has no place in the lesson any more."""
        seat = details.find_seat(card.person_id) if card.person_id else None
        if card.kind in (CardKind.PARTICIPANT, CardKind.LEADER):
            return self._draw_own_card(details, seat, now=now) if seat else None
        is_over = not details.lesson.is_open
        if is_over or (card.kind is CardKind.WARNING and is_warning_past(card, details, now=now)):
            return messages.build_shrunk(card.kind, details, reader=seat.person if seat else None, now=now)
        if seat is None:
            return messages.build_end_warning(details, seat=None, now=now, next_lessons=())
        join_url = self.find_join_url(details, seat, now=now)
        match card.kind:
            case CardKind.REMINDER:
                return messages.build_start_reminder(details, seat, join_url=join_url, now=now)
            case CardKind.MOVED:
                return messages.build_moved(details, seat, join_url=join_url, now=now)
            case _:
                return messages.build_end_warning(details, seat=seat, now=now, next_lessons=())


def find_open_link(details: LessonDetails, seat: Seat, *, now: datetime) -> Link | None:
    """The link that counts, if it was made and can still be used in a lesson that is still on."""
    link = seat.link
    if link is None or link.number != seat.participant.link_number or link.revoked_at is not None:
        return None
    if not details.lesson.is_open or now >= link.closes_at:
        return None
    return link


def find_recipient(notice: Notice, details: LessonDetails) -> Seat | None:
    """The seat of whom the notice is for; None for a channel or a booker who takes no part."""
    return details.find_seat(notice.person_id) if notice.person_id else None


def find_next_change(kind: CardKind, details: LessonDetails, *, drawn_at: datetime) -> datetime | None:
    """When time by itself makes a card drawn at that moment read otherwise; None: only what happens does."""
    moments = {CardKind.REMINDER: details.lesson.starts_at, CardKind.WARNING: details.lesson.ends_at}
    moment = moments.get(kind)
    return moment if moment is not None and details.lesson.is_open and drawn_at < moment else None


def is_warning_past(card: Card, details: LessonDetails, *, now: datetime) -> bool:
    """The warning asks about an end that was answered, was moved since, or has come."""
    lesson = details.lesson
    if lesson.is_let_end or now >= lesson.ends_at:
        return True
    warns_at = windows.warns_at(lesson)
    return warns_at is not None and card.posted_at < warns_at
