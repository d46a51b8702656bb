"""Forms that nobody was given: sent by the wrong person, about another lesson, or too late. They change nothing.

Slack passes on whatever a form carries, and a form may stay open for hours. So who may, which lesson, and whether it is
still on is asked again when it is sent, by one rule for the button, the form that it opens, and the buttons in that.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.house_rules import HouseRules, read_house_rules
from bot.ids import Choice
from bot.preferences import read_preferences
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.views import OpenView
from bot.wishes import Preferences
from storage.records import AuditEntry, Lesson, LessonState, Notice, Participant, Role, WorkspaceId
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.test_home import open_home
from tests.acceptance.test_people import open_people
from tests.acceptance.test_people import press as press_beside
from tests.records import make_lesson, make_participant, make_room

NOT_THEIRS, OLD, OVER = "Only the lesson's leaders", "out of date", "This lesson is over"
NOT_KEPT = "no longer kept"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Ada teaches Ben, and is half an hour into it; Cara teaches Dan something else tomorrow; Mallory is nobody."""

    school: School
    ada: Actor
    ben: Actor
    cara: Actor
    mallory: Actor


@pytest.fixture
async def stage(school: School) -> Stage:
    ada, ben, cara, mallory = (school.add(name) for name in ("Ada", "Ben", "Cara", "Mallory"))
    school.add("Dan"), school.add("Emil")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Emil today 3:50pm 45m Geometry")
    await telling.book(school, cara, "@Dan tomorrow 3pm 45m Botany")
    for actor in (ada, cara):
        await actor.close(closes_all=True)
    await telling.move_to(school, 14, 30)
    return Stage(school=school, ada=ada, ben=ben, cara=cara, mallory=mallory)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """All that was stored of one lesson and could be changed by a form."""

    lesson: Lesson
    participants: list[Participant]
    notices: list[Notice]
    audit: list[AuditEntry]


async def read_all(school: School) -> list[Kept]:
    """Every lesson's, in every workspace."""

    def read(tx: Transaction) -> list[Kept]:
        return [
            _keep(tx, workspace.id, lesson)
            for workspace in tx.workspaces.list_all()
            for lesson in tx.lessons.list_between(workspace.id)
        ]

    assert school.hallpass is not None
    return await school.hallpass.store.read(read)


def _keep(tx: Transaction, workspace_id: WorkspaceId, lesson: Lesson) -> Kept:
    details = tx.lessons.get_details(workspace_id, lesson.id)
    return Kept(
        lesson=details.lesson,
        participants=[seat.participant for seat in (*details.seats, *details.removed)],
        notices=tx.notices.list_for_lesson(workspace_id, lesson.id),
        audit=tx.audit.list_for_lesson(workspace_id, lesson.id),
    )


async def open_move(stage: Stage) -> dict[str, Any]:
    await telling.choose(stage.ada, Choice.MOVE)
    await telling.wait_for_words(stage.school, stage.ada, "Move lesson")
    return {"length": "40"}


async def open_cancel(stage: Stage) -> dict[str, Any]:
    await stage.ada.press(telling.find_card(stage.ada), "cancel")
    await telling.wait_for_words(stage.school, stage.ada, "Cancel this lesson?")
    return {"reason": "because"}


async def open_end(stage: Stage) -> dict[str, Any]:
    await telling.choose(stage.ada, Choice.END)
    await telling.wait_for_words(stage.school, stage.ada, "End this lesson now?")
    return {}


async def open_extend(stage: Stage) -> dict[str, Any]:
    await stage.ada.press(telling.find_card(stage.ada), "extend")
    await telling.wait_for_words(stage.school, stage.ada, "Extend anyway?")
    return {}


async def open_add(stage: Stage) -> dict[str, Any]:
    await open_people(stage.school, stage.ada)
    return {find_people_field(stage.ada): ["Emil"]}


async def open_replace(stage: Stage) -> dict[str, Any]:
    await open_people(stage.school, stage.ada)
    await press_beside(stage.school, stage.ada, "replace", "Ben")
    await stage.school.slack.wait_for(lambda: len(stage.ada.stack) == 2)
    return {find_people_field(stage.ada): "Emil"}


def find_people_field(actor: Actor) -> str:
    assert actor.view is not None
    fields = [str(block["block_id"]) for block, _ in actor.view.list_fields()]
    return next(one for one in fields if one.startswith("add"))


