"""The words of join pages: each has what to do next, in the reader's zone and language, and nothing of anybody else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from bot.join_html import render_page
from bot.join_pages import (
    Face,
    Page,
    build_forged,
    build_not_ready,
    build_not_signed_in,
    build_page,
    build_somebody_else,
    build_too_many,
    build_trouble,
    build_unknown,
    find_slack_url,
    words_of_visitor,
)
from bot.links import Standing
from bot.words import PSEUDO_LOCALE, words_for
from storage.records import LessonState, LinkWay, Role, Seat
from tests.records import ENDS_AT, NOW, STARTS_AT, make_details, make_lesson, make_link, make_person, make_seat

EARLIER = STARTS_AT - timedelta(minutes=30)


def page_of(standing: Standing, *, now: Any = EARLIER, role: Role = Role.LEARNER, **reader: Any) -> Page:
    """Ben's page of the lesson that Ada leads; in Tokyo unless told."""
    values = {"zone": "Asia/Tokyo", "conversation": "D1", **reader}
    lesson = make_lesson(state=LessonState.ENDED if standing is Standing.OVER else LessonState.BOOKED)
    ada = make_seat(lesson, make_person("Ada"), Role.LEADER)
    ben = make_seat(lesson, make_person("Ben", **values), role, position=1)
    cleo = make_seat(lesson, make_person("Cleo"), position=2)
    link = make_link(ben.participant, way=LinkWay.PAGE, url_sealed=None)
    return build_page(make_details(lesson, ada, ben, cleo), ben, link, standing, team_id="T1", now=now)


def all_pages(locale: str = "en-US") -> list[Page]:
    words = words_for(locale)
    details = make_details()
    seat: Seat = details.others[0]
    reader = make_person("Ben", locale=locale)
    seat = make_seat(details.lesson, reader, position=1)
    return [
        *(page_of(standing, locale=locale) for standing in Standing),
        build_trouble(details, seat, is_busy=False, now=NOW),
        build_trouble(details, seat, is_busy=True, now=NOW),
        build_unknown(words),
        build_not_ready(words),
        build_too_many(words, wait=timedelta(minutes=3)),
        build_forged(words),
        build_somebody_else(seat),
        build_not_signed_in(words, can_retry=True),
    ]


def text_of(page: Page) -> str:
    """Everything on it, as one line."""
    facts = [f"{fact.label}: {fact.value}" for fact in page.facts]
    countdown = []
    if page.countdown:
        countdown = [page.countdown.hours, page.countdown.minutes, page.countdown.after, page.countdown.without]
    return " | ".join([page.heading, *facts, *page.lines, *countdown, page.button or "", *page.notes])


def test_there_is_a_page_for_each_face() -> None:
    """And each standing has its own."""
    faces = [page.face for page in all_pages()]

    assert sorted(Face) == sorted(faces)


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.face.value)
def test_each_page_says_what_to_do(page: Page) -> None:
    """A heading, a sentence or a button; and no sentence that is cut, empty or full of braces."""
    assert page.button or page.lines
    for text in (page.heading, *page.lines, *page.notes):
        assert text.strip() == text != ""
        assert "{" not in text
    for line in (*page.lines, *page.notes):
        assert line.endswith((".", "?")), line


@pytest.mark.parametrize("page", all_pages(PSEUDO_LOCALE), ids=lambda page: page.face.value)
def test_every_sentence_can_be_translated(page: Page) -> None:
    """Nothing but names, titles and times stands outside of the marks of the pseudo-translation, in HTML too."""
    html = render_page(page, nonce="n")
    body = re.sub(r"<(script|style|title).*?</\1>", " ", html, flags=re.S)
    outside = body
    while "⟦" in outside:
        outside = re.sub(r"⟦[^⟦⟧]*⟧", " ", outside)
    words = re.findall(r"[A-Za-z]+", re.sub(r"<[^>]+>", " ", outside))

    assert set(words) <= {"Algebra", "Ada", "Ben"}, words


