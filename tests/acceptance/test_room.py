"""`hallpass room` against the stand-in Lessonspace: a lesson is held there, and then looked after from a terminal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.rooms.base import LESSON_TAG, LaunchRequest
from bot.rooms.http import open_client
from bot.rooms.lessonspace import Lessonspace
from bot.sandbox.clock import MovableClock
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from storage.records import Role
from tests.bot.commandline import CommandLine, Ran

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LESSON = timedelta(minutes=45)


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Somebody at a terminal, whose Lessonspace is the stand-in."""

    line: CommandLine
    room: LessonspaceStandIn

    async def type(self, *typed: str) -> Ran:
        environment = {"LESSONSPACE_API_KEY": self.room.api_key, "LESSONSPACE_API_URL": self.room.api_url}
        return await self.line.run_beside("room", *typed, environment=environment)

    async def read(self, *typed: str) -> Any:
        ran = await self.type(*typed, "--json")
        assert (0, "") == (ran.status, ran.err)
        return json.loads(ran.out)


@pytest.fixture
async def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Terminal]:
    """Algebra, recorded and transcribed: Ada and Ben were there, and Cleo alone, an hour before."""
    clock = MovableClock(START - timedelta(hours=1), is_frozen=True)
    async with LessonspaceStandIn(clock, limited_per_second=None) as room:
        await hold_lesson(room, clock)
        yield Terminal(line=CommandLine(folder=tmp_path, monkeypatch=monkeypatch, capsys=capsys), room=room)


async def hold_lesson(room: LessonspaceStandIn, clock: MovableClock) -> None:
    links = {name: await launch(room, name) for name in ("Cleo", "Ada", "Ben")}
    browsers = {name: room.browser(name) for name in links}
    await browsers["Cleo"].join(links["Cleo"])
    clock.move_by(timedelta(minutes=2))
    await browsers["Cleo"].leave()
    clock.move_to(START)
    for name in ("Ada", "Ben"):
        await browsers[name].join(links[name])
    await browsers["Ada"].say("Shall we begin with fractions?")
    clock.move_by(LESSON)
    for name in ("Ada", "Ben"):
        await browsers[name].leave()
    clock.move_by(timedelta(hours=1))


async def launch(room: LessonspaceStandIn, name: str) -> str:
    request = LaunchRequest(
        launch_id="ada-and-all",
        room_name="Algebra",
        person_key=f"k-{name.lower()}",
        shown_name=name,
        role=Role.LEADER if name == "Ada" else Role.LEARNER,
        is_leader=name == "Ada",
        opens_at=START - timedelta(hours=1),
        closes_at=START + LESSON,
        warns_at=None,
        leaves_at_close=False,
        records=True,
        transcribes=True,
        tags={LESSON_TAG: "lesson-1"},
    )
    async with open_client(connections=1) as client:
        service = Lessonspace(client, api_key=room.api_key, api_url=room.api_url)
        return (await service.launch(request)).url


async def find_session(terminal: Terminal) -> str:
    [session] = await terminal.read("sessions", "--no-solo")
    session_id: str = session["session_id"]
    return session_id


async def test_solo_sessions_are_listed_too_unless_told(terminal: Terminal) -> None:
    """The API leaves them out by itself; who waited alone an hour before would never be seen."""
    both = await terminal.read("sessions")
    one = await terminal.read("sessions", "--no-solo")

    assert ["Ada, Ben", "Cleo"] == [session["people"] for session in both]
    assert ["Ada, Ben"] == [session["people"] for session in one]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (("--since", "2026-11-23T14:30+00:00"), ["Ada, Ben"]),
        (("--until", "2026-11-23T14:30+00:00"), ["Cleo"]),
        (("--ended-until", "2026-11-23T15:00+00:00"), ["Cleo"]),
        (("--ended-since", "2026-11-23T15:00+00:00"), ["Ada, Ben"]),
        (("--min-minutes", "5"), ["Ada, Ben"]),
        (("--max-minutes", "5"), ["Cleo"]),
        (("--person", "K-BEN"), ["Ada, Ben"]),
        (("--name", "cle"), ["Cleo"]),
        (("--launch-id", "ada-and-all", "--limit", "1"), ["Ada, Ben"]),
        (("--launch-id", "ada"), []),
        (("--search", "GEBRA"), ["Ada, Ben", "Cleo"]),
        # A launch's tags go to the next session alone: here to the one of whoever was too early.
        (("--tag", f"{LESSON_TAG}=lesson-1"), ["Cleo"]),
        (("--tag", LESSON_TAG), ["Cleo"]),
        (("--tag", f"{LESSON_TAG}=another"), []),
        (("--live",), []),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_filters_find_what_they_say(terminal: Terminal, typed: tuple[str, ...], found: list[str]) -> None:
    """Each as the strict stand-in understands it."""
    assert found == [session["people"] for session in await terminal.read("sessions", *typed)]


