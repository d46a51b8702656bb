"""Behind the curtain, the whole of it: a page with the notices as they move and the requests that are kept.

It belongs to nobody's eyes: what is stored and what goes to and fro is the same whoever looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.sandbox.cast import ZONE
from bot.sandbox.play.curtain import list_lines, list_parties, read_party
from bot.sandbox.play.frame import Drawing
from bot.sandbox.play.live import Live
from bot.sandbox.play.outbox import MOST_LESSONS, Marks, Owed, read_owed
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.traffic import MOST_KEPT, Party
from storage.errors import StoreClosed


class Behind:
    """The page and what keeps it up to date."""

    def __init__(self, playground: Playground, live: Live) -> None:
        self._playground = playground
        self._live = live
        self._marks = Marks()
        self._token = ""

    def list_routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/behind/", self.show),
            Route("/behind/live", self.keep_up),
            Route("/behind/again", self.begin_again),
        ]

    async def show(self, request: Request) -> Response:
        """The page as of now. `party`: whose requests only."""
        chosen = read_party(request.query_params.get("party", ""))
        drawing = await self.draw(chosen)
        page = render_page(
            "behind.html",
            workspace=self._playground.school.slack.workspace,
            regions=drawing.regions,
            parties=list_parties(self._playground.school),
            chosen=chosen,
            most_lessons=MOST_LESSONS,
            live=f"/behind/live?party={chosen.value if chosen else ''}&school={self._playground.token}",
        )
        return HTMLResponse(page)

    async def keep_up(self, request: Request) -> Response:
        """What the page is told while it is open."""
        chosen, school = read_party(request.query_params.get("party", "")), request.query_params.get("school", "")
        events = self._live.follow(lambda: self.draw(chosen), school=school)
        return StreamingResponse(events, media_type="text/event-stream")

    async def begin_again(self, request: Request) -> Response:
        """To the same page of another school, for one that was told so by its stream (htmx's own header)."""
        return Response(headers={"HX-Redirect": "/behind/"})

    async def draw(self, chosen: Party | None) -> Drawing:
        """Both tables."""
        lines = list_lines(self._playground.school, chosen, most=MOST_KEPT)
        return Drawing(
            regions={
                "notices": render_page("notices.html", rows=await self._list_rows()).strip(),
                "calls": render_page("calls.html", lines=lines).strip(),
            }
        )

    async def _list_rows(self) -> list[dict[str, object]]:
        try:
            owed = await self._playground.read(read_owed)
        except StoreClosed:  # between two schools
            return []
        clock = self._playground.school.clock
        now, machine_now = clock.now(), clock.machine_now()
        if self._token != self._playground.token:
            self._token, self._marks = self._playground.token, Marks()
        states = {str(row.notice.id): row.tell_state(now, machine_now) for row in owed}
        what = {str(row.notice.id): (states[row.notice.id], row.notice.attempts, row.notice.reason) for row in owed}
        changed = self._marks.note(what, machine_now)
        return [
            {
                "id": row.notice.id,
                "due": tell_due(row.notice.due_at, now),
                "kind": row.kind,
                "to": self._tell_recipient(row),
                "lesson": row.lesson,
                "state": states[row.notice.id],
                "tries": row.notice.attempts,
                "reason": row.reason,
                "look": "bad" if row.is_given_up else "" if row.is_open else "over",
                "is_changed": row.notice.id in changed,
            }
            for row in owed
        ]

    def _tell_recipient(self, row: Owed) -> str:
        about = f", about {row.about}" if row.about else ""
        if row.notice.channel_id is not None:
            channel = self._playground.school.slack.workspace.conversations.get(row.notice.channel_id)
            return f"#{channel.name}{about}" if channel is not None else f"a channel{about}"
        return f"{row.person or 'itself'}{about}"


def tell_due(due_at: datetime, now: datetime) -> str:
    """By the leader's clock; a day further off than its weekday tells is written out."""
    local, today = due_at.astimezone(ZONE), now.astimezone(ZONE).date()
    is_near = abs(local.date() - today) < timedelta(days=7)
    return f"{local:%a %H:%M:%S}" if is_near else f"{local:%a %-d %b %H:%M:%S}"
