"""Changing a lesson from its card: extend, move, end now, cancel. Each asks in a small form before it acts.

A form is opened with what is true at that moment, and submitted against the revision it showed; extending alone acts at
the press, and asks only where somebody's next lesson is in the way. What was done is said in the form's place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncApp

from bot import confirmations, ending, extending, lesson_forms, lifecycle, moving
from bot.blocks import Block, Message
from bot.booking import AskedBack, Declined
from bot.drafts import Problem, ProblemCode
from bot.errors import Outdated, WrongState
from bot.home import build_small_view
from bot.ids import Action, Choice, Field, View
from bot.lesson_forms import LessonForm
from bot.lifecycle import Ask
from bot.presses import Press, read_press
from commands.desk import Asked, Desk
from commands.failures import read_asked
from commands.modals import word_problems
from commands.more import Menu
from storage.records import LessonDetails, LessonId, Person
from storage.store import Transaction

T = TypeVar("T")

Ack = Callable[..., Awaitable[Any]]
Draw = Callable[["Opening"], Block]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a form is drawn from when it opens."""

    details: LessonDetails
    reader: Person
    ask: Ask


def register(app: AsyncApp, desk: Desk, menu: Menu) -> None:
    """Name the buttons, the menu's choices, and the forms they open."""
    _register_extending(app, desk)
    _register_moving(app, desk, menu)
    _register_ending(app, desk, menu)
    _register_cancelling(app, desk)


