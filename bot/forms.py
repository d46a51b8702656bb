"""The booking form as a view: a draft into blocks. Pure.

Every field keeps its ids over every update, or Slack forgets what was typed in it; what they are, and the way back, is
`bot/typed.py`'s. Checks nothing: what is wrong is `bot/drafts.py`'s to find, and is only shown here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from babel import Locale, UnknownLocaleError

from bot.blocks import OPTION_TEXT, Block, actions, button, context, cut, lines, pack, plain, section
from bot.drafts import BookingDraft, Caution, Problem, RoomChoice
from bot.ids import Action, Field, View
from bot.readers import Reader, reader_of
from bot.typed import EVERYONE_LEAVES, NEW_ROOM, RECORD, REPORTS_AT_ONCE, TRANSCRIBE, WARN, action_of
from bot.wording import describe_caution, describe_problem
from bot.words import Words, escape
from storage.records import EndRule, Person

_MAX_OPTIONS = 100


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
) -> Block:
    """The form with what the draft holds.

    `cautions` are asked on top and turn *Book* into *Book anyway*. `problems` are found before the form is sent (a pick
    that cannot be used) and stand under their field. `room_choice` None: nothing to continue.
    """
    reads = replace(reader_of(reader, now=now, lesson_zone=draft.zone), zone=draft.zone)
    words = reads.words
    fields = _main_fields(draft, reads, max_people=max_people)
    if draft.has_more:
        fields += _more_fields(draft, reads, room_choice=room_choice, languages=languages, features=features)
    else:
        fields += actions([button(words._("More options"), Action.MORE_OPTIONS, "more")], block_id="more")
    blocks = [*_on_top(cautions, not_understood, reads), *_with_problems(fields, problems, words)]
    return {
        **_view(words._("Book a lesson"), View.BOOKING, blocks),
        "submit": plain(words._("Book anyway") if cautions else words._("Book")),
        "close": plain(words._("Cancel")),
        "private_metadata": metadata,
    }


def _view(title: str, callback: View, blocks: list[Block]) -> Block:
    return {"type": "modal", "callback_id": callback.value, "title": plain(title), "blocks": blocks}


def _on_top(cautions: Sequence[Caution], not_understood: Sequence[str], reader: Reader) -> list[Block]:
    words, blocks = reader.words, []
    if not_understood:
        typed = words.join_marked([f"“{cut(part, 100)}”" for part in not_understood], at_most=8)
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
        if found:
            blocks.append(context(lines(*found)))
    return blocks


def _main_fields(draft: BookingDraft, reader: Reader, *, max_people: int) -> list[Block]:
    words = reader.words
    most = max(max_people, len(draft.participant_ids))
    blocks = [
        _input(Field.TITLE, words._("Title"), _text(draft.title)),
        _input(Field.LEADERS, words._("Leaders"), _people(draft.leader_ids, words._("Who leads?"), max(most, 10))),
        _input(
            Field.PARTICIPANTS, words._("Participants"), _people(draft.participant_ids, words._("Who comes?"), most)
        ),
        _input(Field.STARTS_AT, words._("Starts"), _instant(draft.starts_at)),
    ]
    if draft.starts_at is not None:
        when = words.mark("That is {when}.", when=reader.day_and_time(draft.starts_at))
        blocks.append(context(when, block_id="start_in_zone"))
    return [
        *blocks,
        _input(Field.LENGTH, words._("Length in minutes"), _text(draft.length_text)),
        _input(Field.OPTIONS, words._("Options"), _options(draft, words), is_optional=True),
        _input(Field.CHANNEL, words._("Post updates in a channel"), _channel(draft, words), is_optional=True),
        _input(Field.NOTE, words._("Note to participants"), _text(draft.note, is_long=True), is_optional=True),
    ]


def _more_fields(
    draft: BookingDraft,
    reader: Reader,
    *,
    room_choice: RoomChoice | None,
    languages: Sequence[str],
    features: Sequence[str],
) -> list[Block]:
    words = reader.words
    early = _input(
        Field.JOIN_EARLY, words._("People may come early by (minutes)"), _text(draft.join_early_text), is_optional=True
    )
    late = _input(
        Field.JOIN_LATE,
        words._("Links work on after the end for (minutes)"),
        _text(draft.join_late_text),
        is_optional=True,
    )
    blocks = [early, late, _input(Field.END_RULE, words._("When the links stop working"), _end_rule(draft, words))]
    if room_choice is not None:
        blocks.append(_input(Field.ROOM, words._("Room"), _room(draft, room_choice, reader)))
    if languages:
        blocks.append(
            _input(
                Field.LANGUAGE, words._("Language of the room"), _language(draft, languages, words), is_optional=True
            )
        )
    if features:
        blocks.append(
            _input(
                Field.FEATURES, words._("Switch off in the room"), _features(draft, features, words), is_optional=True
            )
        )
    return blocks


def _input(where: Field, label: str, element: Block, *, is_optional: bool = False) -> Block:
    made: Block = {
        "type": "input",
        "block_id": where.value,
        "label": plain(label),
        "element": {**element, "action_id": action_of(where)},
    }
    if where in REPORTS_AT_ONCE:
        made["dispatch_action"] = True
    return {**made, "optional": is_optional}


def _text(value: str, *, is_long: bool = False) -> Block:
    # No `max_length`: an initial value beyond it is refused as a whole, and our own error says more.
    made: Block = {"type": "plain_text_input", "multiline": is_long}
    return {**made, "initial_value": value[:3000]} if value else made


def _people(user_ids: Sequence[str], placeholder: str, most: int) -> Block:
    made: Block = {"type": "multi_users_select", "placeholder": plain(placeholder), "max_selected_items": most}
    return {**made, "initial_users": list(user_ids)} if user_ids else made


def _instant(starts_at: datetime | None) -> Block:
    made: Block = {"type": "datetimepicker"}
    return made if starts_at is None else {**made, "initial_date_time": int(starts_at.timestamp())}


def _option(value: str, text: str, description: str | None = None) -> Block:
    made: Block = {"value": value, "text": plain(text, OPTION_TEXT)}
    return made if description is None else {**made, "description": plain(description, OPTION_TEXT)}


def _options(draft: BookingDraft, words: Words) -> Block:
    offered = {
        RECORD: (_option(RECORD, words._("Record the lesson")), draft.records),
        TRANSCRIBE: (_option(TRANSCRIBE, words._("Transcribe what is said")), draft.transcribes),
        EVERYONE_LEAVES: (
            _option(EVERYONE_LEAVES, words._("Everyone leaves at the end")),
            draft.end_rule is EndRule.EVERYONE_LEAVES,
        ),
        WARN: (_option(WARN, words._("Ask me before the end whether to extend")), draft.warns),
    }
    made: Block = {"type": "checkboxes", "options": [option for option, _ in offered.values()]}
    ticked = [option for option, is_ticked in offered.values() if is_ticked]
    return {**made, "initial_options": ticked} if ticked else made


def _channel(draft: BookingDraft, words: Words) -> Block:
    made: Block = {
        "type": "conversations_select",
        "placeholder": plain(words._("No channel")),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return {**made, "initial_conversation": draft.channel_id} if draft.channel_id else made


def _end_rule(draft: BookingDraft, words: Words) -> Block:
    ask = _option(EndRule.ASK.value, words._("Participants leave the room, leaders may stay"))
    stay = _option(EndRule.OPEN.value, words._("Whoever is in the room may stay"))
    return {
        "type": "radio_buttons",
        "options": [ask, stay],
        "initial_option": stay if draft.end_rule is EndRule.OPEN else ask,
    }


def _room(draft: BookingDraft, choice: RoomChoice, reader: Reader) -> Block:
    words = reader.words
    last = words._("Last used {day}: {title}", day=reader.day(choice.last_starts_at), title=choice.last_title)
    fresh = _option(NEW_ROOM, words._("A new room"))
    earlier = _option(choice.room, words._("The room you shared before"), last)
    return {
        "type": "radio_buttons",
        "options": [fresh, earlier],
        "initial_option": earlier if draft.room == choice.room else fresh,
    }


def _language(draft: BookingDraft, languages: Sequence[str], words: Words) -> Block:
    options = {tag: _option(tag, _language_name(tag, words)) for tag in languages[:_MAX_OPTIONS]}
    made: Block = {
        "type": "static_select",
        "placeholder": plain(words._("As the room service has it")),
        "options": list(options.values()),
    }
    chosen = options.get(draft.language or "")
    return {**made, "initial_option": chosen} if chosen else made


def _language_name(tag: str, words: Words) -> str:
    try:
        return Locale.parse(tag, sep="-").get_display_name(words.locale) or tag
    except (UnknownLocaleError, ValueError):
        return tag


def _features(draft: BookingDraft, features: Sequence[str], words: Words) -> Block:
    options = {name: _option(name, name) for name in features[:_MAX_OPTIONS]}
    made: Block = {
        "type": "multi_static_select",
        "placeholder": plain(words._("Nothing")),
        "options": list(options.values()),
    }
    off = [option for name, option in options.items() if draft.features.get(name) is False]
    return {**made, "initial_options": off} if off else made
