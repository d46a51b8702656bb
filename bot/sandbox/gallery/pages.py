"""The gallery's pages of a join link, and of a room that is inside a page of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.join_html import build_room_text
from bot.join_pages import (
    build_forged,
    build_not_ready,
    build_not_signed_in,
    build_page,
    build_somebody_else,
    build_too_many,
    build_trouble,
    build_unknown,
)
from bot.links import Standing
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, name_each
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import ENDS_AT, NOW, STARTS_AT, make_link
from bot.sandbox.gallery.scenes import MINUTE, build_details, pick_learner
from bot.words import words_for
from storage.records import LessonDetails, LessonState, Seat

TEAM_ID = "T0000000001"
EARLIER = {"half an hour": STARTS_AT - 30 * MINUTE, "days": STARTS_AT - timedelta(days=3)}


def _find_seat(details: LessonDetails) -> Seat:
    """Somebody whose conversation in Slack can be opened from a page."""
    seat = pick_learner(details)
    return replace(seat, person=replace(seat.person, conversation="D1"))


def _list_standings(party: Party) -> Iterator[State]:
    details = build_details(party)
    for standing in Standing:
        is_over = standing is Standing.OVER
        shown = build_details(party, state=LessonState.ENDED, ended_at=ENDS_AT) if is_over else details
        seat = _find_seat(shown)
        link = make_link(seat.participant)
        moments = EARLIER if standing is Standing.TOO_EARLY else {"": STARTS_AT}
        for moment, now in moments.items():
            page = build_page(shown, seat, link, standing, team_id=TEAM_ID, now=now)
            yield State(shown=page, how=standing.value.replace("_", " ") + (f", by {moment}" if moment else ""))
    seat = _find_seat(details)
    for how, one in (("with sign-in", seat), ("for a leader", details.seats[0])):
        page = build_page(
            details,
            one,
            make_link(one.participant),
            Standing.FINE,
            team_id=TEAM_ID,
            now=STARTS_AT,
            asks_who=how == "with sign-in",
        )
        yield State(shown=page, how=f"fine, {how}")


def _list_troubles(party: Party) -> Iterator[State]:
    details, words = build_details(party), words_for(party.locale)
    for whose, seat in (("learner", pick_learner(details)), ("leader", details.seats[0])):
        for how, is_busy in (("the room is busy", True), ("the room did not open", False)):
            page = build_trouble(details, seat, is_busy=is_busy, now=NOW)
            yield State(shown=page, how=f"{how}, for a {whose}")
    yield State(shown=build_somebody_else(pick_learner(details)), how="somebody else signed in")
    for how, can_retry in (("can try again", True), ("must begin anew", False)):
        yield State(shown=build_not_signed_in(words, can_retry=can_retry), how=f"not signed in, {how}")
    yield State(shown=build_unknown(words), how="no such link")
    yield State(shown=build_not_ready(words), how="not ready")
    yield State(shown=build_too_many(words, wait=3 * MINUTE), how="too many tries")
    yield State(shown=build_forged(words), how="forged")


def _list_rooms(party: Party) -> Iterator[State]:
    title = party.call("Quadratic equations", party.title_length)
    return name_each(build_room_text(words_for(party.locale), title=title))


PAGES = Subject(
    name="Pages",
    exhibits=(
        Exhibit(name="a link's page", list_states=_list_standings),
        Exhibit(name="trouble on a link's page", list_states=_list_troubles),
        Exhibit(name="a room in a page, without script", list_states=_list_rooms),
    ),
)
