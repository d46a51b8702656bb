"""The forms about who takes part: everybody with what can be done about them, who is to be added, who replaces whom.

Pure views. Each carries the lesson's revision: what is pressed or sent after somebody else changed the lesson changes
nothing, and the form then shows what is true. What was picked is read here and judged by `bot/seating.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.blocks import VIEW_LABEL, Block, actions, button, confirm_dialog, context, divider, pack, plain, section
from bot.drafts import Caution, Newcomers
from bot.ids import Action, Field, View
from bot.presses import Press
from bot.readers import Reader, reader_of
from bot.roster import more_line, reach_lines
from bot.wording import describe_caution
from bot.words import Markup, Words
from storage.records import LessonDetails, LessonId, LinkWay, ParticipantId, Person, Role, Seat

PER_PAGE = 20
"""People on one page: two blocks each, of a hundred that a view may have."""


@dataclass(frozen=True, kw_only=True)
class PeopleForm:
    """What such a form carries with it, in `private_metadata`."""

    lesson_id: LessonId
    revision: int  # of the lesson that the form shows
    page: int = 0
    participant_id: ParticipantId | None = None  # who is to be replaced
    confirmed: str | None = None  # digest of the cautions that were read

    def to_metadata(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def read_people_form(metadata: str) -> PeopleForm | None:
    """What a view's `private_metadata` says; None when it is not one of ours (any more)."""
    try:
        parts = json.loads(metadata)
    except ValueError:
        return None
    if not isinstance(parts, dict) or not isinstance(parts.get("lesson_id"), str):
        return None
    if type(parts.get("revision")) is not int or type(parts.get("page")) is not int:
        return None
    texts = {name: parts.get(name) for name in ("participant_id", "confirmed")}
    if not all(text is None or isinstance(text, str) for text in texts.values()):
        return None
    return PeopleForm(
        lesson_id=LessonId(parts["lesson_id"]),
        revision=parts["revision"],
        page=parts["page"],
        participant_id=ParticipantId(texts["participant_id"]) if texts["participant_id"] else None,
        confirmed=texts["confirmed"],
    )


def add_block_id(revision: int) -> str:
    """The field of people. A new one for each revision, since Slack keeps what is picked while its id stays."""
    return f"{Field.ADD.value}:{revision}"


def build_people_form(
    details: LessonDetails,
    *,
    reader: Person,
    now: datetime,
    page: int = 0,
    said: Markup | None = None,
    picked: Newcomers | None = None,
    cautions: Sequence[Caution] = (),
    confirmed: str | None = None,
) -> Block:
    """Everybody, a page at a time, with *Resend*, *Replace* and *Remove*, and below whom to add.

    `said`: what just happened, or why it did not. `picked`: whom the form named before it was drawn anew.
    """
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words, lesson = reads.words, details.lesson
    last = max(len(details.seats) - 1, 0) // PER_PAGE
    page = min(max(page, 0), last)
    blocks = [section(_head(details, reads)), *([section(said)] if said else [])]
    for seat in details.seats[page * PER_PAGE : (page + 1) * PER_PAGE]:
        blocks += _person(details, seat, reads, reader=reader)
    blocks += _turns(details, page, last, words)
    blocks += [divider(), *_cautions(cautions, reads), *_adding(lesson.revision, picked, words)]
    state = PeopleForm(lesson_id=lesson.id, revision=lesson.revision, page=page, confirmed=confirmed)
    submit = words._("Add anyway") if cautions else words._("Add")
    return _view(words._("People in the lesson"), View.PEOPLE, blocks, words, state, submit)


def _head(details: LessonDetails, reader: Reader) -> Markup:
    lesson = details.lesson
    when = reader.stamp_span(lesson.starts_at, lesson.ends_at)
    return reader.words.mark("*{title}*: {when}.", title=lesson.title, when=when)


def _person(details: LessonDetails, seat: Seat, reads: Reader, *, reader: Person) -> list[Block]:
    lines = reach_lines(details, [seat], reads, reader=reader)
    press = Press(
        lesson_id=details.lesson.id, revision=details.lesson.revision, participant_id=seat.participant.id
    ).to_value()
    words = reads.words
    row = [
        button(words._("Resend"), Action.RESEND, press, spoken=words._("Resend to {name}", name=seat.person.name)),
        button(words._("Replace"), Action.REPLACE, press, spoken=words._("Replace {name}", name=seat.person.name)),
        button(
            words._("Remove"),
            Action.REMOVE,
            press,
            spoken=words._("Remove {name}", name=seat.person.name),
            style="danger",
            confirm=_confirm(seat, reads),
        ),
    ]
    return [*pack(lines, at_most=1, more=more_line(reads)), *actions(row, block_id=f"person:{seat.participant.id}")]


def _confirm(seat: Seat, reader: Reader) -> Block:
    """Asks before removing, and says what that cannot take back."""
    words, link = reader.words, seat.link
    text = words._("They are told once, and get no more reminders.")
    is_out = link is not None and link.delivered_at is not None and link.closes_at > reader.now
    if link is not None and is_out and link.way is not LinkWay.DIRECT:
        text = words._("They are told once, get no more reminders, and their link works no more.")
    elif link is not None and is_out:
        text = words._(
            "They are told once. If the room service cannot take their link back, it opens the room until {when}.",
            when=reader.day_and_time(link.closes_at),
        )
    return confirm_dialog(
        title=words._("Remove {name}?", name=seat.person.name), text=text, yes=words._("Remove"), no=words._("Keep")
    )


