"""What a workspace sets in Home: over the environment, value by value, by admins, and audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.blocks import Block
from bot.errors import NotAllowed
from bot.house_forms import DURATIONS, build_house_form, read_house_form
from bot.house_rules import Bookers, HouseRules, may_name, read_house_rules, rules_of, save_house_rules, to_value
from bot.ids import View
from bot.watchers import Watchers
from storage.records import LessonOptions, Person, PersonKind
from tests.bot.lessons_in_store import StoredSchool
from tests.records import NOW, make_person

ALL = HouseRules(
    join_early=timedelta(minutes=5),
    link_lead=timedelta(hours=2),
    remind_before=timedelta(0),
    warn_before=timedelta(minutes=7),
    extension=timedelta(minutes=15),
    bookers=Bookers.EVERYONE,
    reach=12,
    channel_names=False,
    watchers=Watchers.ADMINS,
)


GROUPS = HouseRules(bookers=Bookers.GROUPS, booker_groups=("S0TUTORS", "S0OFFICE"))
HANDLES = {"S0TUTORS": "tutors", "S0OFFICE": "office", "S0PARENTS": "parents"}
OLGA = make_person("Olga")


def typed(**values: str | None) -> dict[str, Any]:
    """A view's state with these fields filled in."""
    picked = {"bookers", "channel_names", "watchers"}
    return {
        name: {name: {"selected_option": {"value": value}} if name in picked else {"value": value}}
        for name, value in values.items()
    }


def choose_groups(*group_ids: str, bookers: str = "groups") -> dict[str, Any]:
    """The same with user groups chosen from a list."""
    options = [{"value": group_id} for group_id in group_ids]
    return typed(bookers=bookers) | {"booker_groups": {"booker_groups": {"selected_options": options}}}


def build_form(rules: HouseRules, groups: Mapping[str, str] | None) -> dict[str, Block]:
    """The fields' elements."""
    form = build_house_form(to_value(rules), LessonOptions(), reach=200, groups=groups, reader=OLGA)
    assert View.HOUSE_RULES == form["callback_id"]
    return {block["block_id"]: block["element"] for block in form["blocks"] if block["type"] == "input"}


async def save(stored: StoredSchool, rules: HouseRules, *, by: Person) -> None:
    policy = replace(stored.policy, admin_ids=frozenset({stored.olga.user_id}))
    await stored.write(
        lambda tx: save_house_rules(tx, stored.workspace.id, rules, user_id=by.user_id, policy=policy, now=NOW)
    )


@pytest.mark.parametrize("rules", [HouseRules(), ALL, HouseRules(channel_names=True), HouseRules(reach=1), GROUPS])
def test_rules_survive_being_stored(rules: HouseRules) -> None:
    """What is not set stays not set; zero is a value."""
    assert rules == rules_of(to_value(rules))


def test_nonsense_in_the_store_counts_as_not_set() -> None:
    """Written by a later Hallpass, or by hand."""
    odd = {"join_early": "10", "bookers": "nobody", "reach": True, "channel_names": 1, "watchers": "parents", "new": {}}

    assert HouseRules() == rules_of(odd)


async def test_set_values_win_and_the_rest_stays(stored: StoredSchool) -> None:
    """Only what is set changes the policy."""
    only_reach = HouseRules(reach=3).apply_to(stored.policy)
    everything = ALL.apply_to(replace(stored.policy, booker_ids=frozenset({"U1"})))

    assert replace(stored.policy, reach=3) == only_reach
    assert Watchers.ADMINS is everything.watchers
    assert (timedelta(minutes=15), timedelta(0)) == (everything.defaults.extension, everything.defaults.remind_before)
    assert everything.may_book(make_person("Gus", kind=PersonKind.GUEST))


async def test_admins_set_them_and_the_audit_says_what_was_before(stored: StoredSchool) -> None:
    """Others are refused and nothing changes; saving the same again is no change."""
    with pytest.raises(NotAllowed):
        await save(stored, ALL, by=stored.ada)
    assert HouseRules() == await stored.store.read(lambda tx: read_house_rules(tx, stored.workspace.id))
    await save(stored, HouseRules(reach=5, channel_names=True), by=stored.olga)
    await save(stored, HouseRules(reach=5, channel_names=True), by=stored.olga)

    assert HouseRules(reach=5, channel_names=True) == await stored.store.read(
        lambda tx: read_house_rules(tx, stored.workspace.id)
    )
    assert await stored.store.read(lambda tx: may_name(tx, stored.workspace.id, otherwise=False))


@pytest.mark.parametrize("otherwise", [True, False])
async def test_names_are_as_the_environment_says_until_set(stored: StoredSchool, otherwise: bool) -> None:
    """Then as set."""
    assert otherwise is await stored.store.read(lambda tx: may_name(tx, stored.workspace.id, otherwise=otherwise))
    await save(stored, HouseRules(channel_names=not otherwise), by=stored.olga)

    assert otherwise is not await stored.store.read(lambda tx: may_name(tx, stored.workspace.id, otherwise=otherwise))


