"""The directory: who is looked up, when, how often, and what is kept of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.delivery import Delivery
from bot.errors import SlackBusy, SlackDown, SlackError, SlackRefused, SlackUnknown
from bot.people import AT_ONCE, CHANNEL_FRESH, GROUP_FRESH, PERSON_FRESH, Directory
from bot.profiles import build_person
from bot.sandbox.faults import Fault
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.standin import SlackStandIn
from storage.records import Person, PersonKind, Workspace
from storage.sqlite import SqliteStore, open_store
from tests.records import make_person, make_workspace

SOON = timedelta(seconds=5)
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class Counting:
    """A Slack that knows everybody, and counts how many ask at once; with `stops` it answers nobody."""

    def __init__(self, *, stops: bool = False) -> None:
        self.count = self.under_way = self.most = 0
        self.was_asked = asyncio.Event()
        self.answers = asyncio.Event()
        if not stops:
            self.answers.set()

    async def fetch(self, method: str, **arguments: Any) -> dict[str, Any]:
        self.count += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.was_asked.set()
        await self.answers.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        self.under_way -= 1
        return {"ok": True, "user": {"id": arguments["user"], "name": "somebody", "is_restricted": False}}

    async def fetch_pages(self, method: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        yield {}


class HandClock:
    """Machine time that a test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def machine_now(self) -> datetime:
        return self.at

    def on_move(self, wake: Any) -> None: ...


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        yield slack


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with open_store(tmp_path / "people.db") as store:
        yield store


@pytest.fixture
async def workspace(store: SqliteStore, slack: SlackStandIn) -> Workspace:
    return await store.write(
        lambda tx: tx.workspaces.ensure(slack.team_id, name="The School", bot_user_id=slack.bot_user_id, now=NOW)
    )


@pytest.fixture
async def directory(
    slack: SlackStandIn, store: SqliteStore, workspace: Workspace, clock: HandClock
) -> AsyncIterator[Directory]:
    async with aiohttp.ClientSession() as session:
        delivery = Delivery(token=slack.bot_token, base_url=slack.api_url, session=session, clock=clock)
        directory = Directory(slack=delivery, store=store, workspace=workspace, clock=clock)
        yield directory
        await directory.close()


async def find(store: SqliteStore, workspace: Workspace, user_id: str) -> Person | None:
    return await store.read(lambda tx: tx.people.find(workspace.id, user_id))


# People


async def test_an_unknown_person_is_looked_up_once(
    slack: SlackStandIn, store: SqliteStore, workspace: Workspace, directory: Directory
) -> None:
    """Name, zone and locale are stored; asked again, the stored person answers."""
    ada = slack.add_user("Ada", zone="Asia/Tokyo", locale="ja-JP").id

    known = await directory.ensure_known([ada, ada], within=SOON)
    again = await directory.ensure_known([ada], within=SOON)

    assert known == again == {ada: await find(store, workspace, ada)}
    person = known[ada]
    assert (person.name, person.zone, person.locale) == ("Ada", "Asia/Tokyo", "ja-JP")
    assert (person.kind, person.checked_at) == (PersonKind.MEMBER, NOW)
    assert slack.log.count("users.info") == 1


async def test_somebody_looked_up_a_day_ago_is_looked_up_again(
    slack: SlackStandIn, directory: Directory, clock: HandClock
) -> None:
    """Their id of ours stays; the name is today's."""
    user = slack.add_user("Ada")
    before = (await directory.ensure_known([user.id], within=SOON))[user.id]
    user.real_name = "Ada B."

    clock.at += PERSON_FRESH - timedelta(seconds=1)
    assert (await directory.ensure_known([user.id], within=SOON))[user.id] == before

    clock.at += timedelta(seconds=1)
    after = (await directory.ensure_known([user.id], within=SOON))[user.id]
    assert after == replace(before, name="Ada B.", checked_at=clock.at)


async def test_who_waits_stops_waiting_in_time_and_the_look_up_goes_on(
    store: SqliteStore, workspace: Workspace, clock: HandClock
) -> None:
    """A form's answer cannot wait for a slow Slack; the next one joins the look-up and finds the person known."""
    slack = Counting(stops=True)
    directory = Directory(slack=slack, store=store, workspace=workspace, clock=clock)

    assert await directory.ensure_known(["U1"], within=timedelta(0)) == {}

    later = asyncio.create_task(directory.refresh(["U1"]))
    async with asyncio.timeout(5):
        await slack.was_asked.wait()
        slack.answers.set()
        await later
    assert await find(store, workspace, "U1") is not None
    assert slack.count == 1


