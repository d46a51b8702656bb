"""The booking form's fields, one by one: their ids, their labels, what can be chosen, what they start with. Pure.

`block_id` is always a `Field`. `action_id` is the same, except for the fields that report at once, whose picks reach us
before the form is sent: `REPORTS_AT_ONCE`. Both stay the same over every update, or Slack forgets what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from babel import Locale, UnknownLocaleError

from bot.blocks import OPTION_TEXT, Block, context, plain
from bot.drafts import BookingDraft, RoomChoice, ServiceChoice
from bot.ids import Action, Field
from bot.readers import Reader
from bot.wording import describe_feature
from bot.words import Words
from storage.records import EndRule

REPORTS_AT_ONCE: Mapping[Field, Action] = {
    Field.LEADERS: Action.PICK_LEADERS,
    Field.PARTICIPANTS: Action.PICK_PARTICIPANTS,
    Field.STARTS_AT: Action.PICK_START,
    Field.CHANNEL: Action.PICK_CHANNEL,
    Field.SERVICE: Action.PICK_SERVICE,
}
"""Fields whose `action_id` is an `Action`, because they dispatch when picked."""

NEW_ROOM = "new"
RECORD, TRANSCRIBE, EVERYONE_LEAVES, WARN = "record", "transcribe", "everyone_leaves", "warn"
_MAX_OPTIONS = 100
OBSERVERS_NAMED = 8


def action_of(where: Field) -> str:
    """The `action_id` of a field."""
    return REPORTS_AT_ONCE.get(where, where).value


def build_main_fields(
    draft: BookingDraft,
    reader: Reader,
    *,
    max_people: int,
    observers: Sequence[str] = (),
    services: Sequence[ServiceChoice] = (),
) -> list[Block]:
    """`services`: those that can be chosen, the default first. Empty: nothing is said of it."""
    words = reader.words
    most = max(max_people, len(draft.participant_ids))
    blocks = [
        _input(Field.TITLE, words._("Title"), _text(draft.title)),
        _input(Field.LEADERS, words._("Leaders"), _people(draft.leader_ids, words._("Who leads?"), max(most, 10))),
        _input(
            Field.PARTICIPANTS, words._("Participants"), _people(draft.participant_ids, words._("Who comes?"), most)
        ),
        *_watching(observers, words),
        _input(Field.STARTS_AT, words._("Starts"), _instant(draft.starts_at)),
    ]
    if draft.starts_at is not None:
        when = words.mark("That is {when}.", when=reader.day_and_time(draft.starts_at))
        blocks.append(context(when, block_id="start_in_zone"))
    chosen = find_chosen(draft, services)
    return [
        *blocks,
        _input(Field.LENGTH, words._("Length in minutes"), _text(draft.length_text)),
        *_service_fields(chosen, services, words),
        _input(Field.OPTIONS, words._("Options"), _options(draft, chosen, words), is_optional=True),
        _input(Field.CHANNEL, words._("Post updates in a channel"), _channel(draft, words), is_optional=True),
        _input(Field.NOTE, words._("Note to participants"), _text(draft.note, is_long=True), is_optional=True),
    ]


def find_chosen(draft: BookingDraft, services: Sequence[ServiceChoice]) -> ServiceChoice | None:
    """The service that this draft is for; None: there is nothing to choose from."""
    return next((one for one in services if one.service == draft.service), services[0] if services else None)


def _service_fields(chosen: ServiceChoice | None, services: Sequence[ServiceChoice], words: Words) -> list[Block]:
    """Which one, where there are several; and in a line who lets people in, where it is not the service itself."""
    if chosen is None:
        return []
    blocks: list[Block] = []
    if len(services) > 1:
        options = {one.service: _option(one.service, one.shown_name) for one in services[:_MAX_OPTIONS]}
        select: Block = {
            "type": "static_select",
            "options": list(options.values()),
            "initial_option": options[chosen.service],
        }
        blocks.append(_input(Field.SERVICE, words._("Room service"), select))
    if len(services) == 1 and chosen.lets_in:
        return blocks
    if chosen.lets_in:
        line = words.mark("{service} itself lets each link work once, and only in its time.", service=chosen.shown_name)
    elif chosen.shares_address:
        line = words.mark(
            "Hallpass lets each person in, and only in their time. Behind that door, {service} has one address for "
            "everybody, which somebody could pass on.",
            service=chosen.shown_name,
        )
    else:
        line = words.mark(
            "Hallpass lets each person into {service}, and only in their time.", service=chosen.shown_name
        )
    return [*blocks, context(line, block_id="about_service")]


def _watching(observers: Sequence[str], words: Words) -> list[Block]:
    """Who watched in the lesson that is booked again does so once more; the field of people cannot say it."""
    if not observers:
        return []
    names = words.join_marked(observers, at_most=OBSERVERS_NAMED)
    line = words.nmark(
        "{names} only watches, as before.", "{names} only watch, as before.", len(observers), names=names
    )
    return [context(line, block_id="observers")]


def build_more_fields(
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


def _options(draft: BookingDraft, service: ServiceChoice | None, words: Words) -> Block:
    """Only what the service can do."""
    offered = {
        RECORD: (_option(RECORD, words._("Record the lesson")), draft.records),
        TRANSCRIBE: (
            _option(TRANSCRIBE, words._("Transcribe what is said"), words._("Needs the recording.")),
            draft.transcribes,
        ),
        EVERYONE_LEAVES: (
            _option(EVERYONE_LEAVES, words._("Everyone leaves at the end")),
            draft.end_rule is EndRule.EVERYONE_LEAVES,
        ),
        WARN: (_option(WARN, words._("Ask me before the end whether to extend")), draft.warns),
    }
    if service is not None and not service.records:
        del offered[RECORD]
    if service is not None and not service.transcribes:
        del offered[TRANSCRIBE]
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
        "initial_option": fresh if draft.wants_new_room else earlier,
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
    options = {name: _option(name, describe_feature(name, words)) for name in features[:_MAX_OPTIONS]}
    made: Block = {
        "type": "multi_static_select",
        "placeholder": plain(words._("Nothing")),
        "options": list(options.values()),
    }
    off = [option for name, option in options.items() if draft.features.get(name) is False]
    return {**made, "initial_options": off} if off else made
