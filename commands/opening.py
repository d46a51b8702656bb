"""The booking form as it opens and changes: presets, what is looked up for it, and what is typed into it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot import booking
from bot.blocks import Block
from bot.booking import BookingPolicy
from bot.delivery import OpenedView
from bot.drafts import MAX_PEOPLE, BookingDraft, Caution, RoomChoice, ServiceChoice
from bot.errors import NotAllowed
from bot.forms import FormState, build_booking_form, read_booking_form, read_form_state
from bot.replies import describe_refusal
from bot.windows import next_half_hour
from commands.desk import Asked, Desk
from commands.parsing import OpenForm, parse_lesson_command
from storage.records import Person, new_id


def start_draft(desk: Desk, user_id: str) -> BookingDraft:
    """An empty form's content: the caller leads, it starts at the next half hour."""
    zone = desk.reader(user_id).zone or "UTC"
    return BookingDraft(leader_ids=(user_id,), starts_at=next_half_hour(desk.now(), zone), zone=zone)


def preset(desk: Desk, person: Person, draft: BookingDraft, *, has_length: bool) -> BookingDraft:
    """The draft with the person's last choices."""
    choices = desk.store.glance(
        lambda tx: tx.settings.find(desk.workspace_id, booking.LAST_CHOICES, person_id=person.id)
    )
    return booking.preset(draft, choices, keeps_length=has_length)


async def fill_form(desk: Desk, asked: Asked, request: OpenForm, opened: OpenedView, *, text: str | None) -> None:
    """Turn the loading view into the form, read again in the zone of the person now known."""
    person = await desk.look_up_reader(asked.user_id)
    if not desk.policy().may_book(person):
        refusal = describe_refusal(NotAllowed("book"), person, now=desk.now())
        await desk.fill(asked.user_id, opened.view_id, refusal)
        return
    zone = person.zone or "UTC"
    if text is not None:
        base = start_draft(desk, asked.user_id)
        again = parse_lesson_command(text, now=desk.now(), zone=zone, caller_id=asked.user_id, base=base)
        request = again if isinstance(again, OpenForm) else request
    draft = preset(desk, person, replace(request.draft, zone=zone), has_length=request.has_length)
    view = await build_form(desk, person, draft, not_understood=request.not_understood)
    if await desk.redraw(opened.view_id, view):
        await desk.directory.refresh([*draft.leader_ids, *draft.participant_ids])


async def build_form(
    desk: Desk,
    person: Person,
    draft: BookingDraft,
    *,
    not_understood: Sequence[str] = (),
    cautions: Sequence[Caution] = (),
    state: FormState | None = None,
) -> Block:
    """The form with this draft, for this person. `state`: of the form it replaces."""
    policy = desk.policy().at(draft.service)
    kept = state or FormState(submission_key=new_id(), zone=draft.zone, observer_ids=draft.observer_ids)
    kept = replace(kept, has_more=draft.has_more)
    choice = await find_room_choice(desk, draft) if draft.has_more else None
    if choice is not None and draft.room != choice.room and not draft.wants_new_room:
        draft = replace(draft, room=choice.room)  # what would be taken without asking
    return build_booking_form(
        draft,
        reader=person,
        now=desk.now(),
        metadata=kept.to_metadata(),
        room_choice=choice,
        languages=policy.capabilities.languages,
        features=policy.capabilities.features,
        max_people=min(MAX_PEOPLE, policy.capabilities.max_participants or MAX_PEOPLE),
        cautions=cautions,
        not_understood=not_understood,
        services=list_service_choices(policy),
        observers=[desk.reader(user_id).name for user_id in draft.observer_ids],
    )


def list_service_choices(policy: BookingPolicy) -> list[ServiceChoice]:
    """The room services, as the form offers them."""
    return [
        ServiceChoice(
            service=offer.service,
            shown_name=offer.shown_name,
            lets_in=offer.capabilities.is_direct,
            shares_address=offer.capabilities.shared_address,
            records=offer.capabilities.recording,
            transcribes=offer.capabilities.transcript,
        )
        for offer in policy.offers
    ]


def fit_to_service(draft: BookingDraft, policy: BookingPolicy) -> BookingDraft:
    """The draft without what its service cannot do, whatever was ticked for another one."""
    able = policy.at(draft.service).capabilities
    return replace(
        draft,
        records=draft.records and able.recording,
        transcribes=draft.transcribes and able.transcript,
        language=draft.language if draft.language in able.languages else None,
        features={name: is_on for name, is_on in draft.features.items() if name in able.features},
    )


async def find_room_choice(desk: Desk, draft: BookingDraft) -> RoomChoice | None:
    """The room that exactly these people share, to offer it."""
    user_ids = [*draft.leader_ids, *draft.participant_ids]
    account_id = desk.policy().at(draft.service).account_id
    return await desk.store.read(
        lambda tx: booking.find_room_choice(tx, desk.workspace_id, user_ids, account_id=account_id, room=draft.room)
    )


def read_draft(desk: Desk, user_id: str, view: dict[str, Any]) -> tuple[BookingDraft, FormState]:
    """What is typed in the form now, over the person's last choices for what it does not show."""
    state = read_form_state(str(view.get("private_metadata") or "")) or FormState(submission_key=str(view["id"]))
    base = BookingDraft(zone=state.zone, has_more=state.has_more)
    person = desk.find_person(user_id)
    if person is not None:
        base = preset(desk, person, base, has_length=False)
    draft = read_booking_form((view.get("state") or {}).get("values") or {}, base=base)
    watching = tuple(user_id for user_id in state.observer_ids if user_id in draft.participant_ids)
    return fit_to_service(replace(draft, observer_ids=watching), desk.policy()), state
