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
from enum import StrEnum
from pathlib import Path

import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.assembly import build_delivery, key_file_of, open_room_service, open_slack_session
from bot.clock import Clock
from bot.delivery import Delivery
from bot.errors import (
    RoomServiceError,
    RoomServiceRefused,
    SlackDown,
    SlackError,
    SlackRefused,
    SlackUnreachable,
)
from bot.listings import open_reading
from bot.manifest import list_scopes
from bot.reaching import Reached, can_listen, reach, reach_webhooks
from bot.settings import SettingLine, Settings
from bot.settings_in_force import read_rules
from bot.silence import find_silence
from storage.database import connect, pending_migrations
from storage.errors import StorageError, Unreadable
from storage.lock import find_holder
from storage.sealing import Sealer, load_or_make_key_file
from storage.tables.sealed import list_samples

log = structlog.get_logger("hallpass.doctor")

EACH_WITHIN = timedelta(seconds=10)
CLOCK_WARNS = timedelta(seconds=2)
CLOCK_FAILS = timedelta(seconds=60)
"""Well before five minutes, at which signatures are refused (Slack's and ours)."""


class Word(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


COLOURS = {Word.OK: "green", Word.WARNING: "yellow", Word.PROBLEM: "bold red"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at: what is so, and, unless it is fine, what to do."""

    subject: str
    word: Word
    what: str
    mend: str = ""

    @property
    def is_problem(self) -> bool:
        return self.word is Word.PROBLEM


@dataclass(frozen=True, kw_only=True)
class Ward:
    """What every check is handed."""

    settings: Settings
    clock: Clock
    slack: Delivery
    app_slack: Delivery | None  # with the app token, where there is one


Check = Callable[[Ward], Awaitable[list[Finding]]]


async def examine(settings: Settings, *, clock: Clock, each_within: timedelta = EACH_WITHIN) -> list[Finding]:
    """Every finding, in the order in which one sets things up. Takes no longer than the slowest check."""
    checks: dict[str, Check] = {
        "Bot token": check_slack,
        "App token" if settings.is_socket_mode else "Signing secret": check_way_in,
        "User groups": check_groups,
        "Admins' channel": check_admin_channel,
        "Room service": check_room_service,
        "Database": check_database,
        "Encryption keys": check_keys,
        "Public address": check_public_address,
    }
    async with open_slack_session(settings) as session:
        tokens = (settings.slack_bot_token, settings.slack_app_token)
        bot, app = (
            build_delivery(settings, session, clock, token=token.get_secret_value()) if token else None
            for token in tokens
        )
        if bot is None:
            raise ValueError("settings without a bot token are not for a running bot")
        ward = Ward(settings=settings, clock=clock, slack=bot, app_slack=app)
        found = await asyncio.gather(
            *(_bounded(subject, check, ward, each_within) for subject, check in checks.items())
        )
    odd = [
        Finding(subject="Variables", word=Word.WARNING, what=warning, mend="correct or remove it")
        for warning in settings.warnings
    ]
    return [*odd, *(finding for findings in found for finding in findings)]


async def _bounded(subject: str, check: Check, ward: Ward, within: timedelta) -> list[Finding]:
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await check(ward)
    except TimeoutError:
        what = f"no answer within {within.total_seconds():g} s"
        return [_problem(subject, what, "look whether this machine reaches it: network, firewall, proxy")]
    except Exception as error:  # one broken check must not take the others' findings along
        log.exception("check_failed", subject=subject)
        return [_problem(subject, f"could not be checked ({type(error).__name__})", "tell who looks after Hallpass")]


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
        _ok("Bot token", what),
        _judge_scopes(ward.slack.granted_scopes),
        judge_clock("Clock and Slack", ward.slack.skew),
    ]


def _judge_scopes(granted: frozenset[str] | None) -> Finding:
    needed = list_scopes()
    if granted is None:
        return _warning("Scopes", "Slack did not say which it granted", "look under OAuth & Permissions")
    if missing := sorted(needed - granted):
        mend = "add them under OAuth & Permissions (`hallpass manifest` prints the app), then reinstall it"
        return _problem("Scopes", f"missing: {', '.join(missing)}", mend)
    if more := sorted(granted - needed):
        return _warning("Scopes", f"not needed: {', '.join(more)}", "remove them under OAuth & Permissions")
    return _ok("Scopes", f"all {len(needed)} that are needed")


async def check_way_in(ward: Ward) -> list[Finding]:
    """How Slack reaches us: an app token that opens Socket Mode, or a web server that can listen."""
    if ward.app_slack is not None:
        try:
            await ward.app_slack.send("apps.connections.open")
        except SlackError as error:
            mend = "make one under Basic Information, App-Level Tokens, with connections:write; turn on Socket Mode"
            return [_judge_slack("App token", error, mend), await _check_listen(ward)]
        return [_ok("App token", "opens Socket Mode"), await _check_listen(ward)]
    told = "set; Slack's first request will show whether it is this app's"
    return [_ok("Signing secret", told), await _check_listen(ward)]


async def _check_listen(ward: Ward) -> Finding:
    listen = ward.settings.hallpass_listen
    if listen.port == 0:
        return _ok("Listen address", f"{listen}: a free port at each start")
    if await asyncio.to_thread(can_listen, listen.host, listen.port):
        return _ok("Listen address", f"{listen}: free, `hallpass run` is not running here")
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    reached = await asyncio.to_thread(reach, f"http://{host}:{listen.port}/")
    if reached is Reached.HALLPASS:
        return _ok("Listen address", f"{listen}: Hallpass answers")
    mend = "choose another in HALLPASS_LISTEN, or stop what uses it"
    return _problem("Listen address", f"{listen} cannot be used, and Hallpass is not what answers there", mend)


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
            findings.append(_ok(f"User group {group}", f"{len(members) if isinstance(members, list) else 0} people"))
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
        return [_problem(subject, f"{channel_id} is not there, or is private and Hallpass is not in it", invite)]
    except SlackError as error:
        mend = "grant channels:read and groups:read (`hallpass manifest` prints the app), then reinstall it"
        return [_judge_slack(subject, error, mend)]
    found = answer.get("channel")
    channel = found if isinstance(found, dict) else {}
    named = f"#{channel['name']}" if channel.get("name") else channel_id
    if channel.get("is_archived"):
        return [_problem(subject, f"{named} is archived", "unarchive it, or name another in HALLPASS_ADMIN_CHANNEL")]
    if not channel.get("is_member"):
        return [_problem(subject, f"Hallpass is not in {named}", invite)]
    if channel.get("is_ext_shared"):
        mend = "what is written there names lessons and people: name one that only your own people read"
        return [_warning(subject, f"{named} is shared with another organisation", mend)]
    return [_ok(subject, f"{named}: Hallpass is in it")]


def _judge_slack(subject: str, error: SlackError, mend: str) -> Finding:
    if isinstance(error, SlackRefused):
        return _problem(subject, f"Slack refuses ({error.code})", mend)
    if isinstance(error, SlackDown):
        return _problem(subject, "Slack cannot be reached", "look at this machine's network, or SLACK_API_URL")
    return _problem(subject, f"Slack does not answer as it should ({error.code})", "try again in a minute")


def judge_clock(subject: str, ahead: timedelta) -> Finding:
    """`ahead`: how far the other clock is ahead of this machine's."""
    apart = abs(ahead)
    if apart <= CLOCK_WARNS:
        return _ok(subject, "agree")
    which = "behind" if ahead > timedelta(0) else "ahead"
    what = f"this machine is {apart.total_seconds():.0f} s {which}"
    mend = "set this machine's clock by the network (NTP); from 5 minutes on signatures are refused"
    return _problem(subject, what, mend) if apart > CLOCK_FAILS else _warning(subject, what, mend)


# The room service


async def check_room_service(ward: Ward) -> list[Finding]:
    """Is the key good, whose is it, and does its clock agree with ours?"""
    async with open_room_service(ward.settings) as service:
        try:
            account = await service.check_account()
        except RoomServiceRefused:
            mend = "copy LESSONSPACE_API_KEY again from the organisation's settings, API section"
            return [_problem(service.shown_name, "refuses our key", mend)]
        except RoomServiceError as error:
            mend = "look at this machine's network and LESSONSPACE_API_URL, or try again later"
            return [_problem(service.shown_name, error.detail, mend)]
    named = f"{account.organisation_name} ({account.organisation_id})" if account.organisation_name else None
    findings = [_ok(service.shown_name, f"organisation {named or account.organisation_id}")]
    if account.server_time is not None:
        # Its Date header tells whole seconds: half of one more is right on average.
        ahead = account.server_time + timedelta(seconds=0.5) - ward.clock.machine_now()
        findings.append(judge_clock(f"Clock and {service.shown_name}", ahead))
    return findings


# Database and keys


async def check_database(ward: Ward) -> list[Finding]:
    """Can it be written, is its schema ours, does a bot hold it?"""
    return [await asyncio.to_thread(look_at_database, ward.settings.database_path)]


def look_at_database(path: Path) -> Finding:
    """Without making or changing anything."""
    mend = "make it this user's own, or name another place in HALLPASS_DATABASE_URL"
    folder = path.absolute().parent
    if not folder.is_dir():
        return _problem("Database", f"{path}: there is no folder {folder}", "make the folder, or name another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        return _problem("Database", f"{path}: its folder cannot be written", mend)
    if not path.exists():
        return _ok("Database", f"{path} is made at the first start")
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        return _problem("Database", f"{path} is not a file that can be written", mend)
    try:
        lacking = pending_migrations(path)
    except StorageError as error:
        return _problem("Database", str(error), "restore it from a copy, or name another file")
    running = find_holder(path)
    if lacking:
        told = "`hallpass run` brings it up to date" if running is None else "restart the bot that holds it"
        return _warning("Database", f"{path}: schema behind ({', '.join(lacking)})", told)
    return _ok("Database", f"{path}: schema up to date, {f'in use by {running}' if running else 'not in use'}")


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
                return _problem(subject, f"{key_file} is missing", mend)
            return _ok(subject, f"{key_file} is made at the first start")
        try:
            keys = load_or_make_key_file(key_file)
        except StorageError as error:
            return _problem(subject, str(error), "let only its owner read it (chmod 600), or restore it from a copy")
    try:
        sealer = Sealer(keys)
        for sample in samples:
            sealer.unseal(sample)
    except ValueError:
        return _problem(subject, f"{place} holds something that is no key", "restore it; `hallpass keys new` makes one")
    except Unreadable:
        mend = "put the keys that were used before behind the newest; until then links cannot be read"
        return _problem(subject, f"none of the keys in {place} opens what is stored", mend)
    told = "open what is stored" if samples else "nothing is stored under them yet"
    return _ok(subject, f"{len(keys)} in {place}: {told}")


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
        return [_ok("Public address", f"{url} leads to Hallpass"), *await check_webhooks(ward, url)]
    if reached is Reached.OTHER:
        mend = f"let it lead to {ward.settings.hallpass_listen}, where Hallpass listens; it must be running"
        return [_problem("Public address", f"something else answers at {url}, or nothing behind it", mend)]
    mend = "check its name, its certificate, and what leads it to HALLPASS_LISTEN"
    return [_problem("Public address", f"{url} cannot be reached", mend)]


async def check_webhooks(ward: Ward, url: str) -> list[Finding]:
    """At an address that leads here: can room services report to us, and do they?"""
    settings = ward.settings
    if not settings.hallpass_webhooks:
        return [_ok("Webhooks", "switched off: rooms are asked instead")]
    reached = await asyncio.to_thread(reach_webhooks, url, settings.hallpass_room_service)
    findings = [_judge_webhooks(reached, url), *await asyncio.to_thread(listen_for_webhooks, settings, ward.clock)]
    if not url.startswith("https:"):
        mend = "set HALLPASS_PUBLIC_URL to the https address under which others reach Hallpass"
        findings.append(_warning("Public https", f"{url} is for this machine only: no room service reaches it", mend))
    return findings


def _judge_webhooks(reached: Reached, url: str) -> Finding:
    if reached is Reached.HALLPASS:
        return _ok("Webhooks", f"what is sent to {url}rooms/ reaches Hallpass")
    what = f"what is sent to {url}rooms/ does not reach Hallpass"
    mend = "let the proxy pass on POST below /rooms/ too, with Hallpass running; or set HALLPASS_WEBHOOKS=off"
    return _problem("Webhooks", what, mend)


def listen_for_webhooks(settings: Settings, clock: Clock) -> list[Finding]:
    """Whether anything was heard of the last day's lessons; nothing to say where that is so, or there were none."""
    try:
        with open_reading(settings.database_path) as tx:
            silence = find_silence(tx, now=clock.now())
    except StorageError:
        return []  # the database's own check says so
    if silence is None:
        return []
    since = f"since {silence.last_at:%Y-%m-%d %H:%M} UTC" if silence.last_at else "at all"
    lessons = f"{silence.lesson_count} {'lesson was' if silence.lesson_count == 1 else 'lessons were'}"
    mend = "look whether a proxy or firewall holds back what the room service sends; until then rooms are asked instead"
    return [_warning("Reports", f"none came {since}, though {lessons} held in the last day", mend)]


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


def _ok(subject: str, what: str) -> Finding:
    return Finding(subject=subject, word=Word.OK, what=what)


def _warning(subject: str, what: str, mend: str) -> Finding:
    return Finding(subject=subject, word=Word.WARNING, what=what, mend=mend)


def _problem(subject: str, what: str, mend: str) -> Finding:
    return Finding(subject=subject, word=Word.PROBLEM, what=what, mend=mend)
