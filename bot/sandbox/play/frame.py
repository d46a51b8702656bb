"""The page that everything stands in: whose eyes it has, their conversations, the one that is open, a form over it,
and the school's panels. Drawn in regions, each one element with its id, so that a live page changes by region.

Nothing is done here: what somebody presses is for others. A panel that fails is told in its place, and the rest stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from markupsafe import Markup

from bot.manifest import load_manifest
from bot.sandbox.play.acting import build_view_address
from bot.sandbox.play.conversations import NEWEST, Conversations, Shown
from bot.sandbox.play.offers import read_offers
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.person import Person, find_person, list_people, name_city, name_role
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page, render_view
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.views import OpenView

log = structlog.get_logger("hallpass.play")

MESSAGES = "messages"
"""The id of the list that holds a conversation's messages."""


class NobodyThere(Exception):
    """Nobody here has that id, or they are not in that conversation."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a page shows as of now: regions by their ids, and the messages of the open conversation."""

    regions: dict[str, str] = field(default_factory=dict)
    shown: Shown | None = None
    """None: the Home tab is open."""


class Frame:
    """Draws pages. `top` panels stand above the conversation, the others beside it."""

    def __init__(self, playground: Playground, panels: Sequence[Panel], *, top: Sequence[Panel] = ()) -> None:
        self._playground = playground
        self._panels = panels
        self._top = top
        self._offers = read_offers(load_manifest())
        self._conversations = Conversations(playground, self._offers)
        self._views: dict[tuple[object, ...], str] = {}
        self._people: dict[str, tuple[tuple[object, ...] | None, str]] = {}

    async def draw(self, looking: Looking, *, newest: int = NEWEST) -> Drawing:
        """Everything that changes. What is shown counts as read. NobodyThere for who or what is not there."""
        around = await self.draw_around(looking)
        near = await self.draw_near(looking, newest=newest)  # after waiting for the panels: all of it is one instant
        return Drawing(regions=near.regions | around.regions, shown=near.shown)

    async def draw_around(self, looking: Looking) -> Drawing:
        """The panels, which may have to look things up, and where else one could be; what is open counts as read."""
        panels = {panel.id: await _draw_panel(panel, looking) for panel in (*self._top, *self._panels)}
        person, place = self.find(looking)
        if place is not None:
            self._playground.readings.note(person.user.id, place)
        return Drawing(
            regions=panels | {"people": self._draw_people(person), "places": self._draw_places(person, place)}
        )

    async def draw_near(self, looking: Looking, *, newest: int = NEWEST) -> Drawing:
        """What somebody acts in: the open conversation or Home, and a form over it. It waits for nothing."""
        person, place = self.find(looking)
        regions = {"modal": self._draw_modal(person)}
        shown = None
        if place is None:
            regions["home"] = self._draw_home(person)
        else:
            shown = self._conversations.draw(person, place, newest=newest)
            earlier = render_page("earlier.html", count=shown.earlier_count, newest=newest, is_empty=not shown.items)
            regions["earlier"] = str(earlier).strip()
        return Drawing(regions=regions, shown=shown)

    async def draw_page(self, looking: Looking, *, newest: int = NEWEST, live: str) -> Markup:
        """The whole document. `live`: where its changes come from."""
        drawing = await self.draw(looking, newest=newest)
        person, place = self.find(looking)
        workspace = person.workspace
        return render_page(
            "frame.html",
            user=person.user,
            place=place,
            place_name=person.name_place(place) if place is not None else "",
            is_direct=place is person.direct,
            workspace=workspace,
            app_name=workspace.find_name(workspace.app.bot_user_id),
            regions={its_id: Markup(html) for its_id, html in drawing.regions.items()},
            messages=Markup(draw_messages(drawing.shown)) if drawing.shown is not None else "",
            top=[panel.id for panel in self._top],
            panels=[panel.id for panel in self._panels],
            live=live,
            offers=self._offers,
        )

    def find(self, looking: Looking) -> tuple[Person, Conversation | None]:
        """Who looks at what; None: at the Home tab."""
        person = find_person(self._playground, looking.user_id)
        if person is None:
            raise NobodyThere(looking.user_id)
        place = person.find_place(looking.channel_id) if looking.channel_id else None
        if looking.channel_id and place is None:
            raise NobodyThere(looking.channel_id)
        return person, place

    def _draw_people(self, person: Person) -> str:
        """Kept while nothing of it changes, as in most drawings: a school may have many people."""
        users = list_people(person.workspace)
        unread = self._playground.readings.count_all(person.workspace)
        counts = tuple((user.id, user.real_name, unread[user.id]) for user in users)
        key = (self._playground.number, person.now.replace(second=0, microsecond=0), counts)
        known, html = self._people.get(person.user.id, (None, ""))
        if known != key:
            people = [
                {
                    "user": user,
                    "role": name_role(user),
                    "city": name_city(user),
                    "time": Person(self._playground.school.slack.as_user(user), person.workspace, person.now).tell_time(
                        person.now
                    ),
                    "unread": unread[user.id],
                }
                for user in users
            ]
            html = str(render_page("people.html", people=people, viewer=person.user)).strip()
            self._people[person.user.id] = (key, html)
        return html

    def _draw_places(self, person: Person, open_place: Conversation | None) -> str:
        places = [
            {
                "place": place,
                "name": person.name_place(place),
                "unread": self._playground.readings.count_unread(person.user.id, place),
            }
            for place in person.list_places()
        ]
        return str(
            render_page(
                "places.html",
                places=places,
                user=person.user,
                direct=person.direct,
                open_place=open_place,
                app_name=person.workspace.find_name(person.workspace.app.bot_user_id),
            )
        ).strip()

    def _draw_modal(self, person: Person) -> str:
        view = person.actor.view
        body = "" if view is None else self._draw_view(person, view)
        return f'<div id="modal">{body}</div>'

    def _draw_home(self, person: Person) -> str:
        view = person.actor.home
        if view is None:
            return '<div id="home"><p class="nothing">Nothing is shown here yet.</p></div>'
        return f'<div id="home">{self._draw_view(person, view)}</div>'

    def _draw_view(self, person: Person, view: OpenView) -> str:
        """A view is large where it offers a hundred people, so the last ones drawn are kept."""
        people = len(person.workspace.users), len(person.workspace.conversations)
        typed = repr(view.inputs), repr(view.errors)
        key = (self._playground.number, view.id, view.hash, typed, people, person.way_of_reading)
        if key not in self._views:
            while len(self._views) >= 100:
                self._views.pop(next(iter(self._views)))
            self._views[key] = str(render_view(view, person.viewer, action=build_view_address(view))).strip()
        return self._views[key]


def draw_messages(shown: Shown) -> str:
    """The list of messages as one element."""
    return f'<ol id="{MESSAGES}" class="messages">{"".join(item.html for item in shown.items)}</ol>'


async def _draw_panel(panel: Panel, looking: Looking) -> str:
    try:
        return str(await panel.draw(looking)).strip()
    except Exception:  # whatever is wrong with one panel, people go on with the others, and the log says what it is
        log.exception("panel_failed", panel=panel.id)
        return str(render_page("panel_failed.html", id=panel.id)).strip()
