"""A conversation as its page shows it: the newest messages, each drawn once for as long as nothing about it changes.

Messages stand in the order in which their threads began, replies below what they answer. A thread that was answered
lately is there however old it is. Nothing is remembered of who looks; what is drawn is kept by all that it depends on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from markupsafe import Markup

from bot.sandbox.play.acting import build_message_address
from bot.sandbox.play.offers import Offers
from bot.sandbox.play.person import Person
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_message, render_page
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.messages import Message

NEWEST = 50
"""Messages that a page begins with."""
KEPT = 5_000
"""Drawn messages that are remembered: a hundred windows' worth."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One message, drawn: an element with this id."""

    id: str
    html: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a page shows of a conversation."""

    items: tuple[Item, ...]
    earlier_count: int
    """Messages that stand before them."""


class Conversations:
    """Draws them."""

    def __init__(self, playground: Playground, offers: Offers) -> None:
        self._playground = playground
        self._offers = offers
        self._drawn: OrderedDict[Hashable, str] = OrderedDict()

    def draw(self, person: Person, place: Conversation, *, newest: int = NEWEST) -> Shown:
        """The newest messages as this person sees them; private answers only where they are theirs."""
        chosen = _choose(person, place, newest)
        workspace = person.workspace
        names = hash(tuple((user.id, user.real_name) for user in workspace.users.values()))
        depends = (self._playground.number, names, len(workspace.conversations), person.way_of_reading)
        there = sum(not message.is_deleted for message in place.messages)
        return Shown(
            items=tuple(Item(id=name_item(one), html=self._draw_item(person, one, depends)) for one in chosen),
            earlier_count=max(0, there - sum(one.ephemeral_to is None for one in chosen)),
        )

    def _draw_item(self, person: Person, message: Message, depends: Hashable) -> str:
        inputs = repr(message.inputs) if message.inputs else ""
        key = (depends, message.channel_id, message.ts, len(message.revisions), message.edited_ts, inputs)
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        drawn = self._drawn[key] = str(self._render(person, message)).strip()
        if len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)
        return drawn

    def _render(self, person: Person, message: Message) -> Markup:
        workspace = person.workspace
        came_at = self._playground.postmarks.find(message)
        is_today = came_at is not None and person.reader.to_local(came_at).date() == (
            person.reader.to_local(person.now).date()
        )
        form = "{time}" if is_today else "{date_short_pretty} {time}"
        return render_page(
            "post.html",
            id=name_item(message),
            message=message,
            offers=self._offers,
            user_id=person.user.id,
            author=workspace.find_name(message.user_id) or "Somebody",
            is_app=message.user_id == workspace.app.bot_user_id,
            is_reply=message.thread_ts not in (None, message.ts),
            came_at=came_at,
            came=person.tell_time(came_at, form=form) if came_at else "",
            body=render_message(message, person.viewer, action=build_message_address(person.user.id, message)),
            file=self._playground.school.slack.uploads.find_of(message),
        )


def name_item(message: Message) -> str:
    """Its element's id; without the dot, which would have to be escaped wherever the element is sought."""
    return f"m-{message.channel_id}-{message.ts.replace('.', '-')}"


def _choose(person: Person, place: Conversation, newest: int) -> list[Message]:
    """The newest messages with what they answer, each thread together."""
    private = (one for one in reversed(place.ephemeral) if one.ephemeral_to == person.user.id)
    latest = [*islice(_list_there(reversed(place.messages)), newest), *islice(_list_there(private), newest)]
    chosen = {one.ts: one for one in sorted(latest, key=lambda one: one.ts)[-newest:]}
    for answer in list(chosen.values()):
        root = place.find(answer.thread_ts) if answer.thread_ts else None
        if root is not None:
            chosen[root.ts] = root
    return sorted(chosen.values(), key=lambda one: (one.thread_ts or one.ts, one.ts))


def _list_there(messages: Iterable[Message]) -> Iterator[Message]:
    return (message for message in messages if not message.is_deleted)
