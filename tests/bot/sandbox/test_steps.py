"""The account of the demo's steps."""

from __future__ import annotations

import pytest

from bot.sandbox.steps import Account, Step


def test_what_nobody_confirms_is_missing() -> None:
    """In the order of the story, whatever the order in which the others came."""
    account = Account()
    for step in reversed(Step):
        if step not in (Step.SUMMED_UP, Step.BOOKED):
            account.confirm(step)

    assert account.list_missing() == [Step.BOOKED, Step.SUMMED_UP]


def test_a_step_happens_once() -> None:
    """A second time would hide that another step was forgotten."""
    account = Account()
    account.confirm(Step.BOOKED)

    with pytest.raises(ValueError, match="BOOKED"):
        account.confirm(Step.BOOKED)


def test_every_step_says_something_of_its_own() -> None:
    """An enum makes two members with one value the same one, and a step would be lost."""
    names = list(Step.__members__)

    assert names == [step.name for step in Step]
