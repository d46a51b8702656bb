"""What the workspace allows, as it is now: the environment's settings, over them what was set in Home, and who is who.

User groups named in either are read from Slack at the start and every ten minutes; until then, and where Slack does not
answer, those of the last reading hold. What is set in Home is read each time, so it counts at once and everywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from bot.assembly import build_options
from bot.booking import BookingPolicy, Offer
from bot.errors import SlackError
from bot.house_rules import HouseRules, read_house_rules
from bot.people import Directory
from bot.rooms.registry import RoomServices
from bot.setting_values import BookersRule
from bot.settings import Settings
from storage.records import LinkWay, WorkspaceId
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.app")

GROUPS_EVERY = timedelta(minutes=10)
"""How often user groups named in settings are read anew."""


def ensure_offers(
    tx: Transaction, workspace_id: WorkspaceId, services: RoomServices, *, ways: Mapping[str, LinkWay], now: datetime
) -> tuple[Offer, ...]:
    """What can be booked, the default first; each with the workspace's account there. `ways`: of their links."""
    return tuple(
        Offer(
            service=service.name,
            shown_name=service.shown_name,
            account_id=tx.workspaces.ensure_account(workspace_id, service.name, external_id=None, now=now),
            capabilities=service.capabilities,
            launches_ahead=ways[service.name] is LinkWay.DIRECT,
        )
        for service in services
    )


class Policies:
    """One workspace's. `offers`: the default first."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        directory: Directory,
        workspace_id: WorkspaceId,
        offers: tuple[Offer, ...],
    ) -> None:
        self._settings = settings
        self._store = store
        self._directory = directory
        self._workspace_id = workspace_id
        self._offers = offers
        self._installed = self._build()

    def find(self) -> BookingPolicy:
        """The policy of this moment."""
        return self._read_rules().apply_to(self._installed, list_members=self._directory.peek_group)

    async def read_groups(self) -> None:
        """Who may book and who administers, as the user groups named in settings and in Home stand now."""
        settings = self._settings
        try:
            booker_ids = await self._expand(settings.hallpass_bookers.groups)
            admin_ids = await self._expand(settings.hallpass_admins)
        except SlackError as error:
            log.warning("user_groups_not_read", code=error.code)
        else:
            self._installed = self._build(booker_ids=booker_ids, admin_ids=admin_ids)
        chosen = self._read_rules().booker_groups
        if not chosen:
            return
        for group_id in chosen:  # kept by the directory, which the policy asks
            with contextlib.suppress(SlackError):
                await self._directory.list_group(group_id)
        with contextlib.suppress(SlackError):
            await self._directory.list_group_names()

    async def keep_groups(self) -> None:
        """Read them again and again, until cancelled."""
        while True:
            await asyncio.sleep(GROUPS_EVERY.total_seconds())
            await self.read_groups()

    def _read_rules(self) -> HouseRules:
        return self._store.glance(lambda tx: read_house_rules(tx, self._workspace_id))

    async def _expand(self, ids: tuple[str, ...]) -> frozenset[str]:
        """People's ids as they are, user groups' ids as their members."""
        found: set[str] = set()
        for one in ids:
            found |= set(await self._directory.list_group(one)) if one.startswith("S") else {one}
        return frozenset(found)

    def _build(
        self, *, booker_ids: frozenset[str] = frozenset(), admin_ids: frozenset[str] = frozenset()
    ) -> BookingPolicy:
        settings, usual = self._settings, self._offers[0]
        rule = settings.hallpass_bookers.rule
        return BookingPolicy(
            account_id=usual.account_id,
            service_name=usual.shown_name,
            capabilities=usual.capabilities,
            launches_ahead=usual.launches_ahead,
            offers=self._offers,
            defaults=build_options(settings),
            reach=settings.hallpass_reach,
            watchers=settings.hallpass_recordings,
            new_links=settings.hallpass_new_links,
            members_may_book=rule is BookersRule.MEMBERS,
            everyone_may_book=rule is BookersRule.EVERYONE,
            booker_ids=booker_ids,
            admin_ids=admin_ids,
            admin_channel=settings.hallpass_admin_channel,
        )
