"""All that a launch may say to Lessonspace, typed: each documented field, and nothing that is not.

A misspelt field would vanish there without an error, so an unknown one is refused here. No error repeats a value, which
may be a secret. Who may set what, and what a lesson's own matters become, is `lessonspace_launch`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, field_serializer

from bot.rooms.lessonspace_lists import format_moment

LONGEST_ID: Final = 64
"""Characters of a space's id (their guide on creating a space)."""

LOCALES: Final = ("en", "fr", "it", "pl")

SPELLINGS: Final[Mapping[str, str]] = {
    "invite": "people.invite",
    "chat": "chat.enabled",
    "fullscreen": "options.fullscreen",
    "emojis": "reactions.emojis",
    "importZip": "import.zip",
    "profanityFilter": "options.profanityFilter",
}
"""Older name and newer name of the same feature. Both are sent: the one that is not known there is dropped silently."""

FEATURES: Final = (
    *SPELLINGS,
    *("timer", "participants", "tabContextMenu", "importPdf", "exportZip", "tabDownload", "endSession"),
    *("hideTabbar", "hideToolbar"),
    *("apps.enabled", "av.enabled", "av.screenShare", "av.publishing", "breakouts.enabled"),
)
"""Features by one name each; where there are two, by the older."""

_KNOWN_FEATURES: Final = frozenset({*FEATURES, *SPELLINGS.values()})


def is_address(text: str) -> bool:
    """Whether it is one that a browser opens."""
    return re.fullmatch(r"https?://[^\s/]+\S*", text) is not None


def _check_address(text: str) -> str:
    if not is_address(text):
        raise ValueError("must be an address, https://…")
    return text


def _check_features(features: dict[str, bool]) -> dict[str, bool]:
    if unknown := sorted(features.keys() - _KNOWN_FEATURES):
        raise ValueError(f"knows no {', '.join(unknown)}")
    return features


Address = Annotated[str, AfterValidator(_check_address)]
Tags = dict[str, str]


class _Part(BaseModel):
    """Exactly the documented fields, of exactly the documented types. A value is never repeated in an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class JwtParameters(_Part):
    """What goes into the link's token: signed, but readable by whoever holds the link. Others may be added."""

    model_config = ConfigDict(extra="allow")

    kick_on_exp: bool = Field(default=False, alias="kickOnExp")  # put out at `not_after`
    soft_exp: int = Field(default=0, alias="softExp", gt=0)  # UNIX seconds, unlike the window's two ends
    meta: dict[str, JsonValue] = {}  # what stands here, the person may change


class UserOptions(_Part):
    """What options may say of everybody, or of everybody in a role."""

    profile_picture: Address = ""
    camera_background_url: Address = ""
    session_limit: bool = False  # the link dies with the session it was made for
    record: bool = False  # in a recorded lesson: keep this person's picture and sound
    ghost: bool = False  # an observer whom nobody sees
    custom_jwt_parameters: JwtParameters = JwtParameters()


class User(UserOptions):
    """The person who will come in. `role` is in examples only, not in the reference."""

    id: str = Field(default="", min_length=1)
    name: str = Field(default="", min_length=1)
    email: str = Field(default="", min_length=3)
    role: Literal["teacher", "student"] = "student"
    leader: bool = False
    single_use: bool = False  # here, and not at the top


class Timeouts(_Part):
    """When this link lets somebody in."""

    not_before: AwareDatetime
    not_after: AwareDatetime

    @field_serializer("not_before", "not_after")
    def _write(self, moment: datetime) -> str:
        return format_moment(moment)


class SessionWebhooks(_Part):
    """Where a session's beginning, sleep and end are reported."""

    start: Address
    idle: Address
    end: Address


class UserWebhooks(_Part):
    """Where people's coming, sleep and going are reported."""

    join: Address
    idle: Address
    leave: Address


class FinishWebhooks(_Part):
    """Where it is reported that something is ready."""

    finish: Address


class CobrowserWebhooks(_Part):
    """Where a shared browser's beginning and end are reported."""

    start: Address
    stop: Address


class ChatWebhooks(_Part):
    """Where what is written in the chat is reported."""

    message: Address


class KnockWebhooks(_Part):
    """Where what happens at a waiting room's door is reported. On a preview page only."""

    request: Address
    admit: Address
    deny: Address


class Webhooks(_Part):
    """The whole block: a later launch replaces all of it, or none, depending on which of their pages is right."""

    session: SessionWebhooks
    user: UserWebhooks
    transcription: FinishWebhooks
    summary: FinishWebhooks  # not in the reference; on their page on summaries
    cobrowser: CobrowserWebhooks | None = None
    chat: ChatWebhooks | None = None
    knock: KnockWebhooks | None = None


class ExternalAuthentication(_Part):
    """A page of the workspace's own that lets people in or does not."""

    method: Literal["child", "redirect"]
    url: Address
    token: str = Field(min_length=1, repr=False)
    ephemeral: bool = False


class LaunchOptions(_Part):
    """What a workspace may set, for all or by role."""

    user: UserOptions = UserOptions()
    allow_guests: bool = False
    summarise: bool = False  # only in a lesson that is transcribed; not in the reference, on their page on summaries
    features: Annotated[dict[str, bool], AfterValidator(_check_features)] = {}
    theme: dict[str, JsonValue] = {}  # its names are on a page of theirs that has no list to check against
    video_layout_mode: Literal["grid", "sidebar", "floating"] = "grid"
    locale: Literal["en", "fr", "it", "pl"] = "en"  # where the lesson, or the person, has no other that is spoken
    server: str = Field(default="", min_length=1)  # seen: only the launch that makes a space decides
    session_tags: Tags = {}
    space_tags: Tags = {}
    invite_url: Address = ""
    resource_url: Address = ""
    holodeck_parameters: dict[str, JsonValue] = {}  # undocumented; to be set on Lessonspace's advice
    auth_external: ExternalAuthentication | None = None


class LaunchBody(LaunchOptions):
    """All that a launch may say."""

    id: str = Field(min_length=1, max_length=LONGEST_ID)
    name: str = Field(default="", min_length=1)  # a blank one would be kept as blank
    record_av: bool
    record_content: bool
    transcribe: bool  # switched off in the whole space by a later launch that leaves it out
    user: User
    webhooks: Webhooks | None = None
    timeouts: Timeouts
