"""Join pages as HTTP answers: status, headers, cookies, and where the browser is sent. It judges and words nothing.

Every answer here is kept nowhere, framed by nobody and found by no search, and tells no other site where somebody came
from. A browser is known by a cookie, one for each link, with nothing of the token in its name.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.clock import Clock
from bot.comings import EVERY
from bot.door import Entry, Visit
from bot.embeds import build_policy, find_origin, find_rules
from bot.errors import RoomServiceBusy
from bot.handing import Handed
from bot.join_html import build_room_text, render_page, render_room
from bot.join_pages import Face, Page, build_trouble, words_of_visitor
from bot.links import is_token
from bot.rooms.base import Embed
from bot.words import Words, words_for

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
    Face.SOMEBODY_ELSE: 403,
    Face.NOT_SIGNED_IN: 403,
    Face.TOO_MANY: 429,
    Face.TROUBLE: 503,
    Face.BUSY: 503,
    Face.NOT_READY: 503,
}
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


class JoinAnswers:
    """Answers about links whose pages are below `public_url`. Addresses are relative, since whatever stands before us
    may have put us below one of its own: `page` is where the link's page is, seen from where the answer is read.
    """

    def __init__(self, *, clock: Clock, public_url: str) -> None:
        self._clock = clock
        self.origin = find_origin(public_url)
        self._is_secure = self.origin.startswith("https:")
        self.handed = Handed()

    def answer_entry(self, entry: Entry, *, page: str, hands_over: bool, here: str | None = None) -> Response:
        """On to the room, or why not. `hands_over`: a room of ours gets an address that can be reloaded."""
        launch, visit = entry.launch, entry.visit
        if launch is None:
            return self._answer_trouble(entry, page=page)
        if launch.embed is None:
            return send_on(launch.url)
        if hands_over:
            self.handed.keep(visit.link.id, launch, now=self._clock.machine_now())
            return send_on(f"{page}/room")
        return self._answer_room(visit, launch.embed, page=page, here=here or f"{page}/here")

    def _answer_trouble(self, entry: Entry, *, page: str) -> Response:
        visit, trouble = entry.visit, entry.trouble
        is_busy = isinstance(trouble, RoomServiceBusy)
        return self.answer(
            build_trouble(visit.details, visit.seat, is_busy=is_busy, now=self._clock.now()),
            action=page,
            retry_after=trouble.retry_after if isinstance(trouble, RoomServiceBusy) else PAUSE,
        )

    def _answer_room(self, visit: Visit, embed: Embed, *, page: str, here: str) -> Response:
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
            back=page,
            here=here,
            every=EVERY,
            nonce=nonce,
        )
        headers = {
            **GUARDED,
            "Content-Security-Policy": build_policy(embed, rules, nonce=nonce),
            "Permissions-Policy": ", ".join(f"{feature}=(self)" for feature in rules.uses),
        }
        return HTMLResponse(html, headers=headers)

    def answer(self, page: Page, *, action: str | None = None, retry_after: timedelta = PAUSE) -> Response:
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

    def find_browser(self, request: Request, token: str) -> str | None:
        """Which browser it is, for this link; None: not seen before."""
        value = request.cookies.get(self._name_cookie(token), "")
        return value if is_token(value) else None

    def keep_browser(self, response: Response, token: str, visit: Visit, browser: str) -> None:
        """Until the window closes."""
        self._set_cookie(response, self._name_cookie(token), browser, lives=visit.link.closes_at - self._clock.now())

    def find_sign_in(self, request: Request, state: str) -> str:
        """What the browser kept while it was at Slack; empty: nothing."""
        return request.cookies.get(self._name_cookie(state), "")

    def keep_sign_in(self, response: Response, state: str, kept: str, *, lives: timedelta) -> None:
        """`kept`: sealed, so that nobody can make one. An empty one is forgotten at once."""
        self._set_cookie(response, self._name_cookie(state), kept, lives=lives)

    def _set_cookie(self, response: Response, name: str, value: str, *, lives: timedelta) -> None:
        """`__Host-` in its name: only by https, only to this host, from no other host."""
        response.set_cookie(
            name,
            value,
            max_age=max(lives // timedelta(seconds=1), 1) if value else 0,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )

    def _name_cookie(self, token: str) -> str:
        short = hashlib.sha256(b"cookie " + token.encode()).hexdigest()[:12]
        return f"{'__Host-' if self._is_secure else ''}hallpass-{short}"


def answer_nothing(status: int) -> Response:
    """A status, and the headers of every answer."""
    return Response(status_code=status, headers=dict(GUARDED))


def send_on(address: str) -> Response:
    """To a room, or by a relative path."""
    return RedirectResponse(address, status_code=303, headers=dict(GUARDED))


def is_only_looking(request: Request) -> bool:
    """HEAD, or a browser that fetches ahead: nobody is there yet."""
    return request.method == "HEAD" or request.headers.get("sec-purpose", "").startswith("prefetch")


def address_of(request: Request) -> str:
    """The visitor's, as far as it is known: a proxy's word counts only where uvicorn was told to believe it."""
    return request.client.host if request.client else ""


def words_of(request: Request) -> Words:
    """For whoever nothing is known of but their browser."""
    return words_of_visitor(request.headers.get("accept-language", ""))