def test_the_form_is_read_back_as_it_was_shown() -> None:
    """Every duration in its own unit; empty fields are not set."""
    shown = build_form(ALL, {})
    values = typed(**{name: shown[name]["initial_value"] for name in [*DURATIONS, "reach"]})
    values |= typed(
        **{name: shown[name]["initial_option"]["value"] for name in ("bookers", "channel_names", "watchers")}
    )

    chosen, problems = read_house_form(values, groups={}, reader=OLGA)

    assert {} == problems
    assert ALL == rules_of(chosen)
    untouched = typed(reach=None, join_early="", bookers="unset")
    assert ({}, {}) == read_house_form(untouched, groups={}, reader=OLGA)


@pytest.mark.parametrize("text", ["-1", "9999", "ten", "1.5", "٣"])
def test_what_is_no_number_in_range_is_said_at_its_field(text: str) -> None:
    """And nothing of it is kept."""
    chosen, problems = read_house_form(typed(join_early=text, reach="5"), groups={}, reader=OLGA)

    assert {"reach": 5} == chosen
    assert ["join_early"] == list(problems)
    assert "0 to 720" in problems["join_early"]


async def test_user_groups_chosen_are_the_only_ones_who_book(stored: StoredSchool) -> None:
    """Whoever is in one of them now; admins always; while nobody knows who is in them, nobody else."""
    members = {"S0TUTORS": frozenset({stored.ada.user_id}), "S0OFFICE": frozenset({stored.cleo.user_id})}
    before = replace(stored.policy, admin_ids=frozenset({stored.olga.user_id}), members_may_book=True)

    policy, unknown = GROUPS.apply_to(before, list_members=members.__getitem__), GROUPS.apply_to(before)

    people = (stored.ada, stored.ben, stored.cleo, stored.olga)
    assert [True, False, True, True] == [policy.may_book(person) for person in people]
    assert [False, False, False, True] == [unknown.may_book(person) for person in people]


def test_user_groups_without_any_let_only_admins_book() -> None:
    """As a broken row would have it: nobody gets a right by accident."""
    rules = rules_of({"bookers": "groups", "booker_groups": "tutors; DROP"})

    assert HouseRules(bookers=Bookers.GROUPS) == rules


def test_user_groups_are_chosen_from_a_list() -> None:
    """By handle, those chosen before ticked, one that is gone by its id; without any there is no such choice."""
    gone = replace(GROUPS, booker_groups=("S0GONE", "S0OFFICE"))
    element = build_form(gone, HANDLES)["booker_groups"]
    values = {"booker_groups": {"booker_groups": {"selected_options": element["initial_options"]}}}

    chosen, problems = read_house_form(values | typed(bookers="groups"), groups=HANDLES, reader=OLGA)

    assert ["S0GONE", "@office", "@tutors", "@parents"] == [one["text"]["text"] for one in element["options"]]
    assert (gone, {}) == (rules_of(chosen), problems)
    without = build_form(HouseRules(), {})
    assert "booker_groups" not in without
    assert "groups" not in [option["value"] for option in without["bookers"]["options"]]


@pytest.mark.parametrize("groups", [None, HANDLES | {f"S0MORE{number}": f"more{number}" for number in range(100)}])
def test_user_groups_are_typed_where_no_list_can_be_shown(groups: Mapping[str, str] | None) -> None:
    """Too many for Slack's select, or not known in time: handles where they are known, ids always."""
    element = build_form(GROUPS, groups)["booker_groups"]
    values = typed(bookers="groups", booker_groups=element["initial_value"])

    chosen, problems = read_house_form(values, groups=groups, reader=OLGA)

    assert ("@tutors, @office" if groups else "S0TUTORS, S0OFFICE") == element["initial_value"]
    assert (GROUPS, {}) == (rules_of(chosen), problems)


@pytest.mark.parametrize(
    # what is sent; what stands at the field
    ("values", "said"),
    [
        (choose_groups(), "at least one user group"),
        (choose_groups("S0TUTORS", bookers="members"), "above, or take the groups out"),
        (typed(bookers="groups", booker_groups="@tutors, @nobody"), "Slack knows no user group @nobody."),
        (typed(bookers="unset", booker_groups="Tutors"), "above, or take the groups out"),
    ],
)
def test_what_is_wrong_with_user_groups_is_said_at_their_field(values: dict[str, Any], said: str) -> None:
    """And nothing of them is kept."""
    chosen, problems = read_house_form(values, groups=HANDLES, reader=OLGA)

    assert said in problems["booker_groups"]
    assert "booker_groups" not in chosen
