"""What a button carries comes back as it was sent; anything else is not ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presses import Press, read_press
from storage.records import LessonId, LinkId, ParticipantId, Reply, new_id

IDS = st.builds(new_id)


@given(
    st.builds(
        Press,
        lesson_id=IDS.map(LessonId),
        revision=st.none() | st.integers(0, 10**6),
        participant_id=st.none() | IDS.map(ParticipantId),
        link_number=st.none() | st.integers(0, 10**6),
        link_id=st.none() | IDS.map(LinkId),
        reply=st.none() | st.sampled_from(Reply),
    )
)
def test_a_press_comes_back_as_it_was_sent(press: Press) -> None:
    """Whatever it carries; and its text stays far below Slack's 2,000 characters."""
    assert read_press(press.to_value()) == press
    assert len(press.to_value()) < 300


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "lesson",
        "[]",
        "{}",
        '{"lesson_id": 1}',
        '{"lesson_id": "l", "revision": "1"}',
        '{"lesson_id": "l", "revision": true}',
        '{"lesson_id": "l", "revision": false}',
        '{"lesson_id": "l", "link_id": 5}',
        '{"lesson_id": "l", "reply": 5}',
    ],
)
def test_what_is_not_ours_is_nothing(value: str | None) -> None:
    """A value of an older or another app is None, never an error or half a press."""
    assert read_press(value) is None
