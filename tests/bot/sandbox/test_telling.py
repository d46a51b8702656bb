"""The demo's way of printing: named panels, nothing of them read as markup, plain where there is no terminal."""

from __future__ import annotations

import io
import re
from typing import Literal

import pytest
from rich.console import Console

from bot.sandbox.telling import TWO_PANELS_FROM, Seen, Telling

CARD = "Algebra\n[ Join ] [ I need a new link ]\n  [x] Ask me before the end"


def print_to(width: int, *, is_terminal: bool = False) -> tuple[Telling, io.StringIO]:
    """A telling without pauses, and what it has printed."""
    printed = io.StringIO()
    colours: Literal["truecolor"] | None = "truecolor" if is_terminal else None
    console = Console(file=printed, width=width, force_terminal=is_terminal, color_system=colours)
    return Telling(console, pace=0), printed


async def test_buttons_and_boxes_are_shown_as_they_are() -> None:
    """Square brackets in a message are its buttons, never our own markup."""
    telling, printed = print_to(80)
    await telling.show(Seen(title="Ben · card [bold]", text=CARD))

    for shown in ("Ben · card [bold]", "[ Join ] [ I need a new link ]", "[x] Ask me before the end"):
        assert shown in printed.getvalue()


async def test_without_a_terminal_everything_is_plain() -> None:
    """In a file or a pipe no control characters stand."""
    telling, printed = print_to(80)
    await telling.open("A lesson", "on this machine")
    await telling.chapter("15:50", "Ten minutes before")
    await telling.show(Seen(title="Ben", text=CARD))
    telling.confirm("It happened.")
    telling.miss("It did not.")
    with telling.bar("Links going out", 2) as move:
        move(2)

    assert "\x1b" not in printed.getvalue()
    assert "15:50 · Ten minutes before" in printed.getvalue()
    assert "2 of 2" in printed.getvalue()


async def test_a_terminal_gets_colour() -> None:
    """What happened and what did not differ in colour, and by more than colour."""
    telling, printed = print_to(80, is_terminal=True)
    telling.confirm("It happened.")
    telling.miss("It did not.")
    good, bad = printed.getvalue().splitlines()

    assert "32m" in good
    assert "✓" in good
    assert "31m" in bad
    assert "✗" in bad


@pytest.mark.parametrize(
    ("width", "beside"), [(80, False), (TWO_PANELS_FROM - 1, False), (TWO_PANELS_FROM, True), (120, True)]
)
async def test_panels_stand_beside_each_other_where_there_is_room(width: int, beside: bool) -> None:
    """Two columns on a wide terminal, one on a narrow one; the third begins a new row."""
    telling, printed = print_to(width)
    await telling.show(*(Seen(title=name, text=CARD) for name in ("Ben", "Cara", "Dina")))
    lines = printed.getvalue().splitlines()

    assert any("Ben" in line and "Cara" in line for line in lines) is beside
    assert not any("Cara" in line and "Dina" in line for line in lines)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
async def test_no_line_is_wider_than_the_terminal_or_than_can_be_read(width: int) -> None:
    """Long lines wrap inside of their panel; list items keep their text in a column."""
    telling, printed = print_to(width)
    await telling.show(Seen(title="Ben", text="word " * 100))
    await telling.say("word " * 100)
    telling.close("The end", ("1.", "word " * 100), is_good=True)
    lines = printed.getvalue().splitlines()

    assert max(len(line) for line in lines) <= min(width, 112)
    assert all(re.match(r"│  (1\.|  ) word", line) for line in lines if "word" in line and line.startswith("│  "))


def test_signs_that_cannot_be_written_do_not_end_the_story() -> None:
    """An old terminal's encoding has no ✓ and no frames: the words come all the same."""
    written = io.BytesIO()
    console = Console(file=io.TextIOWrapper(written, encoding="ascii", write_through=True), width=80)
    Telling(console, pace=0).confirm("It happened.")

    assert written.getvalue().strip() == b"? It happened."


async def test_rows_are_listed_several_to_a_line() -> None:
    """Names with their figures."""
    telling, printed = print_to(80)
    telling.table("Rows:", [("people", "6"), ("lessons", "1"), ("links", "7")], columns=2)

    assert [line.split() for line in printed.getvalue().splitlines()] == [
        ["Rows:"],
        ["people", "6", "lessons", "1"],
        ["links", "7"],
    ]
