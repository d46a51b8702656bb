"""The people of the school and what Slack tells an app about each kind of them.

Facts from docs.slack.dev's user object. What is missing there is missing here: external people have no zone,
locale or address, deactivated ones lose most of their fields, and ids may begin with U or W.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

SLACKBOT_ID = "USLACKBOT"
OTHER_TEAM_ID = "T0OTHER0001"


class UserKind(StrEnum):
    """What somebody is in the workspace."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"
    GUEST = "guest"  # multi-channel guest
    SINGLE_CHANNEL_GUEST = "single_channel_guest"
    EXTERNAL = "external"  # from another organisation, in a shared channel
    STRANGER = "stranger"  # from another organisation, no shared channel
    INVITED = "invited"  # has not accepted yet
    BOT = "bot"
    APP = "app"
    DEACTIVATED = "deactivated"
    MESSAGES_REFUSED = "messages_refused"  # a member to whom posting answers `messages_tab_disabled`


OUTSIDERS = frozenset({UserKind.EXTERNAL, UserKind.STRANGER})
WITHOUT_HANDS = frozenset({UserKind.BOT, UserKind.APP, UserKind.DEACTIVATED, UserKind.INVITED})
"""Kinds that never press anything here."""


@dataclass(kw_only=True, eq=False)
class User:
    """Somebody in the workspace. `name` is the handle, `real_name` what people read."""

    id: str
    team_id: str
    name: str
    real_name: str
    kind: UserKind
    zone: str
    locale: str
    updated_at: datetime
    email: str | None = None
    display_name: str = field(default="")

    @property
    def is_outsider(self) -> bool:
        """From another organisation?"""
        return self.kind in OUTSIDERS

    def to_json(self, *, with_locale: bool, with_email: bool, at: datetime) -> dict[str, Any]:
        """The user object as `users.info` gives it."""
        if self.kind is UserKind.DEACTIVATED:
            return self._base(with_email=False) | {"is_bot": False, "is_app_user": False}
        told = self._base(with_email=with_email) | self._flags()
        if not self.is_outsider:
            told |= self._zone(at)
            if with_locale:
                told["locale"] = self.locale
        return told

    def _base(self, *, with_email: bool) -> dict[str, Any]:
        profile = {
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.display_name,
            "display_name_normalized": self.display_name,
            "team": self.team_id,
        }
        if with_email and self.email is not None and not self.is_outsider:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.kind is UserKind.DEACTIVATED,
            "profile": profile,
            "updated": int(self.updated_at.timestamp()),
        }

    def _flags(self) -> dict[str, Any]:
        kind = self.kind
        flags: dict[str, Any] = {
            "is_admin": kind in (UserKind.ADMIN, UserKind.OWNER),
            "is_owner": kind is UserKind.OWNER,
            "is_primary_owner": False,
            "is_restricted": kind in (UserKind.GUEST, UserKind.SINGLE_CHANNEL_GUEST),
            "is_ultra_restricted": kind is UserKind.SINGLE_CHANNEL_GUEST,
            # Slackbot reports false; see docs.slack.dev/reference/objects/user-object.
            "is_bot": kind is UserKind.BOT and self.id != SLACKBOT_ID,
            "is_app_user": kind is UserKind.APP,
            "is_email_confirmed": kind is not UserKind.INVITED,
        }
        if self.is_outsider:
            flags["is_stranger"] = kind is UserKind.STRANGER
        if kind is UserKind.INVITED:
            flags["is_invited_user"] = True
        return flags

    def _zone(self, at: datetime) -> dict[str, Any]:
        local = at.astimezone(ZoneInfo(self.zone))
        offset = local.utcoffset()
        seconds = int(offset.total_seconds()) if offset is not None else 0
        return {"tz": self.zone, "tz_label": local.tzname() or self.zone, "tz_offset": seconds}


def build_slackbot(team_id: str) -> User:
    """Slackbot, who is in every workspace."""
    return User(
        id=SLACKBOT_ID,
        team_id=team_id,
        name="slackbot",
        real_name="Slackbot",
        kind=UserKind.BOT,
        zone="America/Los_Angeles",
        locale="en-US",
        updated_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
