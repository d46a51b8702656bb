"""Workspaces, accounts, people, channels, settings and audit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.errors import NotStored
from storage.records import PersonKind, WorkspaceId
from storage.store import Store
from tests.records import NOW, make_audit_entry, make_channel, make_person, make_workspace
from tests.storage.contract import School, changed, make_school

HOUR = timedelta(hours=1)


async def test_a_workspace_is_made_once_and_kept_up_to_date(store: Store) -> None:
    """The same Slack id is the same workspace; a bot user once known is not forgotten."""

    async def ensure(name: str, bot_user_id: str | None) -> object:
        return await store.write(lambda tx: tx.workspaces.ensure("T1", name=name, bot_user_id=bot_user_id, now=NOW))

    first = await store.write(lambda tx: tx.workspaces.ensure("T1", name="Old", bot_user_id="U1", now=NOW))
    again = await ensure("New", None)

    assert changed(first, name="New") == again
    assert again == await store.read(lambda tx: tx.workspaces.find("T1"))
    assert again == await store.read(lambda tx: tx.workspaces.get(again.id))
    with pytest.raises(NotStored):
        await store.read(lambda tx: tx.workspaces.get(WorkspaceId("nobody")))
    assert await store.read(lambda tx: tx.workspaces.find("T2")) is None
    other = await store.write(lambda tx: tx.workspaces.ensure("T2", name="Two", bot_user_id=None, now=NOW))
    assert [again, other] == await store.read(lambda tx: tx.workspaces.list_all())


async def test_an_account_is_made_once_for_each_service(school: School) -> None:
    """The provider's id is kept once known; another workspace cannot see the account."""
    workspace_id = school.workspace.id

    async def ensure(service: str, external_id: str | None) -> str:
        return await school.store.write(
            lambda tx: tx.workspaces.ensure_account(workspace_id, service, external_id=external_id, now=NOW)
        )

    ids = [await ensure("lessonspace", "org-1"), await ensure("lessonspace", None)]
    assert 2 * [school.account_id] == ids
    account = await school.store.read(lambda tx: tx.workspaces.get_account(workspace_id, school.account_id))
    assert (account.service, account.external_id, account.settings_sealed) == ("lessonspace", "org-1", None)
    assert await ensure("loop", None) != school.account_id
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id
    with pytest.raises(NotStored, match="no room account"):
        await school.store.read(lambda tx: tx.workspaces.get_account(stranger, school.account_id))


async def test_an_account_s_secret_is_replaced_only_by_who_knows_it(school: School) -> None:
    """Who comes second replaces nothing; another workspace not even the first time."""
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id
    ours = (school.workspace.id, school.account_id)

    async def keep(workspace_id: WorkspaceId, sealed: bytes, instead_of: bytes | None) -> bool:
        return await school.store.write(
            lambda tx: tx.workspaces.keep_account_secret(workspace_id, ours[1], sealed, instead_of=instead_of)
        )

    kept = [
        await keep(stranger, b"theirs", None),
        await keep(ours[0], b"one", None),
        await keep(ours[0], b"two", None),
        await keep(ours[0], b"three", b"one"),
    ]

    account = await school.store.read(lambda tx: tx.workspaces.get_account(*ours))
    assert kept == [False, True, False, True]
    assert account.secret_sealed == b"three"
    assert "three" not in repr(account)


async def test_a_person_comes_back_as_saved(school: School) -> None:
    """Every field survives; by Slack id, by ours, in this workspace only."""
    person = make_person(
        "Eve",
        workspace_id=school.workspace.id,
        kind=PersonKind.GUEST,
        zone=None,
        locale="de-DE",
        is_admin=True,
        is_deactivated=True,
        may_be_recorded=False,
        conversation="D1",
        unreachable="messages_tab_disabled",
    )

    assert person == await school.store.write(lambda tx: tx.people.save(person))
    assert person == await school.store.read(lambda tx: tx.people.find(person.workspace_id, person.user_id))
    assert person == school.store.glance(lambda tx: tx.people.get(person.workspace_id, person.id))
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id
    assert await school.store.read(lambda tx: tx.people.find(stranger, person.user_id)) is None
    with pytest.raises(NotStored, match="no person"):
        await school.store.read(lambda tx: tx.people.get(stranger, person.id))


