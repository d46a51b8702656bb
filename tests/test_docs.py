"""What the README says is so: settings, commands, scopes, tables, modules, libraries, links, and the story it tells."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.routing import Route

from bot.cli import build_parser
from bot.manifest import list_scopes, load_manifest
from bot.settings import Settings
from bot.web import Readiness, build_web
from commands.parsing import _SOLE_WORDS, OpenForm, Unknown, parse_lesson_command, parse_lessons_command
from tests.documents import (
    ROOT,
    find_section,
    list_code,
    list_fenced,
    list_rows,
    read_readme,
    strip_code,
)

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
    for day, time, length in [(day, times[0], lengths[0]) for day in days] + [
        (days[1], time, length) for time in times for length in lengths
    ]:
        request = read_lesson(f"@Ben {day} {time} {length}")
        assert isinstance(request, OpenForm)
        assert (request.not_understood, request.draft.title, request.has_length) == ((), "", True), (day, time, length)
    request = read_lesson(f"@Ben {odd[0]} {times[0]}")
    assert isinstance(request, OpenForm)
    assert odd[0] in request.not_understood


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

    assert sorted(routes) == sorted(strip_code(row[0]) for row in list_rows(section, "Address"))
    assert sorted(measured) == sorted(strip_code(row[0]) for row in list_rows(section, "Metric"))


def test_every_log_line_that_is_named_is_written_somewhere() -> None:
    """Somebody searches for these at night."""
    (line,) = [line for line in find_section("## Running it").splitlines() if line.startswith("Look for `")]
    source = "".join(path.read_text(encoding="utf-8") for folder in PACKAGES for path in (ROOT / folder).rglob("*.py"))

    events = list_code(line)
    assert events
    for event in events:
        assert f'"{event}"' in source, event


# How it is built

PACKAGES = ("bot", "commands", "storage")


def list_modules() -> set[str]:
    found = {path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    return {path.as_posix() for path in found if path.name != "__init__.py"}


def test_every_module_is_named_once_with_its_reason() -> None:
    """And none that is gone."""
    rows = list_rows(find_section("## How it is built"), "Module")

    told = [strip_code(row[0]) for row in rows]
    assert sorted(list_modules()) == sorted(told)
    assert [row[0] for row in rows if not row[1]] == []


def test_modules_are_listed_from_the_highest_floor_down() -> None:
    """In the order of import-linter's layers."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    floor_of = {name: floor for floor, layer in enumerate(layers) for name in re.findall(r"[\w.]+", layer)}
    told = [
        strip_code(row[0]).removesuffix(".py").split("/")
        for row in list_rows(find_section("## How it is built"), "Module")
    ]

    floors = [floor_of[parts[0] if parts[0] != "bot" else ".".join(parts[:2])] for parts in told]
    assert sorted(floors) == floors


def test_every_library_has_its_reason() -> None:
    """What is installed to run, to develop and to build, each once."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    rows = list_rows(find_section("### Why each library"), "Library")

    assert sorted(re.split(r"[^\w-]", name)[0] for name in wanted) == sorted(row[0] for row in rows)
    assert all(row[1] for row in rows)


def test_every_make_target_has_its_row() -> None:
    """Those that `make` itself lists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.M)) - {"help"}

    assert {f"make {name}" for name in targets} == {
        strip_code(row[0]) for row in list_rows(find_section("## Developing"), "Target")
    }


# The page itself


def test_links_lead_somewhere() -> None:
    """To a file that is there, or a heading of this page. Other people's sites are https, and not asked."""
    headings = re.findall(r"^#+ (.+)$", read_readme(), re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(([^)\s]+)\)", read_readme())

    assert links
    for link in links:
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif "://" in link:
            assert link.startswith("https://"), link
        else:
            assert (ROOT / link).is_file(), link


def test_one_sentence_a_line() -> None:
    """So that a change of one sentence is a change of one line."""
    prose = re.sub(r"```.*?```", "", read_readme(), flags=re.S)

    double = [
        line
        for line in prose.splitlines()
        if not line.startswith("|") and re.search(r"[a-z)*`][.!?] +[A-Z*`]", re.sub(r"\*\*.+?\*\*", "", line))
    ]
    assert double == []


@pytest.mark.slow
def test_the_story_is_the_demos(tmp_path: Path) -> None:
    """Every line that is shown comes in the demo's own output, in this order."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "80", "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=55,
        check=False,
    )
    (story,) = list_fenced("text", find_section("## A lesson"))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    played = iter([" ".join(line.split()) for line in ran.stdout.splitlines()])
    for line in (" ".join(line.split()) for line in story.splitlines()):
        assert line == "…" or line in played, line


HOSTS = ("pypi", "pythonhosted", "npmjs", "artifactory", "devpi", "crates.io", "proxy.golang")
FOLDERS = ("home", "root", "Users", "work", "private/tmp")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed, so nobody knows which files are kept")
def test_no_kept_file_names_a_machine_or_a_registry() -> None:
    """A path of somebody's machine helps nobody else, and packages come from wherever pip is told."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so nobody knows which files are kept")
    hosts = re.compile("|".join(re.escape(host) + r"\b[./]" for host in HOSTS), re.I)
    folders = re.compile(rf"(?<![\w.}})\]])/(?:{'|'.join(FOLDERS)})/[\w.-]")

    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path == Path(__file__):
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            assert not hosts.search(line), f"{name}: {line[:100]}"
            assert not folders.search(line), f"{name}: {line[:100]}"
