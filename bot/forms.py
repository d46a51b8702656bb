"""The booking form as a view, and back: a draft into blocks, what was typed into a draft again. Pure.

Checks nothing: what is wrong is `bot/drafts.py`'s to find, and is only shown here. What cannot be read counts as not
typed. The fields themselves are in `bot/fields.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.blocks import VIEW_LABEL, Block, actions, button, cut, pack, plain, section
from bot.drafts import BookingDraft, Caution, Problem, RoomChoice, ServiceChoice
from bot.fields import (
    EVERYONE_LEAVES,
    NEW_ROOM,
    RECORD,
    TRANSCRIBE,
    WARN,
    action_of,
    build_main_fields,
    build_more_fields,
)
from bot.ids import Action, Field, View
from bot.readers import Reader, reader_of
from bot.wording import describe_caution, describe_problem
from bot.words import Words, escape
from storage.records import EndRule, Person, RoomRef


@dataclass(frozen=True, kw_only=True)
class FormState:
    """What a form carries with it, in `private_metadata`. No secrets, nothing that grows."""

    submission_key: str  # the same form sent twice books once
    zone: str = "UTC"  # the booker's when the form was opened
    has_more: bool = False
    confirmed: str | None = None  # digest of the cautions that the booker has seen
    observer_ids: tuple[str, ...] = ()  # who watched in the lesson that is booked again, at most a lesson's people

    def to_metadata(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def read_form_state(metadata: str) -> FormState | None:
    """The state in a view's `private_metadata`; None when it is not one we understand."""
    try:
        parts = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(parts, dict) or not isinstance(parts.get("submission_key"), str):
        return None
    confirmed, observers = parts.get("confirmed"), parts.get("observer_ids")
    return FormState(
        submission_key=parts["submission_key"],
        zone=str(parts.get("zone", "UTC")),
        has_more=parts.get("has_more") is True,
        confirmed=confirmed if isinstance(confirmed, str) else None,
        observer_ids=tuple(map(str, observers)) if isinstance(observers, list) else (),
    )


def build_loading_form(words: Words, *, metadata: str = "") -> Block:
    """What opens at once while the form's data is read."""
    view = _view(words._("Book a lesson"), View.BOOKING, [section(words.mark("One moment, the form is coming …"))])
    return {**view, "close": plain(words._("Cancel")), "private_metadata": metadata}


def build_booking_form(
    draft: BookingDraft,
    *,
    reader: Person,
    now: datetime,
    metadata: str,
    room_choice: RoomChoice | None = None,
    languages: Sequence[str] = (),
    features: Sequence[str] = (),
    max_people: int = 100,
    cautions: Sequence[Caution] = (),
    not_understood: Sequence[str] = (),
    problems: Sequence[Problem] = (),
    observers: Sequence[str] = (),
    services: Sequence[ServiceChoice] = (),
) -> Block:
    """The form with what the draft holds.

    `cautions` are asked on top and turn *Book* into *Book anyway*. `problems` are found before the form is sent (a pick
    that cannot be used) and stand under their field. `room_choice` None: nothing to continue. `observers`: names of the
    participants who only watch. `services`: the room services, the default first; empty: nothing is said of them.
    """
    reads = replace(reader_of(reader, now=now, lesson_zone=draft.zone), zone=draft.zone)
    words = reads.words
    fields = build_main_fields(draft, reads, max_people=max_people, observers=observers, services=services)
    if draft.has_more:
        fields += build_more_fields(draft, reads, room_choice=room_choice, languages=languages, features=features)
    else:
        fields += actions([button(words._("More options"), Action.MORE_OPTIONS, "more")], block_id="more")
    blocks = [*_on_top(cautions, not_understood, reads), *_with_problems(fields, problems, words)]
    return {
        **_view(words._("Book a lesson"), View.BOOKING, blocks),
        "submit": plain(words._("Book anyway") if cautions else words._("Book"), VIEW_LABEL),
        "close": plain(words._("Cancel"), VIEW_LABEL),
        "private_metadata": metadata,
    }


def _view(title: str, callback: View, blocks: list[Block]) -> Block:
    return {"type": "modal", "callback_id": callback.value, "title": plain(title, VIEW_LABEL), "blocks": blocks}


def _on_top(cautions: Sequence[Caution], not_understood: Sequence[str], reader: Reader) -> list[Block]:
    words, blocks = reader.words, []
    if not_understood:
        typed = words.join_marked([f"“{cut(part, 60)}”" for part in not_understood], at_most=8)
        line = words.mark("I did not understand {typed}. Please fill in below what you meant.", typed=typed)
        blocks.append(section(line, block_id="not_understood"))
    if cautions:
        asked = [describe_caution(caution, reader) for caution in cautions]
        more = words.mark("Book it anyway, or change it below.")
        blocks += pack([*asked, more], at_most=4, more=lambda count: words.nmark("{count} more", "{count} more", count))
    return blocks


