"""Turning a sound draft into a lesson: one unit of work that checks, warns, or stores everything a lesson owes.

It runs inside a store's transaction, so what it checks still holds when it writes. It sends nothing and asks nobody:
people and channels are judged by the stored directory, links are made later by the sender.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot import drafts, notices, preferences, windows
from bot.drafts import BookingDraft, Caution, CautionCode, Problem, ProblemCode, RoomChoice
from bot.errors import NotAllowed
from bot.ids import Field
from bot.rooms.base import Capabilities
from bot.watchers import Watchers
from storage.records import (
    AccountId,
    AuditEntry,
    EndRule,
    Lesson,
    LessonId,
    LessonOptions,
    LessonState,
    Participant,
    ParticipantId,
    Person,
    PersonId,
    PersonKind,
    Role,
    Room,
    RoomRef,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction

LAST_CHOICES = "last_choices"
"""The setting that keeps a leader's last choices, the next form's defaults."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A room service in which lessons can be booked."""

    service: str
    shown_name: str
    account_id: AccountId
    capabilities: Capabilities
    launches_ahead: bool = True  # with the links, and not only when somebody comes to a door of ours


@dataclass(frozen=True, kw_only=True)
class BookingPolicy:
    """What a workspace allows and presets, as values; settings do not travel."""

    account_id: AccountId
    service_name: str  # as people read it
    capabilities: Capabilities
    launches_ahead: bool = True  # as of an offer
    defaults: LessonOptions = field(default_factory=LessonOptions)
    new_links: int = 5  # how often one person may ask for a new link of one lesson
    watchers: Watchers = Watchers.LEADERS  # who may watch recordings, beside admins
    reach: int = 200  # people an hour that a booker who is no admin may write to
    members_may_book: bool = True
    everyone_may_book: bool = False
    booker_ids: frozenset[str] = frozenset()  # Slack ids; when not empty, only these (and admins)
    admin_ids: frozenset[str] = frozenset()  # Slack ids; when empty, Slack's admins and owners
    admin_channel: str | None = None  # where admins read of what goes wrong near a start
    offers: tuple[Offer, ...] = ()  # where a booker can choose, the default first; account and capabilities are its

    def at(self, service: str | None) -> BookingPolicy:
        """The same, for lessons in this room service; as it is, where that is not known here or None."""
        offer = next((one for one in self.offers if one.service == service), None)
        if offer is None:
            return self
        return replace(
            self,
            account_id=offer.account_id,
            service_name=offer.shown_name,
            capabilities=offer.capabilities,
            launches_ahead=offer.launches_ahead,
        )

    def is_admin(self, person: Person) -> bool:
        return person.user_id in self.admin_ids if self.admin_ids else person.is_admin

    def may_book(self, person: Person) -> bool:
        if self.is_admin(person):
            return True
        if self.booker_ids:
            return person.user_id in self.booker_ids
        if person.kind in (PersonKind.MEMBER, PersonKind.UNKNOWN):
            return self.members_may_book or self.everyone_may_book
        return self.everyone_may_book and person.kind not in (PersonKind.BOT, PersonKind.APP)


@dataclass(frozen=True, kw_only=True)
class BookingRequest:
    """A submitted form."""

    workspace_id: WorkspaceId
    booker_user_id: str
    draft: BookingDraft
    submission_key: str  # the same for the same form, however often it is submitted
    confirmed: str | None = None  # digest of the cautions that the booker has seen


@dataclass(frozen=True, kw_only=True)
class Booked:
    """The lesson is stored. `is_repeat`: it was already, by the same form."""

    lesson_id: LessonId
    is_repeat: bool = False


