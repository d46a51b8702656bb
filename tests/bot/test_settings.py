"""Settings: what is read from where, what is refused and in which words, and that no secret is repeated."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.rooms.base import Audience
from bot.setting_values import Bookers, BookersRule, Listen, Rate, Wrong, parse_duration, show_duration
from bot.settings import Settings, SettingsError, Source, load_settings
from bot.watchers import Watchers
from storage.errors import HallpassError

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OLD_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
ENOUGH = {
    "SLACK_BOT_TOKEN": "xoxb-1-2-three",
    "SLACK_APP_TOKEN": "xapp-1-A1-2-three",
    "LESSONSPACE_API_KEY": "123e4567-e89b-12d3-a456-426614174000",
}


def load(**changes: str) -> Settings:
    return load_settings(ENOUGH | changes, env_file=None)


def problems_of(environ: dict[str, str], env_file: Path | None = None) -> dict[str, str]:
    with pytest.raises(SettingsError) as failed:
        load_settings(environ, env_file=env_file)
    return {problem.variable: str(problem) for problem in failed.value.problems}


# Where values come from


def test_what_is_enough_to_run() -> None:
    """Two tokens and a key; everything else has its default."""
    settings = load()

    assert settings.is_socket_mode
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-2-three"
    assert settings.database_path == Path("hallpass.db")
    assert settings.hallpass_join_early == timedelta(minutes=10)
    assert settings.hallpass_link_lead == timedelta(hours=24)
    assert settings.hallpass_listen == Listen(host="127.0.0.1", port=8710)
    assert settings.hallpass_post_rate == Rate(per_second=5, burst=30)
    assert settings.hallpass_bookers == Bookers(rule=BookersRule.MEMBERS)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    # what is set; how it is shown
    ("text", "shown"),
    [("22:00-6:30", "22:00-06:30"), (" 12:00 - 14:15 ", "12:00-14:15"), ("off", "off"), ("OFF", "off")],
)
def test_quiet_hours_are_two_times_of_day(text: str, shown: str) -> None:
    """Over midnight or not, or none at all."""
    assert shown == str(load(HALLPASS_QUIET_HOURS=text).hallpass_quiet_hours)


@pytest.mark.parametrize("text", ["21:30", "24:00-07:00", "21:60-07:00", "07:00-07:00", "9pm-7am", "21:30-07:00-09:00"])
def test_other_quiet_hours_are_refused(text: str) -> None:
    """With how to write them; the same time twice could mean always or never."""
    assert (
        "write it like 21:30-07:00, or off"
        in problems_of(ENOUGH | {"HALLPASS_QUIET_HOURS": text})["HALLPASS_QUIET_HOURS"]
    )


def test_a_recording_policy_is_a_list_of_audiences() -> None:
    """In the provider's words, each once; others are refused with those that there are."""
    assert (Audience.TEACHER, Audience.ADMIN) == load(
        HALLPASS_RECORDING_POLICY=" Teacher, admin,teacher"
    ).hallpass_recording_policy
    assert () == load(HALLPASS_RECORDING_POLICY="").hallpass_recording_policy

    assert Watchers.PARTICIPANTS is load(HALLPASS_RECORDINGS="Participants").hallpass_recordings
    assert "HALLPASS_RECORDINGS" in problems_of(ENOUGH | {"HALLPASS_RECORDINGS": "parents"})
    problems = problems_of(ENOUGH | {"HALLPASS_RECORDING_POLICY": "teacher, parents"})
    assert "list some of participant, admin, teacher, student, public" in problems["HALLPASS_RECORDING_POLICY"]


