"""What is said when something came to nothing: true, and with what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.sandbox.play.saying import DONE, Act, say_outcome
from bot.sandbox.slack.deliveries import Answer, DeliveryKind, Trouble
from bot.sandbox.slack.outcomes import Outcome


def build_outcome(trouble: Trouble | None, *, status: int | None = None) -> Outcome:
    answer = Answer(
        kind=DeliveryKind.COMMAND, name="/lesson", status=status, body={}, trouble=trouble, taken=timedelta(0)
    )
    return Outcome(answer=answer, trouble=trouble)


def test_what_went_well_says_nothing() -> None:
    """The page shows it."""
    assert DONE == say_outcome(build_outcome(None, status=200), Act.PRESS)


def test_what_is_wrong_with_a_field_is_said_there() -> None:
    """The first of them is named, so that the page goes there; what was typed stays."""
    said = say_outcome(Outcome(errors={"length": "Type whole minutes.", "title": "Shorter."}), Act.SEND)

    assert ("", "length", False) == (said.text, said.wrong, said.is_done)


@pytest.mark.parametrize(
    ("trouble", "act", "words"),
    [
        (Trouble.TIMEOUT, Act.PRESS, ["Slack: operation_timeout.", "may have done it", "press again"]),
        (Trouble.TIMEOUT, Act.COMMAND, ["/lesson failed with the error “operation_timeout”", "type it again"]),
        (Trouble.TIMEOUT, Act.SEND, ["We had some trouble connecting. Try again?", "What you typed is still here."]),
        (Trouble.CONNECTION, Act.CHOOSE, ["connection_failed", "could not be reached", "choose it again"]),
        (Trouble.STATUS, Act.PRESS, ["http_error", "status 500", "its log"]),
        (Trouble.UNREADABLE, Act.SEND, ["invalid_response", "a fault of Hallpass"]),
    ],
)
def test_trouble_is_said_in_slacks_words_and_in_plain_ones(trouble: Trouble, act: Act, words: list[str]) -> None:
    """What happened, what is known of it, and what to do."""
    said = say_outcome(build_outcome(trouble, status=500), act, what="/lesson")

    assert [] == [one for one in words if one not in said.text]
    assert not said.is_done


@pytest.mark.parametrize("trouble", [Trouble.CONNECTION, Trouble.TIMEOUT])
def test_without_a_bot_it_says_where_to_start_one(trouble: Trouble) -> None:
    """And only claims that nothing arrived where nothing can have."""
    said = say_outcome(build_outcome(trouble), Act.PRESS, is_running=False)

    assert said.text.startswith("Hallpass is not running: start it under Trouble.")
    assert ("Nothing reached it." in said.text) is (trouble is Trouble.CONNECTION)


def test_a_message_is_brought_again_by_slack() -> None:
    """It stands in the conversation, so it need not be typed again."""
    said = say_outcome(build_outcome(Trouble.TIMEOUT), Act.WRITE)

    assert said.is_done
    assert "again by itself" in said.text
