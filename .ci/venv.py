"""Fills .venv from a lock file and installs the checkout into it. Usage: venv.py LOCK STAMP

Needs nothing but Python and its own pip. Says how far it is, and each failure in one line with its mend; what pip said
is kept beside it, in .venv-setup.log. The stamp is written last, so that a set-up that was cut short is done again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

VENV = Path(".venv")
LOG = Path(".venv-setup.log")
NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|Temporary failure in name resolution|ProxyError|Max retries"
    r"|No matching distribution|Network is unreachable|SSLError|ConnectionResetError",
)


def main(lock: Path, stamp: Path) -> None:
    make_venv()
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    count = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line)
    started = time.monotonic()
    LOG.write_text("", encoding="utf-8")
    # Only wheels: compiling on the way would need what a fresh machine does not have.
    install([*pip, "install", "--require-hashes", "--only-binary", ":all:", "--retries", "2", "-r", str(lock)], count)
    install([*pip, "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."], 0)
    stamp.write_text("", encoding="utf-8")
    LOG.unlink()
    say(f"Set up .venv in {time.monotonic() - started:.0f} s.\n")


def make_venv() -> None:
    """A new .venv, unless there is one whose Python runs and is new enough."""
    python = VENV / "bin" / "python"
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    if python.exists() and subprocess.run([str(python), "-c", check], capture_output=True).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    version = ".".join(str(part) for part in sys.version_info[:3])
    say(f"Making .venv with Python {version}\n")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    said = made.stdout + made.stderr
    if "No module named" in said or "ensurepip" in said:
        minor = ".".join(str(part) for part in sys.version_info[:2])
        give_up(
            f"Python {version} cannot make a venv: install its venv module (Debian, Ubuntu: apt install "
            f"python{minor}-venv), or name another Python with PYTHON=/path/to/python3."
        )
    give_up(f"Making .venv failed: {last_line(said)}. Mend that, or name another Python with PYTHON=/path/to/python3.")


def install(command: list[str], count: int) -> None:
    """Run pip, showing one moving line on a terminal, and one line in ten packages elsewhere."""
    with LOG.open("a", encoding="utf-8") as log:
        # A user's own pip settings stay (a mirror, a proxy); what would send packages elsewhere does not.
        environ = {name: value for name, value in os.environ.items() if name not in {"PIP_USER", "PIP_TARGET"}}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environ
        )
        seen = 0
        for line in process.stdout or ():
            log.write(line)
            collecting = re.match(r"Collecting ([^=<>!~ ]+)", line)
            if collecting:
                seen += 1
                show_progress(seen, count, collecting[1])
            elif count and line.startswith("Installing collected packages"):
                show_progress(seen, count, "installing")
    if process.wait() != 0:
        clear_progress()
        said = LOG.read_text(encoding="utf-8")
        if NETWORK.search(said):
            give_up(
                "The packages could not be fetched: connect to a network, or point pip to a mirror (PIP_INDEX_URL), "
                f"and run make again. What pip said is in {LOG}."
            )
        give_up(f"Installing failed: {last_line(said)} (what pip said is in {LOG}; `make clean` starts afresh).")
    clear_progress()


def show_progress(seen: int, count: int, what: str) -> None:
    if sys.stderr.isatty():
        say(f"\r\033[KSetting up .venv: {seen} of {count} packages, {what}")
    elif seen % 10 == 0 and what != "installing":
        say(f"Setting up .venv: {seen} of {count} packages\n")
    elif what == "installing":
        say("Setting up .venv: installing\n")


def clear_progress() -> None:
    if sys.stderr.isatty():
        say("\r\033[K")


def last_line(text: str) -> str:
    """The last thing worth reading: pip's last error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1].rstrip(".")


def say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def give_up(line: str) -> None:
    say(line + "\n")
    raise SystemExit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
