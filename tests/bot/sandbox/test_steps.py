"""The account of the demo's steps."""

from __future__ import annotations

import pytest

from bot.rooms.base import Capabilities
from bot.sandbox.steps import NEEDS, Account, Step, list_left_out, list_steps
from bot.sandbox.venues import BROCHURES


def test_what_nobody_tells_of_was_not_reached() -> None:
    """In the order of the story, whatever the order in which the others came; what was missed is listed apart."""
    account = Account(tuple(Step))
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
    account, last = Account(tuple(Step)), list(Step)[-1]
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
    account = Account([Step.BOOKED])
    account.confirm(Step.BOOKED)

    with pytest.raises(ValueError, match="BOOKED"):
        account.confirm(Step.BOOKED)


def test_every_step_says_something_of_its_own() -> None:
    """An enum makes two members with one value the same one, and a step would be lost."""
    names = list(Step.__members__)

    assert names == [step.name for step in Step]


def test_a_step_that_was_not_promised_does_not_happen() -> None:
    """A chapter that forgets to ask what the room service can do is found out."""
    account = Account([Step.BOOKED])

    assert not account.promises(Step.WATCHED)
    with pytest.raises(ValueError, match="WATCHED was not promised"):
        account.confirm(Step.WATCHED)


def test_every_step_is_promised_somewhere() -> None:
    """Also those that only one kind of room service has; most of them everywhere."""
    promised = [set(list_steps(one.capabilities)) for one in BROCHURES.values()]

    assert set(Step) == set.union(*promised)
    assert set(Step) - set(NEEDS) == set.intersection(*promised)


def test_what_a_service_cannot_do_is_said_and_not_promised() -> None:
    """Nothing of a service that can do everything."""
    everything = BROCHURES["lessonspace"].capabilities

    assert [] == list_left_out(everything)
    assert 4 == len(list_left_out(Capabilities()))
    assert Step.WATCHED in list_steps(everything)
    assert Step.WATCHED not in list_steps(Capabilities(recording=True))
