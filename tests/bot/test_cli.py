"""The command line: what is typed is done or refused in one line, and the exit status says which."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
import yaml

from bot import cli
from bot.manifest import load_manifest, read_manifest
from bot.sandbox import story
from tests.bot.commandline import CommandLine

COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "s1gn1ng",
    "LESSONSPACE_API_KEY": "00000000-0000-4000-8000-000000000000",
}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "hallpass: the following arguments are required: command"),
        ("fly", "hallpass: argument command: invalid choice: 'fly'"),
        ("run --fast", "hallpass: unrecognized arguments: --fast"),
        ("manifest --public-url example.org", "hallpass manifest: argument --public-url: is not an address"),
        ("manifest --public-url http://example.org", "hallpass manifest: argument --public-url: is not encrypted"),
        ("lessons", "hallpass lessons: the following arguments are required: command"),
        ("lessons list --from yesterday", "hallpass lessons list: argument --from: yesterday is not a day"),
        ("lessons list --json --csv", "hallpass lessons list: argument --csv: not allowed with argument --json"),
        ("lessons show", "hallpass lessons show: the following arguments are required: id"),
        ("keys throw", "hallpass keys: argument command: invalid choice: 'throw'"),
        ("demo --pace slow", "hallpass demo: argument --pace: slow is not a pace"),
    ],
)
def test_wrong_arguments_are_refused_in_a_line(line: CommandLine, typed: str, said: str) -> None:
    """What was wrong, and where more is said; status 2, nothing on stdout."""
    ran = line.run(*typed.split())

    assert (2, "") == (ran.status, ran.out)
    [told] = ran.err.splitlines()
    assert told.startswith(said)
    assert told.endswith("--help` says more)")


def test_help_names_every_command_with_examples(line: CommandLine) -> None:
    """On stdout, status 0."""
    ran = line.run("--help")

    assert (0, "") == (ran.status, ran.err)
    for command in ("run", "demo", "play", "doctor", "manifest", "lessons", "room", "migrate", "keys"):
        assert f"\n    {command}  " in ran.out
    assert "hallpass lessons export --from 2026-11-01" in ran.out


@pytest.mark.parametrize(
    "typed",
    ["run", "demo", "play", "doctor", "lessons list", "lessons show", "lessons export", "room sessions", "keys new"],
)
def test_every_command_has_help(line: CommandLine, typed: str) -> None:
    """It says in a sentence what the command does, beside its arguments."""
    ran = line.run(*typed.split(), "--help")

    assert 0 == ran.status
    assert f"usage: hallpass {typed}" in ran.out
    assert ". " in ran.out or ".\n" in ran.out


def test_the_version_is_the_distributions(line: CommandLine) -> None:
    assert f"hallpass {version('hallpass-bot')}\n" == line.run("--version").out


def test_run_without_settings_names_each_one_and_the_demo(line: CommandLine) -> None:
    """One line for each, with the variable and the mend, and a way to see Hallpass without any."""
    ran = line.run("run")

    assert (2, "") == (ran.status, ran.out)
    token, way_in, key = ran.err.splitlines()
    assert token.startswith("hallpass: SLACK_BOT_TOKEN is missing: ")
    assert "`make demo`" in token
    assert way_in.startswith("hallpass: SLACK_APP_TOKEN is missing: ")
    assert key.startswith("hallpass: LESSONSPACE_API_KEY is missing: ")
    assert [] == list(line.folder.iterdir())


def test_settings_are_read_from_a_file_in_this_folder_too(line: CommandLine) -> None:
    """What stands in .env is not missing."""
    line.folder.joinpath(".env").write_text("SLACK_BOT_TOKEN=xoxb-1\nLESSONSPACE_API_KEY=two words\n")

    ran = line.run("run")

    assert ["SLACK_APP_TOKEN", "LESSONSPACE_API_KEY"] == sorted(
        (told.split()[1] for told in ran.err.splitlines()), reverse=True
    )
    assert "LESSONSPACE_API_KEY holds more than the key" in ran.err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"HALLPASS_LINKS": "page"}, "HALLPASS_LINKS=page needs an address"),
        ({"HALLPASS_DATABASE_URL": "sqlite:///no/such/folder.db"}, "no/such/folder.db"),
        ({"HALLPASS_ENCRYPTION_KEYS": "secret-but-no-key"}, "HALLPASS_ENCRYPTION_KEYS holds something that is no"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_cannot_be_used_stops_the_start_with_a_line(line: CommandLine, changes: dict[str, str], said: str) -> None:
    """Settings, database and keys alike: status 2, no trace, no secret."""
    ran = line.run("run", environment=COMPLETE | changes)

    assert 2 == ran.status
    [told] = [told for told in ran.err.splitlines() if not told.startswith("{")]
    assert said in told
    assert "Traceback" not in ran.err
    assert "secret-but-no-key" not in ran.err


def test_a_mistyped_variable_is_logged_at_the_start(line: CommandLine) -> None:
    """It stops nothing; here the missing folder does."""
    odd = {"HALLPASS_LISTN": "127.0.0.1:1", "HALLPASS_DATABASE_URL": "sqlite:///no/such/folder.db"}

    ran = line.run("run", environment=COMPLETE | odd)

    warning = json.loads(ran.err.splitlines()[0])
    assert ("setting_unknown", "warning") == (warning["event"], warning["level"])
    assert warning["what"].startswith("HALLPASS_LISTN is not a setting")


def test_the_collector_leaves_what_was_loaded_alone() -> None:
    """What stays is frozen, and what is new is looked through in large portions, though not never."""
    usual = gc.get_threshold()
    try:
        cli.quieten_collector()

        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert usual[0] < gc.get_threshold()[0] <= 50_000
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_a_key_file_that_others_may_read_stops_the_start(line: CommandLine) -> None:
    """It says whose mend it is."""
    key_file = line.folder / "hallpass.db.keys"
    key_file.write_text(line.run("keys", "new").out)
    key_file.chmod(0o640)

    ran = line.run("run", environment=COMPLETE)

    assert 2 == ran.status
    assert "hallpass: hallpass.db.keys: others may read it (mode 0640): run chmod 600" in ran.err.splitlines()


def test_the_manifest_is_printed_as_it_lies_in_the_package(line: CommandLine) -> None:
    """With its comments, for Socket Mode; no setting is needed."""
    ran = line.run("manifest")

    assert (0, read_manifest()) == (ran.status, ran.out)


def test_the_manifest_for_signing_in_says_where_people_come_back_to(line: CommandLine) -> None:
    """With either way to Slack."""
    sign_in = ("--sign-in", "https://school.example.org/")
    by_socket = yaml.safe_load(line.run("manifest", *sign_in).out)
    by_http = yaml.safe_load(line.run("manifest", "--public-url", "https://school.example.org/", *sign_in).out)

    assert (True, False) == tuple(one["settings"]["socket_mode_enabled"] for one in (by_socket, by_http))
    for told in (by_socket, by_http):
        assert ["https://school.example.org/join/signed-in"] == told["oauth_config"]["redirect_urls"]


def test_the_manifest_for_http_has_the_address_everywhere(line: CommandLine) -> None:
    """The same app otherwise."""
    told = yaml.safe_load(line.run("manifest", "--public-url", "https://school.example.org/bot").out)

    address = "https://school.example.org/bot/slack/events"
    assert address == told["settings"]["interactivity"]["request_url"]
    assert {address} == {command["url"] for command in told["features"]["slash_commands"]}
    assert told["settings"]["socket_mode_enabled"] is False
    assert load_manifest()["oauth_config"] == told["oauth_config"]


def test_the_demos_verdict_is_the_exit_status(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is played where and at the pace that was asked for."""
    played = []

    async def play(console: object, *, service: str, pace: float) -> int:
        played.append((service, pace))
        return 1

    monkeypatch.setattr(story, "play", play)

    assert [1, 1] == [line.run("demo").status, line.run("demo", "--pace", "0", "--service", "loop").status]
    assert [("lessonspace", 1.0), ("loop", 0.0)] == played


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`hallpass manifest | head -1` ends quietly, also where nobody reads at all."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

    ended = subprocess.run(
        [sys.executable, "-m", "bot", "manifest"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment,
        timeout=30,
        check=False,
    )
    os.close(writing)

    assert (0, b"") == (ended.returncode, ended.stderr)


def test_a_bug_is_a_bug(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody raised on purpose is not dressed up as somebody's mistake."""
    monkeypatch.setattr(cli, "read_manifest", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        line.run("manifest")
