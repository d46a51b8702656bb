"""Every id by which Slack tells us what was pressed, typed or opened. Slack keeps them for months: never reuse one."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """`action_id` of buttons and of form fields that report at once."""

    JOIN = "join"  # a URL button, whose event marks the link opened; without a URL, answered with a way in
    GO_IN = "go_in"  # a URL button in that answer
    NEW_LINK = "new_link"
    EXTEND = "extend"
    LET_END = "let_end"
    CANCEL = "cancel"
    TRY_AGAIN = "try_again"
    DEVICE = "device"  # another device: a second way in for the same person
    REMOVE = "remove"  # in the list of people: this one
    RESEND = "resend"
    REPLACE = "replace"
    TURN_PAGE = "turn_page"  # forward in the list of people
    TURN_BACK = "turn_back"
    PICK_ADDED = "pick_added"
    MORE = "more"  # the leader's overflow menu; what was chosen is a `Choice`
    SEE_ALL = "see_all"  # on a board that only counts
    ROLL_BACK = "roll_back"  # its pages
    ROLL_ON = "roll_on"
    MORE_OPTIONS = "more_options"
    REPLY_COMING = "reply_coming"  # I'll be there
    REPLY_NOT_COMING = "reply_not_coming"  # I can't come
    REPLY_LATE = "reply_late"  # Running late
    BOOK = "book"  # in the Home tab
    PREFERENCES = "preferences"  # one's own
    SUMMARY = "summary"  # of a lesson that is over
    AGAIN = "again"  # on the card and the summary of a lesson that is over: the same, a week later
    WATCH = "watch"  # a session's recording
    OPEN_RECORDING = "open_recording"  # a URL button in a private answer
    TRANSCRIPT = "transcript"  # as text
    TRANSCRIPT_AS = "transcript_as"  # its menu: the other kinds of file
    SHOW_LESSON = "show_lesson"  # to an admin: the board and the history of one lesson
    LIST_MORE = "list_more"  # the next page of a list
    LIST_BACK = "list_back"
    FOUND_MORE = "found_more"  # the next lines that were searched for
    FOUND_BACK = "found_back"
    ALL_LESSONS = "all_lessons"  # an admin's, and its pages
    ALL_LESSONS_BACK = "all_lessons_back"
    HOUSE_RULES = "house_rules"  # an admin's form of settings
    HOUSE_CHANGES = "house_changes"  # who changed which setting
    LAUNCH_DEFAULTS = "launch_defaults"  # an admin's form of what every launch says
    EXPORT = "export"  # attendance as a file
    TRY_NOTICES = "try_notices"  # an admin's: messages that were given up, once more
    TRY_MYSELF = "try_myself"  # a short lesson for one
    PICK_LEADERS = "pick_leaders"
    PICK_PARTICIPANTS = "pick_participants"
    PICK_CHANNEL = "pick_channel"
    PICK_START = "pick_start"
    PICK_SERVICE = "pick_service"


class Choice(StrEnum):
    """`value` of the options in overflow menus, at most five in each. Which lesson is in its row's `block_id`."""

    MOVE = "move"
    PEOPLE = "people"  # add, remove, replace, resend
    AGAIN = "again"  # the same once more, a week later
    END = "end"  # now
    SUBTITLES = "subtitles"  # kinds of file, beside a transcript
    DATA = "data"


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
    SERVICE = "service"  # in which room service; only where there are several
    LANGUAGE = "language"
    FEATURES = "features"
    END_RULE = "end_rule"
    ADD = "add"  # people to add to a lesson; its `block_id` carries the revision
    ROLE = "role"  # what they will do in it
    COURTESIES = "courtesies"  # which reminders and nudges somebody wants
    REMIND_BEFORE = "remind_before"
    REASON = "reason"  # why a lesson is cancelled


class View(StrEnum):
    """`callback_id` of views."""

    BOOKING = "booking"
    PROGRESS = "progress"
    HOME = "home"
    ROLL = "roll"
    PEOPLE = "people"
    REPLACE = "replace_person"
    MOVE = "move_lesson"
    CANCEL = "cancel_lesson"
    END = "end_lesson"
    EXTEND = "extend_lesson"  # asks whether to extend into another lesson
    ALL_LESSONS = "all_lessons"
    HOUSE_RULES = "house_rules"
    LAUNCH_DEFAULTS = "launch_defaults"
    EXPORT = "export"
    PREFERENCES = "preferences"
    MESSAGE = "message"  # a small private answer where there is no conversation to answer in


class Shortcut(StrEnum):
    """`callback_id` of shortcuts, as in manifest.yml."""

    BOOK = "book_lesson"  # global
    BOOK_WITH = "book_lesson_with"  # on a message


METADATA_EVENT = "hallpass_notice"
"""`event_type` of the metadata of every message we post; its payload holds only the notice's id, as `notice_id`."""
