"""`hallpass doctor` against the stand-ins: what is wrong is named, with what to do, and told by the exit status."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot import doctor
from bot.clock import SystemClock
from bot.doctor import examine
from bot.findings import Finding, Word, judge_clock
from bot.manifest import load_manifest
from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from storage.sealing import Sealer, new_key
from storage.sqlite import migrate, open_store
from storage.store import Transaction
from tests.bot.commandline import CommandLine, Ran
from tests.bot.sandbox.apps import serve
from tests.records import make_room

OTHER_KEY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """Stand-ins with the app as the manifest says; no bot runs."""
    folder = tmp_path / "school"
    folder.mkdir()
    async with open_school(folder, is_frozen=False, manifest=load_manifest()) as school:
        yield school


async def see(school: School, line: CommandLine, **changes: str) -> Ran:
    return await line.run_beside("doctor", environment=school.build_environment() | changes)


def find_row(ran: Ran, subject: str) -> str:
    [row] = [row for row in ran.out.splitlines() if row.startswith(f"{subject}  ")]
    return " ".join(row.split())


async def test_all_is_well(school: School, line: CommandLine) -> None:
    """Everything as it should be: each check says so in a word, the status is 0, and no secret is shown."""
    ran = await see(school, line)

    assert (0, "") == (ran.status, ran.err)
    assert ran.out.endswith("All is well.\n")
    assert "Bot token ok hallpass in The School" == find_row(ran, "Bot token")
    assert "Scopes ok all 11 that are needed" == find_row(ran, "Scopes")
    assert "Lessonspace ok organisation Brook Lane Tutors (4711)" == find_row(ran, "Lessonspace")
    assert "Clock and Slack ok agree" == find_row(ran, "Clock and Slack")
    secrets = (school.slack.bot_token, school.slack.signing_secret, school.lessonspace.api_key)
    assert [] == [secret[:5] for secret in secrets if secret in ran.out]
    assert "SLACK_BOT_TOKEN set environment" == find_row(ran, "SLACK_BOT_TOKEN")
    assert "HALLPASS_REACH 200 default" == find_row(ran, "HALLPASS_REACH")


async def test_looking_makes_and_changes_nothing(school: School, line: CommandLine) -> None:
    """Neither a database nor a key, and nobody is written to."""
    await see(school, line)

    assert [] == sorted(school.folder.iterdir())
    assert {"auth.test"} == {call.name for call in school.slack.log.calls}
    assert [] == school.lessonspace.launches


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-of-another-app"}, "Bot token problem Slack refuses (invalid_auth) copy the Bot"),
        ({"SLACK_APP_TOKEN": "xapp-of-another-app"}, "App token problem Slack refuses (invalid_auth) make one"),
        ({"LESSONSPACE_API_KEY": OTHER_KEY}, "Lessonspace problem refuses our key copy LESSONSPACE_API_KEY again"),
        ({"HALLPASS_DATABASE_URL": "sqlite:///no/folder/here.db"}, "Database problem no/folder/here.db: there is no"),
        ({"HALLPASS_DATABASE_URL": "sqlite:///school"}, "Database problem school is not a file that can be written"),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, "Bot token problem Slack cannot be reached look at"),
        ({"HALLPASS_ADMINS": "S0NOBODY"}, "User group S0NOBODY problem Slack refuses (no_such_subteam) correct it"),
        ({"HALLPASS_PUBLIC_URL": "http://127.0.0.1:9/"}, "Public address problem http://127.0.0.1:9/ cannot be"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
async def test_a_wrong_setting_is_named(school: School, line: CommandLine, changes: dict[str, str], row: str) -> None:
    """Which check, what is so, and what to do; status 1; the other checks are made all the same."""
    ran = await see(school, line, **changes)

    assert (1, "") == (ran.status, ran.err)
    subject = row.split(" problem ")[0]
    assert find_row(ran, subject).startswith(row)
    assert "Encryption keys ok" in find_row(ran, "Encryption keys")


async def test_missing_scopes_are_named_and_more_than_needed_mentioned(school: School, line: CommandLine) -> None:
    """A missing one is a problem; one too many is none."""
    school.slack.app.scopes |= {"files:read"}
    more = await see(school, line)
    school.slack.app.scopes -= {"im:history", "users:read"}
    missing = await see(school, line)

    assert (0, 1) == (more.status, missing.status)
    assert find_row(more, "Scopes").startswith("Scopes warning not needed: files:read")
    assert find_row(missing, "Scopes").startswith("Scopes problem missing: im:history, users:read")


async def test_socket_mode_is_tried_where_it_is_set(school: School, line: CommandLine) -> None:
    """The app token opens a connection, or lacks its scope."""
    fine = await see(school, line, SLACK_APP_TOKEN=school.slack.app_token)
    school.slack.app.app_scopes.clear()
    lacking = await see(school, line, SLACK_APP_TOKEN=school.slack.app_token)

    assert "App token ok opens Socket Mode" == find_row(fine, "App token")
    assert "Slack refuses (missing_scope)" in find_row(lacking, "App token")
    assert (0, 1) == (fine.status, lacking.status)


@pytest.mark.parametrize(
    ("skew", "status", "row"),
    [
        (-90, 1, "problem this machine is 90 s ahead set this machine's clock"),
        (90, 1, "problem this machine is 90 s behind set this machine's clock"),
        (20, 0, "warning this machine is 20 s behind set this machine's clock"),
    ],
)
async def test_a_clock_that_differs_from_the_room_services_is_named(
    school: School, line: CommandLine, skew: int, status: int, row: str
) -> None:
    """In which direction, and by how much."""
    school.lessonspace.clock_skew = timedelta(seconds=skew)

    ran = await see(school, line)

    assert status == ran.status
    told = find_row(ran, "Clock and Lessonspace").replace("89 s", "90 s").replace("91 s", "90 s")
    assert told.replace("19 s", "20 s").replace("21 s", "20 s").startswith(f"Clock and Lessonspace {row}")


class FastClock(SystemClock):
    """A machine whose clock is 90 s ahead."""

    def machine_now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=90)


async def test_a_clock_that_differs_from_slacks_is_named(school: School) -> None:
    """By the Date of Slack's own answer."""
    findings = await examine(school.load_settings(), clock=FastClock())

    [slack] = [one for one in findings if one.subject == "Clock and Slack"]
    assert slack.is_problem
    assert "ahead" in slack.what


