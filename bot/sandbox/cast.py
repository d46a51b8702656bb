"""The school's people and their channel: the same in the demo's story and on the page where anybody can be them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.people import UserKind

DAY = date(2026, 11, 23)
"""On which everything in the school happens; a Monday."""
ZONE = ZoneInfo("Europe/Berlin")
"""The leader's; the school's clock is told in it."""

ROLES = {
    "ada": "leads lessons",
    "gwen": "office manager",
    "hana": "learner",
    "ben": "learner",
    "cara": "learner",
    "dina": "learner",
    "emil": "guest",
    "finn": "learner",
    "ines": "admin",
}
"""What each of them is in the school."""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who is in it."""

    ada: Actor
    ben: Actor
    cara: Actor
    dina: Actor
    emil: Actor
    finn: Actor
    gwen: Actor
    hana: Actor
    ines: Actor
    channel: Conversation

    @property
    def participants(self) -> list[Actor]:
        return [self.ben, self.cara, self.dina, self.emil, self.finn]

    @property
    def everybody(self) -> list[Actor]:
        """Whoever gets a link of the first lesson."""
        return [self.ada, *self.participants]

    def invite(self, seats: int | None) -> list[Actor]:
        """The leader, and of the participants those for whom a room has seats: who comes twice, late and not at all."""
        few = [self.cara, self.dina, self.finn]
        return self.everybody if seats is None or seats >= len(self.everybody) else [self.ada, *few[: seats - 1]]

    @property
    def people(self) -> dict[str, Actor]:
        """All of them by what they are called here, the leader first."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: person for name, person in named.items() if isinstance(person, Actor)}


def add_cast(school: School) -> Cast:
    """The people of the school come into the workspace, and the channel that one of them looks after."""
    ada, gwen = school.add("Ada"), school.add("Gwen")
    return Cast(
        ada=ada,
        ben=school.add("Ben"),
        cara=school.add("Cara", zone="America/New_York"),
        dina=school.add("Dina", zone="Asia/Kolkata"),
        emil=school.add("Emil", zone="Europe/London", kind=UserKind.GUEST),
        finn=school.add("Finn"),
        gwen=gwen,
        hana=school.add("Hana"),
        ines=school.add("Ines", kind=UserKind.ADMIN),
        channel=school.slack.add_channel("lessons", [ada.user, gwen.user]),
    )


def at(clock: str) -> datetime:
    """That time of the leader's day."""
    return datetime.combine(DAY, time.fromisoformat(clock), ZONE)
