"""What the README says of using and running Hallpass is so: settings, commands, times, scopes, tables, metrics."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from bot import drafts, join_web, windows
from bot.assembly import build_options
from bot.cli import build_parser
from bot.manifest import list_scopes, load_manifest
from bot.settings import Settings
from bot.sign_in_web import SIGNED_IN_PATH
from bot.web import Readiness, build_web
from commands.parsing import _SOLE_WORDS, OpenForm, Unknown, parse_lesson_command, parse_lessons_command
from tests.documents import (
    PACKAGES,
    ROOT,
    find_section,
    list_code,
    list_rows,
    strip_code,
)
from tests.records import make_lesson

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# Settings


def test_the_settings_table_is_the_settings() -> None:
    """Every setting with its default and its meaning, in `doctor`'s order, and nothing else."""
    told = list_rows(find_section("## Settings"), "Setting")

    expected = [
        [f"`{line.variable}`", line.default if line.default == "not set" else f"`{line.default}`", line.meaning]
        for line in Settings().describe()
    ]
    assert expected == told


def test_the_example_file_says_the_same_in_the_same_order() -> None:
    """Its comments are the meanings, so that nobody has to keep two texts alike by eye."""
    comments: list[str] = []
    told: list[tuple[str, str]] = []
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            comments.append(line[2:])
        elif line.startswith("#") and "=" in line:
            told.append((line[1:].partition("=")[0], " ".join(comments)))
            comments = []
        else:
            comments = []

    meanings = [(line.variable, line.meaning[0].upper() + line.meaning[1:]) for line in Settings().describe()]
    assert [(name, text.replace("`", "") + ".") for name, text in meanings] == told


# Commands


def list_commands(parser: argparse.ArgumentParser, name: str = "hallpass") -> Iterator[tuple[str, set[str]]]:
    """Each command that does something, with its options, as the parser has them."""
    options: set[str] = set()
    children: dict[str, Any] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            children.update(action.choices)
        else:
            options |= {option for option in action.option_strings if option.startswith("--")} - {"--help"}
    if not children or options:
        yield name, options
    for word, child in children.items():
        yield from list_commands(child, f"{name} {word}")


def test_every_command_has_its_row_with_its_options() -> None:
    """And no row is about something that cannot be typed."""
    rows = list_rows(find_section("### In the terminal"), "Command")
    told = {strip_code(command): set(re.findall(r"--[a-z-]+", options)) - {"--help"} for command, _, options in rows}

    assert dict(list_commands(build_parser())) == told


def test_every_slash_command_has_its_rows() -> None:
    """Each command of the manifest, and each word that `/lesson` knows."""
    typed = [strip_code(row[0]) for row in list_rows(find_section("### In Slack"), "Typed")]
    all_told = [code for code in list_code(find_section("### In Slack")) if code.startswith("/")]

    assert {command["command"] for command in load_manifest()["features"]["slash_commands"]} == {
        text.split()[0] for text in typed
    }
    assert {f"/lesson {word}" for word in _SOLE_WORDS} <= set(all_told)


def test_every_slash_command_that_is_shown_is_understood() -> None:
    """Typed as it stands there, it is what its row is about."""
    for typed in [code for code in list_code(find_section("### In Slack")) if code.startswith("/")]:
        command, _, text = typed.partition(" ")
        if command == "/lessons":
            assert not isinstance(parse_lessons_command(text), Unknown), typed
            continue
        request = read_lesson(text)
        assert not isinstance(request, Unknown), typed
        if isinstance(request, OpenForm):
            assert request.not_understood == (), typed


def read_lesson(text: str) -> Any:
    """The request, with names completed as Slack does it."""
    escaped = re.sub(r"@(\w+)", r"<@U1|\1>", text)
    return parse_lesson_command(escaped, now=NOW, zone="Europe/Berlin", caller_id="U0")


def test_days_times_and_lengths_are_understood_as_told() -> None:
    """Each of the examples alone with the others' first; and what may mean two things is shown, not guessed."""
    section = find_section("### In Slack")
    (line,) = [line for line in section.splitlines() if line.startswith("Days are understood")]
    days, times, lengths = (list_code(part) for part in re.split(r", times as |, lengths as ", line))
    odd = [list_code(line)[0] for line in section.splitlines() if line.startswith("What could mean two things")]

    assert len(days) > 3
    assert len(times) > 1
    assert len(lengths) > 1
    typed = [f"{day} {times[0]} {lengths[0]}" for day in days]
    typed += [f"{days[1]} {clock} {length}" for clock in times for length in lengths]
    for words in typed:
        request = read_lesson(f"@Ben {words}")
        assert isinstance(request, OpenForm)
        assert (request.not_understood, request.draft.title, request.has_length) == ((), "", True), words
    request = read_lesson(f"@Ben {odd[0]} {times[0]}")
    assert isinstance(request, OpenForm)
    assert odd[0] in request.not_understood