def test_a_signing_secret_in_place_of_an_app_token_means_http() -> None:
    """Either way into Slack is enough."""
    environ = {name: text for name, text in ENOUGH.items() if name != "SLACK_APP_TOKEN"}

    assert not load_settings(environ | {"SLACK_SIGNING_SECRET": "8f742231b10e"}, env_file=None).is_socket_mode


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """And each value says where it comes from."""
    env_file = tmp_path / ".env"
    env_file.write_text('HALLPASS_REACH=10\nHALLPASS_LATE_AFTER="90s"  # quoted\n', encoding="utf-8")

    settings = load_settings(ENOUGH | {"HALLPASS_REACH": "20"}, env_file=env_file)

    lines = {line.variable: line for line in settings.describe()}
    assert (lines["HALLPASS_REACH"].shown, lines["HALLPASS_REACH"].source) == ("20", Source.ENVIRONMENT)
    assert (lines["HALLPASS_LATE_AFTER"].shown, lines["HALLPASS_LATE_AFTER"].source) == ("1m30s", Source.ENV_FILE)
    assert (lines["HALLPASS_EXTENSION"].shown, lines["HALLPASS_EXTENSION"].source) == ("10m", Source.DEFAULT)


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    """`.env.example` copied and half filled in must not be half wrong; an empty one hides nothing in the file."""
    env_file = tmp_path / ".env"
    env_file.write_text("HALLPASS_REACH=10\nHALLPASS_LISTEN=\n", encoding="utf-8")

    settings = load_settings(ENOUGH | {"HALLPASS_REACH": " "}, env_file=env_file)

    assert settings.hallpass_reach == 10
    assert settings.hallpass_listen.port == 8710


def test_names_are_read_in_any_case() -> None:
    """As the shell of some systems writes them."""
    assert load(hallpass_reach="7").hallpass_reach == 7


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the only thing that is read without being handed in."""
    for name, text in ENOUGH.items():
        monkeypatch.setenv(name, text)

    assert load_settings(env_file=None).is_socket_mode


def test_a_file_that_is_no_text_is_one_plain_problem(tmp_path: Path) -> None:
    """It is named, with the mend; none of its bytes are."""
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"SLACK_BOT_TOKEN=xoxb-\xff\xfe")

    (problem,) = problems_of(ENOUGH, env_file).values()
    assert "UTF-8" in problem


def test_building_settings_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not given is the default, whatever is exported."""
    monkeypatch.setenv("HALLPASS_REACH", "1")

    assert Settings().hallpass_reach == 200


# What is missing


def test_without_anything_each_missing_piece_is_named_with_its_mend() -> None:
    """The first line points to the demo, which needs none of it."""
    found = problems_of({})

    assert list(found) == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "LESSONSPACE_API_KEY"]
    assert "make demo" in found["SLACK_BOT_TOKEN"]
    assert "README" in found["SLACK_BOT_TOKEN"]
    assert "SLACK_SIGNING_SECRET" in found["SLACK_APP_TOKEN"]


def test_commands_that_need_no_slack_miss_nothing() -> None:
    """But a wrong value is wrong for them too."""
    assert load_settings({}, env_file=None, is_for_slack=False).slack_bot_token is None
    with pytest.raises(SettingsError):
        load_settings({"HALLPASS_REACH": "many"}, env_file=None, is_for_slack=False)


def test_missing_and_wrong_are_told_together() -> None:
    """One start, all problems, one line each."""
    with pytest.raises(HallpassError) as failed:
        load_settings({"HALLPASS_REACH": "many", "HALLPASS_LINKS": "pigeon"}, env_file=None)

    assert len(str(failed.value).splitlines()) == 5