async def test_an_impatient_one_takes_nobodys_look_up_away(
    store: SqliteStore, workspace: Workspace, clock: HandClock
) -> None:
    """Two wait for one look-up, and the first is cancelled; the other still gets the answer."""
    slack = Counting(stops=True)
    directory = Directory(slack=slack, store=store, workspace=workspace, clock=clock)
    impatient, patient = asyncio.create_task(directory.look_up("U1")), asyncio.create_task(directory.look_up("U1"))

    async with asyncio.timeout(5):
        await slack.was_asked.wait()
        impatient.cancel()
        slack.answers.set()
        assert (await patient).name == "somebody"
    assert slack.count == 1


async def test_a_class_is_looked_up_with_bounded_concurrency(
    store: SqliteStore, workspace: Workspace, clock: HandClock
) -> None:
    """A hundred people picked at once do not become a hundred requests at once."""

    slack = Counting()
    directory = Directory(slack=slack, store=store, workspace=workspace, clock=clock)

    known = await directory.ensure_known([f"U{number}" for number in range(100)], within=SOON)

    assert len(known) == 100
    assert 1 < slack.most <= AT_ONCE


async def test_when_slack_fails_people_stay_unknown(slack: SlackStandIn, directory: Directory) -> None:
    """No guess is stored and nothing raised; whoever must know is told why."""
    ada = slack.add_user("Ada").id
    slack.faults.switch_on("users.info", Fault.failing(503), count=2)

    assert await directory.ensure_known([ada], within=SOON) == {}
    with pytest.raises(SlackUnknown):
        await directory.look_up(ada)
    assert (await directory.look_up(ada)).name == "Ada"


async def test_a_429_does_not_end_in_a_stampede(slack: SlackStandIn, directory: Directory) -> None:
    """One refusal shuts the gate; the others are not even asked."""
    people = [slack.add_user(f"Learner {number}").id for number in range(30)]
    slack.faults.switch_on("users.info", Fault.rate_limited(60))

    assert await directory.ensure_known(people, within=SOON) == {}

    assert slack.log.count("users.info") <= AT_ONCE
    with pytest.raises(SlackBusy):
        await directory.look_up(people[0])


async def test_somebody_slack_does_not_show_is_stored_as_unreachable(slack: SlackStandIn, directory: Directory) -> None:
    """So that a form can say it, and nobody asks again all day."""
    known = await directory.ensure_known(["U0NOBODY00"], within=SOON)

    assert known["U0NOBODY00"].unreachable == "user_not_found"
    assert known["U0NOBODY00"].kind is PersonKind.UNKNOWN
    assert await directory.ensure_known(["U0NOBODY00"], within=SOON) == known
    assert slack.log.count("users.info") == 1


async def test_a_look_up_keeps_what_slack_does_not_know(
    slack: SlackStandIn, store: SqliteStore, workspace: Workspace, directory: Directory
) -> None:
    """Conversation, consent, and why a post failed, unless the look-up disproves it."""
    user = slack.add_user("Ada")
    ada = await directory.look_up(user.id)
    kept = replace(ada, conversation="D1", may_be_recorded=True, unreachable="messages_tab_disabled")
    await store.write(lambda tx: tx.people.save(kept))

    assert await directory.look_up(user.id) == kept

    await store.write(lambda tx: tx.people.save(replace(kept, unreachable="user_disabled")))
    assert (await directory.look_up(user.id)).unreachable is None


async def test_a_change_told_by_slack_is_stored_for_people_we_know(
    slack: SlackStandIn, store: SqliteStore, workspace: Workspace, directory: Directory
) -> None:
    """And nobody else is: most of a workspace never has a lesson."""
    ada, ben = slack.add_user("Ada", zone="Asia/Tokyo"), slack.add_user("Ben")
    await directory.look_up(ada.id)
    gone = {"id": ada.id, "name": "ada", "real_name": "Ada B.", "deleted": True}

    await directory.note_user_change(gone)
    await directory.note_user_change(gone | {"id": ben.id})
    await directory.note_user_change({})

    person = await find(store, workspace, ada.id)
    assert person is not None
    assert (person.name, person.is_deactivated) == ("Ada B.", True)
    assert (person.zone, person.kind) == ("Asia/Tokyo", PersonKind.MEMBER)
    assert await find(store, workspace, ben.id) is None


async def test_closing_ends_every_look_up(store: SqliteStore, workspace: Workspace, clock: HandClock) -> None:
    """Nothing writes to a store that is about to close; who asks afterwards is not left waiting."""
    slack = Counting(stops=True)
    directory = Directory(slack=slack, store=store, workspace=workspace, clock=clock)
    waiting = asyncio.create_task(directory.refresh(["U1"]))

    async with asyncio.timeout(5):
        await slack.was_asked.wait()
        await directory.close()
        await waiting
        assert await directory.ensure_known(["U1"], within=SOON) == {}
        with pytest.raises(SlackDown):
            await directory.look_up("U1")


