"""Booking forms as Slack sends them: signed, over one kept connection, with a stopwatch around each."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

from bot.fields import action_of
from bot.ids import Field, View

SIGNING_SECRET = "0123456789abcdef0123456789abcdef"
_numbers = count(1)


def build_form(leader: str, learners: Sequence[str], *, starts_in: timedelta = timedelta(hours=2)) -> bytes:
    """The body of a booking form that was filled in and sent: an hour of Algebra. A new form each time."""
    starts_at = int((datetime.now(UTC) + starts_in).timestamp())
    typed: dict[Field, dict[str, Any]] = {
        Field.TITLE: {"type": "plain_text_input", "value": "Algebra"},
        Field.LEADERS: {"type": "multi_users_select", "selected_users": [leader]},
        Field.PARTICIPANTS: {"type": "multi_users_select", "selected_users": list(learners)},
        Field.STARTS_AT: {"type": "datetimepicker", "selected_date_time": starts_at},
        Field.LENGTH: {"type": "plain_text_input", "value": "60"},
        Field.OPTIONS: {"type": "checkboxes", "selected_options": [{"value": "warn"}]},
        Field.CHANNEL: {"type": "conversations_select", "selected_conversation": None},
        Field.NOTE: {"type": "plain_text_input", "value": "Bring page 42, please."},
    }
    number = next(_numbers)
    payload = {
        "type": "view_submission",
        "team": {"id": "T0BENCH001", "domain": "maple"},
        "user": {"id": leader, "username": "ada", "name": "ada", "team_id": "T0BENCH001"},
        "api_app_id": "A0BENCH001",
        "token": "unused",
        "trigger_id": f"{number}.1.a",
        "view": {
            "id": f"V{number:010d}",
            "type": "modal",
            "callback_id": View.BOOKING.value,
            "private_metadata": json.dumps({"submission_key": f"form-{number}-{starts_at}", "zone": "Europe/London"}),
            "state": {"values": {where.value: {action_of(where): state} for where, state in typed.items()}},
            "hash": "1.a",
        },
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


class SlackSide:
    """Slack's end of the HTTP endpoint of one app."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._used_at = 0.0

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> socket.socket:
        """A connection that the other side has not closed out of boredom (uvicorn does so after 5 s)."""
        if self._socket is None or time.monotonic() - self._used_at > 2:
            self.close()
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def send(self, body: bytes) -> float:
        """Seconds until the answer was here. Raises when the form was not taken as booked."""
        stamp = str(int(time.time()))
        signed = hmac.new(SIGNING_SECRET.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
        request = (
            "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={signed}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        connection = self._connect()
        began = time.perf_counter()
        connection.sendall(request)
        answer = _read(connection)
        seconds = time.perf_counter() - began
        self._used_at = time.monotonic()
        if not answer.startswith(b"HTTP/1.1 200") or b'"errors"' in answer or b"Book anyway" in answer:
            raise RuntimeError(f"the form was not taken: {answer[:600]!r}")
        return seconds


def _read(connection: socket.socket) -> bytes:
    received = b""
    while True:
        head, mark, body = received.partition(b"\r\n\r\n")
        if mark and len(body) >= _length_of(head):
            return received
        chunk = connection.recv(65536)
        if not chunk:
            raise RuntimeError("the connection was cut")
        received += chunk


def _length_of(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)
