"""What tests of room services share: the report of the contract suite, at the end of a run in which it was tried."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.bot.rooms.contract import Ledger
from tests.bot.rooms.trials import PLACES, Trial, keeper_of, open_trial

_LEDGER = pytest.StashKey[Ledger]()


@pytest.fixture(params=list(PLACES))
async def trial(request: pytest.FixtureRequest) -> AsyncIterator[Trial]:
    """Each service in turn. Whoever is tried, and for what, is told to the report."""
    async with open_trial(request.param) as trial:
        for marker in request.node.iter_markers("promise"):
            told = {
                "service": request.param,
                "promise": marker.args[0].value,
                "keeper": keeper_of(trial, marker.args[0]).value,
            }
            request.node.user_properties += told.items()
        yield trial


def pytest_configure(config: pytest.Config) -> None:
    """Whoever is tried tells it here."""
    config.stash[_LEDGER] = ledger = Ledger()
    config.pluginmanager.register(_Scribe(ledger))


class _Scribe:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.failed:
            name = report.location[2].partition("[")[0]
            self._ledger.note(dict(report.user_properties), test=name, is_good=report.passed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A line for each service and promise."""
    lines = config.stash[_LEDGER].write()
    if lines:
        terminalreporter.section("what every room service promises")
        for line in lines:
            terminalreporter.line(line)
