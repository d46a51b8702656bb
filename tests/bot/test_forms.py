"""The booking form: what it shows of a draft, and that what is typed comes back as it was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import Block
from bot.drafts import BookingDraft, Caution, CautionCode, Problem, ProblemCode, RoomChoice, ServiceChoice
from bot.fields import REPORTS_AT_ONCE, action_of
from bot.forms import FormState, build_booking_form, build_loading_form, read_booking_form, read_form_state
from bot.ids import Action, Field, View
from bot.words import words_for
from storage.records import EndRule, RoomRef
from tests.bot.plain import find_button, read
from tests.records import ENDS_AT, NOW, ROOM_REF, STARTS_AT, make_person

ADA = make_person("Ada", zone="Europe/Berlin", locale="en-GB")
CHOICE = RoomChoice(room=ROOM_REF, last_title="Algebra", last_starts_at=NOW - timedelta(days=7))
SERVICES = (
    ServiceChoice(service="lessonspace", shown_name="Lessonspace"),
    ServiceChoice(service="loop", shown_name="Mozilla Loop", lets_in=False, shares_address=True),
)
LANGUAGES, FEATURES = ("en", "fr"), ("chat", "invite", "timer")
INITIALS = {
    "plain_text_input": ("value", "initial_value"),
    "multi_users_select": ("selected_users", "initial_users"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "checkboxes": ("selected_options", "initial_options"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "radio_buttons": ("selected_option", "initial_option"),
    "static_select": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
}
MANY = ("selected_users", "selected_options")
ELSEWHERE = (Field.REASON, Field.ADD, Field.ROLE, Field.REMIND_BEFORE, Field.COURTESIES)
FIELDS = [where for where in Field if where not in ELSEWHERE]
"""Those of the booking form; the others are fields of other forms."""


def build(draft: BookingDraft, **changes: Any) -> Block:
    given_: dict[str, Any] = {
        "reader": ADA,
        "now": NOW,
        "metadata": "",
        "room_choice": CHOICE,
        "languages": LANGUAGES,
        "features": FEATURES,
        "services": SERVICES,
    }
    return build_booking_form(draft, **{**given_, **changes})


def send(view: Block) -> dict[str, Any]:
    """The state that Slack sends for a form nobody touched: initial values, else null or an empty list."""
    values: dict[str, Any] = {}
    for made in view["blocks"]:
        if made["type"] == "input":
            element = made["element"]
            name, initial = INITIALS[element["type"]]
            state = {"type": element["type"], name: element.get(initial, [] if name in MANY else None)}
            values[made["block_id"]] = {element["action_id"]: state}
    return values


def find_field(view: Block, where: Field) -> Block:
    return next(made for made in view["blocks"] if made.get("block_id") == where.value)


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
USERS = st.lists(st.integers(1, 50).map("U{:09d}".format), unique=True, max_size=6).map(tuple)
DRAFTS = st.builds(
    BookingDraft,
    service=st.sampled_from([one.service for one in SERVICES]),
    title=TEXTS,
    leader_ids=USERS,
    participant_ids=USERS,
    starts_at=st.none() | st.integers(1_700_000_000, 1_900_000_000).map(lambda unix: datetime.fromtimestamp(unix, UTC)),
    length_text=TEXTS,
    records=st.booleans(),
    transcribes=st.booleans(),
    end_rule=st.sampled_from(EndRule),
    warns=st.booleans(),
    channel_id=st.none() | st.just("C0123456789"),
    note=TEXTS,
    has_more=st.booleans(),
    join_early_text=TEXTS,
    join_late_text=TEXTS,
    room=st.sampled_from([None, ROOM_REF]),
    wants_new_room=st.booleans(),
    language=st.sampled_from([None, *LANGUAGES]),
    features=st.dictionaries(st.sampled_from(FEATURES), st.booleans()),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
)


def as_shown(draft: BookingDraft) -> BookingDraft:
    """As the form with more options shows it: the earlier room that is offered, unless a new one is wanted."""
    return replace(draft, room=None if draft.wants_new_room else ROOM_REF)


@given(DRAFTS)
def test_a_form_sent_untouched_is_the_draft_it_was_built_from(draft: BookingDraft) -> None:
    """Nothing typed is lost, whatever it is: shown fields come from the form, hidden ones from the base."""
    blank = BookingDraft(zone=draft.zone, has_more=draft.has_more)
    on = {name: True for name, is_on in draft.features.items() if is_on}
    names = ("join_early_text", "join_late_text", "room", "wants_new_room", "language")
    hidden = {name: getattr(draft, name) for name in names}
    if draft.has_more:
        draft = as_shown(draft)
        base = replace(blank, features=on)
    else:
        base = replace(blank, **hidden, features=draft.features, end_rule=draft.end_rule)

    assert read_booking_form(send(build(draft)), base=base) == draft


@given(DRAFTS, DRAFTS)
def test_what_is_shown_wins_over_the_base(draft: BookingDraft, base: BookingDraft) -> None:
    """A field emptied by hand is empty, also where the last choice was not."""
    draft = as_shown(draft)
    read_back = read_booking_form(send(build(replace(draft, has_more=True))), base=base)
    kept = replace(read_back, has_more=draft.has_more, zone=draft.zone, features=draft.features)

    assert kept == draft
    assert {name for name, is_on in read_back.features.items() if not is_on} == {
        name for name, is_on in draft.features.items() if not is_on
    }


def test_unticking_everyone_leaves_falls_back_to_asking() -> None:
    """With *More options* hidden there is no other way to say it."""
    values = send(build(BookingDraft()))
    base = BookingDraft(end_rule=EndRule.EVERYONE_LEAVES)

    assert read_booking_form(values, base=base).end_rule is EndRule.ASK
    assert read_booking_form(values, base=replace(base, end_rule=EndRule.OPEN)).end_rule is EndRule.OPEN


@pytest.mark.parametrize("values", [{}, {"title": {}}, {"title": None}, {"title": {"title": "text"}}])
def test_a_state_that_is_not_understood_keeps_the_base(values: Mapping[str, Any]) -> None:
    """Nothing is made up."""
    base = BookingDraft(title="Algebra", leader_ids=("U1",), starts_at=STARTS_AT)

    assert read_booking_form(values, base=base) == base


def test_ids_are_the_same_in_every_form() -> None:
    """Slack keeps what was typed over an update only where both ids stay."""
    empty, full = build(BookingDraft(has_more=True)), build(BookingDraft(title="Algebra", has_more=True))

    def list_ids(view: Block) -> list[tuple[str, str]]:
        inputs = [made for made in view["blocks"] if made["type"] == "input"]
        return [(made["block_id"], made["element"]["action_id"]) for made in inputs]

    assert list_ids(empty) == list_ids(full)
    assert {block_id for block_id, _ in list_ids(full)} == {where.value for where in FIELDS}
    assert all(action_id == action_of(Field(block_id)) for block_id, action_id in list_ids(full))


def test_fields_that_report_at_once_do() -> None:
    """Picks of people, the start and the channel reach us before the form is sent, under an action of their own."""
    view = build(BookingDraft(has_more=True))

    for where in FIELDS:
        made = find_field(view, where)
        assert made.get("dispatch_action", False) is (where in REPORTS_AT_ONCE)
    assert find_field(view, Field.LEADERS)["element"]["action_id"] == Action.PICK_LEADERS


def test_the_start_is_repeated_in_the_bookers_zone() -> None:
    """Slack's picker shows the device's zone, which may be another."""
    text = read(build(BookingDraft(starts_at=STARTS_AT, zone="America/New_York")).get("blocks", []))

    assert "That is 11:00 on Mon 23 Nov (New York time)." in text


def test_more_options_are_behind_a_button() -> None:
    """And gone with it."""
    short, long = build(BookingDraft()), build(BookingDraft(has_more=True))

    assert find_button(short["blocks"], Action.MORE_OPTIONS) is not None
    assert find_button(long["blocks"], Action.MORE_OPTIONS) is None
    assert len(long["blocks"]) > len(short["blocks"])


def test_an_earlier_room_is_offered_with_its_last_date_only_where_there_is_one() -> None:
    """For exactly the same people; else there is nothing to choose."""
    view = build(BookingDraft(has_more=True))
    options = find_field(view, Field.ROOM)["element"]["options"]

    assert [option["value"] for option in options] == ["new", ROOM_REF]
    assert options[1]["description"]["text"] == "Last used Mon 16 Nov: Algebra"
    assert "Room" not in read(build(BookingDraft(has_more=True), room_choice=None)["blocks"]).splitlines()


def test_the_room_these_people_share_is_chosen_unless_a_new_one_is_wanted() -> None:
    """Also where another room was chosen before the people changed."""
    elsewhere = BookingDraft(has_more=True, room=RoomRef("another"))
    fresh = BookingDraft(has_more=True, wants_new_room=True)

    assert read_booking_form(send(build(elsewhere)), base=elsewhere).room == ROOM_REF
    read_back = read_booking_form(send(build(fresh)), base=fresh)
    assert (read_back.room, read_back.wants_new_room) == (None, True)


def test_features_are_called_by_names_that_people_know() -> None:
    """Not by the service's own keys; one without a name keeps the key."""
    view = build(BookingDraft(has_more=True), features=("importPdf", "unheardOf"))
    options = find_field(view, Field.FEATURES)["element"]["options"]

    assert [option["text"]["text"] for option in options] == ["Importing PDF files", "unheardOf"]


