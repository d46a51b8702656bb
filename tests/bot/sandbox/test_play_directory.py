"""Whom and what a person can choose: those who are there, channels that are open to them, by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sandbox.play.directory import read_directory
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.workspace import Workspace


@pytest.fixture
def workspace() -> Workspace:
    workspace = Workspace(machine_now=lambda: datetime(2026, 3, 2, tzinfo=UTC), changes=Changes())
    workspace.add_user("Ben Okoro")
    workspace.add_user("ada Lane")
    workspace.add_user("Gone Away", kind=UserKind.DEACTIVATED)
    workspace.add_user("Wim Outside", kind=UserKind.EXTERNAL)
    workspace.add_channel("maths")
    workspace.add_channel("shared", ["Ben Okoro"], is_ext_shared=True)
    workspace.add_channel("staff", ["ada Lane"], is_private=True)
    workspace.add_channel("old", is_archived=True)
    workspace.open_direct([workspace.get_user("Ben Okoro").id])
    return workspace


def list_names(workspace: Workspace, who: str, kind: str, **more: Any) -> list[str]:
    directory = read_directory(workspace, workspace.get_user(who))
    return [listed.name for listed in directory.list_for({"type": kind, **more})]


def test_people_are_offered_by_name(workspace: Workspace) -> None:
    """Whatever the case of its first letter; nobody whose account is switched off."""
    expected = ["ada Lane", "Ben Okoro", "Hallpass", "Slackbot", "Wim Outside"]
    assert expected == list_names(workspace, "Ben Okoro", "multi_users_select")


WITHOUT_SHARED = {"include": ["public", "im"], "exclude_external_shared_channels": True}


@pytest.mark.parametrize(
    ("who", "kind", "only", "names"),
    [
        ("Ben Okoro", "conversations_select", {}, ["Hallpass", "maths", "shared"]),
        ("ada Lane", "conversations_select", {}, ["maths", "shared", "staff"]),
        ("ada Lane", "multi_conversations_select", {"include": ["private"]}, ["staff"]),
        ("Ben Okoro", "conversations_select", WITHOUT_SHARED, ["Hallpass", "maths"]),
        ("ada Lane", "channels_select", {}, ["maths", "shared"]),
        ("Wim Outside", "channels_select", {}, []),
    ],
)
def test_conversations_are_offered_to_who_sees_them(
    workspace: Workspace, who: str, kind: str, only: dict[str, Any], names: list[str]
) -> None:
    """Public channels to members, all others to who is in them, and of those what the element's filter names."""
    assert names == list_names(workspace, who, kind, filter=only)
