"""Which words a notice or a card wears now. Opens the sealed link that a card carries; sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot import attending, cards, channel_posts, lateness, messages, notices, nudges, places, summaries, windows
from bot.blocks import Message
from bot.joining import PRESSED
from bot.links import build_join_address
from bot.messages import NextLesson
from bot.moves import read_move
from bot.watchers import NOTHING, Rights, Watchers, rights_of
from storage.records import Card, CardKind, LessonDetails, Link, LinkWay, Notice, NoticeKind, Person, Seat
from storage.sealing import Sealer


def is_slack_admin(person: Person) -> bool:
    """Slack's own word for it, where nobody else is named."""
    return person.is_admin


@dataclass(frozen=True, kw_only=True)
class Drawer:
    """Draws for everybody; what differs between workspaces is handed in."""

    sealer: Sealer
    service_name: str  # as people read it, of lessons whose service is not among `shown_names`
    shown_names: Mapping[str, str] = field(default_factory=dict)  # by the services' own names
    shows_channel_names: bool = False
    shared: Collection[str] = ()  # services whose rooms have one address for everybody
    paged: Collection[str] = ()  # services whose rooms run in a page of ours, also where Join is a press
    recordless: Collection[str] = ()  # services that do not tell who came
    find_watchers: Callable[[], Watchers] = lambda: Watchers.LEADERS  # who may watch recordings now, beside admins
    is_admin: Callable[[Person], bool] = is_slack_admin
    public_url: str = ""  # with its closing slash: where our own join links are found

    def find_join_url(self, details: LessonDetails, seat: Seat, *, now: datetime) -> str | None:
        """The way in that counts, while it works."""
        link = find_open_link(details, seat, now=now)
        return self.unseal(link) if link else None

    def unseal(self, link: Link) -> str | None:
        """Where this link leads; None once that was erased. `PRESSED`: nowhere, Join is answered in Slack."""
        if link.way is LinkWay.PRESS:
            return PRESSED
        if link.way is LinkWay.PAGE:
            token = self.sealer.unseal(link.token_sealed) if link.token_sealed else None
            return build_join_address(self.public_url, token) if token else None
        return self.sealer.unseal(link.url_sealed) if link.url_sealed else None

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
        if notice.kind is NoticeKind.REMOVED:
            return places.build_removed(details, _get_removed(notice, details).person, now=now)
        if seat is None:
            return self._draw_for_outsider(notice, details, now=now, shows_names=shows_names)
        if notice.kind in (NoticeKind.INVITATION, NoticeKind.JOIN_LINK):
            return self.draw_own_card(details, seat, now=now)
        join_url = self.find_join_url(details, seat, now=now)
        match notice.kind:
            case NoticeKind.START_REMINDER:
                return messages.build_start_reminder(details, seat, join_url=join_url, now=now)
            case NoticeKind.END_WARNING:
                return messages.build_end_warning(details, seat=seat, now=now, next_lessons=next_lessons)
            case NoticeKind.MOVED:
                return _draw_move(notice.occasion, details, seat, join_url=join_url, now=now)
            case NoticeKind.LATE_NUDGE:
                return nudges.build_late_nudge(details, seat, join_url=join_url, now=now)
            case NoticeKind.RESENT:
                return places.build_resent(details, seat, join_url=join_url, now=now)
            case NoticeKind.REPLY:
                return _draw_reply(notice, details, seat, now=now)
            case _:
                return self._draw_for_outsider(notice, details, now=now, shows_names=shows_names, seat=seat)

    def draw_own_card(self, details: LessonDetails, seat: Seat, *, now: datetime) -> Message:
        """The card of whoever has this place, leader or not."""
        join_url, shares_address = self.find_join_url(details, seat, now=now), details.service in self.shared
        if seat.participant.is_leader:
            return cards.build_leader_card(details, seat, join_url=join_url, now=now, shares_address=shares_address)
        rights = self._rights_of(details, seat.person)
        return cards.build_participant_card(
            details,
            seat,
            join_url=join_url,
            now=now,
            rights=rights,
            shares_address=shares_address,
            sees_leaving=self._sees_leaving(details),
        )

    def _sees_leaving(self, details: LessonDetails) -> bool:
        """Does anybody tell who leaves: the service, or the page of ours in which its rooms run?"""
        return details.service not in self.recordless or details.service in self.paged

    def _rights_of(self, details: LessonDetails, person: Person | None) -> Rights:
        """A channel has none, and nobody has any before the end: asking who is an admin would be in vain."""
        if person is None or details.lesson.is_open:
            return NOTHING
        return rights_of(details, person, watchers=self.find_watchers(), is_admin=self.is_admin(person))

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
        seat = seat or (details.find_removed(notice.person_id) if notice.person_id else None)
        reader = seat.person if seat else None
        if reader is None and notice.channel_id is None:
            reader = details.booked_by
        match notice.kind:
            case NoticeKind.CHANNEL:
                return channel_posts.build_channel_post(details, now=now, shows_names=shows_names)
            case NoticeKind.END_WARNING:
                return messages.build_end_warning(details, seat=None, now=now, next_lessons=())
            case NoticeKind.CANCELLED:
                return messages.build_cancelled(details, reader or details.booked_by, now=now)
            case NoticeKind.LEADER_MISSING:
                return nudges.build_leader_missing(
                    details, reader=reader, now=now, shows_names=shows_names or reader is not None
                )
            case NoticeKind.STILL_NOT_REACHED:
                return nudges.build_still_not_reached(
                    details, reader=reader, now=now, shows_names=shows_names or reader is not None
                )
            case NoticeKind.NOT_REACHED:
                return messages.build_not_reached(details, reader=details.booked_by, now=now)
            case NoticeKind.SUMMARY:
                return self._draw_summary(details, reader, shows_names=shows_names)
            case _:
                raise ValueError(f"{notice.kind} has no message without a seat")

    def _draw_summary(self, details: LessonDetails, reader: Person | None, *, shows_names: bool) -> Message:
        return summaries.build_summary(
            details,
            reader=reader,
            shows_names=shows_names or reader is not None,
            service_name=self.shown_names.get(details.service, self.service_name),
            rights=self._rights_of(details, reader),
            is_recordless=details.service in self.recordless,
            sees_leaving=self._sees_leaving(details),
        )

    def draw_card(
        self,
        card: Card,
        details: LessonDetails,
        *,
        now: datetime,
        shows_names: bool = False,
        occasion: str | None = None,
    ) -> Message | None:
        """What the card says now; None: its owner has no place in the lesson any more.

        `shows_names`: as for `draw_notice`. `occasion`: of the notice that posted it; only word of a move needs it.
        """
        if card.kind is CardKind.CHANNEL:
            return channel_posts.build_channel_post(details, now=now, shows_names=shows_names)
        seat = details.find_seat(card.person_id) if card.person_id else None
        if card.kind is CardKind.SUMMARY:
            return self._draw_summary(details, _find_reader(card, details), shows_names=shows_names)
        if (former := find_former(card, details)) is not None:
            return _draw_for_former(card, details, former, now=now)
        if card.kind in (CardKind.PARTICIPANT, CardKind.LEADER):
            return self.draw_own_card(details, seat, now=now) if seat else None
        move = read_move(occasion or "")
        is_past = card.kind is CardKind.WARNING and is_warning_past(card, details, now=now)
        is_past = is_past or (move is not None and not move.holds(details.lesson))
        is_past = is_past or (card.kind is CardKind.NUDGE and seat is not None and lateness.has_joined(seat))
        if not details.lesson.is_open or is_past:
            return messages.build_shrunk(card.kind, details, reader=seat.person if seat else None, now=now)
        if seat is None:
            return messages.build_end_warning(details, seat=None, now=now, next_lessons=())
        join_url = self.find_join_url(details, seat, now=now)
        match card.kind:
            case CardKind.REMINDER:
                return messages.build_start_reminder(details, seat, join_url=join_url, now=now)
            case CardKind.RESENT:
                return places.build_resent(details, seat, join_url=join_url, now=now)
            case CardKind.NUDGE:
                return nudges.build_late_nudge(details, seat, join_url=join_url, now=now)
            case CardKind.MOVED:
                return _draw_move(occasion or "", details, seat, join_url=join_url, now=now)
            case _:
                return messages.build_end_warning(details, seat=seat, now=now, next_lessons=())


