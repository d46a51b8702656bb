"""The join page in a real browser: what people do with it, whatever they press, and what it looks like to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.join_pages import Face
from bot.launching import build_launch
from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.base import RoomService
from bot.rooms.http import open_client
from bot.rooms.videsk import Videsk
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.videsk.stand_in import VideskStandIn
from tests.bot.reception import Reception, open_reception
from tests.browser.window import DESKTOP, PHONE, Window, elsewhere
from tests.records import NOW, STARTS_AT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def address_of(reception: Reception) -> str:
    return reception.origin + reception.path


async def test_one_press_leads_into_the_room(reception: Reception, window: Window) -> None:
    """At the room's own origin, which learns nothing of where the browser comes from."""
    await window.open(address_of(reception))
    await window.wait_for(Face.READY)
    assert (await reception.read_link()).redeemed_at is None
    await window.press()
    await window.wait_inside()

    assert (await reception.read_link()).redeemed_at is not None
    (arrival,) = reception.rooms.arrivals
    assert "referer" not in arrival
    assert "cookie" not in arrival


async def test_a_double_click_is_one_press(reception: Reception, window: Window) -> None:
    """Whatever becomes of the second half, the person is inside."""
    await window.open(address_of(reception))
    await window.run("const join = document.getElementById('join'); join.click(); join.click();")
    await window.wait_inside()

    assert len(reception.rooms.entered) == 1


async def test_two_clicks_without_a_script_are_inside_too(
    reception: Reception, new_window: Callable[..., Window]
) -> None:
    """Then the server tells both halves by the same cookie."""
    window = new_window(has_script=False)
    await window.open(address_of(reception))
    await window.press()
    await window.wait_inside()
    await window.do(window.chrome.back)
    await window.press()
    await window.wait_inside()

    assert len(reception.rooms.entered) == 2


async def test_back_and_reload_lead_in_again(reception: Reception, window: Window) -> None:
    """Back shows the page anew, as it is by now; one more press, and the person is inside by a fresh way."""
    await window.open(address_of(reception))
    await window.press()
    await window.wait_inside()
    await window.do(window.chrome.back)
    await window.wait_for(Face.COMES_BACK)
    await window.do(window.chrome.refresh)
    await window.wait_for(Face.COMES_BACK)
    await window.press()
    await window.wait_inside()

    assert len(reception.rooms.entered) == 2


async def test_two_tabs_are_one_browser(reception: Reception, window: Window) -> None:
    """Both were opened before either was pressed."""
    await window.open(address_of(reception))
    await window.do(window.chrome.switch_to.new_window, "tab")
    await window.open(address_of(reception))
    for handle in window.chrome.window_handles:
        await window.do(window.chrome.switch_to.window, handle)
        await window.press()
        await window.wait_inside()

    assert len(reception.rooms.entered) == 2


async def test_another_browser_is_sent_to_slack(reception: Reception, new_window: Callable[..., Window]) -> None:
    """It reads why, and one press opens the conversation where a new link is to be had."""
    first, other = new_window(), new_window()
    await first.open(address_of(reception))
    await other.open(address_of(reception))
    await first.press()
    await first.wait_inside()
    await other.press()

    await other.wait_for(Face.USED_ELSEWHERE)
    link = await other.run("return document.querySelector('a.button').href")
    assert link == "https://slack.com/app_redirect?team=T0000000001&channel=D0000000BEN"


async def test_the_page_turns_into_the_button_by_itself(tmp_path: Path, window: Window) -> None:
    """When the countdown is over, without a reload, and nothing jumps."""
    almost = STARTS_AT - timedelta(minutes=10, seconds=3)
    async with open_reception(tmp_path, now=almost) as reception:
        reception.rooms.address = elsewhere(reception)
        await window.open(address_of(reception))
        await window.wait_for(Face.TOO_EARLY)
        measure = "return document.getElementById('join').getBoundingClientRect().top"
        before = await window.run(measure)
        assert await window.run("return document.getElementById('join').disabled")
        assert "Opens in 0 min " in await window.read()
        reception.clock.move_by(timedelta(seconds=3))
        await window.wait("!document.getElementById('join').disabled")

        assert before == await window.run(measure)
        assert "The room is open. Press Join." in await window.read()
        await window.press()
        await window.wait_inside()


