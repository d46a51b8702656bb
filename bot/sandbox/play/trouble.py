"""What goes wrong in life, as switches: Slack, the room services and their reports, and the bot that dies.

A switch holds until it is switched off, whatever becomes of the bot meanwhile; a fresh school has none on. It only
tells the stand-ins what to do; that they do it, and what the bot makes of it, is everybody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.faults import EVERY_METHOD, Fault
from bot.sandbox.gates import ServiceGate
from bot.sandbox.houses import LESSONSPACE, SHOWN_NAMES
from bot.sandbox.lessonspace.mishaps import EVERY_EVENT, Mishap
from bot.sandbox.play.panels import Looking, Panel, say
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.school import School
from storage.errors import HallpassError

SLOWNESS = timedelta(seconds=2)
RETRY_AFTER_SECONDS = 5
LATENESS = timedelta(minutes=5)
"""Of reports, in lesson time."""
START_PATIENCE_SECONDS = 3.0
"""How long a page waits for the bot to come up before it is told that this takes longer."""
POST = "chat.postMessage"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One thing that can go wrong. `id` is what it is posted to: whom it is about, and what is wrong with them."""

    id: str
    label: str
    means: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """The switches about one party. `is_first`: to be seen without being asked for."""

    name: str
    switches: tuple[Switch, ...]
    is_first: bool = False


SLACK = Group(
    name="Slack",
    switches=(
        Switch(id="slack-slow", label="Slow", means="Every answer takes 2 seconds longer."),
        Switch(id="slack-down", label="Down", means="Every call is answered with 503."),
        Switch(id="slack-busy", label="Too many requests", means="Every call is answered with 429: wait 5 seconds."),
        Switch(
            id="slack-lost",
            label="Answers lost",
            means="Messages are posted, and the answer never comes: Hallpass has to look for them.",
        ),
    ),
    is_first=True,
)
REPORTS = Group(
    name="Reports of who comes and goes",
    switches=(
        Switch(id="reports-lost", label="Lost", means="None of Lessonspace’s webhooks is sent."),
        Switch(id="reports-doubled", label="Doubled", means="Each webhook is sent twice."),
        Switch(id="reports-late", label="Late", means="Each webhook is sent 5 minutes of lesson time later."),
    ),
)


def build_service_group(service: str) -> Group:
    """The switches about one room service."""
    return Group(
        name=SHOWN_NAMES[service],
        switches=(
            Switch(id=f"{service}-slow", label="Slow", means="Every answer takes 2 seconds longer."),
            Switch(id=f"{service}-down", label="Down", means="Every call is answered with 503."),
            Switch(id=f"{service}-refusing", label="Refusing", means="Every call is refused with 403."),
            Switch(id=f"{service}-nonsense", label="Nonsense", means="Every answer is one that nobody can read."),
        ),
        is_first=service == LESSONSPACE,
    )


