"""The account of the demo's steps."""

from __future__ import annotations

import pytest

from bot.sandbox.steps import Account, Step


def test_what_nobody_tells_of_was_not_reached() -> None:
    """In the order of the story, whatever the order in which the others came; what was missed is listed apart."""
    account = Account()
    account.miss(Step.WARNED)
    account.miss(Step.FORM_OPENED)
    for step in reversed(Step):
        if step not in (Step.SUMMED_UP, Step.BOOKED, Step.WARNED, Step.FORM_OPENED):
            account.confirm(step)

    assert account.list_not_reached() == [Step.BOOKED, Step.SUMMED_UP]
    assert account.list_missed() == [Step.FORM_OPENED, Step.WARNED]
    assert not account.is_whole()


def test_only_all_steps_make_it_whole() -> None:
    """Also where every step but one happened, or one happened and was missed too."""
    account, last = Account(), list(Step)[-1]
    for step in Step:
        if step is not last:
            account.confirm(step)

    assert not account.is_whole()
    account.confirm(last)
    assert account.is_whole()
    account.miss(last)
    assert not account.is_whole()


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
