"""Join pages as HTML. The bot's only user of Jinja: templates hold structure, never a sentence; facts are escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from babel import Locale
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.join_pages import Page
from bot.words import Words

PAGES = Environment(
    loader=PackageLoader("bot", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


@dataclass(frozen=True, kw_only=True)
class RoomText:
    """What a page says around a provider's room."""

    title: str
    trouble: str
    back: str
    needs_script: str


def build_room_text(words: Words, *, title: str) -> RoomText:
    """In the reader's words."""
    say = words._
    return RoomText(
        title=title,
        trouble=say("You are not in the room."),
        back=say("Back to the lesson’s page"),
        needs_script=say("This room needs JavaScript. Switch it on for this page, then reload it."),
    )


def render_page(page: Page, *, action: str | None = None, nonce: str) -> str:
    """A whole document. `action`: where its button leads; None: to where the page itself is."""
    return PAGES.get_template("join.html").render(page=page, action=action, nonce=nonce, **_tell_language(page.locale))


def render_room(
    room: RoomText,
    locale: Locale,
    *,
    script: str,
    values: Mapping[str, str],
    back: str,
    here: str,
    every: timedelta,
    nonce: str,
) -> str:
    """A provider's room in a page of ours. `values` go into a block of data, where nothing is run.

    `here`: where the page says, so often, that it is open.
    """
    return PAGES.get_template("room.html").render(
        room=room,
        script=script,
        values=dict(values),
        back=back,
        here=here,
        every_seconds=every.total_seconds(),
        nonce=nonce,
        **_tell_language(locale),
    )


def _tell_language(locale: Locale) -> dict[str, str]:
    return {"language": str(locale).replace("_", "-"), "direction": locale.text_direction}
