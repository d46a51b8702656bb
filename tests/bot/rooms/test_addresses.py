"""Addresses that providers tell: only what is safe to press is passed on."""

from __future__ import annotations

import pytest

from bot.rooms.addresses import is_loopback, is_safe_link


@pytest.mark.parametrize(
    "url",
    [
        "https://room.example/space?jwt=1",
        "https://[2001:db8::1]/",
        "http://127.0.0.1:8080/go/1",
        "http://[::1]/go/1",
        "http://localhost:8080/",
    ],
)
def test_encrypted_or_on_this_machine_is_safe(url: str) -> None:
    """Plain http only where it never leaves the machine."""
    assert is_safe_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://room.example/",
        "http://127.0.0.1.example/",
        "javascript:alert(1)",
        "data:text/html,hello",
        "file:///etc/hosts",
        "https://",
        "https://[broken/",
        "https://room.example/ https://other.example/",
        " https://room.example/",
        "https://room.example/\n",
        "//room.example/",
        "/go/1",
    ],
)
def test_everything_else_is_not(url: str) -> None:
    """Also what only looks like an address."""
    assert not is_safe_link(url)


def test_loopback_is_known_by_number_and_by_its_one_name() -> None:
    """All of 127.0.0.0/8, and no name that somebody could register."""
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "localhost"]))
    assert not any(map(is_loopback, ["", "0.0.0.0", "192.0.2.1", "room.localhost.example", "loopback"]))