FORMS: dict[str, Callable[[Stage], Awaitable[dict[str, Any]]]] = {
    "move": open_move,
    "cancel": open_cancel,
    "end": open_end,
    "extend": open_extend,
    "add": open_add,
    "replace": open_replace,
}


def hand_over(view: OpenView, thief: Actor) -> OpenView:
    """The same form on somebody else's screen, as if they had been given it."""
    return thief._desk.views.open(thief.user.id, copy.deepcopy(view.given))


async def reopen(stage: Stage, view: OpenView) -> OpenView:
    """Ada's form as it was when she opened it."""
    await stage.ada.close(closes_all=True) if stage.ada.stack else None
    return hand_over(view, stage.ada)


def alter(view: OpenView, **changes: object) -> OpenView:
    """The form, with something else in what it carries."""
    view.given["private_metadata"] = json.dumps({**json.loads(view.private_metadata), **changes})
    return view


async def send(stage: Stage, actor: Actor, view: OpenView, fields: dict[str, Any]) -> str:
    """Fill it in and send it. Returns what they read in its place; nothing at all was changed by it."""
    await actor.fill(view, fields)
    await telling.settle(stage.school)
    before = await read_all(stage.school)
    assert (await actor.submit(view)).response_action == "update"
    assert actor.view is not None
    said = actor.read(actor.view)
    await telling.settle(stage.school)
    assert before == await read_all(stage.school)
    return said


async def find_lesson(stage: Stage, title: str) -> Kept:
    return next(kept for kept in await read_all(stage.school) if kept.lesson.title == title)


async def lay_out(stage: Stage, form: str) -> tuple[OpenView, dict[str, Any]]:
    """Ada's own form, open, and what she is about to fill in."""
    fields = await FORMS[form](stage)
    assert stage.ada.view is not None
    return stage.ada.view, fields


@pytest.mark.parametrize("form", FORMS)
async def test_sent_by_its_leader_it_does_what_it_says(stage: Stage, form: str) -> None:
    """The forms below are refused for what was forged, not for what they are."""
    view, fields = await lay_out(stage, form)
    before = await find_lesson(stage, "Algebra")
    await stage.ada.fill(view, fields)

    await stage.ada.submit(view)
    if form in ("add", "replace") and (await find_lesson(stage, "Algebra")).lesson == before.lesson:
        await stage.ada.submit()  # asked first, since Emil has another lesson
    await telling.settle(stage.school)

    assert before.lesson.revision < (await find_lesson(stage, "Algebra")).lesson.revision


@pytest.mark.parametrize("form", FORMS)
async def test_the_wrong_person_gets_nowhere(stage: Stage, form: str) -> None:
    """A learner of the lesson, somebody without any, the leader of another one."""
    view, fields = await lay_out(stage, form)

    for thief in (stage.ben, stage.mallory, stage.cara):
        assert NOT_THEIRS in await send(stage, thief, hand_over(view, thief), fields), thief.user.name


@pytest.mark.parametrize("form", FORMS)
async def test_other_lessons_are_out_of_reach(stage: Stage, form: str) -> None:
    """Written into one's own form: somebody else's, one of another workspace where the same Slack id leads it, none.

    The last two are answered alike: whether another workspace has such a lesson is not told.
    """
    view, fields = await lay_out(stage, form)
    botany, elsewhere = (await find_lesson(stage, "Botany")).lesson, await found_elsewhere(stage)

    for lesson_id, revision, refusal in (
        (botany.id, botany.revision, NOT_THEIRS),
        (elsewhere.id, elsewhere.revision, NOT_KEPT),
        ("0" * 32, 1, NOT_KEPT),
    ):
        forged = alter(await reopen(stage, view), lesson_id=lesson_id, revision=revision)
        assert refusal in await send(stage, stage.ada, forged, fields), lesson_id


@pytest.mark.parametrize("form", FORMS)
async def test_what_cannot_be_read_is_out_of_date(stage: Stage, form: str) -> None:
    """Whatever else it is, or another revision than the lesson's: no traceback, no change, a plain word."""
    view, fields = await lay_out(stage, form)

    for metadata in ("", "{", "[]", '{"lesson_id": 7}', '{"lesson_id": "x", "revision": true}'):
        forged = await reopen(stage, view)
        forged.given["private_metadata"] = metadata
        assert OLD in await send(stage, stage.ada, forged, fields), metadata
    assert OLD in await send(stage, stage.ada, alter(await reopen(stage, view), revision=99), fields)


