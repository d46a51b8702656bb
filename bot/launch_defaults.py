"""What a workspace has every launch say beside a lesson's own matters: the environment's options, over them Home's.

They are the room service's own words, and only it knows what they mean and what is wrong with them. What is set in Home
is kept sealed as a whole, since it may hold a secret; the audit and Home name what is set, and never a value. What
cannot be read any more (other keys), or what the service no longer takes, counts as not set: a way in without its
trimmings is better than none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from bot.booking import BookingPolicy
from bot.rooms.options import list_differences, merge, restore_secrets
from bot.seeing import require_admin
from storage.errors import Unreadable
from storage.records import AccountId, AuditEntry, WorkspaceId, new_id
from storage.sealing import Sealer
from storage.store import Transaction

NAME = "launch_defaults"
"""Of its changes in the audit."""

log = structlog.get_logger("hallpass.launch_defaults")

FindProblems = Callable[[Mapping[str, object]], dict[str, str]]
"""What is wrong with options, by path: the room service's to say."""


class LaunchDefaults:
    """Reads and keeps them. `installed`: the environment's. `service`: whose launches they are for, by name.

    `is_offered`: there is a service that takes any; without, nobody is asked for some.
    """

    def __init__(
        self,
        *,
        installed: Mapping[str, object],
        sealer: Sealer,
        find_problems: FindProblems,
        service: str = "lessonspace",
        is_offered: bool = True,
    ) -> None:
        self.service = service
        self.is_offered = is_offered
        self.installed = installed
        self._find_problems = find_problems
        self._sealer = sealer
        self._last: tuple[bytes | None, dict[str, object]] = (None, {})

    def find_in_force(self, tx: Transaction, workspace_id: WorkspaceId, account_id: AccountId) -> dict[str, object]:
        """What launches say: the environment's, and over it Home's, name by name."""
        return merge(self.installed, self.find_chosen(tx, workspace_id, account_id))

    def find_chosen(self, tx: Transaction, workspace_id: WorkspaceId, account_id: AccountId) -> dict[str, object]:
        """What is set in Home."""
        sealed = tx.workspaces.get_account(workspace_id, account_id).settings_sealed
        if sealed != self._last[0]:  # asked at every launch, and changed once in a blue moon
            self._last = (sealed, self._open(sealed) if sealed else {})
        return self._last[1]

    def _open(self, sealed: bytes) -> dict[str, object]:
        try:
            chosen: dict[str, object] = json.loads(self._sealer.unseal(sealed))
        except Unreadable:
            log.warning("launch_defaults_unreadable", mend="set them anew in Home, Rooms")
            return {}
        if problems := self._find_problems(chosen):
            log.warning("launch_defaults_not_usable", paths=sorted(problems), mend="correct them in Home, Rooms")
            return {}
        return chosen

    def save(
        self,
        tx: Transaction,
        workspace_id: WorkspaceId,
        chosen: Mapping[str, object],
        *,
        user_id: str,
        policy: BookingPolicy,
        now: datetime,
    ) -> dict[str, str]:
        """Keep what is set in Home, and note it down; or what is wrong with it, by path, and nothing is kept.

        Secrets that are hidden in it stay as they are. Raises NotAllowed.
        """
        person = require_admin(tx, workspace_id, user_id=user_id, policy=policy)
        before = self.find_chosen(tx, workspace_id, policy.account_id)
        after = restore_secrets(chosen, before)
        if problems := self._find_problems(after):
            return problems
        if after == before:
            return {}
        sealed = self._sealer.seal(json.dumps(after)) if after else None
        tx.workspaces.keep_account_settings(workspace_id, policy.account_id, sealed)
        entry = AuditEntry(
            id=new_id(),
            workspace_id=workspace_id,
            actor=person.id,
            action=NAME,
            facts={NAME: ", ".join(list_differences(before, after))},
            at=now,
        )
        tx.audit.add(entry)
        return {}