@dataclass(frozen=True, kw_only=True)
class Declined:
    """Nothing was stored: these fields are wrong."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class AskedBack:
    """Nothing was stored: these may be meant. Submitted again with `digest`, it is booked."""

    cautions: tuple[Caution, ...]
    digest: str


BookingResult = Booked | Declined | AskedBack


def book(tx: Transaction, request: BookingRequest, *, policy: BookingPolicy, now: datetime) -> BookingResult:
    """Book the draft, or say what is wrong with it, or what to confirm. Raises NotAllowed.

    The same submission key books once: a repeat answers with the lesson of the first.
    """
    stored = tx.lessons.find_by_submission(request.workspace_id, request.submission_key)
    if stored is not None:
        return Booked(lesson_id=stored.id, is_repeat=True)
    draft, policy = request.draft, policy.at(request.draft.service)
    user_ids = dict.fromkeys([request.booker_user_id, *draft.leader_ids, *draft.participant_ids])
    people = tx.people.ensure(request.workspace_id, user_ids, now=now)
    booker = people[request.booker_user_id]
    if not policy.may_book(booker):
        raise NotAllowed("book")
    channel = tx.people.find_channel(request.workspace_id, draft.channel_id) if draft.channel_id else None
    problems = drafts.check_draft(
        draft,
        people=people,
        channel=channel,
        service_name=policy.service_name,
        max_participants=policy.capabilities.max_participants,
        longest_window=policy.capabilities.longest_window,
        defaults=policy.defaults,
        now=now,
        launches_ahead=policy.launches_ahead,
    )
    if problems:
        return Declined(problems=tuple(problems))
    lesson = _build_lesson(request, booker, drafts.effective_start(draft, now), policy=policy, now=now)
    problems = check_reach(tx, booker, len(people) - 1, where=Field.PARTICIPANTS, policy=policy, now=now)
    room, room_problem = _choose_room(tx, lesson, draft, people, policy=policy, now=now)
    problems += [room_problem] if room_problem else []
    if problems:
        return Declined(problems=tuple(problems))
    cautions = _find_cautions(tx, lesson, draft, people, booker=booker, policy=policy)
    digest = digest_of(cautions)
    if cautions and request.confirmed != digest:
        return AskedBack(cautions=cautions, digest=digest)
    return _store(tx, replace(lesson, room=room.id), room, draft, booker=booker, people=people, now=now)


def digest_of(cautions: Sequence[Caution]) -> str:
    """The same for the same cautions, so that new ones are asked about again."""
    text = "|".join(f"{c.code}:{','.join(c.names)}:{c.title}:{c.starts_at}" for c in cautions)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _build_lesson(
    request: BookingRequest, booker: Person, starts_at: datetime, *, policy: BookingPolicy, now: datetime
) -> Lesson:
    draft = request.draft
    return Lesson(
        id=LessonId(new_id()),
        workspace_id=request.workspace_id,
        room=RoomRef(""),
        title=draft.title.strip(),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=int(draft.length_text)),
        wall_start=windows.to_wall(starts_at, draft.zone),
        zone=draft.zone,
        booked_by=booker.id,
        booked_at=now,
        options=drafts.build_options(draft, policy.defaults),
        channel_id=draft.channel_id,
        note=draft.note.strip(),
        submission_key=request.submission_key,
    )


def check_reach(
    tx: Transaction, actor: Person, count: int, *, where: Field, policy: BookingPolicy, now: datetime
) -> list[Problem]:
    """Somebody who is no admin reaches a bounded number of people an hour, so that a mistake stays small.

    `count`: how many others they are about to reach.
    """
    if policy.is_admin(actor):
        return []
    reached = tx.lessons.count_reached_by(actor.workspace_id, actor.id, since=now - timedelta(hours=1))
    if reached + count <= policy.reach:
        return []
    return [Problem(where=where, code=ProblemCode.REACH, facts={"limit": policy.reach})]


def _choose_room(
    tx: Transaction,
    lesson: Lesson,
    draft: BookingDraft,
    people: Mapping[str, Person],
    *,
    policy: BookingPolicy,
    now: datetime,
) -> tuple[Room, Problem | None]:
    """The room chosen, else the one that exactly these people share, else a new one (stored only with the lesson).

    A shared room is taken unasked only when no link of another lesson in it works at the same time: a link that puts
    its holder out at the earlier lesson's end would do so in the middle of this one.
    """
    fresh = Room(
        id=RoomRef(new_id()),
        workspace_id=lesson.workspace_id,
        account_id=policy.account_id,
        launch_id=f"hp-{new_id()}",
        created_at=now,
    )
    if draft.wants_new_room:
        return fresh, None
    user_ids = [*draft.leader_ids, *draft.participant_ids]
    person_ids = {people[user_id].id for user_id in user_ids}
    shared = tx.lessons.find_shared_room(lesson.workspace_id, policy.account_id, person_ids, room=draft.room)
    if draft.room is not None and shared is None:
        return fresh, Problem(where=Field.ROOM, code=ProblemCode.ROOM_UNKNOWN)
    if shared is None:
        return fresh, None
    for other in tx.lessons.list_in_room(lesson.workspace_id, shared.room.id):
        if other.state is LessonState.ENDED:
            continue
        if draft.room is not None and other.starts_at < lesson.ends_at and lesson.starts_at < other.ends_at:
            return fresh, Problem(where=Field.ROOM, code=ProblemCode.ROOM_BUSY, names=(other.title,))
        if draft.room is None and _links_overlap(other, lesson):
            return fresh, None
    return shared.room, None


def _links_overlap(one: Lesson, other: Lesson) -> bool:
    def span(lesson: Lesson) -> tuple[datetime, datetime]:
        late = timedelta(0) if lesson.options.end_rule is EndRule.EVERYONE_LEAVES else lesson.options.join_late
        return lesson.starts_at - lesson.options.join_early, lesson.ends_at + late

    (opens, closes), (other_opens, other_closes) = span(one), span(other)
    return opens < other_closes and other_opens < closes


def find_room_choice(
    tx: Transaction,
    workspace_id: WorkspaceId,
    user_ids: Collection[str],
    *,
    account_id: AccountId,
    room: RoomRef | None = None,
) -> RoomChoice | None:
    """The earlier room to offer in the form for exactly these people: `room` if it is theirs, else the latest."""
    known = tx.people.list_by_user_ids(workspace_id, user_ids)
    if len(known) != len(set(user_ids)) or not known:
        return None
    person_ids = {person.id for person in known.values()}
    latest = tx.lessons.find_shared_room(workspace_id, account_id, person_ids)
    shared = tx.lessons.find_shared_room(workspace_id, account_id, person_ids, room=room) or latest
    if shared is None:
        return None
    return RoomChoice(room=shared.room.id, last_title=shared.last_title, last_starts_at=shared.last_starts_at)


def _find_cautions(
    tx: Transaction,
    lesson: Lesson,
    draft: BookingDraft,
    people: Mapping[str, Person],
    *,
    booker: Person,
    policy: BookingPolicy,
) -> tuple[Caution, ...]:
    """What may be meant: overlaps, and a channel that others look into."""
    leads = {people[user_id].id for user_id in draft.leader_ids}
    present = [people[user_id] for user_id in (*draft.leader_ids, *draft.participant_ids)]
    cautions = find_overlaps(tx, lesson, present, leads=leads, asker=booker, policy=policy)
    channel = tx.people.find_channel(lesson.workspace_id, lesson.channel_id) if lesson.channel_id else None
    if channel is not None and channel.is_external:
        cautions.append(Caution(code=CautionCode.CHANNEL_IS_EXTERNAL, names=(channel.name,)))
    elif channel is not None and channel.has_guests:
        cautions.append(Caution(code=CautionCode.CHANNEL_HAS_GUESTS, names=(channel.name,)))
    return tuple(cautions)


def find_overlaps(
    tx: Transaction,
    lesson: Lesson,
    people: Sequence[Person],
    *,
    leads: Collection[PersonId],
    asker: Person,
    policy: BookingPolicy,
) -> list[Caution]:
    """Other lessons of these people at the lesson's time. The title only where `asker` may know it."""
    names = {person.id: person.name for person in people}
    cautions = []
    for other, person_id in tx.lessons.list_overlapping(
        lesson.workspace_id, names.keys(), starts_at=lesson.starts_at, ends_at=lesson.ends_at, without=lesson.id
    ):
        may_read_title = policy.is_admin(asker) or other.booked_by == asker.id or person_id == asker.id
        cautions.append(
            Caution(
                code=CautionCode.LEADER_OVERLAP if person_id in leads else CautionCode.PARTICIPANT_OVERLAP,
                names=(names[person_id],),
                title=other.title if may_read_title else "",
                starts_at=other.starts_at,
                ends_at=other.ends_at,
            )
        )
    return cautions


