"""Agora's tokens: the known answers of the reference page, and that no token lives for ever or shows itself."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest

from bot.rooms.agora_tokens import KeyPair, TokenKind, TokenRole, seal, sign, sign_token

KEYS = KeyPair(access_key="ak-example", secret_key="sk-example")
NONCE = "11111111-1111-1111-8111-111111111111"
EXPIRES_AT = datetime.fromtimestamp(1_700_000_000, UTC)
ROOM_SIG = "14a8f50ff9c09860314793079a53e623bc17cfdbe960a4108c1986c8b63aaa75"
SDK_SIG = "3b99bb34f7d938430dd1a9e1aa0e47ad498fac398d36ccd373fb7452a0afb979"


def open_token(token: str, kind: TokenKind) -> dict[str, str]:
    """The fields inside."""
    sealed = token.removeprefix(kind.value)
    assert sealed != token
    assert "=" not in sealed
    return dict(parse_qsl(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)).decode(), strict_parsing=True))


def test_a_room_token_is_the_known_one() -> None:
    """Fields, signature, order of the query and beginning of the token, as the reference page has them."""
    token = sign_token(
        TokenKind.ROOM, KEYS, role=TokenRole.READER, expires_at=EXPIRES_AT, nonce=NONCE, uuid="room-uuid-example"
    )

    query = f"ak=ak-example&expireAt=1700000000000&nonce={NONCE}&role=2&sig={ROOM_SIG}&uuid=room-uuid-example"
    assert token.startswith("NETLESSROOM_YWs9YWstZXhhbXBsZSZleHBpcmVBdD0xNzAwMDAwMDAwMDAw")
    assert "NETLESSROOM_" + base64.urlsafe_b64encode(query.encode()).decode().rstrip("=") == token


def test_a_signature_is_the_known_one() -> None:
    """Of a token for the project, as the page has it: without an end, which only its fields can say."""
    fields = {"role": "0", "nonce": NONCE, "ak": "ak-example"}

    assert SDK_SIG == sign(fields, secret_key="sk-example")
    assert {**fields, "sig": SDK_SIG} == open_token(seal(TokenKind.SDK, fields, secret_key="sk-example"), TokenKind.SDK)


@pytest.mark.parametrize("role, digit", [(TokenRole.ADMIN, "0"), (TokenRole.WRITER, "1"), (TokenRole.READER, "2")])
@pytest.mark.parametrize("kind", TokenKind)
def test_every_token_says_role_and_end(kind: TokenKind, role: TokenRole, digit: str) -> None:
    """All kinds and roles; milliseconds are not lost, and a room or a task is named where there is one."""
    uuid = None if kind is TokenKind.SDK else "u-1"
    expires_at = EXPIRES_AT.replace(microsecond=123_456)

    fields = open_token(
        sign_token(kind, KEYS, role=role, expires_at=expires_at, nonce=NONCE, uuid=uuid), kind
    )  # fmt: skip

    assert (digit, "1700000000123", uuid) == (fields["role"], fields["expireAt"], fields.get("uuid"))


@pytest.mark.parametrize("kind, uuid", [(TokenKind.SDK, "u-1"), (TokenKind.ROOM, None), (TokenKind.TASK, None)])
def test_a_token_for_something_names_it(kind: TokenKind, uuid: str | None) -> None:
    """A room token without a room would be none; a project's with one is somebody's mistake."""
    with pytest.raises(ValueError):
        sign_token(kind, KEYS, role=TokenRole.READER, expires_at=EXPIRES_AT, nonce=NONCE, uuid=uuid)


def test_odd_characters_survive() -> None:
    """What a query has a meaning for is written so that it has none."""
    fields = {"ak": "a&b=c+d %é", "nonce": NONCE}

    assert fields["ak"] == open_token(seal(TokenKind.ROOM, fields, secret_key="s"), TokenKind.ROOM)["ak"]


def test_a_key_pair_does_not_show_itself() -> None:
    """It ends up in a log sooner or later."""
    assert "example" not in repr(KEYS)
