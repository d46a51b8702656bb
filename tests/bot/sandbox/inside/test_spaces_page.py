"""What a browser is shown of a space in the stand-in Lessonspace, and what it can do there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.sandbox.lessonspace.inside import IDLE, LEFT, PUT_OUT, REFUSALS
from bot.sandbox.lessonspace.spaces import Reason
from tests.bot.sandbox.callers import START, Caller, Machine, build_user
from tests.bot.sandbox.inside.tabs import OpenPage, list_missing_files, name_people, open_page

MINUTE = timedelta(minutes=1)


async def connect(caller: Caller, url: str, browser: str) -> tuple[int, dict[str, str]]:
    """As the page's script does it."""
    query = parse_qs(urlsplit(url).query)
    told = {"user": query["user"][0], "room": query["room"][0], "browser": browser}
    async with caller.client.post(f"{caller.room.origin}/connections/", json=told) as answer:
        said: dict[str, str] = await answer.json()
        return answer.status, said


@asynccontextmanager
async def come_in(caller: Caller, name: str, **told: object) -> AsyncIterator[tuple[OpenPage, str]]:
    """Somebody's page, open and inside; and its connection's address."""
    launched = await caller.launch(user=build_user(id=f"p-{name}", name=name, **told))
    status, said = await connect(caller, launched["client_url"], f"{name}'s laptop")
    assert 201 == status, said
    address = f"{caller.room.origin}/connections/{said['connection']}/"
    async with open_page(caller.client, f"{address}live/") as page:
        await page.hear(lambda told: bool(told["people"]))
        yield page, address


async def test_looking_at_the_page_spends_nothing(caller: Caller) -> None:
    """However often; the link still lets in the browser that connects first, and the page has all it loads."""
    launched = await caller.launch(name="Algebra")
    for _ in range(3):
        async with caller.client.get(launched["client_url"]) as answer:
            html = await answer.text()

    assert "Algebra" in html
    assert [] == await list_missing_files(caller.client, caller.room.origin, html)
    assert [] == caller.room.list_present("lesson-1")
    assert 201 == (await connect(caller, launched["client_url"], "phone"))[0]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_two_see_each_other_come_and_go(caller: Caller, clock: Machine) -> None:
    """Each knows which one they are, who leads and since when; a page that is closed has left."""
    async with come_in(caller, "Ada", leader=True) as (ada, _):
        async with come_in(caller, "Ben") as (ben, _):
            assert ["Ada", "Ben (me)"] == name_people(ben.told)
            clock.move_by(3 * MINUTE)
            told = await ada.hear(lambda told: len(told["people"]) == 2 and "3 min" in told["people"][0]["detail"])
            assert ["leads, for 3 min", "for 3 min"] == [one["detail"] for one in told["people"]]
            await ben.close()
        assert ["Ada (me)"] == name_people(await ada.hear(lambda told: len(told["people"]) == 1))
        assert ["Ada"] == caller.room.list_present("lesson-1")


async def test_whoever_leaves_is_told_so(caller: Caller) -> None:
    """And the page has nothing more to hear."""
    async with come_in(caller, "Ben") as (ben, address):
        async with caller.client.post(f"{address}leave/"):
            pass
        assert LEFT == (await ben.hear(lambda told: "end" in told))["end"]
        await ben.wait_closed()


async def test_the_leader_is_asked_and_extends(caller: Caller, clock: Machine) -> None:
    """The question is there until it is answered, and again ten minutes later; nobody else is asked."""
    soft = int((START + 20 * MINUTE).timestamp())
    async with (
        come_in(caller, "Ada", leader=True, custom_jwt_parameters={"softExp": soft}) as (ada, address),
        come_in(caller, "Ben") as (ben, _),
    ):
        assert not ada.told["isAsked"]
        clock.move_by(20 * MINUTE)
        await ada.hear(lambda told: told["isAsked"])
        async with caller.client.post(f"{address}extend/") as answer:
            assert 200 == answer.status
        await ada.hear(lambda told: not told["isAsked"])
        clock.move_by(10 * MINUTE)
        await ada.hear(lambda told: told["isAsked"])
        told = await ben.hear(lambda told: "30 min" in told["people"][0]["detail"])

    assert not told["isAsked"]


async def test_idle_is_shown_and_all_idle_ends_it(caller: Caller, clock: Machine) -> None:
    """Whoever is put out by that is told why."""
    async with come_in(caller, "Ben") as (ben, address):
        async with caller.client.post(f"{address}idle/"):
            pass
        told = await ben.hear(lambda told: told["people"][0]["isAway"])
        clock.move_by(5 * MINUTE)

        assert "idle, just came" == told["people"][0]["detail"]
        assert IDLE == (await ben.hear(lambda told: "end" in told))["end"]


async def test_whose_link_ends_is_told_so(caller: Caller, clock: Machine) -> None:
    """Where the link puts out."""
    async with come_in(caller, "Ben", custom_jwt_parameters={"kickOnExp": True}) as (ben, _):
        clock.move_by(60 * MINUTE)

        assert PUT_OUT == (await ben.hear(lambda told: "end" in told))["end"]


async def test_a_ghost_is_seen_by_nobody_else(caller: Caller) -> None:
    """And knows it."""
    async with come_in(caller, "Ines", ghost=True) as (ines, _), come_in(caller, "Ben") as (ben, _):
        assert (["Ines (me)"], False) == (name_people(ines.told), ines.told["isSeen"])
        assert (["Ben (me)"], True) == (name_people(ben.told), ben.told["isSeen"])


@pytest.mark.parametrize(
    ("minutes", "browser", "reason"),
    [(-1, "laptop", Reason.TOO_EARLY), (60, "laptop", Reason.EXPIRED), (5, "phone", Reason.USED_ELSEWHERE)],
)
async def test_refusals_say_why(caller: Caller, clock: Machine, minutes: int, browser: str, reason: Reason) -> None:
    """In words, beside the reason."""
    opens_at = START + (1 * MINUTE if minutes < 0 else 0 * MINUTE)
    launched = await caller.launch(
        timeouts={"not_before": opens_at.isoformat(), "not_after": (START + 60 * MINUTE).isoformat()}
    )
    if minutes > 0:
        await connect(caller, launched["client_url"], "laptop")
        clock.move_by(minutes * MINUTE)

    status, said = await connect(caller, launched["client_url"], browser)

    assert (403, reason.value, REFUSALS[reason]) == (status, said["reason"], said["words"])


def test_every_refusal_has_words() -> None:
    """None is left without."""
    assert set(Reason) == set(REFUSALS)


async def test_a_connection_that_never_was_is_not_listened_to(caller: Caller) -> None:
    """It is not there."""
    async with caller.client.get(f"{caller.room.origin}/connections/nobody/live/") as answer:
        assert 404 == answer.status