def test_the_forms_limits_are_those_that_are_checked() -> None:
    """The longest lesson in minutes, people, characters of title and note."""
    (told,) = [line for line in find_section("### In Slack").splitlines() if line.startswith("A lesson takes 1 to")]

    longest = drafts.LONGEST_LESSON // timedelta(minutes=1)
    assert [1, longest, drafts.MAX_PEOPLE, drafts.MAX_TITLE, drafts.MAX_NOTE] == [
        int(number) for number in re.findall(r"\d+", told)
    ]


def test_the_shortcuts_are_named() -> None:
    """As people find them in Slack."""
    for shortcut in load_manifest()["features"]["shortcuts"]:
        assert f"*{shortcut['name']}*" in find_section("### In Slack")


def test_every_scope_is_explained() -> None:
    """Each that is asked for, and none that is not."""
    told = {strip_code(row[0]): row[1] for row in list_rows(find_section("### What Slack is asked to allow"), "Scope")}

    assert list_scopes() == set(told)
    assert all(told.values())


# What is kept, and what is watched


def test_every_table_of_the_database_is_told_of() -> None:
    """A table that the section on pupils' data leaves out is a promise broken."""
    steps = sorted((ROOT / "storage/migrations").glob("*.sql"))
    schema = "".join(step.read_text(encoding="utf-8") for step in steps)
    told = [strip_code(row[0]) for row in list_rows(find_section("### What is stored"), "Table")]

    assert sorted(re.findall(r"CREATE TABLE (\w+)", schema)) == sorted(told)


async def test_every_address_and_every_metric_has_its_row() -> None:
    """As the web server has them."""

    async def check() -> Readiness:
        counts = {name: 0 for name in Readiness.__dataclass_fields__ if name.endswith("_count")}
        return Readiness(store=True, slack=True, oldest_unsent_seconds=0.0, patience_seconds=300.0, **counts)

    section = find_section("## Running it")
    routes = {
        route.path: route
        for route in build_web(find_slack_handler=lambda: None, check=check).routes
        if isinstance(route, Route)
    }
    answer = await routes["/metrics"].endpoint(Request({"type": "http"}))
    measured = re.findall(r"^(hallpass_\w+) ", bytes(answer.body).decode(), re.M)

    with_public_url = [*routes, join_web.PATH, join_web.ROOM_PATH, join_web.HERE_PATH, SIGNED_IN_PATH]
    assert sorted(with_public_url) == sorted(strip_code(row[0]) for row in list_rows(section, "Address"))
    assert sorted(measured) == sorted(strip_code(row[0]) for row in list_rows(section, "Metric"))


def test_the_example_of_times_is_what_the_defaults_make() -> None:
    """Of the lesson that it is about: opening, nudges, asking, end, closing; reminders come with the opening."""
    section = find_section("### The times")
    (told,) = re.findall(r"from (\d\d:\d\d) to (\d\d:\d\d):", section)
    starts_at, ends_at = (datetime.combine(NOW.date(), time.fromisoformat(text), UTC) for text in told)
    lesson = make_lesson(starts_at=starts_at, ends_at=ends_at, options=build_options(Settings()))
    window = windows.default_window(starts_at, ends_at, lesson.options)

    nudges_at = starts_at + Settings().hallpass_late_after
    expected = [window.opens_at, nudges_at, windows.warns_at(lesson), ends_at, window.closes_at]
    assert windows.reminds_at(lesson) == window.opens_at
    assert [f"{moment:%H:%M}" for moment in expected if moment] == [
        cells[0] for cells in list_rows(section, "When") if ":" in cells[0]
    ]


def test_every_log_line_that_is_named_is_written_somewhere() -> None:
    """Somebody searches for these at night."""
    (line,) = [line for line in find_section("## Running it").splitlines() if line.startswith("Look for `")]
    source = "".join(path.read_text(encoding="utf-8") for folder in PACKAGES for path in (ROOT / folder).rglob("*.py"))

    events = list_code(line)
    assert events
    for event in events:
        assert f'"{event}"' in source, event
