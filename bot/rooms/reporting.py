"""A webhook's delivery in its service's hands: which headers it is known by, and what it says. Ours or another's.

The code that reads a delivery may be another package's, and what it reads came from anybody. So whatever it does wrong
is told as the one thing that it comes to, a delivery that cannot be read, and stands in nobody else's way. Nothing of
the delivery gets into the error: it may hold a signature, or what somebody said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.errors import RoomServiceError, RoomServiceNonsense
from bot.rooms.base import Incoming, Report, RoomService

LONGEST_KEPT_HEADER = 1000
"""Characters. Ids, instants and signatures are far shorter."""
OWN_HEADERS = ("x-", "webhook-")
SIGNATURE = "-signature"
"""How a service's own headers begin, or the one that signs ends: `stripe-signature`."""
OF_THE_WAY = ("x-forwarded-", "x-real-")


def choose_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A service's own headers, by which a delivery is read now and again later; nothing of the way that it came."""
    return {
        name: value
        for name, value in headers.items()
        if (name.startswith(OWN_HEADERS) or name.endswith(SIGNATURE))
        and not name.startswith(OF_THE_WAY)
        and len(value) <= LONGEST_KEPT_HEADER
    }


def open_delivery(service: RoomService, headers: Mapping[str, str]) -> Incoming | None:
    """What its headers (names in lower case) say it is; None: nothing that can be a delivery."""
    try:
        return service.open_webhook(headers)
    except Exception:  # another package's code: what it cannot open is nothing of its own, and is logged as refused
        return None


def read_delivery(
    service: RoomService, headers: Mapping[str, str], body: bytes, *, secret: str, received_at: datetime
) -> Report:
    """The verified report. Raises WebhookForged, and RoomServiceNonsense for whatever else cannot be read."""
    try:
        return service.read_webhook(headers, body, secret=secret, received_at=received_at)
    except RoomServiceError:
        raise
    except Exception as error:  # another package's code; the caller logs the refusal
        # Without its text and its cause, which may repeat what was delivered.
        raise RoomServiceNonsense(service.shown_name, "webhook", type(error).__name__) from None
