"""`hallpass doctor`: is everything that a running bot needs as it should be, and if not, what to do.

Every check asks the thing itself: Slack whose token this is, the room service whose key, the keys whether they open
what is stored. All run at once, each within a limit, and a check that breaks is itself a finding. Nothing is changed:
no message, no link, no file is made, and a bot that runs meanwhile notices nothing. No secret is ever shown.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.assembly import build_delivery, key_file_of, open_each_service, open_slack_session
from bot.clock import Clock
from bot.delivery import Delivery
from bot.errors import SlackDown, SlackError, SlackRefused, SlackUnreachable
from bot.findings import Finding, Word, judge_clock, ok, problem, warning
from bot.manifest import list_scopes
from bot.reaching import Reached, can_listen, reach
from bot.room_checks import check_room_service, check_webhooks, judge_unusable
from bot.rooms.base import RoomService
from bot.settings import SettingLine, Settings
from bot.settings_in_force import read_rules
from storage.database import connect, pending_migrations
from storage.errors import StorageError, Unreadable
from storage.lock import find_holder
from storage.sealing import Sealer, load_or_make_key_file
from storage.tables.sealed import list_samples

log = structlog.get_logger("hallpass.doctor")

EACH_WITHIN = timedelta(seconds=10)
COLOURS = {Word.OK: "green", Word.WARNING: "yellow", Word.PROBLEM: "bold red"}


@dataclass(frozen=True, kw_only=True)
class Ward:
    """What every check is handed."""

    settings: Settings
    clock: Clock
    slack: Delivery
    app_slack: Delivery | None  # with the app token, where there is one
    services: Sequence[RoomService]  # every one that is set up and can be asked


Check = Callable[[Ward], Awaitable[list[Finding]]]


async def examine(settings: Settings, *, clock: Clock, each_within: timedelta = EACH_WITHIN) -> list[Finding]:
    """Every finding, in the order in which one sets things up. Takes no longer than the slowest check."""
    async with (
        open_slack_session(settings) as session,
        open_each_service(settings, clock=clock) as (services, unusable),
    ):
        tokens = (settings.slack_bot_token, settings.slack_app_token)
        bot, app = (
            build_delivery(settings, session, clock, token=token.get_secret_value()) if token else None
            for token in tokens
        )
        if bot is None:
            raise ValueError("settings without a bot token are not for a running bot")
        ward = Ward(settings=settings, clock=clock, slack=bot, app_slack=app, services=services)
        found = await asyncio.gather(
            *(_bounded(subject, check, ward, each_within) for subject, check in list_checks(ward))
        )
    odd = [warning("Variables", told, "correct or remove it") for told in settings.warnings]
    broken = [judge_unusable(one) for one in unusable]
    return [*odd, *broken, *(finding for findings in found for finding in findings)]


def list_checks(ward: Ward) -> list[tuple[str, Check]]:
    """Each check, under the subject that tells that it could not be made."""
    return [
        ("Bot token", check_slack),
        ("App token" if ward.settings.is_socket_mode else "Signing secret", check_way_in),
        ("User groups", check_groups),
        ("Admins' channel", check_admin_channel),
        *((service.shown_name, partial(_check_one, service)) for service in ward.services),
        ("Database", check_database),
        ("Encryption keys", check_keys),
        ("Public address", check_public_address),
    ]


async def _check_one(service: RoomService, ward: Ward) -> list[Finding]:
    return await check_room_service(service, settings=ward.settings, clock=ward.clock)


async def _bounded(subject: str, check: Check, ward: Ward, within: timedelta) -> list[Finding]:
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await check(ward)
    except TimeoutError:
        what = f"no answer within {within.total_seconds():g} s"
        return [problem(subject, what, "look whether this machine reaches it: network, firewall, proxy")]
    except Exception as error:  # one broken check must not take the others' findings along
        log.exception("check_failed", subject=subject)
        return [problem(subject, f"could not be checked ({type(error).__name__})", "tell who looks after Hallpass")]


# Slack


async def check_slack(ward: Ward) -> list[Finding]:
    """Token, scopes and clock: one answer tells all three."""
    try:
        answer = await ward.slack.send("auth.test")
    except SlackError as error:
        mend = "copy the Bot User OAuth Token again from OAuth & Permissions, or reinstall the app"
        return [_judge_slack("Bot token", error, mend)]
    what = f"{answer.get('user', 'the bot')} in {answer.get('team', '?')}"
    return [
        ok("Bot token", what),
        _judge_scopes(ward.slack.granted_scopes),
        judge_clock("Clock and Slack", ward.slack.skew),
    ]


def _judge_scopes(granted: frozenset[str] | None) -> Finding:
    needed = list_scopes()
    if granted is None:
        return warning("Scopes", "Slack did not say which it granted", "look under OAuth & Permissions")
    if missing := sorted(needed - granted):
        mend = "add them under OAuth & Permissions (`hallpass manifest` prints the app), then reinstall it"
        return problem("Scopes", f"missing: {', '.join(missing)}", mend)
    if more := sorted(granted - needed):
        return warning("Scopes", f"not needed: {', '.join(more)}", "remove them under OAuth & Permissions")
    return ok("Scopes", f"all {len(needed)} that are needed")


async def check_way_in(ward: Ward) -> list[Finding]:
    """How Slack reaches us: an app token that opens Socket Mode, or a web server that can listen."""
    if ward.app_slack is not None:
        try:
            await ward.app_slack.send("apps.connections.open")
        except SlackError as error:
            mend = "make one under Basic Information, App-Level Tokens, with connections:write; turn on Socket Mode"
            return [_judge_slack("App token", error, mend), await _check_listen(ward)]
        return [ok("App token", "opens Socket Mode"), await _check_listen(ward)]
    told = "set; Slack's first request will show whether it is this app's"
    return [ok("Signing secret", told), await _check_listen(ward)]


async def _check_listen(ward: Ward) -> Finding:
    listen = ward.settings.hallpass_listen
    if listen.port == 0:
        return ok("Listen address", f"{listen}: a free port at each start")
    if await asyncio.to_thread(can_listen, listen.host, listen.port):
        return ok("Listen address", f"{listen}: free, `hallpass run` is not running here")
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    reached = await asyncio.to_thread(reach, f"http://{host}:{listen.port}/")
    if reached is Reached.HALLPASS:
        return ok("Listen address", f"{listen}: Hallpass answers")
    mend = "choose another in HALLPASS_LISTEN, or stop what uses it"
    return problem("Listen address", f"{listen} cannot be used, and Hallpass is not what answers there", mend)


async def check_groups(ward: Ward) -> list[Finding]:
    """Do the user groups exist that settings name, here or in Home? None named: nothing to say."""
    settings = ward.settings
    rules = await asyncio.to_thread(read_rules, settings)
    named = dict.fromkeys((*settings.hallpass_bookers.groups, *rules.booker_groups, *settings.hallpass_admins))
    findings = []
    for group in (one for one in named if one.startswith("S")):
        try:
            answer = await ward.slack.fetch("usergroups.users.list", usergroup=group)
        except SlackError as error:
            mend = "correct it in HALLPASS_BOOKERS or HALLPASS_ADMINS, or in Home's settings"
            findings.append(_judge_slack(f"User group {group}", error, mend))
        else:
            members = answer.get("users")
            findings.append(ok(f"User group {group}", f"{len(members) if isinstance(members, list) else 0} people"))
    return findings


async def check_admin_channel(ward: Ward) -> list[Finding]:
    """Can Hallpass write to the channel where admins are told? None named: nothing to say."""
    channel_id = ward.settings.hallpass_admin_channel
    if channel_id is None:
        return []
    subject, invite = "Admins' channel", "type /invite @Hallpass in it, or correct HALLPASS_ADMIN_CHANNEL"
    try:
        answer = await ward.slack.fetch("conversations.info", channel=channel_id)
    except SlackUnreachable:
        # A private channel that we are not in does not exist, as far as Slack tells us.
        return [problem(subject, f"{channel_id} is not there, or is private and Hallpass is not in it", invite)]
    except SlackError as error:
        mend = "grant channels:read and groups:read (`hallpass manifest` prints the app), then reinstall it"
        return [_judge_slack(subject, error, mend)]
    found = answer.get("channel")
    channel = found if isinstance(found, dict) else {}
    named = f"#{channel['name']}" if channel.get("name") else channel_id
    if channel.get("is_archived"):
        return [problem(subject, f"{named} is archived", "unarchive it, or name another in HALLPASS_ADMIN_CHANNEL")]
    if not channel.get("is_member"):
        return [problem(subject, f"Hallpass is not in {named}", invite)]
    if channel.get("is_ext_shared"):
        mend = "what is written there names lessons and people: name one that only your own people read"
        return [warning(subject, f"{named} is shared with another organisation", mend)]
    return [ok(subject, f"{named}: Hallpass is in it")]


def _judge_slack(subject: str, error: SlackError, mend: str) -> Finding:
    if isinstance(error, SlackRefused):
        return problem(subject, f"Slack refuses ({error.code})", mend)
    if isinstance(error, SlackDown):
        return problem(subject, "Slack cannot be reached", "look at this machine's network, or SLACK_API_URL")
    return problem(subject, f"Slack does not answer as it should ({error.code})", "try again in a minute")


# Database and keys


async def check_database(ward: Ward) -> list[Finding]:
    """Can it be written, is its schema ours, does a bot hold it?"""
    return [await asyncio.to_thread(look_at_database, ward.settings.database_path)]


def look_at_database(path: Path) -> Finding:
    """Without making or changing anything."""
    mend = "make it this user's own, or name another place in HALLPASS_DATABASE_URL"
    folder = path.absolute().parent
    if not folder.is_dir():
        return problem("Database", f"{path}: there is no folder {folder}", "make the folder, or name another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        return problem("Database", f"{path}: its folder cannot be written", mend)
    if not path.exists():
        return ok("Database", f"{path} is made at the first start")
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        return problem("Database", f"{path} is not a file that can be written", mend)
    try:
        lacking = pending_migrations(path)
    except StorageError as error:
        return problem("Database", str(error), "restore it from a copy, or name another file")
    running = find_holder(path)
    if lacking:
        told = "`hallpass run` brings it up to date" if running is None else "restart the bot that holds it"
        return warning("Database", f"{path}: schema behind ({', '.join(lacking)})", told)
    return ok("Database", f"{path}: schema up to date, {f'in use by {running}' if running else 'not in use'}")


async def check_keys(ward: Ward) -> list[Finding]:
    """Are there keys, and do they open what is stored?"""
    return [await asyncio.to_thread(look_at_keys, ward.settings)]


def look_at_keys(settings: Settings) -> Finding:
    """The newest and the oldest value of each kind are opened, and shown to nobody."""
    subject, key_file = "Encryption keys", key_file_of(settings)
    samples = _read_samples(settings.database_path)
    keys = [key.get_secret_value() for key in settings.hallpass_encryption_keys]
    place = "HALLPASS_ENCRYPTION_KEYS"
    if not keys:
        place = str(key_file)
        if not key_file.exists():
            if samples:
                mend = "restore it from a copy: what is stored cannot be read without"
                return problem(subject, f"{key_file} is missing", mend)
            return ok(subject, f"{key_file} is made at the first start")
        try:
            keys = load_or_make_key_file(key_file)
        except StorageError as error:
            return problem(subject, str(error), "let only its owner read it (chmod 600), or restore it from a copy")
    try:
        sealer = Sealer(keys)
        for sample in samples:
            sealer.unseal(sample)
    except ValueError:
        return problem(subject, f"{place} holds something that is no key", "restore it; `hallpass keys new` makes one")
    except Unreadable:
        mend = "put the keys that were used before behind the newest; until then links cannot be read"
        return problem(subject, f"none of the keys in {place} opens what is stored", mend)
    told = "open what is stored" if samples else "nothing is stored under them yet"
    return ok(subject, f"{len(keys)} in {place}: {told}")


def _read_samples(path: Path) -> list[bytes]:
    try:
        if not path.is_file() or pending_migrations(path):
            return []
        with closing(connect(path, is_read_only=True)) as connection:
            return list_samples(connection)
    except StorageError:
        return []  # the database's own check says so


# The public address


async def check_public_address(ward: Ward) -> list[Finding]:
    """Where one is set: does it lead here, and can room services report to it?"""
    url = ward.settings.hallpass_public_url
    if url is None:
        return []
    reached = await asyncio.to_thread(reach, url)
    if reached is Reached.HALLPASS:
        heard = await check_webhooks(ward.settings, ward.services, url=url, clock=ward.clock)
        return [ok("Public address", f"{url} leads to Hallpass"), *heard]
    if reached is Reached.OTHER:
        mend = f"let it lead to {ward.settings.hallpass_listen}, where Hallpass listens; it must be running"
        return [problem("Public address", f"something else answers at {url}, or nothing behind it", mend)]
    mend = "check its name, its certificate, and what leads it to HALLPASS_LISTEN"
    return [problem("Public address", f"{url} cannot be reached", mend)]


# Telling


def print_findings(console: Console, settings: Sequence[SettingLine], findings: Sequence[Finding]) -> None:
    """Two tables, and one line that says how it stands."""
    values = Table(title="Settings", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("Variable", "Value", "From"):
        values.add_column(name, overflow="fold", no_wrap=name == "Variable")
    for line in settings:
        values.add_row(line.variable, escape(line.shown), line.source.value)
    console.print(values)
    console.print()
    checks = Table(title="Checks", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("Check", "", "What is so", "What to do"):
        checks.add_column(name, overflow="fold")
    for finding in findings:
        word = f"[{COLOURS[finding.word]}]{finding.word.value}[/]"
        checks.add_row(escape(finding.subject), word, escape(finding.what), escape(finding.mend))
    console.print(checks)
    console.print()
    console.print(summarise(findings))


def summarise(findings: Sequence[Finding]) -> str:
    """`2 problems, 1 warning.`"""
    counts = {word: sum(finding.word is word for finding in findings) for word in (Word.PROBLEM, Word.WARNING)}
    told = [f"{count} {word.value}{'' if count == 1 else 's'}" for word, count in counts.items() if count]
    return f"{', '.join(told)}." if told else "All is well."
