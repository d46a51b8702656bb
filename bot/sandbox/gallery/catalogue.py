"""Everything in the gallery, by subject: for the page that shows it, and for tests of what must hold of all of it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.blocks import Message
from bot.join_pages import Page
from bot.sandbox.gallery.cards import CARDS
from bot.sandbox.gallery.exhibits import Exhibit, State, View
from bot.sandbox.gallery.forms import FORMS
from bot.sandbox.gallery.home import HOME
from bot.sandbox.gallery.house import HOUSE
from bot.sandbox.gallery.messages import MESSAGES
from bot.sandbox.gallery.pages import PAGES
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.people import PEOPLE
from bot.sandbox.gallery.recordings import RECORDINGS
from bot.sandbox.gallery.replies import REPLIES

SUBJECTS = (CARDS, MESSAGES, RECORDINGS, REPLIES, FORMS, PEOPLE, HOME, HOUSE, PAGES)
EXHIBITS: dict[str, Exhibit] = {exhibit.name: exhibit for subject in SUBJECTS for exhibit in subject.exhibits}


def list_all(party: Party) -> Iterator[tuple[str, State]]:
    """Every state of every exhibit with its whole name; several states may share one."""
    for exhibit in EXHIBITS.values():
        for state in exhibit.list_states(party):
            yield exhibit.name_state(state), state


def list_messages(party: Party) -> Iterator[tuple[str, Message]]:
    """Every message, by a name that says which."""
    return ((name, state.shown) for name, state in list_all(party) if isinstance(state.shown, Message))


def list_views(party: Party) -> Iterator[tuple[str, View]]:
    """Every modal and Home view, by a name that says which."""
    return ((name, state.shown) for name, state in list_all(party) if isinstance(state.shown, dict))


def list_pages(party: Party) -> Iterator[tuple[str, Page]]:
    """Every page of a join link, by a name that says which."""
    return ((name, state.shown) for name, state in list_all(party) if isinstance(state.shown, Page))
