"""What stories do again and again: book, wait until all is calm, look at somebody's messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.ids import Choice
from bot.sandbox.calm import OPEN as OPEN
from bot.sandbox.calm import wait_until_calm
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.outcomes import Outcome
from storage.records import Lesson, LessonDetails, Notice, NoticeKind, Person
from storage.store import Transaction


async def open_form(school: School, actor: Actor, text: str = "") -> None:
    """Type `/lesson` and wait for the form itself (a loading view may come first)."""
    outcome = await actor.slash("/lesson", text)
    assert outcome.is_fine, outcome
    await school.slack.wait_for(lambda: actor.view is not None and "submit" in actor.view.given)


async def submit(school: School, actor: Actor, **fields: Any) -> Outcome:
    """Fill these fields of the open form and send it."""
    assert actor.view is not None
    await actor.fill(actor.view, fields)
    return await actor.submit()


async def book(school: School, actor: Actor, text: str, **fields: Any) -> None:
    """Book by command and form, and wait until everything due was sent."""
    await open_form(school, actor, text)
    outcome = await submit(school, actor, **fields)
    assert outcome.is_fine, outcome
    assert outcome.response_action == "update", outcome.body
    await settle(school)


async def settle(school: School, *, seconds: float = 10.0) -> None:
    """Wait until the school is calm."""
    await wait_until_calm(school, seconds=seconds)


async def move_to(school: School, hour: int, minute: int = 0) -> None:
    """Put lesson time to this hour of the day (UTC), and wait until everything due then was done."""
    school.clock.move_to(school.clock.now().replace(hour=hour, minute=minute, second=0))
    await settle(school)


async def skip(school: School, delta: timedelta) -> None:
    """Let machine time pass, and wait until what could be done then was done.

    Not while something is in flight: a post takes 10 s at most, so it would be over before a lease or a look is due.
    """
    async with asyncio.timeout(10):
        while _is_in_flight(school):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    school.skip(delta)
    await settle(school)


def _is_in_flight(school: School) -> bool:
    scheduler = school.hallpass.scheduler if school.hallpass else None
    return scheduler is not None and scheduler.in_flight_count > 0


def read_all(school: School, actor: Actor) -> list[str]:
    """Every message in their conversation with the bot, as they read it."""
    return [actor.read(message, now=school.clock.now()) for message in actor.messages()]


def find_card(actor: Actor) -> Message:
    """Their card: the first message of the conversation."""
    return actor.messages()[0]


def find_message(actor: Actor, words: str) -> Message:
    """Their latest message whose fallback text holds these words."""
    found = [message for message in actor.messages() if words in message.text]
    assert found, [message.text for message in actor.messages()]
    return found[-1]


def find_url(message: Message) -> str | None:
    """Where the message's Join leads; None: it has none."""
    button = list_buttons(message).get("join")
    return str(button["url"]) if button else None


async def wait_for_words(school: School, actor: Actor, *words: str) -> str:
    """What their open view says, once it says all of this."""

    def says() -> bool:
        return actor.view is not None and all(word in actor.read(actor.view) for word in words)

    await school.slack.wait_for(says)
    assert actor.view is not None
    return actor.read(actor.view)


async def wait_for_answer(school: School, actor: Actor, words: str) -> Message:
    """The private answer that says this, once it is there."""

    def found() -> list[Message]:
        return [answer for answer in actor.private_answers() if words in actor.read(answer, now=school.clock.now())]

    await school.slack.wait_for(lambda: bool(found()))
    return found()[-1]


def list_buttons(message: Message) -> dict[str, Mapping[str, Any]]:
    """The message's buttons, by action id."""
    found: dict[str, Mapping[str, Any]] = {}
    for block in message.blocks:
        for element in [*block.get("elements", []), block.get("accessory", {})]:
            if isinstance(element, dict) and element.get("type") == "button":
                found[element["action_id"]] = element
    return found


async def join(
    school: School, actor: Actor, browser: str | None = None, *, message: Message | None = None
) -> Reason | None:
    """Press Join on the card (or another message) and come in; None: inside, else why not."""
    outcome = await actor.press(message or find_card(actor), "join")
    assert outcome.url is not None
    visit = await school.lessonspace.browser(browser or actor.user.name).join(outcome.url)
    return visit.refusal


async def get_lesson(school: School, title: str = "Algebra") -> Lesson:
    """The stored lesson of this title."""
    assert school.hallpass is not None

    def find(tx: Transaction) -> Lesson:
        [workspace] = tx.workspaces.list_all()
        return next(lesson for lesson in tx.lessons.list_between(workspace.id) if lesson.title == title)

    return await school.hallpass.store.read(find)


async def get_lesson_details(school: School, title: str = "Algebra") -> LessonDetails:
    """The same with everybody in it."""
    assert school.hallpass is not None
    lesson = await get_lesson(school, title)
    return await school.hallpass.store.read(lambda tx: tx.lessons.get_details(lesson.workspace_id, lesson.id))


async def list_notices(school: School, kind: NoticeKind | None = None, title: str = "Algebra") -> list[Notice]:
    """The lesson's stored notices, of one kind or all."""
    assert school.hallpass is not None
    lesson = await get_lesson(school, title)
    found = await school.hallpass.store.read(lambda tx: tx.notices.list_for_lesson(lesson.workspace_id, lesson.id))
    return [notice for notice in found if kind is None or notice.kind is kind]


async def choose(actor: Actor, choice: Choice, *, message: Message | None = None) -> Outcome:
    """Choose something in the menu of their card (or another message)."""
    return await actor.pick(message or find_card(actor), "more", choice.value)


async def cancel(school: School, actor: Actor, reason: str = "") -> str:
    """Press Cancel on the card, give the reason in the form that opens, and send it. Returns what they then read."""
    assert (await actor.press(find_card(actor), "cancel")).is_fine
    await wait_for_words(school, actor, "Cancel this lesson?")
    assert (await submit(school, actor, **({"reason": reason} if reason else {}))).is_fine
    assert actor.view is not None
    return actor.read(actor.view, now=school.clock.now())


async def leave_all(school: School) -> None:
    """Everybody who is in a room leaves it."""
    for space in school.lessonspace.organisation.spaces.values():
        space.advance(school.clock.now())
        if space.running is not None:
            for connection in space.running.list_open():
                space.leave(connection.id, school.clock.now())


async def find_person(school: School, actor: Actor) -> Person | None:
    """How the bot knows them."""
    assert school.hallpass is not None

    def find(tx: Transaction) -> Person | None:
        [workspace] = tx.workspaces.list_all()
        return tx.people.find(workspace.id, actor.user.id)

    return await school.hallpass.store.read(find)


async def wait_until_known(school: School, actor: Actor, is_so: Callable[[Person], bool]) -> None:
    """Wait until the bot's directory knows this of them."""
    async with asyncio.timeout(5):
        while (person := await find_person(school, actor)) is None or not is_so(person):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


UNTIL_LOOKED_FOR = timedelta(seconds=40)
"""Machine time after which a post without a definite answer has been looked for."""


async def crash(school: School) -> None:
    """The bot dies where it stands: what is in flight is cut off, not finished, and nobody says good-bye."""
    await school.kill()


async def wait_until(school: School, condition: Callable[[], bool]) -> None:
    """Wait for what may happen in either stand-in; only Slack's rings a bell."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)
