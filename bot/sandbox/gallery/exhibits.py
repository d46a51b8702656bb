"""What hangs in the gallery: exhibits by subject, each in every state. They are built when somebody looks.

An exhibit is one message, form or page; a state is what it is like for one party at one moment of one lesson.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.blocks import Message
from bot.join_html import RoomText
from bot.join_pages import Page
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.scenes import list_scenes
from storage.records import LessonDetails

View = dict[str, Any]
Shown = Message | View | Page | RoomText


@dataclass(frozen=True, kw_only=True)
class State:
    """One picture. `how` and `scene` say which; either may be empty."""

    shown: Shown = field(repr=False)  # may hold a join link
    how: str = ""
    scene: str = ""
    """The lesson that it is about."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with a form's fields, by block."""

    @property
    def name(self) -> str:
        """Of this state among its exhibit's; several may share it."""
        return f"{self.how}: {self.scene}" if self.how and self.scene else self.how or self.scene


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One thing that people can be shown, and all its states."""

    name: str
    list_states: Callable[[Party], Iterator[State]]

    def name_state(self, state: State) -> str:
        """In full: "leader's card, before the start: booked"."""
        return f"{self.name}{', ' if state.how else ': ' if state.scene else ''}{state.name}"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Exhibits that belong together."""

    name: str
    exhibits: tuple[Exhibit, ...]


def list_each_scene(
    show: Callable[[Party, LessonDetails], Iterator[State]], *, of: Callable[[LessonDetails], bool] = lambda _: True
) -> Callable[[Party], Iterator[State]]:
    """The states of something that is about one lesson: `show`'s, of a lesson in each state in which it is shown."""

    def list_states(party: Party) -> Iterator[State]:
        for scene, details in list_scenes(party).items():
            for state in show(party, details) if of(details) else ():
                yield State(shown=state.shown, how=state.how, scene=scene, errors=state.errors)

    return list_states


def name_each(*shown: Shown) -> Iterator[State]:
    """States that need no word to tell them apart."""
    return (State(shown=one) for one in shown)
