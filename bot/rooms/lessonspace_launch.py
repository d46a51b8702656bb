"""What is asked of Lessonspace for one participant's way in, and who decides it.

A lesson's own matters (who, when, whether recorded) are Hallpass's and cannot be set by options, nor can what a link
is; all else may be set by a workspace's options. Nothing that says what is wrong repeats a value: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Final

from pydantic import ValidationError

from bot.errors import RoomServiceRefused
from bot.rooms.base import LESSON_TAG, LaunchRequest
from bot.rooms.lessonspace_body import FEATURES, LOCALES, SPELLINGS, LaunchBody, LaunchOptions, is_address
from bot.rooms.lessonspace_records import PROVIDER
from bot.rooms.options import ROLES, merge, merge_options
from storage.records import Role

LONGEST_WINDOW: Final = timedelta(days=7)
"""A link dies at the latest seven days after it was made (their page on link expiry)."""

REPORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "session": ("start", "idle", "end"),
    "user": ("join", "idle", "leave"),
    "transcription": ("finish",),
    "summary": ("finish",),
}
"""Webhooks that every launch with an address asks for, by group."""

MORE_REPORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "cobrowser": ("start", "stop"),
    "chat": ("message",),
    "knock": ("request", "admit", "deny"),
}
"""Webhooks that must be switched on: they tell more of what people do in a room than a lesson's upkeep needs."""

_OLDER_NAMES: Final = {newer: older for older, newer in SPELLINGS.items()}

_LINK_ITSELF = "belongs to the link itself"

_DECIDED: Final[Mapping[str, str]] = {
    "id": "is chosen by Hallpass, so that a lesson keeps its room",
    "name": "is the lesson's title",
    **dict.fromkeys(("record_av", "record_content", "transcribe"), "is ticked for each lesson"),
    "timeouts": "follow from the lesson's times",
    "webhooks": "follow from HALLPASS_PUBLIC_URL",
    **dict.fromkeys(("user.id", "user.name", "user.email"), "is each person's own"),
    **dict.fromkeys(("user.role", "user.leader"), "follows from who leads the lesson"),
    "user.single_use": "is on for every link that is sent as it is",
    **dict.fromkeys(
        ("user.custom_jwt_parameters.kickOnExp", "user.custom_jwt_parameters.softExp"),
        "follows from how the lesson ends",
    ),
    **dict.fromkeys(
        (
            *(f"user.custom_jwt_parameters.{claim}" for claim in ("id", "nbf", "exp", "iat", "guest", "canLead")),
            *(f"user.custom_jwt_parameters.meta.{name}" for name in ("name", "displayName")),
        ),
        _LINK_ITSELF,
    ),
    f"session_tags.{LESSON_TAG}": "is the lesson's id",
}
"""What options cannot set, and why, as the end of a sentence that begins with the path."""

_PROBLEMS: Final[Mapping[str, str]] = {
    "extra_forbidden": "is no option of Lessonspace's",
    "missing": "is missing",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "dict_type": "must be an object",
    "model_type": "must be an object",
}


def build_launch_body(request: LaunchRequest, *, more_reports: Collection[str] = ()) -> dict[str, object]:
    """The body of a launch, complete: what is left out would fall to the organisation's defaults.

    RoomServiceRefused, naming the fields, when a request or its options are not what Lessonspace takes.
    """
    options = merge_options(request.options, request.role)
    own = _build_own(request, options, more_reports)
    try:
        body = LaunchBody.model_validate(merge(_fit_options(request, options), own))
    except ValidationError as error:
        named = ", ".join(sorted({_name_path(item["loc"]) for item in error.errors(include_input=False)}))
        # Not chained: an error about a value knows the value.
        raise RoomServiceRefused(PROVIDER, f"launch: not sent, because of {named}") from None
    return body.model_dump(by_alias=True, exclude_unset=True)


def build_webhooks(address: str, *, more_reports: Collection[str] = ()) -> dict[str, dict[str, str]]:
    """The block for one room, always the same for the same room. ValueError: there is no such group."""
    if unknown := set(more_reports) - MORE_REPORTS.keys():
        raise ValueError(f"there are no webhooks of {', '.join(sorted(unknown))}")
    groups = {**REPORTS, **{name: events for name, events in MORE_REPORTS.items() if name in more_reports}}
    return {group: dict.fromkeys(events, address) for group, events in groups.items()}


