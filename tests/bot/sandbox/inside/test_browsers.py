"""Everybody's browsers in one: a host name for each device of each person."""

from __future__ import annotations

import pytest

from bot.sandbox.inside.browsers import PHONE, Browser, find_owner

OURS = "http://127.0.0.1:8710"


def test_a_device_has_a_name_for_people_and_a_host() -> None:
    """And whose it is can be read off the host."""
    phone = Browser(owner="Ben", device=PHONE)

    assert ("Ben’s phone", "ben-phone", "ben-phone.localhost") == (phone.name, phone.label, phone.host)
    assert "ben" == find_owner("ben-phone.localhost:8710")


@pytest.mark.parametrize("host", ["127.0.0.1:8710", "localhost", "ben-phone.example", "ben-fridge.localhost", ""])
def test_other_hosts_are_nobody_s(host: str) -> None:
    """Nor is a device that nobody has."""
    assert "" == find_owner(host)


@pytest.mark.parametrize(("owner", "label"), [("Zoë Ann", "zo-ann-laptop"), ("王", "somebody-laptop")])
def test_a_host_has_only_what_a_host_may_have(owner: str, label: str) -> None:
    """Letters of ASCII, digits and hyphens."""
    assert label == Browser(owner=owner).label


def test_an_address_of_ours_is_led_to_the_device_s_host() -> None:
    """Port, path and query stay; the label goes along behind the "#", for where a redirect leads."""
    led = Browser(owner="Ben").lead(f"{OURS}/join/token?a=b", origins={OURS})

    assert "http://ben-laptop.localhost:8710/join/token?a=b#ben-laptop" == led


@pytest.mark.parametrize(
    "url", ["https://example.org/", "http://127.0.0.1:9/join", "https://127.0.0.1:8710/", "mailto:a"]
)
def test_any_other_address_is_left_alone(url: str) -> None:
    """Of another host, port or scheme."""
    assert Browser(owner="Ben").lead(url, origins={OURS}) is None
