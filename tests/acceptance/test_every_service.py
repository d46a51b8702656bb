"""The same evening with every room service, through the whole app: who gets in, when, how often, what is told after.

What `tests/bot/rooms/test_contract.py` shows a provider to leave to Hallpass, is shown here to be kept by it: by a page
of ours, by a press in Slack, or by the provider's own link where that is enough. Both write into the same report.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.ids import Choice
from bot.rooms.base import Embed, Launch
from bot.sandbox.clock import MovableClock
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.bot.rooms.contract import Promise, find_keeper, holds
from tests.bot.rooms.trials import AgoraPlace, LessonspacePlace, LoopPlace, Place, Tab, VideskPlace

_VALUES = re.compile(r'<script type="application/json" id="values">(.*?)</script>', re.DOTALL)

ONE_BROWSER = (Promise.SINGLE_USE, Promise.TWO_PRESSES)
"""What an address for everybody cannot keep once it was handed out."""

WAYS = [
    ("Lessonspace", "direct"),
    ("Lessonspace", "page"),
    ("Lessonspace", "press"),
    ("Videsk", "page"),
    ("Videsk", "press"),
    ("Agora Whiteboard", "page"),
    ("Agora Whiteboard", "press"),
    ("Mozilla Loop", "page"),
    ("Mozilla Loop", "press"),
]


@dataclass(kw_only=True)
class Evening:
    """A lesson at three in Berlin, booked by Ada for Ben; it is two."""

    school: School
    place: Place
    way: str
    ada: Actor
    ben: Actor
    browsers: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    tabs: dict[str, Tab] = field(default_factory=dict)
    inside: list[str] = field(default_factory=list)  # browsers that came in, as long as they stay
    pages: dict[str, httpx.URL] = field(default_factory=dict)  # of ours, in which a room is open, by browser
    stack: AsyncExitStack

    async def find_way_in(self, actor: Actor) -> str:
        """What their card gives them now: an address, theirs alone. Empty: none."""
        card = telling.find_card(actor)
        if self.way != "press":
            return telling.find_url(card) or ""
        before = len(actor.private_answers())
        await actor.press(card, "join")
        await self.school.slack.wait_for(lambda: len(actor.private_answers()) > before)
        answer = telling.list_buttons(actor.private_answers()[-1])
        return str(answer["go_in"]["url"]) if "go_in" in answer else ""

    async def follow(self, way_in: str, browser: str) -> bool:
        """Open it in the browser of that name, as somebody would. False: it does not lead inside."""
        is_ours = "/join/" in way_in  # also what a press is answered with, where the room runs in a page of ours
        launch = await self._read_page(way_in, browser) if is_ours else Launch(url=way_in, room_id="")
        if launch is None or not way_in:
            return False
        tab = self.tabs.setdefault(browser, self.place.open_tab(browser))
        is_in = await tab.enter(launch)
        if is_in:
            self.inside.append(browser)
            await self._say(browser, "joined")
        return is_in

    async def stay(self, *, until_minute: int) -> None:
        """Minute by minute of this hour, with all that pages say of themselves."""
        for minute in range(self.school.clock.now().minute + 1, until_minute + 1):
            self.school.clock.move_to(self.school.clock.now().replace(minute=minute))
            for browser in self.inside:
                await self.tabs[browser].stay()
                await self._say(browser, "joined")
            await telling.settle(self.school)

    async def leave(self, browser: str) -> None:
        """Close the tab, as it should be."""
        self.inside.remove(browser)
        await self.tabs[browser].leave()
        await self._say(browser, "left")

    async def come_in(self, actor: Actor, browser: str | None = None) -> bool:
        """By what they have now, in their own browser."""
        is_in = await self.follow(await self.find_way_in(actor), browser or f"{actor.user.name}'s")
        await telling.settle(self.school)
        return is_in

    @property
    def hands_out_address(self) -> bool:
        """The last step is an address for everybody, and nothing of ours stands before it in the browser: whoever
        learns it may come in, and people are told so."""
        return self.place.capabilities.shared_address and self.way == "press"

    def lacks(self, promise: Promise) -> bool:
        """Can nobody keep it by this way? Its test then shows that, and what people are told instead."""
        if promise is Promise.REVOKE:
            return self.way != "page"  # what was handed out is the provider's
        return promise in ONE_BROWSER and self.hands_out_address

    async def count_inside(self) -> int:
        room_id = (await telling.get_lesson_details(self.school)).room.room_id
        return len(self.place.list_inside(room_id)) if room_id else 0

    async def _say(self, browser: str, word: str) -> None:
        """What a page of ours says to us, where the room is in one."""
        if browser in self.pages:
            answer = await self.browsers[browser].post(self.pages[browser].join("here"), content=word)
            assert answer.status_code == 204, answer

    async def _read_page(self, url: str, browser: str) -> Launch | None:
        """Look, press, and take what the browser is then given: another address, or a room in a page of ours."""
        if browser not in self.browsers:
            self.browsers[browser] = await self.stack.enter_async_context(httpx.AsyncClient())
        client = self.browsers[browser]
        await client.get(url)
        answer = await client.post(url)
        if answer.status_code != 303:
            return None
        target = httpx.URL(url).join(answer.headers["location"])
        if not target.path.endswith("/room"):
            return Launch(url=str(target), room_id="")
        self.pages[browser] = target
        values = _VALUES.search((await client.get(target)).text)
        assert values is not None
        return Launch(embed=Embed(page="", values=json.loads(values[1])), room_id="")


PLACES: dict[str, tuple[str, Callable[[MovableClock, Any], Place]]] = {
    "Lessonspace": ("lessonspace", LessonspacePlace),
    "Videsk": ("videsk", VideskPlace),
    "Agora Whiteboard": ("agora_whiteboard", AgoraPlace),
    "Mozilla Loop": ("loop", LoopPlace),
}
"""Which service a school is opened with, and what the suite makes of its stand-in."""


@pytest.fixture(params=WAYS, ids=" by ".join)
async def evening(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Evening]:
    """Each service in turn, by each way that its links can go."""
    async with _open_evening(request, tmp_path, typed="@Ben today 3pm 45m Algebra") as evening:
        yield evening


@pytest.fixture(params=WAYS, ids=" by ".join)
async def tomorrow(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Evening]:
    """The same, but the lesson is tomorrow, an hour later than that links are made at once."""
    async with _open_evening(request, tmp_path, typed="@Ben tomorrow 3pm 45m Algebra") as evening:
        yield evening


@asynccontextmanager
async def _open_evening(request: pytest.FixtureRequest, folder: Path, *, typed: str) -> AsyncIterator[Evening]:
    shown_name, way = request.param
    service, build_place = PLACES[shown_name]
    has_page = way == "page"
    async with (
        open_school(
            folder,
            starts_at=MONDAY_TWO_PM,
            settings={"HALLPASS_LINKS": way},
            has_webhooks=has_page,
            services=(service,),
        ) as school,
        AsyncExitStack() as stack,
    ):
        place = build_place(
            school.clock, school.houses[service].stand_in if service in school.houses else school.lessonspace
        )
        await school.start()
        evening = Evening(
            school=school, place=place, way=way, ada=school.add("Ada"), ben=school.add("Ben"), stack=stack
        )
        for marker in request.node.iter_markers("promise"):
            promise = Promise(marker.args[0])
            keeper = find_keeper(promise, place.capabilities, place.facts)
            told = {"service": shown_name, "promise": promise.value, "keeper": keeper.value, "whole": True}
            if evening.lacks(promise):
                told["lacks"] = way
            request.node.user_properties += told.items()
        await telling.book(school, evening.ada, typed)
        yield evening


@holds(Promise.LAUNCH)
async def test_both_get_in(evening: Evening) -> None:
    """By what their own cards give them, into one room; their ways in differ."""
    await telling.move_to(evening.school, 13, 55)

    assert await evening.come_in(evening.ada)
    assert await evening.come_in(evening.ben)
    assert await evening.count_inside() == 2


@holds(Promise.FIRST_TOGETHER)
async def test_two_who_come_first_at_once_meet(evening: Evening) -> None:
    """Neither waits alone in a room of their own."""
    await telling.move_to(evening.school, 13, 55)
    ways = [await evening.find_way_in(actor) for actor in (evening.ada, evening.ben)]

    assert all(await asyncio.gather(*(evening.follow(way, name) for way, name in zip(ways, "AB", strict=True))))
    assert await evening.count_inside() == 2


@holds(Promise.OPENS)
async def test_nobody_is_in_before_the_window(evening: Evening) -> None:
    """A minute early is too early; a minute later the same Join works."""
    await telling.move_to(evening.school, 13, 49)
    assert not await evening.come_in(evening.ben)
    await telling.move_to(evening.school, 13, 50)

    assert await evening.come_in(evening.ben)


@holds(Promise.CLOSES)
async def test_nobody_is_in_after_the_window(evening: Evening) -> None:
    """Not by a way in that was kept from before, either."""
    way_in = telling.find_url(telling.find_card(evening.ben)) if evening.way != "press" else ""
    await telling.move_to(evening.school, 14, 20)
    assert await evening.come_in(evening.ada)
    await telling.move_to(evening.school, 15, 16)

    assert not await evening.follow(way_in or "", "Ben's")
    if "join" in telling.list_buttons(telling.find_card(evening.ben)):
        assert not await evening.come_in(evening.ben)


@holds(Promise.OWN_WINDOW)
async def test_somebody_s_own_window_is_theirs_alone(tomorrow: Evening) -> None:
    """Ben is to come ten minutes after the start, when Ada has been in for a while; not a minute earlier."""
    school = tomorrow.school
    details = await telling.get_lesson_details(school)
    starts_at = details.lesson.starts_at
    [ben] = [seat.participant for seat in details.seats if not seat.participant.is_leader]
    late = replace(ben, opens_at=starts_at + timedelta(minutes=10))
    assert school.hallpass is not None
    await school.hallpass.store.write(lambda tx: tx.lessons.update_participant(late))
    await _move(school, starts_at - timedelta(hours=1))
    await _move(school, starts_at - timedelta(minutes=5))

    assert await tomorrow.come_in(tomorrow.ada)
    assert not await tomorrow.come_in(tomorrow.ben)
    await _move(school, starts_at + timedelta(minutes=9))
    assert not await tomorrow.come_in(tomorrow.ben)
    await _move(school, starts_at + timedelta(minutes=10))
    assert await tomorrow.come_in(tomorrow.ben)


async def _move(school: School, instant: datetime) -> None:
    school.clock.move_to(instant)
    await telling.settle(school)


@holds(Promise.SINGLE_USE)
async def test_a_way_in_that_was_used_opens_nothing_elsewhere(evening: Evening) -> None:
    """Ben forwards his; whoever has it stays outside."""
    await telling.move_to(evening.school, 13, 55)
    way_in = await evening.find_way_in(evening.ben)
    assert await evening.follow(way_in, "Ben's")

    if evening.hands_out_address:
        assert "one address for everybody" in evening.ben.read(telling.find_card(evening.ben))
        return
    assert not await evening.follow(way_in, "a stranger's")
    assert await evening.count_inside() == 1


@holds(Promise.TWO_PRESSES)
async def test_of_two_browsers_at_the_same_moment_one_is_in(evening: Evening) -> None:
    """Whichever it is."""
    await telling.move_to(evening.school, 13, 55)
    way_in = await evening.find_way_in(evening.ben)

    if evening.hands_out_address:
        assert "one address for everybody" in evening.ben.read(telling.find_card(evening.ben))
        return

    came = await asyncio.gather(*(evening.follow(way_in, f"browser {number}") for number in range(5)))

    assert sum(came) == 1 == await evening.count_inside()


@holds(Promise.COME_BACK)
async def test_the_same_browser_comes_back_by_the_same_way(evening: Evening) -> None:
    """After it was closed; Ada is inside all the while."""
    await telling.move_to(evening.school, 13, 55)
    assert await evening.come_in(evening.ada)
    way_in = await evening.find_way_in(evening.ben)
    for _ in range(3):
        assert await evening.follow(way_in, "Ben's")
        await evening.leave("Ben's")

    assert await evening.follow(way_in, "Ben's")


@holds(Promise.REPLACE)
async def test_another_device_gets_in_after_the_first(evening: Evening) -> None:
    """By a new link, or by pressing once more."""
    await telling.move_to(evening.school, 13, 55)
    assert await evening.come_in(evening.ben)
    if evening.way != "press":
        await evening.ben.press(telling.find_card(evening.ben), "new_link")
        await telling.settle(evening.school)

    assert await evening.come_in(evening.ben, "Ben's telephone")


@holds(Promise.REVOKE)
async def test_the_old_way_in_is_shut_by_a_new_one(evening: Evening) -> None:
    """Where it is ours. The provider's own stays open until it was used, which Ben is not told otherwise."""
    await telling.move_to(evening.school, 13, 55)
    old = await evening.find_way_in(evening.ben)
    if evening.way != "press":
        await evening.ben.press(telling.find_card(evening.ben), "new_link")
        await telling.settle(evening.school)

    assert await evening.follow(old, "Ben's") is evening.lacks(Promise.REVOKE)


