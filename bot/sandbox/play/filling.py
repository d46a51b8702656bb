"""What a posted form holds that is another than before, typed and chosen by its person: nothing that nobody touched.

It presses and sends nothing. What Slack's client would not let anybody enter is a complaint, and stands on its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.blockkit import list_elements
from bot.sandbox.play.field_names import Place
from bot.sandbox.play.posted import Posted
from bot.sandbox.play.slots import read_kept
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.inputs import WRITTEN, ImpossibleInput, keeps_value, to_kept
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.outcomes import Outcome
from bot.sandbox.slack.views import OpenView


@dataclass(kw_only=True)
class Filled:
    """What came of filling in: what reported, and what could not be entered, by block."""

    outcomes: list[Outcome] = field(default_factory=list)
    complaints: dict[str, str] = field(default_factory=dict)


async def fill_in(actor: Actor, view: OpenView, posted: Posted, *, reports: Place | None) -> Filled:
    """Type and choose what is another than before. What only stands there first, so that what reports tells it too."""
    filled, reporting = Filled(), []
    for place, element, value in list(list_changed(view.blocks, view.inputs, posted, actor.user.zone, filled)):
        if element["type"] in WRITTEN or place not in _list_reporting(view.blocks):
            await actor.fill(view, {place[0]: value})
        else:
            reporting.append((place, value))
    written = [(b["block_id"], e["action_id"]) for b, e in view.list_fields() if e["type"] in WRITTEN]
    if reports is not None and reports in posted.values and reports in written:
        reporting.append((reports, posted.values[reports]))
    for place, value in [] if filled.complaints else reporting:
        if place in _list_reporting(view.blocks):  # what reported before may have taken this one away
            filled.outcomes.append(await actor.pick(view, place[1], value, block_id=place[0]))
    return filled


def _list_reporting(blocks: list[Json]) -> set[Place]:
    """Where a change is told to the app at once, as far as the blocks go."""
    return {
        (block["block_id"], element["action_id"])
        for block, element in list_elements(blocks)
        if keeps_value(element) and (block["type"] != "input" or block.get("dispatch_action"))
    }


def list_changed(
    blocks: list[Json], inputs: Mapping[Place, Any], posted: Posted, zone: str, filled: Filled | None = None
) -> Iterable[tuple[Place, Json, Any]]:
    """Which fields hold something else than they did. What nobody can enter is a complaint, where those are wanted."""
    for block, element in list_elements(blocks):
        place = (block["block_id"], element["action_id"])
        if place not in posted.values:
            continue
        value = posted.values[place]
        try:
            kept = to_kept(element, value)
        except ImpossibleInput as error:
            if filled is None:
                raise
            filled.complaints[place[0]] = str(error)
            continue
        if not _is_same(read_kept(block, element, inputs), kept, element, zone):
            yield place, element, value


def _is_same(before: Any, now: Any, element: Json, zone: str) -> bool:
    """A clock on the wall shows minutes, and one hour a year twice: what looks as before was not touched."""
    if element["type"] != "datetimepicker" or before is None or now is None:
        return bool(before == now)
    shown = [datetime.fromtimestamp(one, UTC).astimezone(ZoneInfo(zone)) for one in (before, now)]
    return f"{shown[0]:%Y-%m-%dT%H:%M}" == f"{shown[1]:%Y-%m-%dT%H:%M}"
