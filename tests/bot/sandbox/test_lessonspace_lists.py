"""What the stand-in's lists show of sessions, spaces and users, by every documented filter; and forgetting a user."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from bot.sandbox.lessonspace.spaces import Reason
from tests.bot.sandbox.callers import START, Caller, Machine, build_user


async def hold_lessons(caller: Caller, clock: Machine) -> None:
    """15:00-15:10 Ada and Ben on algebra, 15:20-15:40 Ada alone on Poetry, from 15:50 on Ada and Cleo on Poetry."""
    caller.room.rates = {}
    algebra: dict[str, Any] = {"id": "Lesson-A", "name": "Algebra", "space_tags": {"Kind": "Maths"}}
    poetry: dict[str, Any] = {"id": "lesson-p", "name": "Poetry"}
    for place, names, minutes in ((algebra, ("Ada", "Ben"), 10), (poetry, ("Ada",), 20), (poetry, ("Ada", "Cleo"), 0)):
        told = {"role": "teacher", "email": "ada@example.org", "single_use": False}
        tags = {"subject": str(place["name"])} if minutes else {}
        came = [
            await caller.enter(name, told=told if name == "Ada" else None, session_tags=tags, **place) for name in names
        ]
        clock.move_by(timedelta(minutes=minutes))
        for browser in came if minutes else []:
            await browser.leave()
        clock.move_by(timedelta(minutes=10))


FIRST, SOLO, LAST = "Algebra 15:00", "Poetry 15:20", "Poetry 15:50"

SESSION_FILTERS = {
    "none": ({}, [LAST, SOLO, FIRST]),
    "a part of a name": ({"search": "lgeb"}, [FIRST]),
    "a start": ({"start_time_after": "2030-03-04T15:00:00Z"}, [LAST, SOLO]),
    "a start before": ({"start_time_before": "2030-03-04T15:20:00Z"}, [FIRST]),
    "an end, which a running session has not": ({"end_time_after": "2030-03-04T15:10:30Z"}, [SOLO]),
    "an end before": ({"end_time_before": "2030-03-04T15:40:31Z"}, [SOLO, FIRST]),
    "least seconds": ({"duration_min": "631"}, [SOLO]),
    "most seconds": ({"duration_max": "630"}, [LAST, FIRST]),
    "running": ({"in_progress_only": "true"}, [LAST]),
    "one date, which asks for a start": ({"date_before": "2030-03-04T16:30:00Z"}, [LAST, SOLO, FIRST]),
    "two dates, which ask for an end": (
        {"date_after": "2030-03-04T14:00:00Z", "date_before": "2030-03-04T16:30:00Z"}, [SOLO, FIRST],
    ),
    "a user": ({"user": "503"}, [LAST]),
    "several users": ({"user": "502&503"}, [LAST, FIRST]),
    "a launch id": ({"launch_id": "lesson-p"}, [LAST, SOLO]),
    "a launch id in another case": ({"launch_id": "LESSON-P"}, []),
    "a part of a launch id": ({"launch_id": "lesson"}, []),
    "an external id in another case": ({"user_external_id": "P-BEN"}, [FIRST]),
    "a part of an external id": ({"user_external_id": "p-be"}, []),
    "a part of a person's name in another case": ({"user_name": "LE"}, [LAST]),
    "a tag in another case": ({"tags": json.dumps({"SUBJECT": "algebra"})}, [FIRST]),
    "any value of a tag": ({"tags": json.dumps({"subject": ""})}, [SOLO, FIRST]),
    "a tag that nothing has": ({"tags": json.dumps({"subject": "Chess"})}, []),
}  # fmt: skip
"""What is asked, and which are found where solo ones are asked for too."""


@pytest.mark.parametrize("query, names", SESSION_FILTERS.values(), ids=SESSION_FILTERS.keys())
async def test_sessions_are_found_by_each_filter(
    caller: Caller, clock: Machine, query: dict[str, str], names: list[str]
) -> None:
    """Newest first; solo ones only on request."""
    await hold_lessons(caller, clock)

    found = await caller.find_all(f"sessions/?{urlencode(query)}")
    with_solo = await caller.find_all(f"sessions/?{urlencode(query | {'include_single_user': 'true'})}")

    told = [[f"{s['name']} {s['start_time'][11:16]}" for s in listed] for listed in (found, with_solo)]
    assert told == [[name for name in names if name != SOLO], names]


async def test_a_uuid_is_sought_as_one(caller: Caller, clock: Machine) -> None:
    """A session's own, or its space's."""
    await hold_lessons(caller, clock)
    ended = caller.room.organisation.spaces["Lesson-A"]

    for sought in (ended.room_id, ended.sessions[0].session_id):
        [found] = await caller.find_all(f"sessions/?search={sought}")
        assert found["uuid"] == ended.sessions[0].session_id


async def test_spaces_filter_the_organisation_s_list_only(caller: Caller, clock: Machine) -> None:
    """Several, parted by an encoded &; one space's own list knows no such filter."""
    await hold_lessons(caller, clock)
    room_ids = [space.room_id for space in caller.room.organisation.spaces.values()]

    both = await caller.find_all(f"sessions/?space={quote('&'.join(room_ids))}")
    [one] = await caller.find_all(f"sessions/?space={room_ids[0]}")
    status, _ = await caller.ask("GET", f"spaces/{room_ids[0]}/sessions/?space={room_ids[0]}")

    assert (len(both), one["name"], status) == (2, "Algebra", 400)


