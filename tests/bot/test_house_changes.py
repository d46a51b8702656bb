"""What admins changed in Home's settings, as admins read it."""

from __future__ import annotations

from datetime import timedelta

from bot.house_changes import build_house_changes
from storage.records import AuditEntry
from tests.bot.plain import read
from tests.records import NOW, make_audit_entry, make_person

OLGA = make_person("Olga")


def tell(*entries: AuditEntry) -> str:
    handles = {"S0TUTORS": "@tutors", "S0OFFICE": "@office"}
    view = build_house_changes(
        entries, names={OLGA.id: "Olga"}, name_group=lambda one: handles.get(one, one), reader=OLGA, now=NOW
    )
    return read(view["blocks"])


def test_each_change_says_who_when_and_from_what_to_what() -> None:
    """Durations as people say them; what was not set before reads so."""
    facts = {"extension_before": None, "extension_after": 900, "reach_before": 200, "reach_after": 50}
    text = tell(make_audit_entry(action="house_rules", actor=OLGA.id, facts=facts, at=NOW - timedelta(hours=1)))

    assert "Olga" in text.splitlines()[0]
    assert "• One extension: as installed → 15 minutes" in text
    assert "• People whom a booker may reach in an hour: 200 → 50" in text


def test_who_may_book_is_told_in_words_and_groups_by_their_handles() -> None:
    """A group that is gone keeps its id."""
    facts = {
        "bookers_before": "everyone",
        "bookers_after": "groups",
        "booker_groups_before": None,
        "booker_groups_after": "S0TUTORS,S0GONE",
        "channel_names_before": True,
        "channel_names_after": False,
    }
    text = tell(make_audit_entry(action="house_rules", facts=facts))

    assert "Hallpass" in text.splitlines()[0]
    assert "• Who may book: everyone, guests too → people in user groups" in text
    assert "• User groups: none → @tutors and S0GONE" in text
    assert "• Names in channels: yes → no" in text


def test_where_nothing_was_changed_that_is_said() -> None:
    """Instead of an empty view, which Slack refuses."""
    assert "all settings are as installed" in tell()
