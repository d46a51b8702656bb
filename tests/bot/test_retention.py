"""How long things are kept: what may be written, what is refused with which words, and what follows for today."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.retention import OF_LESSONS, PARTS, SHORTEST, YEAR, Retention, list_past
from bot.retention_text import parse_retention
from bot.setting_values import Wrong
from storage.store import Kept
from tests.records import NOW

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "lessons=2y attendance=2y transcripts=90d events=30d audit=2y"),
        ("lessons=3y", "lessons=3y attendance=2y transcripts=90d events=30d audit=2y"),
        ("transcripts=2w, events=8d", "lessons=2y attendance=2y transcripts=14d events=8d audit=2y"),
        ("LESSONS=60d", "lessons=60d attendance=60d transcripts=60d events=30d audit=2y"),
        ("lessons=forever", "lessons=forever attendance=2y transcripts=90d events=30d audit=2y"),
        (
            "lessons=forever attendance=forever",
            "lessons=forever attendance=forever transcripts=90d events=30d audit=2y",
        ),
        ("forever", " ".join(f"{part}=forever" for part in PARTS)),
    ],
)
def test_what_may_be_written(text: str, shown: str) -> None:
    """Parts in any case and order, with commas or without; what is not named never outlives its lesson."""
    assert shown == str(parse_retention(text))


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("2y", "names something that is not kept", "write it like lessons=2y"),
        ("names=2y", "names something that is not kept", "write it like lessons=2y"),
        ("lessons=2y lessons=3y", "names lessons twice", "name it once"),
        ("audit=2", "gives audit no time", "write it like 30d, 12w, 2y or forever"),
        ("audit=12m", "gives audit no time", "write it like 30d"),
        ("audit=-2y", "gives audit no time", "write it like 30d"),
        ("audit=2y forever", "names something that is not kept", "write it like"),
        ("events=7d", "gives events a time out of range", "use 8d to 100y: for a week after a lesson"),
        ("audit=101y", "gives audit a time out of range", "use 8d to 100y"),
        ("attendance=3y", "keeps attendance longer than the lessons", "keep attendance for 2y at most, or lessons for"),
        ("lessons=1y transcripts=forever", "keeps transcripts longer than", "keep transcripts for 1y at most"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, what: str, mend: str) -> None:
    """Which part, what is wrong with it, and what to write."""
    with pytest.raises(Wrong) as caught:
        parse_retention(text)

    assert caught.value.what.startswith(what)
    assert caught.value.mend.startswith(mend)


times = st.one_of(st.none(), st.integers(SHORTEST.days, 100 * 365).map(timedelta))


@given(st.tuples(times, times, times, times, times))
def test_what_is_shown_reads_back_as_the_same(chosen: tuple[timedelta | None, ...]) -> None:
    """`doctor` shows what could be written; or the order of what hangs on lessons is broken, which is refused."""
    retention = Retention(**dict(zip(PARTS, chosen, strict=True)))
    longest = timedelta.max if retention.lessons is None else retention.lessons
    is_sound = all((getattr(retention, part) or timedelta.max) <= longest for part in OF_LESSONS)

    if is_sound:
        assert retention == parse_retention(str(retention))
    else:
        with pytest.raises(Wrong, match="longer than the lessons"):
            parse_retention(str(retention))


def test_what_is_past_today() -> None:
    """By the lesson clock, people by the machine's; nothing of a part that stays for ever."""
    machine_now = NOW - 400 * DAY
    past = list_past(
        Retention(lessons=YEAR, attendance=YEAR, transcripts=None, events=30 * DAY, audit=None),
        now=NOW,
        machine_now=machine_now,
    )

    assert {
        Kept.EVENTS: NOW - 30 * DAY,
        Kept.DELIVERIES: NOW - 30 * DAY,
        Kept.ATTENDANCE: NOW - YEAR,
        Kept.LESSONS: NOW - YEAR,
        Kept.ROOMS: NOW - DAY,
        Kept.PEOPLE: machine_now - 30 * DAY,
    } == {one.kind: one.before for one in past}
    assert [machine_now - YEAR] == [one.settled_before for one in past if one.settled_before]
    assert Kept.PEOPLE is past[-1].kind


def test_nobody_with_preferences_goes_while_lessons_stay() -> None:
    """Kept for ever means that they are too."""
    (people,) = [
        one for one in list_past(parse_retention("forever"), now=NOW, machine_now=NOW) if one.kind is Kept.PEOPLE
    ]

    assert people.settled_before is None
