"""Who takes part: the form with everybody, its buttons, whom to add, and the form for a replacement on top of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import lifecycle, seating
from bot.blocks import Message
from bot.booking import AskedBack, Declined
from bot.drafts import Newcomers, Problem
from bot.errors import LastOne, NotAllowed, Outdated, Refused, TooLate, WrongState
from bot.ids import Action, Choice, View
from bot.people_forms import (
    PeopleForm,
    add_block_id,
    build_people_form,
    build_replace_form,
    read_people_form,
    read_picked,
    say_added,
    say_removed,
    say_resent,
)
from bot.presses import Press, read_press
from bot.readers import Reader, reader_of
from bot.replies import describe_refusal
from bot.wording import describe_problem
from bot.words import Markup, words_for
from commands.desk import Asked, Desk
from commands.failures import read_asked
from commands.more import Menu
from storage.records import LessonDetails, LessonId, ParticipantId, Person, Seat
from storage.store import Transaction

Ack = Callable[..., Awaitable[Any]]
Say = Callable[[Reader], Markup]
Work = Callable[[Transaction, lifecycle.Ask, ParticipantId], Say]

LOOK_UP_WITHIN = timedelta(milliseconds=1500)
"""Submitting waits this long for people picked a moment ago; whoever is not known then is checked before the launch."""


def register(app: AsyncApp, desk: Desk, menu: Menu) -> None:
    """Name the menu's choice, the buttons and both forms."""

    async def open_people(asked: Asked, press: Press) -> None:
        details = await _read(desk, asked.user_id, press.lesson_id)
        if not details.lesson.is_open:
            raise WrongState(details.lesson.state, "people")
        view = build_people_form(details, reader=desk.reader(asked.user_id), now=desk.now())
        if asked.trigger_id is not None:
            await desk.delivery.open_view(asked.trigger_id, view)

    menu.on(Choice.PEOPLE, open_people)

    @app.action(Action.REMOVE.value)
    async def remove(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _press(desk, body, action, _remove)
        await ack()

    @app.action(Action.RESEND.value)
    async def resend(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _press(desk, body, action, _resend)
        await ack()

    @app.action(Action.REPLACE.value)
    async def ask_for_replacement(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press, form = _read_press(body, action)
        details = await _read(desk, asked.user_id, press.lesson_id)
        seat = _find_seat(details, press.participant_id)
        if seat is None or asked.trigger_id is None:
            desk.run(_draw(desk, asked, body["view"], form.page, refused=Outdated()))
        else:
            view = build_replace_form(details, seat, reader=desk.reader(asked.user_id), now=desk.now(), page=form.page)
            await desk.delivery.push_view(asked.trigger_id, view)
        await ack()

    @app.action(Action.TURN_PAGE.value)
    @app.action(Action.TURN_BACK.value)
    async def turn(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press, _ = _read_press(body, action)
        desk.run(_draw(desk, asked, body["view"], press.page or 0))
        await ack()

    @app.action(Action.PICK_ADDED.value)
    async def pick(ack: Ack, action: dict[str, Any]) -> None:
        one = action.get("selected_user")
        picked = action.get("selected_users") or ([one] if one else [])
        desk.run(desk.directory.refresh([str(user_id) for user_id in picked]))
        await ack()

    @app.view(View.PEOPLE.value)
    async def submit_people(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        await ack(**await _add(desk, str(body["user"]["id"]), view))

    @app.view(View.REPLACE.value)
    async def submit_replacement(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        await ack(**await _replace(desk, body, view))


def _remove(tx: Transaction, ask: lifecycle.Ask, participant_id: ParticipantId) -> Say:
    removed = seating.remove(tx, ask, [participant_id])
    return lambda reader: say_removed(removed.people, removed.valid_until, reader)


def _resend(tx: Transaction, ask: lifecycle.Ask, participant_id: ParticipantId) -> Say:
    resent = seating.resend(tx, ask, participant_id)
    return lambda reader: say_resent(resent.person, reader.words)


async def _press(desk: Desk, body: dict[str, Any], action: dict[str, Any], work: Work) -> None:
    """The listener's one commit; then the form is drawn with what came of it, or with why nothing did."""
    asked, press, form = _read_press(body, action)
    participant_id, revision = press.participant_id, press.revision
    if participant_id is None or revision is None:
        raise Outdated
    ask = _ask(desk, asked.user_id, press.lesson_id, revision)
    try:
        say = await desk.store.write(lambda tx: work(tx, ask, participant_id))
    except (NotAllowed, Outdated, LastOne, TooLate, WrongState) as refused:
        desk.run(_draw(desk, asked, body["view"], form.page, refused=refused))
    else:
        desk.run(_draw(desk, asked, body["view"], form.page, say=say))


@dataclass(frozen=True, kw_only=True)
class _Submitted:
    """What a form said, who sent it, and what it was about."""

    user_id: str
    form: PeopleForm
    newcomers: Newcomers
    ask: lifecycle.Ask


async def _read_submitted(desk: Desk, user_id: str, view: dict[str, Any]) -> _Submitted:
    form = _read_form(view)
    values = (view.get("state") or {}).get("values") or {}
    newcomers = read_picked(values, confirmed=form.confirmed)
    await desk.directory.ensure_known([user_id, *newcomers.user_ids], within=LOOK_UP_WITHIN)
    ask = _ask(desk, user_id, form.lesson_id, form.revision)
    return _Submitted(user_id=user_id, form=form, newcomers=newcomers, ask=ask)


async def _add(desk: Desk, user_id: str, view: dict[str, Any]) -> dict[str, Any]:
    """Add whom the form names: the listener's one commit, and how the form is answered."""
    sent = await _read_submitted(desk, user_id, view)
    reader, now = desk.reader(user_id), desk.now()
    try:
        result, details = await desk.store.write(
            lambda tx: (
                seating.add(tx, sent.ask, sent.newcomers),
                tx.lessons.get_details(desk.workspace_id, sent.form.lesson_id),
            )
        )
    except Outdated as refused:
        details = await _read(desk, user_id, sent.form.lesson_id)
        said = describe_refusal(refused, reader, now=now).text
        form = build_people_form(
            details, reader=reader, now=now, page=sent.form.page, said=Markup(said), picked=sent.newcomers
        )
        return {"response_action": "update", "view": form}
    if isinstance(result, Declined):
        return _say_problems(result.problems, sent.form, reader)
    if isinstance(result, AskedBack):
        form = build_people_form(
            details,
            reader=reader,
            now=now,
            page=sent.form.page,
            picked=sent.newcomers,
            cautions=result.cautions,
            confirmed=result.digest,
        )
        return {"response_action": "update", "view": form}
    said = say_added(result.people, words_for(reader.locale))
    form = build_people_form(details, reader=reader, now=now, page=sent.form.page, said=said)
    return {"response_action": "update", "view": form}


async def _replace(desk: Desk, body: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    """Put one in another's place. Done, this form closes and the one below it shows what came of it."""
    sent = await _read_submitted(desk, str(body["user"]["id"]), view)
    reader, now = desk.reader(sent.user_id), desk.now()
    leaving = sent.form.participant_id
    if leaving is None:
        raise Outdated
    result, details = await desk.store.write(
        lambda tx: (
            seating.replace_one(tx, sent.ask, leaving, sent.newcomers),
            tx.lessons.get_details(desk.workspace_id, sent.form.lesson_id),
        )
    )
    if isinstance(result, Declined):
        return _say_problems(result.problems, sent.form, reader)
    seat = _find_seat(details, leaving)
    if isinstance(result, AskedBack) and seat is not None:
        form = build_replace_form(
            details,
            seat,
            reader=reader,
            now=now,
            page=sent.form.page,
            picked=sent.newcomers,
            cautions=result.cautions,
            confirmed=result.digest,
        )
        return {"response_action": "update", "view": form}
    if isinstance(result, seating.Replaced):
        added, removed = result.added, result.removed

        def say(reads: Reader) -> Markup:
            out = say_removed(removed.people, removed.valid_until, reads)
            return Markup(f"{say_added(added.people, reads.words)}\n{out}")

        below = {"id": view.get("previous_view_id") or view.get("root_view_id")}
        desk.run(_draw(desk, Asked(user_id=sent.user_id), below, sent.form.page, say=say, form=sent.form))
    return {}


def _say_problems(problems: tuple[Problem, ...], form: PeopleForm, reader: Person) -> dict[str, Any]:
    """All under the one field that names people."""
    words = words_for(reader.locale)
    texts = dict.fromkeys(describe_problem(problem, words) for problem in problems)
    return {"response_action": "errors", "errors": {add_block_id(form.revision): "\n".join(texts)}}


async def _draw(
    desk: Desk,
    asked: Asked,
    view: dict[str, Any],
    page: int,
    *,
    say: Say | None = None,
    refused: Refused | None = None,
    form: PeopleForm | None = None,
) -> None:
    """Draw the form as things are now, keeping whom it names."""
    reader, now = desk.reader(asked.user_id), desk.now()
    form = form or _read_form(view)
    try:
        details = await _read(desk, asked.user_id, form.lesson_id)
        if not details.lesson.is_open:
            raise WrongState(details.lesson.state, "people")
    except (NotAllowed, WrongState) as closed:
        await desk.fill(asked.user_id, str(view["id"]), describe_refusal(closed, reader, now=now))
        return
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = say(reads) if say else None
    if refused is not None:
        said = Markup(describe_refusal(refused, reader, now=now).text)
    picked = read_picked((view.get("state") or {}).get("values") or {})
    drawn = build_people_form(details, reader=reader, now=now, page=page, said=said, picked=picked)
    if not await desk.redraw(str(view["id"]), drawn) and said is not None:
        await desk.tell(asked.user_id, Message(said, drawn["blocks"][:2]))  # which lesson, and what came of it


async def _read(desk: Desk, user_id: str, lesson_id: LessonId) -> LessonDetails:
    """The lesson, for who may run it. Raises NotAllowed."""
    ask = _ask(desk, user_id, lesson_id, 0)
    details, _ = await desk.store.read(lambda tx: lifecycle.admit(tx, ask, "people"))
    return details


def _ask(desk: Desk, user_id: str, lesson_id: LessonId, revision: int) -> lifecycle.Ask:
    return lifecycle.Ask(
        workspace_id=desk.workspace_id,
        lesson_id=lesson_id,
        user_id=user_id,
        revision=revision,
        policy=desk.policy(),
        now=desk.now(),
    )


def _read_press(body: dict[str, Any], action: dict[str, Any]) -> tuple[Asked, Press, PeopleForm]:
    """Who pressed what, in which form. Raises Outdated for what is not understood (any more)."""
    asked, press = read_asked(body), read_press(action.get("value"))
    if asked is None or press is None:
        raise Outdated
    return asked, press, _read_form(body.get("view") or {})


def _read_form(view: dict[str, Any]) -> PeopleForm:
    form = read_people_form(str(view.get("private_metadata") or ""))
    if form is None:
        raise Outdated
    return form


def _find_seat(details: LessonDetails, participant_id: ParticipantId | None) -> Seat | None:
    return next((seat for seat in details.seats if seat.participant.id == participant_id), None)