@pytest.mark.parametrize(
    "path",
    ["sessions/?space=here", "sessions/?tags=subject", "sessions/?tags=%7B%22a%22%3A1%7D", "sessions/?user=ada",
     "sessions/?duration_min=-1", "sessions/?in_progress_only=yes", "sessions/?user=1&user=2&page=1&page=2",
     "spaces/?tag_key=Kind", "spaces/?session=1", "spaces/?launch_id=lesson-p", "users/?role=learner", "users/?page=0"],
)  # fmt: skip
async def test_a_wrong_filter_is_refused(caller: Caller, path: str) -> None:
    """By its name, in every list."""
    status, problems = await caller.ask("GET", caller.org + path)

    assert status == 400
    assert all(isinstance(text, str) for texts in problems.values() for text in texts)


async def test_spaces_are_listed_with_what_is_documented_of_them(caller: Caller, clock: Machine) -> None:
    """Every field of the reference; newest first."""
    await hold_lessons(caller, clock)
    poetry, algebra = await caller.find_all("spaces/")

    fields = "id slug alias name organisation is_locked tags url created_at locks region record_av"
    assert sorted(algebra) == sorted(fields.split())
    assert (poetry["name"], algebra["tags"], poetry["tags"]) == ("Poetry", '{"Kind": "Maths"}', "")
    assert algebra["slug"] == caller.room.organisation.spaces["Lesson-A"].room_id
    assert algebra["created_at"] == "2030-03-04T15:00:00.000000Z"


SPACE_FILTERS = {
    "a tag": ("tag_key=kind&tag_value=MATHS", ["Algebra"]),
    "a name": ("search=o", ["Poetry"]),
    "a user who was there": ("user=503", ["Poetry"]),
    "users who were there": ("user=502&user=503", ["Poetry", "Algebra"]),
    "sessions that ended after": ("date_after=2030-03-04T15:30:00Z", ["Poetry"]),
    "sessions that started before": ("date_before=2030-03-04T15:10:00Z", ["Algebra"]),
    "whom it is assigned to": ("assigned_to=501", []),
    "a day": ("date=2030-03-04", ["Poetry", "Algebra"]),
    "another day": ("date=2030-03-05", []),
}


@pytest.mark.parametrize("query, names", SPACE_FILTERS.values(), ids=SPACE_FILTERS.keys())
async def test_spaces_are_found_by_each_filter(caller: Caller, clock: Machine, query: str, names: list[str]) -> None:
    """As documented."""
    await hold_lessons(caller, clock)

    assert [space["name"] for space in await caller.find_all(f"spaces/?{query}")] == names


USER_FILTERS = {
    "none": ("", ["Ada", "Ben", "Cleo"]),
    "a role": ("role=teacher", ["Ada"]),
    "roles": ("role=teacher&role=student", ["Ada", "Ben", "Cleo"]),
    "a part of a name": ("search=CLE", ["Cleo"]),
    "a part of an address": ("search=ada%40example", ["Ada"]),
}


