"""The contract suite's report: a line for each service and promise, and no promise that nobody tries."""

from __future__ import annotations

from bot.rooms.base import Capabilities
from tests.acceptance import test_every_service
from tests.bot.rooms import test_contract, test_contract_failures
from tests.bot.rooms.contract import Facts, Keeper, Ledger, Promise, find_keeper

FACTS = Facts(finds_room_by_name=False, own_windows=False)
BETWEEN = {
    Promise.REPEAT,
    Promise.AGAIN,
    Promise.SEATS,
    Promise.LONG,
    Promise.PRESENCE,
    Promise.REPORTS,
    Promise.RECORDING,
    Promise.TRANSCRIPT,
    Promise.DOWN,
    Promise.REFUSING,
    Promise.BUSY,
    Promise.NONSENSE,
}
"""What is between Hallpass and the service, and no person meets as such."""


def tell(service: str, promise: Promise, keeper: Keeper, **more: object) -> dict[str, object]:
    return {"service": service, "promise": promise, "keeper": keeper, **more}


def test_every_promise_is_tried() -> None:
    """By one test at least, with every service."""
    tests = [*vars(test_contract).values(), *vars(test_contract_failures).values()]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", ()) if mark.name == "promise"]

    assert {mark.args[0] for mark in marks} == set(Promise)


def test_every_promise_that_a_person_meets_is_tried_through_the_app() -> None:
    """What is left to the contract suite alone is between Hallpass and the service."""
    marks = [mark for test in vars(test_every_service).values() for mark in getattr(test, "pytestmark", ())]

    assert {mark.args[0] for mark in marks if mark.name == "promise"} == set(Promise) - BETWEEN


def test_a_line_says_who_keeps_it_and_whether_it_held() -> None:
    """In the order of promises, services by name; a broken one names its tests, each once."""
    ledger = Ledger()
    ledger.note(tell("Videsk", Promise.END, Keeper.PROVIDER), test="test_end", is_good=True)
    ledger.note(tell("Videsk", Promise.OPENS, Keeper.PROVIDER), test="test_early", is_good=False)
    ledger.note(tell("Videsk", Promise.OPENS, Keeper.PROVIDER), test="test_early", is_good=False)
    ledger.note(tell("Loop", Promise.REVOKE, Keeper.HALLPASS), test="test_old", is_good=True)
    ledger.note(tell("Loop", Promise.OPENS, Keeper.HALLPASS), test="test_early", is_good=True)
    ledger.note(tell("Loop", Promise.OPENS, Keeper.HALLPASS, whole=True), test="test_whole", is_good=True)
    ledger.note(tell("Loop", Promise.SINGLE_USE, Keeper.HALLPASS, whole=True), test="test_used", is_good=True)
    ledger.note(
        tell("Loop", Promise.SINGLE_USE, Keeper.HALLPASS, whole=True, lacks="press"), test="test_used", is_good=True
    )
    ledger.note({}, test="test_of_something_else", is_good=False)

    assert ledger.write() == [
        "Service  Promise                     Kept by   In this run",
        "Loop     not before the window       Hallpass  held (2, also through the app)",
        "Loop     opens in one browser only   Hallpass  held (2, also through the app, not by press)",
        "Loop     the old link is shut        Hallpass  left to us (1)",
        "Videsk   not before the window       provider  BROKEN: test_early",
        "Videsk   End now puts everybody out  provider  held (1)",
    ]


def test_a_run_without_the_suite_reports_nothing() -> None:
    """Not even a heading."""
    assert Ledger().write() == []


def test_what_no_capability_states_is_hallpass_s_or_nobody_s() -> None:
    """Nothing is the provider's that it does not say it does, but the way in itself and its failures."""
    keepers = {promise: find_keeper(promise, Capabilities(), FACTS) for promise in Promise}

    assert keepers[Promise.SINGLE_USE] is keepers[Promise.OPENS] is Keeper.HALLPASS
    assert keepers[Promise.RECORDING] is keepers[Promise.END] is Keeper.NOBODY
    assert keepers[Promise.LAUNCH] is keepers[Promise.DOWN] is Keeper.PROVIDER