async def test_a_known_person_keeps_what_slack_does_not_know(school: School) -> None:
    """Own id, conversation and consent survive a look at Slack; being unreachable is written as given."""
    known = changed(school.ben, conversation="D1", may_be_recorded=True, unreachable="why")
    await school.store.write(lambda tx: tx.people.save(known))
    seen = make_person("Benjamin", workspace_id=school.workspace.id, user_id=school.ben.user_id, is_admin=True)

    saved = await school.store.write(lambda tx: tx.people.save(seen))
    expected = changed(seen, id=school.ben.id, conversation="D1", may_be_recorded=True, unreachable=None)
    assert expected == saved
    assert expected == await school.store.read(lambda tx: tx.people.get(school.workspace.id, school.ben.id))


async def test_everybody_asked_for_is_there(school: School) -> None:
    """The known as they are, the unknown stored unlooked-at, each once, and the same the next time."""
    asked = [school.ben.user_id, "U9", "U9", "U8"]

    async def ensure() -> dict[str, object]:
        return dict(await school.store.write(lambda tx: tx.people.ensure(school.workspace.id, iter(asked), now=NOW)))

    people = await school.store.write(lambda tx: tx.people.ensure(school.workspace.id, iter(asked), now=NOW))
    assert [school.ben.user_id, "U9", "U8"] == list(people)
    assert school.ben == people[school.ben.user_id]
    assert (people["U9"].kind, people["U9"].checked_at) == (PersonKind.UNKNOWN, None)
    assert people == await ensure()
    listed = await school.store.read(lambda tx: tx.people.list_by_user_ids(school.workspace.id, {"U9", "U7"}))
    assert {"U9": people["U9"]} == listed


async def test_a_channel_is_kept_as_last_seen(school: School) -> None:
    """Saved twice it is one, with the later facts."""
    first = make_channel(workspace_id=school.workspace.id)
    later = changed(first, name="renamed", is_member=False, is_archived=True, is_external=True, has_guests=True)
    await school.store.write(lambda tx: tx.people.save_channel(first))
    await school.store.write(lambda tx: tx.people.save_channel(later))

    assert later == await school.store.read(lambda tx: tx.people.find_channel(school.workspace.id, first.channel_id))
    assert await school.store.read(lambda tx: tx.people.find_channel(school.workspace.id, "C9")) is None


async def test_settings_belong_to_a_workspace_or_a_person(school: School) -> None:
    """The same name holds three values side by side; saving replaces one whole."""
    here = school.workspace.id
    there = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    async def save(value: dict[str, object], workspace_id=here, person_id=None) -> None:  # type: ignore[no-untyped-def]
        await school.store.write(lambda tx: tx.settings.save(workspace_id, "form", value, person_id=person_id))

    async def find(workspace_id=here, person_id=None, name: str = "form") -> object:  # type: ignore[no-untyped-def]
        return await school.store.read(lambda tx: tx.settings.find(workspace_id, name, person_id=person_id))

    await save({"minutes": 60, "old": True})
    await save({"minutes": 45})
    await save({"minutes": 30}, person_id=school.ada.id)
    await save({"minutes": 15}, there)
    values = [await find(), await find(person_id=school.ada.id), await find(there)]

    assert [{"minutes": minutes} for minutes in (45, 30, 15)] == values
    assert [await find(person_id=school.ben.id), await find(name="other")] == [None, None]


async def test_audit_is_told_in_order(school: School) -> None:
    """Oldest first, of this lesson, facts and all."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    entries = [
        make_audit_entry(lesson, "book", actor=school.ada.id, facts={"people": 2, "late": False, "by": None}),
        make_audit_entry(lesson, "cancel"),
    ]

    def work(tx):  # type: ignore[no-untyped-def]
        for entry in [*entries, make_audit_entry(other)]:
            tx.audit.add(entry)

    await school.store.write(work)

    assert entries == await school.store.read(lambda tx: tx.audit.list_for_lesson(school.workspace.id, lesson.id))


async def test_the_latest_of_what_was_done_to_no_lesson(school: School) -> None:
    """Latest first, of one action and workspace, no more than asked for."""
    lesson, workspace_id = await school.book(school.ben), school.workspace.id
    first, second, third = (
        make_audit_entry(action="set", workspace_id=workspace_id, facts={"number": number}, at=NOW + hours * HOUR)
        for number, hours in ((1, 0), (2, 2), (3, 1))
    )
    others = [make_audit_entry(lesson, "set"), make_audit_entry(action="other", workspace_id=workspace_id)]

    def work(tx):  # type: ignore[no-untyped-def]
        for entry in [first, second, third, *others]:
            tx.audit.add(entry)

    await school.store.write(work)

    assert [second, third] == await school.store.read(lambda tx: tx.audit.list_latest(workspace_id, "set", limit=2))
    elsewhere = make_workspace().id
    assert [] == await school.store.read(lambda tx: tx.audit.list_latest(elsewhere, "set", limit=2))
