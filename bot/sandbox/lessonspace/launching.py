"""Judges the body of a launch as strictly as the documentation allows. Pure.

Where the real service is documented or suspected to drop a mistake in silence (an unknown field or feature,
`single_use` beside `user` instead of in it), this one refuses it: in silence nobody would notice that a link works
twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST_ID = 64
LONGEST_WINDOW = timedelta(days=7)
LOCALES = ("en", "fr", "it", "pl")

FEATURES = (
    *("chat", "timer", "participants", "fullscreen", "tabContextMenu", "importZip", "importPdf", "exportZip"),
    *("tabDownload", "emojis", "invite", "endSession", "profanityFilter", "hideTabbar", "hideToolbar"),
    *("apps.enabled", "av.enabled", "av.screenShare", "av.publishing", "chat.enabled", "options.fullscreen"),
    *("reactions.emojis", "people.invite", "import.zip", "breakouts.enabled", "options.profanityFilter"),
)
"""Older names and newer names of what can be switched per link."""

Check = Callable[[object], str | None]
"""What is wrong with a value, in words; None: nothing."""

Problems = dict[str, list[str]]
"""By field of the body, as the framework behind the real service writes them."""


def _is_text(value: object) -> str | None:
    return None if isinstance(value, str) else "This must be text."


def _is_flag(value: object) -> str | None:
    return None if isinstance(value, bool) else "This must be true or false."


def _is_object(value: object) -> str | None:
    return None if isinstance(value, dict) else "This must be an object."


def _is_address(value: object) -> str | None:
    fits = isinstance(value, str) and re.match(r"https?://[^\s/]+", value)
    return None if fits else "This must be an address."


def _is_email(value: object) -> str | None:
    fits = isinstance(value, str) and re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value)
    return None if fits else "This must be an e-mail address."


def _is_stamp(value: object) -> str | None:
    return None if isinstance(value, str) and parse_stamp(value) else "This must be an ISO 8601 date and time."


def _is_unix_seconds(value: object) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000_000_000
    return None if fits else "This must be whole UNIX seconds."


def _is_space_id(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return "This is required, as text."
    return None if len(value) <= LONGEST_ID else f"This may have at most {LONGEST_ID} characters."


def _is_region(value: object) -> str | None:
    fits = isinstance(value, str) and re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", value)
    return None if fits else "This must be a region, such as eu-west-2."


def _one_of(*choices: str) -> Check:
    return lambda value: None if value in choices else f"This must be one of {', '.join(choices)}."


def _each(check: Check) -> Check:
    """Every value of an object, whatever its names."""

    def judge(value: object) -> str | None:
        if not isinstance(value, dict):
            return _is_object(value)
        return next((f"{name}: {problem}" for name, item in value.items() if (problem := check(item))), None)

    return judge


def _object_of(checks: Mapping[str, Check], *, is_open: bool = False, required: tuple[str, ...] = ()) -> Check:
    """An object with these fields and, unless `is_open`, no others."""

    def judge(value: object) -> str | None:
        if not isinstance(value, dict):
            return _is_object(value)
        if missing := [name for name in required if name not in value]:
            return f"{missing[0]}: This is required."
        for name, item in value.items():
            if name not in checks:
                if not is_open:
                    return f"{name}: There is no such field here."
            elif problem := checks[name](item):
                return f"{name}: {problem}"
        return None

    return judge


_PARAMETERS = _object_of({"kickOnExp": _is_flag, "softExp": _is_unix_seconds, "meta": _each(_is_text)}, is_open=True)

_USER = _object_of(
    {
        **dict.fromkeys(("id", "name"), _is_text),
        "email": _is_email,
        **dict.fromkeys(("profile_picture", "camera_background_url"), _is_address),
        "role": _one_of("teacher", "student"),
        **dict.fromkeys(("leader", "single_use", "session_limit", "record", "ghost"), _is_flag),
        "custom_jwt_parameters": _PARAMETERS,
    }
)

_WEBHOOK_EVENTS = {
    "session": ("start", "idle", "end"),
    "user": ("join", "idle", "leave"),
    "transcription": ("finish",),
    "cobrowser": ("start", "stop"),
    "chat": ("message",),
    "knock": ("request", "admit", "deny"),
    "summary": ("finish",),
}


def _is_hook(value: object) -> str | None:
    return None if value in (None, "") else _is_address(value)


def _judge_webhooks(check: Check) -> Check:
    return _object_of({group: _object_of(dict.fromkeys(events, check)) for group, events in _WEBHOOK_EVENTS.items()})


_BODY: Mapping[str, Check] = {
    "id": _is_space_id,
    "name": _is_text,
    **dict.fromkeys(("allow_guests", "record_av", "record_content", "transcribe", "summarise"), _is_flag),
    "user": _USER,
    "timeouts": _object_of({"not_before": _is_stamp, "not_after": _is_stamp}),
    "webhooks": _judge_webhooks(_is_address),
    "features": _object_of(dict.fromkeys(FEATURES, _is_flag)),
    **dict.fromkeys(("theme", "holodeck_parameters"), _is_object),
    "auth_external": _object_of(
        {"method": _one_of("child", "redirect"), "url": _is_address, "token": _is_text, "ephemeral": _is_flag},
        required=("method", "url", "token"),
    ),
    "video_layout_mode": _one_of("grid", "sidebar", "floating"),
    "locale": _one_of(*LOCALES),
    "server": _is_region,
    **dict.fromkeys(("session_tags", "space_tags"), _each(_is_text)),
    **dict.fromkeys(("invite_url", "resource_url"), _is_address),
}


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a link works: `[opens_at, closes_at)`."""

    opens_at: datetime
    closes_at: datetime


