"""Which words a summary wears, for whom: drawn anew as long as anything of it may still come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.drawing import Drawer, find_former
from bot.watchers import Watchers
from storage.records import CardKind, HeldSession, LessonDetails, LessonState, NoticeKind, Person, Produced, Role
from storage.sealing import Sealer, new_key
from tests.records import (
    ENDS_AT,
    STARTS_AT,
    make_card,
    make_details,
    make_lesson,
    make_notice,
    make_person,
    make_seat,
    make_totals,
)

ADA, BEN, CARA, OLGA = (make_person(name) for name in ("Ada", "Ben", "Cara", "Olga"))
LESSON = make_lesson(booked_by=CARA.id, state=LessonState.ENDED, ended_at=ENDS_AT)
DETAILS = replace(
    make_details(
        LESSON, make_seat(LESSON, ADA, Role.LEADER), make_seat(LESSON, BEN), booked_by=CARA, totals=make_totals(LESSON)
    ),
    removed=(make_seat(LESSON, CARA, Role.LEADER),),
    sessions=(
        HeldSession(
            workspace_id=LESSON.workspace_id,
            lesson_id=LESSON.id,
            session_id="s1",
            started_at=STARTS_AT,
            ended_at=ENDS_AT,
            recording=Produced.READY,
        ),
    ),
)
"""Ada leads Ben; Cara booked it, led it too, and was taken out. There is a recording."""


def draw(person: Person | None, **rules: Any) -> set[str]:
    """What this person's summary, or the channel's, offers."""
    drawer = Drawer(sealer=Sealer([new_key()]), service_name="Roomy", **rules)
    changes: dict[str, Any] = {"channel_id": "C1"} if person is None else {}
    notice = make_notice(LESSON, person, kind=NoticeKind.SUMMARY, **changes)
    message = drawer.draw_card(make_card(notice, CardKind.SUMMARY), DETAILS, now=ENDS_AT)
    assert message is not None
    assert message == drawer.draw_notice(notice, DETAILS, now=ENDS_AT)
    return {one["action_id"] for block in message.blocks for one in block.get("elements", []) if "action_id" in one}


@pytest.mark.parametrize(
    # the reader, None for the channel; the rules; what the summary offers
    ("reader", "rules", "offered"),
    [
        (ADA, {}, {"watch", "again"}),
        (ADA, {"find_watchers": lambda: Watchers.ADMINS}, {"again"}),
        (ADA, {"find_watchers": lambda: Watchers.ADMINS, "is_admin": lambda person: person == ADA}, {"watch", "again"}),
        (CARA, {}, {"again"}),
        (None, {"find_watchers": lambda: Watchers.PARTICIPANTS}, set()),
    ],
)
def test_a_summary_offers_its_reader_what_they_may_have(
    reader: Person | None, rules: dict[str, Any], offered: set[str]
) -> None:
    """The same when it is posted and when it is drawn anew."""
    assert offered == draw(reader, **rules)


def test_the_summary_of_who_was_taken_out_stays_alive() -> None:
    """They booked it, and read of it all the same; only their cards of it are over."""

    def is_over(kind: CardKind, details: LessonDetails = DETAILS) -> bool:
        return find_former(make_card(make_notice(LESSON, CARA), kind), details) is not None

    assert (False, True) == (is_over(CardKind.SUMMARY), is_over(CardKind.LEADER))


def test_nobody_asks_who_is_an_admin_before_the_end() -> None:
    """There is nothing to see yet, and a link's card is drawn for everybody at once: the question costs a look."""
    asked: list[Person] = []

    def is_admin(person: Person) -> bool:
        asked.append(person)
        return False

    drawer = Drawer(sealer=Sealer([new_key()]), service_name="Roomy", is_admin=is_admin)
    lesson = make_lesson()
    details = make_details(lesson, make_seat(lesson, ADA, Role.LEADER), make_seat(lesson, BEN))

    drawer.draw_own_card(details, details.seats[1], now=STARTS_AT)

    assert [] == asked
    drawer.draw_own_card(DETAILS, DETAILS.seats[1], now=ENDS_AT)
    assert [BEN] == asked
