"""What is typed after `/lesson`: the form it opens, and that nothing in it is guessed or lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.drafts import BookingDraft
from bot.errors import Refused
from commands.parsing import (
    Help,
    ListLessons,
    MyLink,
    OpenForm,
    Request,
    SearchTranscripts,
    ShowLesson,
    Unknown,
    parse_lesson_command,
    parse_lessons_command,
)

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 25, 12, 7, 31, 5, tzinfo=UTC)
"""Wednesday 25 November 2026, shortly after 13:07 in Berlin."""
TOMORROW_AT_FOUR = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)


def parse(text: str, *, base: BookingDraft | None = None) -> Request:
    return parse_lesson_command(text, now=NOW, zone=BERLIN, caller_id="U9", base=base)


def open_form(text: str, *, base: BookingDraft | None = None) -> OpenForm:
    request = parse(text, base=base)
    assert isinstance(request, OpenForm)
    return request


@pytest.mark.parametrize(
    "text, expected",
    [
        ("list", ListLessons()),
        (" Lessons ", ListLessons()),
        ("LINK", MyLink()),
        ("help", Help()),
        ("cancel", Unknown(typed="cancel")),
        ("list all", Unknown(typed="list all")),
        ("tea &amp; cake", Unknown(typed="tea & cake")),
    ],
)
def test_a_word_alone_asks_for_what_it_says_and_unknown_ones_for_nothing(text: str, expected: Request) -> None:
    """Only as the sole word; text without people and times is handed back as it reads."""
    assert expected == parse(text)


@pytest.mark.parametrize("text, expected", [("", ListLessons()), ("today", ListLessons()), (" Help", Help())])
def test_lessons_is_my_day(text: str, expected: Request) -> None:
    """Whatever is typed after it, but for help."""
    assert expected == parse_lessons_command(text)


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_typed_opens_the_form_with_the_caller_leading(text: str) -> None:
    """The rest is for the form's defaults."""
    assert OpenForm(draft=BookingDraft(leader_ids=("U9",), zone=BERLIN)) == parse(text)


def test_the_example_of_the_help_opens_the_form_filled_in() -> None:
    """People, day, time, length and title, in the tutor's own zone."""
    expected = OpenForm(
        draft=BookingDraft(
            title="Algebra II",
            leader_ids=("U9",),
            participant_ids=("U1", "W2"),
            starts_at=TOMORROW_AT_FOUR,
            length_text="45",
            zone=BERLIN,
        ),
        has_length=True,
    )

    assert expected == parse("<@U1|ada> <@W2|ben baker> tomorrow 4pm 45m Algebra II")
    assert expected == parse("Algebra <@U1> 45 min II 4 pm, tomorrow; <@W2>")


def test_small_words_that_belong_to_people_and_times_are_not_the_title() -> None:
    """A sentence is read as one; the same words elsewhere stay in the title."""
    said = open_form("Looking at logic for beginners with <@U1>, <@U2> and <@U3> on Thursday at 16:00 for 1h30")

    assert said.draft.title == "Looking at logic for beginners"
    assert said.draft.participant_ids == ("U1", "U2", "U3")
    assert (said.draft.starts_at, said.draft.length_text, said.not_understood) == (TOMORROW_AT_FOUR, "90", ())


def test_a_small_word_before_a_time_in_another_zone_does_not_hide_the_zone() -> None:
    """Times are read on the tutor's own clock, so another zone's is not read."""
    form = open_form("<@U1> at 4pm EST")

    assert (form.draft.starts_at, form.not_understood) == (None, ("4pm EST",))


def test_what_is_said_in_many_words_is_read_whole() -> None:
    """The longest day and the longest length; but never across somebody's name."""
    long = open_form("Thu 26 Nov 2026 4 pm <@U1> 1 hour 30 minutes")
    parted = open_form("Chapter 4 <@U1> pm")
    linked = open_form("Chapter 4 <https://pm.example|pm>")

    assert (linked.not_understood, linked.draft.title) == (("pm",), "Chapter 4")
    assert (long.draft.starts_at, long.draft.length_text, long.draft.title) == (TOMORROW_AT_FOUR, "90", "")
    assert (parted.draft.starts_at, parted.draft.participant_ids, parted.draft.title) == (None, ("U1",), "Chapter 4 pm")


def test_now_starts_now() -> None:
    """To the second: a lesson does not start before anybody could come."""
    form = open_form("now <@U1>")

    assert (datetime(2026, 11, 25, 12, 7, 31, tzinfo=UTC), ("U1",)) == (
        form.draft.starts_at,
        form.draft.participant_ids,
    )


def test_a_title_reads_as_it_was_typed() -> None:
    """Slack's three escapes are undone, once; commas in it stay."""
    form = open_form("R &amp;amp; D, &lt;b&gt; <@U1>")

    assert form.draft.title == "R &amp; D, <b>"


