"""The same lesson in every other room service: booked, come to, extended, over, summed up. Through the whole app."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.identity import StartRefused
from bot.sandbox.loop.browser import Browser
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.records import LessonState, NoticeKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

EVERY = pytest.mark.parametrize("service", ["videsk", "agora_whiteboard", "loop"])
VALUES = re.compile(r'<script type="application/json" id="values">(.*?)</script>', re.DOTALL)


async def book(school: School) -> tuple[Actor, Actor]:
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    return ada, ben


async def come_in(school: School, actor: Actor) -> str | dict[str, Any]:
    """What their browser is given at last: an address, or what a page of ours is handed."""
    card = telling.find_card(actor)
    url = telling.list_buttons(card)["join"].get("url")
    if url is None:
        before = len(actor.private_answers())
        await actor.press(card, "join")
        await school.slack.wait_for(lambda: len(actor.private_answers()) > before)
        return str(telling.list_buttons(actor.private_answers()[-1])["go_in"]["url"])
    async with httpx.AsyncClient() as browser:
        await browser.get(url)
        answer = await browser.post(url, follow_redirects=True)
        values = VALUES.search(answer.text)
        assert values is not None, answer.text
        given: dict[str, Any] = json.loads(values[1])
        return given


@EVERY
async def test_the_services_go_by_the_bots_own_clock(tmp_path: Path, service: str) -> None:
    """Machine time was put forward by an hour, for the stand-in as well: no signature is too old, everybody gets in."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=(service,)) as school:
        await school.start()
        ada, ben = await book(school)
        await telling.skip(school, timedelta(hours=1))
        await telling.move_to(school, 13, 55)

        assert [await come_in(school, actor) for actor in (ada, ben)]
        refused = [call for call in school.houses[service].stand_in.asked if call.status in (401, 403)]
        assert not refused


@EVERY
async def test_a_lesson_is_held_and_summed_up(tmp_path: Path, service: str) -> None:
    """Nothing is asked before somebody comes; who came is on the board and in the summary, who did not is absent."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=(service,)) as school:
        await school.start()
        ada, ben = await book(school)
        assert (await telling.get_lesson_details(school)).room.room_id is None
        await telling.move_to(school, 13, 55)

        given = await come_in(school, ben)
        await telling.settle(school)
        board = ada.read(telling.find_card(ada))
        during = await telling.get_lesson_details(school)
        await telling.move_to(school, 14, 45)
        await telling.move_to(school, 15, 30)

        assert given
        assert service == during.service
        assert during.room.room_id is not None
        assert LessonState.LIVE == during.lesson.state
        assert "joined" in board
        assert LessonState.ENDED == (await telling.get_lesson(school)).state
        summary = telling.find_message(ada, "over")
        assert "Ben" in ada.read(summary)


@EVERY
async def test_an_extended_lesson_keeps_its_join_and_its_room(tmp_path: Path, service: str) -> None:
    """However often: the same Join lets Ben in again, past the end that the room was made with."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=(service,)) as school:
        await school.start()
        ada, ben = await book(school)
        await telling.move_to(school, 14)
        first = await come_in(school, ada)
        for _ in range(4):
            assert (await ada.press(telling.find_card(ada), "extend")).is_fine
            await telling.settle(school)
        await telling.move_to(school, 15, 20)

        assert first
        assert await come_in(school, ben)
        assert [] == await telling.list_notices(school, NoticeKind.MOVED)
        assert LessonState.LIVE == (await telling.get_lesson(school)).state


async def sit_down(school: School, actor: Actor) -> Browser:
    """Come into Loop's room, and take a seat there."""
    loop = school.houses["loop"].stand_in
    assert isinstance(loop, LoopStandIn)
    tab = loop.browser(actor.user.name)
    await tab.join(str(await come_in(school, actor)))
    return tab