# What is wrong


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-1-2", "a user token"),
        ("SLACK_BOT_TOKEN", "xapp-1-2", "an app-level token"),
        ("SLACK_BOT_TOKEN", "xoxe-1-2", "a refresh token"),
        ("SLACK_BOT_TOKEN", "hunter2", "no Slack token"),
        ("SLACK_BOT_TOKEN", "xoxb-1 2", "spaces"),
        ("SLACK_APP_TOKEN", "xoxb-1-2", "a bot token"),
        ("SLACK_SIGNING_SECRET", "xapp-1-2", "an app-level token"),
        ("LESSONSPACE_API_KEY", "Organisation 123e4567-e89b-12d3-a456-426614174000", "more than the key"),
        ("SLACK_API_URL", "http://slack.example.org/api/", "https"),
        ("SLACK_API_URL", "https://user:word@slack.com/", "leave out"),
        ("SLACK_API_URL", "slack.com", "whole address"),
        ("SLACK_API_URL", "https://[::1/", "whole address"),
        ("LESSONSPACE_API_URL", "https://example.org/?key=1", "leave out"),
        ("HALLPASS_PUBLIC_URL", "ftp://example.org/", "whole address"),
        ("HALLPASS_ROOM_SERVICE", "zoom", "lessonspace"),
        ("HALLPASS_LINKS", "carrier pigeon", "direct"),
        ("HALLPASS_PROXIES", "proxy.example", "no address and no network"),
        ("HALLPASS_PROXIES", "10.0.0.1/8", "10.0.0.0/8"),
        ("HALLPASS_DATABASE_URL", "postgresql://localhost/hallpass", "several replicas"),
        ("HALLPASS_DATABASE_URL", "hallpass.db", "sqlite:///"),
        ("HALLPASS_DATABASE_URL", "sqlite://hallpass.db", "sqlite:///"),
        ("HALLPASS_DATABASE_URL", "sqlite:///:memory:", "name a file"),
        ("HALLPASS_ENCRYPTION_KEYS", f"{KEY},short", "hallpass keys new"),
        ("HALLPASS_ENCRYPTION_KEYS", ",", "hallpass keys new"),
        ("HALLPASS_LISTEN", "8710", "host:port"),
        ("HALLPASS_LISTEN", "127.0.0.1:99999", "host:port"),
        ("HALLPASS_LISTEN", "http://127.0.0.1:8710", "host:port"),
        ("HALLPASS_JOIN_EARLY", "10", "without a unit"),
        ("HALLPASS_JOIN_EARLY", "ten minutes", "not a duration"),
        ("HALLPASS_JOIN_EARLY", "13h", "out of range"),
        ("HALLPASS_JOIN_EARLY", "5m1h", "out of order"),
        ("HALLPASS_LINK_LEAD", "8d", "0s to 144h"),
        ("HALLPASS_EXTENSION", "0s", "1s to 12h"),
        ("HALLPASS_LAUNCHES_AT_ONCE", "0", "1 to 1000"),
        ("HALLPASS_LAUNCHES_AT_ONCE", "²", "1 to 1000"),
        ("HALLPASS_POST_RATE", "fast", "5/s"),
        ("HALLPASS_POST_RATE", "0/s", "above 0"),
        ("HALLPASS_POST_RATE", "5/s burst 0", "above 0"),
        ("HALLPASS_BOOKERS", "teachers", "everyone"),
        ("HALLPASS_BOOKERS", "U0ADA", "user groups"),
        ("HALLPASS_BOOKERS", ",", "everyone"),
        ("HALLPASS_ADMINS", "@ada", "U… or W…"),
        ("HALLPASS_REACH", "-1", "1 to 1000000"),
        ("HALLPASS_CHANNEL_NAMES", "perhaps", "on or off"),
    ],
)
def test_a_wrong_value_is_named_with_its_mend(variable: str, text: str, says: str) -> None:
    """One line: the variable, what is wrong, what to write; never the value. `says`: part of what and mend."""
    found = problems_of(ENOUGH | {variable: text})

    assert list(found) == [variable]
    assert found[variable].startswith(f"{variable} ")
    assert says in found[variable]
    assert "\n" not in found[variable]
    if variable.endswith(("TOKEN", "SECRET", "KEY")):
        assert text not in found[variable]


