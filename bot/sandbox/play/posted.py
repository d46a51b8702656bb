"""What a browser posts of a message's or view's form, as a person at their Slack client would have done it. Pure.

A page may be older than what it shows by now: fields that are gone are left out, and so are those that have come since;
a press of something gone is told.
It decides nothing: what may be entered is for the actor and the fields themselves (`slack/inputs.py`) to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.blockkit import list_elements
from bot.sandbox.play.field_names import Place, parse_name
from bot.sandbox.slack.inputs import ImpossibleInput, keeps_value, name_of_value
from bot.sandbox.slack.messages import Json

FOOTER = "view"
"""The name of a modal's own buttons; their values: submit, close, and clear, which closes everything."""
THERE = "there"
"""The name of what says that a field of boxes was there; its value is the field's name."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One post. At most one of `pressed` and `footer` is there: a browser sends the one button that was pressed."""

    values: dict[Place, Any] = field(repr=False)
    """What stands in each field that the page had, in the friendly form that `Actor.fill` and `Actor.pick` take."""
    pressed: Place | None = None
    value: str = field(default="", repr=False)
    """Of what was pressed: a button's value, or the chosen entry of a menu."""
    footer: str | None = None
    gone: tuple[Place, ...] = ()
    """Named in the post, and no longer there."""


def read_posted(blocks: list[Json], pairs: Iterable[tuple[str, str]], *, zone: str) -> Posted:
    """The post as acts. `zone`: whose wall time stands in date-time fields. ImpossibleInput for what is no time."""
    elements = {(b["block_id"], e["action_id"]): e for b, e in list_elements(blocks)}
    fields = {place for place, element in elements.items() if keeps_value(element)}
    given: dict[Place, list[str]] = {}
    pressed: list[tuple[Place, str]] = []
    footer, gone = None, []
    for name, value in pairs:
        place = parse_name(value if name == THERE else name)
        if place is None:
            footer = value if name == FOOTER else footer
        elif place not in elements:
            gone.append(place)
        elif place in fields:
            given.setdefault(place, []).extend([] if name == THERE else [value])
        else:
            pressed.append((place, value))
    at, value = pressed[0] if pressed else (None, "")
    return Posted(
        values={place: _read_value(elements[place], texts, zone) for place, texts in given.items()},
        pressed=at,
        value=value,
        footer=footer,
        gone=tuple(gone),
    )


def _read_value(element: Json, texts: list[str], zone: str) -> Any:
    """Nothing typed, nothing chosen is None; browsers write line breaks as two characters, Slack as one."""
    filled = [text.replace("\r\n", "\n") for text in texts if text]
    if name_of_value(element).endswith("s"):
        return filled
    if not filled:
        return None
    return _read_instant(filled[0], zone) if element["type"] == "datetimepicker" else filled[0]


def _read_instant(text: str, zone: str) -> datetime:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise ImpossibleInput("Only an instant can be chosen.") from None
    return local.replace(tzinfo=ZoneInfo(zone))
