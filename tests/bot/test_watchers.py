"""Who may watch and who may read: each rule, for everybody who may ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.watchers import Rights, Watchers, rights_of
from storage.records import Role
from tests.records import make_details, make_lesson, make_person, make_seat

ADA, BEN, OSCAR, OLGA, CARA, DAN = (make_person(name) for name in ("Ada", "Ben", "Oscar", "Olga", "Cara", "Dan"))
LESSON = make_lesson(booked_by=OLGA.id)
DETAILS = replace(
    make_details(
        LESSON,
        make_seat(LESSON, ADA, Role.LEADER),
        make_seat(LESSON, BEN),
        make_seat(LESSON, OSCAR, Role.OBSERVER),
        booked_by=OLGA,
    ),
    removed=(make_seat(LESSON, CARA, Role.LEADER),),
)
"""Ada leads, Ben learns, Oscar looks on; Olga booked, Cara was taken out, Dan has nothing to do with it."""


@pytest.mark.parametrize(
    # the rule; who may watch by it, admins aside
    ("watchers", "may_watch"),
    [
        (Watchers.LEADERS, {"Ada"}),
        (Watchers.PARTICIPANTS, {"Ada", "Ben", "Oscar"}),
        (Watchers.ADMINS, set()),
    ],
)
def test_who_may_watch_is_the_workspaces_to_say(watchers: Watchers, may_watch: set[str]) -> None:
    """What was said is its leaders' alone, whatever the rule; who booked or was taken out has nothing."""
    people = (ADA, BEN, OSCAR, OLGA, CARA, DAN)
    rights = {one.name: rights_of(DETAILS, one, watchers=watchers, is_admin=False) for one in people}

    assert may_watch == {name for name, one in rights.items() if one.watches}
    assert {"Ada"} == {name for name, one in rights.items() if one.reads}


@pytest.mark.parametrize("watchers", Watchers)
def test_admins_may_always(watchers: Watchers) -> None:
    """Also where they took no part."""
    assert Rights(watches=True, reads=True) == rights_of(DETAILS, DAN, watchers=watchers, is_admin=True)
