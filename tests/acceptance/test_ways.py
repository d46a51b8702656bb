"""Join by a page of ours, and by a press in Slack: the same lesson, the same rooms, another last step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.identity import StartRefused
from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from storage.records import LessonState, NoticeKind, NoticeState
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


@pytest.fixture
async def pressing(tmp_path: Path) -> AsyncIterator[School]:
    """Join is a button in Slack; nothing of ours is on the net."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings={"HALLPASS_LINKS": "press"}) as school:
        await school.start()
        yield school


@pytest.fixture
async def paging(tmp_path: Path) -> AsyncIterator[School]:
    """Join is a page at an address of ours, which is all that was set."""
    settings = {"HALLPASS_LINKS": ""}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings, has_webhooks=True) as school:
        await school.start()
        yield school


async def book(school: School) -> tuple[Actor, Actor]:
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    return ada, ben


async def ask_in(school: School, actor: Actor, *, message: Message | None = None) -> str:
    """Press Join and wait for the private answer; the address behind its button."""
    before = len(actor.private_answers())
    outcome = await actor.press(message or telling.find_card(actor), "join")
    assert outcome.is_fine, outcome
    await school.slack.wait_for(lambda: len(actor.private_answers()) > before)
    answer = actor.private_answers()[-1]
    assert "go_in" in telling.list_buttons(answer), actor.read(answer)
    url = str(telling.list_buttons(answer)["go_in"]["url"])
    assert url not in answer.text
    return url


def read_last_answer(actor: Actor) -> str:
    return actor.read(actor.private_answers()[-1])


# Press


async def test_nothing_is_launched_before_somebody_presses(pressing: School) -> None:
    """The card has Join, which leads nowhere by itself, and no link that could be handed on."""
    _, ben = await book(pressing)
    card = telling.find_card(ben)

    assert [] == pressing.lessonspace.launches
    assert "url" not in telling.list_buttons(card)["join"]
    assert "on any device of yours, for you alone" in ben.read(card)
    assert {"new_link", "device"}.isdisjoint(telling.list_buttons(card))


async def test_a_press_is_answered_with_a_way_in(pressing: School) -> None:
    """Ben is inside, his leader's card says that he opened his link, and only he was told the address."""
    ada, ben = await book(pressing)
    await telling.move_to(pressing, 13, 55)

    url = await ask_in(pressing, ben)
    visit = await pressing.lessonspace.browser("Ben").join(url)
    await telling.settle(pressing)

    assert visit.refusal is None
    assert [] == ada.private_answers()
    assert "opened" in ada.read(telling.find_card(ada)) or "joined" in ada.read(telling.find_card(ada))


async def test_who_presses_again_gets_another_way_in(pressing: School) -> None:
    """On another device, or after a crash: each works once."""
    _, ben = await book(pressing)
    await telling.move_to(pressing, 14)

    first, second = await ask_in(pressing, ben), await ask_in(pressing, ben)

    assert first != second
    assert (await pressing.lessonspace.browser("Ben").join(first)).refusal is None
    assert (await pressing.lessonspace.browser("Ben's telephone").join(second)).refusal is None


async def test_too_early_is_said_and_nothing_is_launched(pressing: School) -> None:
    """With the time from which Join works."""
    _, ben = await book(pressing)

    await ben.press(telling.find_card(ben), "join")
    await pressing.slack.wait_for(lambda: bool(ben.private_answers()))

    assert "too early" in read_last_answer(ben)
    assert "14:50" in read_last_answer(ben)
    assert [] == pressing.lessonspace.launches


async def test_somebody_else_s_join_opens_nothing(pressing: School) -> None:
    """Ada presses the button from Ben's card, as a forged request can: she is told that it is his."""
    ada, ben = await book(pressing)
    await telling.move_to(pressing, 14)
    theirs = [block for block in telling.find_card(ben).blocks if "join" in str(block)]
    own = telling.find_card(ada)
    own.blocks[:] = [*theirs, *(block for block in own.blocks if "join" not in str(block))]

    await ada.press(own, "join")
    await pressing.slack.wait_for(lambda: bool(ada.private_answers()))

    assert "its person's alone" in read_last_answer(ada)
    assert [] == pressing.lessonspace.launches


async def test_who_was_taken_out_comes_in_no_more(pressing: School) -> None:
    """Also by a message that they have open, and although nothing could be revoked at the provider."""
    _, ben = await book(pressing)
    await telling.move_to(pressing, 14)
    card = telling.find_card(ben)
    lesson = await telling.get_lesson_details(pressing)
    await _take_out(pressing, lesson.others[0].participant.id)

    await ben.press(card, "join")
    await pressing.slack.wait_for(lambda: bool(ben.private_answers()))

    assert "no longer in this lesson" in read_last_answer(ben)
    assert [] == pressing.lessonspace.launches