async def test_nobody_stays_in_a_room_whose_service_puts_nobody_out(tmp_path: Path) -> None:
    """When the last door closes the room is closed: no learner stays behind unsupervised."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("loop",)) as school:
        await school.start()
        _, ben = await book(school)
        await telling.move_to(school, 14)
        tab = await sit_down(school, ben)
        assert await tab.is_inside()
        for minute in range(4, 75, 4):  # a seat that nobody refreshes lapses after five minutes
            await telling.move_to(school, 14 + minute // 60, minute % 60)
            assert await tab.refresh()
        assert await tab.is_inside()
        await telling.move_to(school, 15, 15)

        assert not await tab.is_inside()
        assert LessonState.ENDED == (await telling.get_lesson(school)).state


async def test_the_leader_reads_how_many_are_in_a_room_that_counts(tmp_path: Path) -> None:
    """Loop tells how many, and not who: the card follows, and forgets it once the lesson is over."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("loop",)) as school:
        await school.start()
        ada, ben = await book(school)
        await telling.move_to(school, 14)
        before = ada.read(telling.find_card(ada))
        tab = await sit_down(school, ben)
        school.clock.move_by(timedelta(seconds=30))
        await telling.settle(school)
        inside = ada.read(telling.find_card(ada))
        await tab.leave()
        school.clock.move_by(timedelta(seconds=30))
        await telling.settle(school)
        empty = ada.read(telling.find_card(ada))
        await telling.move_to(school, 15, 15)

        assert "by the room’s own count" not in before
        assert "1 person is in the room now, by the room’s own count." in inside
        assert "Nobody is in the room now, by the room’s own count." in empty
        assert "by the room’s own count" not in ada.read(telling.find_card(ada))


async def test_a_page_s_service_without_an_address_stops_the_start(tmp_path: Path) -> None:
    """With what to set."""
    settings = {"HALLPASS_PUBLIC_URL": ""}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("videsk",), settings=settings) as school:
        with pytest.raises(StartRefused) as refused:
            await school.start()

    assert "HALLPASS_PUBLIC_URL" in refused.value.mend


async def test_the_booker_chooses_a_service_and_reads_what_it_leaves_to_hallpass(tmp_path: Path) -> None:
    """The first is chosen already; another changes what can be ticked, who lets people in, and where the lesson is."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM) as school, LoopStandIn(school.clock) as loop:
        school.change_setting("LOOP_URL", f"{loop.origin}/")
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
        assert ada.view is not None
        before = ada.read(ada.view)
        await ada.pick(ada.view, "pick_service", "loop")
        after = await telling.wait_for_words(school, ada, "one address for everybody")
        assert (await telling.submit(school, ada)).is_fine
        await telling.settle(school)

        assert "Record the lesson" in before
        assert "Lessonspace itself lets each link work once" in before
        assert "Record the lesson" not in after
        assert "loop" == (await telling.get_lesson_details(school)).service
        assert [] == school.lessonspace.launches
        assert "one address for everybody" in ben.read(telling.find_card(ben))


async def test_links_may_be_sent_longer_ahead_than_a_room_can_be_open(tmp_path: Path) -> None:
    """Videsk's rooms live three days, and our links four: the room is asked for when somebody comes."""
    settings = {"HALLPASS_LINK_LEAD": "96h"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("videsk",), settings=settings) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.book(school, ada, "@Ben 2026-11-27 2pm 45m Algebra")
        assert "join" in telling.list_buttons(telling.find_card(ben))
        school.clock.move_by(timedelta(days=4) - timedelta(minutes=5))
        await telling.settle(school)

        assert await come_in(school, ben)


async def test_a_forged_form_ticks_nothing_that_the_service_cannot_do(tmp_path: Path) -> None:
    """A lesson in Loop is never said to be recorded."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("loop",)) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
        assert ada.view is not None
        block = next(one for one in ada.view.blocks if one.get("block_id") == "options")
        record = {"value": "record", "text": {"type": "plain_text", "text": "Record the lesson"}}
        block["element"]["options"].insert(0, record)
        assert (await telling.submit(school, ada, options=["record", "warn"])).is_fine
        await telling.settle(school)

        assert (await telling.get_lesson(school)).options.records is False
        assert "recorded" not in ben.read(telling.find_card(ben))
