"""Hawk's signatures, against what others computed."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.rooms.hawk import (
    Challenge,
    Credentials,
    build_header,
    build_mac,
    derive_credentials,
    is_session_token,
    parse_challenge,
    read_server_time,
)

TOKEN = "a0" * 32
OURS = derive_credentials(TOKEN)
AT = datetime(2030, 3, 4, 15, 0, 0, 900_000, tzinfo=UTC)


def test_a_token_s_id_and_key_are_those_of_the_reference_page() -> None:
    """The key is hex text."""
    assert OURS.id == "528388630acc8a6a62f6898882530da220fad59464acb3546bd48c84ed72dc07"
    assert OURS.key == "1af60a59e9b04981523075296f90a3d82b00d5c007d33b9fd4e29cffb1d5b603"


def test_a_signature_is_that_of_the_protocol_s_own_example() -> None:
    """Of Hawk's README: host, port, path with parameters, ext."""
    example = Credentials(id="dh37fgj492je", key="werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn")

    mac = build_mac(
        example,
        method="get",
        url="http://Example.com:8000/resource/1?b=1&a=2",
        ts="1353832234",
        nonce="j4h3g2",
        ext="some-app-ext-data",
    )

    assert mac == "6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE="


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("https://loop.example/rooms", "https://loop.example:443/rooms"),
        ("http://loop.example", "http://loop.example:80/"),
        ("http://[::1]:5000/v0", "http://[::1]:5000/v0"),
    ],
)
def test_what_an_address_leaves_out_is_signed_all_the_same(short: str, whole: str) -> None:
    """Its port and its path."""
    macs = [build_mac(OURS, method="GET", url=url, ts="1", nonce="n") for url in (short, whole)]

    assert macs[0] == macs[1]


@pytest.mark.parametrize(
    "change",
    [{"method": "PUT"}, {"url": "http://x.example/b"}, {"url": "http://y.example/a"}, {"ts": "2"}, {"nonce": "m"}],
    ids=str,
)
def test_everything_that_is_signed_counts(change: dict[str, str]) -> None:
    """Another request has another signature."""
    request = {"method": "GET", "url": "http://x.example/a", "ts": "1", "nonce": "n"}

    assert build_mac(OURS, **request) != build_mac(OURS, **{**request, **change})


def test_a_header_says_who_when_and_proves_it() -> None:
    """Whole seconds; the key is not in it."""
    header = build_header(OURS, method="GET", url="http://x.example/a", at=AT, nonce="n")
    mac = build_mac(OURS, method="GET", url="http://x.example/a", ts="1898866800", nonce="n")

    assert header == f'Hawk id="{OURS.id}", ts="1898866800", nonce="n", mac="{mac}"'
    assert OURS.key not in header


@pytest.mark.parametrize("text", ["", "a0" * 31, "A0" * 32, "g0" * 32, "a0" * 32 + "\n"])
def test_what_is_no_token_is_refused_without_repeating_it(text: str) -> None:
    """It may be half a secret."""
    assert not is_session_token(text)
    with pytest.raises(ValueError) as caught:
        derive_credentials(text)
    assert "a0" not in str(caught.value)


def test_no_repr_shows_the_key() -> None:
    """Nor the proof of a time."""
    assert OURS.key not in repr(OURS)
    assert "proof" not in repr(Challenge(ts="1", tsm="proof"))


def prove(ts: str) -> str:
    """As a server does it, in the words of the protocol."""
    return base64.b64encode(hmac.digest(OURS.key.encode(), f"hawk.1.ts\n{ts}\n".encode(), "sha256")).decode()


def test_a_server_s_time_is_read_where_it_is_proved() -> None:
    """As `WWW-Authenticate` has it."""
    challenge = parse_challenge(f'Hawk ts="1898866800", tsm="{prove("1898866800")}", error="Stale timestamp"')

    assert challenge
    assert read_server_time(challenge, OURS) == AT.replace(microsecond=0)
    assert read_server_time(replace(challenge, ts="1898866801"), OURS) is None
    assert read_server_time(challenge, derive_credentials("b0" * 32)) is None


@pytest.mark.parametrize("ts", [None, "soon", "-1", "9" * 30, "²"])
def test_a_time_that_is_none_is_not_read(ts: str | None) -> None:
    """Though it were proved."""
    assert read_server_time(Challenge(ts=ts, tsm=prove(ts or "")), OURS) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hawk", Challenge()), ("hawk error=x", Challenge()), ("Basic realm", None), ("", None), ("Token,Hawk", None)],
)
def test_what_a_challenge_does_not_say_is_none(text: str, expected: Challenge | None) -> None:
    """And another scheme's is not ours."""
    assert parse_challenge(text) == expected
