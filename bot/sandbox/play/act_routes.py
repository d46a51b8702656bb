"""What the page posts when somebody presses, chooses, types or sends, and what could be meant while they type.

An answer says one short sentence, or nothing: what changed comes over the page's live stream. Where a field has
something wrong, its block is named in a header of ours, so that the page can go there once it shows.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.sandbox.play.acting import Acting
from bot.sandbox.play.completing import complete
from bot.sandbox.play.directory import read_directory
from bot.sandbox.play.offers import Offers
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.play.saying import Said

WRONG = "Play-Wrong"
"""The header that names the first block with something wrong, percent-encoded."""
STAYS = "Play-Stays"
"""The header that says that what was typed is to stay where it is."""
MOST_BYTES = 1_000_000
"""Of one post. A form with a hundred people chosen has some ten thousand."""


class ActRoutes:
    """The routes below `/as/<user id>/` at which something is done."""

    def __init__(self, playground: Playground, offers: Offers) -> None:
        self._playground = playground
        self._offers = offers
        self._acting = Acting(playground)

    def list_routes(self) -> list[Route]:
        """All of them."""
        message = "{channel_id}/{ts}"
        return [
            Route(f"/as/{{user_id}}/message/{message}", self.use_message, methods=["POST"]),
            Route("/as/{user_id}/view/{view_id}", self.use_view, methods=["POST"]),
            Route("/as/{user_id}/say/{channel_id}", self.type_in, methods=["POST"]),
            Route("/as/{user_id}/shortcut/{callback_id}", self.take_shortcut, methods=["POST"]),
            Route(f"/as/{{user_id}}/shortcut/{{callback_id}}/{message}", self.take_shortcut, methods=["POST"]),
            Route("/as/{user_id}/complete/{channel_id}", self.complete, methods=["GET"]),
        ]

    async def use_message(self, request: Request) -> Response:
        """A message's form."""
        pairs = await _read_pairs(request)
        self._check_person(request)
        given = request.path_params
        said = await self._acting.use_message(
            given["user_id"], given["channel_id"], given["ts"], pairs, revision=_read_revision(request)
        )
        return _answer(said)

    async def use_view(self, request: Request) -> Response:
        """A modal's form, or the Home tab's."""
        pairs = await _read_pairs(request)
        self._check_person(request)
        return _answer(
            await self._acting.use_view(request.path_params["user_id"], request.path_params["view_id"], pairs)
        )

    async def type_in(self, request: Request) -> Response:
        """What was typed below a conversation."""
        pairs = await _read_pairs(request)
        self._check_person(request)
        given = request.path_params
        return _answer(await self._acting.type_in(given["user_id"], given["channel_id"], dict(pairs).get("text", "")))

    async def take_shortcut(self, request: Request) -> Response:
        """A shortcut, on a message or on none."""
        self._check_person(request)
        given = request.path_params
        if "ts" in given:
            said = await self._acting.take_message_shortcut(
                given["user_id"], given["callback_id"], given["channel_id"], given["ts"]
            )
        else:
            said = await self._acting.take_shortcut(given["user_id"], given["callback_id"])
        return _answer(said)

    async def complete(self, request: Request) -> Response:
        """What could be meant by what was typed so far."""
        self._check_person(request)
        typed, at = request.query_params.get("text", ""), request.query_params.get("at", "")
        workspace = self._playground.school.slack.workspace
        directory = read_directory(workspace, workspace.users[request.path_params["user_id"]])
        found = complete(
            typed,
            int(at) if at.isdecimal() and len(at) < 6 else len(typed),
            offers=self._offers,
            names=[one.name for one in directory.people],
        )
        return HTMLResponse(render_page("completion.html", completion=found))

    def _check_person(self, request: Request) -> None:
        """HTTPException for a page of an earlier school, or nobody's."""
        if request.path_params["user_id"] not in self._playground.school.slack.workspace.users:
            raise HTTPException(404, "There is nobody like that here: the school was begun anew. Load the page again.")


def _answer(said: Said) -> Response:
    headers = ({WRONG: quote(said.wrong)} if said.wrong else {}) | ({} if said.is_done else {STAYS: "1"})
    if not said.text:
        return Response(status_code=204, headers=headers)
    return PlainTextResponse(said.text, status_code=said.status, headers=headers)


async def _read_pairs(request: Request) -> list[tuple[str, str]]:
    """What a form posts, in order. HTTPException for what no form of ours does."""
    if int(request.headers.get("content-length", "0")) > MOST_BYTES:
        raise HTTPException(413, "That is more than a form of this page holds, so nothing was sent.")
    try:
        return parse_qsl((await request.body()).decode(), keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise HTTPException(400, "No form of this page posts that, so nothing was sent.") from error


def _read_revision(request: Request) -> int:
    given = request.query_params.get("revision", "")
    return int(given) if given.isdecimal() and len(given) < 6 else -1
