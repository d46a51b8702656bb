"""Every room service as `hallpass doctor` finds it: key, clock, the way of its links, and whether its rooms report.

Each that is set up has its own lines, and a mend that names its own variables: what is wrong with one says nothing of
another. One that cannot even be built (another package's) is a line as well, and hides none of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.assembly import Unusable, find_way
from bot.clock import Clock
from bot.errors import RoomServiceError, RoomServiceRefused
from bot.findings import Finding, judge_clock, ok, problem, warning
from bot.identity import StartRefused
from bot.listings import open_reading
from bot.reaching import Reached, reach_webhooks
from bot.rooms.base import AccountCheck, RoomService
from bot.rooms.plugins import name_prefix
from bot.settings import Settings
from bot.silence import Silence, find_silence
from storage.errors import StorageError


@dataclass(frozen=True, kw_only=True)
class Mend:
    """What to do about one service."""

    refused: str  # where it takes our key for nobody's
    address: str  # the variable that says where it is


MENDS: Mapping[str, Mend] = {
    "lessonspace": Mend(
        refused="copy LESSONSPACE_API_KEY again from the organisation's settings, API section",
        address="LESSONSPACE_API_URL",
    ),
    "videsk": Mend(
        refused="copy VIDESK_API_TOKEN again from Videsk's dashboard; it is one of the kind api-token",
        address="VIDESK_API_URL",
    ),
    "agora_whiteboard": Mend(
        refused="copy AGORA_ACCESS_KEY and AGORA_SECRET_KEY again from the whiteboard project in Agora's console",
        address="AGORA_API_URL",
    ),
    "loop": Mend(refused="look whether the server at LOOP_URL lets anybody register", address="LOOP_URL"),
}
"""By the service's name; another package's has its own variables."""


def find_mend(name: str) -> Mend:
    """What to do about this service."""
    own = f"the variables that begin with {name_prefix(name)}"
    return MENDS.get(name, Mend(refused=f"look at {own}", address=own))


def judge_unusable(unusable: Unusable) -> Finding:
    """A service that is set up and cannot be asked anything."""
    return problem(f"Room service {unusable.name}", unusable.what, unusable.mend)


async def check_room_service(service: RoomService, *, settings: Settings, clock: Clock) -> list[Finding]:
    """Is the key good, whose is it, does its clock agree with ours, and can its links go the way that is set?"""
    mend = find_mend(service.name)
    try:
        account = await service.check_account()
    except RoomServiceRefused:
        found = [problem(service.shown_name, "refuses our key", mend.refused)]
    except RoomServiceError as error:
        told = f"look at this machine's network and {mend.address}, or try again later"
        found = [problem(service.shown_name, error.detail, told)]
    else:
        found = [ok(service.shown_name, describe_account(account)), *_judge_its_clock(service, account, clock)]
    try:
        find_way(settings, service)
    except StartRefused as refused:
        found.append(problem(f"Links at {service.shown_name}", refused.what, refused.mend))
    return found


def _judge_its_clock(service: RoomService, account: AccountCheck, clock: Clock) -> list[Finding]:
    if account.server_time is None:
        return []
    # Its Date header tells whole seconds: half of one more is right on average.
    ahead = account.server_time + timedelta(seconds=0.5) - clock.machine_now()
    return [judge_clock(f"Clock and {service.shown_name}", ahead)]


def describe_account(account: AccountCheck) -> str:
    """Whose key it is, as far as the service says."""
    if account.organisation_name:
        return f"organisation {account.organisation_name} ({account.organisation_id})"
    return f"answers ({account.organisation_id})" if account.organisation_id else "answers, and takes our key"


# What its rooms report


async def check_webhooks(
    settings: Settings, services: Sequence[RoomService], *, url: str, clock: Clock
) -> list[Finding]:
    """At an address that leads here: can room services report to us, and do they? None reports: nothing to say."""
    reporting = [service for service in services if service.capabilities.webhooks]
    if not reporting:
        return []
    if not settings.hallpass_webhooks:
        return [ok("Webhooks", "switched off: rooms are asked instead")]
    reached = await asyncio.to_thread(reach_webhooks, url, reporting[0].name)
    findings = [_judge_webhooks(reached, url)]
    findings += await asyncio.to_thread(listen_for_webhooks, settings, reporting, clock)
    if not url.startswith("https:"):
        mend = "set HALLPASS_PUBLIC_URL to the https address under which others reach Hallpass"
        findings.append(warning("Public https", f"{url} is for this machine only: no room service reaches it", mend))
    return findings


def _judge_webhooks(reached: Reached, url: str) -> Finding:
    if reached is Reached.HALLPASS:
        return ok("Webhooks", f"what is sent to {url}rooms/ reaches Hallpass")
    what = f"what is sent to {url}rooms/ does not reach Hallpass"
    mend = "let the proxy pass on POST below /rooms/ too, with Hallpass running; or set HALLPASS_WEBHOOKS=off"
    return problem("Webhooks", what, mend)


def listen_for_webhooks(settings: Settings, services: Sequence[RoomService], clock: Clock) -> list[Finding]:
    """Whether each was heard of after its last day's lessons; nothing to say where it was, or there were none."""
    try:
        with open_reading(settings.database_path) as tx:
            silences = {one.shown_name: find_silence(tx, service=one.name, now=clock.now()) for one in services}
    except StorageError:
        return []  # the database's own check says so
    return [_judge_silence(name, silence) for name, silence in silences.items() if silence is not None]


def _judge_silence(shown_name: str, silence: Silence) -> Finding:
    since = f"since {silence.last_at:%Y-%m-%d %H:%M} UTC" if silence.last_at else "at all"
    lessons = f"{silence.lesson_count} {'lesson was' if silence.lesson_count == 1 else 'lessons were'}"
    mend = "look whether a proxy or firewall holds back what the room service sends; until then rooms are asked instead"
    what = f"none came {since}, though {lessons} held in the last day"
    return warning(f"Reports of {shown_name}", what, mend)
