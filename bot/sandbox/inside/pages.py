"""The documents of stand-in rooms, and the scripts that draw them. The stand-ins' only user of Jinja.

A document holds no secret but its own address; it loads nothing from elsewhere, and looking at it spends nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

_FOLDER = Path(__file__).with_name("pages")
_PAGES = Environment(
    loader=PackageLoader("bot.sandbox.inside", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_KINDS = {".js": "text/javascript", ".css": "text/css"}
_GUARDED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def answer_room(template: str, *, title: str, script: str, facts: Mapping[str, str] | None = None) -> web.Response:
    """A room's page. `script`: the file that comes in and shows it; `facts`: what that needs to know."""
    html = _PAGES.get_template(template).render(title=title, script=f"/inside/{script}", facts=facts or {})
    return _answer(html, 200)


def answer_page(
    title: str, *lines: str, people: Iterable[str] = (), note: str = "A stand-in’s page.", status: int = 200
) -> web.Response:
    """A page that is only read."""
    html = _PAGES.get_template("page.html").render(title=title, lines=lines, people=list(people), note=note)
    return _answer(html, status)


def list_file_routes(*names: str, below: str = "/inside") -> list[web.RouteDef]:
    """The files of these names, for pages of any origin, as scripts are that others embed."""
    return [web.get(f"{below}/{name}", _serve) for name in names]


async def _serve(request: web.Request) -> web.StreamResponse:
    file = _FOLDER / request.path.rpartition("/")[2]
    text = await asyncio.to_thread(file.read_text, encoding="utf-8")
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "no-cache",
    }
    return web.Response(text=text, content_type=_KINDS[file.suffix], headers=headers)


def _answer(html: str, status: int) -> web.Response:
    return web.Response(text=html, status=status, content_type="text/html", headers=_GUARDED)
