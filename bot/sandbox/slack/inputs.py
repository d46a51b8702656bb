"""What people choose and type into elements: how Slack keeps it, what it starts with, and what may be sent. Pure.

A value is kept in the form that Slack puts into `view.state.values`, so that nothing is translated twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.people import User

_STATE: Mapping[str, tuple[str, str]] = {
    # element type: (name in the state, name of its initial value)
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
WRITTEN = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})


class ImpossibleInput(Exception):
    """A person cannot do that in Slack's own client: there is no such option, or it takes something else."""


def keeps_value(element: Json) -> bool:
    """Does this element hold a value? Buttons and overflow menus do not."""
    return element["type"] in _STATE


def name_of_value(element: Json) -> str:
    """The name under which this element's value stands in states and actions."""
    return _STATE[element["type"]][0]


def read_initial(element: Json) -> Any:
    """What the element shows before anybody touched it, as kept."""
    _, initial = _STATE[element["type"]]
    empty: Any = [] if name_of_value(element).endswith("s") else None
    value = element.get(initial, empty)
    return None if value == "" else value


def to_state(element: Json, value: Any) -> Json:
    """The element's entry in `state.values`."""
    return {"type": element["type"], name_of_value(element): value}


def is_empty(value: Any) -> bool:
    """Nothing chosen, nothing typed?"""
    return value is None or value == [] or value == ""


def to_kept(element: Json, given: Any) -> Any:
    """A friendly value (name, person, instant, option's value) in the form in which Slack keeps it.

    ImpossibleInput where Slack's client would not let a person enter it.
    """
    if given is None:
        return [] if name_of_value(element).endswith("s") else None
    return _READERS[name_of_value(element)](element, given)


def find_complaint(element: Json, value: Any, *, is_optional: bool) -> str | None:
    """Why Slack's client would not send the form with this value in it; None when it would."""
    if is_empty(value):
        return None if is_optional else "Please complete this required field."
    least = element.get("min_length", 0)
    if element["type"] == "plain_text_input" and len(value) < least:
        return f"Please enter at least {least} characters."
    if element["type"] == "number_input":
        return _find_number_complaint(element, value)
    return None


def _find_number_complaint(element: Json, value: str) -> str | None:
    try:
        number = float(value) if element["is_decimal_allowed"] else int(value)
    except ValueError:
        return "Please enter a number."
    lowest, highest = element.get("min_value"), element.get("max_value")
    if (lowest is not None and number < float(lowest)) or (highest is not None and number > float(highest)):
        return f"Please enter a number between {lowest} and {highest}."
    return None


def _read_text(element: Json, given: Any) -> str:
    if not isinstance(given, str):
        raise ImpossibleInput("Only text can be typed.")
    if len(given) > element.get("max_length", 3000):
        raise ImpossibleInput("The field takes no more characters.")
    if "\n" in given and not element.get("multiline"):
        raise ImpossibleInput("The field has one line.")
    return given


def _list_options(element: Json) -> list[Json]:
    groups = [option for group in element.get("option_groups", []) for option in group["options"]]
    return [*element.get("options", []), *groups]


def _read_option(element: Json, given: Any) -> Json:
    for option in _list_options(element):
        if given in (option["value"], option["text"]["text"]):
            return option
    raise ImpossibleInput(f"There is no option {given!r}.")


def _read_id(element: Json, given: Any) -> str:
    if isinstance(given, User):
        return given.id
    value = getattr(given, "id", given)
    if not isinstance(value, str):
        raise ImpossibleInput("Only somebody or something of this workspace can be chosen.")
    return value


def _read_several(read: Callable[[Json, Any], Any]) -> Callable[[Json, Any], Any]:
    def read_all(element: Json, given: Any) -> list[Any]:
        if isinstance(given, str) or not isinstance(given, Sequence | set | frozenset):
            raise ImpossibleInput("Several can be chosen here: give a list.")
        if len(given) > element.get("max_selected_items", len(given)):
            raise ImpossibleInput("No more can be chosen.")
        return [read(element, one) for one in given]

    return read_all


def _read_instant(element: Json, given: Any) -> int:
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise ImpossibleInput("An instant needs its zone.")
        return int(given.timestamp())
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    raise ImpossibleInput("Only an instant can be chosen.")


_READERS: Mapping[str, Callable[[Json, Any], Any]] = {
    "value": _read_text,
    "selected_option": _read_option,
    "selected_options": _read_several(_read_option),
    "selected_user": _read_id,
    "selected_users": _read_several(_read_id),
    "selected_conversation": _read_id,
    "selected_conversations": _read_several(_read_id),
    "selected_channel": _read_id,
    "selected_channels": _read_several(_read_id),
    "selected_date": _read_id,
    "selected_time": _read_id,
    "selected_date_time": _read_instant,
}
