"""Who may talk to the school's page: this machine's own browser, from the page itself. Nobody is asked to sign in.

Another site open in the same browser can reach loopback too. So what was not addressed to loopback by name is refused
(a name of theirs may lead here: DNS rebinding), whatever comes from another page but a plain link followed, and every
change whose origin is not the page's own. What the page may load is said in its headers.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
HARMLESS = frozenset({"GET", "HEAD"})
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
USUAL_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer that does not say otherwise itself."""


class Guard:
    """Stands before everything that the page's server answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # there is none here; their origin would have to be judged too
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in USUAL_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = find_refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_guarded)
        else:
            await PlainTextResponse(f"{refusal}\n", status_code=403)(scope, receive, send_guarded)


def find_refusal(scope: Scope) -> str | None:
    """Why this request is not answered; None: it may go on."""
    headers, port = Headers(scope=scope), scope["server"][1]
    host = headers.get("host", "")
    if host not in {f"{name}:{port}" for name in NAMES}:
        return f"This page is at http://127.0.0.1:{port}/ and has no other name."
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not _is_link(scope["method"], headers):
        return "This was asked for by another page."
    if scope["method"] not in HARMLESS and headers.get("origin") != f"http://{host}":
        return "Only the page itself may change something here."
    return None


def _is_link(method: str, headers: Headers) -> bool:
    """Did somebody follow a plain link to a page of its own?"""
    is_page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return method in HARMLESS and is_page