def _register_extending(app: AsyncApp, desk: Desk) -> None:
    @app.action(Action.EXTEND.value)
    async def extend(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = read_asked(body), read_press(action.get("value"))
        if asked is None or press is None or press.revision is None:
            raise Outdated
        ask = _ask(desk, asked.user_id, press.lesson_id, press.revision)
        result, details = await _write(desk, ask, moving.extend)
        reader = desk.reader(asked.user_id)
        if isinstance(result, AskedBack):
            view = lesson_forms.build_extend_form(
                details, reader=reader, now=ask.now, cautions=result.cautions, confirmed=result.digest
            )
            await _open(desk, asked, view)
        else:
            desk.answer(asked, _word_extension(result, details, ask, reader))
        await ack()

    @app.view(View.EXTEND.value)
    async def extend_anyway(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        form, ask, reader = _read_submitted(desk, body, view)
        result, details = await _write(desk, ask, lambda tx, ask: moving.extend(tx, ask, confirmed=form.confirmed))
        if isinstance(result, AskedBack):  # another lesson came into the way meanwhile
            again = lesson_forms.build_extend_form(
                details, reader=reader, now=ask.now, cautions=result.cautions, confirmed=result.digest
            )
            await ack(response_action="update", view=again)
            return
        await _say(ack, _word_extension(result, details, ask, reader), reader)


def _word_extension(extended: extending.Extended, details: LessonDetails, ask: Ask, reader: Person) -> Message:
    return confirmations.build_extended(
        details,
        reader=reader,
        relinked_count=extended.relinked_count,
        old_closes_at=extended.old_closes_at,
        now=ask.now,
    )


def _register_moving(app: AsyncApp, desk: Desk, menu: Menu) -> None:
    async def open_move(asked: Asked, press: Press) -> None:
        await _open_form(
            desk,
            asked,
            press,
            "move",
            lambda it: lesson_forms.build_move_form(it.details, reader=it.reader, now=it.ask.now),
        )

    menu.on(Choice.MOVE, open_move)

    @app.view(View.MOVE.value)
    async def submit_move(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        form, ask, reader = _read_submitted(desk, body, view)
        typed = lesson_forms.read_times((view.get("state") or {}).get("values") or {})
        result, details = await _write(
            desk,
            ask,
            lambda tx, ask: moving.move(
                tx, ask, starts_at=typed.starts_at, length_text=typed.length_text, confirmed=form.confirmed
            ),
        )
        match result:
            case Declined():
                await ack(response_action="errors", errors=word_problems(result.problems, reader))
            case AskedBack():
                again = lesson_forms.build_move_form(
                    details,
                    reader=reader,
                    now=ask.now,
                    typed=typed,
                    cautions=result.cautions,
                    confirmed=result.digest,
                )
                await ack(response_action="update", view=again)
            case moving.Moved():
                await _say(ack, _word_move(result, details, ask, reader), reader)


def _word_move(moved: moving.Moved, details: LessonDetails, ask: Ask, reader: Person) -> Message:
    if not moved.is_changed:
        return confirmations.build_unmoved(details, reader=reader, now=ask.now)
    return confirmations.build_moved(
        details,
        reader=reader,
        told_count=moved.told_count,
        relinked_count=moved.relinked_count,
        valid_count=moved.valid_count,
        valid_until=moved.valid_until,
        now=ask.now,
    )


def _register_ending(app: AsyncApp, desk: Desk, menu: Menu) -> None:
    async def open_end(asked: Asked, press: Press) -> None:
        def draw(it: Opening) -> Block:
            closes_room = desk.policy().at(it.details.service).capabilities.close_room
            return lesson_forms.build_end_form(it.details, reader=it.reader, now=it.ask.now, closes_room=closes_room)

        await _open_form(desk, asked, press, "end", draw)

    menu.on(Choice.END, open_end)

    @app.view(View.END.value)
    async def submit_end(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        _, ask, reader = _read_submitted(desk, body, view)
        result, details = await _write(desk, ask, ending.end_now)
        message = confirmations.build_ended(
            details, reader=reader, valid_count=result.valid_count, valid_until=result.valid_until, now=ask.now
        )
        await _say(ack, message, reader)


def _register_cancelling(app: AsyncApp, desk: Desk) -> None:
    @app.action(Action.CANCEL.value)
    async def open_cancel(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = read_asked(body), read_press(action.get("value"))
        if asked is None or press is None:
            raise Outdated
        await _open_form(
            desk,
            asked,
            press,
            "cancel",
            lambda it: lesson_forms.build_cancel_form(it.details, reader=it.reader, now=it.ask.now),
        )
        await ack()

    @app.view(View.CANCEL.value)
    async def submit_cancel(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        _, ask, reader = _read_submitted(desk, body, view)
        reason = lesson_forms.read_reason((view.get("state") or {}).get("values") or {})
        if len(reason) > lesson_forms.MAX_REASON:
            facts: dict[str, str | int] = {"count": len(reason), "limit": lesson_forms.MAX_REASON}
            problem = Problem(where=Field.REASON, code=ProblemCode.NOTE_TOO_LONG, facts=facts)
            await ack(response_action="errors", errors=word_problems([problem], reader))
            return
        result, details = await _write(desk, ask, lambda tx, ask: lifecycle.cancel(tx, ask, reason=reason))
        message = confirmations.build_cancelled(
            details,
            reader=reader,
            told_count=result.told_count,
            valid_count=result.valid_count,
            valid_until=result.valid_until,
            now=ask.now,
        )
        await _say(ack, message, reader)


def _ask(desk: Desk, user_id: str, lesson_id: LessonId, revision: int) -> Ask:
    return Ask(
        workspace_id=desk.workspace_id,
        lesson_id=lesson_id,
        user_id=user_id,
        revision=revision,
        policy=desk.policy(),
        now=desk.now(),
    )


async def _write(desk: Desk, ask: Ask, work: Callable[[Transaction, Ask], T]) -> tuple[T, LessonDetails]:
    """The listener's one commit, and the lesson as it is then."""

    def run(tx: Transaction) -> tuple[T, LessonDetails]:
        return work(tx, ask), tx.lessons.get_details(ask.workspace_id, ask.lesson_id)

    return await desk.store.write(run)


async def _open_form(desk: Desk, asked: Asked, press: Press, action: str, draw: Draw) -> None:
    """Spend the trigger on a form that shows the lesson as it is now, to whom it is theirs to change."""
    ask = _ask(desk, asked.user_id, press.lesson_id, press.revision or 0)
    details, reader = await desk.store.read(lambda tx: lifecycle.admit(tx, ask, action))
    if not details.lesson.is_open:
        raise WrongState(details.lesson.state, action)
    await _open(desk, asked, draw(Opening(details=details, reader=reader, ask=ask)))


async def _open(desk: Desk, asked: Asked, view: Block) -> None:
    if asked.trigger_id is None:
        raise Outdated
    await desk.delivery.open_view(asked.trigger_id, view)


def _read_submitted(desk: Desk, body: dict[str, Any], view: dict[str, Any]) -> tuple[LessonForm, Ask, Person]:
    """Which lesson, at which revision, and who sent the form. Raises Outdated for a form that is not understood."""
    asked, form = read_asked(body), lesson_forms.read_lesson_form(str(view.get("private_metadata") or ""))
    if asked is None or form is None:
        raise Outdated
    return form, _ask(desk, asked.user_id, form.lesson_id, form.revision), desk.reader(asked.user_id)


async def _say(ack: Ack, message: Message, reader: Person) -> None:
    """What was done, in the form's place."""
    await ack(response_action="update", view=build_small_view(message, reader=reader))
