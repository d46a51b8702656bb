"""*Join*: noted where the browser is on its way by itself; where Slack is all there is, judged and answered privately.

The way in is made for this one answer, and nothing but the answer ever holds it. A room that runs in a page of ours is
led to by a link to that page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import let_in, pressing
from bot.blocks import Message
from bot.door import Visit
from bot.errors import RoomServiceBusy
from bot.home import build_small_view
from bot.ids import Action
from bot.presses import read_press
from commands.desk import Asked, Desk
from commands.failures import read_asked
from storage.records import LinkWay

Ack = Callable[..., Awaitable[Any]]
Answer = Callable[[Message], Awaitable[None]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the buttons."""

    @app.action(Action.JOIN.value)
    async def join(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press, now = read_asked(body), read_press(action.get("value")), desk.now()
        if asked is not None and press is not None:
            visit = await desk.store.write(
                lambda tx: pressing.press(
                    tx,
                    desk.workspace_id,
                    press,
                    user_id=asked.user_id,
                    sealer=desk.drawer.sealer,
                    paged=desk.drawer.paged,
                    now=now,
                )
            )
            if visit is not None:
                answer = await _open_answer(desk, asked, visit)
                desk.run(
                    _let_in(desk, visit, answer) if visit.link.way is LinkWay.PRESS else _lead(desk, visit, answer)
                )
        await ack()

    @app.action(Action.GO_IN.value)
    async def go_in(ack: Ack) -> None:
        await ack()  # the browser opens it; Slack only wants to hear that we know


async def _open_answer(desk: Desk, asked: Asked, visit: Visit) -> Answer:
    """A private message; for who pressed in Home, which has no conversation, a view that is filled in."""
    if asked.response_url is not None or asked.conversation is not None or asked.trigger_id is None:

        async def answer(message: Message) -> None:
            await desk.answer_now(asked, message)

        return answer

    person = visit.seat.person
    waiting = let_in.build_opening(visit.details, visit.seat, now=desk.now())
    opened = await desk.delivery.open_view(asked.trigger_id, build_small_view(waiting, reader=person))

    async def fill(message: Message) -> None:
        await desk.fill(asked.user_id, opened.view_id, message)

    return fill


async def _lead(desk: Desk, visit: Visit, answer: Answer) -> None:
    """To the page in which the room runs, by a link of their own."""
    details, seat, now = visit.details, visit.seat, desk.now()
    url = desk.drawer.unseal(visit.link)
    if url is None:
        await answer(let_in.build_not_opened(details, seat, is_busy=False, now=now))
    else:
        await answer(let_in.build_page_link(details, seat, url=url, now=now))


async def _let_in(desk: Desk, visit: Visit, answer: Answer) -> None:
    """Ask for the way in and hand it over, or say that the room did not open."""
    entry = await desk.enter(visit)
    details, seat, now = visit.details, visit.seat, desk.now()
    if entry.launch is None or not entry.launch.url:
        is_busy = isinstance(entry.trouble, RoomServiceBusy)
        await answer(let_in.build_not_opened(details, seat, is_busy=is_busy, now=now))
    else:
        await answer(
            let_in.build_way_in(
                details, seat, url=entry.launch.url, is_shared=details.service in desk.drawer.shared, now=now
            )
        )
