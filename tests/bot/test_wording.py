"""Codes in words: every one has a sentence of its own and a next step; an unknown one is not hidden."""

from __future__ import annotations

import pytest

from bot.answers import UNREACHABLE
from bot.drafts import Caution, CautionCode, Problem, ProblemCode
from bot.ids import Field
from bot.readers import reader_of
from bot.wording import describe_caution, describe_failure, describe_problem
from bot.words import words_for
from tests.records import ENDS_AT, NOW, STARTS_AT, make_person

WORDS = words_for("en-US")
FACTS: dict[str, str | int] = {"count": 120, "limit": 100, "service": "Lessonspace", "days": 7, "highest": 720}
OURS = ("invited", "room_refused", "room_down", "room_nonsense", "too_late", "unknown_outcome", "link_lost")
SLACKS = (
    "user_disabled",
    "messages_tab_disabled",
    "channel_not_found",
    "user_not_found",
    "restricted_action",
    "is_bot",
    "stranger",
    "not_in_channel",
    "missing_scope",
)
UNEXPLAINED = "Slack says “"


@pytest.mark.parametrize("code", [*OURS, *SLACKS])
def test_every_failure_is_explained_with_a_next_step(code: str) -> None:
    """Two sentences at least: why, and what to do; never the bare code."""
    text = describe_failure(code, WORDS)

    assert code not in text
    assert not text.startswith(UNEXPLAINED)
    assert text.count(". ") >= 1
    assert text.endswith(".")


def test_a_rule_of_the_workspace_is_explained_whatever_its_name() -> None:
    """Slack has many restricted_action_… codes."""
    assert describe_failure("restricted_action_something_new", WORDS) == describe_failure("restricted_action", WORDS)


def test_an_unknown_code_is_shown_with_a_next_step() -> None:
    """For the admin who has to search for it."""
    assert "“weird_error”. Press Try again" in describe_failure("weird_error", WORDS)


def test_most_of_what_makes_somebody_unreachable_is_explained() -> None:
    """The codes that delivery gives up on: those without words of their own concern no person."""
    bare = {code for code in UNREACHABLE if describe_failure(code, WORDS).startswith(UNEXPLAINED)}

    assert bare <= {
        "cannot_reply_to_message",
        "cant_update_message",
        "edit_window_closed",
        "thread_not_found",
        "not_found",
    }


@pytest.mark.parametrize("code", ProblemCode)
def test_every_problem_has_words_of_its_own(code: ProblemCode) -> None:
    """A finished sentence that fits under a field."""
    text = describe_problem(Problem(where=Field.TITLE, code=code, names=("Ada",), facts=FACTS), WORDS)

    assert text.endswith(".")
    assert code.value not in text
    assert text != "This cannot be used. Please change it."


@pytest.mark.parametrize(
    "code, names, expected",
    [
        (ProblemCode.IS_BOT, ("Robo",), "Robo is an app, not a person. Please take it out."),
        (ProblemCode.IS_APP, ("Robo", "Bot"), "Robo and Bot are apps, not people. Please take them out."),
        (ProblemCode.IS_DEACTIVATED, ("Ada",), "Ada has a deactivated Slack account. Please take them out."),
        (
            ProblemCode.NOT_IN_CHANNEL,
            ("maths",),
            "Hallpass is not in #maths yet. Type /invite @Hallpass there, then try again.",
        ),
        (ProblemCode.TOO_MANY_PEOPLE, (), "These are 120 people; a lesson takes 100."),
        (ProblemCode.TOO_MANY_FOR_SERVICE, (), "These are 120 people; a room at Lessonspace takes 100."),
    ],
)
def test_problems_name_what_they_are_about(code: ProblemCode, names: tuple[str, ...], expected: str) -> None:
    """Columns: the code, whom or what it names, the sentence."""
    assert describe_problem(Problem(where=Field.TITLE, code=code, names=names, facts=FACTS), WORDS) == expected


def test_many_names_are_cut_short() -> None:
    """An error under a field is no list of a hundred."""
    names = tuple(f"Learner {number}" for number in range(100))
    text = describe_problem(Problem(where=Field.PARTICIPANTS, code=ProblemCode.IS_UNREACHABLE, names=names), WORDS)

    assert "and 96 more" in text
    assert len(text) < 200


@pytest.mark.parametrize(
    "caution, expected",
    [
        (Caution(code=CautionCode.LEADER_OVERLAP, names=("A&B",)), "A&amp;B has another lesson at that time."),
        (
            Caution(code=CautionCode.PARTICIPANT_OVERLAP, names=("Ada", "Ben"), starts_at=STARTS_AT, ends_at=ENDS_AT),
            "Ada and Ben have another lesson then: <!date^",
        ),
        (
            Caution(code=CautionCode.LEADER_OVERLAP, names=("Ada",), title="<b>", starts_at=STARTS_AT, ends_at=ENDS_AT),
            "Ada has another lesson then: &lt;b&gt;, <!date^",
        ),
        (Caution(code=CautionCode.CHANNEL_HAS_GUESTS, names=("maths",)), "Guests can read #maths;"),
        (Caution(code=CautionCode.CHANNEL_IS_EXTERNAL, names=("maths",)), "People from other organizations can read"),
    ],
)
def test_cautions_say_what_is_doubted(caution: Caution, expected: str) -> None:
    """As mrkdwn, escaped; the other lesson's title only where the reader may know it."""
    reader = reader_of(make_person(), now=NOW)

    assert describe_caution(caution, reader).startswith(expected)


def test_a_caution_about_a_hundred_people_stays_one_line() -> None:
    """Some names and how many more, so that it is never left out of the form for its length."""
    names = tuple("&" * 80 for _ in range(100))
    caution = Caution(
        code=CautionCode.PARTICIPANT_OVERLAP, names=names, title="&" * 80, starts_at=STARTS_AT, ends_at=ENDS_AT
    )
    line = describe_caution(caution, reader_of(make_person(), now=NOW))

    assert "and 97 more" in line
    assert len(line) < 2500
