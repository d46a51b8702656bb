"""The gallery's lists of people: who takes part, who replaces whom, and everybody's standing on a board's pages."""

from __future__ import annotations

from collections.abc import Iterator

from bot.drafts import Caution, CautionCode, Newcomers
from bot.people_forms import build_people_form, build_replace_form, say_added, say_removed, say_resent
from bot.readers import reader_of
from bot.roll import build_roll
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import ENDS_AT, NOW, STARTS_AT
from bot.words import words_for
from storage.records import LessonDetails, Role


def _pick(party: Party) -> Newcomers:
    return Newcomers(user_ids=tuple(f"U{number}" for number in range(party.learner_count)), role=Role.OBSERVER)


def _list_cautions(details: LessonDetails) -> list[Caution]:
    names = (details.booked_by.name,)
    return [
        Caution(code=CautionCode.LEADER_OVERLAP, names=names, title=title, starts_at=STARTS_AT, ends_at=ENDS_AT)
        for title in ("", details.lesson.title)
    ] * 30


def _list_people(party: Party, details: LessonDetails) -> Iterator[State]:
    """Page by page, and with everything that can be said on top."""
    reader, words = details.booked_by, words_for(party.locale)
    reads = reader_of(reader, now=NOW)
    people = [seat.person for seat in details.seats]
    for page in (0, 1, 4, 9):
        yield State(shown=build_people_form(details, reader=reader, now=NOW, page=page), how=f"page {page + 1}")
    for how, said in (
        ("all added", say_added(people, words)),
        ("one added", say_added(people[:1], words)),
        ("all taken out", say_removed(people, None, reads)),
        ("one taken out, link still works", say_removed(people[:1], ENDS_AT, reads)),
        ("sent once more", say_resent(people[0], words)),
    ):
        yield State(shown=build_people_form(details, reader=reader, now=NOW, said=said), how=how)
    asked = build_people_form(
        details,
        reader=reader,
        now=NOW,
        picked=_pick(party),
        cautions=_list_cautions(details),
        confirmed="2" * 64,
    )
    yield State(shown=asked, how="asked back")


def _list_replacing(party: Party, details: LessonDetails) -> Iterator[State]:
    for how, cautions in (("as it opens", []), ("asked back", _list_cautions(details))):
        view = build_replace_form(
            details, details.seats[0], reader=details.booked_by, now=NOW, picked=_pick(party), cautions=cautions
        )
        yield State(shown=view, how=how)


def _list_rolls(_: Party, details: LessonDetails) -> Iterator[State]:
    for page in (0, 1, 3, 9):
        yield State(shown=build_roll(details, reader=details.booked_by, page=page, now=NOW), how=f"page {page + 1}")


PEOPLE = Subject(
    name="People",
    exhibits=(
        Exhibit(name="people of a lesson", list_states=list_each_scene(_list_people)),
        Exhibit(name="replace somebody", list_states=list_each_scene(_list_replacing)),
        Exhibit(name="everybody's standing", list_states=list_each_scene(_list_rolls)),
    ),
)
