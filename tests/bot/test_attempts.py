"""Misses count by address in a sliding window; memory stays small."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.attempts import Attempts, network_of
from tests.records import NOW

HERE, THERE = "192.0.2.1", "192.0.2.2"


def test_an_address_waits_until_its_first_miss_is_old() -> None:
    """Then it may try once more, and another address never waited."""
    attempts = Attempts(most=3, window=timedelta(minutes=5))
    for minute in (0, 1, 2):
        assert attempts.find_wait(HERE, now=NOW + timedelta(minutes=minute)) is None
        attempts.note(HERE, now=NOW + timedelta(minutes=minute))

    assert timedelta(minutes=2) == attempts.find_wait(HERE, now=NOW + timedelta(minutes=3))
    assert attempts.find_wait(THERE, now=NOW + timedelta(minutes=3)) is None
    assert attempts.find_wait(HERE, now=NOW + timedelta(minutes=5)) is None
    attempts.note(HERE, now=NOW + timedelta(minutes=5))
    assert timedelta(minutes=1) == attempts.find_wait(HERE, now=NOW + timedelta(minutes=5))


def test_only_the_latest_addresses_are_kept() -> None:
    """Whoever comes from a million addresses fills no memory."""
    attempts = Attempts(most=1, most_addresses=2)
    for address in (HERE, THERE, "192.0.2.3"):
        attempts.note(address, now=NOW)

    assert attempts.find_wait(HERE, now=NOW) is None
    assert attempts.find_wait(THERE, now=NOW) is not None


@pytest.mark.parametrize(
    "address, expected",
    [
        (HERE, HERE),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::", "2001:0db8:0001:0002"),
        ("::ffff:192.0.2.1", HERE),
        ("unix:", "unix:"),
    ],
)
def test_one_house_is_one_visitor(address: str, expected: str) -> None:
    """However many addresses of IPv6 it has; what is no address at all stands for itself."""
    assert expected == network_of(address)