@holds(Promise.EXTEND)
async def test_an_extended_lesson_lets_people_in_to_its_new_end(evening: Evening) -> None:
    """Four times ten minutes: past the window that the lesson was booked with."""
    await telling.move_to(evening.school, 14)
    assert await evening.come_in(evening.ada)
    for _ in range(4):
        assert (await evening.ada.press(telling.find_card(evening.ada), "extend")).is_fine
        await telling.settle(evening.school)
    await telling.move_to(evening.school, 15, 20)

    assert await evening.come_in(evening.ben)


@holds(Promise.ASKS)
async def test_leaders_are_asked_before_the_end(evening: Evening) -> None:
    """In Slack, whatever the service; in the room as well, where it can. Learners are not, and the answer counts."""
    await telling.move_to(evening.school, 14)
    for actor in (evening.ada, evening.ben):
        assert await evening.come_in(actor)
    before = len(evening.ben.messages())
    await telling.move_to(evening.school, 14, 40)

    question = evening.ada.messages()[-1]
    assert "Do you need 10 minutes more?" in evening.ada.read(question, now=evening.school.clock.now())
    assert len(evening.ben.messages()) == before
    assert evening.place.count_questions() == (1 if evening.place.capabilities.soft_prompt else 0)
    assert (await evening.ada.press(question, "extend")).is_fine
    await telling.settle(evening.school)
    assert "15:55" in evening.ben.read(telling.find_card(evening.ben), now=evening.school.clock.now())


