"""Messages and views as plain lines, for tests that ask what people read; and their buttons by action."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from bot.blocks import Block
from bot.ids import Action


def read(blocks: Sequence[Block]) -> str:
    """All text in order, a line each; stamps by their fallback, escapes undone. Buttons as [ Join ]."""
    return "\n".join(line for made in blocks for line in _read_block(made))


def _read_block(made: Block) -> list[str]:
    match made["type"]:
        case "header" | "section":
            beside = made.get("accessory")
            return [_read_text(made["text"]), *([_read_element(beside)] if beside else [])]
        case "context":
            return [_read_text(element) for element in made["elements"]]
        case "actions":
            return [_read_element(element) for element in made["elements"]]
        case "input":
            return [made["label"]["text"]]
        case _:
            return []


def _read_element(element: Block) -> str:
    """A button, or what a menu offers."""
    offered = element.get("options") or [element]
    return " ".join(f"[ {one['text']['text']} ]" for one in offered)


def _read_text(node: dict[str, Any]) -> str:
    text: str = node["text"]
    return html.unescape(re.sub(r"<!date[^|]*\|([^>]*)>", r"\1", text))


def list_buttons(blocks: Sequence[Block]) -> dict[str, Block]:
    """The buttons of all rows by their action."""
    rows = [made["elements"] for made in blocks if made["type"] == "actions"]
    rows += [[made["accessory"]] for made in blocks if "accessory" in made]
    return {element["action_id"]: element for row in rows for element in row}


def find_button(blocks: Sequence[Block], action: Action) -> Block | None:
    """The button for this action, if there is one."""
    return list_buttons(blocks).get(action.value)
