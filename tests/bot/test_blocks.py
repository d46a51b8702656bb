"""Blocks keep Slack's sizes and lose nothing silently."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import MESSAGE_BLOCKS, SECTION_TEXT, Block, actions, button, cut, header, pack, quote
from bot.ids import Action
from bot.words import Markup, escape


def more(count: int) -> Markup:
    return Markup(f"and {count} more")


def read(blocks: list[Block]) -> list[str]:
    return [line for made in blocks for line in made["text"]["text"].split("\n")]


@given(
    st.lists(st.integers(1, 4000), max_size=120).map(lambda sizes: [Markup("x" * size) for size in sizes]),
    st.integers(1, 6),
)
def test_packed_lines_are_shown_or_counted(entries: list[Markup], at_most: int) -> None:
    """Every line is in a section or in the count at the end; sections keep their size and number, in order."""
    blocks = pack(entries, at_most=at_most, more=more)
    shown = read(blocks)
    counted = sum(int(line.split()[1]) for line in shown if line.startswith("and "))
    whole = [line for line in shown if not line.startswith("and ")]

    assert len(blocks) <= at_most
    assert all(0 < len(made["text"]["text"]) <= SECTION_TEXT for made in blocks)
    assert len(whole) + counted == len(entries)
    assert whole == [entry for entry in entries if entry in whole][: len(whole)]


def test_packing_nothing_gives_nothing() -> None:
    """Slack refuses an empty section."""
    assert pack([], at_most=3, more=more) == []


def test_lines_that_fit_stay_in_one_section() -> None:
    """No section more than needed, and no count where nothing is missing."""
    assert read(pack([Markup("a"), Markup("b")], at_most=1, more=more)) == ["a", "b"]


@given(st.text(alphabet=st.sampled_from("ab&<>;\n "), max_size=2000))
def test_a_quoted_note_is_whole(note: str) -> None:
    """Every character of the note is there, behind a bar on every line, in sections that Slack takes."""
    blocks = quote(note)
    shown = read(blocks)

    assert len(blocks) <= MESSAGE_BLOCKS
    assert all(len(made["text"]["text"]) <= SECTION_TEXT for made in blocks)
    assert all(line.startswith(">") for line in shown)
    assert "".join(html.unescape(line[1:]) for line in shown) == "".join(note.splitlines())


def test_no_entity_is_cut_in_two() -> None:
    """A long line of & is split between characters, not inside of them."""
    for line in read(quote("&" * 2000)):
        assert line[1:].replace("&amp;", "") == ""


def test_what_is_cut_says_so() -> None:
    """An ellipsis stands for what is missing, within the limit."""
    assert cut("Algebra", 7) == "Algebra"
    assert cut("Algebra one", 9) == "Algebra…"
    assert len(header("x" * 200)["text"]["text"]) == 150


def test_a_button_carries_only_what_it_is_given() -> None:
    """No empty address or style, which Slack refuses; a spoken label is cut to its limit."""
    bare = button("Join", Action.JOIN, "1")
    spoken = button("Join", Action.JOIN, "1", url="https://room.example/", spoken="x" * 100)

    assert set(bare) == {"type", "text", "action_id", "value"}
    assert len(spoken["accessibility_label"]) == 75


def test_no_row_without_buttons() -> None:
    """Slack refuses an empty row."""
    assert actions([]) == []


def test_escaped_text_has_no_control_sequence() -> None:
    """Nothing a person types can open one of Slack's sequences."""
    assert "<" not in escape("<!here> <@U1> <https://x|y>")