def _with_problems(fields: list[Block], problems: Sequence[Problem], words: Words) -> list[Block]:
    """Each problem in a line under its field."""
    blocks: list[Block] = []
    for made in fields:
        blocks.append(made)
        found = [
            escape(describe_problem(problem, words)) for problem in problems if problem.where == made.get("block_id")
        ]
        blocks += pack(found, at_most=2, more=lambda count: words.nmark("{count} more", "{count} more", count))
    return blocks


def read_booking_form(values: Mapping[str, Any], *, base: BookingDraft) -> BookingDraft:
    """What was typed, over `base`: `values` is a view's `state.values`. A field that was not shown keeps the base's."""
    typed = _Typed(values)
    ticked = typed.chosen(Field.OPTIONS)
    end_rule = _read_end_rule(typed, ticked, base)
    room, wants_new_room = _read_room(typed, base)
    return replace(
        base,
        title=typed.text(Field.TITLE, base.title),
        leader_ids=typed.users(Field.LEADERS, base.leader_ids),
        participant_ids=typed.users(Field.PARTICIPANTS, base.participant_ids),
        starts_at=typed.instant(Field.STARTS_AT, base.starts_at),
        length_text=typed.text(Field.LENGTH, base.length_text),
        records=base.records if ticked is None else RECORD in ticked,
        transcribes=base.transcribes if ticked is None else TRANSCRIBE in ticked,
        warns=base.warns if ticked is None else WARN in ticked,
        end_rule=end_rule,
        channel_id=typed.conversation(Field.CHANNEL, base.channel_id),
        note=typed.text(Field.NOTE, base.note),
        join_early_text=typed.text(Field.JOIN_EARLY, base.join_early_text),
        join_late_text=typed.text(Field.JOIN_LATE, base.join_late_text),
        service=next(iter(typed.chosen(Field.SERVICE) or ()), base.service),
        room=room,
        wants_new_room=wants_new_room,
        language=_read_language(typed, base),
        features=_read_features(typed, base),
    )


def _read_end_rule(typed: _Typed, ticked: list[str] | None, base: BookingDraft) -> EndRule:
    if ticked is not None and EVERYONE_LEAVES in ticked:
        return EndRule.EVERYONE_LEAVES
    chosen = typed.chosen(Field.END_RULE)
    if chosen:
        return EndRule(chosen[0]) if chosen[0] in (EndRule.ASK, EndRule.OPEN) else EndRule.ASK
    is_unticked = ticked is not None and base.end_rule is EndRule.EVERYONE_LEAVES
    return EndRule.ASK if is_unticked else base.end_rule


def _read_room(typed: _Typed, base: BookingDraft) -> tuple[RoomRef | None, bool]:
    """The earlier room chosen, if one was, and whether a new one was asked for."""
    chosen = typed.chosen(Field.ROOM)
    if not chosen:
        return base.room, base.wants_new_room
    is_new = chosen[0] == NEW_ROOM
    return (None if is_new else RoomRef(chosen[0])), is_new


def _read_language(typed: _Typed, base: BookingDraft) -> str | None:
    chosen = typed.chosen(Field.LANGUAGE)
    if chosen is None:
        return base.language
    return chosen[0] if chosen else None


def _read_features(typed: _Typed, base: BookingDraft) -> dict[str, bool]:
    switched_off = typed.chosen(Field.FEATURES)
    if switched_off is None:
        return base.features
    kept_on = {name: True for name, is_on in base.features.items() if is_on and name not in switched_off}
    return {**kept_on, **dict.fromkeys(switched_off, False)}


class _Typed:
    """A view's state, field by field. None means that the field was not shown, so the base's value counts."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def _state(self, where: Field) -> Mapping[str, Any] | None:
        state = (self._values.get(where.value) or {}).get(action_of(where))
        return state if isinstance(state, Mapping) else None

    def text(self, where: Field, otherwise: str) -> str:
        state = self._state(where)
        return otherwise if state is None else str(state.get("value") or "")

    def users(self, where: Field, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        state = self._state(where)
        return otherwise if state is None else tuple(str(user_id) for user_id in state.get("selected_users") or ())

    def instant(self, where: Field, otherwise: datetime | None) -> datetime | None:
        state = self._state(where)
        if state is None:
            return otherwise
        seconds = state.get("selected_date_time")
        return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)

    def conversation(self, where: Field, otherwise: str | None) -> str | None:
        state = self._state(where)
        return otherwise if state is None else state.get("selected_conversation") or None

    def chosen(self, where: Field) -> list[str] | None:
        """Values of the options chosen, one or many."""
        state = self._state(where)
        if state is None:
            return None
        options = state.get("selected_options")
        if options is None:
            options = [state["selected_option"]] if state.get("selected_option") else []
        return [str(option["value"]) for option in options]