# What Slack's flags mean


@pytest.mark.parametrize(
    ("kind", "expected", "is_admin"),
    [
        (UserKind.MEMBER, PersonKind.MEMBER, False),
        (UserKind.ADMIN, PersonKind.MEMBER, True),
        (UserKind.OWNER, PersonKind.MEMBER, True),
        (UserKind.GUEST, PersonKind.GUEST, False),
        (UserKind.SINGLE_CHANNEL_GUEST, PersonKind.SINGLE_CHANNEL_GUEST, False),
        (UserKind.STRANGER, PersonKind.STRANGER, False),
        (UserKind.EXTERNAL, PersonKind.EXTERNAL, False),
        (UserKind.INVITED, PersonKind.INVITED, False),
        (UserKind.BOT, PersonKind.BOT, False),
        (UserKind.APP, PersonKind.APP, False),
    ],
)
async def test_every_kind_of_user_is_told_apart(
    slack: SlackStandIn, directory: Directory, kind: UserKind, expected: PersonKind, is_admin: bool
) -> None:
    """`kind`: what the stand-in adds; the rest: what we make of it."""
    person = await directory.look_up(slack.add_user("Ada", kind=kind).id)

    assert (person.kind, person.is_admin, person.is_deactivated) == (expected, is_admin, False)


async def test_a_deactivated_person_is_known_as_such(slack: SlackStandIn, directory: Directory) -> None:
    """Slack leaves the other flags out then."""
    person = await directory.look_up(slack.add_user("Ada", kind=UserKind.DEACTIVATED).id)

    assert person.is_deactivated


async def test_slackbot_is_a_bot_whatever_it_says(directory: Directory) -> None:
    """It reports `is_bot: false`; only its id gives it away."""
    assert (await directory.look_up("USLACKBOT")).kind is PersonKind.BOT


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"profile": {"display_name": "Ada", "real_name": "Ada Brown"}, "name": "ab"}, "Ada"),
        ({"profile": {"display_name": " ", "real_name": "Ada\n Brown"}, "name": "ab"}, "Ada Brown"),
        ({"profile": None, "real_name": "Ada Brown"}, "Ada Brown"),
        ({"name": "ab"}, "ab"),
        ({}, "U1"),
    ],
)
def test_the_shown_name_is_the_one_slack_shows(user: dict[str, Any], expected: str) -> None:
    """In one line; never empty."""
    person = build_person({"id": "U1"} | user, make_workspace(), known=None, checked_at=NOW)

    assert person.name == expected


def test_another_workspace_of_the_same_organisation_is_no_outsider() -> None:
    """On an organisation's grid, colleagues have another team's id."""
    user = {"id": "U1", "team_id": "T9", "is_restricted": False}

    outside = build_person(user, make_workspace(), known=None, checked_at=NOW)
    inside = build_person(user | {"enterprise_user": {"id": "W1"}}, make_workspace(), known=None, checked_at=NOW)

    assert (outside.kind, inside.kind) == (PersonKind.EXTERNAL, PersonKind.MEMBER)


def test_what_slack_leaves_out_stays_as_known() -> None:
    """A change carries no locale, an outsider no zone."""
    known = make_person(zone="Asia/Tokyo", locale="ja-JP")

    person = build_person({"id": known.user_id}, make_workspace(), known=known, checked_at=NOW)

    assert (person.id, person.zone, person.locale, person.name) == (known.id, "Asia/Tokyo", "ja-JP", known.name)


# Channels


async def test_a_channel_is_described_and_kept_for_some_minutes(
    slack: SlackStandIn, directory: Directory, clock: HandClock
) -> None:
    """Name, whether we are in it, who else reads it."""
    channel = slack.add_channel("algebra", [slack.add_user("Ada")])

    known = await directory.ensure_channel_known(channel.id, within=SOON)
    assert known is not None
    assert (known.name, known.is_member, known.is_archived) == ("algebra", True, False)
    assert (known.is_external, known.has_guests) == (False, False)

    assert await directory.ensure_channel_known(channel.id, within=SOON) == known
    assert slack.log.count("conversations.info") == 1
    clock.at += CHANNEL_FRESH
    await directory.ensure_channel_known(channel.id, within=SOON)
    assert slack.log.count("conversations.info") == 2


