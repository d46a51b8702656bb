"""The panel that looks into the rooms: which there are, who is inside and since when; and one's own tabs, to be closed.

Coming in is by Join alone. Only what is one's own can be done for: the tabs in which one is seen by one's own name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.sandbox.play.open_rooms import IDLE, LEAVE, STIR, OpenRoom, Tab, list_rooms
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.person import find_person
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page

LABELS = {LEAVE: "Leave", IDLE: "Go idle", STIR: "I’m back"}
GONE = "That tab is not open any more."
MOST = 6
"""Rooms that are told of; where somebody is comes first."""


@dataclass(frozen=True, kw_only=True)
class Button:
    """Something to do at a tab of one's own."""

    id: str
    label: str
    spoken: str
    address: str


class RoomsPanel(Panel):
    """Every service's rooms."""

    id = "rooms"

    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    async def draw(self, looking: Looking) -> Markup:
        rooms = list_rooms(self._playground.school)
        return render_page(
            "rooms.html",
            id=self.id,
            now=self._playground.school.clock.now(),
            rooms=rooms[:MOST],
            more=len(rooms[MOST:]),
            tell_emptiness=tell_emptiness,
            list_buttons=lambda room, tab: self._list_buttons(looking.user_id, room, tab),
        )

    def list_routes(self) -> Sequence[Route]:
        return [Route("/rooms/{user_id}/{tab_id}/{deed}", self.act, methods=["POST"])]

    async def act(self, request: Request) -> Response:
        """Do at one's own tab what a button says."""
        user_id, tab_id, deed = (request.path_params[name] for name in ("user_id", "tab_id", "deed"))
        tabs = [tab for room in list_rooms(self._playground.school) for tab in room.tabs]
        tab = next((tab for tab in tabs if tab.id == tab_id and self._is_own(user_id, tab)), None)
        if tab is None or deed not in tab.deeds:
            return HTMLResponse(GONE)
        tab.deeds[deed]()
        self._playground.ring()
        return Response(status_code=204)

    def _is_own(self, user_id: str, tab: Tab) -> bool:
        person = find_person(self._playground, user_id)
        return person is not None and tab.who.name == person.user.real_name

    def _list_buttons(self, user_id: str, room: OpenRoom, tab: Tab) -> list[Button]:
        if not self._is_own(user_id, tab):
            return []
        return [
            Button(
                id=f"room-{tab.id}-{deed}",
                label=LABELS[deed],
                spoken=f"{LABELS[deed]}: {room.title}",
                address=f"/rooms/{user_id}/{tab.id}/{deed}",
            )
            for deed in tab.deeds
        ]


def tell_emptiness(room: OpenRoom) -> str:
    """What there is to say where nobody is inside."""
    if room.is_closed:
        return "Closed."
    return "Empty again." if room.was_used else "Nobody is inside."
