"""The join link's addresses: GET shows a page and spends nothing, POST redeems and sends the browser on.

    GET   /join/<token>         how things stand, for whoever holds the link: previews, scanners, prefetch are welcome
    POST  /join/<token>         the button: redeemed for this browser, launched, 303 to the room
    GET   /join/<token>/room    a room that runs inside a page of ours; only for the browser that redeemed the link
    POST  /join/<token>/here    that page says "joined", once a minute, or "left"; answered without a word

A browser is known by a cookie, one for each link, made when it first sees the page: so that both halves of a double
click are the same browser. Without cookies somebody still comes in, once. A token is in the path and nowhere else: no
access log is written, no page says where somebody came from, nothing is kept in a cache.

It judges nothing and words nothing: `door.py` and `join_pages.py` do. Where Slack is asked first who presses the
button, `sign_in_web.py` goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.attempts import Attempts
from bot.beacons import WORDS, Beacons, Heard
from bot.clock import Clock
from bot.door import Door, Entry, Visit
from bot.join_answers import JoinAnswers, address_of, answer_nothing, is_only_looking, send_on, words_of
from bot.join_pages import (
    build_forged,
    build_not_ready,
    build_page,
    build_too_many,
    build_unknown,
)
from bot.links import Standing, new_token
from bot.sign_in import SignIn
from bot.sign_in_web import SIGNED_IN_PATH, SignInWeb

log = structlog.get_logger("hallpass.door")

PATH: Final = "/join/{token}"
ROOM_PATH: Final = "/join/{token}/room"
HERE_PATH: Final = "/join/{token}/here"
LONGEST_WORD: Final = 16
"""Bytes; a page says "joined" or "left"."""
ANSWERS: Mapping[Heard, int] = {
    Heard.KEPT: 204,
    Heard.UNKNOWN: 404,
    Heard.NOT_THEIRS: 403,
    Heard.SHUT: 410,
    Heard.TOO_OFTEN: 429,
}
WELCOME: Final = (Standing.FINE, Standing.COMES_BACK, Standing.TOO_EARLY)
"""Who stands like this gets the cookie by which their browser is known."""


class JoinWeb:
    """The routes below `public_url` (with its closing slash)."""

    def __init__(
        self,
        *,
        door: Door,
        beacons: Beacons,
        clock: Clock,
        public_url: str,
        sign_in: SignIn | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self._door = door
        self._beacons = beacons
        self._clock = clock
        self._answers = JoinAnswers(clock=clock, public_url=public_url)
        self._sign_in = (
            SignInWeb(sign_in=sign_in, door=door, answers=self._answers, clock=clock) if sign_in is not None else None
        )
        self._attempts = attempts or Attempts()

    def list_routes(self) -> list[Route]:
        """Starlette answers HEAD by the same functions."""
        signed_in = [Route(SIGNED_IN_PATH, self._guard(self._sign_in.come_back))] if self._sign_in is not None else []
        return [
            *signed_in,
            Route(PATH, self._guard(self.show), methods=["GET"]),
            Route(PATH, self._guard(self.press), methods=["POST"]),
            Route(ROOM_PATH, self._guard(self.show_room), methods=["GET"]),
            Route(HERE_PATH, self._guard(self.hear), methods=["POST"]),
        ]

    def _guard(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Whatever goes wrong, somebody who wants to come in reads a page and not a bare word."""

        async def guarded(request: Request) -> Response:
            wait = self._attempts.find_wait(address_of(request), now=self._clock.machine_now())
            if wait is not None:
                return self._answers.answer(build_too_many(words_of(request), wait=wait), retry_after=wait)
            try:
                return await answer(request)
            except Exception:  # the web's own bare page would tell them nothing; what it was is in the log
                log.exception("join_page_failed")
                return self._answers.answer(build_not_ready(words_of(request)))

        return guarded

    async def show(self, request: Request) -> Response:
        """The page, as things stand."""
        token = request.path_params["token"]
        browser = self._answers.find_browser(request, token)
        visit = await self._door.look(token, browser)
        if visit is None:
            return self._answer_unknown(request)
        return self._answer_visit(visit, token, browser=browser or new_token())

    async def press(self, request: Request) -> Response:
        """Join was pressed."""
        token = request.path_params["token"]
        if not self._is_from_our_page(request):
            return self._answers.answer(build_forged(words_of(request)))
        if not self._door.is_ready:
            return self._answers.answer(build_not_ready(words_of(request)))
        known = self._answers.find_browser(request, token)
        browser = known or new_token()
        if self._sign_in is not None:
            visit = await self._door.look(token, known)
            if visit is None:
                return self._answer_unknown(request)
            if visit.standing is Standing.FINE:
                return self._sign_in.ask(visit, token, browser)
            if visit.standing is not Standing.COMES_BACK:
                return self._answer_visit(visit, token, browser=browser)
        outcome = await self._door.come_in(token, browser, visitor_address=address_of(request))
        if outcome is None:
            return self._answer_unknown(request)
        if isinstance(outcome, Visit):
            return self._answer_visit(outcome, token, browser=browser)
        response = self._answers.answer_entry(outcome, page=token, hands_over=known is not None)
        self._answers.keep_browser(response, token, outcome.visit, browser)
        return response

    async def show_room(self, request: Request) -> Response:
        """The room itself, where it runs inside a page of ours. Each time another way in, unless one was just made."""
        token = request.path_params["token"]
        visit = await self._door.look(token, self._answers.find_browser(request, token))
        if visit is None:
            return self._answer_unknown(request)
        if visit.standing is not Standing.COMES_BACK or not self._door.is_ready:
            return send_on(f"../{token}")
        if is_only_looking(request):
            return answer_nothing(204)
        launch = self._answers.handed.take(visit.link.id, now=self._clock.machine_now())
        if launch is not None:
            entry = Entry(visit=visit, launch=launch)
        else:
            entry = await self._door.enter(visit, visitor_address=address_of(request))
        return self._answers.answer_entry(entry, page=f"../{token}", hands_over=False, here="here")

    async def hear(self, request: Request) -> Response:
        """What the page of a room says of itself. Nobody reads the answer but its script."""
        if not self._is_from_our_page(request):
            return answer_nothing(403)
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_WORD:
            return answer_nothing(413)
        word = (await request.body()).decode("ascii", errors="replace")
        if word not in WORDS:
            return answer_nothing(400)
        token = request.path_params["token"]
        browser = self._answers.find_browser(request, token)
        heard = await self._beacons.hear(token, browser, word, address=address_of(request))
        if heard is Heard.UNKNOWN:
            self._attempts.note(address_of(request), now=self._clock.machine_now())
        return answer_nothing(ANSWERS[heard])

    def _answer_visit(self, visit: Visit, token: str, *, browser: str) -> Response:
        page = build_page(
            visit.details,
            visit.seat,
            visit.link,
            visit.standing,
            team_id=visit.team_id,
            now=self._clock.now(),
            asks_who=self._sign_in is not None,
        )
        response = self._answers.answer(page)
        if visit.standing in WELCOME:
            self._answers.keep_browser(response, token, visit, browser)
        return response

    def _answer_unknown(self, request: Request) -> Response:
        self._attempts.note(address_of(request), now=self._clock.machine_now())
        return self._answers.answer(build_unknown(words_of(request)))

    def _is_from_our_page(self, request: Request) -> bool:
        """Was the form sent by a page of ours? Browsers say so themselves, and no page can make them say otherwise.

        Older ones only tell the origin, and since our page tells nobody where somebody came from, they say "null".
        Whoever sends neither is no browser that somebody else's page could use.
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")  # none: the person themself, such as by loading the page again
        return request.headers.get("origin") in (None, "null", self._answers.origin)
