"""Blocks as a page is to draw them, each judged first: in place of what Slack would refuse stands why. Pure.

What Slack refuses is for `blockkit.py` alone to say. One thing is refused here: what the app makes no use of, pictures
(a page of ours loads nothing from elsewhere) and rich text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from bot.sandbox.blockkit import Surface, check_blocks, check_view, is_too_large
from bot.sandbox.play.field_names import Place
from bot.sandbox.play.markup import Passage, find_web_address, parse_text
from bot.sandbox.play.slots import Slot, Viewer, build_slot, read_kept
from bot.sandbox.slack.messages import Json

_AT_BLOCK = re.compile(r"\[json-pointer:(?:/view)?/blocks/(\d+)(?:/.*)?\]$")
NOT_DRAWN = frozenset({"image", "markdown", "rich_text"})
"""Kinds that Slack would take and this page does not draw."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One block, ready to be drawn; or, where it has `faults`, why it is not."""

    kind: str
    id: str = ""
    faults: tuple[str, ...] = ()
    text: tuple[Passage, ...] = ()
    """A section's or header's text, an input's label."""
    fields: tuple[tuple[Passage, ...], ...] = ()
    """A section's fields, a context's parts."""
    slots: tuple[Slot, ...] = ()
    hint: str = ""
    error: str = ""
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What blocks come to: each drawn; or none, where something is wrong with them as a whole."""

    blocks: tuple[Drawn, ...] = ()
    faults: tuple[str, ...] = ()


def draw_message(blocks: Any, viewer: Viewer, *, within: str, inputs: Mapping[Place, Any] | None = None) -> Sheet:
    """A message's blocks. `within`: the id of what they stand in, unlike any other on the page."""
    return _draw(blocks, check_blocks(blocks, surface=Surface.MESSAGE), viewer, within, inputs or {}, {})


def draw_view(
    given: Any, viewer: Viewer, *, within: str, inputs: Mapping[Place, Any], errors: Mapping[str, str]
) -> Sheet:
    """A view's blocks, with what stands in its fields and what was wrong with them, by block."""
    blocks = given.get("blocks") if isinstance(given, dict) else None
    faults = check_view(given)
    if not faults and is_too_large(given):
        faults = ["view_too_large"]
    return _draw(blocks, faults, viewer, within, inputs, errors)


def _draw(
    blocks: Any, faults: list[str], viewer: Viewer, within: str, inputs: Mapping[Place, Any], errors: Mapping[str, str]
) -> Sheet:
    by_block: dict[int, list[str]] = {}
    whole: list[str] = []
    for fault in faults:
        at = _AT_BLOCK.search(fault)
        (whole if at is None else by_block.setdefault(int(at[1]), [])).append(fault)
    if whole:
        return Sheet(faults=tuple(whole))
    return Sheet(
        blocks=tuple(
            _draw_block(block, by_block.get(number, []), viewer, f"{within}/{name}", inputs, errors)
            for number, (block, name) in enumerate(zip(blocks, _name_blocks(blocks), strict=True))
        )
    )


def _name_blocks(blocks: Sequence[Any]) -> list[str]:
    """A name for each that it keeps when it is drawn anew, so that a control stays where it was, and the focus in it.

    An input block goes by its own id. Other blocks' ids change with each update, so they go by what can be pressed in
    them, or by their kind, and by how many such came before.
    """
    seen: Counter[str] = Counter()
    names = []
    for block in blocks:
        name = _find_lasting_name(block) if isinstance(block, dict) else ""
        seen[name] += 1
        names.append(quote(name, safe="") if seen[name] == 1 else f"{quote(name, safe='')}/{seen[name]}")
    return names


def _find_lasting_name(block: Json) -> str:
    if block.get("type") == "input" and isinstance(block.get("block_id"), str):
        return str(block["block_id"])
    parts = [*(block.get("elements") or []), block.get("accessory")]
    actions = [part["action_id"] for part in parts if isinstance(part, dict) and isinstance(part.get("action_id"), str)]
    return str(actions[0] if actions else block.get("type", ""))


def _draw_block(
    block: Any, faults: list[str], viewer: Viewer, block_id: str, inputs: Mapping[Place, Any], errors: Mapping[str, str]
) -> Drawn:
    faults = faults or list(_find_not_drawn(block))
    if faults:
        return Drawn(kind="refused", faults=tuple(faults))
    drawn = Drawn(kind=block["type"], id=block_id, text=_read_text(block, viewer), fields=_read_fields(block, viewer))
    if block["type"] == "input":
        drawn = replace(
            drawn,
            hint=(block.get("hint") or {}).get("text", ""),
            error=errors.get(block.get("block_id", ""), ""),
            is_optional=bool(block.get("optional")),
        )
    return replace(drawn, slots=tuple(_list_slots(block, drawn, viewer, inputs)))


def _find_not_drawn(block: Json) -> Iterator[str]:
    """What Slack would take, and nothing here shows."""
    parts = [block, *(block.get("elements") or []), block.get("accessory") or {}, block.get("element") or {}]
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in NOT_DRAWN:
            yield f"This page does not draw {kind}: the app makes no use of it."
            return
        if kind not in (None, "button", "overflow") and part.get("confirm"):
            yield f"This page does not ask before a change of {kind}: the app makes no use of that."
        if kind == "button" and part.get("url") and find_web_address(part["url"]) is None:
            yield "This page follows only addresses of the web."


def _read_text(block: Json, viewer: Viewer) -> tuple[Passage, ...]:
    part = block.get("label") if block["type"] == "input" else block.get("text")
    return parse_text(part, viewer.reader) if part else ()


def _read_fields(block: Json, viewer: Viewer) -> tuple[tuple[Passage, ...], ...]:
    parts = block["elements"] if block["type"] == "context" else block.get("fields") or []
    return tuple(parse_text(part, viewer.reader) for part in parts)


def _list_slots(block: Json, drawn: Drawn, viewer: Viewer, inputs: Mapping[Place, Any]) -> Iterator[Slot]:
    if block["type"] == "actions":
        parts = block["elements"]
    else:
        parts = [part for part in (block.get("element"), block.get("accessory")) if part]
    spoken = [f"{drawn.id}/{what}" for what, there in (("hint", drawn.hint), ("error", drawn.error)) if there]
    for element in parts:
        slot = build_slot(
            block,
            element,
            kept=read_kept(block, element, inputs),
            viewer=viewer,
            within=drawn.id,
            labelled_by=f"{drawn.id}/text" if drawn.text else "",
            described_by=" ".join(spoken),
        )
        yield replace(slot, is_wrong=bool(drawn.error))