def find_problems(body: object, *, removes_webhooks: bool = False) -> Problems:
    """Everything that is wrong with a launch's body, by field; nothing when it may go on.

    `removes_webhooks`: null or "" in place of a webhook's address is right, and takes it away.
    """
    if not isinstance(body, dict):
        return {"non_field_errors": ["The body must be a JSON object."]}
    problems: Problems = {}
    for name in {"id": None, **body}:
        check = _judge_webhooks(_is_hook) if name == "webhooks" and removes_webhooks else _BODY.get(name)
        problem = check(body.get(name)) if check else "There is no such field here."
        if problem:
            problems[name] = [problem]
    return problems


def choose_window(body: Mapping[str, Any], *, now: datetime, is_shortened: bool) -> Window | Problems:
    """The link's window, seven days at most from `now`: longer ones are cut where `is_shortened`, else refused.

    Which of the two the real service does is not documented, nor whether it counts from the call: hence a switch.
    """
    timeouts = body.get("timeouts", {})
    opens_at = parse_stamp(timeouts["not_before"]) if "not_before" in timeouts else None
    closes_at = parse_stamp(timeouts["not_after"]) if "not_after" in timeouts else None
    latest = now + LONGEST_WINDOW
    if closes_at and closes_at > latest and not is_shortened:
        return {"timeouts": ["not_after: A link is valid for seven days at most."]}
    window = Window(opens_at=opens_at or now, closes_at=min(closes_at or latest, latest))
    if closes_at and window.opens_at >= window.closes_at:
        return {"timeouts": ["not_after: This must be later than not_before."]}
    return window


def list_hooks(webhooks: Mapping[str, Mapping[str, str | None]]) -> dict[str, str]:
    """A launch's webhooks, addresses by event: "user.join"."""
    return {
        f"{group}.{event}": address
        for group, events in webhooks.items()
        for event, address in events.items()
        if address
    }


def parse_stamp(text: str) -> datetime | None:
    """The instant, or None. Without an offset it is UTC: the real meaning is not documented."""
    if "T" not in text and " " not in text:
        return None
    try:
        stamp = datetime.fromisoformat(text)
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
