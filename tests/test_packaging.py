"""The wheel alone, and setting up from nothing: what a developer's own checkout never shows to be broken."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True, timeout=50, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, so no wheel can be built: run `make test`")
    folder = tmp_path_factory.mktemp("wheel")
    built = run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT, PATH=os.environ["PATH"]
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installer would put into site-packages, where no checkout is near."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_installed(unpacked: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the wheel's packages first and only the libraries behind it; the checkout is nowhere."""
    libraries = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    where = f"import sys; sys.path[:0] = {[str(unpacked)]!r}; sys.path += {libraries!r}; "
    return run(sys.executable, "-I", "-S", "-c", where + arguments[0], *arguments[1:], cwd=tmp_path)


@pytest.mark.slow
def test_the_wheel_starts_alone(unpacked: Path, tmp_path: Path) -> None:
    """Every module it needs is in it, and the console command answers."""
    ran = run_installed(
        unpacked,
        tmp_path,
        "sys.argv = ['hallpass', '--help']; import bot.cli; "
        f"assert bot.cli.__file__.startswith({str(unpacked)!r}); bot.cli.main()",
    )

    assert ran.returncode == 0, ran.stderr
    assert "run" in ran.stdout


@pytest.mark.slow
def test_the_wheel_ships_what_is_read_at_run_time(unpacked: Path, tmp_path: Path) -> None:
    """The manifest, and every file of ours that is no Python, like the statements in SQL."""
    ran = run_installed(unpacked, tmp_path, "from bot.manifest import read_manifest; print(read_manifest())")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == (ROOT / "manifest.yml").read_text(encoding="utf-8").strip()
    for package in ("bot", "commands", "storage"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert (unpacked / path.relative_to(ROOT)).is_file(), path


@pytest.mark.slow
def test_the_wheel_names_its_command_and_nothing_else(wheel: Path) -> None:
    """Three packages and the metadata; no tests, no local files."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]
        text = archive.read(entry_points).decode()

    assert "hallpass = bot.cli:main" in text
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"bot", "commands", "storage"}
    assert not [name for name in names if name.endswith((".db", ".keys", ".env", ".pyc"))]


# Setting up from nothing


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The few files that setting up reads."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "requirements.lock",
        ".ci/setup",
        ".ci/venv.py",
        ".ci/requirements.lock",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def set_up(checkout: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Without anybody's pip settings, and with a package index that is not there."""
    alone = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    path = os.pathsep.join(["/usr/bin", "/bin"])
    return run("make", "demo", cwd=checkout, **({"HOME": str(checkout), "PATH": path} | alone | environ))


def only_line(ran: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong; make's own and the progress do not count."""
    lines = [line for line in ran.stderr.splitlines() if not line.startswith(("make", "Making .venv", "Setting up"))]
    assert ran.returncode != 0
    assert len(lines) == 1, ran.stderr
    return lines[0]


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
def test_make_alone_lists_the_targets(checkout: Path) -> None:
    """Each with what it does, and nothing is set up for it."""
    ran = run("make", cwd=checkout, PATH=os.environ["PATH"])

    for target in ("demo", "test", "check", "bench", "format", "lock", "clean"):
        assert f"make {target} " in ran.stdout
    assert not (checkout / ".venv").exists()


@needs_make
def test_a_python_too_old_is_one_line_with_the_mend(checkout: Path) -> None:
    """Also where it is a placeholder that does not even run."""
    old = checkout / "python3-old"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)

    line = only_line(set_up(checkout, PYTHON=str(old)))

    assert "3.11" in line
    assert "PYTHON=" in line


@needs_make
def test_a_missing_venv_module_is_one_line_with_the_mend(checkout: Path) -> None:
    """As Debian and Ubuntu leave it out of their Python; no half-made .venv stays."""
    (checkout / "without" / "venv").mkdir(parents=True)
    (checkout / "without" / "venv" / "__main__.py").write_text(
        "import os, sys; os.mkdir(sys.argv[-1]); sys.exit('ensurepip is not available')", encoding="utf-8"
    )
    (checkout / "without" / "venv" / "__init__.py").touch()

    line = only_line(set_up(checkout, PYTHON=sys.executable, PYTHONPATH=str(checkout / "without")))

    assert "-venv" in line
    assert not (checkout / ".venv").exists()


@needs_make
@pytest.mark.slow
def test_no_network_is_one_line_with_the_mend(checkout: Path) -> None:
    """And the next make tries again: the stamp is not there."""
    line = only_line(set_up(checkout, PYTHON=sys.executable))

    assert "network" in line
    assert not (checkout / ".venv" / ".for-use").exists()


@pytest.mark.parametrize("lock", ["requirements.lock", ".ci/requirements.lock"])
def test_the_locks_name_no_host_and_no_path(lock: str) -> None:
    """Names, versions and hashes, from wherever pip is told to take them."""
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        assert line.startswith("    --hash=sha256:") or "==" in line, line
        assert "://" not in line


def test_what_runs_is_locked_alike_for_both() -> None:
    """Tests prove the very versions that people run."""
    pinned = [
        {line.split(" ")[0] for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if "==" in line}
        for lock in ("requirements.lock", ".ci/requirements.lock")
    ]

    assert pinned[0] < pinned[1]
