"""What every test stands on: an environment that says nothing about Slack, room services, proxies or us."""

from __future__ import annotations

import os

import pytest

from tests import budget

CLEANED = ("SLACK_", "HALLPASS_", "LESSONSPACE_", "VIDESK_", "AGORA_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

# Once, before any test module is imported: what a developer has exported must neither help nor break a test.
for _name in [name for name in os.environ if name.upper().startswith(CLEANED)]:
    del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option of ours."""
    parser.addoption("--examples", type=int, help="examples for each random walk, instead of the few it has by itself")


def pytest_configure(config: pytest.Config) -> None:
    """Before test modules are imported, since they say their budgets as they are."""
    budget.asked_for = config.getoption("--examples")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A longer search takes as long as it takes."""
    if config.getoption("--examples"):
        for item in items:
            item.add_marker(pytest.mark.timeout(0))
