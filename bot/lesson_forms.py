"""The small forms that ask before a lesson is moved, cancelled, ended or extended into another one. Pure views.

Each is opened with what is true at that moment and carries the lesson's revision: submitted after somebody else changed
the lesson, it changes nothing. What was typed is read here, and judged elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bot.blocks import VIEW_LABEL, Block, context, lines, pack, plain, section
from bot.cards import live_links
from bot.drafts import Caution
from bot.ids import Field, View
from bot.readers import Reader, reader_of
from bot.wording import describe_caution
from bot.words import Markup
from storage.records import LessonDetails, LessonId, LessonState, Person

MAX_REASON = 300
"""Characters of a reason for cancelling: a sentence or two that everybody reads."""


@dataclass(frozen=True, kw_only=True)
class LessonForm:
    """What such a form carries with it, in `private_metadata`."""

    lesson_id: LessonId
    revision: int  # of the lesson that the form shows
    confirmed: str | None = None  # digest of the cautions that were read

    def to_metadata(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def read_lesson_form(metadata: str) -> LessonForm | None:
    """What a view's `private_metadata` says; None when it is not one of ours (any more)."""
    try:
        parts = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(parts, dict) or not isinstance(parts.get("lesson_id"), str):
        return None
    revision, confirmed = parts.get("revision"), parts.get("confirmed")
    if type(revision) is not int:
        return None
    return LessonForm(
        lesson_id=LessonId(parts["lesson_id"]),
        revision=revision,
        confirmed=confirmed if isinstance(confirmed, str) else None,
    )


@dataclass(frozen=True, kw_only=True)
class TypedTimes:
    """What stands in the move form. `starts_at` None: the form had no such field, or nothing is chosen."""

    starts_at: datetime | None
    length_text: str


def build_move_form(
    details: LessonDetails,
    *,
    reader: Person,
    now: datetime,
    typed: TypedTimes | None = None,
    cautions: Sequence[Caution] = (),
    confirmed: str | None = None,
) -> Block:
    """Start and length with their present values, or with what was typed. Of a lesson that has begun, the length."""
    reads, lesson = _reads(details, reader, now), details.lesson
    words = reads.words
    typed = typed or TypedTimes(starts_at=lesson.starts_at, length_text=minutes_of(lesson.starts_at, lesson.ends_at))
    blocks = _asked(cautions, reads, words.mark("Save it anyway, or change it below."))
    blocks.append(section(words.mark("*{title}*", title=lesson.title)))
    blocks.append(context(words.mark("Now: {when}", when=reads.stamp_span(lesson.starts_at, lesson.ends_at))))
    if lesson.state is LessonState.BOOKED:
        picker: Block = {"type": "datetimepicker"}
        if typed.starts_at is not None:
            picker["initial_date_time"] = int(typed.starts_at.timestamp())
        blocks.append(_input(Field.STARTS_AT, words._("Starts"), picker))
    blocks.append(_input(Field.LENGTH, words._("Length in minutes"), _text(typed.length_text)))
    blocks += [context(line) for line in (_stays_valid(details, reads),) if line]
    return _view(
        View.MOVE,
        words._("Move lesson"),
        blocks,
        form=LessonForm(lesson_id=lesson.id, revision=lesson.revision, confirmed=confirmed),
        submit=words._("Save anyway") if cautions else words._("Save"),
        close=words._("Close"),
    )


def minutes_of(starts_at: datetime, ends_at: datetime) -> str:
    """The length as it is typed into the field, where a minute is the least."""
    return str(max(1, round((ends_at - starts_at).total_seconds() / 60)))


def read_times(values: Mapping[str, Any]) -> TypedTimes:
    """What was typed into the move form: `values` is the view's `state.values`."""
    seconds = _state(values, Field.STARTS_AT).get("selected_date_time")
    return TypedTimes(
        starts_at=None if seconds is None else datetime.fromtimestamp(int(seconds), UTC),
        length_text=str(_state(values, Field.LENGTH).get("value") or ""),
    )


def build_cancel_form(details: LessonDetails, *, reader: Person, now: datetime) -> Block:
    """Asks before cancelling: what it cannot take back, and for a reason, which may be left out."""
    reads, lesson = _reads(details, reader, now), details.lesson
    words = reads.words
    told = words.mark("Everybody is told once.")
    text = lines(words.mark("*{title}*", title=lesson.title), told, _stays_valid(details, reads))
    reason = _input(
        Field.REASON,
        words._("Reason, for everybody to read"),
        _text("", is_long=True, most=MAX_REASON),
        is_optional=True,
    )
    return _view(
        View.CANCEL,
        words._("Cancel this lesson?"),
        [section(text), reason],
        form=LessonForm(lesson_id=lesson.id, revision=lesson.revision),
        submit=words._("Cancel lesson"),
        close=words._("Keep it"),
    )


