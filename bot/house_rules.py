"""What a workspace set for itself in Home; it wins over the environment, value by value. Kept as one setting.

Nothing here moves a booked lesson: lessons keep the durations that they were booked with. Secrets, addresses and who is
admin have no place here; they stay with whoever runs the bot. Of a user group only its id is kept: who is in it is
Slack's to say, and asked anew again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.booking import BookingPolicy
from bot.changes import AFTER, BEFORE, Fact
from bot.seeing import require_admin
from bot.watchers import Watchers
from storage.records import AuditEntry, CardKind, LessonState, Produced, WorkspaceId, new_id
from storage.store import Transaction

NAME = "house_rules"
"""Of the setting, and of its changes in the audit."""
SHOWN_AGAIN = timedelta(days=7)
"""Lessons that ended so long ago show what somebody may watch by the rule of now; older ones as they were last drawn.
Whoever presses is judged by the rule of now everywhere."""
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,}")


class Bookers(StrEnum):
    """Who may book."""

    MEMBERS = "members"  # no guests
    EVERYONE = "everyone"
    GROUPS = "groups"  # who is in one of `booker_groups`


@dataclass(frozen=True, kw_only=True)
class HouseRules:
    """Each None: as the environment says."""

    join_early: timedelta | None = None
    link_lead: timedelta | None = None
    remind_before: timedelta | None = None
    warn_before: timedelta | None = None
    extension: timedelta | None = None
    bookers: Bookers | None = None
    booker_groups: tuple[str, ...] = ()  # Slack's ids; only with GROUPS
    reach: int | None = None
    channel_names: bool | None = None
    watchers: Watchers | None = None

    @property
    def who_books(self) -> str | None:
        """As `HALLPASS_BOOKERS` would be written."""
        return ", ".join(self.booker_groups) or self.bookers

    def apply_to(
        self, policy: BookingPolicy, *, list_members: Callable[[str], frozenset[str]] = lambda _: frozenset()
    ) -> BookingPolicy:
        """The policy in force. `list_members`: who is in a user group; while nobody knows, only admins book."""
        durations: dict[str, Any] = {
            name: value for name, value in asdict(self).items() if isinstance(value, timedelta)
        }
        changed = replace(
            policy,
            defaults=replace(policy.defaults, **durations),
            reach=self.reach or policy.reach,
            watchers=self.watchers or policy.watchers,
        )
        if self.bookers is None:
            return changed
        if self.bookers is Bookers.GROUPS:
            found = frozenset(user_id for group_id in self.booker_groups for user_id in list_members(group_id))
            return replace(changed, members_may_book=False, everyone_may_book=False, booker_ids=found)
        is_everyone = self.bookers is Bookers.EVERYONE
        return replace(changed, members_may_book=True, everyone_may_book=is_everyone, booker_ids=frozenset())


def read_house_rules(tx: Transaction, workspace_id: WorkspaceId) -> HouseRules:
    """What is set; cheap enough to be asked each time (one row by its key)."""
    return rules_of(tx.settings.find(workspace_id, NAME) or {})


def save_house_rules(
    tx: Transaction, workspace_id: WorkspaceId, rules: HouseRules, *, user_id: str, policy: BookingPolicy, now: datetime
) -> None:
    """Keep them, with what they were before in the audit. Raises NotAllowed."""
    person = require_admin(tx, workspace_id, user_id=user_id, policy=policy)
    before, after = to_value(read_house_rules(tx, workspace_id)), to_value(rules)
    facts: dict[str, Fact] = {}
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            facts |= {name + BEFORE: before.get(name), name + AFTER: after.get(name)}
    if not facts:
        return
    tx.settings.save(workspace_id, NAME, after)
    entry = AuditEntry(id=new_id(), workspace_id=workspace_id, actor=person.id, action=NAME, facts=facts, at=now)
    tx.audit.add(entry)
    if before.get("watchers") != after.get("watchers"):
        _redraw_recorded(tx, workspace_id, now=now)


def _redraw_recorded(tx: Transaction, workspace_id: WorkspaceId, *, now: datetime) -> None:
    """Messages on which somebody may watch now, or may no longer."""
    for lesson in tx.lessons.list_between(workspace_id, ends_after=now - SHOWN_AGAIN, starts_before=now):
        held = tx.sessions.list_for_lesson(workspace_id, lesson.id) if lesson.state is LessonState.ENDED else []
        if any(one.recording is not Produced.NOT_ASKED for one in held):
            tx.cards.want(workspace_id, lesson.id, kinds=(CardKind.SUMMARY, CardKind.PARTICIPANT))


def may_name(tx: Transaction, workspace_id: WorkspaceId, *, otherwise: bool) -> bool:
    """Whether channels may read names at all; `otherwise`: what the environment says."""
    chosen = read_house_rules(tx, workspace_id).channel_names
    return otherwise if chosen is None else chosen


def to_value(rules: HouseRules) -> dict[str, Fact]:
    """As JSON: durations in seconds, user groups in one text, what is not set left out."""
    return {name: _to_fact(value) for name, value in asdict(rules).items() if value not in (None, ())}


def _to_fact(value: object) -> Fact:
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    if isinstance(value, tuple):
        return ",".join(value)
    return value if isinstance(value, bool | int) else str(value)


def rules_of(value: Mapping[str, Any]) -> HouseRules:
    """Back from JSON; what is not understood counts as not set."""
    seconds = {
        name: timedelta(seconds=value[name])
        for name in ("join_early", "link_lead", "remind_before", "warn_before", "extension")
        if type(value.get(name)) is int
    }
    bookers, reach, names = value.get("bookers"), value.get("reach"), value.get("channel_names")
    groups, watchers = value.get("booker_groups"), value.get("watchers")
    return HouseRules(
        **seconds,
        bookers=Bookers(bookers) if bookers in set(Bookers) else None,
        booker_groups=tuple(_GROUP_ID.findall(groups)) if isinstance(groups, str) and bookers == Bookers.GROUPS else (),
        reach=reach if type(reach) is int else None,
        channel_names=names if isinstance(names, bool) else None,
        watchers=Watchers(watchers) if watchers in set(Watchers) else None,
    )