def test_the_caller_leads_and_is_nobodys_participant() -> None:
    """Who names themselves means to be there, and is; who names somebody twice means them once."""
    form = open_form("<@U9> <@U1> <@U1|ada>")

    assert (form.draft.leader_ids, form.draft.participant_ids) == (("U9",), ("U1",))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("@ada", "@ada"),
        ("<!subteam^S1|@class-7b>", "@class-7b"),
        ("<!subteam^S1|@R&amp;D>", "@R&D"),
        ("<!subteam^S1>", "@subteam^S1"),
        ("<!here>", "@here"),
        ("<#C1|maths>", "#maths"),
        ("<https://example.com/?a=1&amp;b|example.com>", "example.com"),
        ("<mailto:ada@example.com|ada@example.com>", "ada@example.com"),
    ],
)
def test_who_or_what_cannot_be_taught_is_shown_as_typed(text: str, shown: str) -> None:
    """A name that Slack did not know, a group, a channel, an address: neither guessed nor put in the title."""
    form = open_form(f"{text} <@U1> Algebra")

    assert (shown,) == form.not_understood
    assert (form.draft.participant_ids, form.draft.title) == (("U1",), "Algebra")


@pytest.mark.parametrize(
    "typed",
    [
        # what is typed about the start, its parts that are shown between bars
        "tomorrow",
        "25:00",
        "tomorrow|13pm",
        "tomorrow|13 pm",
        "3/4|4pm",
        "31 Feb|4pm",
        "4pm|5pm",
        "today|tomorrow|4pm",
        "now|4pm",
        "now|now",
        "4pm|to 5pm",
        "tomorrow|4pm-5pm",
        "every monday|4pm",
        "this friday|4pm",
        "next friday|4pm",
        "next week|4pm",
        "wednesday|4pm",
        "Fri 26 Nov|4pm",
        "tomorrow|4:30",
        "tomorrow|4pm EST",
        "tomorrow|4pm UTC",
        "16.10",
        "In 2 Days",
        "in 30m",
        "in 30 minutes",
        "4pm|in 2 days",
        "in half an hour",
        "in an hour",
        "2.12",
        "28 Mar 2027|2:30am",
    ],
)
def test_a_start_that_may_mean_two_things_or_none_is_shown_and_left_open(typed: str) -> None:
    """All that was typed about it is shown, in order, and the form opens without a start; the rest is kept."""
    form = open_form(f"<@U1> {typed.replace('|', ' ')} Algebra")

    assert form.draft.starts_at is None
    assert tuple(typed.split("|")) == form.not_understood
    assert not form.is_past
    assert (form.draft.participant_ids, form.draft.length_text) == (("U1",), "60")


@pytest.mark.parametrize("typed", ["2026-11-24|4pm", "24 Nov|16:00", "today|9:00", "24.11|16:00", "25.11.2025|4pm"])
def test_a_start_in_the_past_is_shown_as_past(typed: str) -> None:
    """It was understood, so the form can say what is wrong with it."""
    form = open_form(f"<@U1> {typed.replace('|', ' ')}")

    assert (form.draft.starts_at, form.is_past) == (None, True)
    assert tuple(typed.split("|")) == form.not_understood


@pytest.mark.parametrize(
    "text", ["26.11 16:00", "16:00 26.11", "16.00 26.11.", "tomorrow 16.00", "Thu 4pm", "26.11 16.00"]
)
def test_what_may_be_day_or_time_is_told_by_the_other_word(text: str) -> None:
    """`26.11` cannot be a time, `16.00` cannot be a day; beside a time, `2.12` is one, too."""
    assert open_form(f"<@U1> {text}").draft.starts_at == TOMORROW_AT_FOUR


def test_a_time_and_a_dotted_day_that_could_be_a_time_make_one_start() -> None:
    """And beside a day it is the time."""
    assert open_form("2.12 16:00").draft.starts_at == datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
    assert open_form("tomorrow 16.10").draft.starts_at == TOMORROW_AT_FOUR + timedelta(minutes=10)
    assert open_form("10.12 11.12").draft.starts_at is None


@pytest.mark.parametrize("typed", ["0m", "13h", "45m|30m", "45m|0m"])
def test_a_length_that_is_none_or_two_is_shown_and_left_open(typed: str) -> None:
    """The start is none the worse for it."""
    form = open_form(f"<@U1> tomorrow 4pm {typed.replace('|', ' ')}")

    assert (form.draft.starts_at, form.draft.length_text, form.has_length) == (TOMORROW_AT_FOUR, "60", False)
    assert tuple(typed.split("|")) == form.not_understood


def test_what_is_not_understood_is_shown_in_the_order_typed() -> None:
    """People, times and lengths together, so that it reads like what was typed."""
    assert open_form("@ada 25:00 <@U1> 0m <!here> Algebra").not_understood == ("@ada", "25:00", "0m", "@here")


