"""Messages and views as lines of plain text, as their reader would see them: for the terminal and for tests. Pure.

Addresses of link buttons are not shown: they are secrets, and Slack does not show them either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.slack.inputs import WRITTEN, is_empty, keeps_value, read_initial
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.views import OpenView
from bot.sandbox.slack.wording import Reader, read_instant, read_mrkdwn

DIVIDER = "─" * 40
Inputs = Mapping[tuple[str, str], Any]


def render_message(message: Message, reader: Reader, *, revision: int = -1) -> list[str]:
    """A message's lines: its blocks, or its text where it has none."""
    shown = message.revisions[revision]
    if not shown.blocks:
        return read_mrkdwn(shown.text, reader).splitlines()
    return render_blocks(shown.blocks, reader)


def render_view(view: OpenView, reader: Reader) -> list[str]:
    """A modal's or Home's lines, with what stands in its fields and what was wrong with them."""
    given = view.given
    body = render_blocks(view.blocks, reader, inputs=view.inputs, errors=view.errors)
    if given["type"] == "home":
        return body
    labels = [given.get("close", {}).get("text", "Cancel"), *([given["submit"]["text"]] if given.get("submit") else [])]
    return [f"═ {view.title} ═", *body, " ".join(f"[ {label} ]" for label in labels)]


def render_blocks(
    blocks: list[Json], reader: Reader, *, inputs: Inputs | None = None, errors: Mapping[str, str] | None = None
) -> list[str]:
    """The lines of blocks, one block after the other."""
    lines: list[str] = []
    for block in blocks:
        lines += _BLOCKS[block["type"]](block, reader, inputs or {})
        error = (errors or {}).get(block.get("block_id", ""))
        if error is not None:
            lines.append(f"  ! {error}")
    return lines


def _text(part: Json, reader: Reader) -> str:
    text: str = part["text"]
    return read_mrkdwn(text, reader) if part["type"] == "mrkdwn" else text


def _render_section(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    lines = _text(block["text"], reader).splitlines() if block.get("text") else []
    for part in block.get("fields") or []:
        lines += _text(part, reader).splitlines()
    if block.get("accessory"):
        lines += _render_element(block, block["accessory"], reader, inputs)
    return lines


def _render_header(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    return [_text(block["text"], reader)]


def _render_divider(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    return [DIVIDER]


def _render_context(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    parts = [f"({p['alt_text']})" if p["type"] == "image" else _text(p, reader) for p in block["elements"]]
    return " · ".join(parts).splitlines()


def _render_image(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    return [f"({block['alt_text']})"]


def _render_markdown(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    text: str = block["text"]
    return text.splitlines()


def _render_actions(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    """Buttons that stand beside each other share a line."""
    lines: list[str] = []
    row: list[str] = []
    for element in block["elements"]:
        if element["type"] == "button":
            row += _render_element(block, element, reader, inputs)
        else:
            lines += _render_element(block, element, reader, inputs)
    return [*lines, *([" ".join(row)] if row else [])]


def _render_input(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    label = block["label"]["text"] + (" (optional)" if block.get("optional") else "")
    first, *more = _render_element(block, block["element"], reader, inputs)
    hint = [f"  {block['hint']['text']}"] if block.get("hint") else []
    if block["element"]["type"] in ("checkboxes", "radio_buttons"):
        return [f"{label}:", first, *more, *hint]
    return [f"{label}: {first}", *(f"  {line}" for line in more), *hint]


def _render_rich_text(block: Json, reader: Reader, inputs: Inputs) -> list[str]:
    return ["(formatted text)"]


_BLOCKS: Mapping[str, Callable[[Json, Reader, Inputs], list[str]]] = {
    "actions": _render_actions,
    "context": _render_context,
    "divider": _render_divider,
    "header": _render_header,
    "image": _render_image,
    "input": _render_input,
    "markdown": _render_markdown,
    "rich_text": _render_rich_text,
    "section": _render_section,
}


def _render_element(block: Json, element: Json, reader: Reader, inputs: Inputs) -> list[str]:
    kind = element["type"]
    if kind == "button":
        return [f"[ {element['text']['text']} ]"]
    if kind == "image":
        return [f"({element['alt_text']})"]
    if not keeps_value(element):
        return ["[ … ]"]
    value = inputs.get((block.get("block_id", ""), element.get("action_id", "")), read_initial(element))
    if kind in ("checkboxes", "radio_buttons"):
        return _render_choices(element, value, reader)
    if is_empty(value):
        placeholder = element.get("placeholder", {}).get("text", "")
        return [f"‹{placeholder}›" if placeholder else "____"]
    if kind in WRITTEN:
        return str(value).splitlines()
    return [_render_chosen(element, value, reader)]


def _render_choices(element: Json, value: Any, reader: Reader) -> list[str]:
    chosen = value if isinstance(value, list) else [value]
    on, off = ("[x]", "[ ]") if element["type"] == "checkboxes" else ("(•)", "( )")
    return [f"  {on if option in chosen else off} {_text(option['text'], reader)}" for option in element["options"]]


def _render_chosen(element: Json, value: Any, reader: Reader) -> str:
    if element["type"] == "datetimepicker":
        return read_instant(datetime.fromtimestamp(value, UTC), reader)
    several = value if isinstance(value, list) else [value]
    return ", ".join(one["text"]["text"] if isinstance(one, dict) else reader.find_name(one) or one for one in several)
