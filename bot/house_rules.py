"""What a workspace set for itself in Home; it wins over the environment, value by value. Kept as one setting.

Nothing here moves a booked lesson: lessons keep the durations that they were booked with. Secrets, addresses and user
groups have no place here; they stay with whoever runs the bot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.booking import BookingPolicy
from bot.changes import AFTER, BEFORE, Fact
from bot.seeing import require_admin
from storage.records import AuditEntry, WorkspaceId, new_id
from storage.store import Transaction

NAME = "house_rules"


class Bookers(StrEnum):
    """Who may book, as far as it can be chosen in Home."""

    MEMBERS = "members"
    EVERYONE = "everyone"


@dataclass(frozen=True, kw_only=True)
class HouseRules:
    """Each None: as the environment says."""

    join_early: timedelta | None = None
    link_lead: timedelta | None = None
    remind_before: timedelta | None = None
    warn_before: timedelta | None = None
    extension: timedelta | None = None
    bookers: Bookers | None = None
    reach: int | None = None
    channel_names: bool | None = None

    def apply_to(self, policy: BookingPolicy) -> BookingPolicy:
        """The policy in force."""
        durations: dict[str, Any] = {
            name: value for name, value in asdict(self).items() if isinstance(value, timedelta)
        }
        changed = replace(policy, defaults=replace(policy.defaults, **durations), reach=self.reach or policy.reach)
        if self.bookers is None:
            return changed
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
    entry = AuditEntry(
        id=new_id(), workspace_id=workspace_id, actor=person.id, action="house_rules", facts=facts, at=now
    )
    tx.audit.add(entry)


def may_name(tx: Transaction, workspace_id: WorkspaceId, *, otherwise: bool) -> bool:
    """Whether channels may read names at all; `otherwise`: what the environment says."""
    chosen = read_house_rules(tx, workspace_id).channel_names
    return otherwise if chosen is None else chosen


def to_value(rules: HouseRules) -> dict[str, Fact]:
    """As JSON: durations in seconds, what is not set left out."""
    told = {name: value for name, value in asdict(rules).items() if value is not None}
    return {name: round(v.total_seconds()) if isinstance(v, timedelta) else v for name, v in told.items()}


def rules_of(value: Mapping[str, Any]) -> HouseRules:
    """Back from JSON; what is not understood counts as not set."""
    seconds = {
        name: timedelta(seconds=value[name])
        for name in ("join_early", "link_lead", "remind_before", "warn_before", "extension")
        if type(value.get(name)) is int
    }
    bookers, reach, names = value.get("bookers"), value.get("reach"), value.get("channel_names")
    return HouseRules(
        **seconds,
        bookers=Bookers(bookers) if bookers in set(Bookers) else None,
        reach=reach if type(reach) is int else None,
        channel_names=names if isinstance(names, bool) else None,
    )