async def test_without_a_script_one_is_told_to_reload(tmp_path: Path, new_window: Callable[..., Window]) -> None:
    """And the button is there after that."""
    async with open_reception(tmp_path, now=NOW) as reception:
        reception.rooms.address = elsewhere(reception)
        window = new_window(has_script=False)
        await window.open(address_of(reception))
        body = await window.do(lambda: window.chrome.find_element("tag name", "body").text)
        assert "Reload this page at 3:50 PM (London time)." in body
        reception.clock.move_by(timedelta(hours=1))
        await window.do(window.chrome.refresh)
        await window.press()
        await window.wait_inside()


async def test_it_fits_a_small_phone(reception: Reception, window: Window) -> None:
    """320 pixels wide: nothing to the side, a button as large as a thumb, also with a long title."""
    long = "Supercalifragilisticexpialidocious" * 4
    await reception.change_lesson(title=long)
    for size in (PHONE, DESKTOP):
        await window.resize(*size)
        await window.open(address_of(reception))
        wide, height = await window.run(
            "return [document.documentElement.scrollWidth, "
            "document.getElementById('join').getBoundingClientRect().height]"
        )
        assert wide <= size[0]
        assert height >= 44


async def test_the_keyboard_is_enough(reception: Reception, window: Window) -> None:
    """Tab reaches the button, which shows it; Enter presses."""
    await window.open(address_of(reception))
    await window.do(lambda: window.chrome.find_element("tag name", "body").send_keys("\ue004"))
    outline = await window.run(
        "return document.activeElement.id === 'join' && getComputedStyle(document.activeElement).outlineStyle"
    )
    assert outline == "solid"
    await window.do(lambda: window.chrome.switch_to.active_element.send_keys("\ue007"))
    await window.wait_inside()


async def test_nothing_is_refused_by_our_own_policy(reception: Reception, window: Window) -> None:
    """The browser complains of nothing, on any page that can be had here."""
    await window.open(address_of(reception))
    await window.open(f"{reception.origin}/join/nonsense")

    assert await list_refusals(window) == []


async def test_a_videsk_room_runs_in_the_page(reception: Reception, window: Window) -> None:
    """Its script is loaded and is inside under the person's name; a reload is another way in, by the same browser."""
    async with VideskStandIn(reception.clock) as room, open_client(connections=4) as client:
        service = Videsk(
            client, api_token=room.api_token, api_url=room.api_url, script_url=room.script_url, now=reception.clock.now
        )
        await prepare(reception, service)
        await come_in(reception, window)
        assert [visit.alias for visit in room.visits] == ["Ben"]
        await window.do(window.chrome.refresh)
        await window.wait("document.getElementById('stage').dataset.inside")

        assert [visit.alias for visit in room.visits] == ["Ben", "Ben"]
        assert await window.run("return location.search + location.hash") == ""
        assert await list_refusals(window) == []


async def test_a_whiteboard_runs_in_the_page(reception: Reception, window: Window) -> None:
    """And says so when its room is closed."""
    keys: dict[str, Any] = {"app_identifier": "app/team", "access_key": "ak", "secret_key": "sk"}
    async with AgoraStandIn(reception.clock, **keys) as boards, open_client(connections=4) as client:
        service = AgoraWhiteboard(client, region="eu", api_url=boards.api_url, script_url=boards.script_url, **keys)
        await prepare(reception, service)
        room_id = await come_in(reception, window)
        assert boards.list_members(room_id) == ["Ben"]
        assert await list_refusals(window) == []
        await service.close_room(room_id)
        await window.wait("!document.getElementById('trouble').hidden")
        assert "You are not in the room." in await window.read()


async def prepare(reception: Reception, service: RoomService) -> None:
    """Ben's way in is asked of this service."""
    details = await reception.read_details()
    seat = details.find_seat(reception.school.ben.id)
    assert seat is not None
    reception.rooms.ask = lambda: service.launch(replace(build_launch(details, seat), room_id=reception.rooms.room_id))


async def come_in(reception: Reception, window: Window) -> str:
    """Press, and be inside; the provider's id of the room."""
    await window.open(address_of(reception))
    await window.press()
    await window.wait("document.getElementById('stage')?.dataset.inside")
    assert reception.rooms.room_id is not None
    return reception.rooms.room_id


async def list_refusals(window: Window) -> list[str]:
    """What the browser refused because of a content policy."""
    logs: list[dict[str, Any]] = await window.do(window.chrome.get_log, "browser")
    return [line["message"] for line in logs if "Content Security Policy" in line["message"]]