def test_times_are_the_readers_with_the_zone_named() -> None:
    """Somebody in Tokyo reads Tokyo's time, and the day where it is another one."""
    page = page_of(Standing.TOO_EARLY)

    text = text_of(page)
    assert "Tue, Nov 24, 1:00 AM to 2:00 AM (Tokyo time)" in text
    assert "The room opens at 12:50 AM (Tokyo time)." in text
    far = page_of(Standing.TOO_EARLY, now=NOW - timedelta(days=2))
    assert "The room opens at 12:50 AM on Tue, Nov 24 (Tokyo time)." in text_of(far)


def test_the_countdown_never_ends_before_the_door_opens() -> None:
    """Parts of a second count as one more."""
    page = page_of(Standing.TOO_EARLY, now=STARTS_AT - timedelta(minutes=10, microseconds=1))

    assert page.countdown is not None
    assert page.countdown.seconds == 1


@pytest.mark.parametrize("standing", Standing)
def test_nobody_elses_place_is_told(standing: Standing) -> None:
    """Only the reader and who leads."""
    assert "Cleo" not in text_of(page_of(standing))


def test_a_leader_is_not_sent_to_themself() -> None:
    """Where the reader leads alone, they are told to write to whoever booked."""
    lesson = make_lesson()
    ada = make_seat(lesson, make_person("Ada"), Role.LEADER)
    link = make_link(ada.participant)
    page = build_page(make_details(lesson, ada), ada, link, Standing.TOO_LATE, team_id="T1", now=ENDS_AT)

    assert "write to whoever booked it" in text_of(page)
    assert "With:" not in text_of(page)


def test_slack_is_opened_where_the_card_is() -> None:
    """The person's own conversation with Hallpass; nothing where there is none yet."""
    for standing in Standing:
        is_shut = standing not in (Standing.FINE, Standing.COMES_BACK, Standing.TOO_EARLY, Standing.OVER)
        expected = "https://slack.com/app_redirect?team=T1&channel=D1" if is_shut else None
        assert page_of(standing).slack_url == expected
    assert page_of(Standing.USED_ELSEWHERE, conversation=None).slack_url is None
    assert (
        find_slack_url(make_person(conversation="D&x"), "T1") == "https://slack.com/app_redirect?team=T1&channel=D%26x"
    )


@pytest.mark.parametrize(
    "header, language",
    [("de-DE,de;q=0.9", "de"), ("en-GB;q=0.8", "en"), ("", "en"), ("*", "en"), ("x" * 500, "en"), ("../..", "en")],
)
def test_a_strangers_language_is_their_browsers(header: str, language: str) -> None:
    """Whatever it says."""
    assert words_of_visitor(header).locale.language == language


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.face.value)
def test_the_page_is_whole_and_plain(page: Page) -> None:
    """One main part, one heading, a language, room for a phone; styles for dark, for less motion there is none."""
    html = render_page(page, nonce="n")

    assert html.startswith("<!doctype html>")
    assert (html.count("<h1>"), html.count("<main>")) == (1, 1)
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in html
    assert "prefers-color-scheme: dark" in html
    assert "transition" not in html
    assert "animation" not in html
    assert len(html) < 12_000


def test_a_language_read_from_the_right_is_set_so() -> None:
    """By the reader's locale."""
    assert 'lang="ar-EG" dir="rtl"' in render_page(page_of(Standing.FINE, locale="ar-EG"), nonce="n")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read(is_dark: bool) -> None:
    """Text against what it stands on: 4.5 to 1 at least (WCAG 2.2, 1.4.3); the focus ring 3 to 1."""
    html = render_page(page_of(Standing.FINE), nonce="n")
    blocks = re.findall(r":root \{(.*?)\}", html, re.S)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1 if is_dark else 0]))

    def contrast(one: str, other: str) -> float:
        high, low = sorted((_luminance(colours[one]), _luminance(colours[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ink, paper in (("ink", "paper"), ("soft", "paper"), ("on-deed", "deed")):
        assert contrast(ink, paper) >= 4.5, (ink, paper)
    assert contrast("focus", "paper") >= 3
    assert contrast("deed", "paper") >= 3