class Troubles:
    """Which switches are on in the present school, and what the stand-ins are told for it."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._number = 0
        self._on: set[str] = set()

    @property
    def on(self) -> frozenset[str]:
        """The ids of those that are on."""
        return frozenset(self._on if self._number == self._playground.number else ())

    def list_groups(self) -> list[Group]:
        """All that there are in this school."""
        services = [build_service_group(service) for service in _find_services(self._playground.school)]
        return [SLACK, *services, REPORTS]

    def switch(self, switch_id: str, *, is_on: bool) -> tuple[Group, Switch]:
        """Switch it on or off; the same twice is once. LookupError for one that there is not."""
        all_there_are = ((group, one) for group in self.list_groups() for one in group.switches)
        found = next((pair for pair in all_there_are if pair[1].id == switch_id), None)
        if found is None:
            raise LookupError(switch_id)
        self._number, self._on = self._playground.number, {*self.on, switch_id} if is_on else {*self.on} - {switch_id}
        self._apply()
        self._playground.ring()
        return found

    def _apply(self) -> None:
        school = self._playground.school
        self._apply_to_slack(school)
        for service, stand_in in _find_services(school).items():
            stand_in.latency = SLOWNESS if f"{service}-slow" in self._on else timedelta(0)
            fault = self._choose_fault(service)
            stand_in.faults.switch_off(EVERY_METHOD)
            if fault is not None:
                stand_in.faults.switch_on(EVERY_METHOD, fault)
        mishaps = school.lessonspace.webhooks.mishaps
        mishaps.switch_off(EVERY_EVENT)
        mishap = self._choose_mishap()
        if mishap is not None:
            mishaps.switch_on(EVERY_EVENT, mishap)

    def _apply_to_slack(self, school: School) -> None:
        slack = school.slack
        slack.latency = SLOWNESS if "slack-slow" in self._on else timedelta(0)
        slack.faults.switch_off(EVERY_METHOD)
        slack.faults.switch_off(POST)
        fault = self._choose_fault("slack")
        if fault is not None:
            slack.faults.switch_on(EVERY_METHOD, fault)
        elif "slack-lost" in self._on:
            slack.faults.switch_on(POST, Fault.dropping(does_work=True))

    def _choose_fault(self, party: str) -> Fault | None:
        """Where several are on, a call meets the one that leaves least of it."""
        faults = {
            "down": Fault.failing(),
            "busy": Fault.rate_limited(RETRY_AFTER_SECONDS),
            "refusing": Fault.refusing("Forbidden."),
            "nonsense": Fault.garbage(),
        }
        return next((fault for name, fault in faults.items() if f"{party}-{name}" in self._on), None)

    def _choose_mishap(self) -> Mishap | None:
        mishaps = {"lost": Mishap.losing(), "late": Mishap.delaying(LATENESS), "doubled": Mishap.repeating()}
        return next((mishap for name, mishap in mishaps.items() if f"reports-{name}" in self._on), None)


def _find_services(school: School) -> dict[str, ServiceGate]:
    """The room services of this school by their names."""
    return {LESSONSPACE: school.lessonspace} | {name: house.stand_in for name, house in school.houses.items()}


class TroublePanel(Panel):
    """The switches, and the bot's own life."""

    id = "trouble"

    def __init__(self, playground: Playground, troubles: Troubles) -> None:
        self._playground = playground
        self._troubles = troubles

    async def draw(self, looking: Looking) -> Markup:
        on = self._troubles.on
        return render_page(
            "trouble.html",
            id=self.id,
            groups=[(group, _sum_up(group, on)) for group in self._troubles.list_groups()],
            on=on,
            is_running=self._playground.is_running,
            is_starting=self._playground.is_starting,
            state_of_bot=self._tell_state(),
        )

    def _tell_state(self) -> str:
        if self._playground.is_running:
            return "Hallpass is running."
        if self._playground.is_starting:
            return "Hallpass is starting, and waits for Slack to answer."
        return "Hallpass is not running: nothing is sent, and nothing that people press arrives."

    def list_routes(self) -> Sequence[Route]:
        return [
            Route("/trouble/{switch}", self.switch, methods=["POST"]),
            Route("/bot/kill", self.kill, methods=["POST"]),
            Route("/bot/start", self.start, methods=["POST"]),
            Route("/start-over", self.start_over, methods=["POST"]),
        ]

    async def switch(self, request: Request) -> Response:
        """`?on=yes` or `?on=no`."""
        wanted = {"yes": True, "no": False}.get(request.query_params.get("on", ""))
        if wanted is None:
            return say("A switch is on or off.", status=400)
        try:
            group, switch = self._troubles.switch(request.path_params["switch"], is_on=wanted)
        except LookupError:
            return say("There is no such switch here.", status=404)
        named = f"{group.name}, {switch.label.lower()}"
        return say(f"{named}: on. {switch.means}" if wanted else f"{named}: off.")

    async def kill(self, request: Request) -> Response:
        """What is in flight is cut off."""
        if not self._playground.is_running and not self._playground.is_starting:
            return say("Hallpass is not running.", status=409)
        await self._playground.kill_bot()
        return say("Hallpass was killed where it was. What it had stored is still there.")

    async def start(self, request: Request) -> Response:
        """It goes on with what is stored."""
        if self._playground.is_running:
            return say("Hallpass is running.", status=409)
        try:
            async with asyncio.timeout(START_PATIENCE_SECONDS):
                await self._playground.start_bot()
        except TimeoutError:
            return say("Hallpass is starting, and waits for Slack to answer. It asks again and again.")
        except HallpassError as error:
            return say(f"Hallpass does not start: {error}", status=409)
        return say("Hallpass is running again, and goes on where it was.")

    async def start_over(self, request: Request) -> Response:
        """Another school; pages notice by themselves."""
        await self._playground.start_over()
        return say("This is a fresh school.")


def _sum_up(group: Group, on: Iterable[str]) -> str:
    """What is wrong with them, in a word or two."""
    wrong = [switch.label.lower() for switch in group.switches if switch.id in set(on)]
    return ", ".join(wrong) or "all is well"
