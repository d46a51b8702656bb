"""The gallery's forms for admins: the house's settings, what every launch says, who changed what, the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from bot.blocks import Message
from bot.changes import Fact
from bot.export_forms import (
    build_export_form,
    build_exported,
    build_exporting,
    build_not_exported,
    describe_export,
    read_export_form,
)
from bot.house_changes import build_house_changes
from bot.house_forms import build_house_form, describe_unknown_group, read_house_form
from bot.launch_forms import build_launch_form, describe_problems, read_launch_form
from bot.rooms.lessonspace_body import FEATURES
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import NOW, make_audit_entry, make_lesson
from storage.records import AuditEntry, LessonOptions, PersonId

TODAY = NOW.date()


def _list_settings(party: Party) -> Iterator[State]:
    reader = party.person(0)
    some = {"join_early": 600, "reach": 7, "bookers": "everyone", "channel_names": False, "watchers": "admins"}
    for how, chosen, counts in (
        ("nothing set", {}, (0, 100)),
        ("some set", some, (0, 100)),
        ("booked by a group", {"bookers": "groups", "booker_groups": "S0GROUP0"}, (None, 1, 100, 101)),
    ):
        for count in counts:
            groups = None if count is None else _name_groups(party, count)
            form = build_house_form(chosen, LessonOptions(), reach=200, groups=groups, reader=reader)
            known = "groups not known" if count is None else f"{count} groups to choose"
            yield State(shown=form, how=f"{how}, {known}")
    for how, typed in (
        ("no such group", {"bookers": _option("groups"), "booker_groups": {"value": "@nobody"}}),
        ("no group", {"bookers": _option("groups")}),
        ("a group for nothing", {"booker_groups": {"value": "S0GROUP0"}}),
    ):
        values = _type({"join_early": {"value": "soon"}, "reach": {"value": "0"}, **typed})
        _, errors = read_house_form(values, groups=None, reader=reader)
        form = build_house_form({}, LessonOptions(), reach=200, groups=None, reader=reader)
        yield State(shown=form, how=f"mistyped, {how}", errors=errors)
    unknown = describe_unknown_group([party.call("tutors", 80)], reader=reader)
    form = build_house_form({}, LessonOptions(), reach=200, groups=None, reader=reader)
    yield State(shown=form, how="a group that Slack hides", errors={"booker_groups": unknown})


def _name_groups(party: Party, count: int) -> dict[str, str]:
    return {f"S0GROUP{number}": party.call("tutors", 80, number) for number in range(count)}


def _type(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a form is sent with when these stand in its fields."""
    return {name: {name: value} for name, value in fields.items()}


def _option(value: str) -> dict[str, Any]:
    return {"selected_option": {"value": value}}


def _list_launches(party: Party) -> Iterator[State]:
    reader = party.person(0)
    full = {
        "rest": party.call("else", 2000),
        "server": party.call("eu", 80),
        "learner": {"features": dict.fromkeys(FEATURES, False)},
    }
    for how, launches, installed in (
        ("nothing set", {}, []),
        ("some set", {"locale": "fr", "allow_guests": True}, ["theme"]),
        ("all set", full, FEATURES),
    ):
        form = build_launch_form(launches, installed=installed, features=FEATURES, reader=reader)
        yield State(shown=form, how=how)
    plain = build_launch_form({}, installed=[], features=FEATURES, reader=reader)
    for how, rest in (("no JSON", "{"), ("a list", "[]"), ("twice", '{"allow_guests": true}')):
        _, errors = read_launch_form(_type({"rest": {"value": rest}}), reader=reader)
        yield State(shown=plain, how=f"mistyped, {how}", errors=errors)


def _list_refused_launches(party: Party) -> Iterator[State]:
    """In the room service's own words, which are not translated."""
    form = build_launch_form({}, installed=[], features=FEATURES, reader=party.person(0))
    errors = describe_problems({"locale": "is not a language", "learner.features": "has an unknown name"})
    yield State(shown=form, errors=errors)


def make_house_history(party: Party) -> list[AuditEntry]:
    """Everything that can be set, set and taken back, by somebody, by nobody known, and by Hallpass."""
    lesson = make_lesson()
    values: list[dict[str, Fact]] = [
        dict.fromkeys(("join_early", "link_lead", "remind_before", "warn_before", "extension"), 600),
        {"reach": 7, "channel_names": True, "bookers": "groups", "booker_groups": ",".join(["S0TUTORS"] * 30)},
        {"bookers": "members", "channel_names": False, "watchers": "leaders"},
        {"bookers": "everyone", "watchers": "participants", "12": "12"},
    ]
    actors = (party.person(0).id, PersonId("nobody"), None)
    rules = [
        make_audit_entry(
            lesson, "house_rules", actor=actor, facts={f"{name}_{when}": one for name, one in set_.items()}
        )
        for set_ in values
        for when in ("before", "after")
        for actor in actors
    ]
    options = {"launch_defaults": ", ".join(f"learner.{name}" for name in FEATURES)}
    return [*rules * 3, *(make_audit_entry(lesson, "launch_defaults", actor=actor, facts=options) for actor in actors)]


def _list_changes(party: Party) -> Iterator[State]:
    reader = party.person(0)
    for how, entries in (("none", []), ("many", make_house_history(party))):
        view = build_house_changes(
            entries,
            names={reader.id: reader.name},
            name_group=lambda _: party.call("tutors", 80),
            reader=reader,
            now=NOW,
        )
        yield State(shown=view, how=how)


def _list_exports(party: Party) -> Iterator[State]:
    reader = party.person(0)
    form = build_export_form(reader=reader, today=TODAY)
    yield State(shown=form, how="as it opens")
    for how, first, last in (
        ("no day", None, TODAY),
        ("the last day first", TODAY, TODAY - timedelta(days=1)),
        ("years", date(2020, 1, 1), TODAY),
    ):
        days = {name: {"selected_date": day and day.isoformat()} for name, day in (("first", first), ("last", last))}
        _, errors = read_export_form(_type(days), reader=reader)
        yield State(shown=form, how=f"mistyped, {how}", errors=errors)
    yield State(shown=build_exporting(reader=reader), how="on its way")
    for count in (0, 1, 100):
        yield State(shown=build_exported(reader=reader, count=count), how=f"sent, {count} rows")
        beside = describe_export(reader=reader, first=TODAY, last=TODAY, count=count)
        yield State(shown=Message(beside, []), how=f"beside the file, {count} rows")
    yield State(shown=build_not_exported(reader=reader, code="12"), how="not sent")


HOUSE = Subject(
    name="For admins",
    exhibits=(
        Exhibit(name="settings", list_states=_list_settings),
        Exhibit(name="settings changed", list_states=_list_changes),
        Exhibit(name="rooms", list_states=_list_launches),
        Exhibit(name="rooms, refused by the service", list_states=_list_refused_launches),
        Exhibit(name="export", list_states=_list_exports),
    ),
)