def test_cautions_are_asked_on_top() -> None:
    """With what they are about; the button says what pressing it means."""
    caution = Caution(
        code=CautionCode.LEADER_OVERLAP, names=("Ada",), title="Geometry", starts_at=STARTS_AT, ends_at=ENDS_AT
    )
    view = build(BookingDraft(zone="Europe/Berlin"), cautions=[caution])

    assert read(view["blocks"]).startswith("Ada has another lesson then: Geometry, 17:00 on Mon 23 Nov (Berlin time)")
    assert view["submit"]["text"] == "Book anyway"
    assert build(BookingDraft())["submit"]["text"] == "Book"


def test_what_was_not_understood_is_shown() -> None:
    """Not guessed."""
    view = build(BookingDraft(), not_understood=["25:00", "<@U1>"])

    assert read(view["blocks"]).startswith("I did not understand “25:00” and “<@U1>”.")


def test_a_problem_found_early_stands_under_its_field() -> None:
    """Right below the field that it is about."""
    problem = Problem(where=Field.PARTICIPANTS, code=ProblemCode.IS_BOT, names=("Robo",))
    blocks = build(BookingDraft(), problems=[problem])["blocks"]
    place = next(place for place, made in enumerate(blocks) if made.get("block_id") == Field.PARTICIPANTS)

    assert read(blocks[place + 1 : place + 2]) == "Robo is an app, not a person. Please take it out."


def test_more_people_than_allowed_are_kept_to_be_refused_in_words() -> None:
    """Slack refuses a form whose initial people exceed its own maximum."""
    draft = BookingDraft(participant_ids=tuple(f"U{number}" for number in range(120)))

    assert find_field(build(draft, max_people=100), Field.PARTICIPANTS)["element"]["max_selected_items"] == 120


def test_the_forms_state_comes_back_and_a_strange_one_does_not() -> None:
    """What is not ours is None, so the caller starts afresh."""
    state = FormState(submission_key="k", zone="Europe/Berlin", has_more=True, confirmed="d" * 64)

    assert read_form_state(state.to_metadata()) == state
    assert len(state.to_metadata()) < 3000
    for strange in ("", "[]", "{}", '{"submission_key": 1}', "text"):
        assert read_form_state(strange) is None


def test_the_loading_form_cannot_be_sent() -> None:
    """It becomes the booking form, and has nothing to send before."""
    view = build_loading_form(words_for("en"), metadata="m")

    assert view["callback_id"] == View.BOOKING
    assert view["private_metadata"] == "m"
    assert "submit" not in view