@holds(Promise.END)
async def test_after_end_now_nobody_comes_in(evening: Evening) -> None:
    """And whoever is inside is put out, where the provider can."""
    await telling.move_to(evening.school, 14)
    assert await evening.come_in(evening.ada)
    can_close = evening.place.capabilities.close_room
    old = await evening.find_way_in(evening.ben)
    await telling.choose(evening.ada, Choice.END)
    await evening.school.slack.wait_for(lambda: evening.ada.view is not None)
    assert (await telling.submit(evening.school, evening.ada)).is_fine
    await telling.settle(evening.school)

    assert "join" not in telling.list_buttons(telling.find_card(evening.ben))
    assert await evening.count_inside() == (0 if can_close else 1)
    is_shut = can_close or evening.way == "page"
    assert await evening.follow(old, "Ben's") is not is_shut


@holds(Promise.PUT_OUT)
async def test_nobody_stays_when_the_window_has_closed(evening: Evening) -> None:
    """Learners are out at the end of the last possible extension, by the provider or by us."""
    await telling.move_to(evening.school, 14)
    assert await evening.come_in(evening.ben)
    await telling.move_to(evening.school, 15, 15)
    await telling.settle(evening.school)

    assert await evening.count_inside() == 0


@holds(Promise.ATTENDANCE)
async def test_afterwards_the_leader_reads_who_came(evening: Evening) -> None:
    """With how long; by the provider's word, or as far as Hallpass saw it, and then that is said."""
    await telling.move_to(evening.school, 14)
    for actor in (evening.ada, evening.ben):
        assert await evening.come_in(actor)
    await evening.stay(until_minute=10)
    evening.school.clock.move_by(timedelta(seconds=30))
    for browser in list(evening.inside):
        await evening.leave(browser)
    await evening.stay(until_minute=20)
    await telling.move_to(evening.school, 15, 40)

    told = " ".join(telling.read_all(evening.school, evening.ada))
    assert "2 of 2 came" in told
    # Who is in a room at an address of its own is seen by its provider or by nobody.
    is_seen = evening.place.capabilities.attendance or evening.place.capabilities.own_page
    assert ("Ben: 10 min" in told) is is_seen
    assert ("as far as Hallpass saw" in told) is not evening.place.capabilities.attendance
    assert ("Nobody was seen leaving" in told) is not is_seen
    card = evening.ben.read(telling.find_card(evening.ben), now=evening.school.clock.now())
    assert "You joined at 15:00" in card
    assert ("were there for 10 minutes" in card) is is_seen
    assert is_seen or "were there" not in card
