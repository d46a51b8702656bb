"""What the service reports by itself: only what is signed is believed, and every spelling seen is read."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import RoomServiceNonsense, WebhookForged
from bot.rooms.base import Report, Reported
from bot.rooms.lessonspace_webhooks import LONGEST_ID, is_genuine, open_webhook, read_webhook, sign
from tests.bot.rooms.recorded import START

SECRET = "5f0c7a0e-secret-that-nobody-may-read"
RECEIVED = START + timedelta(seconds=9)
AT = "2030-03-04T15:00:05Z"
JOINED: dict[str, Any] = {
    "user": {"id": "k-ben", "meta": {"name": "Ben"}},
    "session": {"id": "s-1"},
    "room": {"id": "r-1"},
    "time": "2030-03-04T15:00:01.500+00:00",
}


def read(event: str, body: object, **headers: str) -> Report:
    """What a genuine delivery says."""
    raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    own = {"x-webhook-id": "d-1", "x-webhook-event": event, "x-webhook-timestamp": AT}
    signed = own | {"x-webhook-signature": sign(raw, secret=SECRET)} | headers
    return read_webhook(signed, raw, secret=SECRET, received_at=RECEIVED)


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({"x-webhook-id": "d-1", "x-webhook-event": "webhooks.user.join", "x-webhook-timestamp": AT},
         ("d-1", "user.join", START + timedelta(seconds=5))),
        ({"x-webhook-id": " d-1 ", "x-webhook-event": "User.Join"}, ("d-1", "user.join", None)),
        ({"x-webhook-id": "d-1", "x-webhook-timestamp": "just now"}, ("d-1", "", None)),
        ({"x-webhook-event": "user.join"}, None),
        ({"x-webhook-id": "  "}, None),
        ({"x-webhook-id": "d" * (LONGEST_ID + 1)}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_headers_say_what_it_is(headers: dict[str, str], expected: tuple[str, str, datetime | None] | None) -> None:
    """Without an id by which its repetition is known, it is none."""
    incoming = open_webhook(headers)

    assert (incoming and (incoming.delivery_id, incoming.event, incoming.at)) == expected


@pytest.mark.parametrize(
    "event, kind",
    [
        ("webhooks.session.start", Reported.SESSION_STARTED),
        ("session.start", Reported.SESSION_STARTED),
        ("webhooks.session.idle", Reported.SESSION_IDLED),
        ("webhooks.session.end", Reported.SESSION_ENDED),
        ("webhooks.user.join", Reported.JOINED),
        ("webhooks.user.joined", Reported.JOINED),
        ("webhooks.user.idle", Reported.IDLED),
        ("webhooks.user.idled", Reported.IDLED),
        ("webhooks.user.leave", Reported.LEFT),
        ("webhooks.user.left", Reported.LEFT),
        ("webhooks.transcription.finish", Reported.TRANSCRIPT_READY),
        ("webhooks.summary.finish", Reported.SUMMARY_READY),
        ("webhooks.chat.message", Reported.OTHER),
        ("webhooks.cobrowser.start", Reported.OTHER),
        ("webhooks.recording.finish", Reported.OTHER),  # is none of theirs
        ("", Reported.OTHER),
    ],
)
def test_every_spelling_of_an_event_is_read(event: str, kind: Reported) -> None:
    """What nobody told us of is nothing that we act on, and no error."""
    assert read(event, {}).kind is kind


def test_a_join_is_told_with_all_that_it_says() -> None:
    """Room, session, person and the event's own time."""
    assert read("webhooks.user.join", JOINED) == Report(
        kind=Reported.JOINED,
        at=datetime(2030, 3, 4, 15, 0, 1, 500_000, tzinfo=UTC),
        room_id="r-1",
        session_id="s-1",
        who="k-ben",
        shown_name="Ben",
    )


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"time": None, "timestamp": "2030-03-04T15:00:02Z"}, {"at": START + timedelta(seconds=2)}),
        ({"time": None}, {"at": START + timedelta(seconds=5)}),  # the header's
        ({"time": 1_900_000_000_000}, {"at": START + timedelta(seconds=5)}),  # nobody has seen such a one
        ({"user": {"id": 501}}, {"who": "501", "shown_name": ""}),
        ({"user": {"id": 501, "name": "B.", "meta": {"displayName": "Benny", "name": "Ben"}}}, {"shown_name": "Benny"}),
        ({"user": {"id": 501, "name": "B."}}, {"shown_name": "B."}),
        ({"user": None}, {"who": None, "shown_name": ""}),
        ({"user": "k-ben", "session": "s-1", "room": 7}, {"who": None, "session_id": None, "room_id": None}),
        ({"room": None}, {"room_id": None, "session_id": "s-1"}),
        ({"session": None, "id": "an event's"}, {"session_id": None}),  # only a session's own event is by its id
    ],
)
def test_what_is_not_told_is_none(changes: dict[str, object], expected: dict[str, object]) -> None:
    """The documents disagree on most of it: both ways are read, and nothing of it is an error."""
    report = read("user.join", JOINED | changes)

    assert {name: getattr(report, name) for name in expected} == expected


