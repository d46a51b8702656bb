"""The gallery as pages: an index by subject, a page for each exhibit with every state, and the join pages in frames.

It shows what the functions build that build it for Slack and for browsers, and nothing happens in it: what is pressed
is answered with nothing. Pictures are drawn in a thread, so that the bot beside them goes on.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from babel import Locale
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.blocks import Message
from bot.sandbox.gallery.catalogue import EXHIBITS, SUBJECTS
from bot.sandbox.gallery.exhibits import Exhibit
from bot.sandbox.gallery.party import SIZES, Party, build_party
from bot.sandbox.play.hanging import list_pictures, render_document
from bot.sandbox.play.rendering import render_page
from bot.words import DEFAULT_LOCALE, LONG_PSEUDO_LOCALE, PSEUDO_LOCALE, list_locales, words_for

ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
PSEUDO = {
    PSEUDO_LOCALE: "Marked: what is translated is in ⟦ ⟧",
    LONG_PSEUDO_LOCALE: "Marked, and longer by two fifths",
}
"""No languages: what no translation would reach, and what would not fit."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """For whom the pictures are."""

    size: str = next(iter(SIZES))
    language: str = DEFAULT_LOCALE
    zone: str = ZONES[0]

    @property
    def query(self) -> str:
        """As it stands in an address."""
        return urlencode({"size": self.size, "language": self.language, "zone": self.zone})

    def build_party(self) -> Party:
        return build_party(self.size, locale=self.language, zone=self.zone)


def name_slug(name: str) -> str:
    """A name as it stands in an address."""
    return re.sub(r"[^a-z]+", "-", name.lower().replace("'", "")).strip("-")


BY_SLUG: dict[str, Exhibit] = {name_slug(name): exhibit for name, exhibit in EXHIBITS.items()}


def list_languages() -> dict[str, str]:
    """Each that there is, by locale, and what shows how ready all is for others."""
    names = {one: Locale.parse(one, sep="-").get_display_name("en") or one for one in list_locales()}
    return {**names, **PSEUDO}


class Gallery:
    """The pages of the gallery."""

    def list_routes(self) -> Sequence[BaseRoute]:
        """`/gallery/` and what is below it; the page's guard stands before all of them."""
        return (
            Route("/gallery/", self.show_index),
            Route("/gallery/{slug}", self.show_exhibit, methods=["GET"]),
            Route("/gallery/{slug}", self.ignore, methods=["POST"]),
            Route("/gallery/{slug}/{number:int}", self.show_document),
        )

    async def show_index(self, request: Request) -> Response:
        """What there is."""
        chosen = read_chosen(request)
        if chosen is None:
            return _say_missing()
        subjects = [
            (subject.name, [(name_slug(one.name), one.name) for one in subject.exhibits]) for subject in SUBJECTS
        ]
        page = render_page("gallery.html", subjects=subjects, query=chosen.query, **_list_choices(chosen))
        return HTMLResponse(page)

    async def show_exhibit(self, request: Request) -> Response:
        """One exhibit in every state."""
        slug = request.path_params["slug"]
        exhibit, chosen = BY_SLUG.get(slug), read_chosen(request)
        if exhibit is None or chosen is None:
            return _say_missing()
        pictures = await asyncio.to_thread(list_pictures, exhibit, chosen.build_party())
        page = render_page(
            "exhibit.html",
            exhibit=exhibit.name,
            slug=slug,
            pictures=pictures,
            query=chosen.query,
            language=_tell_language(chosen),
            **_list_choices(chosen),
        )
        # Without a referrer, a browser says of a plain form's origin nothing, and the guard would refuse the press.
        return HTMLResponse(page, headers={"Referrer-Policy": "same-origin"})

    async def ignore(self, request: Request) -> Response:
        """Somebody pressed a button in a picture."""
        return Response(status_code=204)

    async def show_document(self, request: Request) -> Response:
        """One page of a join link, for its frame: nothing in it runs or leads anywhere."""
        exhibit, chosen = BY_SLUG.get(request.path_params["slug"]), read_chosen(request)
        states = [] if exhibit is None or chosen is None else list(exhibit.list_states(chosen.build_party()))
        number = request.path_params["number"]
        shown = states[number].shown if number < len(states) else None
        if chosen is None or shown is None or isinstance(shown, (dict, Message)):
            return _say_missing()
        nonce = secrets.token_urlsafe(16)
        html = render_document(shown, words_for(chosen.language).locale, nonce=nonce)
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; frame-ancestors 'self'; sandbox"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def read_chosen(request: Request) -> Chosen | None:
    """What the address says; what it leaves out is as usual. None: there is no such thing."""
    given = request.query_params
    chosen = Chosen(**{name: given[name] for name in ("size", "language", "zone") if name in given})
    is_there = chosen.size in SIZES and chosen.language in list_languages() and chosen.zone in ZONES
    return chosen if is_there else None


def _list_choices(chosen: Chosen) -> dict[str, object]:
    zones = {zone: zone.replace("_", " ") for zone in ZONES}
    return {
        "choices": [
            ("size", "People", chosen.size, SIZES),
            ("language", "Language", chosen.language, list_languages()),
            ("zone", "Time zone", chosen.zone, zones),
        ]
    }


def _tell_language(chosen: Chosen) -> str:
    return DEFAULT_LOCALE if chosen.language in PSEUDO else chosen.language


def _say_missing() -> Response:
    return PlainTextResponse("Nothing like this hangs in the gallery. Begin again at /gallery/.\n", status_code=404)
