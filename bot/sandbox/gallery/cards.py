"""The gallery's cards: messages that follow their lesson and are changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.boards import build_board
from bot.cards import build_leader_card, build_participant_card
from bot.channel_posts import build_channel_post
from bot.lists import build_bookers_card
from bot.messages import build_shrunk
from bot.places import build_older_card, build_removed_card
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene, name_each
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import ENDS_AT, NOW, STARTS_AT, make_totals
from bot.sandbox.gallery.scenes import MINUTE, SECRET_URL, pick_learner
from storage.records import CardKind, LessonDetails

MOMENTS = {"before": NOW, "near the end": ENDS_AT - MINUTE, "afterwards": ENDS_AT + 60 * MINUTE}


def _list_participants(_: Party, details: LessonDetails) -> Iterator[State]:
    url = SECRET_URL if details.seats[0].link else None
    for moment, now in MOMENTS.items():
        for number, seat in enumerate(details.seats[:5], start=1):
            for shares, how in ((False, ""), (True, ", shared address")):
                card = build_participant_card(details, seat, join_url=url, now=now, shares_address=shares)
                yield State(shown=card, how=f"{moment}{how}, person {number}")
    ended = build_participant_card(details, pick_learner(details), join_url=None, now=ENDS_AT, sees_leaving=False)
    yield State(shown=ended, how="where nobody is seen leaving")
    for how, canceller in (("by Hallpass", None), ("by the leader", details.seats[0].person.id)):
        gone = replace(details, lesson=replace(details.lesson, cancelled_by=canceller))
        card = build_participant_card(gone, pick_learner(details), join_url=url, now=NOW)
        yield State(shown=card, how=f"if cancelled, {how}")


def _list_leaders(_: Party, details: LessonDetails) -> Iterator[State]:
    leader = details.seats[0]
    for moment, now in MOMENTS.items():
        url = SECRET_URL if leader.link else None
        yield State(shown=build_leader_card(details, leader, join_url=url, now=now), how=moment)
    if details.lesson.is_open:
        for count in (0, 1, len(details.seats)):
            totals = make_totals(details.lesson, inside_count=count)
            card = build_leader_card(replace(details, totals=totals), leader, join_url=None, now=ENDS_AT - MINUTE)
            yield State(shown=card, how=f"{count} counted in the room")


def _list_boards(_: Party, details: LessonDetails) -> Iterator[State]:
    for how, who in (("for who booked", details.booked_by), ("for the leader", details.seats[0].person)):
        yield State(shown=build_board(details, reader=who, now=NOW), how=how)


def _list_bookers(_: Party, details: LessonDetails) -> Iterator[State]:
    return name_each(build_bookers_card(details, reader=details.booked_by, now=NOW))


def _list_channel_posts(party: Party, details: LessonDetails) -> Iterator[State]:
    for how, shows_names in (("with names", True), ("without names", False)):
        post = build_channel_post(details, now=NOW, shows_names=shows_names, channel_locale=party.locale)
        yield State(shown=post, how=how)


def _list_shrunk(party: Party, details: LessonDetails) -> Iterator[State]:
    reader = pick_learner(details).person
    for moment, now in MOMENTS.items():
        for kind in (CardKind.REMINDER, CardKind.WARNING, CardKind.MOVED):
            yield State(shown=build_shrunk(kind, details, reader=reader, now=now), how=f"{kind.value}, {moment}")
    nudge = build_shrunk(CardKind.NUDGE, details, reader=reader, now=STARTS_AT + MINUTE)
    yield State(shown=nudge, how=CardKind.NUDGE.value)
    asked = build_shrunk(CardKind.WARNING, details, reader=None, now=NOW, channel_locale=party.locale)
    yield State(shown=asked, how="warning in the channel")


def _list_replaced(_: Party, details: LessonDetails) -> Iterator[State]:
    person = pick_learner(details).person
    yield State(shown=build_older_card(details, person, now=NOW), how="a newer card is further down")
    yield State(shown=build_removed_card(details, person, now=NOW), how="they were taken out")


CARDS = Subject(
    name="Cards",
    exhibits=(
        Exhibit(name="participant's card", list_states=list_each_scene(_list_participants)),
        Exhibit(name="leader's card", list_states=list_each_scene(_list_leaders)),
        Exhibit(name="booker's card", list_states=list_each_scene(_list_bookers)),
        Exhibit(name="board", list_states=list_each_scene(_list_boards)),
        Exhibit(name="channel's post", list_states=list_each_scene(_list_channel_posts)),
        Exhibit(name="card that has served", list_states=list_each_scene(_list_shrunk)),
        Exhibit(name="card replaced", list_states=list_each_scene(_list_replaced)),
    ),
)