async def _take_out(school: School, participant_id: str) -> None:
    assert school.hallpass is not None
    lesson = await telling.get_lesson_details(school)
    place = next(seat.participant for seat in lesson.seats if seat.participant.id == participant_id)
    await school.hallpass.store.write(
        lambda tx: tx.lessons.update_participant(replace(place, removed_at=school.clock.now()))
    )


async def test_a_room_that_does_not_open_is_said_to_both(pressing: School) -> None:
    """Ben reads what to do; Ada sees that he stands before a closed door; pressing again mends both."""
    ada, ben = await book(pressing)
    await telling.move_to(pressing, 14)
    pressing.lessonspace.faults.switch_on("launch", Fault.failing())

    await ben.press(telling.find_card(ben), "join")
    await telling.wait_for_answer(pressing, ben, "did not open")
    await telling.settle(pressing)
    assert "the room did not open" in ada.read(telling.find_card(ada))
    pressing.lessonspace.faults.switch_off()
    await ask_in(pressing, ben)
    await telling.settle(pressing)

    assert "the room did not open" not in ada.read(telling.find_card(ada))


async def test_the_same_join_works_after_an_extension(pressing: School) -> None:
    """Nobody is told to come in again: there is nothing to do."""
    ada, ben = await book(pressing)
    await telling.move_to(pressing, 14)
    await ask_in(pressing, ben)

    for _ in range(4):
        assert (await ada.press(telling.find_card(ada), "extend")).is_fine
        await telling.settle(pressing)
    await telling.move_to(pressing, 15, 20)

    assert "come in again" not in " ".join(telling.read_all(pressing, ben))
    assert [] == await telling.list_notices(pressing, NoticeKind.MOVED)
    assert await ask_in(pressing, ben)


async def test_join_in_home_is_answered_on_top_of_it(pressing: School) -> None:
    """Home is no conversation, so the way in comes in a small view."""
    _, ben = await book(pressing)
    await telling.move_to(pressing, 14)
    await ben.open_home()
    await pressing.slack.wait_for(lambda: ben.home is not None)
    assert ben.home is not None

    await ben.press(ben.home, "join")
    said = await telling.wait_for_words(pressing, ben, "Go in")

    assert "open for you" in said


# Press, where the room runs in a page of ours


@pytest.fixture
async def leading(tmp_path: Path) -> AsyncIterator[School]:
    """Join is a button in Slack, and Videsk's rooms need a page, at an address that there is."""
    settings = {"HALLPASS_LINKS": "press"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("videsk",), settings=settings) as school:
        await school.start()
        yield school


async def test_a_press_leads_to_the_page_in_which_the_room_runs(leading: School) -> None:
    """Ben is given a link of his own; the first browser that opens it comes in, and no other."""
    ada, ben = await book(leading)
    assert "url" not in telling.list_buttons(telling.find_card(ben))["join"]
    await telling.move_to(leading, 14)

    url = await ask_in(leading, ben)
    async with httpx.AsyncClient() as browser, httpx.AsyncClient() as another:
        shown = await browser.get(url)
        let_in, refused = await browser.post(url), await another.post(url)
        room = await browser.get(httpx.URL(url).join(let_in.headers["location"]))
    await telling.settle(leading)

    assert "Algebra" in shown.text
    assert (303, 409, 200) == (let_in.status_code, refused.status_code, room.status_code)
    assert "press Join here again" in read_last_answer(ben)
    assert [] == ada.private_answers()
    assert "Ben (first lesson with you): joined" in ada.read(telling.find_card(ada))


async def test_what_nobody_has_opened_yet_is_given_once_more(leading: School) -> None:
    """Two presses in a row are one link; after it was used, another device gets another."""
    _, ben = await book(leading)
    await telling.move_to(leading, 14)

    first, again = await ask_in(leading, ben), await ask_in(leading, ben)
    async with httpx.AsyncClient() as laptop, httpx.AsyncClient() as telephone:
        await laptop.get(first)
        await laptop.post(first)
        other = await ask_in(leading, ben)
        await telephone.get(other)
        statuses = [(await telephone.post(other)).status_code, (await laptop.post(first)).status_code]

    assert first == again != other
    assert [303, 303] == statuses


async def test_too_early_no_page_is_given(leading: School) -> None:
    """Nor to anybody whose lesson it is not."""
    ada, ben = await book(leading)
    await ben.press(telling.find_card(ben), "join")
    await telling.wait_for_answer(leading, ben, "too early")
    await telling.move_to(leading, 14)
    theirs = [block for block in telling.find_card(ben).blocks if "join" in str(block)]
    own = telling.find_card(ada)
    own.blocks[:] = [*theirs, *(block for block in own.blocks if "join" not in str(block))]
    await ada.press(own, "join")

    answer = await telling.wait_for_answer(leading, ada, "its person's alone")

    assert "go_in" not in telling.list_buttons(answer)
    assert "go_in" not in telling.list_buttons(ben.private_answers()[-1])


