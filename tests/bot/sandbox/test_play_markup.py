"""Slack's text markup in pieces: what is emphasised, what leads where, and the very text that the terminal shows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.gallery.catalogue import list_messages
from bot.sandbox.gallery.party import EVERYDAY, LONGEST
from bot.sandbox.play.field_names import build_name, parse_name
from bot.sandbox.play.markup import Kind, Manner, Passage, Piece, find_web_address, parse_mrkdwn, parse_text
from bot.sandbox.slack.wording import Reader, read_mrkdwn
from tests.bot.test_gallery import list_texts

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LESSON = int(datetime(2026, 3, 2, 16, tzinfo=UTC).timestamp())
READER = Reader(zone="Europe/Berlin", locale="en-GB", now=NOW, find_name={"U1": "Ada", "C1": "maths"}.get)


def sketch(piece: Piece) -> Any:
    """A piece in short: text alone, or its kind with what is in it and where it leads."""
    if piece.kind is Kind.TEXT:
        return piece.text
    inside: Any = [sketch(part) for part in piece.parts] or piece.text
    return (piece.kind.value, inside, piece.url) if piece.url else (piece.kind.value, inside)


def sketch_all(passages: tuple[Passage, ...]) -> list[Any]:
    (passage,) = passages
    return [sketch(piece) for piece in passage.pieces]


@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        ("*Algebra* now", [("bold", ["Algebra"]), " now"]),
        ("_*both* of it_", [("italic", [("bold", ["both"]), " of it"])]),
        ("~off~ snake_case_name 2*3*4 a ~ b", [("strike", ["off"]), " snake_case_name 2*3*4 a ~ b"]),
        ("`/lesson *now* &lt;x&gt;`", [("code", "/lesson *now* <x>")]),
        ("*<@U1>* in <#C1>", [("bold", [("mention", "@Ada")]), " in ", ("mention", "#maths")]),
        ("<@U9|kim> <!channel>", [("mention", "@kim"), " ", ("mention", "@channel")]),
        ("<!subteam^S1|@tutors>", [("mention", "@tutors")]),
        (f"_At <!date^{LESSON}^{{date_short_pretty}} {{time}}|x>_", [("italic", ["At ", ("date", "today 17:00")])]),
        (f"<!date^{LESSON}^{{time}}^https://x.example/a|x>", [("date", "17:00", "https://x.example/a")]),
        ("<https://x.example/?a=1&amp;b=2|the room>", [("link", "the room", "https://x.example/?a=1&b=2")]),
        ("<mailto:ada@x.example|Ada>", [("link", "Ada", "mailto:ada@x.example")]),
        ("<javascript:alert(1)|press>", ["press"]),
        ("one\ntwo &amp; three", ["one\ntwo & three"]),
        ("&lt;@U1&gt; &amp;lt;", ["<@U1> &lt;"]),
        (":tada: is no picture", [":tada: is no picture"]),
        ("(https://x.example/a_b_c).", ["(", ("link", "https://x.example/a_b_c", "https://x.example/a_b_c"), ")."]),
        ("*unclosed and _so on", ["*unclosed and _so on"]),
    ],
)
def test_markup_in_pieces(written: str, pieces: list[Any]) -> None:
    """Each of the kinds, one in another, and what only looks like one."""
    assert pieces == sketch_all(parse_mrkdwn(written, READER))


def test_verbatim_text_keeps_addresses_as_text() -> None:
    """A title that looks like an address leads nowhere; a link that was written as one does."""
    part = {"type": "mrkdwn", "text": "https://x.example and <https://y.example>", "verbatim": True}

    expected = ["https://x.example and ", ("link", "https://y.example", "https://y.example")]
    assert expected == sketch_all(parse_text(part, READER))


def test_plain_text_is_as_it_stands() -> None:
    """No marker and no escape means anything in it."""
    assert ["*a* &lt; <@U1> :tada:"] == sketch_all(
        parse_text({"type": "plain_text", "text": "*a* &lt; <@U1> :tada:"}, READER)
    )


def test_lines_quotes_and_fences_stand_apart() -> None:
    """Quoted lines together, with or without the bar escaped; nothing is marked inside a fence."""
    passages = parse_mrkdwn("Note\n>one\n&gt; *two*\nafter\n```*x*\n>y &lt;```", READER)

    told = [(passage.manner, passage.text) for passage in passages]
    assert told == [
        (Manner.LINES, "Note"),
        (Manner.QUOTE, "one\ntwo"),
        (Manner.LINES, "after"),
        (Manner.FENCED, "*x*\n>y <"),
    ]


def test_a_date_says_its_instant_and_falls_back() -> None:
    """For machines the instant; for people what was written where Slack does not know the form."""
    ((known,), (unknown,)) = [
        passage.pieces
        for form in ("{time}", "{date_next}")
        for passage in parse_mrkdwn(f"<!date^{LESSON}^{form}|5 o’clock>", READER)
    ]

    assert (known.text, unknown.text) == ("17:00", "5 o’clock")
    assert known.at == unknown.at == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_every_text_of_ours_reads_as_in_the_terminal() -> None:
    """Character by character, only that a quote's bar is no text here."""
    texts: set[str] = set()
    for cast in (EVERYDAY, replace(LONGEST, learner_count=5)):
        for _, message in list_messages(cast):
            texts |= {text for kind, text in list_texts(message.blocks) if kind == "mrkdwn"}

    assert len(texts) > 400
    for text in texts:
        shown = "\n".join(passage.text for passage in parse_mrkdwn(text, READER, is_verbatim=True))
        assert read_mrkdwn(re.sub(r"(?m)^>", "", text), READER) == shown


@given(st.text(alphabet="*_~`<>|@#!^{}&;\n a1é", max_size=60))
def test_any_text_at_all_is_taken(text: str) -> None:
    """Whatever it is made of, it comes out as pieces, and no letter of it is lost outside of tokens."""
    shown = "".join(passage.text for passage in parse_mrkdwn(text, READER))

    if not {"<", "&"} & set(text):
        assert [c for c in text if c in "a1é"] == [c for c in shown if c in "a1é"]


@given(st.text(max_size=20), st.text(max_size=20))
def test_names_of_controls_are_read_back(block_id: str, action_id: str) -> None:
    """Whatever ids are made of; and a page's ids hold no space."""
    name = build_name((block_id, action_id))

    assert parse_name(name) == (block_id, action_id)
    assert not re.search(r"\s", name)


def test_a_name_without_a_slash_is_no_elements() -> None:
    """So a form may have controls of its own."""
    assert parse_name("view") is None


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", "//x.example", "https://x.example/\nb"])
def test_only_the_web_is_led_to(url: str) -> None:
    """Not what a browser would run, nor what depends on the page it stands in."""
    assert find_web_address(url) is None