async def test_who_came_and_went_is_told(terminal: Terminal) -> None:
    """From the space's own list: the session's own address has no log."""
    told = await terminal.read("session", await find_session(terminal), "--log")

    assert [("user-joined", "Ada"), ("user-joined", "Ben"), ("user-left", "Ada"), ("user-left", "Ben")] == [
        (entry["what"], entry["who"]) for entry in told["log"]
    ]
    assert "Algebra" == told["space"]["name"]


async def test_a_session_gets_its_name_and_its_policy(terminal: Terminal) -> None:
    """Each leaves the other alone."""
    session_id = await find_session(terminal)

    renamed = await terminal.type("rename", session_id, "Fractions, first part")
    policed = await terminal.type("policy", session_id, "participant", "admin")

    assert "The session is called Fractions, first part now.\n" == renamed.out
    assert "Who may watch the recording of Fractions, first part: participant, admin.\n" == policed.out
    again = await terminal.type("rename", session_id, "Fractions")
    assert 0 == again.status
    told = await terminal.read("session", session_id)
    assert ("Fractions", "participant, admin") == (told["name"], told["may_watch"])


async def test_what_was_said_is_handed_over(terminal: Terminal) -> None:
    """And of the session in which nobody spoke to anybody there is nothing."""
    solo = (await terminal.read("sessions"))[1]["session_id"]

    ran = await terminal.type("transcript", await find_session(terminal))
    none = await terminal.type("transcript", solo)

    assert ran.out.endswith(" Ada: Shall we begin with fractions?\n"), ran
    assert (1, "") == (none.status, none.out)
    assert "there will be none" in none.err


async def test_a_recording_is_a_page_there(terminal: Terminal) -> None:
    """Its address is fresh each time, and is not saved as if it were a film."""
    session_id = await find_session(terminal)

    first, second = [(await terminal.type("recording", session_id)).out.strip() for _ in range(2)]
    saved = await terminal.type("recording", session_id, "-o", "film.mp4")

    assert first.startswith(terminal.room.origin)
    assert first != second
    assert (1, "") == (saved.status, saved.out)
    assert "leads to a page to look at" in saved.err
    assert [] == list(terminal.line.folder.iterdir())


async def test_somebody_is_found_and_removed(terminal: Terminal) -> None:
    """By the id that the list shows; a second time there is nobody."""
    [space] = await terminal.read("spaces", "--search", "alg")
    users = {user["name"]: user["user_id"] for user in await terminal.read("users", "--space", space["space_id"])}

    removed = await terminal.type("forget-user", users["Ben"], "--yes")
    again = await terminal.type("forget-user", users["Ben"], "--yes")

    assert {"Ada", "Ben", "Cleo"} == set(users)
    assert (0, 1) == (removed.status, again.status)
    assert {"Ada", "Cleo"} == {user["name"] for user in await terminal.read("users")}


async def test_a_wrong_key_opens_nothing(terminal: Terminal) -> None:
    """The wrong person: one line, and nothing of the organisation."""
    environment = {"LESSONSPACE_API_KEY": "not-theirs", "LESSONSPACE_API_URL": terminal.room.api_url}

    ran = await terminal.line.run_beside("room", "users", environment=environment)

    assert (1, "") == (ran.status, ran.out)
    assert "our key is not accepted" in ran.err
