"""What Lessonspace reports by itself: whether a delivery is genuine, and what it says. Pure.

The documents disagree on most of it, so every spelling seen is read, and what cannot be read is "not told" rather than
an error: a delivery that is refused is sent again, up to five times, and holds back those behind it. Only the body is
signed. What the headers say (which event, when) is believed as far as it goes with a body that is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.errors import RoomServiceNonsense, WebhookForged
from bot.rooms.answers import Fields, parse_moment
from bot.rooms.base import Incoming, Report, Reported
from bot.rooms.lessonspace_records import PROVIDER

ID_HEADER: Final = "x-webhook-id"
EVENT_HEADER: Final = "x-webhook-event"
TIME_HEADER: Final = "x-webhook-timestamp"
SIGNATURE_HEADER: Final = "x-webhook-signature"

LONGEST_ID: Final = 200
"""Characters. A UUID by all we know; what is far from one is none."""

_KINDS: Final[Mapping[str, Reported]] = {
    "session.start": Reported.SESSION_STARTED,
    "session.idle": Reported.SESSION_IDLED,
    "session.end": Reported.SESSION_ENDED,
    **dict.fromkeys(("user.join", "user.joined"), Reported.JOINED),
    **dict.fromkeys(("user.idle", "user.idled"), Reported.IDLED),
    **dict.fromkeys(("user.leave", "user.left"), Reported.LEFT),
    "transcription.finish": Reported.TRANSCRIPT_READY,
    "summary.finish": Reported.SUMMARY_READY,
}
"""By the launch's names for them and by the past forms that one receiver of them expects."""


def open_webhook(headers: Mapping[str, str]) -> Incoming | None:
    """What a delivery's headers say; None when there is no id by which a repeated one could be known."""
    delivery_id = headers.get(ID_HEADER, "").strip()
    if not delivery_id or len(delivery_id) > LONGEST_ID:
        return None
    return Incoming(delivery_id=delivery_id, event=_name_event(headers), at=parse_moment(headers.get(TIME_HEADER, "")))


def read_webhook(headers: Mapping[str, str], body: bytes, *, secret: str, received_at: datetime) -> Report:
    """The report, verified. WebhookForged, or RoomServiceNonsense when it is genuine and yet no JSON object."""
    if not is_genuine(headers.get(SIGNATURE_HEADER, ""), body, secret=secret):
        raise WebhookForged(PROVIDER, "a webhook is not signed with its room's secret")
    fields = Fields(provider=PROVIDER, values=_read_body(body), path="webhook")
    event = _name_event(headers)
    user = fields.find_fields("user")
    kind = _KINDS.get(event, Reported.OTHER)
    return Report(
        kind=kind,
        at=_find_time(fields) or parse_moment(headers.get(TIME_HEADER, "")) or received_at,
        room_id=_find_id_of(fields, "room"),
        # A session's own events carry its id themselves, the others beside it.
        session_id=_find_id_of(fields, "session") or (fields.find_id("id") if event.startswith("session.") else None),
        # Our id by some accounts, theirs by the reference: whoever matches it must try both.
        who=user.find_id("id") if user else None,
        shown_name=_find_name(user) if user else "",
        summary=fields.find_text("summary") if kind is Reported.SUMMARY_READY else None,
    )


def sign(body: bytes, *, secret: str) -> str:
    """HMAC-SHA256 of the body as it is sent, in lower-case hex, keyed with the secret's text.

    Their documents say "HMAC", "the body" and "the secret"; hash and spelling are from one receiver that works.
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_genuine(signature: str, body: bytes, *, secret: str) -> bool:
    """Whether it is the body's, judged in constant time; also where it wears its hash's name, as many services' do."""
    told = signature.strip().lower().removeprefix("sha256=")
    return bool(secret) and hmac.compare_digest(told.encode(), sign(body, secret=secret).encode())


def _name_event(headers: Mapping[str, str]) -> str:
    """Without the prefix that one account has and another has not."""
    return headers.get(EVENT_HEADER, "").strip().lower().removeprefix("webhooks.")


def _read_body(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RoomServiceNonsense(PROVIDER, "webhook", "is not a JSON object")
    return value


def _find_time(fields: Fields) -> datetime | None:
    return next((at for name in ("time", "timestamp") if (at := parse_moment(fields.find_text(name) or ""))), None)


def _find_id_of(fields: Fields, name: str) -> str | None:
    inner = fields.find_fields(name)
    return inner.find_id("id") if inner else None


def _find_name(user: Fields) -> str:
    """As launched: the token's own names, else the plain one."""
    meta = user.find_fields("meta")
    told = [meta.find_text("displayName"), meta.find_text("name")] if meta else []
    return next((name for name in [*told, user.find_text("name")] if name), "")