def test_what_was_typed_goes_over_the_form_as_it_would_open_and_nothing_else_does() -> None:
    """The last choices stay where nothing was typed. A start that was not understood leaves none: the usual one would
    pass for what was typed.
    """
    base = BookingDraft(
        title="Geometry", leader_ids=("U8",), participant_ids=("U7",), starts_at=NOW, length_text="30", records=True
    )
    nothing = open_form("25:00 0m", base=base)
    everything = open_form("<@U1> tomorrow 4pm 45m Algebra", base=base)

    assert (
        nothing.draft.title,
        nothing.draft.leader_ids,
        nothing.draft.participant_ids,
        nothing.draft.starts_at,
        nothing.draft.length_text,
    ) == ("Geometry", ("U8",), ("U7",), None, "30")
    assert (
        everything.draft.title,
        everything.draft.leader_ids,
        everything.draft.participant_ids,
        everything.draft.starts_at,
        everything.draft.length_text,
        everything.draft.records,
    ) == ("Algebra", ("U8",), ("U1",), TOMORROW_AT_FOUR, "45", True)


def test_times_are_read_on_the_tutors_own_clock() -> None:
    """The same words elsewhere mean another instant; an unknown zone is refused, not replaced."""
    request = parse_lesson_command("<@U1> tomorrow 4pm", now=NOW, zone="America/New_York", caller_id="U9")

    assert isinstance(request, OpenForm)
    assert request.draft.starts_at == datetime(2026, 11, 26, 21, 0, tzinfo=UTC)
    with pytest.raises(Refused):
        parse_lesson_command("<@U1> 4pm", now=NOW, zone="Mars/Olympus", caller_id="U9")


WORDS = st.one_of(
    st.sampled_from(["<@U1|ada>", "<@U9>", "<!here>", "@ada", "<", ">", "&amp;", ",", "Algebra", "list"]),
    st.sampled_from(["now", "today", "tomorrow", "mon", "next", "23", "Nov", "2.12", "3/4"]),
    st.sampled_from(["4pm", "4", "pm", "16.00", "25:00", "45m", "1h", "30", "min"]),
    st.sampled_from(["in", "at", "to", "and"]),
)


@given(words=st.lists(WORDS, max_size=9))
def test_no_word_is_lost(words: list[str]) -> None:
    """Whatever is typed, each word ends up in a field, among what is shown, or is one that only joins others."""
    request = parse(" ".join(words))
    if not isinstance(request, OpenForm):
        return
    assert ("U1" in request.draft.participant_ids) is ("<@U1|ada>" in words)
    assert ("@here" in request.not_understood) is ("<!here>" in words)
    kept = " ".join([request.draft.title, *request.not_understood]).split()
    understood = {"<@U1|ada>", "<@U9>", "<!here>", ",", "&amp;", "in", "at", "to", "and"}
    if request.draft.starts_at:
        understood |= {"now", "today", "tomorrow", "mon", "next", "4pm", "4", "pm", "16.00", "23", "30", "Nov", "2.12"}
    if request.has_length:
        understood |= {"45m", "1h", "4", "23", "30", "min"}

    assert [word for word in words if word not in understood and word not in kept] == []


@given(text=st.text(max_size=60))
def test_any_text_at_all_is_some_request(text: str) -> None:
    """No text makes it stumble, whatever the keyboard or another program sends."""
    assert isinstance(parse(text), OpenForm | ListLessons | ShowLesson | SearchTranscripts | MyLink | Help | Unknown)


@pytest.mark.parametrize(
    # what is typed, and what is looked for; None: it is no such request
    ("text", "typed"),
    [
        ("transcript", ""),
        ("Transcript common  &amp; tomorrow 4pm", "common & tomorrow 4pm"),
        ("transcript <@U1> 4pm", None),
        ("the transcript", None),
    ],
)
def test_words_are_looked_for_in_transcripts(text: str, typed: str | None) -> None:
    """All that was typed is what is looked for, unless somebody is named: then it is a lesson called so."""
    request = parse(text)

    assert (typed is not None) is isinstance(request, SearchTranscripts)
    if typed is not None:
        assert SearchTranscripts(typed=typed) == request


@pytest.mark.parametrize(
    # what is typed, and which words of a title it asks for; None: it is no such request
    ("text", "typed"),
    [("show", ""), ("Show Algebra for  Ben", "Algebra for Ben"), ("show &lt;b&gt;", "<b>"), ("show <@U1> 4pm", None)],
)
def test_a_lesson_is_asked_for_by_its_title(text: str, typed: str | None) -> None:
    """Unless somebody is named: then it is a lesson called so that is to be booked."""
    request = parse_lesson_command(text, now=NOW, zone="UTC", caller_id="U9")

    assert (typed is not None) is isinstance(request, ShowLesson)
    assert typed == getattr(request, "typed", None)
