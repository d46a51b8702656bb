"""Every id by which Slack tells us what was pressed, typed or opened. Slack keeps them for months: never reuse one."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """`action_id` of buttons and of form fields that report at once."""

    JOIN = "join"  # a URL button; its event marks the link opened
    NEW_LINK = "new_link"
    EXTEND = "extend"
    LET_END = "let_end"
    CANCEL = "cancel"
    TRY_AGAIN = "try_again"
    MORE_OPTIONS = "more_options"
    BOOK = "book"  # in the Home tab
    PICK_LEADERS = "pick_leaders"
    PICK_PARTICIPANTS = "pick_participants"
    PICK_CHANNEL = "pick_channel"
    PICK_START = "pick_start"


class Field(StrEnum):
    """`block_id` and `action_id` of form fields; an error in the form is put on one of these."""

    TITLE = "title"
    LEADERS = "leaders"
    PARTICIPANTS = "participants"
    STARTS_AT = "starts_at"
    LENGTH = "length"
    OPTIONS = "options"
    CHANNEL = "channel"
    NOTE = "note"
    JOIN_EARLY = "join_early"
    JOIN_LATE = "join_late"
    ROOM = "room"
    LANGUAGE = "language"
    FEATURES = "features"
    END_RULE = "end_rule"


class View(StrEnum):
    """`callback_id` of views."""

    BOOKING = "booking"
    PROGRESS = "progress"
    HOME = "home"
    MESSAGE = "message"  # a small private answer where there is no conversation to answer in


class Shortcut(StrEnum):
    """`callback_id` of shortcuts, as in manifest.yml."""

    BOOK = "book_lesson"  # global
    BOOK_WITH = "book_lesson_with"  # on a message


METADATA_EVENT = "hallpass_notice"
"""`event_type` of the metadata of every message we post; its payload holds only the notice's id, as `notice_id`."""
