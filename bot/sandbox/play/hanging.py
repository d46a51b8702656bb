"""What hangs in the gallery, as the stand-in holds what was sent: drawn like that, judged like that. Pure.

States that come out alike are one picture, however many there are. Nothing that is hung can be sent anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from babel import Locale
from markupsafe import Markup

from bot.blocks import Message as Sent
from bot.join_html import RoomText, render_page, render_room
from bot.join_pages import Page
from bot.sandbox.gallery.exhibits import Exhibit, Shown, State
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import NOW
from bot.sandbox.play.directory import Directory, Listed
from bot.sandbox.play.rendering import render_message, render_view
from bot.sandbox.play.slots import Viewer
from bot.sandbox.slack.messages import Message, fill_ids
from bot.sandbox.slack.views import OpenView
from bot.sandbox.slack.wording import Reader
from bot.words import words_for

_FRESH_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(kw_only=True)
class Picture:
    """One state drawn, with the names of all that look the same."""

    names: list[str]
    number: int
    """Of its state among the exhibit's."""
    fragment: Markup
    """Empty for a page, which is a document of its own."""
    json: str = field(repr=False)
    """As Slack's Block Kit Builder takes it."""


def build_viewer(names: Sequence[str] = (), *, zone: str = "Europe/Berlin", locale: str = "en-GB") -> Viewer:
    """Somebody who can choose people of these names, U0 and up, and one channel."""
    people = {f"U{number}": name for number, name in enumerate(names)}
    listed = tuple(Listed(id=its_id, name=name) for its_id, name in people.items())
    channels = (Listed(id="C1", name="lessons", sort="public"),) if names else ()
    known = people | {channel.id: channel.name for channel in channels}
    reader = Reader(zone=zone, locale=locale, now=NOW, find_name=known.get)
    return Viewer(reader=reader, directory=Directory(people=listed, conversations=channels))


def build_party_viewer(party: Party) -> Viewer:
    """Somebody of this party: they see its people, and more who are not in the lesson."""
    names = [party.name(number) for number in range(party.learner_count + 20)]
    return build_viewer(names, zone=party.zone, locale=str(words_for(party.locale).locale).replace("_", "-"))


def list_pictures(exhibit: Exhibit, party: Party) -> list[Picture]:
    """Everything that this exhibit can be like, once each, in its states' order."""
    viewer = build_party_viewer(party)
    pictures: dict[str, Picture] = {}
    for number, state in enumerate(exhibit.list_states(party)):
        written = write_json(state.shown)
        key = _FRESH_ID.sub("", json.dumps([written, dict(state.errors)]))
        if key in pictures:
            pictures[key].names.append(state.name)
            continue
        hung = hang(state, number)
        fragment = Markup() if hung is None else render_hung(hung, viewer)
        pictures[key] = Picture(
            names=[state.name], number=number, fragment=fragment, json="" if hung is None else written
        )
    return list(pictures.values())


def write_json(shown: Shown) -> str:
    """A message or view as JSON; of a page what it says."""
    if isinstance(shown, Sent):
        return json.dumps({"text": shown.text, "blocks": shown.blocks}, ensure_ascii=False, indent=2)
    return json.dumps(shown, ensure_ascii=False, indent=2) if isinstance(shown, dict) else repr(shown)


def hang(state: State, number: int = 0) -> Message | OpenView | None:
    """The message or view as the stand-in would hold it; None for a page. Fills in ids in what was built."""
    shown = state.shown
    if isinstance(shown, Sent):
        blocks = fill_ids(shown.blocks)
        return Message(channel_id="D1", ts=f"{number}.0", user_id="B1", text=shown.text, blocks=blocks)
    if not isinstance(shown, dict):
        return None
    view = OpenView(id=f"V{number}", user_id="U0", given={}, root_view_id=f"V{number}")
    view.show(shown)
    view.errors = dict(state.errors)
    return view


def list_hung(states: Iterable[tuple[str, State]]) -> Iterable[tuple[str, Message | OpenView]]:
    """All messages and views among these by name, once each."""
    seen: set[str] = set()
    for number, (name, state) in enumerate(states):
        key = _FRESH_ID.sub("", write_json(state.shown))
        if key not in seen and (hung := hang(state, number)) is not None:
            seen.add(key)
            yield name, hung


def render_hung(what: Message | OpenView, viewer: Viewer) -> Markup:
    """Either, as its fragment."""
    return render_message(what, viewer) if isinstance(what, Message) else render_view(what, viewer, covers=False)


def render_document(shown: Page | RoomText, locale: Locale, *, nonce: str) -> str:
    """A page as its visitor gets it; a room's without its script."""
    if isinstance(shown, Page):
        return render_page(shown, action="#", nonce=nonce)
    every = timedelta(minutes=1)
    return render_room(shown, locale, script="here.js", values={}, back="#", here="#", every=every, nonce=nonce)
