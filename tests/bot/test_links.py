"""Tokens are long and found by their digest; a stored link is judged in one order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.links import Standing, digest_of, is_same, is_token, judge, new_token
from storage.records import LessonState, LinkWay, Role
from tests.records import ENDS_AT, NOW, STARTS_AT, make_lesson, make_link, make_participant, make_person

ONE = digest_of("one browser")
OTHER = digest_of("another browser")
USED = {"redeemed_at": STARTS_AT, "redeemed_by": ONE}


def judged(
    *, at: Any = STARTS_AT, browser: bytes | None = ONE, lesson: Any = None, place: Any = None, **link: Any
) -> Standing:
    booked = make_lesson(**(lesson or {}))
    participant = make_participant(booked, make_person("Ben"), Role.LEARNER, **(place or {}))
    stored = make_link(participant, **{"number": 1, "way": LinkWay.PAGE, "url_sealed": None, **link})
    return judge(stored, lesson=booked, participant=participant, now=at, browser_digest=browser)


def test_a_token_holds_192_bits_and_fits_into_an_address() -> None:
    """No two alike, 32 characters that need no escaping."""
    tokens = {new_token() for _ in range(1000)}

    assert len(tokens) == 1000
    assert all(is_token(token) for token in tokens)


@pytest.mark.parametrize("text", ["", "short", "x" * 31, "x" * 33, "x" * 31 + "!", "x" * 31 + "\n", "ä" * 32])
def test_what_is_no_token_is_seen_at_once(text: str) -> None:
    """Nothing has to be looked up for it."""
    assert not is_token(text)


def test_a_digest_tells_nothing_and_is_always_the_same() -> None:
    """32 bytes; another token has another one; none is a browser that redeemed nothing."""
    assert digest_of("a") == digest_of("a") != digest_of("b")
    assert len(digest_of(new_token())) == 32
    assert [True, False, False] == [is_same(ONE, ONE), is_same(ONE, OTHER), is_same(ONE, None)]


@pytest.mark.parametrize(
    "facts, expected",
    [
        ({}, Standing.FINE),
        ({"browser": None}, Standing.FINE),
        ({"at": STARTS_AT - timedelta(minutes=10)}, Standing.FINE),
        ({"at": STARTS_AT - timedelta(minutes=10, microseconds=1)}, Standing.TOO_EARLY),
        ({"at": ENDS_AT + timedelta(minutes=29)}, Standing.FINE),
        ({"at": ENDS_AT + timedelta(minutes=30)}, Standing.TOO_LATE),
        (USED, Standing.COMES_BACK),
        ({**USED, "browser": OTHER}, Standing.USED_ELSEWHERE),
        ({**USED, "browser": None}, Standing.USED_ELSEWHERE),
        ({**USED, "at": NOW}, Standing.TOO_EARLY),  # the lesson was moved after they were in
        ({**USED, "browser": OTHER, "at": ENDS_AT + timedelta(hours=1)}, Standing.TOO_LATE),
        ({"place": {"link_number": 2}}, Standing.REPLACED),
        ({"place": {"link_number": 2}, "revoked_at": NOW}, Standing.REPLACED),
        ({"revoked_at": NOW}, Standing.REVOKED),
        ({"place": {"removed_at": NOW, "link_number": 2}}, Standing.REVOKED),
        ({"lesson": {"state": LessonState.CANCELLED}, "place": {"removed_at": NOW}}, Standing.CANCELLED),
        ({"lesson": {"state": LessonState.ENDED}, **USED}, Standing.OVER),
        ({"lesson": {"state": LessonState.LIVE}}, Standing.FINE),
    ],
)
def test_a_link_is_judged_by_what_matters_most(facts: dict[str, Any], expected: Standing) -> None:
    """Lesson, then place, then number, then window, then whose browser it is."""
    assert expected is judged(**facts)
