"""What a button carries back to us: ids and the number that says how old the card is. Never a name, never a link.

Written when a message is built, read when the button is pressed, perhaps months later by a newer Hallpass: a value that
is not understood is None, and the person is told that the card is outdated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from storage.records import LessonId, LinkId, ParticipantId


@dataclass(frozen=True, kw_only=True)
class Press:
    """The `value` of a button on a message or a view about one lesson."""

    lesson_id: LessonId
    revision: int | None = None  # leaders' buttons: the lesson's, as the card showed it
    participant_id: ParticipantId | None = None  # participants' buttons: whose
    link_number: int | None = None  # and which link the card showed
    link_id: LinkId | None = None  # Join: the link behind the button
    session_id: str | None = None  # what a lesson left: of which session
    reply: str | None = None  # replies: the one that the card showed
    page: int | None = None  # lists: which one to turn to, from 0
    kind: str | None = None  # another try: of which kind of message

    def to_value(self) -> str:
        """As text for Slack, some 150 characters."""
        return json.dumps({name: part for name, part in vars(self).items() if part is not None}, sort_keys=True)


def read_press(value: str | None) -> Press | None:
    """The press behind a button's `value`; None when it is not one of ours (any more)."""
    try:
        parts = json.loads(value or "")
    except ValueError:
        return None
    if not isinstance(parts, dict) or not isinstance(parts.get("lesson_id"), str):
        return None
    texts = {name: parts.get(name) for name in ("participant_id", "link_id", "reply", "kind", "session_id")}
    numbers = {name: parts.get(name) for name in ("revision", "link_number", "page")}
    if not all(text is None or isinstance(text, str) for text in texts.values()):
        return None
    if not all(number is None or type(number) is int for number in numbers.values()):
        return None
    return Press(
        lesson_id=LessonId(parts["lesson_id"]),
        revision=numbers["revision"],
        participant_id=ParticipantId(texts["participant_id"]) if texts["participant_id"] else None,
        link_number=numbers["link_number"],
        link_id=LinkId(texts["link_id"]) if texts["link_id"] else None,
        reply=texts["reply"],
        session_id=texts["session_id"],
        page=numbers["page"],
        kind=texts["kind"],
    )
