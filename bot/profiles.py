"""Slack's user object into a person. Pure; floor 2. It judges by flags alone, and fills in nothing that is not told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.records import Person, PersonId, PersonKind, Workspace, new_id

SLACKBOT = "USLACKBOT"  # reports `is_bot: false`
PERSON_CODES = frozenset({"user_not_found", "user_not_visible", "user_disabled"})
"""Reasons for not reaching somebody that a successful look-up disproves."""


def build_person(
    user: Mapping[str, Any], workspace: Workspace, *, known: Person | None, checked_at: datetime
) -> Person:
    """Slack's user object as a person. What it leaves out (an outsider's zone, a change's locale) stays as known."""
    profile = user.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    name = next((" ".join(name.split()) for name in names if isinstance(name, str) and name.strip()), "")
    unreachable = known.unreachable if known else None
    return Person(
        id=known.id if known else PersonId(new_id()),
        workspace_id=workspace.id,
        user_id=str(user["id"]),
        name=name or (known.name if known else "") or str(user["id"]),
        kind=_judge_kind(user, workspace, known),
        zone=_read_text(user, "tz") or (known.zone if known else None),
        locale=_read_text(user, "locale") or (known.locale if known else "en-US"),
        is_admin=any(user.get(flag) for flag in ("is_admin", "is_owner", "is_primary_owner")),
        is_deactivated=bool(user.get("deleted")),
        may_be_recorded=known.may_be_recorded if known else None,
        conversation=known.conversation if known else None,
        unreachable=None if unreachable in PERSON_CODES else unreachable,
        checked_at=checked_at,
    )


def _judge_kind(user: Mapping[str, Any], workspace: Workspace, known: Person | None) -> PersonKind:
    """By Slack's flags (slack.md section 4); ids say nothing, but for Slackbot's."""
    flags = (
        ("is_bot", PersonKind.BOT),
        ("is_app_user", PersonKind.APP),
        ("is_invited_user", PersonKind.INVITED),
        ("is_stranger", PersonKind.STRANGER),
    )
    if user.get("id") == SLACKBOT:
        return PersonKind.BOT
    for flag, kind in flags:
        if user.get(flag):
            return kind
    if _is_outsider(user, workspace):
        return PersonKind.EXTERNAL
    if user.get("is_ultra_restricted"):
        return PersonKind.SINGLE_CHANNEL_GUEST
    if user.get("is_restricted"):
        return PersonKind.GUEST
    if "is_restricted" in user:
        return PersonKind.MEMBER
    # Deactivated people, and those Slack will not show, come without flags.
    return known.kind if known else PersonKind.UNKNOWN


def _is_outsider(user: Mapping[str, Any], workspace: Workspace) -> bool:
    """From another organisation? Within one organisation's several workspaces only the team's id differs."""
    team_id = user.get("team_id")
    return isinstance(team_id, str) and team_id != workspace.external_id and not user.get("enterprise_user")


def _read_text(user: Mapping[str, Any], name: str) -> str | None:
    value = user.get(name)
    return value if isinstance(value, str) and value else None