async def found_elsewhere(stage: Stage) -> Lesson:
    """A lesson of somebody with Ada's Slack id in a workspace of which this bot's desk knows nothing."""

    def work(tx: Transaction) -> Lesson:
        now = stage.school.clock.now()
        workspace = tx.workspaces.ensure("T0ELSEWHERE", name="Elsewhere", bot_user_id="U0BOT", now=now)
        account_id = tx.workspaces.ensure_account(workspace.id, "lessonspace", external_id=None, now=now)
        ada = tx.people.ensure(workspace.id, [stage.ada.user.id], now=now)[stage.ada.user.id]
        room = make_room(workspace_id=workspace.id, account_id=account_id)
        lesson = make_lesson(
            "Elsewhere",
            workspace_id=workspace.id,
            room=room.id,
            booked_by=ada.id,
            starts_at=now + timedelta(days=1),
            ends_at=now + timedelta(days=1, hours=1),
        )
        tx.lessons.insert_room(room)
        tx.lessons.insert(lesson, [make_participant(lesson, ada, Role.LEADER)])
        return lesson

    assert stage.school.hallpass is not None
    return await stage.school.hallpass.store.write(work)


@pytest.mark.parametrize("form", FORMS)
async def test_a_lesson_that_ended_meanwhile_stays_as_it_is(stage: Stage, form: str) -> None:
    """The form was opened in time, and sent when the lesson was over."""
    view, fields = await lay_out(stage, form)
    await telling.move_to(stage.school, 14, 50)
    assert LessonState.ENDED is (await find_lesson(stage, "Algebra")).lesson.state

    assert OVER in await send(stage, stage.ada, view, fields)


async def test_nobody_of_another_lesson_is_replaced(stage: Stage) -> None:
    """The place that is to be left is looked for in this lesson alone."""
    view, fields = await lay_out(stage, "replace")
    alter(view, participant_id=(await find_lesson(stage, "Botany")).participants[-1].id)

    assert OLD in await send(stage, stage.ada, view, fields)


@pytest.mark.parametrize("action", ["remove", "resend", "replace"])
async def test_buttons_in_a_form_that_was_handed_over_do_nothing(stage: Stage, action: str) -> None:
    """Nor do they open a further form; who is in the lesson is not shown."""
    await open_people(stage.school, stage.ada)
    assert stage.ada.view is not None
    view = hand_over(stage.ada.view, stage.mallory)
    before = await read_all(stage.school)

    await stage.mallory.press(view, action)
    await telling.wait_for_words(stage.school, stage.mallory, NOT_THEIRS)

    assert before == await read_all(stage.school)


async def test_preferences_are_those_of_who_sends_them(stage: Stage) -> None:
    """Ben sends the form that Ada opened: his own are changed, hers are not."""
    await stage.ada.press(await open_home(stage.school, stage.ada), "preferences")
    assert stage.ada.view is not None
    view = hand_over(stage.ada.view, stage.ben)
    await stage.ben.fill(view, {"courtesies": [], "remind_before": "45"})

    assert (await stage.ben.submit(view)).is_fine

    chosen = {}
    for actor in (stage.ada, stage.ben):
        person = await telling.find_person(stage.school, actor)
        assert person is not None
        assert stage.school.hallpass is not None
        chosen[person.name] = await stage.school.hallpass.store.read(lambda tx, it=person: read_preferences(tx, it))  # type: ignore[misc]
    assert Preferences() == chosen["Ada"]
    assert Preferences(reminds=False, nudges=False, remind_before=timedelta(minutes=45)) == chosen["Ben"]


@pytest.mark.parametrize(
    ("action", "title", "fields"),
    [("house_rules", "Settings", {"extension": "15"}), ("export", "Export", {})],
    ids=["settings", "export"],
)
async def test_an_admins_form_is_an_admins(stage: Stage, action: str, title: str, fields: dict[str, str]) -> None:
    """Sent by anybody else it is refused: nothing is saved, no file is made."""
    olga = stage.school.add("Olga", kind=UserKind.ADMIN)
    await olga.press(await open_home(stage.school, olga), action)
    await telling.wait_for_words(stage.school, olga, title)
    assert olga.view is not None
    for thief in (stage.ada, stage.mallory):
        count = len(thief.messages())
        said = await send(stage, thief, hand_over(olga.view, thief), fields)
        assert "Only admins can do that." in said
        assert count == len(thief.messages())

    assert stage.school.hallpass is not None
    rules = await stage.school.hallpass.store.read(lambda tx: read_house_rules(tx, tx.workspaces.list_all()[0].id))
    assert HouseRules() == rules
    assert not stage.school.slack.uploads.files