def test_two_seconds_apart_is_agreement() -> None:
    """Dates in headers tell whole seconds; more is a warning, more than a minute a problem."""
    ahead = [0.0, -2.0, 2.0, 2.1, -60.0, 60.1, -61.0]

    words = [judge_clock("Clock", timedelta(seconds=seconds)).word for seconds in ahead]

    assert [*[Word.OK] * 3, *[Word.WARNING] * 2, *[Word.PROBLEM] * 2] == words


async def test_a_room_service_that_fails_is_named(school: School, line: CommandLine) -> None:
    """Not our key's fault, so not the key's mend."""
    school.lessonspace.faults.switch_on("hello", Fault.failing(503))

    ran = await see(school, line)

    assert 1 == ran.status
    assert "look at this machine's network" in find_row(ran, "Lessonspace")


async def test_each_check_is_bounded_and_none_waits_for_another(school: School) -> None:
    """A service that never answers costs its own check, after the limit, and no other."""
    school.lessonspace.latency = timedelta(minutes=1)
    school.slack.latency = timedelta(minutes=1)

    async with asyncio.timeout(5):
        findings = await examine(school.load_settings(), clock=SystemClock(), each_within=timedelta(seconds=0.3))

    silent = [one.subject for one in findings if one.what == "no answer within 0.3 s"]
    assert ["Bot token", "Lessonspace"] == silent
    assert Word.OK is next(one.word for one in findings if one.subject == "Database")