async def test_a_channel_we_were_just_invited_to_is_known_at_once(slack: SlackStandIn, directory: Directory) -> None:
    """The form said `/invite @Hallpass`; pressed again a moment later, it must not say so again."""
    channel = slack.add_channel("algebra", [slack.add_user("Ada")], has_bot=False)

    before = await directory.ensure_channel_known(channel.id, within=SOON)
    channel.members.add(slack.bot_user_id)
    after = await directory.ensure_channel_known(channel.id, within=SOON)

    assert before is not None
    assert after is not None
    assert (before.is_member, after.is_member) == (False, True)


async def test_a_channel_slack_does_not_show_is_one_we_are_not_in(slack: SlackStandIn, directory: Directory) -> None:
    """A private channel without us does not exist, as far as Slack tells."""
    channel = slack.add_channel("office", [slack.add_user("Ada")], has_bot=False, is_private=True)

    known = await directory.ensure_channel_known(channel.id, within=SOON)

    assert known is not None
    assert not known.is_member


@pytest.mark.parametrize("is_known_before", [False, True])
async def test_guests_in_a_channel_are_noticed(
    slack: SlackStandIn, store: SqliteStore, workspace: Workspace, directory: Directory, is_known_before: bool
) -> None:
    """Whether the guest was met before or not; and the members are not stored for it."""
    ada, cleo = slack.add_user("Ada"), slack.add_user("Cleo", kind=UserKind.GUEST)
    if is_known_before:
        await directory.look_up(cleo.id)
    channel = slack.add_channel("algebra", [ada, cleo])

    known = await directory.look_up_channel(channel.id)

    assert known is not None
    assert known.has_guests
    assert await find(store, workspace, ada.id) is None


async def test_somebody_who_cannot_be_placed_counts_as_a_guest(slack: SlackStandIn, directory: Directory) -> None:
    """A shared channel's strangers are in nobody's list; names of minors stay away from them."""
    channel = slack.add_channel("algebra", [slack.add_user("Dan", kind=UserKind.STRANGER)], is_ext_shared=True)

    known = await directory.look_up_channel(channel.id)

    assert known is not None
    assert (known.is_external, known.has_guests) == (True, True)


async def test_a_channel_that_cannot_be_looked_up_now_is_none(slack: SlackStandIn, directory: Directory) -> None:
    """Though it was known before: who reads it now is what was asked."""
    channel = slack.add_channel("algebra", [slack.add_user("Ada")])
    await directory.refresh_channel(channel.id)
    slack.faults.switch_on("conversations.info", Fault.failing(503))

    assert await directory.look_up_channel(channel.id) is None
    assert await directory.ensure_channel_known(channel.id, within=SOON) is not None


async def test_only_known_channels_follow_changes(slack: SlackStandIn, directory: Directory) -> None:
    """A workspace has thousands of channels; we keep those that were chosen."""
    chosen, other = slack.add_channel("algebra"), slack.add_channel("random")
    await directory.refresh_channel(chosen.id)

    await directory.note_channel_change(chosen.id)
    await directory.note_channel_change(other.id)

    assert slack.log.count("conversations.info") == 2


# User groups


async def test_a_user_group_is_asked_for_now_and_then(
    slack: SlackStandIn, directory: Directory, clock: HandClock
) -> None:
    """Some minutes old at most; a glance never asks."""
    ada, ben = slack.add_user("Ada"), slack.add_user("Ben")
    group = slack.add_group("tutors", [ada])

    assert directory.peek_group(group) == frozenset()
    assert await directory.list_group(group) == {ada.id}
    slack.workspace.groups[group][1].append(ben.id)
    assert await directory.list_group(group) == {ada.id}
    clock.at += GROUP_FRESH
    assert await directory.list_group(group) == {ada.id, ben.id} == directory.peek_group(group)


async def test_when_slack_fails_a_group_stays_who_it_was(
    slack: SlackStandIn, directory: Directory, clock: HandClock
) -> None:
    """Nobody loses a right because Slack is down; but a group never seen is nobody's guess."""
    group = slack.add_group("tutors", [slack.add_user("Ada")])
    members = await directory.list_group(group)
    slack.faults.switch_on("usergroups.users.list", Fault.failing(503))
    clock.at += GROUP_FRESH

    assert await directory.list_group(group) == members
    with pytest.raises(SlackError):
        await directory.list_group("S0OTHER000")


async def test_a_group_without_the_scope_says_so(slack: SlackStandIn, directory: Directory) -> None:
    """`doctor` and the log name the scope's method."""
    slack.app.scopes.discard("usergroups:read")

    with pytest.raises(SlackRefused) as refused:
        await directory.list_group("S0TUTORS00")
    assert refused.value.method == "usergroups.users.list"