def find_option_problems(options: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with options, common ones and each role's, by path; each text ends a sentence that it begins."""
    problems: dict[str, str] = {}
    for role in [None, *sorted(ROLES & options.keys())]:
        part: object = options[role] if role else {name: options[name] for name in options.keys() - ROLES}
        prefix = f"{role}." if role else ""
        if not isinstance(part, Mapping):
            problems[str(role)] = "must be an object"
            continue
        problems |= {prefix + path: problem for path, problem in _find_problems(part).items()}
        if role not in (None, Role.OBSERVER.value) and _find(part, "user.ghost"):
            problems[f"{prefix}user.ghost"] = "is for observers only"
    return dict(sorted(problems.items()))


def _build_own(
    request: LaunchRequest, options: Mapping[str, object], more_reports: Collection[str]
) -> dict[str, object]:
    """What Hallpass says itself. It goes over the options, which are those of this person's role."""
    own: dict[str, object] = {
        "id": request.launch_id,
        "record_av": request.records,
        "record_content": request.records,
        "transcribe": request.transcribes,
        "user": _build_user(request),
        "timeouts": {"not_before": request.opens_at, "not_after": request.closes_at},
    }
    if request.room_name.strip():
        own["name"] = request.room_name
    locale = (request.language or "").replace("_", "-").partition("-")[0].lower()
    if locale in LOCALES:
        own["locale"] = locale
    if features := _build_features(request, options):
        own["features"] = features
    if request.tags:
        own["session_tags"] = dict(request.tags)
    if request.webhook_url:
        own["webhooks"] = build_webhooks(request.webhook_url, more_reports=more_reports)
    return own


def _build_user(request: LaunchRequest) -> dict[str, object]:
    user: dict[str, object] = {
        "id": request.person_key,
        "role": "teacher" if request.role is Role.LEADER else "student",
        "leader": request.is_leader,
        "single_use": request.is_single_use,
    }
    # What only dresses somebody up is left out where it is none: it must not cost them their way in.
    if request.shown_name.strip():
        user["name"] = request.shown_name
    if request.email and "@" in request.email:
        user["email"] = request.email
    if request.picture_url and is_address(request.picture_url):
        user["profile_picture"] = request.picture_url
    parameters: dict[str, object] = {}
    if request.leaves_at_close:
        parameters["kickOnExp"] = True
    if request.is_leader and request.warns_at is not None:
        parameters["softExp"] = int(request.warns_at.timestamp())
    if parameters:
        user["custom_jwt_parameters"] = parameters
    return user


def _build_features(request: LaunchRequest, options: Mapping[str, object]) -> dict[str, bool]:
    """Per link. Only leaders may invite unless asked otherwise: an invitation's address is nobody's own."""
    optional = options.get("features")
    wanted = _name_features(optional) if isinstance(optional, Mapping) else {}
    wanted |= {name: is_on for name, is_on in _name_features(request.features).items() if name in FEATURES}
    if not request.is_leader:
        wanted.setdefault("invite", False)
    return wanted | {SPELLINGS[name]: is_on for name, is_on in wanted.items() if name in SPELLINGS}


def _name_features(features: Mapping[str, bool]) -> dict[str, bool]:
    """By their older names."""
    return {_OLDER_NAMES.get(name, name): is_on for name, is_on in features.items()}


def _fit_options(request: LaunchRequest, options: Mapping[str, object]) -> dict[str, object]:
    """The workspace's options as far as they are its own to set, and make sense in this lesson and for this person."""
    # Without it whoever has the room's address would come in around every link.
    options = merge({"allow_guests": False}, options)
    unfit = set(_DECIDED)
    if request.role is not Role.OBSERVER:
        unfit.add("user.ghost")
    if not request.records:
        unfit.add("user.record")
    if "summarise" in options:
        options["summarise"] = options["summarise"] is True and request.transcribes  # else the launch is an error there
    return _leave_out(options, unfit)


def _leave_out(options: Mapping[str, object], unfit: Collection[str], path: str = "") -> dict[str, object]:
    kept: dict[str, object] = {}
    for name, value in options.items():
        if path + name not in unfit:
            is_inner = isinstance(value, Mapping)
            kept[name] = _leave_out(value, unfit, f"{path}{name}.") if is_inner else value  # type: ignore[arg-type]
    return kept


def _find_problems(options: Mapping[str, object]) -> dict[str, str]:
    """One set of options, without roles."""
    problems = {path: reason for path, reason in _DECIDED.items() if _has(options, path)}
    try:
        LaunchOptions.model_validate(dict(options))
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            problems.setdefault(_name_path(item["loc"]), _describe(item["type"], item.get("ctx", {})))
    return problems


def _describe(kind: str, context: Mapping[str, object]) -> str:
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    return _PROBLEMS.get(kind, "cannot be used")


def _has(options: Mapping[str, object], path: str) -> bool:
    return _find(options, path, missing=...) is not ...


def _find(options: Mapping[str, object], path: str, *, missing: object = None) -> object:
    value: object = options
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return missing
        value = value[name]
    return value


def _name_path(location: Iterable[object]) -> str:
    return ".".join(map(str, location))
