"""The join link's addresses: GET shows a page and spends nothing, POST redeems and sends the browser on.

    GET   /join/<token>         how things stand, for whoever holds the link: previews, scanners, prefetch are welcome
    POST  /join/<token>         the button: redeemed for this browser, launched, 303 to the room
    GET   /join/<token>/room    a room that runs inside a page of ours; only for the browser that redeemed the link
    POST  /join/<token>/here    that page says "joined", once a minute, or "left"; answered without a word

A browser is known by a cookie, one for each link, made when it first sees the page: so that both halves of a double
click are the same browser. Without cookies somebody still comes in, once. A token is in the path and nowhere else: no
access log is written, no page says where somebody came from, nothing is kept in a cache.

It judges nothing and words nothing: `door.py` and `join_pages.py` do.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.attempts import Attempts
from bot.beacons import WORDS, Beacons, Heard
from bot.clock import Clock
from bot.comings import EVERY
from bot.door import Door, Entry, Visit
from bot.embeds import build_policy, find_origin, find_rules
from bot.errors import RoomServiceBusy
from bot.handing import Handed
from bot.join_html import build_room_text, render_page, render_room
from bot.join_pages import (
    Face,
    Page,
    build_forged,
    build_not_ready,
    build_page,
    build_too_many,
    build_trouble,
    build_unknown,
    words_of_visitor,
)
from bot.links import Standing, is_token, new_token
from bot.rooms.base import Embed
from bot.words import Words, words_for

log = structlog.get_logger("hallpass.door")

PATH: Final = "/join/{token}"
ROOM_PATH: Final = "/join/{token}/room"
HERE_PATH: Final = "/join/{token}/here"
LONGEST_WORD: Final = 16
"""Bytes; a page says "joined" or "left"."""
STATUSES: Mapping[Face, int] = {
    Face.READY: 200,
    Face.COMES_BACK: 200,
    Face.TOO_EARLY: 200,
    Face.USED_ELSEWHERE: 409,
    Face.TOO_LATE: 410,
    Face.REPLACED: 410,
    Face.REVOKED: 410,
    Face.CANCELLED: 410,
    Face.OVER: 410,
    Face.UNKNOWN: 404,
    Face.FORGED: 403,
    Face.TOO_MANY: 429,
    Face.TROUBLE: 503,
    Face.BUSY: 503,
    Face.NOT_READY: 503,
}
ANSWERS: Mapping[Heard, int] = {
    Heard.KEPT: 204,
    Heard.UNKNOWN: 404,
    Heard.NOT_THEIRS: 403,
    Heard.SHUT: 410,
    Heard.TOO_OFTEN: 429,
}
WELCOME: Final = (Standing.FINE, Standing.COMES_BACK, Standing.TOO_EARLY)
"""Who stands like this gets the cookie by which their browser is known."""
GUARDED: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PAUSE: Final = timedelta(seconds=5)
"""Before one should try again what did not work."""
NO_FEATURES: Final = "camera=(), microphone=(), geolocation=(), display-capture=()"


class JoinWeb:
    """The routes below `public_url` (with its closing slash)."""

    def __init__(
        self, *, door: Door, beacons: Beacons, clock: Clock, public_url: str, attempts: Attempts | None = None
    ) -> None:
        self._door = door
        self._beacons = beacons
        self._clock = clock
        self._origin = find_origin(public_url)
        self._is_secure = self._origin.startswith("https:")
        self._attempts = attempts or Attempts()
        self._handed = Handed()

    def list_routes(self) -> list[Route]:
        """Starlette answers HEAD by the same functions."""
        return [
            Route(PATH, self._guard(self.show), methods=["GET"]),
            Route(PATH, self._guard(self.press), methods=["POST"]),
            Route(ROOM_PATH, self._guard(self.show_room), methods=["GET"]),
            Route(HERE_PATH, self._guard(self.hear), methods=["POST"]),
        ]

    def _guard(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Whatever goes wrong, somebody who wants to come in reads a page and not a bare word."""

        async def guarded(request: Request) -> Response:
            wait = self._attempts.find_wait(_address_of(request), now=self._clock.machine_now())
            if wait is not None:
                return self._answer(build_too_many(_words_of(request), wait=wait), retry_after=wait)
            try:
                return await answer(request)
            except Exception:
                log.exception("join_page_failed")
                return self._answer(build_not_ready(_words_of(request)))

        return guarded

    async def show(self, request: Request) -> Response:
        """The page, as things stand."""
        token = request.path_params["token"]
        visit = await self._door.look(token, self._find_browser(request))
        if visit is None:
            return self._answer_unknown(request)
        return self._answer_visit(request, visit)

    async def press(self, request: Request) -> Response:
        """Join was pressed."""
        token = request.path_params["token"]
        if not self._is_from_our_page(request):
            return self._answer(build_forged(_words_of(request)))
        if not self._door.is_ready:
            return self._answer(build_not_ready(_words_of(request)))
        known = self._find_browser(request)
        browser = known or new_token()
        outcome = await self._door.come_in(token, browser, visitor_address=_address_of(request))
        if outcome is None:
            return self._answer_unknown(request)
        if isinstance(outcome, Visit):
            return self._answer_visit(request, outcome, browser=browser)
        response = self._answer_entry(request, outcome, hands_over=known is not None)
        self._keep_browser(response, request, outcome.visit, browser)
        return response

    async def show_room(self, request: Request) -> Response:
        """The room itself, where it runs inside a page of ours. Each time another way in, unless one was just made."""
        token = request.path_params["token"]
        visit = await self._door.look(token, self._find_browser(request))
        if visit is None:
            return self._answer_unknown(request)
        if visit.standing is not Standing.COMES_BACK or not self._door.is_ready:
            return _send_on(f"../{token}")
        if request.method == "HEAD" or request.headers.get("sec-purpose", "").startswith("prefetch"):
            return Response(status_code=204, headers=dict(GUARDED))
        launch = self._handed.take(visit.link.id, now=self._clock.machine_now())
        if launch is not None:
            entry = Entry(visit=visit, launch=launch)
        else:
            entry = await self._door.enter(visit, visitor_address=_address_of(request))
        return self._answer_entry(request, entry, hands_over=False)

    async def hear(self, request: Request) -> Response:
        """What the page of a room says of itself. Nobody reads the answer but its script."""
        if not self._is_from_our_page(request):
            return _answer_nothing(403)
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_WORD:
            return _answer_nothing(413)
        word = (await request.body()).decode("ascii", errors="replace")
        if word not in WORDS:
            return _answer_nothing(400)
        heard = await self._beacons.hear(
            request.path_params["token"], self._find_browser(request), word, address=_address_of(request)
        )
        if heard is Heard.UNKNOWN:
            self._attempts.note(_address_of(request), now=self._clock.machine_now())
        return _answer_nothing(ANSWERS[heard])

    def _answer_entry(self, request: Request, entry: Entry, *, hands_over: bool) -> Response:
        """On to the room, or why not. `hands_over`: a room of ours gets an address that can be reloaded."""
        launch, visit = entry.launch, entry.visit
        if launch is None:
            return self._answer_trouble(request, entry)
        if launch.embed is None:
            return _send_on(launch.url)
        if hands_over:
            self._handed.keep(visit.link.id, launch, now=self._clock.machine_now())
            return _send_on(f"{request.path_params['token']}/room")
        return self._answer_room(request, visit, launch.embed)

    def _answer_trouble(self, request: Request, entry: Entry) -> Response:
        visit, trouble = entry.visit, entry.trouble
        is_busy = isinstance(trouble, RoomServiceBusy)
        page = build_trouble(visit.details, visit.seat, is_busy=is_busy, now=self._clock.now())
        return self._answer(
            page,
            action=f"../{request.path_params['token']}" if request.method == "GET" else None,
            retry_after=trouble.retry_after if isinstance(trouble, RoomServiceBusy) else PAUSE,
        )

    def _answer_room(self, request: Request, visit: Visit, embed: Embed) -> Response:
        rules = find_rules(embed)
        if rules is None:
            raise ValueError(f"there is no page for rooms of {embed.page}")
        nonce = secrets.token_urlsafe(16)
        words = words_for(visit.seat.person.locale)
        html = render_room(
            build_room_text(words, title=visit.details.lesson.title),
            words.locale,
            script=rules.script,
            values=embed.values,
            back=f"../{request.path_params['token']}",
            here="here" if request.method == "GET" else f"{request.path_params['token']}/here",
            every=EVERY,
            nonce=nonce,
        )
        headers = {
            **GUARDED,
            "Content-Security-Policy": build_policy(embed, rules, nonce=nonce),
            "Permissions-Policy": ", ".join(f"{feature}=(self)" for feature in rules.uses),
        }
        return HTMLResponse(html, headers=headers)

    def _answer_visit(self, request: Request, visit: Visit, *, browser: str | None = None) -> Response:
        page = build_page(
            visit.details, visit.seat, visit.link, visit.standing, team_id=visit.team_id, now=self._clock.now()
        )
        response = self._answer(page)
        if visit.standing in WELCOME:
            self._keep_browser(response, request, visit, browser or self._find_browser(request) or new_token())
        return response

    def _answer_unknown(self, request: Request) -> Response:
        self._attempts.note(_address_of(request), now=self._clock.machine_now())
        return self._answer(build_unknown(_words_of(request)))

    def _answer(self, page: Page, *, action: str | None = None, retry_after: timedelta = PAUSE) -> Response:
        """`action`: where the page's button leads, if not to the page itself."""
        nonce = secrets.token_urlsafe(16)
        html = render_page(page, action=action, nonce=nonce)
        headers = {
            **GUARDED,
            "Content-Security-Policy": self._build_policy(nonce),
            "Permissions-Policy": NO_FEATURES,
        }
        status = STATUSES[page.face]
        if status in (429, 503):
            headers["Retry-After"] = str(-(-retry_after // timedelta(seconds=1)))
        return HTMLResponse(html, status_code=status, headers=headers)

    def _build_policy(self, nonce: str) -> str:
        # Where a form's answer sends the browser on, Chromium and Safari hold that address too against `form-action`.
        onward = "https:" if self._is_secure else "https: http:"
        return (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; "
            f"form-action 'self' {onward}; base-uri 'none'; frame-ancestors 'none'"
        )

    def _is_from_our_page(self, request: Request) -> bool:
        """Was the form sent by a page of ours? Browsers say so themselves, and no page can make them say otherwise.

        Older ones only tell the origin, and since our page tells nobody where somebody came from, they say "null".
        Whoever sends neither is no browser that somebody else's page could use.
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")  # none: the person themself, such as by loading the page again
        return request.headers.get("origin") in (None, "null", self._origin)

    def _find_browser(self, request: Request) -> str | None:
        value = request.cookies.get(self._name_cookie(request), "")
        return value if is_token(value) else None

    def _keep_browser(self, response: Response, request: Request, visit: Visit, browser: str) -> None:
        """Until the window closes. `__Host-`: only by https, only to this host, from no other host."""
        seconds = (visit.link.closes_at - self._clock.now()) // timedelta(seconds=1)
        response.set_cookie(
            self._name_cookie(request),
            browser,
            max_age=max(seconds, 1),
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def _name_cookie(self, request: Request) -> str:
        """One for each link, with nothing of the token in its name."""
        short = hashlib.sha256(b"cookie " + request.path_params["token"].encode()).hexdigest()[:12]
        return f"{'__Host-' if self._is_secure else ''}hallpass-{short}"


def _answer_nothing(status: int) -> Response:
    return Response(status_code=status, headers=dict(GUARDED))


def _send_on(address: str) -> Response:
    """To a room, or by a relative path, since whatever stands before us may have put us below one of its own."""
    return RedirectResponse(address, status_code=303, headers=dict(GUARDED))


def _address_of(request: Request) -> str:
    """The visitor's, as far as it is known: a proxy's word counts only where uvicorn was told to believe it."""
    return request.client.host if request.client else ""


def _words_of(request: Request) -> Words:
    return words_of_visitor(request.headers.get("accept-language", ""))