def _turns(details: LessonDetails, page: int, last: int, words: Words) -> list[Block]:
    if last == 0:
        return []
    row = []
    if page > 0:
        press = Press(lesson_id=details.lesson.id, page=page - 1).to_value()
        row.append(button(words._("Previous"), Action.TURN_BACK, press))
    if page < last:
        press = Press(lesson_id=details.lesson.id, page=page + 1).to_value()
        row.append(button(words._("Next"), Action.TURN_PAGE, press))
    shown = words.mark("Page {page} of {pages}", page=page + 1, pages=last + 1)
    return [context(shown), *actions(row, block_id="turns")]


def _cautions(cautions: Sequence[Caution], reader: Reader) -> list[Block]:
    words = reader.words
    asked = [describe_caution(caution, reader) for caution in cautions]
    asked += [words.mark("Press the button once more if you mean it.")] if asked else []
    return pack(asked, at_most=4, more=lambda count: words.nmark("{count} more", "{count} more", count))


def _adding(revision: int, picked: Newcomers | None, words: Words) -> list[Block]:
    people: Block = {
        "type": "multi_users_select",
        "action_id": Action.PICK_ADDED.value,
        "placeholder": plain(words._("Who comes too?")),
        "max_selected_items": 100,
    }
    if picked and picked.user_ids:
        people["initial_users"] = list(picked.user_ids)
    roles = {
        Role.LEARNER: words._("They learn"),
        Role.LEADER: words._("They lead"),
        Role.OBSERVER: words._("They watch"),
    }
    options = {role: {"value": role.value, "text": plain(text)} for role, text in roles.items()}
    role_field: Block = {
        "type": "static_select",
        "action_id": Field.ROLE.value,
        "options": list(options.values()),
        "initial_option": options[picked.role if picked else Role.LEARNER],
    }
    return [
        {
            "type": "input",
            "block_id": add_block_id(revision),
            "label": plain(words._("Add people")),
            "element": people,
            "dispatch_action": True,
            "optional": True,
        },
        {
            "type": "input",
            "block_id": Field.ROLE.value,
            "label": plain(words._("What they do")),
            "element": role_field,
        },
    ]


def build_replace_form(
    details: LessonDetails,
    seat: Seat,
    *,
    reader: Person,
    now: datetime,
    page: int = 0,
    picked: Newcomers | None = None,
    cautions: Sequence[Caution] = (),
    confirmed: str | None = None,
) -> Block:
    """Who takes this person's place."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words, lesson = reads.words, details.lesson
    element: Block = {
        "type": "users_select",
        "action_id": Action.PICK_ADDED.value,
        "placeholder": plain(words._("Who comes instead?")),
    }
    if picked and picked.user_ids:
        element["initial_user"] = picked.user_ids[0]
    field = {
        "type": "input",
        "block_id": add_block_id(lesson.revision),
        "label": plain(words._("Who comes instead of {name}?", name=seat.person.name)),
        "element": element,
        "dispatch_action": True,
    }
    told = words.mark("{name} is told that they are no longer in the lesson.", name=seat.person.name)
    blocks = [section(_head(details, reads)), *_cautions(cautions, reads), field, context(told)]
    state = PeopleForm(
        lesson_id=lesson.id,
        revision=lesson.revision,
        page=page,
        participant_id=seat.participant.id,
        confirmed=confirmed,
    )
    submit = words._("Replace anyway") if cautions else words._("Replace")
    return _view(words._("Replace"), View.REPLACE, blocks, words, state, submit)


def _view(title: str, callback: View, blocks: list[Block], words: Words, state: PeopleForm, submit: str) -> Block:
    return {
        "type": "modal",
        "callback_id": callback.value,
        "title": plain(title, VIEW_LABEL),
        "submit": plain(submit, VIEW_LABEL),
        "close": plain(words._("Close"), VIEW_LABEL),
        "blocks": blocks,
        "private_metadata": state.to_metadata(),
    }


def read_picked(values: Mapping[str, Any], *, confirmed: str | None = None) -> Newcomers:
    """Whom the form names, and as what: `values` is a view's `state.values`."""
    user_ids: list[str] = []
    for block_id, fields in values.items():
        if block_id.partition(":")[0] == Field.ADD.value:
            field = fields.get(Action.PICK_ADDED.value) or {}
            one = field.get("selected_user")
            user_ids += [str(user_id) for user_id in field.get("selected_users") or ([one] if one else [])]
    chosen = ((values.get(Field.ROLE.value) or {}).get(Field.ROLE.value) or {}).get("selected_option") or {}
    role = chosen.get("value")
    return Newcomers(
        user_ids=tuple(user_ids),
        role=Role(role) if role in {known.value for known in Role} else Role.LEARNER,
        confirmed=confirmed,
    )


def say_added(people: Sequence[Person], words: Words) -> Markup:
    names = words.join_marked((person.name for person in people), at_most=5)
    return words.nmark(
        "{names} is in the lesson now; their way in is on its way to them.",
        "{names} are in the lesson now; their ways in are on their way to them.",
        len(people),
        names=names,
    )


def say_removed(people: Sequence[Person], valid_until: datetime | None, reader: Reader) -> Markup:
    """Who is out, and until when a link that nobody can take back opens the room all the same."""
    words = reader.words
    names = words.join_marked((person.name for person in people), at_most=5)
    if valid_until is None:
        return words.mark("{names}: no longer in the lesson.", names=names)
    return words.mark(
        "{names}: no longer in the lesson. The link they were sent stays valid until {when}; the room service cannot "
        "take it back.",
        names=names,
        when=reader.stamp(valid_until),
    )


def say_resent(person: Person, words: Words) -> Markup:
    return words.mark("{name} gets their way in once more.", name=person.name)
