"""What is left of a session at the stand-in: its name, recording, transcript and summary; when, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.lessonspace.api import PlaybackPath
from tests.bot.sandbox.apps import serve
from tests.bot.sandbox.callers import Caller, Machine

RECORDED: dict[str, Any] = {"record_av": True, "record_content": False, "transcribe": True, "summarise": True}


async def meet(caller: Caller, clock: Machine, *names: str, minutes: float = 10, **launch: object) -> str:
    """They come together, and leave; the session's id. Lesson time is at its very end then."""
    came = [await caller.enter(name, **(RECORDED | launch)) for name in names or ("Ada", "Ben")]
    clock.move_by(timedelta(minutes=minutes) - timedelta(seconds=30))
    for browser in came:
        await browser.leave()
    clock.move_by(timedelta(seconds=30))
    return caller.room.launches[-1].session_id


async def look(caller: Caller, session_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await caller.find(f"{caller.org}sessions/{session_id}/")
    return found


async def ask_transcript(caller: Caller, session_id: str) -> tuple[int, Any]:
    return await caller.ask("GET", f"{caller.org}sessions/{session_id}/transcript/")


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """One row of the table of what is made of a session."""

    names: tuple[str, ...] = ("Ada", "Ben")
    minutes: float = 10
    record_av: bool = True
    record_content: bool = False
    transcribe: bool = True
    has_recording: bool = True
    has_transcript: bool = True


MEETINGS = {
    "two, recorded, long enough": Meeting(),
    "five minutes": Meeting(minutes=5, has_transcript=False),
    "a little more": Meeting(minutes=5.02),
    "alone": Meeting(names=("Ada",), has_transcript=False),
    "one person at two devices": Meeting(names=("Ada", "Ada"), has_transcript=False),
    "not to be transcribed": Meeting(transcribe=False, has_transcript=False),
    "only the board recorded": Meeting(record_av=False, record_content=True, has_transcript=False),
    "not recorded": Meeting(record_av=False, has_recording=False, has_transcript=False),
}


@pytest.mark.parametrize("meeting", MEETINGS.values(), ids=MEETINGS.keys())
async def test_what_is_made_of_a_session(caller: Caller, clock: Machine, meeting: Meeting) -> None:
    """A transcript needs two people, picture and sound, more than five minutes, and to be asked for."""
    settings = {name: getattr(meeting, name) for name in ("record_av", "record_content", "transcribe")}
    session_id = await meet(
        caller,
        clock,
        *meeting.names,
        minutes=meeting.minutes,
        **settings,
        summarise=settings["record_av"] and settings["transcribe"],
    )
    clock.move_by(timedelta(days=1))

    session = await look(caller, session_id)
    status, _ = await ask_transcript(caller, session_id)

    assert (session["recording_available"], session["playback_url"] is not None) == (meeting.has_recording,) * 2
    assert (status, session["summary"] is not None) == (200 if meeting.has_transcript else 404, meeting.has_transcript)


async def test_each_takes_its_time(caller: Caller, clock: Machine) -> None:
    """404 and null until then; by the switches, in lesson time."""
    care = caller.room.organisation.aftercare
    care.recording_delay, care.transcript_delay = timedelta(minutes=3), timedelta(minutes=20)
    care.summary_delay = timedelta(minutes=5)
    session_id = await meet(caller, clock)
    seen = []
    for minutes in (2, 2, 15, 2, 5):
        clock.move_by(timedelta(minutes=minutes))
        session = await look(caller, session_id)
        status, _ = await ask_transcript(caller, session_id)
        seen.append((session["playback_url"] is not None, status == 200, session["summary"] is not None))

    nothing, all_there = (False,) * 3, (True,) * 3
    assert seen == [nothing, (True, False, False), (True, False, False), (True, True, False), all_there]


async def test_a_launch_that_leaves_the_transcript_out_loses_it(caller: Caller, clock: Machine) -> None:
    """Also in the middle of the session; the recording that began is not lost by one that records no more."""
    ada, ben = [await caller.enter(name, **RECORDED) for name in ("Ada", "Ben")]
    clock.move_by(timedelta(minutes=10))
    await caller.launch(record_av=False)
    for browser in (ada, ben):
        await browser.leave()
    clock.move_by(timedelta(days=1))

    session_id = caller.room.launches[0].session_id
    session = await look(caller, session_id)
    assert (session["recording_available"], (await ask_transcript(caller, session_id))[0]) == (True, 404)


async def test_a_launch_in_the_middle_may_begin_the_recording(caller: Caller, clock: Machine) -> None:
    """Of who is inside already, too."""
    ada = await caller.enter("Ada")
    clock.move_by(timedelta(minutes=10))
    await caller.launch(record_av=True)
    await ada.leave()
    clock.move_by(timedelta(minutes=1))

    assert (await look(caller, caller.room.launches[0].session_id))["recording_available"]


async def test_the_transcript_s_file_has_what_was_said(caller: Caller, clock: Machine) -> None:
    """In order, counted from the session's start, by whom; fetched without the key, which its host would refuse."""
    ada, ben = [await caller.enter(name, **RECORDED) for name in ("Ada", "Ben")]
    clock.move_by(timedelta(seconds=90))
    await ada.say("What is three times four?")
    clock.move_by(timedelta(seconds=4))
    await ben.say("Twelve.")
    clock.move_by(timedelta(minutes=10))
    for browser in (ada, ben):
        await browser.leave()
    clock.move_by(timedelta(hours=1))
    session_id = caller.room.launches[0].session_id

    _, told = await ask_transcript(caller, session_id)
    async with caller.client.get(told["transcriptionUrl"]) as response:
        lines = await response.json()

    numbers = {launch.user["name"]: launch.user_id for launch in caller.room.launches}
    assert list(told) == ["transcriptionUrl"]
    assert lines == [
        {"start_time": 90.0, "end_time": 92.0, "user": {"id": numbers["Ada"], "name": "Ada"}, "breakout_id": None,
         "text": "What is three times four?"},
        {"start_time": 94.0, "end_time": 94.4, "user": {"id": numbers["Ben"], "name": "Ben"}, "breakout_id": None,
         "text": "Twelve."},
    ]  # fmt: skip
    assert "Ada and Ben met for 12 minutes" in (await look(caller, session_id))["summary"]
    assert (await caller.ask("GET", told["transcriptionUrl"]))[0] == 400


async def test_where_nobody_said_anything_they_greet(caller: Caller, clock: Machine) -> None:
    """So that a demo's transcript is not empty."""
    session_id = await meet(caller, clock)
    clock.move_by(timedelta(hours=1))

    _, told = await ask_transcript(caller, session_id)
    async with caller.client.get(told["transcriptionUrl"]) as response:
        texts = [line["text"] for line in await response.json()]

    assert texts == ["Hello, this is Ada.", "Hello, this is Ben."]


async def test_the_transcript_s_address_closes(caller: Caller, clock: Machine) -> None:
    """After twelve hours, and never opens another session's file, or any with another token."""
    session_id = await meet(caller, clock)
    clock.move_by(timedelta(hours=1))
    _, told = await ask_transcript(caller, session_id)
    url = told["transcriptionUrl"]

    recording = (await caller.find(f"sessions/{session_id}/playback/"))["recording_url"]
    other_token = f"{url.partition('=')[0]}={recording.rpartition('/')[2]}"
    addresses = (url.replace(session_id, "other"), url[:-1], url.partition("?")[0], other_token, url)
    statuses = [await get_status(caller, address) for address in addresses]
    clock.move_by(timedelta(hours=12))
    statuses.append(await get_status(caller, url))

    assert statuses == [403, 403, 403, 403, 200, 403]


async def get_status(caller: Caller, address: str) -> int:
    """As a browser asks: without the key."""
    async with caller.client.get(address) as response:
        return response.status


@pytest.mark.parametrize("lives", [timedelta(hours=3), None], ids=["newer", "older"])
async def test_a_recording_opens_for_whoever_holds_its_address(
    caller: Caller, clock: Machine, lives: timedelta | None
) -> None:
    """Without the key, a fresh address at each question, for three hours or for good; any other is refused."""
    caller.room.handouts.recording_lives = lives
    session_id = await meet(caller, clock)
    urls = [(await caller.find(f"sessions/{session_id}/playback/"))["recording_url"] for _ in range(2)]

    async with caller.client.get(urls[0]) as page:
        assert (page.status, session_id in await page.text()) == (200, True)
    clock.move_by(timedelta(hours=3))
    statuses = [await get_status(caller, url) for url in (urls[0], f"{urls[0]}x")]

    assert urls[0] != urls[1]
    assert statuses == [403 if lives else 200, 403]


@pytest.mark.parametrize("path", PlaybackPath)
async def test_the_recording_is_asked_for_at_one_of_two_places(
    caller: Caller, clock: Machine, path: PlaybackPath
) -> None:
    """The reference's or the newer clients', by the switch; the session says which."""
    caller.room.playback_path = path
    session_id = await meet(caller, clock)
    below = f"sessions/{session_id}/playback/"

    statuses = [(await caller.ask("GET", place + below))[0] for place in ("", caller.org)]
    own = (await look(caller, session_id))["playback_url"]

    assert statuses == ([200, 404] if path is PlaybackPath.OLDER else [404, 200])
    assert own == f"{caller.room.api_url}{'' if path is PlaybackPath.OLDER else caller.org}{below}"


async def test_who_is_not_recorded_leaves_no_recording(caller: Caller, clock: Machine) -> None:
    """A ghost, and somebody launched with `record` false."""
    come = [("Ada", {"record": False}), ("Ben", {"ghost": True})]
    for browser in [await caller.enter(name, record_av=True, told=told) for name, told in come]:
        clock.move_by(timedelta(minutes=10))
        await browser.leave()
    clock.move_by(timedelta(days=1))
    [session] = await caller.find_all("sessions/")

    assert session["end_time"]
    assert (session["recording_available"], session["playback_url"]) == (False, None)


async def test_older_answers_lack_the_newer_fields(caller: Caller, clock: Machine) -> None:
    """By a switch."""
    caller.room.has_newer_fields = False
    session = await look(caller, await meet(caller, clock))

    assert [name for name in ("summary", "recording_available", "recording_deleted") if name in session] == []
    assert session["playback_url"]


WRONG_CHANGES = {
    "no name": ({}, "name"),
    "a blank name": ({"name": " "}, "name"),
    "a number": ({"name": 7}, "name"),
    "an audience of ours": ({"name": "x", "recording_access_policy": ["leader"]}, "recording_access_policy"),
    "a word for an array": ({"name": "x", "recording_access_policy": "public"}, "recording_access_policy"),
    "a field that is none": ({"name": "x", "policy": []}, "policy"),
    "no object": ([], "non_field_errors"),
}


@pytest.mark.parametrize("body, field", WRONG_CHANGES.values(), ids=WRONG_CHANGES.keys())
async def test_a_wrong_change_of_a_session_is_refused(caller: Caller, clock: Machine, body: object, field: str) -> None:
    """By field, and nothing is changed."""
    session_id = await meet(caller, clock, name="Algebra")
    path = f"{caller.org}sessions/{session_id}/"

    status, problems = await caller.ask("PATCH", path, body)

    assert (status, list(problems)) == (400, [field])
    assert (await look(caller, session_id))["name"] == "Algebra"


async def test_a_session_is_renamed_and_its_audience_chosen(caller: Caller, clock: Machine) -> None:
    """What is left out stays; an empty audience is the organisation's again. The space keeps its own name."""
    session_id = await meet(caller, clock, name="Algebra")
    path = f"{caller.org}sessions/{session_id}/"

    answers = [
        await caller.ask("PATCH", path, body)
        for body in ({"name": "Fractions", "recording_access_policy": ["admin", "teacher"]}, {"name": "Halves"})
    ]
    session = await look(caller, session_id)

    policy = ["admin", "teacher"]
    assert answers == [(200, {"name": name, "recording_access_policy": policy}) for name in ("Fractions", "Halves")]
    assert (session["name"], session["recording_access_policy"]) == ("Halves", policy)
    assert session["space"]["name"] == "Algebra"
    assert (await caller.ask("PATCH", path, {"name": "x", "recording_access_policy": []}))[1][
        "recording_access_policy"
    ] == []
    assert (await caller.ask("PATCH", f"{caller.org}sessions/unknown/", {"name": "x"}))[0] == 404


async def test_tags_go_to_the_session_of_their_launch(caller: Caller, clock: Machine) -> None:
    """To the one that runs or comes next, as JSON in a text; the one after it has none unless launched again."""
    ben = await caller.enter("Ben", session_tags={"lesson": "1", "kind": "trial"})
    await caller.launch(session_tags={"lesson": "2"})
    told = await find_tags(caller)
    await ben.leave()
    clock.move_by(timedelta(minutes=1))
    await caller.room.browser("laptop").join(caller.room.launches[0].url)

    assert told == ['{"lesson": "2", "kind": "trial"}']
    assert await find_tags(caller) == ["", *told]


async def find_tags(caller: Caller) -> list[str]:
    return [session["tags"] for session in await caller.find_all("sessions/?include_single_user=true")]


async def test_what_is_ready_is_told_by_webhook(caller: Caller, clock: Machine) -> None:
    """At its time, with the file's address, good for a day; the summary with its text."""
    told: list[tuple[str, str, dict[str, Any]]] = []

    async def take(request: web.Request) -> web.Response:
        told.append((request.headers["x-webhook-event"], request.headers["x-webhook-timestamp"], await request.json()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", take)  # the path that `serve` gives
    async with serve(app) as url:
        finish = {"finish": url}
        session_id = await meet(caller, clock, webhooks={"transcription": finish, "summary": finish})
        clock.move_by(timedelta(hours=20))
        await caller.room.deliver_all()

    room = {"id": caller.room.launches[0].room_id}
    (_, written_at, written), (_, _, summed) = told
    assert [event for event, _, _ in told] == ["webhooks.transcription.finish", "webhooks.summary.finish"]
    assert written_at == "2030-03-04T15:20:00.000Z"
    assert (written["session"], written["room"], summed["room"]) == ({"id": session_id}, room, room)
    assert await get_status(caller, written["transcriptionUrl"]) == 200
    clock.move_by(timedelta(hours=5))
    assert await get_status(caller, written["transcriptionUrl"]) == 403
    assert summed["summary"] == (await look(caller, session_id))["summary"]