async def test_a_page_s_link_ends_with_the_lesson_and_with_the_place(leading: School) -> None:
    """Ben is taken out: what he was given a moment before opens nothing."""
    _, ben = await book(leading)
    await telling.move_to(leading, 14)
    url = await ask_in(leading, ben)
    lesson = await telling.get_lesson_details(leading)
    await _take_out(leading, lesson.others[0].participant.id)

    async with httpx.AsyncClient() as browser:
        refused = await browser.post(url)

    assert 410 == refused.status_code


# Page


async def test_with_a_public_address_join_is_a_page_of_ours(paging: School) -> None:
    """Looking at it spends nothing and launches nothing; one press brings Ben in."""
    ada, ben = await book(paging)
    await telling.move_to(paging, 14)
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    async with httpx.AsyncClient() as browser:
        for _ in range(3):
            assert "Algebra" in (await browser.get(url)).text
        assert [] == paging.lessonspace.launches
        answer = await browser.post(url)

    visit = await paging.lessonspace.browser("Ben").join(answer.headers["location"])
    await telling.settle(paging)

    assert (303, None) == (answer.status_code, visit.refusal)
    assert [launch.user["name"] for launch in paging.lessonspace.launches] == ["Ben"]
    assert "Ben" in ada.read(telling.find_card(ada))
    assert LessonState.LIVE == (await telling.get_lesson(paging)).state


async def test_pressing_join_in_slack_is_not_coming(paging: School) -> None:
    """Slack tells of the press before the page has shown; the board waits for the door."""
    ada, ben = await book(paging)
    await telling.move_to(paging, 13, 55)

    await ben.press(telling.find_card(ben), "join")
    await telling.settle(paging)

    assert "opened" not in ada.read(telling.find_card(ada))


async def test_a_new_link_takes_the_page_back(paging: School) -> None:
    """The old address says that there is a newer one; the new one lets Ben in."""
    _, ben = await book(paging)
    await telling.move_to(paging, 14)
    old = telling.find_url(telling.find_card(ben))
    await ben.press(telling.find_card(ben), "new_link")
    await telling.settle(paging)
    new = telling.find_url(telling.find_card(ben))
    assert old is not None
    assert new is not None

    async with httpx.AsyncClient() as browser:
        refused, let_in = await browser.post(old), await browser.post(new)

    assert old != new
    assert (410, 303) == (refused.status_code, let_in.status_code)


async def test_a_second_device_has_a_page_of_its_own(paging: School) -> None:
    """Both work side by side, each in its own browser."""
    _, ben = await book(paging)
    await telling.move_to(paging, 14)
    await ben.press(telling.find_card(ben), "device")
    answer = await telling.wait_for_answer(paging, ben, "another device")
    urls = [telling.find_url(telling.find_card(ben)), telling.find_url(answer)]

    async with httpx.AsyncClient() as laptop, httpx.AsyncClient() as telephone:
        statuses = [
            (await laptop.post(urls[0] or "")).status_code,
            (await telephone.post(urls[1] or "")).status_code,
            (await telephone.post(urls[0] or "")).status_code,
        ]

    assert [303, 303, 409] == statuses


async def test_a_moved_lesson_keeps_its_page(paging: School) -> None:
    """The same address, by the new times."""
    ada, ben = await book(paging)
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    lesson = await telling.get_lesson(paging)
    await ada.pick(telling.find_card(ada), "more", "move")
    await paging.slack.wait_for(lambda: ada.view is not None)
    at = int((lesson.starts_at + timedelta(hours=1)).timestamp())
    assert (await telling.submit(paging, ada, starts_at=at)).is_fine
    await telling.settle(paging)
    assert url == telling.find_url(telling.find_card(ben))

    async with httpx.AsyncClient() as browser:
        await telling.move_to(paging, 14)
        early = await browser.post(url)
        await telling.move_to(paging, 15)
        in_time = await browser.post(url)

    assert (200, 303) == (early.status_code, in_time.status_code)


# What cannot work


async def test_a_page_without_an_address_stops_the_start(tmp_path: Path) -> None:
    """With what to set."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings={"HALLPASS_LINKS": "page"}) as school:
        with pytest.raises(StartRefused) as refused:
            await school.start()

    assert "HALLPASS_PUBLIC_URL" in refused.value.mend


async def test_where_nobody_has_come_everybody_is_nudged(paging: School) -> None:
    """No room was made yet, so nobody is in it: who should be there is told, once; the leader waits for nobody."""
    _, ben = await book(paging)
    await telling.move_to(paging, 14, 4)
    assert await telling.list_notices(paging, NoticeKind.LATE_NUDGE) == []
    before = len(ben.messages())
    for minute in (5, 6, 9):
        await telling.move_to(paging, 14, minute)
    assert len(ben.messages()) == before + 1
    assert [one.state for one in await telling.list_notices(paging, NoticeKind.LATE_NUDGE)] == [NoticeState.SENT]
    assert not paging.lessonspace.launches