async def test_a_check_that_breaks_is_a_finding(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one check hides none of the others' findings, and tells no detail that could be a secret."""

    async def broken(ward: doctor.Ward) -> list[Finding]:
        raise RuntimeError("xoxb-secret")

    monkeypatch.setattr(doctor, "check_database", broken)

    findings = await examine(school.load_settings(), clock=SystemClock())

    [database] = [one for one in findings if one.subject == "Database"]
    assert (Word.PROBLEM, "could not be checked (RuntimeError)") == (database.word, database.what)
    assert "Bot token" in {one.subject for one in findings}


async def test_wrong_settings_stop_it(school: School, line: CommandLine) -> None:
    """One line each, status 2, as for `run`."""
    ran = await see(school, line, SLACK_BOT_TOKEN="xoxp-a-persons", HALLPASS_LISTEN="here")

    assert (2, "") == (ran.status, ran.out)
    token, listen = ran.err.splitlines()
    assert token.startswith("hallpass: SLACK_BOT_TOKEN is a user token: ")
    assert listen.startswith("hallpass: HALLPASS_LISTEN is not host:port: ")


async def test_a_mistyped_variable_is_mentioned(school: School, line: CommandLine) -> None:
    """It stops nothing."""
    ran = await see(school, line, HALLPASS_LISTN="127.0.0.1:1")

    assert 0 == ran.status
    assert find_row(ran, "Variables").startswith("Variables warning HALLPASS_LISTN is not a setting; the nearest is")


# The channel where admins are told


async def test_the_admins_channel_is_looked_at(school: School, line: CommandLine) -> None:
    """In it; not invited; archived; private without us, or not there at all. Not named: nothing is said."""
    slack = school.slack
    channels = {
        "in": slack.add_channel("office"),
        "out": slack.add_channel("street", has_bot=False),
        "old": slack.add_channel("attic", is_archived=True),
        "shared": slack.add_channel("fair", is_ext_shared=True),
    }
    ids = {name: channel.id for name, channel in channels.items()} | {"gone": "C0NOWHERE"}

    ran = {name: await see(school, line, HALLPASS_ADMIN_CHANNEL=one) for name, one in ids.items()}

    told = {name: find_row(one, "Admins' channel") for name, one in ran.items()}
    assert {"in": 0, "out": 1, "old": 1, "shared": 0, "gone": 1} == {name: one.status for name, one in ran.items()}
    assert "Admins' channel ok #office: Hallpass is in it" == told["in"]
    assert told["out"].startswith("Admins' channel problem Hallpass is not in #street type /invite @Hallpass in it")
    assert "#attic is archived" in told["old"]
    assert "C0NOWHERE is not there, or is private" in told["gone"]
    assert told["shared"].startswith("Admins' channel warning #fair is shared with another organisation")
    assert "Admins' channel" not in (await see(school, line)).out


async def test_the_admins_channel_needs_its_scopes(school: School, line: CommandLine) -> None:
    """Where Slack refuses to say, the check says what to grant."""
    channel_id = school.slack.add_channel("office").id
    school.slack.app.scopes -= {"channels:read", "groups:read"}

    told = find_row(await see(school, line, HALLPASS_ADMIN_CHANNEL=channel_id), "Admins' channel")

    assert "Slack refuses (missing_scope) grant channels:read and groups:read" in told


# Database and keys


async def test_a_database_is_described(school: School, line: CommandLine) -> None:
    """Before the first start, at rest, in use, broken, and of a newer version."""
    before = await see(school, line)
    migrate(school.database_path)
    at_rest = await see(school, line)
    async with open_store(school.database_path, is_exclusive=True):
        in_use = await see(school, line)
    with closing(sqlite3.connect(school.database_path)) as connection, connection:
        latest = "SELECT MAX(name) FROM _sqlite_migrations"
        connection.execute(f"UPDATE _sqlite_migrations SET name = '9999_later' WHERE name = ({latest})")
    newer = await see(school, line)
    school.database_path.write_text("not a database, although it is long enough to be looked at\n" * 40)
    broken = await see(school, line)

    assert [0, 0, 0, 1, 1] == [ran.status for ran in (before, at_rest, in_use, newer, broken)]
    assert find_row(before, "Database").endswith("is made at the first start")
    assert find_row(at_rest, "Database").endswith("schema up to date, not in use")
    assert "schema up to date, in use by process" in find_row(in_use, "Database")
    assert "a newer version made it (9999_later)" in find_row(newer, "Database")
    assert "not a database" in find_row(broken, "Database")


async def _store_sealed(school: School, key: str) -> None:
    async with open_store(school.database_path) as store:
        now = datetime.now(UTC)

        def work(tx: Transaction) -> None:
            workspace = tx.workspaces.ensure("T1", name="School", bot_user_id=None, now=now)
            account_id = tx.workspaces.ensure_account(workspace.id, "lessonspace", external_id=None, now=now)
            sealed = Sealer([key]).seal("a room's secret")
            tx.lessons.insert_room(make_room(workspace_id=workspace.id, account_id=account_id, secret_sealed=sealed))

        await store.write(work)


async def test_keys_are_tried_on_what_is_stored(school: School, line: CommandLine) -> None:
    """The right one among several opens it; others do not; and a key file that is gone is missed."""
    key, other = new_key(), new_key()
    await _store_sealed(school, key)
    rotated = await see(school, line, HALLPASS_ENCRYPTION_KEYS=f"{other},{key}")
    wrong = await see(school, line, HALLPASS_ENCRYPTION_KEYS=other)
    gone = await see(school, line)
    key_file = school.folder / "hallpass.db.keys"
    key_file.write_text(key)
    key_file.chmod(0o644)
    loose = await see(school, line)
    key_file.chmod(0o600)
    fine = await see(school, line)

    assert [0, 1, 1, 1, 0] == [ran.status for ran in (rotated, wrong, gone, loose, fine)]
    assert "2 in HALLPASS_ENCRYPTION_KEYS: open what is stored" in find_row(rotated, "Encryption keys")
    assert "none of the keys in HALLPASS_ENCRYPTION_KEYS opens what is stored" in find_row(wrong, "Encryption keys")
    assert "hallpass.db.keys is missing restore it" in find_row(gone, "Encryption keys")
    assert "others may read it (mode 0644)" in find_row(loose, "Encryption keys")
    assert "1 in" in find_row(fine, "Encryption keys")
    assert [] == [key for ran in (rotated, wrong, gone, loose, fine) if key in ran.out or other in ran.out]


# Addresses


async def test_a_listen_address_is_tried(school: School, line: CommandLine) -> None:
    """Free; used by something else; and answered by Hallpass itself, also under its public address."""
    used = await see(school, line, HALLPASS_LISTEN=urlsplit(school.lessonspace.origin).netloc)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    free = await see(school, line, HALLPASS_LISTEN=address)
    hallpass = await school.start()
    ours = f"127.0.0.1:{hallpass.port}"
    running = await see(school, line, HALLPASS_LISTEN=ours, HALLPASS_PUBLIC_URL=f"http://{ours}/")

    assert [1, 0, 0] == [ran.status for ran in (used, free, running)]
    assert "cannot be used, and Hallpass is not what answers" in find_row(used, "Listen address")
    assert "`hallpass run` is not running here" in find_row(free, "Listen address")
    assert f"Listen address ok {ours}: Hallpass answers" == find_row(running, "Listen address")
    assert find_row(running, "Public address").endswith("leads to Hallpass")


async def test_the_way_of_webhooks_is_tried(school: School, line: CommandLine) -> None:
    """Under the public address, without a trace; an address that is not encrypted is one for this machine only."""
    hallpass = await school.start()
    url = f"http://127.0.0.1:{hallpass.port}/"
    listens = {"HALLPASS_LISTEN": f"127.0.0.1:{hallpass.port}", "HALLPASS_PUBLIC_URL": url}
    tried = await see(school, line, **listens)
    off = await see(school, line, **listens, HALLPASS_WEBHOOKS="off")

    assert [0, 0] == [ran.status for ran in (tried, off)]
    assert f"Webhooks ok what is sent to {url}rooms/ reaches Hallpass" == find_row(tried, "Webhooks")
    assert "Webhooks ok switched off: rooms are asked instead" == find_row(off, "Webhooks")
    assert f"Public https warning {url} is for this machine only" in find_row(tried, "Public https")
    assert "Public https" not in off.out
    assert [] == await hallpass.store.read(lambda tx: tx.deliveries.list_unworked(limit=9))


async def test_a_proxy_that_keeps_webhooks_back_is_named(school: School, line: CommandLine) -> None:
    """It passes on what we ask elsewhere, and answers below /rooms/ itself."""
    hallpass = await school.start()

    async def pass_on(request: web.Request) -> web.Response:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{hallpass.port}{request.path}") as answer,
        ):
            return web.Response(body=await answer.read(), status=answer.status)

    async with serve(_build_proxy(pass_on)) as url:
        ran = await see(school, line, HALLPASS_PUBLIC_URL=url.removesuffix("slack/events"))

    assert 1 == ran.status
    assert "leads to Hallpass" in find_row(ran, "Public address")
    assert "does not reach Hallpass let the proxy pass on POST below /rooms/ too" in find_row(ran, "Webhooks")


def _build_proxy(pass_on: Any) -> web.Application:
    proxy = web.Application()
    proxy.router.add_get("/readyz", pass_on)
    return proxy


async def test_a_public_address_that_leads_elsewhere_is_named(school: School, line: CommandLine) -> None:
    """Something answers, but it is not us."""
    ran = await see(school, line, HALLPASS_PUBLIC_URL=f"{school.lessonspace.origin}/")

    assert 1 == ran.status
    assert "something else answers at" in find_row(ran, "Public address")
