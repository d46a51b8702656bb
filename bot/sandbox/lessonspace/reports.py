"""Writes what a webhook says: body, headers and signature. Pure.

The documents disagree on almost all of it, so each doubt is a switch (`Spelling`), and what no document tells is left
out: a chat message says in which session it was, and not what.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from bot.sandbox.lessonspace.meetings import Occurrence, SpaceSession, Ticket

_PAST = {"join": "joined", "leave": "left", "idle": "idled"}


@dataclass(kw_only=True)
class Spelling:
    """How reports are written. To be set by tests."""

    uses_past: bool = False
    """`webhooks.user.joined` in the header, instead of `webhooks.user.join`."""
    uses_external_id: bool = False
    """`user.id` is the customer's, as handlers expect, instead of Lessonspace's number, as the reference says."""
    uses_timestamp: bool = False
    """The event's time is called `timestamp` instead of `time`."""
    names_room: bool = True
    """What somebody did says in which room it was."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where something happened, for whoever reports it."""

    room_id: str
    external_id: str | None  # whose doing it was, by the customer's id
    transcript_url: str = ""
    summary: str = ""


def name_event(event: str, spelling: Spelling) -> str:
    """As the header has it."""
    group, _, deed = event.partition(".")
    is_past = spelling.uses_past and group == "user"
    return f"webhooks.{group}.{_PAST[deed] if is_past else deed}"


def build_report(occurrence: Occurrence, scene: Scene, spelling: Spelling) -> dict[str, Any]:
    """The body, as an object."""
    group = occurrence.event.partition(".")[0]
    time = {"timestamp" if spelling.uses_timestamp else "time": write_moment(occurrence.at)}
    room = {"room": {"id": scene.room_id}}
    session = {"session": {"id": occurrence.session.session_id}}
    match group:
        case "session":
            return {"id": occurrence.session.session_id} | room | time | _describe_end(occurrence)
        case "user":
            user = {"user": _describe_user(occurrence.ticket, scene, spelling)}
            return user | session | (room if spelling.names_room else {}) | time
        case "transcription":
            return session | room | {"transcriptionUrl": scene.transcript_url}
        case "summary":
            return room | {"summary": scene.summary}
        case _:
            return session | room | time


def build_body(report: Mapping[str, Any]) -> bytes:
    """As it goes over the line: compact, like JavaScript writes it."""
    return json.dumps(report, separators=(",", ":"), ensure_ascii=False).encode()


def build_headers(event: str, body: bytes, *, secret: str, at: datetime, spelling: Spelling) -> dict[str, str]:
    """The same for every attempt: a fresh id, the event, its time, and the body signed with the space's secret."""
    return {
        "Content-Type": "application/json",
        "x-webhook-id": str(uuid4()),
        "x-webhook-event": name_event(event, spelling),
        "x-webhook-timestamp": write_moment(at),
        "x-webhook-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


def write_moment(moment: datetime) -> str:
    """With milliseconds and Z, as JavaScript writes them."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _describe_end(occurrence: Occurrence) -> dict[str, Any]:
    session: SpaceSession = occurrence.session
    if session.ended_at is None or occurrence.event != "session.end":
        return {}
    span = {"start": write_moment(session.started_at), "end": write_moment(session.ended_at)}
    return {"summary": span, "reason": occurrence.reason}


def _describe_user(ticket: Ticket | None, scene: Scene, spelling: Spelling) -> dict[str, Any]:
    """Much like the link's own claims, with what the launch merged into them."""
    if ticket is None:
        return {}
    person = ticket.person
    known_as = scene.external_id if spelling.uses_external_id and scene.external_id else person.user_id
    name = {"name": person.name}
    return dict(ticket.parameters) | {
        "id": person.guest_id if known_as is None else known_as,
        "guest": person.user_id is None,
        "role": person.role,
        "meta": name | dict(ticket.parameters.get("meta", {})),
    }
