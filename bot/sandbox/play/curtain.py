"""Behind the curtain: what just went to and fro between Hallpass, Slack and the room services, as a panel.

An entry of the book holds nothing secret (`traffic.py`), so nothing is hidden here, and nothing else is shown. Whose
requests somebody wants to see is remembered for them as long as that school is there; at first all are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.cast import ZONE
from bot.sandbox.houses import LESSONSPACE
from bot.sandbox.play.outbox import MARKED_FOR
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.person import find_person
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.school import School
from bot.sandbox.traffic import Call, Entry, Party

NEWEST = 20
"""Requests in the panel."""

NAMES = {
    Party.BOT: "Hallpass",
    Party.SLACK: "Slack",
    Party.LESSONSPACE: "Lessonspace",
    Party.VIDESK: "Videsk",
    Party.AGORA: "Agora",
    Party.LOOP: "Loop",
}
TROUBLE = {
    "delay": "slowed down",
    "rate_limited": "told to slow down",
    "status": "made to fail",
    "refusal": "made to refuse",
    "drop": "cut off",
    "garbage": "made to answer nonsense",
    "lose": "lost on its way",
    "repeat": "sent twice",
    "reorder": "sent after the next",
}
"""What somebody switched on, by the fault's or mishap's word."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One request, in words."""

    number: int
    at: str  # the school's time when it ended
    machine_at: str  # the machine's when it began, UTC
    sender: str
    receiver: str
    name: str
    asks: str  # verb and route
    result: str
    took: str
    trouble: str
    is_bad: bool
    is_new: bool


def describe(entry: Entry, *, is_new: bool) -> Line:
    """It as a page tells it."""
    call = entry.call
    trouble = [TROUBLE.get(call.fault, "in trouble")] if call.fault is not None else []
    # Where a fault was switched on, its own word for what was wrong says the same once more.
    trouble += [call.error] if call.error is not None and call.fault in (None, "refusal") else []
    return Line(
        number=entry.number,
        at=f"{entry.lesson_at.astimezone(ZONE):%H:%M:%S}",
        machine_at=f"{call.at.astimezone(UTC):%H:%M:%S.%f}"[:-3],
        sender=NAMES[call.sender],
        receiver=NAMES[call.receiver],
        name=call.name,
        asks=f"{call.verb} {call.path}".strip(),
        result=_tell_result(call),
        took="" if call.fault == "lose" else tell_duration(call.taken),
        trouble=", ".join(trouble),
        is_bad=call.status is None or call.status >= 400 or call.error is not None,
        is_new=is_new,
    )


def _tell_result(call: Call) -> str:
    if call.status is None:
        return "never sent" if call.fault == "lose" else "no answer"
    return "acknowledged" if call.verb == "WebSocket" else str(call.status)


def tell_duration(taken: timedelta) -> str:
    """As short as it can be read."""
    milliseconds = taken.total_seconds() * 1000
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"


def list_lines(school: School, party: Party | None, *, most: int) -> list[Line]:
    """The newest first. New: what ended within the last moments."""
    now = school.clock.machine_now()
    entries = school.traffic.list_newest(party, most=most)
    return [describe(one, is_new=now - one.call.at - one.call.taken < MARKED_FOR) for one in entries]


def list_parties(school: School) -> list[tuple[Party, str]]:
    """Who can be chosen: Slack, and the room services that this school has."""
    return [
        (party, name)
        for party, name in NAMES.items()
        if party is Party.SLACK or party.value in (*school.services, LESSONSPACE)
    ]


def read_party(text: str) -> Party | None:
    """Which one is meant; None: all of them."""
    return next((party for party in Party if party.value == text), None)


class Curtain(Panel):
    """The last requests, and how to see only some of them."""

    id = "curtain"

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._chosen: dict[tuple[int, str], Party | None] = {}  # by the number of the school, and who in it

    async def draw(self, looking: Looking) -> Markup:
        school, chosen = self._playground.school, self._chosen.get((self._playground.number, looking.user_id))
        return render_page(
            "curtain.html",
            id=self.id,
            user_id=looking.user_id,
            parties=list_parties(school),
            chosen=chosen,
            lines=list_lines(school, chosen, most=NEWEST),
        )

    def list_routes(self) -> Sequence[BaseRoute]:
        return [Route("/behind/only/{party}/for/{user_id}", self.choose, methods=["POST"])]

    async def choose(self, request: Request) -> Response:
        """Whose requests this person wants to see; `all` is nobody's in particular."""
        user_id = request.path_params["user_id"]
        if find_person(self._playground, user_id) is None:
            return Response(status_code=404)
        self._chosen[self._playground.number, user_id] = read_party(request.path_params["party"])
        self._playground.ring()
        return Response(status_code=204)