def read_reason(values: Mapping[str, Any]) -> str:
    """The reason that was typed, without the blanks around it; empty: none."""
    return str(_state(values, Field.REASON).get("value") or "").strip()


def build_end_form(details: LessonDetails, *, reader: Person, now: datetime, closes_room: bool) -> Block:
    """Asks before ending a lesson now. `closes_room`: the service puts everybody out; else they may stay a while."""
    reads, lesson = _reads(details, reader, now), details.lesson
    words = reads.words
    over = words.mark("Join goes off everybody’s card at once. The summary follows when the room is empty.")
    if closes_room:
        room: Markup | None = words.mark("Whoever is in the room is put out.")
    else:
        room = words.mark("Whoever is in the room can stay there; please ask them to leave.")
    text = lines(words.mark("*{title}*", title=lesson.title), over, room, _stays_valid(details, reads))
    return _view(
        View.END,
        words._("End this lesson now?"),
        [section(text)],
        form=LessonForm(lesson_id=lesson.id, revision=lesson.revision),
        submit=words._("End now"),
        close=words._("Not yet"),
    )


def build_extend_form(
    details: LessonDetails, *, reader: Person, now: datetime, cautions: Sequence[Caution], confirmed: str
) -> Block:
    """Asks before extending into somebody's next lesson."""
    reads, lesson = _reads(details, reader, now), details.lesson
    words = reads.words
    more = words.mark(
        "Extend *{title}* by {length} anyway?", title=lesson.title, length=words.length(lesson.options.extension)
    )
    return _view(
        View.EXTEND,
        words._("Extend anyway?"),
        _asked(cautions, reads, more),
        form=LessonForm(lesson_id=lesson.id, revision=lesson.revision, confirmed=confirmed),
        submit=words._("Extend anyway"),
        close=words._("Leave it"),
    )


def _asked(cautions: Sequence[Caution], reader: Reader, question: Markup) -> list[Block]:
    if not cautions:
        return []
    words = reader.words
    asked = [describe_caution(caution, reader) for caution in cautions]
    more = pack(asked, at_most=3, more=lambda count: words.nmark("{count} more", "{count} more", count))
    return [*more, section(question)]


def _stays_valid(details: LessonDetails, reader: Reader) -> Markup | None:
    """What cannot be taken back: links of the service's own that were sent."""
    links = live_links(details, reader)
    if not links:
        return None
    return reader.words.nmark(
        "{count} link already sent stays valid until {when}; the room service cannot take it back.",
        "{count} links already sent stay valid until {when}; the room service cannot take them back.",
        len(links),
        when=reader.stamp(max(link.closes_at for link in links)),
    )


def _reads(details: LessonDetails, reader: Person, now: datetime) -> Reader:
    return reader_of(reader, now=now, lesson_zone=details.lesson.zone)


def _input(where: Field, label: str, element: Block, *, is_optional: bool = False) -> Block:
    # The field's own name as `action_id`: unlike in the booking form, nothing here reports before it is sent.
    return {
        "type": "input",
        "block_id": where.value,
        "label": plain(label),
        "element": {**element, "action_id": where.value},
        "optional": is_optional,
    }


def _text(value: str, *, is_long: bool = False, most: int | None = None) -> Block:
    made: Block = {"type": "plain_text_input", "multiline": is_long}
    if most is not None:
        made["max_length"] = most
    return {**made, "initial_value": value[:3000]} if value else made


def _state(values: Mapping[str, Any], where: Field) -> Mapping[str, Any]:
    state = (values.get(where.value) or {}).get(where.value)
    return state if isinstance(state, Mapping) else {}


def _view(callback: View, title: str, blocks: list[Block], *, form: LessonForm, submit: str, close: str) -> Block:
    return {
        "type": "modal",
        "callback_id": callback.value,
        "title": plain(title, VIEW_LABEL),
        "submit": plain(submit, VIEW_LABEL),
        "close": plain(close, VIEW_LABEL),
        "private_metadata": form.to_metadata(),
        "blocks": blocks,
    }