def _draw_move(occasion: str, details: LessonDetails, seat: Seat, *, join_url: str | None, now: datetime) -> Message:
    move = read_move(occasion)
    if move is None:
        raise ValueError("word of a move says from when to when")
    return messages.build_moved(details, seat, join_url=join_url, now=now, move=move)


def _find_reader(card: Card, details: LessonDetails) -> Person | None:
    """Whose summary it is; None: the channel's. Somebody who booked the lesson may have no place in it."""
    if card.person_id is None:
        return None
    seat = details.find_seat(card.person_id) or details.find_removed(card.person_id)
    return seat.person if seat else details.booked_by


def _draw_reply(notice: Notice, details: LessonDetails, leader: Seat, *, now: datetime) -> Message:
    """What a leader reads of a participant's answer. Whoever was removed meanwhile has their notice dropped before."""
    about = next(seat for seat in details.seats if seat.participant.id == notice.about)
    is_off = notices.says_not_coming(notice)
    return attending.build_reply_notice(details, about, reader=leader.person, is_off=is_off, now=now)


def find_former(card: Card, details: LessonDetails) -> Seat | None:
    """The place that this card no longer speaks for: its owner was taken out, or has a newer card of the lesson.

    Such a card is drawn once more and then stays as it is.
    """
    if card.person_id is None or card.kind is CardKind.SUMMARY:
        return None
    seat = details.find_seat(card.person_id)
    if seat is None:
        return details.find_removed(card.person_id)
    is_own = card.kind in (CardKind.PARTICIPANT, CardKind.LEADER)
    return seat if is_own and (seat.card is None or seat.card.id != card.id) else None


def _draw_for_former(card: Card, details: LessonDetails, former: Seat, *, now: datetime) -> Message:
    if former.participant.removed_at is None:
        return places.build_older_card(details, former.person, now=now)
    if card.kind in (CardKind.PARTICIPANT, CardKind.LEADER):
        return places.build_removed_card(details, former.person, now=now)
    return places.build_removed_line(details, former.person, now=now)


def _get_removed(notice: Notice, details: LessonDetails) -> Seat:
    """The place taken away. Whoever is back in by now had their notice dropped before."""
    seat = details.find_removed(notice.person_id) if notice.person_id else None
    if seat is None:
        raise ValueError(f"notice {notice.id} is about nobody who was taken out")
    return seat


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
