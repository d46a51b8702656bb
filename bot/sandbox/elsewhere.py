"""The demo in another room service: the same lesson, whose Join is a page of ours. What `--service` plays.

Shorter than the story in Lessonspace, which has all of a lesson; here is what differs where a service keeps no record
of who came and enforces little by itself. Each step is waited for or looked up, and one that did not happen is named.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import structlog
from rich.console import Console

from bot.ids import Action
from bot.logs import configure_logs
from bot.manifest import load_manifest
from bot.sandbox import proofs
from bot.sandbox.cast import add_cast, at
from bot.sandbox.houses import House
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.stage import NotToBe, Stage, find_url, has_line
from bot.sandbox.steps import Account, Step
from bot.sandbox.telling import Seen, Telling
from bot.sandbox.visiting import Visitor

SERVICES = {"videsk": "videsk", "agora": "agora_whiteboard", "loop": "loop"}
"""As somebody types them."""
SHOWN = {"videsk": "Videsk", "agora_whiteboard": "Agora Whiteboard", "loop": "Mozilla Loop"}
PATIENCE = timedelta(seconds=15)
STEPS = (
    Step.FORM_OPENED,
    Step.CARDS_ARRIVED,
    Step.EARLY_REFUSED,
    Step.REMINDED,
    Step.LINK_USED,
    Step.SECOND_USE_REFUSED,
    Step.NEW_LINK_CAME,
    Step.NEW_LINK_WORKED,
    Step.LESSON_RUNNING,
    Step.EXTENDED,
    Step.CARDS_CHANGED,
    Step.ENDED,
    Step.SUMMED_UP,
    Step.ABSENT_NOTED,
    Step.CARDS_CLOSED,
    Step.NOTHING_TWICE,
    Step.NO_CLEAR_TEXT_AFTER,
)
"""What must happen here, in order."""
LOOKS = 10
LOOK_WITHIN_SECONDS = 1.0
LOG_NAME = "hallpass.log"

_log = structlog.get_logger("hallpass.demo")


async def play_elsewhere(
    console: Console, service: str, *, folder: Path | None = None, pace: float = 1.0, patience: timedelta = PATIENCE
) -> int:
    """Play it on `console`; 0, or 1 when anything in it did not happen. `service`: its own name."""
    home = folder or Path(tempfile.mkdtemp(prefix="hallpass-demo-"))
    telling, account = Telling(console, pace=pace if console.is_terminal else 0.0), Account(STEPS)
    reason: str | None = None
    try:
        with (home / LOG_NAME).open("w", encoding="utf-8") as log:
            configure_logs(log)
            reason = await _perform(home, service, telling, account, patience=patience)
    finally:
        is_whole = reason is None and account.is_whole()
        if is_whole and folder is None:
            shutil.rmtree(home, ignore_errors=True)
    missed = [step.value for step in (*account.list_missed(), *account.list_not_reached())]
    if is_whole:
        telling.close("Everything in this story happened.", is_good=True)
    else:
        told = [reason] if reason else []
        telling.close("Not everything in this story happened.", *told, *missed, str(home), is_good=False)
    return 0 if is_whole else 1


async def _perform(home: Path, service: str, telling: Telling, account: Account, *, patience: timedelta) -> str | None:
    async with open_school(
        home,
        starts_at=at("14:00"),
        is_socket_mode=True,
        manifest=load_manifest(),
        has_webhooks=True,
        services=(service,),
    ) as school:
        stage = Stage(school, add_cast(school), telling, account, patience=patience, slowness=timedelta(0))
        try:
            await telling.open(
                f"A lesson in {SHOWN[service]}",
                "Ada teaches Ben and Cara. Join is a page of Hallpass's own: it lets each of them in once, in their",
                "time, in one browser, whatever the room itself would let through.",
            )
            await school.start()
            async with AsyncExitStack() as stack:
                await _tell(stage, stack)
            await school.stop()
        except NotToBe as error:
            return str(error)
        except Exception as error:  # whatever it was, the answer is to name what did not happen
            _log.exception("story_broken")
            return f"{type(error).__name__}: {error}"
        stage.expect(Step.NOTHING_TWICE, not proofs.find_repeated(school))
        stage.expect(Step.NO_CLEAR_TEXT_AFTER, not proofs.find_clear_text(school))
        return None


async def _tell(stage: Stage, stack: AsyncExitStack) -> None:
    await _book(stage)
    visitors = await _come_in(stage, stack)
    await _let_pass(stage, visitors, until="16:40")
    await _extend(stage)
    await _let_pass(stage, visitors, until="16:55")
    await _end(stage, visitors)


async def _book(stage: Stage) -> None:
    ada, ben, cara = stage.cast.ada, stage.cast.ben, stage.cast.cara
    await stage.begin_chapter("14:05", "Ada books a lesson")
    await stage.telling.say("Ada types: /lesson @Ben @Cara today 4pm 45m Algebra")
    await ada.slash("/lesson", "@Ben @Cara today 4pm 45m Algebra")
    await stage.wait(Step.FORM_OPENED, lambda: ada.view is not None and "submit" in ada.view.given)
    await stage.show(ada, "the form", stage.read_view(ada))
    stage.confirm(Step.FORM_OPENED)
    await ada.submit()
    people = (ada, ben, cara)
    await stage.wait(Step.CARDS_ARRIVED, lambda: all(one.messages() and find_url(one.messages()[0]) for one in people))
    stage.expect(Step.CARDS_ARRIVED, len({find_url(one.messages()[0]) for one in people}) == len(people))
    await stage.show(ben, "card", stage.read_card(ben))


async def _come_in(stage: Stage, stack: AsyncExitStack) -> list[Visitor]:
    ada, ben = stage.cast.ada, stage.cast.ben
    url = _find_link(ben)
    telephone, laptop, own = [await _open(stage, stack, name) for name in ("telephone", "laptop", "Ada's computer")]
    is_in = await telephone.come_in(url)
    page = await telephone.look(url)
    await stage.telling.show(Seen(title="Ben's telephone · 14:05", text=page.text))
    stage.expect(Step.EARLY_REFUSED, not is_in)
    await stage.begin_chapter("15:50", "Ten minutes before")
    await stage.wait(Step.REMINDED, lambda: len(ben.messages()) == 2)
    stage.confirm(Step.REMINDED)
    await stage.begin_chapter("16:00", "The lesson begins")
    stage.expect(Step.LINK_USED, await telephone.come_in(url) and await own.come_in(_find_link(ada)))
    is_in, page = await laptop.come_in(url), await laptop.look(url)
    await stage.telling.show(Seen(title="Ben's laptop · 16:00, with the same link", text=page.text))
    stage.expect(Step.SECOND_USE_REFUSED, not is_in)
    await ben.press(ben.messages()[0], Action.NEW_LINK)
    await stage.wait(Step.NEW_LINK_CAME, lambda: _find_link(ben) not in ("", url))
    stage.confirm(Step.NEW_LINK_CAME)
    stage.expect(Step.NEW_LINK_WORKED, await laptop.come_in(_find_link(ben)))
    await stage.wait(Step.LESSON_RUNNING, lambda: has_line(stage.read_card(ada), "Ben", "joined"))
    await stage.show(ada, "card", stage.read_card(ada))
    stage.confirm(Step.LESSON_RUNNING)
    return [telephone, laptop, own]


async def _let_pass(stage: Stage, visitors: list[Visitor], *, until: str) -> None:
    """Whoever is inside stays there: their pages and seats say so every other minute."""
    school = stage.school
    while school.clock.now() < at(until):
        school.clock.move_by(timedelta(minutes=2))
        school.skip(timedelta(seconds=10))  # a page may not speak more often than that, by the machine's clock
        for visitor in visitors:
            await visitor.stay()


async def _extend(stage: Stage) -> None:
    ada, people = stage.cast.ada, (stage.cast.ada, stage.cast.ben, stage.cast.cara)
    await stage.begin_chapter("16:40", "Ada extends")
    before = [_find_link(one) for one in people]
    outcome = await ada.press(ada.messages()[0], Action.EXTEND)
    stage.expect(Step.EXTENDED, outcome.is_fine)
    await stage.wait(Step.CARDS_CHANGED, lambda: has_line(stage.read_card(ada), "16:55"))
    await stage.wait(Step.CARDS_CHANGED, lambda: "55" in stage.read_when(stage.cast.ben))
    stage.expect(Step.CARDS_CHANGED, before == [_find_link(one) for one in people])


async def _end(stage: Stage, visitors: list[Visitor]) -> None:
    ada, ben = stage.cast.ada, stage.cast.ben
    await stage.begin_chapter("16:57", "Everybody leaves")
    for visitor in visitors:
        await visitor.leave()
    for _ in range(LOOKS):  # it is seen at one look, and settled at the next
        stage.school.clock.move_by(timedelta(seconds=30))
        with contextlib.suppress(TimeoutError):
            await stage.school.slack.wait_for(lambda: "is over" in stage.read_card(ada), LOOK_WITHIN_SECONDS)
            break
    await stage.wait(Step.ENDED, lambda: "is over" in stage.read_card(ada))
    stage.confirm(Step.ENDED)
    await stage.wait(Step.SUMMED_UP, lambda: "of 3 came" in stage.read_last(ada))
    await stage.show(ada, "summary", stage.read_last(ada))
    stage.confirm(Step.SUMMED_UP)
    stage.expect(Step.ABSENT_NOTED, has_line(stage.read_last(ada), "Cara", "absent"))
    await stage.wait(Step.CARDS_CLOSED, lambda: find_url(ben.messages()[0]) is None)
    stage.confirm(Step.CARDS_CLOSED)


async def _open(stage: Stage, stack: AsyncExitStack, name: str) -> Visitor:
    house = _house_of(stage.school)
    return await stack.enter_async_context(Visitor(house, name))


def _house_of(school: School) -> House:
    if not school.houses:
        raise NotToBe("this school's lessons are in Lessonspace")
    return next(iter(school.houses.values()))


def _find_link(actor: Actor) -> str:
    return find_url(actor.messages()[0]) or ""