def test_a_time_that_nobody_told_is_that_of_the_delivery() -> None:
    """Better a few seconds late than none."""
    assert read("user.join", {}, **{"x-webhook-timestamp": ""}).at == RECEIVED


def test_a_session_s_own_events_carry_its_id() -> None:
    """With their reason and a summary of times, which is not the summary that people read."""
    body = {"id": "s-1", "room": {"id": "r-1"}, "summary": {"start": AT, "end": AT}, "reason": "empty"}

    report = read("webhooks.session.end", body)

    assert (report.session_id, report.room_id, report.summary) == ("s-1", "r-1", None)


def test_the_text_of_a_summary_is_told_and_not_shown() -> None:
    """It is about children: repr ends up in logs."""
    report = read("webhooks.summary.finish", {"room": {"id": "r-1"}, "summary": "They did fractions."})

    assert (report.room_id, report.summary) == ("r-1", "They did fractions.")
    assert "fractions" not in repr(report)


@pytest.mark.parametrize("as_sent", [str, str.upper, "sha256={}".format, " {} ".format])
def test_a_genuine_signature_is_taken_as_it_is_written(as_sent: Any) -> None:
    """Hex in either case, with or without its hash's name."""
    raw = b'{"room":{"id":"r-1"}}'
    signature = as_sent(hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest())

    report = read("session.end", raw, **{"x-webhook-signature": signature})

    assert report.room_id == "r-1"


RAW = json.dumps(JOINED).encode()


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "ü",
        "0" * 64,
        sign(RAW, secret="an older secret"),
        sign(RAW, secret=""),
        sign(RAW + b" ", secret=SECRET),
        sign(RAW, secret=SECRET)[:-1],
        hmac.new(SECRET.encode(), RAW, hashlib.sha1).hexdigest(),
    ],
)
def test_what_is_not_signed_with_the_room_s_secret_is_forged(signature: str) -> None:
    """Over the very bytes that came. The error carries neither secret nor body."""
    with pytest.raises(WebhookForged) as caught:
        read("user.join", RAW, **{"x-webhook-signature": signature})

    assert SECRET not in str(caught.value)
    assert "Ben" not in str(caught.value)


def test_without_a_secret_nothing_is_genuine() -> None:
    """An erased room's: whoever signs with nothing at all must not get through."""
    assert not is_genuine(sign(RAW, secret=""), RAW, secret="")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_genuine_delivery_that_is_no_object_is_nonsense(body: bytes) -> None:
    """Signed, and yet nothing that can be read."""
    with pytest.raises(RoomServiceNonsense) as caught:
        read("user.join", body)

    assert caught.value.field == "webhook"


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_the_signature_is_judged_before_the_body(body: bytes) -> None:
    """Nobody without the secret learns what we can read."""
    with pytest.raises(WebhookForged):
        read("user.join", body, **{"x-webhook-signature": "0" * 64})
