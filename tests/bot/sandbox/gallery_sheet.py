"""The gallery as one HTML page to look at.

`python -m tests.bot.sandbox.gallery_sheet OUT.html [everyday|longest] [WORD…]`

With words, only what has one of them in its name. What is sent alike in several states is shown once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bot.sandbox.play.directory import Directory, Listed
from bot.sandbox.play.rendering import render_message, render_sheet, render_view
from bot.sandbox.play.slots import Viewer
from bot.sandbox.slack.messages import Message, fill_ids
from bot.sandbox.slack.views import OpenView
from bot.sandbox.slack.wording import Reader
from tests.bot.gallery import CASTS, Cast, list_messages, list_views
from tests.records import NOW


def build_viewer(*names: str, zone: str = "Europe/Berlin", locale: str = "en-GB") -> Viewer:
    """Somebody who can choose people of these names, U0 and up, and no channel."""
    people = {f"U{number}": name for number, name in enumerate(names)}
    listed = tuple(Listed(id=its_id, name=name) for its_id, name in people.items())
    reader = Reader(zone=zone, locale=locale, now=NOW, find_name=people.get)
    return Viewer(reader=reader, directory=Directory(people=listed))


def list_shown(cast: Cast) -> Iterator[tuple[str, Message | OpenView]]:
    """Everything in the gallery as the stand-in holds it; once, however many states have it."""
    seen: set[str] = set()
    for number, (name, sent) in enumerate(list_messages(cast)):
        if _is_new(seen, [sent.text, sent.blocks]):
            blocks = fill_ids(sent.blocks)
            yield name, Message(channel_id="D1", ts=f"{number}.0", user_id="B1", text=sent.text, blocks=blocks)
    for number, (name, given) in enumerate(list_views(cast)):
        if _is_new(seen, given):
            view = OpenView(id=f"V{number}", user_id="U0", given={}, root_view_id=f"V{number}")
            view.show(given)
            yield name, view


def _is_new(seen: set[str], sent: Any) -> bool:
    written = json.dumps(sent, sort_keys=True)
    is_new = written not in seen
    seen.add(written)
    return is_new


def render_shown(what: Message | OpenView, viewer: Viewer) -> Markup:
    """Either, as its fragment."""
    return render_message(what, viewer) if isinstance(what, Message) else render_view(what, viewer)


def list_parts(cast: Cast, words: list[str]) -> Iterator[tuple[str, Markup]]:
    viewer = build_viewer("Ada Lane", "Ben Okoro", "Cara Novak")
    for name, what in list_shown(cast):
        if not words or any(word in name for word in words):
            yield name, render_shown(what, viewer)


def main(out: str, cast: str = "everyday", *words: str) -> None:
    page = render_sheet("Gallery", list(list_parts(CASTS[cast], list(words))))
    Path(out).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
