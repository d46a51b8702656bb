"""Block Kit, as much of it as we use, each piece within Slack's limits however long the names are. Pure.

Knows Slack's sizes and nothing about lessons. Text for mrkdwn must be `Markup`; text for `plain_text` is a plain `str`.
Sizes: Slack's reference, "Block Kit" and "Formatting message text"; in characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.ids import Action, Choice
from bot.words import Markup, escape

Block = dict[str, Any]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
SECTION_TEXT = 3000
HEADER_TEXT = 150
BUTTON_TEXT = 75
VIEW_LABEL = 24  # a view's title, and what its buttons say
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
FALLBACK_TEXT = 4000
OPTION_TEXT = 75
_LONGEST_ENTRY = 2500
"""Of a packed line, so that the line that counts what is left out still fits beside it."""


@dataclass(frozen=True)
class Message:
    """What is posted: `text` is read where blocks are not (notifications, screen readers) and never holds a link."""

    text: str
    blocks: list[Block] = field(repr=False)  # may hold a join link in a button


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plain(text: str, limit: int = SECTION_TEXT) -> Block:
    return {"type": "plain_text", "text": cut(text, limit)}


def mrkdwn(text: Markup) -> Block:
    # Verbatim: a name or title that looks like an address, a channel or a mention stays text.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, HEADER_TEXT)}


def section(text: Markup, *, block_id: str | None = None) -> Block:
    return _with({"type": "section", "text": mrkdwn(text)}, block_id=block_id)


def context(text: Markup, *, block_id: str | None = None) -> Block:
    return _with({"type": "context", "elements": [mrkdwn(text)]}, block_id=block_id)


def divider() -> Block:
    return {"type": "divider"}


def button(
    text: str,
    action: Action,
    value: str,
    *,
    url: str | None = None,
    spoken: str | None = None,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block:
    """A button. `spoken` is what a screen reader says where the text alone is unclear."""
    made: Block = {"type": "button", "text": plain(text, BUTTON_TEXT), "action_id": action.value, "value": value}
    label = None if spoken is None else cut(spoken, BUTTON_TEXT)
    return _with(made, url=url, accessibility_label=label, style=style, confirm=confirm)


def overflow(action: Action, options: Sequence[tuple[Choice, str]]) -> list[Block]:
    """A menu behind three dots, or nothing where there is nothing to choose. Slack shows five options at most."""
    offered = [{"text": plain(text, OPTION_TEXT), "value": choice.value} for choice, text in options]
    return [{"type": "overflow", "action_id": action.value, "options": offered}] if offered else []


def confirm_dialog(*, title: str, text: str, yes: str, no: str, style: str = "danger") -> Block:
    return {
        "title": plain(title, CONFIRM_TITLE),
        "text": plain(text, CONFIRM_TEXT),
        "confirm": plain(yes, CONFIRM_BUTTON),
        "deny": plain(no, CONFIRM_BUTTON),
        "style": style,
    }


def actions(buttons: Sequence[Block], *, block_id: str | None = None) -> list[Block]:
    """One row of buttons, or nothing where there are none (Slack refuses an empty row)."""
    return [_with({"type": "actions", "elements": list(buttons)}, block_id=block_id)] if buttons else []


def lines(*parts: Markup | None) -> Markup:
    """The parts that are there, each on its own line."""
    return Markup("\n".join(part for part in parts if part))


def pack(entries: Iterable[Markup], *, at_most: int, more: Callable[[int], Markup]) -> list[Block]:
    """Entries, a line each, in as few sections as hold them, never more than `at_most`.

    Entries that do not fit are counted: the last line is `more(count)`. So is one that no section holds.
    """
    waiting = [entry if len(entry) <= _LONGEST_ENTRY else more(1) for entry in entries]
    sections: list[Block] = []
    while waiting and len(sections) < at_most:
        count = _count_fitting(waiting, SECTION_TEXT)
        taken, left = waiting[:count], waiting[count:]
        if left and len(sections) == at_most - 1:
            count = _count_fitting(waiting, SECTION_TEXT - len(more(len(waiting))) - 1)
            taken, left = [*waiting[:count], more(len(waiting) - count)], []
        sections.append(section(lines(*taken)))
        waiting = left
    return sections


def _count_fitting(entries: Sequence[Markup], limit: int) -> int:
    used = 0
    for count, entry in enumerate(entries):
        used += len(entry) + (1 if count else 0)
        if used > limit:
            return count
    return len(entries)


def quote(text: str) -> list[Block]:
    """Somebody's own text, line by line behind a bar, whole, in as many sections as it needs."""
    pieces: list[Markup] = []
    for line in text.splitlines() or [""]:
        pieces.extend(Markup(">" + piece) for piece in _split_escaped(line, _LONGEST_ENTRY - 1))
    return pack(pieces, at_most=MESSAGE_BLOCKS, more=lambda _: Markup("…"))


def _split_escaped(text: str, limit: int) -> list[Markup]:
    """`text` escaped, in pieces of at most `limit` characters, no entity cut in two."""
    pieces, current = [], ""
    for character in text:
        safe = escape(character)
        if len(current) + len(safe) > limit:
            pieces.append(Markup(current))
            current = ""
        current += safe
    return [*pieces, Markup(current)]


def _with(made: Block, **optional: Any) -> Block:
    made.update({name: value for name, value in optional.items() if value is not None})
    return made