@pytest.mark.parametrize(
    ("variable", "text", "shown"),
    [
        ("SLACK_API_URL", "http://127.0.0.1:8899/api", "http://127.0.0.1:8899/api/"),
        ("SLACK_API_URL", "http://[::1]:8899/api/", "http://[::1]:8899/api/"),
        ("HALLPASS_DATABASE_URL", "sqlite:////var/lib/hallpass.db", "sqlite:////var/lib/hallpass.db"),
        ("HALLPASS_LISTEN", "[::]:0", "[::]:0"),
        ("HALLPASS_LISTEN", "0.0.0.0:80", "0.0.0.0:80"),
        ("HALLPASS_JOIN_EARLY", "1H 30m", "1h30m"),
        ("HALLPASS_JOIN_EARLY", "90s", "1m30s"),
        ("HALLPASS_JOIN_EARLY", "0s", "0s"),
        ("HALLPASS_JOIN_EARLY", "1.5s", "1.5s"),
        ("HALLPASS_LINK_LEAD", "2d", "48h"),
        ("HALLPASS_LAUNCH_RATE", "unlimited", "not set"),
        ("HALLPASS_LAUNCH_RATE", "300/m", "5/s burst 5"),
        ("HALLPASS_POST_RATE", "2.5", "2.5/s burst 3"),
        ("HALLPASS_POST_RATE", "20/s burst 1", "20/s burst 1"),
        ("HALLPASS_BOOKERS", "Everyone", "everyone"),
        ("HALLPASS_BOOKERS", "S0TUTORS, S0OFFICE", "S0TUTORS, S0OFFICE"),
        ("HALLPASS_ADMINS", "U0ADA,W0BEN,S0OFFICE,U0ADA", "U0ADA, W0BEN, S0OFFICE"),
        ("HALLPASS_CHANNEL_NAMES", "YES", "on"),
        ("HALLPASS_PROXIES", "10.0.0.0/8, 192.0.2.1 ,2001:db8::/64", "10.0.0.0/8, 192.0.2.1, 2001:db8::/64"),
        ("HALLPASS_PROXIES", "None", "not set"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-2", "set"),
    ],
)
def test_a_value_is_read_as_people_write_it(variable: str, text: str, shown: str) -> None:
    """`shown`: as `doctor` prints what was understood."""
    lines = {line.variable: line for line in load(**{variable: text}).describe()}

    assert lines[variable].shown == shown


@given(st.integers(0, 12 * 3600))
def test_a_duration_that_is_shown_is_read_back(seconds: int) -> None:
    """What `doctor` prints may be pasted into `.env`."""
    duration = timedelta(seconds=seconds)

    assert parse_duration(show_duration(duration), lowest=timedelta(0), highest=timedelta(days=1)) == duration


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_a_duration(text: str) -> None:
    """Understood or refused with a mend, nothing else."""
    with suppress(Wrong):
        parse_duration(text, lowest=timedelta(0), highest=timedelta(days=1))


def test_a_stranger_among_our_variables_is_named_with_the_nearest(tmp_path: Path) -> None:
    """A typing mistake stops nothing, but is told; other programs' variables are nobody's business."""
    env_file = tmp_path / ".env"
    env_file.write_text("HALLPASS_REECH=5\n", encoding="utf-8")

    settings = load_settings(
        ENOUGH | {"HALLPASS_LATEAFTER": "5m", "SLACK_WEBHOOK": "x", "PATH": "/bin"}, env_file=env_file
    )

    assert settings.warnings == (
        "HALLPASS_LATEAFTER is not a setting; the nearest is HALLPASS_LATE_AFTER",
        "HALLPASS_REECH is not a setting; the nearest is HALLPASS_REACH",
    )


# Secrets


def test_secrets_are_never_shown() -> None:
    """Not by repr, not by describe, not by an error; only by who asks for them by name."""
    secrets = ENOUGH | {
        "SLACK_SIGNING_SECRET": "8f742231b10e",
        "SLACK_CLIENT_SECRET": "d0c4fd0c4f",
        "HALLPASS_ENCRYPTION_KEYS": f"{KEY}, {OLD_KEY}",
    }
    settings = load_settings(secrets, env_file=None)

    shown = f"{settings!r}{settings}{settings.describe()}"
    for secret in settings.list_secrets():
        assert secret not in shown
    assert set(settings.list_secrets()) == {*ENOUGH.values(), "8f742231b10e", "d0c4fd0c4f", KEY, OLD_KEY}


def test_a_refused_secret_is_not_repeated_by_the_library_either() -> None:
    """Pydantic's own error shows what it was given, unless it is told not to."""
    with pytest.raises(ValidationError) as failed:
        Settings.model_validate({"slack_bot_token": "xoxp-hidden", "hallpass_reach": "many"})

    assert "xoxp-hidden" not in f"{failed.value}{failed.value!r}"


def test_keys_keep_their_order() -> None:
    """Newest first: the first one seals."""
    keys = load(HALLPASS_ENCRYPTION_KEYS=f" {KEY} ,{OLD_KEY},").hallpass_encryption_keys

    assert [key.get_secret_value() for key in keys] == [KEY, OLD_KEY]


# The documents


def test_every_setting_says_what_it_means() -> None:
    """A line of its own for `doctor` and the README."""
    for line in Settings().describe():
        assert line.meaning, line.variable
        assert "\n" not in line.meaning


def test_the_example_file_has_every_setting_with_its_default() -> None:
    """Commented, so that a copy of it changes nothing."""
    text = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")

    told = [line for line in text.splitlines() if line.startswith("#") and not line.startswith(("# ", "## "))]
    expected = [
        f"#{line.variable}={'' if line.default == 'not set' else line.default}" for line in Settings().describe()
    ]
    assert sorted(told) == sorted(expected)
    assert all(not line.strip() or line.startswith("#") for line in text.splitlines())


def test_a_key_of_an_unusual_shape_is_used_and_remarked_upon() -> None:
    """That keys are UUIDs is third-party knowledge: it must not lock anybody out."""
    settings = load(LESSONSPACE_API_KEY="key-of-tomorrow")

    assert settings.lessonspace_api_key is not None
    assert any("LESSONSPACE_API_KEY" in warning and "UUID" in warning for warning in settings.warnings)


def test_launch_options_are_checked_at_the_start() -> None:
    """One line for each problem, naming the path and never a value."""
    text = '{"locale": "s3cret", "learner": {"features": {"chats": true}}, "record_av": true}'

    with pytest.raises(SettingsError) as failed:
        load(LESSONSPACE_LAUNCH=text)
    problems = str(failed.value).splitlines()

    assert 3 == len(problems)
    for path in ("locale must be 'en'", "learner.features knows no chats", "record_av is ticked for each lesson"):
        assert any(line.startswith(f"LESSONSPACE_LAUNCH {path}") for line in problems), path
    assert "s3cret" not in str(problems)


def test_launch_options_that_are_no_json_are_refused_with_an_example() -> None:
    """It is said where they go wrong."""
    problem = problems_of(ENOUGH | {"LESSONSPACE_LAUNCH": '{"token": s3cret}'})["LESSONSPACE_LAUNCH"]

    assert problem.startswith("LESSONSPACE_LAUNCH is not JSON from line 1, column 11 on: write it like")


def test_launch_options_are_shown_by_name_and_their_secrets_kept_out_of_logs() -> None:
    """`doctor` says which are set, and no value."""
    auth = '{"method": "child", "url": "https://a.example", "token": "s3cret-of-ours"}'
    settings = load(LESSONSPACE_LAUNCH=f'{{"auth_external": {auth}, "leader": {{"locale": "fr"}}}}')

    [line] = [line for line in settings.describe() if line.variable == "LESSONSPACE_LAUNCH"]

    assert "auth_external, leader.locale" == line.shown
    assert "s3cret-of-ours" in settings.list_secrets()
    assert "s3cret-of-ours" not in repr(settings)