@pytest.mark.parametrize("query, names", USER_FILTERS.values(), ids=USER_FILTERS.keys())
async def test_users_are_found_by_each_filter(caller: Caller, clock: Machine, query: str, names: list[str]) -> None:
    """As documented, by number."""
    await hold_lessons(caller, clock)

    assert [user["name"] for user in await caller.find_all(f"users/?{query}")] == names


async def test_users_are_found_by_where_they_were(caller: Caller, clock: Machine) -> None:
    """In a space, or in a session."""
    await hold_lessons(caller, clock)
    poetry = caller.room.organisation.spaces["lesson-p"]

    in_space = await caller.find_all(f"users/?space={poetry.room_id}")
    in_session = await caller.find_all(f"users/?session={poetry.sessions[0].session_id}")

    assert [[user["name"] for user in found] for found in (in_space, in_session)] == [["Ada", "Cleo"], ["Ada"]]


async def test_every_list_comes_in_both_shapes_and_in_pages(caller: Caller, clock: Machine) -> None:
    """An envelope whose `next` keeps the filters; a bare array where the switch says so; no page past the last."""
    await hold_lessons(caller, clock)
    caller.room.page_size = 1

    first = await caller.find(f"{caller.org}users/?role=student")
    second = await caller.find(first["next"])
    status, _ = await caller.ask("GET", f"{caller.org}spaces/?page=3")
    caller.room.lists_bare_arrays = True
    bare = await caller.find(f"{caller.org}users/?role=student")

    assert [user["name"] for user in first["results"] + second["results"]] == ["Ben", "Cleo"]
    assert ([user["name"] for user in bare], second["next"], status) == (["Ben", "Cleo"], None, 404)


async def test_a_forgotten_user_is_gone_and_would_be_somebody_new(caller: Caller) -> None:
    """204, then 404 with a body; not listed, not found by their id, another number at the next launch."""
    first = await caller.launch()
    path = f"{caller.org}users/{first['user_id']}/"

    statuses = [(await caller.ask("DELETE", path))[0] for _ in range(2)]
    assert statuses == [204, 404]
    assert await caller.find_all("users/") == []
    again = await caller.launch()
    assert again["user_id"] != first["user_id"]
    assert (await caller.ask("DELETE", f"{caller.org}users/nobody/"))[0] == 404


async def test_a_user_s_number_is_nobody_else_s_ever(caller: Caller) -> None:
    """Also after some of those before were forgotten."""
    numbers = [(await caller.launch(user=build_user(id=key)))["user_id"] for key in ("a", "b")]
    await caller.ask("DELETE", f"{caller.org}users/{numbers[0]}/")
    numbers += [(await caller.launch(user=build_user(id=key)))["user_id"] for key in ("c", "d")]

    assert len(set(numbers)) == 4


@pytest.mark.parametrize("dies", [True, False])
async def test_what_becomes_of_a_forgotten_user_s_link_is_a_switch(caller: Caller, dies: bool) -> None:
    """Not documented: it opens, or it does not."""
    caller.room.forgets_links = dies
    launched = await caller.launch()
    await caller.ask("DELETE", f"{caller.org}users/{launched['user_id']}/")

    visit = await caller.room.browser("laptop").join(launched["client_url"])

    assert visit.refusal is (Reason.FORGOTTEN if dies else None)


async def test_guests_are_in_sessions_and_no_users(caller: Caller) -> None:
    """A link without a user is nobody's account."""
    await caller.room.browser("x").join((await caller.launch(user={}))["client_url"])

    [session] = await caller.find_all("sessions/?include_single_user=true")

    assert (await caller.find_all("users/"), session["profiles"]) == ([], [])
    assert [guest["name"] for guest in session["guests"]] == ["Guest"]


async def test_a_user_is_as_the_last_launch_named_them(caller: Caller) -> None:
    """One id, one user; without an id it is the name that tells people apart."""
    for told in (build_user(name="Benny"), {"name": "Cleo"}, {"name": "Cleo", "role": "teacher"}):
        await caller.launch(user=told)

    users = [(user["name"], user["role"]) for user in await caller.find_all("users/")]
    assert users == [("Benny", "student"), ("Cleo", "teacher")]
    assert START == caller.room.launches[0].at
