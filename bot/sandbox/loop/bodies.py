"""Judges what is sent to a room as the server does, and more strictly where it lets wrong fields pass in silence."""

from __future__ import annotations

from typing import Any

from bot.sandbox.loop.rooms import Errno

LONGEST_HOURS = 1344
LARGEST = 5
STATUS_FIELDS = ("event", "state", "connections", "sendStreams", "recvStreams")

_NAMES = {"context", "roomName", "roomOwner", "maxSize", "expiresIn", "channel"}
_ACTION_FIELDS = {
    "join": {"displayName", "clientMaxSize"},
    "refresh": set(),
    "leave": set(),
    "status": set(STATUS_FIELDS),
    "logDomain": {"domains"},
}


class WrongBody(Exception):
    """400, or for what the server trips over, 500."""

    def __init__(self, errno: Errno, error: str, *, is_crash: bool = False) -> None:
        super().__init__(error)
        self.errno = errno
        self.error = error
        self.is_crash = is_crash


def judge_room(body: dict[str, Any], *, is_new: bool) -> tuple[dict[str, Any], int]:
    """The fields to keep, and the hours until the room goes away. Raises WrongBody."""
    if is_new:
        _demand(body)
    wrong = sorted(name for name in body if not _is_room_field_good(name, body))
    if "roomName" in body and body["roomName"] is None:
        raise WrongBody(Errno.INVALID_PARAMETERS, "Cannot read property 'length' of null", is_crash=True)
    if wrong or {"roomName", "context"} <= body.keys():
        raise WrongBody(Errno.INVALID_PARAMETERS, f"Invalid parameters: {', '.join(wrong) or 'context, roomName'}")
    kept = {name: value for name, value in body.items() if name != "expiresIn"}
    if "maxSize" in kept:
        kept["maxSize"] = _read_number(kept["maxSize"])
    return kept, int(body.get("expiresIn", LONGEST_HOURS))


def judge_action(body: dict[str, Any]) -> str:
    """What is to be done. Raises WrongBody."""
    action = body.get("action")
    if action is None:
        raise WrongBody(Errno.MISSING_PARAMETERS, "Missing: action")
    if not isinstance(action, str) or action not in _ACTION_FIELDS:
        raise WrongBody(Errno.INVALID_PARAMETERS, "Invalid parameters: action")
    demanded = _ACTION_FIELDS[action]
    missing = sorted(demanded - body.keys())
    if missing and action != "logDomain":
        raise WrongBody(Errno.MISSING_PARAMETERS, f"Missing: {', '.join(missing)}")
    wrong = sorted(name for name in body.keys() - {"action"} if name not in demanded)
    wrong += [] if _is_action_good(action, body) else sorted(demanded)
    if wrong:
        raise WrongBody(Errno.INVALID_PARAMETERS, f"Invalid parameters: {', '.join(wrong)}")
    return action


def judge_deletion(body: dict[str, Any]) -> list[str]:
    """The rooms to delete. Raises WrongBody."""
    if "deleteRoomTokens" not in body:
        raise WrongBody(Errno.MISSING_PARAMETERS, "Missing: deleteRoomTokens")
    tokens = body["deleteRoomTokens"]
    is_good = isinstance(tokens, list) and tokens and all(isinstance(token, str) for token in tokens)
    if not is_good or body.keys() != {"deleteRoomTokens"}:
        raise WrongBody(Errno.INVALID_PARAMETERS, "Invalid parameters: deleteRoomTokens")
    return list(tokens)


def judge_registration(body: dict[str, Any]) -> None:
    """Where to push changes to. Raises WrongBody."""
    urls = body.get("simplePushURLs", {})
    is_good = isinstance(urls, dict) and urls.keys() <= {"calls", "rooms"}
    if not is_good or not all(isinstance(url, str) and url.startswith("http") for url in urls.values()):
        raise WrongBody(Errno.INVALID_PARAMETERS, "Invalid parameters: simplePushURLs")
    if body.keys() - {"simplePushURLs"}:
        raise WrongBody(Errno.INVALID_PARAMETERS, "Invalid parameters: unknown")


def _demand(body: dict[str, Any]) -> None:
    missing = [] if {"context", "roomName"} & body.keys() else ["context,roomName"]
    missing += [name for name in ("roomOwner", "maxSize") if name not in body]
    if missing:
        raise WrongBody(Errno.MISSING_PARAMETERS, f"Missing: {', '.join(missing)}")


def _is_room_field_good(name: str, body: dict[str, Any]) -> bool:
    value = body[name]
    match name:
        case "roomName":
            return value is None or (isinstance(value, str) and _count_units(value) <= 100)
        case "roomOwner":
            return isinstance(value, str) and _count_units(value) <= 255
        case "context":
            parts = value if isinstance(value, dict) else {}
            return parts.keys() == {"value", "alg", "wrappedKey"} and all(isinstance(p, str) for p in parts.values())
        case "maxSize":
            number = _read_number(value)
            return number is None or number <= LARGEST
        case "expiresIn":
            return isinstance(value, int | float) and not isinstance(value, bool) and value <= LONGEST_HOURS
        case "channel":
            return isinstance(value, str)
        case _:
            return False


def _is_action_good(action: str, body: dict[str, Any]) -> bool:
    match action:
        case "join":
            return isinstance(body["displayName"], str) and _is_count(body["clientMaxSize"])
        case "logDomain":
            domains = body.get("domains")
            return isinstance(domains, list) and all(
                isinstance(one, dict) and isinstance(one.get("domain"), str) and _is_count(one.get("count"))
                for one in domains
            )
        case _:
            return True


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read_number(value: object) -> int | None:
    """As JavaScript's parseInt reads it; None for what is no number, and is stored as null."""
    if isinstance(value, str):
        return int(value) if value.strip().isdecimal() else None
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count_units(text: str) -> int:
    """Characters as JavaScript counts them."""
    return len(text.encode("utf-16-le")) // 2
