"""The booking form while it is open: what is picked, more options, submit, and the progress that follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import booking
from bot.blocks import Block
from bot.booking import AskedBack, Booked, BookingRequest, Declined
from bot.drafts import BookingDraft, Problem
from bot.forms import FormState
from bot.ids import Action, View
from bot.progress import build_progress
from bot.wording import describe_problem
from bot.words import words_for
from commands import opening
from commands.desk import Desk
from commands.watching import Watcher
from storage.records import LessonDetails, Person
from storage.store import Transaction

Ack = Callable[..., Awaitable[Any]]

LOOK_UP_WITHIN = timedelta(milliseconds=1500)
"""Submitting waits this long for people picked a moment ago; whoever is not known then is checked before the launch."""


def register(app: AsyncApp, desk: Desk, watcher: Watcher) -> None:
    """Name what happens inside the form."""

    @app.action(Action.PICK_LEADERS.value)
    @app.action(Action.PICK_PARTICIPANTS.value)
    async def pick_people(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        desk.run(desk.directory.refresh([str(user_id) for user_id in action.get("selected_users") or ()]))
        if read_has_more(body):
            desk.run(_redraw(desk, body))
        await ack()

    @app.action(Action.PICK_CHANNEL.value)
    async def pick_channel(ack: Ack, action: dict[str, Any]) -> None:
        if channel_id := action.get("selected_conversation"):
            desk.run(desk.directory.refresh_channel(str(channel_id)))
        await ack()

    @app.action(Action.PICK_START.value)
    async def pick_start(ack: Ack, body: dict[str, Any]) -> None:
        desk.run(_redraw(desk, body))
        await ack()

    @app.action(Action.PICK_SERVICE.value)
    async def pick_service(ack: Ack, body: dict[str, Any]) -> None:
        desk.run(_redraw(desk, body))
        await ack()

    @app.action(Action.MORE_OPTIONS.value)
    async def more_options(ack: Ack, body: dict[str, Any]) -> None:
        desk.run(_redraw(desk, body, has_more=True))
        await ack()

    @app.view(View.BOOKING.value)
    async def submit(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        user_id = str(body["user"]["id"])
        draft, state = opening.read_draft(desk, user_id, view)
        await desk.directory.ensure_known([user_id, *draft.leader_ids, *draft.participant_ids], within=LOOK_UP_WITHIN)
        if draft.channel_id:
            await desk.directory.ensure_channel_known(draft.channel_id, within=LOOK_UP_WITHIN)
        person = desk.reader(user_id)
        request = BookingRequest(
            workspace_id=desk.workspace_id,
            booker_user_id=user_id,
            draft=draft,
            submission_key=state.submission_key,
            confirmed=state.confirmed,
        )
        result, details = await _book(desk, request)
        match result:
            case Declined():
                await ack(response_action="errors", errors=word_problems(result.problems, person))
            case AskedBack():
                asked = replace(state, confirmed=result.digest)
                form = await opening.build_form(desk, person, draft, cautions=result.cautions, state=asked)
                await ack(response_action="update", view=form)
            case Booked() if details is not None:
                total = len(details.seats)
                progress = build_progress(details, reader=person, done=0, total=total, now=desk.now())
                await ack(response_action="update", view=progress)
                watcher.start(result.lesson_id, view_id=str(view["id"]), user_id=user_id)

    @app.view_closed(View.PROGRESS.value)
    async def close_progress(ack: Ack, view: dict[str, Any]) -> None:
        watcher.forget(str(view["id"]))
        await ack()

    @app.view(View.PROGRESS.value)
    @app.view(View.MESSAGE.value)
    async def submit_nothing(ack: Ack) -> None:
        await ack()


async def _book(desk: Desk, request: BookingRequest) -> tuple[booking.BookingResult, LessonDetails | None]:
    """The listener's one commit."""
    now, policy = desk.now(), desk.policy()

    def work(tx: Transaction) -> tuple[booking.BookingResult, LessonDetails | None]:
        result = booking.book(tx, request, policy=policy, now=now)
        if not isinstance(result, Booked):
            return result, None
        return result, tx.lessons.get_details(request.workspace_id, result.lesson_id)

    return await desk.store.write(work)


def word_problems(problems: Sequence[Problem], reader: Person) -> dict[str, str]:
    """Each problem under its own field; several of one field on lines of their own."""
    words = words_for(reader.locale)
    worded: dict[str, list[str]] = {}
    for problem in problems:
        worded.setdefault(problem.where.value, []).append(describe_problem(problem, words))
    return {where: "\n".join(dict.fromkeys(texts)) for where, texts in worded.items()}


def read_has_more(body: dict[str, Any]) -> bool:
    """Whether the form shows its further fields."""
    return '"has_more": true' in str((body.get("view") or {}).get("private_metadata"))


async def _redraw(desk: Desk, body: dict[str, Any], *, has_more: bool = False) -> None:
    """Draw the form again with what is typed; given up when somebody typed on meanwhile and it was drawn since."""
    user_id, view = str(body["user"]["id"]), body["view"]
    draft, state = opening.read_draft(desk, user_id, view)
    draft = replace(draft, has_more=draft.has_more or has_more)
    form = await build_again(desk, user_id, draft, state)
    await desk.redraw(str(view["id"]), form, seen_hash=view.get("hash"))


async def build_again(desk: Desk, user_id: str, draft: BookingDraft, state: FormState) -> Block:
    """The same form, with this draft."""
    return await opening.build_form(desk, desk.reader(user_id), draft, state=state)
