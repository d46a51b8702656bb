"""The README as a page, and what it says of how Hallpass is built: modules, libraries, links, the story it tells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.documents import PACKAGES, ROOT, find_section, list_fenced, list_rows, read_readme, strip_code

# How it is built


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