def _store(
    tx: Transaction,
    lesson: Lesson,
    room: Room,
    draft: BookingDraft,
    *,
    booker: Person,
    people: Mapping[str, Person],
    now: datetime,
) -> Booked:
    leaders = [people[user_id] for user_id in draft.leader_ids]
    others = [people[user_id] for user_id in draft.participant_ids]
    met = tx.lessons.list_met_before(
        lesson.workspace_id, [person.id for person in leaders], [person.id for person in others]
    )
    watching = {people[user_id].id for user_id in draft.observer_ids if user_id in draft.participant_ids}
    participants = [
        Participant(
            id=ParticipantId(new_id()),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            person_id=person.id,
            role=Role.LEADER if position < len(leaders) else (Role.OBSERVER if person.id in watching else Role.LEARNER),
            position=position,
            is_new_to_leader=position >= len(leaders) and person.id not in met,
        )
        for position, person in enumerate(leaders + others)
    ]
    if room.room_id is None and not tx.lessons.list_in_room(room.workspace_id, room.id):
        tx.lessons.insert_room(room)
    tx.lessons.insert(lesson, participants)
    tx.notices.insert(notices.plan_booking(lesson, participants, now=now))
    preferences.fit_reminders(tx, lesson, participants, now=now)
    tx.settings.save(lesson.workspace_id, LAST_CHOICES, choices_of(draft), person_id=booker.id)
    facts: dict[str, str | int | bool | None] = {"participants": len(participants)}
    tx.audit.add(
        AuditEntry(
            id=new_id(),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            actor=booker.id,
            action="booked",
            facts=facts,
            at=now,
        )
    )
    return Booked(lesson_id=lesson.id)


def choices_of(draft: BookingDraft) -> dict[str, Any]:
    """What of a draft is worth presetting in the booker's next form. No people, no times, no words."""
    return {
        "length_text": draft.length_text,
        "records": draft.records,
        "transcribes": draft.transcribes,
        "end_rule": draft.end_rule.value,
        "warns": draft.warns,
        "channel_id": draft.channel_id,
        "join_early_text": draft.join_early_text,
        "join_late_text": draft.join_late_text,
        "language": draft.language,
        "features": draft.features,
    }


def preset(draft: BookingDraft, choices: Mapping[str, Any] | None, *, keeps_length: bool = False) -> BookingDraft:
    """`draft` with the leader's last choices in it. `keeps_length`: a length was typed, it stays."""
    if not choices:
        return draft
    known = {name: choices[name] for name in choices_of(draft) if name in choices}
    if keeps_length:
        known.pop("length_text", None)
    if "end_rule" in known:
        known["end_rule"] = EndRule(known["end_rule"])
    return replace(draft, **known)
