"""*Watch recording* and *Transcript*: who asks is judged at once, what takes longer comes as a private answer.

An address of a recording is fetched for this one answer, and nothing but the answer ever holds it.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot import playback, recordings, transcripts
from bot.blocks import Message
from bot.errors import Outdated, RoomServiceError, SlackError
from bot.home import build_small_view
from bot.ids import Action, Choice
from bot.presses import Press, read_press
from bot.recordings import Asking, Reading, Watching
from bot.transcripts import Format
from commands.desk import Asked, Desk
from commands.failures import read_asked
from storage.records import Person

log = structlog.get_logger("hallpass.commands")

Ack = Callable[..., Awaitable[Any]]
Answer = Callable[[Message], Awaitable[None]]

FORMATS = {Choice.SUBTITLES.value: Format.SUBTITLES, Choice.DATA.value: Format.DATA}
"""What is behind the dots beside *Transcript*."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the buttons and the menu."""

    @app.action(Action.WATCH.value)
    async def watch(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, asking = _read(desk, body, read_press(action.get("value")))
        watching = await desk.store.write(lambda tx: recordings.watch(tx, asking))
        answer = await _open_answer(desk, asked, body, watching.person)
        desk.run(_show_recording(desk, watching, answer or _answer_privately(desk, asked)))
        await ack()

    @app.action(Action.TRANSCRIPT.value)
    async def transcript(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _hand_over(desk, body, read_press(action.get("value")), Format.TEXT)
        await ack()

    @app.action(Action.TRANSCRIPT_AS.value)
    async def transcript_as(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        form = FORMATS.get(str((action.get("selected_option") or {}).get("value")))
        if form is None:
            raise Outdated
        await _hand_over(desk, body, read_press(action.get("block_id")), form)
        await ack()

    @app.action(Action.OPEN_RECORDING.value)
    async def open_recording(ack: Ack) -> None:
        await ack()  # the browser opens it; Slack only wants to hear that we know


def _read(desk: Desk, body: dict[str, Any], press: Press | None) -> tuple[Asked, Asking]:
    asked = read_asked(body)
    if asked is None or press is None:
        raise Outdated
    asking = Asking(
        workspace_id=desk.workspace_id,
        lesson_id=press.lesson_id,
        user_id=asked.user_id,
        session_id=press.session_id,
        policy=desk.policy(),
        now=desk.now(),
    )
    return asked, asking


async def _open_answer(desk: Desk, asked: Asked, body: dict[str, Any], person: Person) -> Answer | None:
    """Where it was pressed in a view: a view on top of it, to be filled in. None: in a message."""
    if (body.get("view") or {}).get("type") != "modal" or asked.trigger_id is None:
        return None
    waiting = build_small_view(playback.build_fetching(person, now=desk.now()), reader=person)
    opened = await desk.delivery.push_view(asked.trigger_id, waiting)

    async def fill(message: Message) -> None:
        await desk.fill(asked.user_id, opened.view_id, message)

    return fill


def _answer_privately(desk: Desk, asked: Asked) -> Answer:
    async def answer(message: Message) -> None:
        await desk.answer_now(asked, message)

    return answer


async def _show_recording(desk: Desk, watching: Watching, answer: Answer) -> None:
    details, person, now = watching.details, watching.person, desk.now()
    service_name = desk.policy().at(details.service).service_name
    try:
        url = await desk.fetch_recording(details.service, watching.session.session_id)
    except RoomServiceError as error:
        log.warning("recording_not_fetched", lesson=details.lesson.id, error=str(error))
        await answer(playback.build_recording_failure(details, person, service_name=service_name, now=now))
        return
    if url is None:
        await answer(playback.build_no_recording(details, person, service_name=service_name, now=now))
    else:
        await answer(playback.build_recording_link(details, person, url=url, now=now))


async def _hand_over(desk: Desk, body: dict[str, Any], press: Press | None, form: Format) -> None:
    asked, asking = _read(desk, body, press)
    reading = await desk.store.write(lambda tx: recordings.read_transcript(tx, asking))
    answer = await _open_answer(desk, asked, body, reading.person)
    desk.run(_send_file(desk, asked, reading, form, answer))


async def _send_file(desk: Desk, asked: Asked, reading: Reading, form: Format, answer: Answer | None) -> None:
    """The file into their messages; where they pressed elsewhere, or it went wrong, they are told."""
    details, person, now = reading.details, reading.person, desk.now()
    content = io.BytesIO(transcripts.write(reading.transcript, form).encode())
    try:
        await desk.delivery.send_file(
            person.user_id,
            name=transcripts.name_file(reading.transcript, form),
            content=content,
            comment=playback.describe_transcript(details, person, now=now),
        )
    except SlackError as error:
        log.warning("transcript_not_sent", lesson=details.lesson.id, method=error.method, code=error.code)
        failure = playback.build_transcript_failure(details, person, code=error.code, now=now)
        await (answer or _answer_privately(desk, asked))(failure)
        return
    if answer is not None:
        await answer(playback.build_transcript_sent(details, person, now=now))
